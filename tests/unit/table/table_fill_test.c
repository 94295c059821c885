/* table_fill_test.c - a table that a job fills is the same as one that was written to. */
#include "base/clock.h"
#include "index_fixture.h"
#include "table/table_fill.h"

#define ITEMS 3000

static const struct table_filling filling = {
    .job_kind = BYTES("test"),
    .job_id = BYTES("00000000000001-00000000"),
    .source_arn = BYTES("arn:aws:dynamodb:us-east-1:000000000000:table/Music"),
    .restore_ms = 1700000000123,
};

/* The table "Filled", with `count` indexes, CREATING. */
static struct table *begin(struct index_bed *bed, unsigned count)
{
    struct table_definition definition = index_bed_table;
    struct store_mutation *mutation = store_mutation_create();
    struct table *table = NULL;

    definition.name = BYTES("Filled");
    definition.indexes = index_bed_indexes;
    definition.index_count = count;
    definition.next_index_id = (uint16_t)(count + 1);
    definition.status = TABLE_CREATING;
    definition.filling = filling;
    store_mutation_put(mutation, STORE_DATA, table_meta_key(BYTES("record"), &bed->arena),
                       STORE_NO_STAMP, BYTES("begun"), STORE_NO_STAMP);
    catalog_change_begin(bed->catalog);
    CHECK_OK(table_fill_begin(bed->catalog, &definition, mutation, &table));
    catalog_change_end(bed->catalog);
    return table;
}

static struct table *find(struct index_bed *bed)
{
    return catalog_acquire(bed->catalog, index_bed_table.account, index_bed_table.region,
                           BYTES("Filled"));
}

static const char *record_of(struct index_bed *bed)
{
    struct bytes value;
    enum err err =
        store_get(bed->store, NULL, STORE_DATA, table_meta_key(BYTES("record"), &bed->arena), true,
                  &bed->arena, &value);

    return err == OK ? (const char *)value.data : err_name(err);
}

static struct store_mutation *last_record(struct index_bed *bed)
{
    struct store_mutation *mutation = store_mutation_create();

    store_mutation_put(mutation, STORE_DATA, table_meta_key(BYTES("record"), &bed->arena),
                       STORE_NO_STAMP, BYTES("over"), STORE_NO_STAMP);
    return mutation;
}

static struct table_fill *open_fill(struct index_bed *bed, struct table *table, bool ascending)
{
    struct table_fill_options options = {.ascending = ascending};
    struct table_fill *fill = NULL;

    CHECK_OK(table_fill_open(bed->catalog, table, &options, &fill));
    return fill;
}

static void finish(struct index_bed *bed, struct table_fill **fill, struct store_count *count)
{
    CHECK_OK(table_fill_finish(*fill, count));
    CHECK_OK(table_fill_publish(*fill, last_record(bed)));
    table_fill_close(fill);
    CHECK_TEXT(bytes_of_string(record_of(bed)), "over");
}

static struct store_count counter(struct index_bed *bed, uint32_t table_id, uint16_t index_id)
{
    struct store_count count = {0};

    CHECK_OK(store_count(bed->store, table_count_key(table_id, index_id, &bed->arena), &count));
    return count;
}

/* All of what both tables have but for their ids and their items' versions. */
static void check_same_rows(struct index_bed *bed, uint32_t id, uint32_t other_id)
{
    struct store_cursor *a =
        store_cursor_open(bed->store, NULL, STORE_DATA, table_whole_range(id, &bed->arena), true);
    struct store_cursor *b = store_cursor_open(bed->store, NULL, STORE_DATA,
                                               table_whole_range(other_id, &bed->arena), true);
    struct bytes key, value, other_key, other_value;
    unsigned rows = 0, different = 0;
    enum err err;

    while ((err = store_cursor_next(a, &key, &value)) == OK) {
        size_t skip = key.data[4] == KEY_SPACE_COUNT ? 0 : ITEM_SIZE_OFFSET;

        CHECK_OK(store_cursor_next(b, &other_key, &other_value));
        different += !bytes_equal(bytes_skip(key, 4), bytes_skip(other_key, 4)) ||
                     !bytes_equal(bytes_skip(value, skip), bytes_skip(other_value, skip));
        rows++;
    }
    CHECK_ERR(err, ERR_ABSENT);
    CHECK_ERR(store_cursor_next(b, &other_key, &other_value), ERR_ABSENT);
    CHECK_U64(different, 0);
    CHECK(rows > ITEMS / 2);
    store_cursor_close(&a);
    store_cursor_close(&b);
}

