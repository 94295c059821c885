/* bench_work_test.c - that items have the size asked for, and requests are what they claim. */
#include "base/arena.h"
#include "bench/bench_lines.h"
#include "bench/bench_target.h"
#include "bench/bench_work.h"
#include "bench/reply_head.h"
#include "unit.h"

#include <stdio.h>
#include <yyjson.h>

static yyjson_doc *read_json(const struct buf *json)
{
    yyjson_doc *doc = yyjson_read((const char *)json->data, json->size, 0);

    CHECK(doc != NULL);
    return doc;
}

/* Contract, item size: names plus values; a number of one or two digits is two bytes. */
static uint64_t item_size_bytes(yyjson_val *item)
{
    uint64_t size = 0;
    size_t index, count;
    yyjson_val *name, *value;

    yyjson_obj_foreach(item, index, count, name, value)
    {
        yyjson_val *string = yyjson_obj_get(value, "S");

        size += yyjson_get_len(name) + (string != NULL ? yyjson_get_len(string) : 2);
    }
    return size;
}

TEST(bench_items_have_the_size_asked_for)
{
    static const uint32_t sizes[] = {BENCH_ITEM_BYTES_MIN, 300, 1024, BENCH_ITEM_BYTES_MAX};
    struct bench_table table = {.name = "bench", .item_count = 1000};
    struct buf json;

    buf_init(&json, 1u << 20);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) * 3; i++) {
        yyjson_doc *doc;

        table.item_bytes = sizes[i / 3];
        table.sorted = i % 3 == 1;
        table.indexed = i % 3 == 2;
        buf_reset(&json, 1u << 20);
        bench_append_item(&table, 999 - i, i, &json);
        doc = read_json(&json);
        CHECK_U64(item_size_bytes(yyjson_doc_get_root(doc)), table.item_bytes);
        yyjson_doc_free(doc);
    }
    buf_fini(&json);
}

TEST(bench_items_differ_in_key_or_in_contents)
{
    const struct bench_table table = {.name = "bench", .item_count = 1000, .item_bytes = 300};
    struct buf a, b;

    buf_init(&a, 1u << 20);
    buf_init(&b, 1u << 20);
    bench_append_item(&table, 7, 0, &a);
    bench_append_item(&table, 7, 1, &b);
    CHECK(memcmp(a.data, b.data, strlen("{\"pk\":{\"S\":\"user-0000000007\"}")) == 0);
    CHECK(!bytes_equal(buf_bytes(&a), buf_bytes(&b)));
    buf_fini(&a);
    buf_fini(&b);
}

TEST(bench_batches_hold_every_item_once)
{
    const struct bench_table table = {
        .name = "bench", .item_count = 1000, .item_bytes = 300, .sorted = true};
    struct buf json;
    yyjson_doc *doc;
    yyjson_val *items;

    buf_init(&json, 1u << 20);
    bench_append_batch(&table, 190, 25, &json);
    doc = read_json(&json);
    items = yyjson_ptr_get(yyjson_doc_get_root(doc), "/RequestItems/bench");
    CHECK_U64(yyjson_arr_size(items), 25);
    CHECK_TEXT(bytes_of_string(yyjson_get_str(yyjson_ptr_get(items, "/9/PutRequest/Item/pk/S"))),
               "user-0000000001");
    CHECK_TEXT(bytes_of_string(yyjson_get_str(yyjson_ptr_get(items, "/9/PutRequest/Item/sk/N"))),
               "100");
    CHECK_TEXT(bytes_of_string(yyjson_get_str(yyjson_ptr_get(items, "/10/PutRequest/Item/pk/S"))),
               "user-0000000002");
    CHECK_TEXT(bytes_of_string(yyjson_get_str(yyjson_ptr_get(items, "/10/PutRequest/Item/sk/N"))),
               "1");
    yyjson_doc_free(doc);
    buf_fini(&json);
}

