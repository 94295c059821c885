/* table_test.c - definitions and their records, the catalog over restarts, the write door. */
#include "base/clock.h"
#include "item/item.h"
#include "item/number.h"
#include "store/store.h"
#include "table/catalog.h"
#include "table/table_check.h"
#include "table/table_keys.h"
#include "table/table_read.h"
#include "table/table_write.h"
#include "unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>

struct bed {
    struct store *store;
    struct catalog *catalog;
    struct arena arena;
    struct fault fault;
    char path[256];
    size_t queue_bytes_max; /* of the store; 0: more than any test needs */
};

static void bed_open(struct bed *bed)
{
    struct store_options options = {
        .cache_bytes = 8 << 20,
        .queue_bytes_max = bed->queue_bytes_max != 0 ? bed->queue_bytes_max : 64 << 20,
    };

    if (bed->path[0] == 0)
        snprintf(bed->path, sizeof(bed->path), "%s/data", unit_temp_dir());
    options.path = bed->path;
    arena_init(&bed->arena);
    fault_init(&bed->fault, &bed->arena);
    CHECK_OK(store_open(&options, &bed->fault, &bed->store));
    CHECK_OK(catalog_open(bed->store, &bed->fault, &bed->catalog));
}

static void bed_close(struct bed *bed)
{
    catalog_close(&bed->catalog);
    store_close(&bed->store);
    arena_fini(&bed->arena);
}

static struct table_definition music(void)
{
    return (struct table_definition){
        .account = BYTES("000000000000"),
        .region = BYTES("us-east-1"),
        .name = BYTES("Music"),
        .uuid = "95277133-af3f-4e39-a592-817668590251",
        .created_ms = 1700000000123,
        .schema = {.hash_count = 1,
                   .range_count = 1,
                   .attributes = {{BYTES("Artist"), VALUE_S}, {BYTES("Year"), VALUE_N}}},
        .settings = {.billing = TABLE_PAY_PER_REQUEST,
                     .was_on_demand = true,
                     .on_demand_ms = 1700000000123,
                     .capacity = {.on_demand_read_max = -1,
                                  .on_demand_write_max = 50,
                                  .warm_read_units = 12000,
                                  .warm_write_units = 4000}},
        .status = TABLE_ACTIVE,
    };
}

static struct table *create(struct bed *bed, struct table_definition definition)
{
    struct table *table = NULL;

    catalog_change_begin(bed->catalog);
    CHECK_OK(catalog_put(bed->catalog, &definition, &table));
    catalog_change_end(bed->catalog);
    return table;
}

static struct table *find(struct bed *bed, const char *name)
{
    return catalog_acquire(bed->catalog, BYTES("000000000000"), BYTES("us-east-1"),
                           bytes_of_string(name));
}

/* --- definitions ----------------------------------------------------------------------------- */

TEST(table_record_reads_back_what_was_written)
{
    struct table_definition definition = music(), read;
    struct arena arena;
    struct bytes record;

    arena_init(&arena);
    definition.id = 7;
    record = table_record_write(&definition, &arena);
    CHECK_U64(record.data[0], 1);
    CHECK_OK(table_record_read(record, &arena, &read));
    CHECK_U64(read.id, 7);
    CHECK_TEXT(read.name, "Music");
    CHECK_U64(read.schema.range_count, 1);
    CHECK_TEXT(read.schema.attributes[1].name, "Year");
    CHECK_U64(read.schema.attributes[1].type, VALUE_N);
    CHECK(read.settings.capacity.on_demand_read_max == -1);
    CHECK(read.settings.capacity.on_demand_write_max == 50);
    CHECK_U64(read.settings.capacity.warm_read_units, 12000);
    arena_fini(&arena);
}

/* What a released version wrote: never change these bytes, add another test beside this one. */
TEST(table_record_golden)
{
    static const char golden[] =
        "\x01{\"keys\":[{\"name\":\"Artist\",\"type\":\"S\"},{\"name\":\"Year\",\"type\":\"N\"}],"
        "\"id\":7,\"account\":\"000000000000\",\"region\":\"us-east-1\",\"name\":\"Music\","
        "\"uuid\":\"95277133-af3f-4e39-a592-817668590251\",\"createdMs\":1700000000123,"
        "\"hashKeys\":1,\"status\":1,\"statusUntilMs\":0,\"settings\":{\"billing\":\"on-demand\","
        "\"readUnits\":0,\"writeUnits\":0,\"increasedMs\":0,\"decreasedMs\":0,"
        "\"decreasesToday\":0,\"wasOnDemand\":true,\"onDemandMs\":1700000000123,"
        "\"onDemandReadMax\":-1,\"onDemandWriteMax\":50,\"warmReadUnits\":12000,"
        "\"warmWriteUnits\":4000,\"class\":0,\"classChangedMs\":0,\"deletionProtection\":false}}";
    struct table_definition definition = music(), read;
    struct arena arena;

    arena_init(&arena);
    definition.id = 7;
    CHECK_TEXT(table_record_write(&definition, &arena), golden);
    CHECK_OK(table_record_read(bytes_of_string(golden), &arena, &read));
    CHECK_TEXT(read.account, "000000000000");
    CHECK_U64(read.tags.count, 0);
    CHECK_U64(read.ttl_attribute.size, 0);
    CHECK_U64(read.insights.changed_ms, 0);
    CHECK_ERR(table_record_read(BYTES("\x02{}"), &arena, &read), ERR_NEWER_FORMAT);
    CHECK_ERR(table_record_read(BYTES("\x01{}"), &arena, &read), ERR_CORRUPT);
    CHECK_ERR(table_record_read(BYTES("\x01nonsense"), &arena, &read), ERR_CORRUPT);
    CHECK_ERR(table_record_read(BYTES(""), &arena, &read), ERR_CORRUPT);
    arena_fini(&arena);
}