static void filled_is_as_written(bool on_disk, unsigned index_count, bool ascending)
{
    struct index_bed bed = {.on_disk = on_disk};
    struct table *table, *filled;
    struct table_fill *fill;
    struct store_count count, counted;
    uint64_t chance = 4711;

    index_bed_open(&bed);
    index_bed_create(&bed, index_count);
    table = begin(&bed, index_count);
    CHECK_U64(table_status_now(table, clock_wall_ms()), TABLE_CREATING);
    CHECK(table_is_restoring(&table->definition));
    CHECK_U64(catalog_count_restoring(bed.catalog, index_bed_table.account), 1);
    fill = open_fill(&bed, table, ascending);
    for (unsigned i = 0; i < ITEMS; i++) {
        struct arena_mark mark = arena_mark(&bed.arena);
        struct value item = index_bed_item(&chance, 2 * ITEMS, &bed.arena);
        enum err err = index_bed_write(&bed, bed.table, TABLE_PUT, item, 0);

        if (err == OK && !ascending)
            CHECK_OK(table_fill_add(fill, item));
        arena_release(&bed.arena, mark);
    }
    if (ascending) {
        struct bytes key, value;
        struct store_cursor *rows =
            store_cursor_open(bed.store, NULL, STORE_DATA,
                              table_items_range(bed.table->definition.id, &bed.arena), true);

        while (store_cursor_next(rows, &key, &value) == OK)
            CHECK_OK(table_fill_add_stored(fill, key, value));
        store_cursor_close(&rows);
    }
    finish(&bed, &fill, &count);
    filled = find(&bed);
    CHECK(filled != NULL && !table_is_filling(&filled->definition));
    CHECK_U64(table_status_now(filled, clock_wall_ms()), TABLE_ACTIVE);
    CHECK_U64(catalog_count_restoring(bed.catalog, index_bed_table.account), 0);
    index_bed_check_ok(&bed);
    check_same_rows(&bed, bed.table->definition.id, table->definition.id);
    counted = counter(&bed, table->definition.id, 0);
    CHECK_U64(counted.items, count.items);
    CHECK_U64(counted.bytes, count.bytes);
    for (uint16_t i = 0; i <= index_count; i++) {
        counted = counter(&bed, bed.table->definition.id, i);
        count = counter(&bed, table->definition.id, i);
        CHECK_U64(count.items, counted.items);
        CHECK_U64(count.bytes, counted.bytes);
    }
    table_release(&table);
    table_release(&filled);
    index_bed_close(&bed);
}

TEST(table_fill_in_any_order_in_memory)
{
    filled_is_as_written(false, 3, false);
}

TEST(table_fill_in_any_order_on_disk)
{
    filled_is_as_written(true, 3, false);
}

TEST(table_fill_without_indexes)
{
    filled_is_as_written(true, 0, false);
}

TEST(table_fill_in_key_order)
{
    filled_is_as_written(true, 3, true);
}

