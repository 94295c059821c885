/* store_cache.c - a small hash table with its images in order of use. Absence is worth an entry
 * too: it saves the same search. */
#include "store/store_cache.h"

#include "base/mem.h"

#include <stdlib.h>

/* What a small item costs with its bookkeeping; a bucket for each that fits. */
#define IMAGE_BYTES_TYPICAL 512

struct store_image {
    struct store_image *next; /* in the bucket */
    struct store_image *newer, *older;
    uint64_t hash;
    uint32_t key_size, value_size, room;
    bool absent;
    uint8_t data[]; /* key, value */
};

static struct store_image **find(struct store_cache *cache, uint64_t hash, struct bytes key);
static void use(struct store_cache *cache, struct store_image *image);
static void unlink_used(struct store_cache *cache, struct store_image *image);
static void drop(struct store_cache *cache, struct store_image **at);

static size_t image_bytes(const struct store_image *image)
{
    return sizeof(*image) + image->room;
}

void store_cache_init(struct store_cache *cache, size_t bytes_max)
{
    *cache = (struct store_cache){.bytes_max = bytes_max, .bucket_count = 1};
    while (cache->bucket_count < bytes_max / IMAGE_BYTES_TYPICAL)
        cache->bucket_count *= 2;
}

void store_cache_fini(struct store_cache *cache)
{
    while (cache->newest != NULL) {
        struct store_image *image = cache->newest;

        cache->newest = image->older;
        free(image);
    }
    free(cache->buckets);
    cache->buckets = NULL;
}

bool store_cache_find(struct store_cache *cache, uint64_t hash, struct bytes key, bool *absent,
                      struct bytes *value)
{
    struct store_image *image;

    if (cache->buckets == NULL)
        return false;
    image = *find(cache, hash, key);
    if (image == NULL)
        return false;
    unlink_used(cache, image);
    use(cache, image);
    *absent = image->absent;
    *value = bytes_make(image->data + image->key_size, image->value_size);
    return true;
}

void store_cache_set(struct store_cache *cache, uint64_t hash, struct bytes key, bool absent,
                     struct bytes value)
{
    size_t size = key.size + (absent ? 0 : value.size);
    struct store_image **at, *image;

    if (sizeof(*image) + size > cache->bytes_max)
        return store_cache_forget(cache, hash, key);
    if (!absent && value.size > STORE_CACHE_VALUE_BYTES_MAX)
        return store_cache_forget(cache, hash, key);
    if (cache->buckets == NULL) /* only stripes that are used take memory */
        cache->buckets = mem_zalloc(cache->bucket_count * sizeof(cache->buckets[0]));
    at = find(cache, hash, key);
    image = *at;
    if (image != NULL && image->room < size) {
        drop(cache, at);
        image = NULL;
    }
    if (image == NULL) {
        image = mem_alloc(sizeof(*image) + size);
        image->hash = hash;
        image->key_size = (uint32_t)key.size;
        image->room = (uint32_t)size;
        memcpy(image->data, key.data, key.size);
        at = &cache->buckets[hash & (cache->bucket_count - 1)];
        image->next = *at;
        *at = image;
        cache->bytes += image_bytes(image);
    } else {
        unlink_used(cache, image);
    }
    use(cache, image);
    image->absent = absent;
    image->value_size = absent ? 0 : (uint32_t)value.size;
    if (image->value_size != 0)
        memcpy(image->data + image->key_size, value.data, value.size);
    while (cache->bytes > cache->bytes_max) {
        struct store_image *last = cache->oldest;

        drop(cache, find(cache, last->hash, bytes_make(last->data, last->key_size)));
    }
}

void store_cache_forget(struct store_cache *cache, uint64_t hash, struct bytes key)
{
    struct store_image **at;

    if (cache->buckets == NULL)
        return;
    at = find(cache, hash, key);
    if (*at != NULL)
        drop(cache, at);
}

/* Its place in the bucket, or the bucket's end. */
static struct store_image **find(struct store_cache *cache, uint64_t hash, struct bytes key)
{
    struct store_image **at = &cache->buckets[hash & (cache->bucket_count - 1)];

    while (*at != NULL &&
           !((*at)->hash == hash && bytes_equal(bytes_make((*at)->data, (*at)->key_size), key)))
        at = &(*at)->next;
    return at;
}

static void use(struct store_cache *cache, struct store_image *image)
{
    image->newer = NULL;
    image->older = cache->newest;
    if (cache->newest != NULL)
        cache->newest->newer = image;
    else
        cache->oldest = image;
    cache->newest = image;
}

static void unlink_used(struct store_cache *cache, struct store_image *image)
{
    if (image->newer != NULL)
        image->newer->older = image->older;
    else
        cache->newest = image->older;
    if (image->older != NULL)
        image->older->newer = image->newer;
    else
        cache->oldest = image->newer;
}

static void drop(struct store_cache *cache, struct store_image **at)
{
    struct store_image *image = *at;

    *at = image->next;
    unlink_used(cache, image);
    cache->bytes -= image_bytes(image);
    free(image);
}