/* As above. */
TEST(table_record_of_a_filling_table_golden)
{
    static const char golden[] =
        "\"deletionProtection\":false},\"filling\":{\"jobKind\":\"restore\",\"jobId\":\"42\","
        "\"source\":\"arn:x\",\"backup\":\"arn:y\",\"restoreMs\":1700000000123}}";
    struct table_definition definition = music(), read;
    struct arena arena;
    struct bytes record;

    arena_init(&arena);
    definition.id = 7;
    definition.filling = (struct table_filling){BYTES("restore"), BYTES("42"),   BYTES("arn:x"),
                                                BYTES("arn:y"),   1700000000123, 0};
    record = table_record_write(&definition, &arena);
    CHECK(record.size > sizeof(golden));
    CHECK_TEXT(bytes_skip(record, record.size - (sizeof(golden) - 1)), golden);
    CHECK_OK(table_record_read(record, &arena, &read));
    CHECK(table_is_restoring(&read));
    CHECK_TEXT(read.filling.job_kind, "restore");
    CHECK_TEXT(read.filling.job_id, "42");
    CHECK_TEXT(read.filling.source_arn, "arn:x");
    CHECK_TEXT(read.filling.backup_arn, "arn:y");
    CHECK_U64(read.filling.restore_ms, 1700000000123);
    arena_fini(&arena);
}

/* As above. */
TEST(table_record_of_a_table_that_history_fills_golden)
{
    static const char golden[] = "\"restoreMs\":1700000000123,\"sourceId\":9}}";
    struct table_definition definition = music(), read;
    struct arena arena;
    struct bytes record;

    arena_init(&arena);
    definition.id = 7;
    definition.filling = (struct table_filling){
        BYTES("restore-time"), BYTES("42"), BYTES("arn:x"), BYTES(""), 1700000000123, 9};
    record = table_record_write(&definition, &arena);
    CHECK(record.size > sizeof(golden));
    CHECK_TEXT(bytes_skip(record, record.size - (sizeof(golden) - 1)), golden);
    CHECK_OK(table_record_read(record, &arena, &read));
    CHECK_U64(read.filling.source_id, 9);
    arena_fini(&arena);
}

TEST(table_record_with_indexes_golden)
{
    static const char golden[] =
        "\x01{\"keys\":[{\"name\":\"Artist\",\"type\":\"S\"},{\"name\":\"Year\",\"type\":\"N\"}],"
        "\"id\":7,\"account\":\"000000000000\",\"region\":\"us-east-1\",\"name\":\"Music\","
        "\"uuid\":\"95277133-af3f-4e39-a592-817668590251\",\"createdMs\":1700000000123,"
        "\"hashKeys\":1,\"status\":1,\"statusUntilMs\":0,\"settings\":{\"billing\":\"on-demand\","
        "\"readUnits\":0,\"writeUnits\":0,\"increasedMs\":0,\"decreasedMs\":0,"
        "\"decreasesToday\":0,\"wasOnDemand\":true,\"onDemandMs\":1700000000123,"
        "\"onDemandReadMax\":-1,\"onDemandWriteMax\":50,\"warmReadUnits\":12000,"
        "\"warmWriteUnits\":4000,\"class\":0,\"classChangedMs\":0,\"deletionProtection\":false},"
        "\"nextIndexId\":4,\"indexes\":[{\"id\":1,\"name\":\"ByLabel\",\"kind\":\"local\","
        "\"hashKeys\":1,\"keys\":[{\"name\":\"Artist\",\"type\":\"S\"},"
        "{\"name\":\"Label\",\"type\":\"B\"}],\"projection\":\"keys\",\"status\":1,"
        "\"statusUntilMs\":0},{\"id\":3,\"name\":\"ByGenre\",\"kind\":\"global\",\"hashKeys\":1,"
        "\"keys\":[{\"name\":\"Genre\",\"type\":\"S\"}],\"projection\":\"included\","
        "\"included\":[\"A\",\"B\"],\"capacity\":{\"readUnits\":5,\"writeUnits\":6,"
        "\"increasedMs\":0,\"decreasedMs\":0,\"decreasesToday\":0,\"onDemandReadMax\":-1,"
        "\"onDemandWriteMax\":-1,\"warmReadUnits\":7,\"warmWriteUnits\":8},\"status\":2,"
        "\"statusUntilMs\":9,\"before\":{\"readUnits\":1,\"writeUnits\":0,\"increasedMs\":0,"
        "\"decreasedMs\":0,\"decreasesToday\":0,\"onDemandReadMax\":-1,\"onDemandWriteMax\":-1,"
        "\"warmReadUnits\":0,\"warmWriteUnits\":0}}]}";
    struct bytes included[] = {BYTES("A"), BYTES("B")};
    struct table_capacity none = {.on_demand_read_max = -1, .on_demand_write_max = -1};
    struct table_index indexes[] = {
        {.id = 1,
         .status = INDEX_ACTIVE,
         .definition = {.name = BYTES("ByLabel"),
                        .kind = INDEX_LOCAL,
                        .projection = INDEX_PROJECTS_KEYS,
                        .schema = {1, 1, {{BYTES("Artist"), VALUE_S}, {BYTES("Label"), VALUE_B}}}}},
        {.id = 3,
         .status = INDEX_UPDATING,
         .status_until_ms = 9,
         .before = none,
         .definition = {.name = BYTES("ByGenre"),
                        .kind = INDEX_GLOBAL,
                        .projection = INDEX_PROJECTS_INCLUDED,
                        .included = included,
                        .included_count = 2,
                        .capacity = none,
                        .schema = {1, 0, {{BYTES("Genre"), VALUE_S}}}}},
    };
    struct table_definition definition = music(), read;
    const struct table_index *index;
    struct table *table;
    struct arena arena;

    arena_init(&arena);
    definition.id = 7;
    definition.indexes = indexes;
    definition.index_count = 2;
    definition.next_index_id = 4;
    indexes[1].before.throughput.read_units = 1;
    indexes[1].definition.capacity.throughput.read_units = 5;
    indexes[1].definition.capacity.throughput.write_units = 6;
    indexes[1].definition.capacity.warm_read_units = 7;
    indexes[1].definition.capacity.warm_write_units = 8;
    CHECK_TEXT(table_record_write(&definition, &arena), golden);
    CHECK_OK(table_record_read(bytes_of_string(golden), &arena, &read));
    CHECK_U64(read.next_index_id, 4);
    CHECK_TEXT(table_record_write(&read, &arena), golden);
    table = table_create(&read, NULL);
    arena_fini(&arena); /* a table has bytes of its own */

    index = table_index_find(table, BYTES("ByGenre"));
    CHECK(index != NULL && index->id == 3);
    CHECK_TEXT(index->definition.included[1], "B");
    CHECK_TEXT(index->definition.schema.attributes[0].name, "Genre");
    CHECK_U64(table_index_status_now(table, index, 8), INDEX_UPDATING);
    CHECK_U64(table_index_capacity_now(index, 8)->throughput.read_units, 1);
    CHECK_U64(table_index_status_now(table, index, 9), INDEX_ACTIVE);
    CHECK_U64(table_index_capacity_now(index, 9)->throughput.read_units, 5);
    CHECK(table_index_find(table, BYTES("Other")) == NULL);
    table_release(&table);
}

