/* expr_cache.c - sets of a few entries, those that are asked for on top.
 * A hit moves its entry up by one; a new entry takes a free place, or that of the lowest. So what
 * is asked for stays beside texts that come twice and no more.
 */
#include "expr/expr_cache.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/siphash.h"
#include "expr/expr_image.h"

#include <stdlib.h>
#include <yyjson.h>

struct entry {
    struct expr_image *image;
    size_t key_size;
    uint8_t key[];
};

struct entry_set {
    uint64_t hashes[EXPR_CACHE_WAYS]; /* of entries that are there */
    struct entry *entries[EXPR_CACHE_WAYS];
};

struct expr_cache {
    uint8_t hash_key[SIPHASH_KEY_BYTES];
    struct expr_cache_use use;
    uint32_t seen[EXPR_CACHE_SEEN]; /* of hashes that came once; 0: none */
    struct entry_set sets[EXPR_CACHE_SETS];
};

static bool write_key(struct expr_cache_key *key, const struct expr_request *request);
static bool write_bytes(struct expr_cache_key *key, struct bytes bytes);
static bool write_count(struct expr_cache_key *key, size_t count);
static unsigned find_way(const struct entry_set *set, const struct expr_cache_key *key);
static void move_up(struct entry_set *set, unsigned way);
static void note_sighting(struct expr_cache *cache, struct expr_cache_key *key);
static struct entry_set *set_of(struct expr_cache *cache, uint64_t hash);
static uint32_t *seen_of(struct expr_cache *cache, uint64_t hash);
static size_t entry_bytes(const struct entry *entry);
static void drop(struct expr_cache *cache, struct entry *entry);

struct expr_cache *expr_cache_create(void)
{
    struct expr_cache *cache = mem_zalloc(sizeof(*cache));

    rng_fill(cache->hash_key, sizeof(cache->hash_key));
    cache->use.bytes = sizeof(*cache);
    return cache;
}

void expr_cache_destroy(struct expr_cache **cache)
{
    if (*cache == NULL)
        return;
    for (unsigned i = 0; i < EXPR_CACHE_SETS; i++)
        for (unsigned way = 0; way < EXPR_CACHE_WAYS; way++)
            drop(*cache, (*cache)->sets[i].entries[way]);
    ASSERT((*cache)->use.entries == 0 && (*cache)->use.bytes == sizeof(**cache));
    free(*cache);
    *cache = NULL;
}

struct expr_cache_use expr_cache_use(const struct expr_cache *cache)
{
    return cache->use;
}

void expr_cache_key_init(struct expr_cache_key *key, const struct expr_cache *cache,
                         const struct expr_request *request)
{
    key->size = 0;
    key->again = false;
    if (write_key(key, request))
        key->hash = siphash(cache->hash_key, bytes_make(key->bytes, key->size));
    else
        key->size = 0;
}

bool expr_cache_find(struct expr_cache *cache, struct expr_cache_key *key,
                     const struct expr_request *request, struct arena *arena, struct expr_set *set)
{
    struct entry_set *entries;
    unsigned way;

    if (key->size == 0)
        return false;
    entries = set_of(cache, key->hash);
    way = find_way(entries, key);
    if (way == EXPR_CACHE_WAYS) {
        note_sighting(cache, key);
        return false;
    }
    if (!expr_image_open(entries->entries[way]->image, &request->values, arena, set))
        return false;
    move_up(entries, way);
    cache->use.hits++;
    return true;
}

void expr_cache_keep(struct expr_cache *cache, const struct expr_cache_key *key,
                     const struct expr_set *set, const struct expr_condition *key_condition,
                     struct arena *arena)
{
    unsigned way = 0;
    struct entry_set *entries;
    struct expr_image *image;
    struct entry *entry;

