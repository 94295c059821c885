/* store_mem.c - the engine that forgets everything when the process ends: tests and --in-memory.
 * A skip list per family; each key has its versions, newest first, so that snapshots and cursors go
 * on seeing what they saw. One lock: many readers, or the committer. What no snapshot can see any
 * more is freed at once, or, if one still could, when the oldest snapshot ends.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/rng.h"
#include "store/store_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL_MAX 16

struct version {
    struct version *older;
    uint64_t number;
    bool absent;
    size_t size;
    uint8_t value[];
};

struct node {
    struct version *newest;
    struct node *next_garbage;
    bool garbage; /* in the list of nodes with something to free later */
    uint8_t *key;
    size_t key_size;
    unsigned level_count;
    struct node *next[];
};

struct store_snapshot {
    struct store_snapshot *prev, *next;
    uint64_t number;
};

struct list {
    struct node *head; /* without a key; LEVEL_MAX levels */
    struct node *garbage;
};

struct mem {
    struct store_engine engine;
    pthread_rwlock_t lock; /* guards lists and newest */
    struct list lists[STORE_FAMILY_COUNT];
    uint64_t newest;                  /* number of the last group */
    pthread_mutex_t snapshot_lock;    /* guards snapshots; taken inside lock */
    struct store_snapshot *snapshots; /* newest first */
};

struct mem_cursor {
    struct store_cursor cursor;
    struct mem *mem;
    struct store_snapshot *own;
    uint64_t number;
    enum store_family family;
    struct store_range range;
    bool begun;
    struct buf key, value;
};

static struct mem *mem_of(struct store_engine *engine)
{
    return (struct mem *)engine;
}

static struct bytes node_key(const struct node *node)
{
    return bytes_make(node->key, node->key_size);
}

/* --- the list -------------------------------------------------------------------------------- */

/* The last node before `key` on each level. */
static struct node *find_before(struct list *list, struct bytes key, struct node *before[LEVEL_MAX])
{
    struct node *at = list->head;

    for (int level = LEVEL_MAX - 1; level >= 0; level--) {
        while (at->next[level] != NULL && bytes_compare(node_key(at->next[level]), key) < 0)
            at = at->next[level];
        if (before != NULL)
            before[level] = at;
    }
    return at;
}

static struct node *find_last(struct list *list)
{
    struct node *at = list->head;

    for (int level = LEVEL_MAX - 1; level >= 0; level--)
        while (at->next[level] != NULL)
            at = at->next[level];
    return at;
}

static struct node *find(struct list *list, struct bytes key)
{
    struct node *node = find_before(list, key, NULL)->next[0];

    return node != NULL && bytes_equal(node_key(node), key) ? node : NULL;
}

static struct node *node_create(struct bytes key, unsigned level_count)
{
    struct node *node = mem_zalloc(sizeof(*node) + level_count * sizeof(node->next[0]));

    node->level_count = level_count;
    node->key = mem_alloc(key.size);
    node->key_size = key.size;
    if (key.size != 0)
        memcpy(node->key, key.data, key.size);
    return node;
}

static void node_destroy(struct node *node)
{
    while (node->newest != NULL) {
        struct version *version = node->newest;

        node->newest = version->older;
        free(version);
    }
    free(node->key);
    free(node);
}

static struct node *find_or_insert(struct list *list, struct bytes key)
{
    struct node *before[LEVEL_MAX];
    struct node *node = find_before(list, key, before)->next[0];
    unsigned levels = 1;

    if (node != NULL && bytes_equal(node_key(node), key))
        return node;
    while (levels < LEVEL_MAX && (rng_fast() >> 32) % 4 == 0)
        levels++;
    node = node_create(key, levels);
    for (unsigned level = 0; level < levels; level++) {
        node->next[level] = before[level]->next[level];
        before[level]->next[level] = node;
    }
    return node;
}

static void unlink_node(struct list *list, struct node *node)
{
    struct node *before[LEVEL_MAX];

    find_before(list, node_key(node), before);
    for (unsigned level = 0; level < node->level_count; level++) {
        ASSERT(before[level]->next[level] == node);
        before[level]->next[level] = node->next[level];
    }
    node_destroy(node);
}

/* The version that a reader of this number sees; NULL: none. */
static const struct version *visible(const struct node *node, uint64_t number)
{
    const struct version *version = node->newest;

    while (version != NULL && version->number > number)
        version = version->older;
    return version != NULL && !version->absent ? version : NULL;
}

