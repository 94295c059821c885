/* index_expiry_test.c - the hidden index of expiry: its bytes, who has an entry, when it is due. */
#include "index_fixture.h"
#include "table/index_expiry.h"

static const uint8_t hash_key[SIPHASH_KEY_BYTES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                    8, 9, 10, 11, 12, 13, 14, 15};

static const struct table_definition music = {
    .id = 7,
    .schema = {.hash_count = 1,
               .range_count = 1,
               .attributes = {{BYTES("pk"), VALUE_S}, {BYTES("sk"), VALUE_N}}},
};

static struct table_index by_until(void)
{
    return (struct table_index){.id = 3, .definition = index_expiry_definition(BYTES("until"))};
}

#define KEYS "\"pk\":{\"S\":\"abc\"},\"sk\":{\"N\":\"-1\"}"

/* A stored format: this must never change. */
TEST(index_expiry_golden_bytes)
{
    struct table_index index = by_until();
    struct bytes item_key;
    struct index_diff diff;
    struct arena arena;
    uint64_t expiry_s;

    arena_init(&arena);
    index_diff(&music, &index, hash_key, item_absent().attributes,
               value_make_map("{" KEYS ",\"until\":{\"N\":\"1700000000\"}}", &arena), &arena,
               &diff);
    CHECK_U64(diff.change, INDEX_CHANGE_ADD);
    CHECK_HEX(diff.new_key, "00000007 05 0003 0000000000000000 0000 000000006553f100"
                            "4c942ec2ad190de5 616263 0001 01befdff");
    CHECK_U64(diff.new_value.size, 0);
    CHECK_U64(diff.new_bytes, 0);
    CHECK_OK(index_expiry_read(diff.new_key, &arena, &expiry_s, &item_key));
    CHECK_U64(expiry_s, 1700000000);
    CHECK_HEX(item_key, "00000007 01 0000 4c942ec2ad190de5 616263 0001 01befdff");
    CHECK_ERR(index_expiry_read(item_key, &arena, &expiry_s, &item_key), ERR_CORRUPT);
    CHECK_ERR(index_expiry_read(bytes_make(diff.new_key.data, 33), &arena, &expiry_s, &item_key),
              ERR_CORRUPT);
    arena_fini(&arena);
}

TEST(index_expiry_of_whole_seconds_only)
{
    static const struct {
        const char *value;
        bool has;
        uint64_t expiry_s;
    } rows[] = {
        {"{\"N\":\"0\"}", true, 0},
        {"{\"N\":\"1\"}", true, 1},
        {"{\"N\":\"1.7E9\"}", true, 1700000000},
        {"{\"N\":\"1700000000.0\"}", true, 1700000000},
        {"{\"N\":\"9223372036854775807\"}", true, INT64_MAX},
        {"{\"N\":\"9223372036854775808\"}", false, 0},
        {"{\"N\":\"1E125\"}", false, 0},
        {"{\"N\":\"1700000000.5\"}", false, 0},
        {"{\"N\":\"1700000000.01\"}", false, 0},
        {"{\"N\":\"0.5\"}", false, 0},
        {"{\"N\":\"1E-130\"}", false, 0},
        {"{\"N\":\"-1\"}", false, 0},
        {"{\"S\":\"1700000000\"}", false, 0},
        {"{\"NS\":[\"1700000000\"]}", false, 0},
        {"{\"M\":{\"until\":{\"N\":\"1700000000\"}}}", false, 0},
        {"{\"NULL\":true}", false, 0},
    };
    struct table_index index = by_until();
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes json = arena_format(&arena, "{\"until\":%s}", rows[i].value);
        struct value item = value_make_map((const char *)json.data, &arena);
        uint64_t expiry_s = 0;

        CHECK(index_expiry_of(&index, item, &expiry_s) == rows[i].has);
        CHECK(index_has(&index, item) == rows[i].has);
        CHECK_U64(expiry_s, rows[i].expiry_s);
    }
    CHECK(!index_has(&index, item_absent().attributes));
    arena_fini(&arena);
}

TEST(index_expiry_is_due_for_five_years)
{
    const uint64_t now_ms = 1700000000500, years_s = 5 * 365 * 86400;

    CHECK(index_expiry_is_due(1700000000, now_ms));
    CHECK(!index_expiry_is_due(1700000000, 1700000000000)); /* earlier than now, not now */
    CHECK(index_expiry_is_due(1700000000, 1700000000001));
    CHECK(!index_expiry_is_due(1700000001, now_ms));
    CHECK(index_expiry_is_due(1700000000 - years_s, now_ms));
    CHECK(!index_expiry_is_due(1700000000 - years_s - 1, now_ms));
    CHECK(index_expiry_is_due(0, 1));
    CHECK(!index_expiry_is_due(0, 0 + (years_s + 1) * 1000 + 1));
    CHECK(!index_expiry_is_due(INT64_MAX, now_ms));
}