/* A process that ends between the rows and the publication leaves what the next try removes. */
TEST(table_fill_begins_again_after_a_restart)
{
    struct index_bed bed = {.on_disk = true};
    struct store_count count;
    struct table_fill *fill;
    struct table *table;

    index_bed_open(&bed);
    table = begin(&bed, 3);
    fill = open_fill(&bed, table, false);
    for (unsigned i = 0; i < 100; i++)
        CHECK_OK(table_fill_add(
            fill, value_make_map((const char *)arena_format(&bed.arena,
                                                            "{\"pk\":{\"S\":\"old%u\"},"
                                                            "\"sk\":{\"N\":\"1\"},"
                                                            "\"l\":{\"N\":\"1\"}}",
                                                            i)
                                     .data,
                                 &bed.arena)));
    CHECK_OK(table_fill_finish(fill, &count));
    CHECK_U64(count.items, 100);
    table_fill_close(&fill);
    table_release(&table);
    index_bed_close(&bed);

    index_bed_open(&bed);
    index_bed_check_ok(&bed); /* what it has so far says nothing */
    CHECK_TEXT(bytes_of_string(record_of(&bed)), "begun");
    CHECK(table_fill_acquire(bed.catalog, index_bed_table.account, index_bed_table.region,
                             BYTES("Filled"), BYTES("another job")) == NULL);
    table = table_fill_acquire(bed.catalog, index_bed_table.account, index_bed_table.region,
                               BYTES("Filled"), filling.job_id);
    CHECK(table != NULL);
    CHECK_TEXT(table->definition.filling.source_arn, (const char *)filling.source_arn.data);
    CHECK_U64(table->definition.filling.restore_ms, 1700000000123);
    CHECK_U64(table_status_now(table, clock_wall_ms()), TABLE_CREATING);
    fill = open_fill(&bed, table, false);
    CHECK_OK(table_fill_add(
        fill, value_make_map("{\"pk\":{\"S\":\"new\"},\"sk\":{\"N\":\"1\"},\"g\":{\"S\":\"g\"}}",
                             &bed.arena)));
    finish(&bed, &fill, &count);
    CHECK_U64(count.items, 1);
    table_release(&table);
    index_bed_check_ok(&bed);
    index_bed_close(&bed);

    index_bed_open(&bed);
    table = find(&bed);
    CHECK(table != NULL && !table_is_filling(&table->definition));
    CHECK_U64(counter(&bed, table->definition.id, 0).items, 1);
    index_bed_check_ok(&bed);
    table_release(&table);
    index_bed_close(&bed);
}

static bool always(const void *ctx)
{
    (void)ctx;
    return true;
}

TEST(table_fill_ends_when_it_is_told_to)
{
    struct index_bed bed = {0};
    struct table_fill_options options = {.stopping = always};
    struct table_fill *fill;
    struct store_count count;
    struct table *table;
    uint64_t chance = 1;

    index_bed_open(&bed);
    table = begin(&bed, 0);
    CHECK_OK(table_fill_open(bed.catalog, table, &options, &fill));
    for (unsigned i = 0; i < 1000; i++)
        CHECK_OK(table_fill_add(fill, index_bed_item(&chance, 100000, &bed.arena)));
    CHECK_ERR(table_fill_finish(fill, &count), ERR_CANCELLED);
    table_fill_close(&fill);
    table_release(&table);
    index_bed_close(&bed);
}

TEST(table_fill_that_is_abandoned_is_gone)
{
    struct index_bed bed = {.on_disk = true};
    struct store_count count;
    struct table_fill *fill;
    struct table *table;
    uint64_t chance = 1, until_ms = clock_mono_ms() + 20000;
    struct store_range range;
    bool there = true;

    index_bed_open(&bed);
    table = begin(&bed, 3);
    fill = open_fill(&bed, table, false);
    for (unsigned i = 0; i < 100; i++)
        CHECK_OK(table_fill_add(fill, index_bed_item(&chance, 100, &bed.arena)));
    CHECK_OK(table_fill_finish(fill, &count));
    CHECK_OK(table_fill_abandon(bed.catalog, table, last_record(&bed)));
    CHECK_ERR(table_fill_publish(fill, last_record(&bed)), ERR_ABSENT);
    CHECK_OK(table_fill_abandon(bed.catalog, table, last_record(&bed))); /* it is gone already */
    CHECK(find(&bed) == NULL);
    CHECK_TEXT(bytes_of_string(record_of(&bed)), "over");
    range = table_whole_range(table->definition.id, &bed.arena);
    table_fill_close(&fill);
    table_release(&table);
    while (there && clock_mono_ms() < until_ms) {
        struct store_cursor *cursor = store_cursor_open(bed.store, NULL, STORE_DATA, range, true);
        struct bytes key, value;

        there = store_cursor_next(cursor, &key, &value) == OK;
        store_cursor_close(&cursor);
    }
    CHECK(!there);
    index_bed_close(&bed);
}
