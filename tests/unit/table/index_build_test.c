/* index_build_test.c - indexes that come and go while their table is written to. */
#include "base/clock.h"
#include "index_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* The table's definition with this index besides, CREATING. */
static void begin_building(struct index_bed *bed, const struct table_index *index)
{
    struct table_index list[4];
    struct table_definition next;

    index_bed_find(bed);
    next = bed->table->definition;
    for (unsigned i = 0; i < next.index_count; i++)
        list[i] = next.indexes[i];
    list[next.index_count] = *index;
    list[next.index_count].id = next.next_index_id == 0 ? 1 : next.next_index_id;
    list[next.index_count].status = INDEX_CREATING;
    next.next_index_id = (uint16_t)(list[next.index_count].id + 1);
    next.indexes = list;
    next.index_count++;
    index_bed_put_definition(bed, &next);
}

static void begin_dropping(struct index_bed *bed, const char *name)
{
    struct table_index list[4];
    struct table_definition next;

    index_bed_find(bed);
    next = bed->table->definition;
    for (unsigned i = 0; i < next.index_count; i++) {
        list[i] = next.indexes[i];
        if (bytes_equal_string(list[i].definition.name, name))
            list[i].status = INDEX_DELETING;
    }
    next.indexes = list;
    index_bed_put_definition(bed, &next);
}

static const struct table_index *find_index(struct index_bed *bed, const char *name)
{
    index_bed_find(bed);
    return table_index_find(bed->table, bytes_of_string(name));
}

/* Until the index is ACTIVE, or gone. */
static void wait_for(struct index_bed *bed, const char *name, bool there)
{
    uint64_t until_ms = clock_mono_ms() + 20000;

    for (;;) {
        const struct table_index *index = find_index(bed, name);
        struct timespec pause = {.tv_nsec = 1000000};

        if (there ? index != NULL && index->status == INDEX_ACTIVE : index == NULL)
            return;
        if (clock_mono_ms() > until_ms) {
            unit_failed(__FILE__, __LINE__, "%s: nothing happens", name);
            return;
        }
        nanosleep(&pause, NULL); /* sleep: polling for the index */
    }
}

static void put_items(struct index_bed *bed, unsigned count, uint64_t *chance)
{
    for (unsigned i = 0; i < count; i++) {
        struct arena_mark mark = arena_mark(&bed->arena);

        CHECK_OK(index_bed_write(bed, bed->table, TABLE_PUT,
                                 index_bed_item(chance, 2 * count, &bed->arena), 0));
        arena_release(&bed->arena, mark);
    }
}

TEST(index_is_built_from_what_is_there)
{
    struct index_bed bed = {0};
    struct table_check_report report;
    uint64_t chance = 7;

    index_bed_open(&bed);
    index_bed_create(&bed, 1);
    put_items(&bed, 700, &chance);
    begin_building(&bed, &index_bed_indexes[1]);
    wait_for(&bed, "Keys", true);
    CHECK_U64(index_bed_check(&bed, &report).count, 0);
    CHECK(report.entries > 100);
    begin_building(&bed, &index_bed_indexes[2]);
    wait_for(&bed, "Included", true);
    index_bed_check_ok(&bed);
    begin_dropping(&bed, "Keys");
    wait_for(&bed, "Keys", false);
    index_bed_check_ok(&bed);
    CHECK_U64(find_index(&bed, "Included")->id, 3);
    index_bed_close(&bed);
}

/* More than a hold and a step take. */
TEST(index_is_built_from_large_items)
{
    struct index_bed bed = {0};
    struct table_check_report report;
    struct bytes text;

    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    text = bytes_make(arena_alloc(&bed.arena, 300000), 300000);
    memset((void *)(uintptr_t)text.data, 'x', text.size);
    for (unsigned i = 0; i < 60; i++) {
        struct arena_mark mark = arena_mark(&bed.arena);
        struct bytes json = arena_format(
            &bed.arena,
            "{\"pk\":{\"S\":\"p\"},\"sk\":{\"N\":\"%u\"},\"g\":{\"S\":\"g\"},\"l\":{\"N\":\"1\"},"
            "\"c\":{\"S\":\"%.*s\"}}",
            i, BYTES_ARGS(text));

        CHECK_OK(index_bed_put(&bed, (const char *)json.data));
        arena_release(&bed.arena, mark);
    }
    begin_building(&bed, &index_bed_indexes[1]);
    wait_for(&bed, "Keys", true);
    CHECK_U64(index_bed_check(&bed, &report).count, 0);
    CHECK_U64(report.entries, 60);
    index_bed_close(&bed);
}

/* A writer that takes the newest definition each time, as requests do. */
struct writer {
    struct index_bed *bed;
    _Atomic bool *stops;
    uint64_t chance;
    unsigned writes;
};

