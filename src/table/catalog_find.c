/* catalog_find.c - questions to the map of tables. */
#include "base/assert.h"
#include "table/catalog_priv.h"
#include "table/index_expiry.h"

#include <stdatomic.h>
#include <stdlib.h>

/* What is added up, over whose tables. */
struct sum {
    struct bytes account;
    struct bytes backup_arn;
    enum table_way way;
    uint64_t total;
};

struct listing {
    struct bytes after;
    struct arena *arena;
    struct bytes *names;
    unsigned count, capacity;
};

struct table *catalog_acquire(struct catalog *catalog, struct bytes account, struct bytes region,
                              struct bytes name)
{
    return table_map_acquire(&catalog->map, account, region, name);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void add_name(void *ctx, struct table *table)
{
    const struct table_definition *d = &table->definition;
    struct listing *listing = ctx;

    if (bytes_compare(d->name, listing->after) <= 0)
        return;
    if (listing->count == listing->capacity) {
        size_t used_bytes = listing->capacity * sizeof(listing->names[0]);

        listing->capacity = listing->capacity == 0 ? 64 : listing->capacity * 2;
        listing->names = arena_resize(listing->arena, listing->names, used_bytes,
                                      listing->capacity * sizeof(listing->names[0]));
    }
    listing->names[listing->count++] = arena_copy(listing->arena, d->name);
}

static int compare_names(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

bool catalog_list(struct catalog *catalog, struct bytes account, struct bytes region,
                  struct bytes after, unsigned limit, struct arena *arena, struct bytes **names,
                  unsigned *count)
{
    struct listing listing = {.after = after, .arena = arena};

    table_map_visit_place(&catalog->map, account, region, add_name, &listing);
    if (listing.count != 0)
        qsort(listing.names, listing.count, sizeof(listing.names[0]), compare_names);
    *names = listing.names;
    *count = listing.count < limit ? listing.count : limit;
    return listing.count > limit;
}

/* --- sums ------------------------------------------------------------------------------------- */

static bool restores(const struct table_definition *d)
{
    return d->status != TABLE_DELETING && table_is_restoring(d);
}

static void add_table(void *ctx, struct table *table)
{
    struct sum *sum = ctx;

    (void)table;
    sum->total++;
}

static void add_units(void *ctx, struct table *table)
{
    struct sum *sum = ctx;

    sum->total += table_provisioned_units(&table->definition, sum->way);
}

static void add_restoring(void *ctx, struct table *table)
{
    struct sum *sum = ctx;

    sum->total +=
        restores(&table->definition) && bytes_equal(table->definition.account, sum->account);
}

static void add_restoring_from(void *ctx, struct table *table)
{
    struct sum *sum = ctx;

    sum->total += restores(&table->definition) &&
                  bytes_equal(table->definition.filling.backup_arn, sum->backup_arn);
}

unsigned catalog_count(struct catalog *catalog, struct bytes account, struct bytes region)
{
    struct sum sum = {0};

    table_map_visit_place(&catalog->map, account, region, add_table, &sum);
    return (unsigned)sum.total;
}

uint64_t catalog_provisioned_units(struct catalog *catalog, struct bytes account,
                                   struct bytes region, enum table_way way)
{
    struct sum sum = {.way = way};

    table_map_visit_place(&catalog->map, account, region, add_units, &sum);
    return sum.total;
}

unsigned catalog_count_restoring(struct catalog *catalog, struct bytes account)
{
    struct sum sum = {.account = account};

    table_map_visit(&catalog->map, add_restoring, &sum);
    return (unsigned)sum.total;
}

bool catalog_is_restoring_from(struct catalog *catalog, struct bytes backup_arn)
{
    struct sum sum = {.backup_arn = backup_arn};

    table_map_visit(&catalog->map, add_restoring_from, &sum);
    return sum.total != 0;
}

bool catalog_is_restoring_table(struct catalog *catalog, uint32_t table_id)
{
    return table_map_restores_from(&catalog->map, table_id);
}

/* --- work for background threads -------------------------------------------------------------- */

bool catalog_has_index_work(const struct table_definition *d)
{
    for (unsigned i = 0; i < d->index_count; i++)
        if (d->indexes[i].status == INDEX_CREATING || d->indexes[i].status == INDEX_DELETING)
            return true;
    return d->ttl.gone_before != 0 ||
           (d->ttl.index.id != 0 && d->ttl.index.status == INDEX_CREATING);
}

static bool wants_index_work(void *ctx, const struct table *table)
{
    (void)ctx;
    return table->definition.status != TABLE_DELETING && catalog_has_index_work(&table->definition);
}

static bool is_filling(void *ctx, const struct table *table)
{
    (void)ctx;
    return table->definition.status != TABLE_DELETING && table_is_filling(&table->definition);
}

static bool has_expired(void *ctx, const struct table *table)
{
    const struct index_expiry_state *expiry = table_expiry(table);
    const struct table_definition *d = &table->definition;
    const uint64_t *now_s = ctx;

    return d->ttl.index.id != 0 && d->status != TABLE_DELETING &&
           (atomic_load(&expiry->goes_on) || atomic_load(&expiry->first_s) <= *now_s);
}

unsigned catalog_acquire_for_index_work(struct catalog *catalog, struct table *tables[],
                                        unsigned max)
{
    return table_map_acquire_some(&catalog->map, wants_index_work, NULL, tables, max);
}

unsigned catalog_acquire_filling(struct catalog *catalog, struct table *tables[], unsigned max)
{
    return table_map_acquire_some(&catalog->map, is_filling, NULL, tables, max);
}

unsigned catalog_acquire_expiring(struct catalog *catalog, uint64_t now_s, unsigned *place,
                                  struct table *tables[], unsigned max)
{
    return table_map_acquire_next(&catalog->map, place, has_expired, &now_s, tables, max);
}
