/* bench_work.c - bodies of requests, from numbers. */
#include "bench/bench_work.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "bench/bench_mix.h"
#include "bench/bench_target.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY_FORMAT        "user-%010llu"
#define CITY_FORMAT       "city-%011llu" /* CITY_BYTES long */
#define NAME_BYTES        24
#define EMAIL_BYTES       32
#define CITY_BYTES        16
#define POST_BYTES        300
#define FIELDS            10
#define FIELD_BYTES       100
#define REQUEST_BYTES_MAX (2u << 20) /* of one request in a pool: a transaction of large items */

static void append_text(struct buf *out, size_t size, uint64_t *state);
static void append_key(const struct bench_table *table, uint64_t item, struct buf *out);
static void append_get(const struct bench_table *table, uint64_t item, uint64_t salt,
                       struct buf *out);
static void append_put(const struct bench_table *table, uint64_t item, uint64_t salt,
                       struct buf *out);
static void append_update(const struct bench_table *table, uint64_t item, uint64_t salt,
                          struct buf *out);
static void append_query(const struct bench_table *table, uint64_t item, uint64_t salt,
                         struct buf *out);
static void append_query_index(const struct bench_table *table, uint64_t item, uint64_t salt,
                               struct buf *out);
static void append_transact(const struct bench_table *table, uint64_t item, uint64_t salt,
                            struct buf *out);
static void append_post(const struct bench_table *table, uint64_t item, uint64_t salt,
                        struct buf *out);
static void append_fields(struct buf *out, uint64_t *state);
static void append_update_field(const struct bench_table *table, uint64_t item, uint64_t salt,
                                struct buf *out);
static void append_scan(const struct bench_table *table, uint64_t item, uint64_t salt,
                        struct buf *out);

static const struct bench_mix mix_a = {{[BENCH_READ] = 50, [BENCH_UPDATE] = 50}, 0, BENCH_ZIPFIAN};
static const struct bench_mix mix_b = {{[BENCH_READ] = 95, [BENCH_UPDATE] = 5}, 0, BENCH_ZIPFIAN};
static const struct bench_mix mix_c = {{[BENCH_READ] = 100}, 0, BENCH_ZIPFIAN};
static const struct bench_mix mix_d = {{[BENCH_READ] = 95, [BENCH_INSERT] = 5}, 0, BENCH_LATEST};
static const struct bench_mix mix_e = {{[BENCH_SCAN] = 95, [BENCH_INSERT] = 5}, 0, BENCH_ZIPFIAN};
static const struct bench_mix mix_f = {{[BENCH_READ] = 50}, 50, BENCH_ZIPFIAN};

static const struct bench_op ops[] = {
    {"get", "GetItem", false, false, 1, NULL, append_get},
    {"get-zipf", NULL, false, false, 1, &mix_c, NULL},
    {"post", NULL, false, false, 0, NULL, append_post},
    {"put", "PutItem", false, false, 0, NULL, append_put},
    {"query", "Query", true, false, BENCH_QUERY_ITEMS, NULL, append_query},
    {"query-index", "Query", false, true, BENCH_QUERY_ITEMS, NULL, append_query_index},
    {"transact", "TransactWriteItems", false, false, 0, NULL, append_transact},
    {"update", "UpdateItem", false, false, 0, NULL, append_update},
    {"ycsb-a", NULL, false, false, 0, &mix_a, NULL},
    {"ycsb-b", NULL, false, false, 0, &mix_b, NULL},
    {"ycsb-c", NULL, false, false, 0, &mix_c, NULL},
    {"ycsb-d", NULL, false, false, 0, &mix_d, NULL},
    {"ycsb-e", NULL, true, false, 0, &mix_e, NULL},
    {"ycsb-f", NULL, false, false, 0, &mix_f, NULL},
};