/* The same for a table with tags and time to live. */
TEST(table_record_golden_of_tags_and_time_to_live)
{
    static const char golden[] =
        "\x01{\"keys\":[{\"name\":\"Artist\",\"type\":\"S\"},{\"name\":\"Year\",\"type\":\"N\"}],"
        "\"id\":7,\"account\":\"000000000000\",\"region\":\"us-east-1\",\"name\":\"Music\","
        "\"uuid\":\"95277133-af3f-4e39-a592-817668590251\",\"createdMs\":1700000000123,"
        "\"hashKeys\":1,\"status\":1,\"statusUntilMs\":0,\"settings\":{\"billing\":\"on-demand\","
        "\"readUnits\":0,\"writeUnits\":0,\"increasedMs\":0,\"decreasedMs\":0,"
        "\"decreasesToday\":0,\"wasOnDemand\":true,\"onDemandMs\":1700000000123,"
        "\"onDemandReadMax\":-1,\"onDemandWriteMax\":50,\"warmReadUnits\":12000,"
        "\"warmWriteUnits\":4000,\"class\":0,\"classChangedMs\":0,\"deletionProtection\":false},"
        "\"tags\":[{\"key\":\"team\",\"value\":\"\xc3\xa9\"},{\"key\":\"cost\",\"value\":\"\"}],"
        "\"ttlAttribute\":\"until\"}";
    struct table_definition definition = music(), read;
    struct table *table;
    struct arena arena;

    arena_init(&arena);
    definition.id = 7;
    definition.tags = (struct table_tags){
        .list = {{BYTES("team"), BYTES("\xc3\xa9")}, {BYTES("cost"), BYTES("")}}, .count = 2};
    definition.ttl_attribute = BYTES("until");
    CHECK_TEXT(table_record_write(&definition, &arena), golden);
    CHECK_OK(table_record_read(bytes_of_string(golden), &arena, &read));
    table = table_create(&read, NULL);
    arena_fini(&arena); /* a table has its own copies */
    CHECK_U64(table->definition.tags.count, 2);
    CHECK_TEXT(table->definition.tags.list[0].key, "team");
    CHECK_TEXT(table->definition.tags.list[0].value, "\xc3\xa9");
    CHECK_TEXT(table->definition.tags.list[1].key, "cost");
    CHECK_TEXT(table->definition.tags.list[1].value, "");
    CHECK_TEXT(table->definition.ttl_attribute, "until");
    table_release(&table);
}

/* Its hidden index; the record above is one from before there was any. */
TEST(table_record_of_the_expiry_index)
{
    struct table_definition definition = music(), read;
    struct arena arena;
    struct bytes record;

    arena_init(&arena);
    definition.id = 7;
    definition.ttl_attribute = BYTES("until");
    CHECK_OK(table_record_read(table_record_write(&definition, &arena), &arena, &read));
    CHECK_U64(read.ttl.index.id, 1);
    CHECK_U64(read.ttl.index.status, INDEX_CREATING);
    CHECK_U64(read.ttl.next_id, 2);
    definition.ttl = (struct table_ttl){
        .index = {.id = 3, .status = INDEX_ACTIVE}, .next_id = 4, .gone_before = 3};
    record = table_record_write(&definition, &arena);
    CHECK(strstr((const char *)record.data,
                 "\"ttlAttribute\":\"until\",\"ttl\":{\"nextId\":4,\"id\":3,\"status\":1,"
                 "\"goneBefore\":3}") != NULL);
    CHECK_OK(table_record_read(record, &arena, &read));
    CHECK_U64(read.ttl.index.id, 3);
    CHECK_U64(read.ttl.index.status, INDEX_ACTIVE);
    CHECK_U64(read.ttl.next_id, 4);
    CHECK_U64(read.ttl.gone_before, 3);
    definition.ttl.next_id = 3; /* the index's own */
    CHECK_ERR(table_record_read(table_record_write(&definition, &arena), &arena, &read),
              ERR_CORRUPT);
    arena_fini(&arena);
}

/* And for one with contributor insights. */
TEST(table_record_golden_of_contributor_insights)
{
    static const char golden[] =
        "\x01{\"keys\":[{\"name\":\"Artist\",\"type\":\"S\"},{\"name\":\"Year\",\"type\":\"N\"}],"
        "\"id\":7,\"account\":\"000000000000\",\"region\":\"us-east-1\",\"name\":\"Music\","
        "\"uuid\":\"95277133-af3f-4e39-a592-817668590251\",\"createdMs\":1700000000123,"
        "\"hashKeys\":1,\"status\":1,\"statusUntilMs\":0,\"settings\":{\"billing\":\"on-demand\","
        "\"readUnits\":0,\"writeUnits\":0,\"increasedMs\":0,\"decreasedMs\":0,"
        "\"decreasesToday\":0,\"wasOnDemand\":true,\"onDemandMs\":1700000000123,"
        "\"onDemandReadMax\":-1,\"onDemandWriteMax\":50,\"warmReadUnits\":12000,"
        "\"warmWriteUnits\":4000,\"class\":0,\"classChangedMs\":0,\"deletionProtection\":false},"
        "\"insights\":{\"enabled\":true,\"onlyThrottled\":true,\"changedMs\":1700000000456}}";
    static const struct table_index index = {
        .id = 1,
        .insights = {true, false, 5},
        .definition = {.name = BYTES("Glo"),
                       .kind = INDEX_GLOBAL,
                       .schema = {1, 0, {{BYTES("g"), VALUE_S}}},
                       .projection = INDEX_PROJECTS_KEYS},
    };
    struct table_definition definition = music(), read;
    struct arena arena;

    arena_init(&arena);
    definition.id = 7;
    definition.insights = (struct table_insights){true, true, 1700000000456};
    CHECK_TEXT(table_record_write(&definition, &arena), golden);
    definition.indexes = &index;
    definition.index_count = 1;
    definition.next_index_id = 2;
    CHECK_OK(table_record_read(table_record_write(&definition, &arena), &arena, &read));
    CHECK(read.indexes[0].insights.enabled && !read.indexes[0].insights.only_throttled);
    CHECK_U64(read.indexes[0].insights.changed_ms, 5);
    CHECK_OK(table_record_read(bytes_of_string(golden), &arena, &read));
    CHECK(read.insights.enabled && read.insights.only_throttled);
    CHECK_U64(read.insights.changed_ms, 1700000000456);
    arena_fini(&arena);
}

