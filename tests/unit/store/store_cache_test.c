/* store_cache_test.c - what the cache of images says, its bound, and what it lets go. */
#include "store/store_cache.h"
#include "unit.h"

#include <stdio.h>

#define IMAGES_BYTES_MAX ((size_t)64 << 10)

/* A few hashes for many keys, so that buckets are shared, too. */
static uint64_t hash_of(unsigned key)
{
    return key % 3 == 0 ? 7 : key * UINT64_C(0x9e3779b97f4a7c15);
}

static void set(struct store_cache *cache, unsigned key, size_t size, uint8_t filled)
{
    uint8_t value[STORE_CACHE_VALUE_BYTES_MAX + 1];
    char name[16];

    memset(value, filled, size);
    snprintf(name, sizeof(name), "%u", key);
    store_cache_set(cache, hash_of(key), bytes_of_string(name), false, bytes_make(value, size));
}

/* Of its value: the size, SIZE_MAX if the key is known to be absent. False: it is not known. */
static bool find(struct store_cache *cache, unsigned key, size_t *size, uint8_t *filled)
{
    struct bytes value;
    char name[16];
    bool absent;

    snprintf(name, sizeof(name), "%u", key);
    if (!store_cache_find(cache, hash_of(key), bytes_of_string(name), &absent, &value))
        return false;
    *size = absent ? SIZE_MAX : value.size;
    *filled = value.size == 0 || absent ? 0 : value.data[value.size - 1];
    return true;
}

TEST(store_cache_remembers_the_last_image)
{
    struct store_cache cache;
    uint8_t filled = 0;
    size_t size = 0;

    store_cache_init(&cache, IMAGES_BYTES_MAX);
    CHECK(!find(&cache, 0, &size, &filled));
    store_cache_forget(&cache, hash_of(0), BYTES("0"));
    for (unsigned key = 0; key < 100; key++) /* the table grows meanwhile */
        set(&cache, key, key, (uint8_t)key);
    for (unsigned key = 0; key < 100; key++) {
        CHECK(find(&cache, key, &size, &filled));
        CHECK_U64(size, key);
        CHECK_U64(filled, key);
    }
    set(&cache, 50, 10, 1); /* has place where the other was */
    CHECK(find(&cache, 50, &size, &filled) && size == 10 && filled == 1);
    set(&cache, 50, 1000, 2);
    CHECK(find(&cache, 50, &size, &filled) && size == 1000 && filled == 2);
    store_cache_set(&cache, hash_of(50), BYTES("50"), true, (struct bytes){0});
    CHECK(find(&cache, 50, &size, &filled) && size == SIZE_MAX);
    store_cache_forget(&cache, hash_of(50), BYTES("50"));
    CHECK(!find(&cache, 50, &size, &filled));
    CHECK(find(&cache, 51, &size, &filled) && size == 51);
    set(&cache, 51, STORE_CACHE_VALUE_BYTES_MAX, 3);
    CHECK(find(&cache, 51, &size, &filled) && filled == 3);
    set(&cache, 51, STORE_CACHE_VALUE_BYTES_MAX + 1, 4); /* not kept, and what was is not true */
    CHECK(!find(&cache, 51, &size, &filled));
    store_cache_fini(&cache);
}

TEST(store_cache_keeps_its_bound_and_what_is_used)
{
    struct store_cache cache;
    unsigned known = 0, lost = 0, over = 0;
    uint8_t filled;
    size_t size;

    store_cache_init(&cache, IMAGES_BYTES_MAX);
    for (unsigned key = 0; key < 10000; key++) {
        set(&cache, key, 100, (uint8_t)key);
        over += cache.bytes > IMAGES_BYTES_MAX;
        lost += !find(&cache, key, &size, &filled); /* what came last is never what goes */
        lost += !find(&cache, 0, &size, &filled);
    }
    CHECK_U64(over, 0);
    CHECK_U64(lost, 0);
    for (unsigned key = 0; key < 10000; key++)
        known += find(&cache, key, &size, &filled);
    CHECK_U64(known, cache.count);
    CHECK(known >= IMAGES_BYTES_MAX / 200 && known <= IMAGES_BYTES_MAX / 100);
    store_cache_fini(&cache);
}

TEST(store_cache_of_no_bytes_keeps_nothing)
{
    struct store_cache cache;
    uint8_t filled;
    size_t size;

    store_cache_init(&cache, 0);
    set(&cache, 1, 0, 0);
    CHECK(!find(&cache, 1, &size, &filled));
    store_cache_fini(&cache);
}