static void *write_on(void *arg)
{
    struct writer *writer = arg;
    struct arena arena;

    arena_init(&arena);
    while (!atomic_load(writer->stops)) {
        struct arena_mark mark = arena_mark(&arena);
        struct table *table = catalog_acquire(writer->bed->catalog, index_bed_table.account,
                                              index_bed_table.region, index_bed_table.name);
        bool puts = chance_below(&writer->chance, 3) != 0;

        CHECK_OK(index_bed_write(writer->bed, table, puts ? TABLE_PUT : TABLE_DELETE,
                                 index_bed_item(&writer->chance, 2000, &arena), 0));
        table_release(&table);
        arena_release(&arena, mark);
        writer->writes++;
    }
    arena_fini(&arena);
    return NULL;
}

TEST(index_is_built_while_its_table_is_written_to)
{
    struct index_bed bed = {0};
    _Atomic bool stops = false;
    struct writer writers[2];
    pthread_t threads[2];
    uint64_t chance = 11;

    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    put_items(&bed, 1500, &chance);
    for (unsigned i = 0; i < 2; i++) {
        writers[i] = (struct writer){.bed = &bed, .stops = &stops, .chance = 100 + i};
        pthread_create(&threads[i], NULL, write_on, &writers[i]);
    }
    for (unsigned round = 0; round < 4; round++) {
        begin_building(&bed, &index_bed_indexes[1]);
        if (round % 2 == 0)
            wait_for(&bed, "Keys", true);
        begin_building(&bed, &index_bed_indexes[2]);
        wait_for(&bed, "Included", true);
        begin_dropping(&bed, "Keys"); /* on some rounds half built */
        wait_for(&bed, "Keys", false);
        begin_dropping(&bed, "Included");
        wait_for(&bed, "Included", false);
    }
    begin_building(&bed, &index_bed_indexes[2]);
    wait_for(&bed, "Included", true);
    atomic_store(&stops, true);
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        CHECK(writers[i].writes > 0);
    }
    index_bed_check_ok(&bed);
    index_bed_close(&bed);
}

TEST(index_building_goes_on_after_a_restart)
{
    struct index_bed bed = {.on_disk = true};
    struct table_check_report report;
    uint64_t chance = 13;

    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    put_items(&bed, 2000, &chance);
    begin_building(&bed, &index_bed_indexes[1]);
    for (unsigned i = 0; i < 2; i++) {
        /* Whatever it has come to, after so many steps as fit in; writes between the restarts. More
         * of them are the crash suite's: from four on, RocksDB compacts, which the thread sanitizer
         * cannot follow. */
        index_bed_close(&bed);
        index_bed_open(&bed);
        index_bed_find(&bed);
        index_bed_check_ok(&bed);
        put_items(&bed, 10, &chance);
    }
    wait_for(&bed, "Keys", true);
    CHECK_U64(index_bed_check(&bed, &report).count, 0);
    CHECK(report.entries > 200);
    begin_dropping(&bed, "Keys");
    index_bed_close(&bed);
    index_bed_open(&bed);
    wait_for(&bed, "Keys", false);
    index_bed_check_ok(&bed);
    index_bed_close(&bed);
}

TEST(index_is_not_begun_while_an_older_definition_is_held)
{
    struct index_bed bed = {0};
    struct table *older;
    struct store_count count;
    uint64_t chance = 17;

    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    put_items(&bed, 50, &chance);
    older = table_acquire(bed.table);
    begin_building(&bed, &index_bed_indexes[1]);
    for (unsigned i = 0; i < 50; i++) {
        struct value item = index_bed_item(&chance, 100, &bed.arena);

        /* One that knows the index, and one that does not. */
        CHECK_OK(index_bed_write(&bed, i % 2 == 0 ? older : bed.table, TABLE_PUT, item, 0));
    }
    CHECK_OK(store_count(bed.store, table_count_key(older->definition.id, 1, &bed.arena), &count));
    CHECK_U64(count.items, 0);
    index_bed_check_ok(&bed);
    table_release(&older);
    wait_for(&bed, "Keys", true);
    index_bed_check_ok(&bed);
    index_bed_close(&bed);
}

TEST(index_half_built_goes_with_its_table)
{
    struct index_bed bed = {0};
    struct table_check_report report;
    struct table *older;
    uint64_t chance = 19;
    uint64_t until_ms = clock_mono_ms() + 20000;

    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    put_items(&bed, 600, &chance);
    older = table_acquire(bed.table);
    begin_building(&bed, &index_bed_indexes[1]);
    catalog_change_begin(bed.catalog);
    CHECK_OK(catalog_drop(bed.catalog, bed.table, 0));
    catalog_change_end(bed.catalog);
    table_release(&older);
    table_release(&bed.table);
    do {
        struct timespec pause = {.tv_nsec = 1000000};
        struct bytes record;

        nanosleep(&pause, NULL); /* sleep: polling for the rows to go */
        if (store_get(bed.store, NULL, STORE_DATA, table_record_key(1, &bed.arena), true,
                      &bed.arena, &record) == ERR_ABSENT)
            break;
    } while (clock_mono_ms() < until_ms);
    CHECK_U64(index_bed_check(&bed, &report).count, 0);
    CHECK_U64(report.items, 0);
    CHECK_U64(report.tables, 0);
    index_bed_close(&bed);
}

