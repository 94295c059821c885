/* table_map.h - the newest definition of each table, by (account, region, name), in memory.
 * Threads: any. A visit runs under the map's lock: it is brief and does not come back here.
 */
#pragma once

#include "base/siphash.h"
#include "table/table.h"

#include <pthread.h>

#define TABLE_MAP_BUCKETS 1024
#define TABLE_MAP_PLACES  256

struct table_map_entry;
struct table_map_place;

struct table_map {
    const uint8_t *hash_key; /* of SIPHASH_KEY_BYTES; set before the first use */
    pthread_rwlock_t lock;   /* guards both lists */
    struct table_map_entry *buckets[TABLE_MAP_BUCKETS];
    struct table_map_place *places[TABLE_MAP_PLACES]; /* accounts and regions that have tables */
};

void table_map_init(struct table_map *map, const uint8_t *hash_key);
/* Releases what is in it. */
void table_map_fini(struct table_map *map);

/* NULL: no such table. */
struct table *table_map_acquire(struct table_map *map, struct bytes account, struct bytes region,
                                struct bytes name);
/* Takes the place of the definition that has its name; the map holds it. */
void table_map_put(struct table_map *map, struct table *table);
/* The name is free, unless it belongs to another table by now. */
void table_map_remove(struct table_map *map, const struct table *table);

/* Each table, in no order. */
typedef void table_map_visit_fn(void *ctx, struct table *table);
void table_map_visit(struct table_map *map, table_map_visit_fn *visit, void *ctx);
/* Those of an account and region: costs nothing for the tables of others. */
void table_map_visit_place(struct table_map *map, struct bytes account, struct bytes region,
                           table_map_visit_fn *visit, void *ctx);

/* Whether one is being filled with the history of the table of this id. */
bool table_map_restores_from(struct table_map *map, uint32_t table_id);

/* Those that are wanted, held: at most `max`. */
typedef bool table_map_wants_fn(void *ctx, const struct table *table);
unsigned table_map_acquire_some(struct table_map *map, table_map_wants_fn *wants, void *ctx,
                                struct table *tables[], unsigned max);
/* The same, going on where the last call with this place ended, and around, so that each has its
 * turn where there are more than `max`. */
unsigned table_map_acquire_next(struct table_map *map, unsigned *place, table_map_wants_fn *wants,
                                void *ctx, struct table *tables[], unsigned max);