static const struct bench_op parts[BENCH_PART_COUNT] = {
    [BENCH_READ] = {.operation = "GetItem", .append_body = append_get},
    [BENCH_UPDATE] = {.operation = "UpdateItem", .append_body = append_update_field},
    [BENCH_INSERT] = {.operation = "PutItem", .append_body = append_put},
    [BENCH_SCAN] = {.operation = "Query", .append_body = append_scan},
};

const struct bench_op *bench_op_find(const char *name)
{
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}

void bench_append_item(const struct bench_table *table, uint64_t item, uint64_t salt,
                       struct buf *out)
{
    /* Names and values without note's value; the counter and the sort key are two bytes each. */
    const size_t fixed_bytes = strlen("pk") + strlen("user-0123456789") + strlen("visits") + 2 +
                               strlen("name") + NAME_BYTES + strlen("email") + EMAIL_BYTES +
                               strlen("city") + CITY_BYTES + strlen("note") +
                               (table->sorted ? strlen("sk") + 2 : 0);
    uint64_t state = item * 1000003 + salt;

    ASSERT(table->item_bytes >= BENCH_ITEM_BYTES_MIN);
    buf_append_byte(out, '{');
    append_key(table, item, out);
    if (table->fields) {
        append_fields(out, &state);
        return;
    }
    buf_append_format(out, ",\"visits\":{\"N\":\"%u\"},\"name\":{\"S\":\"",
                      table->indexed ? (unsigned)(item % BENCH_PARTITION_ITEMS) + 1 : 1);
    append_text(out, NAME_BYTES, &state);
    buf_append_lit(out, "\"},\"email\":{\"S\":\"");
    append_text(out, EMAIL_BYTES, &state);
    buf_append_lit(out, "\"},\"city\":{\"S\":\"");
    if (table->indexed)
        buf_append_format(out, CITY_FORMAT, (unsigned long long)(item / BENCH_PARTITION_ITEMS));
    else
        append_text(out, CITY_BYTES, &state);
    buf_append_lit(out, "\"},\"note\":{\"S\":\"");
    append_text(out, table->item_bytes - fixed_bytes, &state);
    buf_append_lit(out, "\"}}");
}

void bench_append_create(const struct bench_table *table, struct buf *out)
{
    buf_append_format(
        out,
        "{\"TableName\":\"%s\",\"BillingMode\":\"PAY_PER_REQUEST\","
        "\"AttributeDefinitions\":[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}%s%s],"
        "\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}%s]%s%s}",
        table->name, table->sorted ? ",{\"AttributeName\":\"sk\",\"AttributeType\":\"N\"}" : "",
        table->indexed ? ",{\"AttributeName\":\"city\",\"AttributeType\":\"S\"},"
                         "{\"AttributeName\":\"visits\",\"AttributeType\":\"N\"}"
                       : "",
        table->sorted ? ",{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}" : "",
        table->indexed ? ",\"GlobalSecondaryIndexes\":[{\"IndexName\":\"by-city\",\"KeySchema\":["
                         "{\"AttributeName\":\"city\",\"KeyType\":\"HASH\"},"
                         "{\"AttributeName\":\"visits\",\"KeyType\":\"RANGE\"}],"
                         "\"Projection\":{\"ProjectionType\":\"ALL\"}}]"
                       : "",
        table->told ? ",\"StreamSpecification\":{\"StreamEnabled\":true,"
                      "\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}"
                    : "");
}

void bench_append_batch(const struct bench_table *table, uint64_t first, unsigned count,
                        struct buf *out)
{
    buf_append_format(out, "{\"RequestItems\":{\"%s\":[", table->name);
    for (unsigned i = 0; i < count; i++) {
        buf_append_string(out,
                          i == 0 ? "{\"PutRequest\":{\"Item\":" : ",{\"PutRequest\":{\"Item\":");
        bench_append_item(table, first + i, 0, out);
        buf_append_lit(out, "}}");
    }
    buf_append_lit(out, "]}}");
}