    if (!key->again)
        return;
    image = expr_image_create(set, key_condition, arena);
    if (image == NULL)
        return;
    entry = mem_alloc(sizeof(*entry) + key->size);
    entry->image = image;
    entry->key_size = key->size;
    memcpy(entry->key, key->bytes, key->size);
    entries = set_of(cache, key->hash);
    while (way < EXPR_CACHE_WAYS - 1 && entries->entries[way] != NULL)
        way++;
    drop(cache, entries->entries[way]);
    entries->entries[way] = entry;
    entries->hashes[way] = key->hash;
    cache->use.entries++;
    cache->use.bytes += entry_bytes(entry);
    *seen_of(cache, key->hash) = 0; /* if it has to go, it comes back after two sightings */
}

/* --- keys ------------------------------------------------------------------------------------- */

/* Everything with its size in front, so that no two requests have the same bytes. */
static bool write_key(struct expr_cache_key *key, const struct expr_request *request)
{
    const struct expr_placeholders *names = &request->names, *values = &request->values;

    for (unsigned i = 0; i < EXPR_KINDS; i++) {
        const struct yyjson_val *json = request->texts[i];

        if (!write_count(key, json != NULL) ||
            (json != NULL && !write_bytes(key, expr_text_of(json))))
            return false;
    }
    if (!write_count(key, names->count) || !write_count(key, values->count))
        return false;
    for (unsigned i = 0; i < names->count; i++)
        if (!write_bytes(key, names->rows[i].key) || !write_bytes(key, names->rows[i].name))
            return false;
    for (unsigned i = 0; i < values->count; i++)
        if (!write_bytes(key, values->rows[i].key) ||
            !write_count(key, (size_t)values->rows[i].value.type))
            return false;
    return true;
}

static bool write_bytes(struct expr_cache_key *key, struct bytes bytes)
{
    if (bytes.size > sizeof(key->bytes) - key->size || !write_count(key, bytes.size) ||
        bytes.size > sizeof(key->bytes) - key->size)
        return false;
    memcpy(key->bytes + key->size, bytes.data, bytes.size);
    key->size += bytes.size;
    return true;
}

static bool write_count(struct expr_cache_key *key, size_t count)
{
    _Static_assert(EXPR_CACHE_KEY_BYTES_MAX <= UINT16_MAX, "so that sizes have two bytes");
    if (sizeof(key->bytes) - key->size < 2)
        return false;
    bytes_put_u16(key->bytes + key->size, (uint16_t)count);
    key->size += 2;
    return true;
}

/* --- entries ---------------------------------------------------------------------------------- */

/* EXPR_CACHE_WAYS: none. */
static unsigned find_way(const struct entry_set *set, const struct expr_cache_key *key)
{
    unsigned way = 0;

    for (; way < EXPR_CACHE_WAYS; way++) {
        const struct entry *entry = set->entries[way];

        if (set->hashes[way] == key->hash && entry != NULL && entry->key_size == key->size &&
            memcmp(entry->key, key->bytes, key->size) == 0)
            break;
    }
    return way;
}

static void move_up(struct entry_set *set, unsigned way)
{
    struct entry *entry = set->entries[way];
    uint64_t hash = set->hashes[way];

    if (way == 0)
        return;
    set->entries[way] = set->entries[way - 1];
    set->hashes[way] = set->hashes[way - 1];
    set->entries[way - 1] = entry;
    set->hashes[way - 1] = hash;
}

static void note_sighting(struct expr_cache *cache, struct expr_cache_key *key)
{
    uint32_t *seen = seen_of(cache, key->hash);
    uint32_t mark = (uint32_t)(key->hash >> 32) | 1;

    key->again = *seen == mark;
    *seen = mark;
}

static struct entry_set *set_of(struct expr_cache *cache, uint64_t hash)
{
    return &cache->sets[hash % EXPR_CACHE_SETS];
}

static uint32_t *seen_of(struct expr_cache *cache, uint64_t hash)
{
    return &cache->seen[hash % EXPR_CACHE_SEEN];
}

static size_t entry_bytes(const struct entry *entry)
{
    return sizeof(*entry) + entry->key_size + expr_image_bytes(entry->image);
}

static void drop(struct expr_cache *cache, struct entry *entry)
{
    if (entry == NULL)
        return;
    cache->use.entries--;
    cache->use.bytes -= entry_bytes(entry);
    free(entry->image);
    free(entry);
}