static void check_queries(const char *name, const char *start_path)
{
    const struct bench_op *op = bench_op_find(name);
    const struct bench_table table = {.name = "bench",
                                      .item_count = 1000,
                                      .item_bytes = 300,
                                      .sorted = op->sorted,
                                      .indexed = op->indexed};
    struct buf json;

    buf_init(&json, 1u << 20);
    for (uint64_t item = 0; item < 200; item++) {
        yyjson_doc *doc;
        yyjson_val *start;

        buf_reset(&json, 1u << 20);
        op->append_body(&table, item, 0, &json);
        doc = read_json(&json);
        start = yyjson_ptr_get(yyjson_doc_get_root(doc), start_path);
        CHECK(strtoul(yyjson_get_str(start), NULL, 10) >= 1);
        CHECK(strtoul(yyjson_get_str(start), NULL, 10) + BENCH_QUERY_ITEMS - 1 <=
              BENCH_PARTITION_ITEMS);
        yyjson_doc_free(doc);
    }
    buf_fini(&json);
}

/* A query must find its ten items behind the key it starts at. */
TEST(bench_queries_start_early_enough)
{
    check_queries("query", "/ExpressionAttributeValues/:sk/N");
    check_queries("query-index", "/ExpressionAttributeValues/:v/N");
}

TEST(bench_transactions_put_distinct_items)
{
    const struct bench_table table = {.name = "bench", .item_count = 1001, .item_bytes = 300};
    struct buf json;

    buf_init(&json, 1u << 20);
    for (uint64_t item = 0; item < table.item_count; item += 91) {
        yyjson_val *keys[BENCH_TRANSACT_ITEMS];
        yyjson_doc *doc;

        buf_reset(&json, 1u << 20);
        bench_op_find("transact")->append_body(&table, item, 1, &json);
        doc = read_json(&json);
        for (unsigned i = 0; i < BENCH_TRANSACT_ITEMS; i++) {
            char path[64];

            snprintf(path, sizeof(path), "/TransactItems/%u/Put/Item/pk/S", i);
            keys[i] = yyjson_ptr_get(yyjson_doc_get_root(doc), path);
            CHECK(keys[i] != NULL);
            for (unsigned j = 0; j < i; j++)
                CHECK(!yyjson_equals(keys[i], keys[j]));
        }
        yyjson_doc_free(doc);
    }
    buf_fini(&json);
}

TEST(bench_pools_hold_distinct_signed_requests)
{
    const struct bench_table table = {.name = "bench", .item_count = 1u << 20, .item_bytes = 300};
    struct bench_target target;
    struct bench_pool pool;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(bench_target_init(&target, "http://127.0.0.1:8000", &fault));
    CHECK_TEXT(bytes_of_string(target.host), "127.0.0.1:8000");
    bench_pool_init(&pool, &target, bench_op_find("get"), &table, 50, 1);
    for (uint32_t i = 0; i < pool.count; i++) {
        struct bytes request = bench_pool_at(&pool, i);

        CHECK(bytes_start_with(request, BYTES("POST / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n")));
        CHECK(memmem(request.data, request.size,
                     "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=", 45) != NULL);
        CHECK(memmem(request.data, request.size, "\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n",
                     43) != NULL);
        CHECK(bytes_equal(bytes_skip(request, request.size - 3), BYTES("}}}")));
        for (uint32_t j = 0; j < i; j++)
            CHECK(!bytes_equal(bench_pool_at(&pool, j), request));
    }
    bench_pool_fini(&pool);
    arena_fini(&arena);
}

