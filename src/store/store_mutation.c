/* store_mutation.c - building mutations: one run of bytes, and ops that point into it.
 * Made on one thread and ended on another for every write, so a few hundred ended ones are kept
 * with their memory: the allocator would hand it from arena to arena, and back to the system.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "store/store_priv.h"

#include <pthread.h>
#include <stdlib.h>

/* Offsets are 32 bits; requests are bounded below: 25 items of 400 KB, 20 entries of each in global
 * indexes that project all of it, and both images in the journal are under 240 MB. */
#define MUTATION_BYTES_MAX ((size_t)256 << 20)
#define SPARES_MAX         256
#define SPARE_BYTES_MAX    4096
#define SPARE_OPS_MAX      16

static struct store_op *add_op(struct store_mutation *mutation, enum store_op_kind kind,
                               enum store_family family, struct bytes key);
static struct store_count_op *add_count(struct store_mutation *mutation, struct bytes key);
static uint32_t add_bytes(struct store_mutation *mutation, struct bytes bytes);

static struct {
    pthread_mutex_t lock; /* guards the rest */
    struct store_mutation *first;
    unsigned count;
} spares = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct store_mutation *store_mutation_create(void)
{
    struct store_mutation *mutation;

    pthread_mutex_lock(&spares.lock);
    mutation = spares.first;
    if (mutation != NULL) {
        spares.first = mutation->next;
        spares.count--;
        mutation->next = NULL;
    }
    pthread_mutex_unlock(&spares.lock);
    if (mutation == NULL) {
        mutation = mem_zalloc(sizeof(*mutation));
        buf_init(&mutation->bytes, MUTATION_BYTES_MAX);
    }
    return mutation;
}

static void empty(struct store_mutation *mutation)
{
    struct store_mutation kept = *mutation;

    buf_reset(&kept.bytes, SIZE_MAX);
    *mutation = (struct store_mutation){
        .bytes = kept.bytes,
        .ops = kept.ops,
        .op_capacity = kept.op_capacity,
        .counts = kept.counts,
        .count_capacity = kept.count_capacity,
        .pendings = kept.pendings,
        .pending_capacity = kept.pending_capacity,
    };
}

void store_mutation_destroy(struct store_mutation **mutation)
{
    struct store_mutation *m = *mutation;
    bool kept = false;

    if (m == NULL)
        return;
    *mutation = NULL;
    if (m->bytes.capacity <= SPARE_BYTES_MAX && m->op_capacity <= SPARE_OPS_MAX) {
        empty(m);
        pthread_mutex_lock(&spares.lock);
        kept = spares.count < SPARES_MAX;
        if (kept) {
            m->next = spares.first;
            spares.first = m;
            spares.count++;
        }
        pthread_mutex_unlock(&spares.lock);
    }
    if (kept)
        return;
    buf_fini(&m->bytes);
    free(m->ops);
    free(m->counts);
    free(m->pendings);
    free(m);
}

void store_mutation_put(struct store_mutation *mutation, enum store_family family, struct bytes key,
                        size_t key_stamp_offset, struct bytes value, size_t value_stamp_offset)
{
    struct store_op *op = add_op(mutation, STORE_OP_PUT, family, key);

    op->value_at = add_bytes(mutation, value);
    op->value_size = (uint32_t)value.size;
    if (key_stamp_offset != STORE_NO_STAMP) {
        ASSERT(key_stamp_offset + 8 <= key.size);
        op->key_stamp = op->key_at + (uint32_t)key_stamp_offset;
    }
    if (value_stamp_offset != STORE_NO_STAMP) {
        ASSERT(value_stamp_offset + 8 <= value.size);
        op->value_stamp = op->value_at + (uint32_t)value_stamp_offset;
    }
    mutation->adds_data = true;
}

void store_mutation_delete(struct store_mutation *mutation, enum store_family family,
                           struct bytes key)
{
    add_op(mutation, STORE_OP_DELETE, family, key);
}

void store_mutation_put_guarded(struct store_mutation *mutation, struct bytes key,
                                struct bytes value, size_t value_stamp_offset)
{
    store_mutation_put(mutation, STORE_DATA, key, STORE_NO_STAMP, value, value_stamp_offset);
    mutation->ops[mutation->op_count - 1].guarded = true;
}

void store_mutation_delete_guarded(struct store_mutation *mutation, struct bytes key)
{
    add_op(mutation, STORE_OP_DELETE, STORE_DATA, key)->guarded = true;
}

void store_mutation_delete_range(struct store_mutation *mutation, enum store_family family,
                                 struct bytes from, struct bytes to)
{
    struct store_op *op = add_op(mutation, STORE_OP_DELETE_RANGE, family, from);

    ASSERT(bytes_compare(from, to) < 0);
    op->value_at = add_bytes(mutation, to);
    op->value_size = (uint32_t)to.size;
}

void store_mutation_makes_room(struct store_mutation *mutation)
{
    mutation->adds_data = false;
}

void store_mutation_trades_room(struct store_mutation *mutation)
{
    mutation->trades_room = mutation->adds_data;
    mutation->adds_data = false;
}

void store_mutation_count(struct store_mutation *mutation, struct bytes counter_key, int64_t items,
                          int64_t bytes)
{
    struct store_count_op *count;

    if (items == 0 && bytes == 0)
        return;
    count = add_count(mutation, counter_key);
    count->items = items;
    count->bytes = bytes;
}

void store_mutation_forget_count(struct store_mutation *mutation, struct bytes counter_key)
{
    store_mutation_delete(mutation, STORE_DATA, counter_key);
    add_count(mutation, counter_key)->forget = true;
}

static struct store_count_op *add_count(struct store_mutation *mutation, struct bytes key)
{
    struct store_count_op *count;

    ASSERT(key.size <= STORE_COUNT_KEY_BYTES_MAX);
    if (mutation->count_count == mutation->count_capacity) {
        mutation->count_capacity = mutation->count_capacity == 0 ? 4 : mutation->count_capacity * 2;
        mutation->counts =
            mem_resize(mutation->counts, mutation->count_capacity * sizeof(mutation->counts[0]));
    }
    count = &mutation->counts[mutation->count_count++];
    *count = (struct store_count_op){.key_size = (uint32_t)key.size};
    count->key_at = add_bytes(mutation, key);
    return count;
}

static struct store_op *add_op(struct store_mutation *mutation, enum store_op_kind kind,
                               enum store_family family, struct bytes key)
{
    struct store_op *op;

    if (mutation->op_count == mutation->op_capacity) {
        mutation->op_capacity = mutation->op_capacity == 0 ? 4 : mutation->op_capacity * 2;
        mutation->ops = mem_resize(mutation->ops, mutation->op_capacity * sizeof(mutation->ops[0]));
    }
    op = &mutation->ops[mutation->op_count++];
    *op = (struct store_op){.kind = (uint8_t)kind,
                            .family = (uint8_t)family,
                            .key_size = (uint32_t)key.size,
                            .key_stamp = STAMP_NONE,
                            .value_stamp = STAMP_NONE};
    op->key_at = add_bytes(mutation, key);
    return op;
}

static uint32_t add_bytes(struct store_mutation *mutation, struct bytes bytes)
{
    size_t at = mutation->bytes.size;

    buf_append_bytes(&mutation->bytes, bytes);
    ASSERT(!mutation->bytes.overflowed);
    return (uint32_t)at;
}