/* And for one with a stream, a key of its own, policies and two changes of its class. */
TEST(table_record_golden_of_stream_encryption_and_policies)
{
    static const char golden[] =
        "\x01{\"keys\":[{\"name\":\"Artist\",\"type\":\"S\"},{\"name\":\"Year\",\"type\":\"N\"}],"
        "\"id\":7,\"account\":\"000000000000\",\"region\":\"us-east-1\",\"name\":\"Music\","
        "\"uuid\":\"95277133-af3f-4e39-a592-817668590251\",\"createdMs\":1700000000123,"
        "\"hashKeys\":1,\"status\":1,\"statusUntilMs\":0,\"settings\":{\"billing\":\"on-demand\","
        "\"readUnits\":0,\"writeUnits\":0,\"increasedMs\":0,\"decreasedMs\":0,"
        "\"decreasesToday\":0,\"wasOnDemand\":true,\"onDemandMs\":1700000000123,"
        "\"onDemandReadMax\":-1,\"onDemandWriteMax\":50,\"warmReadUnits\":12000,"
        "\"warmWriteUnits\":4000,\"class\":1,\"classChangedMs\":1700000000300,"
        "\"classChangedBeforeMs\":1700000000200,\"deletionProtection\":false},"
        "\"stream\":{\"view\":\"both\",\"labelMs\":1700000000456,\"changes\":true},"
        "\"encryption\":{\"key\":\"arn:aws:kms:us-east-1:000000000000:key/new\","
        "\"keyBefore\":\"arn:aws:kms:us-east-1:000000000000:key/old\","
        "\"untilMs\":1700000000789},"
        "\"policy\":{\"text\":\"{\\\"Version\\\":\\\"2012-10-17\\\"}\","
        "\"revisionMs\":1700000000001},"
        "\"streamPolicy\":{\"text\":\"\",\"revisionMs\":1700000000002}}";
    struct table_definition definition = music(), read;
    struct table *table;
    struct arena arena;

    arena_init(&arena);
    definition.id = 7;
    definition.settings.class = TABLE_CLASS_STANDARD;
    definition.settings.class_changed_ms = 1700000000300;
    definition.settings.class_changed_before_ms = 1700000000200;
    definition.stream = (struct table_stream){TABLE_STREAM_NEW_AND_OLD_IMAGES, 1700000000456, true};
    definition.encryption = (struct table_encryption){
        .key_arn = BYTES("arn:aws:kms:us-east-1:000000000000:key/new"),
        .key_arn_before = BYTES("arn:aws:kms:us-east-1:000000000000:key/old"),
        .until_ms = 1700000000789,
    };
    definition.policy = (struct table_policy){BYTES("{\"Version\":\"2012-10-17\"}"), 1700000000001};
    definition.stream_policy = (struct table_policy){BYTES(""), 1700000000002};
    CHECK_TEXT(table_record_write(&definition, &arena), golden);
    CHECK_OK(table_record_read(bytes_of_string(golden), &arena, &read));
    table = table_create(&read, NULL);
    arena_fini(&arena); /* a table has its own bytes */
    arena_init(&arena);
    CHECK_TEXT(table_record_write(&table->definition, &arena), golden);
    table_release(&table);
    arena_fini(&arena);
}

TEST(table_status_passes_by_itself)
{
    struct table_definition definition = music();
    struct table *table;

    definition.status = TABLE_UPDATING;
    definition.status_until_ms = 1000;
    definition.before.capacity.warm_read_units = 1;
    table = table_create(&definition, NULL);
    CHECK_U64(table_status_now(table, 999), TABLE_UPDATING);
    CHECK_U64(table_settings_now(table, 999)->capacity.warm_read_units, 1);
    CHECK_U64(table_status_now(table, 1000), TABLE_ACTIVE);
    CHECK_U64(table_settings_now(table, 1000)->capacity.warm_read_units, 12000);
    table_release(&table);
}

TEST(table_segments_divide_all_slots_without_gap)
{
    static const uint32_t counts[] = {1, 2, 3, 7, 1000000};
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct store_range all = table_items_range(9, &arena);
        struct bytes at = all.from;

        for (uint32_t segment = 0; segment < (counts[i] > 50 ? 50 : counts[i]); segment++) {
            struct store_range range = table_segment_range(9, segment, counts[i], &arena);

            CHECK(bytes_equal(range.from, at));
            CHECK(bytes_compare(range.from, range.to) < 0);
            at = range.to;
        }
        if (counts[i] <= 50)
            CHECK(bytes_equal(at, all.to));
    }
    arena_fini(&arena);
}

/* --- the catalog ----------------------------------------------------------------------------- */