static void check_pools(const struct bench_table *table, const char *op, uint64_t seed,
                        bool same_as_first)
{
    struct bench_pool first, other;
    struct bench_target target;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(bench_target_init(&target, "http://127.0.0.1:8000", &fault));
    bench_pool_init(&first, &target, bench_op_find(op), table, 20, 1);
    bench_pool_init(&other, &target, bench_op_find(op), table, 20, seed);
    for (uint32_t i = 0; i < first.count; i++) {
        struct bytes a = bench_pool_at(&first, i), b = bench_pool_at(&other, i);

        /* The head has the time of day; items are in the body. */
        a = bytes_skip(a, a.size - 30);
        b = bytes_skip(b, b.size - 30);
        CHECK(bytes_equal(a, b) == same_as_first);
    }
    bench_pool_fini(&first);
    bench_pool_fini(&other);
    arena_fini(&arena);
}

TEST(bench_pools_of_another_seed_ask_for_other_items)
{
    const struct bench_table table = {.name = "bench", .item_count = 1000000000, .item_bytes = 300};
    const struct bench_table few = {.name = "bench", .item_count = 1, .item_bytes = 300};
    /* Zipf's law adds a term for each item: of the first table, that takes ten seconds. */
    const struct bench_table some = {.name = "bench", .item_count = 100000, .item_bytes = 300};

    check_pools(&table, "get", 1, true);
    check_pools(&table, "get", 2, false);
    check_pools(&some, "get-zipf", 1, true);
    check_pools(&few, "get", 2, true);
}

TEST(bench_requests_can_spread_over_tables)
{
    const struct bench_table table = {
        .name = "many", .item_count = 100, .item_bytes = 300, .spread = true};
    struct bench_target target;
    struct bench_pool pool;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(bench_target_init(&target, "http://127.0.0.1:8000", &fault));
    bench_pool_init(&pool, &target, bench_op_find("get"), &table, 50, 1);
    for (uint32_t i = 0; i < pool.count; i++) {
        struct bytes request = bench_pool_at(&pool, i);
        const char *asked = memmem(request.data, request.size, "\"many-", 6);
        const char *key = memmem(request.data, request.size, "\"user-", 6);

        CHECK(asked != NULL && key != NULL);
        CHECK_U64(strtoul(asked + 6, NULL, 10), strtoul(key + 6, NULL, 10));
    }
    bench_pool_fini(&pool);
    arena_fini(&arena);
}

TEST(bench_lines_hold_every_item_once)
{
    const struct bench_table table = {.name = "bench", .item_count = 5000, .item_bytes = 300};
    const char *folder = unit_temp_dir();
    char path[4096], line[4096];
    struct arena arena;
    struct fault fault;
    struct buf item;
    uint64_t number = 0;
    FILE *file;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(bench_lines(folder, &table, &fault));
    snprintf(path, sizeof(path), "%s/part-0000", folder);
    file = fopen(path, "r");
    CHECK(file != NULL);
    buf_init(&item, 1u << 20);
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        buf_reset(&item, 1u << 20);
        buf_append_lit(&item, "{\"Item\":");
        bench_append_item(&table, number++, 0, &item);
        buf_append_lit(&item, "}\n");
        CHECK(bytes_equal(buf_bytes(&item), bytes_of_string(line)));
    }
    CHECK_U64(number, table.item_count);
    if (file != NULL)
        fclose(file);
    CHECK_ERR(bench_lines("/nowhere", &table, &fault), ERR_IO);
    buf_fini(&item);
    arena_fini(&arena);
}

TEST(bench_target_refuses_what_is_no_url)
{
    static const char *const bad[] = {"", "127.0.0.1:8000", "https://127.0.0.1:8000", "http:///",
                                      "http://127.0.0.1:port"};
    struct bench_target target;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_ERR(bench_target_init(&target, bad[i], &fault), ERR_CONFIG);
    CHECK_OK(bench_target_init(&target, "http://[::1]:8000/path", &fault));
    CHECK_TEXT(bytes_of_string(target.host), "[::1]:8000");
    CHECK_TEXT(bytes_of_string(target.path), "/path");
    CHECK(target.address.ss_family == AF_INET6);
    arena_fini(&arena);
}
