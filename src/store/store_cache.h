/* store_cache.h - newest published images of one stripe's keys, in memory in front of the engine.
 * Saves the engine's search (microseconds) for what was read or written lately. Exact, because the
 * stripe's latch orders everything: an image goes in when its change is published, or when a read
 * that saw no change meanwhile brings it; a key with a change under way is not answered from here
 * (store.c looks at pending images first).
 * Owner:   the stripe, under its latch.
 * Bounds:  bytes per stripe; what was not used lately goes first.
 */
#pragma once

#include "base/bytes.h"

#define STORE_CACHE_VALUE_BYTES_MAX 8192 /* larger images are not kept */

struct store_image;

struct store_cache {
    struct store_image **buckets;
    unsigned bucket_count;   /* a power of two, or 0 */
    unsigned count;          /* of images */
    unsigned hand;           /* the bucket that is looked at next, when bytes are short */
    size_t bytes, bytes_max; /* of images and buckets */
};

/* bytes_max 0: keeps nothing. */
void store_cache_init(struct store_cache *cache, size_t bytes_max);
void store_cache_fini(struct store_cache *cache);

/* True: the key is known, *absent or with *value, which is good until the latch goes. */
bool store_cache_find(struct store_cache *cache, uint64_t hash, struct bytes key, bool *absent,
                      struct bytes *value);
/* The key's newest published image; absent: it has none. */
void store_cache_set(struct store_cache *cache, uint64_t hash, struct bytes key, bool absent,
                     struct bytes value);
void store_cache_forget(struct store_cache *cache, uint64_t hash, struct bytes key);