TEST(catalog_keeps_tables_over_a_restart_and_never_reuses_ids)
{
    struct bed bed = {0};
    struct table_definition other = music();
    struct table *table;
    uint32_t first_id;

    bed_open(&bed);
    table = create(&bed, music());
    first_id = table->definition.id;
    catalog_change_begin(bed.catalog);
    CHECK_OK(catalog_drop(bed.catalog, table, 0));
    catalog_change_end(bed.catalog);
    CHECK(find(&bed, "Music") == NULL);
    table_release(&table);
    bed_close(&bed);

    bed_open(&bed);
    CHECK(find(&bed, "Music") == NULL);
    other.region = BYTES("eu-west-1");
    table = create(&bed, music());
    CHECK(table->definition.id > first_id);
    table_release(&table);
    table = create(&bed, other); /* the same name in another region is another table */
    table_release(&table);
    bed_close(&bed);

    bed_open(&bed);
    table = find(&bed, "Music");
    CHECK(table != NULL);
    CHECK_TEXT(table->definition.region, "us-east-1");
    CHECK_TEXT(table->definition.schema.attributes[0].name, "Artist");
    table_release(&table);
    CHECK_U64(catalog_count(bed.catalog, BYTES("000000000000"), BYTES("eu-west-1")), 1);
    bed_close(&bed);
}

TEST(catalog_lists_names_in_byte_order_page_by_page)
{
    static const char *const names[] = {"beta", "Alpha", "alpha", "a.b", "gamma"};
    struct bed bed = {0};
    struct bytes *page;
    unsigned count;

    bed_open(&bed);
    for (size_t i = 0; i < 5; i++) {
        struct table_definition definition = music();
        struct table *table;

        definition.name = bytes_of_string(names[i]);
        table = create(&bed, definition);
        table_release(&table);
    }
    CHECK(catalog_list(bed.catalog, BYTES("000000000000"), BYTES("us-east-1"), BYTES(""), 2,
                       &bed.arena, &page, &count));
    CHECK_U64(count, 2);
    CHECK_TEXT(page[0], "Alpha");
    CHECK_TEXT(page[1], "a.b");
    CHECK(!catalog_list(bed.catalog, BYTES("000000000000"), BYTES("us-east-1"), BYTES("a.b"), 3,
                        &bed.arena, &page, &count));
    CHECK_U64(count, 3);
    CHECK_TEXT(page[2], "gamma");
    bed_close(&bed);
}

/* Many regions, and each knows its own only, also as tables come and go. */
TEST(catalog_lists_a_region_by_itself)
{
    struct bed bed = {0};
    struct bytes *page;
    unsigned count;

    bed_open(&bed);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 600; i++) {
            struct table_definition definition = music();
            struct table *table;

            definition.region = arena_format(&bed.arena, "region-%u", i / 2);
            definition.name = arena_format(&bed.arena, "T%u.%u", round, i % 2);
            table = create(&bed, definition);
            catalog_change_begin(bed.catalog);
            if (i % 3 == 0)
                CHECK_OK(catalog_drop(bed.catalog, table, 0));
            catalog_change_end(bed.catalog);
            table_release(&table);
        }
    }
    for (unsigned i = 0; i < 300; i++) {
        struct bytes region = arena_format(&bed.arena, "region-%u", i);
        unsigned there = ((2 * i) % 3 != 0) + ((2 * i + 1) % 3 != 0);

        CHECK(!catalog_list(bed.catalog, BYTES("000000000000"), region, BYTES(""), 100, &bed.arena,
                            &page, &count));
        CHECK_U64(count, 3 * there);
        CHECK_U64(catalog_count(bed.catalog, BYTES("000000000000"), region), 3 * there);
    }
    CHECK_U64(catalog_count(bed.catalog, BYTES("000000000001"), BYTES("region-1")), 0);
    bed_close(&bed);
}

/* --- the write door -------------------------------------------------------------------------- */

struct write {
    struct table_write write;
    struct table_change change;
    struct arena arena;
    sem_t done;
    enum err outcome;
    bool puts;
    unsigned add;
    struct overtaking *other; /* NULL: nobody overtakes it */
};

static void overtake(struct overtaking *other);

static struct value item_of(struct arena *arena, const char *artist, int64_t year, unsigned plays)
{
    struct bytes plays_text = arena_format(arena, "%u", plays);
    struct bytes year_text = arena_format(arena, "%lld", (long long)year);
    struct number year_number, plays_number;
    struct value_builder map;
    struct fault fault;
    struct buf out;
    struct value item;

    fault_init(&fault, arena);
    CHECK_OK(number_parse(year_text, &year_number, &fault));
    CHECK_OK(number_parse(plays_text, &plays_number, &fault));
    buf_init(&out, 4096);
    value_build_begin_payload(&map, &out, VALUE_M);
    value_build_entry(&map, BYTES("Artist"), (struct value){VALUE_S, bytes_of_string(artist)});
    value_build_entry(&map, BYTES("Year"), (struct value){VALUE_N, number_bytes(&year_number)});
    value_build_entry(&map, BYTES("plays"), (struct value){VALUE_N, number_bytes(&plays_number)});
    value_build_end(&map);
    item = (struct value){VALUE_M, arena_copy(arena, buf_bytes(&out))};
    buf_fini(&out);
    return item;
}

static unsigned plays_of(struct value item)
{
    struct value plays;
    int64_t count = 0;

    if (!value_find(item, BYTES("plays"), &plays) || !number_to_i64(plays.payload, &count))
        return 0;
    return (unsigned)count;
}

/* Adds to `plays`, or refuses when there is nothing to put. */
static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct write *w = ctx;

    CHECK_U64(count, 1);
    if (w->other != NULL)
        overtake(w->other);
    if (!w->puts)
        return ERR_CONDITIONAL_CHECK_FAILED;
    changes[0].action = TABLE_PUT;
    changes[0].attributes =
        item_of(&w->arena, "Nina", 1965, plays_of(changes[0].old.attributes) + w->add);
    return OK;
}

static void done(void *ctx, enum err err)
{
    struct write *w = ctx;

    w->outcome = err == OK ? w->write.decided : err;
    sem_post(&w->done);
}

static enum err run_write(struct bed *bed, struct table *table, struct write w)
{
    enum err err;

    arena_init(&w.arena);
    sem_init(&w.done, 0, 0);
    w.change.table = table;
    w.change.key =
        key_of_item(&table->definition.schema, table->definition.id, catalog_hash_key(bed->catalog),
                    item_of(&w.arena, "Nina", 1965, 0), &w.arena);
    w.write = (struct table_write){.store = bed->store,
                                   .arena = &w.arena,
                                   .changes = &w.change,
                                   .count = 1,
                                   .decide = decide,
                                   .done = done,
                                   .ctx = &w,
                                   .may_wait = w.write.may_wait,
                                   .images_bytes_max = w.write.images_bytes_max};
    err = table_write(&w.write);
    if (err == ERR_PENDING) {
        sem_wait(&w.done);
        err = w.outcome;
    }
    sem_destroy(&w.done);
    arena_fini(&w.arena);
    return err;
}