/* Frees what no reader from `oldest` on can see. True: there is more to free later. */
static bool trim(struct list *list, struct node *node, uint64_t oldest)
{
    struct version *seen = node->newest;

    while (seen != NULL && seen->number > oldest)
        seen = seen->older;
    if (seen != NULL) {
        while (seen->older != NULL) {
            struct version *dead = seen->older;

            seen->older = dead->older;
            free(dead);
        }
        if (seen == node->newest && seen->absent) {
            unlink_node(list, node);
            return false;
        }
    }
    return node->newest->older != NULL || node->newest->absent;
}

static void add_version(struct list *list, struct node *node, uint64_t number, uint64_t oldest,
                        bool absent, struct bytes value)
{
    struct version *version = mem_alloc(sizeof(*version) + value.size);

    version->older = node->newest;
    version->number = number;
    version->absent = absent;
    version->size = value.size;
    if (value.size != 0)
        memcpy(version->value, value.data, value.size);
    node->newest = version;
    if (node->garbage)
        return; /* trimmed with the rest of that list */
    /* Groups are visible as a whole: nobody sees this number yet, so it can be trimmed by it. */
    if (trim(list, node, oldest)) {
        node->garbage = true;
        node->next_garbage = list->garbage;
        list->garbage = node;
    }
}

static void sweep(struct list *list, uint64_t oldest)
{
    struct node *node = list->garbage;

    list->garbage = NULL;
    while (node != NULL) {
        struct node *next = node->next_garbage;

        node->garbage = false;
        if (trim(list, node, oldest)) {
            node->garbage = true;
            node->next_garbage = list->garbage;
            list->garbage = node;
        }
        node = next;
    }
}

/* --- snapshots ------------------------------------------------------------------------------- */

/* Number from which everything must stay visible. */
static uint64_t oldest_number(struct mem *mem, uint64_t newest)
{
    uint64_t oldest = newest;

    pthread_mutex_lock(&mem->snapshot_lock);
    for (const struct store_snapshot *s = mem->snapshots; s != NULL; s = s->next)
        oldest = s->number < oldest ? s->number : oldest;
    pthread_mutex_unlock(&mem->snapshot_lock);
    return oldest;
}

static struct store_snapshot *mem_snapshot_begin(struct store_engine *engine)
{
    struct mem *mem = mem_of(engine);
    struct store_snapshot *snapshot = mem_zalloc(sizeof(*snapshot));

    pthread_rwlock_rdlock(&mem->lock);
    pthread_mutex_lock(&mem->snapshot_lock);
    snapshot->number = mem->newest;
    snapshot->next = mem->snapshots;
    if (snapshot->next != NULL)
        snapshot->next->prev = snapshot;
    mem->snapshots = snapshot;
    pthread_mutex_unlock(&mem->snapshot_lock);
    pthread_rwlock_unlock(&mem->lock);
    return snapshot;
}

static void mem_snapshot_end(struct store_engine *engine, struct store_snapshot *snapshot)
{
    struct mem *mem = mem_of(engine);
    bool garbage = false;

    pthread_mutex_lock(&mem->snapshot_lock);
    if (snapshot->next != NULL)
        snapshot->next->prev = snapshot->prev;
    if (snapshot->prev != NULL)
        snapshot->prev->next = snapshot->next;
    else
        mem->snapshots = snapshot->next;
    pthread_mutex_unlock(&mem->snapshot_lock);
    free(snapshot);

    pthread_rwlock_rdlock(&mem->lock);
    for (int i = 0; i < STORE_FAMILY_COUNT; i++)
        garbage |= mem->lists[i].garbage != NULL;
    pthread_rwlock_unlock(&mem->lock);
    if (!garbage)
        return;
    pthread_rwlock_wrlock(&mem->lock);
    for (int i = 0; i < STORE_FAMILY_COUNT; i++)
        sweep(&mem->lists[i], oldest_number(mem, mem->newest));
    pthread_rwlock_unlock(&mem->lock);
}

/* --- reading --------------------------------------------------------------------------------- */

static enum err mem_get(struct store_engine *engine, const struct store_snapshot *snapshot,
                        enum store_family family, struct bytes key, bool may_wait,
                        struct arena *arena, struct bytes *value)
{
    struct mem *mem = mem_of(engine);
    const struct node *node;
    const struct version *version = NULL;

