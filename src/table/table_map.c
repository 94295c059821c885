/* table_map.c - a hash map that readers share, and a list of the tables of each place. */
#include "table/table_map.h"

#include "base/mem.h"

#include <stdlib.h>

#define HASHED_BYTES_MAX 512 /* an account has 12, a region under 20, a name 255 */

struct table_map_entry {
    struct table_map_entry *next;
    struct table_map_entry *next_here; /* of its place */
    struct table *table;
};

/* An account and region that has tables. */
struct table_map_place {
    struct table_map_place *next;
    struct table_map_entry *tables; /* at least one */
};

static uint64_t hash_of(const struct table_map *map, struct bytes account, struct bytes region,
                        struct bytes name);
static struct table_map_entry **find(struct table_map *map, struct bytes account,
                                     struct bytes region, struct bytes name);
static struct table_map_place **find_place(struct table_map *map, struct bytes account,
                                           struct bytes region);
static void add_to_place(struct table_map *map, struct table_map_entry *entry);
static void remove_from_place(struct table_map *map, const struct table_map_entry *entry);

void table_map_init(struct table_map *map, const uint8_t *hash_key)
{
    *map = (struct table_map){.hash_key = hash_key};
    pthread_rwlock_init(&map->lock, NULL);
}

void table_map_fini(struct table_map *map)
{
    for (unsigned i = 0; i < TABLE_MAP_BUCKETS; i++) {
        while (map->buckets[i] != NULL) {
            struct table_map_entry *entry = map->buckets[i];

            map->buckets[i] = entry->next;
            table_release(&entry->table);
            free(entry);
        }
    }
    for (unsigned i = 0; i < TABLE_MAP_PLACES; i++) {
        while (map->places[i] != NULL) {
            struct table_map_place *place = map->places[i];

            map->places[i] = place->next;
            free(place);
        }
    }
    pthread_rwlock_destroy(&map->lock);
}

struct table *table_map_acquire(struct table_map *map, struct bytes account, struct bytes region,
                                struct bytes name)
{
    struct table *table = NULL;
    struct table_map_entry *entry;

    pthread_rwlock_rdlock(&map->lock);
    entry = *find(map, account, region, name);
    if (entry != NULL)
        table = table_acquire(entry->table);
    pthread_rwlock_unlock(&map->lock);
    return table;
}

void table_map_put(struct table_map *map, struct table *table)
{
    const struct table_definition *d = &table->definition;
    struct table_map_entry **at;
    struct table *old = NULL;

    pthread_rwlock_wrlock(&map->lock);
    at = find(map, d->account, d->region, d->name);
    if (*at == NULL) {
        *at = mem_zalloc(sizeof(**at));
        (*at)->table = table_acquire(table);
        add_to_place(map, *at);
    } else {
        old = (*at)->table;
        (*at)->table = table_acquire(table);
    }
    pthread_rwlock_unlock(&map->lock);
    table_release(&old);
}

void table_map_remove(struct table_map *map, const struct table *table)
{
    const struct table_definition *d = &table->definition;
    struct table_map_entry *entry;
    struct table_map_entry **at;

    pthread_rwlock_wrlock(&map->lock);
    at = find(map, d->account, d->region, d->name);
    entry = *at;
    if (entry != NULL && entry->table->definition.id == d->id) {
        remove_from_place(map, entry);
        *at = entry->next;
    } else {
        entry = NULL; /* the name belongs to a newer table */
    }
    pthread_rwlock_unlock(&map->lock);
    if (entry != NULL)
        table_release(&entry->table);
    free(entry);
}

void table_map_visit(struct table_map *map, table_map_visit_fn *visit, void *ctx)
{
    pthread_rwlock_rdlock(&map->lock);
    for (unsigned i = 0; i < TABLE_MAP_BUCKETS; i++)
        for (const struct table_map_entry *e = map->buckets[i]; e != NULL; e = e->next)
            visit(ctx, e->table);
    pthread_rwlock_unlock(&map->lock);
}