static enum err write_and_wait(struct bed *bed, struct table *table, bool puts, unsigned add)
{
    return run_write(bed, table, (struct write){.puts = puts, .add = add, .write.may_wait = true});
}

/* As a loop does. */
static enum err write_at_once(struct bed *bed, struct table *table, size_t images_bytes_max)
{
    return run_write(
        bed, table,
        (struct write){.puts = true, .add = 1, .write.images_bytes_max = images_bytes_max});
}

static unsigned stored_plays(struct bed *bed, const struct table *table)
{
    struct bytes key =
        key_of_item(&table->definition.schema, table->definition.id, catalog_hash_key(bed->catalog),
                    item_of(&bed->arena, "Nina", 1965, 0), &bed->arena);
    struct item item;
    enum err err = table_get(bed->store, key, true, &bed->arena, &item);

    CHECK(err == OK || err == ERR_ABSENT);
    return err == OK ? plays_of(item.attributes) : 0;
}

TEST(table_write_changes_what_was_decided_and_counts_it)
{
    struct bed bed = {0};
    struct store_count count;
    struct table *table;

    bed_open(&bed);
    table = create(&bed, music());
    CHECK_OK(write_and_wait(&bed, table, true, 5));
    CHECK_OK(write_and_wait(&bed, table, true, 2));
    CHECK_U64(stored_plays(&bed, table), 7);
    CHECK_ERR(write_and_wait(&bed, table, false, 9), ERR_CONDITIONAL_CHECK_FAILED);
    CHECK_U64(stored_plays(&bed, table), 7);
    CHECK_OK(store_count(bed.store, table_count_key(table->definition.id, 0, &bed.arena), &count));
    CHECK_U64(count.items, 1);
    CHECK_U64(count.bytes, 6 + 4 + 4 + 3 + 5 + 2); /* Artist Nina, Year 1965, plays 7 */
    table_release(&table);
    bed_close(&bed);
}

struct adder {
    struct bed *bed;
    struct table *table;
    size_t images_bytes_max;
};

static void *add_many(void *arg)
{
    struct adder *adder = arg;

    for (int i = 0; i < 200; i++) {
        enum err err = ERR_BUSY; /* others were in its way, and the machine is slow */

        while (err == ERR_BUSY)
            err = run_write(adder->bed, adder->table,
                            (struct write){.puts = true,
                                           .add = 1,
                                           .write.may_wait = true,
                                           .write.images_bytes_max = adder->images_bytes_max});
        if (err != OK)
            unit_failed(__FILE__, __LINE__, "a write failed");
    }
    return NULL;
}

/* Images of 400 KB, a hundred of them: a loop would be away for milliseconds, with the latches. */
TEST(table_write_of_large_images_is_no_work_for_a_loop)
{
    struct bed bed = {0};
    struct table *table;

    bed_open(&bed);
    table = create(&bed, music());
    CHECK_OK(write_at_once(&bed, table, 0)); /* there was no image */
    CHECK_ERR(write_at_once(&bed, table, 20), ERR_WOULD_BLOCK);
    CHECK_OK(write_at_once(&bed, table, 1000));
    CHECK_U64(stored_plays(&bed, table), 2);
    table_release(&table);
    bed_close(&bed);
}

/* Somebody else's addition, while a decision is made. */
struct overtaking {
    struct adder adder;
    unsigned times;
    sem_t added;
};

static void *add_ten(void *arg)
{
    struct overtaking *other = arg;

    if (write_and_wait(other->adder.bed, other->adder.table, true, 10) != OK)
        unit_failed(__FILE__, __LINE__, "a write failed");
    sem_post(&other->added);
    return NULL;
}

static void overtake(struct overtaking *other)
{
    struct timespec until;
    pthread_t thread;

    if (other->times == 0)
        return;
    other->times--;
    pthread_create(&thread, NULL, add_ten, other);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    CHECK(sem_timedwait(&other->added, &until) == 0); /* it waits for no latch of the decision */
    pthread_join(thread, NULL);
}

/* A condition on large images may take long: others must not wait for it, and it must not win over
 * what they did meanwhile. */
TEST(table_write_of_large_images_is_decided_without_latches)
{
    static const size_t image_bytes_max = 20;
    struct bed bed = {0};
    struct overtaking other = {.adder.bed = &bed};
    struct table *table;

    bed_open(&bed);
    sem_init(&other.added, 0, 0);
    other.adder.table = table = create(&bed, music());
    CHECK_OK(write_at_once(&bed, table, 0));
    for (other.times = 1; stored_plays(&bed, table) < 33; other.times = 2)
        CHECK_OK(run_write(&bed, table,
                           (struct write){.puts = true,
                                          .add = 1,
                                          .other = &other,
                                          .write.may_wait = true,
                                          .write.images_bytes_max = image_bytes_max}));
    CHECK_U64(stored_plays(&bed, table), 33); /* 1 + 10 + 1 + 2 * 10 + 1 */
    sem_destroy(&other.added);
    table_release(&table);
    bed_close(&bed);
}

TEST(table_write_loses_no_concurrent_addition)
{
    static const size_t images_bytes_max[] = {0, 20}; /* decided with the latches, and without */
    struct bed bed = {0};
    pthread_t threads[4];
    struct adder adder = {.bed = &bed};

    bed_open(&bed);
    adder.table = create(&bed, music());
    for (unsigned round = 0; round < 2; round++) {
        adder.images_bytes_max = images_bytes_max[round];
        for (int i = 0; i < 4; i++)
            pthread_create(&threads[i], NULL, add_many, &adder);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        CHECK_U64(stored_plays(&bed, adder.table), 800 * (round + 1));
    }
    table_release(&adder.table);
    bed_close(&bed);
}

static void count_fault(void *ctx, const char *text)
{
    (void)text;
    ++*(unsigned *)ctx;
}

/* --- transactions through the write door ----------------------------------------------------- */

