/* table_fill.c - items in, one pass over them, and the table is there. */
#include "table/table_fill.h"

#include "base/assert.h"
#include "base/mem.h"
#include "store/store_bulk.h"
#include "table/catalog.h"
#include "table/index_entry.h"
#include "table/index_write.h"
#include "table/table_keys.h"
#include "table/table_purge.h"

#include <stdlib.h>

#define BUFFER_BYTES ((size_t)32 << 20) /* for items, and for what follows from them */

struct table_fill {
    struct catalog *catalog;
    struct table *table; /* held */
    struct table_fill_options options;
    struct store_bulk *items;
    struct store_bulk *rest; /* entries of indexes, counters of item collections; NULL: none */
    uint64_t version;        /* of all items and entries */
    struct store_count count;
    struct store_count *index_counts; /* by place in the definition */
    struct store_count collection;    /* of the one that the last item belongs to */
    struct buf collection_key;
    struct arena arena;
    struct buf row;
    bool finished;
};

static void begin_bulks(struct table_fill *fill);
static void add_counts(struct table_fill *fill, struct store_mutation *mutation);
static struct table *acquire_again(struct catalog *catalog, const struct table *table);
static enum err purge(const struct table_fill *fill);
static enum err take_item(void *ctx, struct bytes key, struct bytes stored);
static enum err add_entries(struct table_fill *fill, const struct item *item,
                            uint64_t *local_bytes);
static enum err count_collection(struct table_fill *fill, struct bytes key, uint64_t bytes);
static enum err end_collection(struct table_fill *fill);

enum err table_fill_begin(struct catalog *catalog, const struct table_definition *definition,
                          struct store_mutation *mutation, struct table **table)
{
    ASSERT(definition->id == 0 && table_is_filling(definition));
    return catalog_put_with(catalog, definition, mutation, table);
}

struct table *table_fill_acquire(struct catalog *catalog, struct bytes account, struct bytes region,
                                 struct bytes name, struct bytes job_id)
{
    struct table *table = catalog_acquire(catalog, account, region, name);

    if (table != NULL &&
        (!table_is_filling(&table->definition) || table->definition.status == TABLE_DELETING ||
         !bytes_equal(table->definition.filling.job_id, job_id)))
        table_release(&table);
    return table;
}

enum err table_fill_open(struct catalog *catalog, struct table *table,
                         const struct table_fill_options *options, struct table_fill **fill)
{
    struct table_fill *f = mem_zalloc(sizeof(*f));
    struct store *store = catalog_store(catalog);
    const struct table_definition *d = &table->definition;
    enum err err;

    ASSERT(table_is_filling(d));
    f->catalog = catalog;
    f->table = table_acquire(table);
    f->options = *options;
    f->version = store_newest_version(store);
    f->index_counts = mem_zalloc(d->index_count * sizeof(f->index_counts[0]));
    arena_init(&f->arena);
    buf_init(&f->row, SIZE_MAX);
    buf_init(&f->collection_key, SIZE_MAX);
    err = purge(f);
    if (err != OK) {
        table_fill_close(&f);
        return err;
    }
    begin_bulks(f);
    *fill = f;
    return OK;
}

static void begin_bulks(struct table_fill *fill)
{
    struct store *store = catalog_store(fill->catalog);
    struct store_bulk_options options = {
        .buffer_bytes = BUFFER_BYTES,
        .ascending = fill->options.ascending,
        .row = take_item,
        .ctx = fill,
        .stopping = fill->options.stopping,
        .stopping_ctx = fill->options.ctx,
    };

    fill->items = store_bulk_begin(store, &options);
    if (fill->table->definition.index_count == 0)
        return;
    options.ascending = false;
    options.row = NULL;
    fill->rest = store_bulk_begin(store, &options);
}

void table_fill_close(struct table_fill **fill)
{
    struct table_fill *f = *fill;

    if (f == NULL)
        return;
    store_bulk_abandon(&f->items);
    store_bulk_abandon(&f->rest);
    table_release(&f->table);
    free(f->index_counts);
    buf_fini(&f->row);
    buf_fini(&f->collection_key);
    arena_fini(&f->arena);
    free(f);
    *fill = NULL;
}

enum err table_fill_add(struct table_fill *fill, struct value attributes)
{
    const struct table_definition *d = &fill->table->definition;
    struct arena_mark mark = arena_mark(&fill->arena);
    struct bytes key =
        key_of_item(&d->schema, d->id, catalog_hash_key(fill->catalog), attributes, &fill->arena);
    struct bytes stored = item_store(attributes, 0, &fill->arena);
    enum err err;

    bytes_put_u64((uint8_t *)stored.data + ITEM_VERSION_OFFSET, fill->version);
    err = store_bulk_put(fill->items, key, stored);
    arena_release(&fill->arena, mark);
    return err;
}

enum err table_fill_add_stored(struct table_fill *fill, struct bytes key, struct bytes stored)
{
    uint8_t *row;

    if (key.size <= KEY_PREFIX_BYTES || stored.size <= ITEM_HEADER_BYTES)
        return ERR_CORRUPT;
    buf_reset(&fill->row, SIZE_MAX);
    buf_append_bytes(&fill->row, key);
    buf_append_bytes(&fill->row, stored);
    row = fill->row.data;
    bytes_put_u32(row, fill->table->definition.id);
    bytes_put_u64(row + key.size + ITEM_VERSION_OFFSET, fill->version);
    return store_bulk_put(fill->items, bytes_make(row, key.size),
                          bytes_make(row + key.size, stored.size));
}

