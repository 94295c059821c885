/* store_hold.c - stripes: latches, images that are pending, and published images remembered.
 * A reader must not see an old remembered image after somebody saw a newer one in the engine: while
 * a key has a pending image, reads of it go to the engine, and the remembered one is replaced in
 * the moment it stops being pending.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "store/store_core_priv.h"

static uint64_t hash_of(struct bytes key);
static uint16_t stripe_of(uint64_t hash);
static const struct store_pending *find_pending(const struct stripe *stripe, struct bytes key);

void store_stripes_init(struct store *store, size_t image_bytes)
{
    for (unsigned i = 0; i < STRIPE_COUNT; i++) {
        pthread_mutex_init(&store->stripes[i].latch, NULL);
        store_cache_init(&store->stripes[i].cache, image_bytes / STRIPE_COUNT);
    }
}

void store_stripes_fini(struct store *store)
{
    for (unsigned i = 0; i < STRIPE_COUNT; i++) {
        ASSERT(store->stripes[i].newest == NULL);
        store_cache_fini(&store->stripes[i].cache);
        pthread_mutex_destroy(&store->stripes[i].latch);
    }
}

/* Copies a remembered image. False: the key is not known here. The latch is held. */
static bool read_cache(struct stripe *stripe, uint64_t hash, struct bytes key, struct arena *arena,
                       struct bytes *value, enum err *err)
{
    struct bytes image;
    bool absent;

    if (!store_cache_find(&stripe->cache, hash, key, &absent, &image))
        return false;
    *err = absent ? ERR_ABSENT : OK;
    if (!absent)
        *value = arena_copy(arena, image);
    return true;
}

/* What the engine said of a key: OK and the value, or ERR_ABSENT, which leaves *value as it was.
 * The latch is held. */
static void remember_read(struct stripe *stripe, uint64_t hash, struct bytes key, enum err err,
                          const struct bytes *value)
{
    if (err == OK)
        store_cache_set(&stripe->cache, hash, key, false, *value);
    else
        store_cache_set(&stripe->cache, hash, key, true, (struct bytes){0});
}

enum err store_read(struct store *store, struct bytes key, bool may_wait, struct arena *arena,
                    struct bytes *value)
{
    uint64_t hash = hash_of(key), changes;
    struct stripe *stripe = &store->stripes[stripe_of(hash)];
    bool busy, known = false;
    enum err err = OK;

    pthread_mutex_lock(&stripe->latch);
    busy = find_pending(stripe, key) != NULL;
    if (!busy)
        known = read_cache(stripe, hash, key, arena, value, &err);
    changes = atomic_load(&stripe->changes);
    pthread_mutex_unlock(&stripe->latch);
    if (known)
        return err;

    err = store_get(store, NULL, STORE_DATA, key, may_wait, arena, value);
    if (busy || (err != OK && err != ERR_ABSENT))
        return err;
    pthread_mutex_lock(&stripe->latch);
    if (changes == atomic_load(&stripe->changes) && find_pending(stripe, key) == NULL)
        remember_read(stripe, hash, key, err, value);
    pthread_mutex_unlock(&stripe->latch);
    return err;
}

void store_hold_begin(struct store *store, const struct bytes keys[], unsigned count,
                      struct store_hold *hold)
{
    ASSERT(count <= STORE_KEYS_PER_HOLD_MAX);
    hold->store = store;
    hold->stripe_count = 0;
    hold->saw_pending = false;
    hold->failure_epoch = 0;
    for (unsigned i = 0; i < count; i++) {
        uint16_t stripe = stripe_of(hash_of(keys[i]));
        unsigned at = hold->stripe_count;

        /* Insertion into the sorted, distinct list: one order for all, so no deadlock. */
        while (at > 0 && hold->stripes[at - 1] > stripe)
            at--;
        if (at > 0 && hold->stripes[at - 1] == stripe)
            continue;
        memmove(&hold->stripes[at + 1], &hold->stripes[at],
                (hold->stripe_count - at) * sizeof(hold->stripes[0]));
        hold->stripes[at] = stripe;
        hold->stripe_count++;
    }
    for (unsigned i = 0; i < hold->stripe_count; i++)
        pthread_mutex_lock(&store->stripes[hold->stripes[i]].latch);
}

void store_hold_end(struct store_hold *hold)
{
    for (unsigned i = hold->stripe_count; i > 0; i--)
        pthread_mutex_unlock(&hold->store->stripes[hold->stripes[i - 1]].latch);
    hold->stripe_count = 0;
}

void store_pass_holds(struct store *store)
{
    for (unsigned i = 0; i < STRIPE_COUNT; i++) {
        pthread_mutex_lock(&store->stripes[i].latch);
        pthread_mutex_unlock(&store->stripes[i].latch);
    }
}

enum err store_load(struct store *store, struct bytes key, struct arena *arena,
                    struct store_loaded *loaded)
{
    struct stripe *stripe = &store->stripes[stripe_of(hash_of(key))];
    /* Before the read: a change that the read may have missed moves the count afterwards. */
    uint64_t changes = atomic_load(&stripe->changes);
    struct bytes value = {0};
    enum err err = store_get(store, NULL, STORE_DATA, key, true, arena, &value);