#define ACCOUNTS        8
#define ACCOUNT_BALANCE 1000
#define TRANSFERS       150

/* Moves one play from an account to another, and leaves a record of it. */
struct transfer {
    struct table_write write;
    struct table_change changes[2];
    struct table_record record;
    struct arena arena;
    int64_t years[2]; /* whose accounts: the sort keys */
    sem_t done;
    enum err outcome;
};

static struct bytes account_key(struct bed *bed, const struct table *table, int64_t year,
                                struct arena *arena)
{
    return key_of_item(&table->definition.schema, table->definition.id,
                       catalog_hash_key(bed->catalog), item_of(arena, "Nina", year, 0), arena);
}

static enum err decide_transfer(void *ctx, struct table_change changes[], unsigned count)
{
    struct transfer *t = ctx;
    unsigned from = changes[0].exists ? plays_of(changes[0].old.attributes) : ACCOUNT_BALANCE;
    unsigned to = changes[1].exists ? plays_of(changes[1].old.attributes) : ACCOUNT_BALANCE;

    CHECK_U64(count, 2);
    if (t->record.exists)
        return OK;
    if (from == 0)
        return ERR_CONDITIONAL_CHECK_FAILED;
    changes[0].action = changes[1].action = TABLE_PUT;
    changes[0].attributes = item_of(&t->arena, "Nina", t->years[0], from - 1);
    changes[1].attributes = item_of(&t->arena, "Nina", t->years[1], to + 1);
    t->record.put = BYTES("moved");
    return OK;
}

static void transfer_done(void *ctx, enum err err)
{
    struct transfer *t = ctx;

    t->outcome = err == OK ? t->write.decided : err;
    sem_post(&t->done);
}

static enum err transfer(struct bed *bed, struct table *table, int64_t from, int64_t to,
                         struct bytes token)
{
    struct transfer t = {.years = {from, to}};
    enum err err;

    arena_init(&t.arena);
    sem_init(&t.done, 0, 0);
    for (unsigned i = 0; i < 2; i++)
        t.changes[i] = (struct table_change){.table = table,
                                             .key = account_key(bed, table, t.years[i], &t.arena)};
    t.record.key = table_meta_key(token, &t.arena);
    t.write = (struct table_write){.store = bed->store,
                                   .arena = &t.arena,
                                   .changes = t.changes,
                                   .count = 2,
                                   .records = &t.record,
                                   .record_count = 1,
                                   .decide = decide_transfer,
                                   .done = transfer_done,
                                   .ctx = &t,
                                   .may_wait = true};
    err = table_write(&t.write);
    if (err == ERR_PENDING) {
        sem_wait(&t.done);
        err = t.outcome;
    }
    sem_destroy(&t.done);
    arena_fini(&t.arena);
    return err;
}

struct bank {
    struct bed *bed;
    struct table *table;
    unsigned number; /* of a teller */
    _Atomic bool closed;
};

/* What all accounts hold in one snapshot. */
static unsigned bank_sum(struct bed *bed, const struct table *table)
{
    struct store_snapshot *snapshot = store_snapshot_begin(bed->store);
    struct arena arena;
    unsigned sum = 0;

    arena_init(&arena);
    for (int64_t year = 0; year < ACCOUNTS; year++) {
        struct item item;
        enum err err = table_get_at(bed->store, snapshot, account_key(bed, table, year, &arena),
                                    true, &arena, &item);

        if (err != OK && err != ERR_ABSENT)
            unit_failed(__FILE__, __LINE__, "an account cannot be read");
        sum += err == OK ? plays_of(item.attributes) : ACCOUNT_BALANCE;
    }
    store_snapshot_end(bed->store, &snapshot);
    arena_fini(&arena);
    return sum;
}

static void *transfer_many(void *arg)
{
    struct bank *bank = arg;

    for (unsigned i = 0; i < TRANSFERS; i++) {
        char token[32];
        int size = snprintf(token, sizeof(token), "test/%u/%u", bank->number, i);
        int64_t from = (i * 7 + bank->number) % ACCOUNTS;
        int64_t to = (from + 1 + i % (ACCOUNTS - 1)) % ACCOUNTS;

        /* Each twice: the second time its record is there, durable or not. */
        for (unsigned again = 0; again < 2; again++)
            if (transfer(bank->bed, bank->table, from, to, bytes_make(token, (size_t)size)) != OK)
                unit_failed(__FILE__, __LINE__, "a transfer failed");
    }
    return NULL;
}

static void *audit(void *arg)
{
    struct bank *bank = arg;

    while (!bank->closed)
        if (bank_sum(bank->bed, bank->table) != ACCOUNTS * ACCOUNT_BALANCE)
            unit_failed(__FILE__, __LINE__, "a snapshot has half a transfer");
    return NULL;
}