enum err table_fill_finish(struct table_fill *fill, struct store_count *count)
{
    enum err err = store_bulk_finish(&fill->items);

    if (err == OK)
        err = end_collection(fill);
    if (err == OK && fill->rest != NULL)
        err = store_bulk_finish(&fill->rest);
    if (err == OK) {
        fill->finished = true;
        *count = fill->count;
    }
    return err;
}

enum err table_fill_publish(struct table_fill *fill, struct store_mutation *mutation)
{
    struct table *now, *active = NULL;
    enum err err = ERR_ABSENT;

    ASSERT(fill->finished);
    catalog_change_begin(fill->catalog);
    now = acquire_again(fill->catalog, fill->table);
    if (now != NULL) {
        struct table_definition d = now->definition;

        d.filling = (struct table_filling){0};
        d.status = TABLE_ACTIVE;
        d.status_until_ms = 0;
        add_counts(fill, mutation);
        err = catalog_put_with(fill->catalog, &d, mutation, &active);
    } else {
        store_mutation_destroy(&mutation);
    }
    catalog_change_end(fill->catalog);
    table_release(&active);
    table_release(&now);
    return err;
}

static void add_counts(struct table_fill *fill, struct store_mutation *mutation)
{
    const struct table_definition *d = &fill->table->definition;

    store_mutation_count(mutation, table_count_key(d->id, 0, &fill->arena),
                         (int64_t)fill->count.items, (int64_t)fill->count.bytes);
    for (unsigned i = 0; i < d->index_count; i++)
        store_mutation_count(mutation, table_count_key(d->id, d->indexes[i].id, &fill->arena),
                             (int64_t)fill->index_counts[i].items,
                             (int64_t)fill->index_counts[i].bytes);
}

enum err table_fill_abandon(struct catalog *catalog, struct table *table,
                            struct store_mutation *mutation)
{
    struct table *now;
    enum err err;

    catalog_change_begin(catalog);
    now = acquire_again(catalog, table);
    if (now != NULL) {
        err = catalog_drop_with(catalog, now, 0, mutation);
    } else {
        err = store_submit_and_wait(catalog_store(catalog), NULL, &mutation);
        store_mutation_destroy(&mutation);
    }
    catalog_change_end(catalog);
    table_release(&now);
    return err;
}

/* As it is now, and its job still fills it. */
static struct table *acquire_again(struct catalog *catalog, const struct table *table)
{
    const struct table_definition *d = &table->definition;

    return table_fill_acquire(catalog, d->account, d->region, d->name, d->filling.job_id);
}

static enum err purge(const struct table_fill *fill)
{
    static const _Atomic bool never = false; /* little is there, unless it crashed */
    struct arena arena;
    enum err err;

    arena_init(&arena);
    err = table_purge_range(catalog_store(fill->catalog), STORE_DATA,
                            table_whole_range(fill->table->definition.id, &arena), &never);
    arena_fini(&arena);
    return err;
}

/* --- the pass over all items, in the order of their keys --------------------------------------*/

static enum err take_item(void *ctx, struct bytes key, struct bytes stored)
{
    struct table_fill *fill = ctx;
    uint64_t local_bytes = 0;
    struct item item;
    enum err err;

    err = item_open(stored, &item);
    if (err != OK)
        return err;
    fill->count.items++;
    fill->count.bytes += item.size_bytes;
    if (fill->rest == NULL)
        return OK;
    err = add_entries(fill, &item, &local_bytes);
    if (err == OK && index_counts_collections(&fill->table->definition))
        err = count_collection(fill, key, item.size_bytes + local_bytes);
    return err;
}

static enum err add_entries(struct table_fill *fill, const struct item *item, uint64_t *local_bytes)
{
    const struct table_definition *d = &fill->table->definition;
    struct value none = item_absent().attributes;
    enum err err = OK;

    for (unsigned i = 0; err == OK && i < d->index_count; i++) {
        struct arena_mark mark = arena_mark(&fill->arena);
        struct index_diff diff;

        index_diff(d, &d->indexes[i], catalog_hash_key(fill->catalog), none, item->attributes,
                   &fill->arena, &diff);
        if (diff.change == INDEX_CHANGE_ADD) {
            bytes_put_u64((uint8_t *)diff.new_value.data + ITEM_VERSION_OFFSET, fill->version);
            err = store_bulk_put(fill->rest, diff.new_key, diff.new_value);
            fill->index_counts[i].items++;
            fill->index_counts[i].bytes += diff.new_bytes;
            if (d->indexes[i].definition.kind == INDEX_LOCAL)
                *local_bytes += diff.new_bytes;
        }
        arena_release(&fill->arena, mark);
    }
    return err;
}

/* Items of a collection follow each other. */
static enum err count_collection(struct table_fill *fill, struct bytes key, uint64_t bytes)
{
    struct arena_mark mark = arena_mark(&fill->arena);
    struct bytes counter_key = table_collection_count_key(key, &fill->arena);
    enum err err = OK;

    if (!bytes_equal(counter_key, buf_bytes(&fill->collection_key))) {
        err = end_collection(fill);
        buf_reset(&fill->collection_key, SIZE_MAX);
        buf_append_bytes(&fill->collection_key, counter_key);
    }
    arena_release(&fill->arena, mark);
    fill->collection.items++;
    fill->collection.bytes += bytes;
    return err;
}

static enum err end_collection(struct table_fill *fill)
{
    struct store_count count = fill->collection;

    fill->collection = (struct store_count){0};
    return count.items == 0
               ? OK
               : store_bulk_put_count(fill->rest, buf_bytes(&fill->collection_key), count);
}