void bench_pool_init(struct bench_pool *pool, const struct bench_target *target,
                     const struct bench_op *op, const struct bench_table *table, uint32_t count,
                     uint64_t seed)
{
    uint64_t now_ms = clock_wall_ms(), state = seed;
    struct bench_table asked = *table;
    struct bench_mixer mixer;
    char name[256];
    struct buf body;

    buf_init(&body, REQUEST_BYTES_MAX);
    buf_init(&pool->requests, (size_t)count * REQUEST_BYTES_MAX);
    pool->ends = mem_alloc(sizeof(*pool->ends) * count);
    pool->count = count;
    if (op->mix != NULL)
        bench_mixer_init(&mixer, op->mix, table->item_count, seed);
    for (uint32_t i = 0; i < count; i++) {
        const struct bench_op *one = op;
        uint64_t item;

        if (op->mix != NULL)
            one = &parts[bench_mixer_next(&mixer, &item)];
        else
            item = bench_random(&state) % table->item_count;
        buf_reset(&body, REQUEST_BYTES_MAX);
        if (table->spread) {
            snprintf(name, sizeof(name), "%s-%llu", table->name, (unsigned long long)item);
            asked.name = name;
        }
        one->append_body(&asked, item, i + 1, &body);
        bench_target_append_request(target, one->operation, buf_bytes(&body), now_ms,
                                    &pool->requests);
        pool->ends[i] = pool->requests.size;
    }
    ASSERT(!body.overflowed);
    ASSERT(!pool->requests.overflowed);
    buf_fini(&body);
}

void bench_pool_fini(struct bench_pool *pool)
{
    buf_fini(&pool->requests);
    free(pool->ends);
    *pool = (struct bench_pool){0};
}

static void append_text(struct buf *out, size_t size, uint64_t *state)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .";
    uint8_t *at = buf_reserve(out, size);
    uint64_t chance = 0;

    if (at == NULL)
        return;
    for (size_t i = 0; i < size; i++, chance >>= 6) {
        if (i % 10 == 0)
            chance = bench_random(state);
        at[i] = (uint8_t)alphabet[chance % 64];
    }
    buf_commit(out, size);
}

static void append_key(const struct bench_table *table, uint64_t item, struct buf *out)
{
    buf_append_format(out, "\"pk\":{\"S\":\"" KEY_FORMAT "\"}",
                      (unsigned long long)(table->sorted ? item / BENCH_PARTITION_ITEMS : item));
    if (table->sorted)
        buf_append_format(out, ",\"sk\":{\"N\":\"%u\"}",
                          (unsigned)(item % BENCH_PARTITION_ITEMS) + 1);
}

static void append_get(const struct bench_table *table, uint64_t item, uint64_t salt,
                       struct buf *out)
{
    buf_append_format(out, "{\"TableName\":\"%s\",\"Key\":{", table->name);
    append_key(table, item, out);
    buf_append_lit(out, "}}");
}

static void append_put(const struct bench_table *table, uint64_t item, uint64_t salt,
                       struct buf *out)
{
    buf_append_format(out, "{\"TableName\":\"%s\",\"Item\":", table->name);
    bench_append_item(table, item, salt, out);
    buf_append_byte(out, '}');
}

static void append_update(const struct bench_table *table, uint64_t item, uint64_t salt,
                          struct buf *out)
{
    buf_append_format(out, "{\"TableName\":\"%s\",\"Key\":{", table->name);
    append_key(table, item, out);
    buf_append_lit(out, "},\"UpdateExpression\":\"SET visits = visits + :one\","
                        "\"ConditionExpression\":\"visits >= :one\","
                        "\"ExpressionAttributeValues\":{\":one\":{\"N\":\"1\"}}}");
}