    (void)may_wait; /* everything is in memory */
    pthread_rwlock_rdlock(&mem->lock);
    node = find(&mem->lists[family], key);
    if (node != NULL)
        version = visible(node, snapshot != NULL ? snapshot->number : mem->newest);
    if (version != NULL)
        *value = arena_copy(arena, bytes_make(version->value, version->size));
    pthread_rwlock_unlock(&mem->lock);
    return version != NULL ? OK : ERR_ABSENT;
}

/* The node after the cursor's place, in its direction; NULL at the end of the list. */
static const struct node *step(const struct mem_cursor *c, struct list *list,
                               const struct node *from)
{
    const struct node *node;

    if (!c->range.backward) {
        if (from != NULL)
            return from->next[0];
        node = find_before(list, c->begun ? buf_bytes(&c->key) : c->range.from, NULL)->next[0];
        if (c->begun && node != NULL && bytes_equal(node_key(node), buf_bytes(&c->key)))
            node = node->next[0];
        return node;
    }
    if (from != NULL)
        node = find_before(list, node_key(from), NULL);
    else if (c->begun)
        node = find_before(list, buf_bytes(&c->key), NULL);
    else
        node = c->range.to.size != 0 ? find_before(list, c->range.to, NULL) : find_last(list);
    return node != list->head ? node : NULL;
}

static bool in_range(struct store_range range, struct bytes key)
{
    return bytes_compare(key, range.from) >= 0 &&
           (range.to.size == 0 || bytes_compare(key, range.to) < 0);
}

static enum err mem_cursor_next(struct store_cursor *cursor, struct bytes *key, struct bytes *value)
{
    struct mem_cursor *c = (struct mem_cursor *)cursor;
    struct list *list = &c->mem->lists[c->family];
    const struct version *version = NULL;
    const struct node *node = NULL;
    enum err err = ERR_ABSENT;

    pthread_rwlock_rdlock(&c->mem->lock);
    while ((node = step(c, list, node)) != NULL && in_range(c->range, node_key(node)) &&
           (version = visible(node, c->number)) == NULL)
        continue;
    if (node != NULL && version != NULL) {
        buf_reset(&c->key, SIZE_MAX);
        buf_append_bytes(&c->key, node_key(node));
        buf_reset(&c->value, SIZE_MAX);
        buf_append(&c->value, version->value, version->size);
        c->begun = true;
        *key = buf_bytes(&c->key);
        *value = buf_bytes(&c->value);
        err = OK;
    }
    pthread_rwlock_unlock(&c->mem->lock);
    return err;
}

static void mem_cursor_close(struct store_cursor *cursor)
{
    struct mem_cursor *c = (struct mem_cursor *)cursor;

    if (c->own != NULL)
        mem_snapshot_end(&c->mem->engine, c->own);
    buf_fini(&c->key);
    buf_fini(&c->value);
    free(c);
}

static struct store_cursor *mem_cursor_open(struct store_engine *engine,
                                            const struct store_snapshot *snapshot,
                                            enum store_family family, struct store_range range,
                                            bool may_wait)
{
    struct mem_cursor *c = mem_zalloc(sizeof(*c));

    (void)may_wait;
    c->cursor.next = mem_cursor_next;
    c->cursor.close = mem_cursor_close;
    c->mem = mem_of(engine);
    if (snapshot == NULL)
        c->own = mem_snapshot_begin(engine);
    c->number = snapshot != NULL ? snapshot->number : c->own->number;
    c->family = family;
    c->range = range;
    buf_init(&c->key, SIZE_MAX);
    buf_init(&c->value, SIZE_MAX);
    return &c->cursor;
}

/* --- writing --------------------------------------------------------------------------------- */

static void delete_range(struct list *list, struct bytes from, struct bytes to, uint64_t number,
                         uint64_t oldest)
{
    struct node *node = find_before(list, from, NULL)->next[0];

    while (node != NULL && bytes_compare(node_key(node), to) < 0) {
        struct node *next = node->next[0]; /* the node itself may go */

        if (!node->newest->absent)
            add_version(list, node, number, oldest, true, (struct bytes){0});
        node = next;
    }
}

static enum err mem_write(struct store_engine *engine, const struct store_mutation *group,
                          struct buf *why)
{
    struct mem *mem = mem_of(engine);
    uint64_t number, oldest;