void table_map_visit_place(struct table_map *map, struct bytes account, struct bytes region,
                           table_map_visit_fn *visit, void *ctx)
{
    const struct table_map_place *place;

    pthread_rwlock_rdlock(&map->lock);
    place = *find_place(map, account, region);
    for (const struct table_map_entry *e = place != NULL ? place->tables : NULL; e != NULL;
         e = e->next_here)
        visit(ctx, e->table);
    pthread_rwlock_unlock(&map->lock);
}

bool table_map_restores_from(struct table_map *map, uint32_t table_id)
{
    bool found = false;

    pthread_rwlock_rdlock(&map->lock);
    for (unsigned i = 0; i < TABLE_MAP_BUCKETS && !found; i++)
        for (const struct table_map_entry *e = map->buckets[i]; e != NULL && !found; e = e->next)
            found = e->table->definition.filling.source_id == table_id;
    pthread_rwlock_unlock(&map->lock);
    return found;
}

unsigned table_map_acquire_some(struct table_map *map, table_map_wants_fn *wants, void *ctx,
                                struct table *tables[], unsigned max)
{
    unsigned place = 0;

    return table_map_acquire_next(map, &place, wants, ctx, tables, max);
}

unsigned table_map_acquire_next(struct table_map *map, unsigned *place, table_map_wants_fn *wants,
                                void *ctx, struct table *tables[], unsigned max)
{
    unsigned count = 0;

    pthread_rwlock_rdlock(&map->lock);
    for (unsigned seen = 0; seen < TABLE_MAP_BUCKETS && count < max; seen++, *place += 1) {
        const struct table_map_entry *e = map->buckets[*place % TABLE_MAP_BUCKETS];

        for (; e != NULL && count < max; e = e->next)
            if (wants(ctx, e->table))
                tables[count++] = table_acquire(e->table);
    }
    pthread_rwlock_unlock(&map->lock);
    return count;
}

/* Of all three in one piece, since a request looks for its table with it; of the beginning, should
 * they be longer than any that are given. */
static uint64_t hash_of(const struct table_map *map, struct bytes account, struct bytes region,
                        struct bytes name)
{
    const struct bytes parts[] = {account, region, name};
    uint8_t text[HASHED_BYTES_MAX];
    size_t size = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t most = sizeof(text) - size;
        size_t taken = parts[i].size < most ? parts[i].size : most;

        if (taken != 0)
            memcpy(text + size, parts[i].data, taken);
        size += taken;
    }
    return siphash(map->hash_key, bytes_make(text, size));
}

/* The place of the entry, or where it would be added. Under the lock. */
static struct table_map_entry **find(struct table_map *map, struct bytes account,
                                     struct bytes region, struct bytes name)
{
    uint64_t hash = hash_of(map, account, region, name);
    struct table_map_entry **at = &map->buckets[hash % TABLE_MAP_BUCKETS];

    while (*at != NULL && !(bytes_equal((*at)->table->definition.name, name) &&
                            bytes_equal((*at)->table->definition.region, region) &&
                            bytes_equal((*at)->table->definition.account, account)))
        at = &(*at)->next;
    return at;
}

/* Where the place is, or would be added. Under the lock. */
static struct table_map_place **find_place(struct table_map *map, struct bytes account,
                                           struct bytes region)
{
    uint64_t hash = hash_of(map, account, region, BYTES(""));
    struct table_map_place **at = &map->places[hash % TABLE_MAP_PLACES];

    while (*at != NULL && !(bytes_equal((*at)->tables->table->definition.region, region) &&
                            bytes_equal((*at)->tables->table->definition.account, account)))
        at = &(*at)->next;
    return at;
}

static void add_to_place(struct table_map *map, struct table_map_entry *entry)
{
    const struct table_definition *d = &entry->table->definition;
    struct table_map_place **at = find_place(map, d->account, d->region);

    if (*at == NULL)
        *at = mem_zalloc(sizeof(**at));
    entry->next_here = (*at)->tables;
    (*at)->tables = entry;
}

static void remove_from_place(struct table_map *map, const struct table_map_entry *entry)
{
    const struct table_definition *d = &entry->table->definition;
    struct table_map_place **at = find_place(map, d->account, d->region), *place = *at;
    struct table_map_entry **link = &place->tables;

    while (*link != entry)
        link = &(*link)->next_here;
    *link = entry->next_here;
    if (place->tables != NULL)
        return;
    *at = place->next;
    free(place);
}