/* From a place in the partition that has enough items behind it. */
static void append_query(const struct bench_table *table, uint64_t item, uint64_t salt,
                         struct buf *out)
{
    buf_append_format(out,
                      "{\"TableName\":\"%s\",\"KeyConditionExpression\":\"pk = :pk AND sk >= :sk\","
                      "\"ExpressionAttributeValues\":{\":pk\":{\"S\":\"" KEY_FORMAT
                      "\"},\":sk\":{\"N\":\"%u\"}},\"Limit\":%u}",
                      table->name, (unsigned long long)(item / BENCH_PARTITION_ITEMS),
                      (unsigned)(item % (BENCH_PARTITION_ITEMS - BENCH_QUERY_ITEMS)) + 1,
                      BENCH_QUERY_ITEMS);
}

/* The same by city and visits. */
static void append_query_index(const struct bench_table *table, uint64_t item, uint64_t salt,
                               struct buf *out)
{
    buf_append_format(out,
                      "{\"TableName\":\"%s\",\"IndexName\":\"by-city\","
                      "\"KeyConditionExpression\":\"city = :c AND visits >= :v\","
                      "\"ExpressionAttributeValues\":{\":c\":{\"S\":\"" CITY_FORMAT
                      "\"},\":v\":{\"N\":\"%u\"}},\"Limit\":%u}",
                      table->name, (unsigned long long)(item / BENCH_PARTITION_ITEMS),
                      (unsigned)(item % (BENCH_PARTITION_ITEMS - BENCH_QUERY_ITEMS)) + 1,
                      BENCH_QUERY_ITEMS);
}

/* Items spread over the table, no two the same one. */
static void append_transact(const struct bench_table *table, uint64_t item, uint64_t salt,
                            struct buf *out)
{
    uint64_t step = table->item_count / BENCH_TRANSACT_ITEMS;

    buf_append_lit(out, "{\"TransactItems\":[");
    for (unsigned i = 0; i < BENCH_TRANSACT_ITEMS; i++) {
        buf_append_string(out, i == 0 ? "{\"Put\":" : ",{\"Put\":");
        append_put(table, (item + i * step) % table->item_count, salt, out);
        buf_append_byte(out, '}');
    }
    buf_append_lit(out, "]}");
}

static void append_post(const struct bench_table *table, uint64_t item, uint64_t salt,
                        struct buf *out)
{
    uint64_t state = salt;

    buf_append_lit(out, "{\"text\":\"");
    append_text(out, POST_BYTES - strlen("{\"text\":\"\"}"), &state);
    buf_append_lit(out, "\"}");
}

static void append_fields(struct buf *out, uint64_t *state)
{
    for (unsigned i = 0; i < FIELDS; i++) {
        buf_append_format(out, ",\"field%u\":{\"S\":\"", i);
        append_text(out, FIELD_BYTES, state);
        buf_append_lit(out, "\"}");
    }
    buf_append_byte(out, '}');
}

static void append_update_field(const struct bench_table *table, uint64_t item, uint64_t salt,
                                struct buf *out)
{
    uint64_t state = salt;

    buf_append_format(out, "{\"TableName\":\"%s\",\"Key\":{", table->name);
    append_key(table, item, out);
    buf_append_format(out,
                      "},\"UpdateExpression\":\"SET field%u = :v\","
                      "\"ExpressionAttributeValues\":{\":v\":{\"S\":\"",
                      (unsigned)(salt % FIELDS));
    append_text(out, FIELD_BYTES, &state);
    buf_append_lit(out, "\"}}}");
}

/* The first items of a partition. */
static void append_scan(const struct bench_table *table, uint64_t item, uint64_t salt,
                        struct buf *out)
{
    uint64_t state = salt;

    buf_append_format(out,
                      "{\"TableName\":\"%s\",\"KeyConditionExpression\":\"pk = :pk\","
                      "\"ExpressionAttributeValues\":{\":pk\":{\"S\":\"" KEY_FORMAT
                      "\"}},\"Limit\":%u}",
                      table->name, (unsigned long long)(item / BENCH_PARTITION_ITEMS),
                      (unsigned)(bench_random(&state) % BENCH_SCAN_ITEMS_MAX) + 1);
}