TEST(index_expiry_diff_of_changes)
{
#define AT(n) "{" KEYS ",\"until\":{\"N\":\"" n "\"}}"
    static const struct {
        const char *old, *new; /* NULL: there is none */
        enum index_change change;
    } rows[] = {
        {NULL, "{" KEYS "}", INDEX_CHANGE_NONE},
        {NULL, AT("5"), INDEX_CHANGE_ADD},
        {"{" KEYS "}", AT("5"), INDEX_CHANGE_ADD},
        {AT("5"), AT("5.0"), INDEX_CHANGE_NONE},
        {AT("5"), "{" KEYS ",\"until\":{\"N\":\"5\"},\"rest\":{\"BOOL\":true}}", INDEX_CHANGE_NONE},
        {AT("5"), AT("6"), INDEX_CHANGE_MOVE},
        {AT("5"), AT("5.5"), INDEX_CHANGE_REMOVE},
        {AT("5"), "{" KEYS "}", INDEX_CHANGE_REMOVE},
        {AT("5"), NULL, INDEX_CHANGE_REMOVE},
        {NULL, NULL, INDEX_CHANGE_NONE},
    };
    struct table_index index = by_until();
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct value none = item_absent().attributes;
        struct index_diff diff;

        index_diff(&music, &index, hash_key,
                   rows[i].old != NULL ? value_make_map(rows[i].old, &arena) : none,
                   rows[i].new != NULL ? value_make_map(rows[i].new, &arena) : none, &arena, &diff);
        CHECK_U64(diff.change, rows[i].change);
        CHECK((diff.old_key.size != 0) ==
              (diff.change == INDEX_CHANGE_REMOVE || diff.change == INDEX_CHANGE_MOVE));
        CHECK((diff.new_key.size != 0) ==
              (diff.change == INDEX_CHANGE_ADD || diff.change == INDEX_CHANGE_MOVE));
    }
    arena_fini(&arena);
}

static void put_row(struct index_bed *bed, struct bytes key)
{
    struct store_mutation *mutation = store_mutation_create();

    store_mutation_put_guarded(mutation, key, BYTES(""), STORE_NO_STAMP);
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &mutation));
    store_mutation_destroy(&mutation);
}

static void delete_row(struct index_bed *bed, struct bytes key)
{
    struct store_mutation *mutation = store_mutation_create();

    store_mutation_delete_guarded(mutation, key);
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &mutation));
    store_mutation_destroy(&mutation);
}

static struct bytes key_of_entry(struct index_bed *bed, const char *item)
{
    const struct table_definition *table = &bed->table->definition;
    struct index_diff diff;

    index_diff(table, &table->ttl.index, catalog_hash_key(bed->catalog), item_absent().attributes,
               value_make_map(item, &bed->arena), &bed->arena, &diff);
    return diff.new_key;
}

static void check_fault(struct index_bed *bed, const char *text)
{
    struct table_check_report report;
    struct index_bed_faults faults = index_bed_check(bed, &report);

    CHECK_U64(faults.count, 1);
    if (strstr(faults.all, text) == NULL)
        unit_failed(__FILE__, __LINE__, "no '%s' in %s", text, faults.all);
}

TEST(check_finds_what_is_wrong_with_expiry)
{
#define ITEM(n) "{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"},\"until\":{\"N\":\"" n "\"}}"
    struct index_bed bed = {0};
    struct bytes entry, wrong;

    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    index_bed_expire_by(&bed, "until");
    index_bed_wait_for_expiry(&bed);
    CHECK_OK(index_bed_put(&bed, ITEM("5")));
    CHECK_OK(index_bed_put(&bed, "{\"pk\":{\"S\":\"b\"},\"sk\":{\"N\":\"1\"}}"));
    index_bed_check_ok(&bed);
    entry = key_of_entry(&bed, ITEM("5"));
    delete_row(&bed, entry);
    check_fault(&bed, "an item without its index entry");
    put_row(&bed, entry);
    index_bed_check_ok(&bed);
    wrong = key_of_entry(&bed, ITEM("6"));
    put_row(&bed, wrong);
    check_fault(&bed, "an entry of expiry at another time than its item's");
    delete_row(&bed, wrong);
    wrong =
        key_of_entry(&bed, "{\"pk\":{\"S\":\"b\"},\"sk\":{\"N\":\"1\"},\"until\":{\"N\":\"6\"}}");
    put_row(&bed, wrong);
    check_fault(&bed, "an entry of expiry of an item that should have none");
    delete_row(&bed, wrong);
    wrong =
        key_of_entry(&bed, "{\"pk\":{\"S\":\"c\"},\"sk\":{\"N\":\"1\"},\"until\":{\"N\":\"6\"}}");
    put_row(&bed, wrong);
    check_fault(&bed, "an entry of expiry without an item");
    delete_row(&bed, wrong);
    wrong = arena_copy(&bed.arena, entry);
    ((uint8_t *)(uintptr_t)wrong.data)[6]++; /* its index */
    put_row(&bed, wrong);
    check_fault(&bed, "an entry of an expiry index that the table does not have");
    delete_row(&bed, wrong);
    put_row(&bed, table_ttl_build_key(bed.table->definition.id, 1, &bed.arena));
    check_fault(&bed, "a record of building an index that is not being built");
    index_bed_close(&bed);
}
