/* expr_cache.h - which images of expressions are kept, and how they are found.
 * What a request's expressions become is decided by their texts, its names, and the keys and types
 * of its values, but for what an image has a check for (expr_image.h). These are the key here, as
 * they stand in the request; all of its bytes are compared, so that a hash decides nothing.
 * A text that comes once costs its key and hash: only what comes a second time soon is kept.
 * Bounds:    EXPR_CACHE_SETS x EXPR_CACHE_WAYS images, keys of EXPR_CACHE_KEY_BYTES_MAX.
 */
#pragma once

#include "expr/expr_priv.h"

#define EXPR_CACHE_SETS          64
#define EXPR_CACHE_WAYS          4
#define EXPR_CACHE_SEEN          1024
#define EXPR_CACHE_KEY_BYTES_MAX 2048

/* A request that has names and values that are right. */
struct expr_request {
    const struct yyjson_val *texts[EXPR_KINDS]; /* NULL: there is none */
    struct expr_placeholders names;
    struct expr_placeholders values;
};

struct expr_cache_key {
    uint64_t hash;
    size_t size; /* 0: too large to be kept */
    bool again;  /* it was seen before, and may be kept */
    uint8_t bytes[EXPR_CACHE_KEY_BYTES_MAX];
};

void expr_cache_key_init(struct expr_cache_key *key, const struct expr_cache *cache,
                         const struct expr_request *request);

/* Trees in the arena, with the values of the request. False: they must be parsed. */
bool expr_cache_find(struct expr_cache *cache, struct expr_cache_key *key,
                     const struct expr_request *request, struct arena *arena,
                     struct expr_set *set) MUST_CHECK;
/* What was parsed because it was not found; without faults. Uses the arena meanwhile. */
void expr_cache_keep(struct expr_cache *cache, const struct expr_cache_key *key,
                     const struct expr_set *set, const struct expr_condition *key_condition,
                     struct arena *arena);

/* What it holds. */
struct expr_cache_use {
    unsigned entries;
    size_t bytes;
    uint64_t hits; /* since it was made */
};
struct expr_cache_use expr_cache_use(const struct expr_cache *cache);
