/* collection_test.c - the range that a collection's size lies in, and that it may have to wait. */
#include "api/collection.h"
#include "table/index_write.h"
#include "table/table_keys.h"
#include "unit.h"

static const uint8_t hash_key[SIPHASH_KEY_BYTES];
static const struct table_index by_v = {
    .id = 1,
    .definition = {.kind = INDEX_LOCAL,
                   .schema = {.hash_count = 1,
                              .range_count = 1,
                              .attributes = {{BYTES("p"), VALUE_S}, {BYTES("v"), VALUE_S}}}},
    .status = INDEX_ACTIVE};

struct bed {
    struct store *store;
    struct api api;
    struct arena arena;
    struct req req;
    struct table table;
    yyjson_doc *input;
};

static void bed_open(struct bed *bed, const char *input)
{
    struct store_options options = {.queue_bytes_max = 64 << 20};

    *bed = (struct bed){0};
    arena_init(&bed->arena);
    fault_init(&bed->req.fault, &bed->arena);
    CHECK_OK(store_open(&options, &bed->req.fault, &bed->store));
    bed->api.store = bed->store;
    bed->req.api = &bed->api;
    bed->req.arena = &bed->arena;
    bed->req.may_wait = true;
    bed->input = yyjson_read(input, strlen(input), 0);
    bed->req.input = yyjson_doc_get_root(bed->input);
    bed->table.definition.id = 1;
    bed->table.definition.schema =
        (struct key_schema){.hash_count = 1, .attributes = {{BYTES("p"), VALUE_S}}};
    bed->table.definition.indexes = &by_v;
    bed->table.definition.index_count = 1;
}

static void bed_close(struct bed *bed)
{
    yyjson_doc_free(bed->input);
    store_close(&bed->store);
    arena_fini(&bed->arena);
}

/* Notes the collection of p = `hash`; the key of its item. */
static struct bytes note(struct bed *bed, struct collections *collections, const char *hash)
{
    struct bytes json = arena_format(&bed->arena, "{\"p\":{\"S\":\"%s\"}}", hash);
    yyjson_doc *doc = yyjson_read((const char *)json.data, json.size, 0);
    struct value item;
    struct bytes key;

    CHECK_OK(value_map_from_json(yyjson_doc_get_root(doc), &bed->arena, &bed->req.fault, &item));
    key = key_of_item(&bed->table.definition.schema, 1, hash_key, item, &bed->arena);
    CHECK_OK(collections_note(&bed->req, collections, 3, BYTES("T"), &bed->table, key, item));
    yyjson_doc_free(doc);
    return key;
}

/* A change that only counts would be none. */
static void add_bytes(struct bed *bed, struct bytes key, int64_t bytes)
{
    struct store_mutation *mutation = store_mutation_create();

    store_mutation_put(mutation, STORE_DATA, key, STORE_NO_STAMP, BYTES("x"), STORE_NO_STAMP);
    store_mutation_count(mutation, table_collection_count_key(key, &bed->arena), 1, bytes);
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &mutation));
}

TEST(collection_sizes_are_told_in_gigabytes)
{
    static const struct {
        int64_t bytes;
        const char *range;
    } rows[] = {
        {0, "[0.0,1.0]"},
        {((int64_t)1 << 30) - 1, "[0.0,1.0]"},
        {(int64_t)1 << 30, "[1.0,2.0]"},
        {((int64_t)5 << 29) + 7, "[2.0,3.0]"},
        {((int64_t)10 << 30) - 1, "[9.0,10.0]"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct collections before = {0}, after = {0};
        struct bytes expected;
        struct buf reply;
        struct bed bed;

        bed_open(&bed, "{\"ReturnItemCollectionMetrics\":\"SIZE\"}");
        add_bytes(&bed, note(&bed, &before, "a"), rows[i].bytes);
        note(&bed, &after, "a");
        buf_init_arena(&reply, &bed.arena, SIZE_MAX);
        buf_append_byte(&reply, '{');
        collections_append_member(&reply, &after);
        expected = arena_format(&bed.arena,
                                "{\"ItemCollectionMetrics\":{\"ItemCollectionKey\":{\"p\":{\"S\":"
                                "\"a\"}},\"SizeEstimateRangeGB\":%s}",
                                rows[i].range);
        CHECK_TEXT(buf_bytes(&reply), (const char *)expected.data);
        bed_close(&bed);
    }
}

TEST(collections_are_told_once_each_and_only_if_asked)
{
    static const char *const inputs[] = {"{\"ReturnItemCollectionMetrics\":\"NONE\"}", "{}",
                                         "{\"ReturnItemCollectionMetrics\":\"SIZE\"}"};

    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        struct collections collections = {0};
        struct bed bed;

        bed_open(&bed, inputs[i]);
        note(&bed, &collections, "a");
        note(&bed, &collections, "b");
        note(&bed, &collections, "a");
        CHECK_U64(collections.count, i == 2 ? 2 : 0);
        bed.table.definition.index_count = 0;
        note(&bed, &collections, "c");
        CHECK_U64(collections.count, i == 2 ? 2 : 0);
        bed_close(&bed);
    }
}
