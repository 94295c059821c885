/* table_token_test.c - token records: bytes, places, end; and stele check's eye on them. */
#include "item/key.h"
#include "table/catalog.h"
#include "table/table_check.h"
#include "table/table_keys.h"
#include "table/table_token.h"
#include "unit.h"

#define LIFE ((uint64_t)TABLE_TOKEN_LIFE_MS)

static struct table_token_name name_of(struct bytes token)
{
    return (struct table_token_name){.account = BYTES("000000000000"),
                                     .region = BYTES("us-east-1"),
                                     .operation = BYTES("TransactWriteItems"),
                                     .token = token};
}

/* What a released version wrote: never change these bytes, add another test beside this one. */
TEST(table_token_golden)
{
    static const uint8_t golden[] = {
        1,  0,  0,    1,    0x8b, 0xcf, 0xe5, 0x68, 0x7b, /* format, expiry */
        0,  1,  2,    3,    4,    5,    6,    7,    8,    9,  10, 11, 12, 13, 14, 15,
        16, 17, 18,   19,   20,   21,   22,   23,   24,   25, 26, 27, 28, 29, 30, 31, /* digest */
        3,  0,  0x88, 0x27, 0x80, 0x80, 0x19, /* 3 sizes: 0, 5000, 409600 */
    };
    struct table_token token = {.expires_ms = 0x18bcfe5687b,
                                .size_count = 3,
                                .sizes_bytes = {0, 5000, 409600}},
                       read;
    struct bytes keys[TABLE_TOKEN_KEYS], name;
    struct table_token_name whose = name_of(BYTES("t/1"));
    struct arena arena;

    arena_init(&arena);
    for (unsigned i = 0; i < SHA256_BYTES; i++)
        token.digest[i] = (uint8_t)i;
    CHECK(bytes_equal(table_token_write(&token, &arena), bytes_make(golden, sizeof(golden))));
    CHECK_OK(table_token_read(bytes_make(golden, sizeof(golden)), &read));
    CHECK_U64(read.expires_ms, 0x18bcfe5687b);
    CHECK_U64(read.digest[31], 31);
    CHECK_U64(read.size_count, 3);
    CHECK_U64(read.sizes_bytes[0], 0);
    CHECK_U64(read.sizes_bytes[1], 5000);
    CHECK_U64(read.sizes_bytes[2], 409600);

    table_token_keys(&whose, 258 * LIFE, &arena, keys);
    name = bytes_skip(keys[0], KEY_PREFIX_BYTES);
    CHECK(bytes_equal(name, BYTES("token/\0\0\0\0\0\0\1\2/000000000000/us-east-1/"
                                  "TransactWriteItems/t/1")));
    arena_fini(&arena);
}

TEST(table_token_refuses_what_is_no_record)
{
    struct table_token token = {.size_count = 2, .sizes_bytes = {300, 7}}, read;
    struct bytes record;
    struct arena arena;
    uint8_t *bytes;

    arena_init(&arena);
    record = table_token_write(&token, &arena);
    for (size_t size = 0; size < record.size; size++)
        CHECK_ERR(table_token_read(bytes_make(record.data, size), &read), ERR_CORRUPT);
    bytes = arena_zalloc(&arena, record.size + 1);
    memcpy(bytes, record.data, record.size);
    CHECK_OK(table_token_read(bytes_make(bytes, record.size), &read));
    CHECK_ERR(table_token_read(bytes_make(bytes, record.size + 1), &read), ERR_CORRUPT);
    bytes[0] = 2;
    CHECK_ERR(table_token_read(bytes_make(bytes, record.size), &read), ERR_NEWER_FORMAT);
    bytes[0] = 1;
    bytes[9 + SHA256_BYTES] = TABLE_TOKEN_SIZES_MAX + 1;
    CHECK_ERR(table_token_read(bytes_make(bytes, record.size), &read), ERR_CORRUPT);
    arena_fini(&arena);
}