/* --- the hidden index of expiry, by an attribute that some of these items have ---------------- */

TEST(expiry_index_is_built_and_removed_while_its_table_is_written_to)
{
    struct index_bed bed = {0};
    _Atomic bool stops = false;
    struct writer writers[2];
    pthread_t threads[2];
    uint64_t chance = 23;

    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    put_items(&bed, 1500, &chance);
    for (unsigned i = 0; i < 2; i++) {
        writers[i] = (struct writer){.bed = &bed, .stops = &stops, .chance = 200 + i};
        pthread_create(&threads[i], NULL, write_on, &writers[i]);
    }
    for (unsigned round = 0; round < 6; round++) {
        index_bed_expire_by(&bed, round % 3 == 0 ? "sk" : "l");
        begin_building(&bed, &index_bed_indexes[1]);
        if (round % 2 == 0)
            index_bed_wait_for_expiry(&bed);
        index_bed_expire_by(&bed, NULL); /* on some rounds half built */
        if (round % 4 == 0)
            index_bed_wait_for_expiry(&bed);
        wait_for(&bed, "Keys", true);
        begin_dropping(&bed, "Keys");
        wait_for(&bed, "Keys", false);
    }
    index_bed_expire_by(&bed, "l");
    index_bed_wait_for_expiry(&bed);
    atomic_store(&stops, true);
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        CHECK(writers[i].writes > 0);
    }
    index_bed_check_ok(&bed);
    CHECK(index_bed_count_expiring(&bed) > 100);
    index_bed_expire_by(&bed, NULL);
    index_bed_wait_for_expiry(&bed);
    CHECK_U64(index_bed_count_expiring(&bed), 0);
    index_bed_check_ok(&bed);
    index_bed_close(&bed);
}

TEST(expiry_index_goes_on_after_a_restart)
{
    struct index_bed bed = {.on_disk = true};
    uint64_t chance = 29;

    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    put_items(&bed, 2000, &chance);
    index_bed_expire_by(&bed, "sk");
    index_bed_expire_by(&bed, NULL);
    index_bed_expire_by(&bed, "l");
    for (unsigned i = 0; i < 2; i++) { /* as above */
        index_bed_close(&bed);
        index_bed_open(&bed);
        index_bed_find(&bed);
        index_bed_check_ok(&bed);
        put_items(&bed, 10, &chance);
    }
    index_bed_wait_for_expiry(&bed);
    index_bed_check_ok(&bed);
    CHECK(index_bed_count_expiring(&bed) > 200);
    index_bed_expire_by(&bed, NULL);
    index_bed_close(&bed);
    index_bed_open(&bed);
    index_bed_wait_for_expiry(&bed);
    CHECK_U64(index_bed_count_expiring(&bed), 0);
    index_bed_check_ok(&bed);
    index_bed_close(&bed);
}

/* The thread publishes a part of the work, and wakes itself for the rest. */
TEST(index_work_can_end_at_any_time)
{
    struct index_bed bed = {0};

    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    for (unsigned i = 0; i < 500; i++) {
        index_bed_expire_by(&bed, i % 2 == 0 ? "one" : "other");
        index_bed_expire_by(&bed, NULL);
        index_bed_expire_by(&bed, "one");
        table_release(&bed.table);
        catalog_close(&bed.catalog);
        CHECK_OK(catalog_open(bed.store, &bed.fault, &bed.catalog));
    }
    index_bed_find(&bed);
    index_bed_wait_for_expiry(&bed);
    index_bed_close(&bed);
}

TEST(expiry_index_is_not_begun_while_an_older_definition_is_held)
{
    struct index_bed bed = {0};
    struct table *older;
    uint64_t chance = 31;

    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    put_items(&bed, 50, &chance);
    older = table_acquire(bed.table);
    index_bed_expire_by(&bed, "sk");
    for (unsigned i = 0; i < 50; i++) {
        struct value item = index_bed_item(&chance, 100, &bed.arena);

        CHECK_OK(index_bed_write(&bed, i % 2 == 0 ? older : bed.table, TABLE_PUT, item, 0));
    }
    CHECK_U64(index_bed_count_expiring(&bed), 0);
    index_bed_check_ok(&bed);
    table_release(&older);
    index_bed_wait_for_expiry(&bed);
    index_bed_check_ok(&bed);
    CHECK(index_bed_count_expiring(&bed) >= 50);
    index_bed_close(&bed);
}
