/* store_cache.c - a hash table that grows with its images, and a hand that goes around it (CLOCK).
 * A hit marks its image and touches nothing else, neither neighbours in an order nor a counter;
 * where bytes are short, the hand takes out what was not used since it came by last.
 * Absence is worth an entry too: it saves the same search.
 */
#include "store/store_cache.h"

#include "base/mem.h"

#include <stdlib.h>

#define BUCKETS_MIN 4u

struct store_image {
    struct store_image *next; /* in the bucket */
    uint64_t hash;
    uint32_t key_size, value_size, room;
    bool absent;
    bool used;      /* since the hand was here */
    uint8_t data[]; /* key, value */
};

static struct store_image **find(const struct store_cache *cache, uint64_t hash, struct bytes key);
static struct store_image *insert(struct store_cache *cache, uint64_t hash, struct bytes key,
                                  size_t room);
static void grow(struct store_cache *cache);
static void make_room(struct store_cache *cache);
static void drop(struct store_cache *cache, struct store_image **at);

static size_t image_bytes(const struct store_image *image)
{
    return sizeof(*image) + image->room;
}

void store_cache_init(struct store_cache *cache, size_t bytes_max)
{
    *cache = (struct store_cache){.bytes_max = bytes_max};
}

void store_cache_fini(struct store_cache *cache)
{
    for (unsigned i = 0; i < cache->bucket_count; i++)
        while (cache->buckets[i] != NULL)
            drop(cache, &cache->buckets[i]);
    free(cache->buckets);
    *cache = (struct store_cache){0};
}

bool store_cache_find(struct store_cache *cache, uint64_t hash, struct bytes key, bool *absent,
                      struct bytes *value)
{
    struct store_image *image;

    if (cache->count == 0)
        return false;
    image = *find(cache, hash, key);
    if (image == NULL)
        return false;
    image->used = true;
    *absent = image->absent;
    *value = bytes_make(image->data + image->key_size, image->value_size);
    return true;
}

void store_cache_set(struct store_cache *cache, uint64_t hash, struct bytes key, bool absent,
                     struct bytes value)
{
    size_t size = key.size + (absent ? 0 : value.size);
    struct store_image *image = NULL;

    if (sizeof(*image) + size > cache->bytes_max)
        return store_cache_forget(cache, hash, key);
    if (!absent && value.size > STORE_CACHE_VALUE_BYTES_MAX)
        return store_cache_forget(cache, hash, key);
    if (cache->count != 0) {
        struct store_image **at = find(cache, hash, key);

        image = *at;
        if (image != NULL && image->room < size) {
            drop(cache, at);
            image = NULL;
        }
    }
    if (image == NULL)
        image = insert(cache, hash, key, size);
    image->used = true;
    image->absent = absent;
    image->value_size = absent ? 0 : (uint32_t)value.size;
    if (image->value_size != 0)
        memcpy(image->data + image->key_size, value.data, value.size);
    make_room(cache);
}

void store_cache_forget(struct store_cache *cache, uint64_t hash, struct bytes key)
{
    struct store_image **at;

    if (cache->count == 0)
        return;
    at = find(cache, hash, key);
    if (*at != NULL)
        drop(cache, at);
}

/* Its place in the bucket, or the bucket's end. */
static struct store_image **find(const struct store_cache *cache, uint64_t hash, struct bytes key)
{
    struct store_image **at = &cache->buckets[hash & (cache->bucket_count - 1)];

    while (*at != NULL &&
           !((*at)->hash == hash && bytes_equal(bytes_make((*at)->data, (*at)->key_size), key)))
        at = &(*at)->next;
    return at;
}

static struct store_image *insert(struct store_cache *cache, uint64_t hash, struct bytes key,
                                  size_t room)
{
    struct store_image *image = mem_alloc(sizeof(*image) + room), **at;

    if (cache->count == cache->bucket_count)
        grow(cache);
    image->hash = hash;
    image->key_size = (uint32_t)key.size;
    image->room = (uint32_t)room;
    memcpy(image->data, key.data, key.size);
    at = &cache->buckets[hash & (cache->bucket_count - 1)];
    image->next = *at;
    *at = image;
    cache->count++;
    cache->bytes += image_bytes(image);
    return image;
}

static void grow(struct store_cache *cache)
{
    unsigned count = cache->bucket_count == 0 ? BUCKETS_MIN : cache->bucket_count * 2;
    struct store_image **buckets = mem_zalloc(count * sizeof(buckets[0]));

    for (unsigned i = 0; i < cache->bucket_count; i++)
        for (struct store_image *image = cache->buckets[i], *next; image != NULL; image = next) {
            struct store_image **at = &buckets[image->hash & (count - 1)];

            next = image->next;
            image->next = *at;
            *at = image;
        }
    free(cache->buckets);
    cache->bytes += (count - cache->bucket_count) * sizeof(buckets[0]);
    cache->buckets = buckets;
    cache->bucket_count = count;
}

/* Ends: once around, no image is marked any more. */
static void make_room(struct store_cache *cache)
{
    while (cache->bytes > cache->bytes_max && cache->count != 0) {
        struct store_image **at = &cache->buckets[cache->hand];

        while (*at != NULL) {
            if ((*at)->used) {
                (*at)->used = false;
                at = &(*at)->next;
            } else {
                drop(cache, at);
            }
        }
        cache->hand = (cache->hand + 1) & (cache->bucket_count - 1);
    }
}

static void drop(struct store_cache *cache, struct store_image **at)
{
    struct store_image *image = *at;

    *at = image->next;
    cache->count--;
    cache->bytes -= image_bytes(image);
    free(image);
}