TEST(table_write_moves_between_items_and_every_snapshot_has_the_same_sum)
{
    struct bank banks[4], audited;
    struct table_check_report report;
    pthread_t tellers[4], auditor;
    struct bed bed = {0};
    struct table *table;
    unsigned faults = 0;

    bed_open(&bed);
    table = create(&bed, music());
    audited = (struct bank){.bed = &bed, .table = table};
    pthread_create(&auditor, NULL, audit, &audited);
    for (unsigned i = 0; i < 4; i++) {
        banks[i] = (struct bank){.bed = &bed, .table = table, .number = i};
        pthread_create(&tellers[i], NULL, transfer_many, &banks[i]);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(tellers[i], NULL);
    audited.closed = true;
    pthread_join(auditor, NULL);
    CHECK_U64(bank_sum(&bed, table), ACCOUNTS * ACCOUNT_BALANCE);
    CHECK_OK(table_check(bed.catalog, count_fault, &faults, &report));
    CHECK_U64(report.items, ACCOUNTS);
    table_release(&table);
    bed_close(&bed);
}

TEST(table_write_changes_records_and_items_together_or_neither)
{
    struct bed bed = {0};
    struct table *table;
    struct bytes stored;

    bed_open(&bed);
    table = create(&bed, music());
    for (int i = 0; i < ACCOUNT_BALANCE; i++) {
        char token[32];
        int size = snprintf(token, sizeof(token), "test/%d", i);

        CHECK_OK(transfer(&bed, table, 1, 2, bytes_make(token, (size_t)size)));
        if (i == 0) /* the same again moves nothing */
            CHECK_OK(transfer(&bed, table, 1, 2, BYTES("test/0")));
    }
    CHECK_ERR(transfer(&bed, table, 1, 2, BYTES("test/broke")), ERR_CONDITIONAL_CHECK_FAILED);
    CHECK_OK(store_get(bed.store, NULL, STORE_DATA, table_meta_key(BYTES("test/0"), &bed.arena),
                       true, &bed.arena, &stored));
    CHECK_TEXT(stored, "moved");
    CHECK_ERR(store_get(bed.store, NULL, STORE_DATA,
                        table_meta_key(BYTES("test/broke"), &bed.arena), true, &bed.arena, &stored),
              ERR_ABSENT);
    table_release(&table);
    bed_close(&bed);
}

/* --- stele check ----------------------------------------------------------------------------- */

TEST(table_check_finds_what_is_wrong)
{
    struct table_definition definition = music();
    struct table_check_report report;
    struct store_mutation *mutation;
    struct bed bed = {0};
    struct table *table;
    struct bytes key;
    unsigned faults = 0;

    bed_open(&bed);
    definition.name = BYTES("Empty");
    table = create(&bed, definition);
    table_release(&table);
    table = create(&bed, music());
    CHECK_OK(write_and_wait(&bed, table, true, 1));
    CHECK_OK(table_check(bed.catalog, count_fault, &faults, &report));
    CHECK_U64(report.items, 1);
    CHECK_U64(report.tables, 2); /* one of them has no rows */

    /* A second item behind the counters' back, in the place of another key. */
    key =
        key_of_item(&table->definition.schema, table->definition.id, catalog_hash_key(bed.catalog),
                    item_of(&bed.arena, "Nina", 1966, 0), &bed.arena);
    mutation = store_mutation_create();
    store_mutation_put(mutation, STORE_DATA, key, STORE_NO_STAMP,
                       item_store(item_of(&bed.arena, "Nina", 1999, 0), 0, &bed.arena),
                       ITEM_VERSION_OFFSET);
    CHECK_OK(store_submit_and_wait(bed.store, NULL, &mutation));
    CHECK_ERR(table_check(bed.catalog, count_fault, &faults, &report), ERR_CORRUPT);
    CHECK_U64(report.faults, 2); /* wrong place, wrong count */
    CHECK_U64(faults, 2);
    table_release(&table);
    bed_close(&bed);
}

/* Between looks at a condition that is awaited. */
static void pause_a_little(void)
{
    struct timespec pause = {.tv_nsec = 2000000};

    nanosleep(&pause, NULL); /* sleep: between looks at what is awaited */
}

/* Waits, with patience that ends, until table 1 has no row left. */
static bool rows_go(struct bed *bed)
{
    struct store_range all = table_whole_range(1, &bed->arena);
    bool some = true;

    for (int tries = 0; some && tries < 2000; tries++) {
        struct store_cursor *cursor = store_cursor_open(bed->store, NULL, STORE_DATA, all, true);
        struct bytes key, value;

        some = store_cursor_next(cursor, &key, &value) == OK;
        store_cursor_close(&cursor);
        pause_a_little();
    }
    return !some;
}

static void drop(struct bed *bed, struct table *table)
{
    catalog_change_begin(bed->catalog);
    CHECK_OK(catalog_drop(bed->catalog, table, 0));
    catalog_change_end(bed->catalog);
}

/* A dropped table's rows stay while somebody holds it, and go when nobody does. */
TEST(catalog_drop_waits_for_the_last_holder)
{
    struct table_check_report report;
    struct bed bed = {0};
    struct table *table, *writer;
    unsigned faults = 0;

    bed_open(&bed);
    table = create(&bed, music());
    writer = table_acquire(table);
    CHECK_OK(write_and_wait(&bed, table, true, 1));
    drop(&bed, table);
    table_release(&table);
    CHECK_OK(write_and_wait(&bed, writer, true, 1)); /* it was under way */
    CHECK_U64(stored_plays(&bed, writer), 2);
    table_release(&writer);
    CHECK(rows_go(&bed));
    CHECK_OK(table_check(bed.catalog, count_fault, &faults, &report));
    bed_close(&bed);
}

static void post(void *ctx, enum err err, uint64_t version)
{
    (void)version;
    CHECK_OK(err);
    sem_post(ctx);
}

static enum err submit_put(struct bed *bed, struct store_hold *hold, const char *key, sem_t *done)
{
    struct store_mutation *mutation = store_mutation_create();
    enum err err;

    store_mutation_put(mutation, STORE_DATA, bytes_of_string(key), STORE_NO_STAMP, BYTES("v"),
                       STORE_NO_STAMP);
    err = store_submit(bed->store, hold, &mutation, post, done);
    store_mutation_destroy(&mutation);
    store_kick(bed->store);
    return err;
}

/* The queue is full when the rows are to go: they go later, not only after a restart. */
TEST(catalog_drop_goes_on_after_a_refusal)
{
    struct bed bed = {.queue_bytes_max = 1};
    struct bytes key = BYTES("some key, held");
    struct store_hold hold;
    struct table *table;
    sem_t done;
    enum err err;

    sem_init(&done, 0, 0);
    bed_open(&bed);
    table = create(&bed, music());
    CHECK_OK(write_and_wait(&bed, table, true, 1));
    drop(&bed, table);
    /* The committer cannot publish while we hold the key; what comes next fills the queue. */
    store_hold_begin(bed.store, &key, 1, &hold);
    CHECK_OK(submit_put(&bed, &hold, "some key, held", &done));
    while ((err = submit_put(&bed, NULL, "another key", &done)) == ERR_BUSY)
        pause_a_little();
    CHECK_OK(err);
    table_release(&table); /* the last holder: now the rows are to go */
    for (int i = 0; i < 25; i++)
        pause_a_little(); /* nothing tells that they were refused */
    store_hold_end(&hold);
    sem_wait(&done);
    sem_wait(&done);
    CHECK(rows_go(&bed));
    bed_close(&bed);
    sem_destroy(&done);
}