    (void)why;
    pthread_rwlock_wrlock(&mem->lock);
    number = mem->newest + 1;
    oldest = oldest_number(mem, number);
    for (; group != NULL; group = group->next) {
        for (unsigned i = 0; i < group->op_count; i++) {
            const struct store_op *op = &group->ops[i];
            struct list *list = &mem->lists[op->family];
            struct bytes key = store_op_key(group, op);
            struct node *node;

            switch ((enum store_op_kind)op->kind) {
            case STORE_OP_PUT:
                add_version(list, find_or_insert(list, key), number, oldest, false,
                            store_op_value(group, op));
                break;
            case STORE_OP_DELETE:
                node = find(list, key);
                if (node != NULL)
                    add_version(list, node, number, oldest, true, (struct bytes){0});
                break;
            case STORE_OP_DELETE_RANGE:
                delete_range(list, key, store_op_value(group, op), number, oldest);
                break;
            }
        }
    }
    mem->newest = number;
    pthread_rwlock_unlock(&mem->lock);
    return OK;
}

static enum err mem_room(struct store_engine *engine, struct buf *why)
{
    (void)engine, (void)why;
    return OK; /* mem_write never says that it is full */
}

/* --- taking in many rows --------------------------------------------------------------------- */

#define INGEST_CHUNK_BYTES ((size_t)256 << 10) /* readers wait for no more at a time */

struct mem_ingest {
    struct store_ingest ingest;
    struct mem *mem;
    struct store_mutation *chunk;
};

static enum err mem_ingest_finish(struct store_ingest *ingest)
{
    struct mem_ingest *i = (struct mem_ingest *)ingest;
    enum err err = OK;

    if (i->chunk != NULL)
        err = mem_write(&i->mem->engine, i->chunk, NULL);
    store_mutation_destroy(&i->chunk);
    return err;
}

static enum err mem_ingest_add(struct store_ingest *ingest, struct bytes key, struct bytes value)
{
    struct mem_ingest *i = (struct mem_ingest *)ingest;

    if (i->chunk == NULL)
        i->chunk = store_mutation_create();
    store_mutation_put(i->chunk, STORE_DATA, key, STORE_NO_STAMP, value, STORE_NO_STAMP);
    return i->chunk->bytes.size < INGEST_CHUNK_BYTES ? OK : mem_ingest_finish(ingest);
}

static void mem_ingest_end(struct store_ingest *ingest)
{
    struct mem_ingest *i = (struct mem_ingest *)ingest;

    store_mutation_destroy(&i->chunk);
    free(i);
}

static struct store_ingest *mem_ingest_begin(struct store_engine *engine)
{
    struct mem_ingest *i = mem_zalloc(sizeof(*i));

    i->ingest = (struct store_ingest){mem_ingest_add, mem_ingest_finish, mem_ingest_end};
    i->mem = mem_of(engine);
    return &i->ingest;
}

/* --- opening --------------------------------------------------------------------------------- */

static void mem_close(struct store_engine *engine)
{
    struct mem *mem = mem_of(engine);

    ASSERT(mem->snapshots == NULL);
    for (int i = 0; i < STORE_FAMILY_COUNT; i++) {
        struct node *node = mem->lists[i].head;

        while (node != NULL) {
            struct node *next = node->next[0];

            node_destroy(node);
            node = next;
        }
    }
    pthread_rwlock_destroy(&mem->lock);
    pthread_mutex_destroy(&mem->snapshot_lock);
    free(mem);
}

static const struct store_engine_class mem_class = {
    .name = "mem",
    .close = mem_close,
    .snapshot_begin = mem_snapshot_begin,
    .snapshot_end = mem_snapshot_end,
    .get = mem_get,
    .cursor_open = mem_cursor_open,
    .write = mem_write,
    .make_room = mem_room,
    .restore_room = mem_room,
    .ingest_begin = mem_ingest_begin,
};

enum err store_mem_open(const struct store_options *options, struct fault *fault,
                        struct store_engine **engine)
{
    struct mem *mem = mem_zalloc(sizeof(*mem));

    (void)options, (void)fault;
    mem->engine.class = &mem_class;
    pthread_rwlock_init(&mem->lock, NULL);
    pthread_mutex_init(&mem->snapshot_lock, NULL);
    for (int i = 0; i < STORE_FAMILY_COUNT; i++)
        mem->lists[i].head = node_create((struct bytes){0}, LEVEL_MAX);
    *engine = &mem->engine;
    return OK;
}
