/* page_test.c - how far a page goes: in items, in bytes, on a loop, in the size of its reply. */
#include "api/page.h"
#include "store/store.h"
#include "unit.h"

static const uint8_t hash_key[SIPHASH_KEY_BYTES];

struct bed {
    struct store *store;
    struct api api;
    struct arena arena;
    struct buf reply;
    struct req req;
    struct table table;
    struct expr_set expressions;
    yyjson_doc *input;
};

static void bed_open(struct bed *bed)
{
    struct store_options options = {.queue_bytes_max = 64 << 20};

    *bed = (struct bed){0};
    arena_init(&bed->arena);
    buf_init(&bed->reply, HTTP_REPLY_BYTES_MAX);
    bed->req = (struct req){.api = &bed->api, .arena = &bed->arena, .reply = &bed->reply};
    fault_init(&bed->req.fault, &bed->arena);
    CHECK_OK(store_open(&options, &bed->req.fault, &bed->store));
    bed->api.store = bed->store;
    bed->input = yyjson_read("{}", 2, 0);
    bed->req.input = yyjson_doc_get_root(bed->input);
    bed->table.definition.id = 1;
    bed->table.definition.schema =
        (struct key_schema){.hash_count = 1,
                            .range_count = 1,
                            .attributes = {{BYTES("p"), VALUE_S}, {BYTES("s"), VALUE_S}}};
}

static void bed_close(struct bed *bed)
{
    yyjson_doc_free(bed->input);
    store_close(&bed->store);
    buf_fini(&bed->reply);
    arena_fini(&bed->arena);
}

/* `count` items of one partition, each with `more` as the members behind its key. */
static void put_items(struct bed *bed, unsigned count, struct bytes more)
{
    const struct key_schema *schema = &bed->table.definition.schema;
    struct store_mutation *mutation = store_mutation_create();

    for (unsigned i = 0; i < count; i++) {
        struct arena_mark mark = arena_mark(&bed->arena);
        struct bytes json = arena_format(
            &bed->arena, "{\"p\":{\"S\":\"a\"},\"s\":{\"S\":\"%06u\"}%.*s}", i, BYTES_ARGS(more));
        yyjson_doc *doc = yyjson_read((const char *)json.data, json.size, 0);
        struct value item;

        CHECK_OK(
            value_map_from_json(yyjson_doc_get_root(doc), &bed->arena, &bed->req.fault, &item));
        store_mutation_put(mutation, STORE_DATA,
                           key_of_item(schema, 1, hash_key, item, &bed->arena), STORE_NO_STAMP,
                           item_store(item, 0, &bed->arena), STORE_NO_STAMP);
        yyjson_doc_free(doc);
        arena_release(&bed->arena, mark);
    }
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &mutation));
}

static enum err read_page(struct bed *bed, bool may_wait, uint64_t limit)
{
    struct page page = {.table = &bed->table,
                        .table_name = BYTES("T"),
                        .range = {.from = BYTES("\0\0\0\1"), .to = BYTES("\0\0\0\2")},
                        .expressions = &bed->expressions,
                        .limit = limit};

    buf_reset(&bed->reply, SIZE_MAX);
    bed->req.may_wait = may_wait;
    return page_read(&bed->req, &page);
}

static bool reply_has(const struct bed *bed, const char *text)
{
    return memmem(bed->reply.data, bed->reply.size, text, strlen(text)) != NULL;
}

TEST(page_of_many_items_is_no_work_for_a_loop)
{
    struct bed bed;

    bed_open(&bed);
    put_items(&bed, REQ_LOOP_ITEMS_MAX + 1, BYTES(""));
    CHECK_ERR(read_page(&bed, false, UINT64_MAX), ERR_WOULD_BLOCK);
    CHECK_OK(read_page(&bed, true, UINT64_MAX));
    CHECK(!reply_has(&bed, "LastEvaluatedKey"));
    CHECK_OK(read_page(&bed, false, REQ_LOOP_ITEMS_MAX));
    CHECK(reply_has(&bed, "LastEvaluatedKey"));
    bed_close(&bed);
}

TEST(page_of_many_bytes_is_no_work_for_a_loop)
{
    struct bed bed;
    struct bytes more;

    bed_open(&bed);
    more = arena_format(&bed.arena, ",\"v\":{\"S\":\"%0*d\"}", (int)REQ_LOOP_BYTES_MAX / 4, 0);
    put_items(&bed, 5, more);
    CHECK_ERR(read_page(&bed, false, UINT64_MAX), ERR_WOULD_BLOCK);
    CHECK_OK(read_page(&bed, true, UINT64_MAX));
    CHECK_OK(read_page(&bed, false, 3));
    bed_close(&bed);
}

/* An item's JSON may be forty times its size: 1E125 counts two bytes and has 126 digits. */
TEST(page_ends_when_its_reply_is_large)
{
    struct bed bed;
    struct buf more;

    bed_open(&bed);
    buf_init_arena(&more, &bed.arena, SIZE_MAX);
    buf_append_lit(&more, ",\"v\":{\"L\":[{\"N\":\"1E125\"}");
    for (unsigned i = 0; i < 50000; i++)
        buf_append_lit(&more, ",{\"N\":\"1E125\"}");
    buf_append_lit(&more, "]}");
    put_items(&bed, 6, buf_finish_arena(&more));
    CHECK_OK(read_page(&bed, true, UINT64_MAX));
    CHECK(reply_has(&bed, "LastEvaluatedKey"));
    CHECK(bed.reply.size < 2 * REQ_REPLY_BYTES_ENOUGH);
    bed_close(&bed);
}
