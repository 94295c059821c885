/* store_bulk.c - from rows in any order to files of the engine. */
#include "store/store_bulk.h"

#include "base/mem.h"
#include "store/store_core_priv.h"
#include "store/store_sort.h"

#include <stdlib.h>

struct store_bulk {
    struct store *store;
    struct store_bulk_options options;
    struct store_sort *sort;     /* NULL: ascending */
    struct store_ingest *ingest; /* of sorted rows */
    struct buf last;             /* ascending: the key before */
    bool begun;
};

static enum err take_row(struct store_bulk *bulk, struct bytes key, struct bytes value);
static enum err take_sorted(struct store_bulk *bulk);

struct store_bulk *store_bulk_begin(struct store *store, const struct store_bulk_options *options)
{
    struct store_bulk *bulk = mem_zalloc(sizeof(*bulk));

    bulk->store = store;
    bulk->options = *options;
    if (!options->ascending)
        bulk->sort = store_sort_create(store->engine, options->buffer_bytes, options->stopping,
                                       options->stopping_ctx);
    bulk->ingest = store->engine->class->ingest_begin(store->engine);
    buf_init(&bulk->last, SIZE_MAX);
    return bulk;
}

enum err store_bulk_put(struct store_bulk *bulk, struct bytes key, struct bytes value)
{
    if (bulk->sort != NULL)
        return store_sort_add(bulk->sort, key, value);
    if (bulk->begun && bytes_compare(key, buf_bytes(&bulk->last)) <= 0)
        return ERR_CORRUPT;
    bulk->begun = true;
    buf_reset(&bulk->last, SIZE_MAX);
    buf_append_bytes(&bulk->last, key);
    return take_row(bulk, key, value);
}

enum err store_bulk_put_count(struct store_bulk *bulk, struct bytes counter_key,
                              struct store_count count)
{
    uint8_t record[STORE_COUNT_RECORD_BYTES];

    if (count.items == 0 && count.bytes == 0)
        return OK;
    store_count_record(&count, record);
    return store_bulk_put(bulk, counter_key, bytes_make(record, sizeof(record)));
}

enum err store_bulk_finish(struct store_bulk **bulk)
{
    struct store_bulk *b = *bulk;
    enum err err = OK;

    if (b->sort != NULL)
        err = take_sorted(b);
    if (err == OK && atomic_load_explicit(&b->store->full, memory_order_relaxed))
        err = ERR_NO_SPACE; /* the engine is not to be touched now */
    if (err == OK)
        err = b->ingest->finish(b->ingest);
    store_bulk_abandon(bulk);
    return err;
}

void store_bulk_abandon(struct store_bulk **bulk)
{
    struct store_bulk *b = *bulk;

    if (b == NULL)
        return;
    b->ingest->end(b->ingest);
    store_sort_destroy(&b->sort);
    buf_fini(&b->last);
    free(b);
    *bulk = NULL;
}

static enum err take_row(struct store_bulk *bulk, struct bytes key, struct bytes value)
{
    enum err err = bulk->ingest->add(bulk->ingest, key, value);

    if (err == OK && bulk->options.row != NULL)
        err = bulk->options.row(bulk->options.ctx, key, value);
    return err;
}

static enum err take_sorted(struct store_bulk *bulk)
{
    struct bytes key, value;
    enum err err = store_sort_turn(bulk->sort);

    while (err == OK && (err = store_sort_next(bulk->sort, &key, &value)) == OK)
        err = take_row(bulk, key, value);
    return err == ERR_ABSENT ? OK : err;
}
