/* collection.c - which item collections were written to, and how large they are about. */
#include "api/collection.h"

#include "api/reply.h"
#include "base/assert.h"
#include "json/json_write.h"
#include "table/index_write.h"

#define GIGABYTE ((uint64_t)1 << 30)

struct collection {
    struct bytes name;
    const struct table *table;
    struct value hash;
    uint64_t bytes;
};

static void append_metrics(struct buf *reply, const struct collection *collection);

enum err collections_note(struct req *req, struct collections *collections, unsigned most,
                          struct bytes name, const struct table *table, struct bytes key,
                          struct value attributes)
{
    struct collection noted = {.name = name, .table = table};
    struct bytes wanted = BYTES("NONE");
    struct store_count size;
    enum err err;

    input_string(req->input, "ReturnItemCollectionMetrics", &wanted);
    if (!bytes_equal_string(wanted, "SIZE") || !index_counts_collections(&table->definition) ||
        !value_find(attributes, table->definition.schema.attributes[0].name, &noted.hash))
        return OK;
    for (unsigned i = 0; i < collections->count; i++)
        if (collections->list[i].table == table &&
            value_equal(collections->list[i].hash, noted.hash))
            return OK;
    err = index_collection_count(req->api->store, key, req->may_wait, &size);
    if (err != OK)
        return err;
    noted.bytes = size.bytes;
    if (collections->list == NULL)
        collections->list = arena_new_array(req->arena, struct collection, most);
    ASSERT(collections->count < most);
    collections->list[collections->count++] = noted;
    return OK;
}

void collections_append_member(struct buf *reply, const struct collections *collections)
{
    if (collections->count == 0)
        return;
    reply_member(reply, "ItemCollectionMetrics");
    append_metrics(reply, &collections->list[0]);
}

void collections_append_by_table(struct buf *reply, const struct collections *collections)
{
    if (collections->count == 0)
        return;
    reply_member(reply, "ItemCollectionMetrics");
    buf_append_byte(reply, '{');
    for (unsigned first = 0; first < collections->count; first++) {
        const struct table *table = collections->list[first].table;
        bool told = false;

        for (unsigned i = 0; i < first; i++)
            told |= collections->list[i].table == table;
        if (told)
            continue;
        reply_member_bytes(reply, collections->list[first].name);
        buf_append_byte(reply, '[');
        for (unsigned i = first; i < collections->count; i++) {
            if (collections->list[i].table != table)
                continue;
            if (i != first)
                buf_append_byte(reply, ',');
            append_metrics(reply, &collections->list[i]);
        }
        buf_append_byte(reply, ']');
    }
    buf_append_byte(reply, '}');
}

/* The range is one gigabyte wide. */
static void append_metrics(struct buf *reply, const struct collection *collection)
{
    double from = (double)(collection->bytes / GIGABYTE);

    buf_append_lit(reply, "{\"ItemCollectionKey\":{");
    reply_member_bytes(reply, collection->table->definition.schema.attributes[0].name);
    value_append_json(reply, collection->hash);
    buf_append_lit(reply, "},\"SizeEstimateRangeGB\":[");
    json_append_double(reply, from);
    buf_append_byte(reply, ',');
    json_append_double(reply, from + 1);
    buf_append_lit(reply, "]}");
}