    if (err != OK && err != ERR_ABSENT)
        return err;
    *loaded = (struct store_loaded){
        .valid = true, .absent = err == ERR_ABSENT, .stripe_changes = changes, .value = value};
    return OK;
}

enum err store_newest(struct store_hold *hold, struct bytes key, const struct store_loaded *loaded,
                      struct arena *arena, struct bytes *value)
{
    struct store *store = hold->store;
    uint64_t hash = hash_of(key);
    struct stripe *stripe = &store->stripes[stripe_of(hash)];
    const struct store_pending *pending = find_pending(stripe, key);
    enum err err;

    if (pending != NULL) {
        const struct store_op *op = &pending->mutation->ops[pending->op_index];

        if (!hold->saw_pending) {
            hold->saw_pending = true;
            hold->failure_epoch = atomic_load(&store->failure_epoch);
        }
        if (op->kind == STORE_OP_DELETE)
            return ERR_ABSENT;
        *value = arena_copy(arena, store_op_value(pending->mutation, op));
        return OK;
    }
    if (loaded != NULL && loaded->valid &&
        loaded->stripe_changes == atomic_load(&stripe->changes)) {
        if (loaded->absent)
            return ERR_ABSENT;
        *value = loaded->value;
        return OK;
    }
    if (read_cache(stripe, hash, key, arena, value, &err))
        return err;
    err = store_get(store, NULL, STORE_DATA, key, false, arena, value);
    if (err == OK || err == ERR_ABSENT)
        remember_read(stripe, hash, key, err, value);
    return err;
}

void store_hold_depends(struct store_hold *hold, uint64_t epoch)
{
    if (!hold->saw_pending || epoch < hold->failure_epoch)
        hold->failure_epoch = epoch;
    hold->saw_pending = true;
}

uint64_t store_failure_epoch(const struct store *store)
{
    return atomic_load(&store->failure_epoch);
}

/* Eight bytes at a time, multiplied and folded. No secret: whoever aims at one stripe slows only
 * keys that share it, and a stripe's chains are bounded by its cache's bytes. */
static uint64_t hash_of(struct bytes key)
{
    uint64_t hash = key.size * 0x9e3779b97f4a7c15ULL;
    size_t i = 0;

    for (; i + 8 <= key.size; i += 8) {
        uint64_t word;

        memcpy(&word, key.data + i, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
        hash ^= hash >> 32;
    }
    for (; i < key.size; i++)
        hash = (hash ^ key.data[i]) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 29;
    hash *= 0xc4ceb9fe1a85ec53ULL;
    return hash ^ hash >> 32;
}

/* The top bits; the cache's buckets take the low ones. */
static uint16_t stripe_of(uint64_t hash)
{
    return (uint16_t)((hash >> 48) % STRIPE_COUNT);
}

static const struct store_pending *find_pending(const struct stripe *stripe, struct bytes key)
{
    const struct store_pending *pending = stripe->newest;

    while (pending != NULL &&
           !bytes_equal(
               key, store_op_key(pending->mutation, &pending->mutation->ops[pending->op_index])))
        pending = pending->older;
    return pending;
}

void store_pendings_insert(struct store *store, struct store_mutation *mutation)
{
    unsigned count = 0;

    if (mutation->op_count == 0)
        return;
    if (mutation->pending_capacity < mutation->op_count) {
        mutation->pending_capacity = mutation->op_count;
        mutation->pendings =
            mem_resize(mutation->pendings, mutation->op_count * sizeof(mutation->pendings[0]));
    }
    for (unsigned i = 0; i < mutation->op_count; i++) {
        const struct store_op *op = &mutation->ops[i];
        struct store_pending *pending = &mutation->pendings[count];
        struct stripe *stripe;

        if (op->family != STORE_DATA || op->kind == STORE_OP_DELETE_RANGE || op->guarded)
            continue;
        pending->mutation = mutation;
        pending->op_index = i;
        pending->hash = hash_of(store_op_key(mutation, op));
        pending->stripe = stripe_of(pending->hash);
        stripe = &store->stripes[pending->stripe];
        pending->newer = NULL;
        pending->older = stripe->newest;
        if (pending->older != NULL)
            pending->older->newer = pending;
        stripe->newest = pending;
        count++;
    }
    mutation->pending_count = count;
}

/* What was pending is what the engine shows from now on. The latch is held. */
static void remember(struct stripe *stripe, const struct store_pending *pending)
{
    const struct store_op *op = &pending->mutation->ops[pending->op_index];

    atomic_fetch_add(&stripe->changes, 1);
    store_cache_set(&stripe->cache, pending->hash, store_op_key(pending->mutation, op),
                    op->kind == STORE_OP_DELETE, store_op_value(pending->mutation, op));
}

void store_pendings_remove(struct store *store, struct store_mutation *mutation, bool published)
{
    for (unsigned i = 0; i < mutation->pending_count; i++) {
        struct store_pending *pending = &mutation->pendings[i];
        struct stripe *stripe = &store->stripes[pending->stripe];

        pthread_mutex_lock(&stripe->latch);
        if (pending->older != NULL)
            pending->older->newer = pending->newer;
        if (pending->newer != NULL)
            pending->newer->older = pending->older;
        else
            stripe->newest = pending->older;
        if (published)
            remember(stripe, pending);
        pthread_mutex_unlock(&stripe->latch);
    }
    mutation->pending_count = 0;
}