/* Wherever in its generation a record was written: all its life long one of the two keys is its. */
TEST(table_token_is_found_as_long_as_it_lives)
{
    static const uint64_t offsets[] = {0, 1, LIFE / 2, LIFE - 1};
    struct table_token_name name = name_of(BYTES("t"));
    struct bytes written[TABLE_TOKEN_KEYS], keys[TABLE_TOKEN_KEYS];
    struct arena arena;

    arena_init(&arena);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t now = 3000 * LIFE + offsets[i];

        table_token_keys(&name, now, &arena, written);
        CHECK(table_token_is_key(written[0]));
        for (unsigned j = 0; j < 4; j++) {
            uint64_t later = now + j * (LIFE - 1) / 3;

            table_token_keys(&name, later, &arena, keys);
            CHECK(bytes_equal(keys[0], written[0]) || bytes_equal(keys[1], written[0]));
        }
        table_token_keys(&name, now + 2 * LIFE, &arena, keys);
        CHECK(!bytes_equal(keys[0], written[0]) && !bytes_equal(keys[1], written[0]));
    }
    CHECK(!table_token_is_key(table_meta_key(BYTES("table/"), &arena)));
    arena_fini(&arena);
}

static void put(struct store *store, struct bytes key, struct bytes value)
{
    struct store_mutation *mutation = store_mutation_create();

    store_mutation_put(mutation, STORE_DATA, key, STORE_NO_STAMP, value, STORE_NO_STAMP);
    CHECK_OK(store_submit_and_wait(store, NULL, &mutation));
}

static bool is_there(struct store *store, struct bytes key, struct arena *arena)
{
    struct bytes value;
    enum err err = store_get(store, NULL, STORE_DATA, key, true, arena, &value);

    CHECK(err == OK || err == ERR_ABSENT);
    return err == OK;
}

TEST(table_tokens_purge_removes_dead_generations_only)
{
    struct store_options options = {.cache_bytes = 1 << 20, .queue_bytes_max = 1 << 20};
    struct table_token token = {0};
    struct bytes keys[4][TABLE_TOKEN_KEYS], other;
    struct store *store;
    struct fault fault;
    struct arena arena;
    uint64_t version;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(store_open(&options, &fault, &store));
    other = table_meta_key(BYTES("zebra"), &arena);
    put(store, other, BYTES("stays"));
    for (unsigned i = 0; i < 4; i++) {
        struct table_token_name name = name_of(BYTES("t"));

        table_token_keys(&name, (100 + i) * LIFE, &arena, keys[i]);
        put(store, keys[i][0], table_token_write(&token, &arena));
    }
    CHECK_OK(table_tokens_purge(store, 103 * LIFE));
    CHECK(!is_there(store, keys[0][0], &arena));
    CHECK(is_there(store, keys[1][0], &arena)); /* dead, kept for slow writers */
    CHECK(is_there(store, keys[2][0], &arena));
    CHECK(is_there(store, keys[3][0], &arena));
    version = store_version(store);
    CHECK_OK(table_tokens_purge(store, 103 * LIFE));
    CHECK_U64(store_version(store), version); /* nothing to do writes nothing */
    CHECK_OK(table_tokens_purge(store, 200 * LIFE));
    CHECK(!is_there(store, keys[3][0], &arena));
    CHECK(is_there(store, other, &arena));
    CHECK_OK(table_tokens_purge(store, 0));
    store_close(&store);
    arena_fini(&arena);
}

static void count_fault(void *ctx, const char *text)
{
    (void)text;
    ++*(unsigned *)ctx;
}

TEST(table_check_reads_token_records)
{
    struct store_options options = {.cache_bytes = 1 << 20, .queue_bytes_max = 1 << 20};
    struct table_token_name good = name_of(BYTES("good")), bad = name_of(BYTES("bad"));
    struct table_token token = {.size_count = 1, .sizes_bytes = {9}};
    struct bytes keys[TABLE_TOKEN_KEYS];
    struct table_check_report report;
    struct catalog *catalog;
    struct store *store;
    struct fault fault;
    struct arena arena;
    unsigned faults = 0;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(store_open(&options, &fault, &store));
    CHECK_OK(catalog_open(store, &fault, &catalog));
    table_token_keys(&good, 100 * LIFE, &arena, keys);
    put(store, keys[0], table_token_write(&token, &arena));
    CHECK_OK(table_check(catalog, count_fault, &faults, &report));
    table_token_keys(&bad, 100 * LIFE, &arena, keys);
    put(store, keys[0], BYTES("\1nonsense"));
    CHECK_ERR(table_check(catalog, count_fault, &faults, &report), ERR_CORRUPT);
    CHECK_U64(faults, 1);
    catalog_close(&catalog);
    store_close(&store);
    arena_fini(&arena);
}
