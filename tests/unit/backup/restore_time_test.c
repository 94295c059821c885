/* restore_time_test.c - the record of a restore to a point in time; sources that are deleted. */
#include "backup/archive_limit.h"
#include "backup/archive_write.h"
#include "backup/archiver.h"
#include "backup/history_fixture.h"
#include "backup/restore_time.h"
#include "table/table_fill.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS  (24 * 3600 * UINT64_C(1000))
#define NOON_MS (UINT64_C(1800000000) * 1000)
#define WAIT_MS 20000

/* What a released version wrote: never change these bytes, add another test beside this one. */
TEST(restore_time_text_golden)
{
    static const char golden[] =
        "{\"target\":\"Copy\",\"region\":\"eu-west-1\",\"source\":\"From\","
        "\"tableId\":7,\"timeMs\":1700000000123}";
    struct restore_time restore = {
        .target = BYTES("Copy"),
        .region = BYTES("eu-west-1"),
        .source = BYTES("From"),
        .table_id = 7,
        .time_ms = 1700000000123,
    };
    struct restore_time read;
    struct arena arena;

    arena_init(&arena);
    CHECK_TEXT(restore_time_text(&restore, &arena), golden);
    CHECK_OK(restore_time_read(bytes_of_string(golden), &arena, &read));
    CHECK_TEXT(read.target, "Copy");
    CHECK_TEXT(read.region, "eu-west-1");
    CHECK_TEXT(read.source, "From");
    CHECK_U64(read.table_id, 7);
    CHECK_U64(read.time_ms, 1700000000123);
    CHECK_ERR(restore_time_read(BYTES("{}"), &arena, &read), ERR_CORRUPT);
    CHECK_ERR(restore_time_read(BYTES("nonsense"), &arena, &read), ERR_CORRUPT);
    arena_fini(&arena);
}

/* A table with some of its history archived, and a point of it in the middle. */
struct restore_bed {
    struct history_bed history;
    struct history_point point;
    uint64_t now_ms;
    uint32_t source_id;
    char dir[256];
};

static void archive(struct restore_bed *bed)
{
    static const _Atomic bool stopping = false;
    struct archiver_options options = {
        .catalog = bed->history.bed.catalog,
        .dir = bed->dir,
        .scratch = unit_temp_dir(),
        .after_ms = DAY_MS,
        .segment_bytes_max = 1000,
    };

    CHECK_OK(archiver_run(&options, bed->now_ms, &stopping, &bed->history.bed.fault));
}

static void pass_day(struct restore_bed *bed)
{
    bed->now_ms += DAY_MS;
    clock_set_test(bed->now_ms);
}

static void bed_open(struct restore_bed *bed)
{
    *bed = (struct restore_bed){.now_ms = NOON_MS};
    clock_set_test(bed->now_ms);
    history_bed_open(&bed->history, true);
    snprintf(bed->dir, sizeof(bed->dir), "%s/archive", unit_temp_dir());
    CHECK(mkdir(bed->dir, 0700) == 0);
    bed->history.source.archive = bed->dir;
    bed->history.clock_ms = &bed->now_ms;
    history_bed_recover(&bed->history, 35);
    history_bed_write(&bed->history, 60);
    pass_day(bed);
    bed->now_ms++;
    bed->point.version = recovery_version(bed->now_ms - 1);
    memcpy(bed->point.values, bed->history.values, sizeof(bed->point.values));
    clock_set_test(bed->now_ms);
    history_bed_write(&bed->history, 60);
    pass_day(bed);
    pass_day(bed);
    archive(bed);
    history_bed_write(&bed->history, 60); /* these are in the journal */
    bed->source_id = bed->history.bed.table->definition.id;
}

static void bed_close(struct restore_bed *bed)
{
    history_bed_close(&bed->history);
    clock_set_test(0);
}

static struct job_name begin_restore(struct restore_bed *bed)
{
    struct job_name name = {BYTES("000000000000"), BYTES("us-east-1"), BYTES(RESTORE_TIME_KIND),
                            BYTES("01489602797149-73d8d5bc")};
    struct restore_time restore = {
        .target = BYTES("Copy"),
        .region = BYTES("us-east-1"),
        .source = BYTES("Music"),
        .table_id = bed->source_id,
        .time_ms = bed->point.version >> 16,
    };
    struct table_definition target = index_bed_table;
    struct store_mutation *mutation = store_mutation_create();
    struct table *table = NULL;

    target.name = restore.target;
    target.status = TABLE_CREATING;
    target.filling = (struct table_filling){
        .job_kind = name.kind,
        .job_id = name.id,
        .source_arn = BYTES("arn"),
        .restore_ms = restore.time_ms,
        .source_id = bed->source_id,
    };
    jobs_put(mutation, &name, JOB_UNFINISHED, restore_time_text(&restore, &bed->history.bed.arena));
    catalog_change_begin(bed->history.bed.catalog);
    CHECK_OK(table_fill_begin(bed->history.bed.catalog, &target, mutation, &table));
    catalog_change_end(bed->history.bed.catalog);
    table_release(&table);
    return name;
}

static void drop(struct restore_bed *bed, uint32_t delay_ms)
{
    struct index_bed *table = &bed->history.bed;

    catalog_change_begin(table->catalog);
    CHECK_OK(catalog_drop(table->catalog, table->table, delay_ms));
    catalog_change_end(table->catalog);
    table_release(&table->table);
}

static enum err run_restore(struct restore_bed *bed, struct job_name name, uint64_t failing_ms)
{
    struct index_bed *table = &bed->history.bed;
    struct jobs *jobs = jobs_open(table->catalog);
    struct job job = {.name = name, .jobs = jobs, .failing_ms = failing_ms};
    struct job_record record;
    enum err err;

    CHECK_OK(jobs_find(jobs, &name, true, &table->arena, &record));
    job.text = record.text;
    err = restore_time_run(&job, &bed->history.source);
    jobs_close(&jobs);
    return err;
}

static void check_copy(struct restore_bed *bed)
{
    struct index_bed *bare = &bed->history.bed;
    struct table *copy = catalog_acquire(bare->catalog, index_bed_table.account,
                                         index_bed_table.region, BYTES("Copy"));
    unsigned values[HISTORY_KEYS] = {0};
    struct store_cursor *cursor;
    struct bytes key, value;
    struct item item;

    CHECK(copy != NULL && copy->definition.status == TABLE_ACTIVE);
    if (copy == NULL)
        return;
    cursor = store_cursor_open(bare->store, NULL, STORE_DATA,
                               table_items_range(copy->definition.id, &bare->arena), true);
    while (store_cursor_next(cursor, &key, &value) == OK) {
        unsigned k = 0, v = 0;

        CHECK_OK(item_open(value, &item));
        CHECK(history_item_read(item.attributes, &k, &v, &bare->arena));
        values[k] = v;
    }
    store_cursor_close(&cursor);
    for (unsigned i = 0; i < HISTORY_KEYS; i++)
        CHECK_U64(values[i], bed->point.values[i]);
    table_release(&copy);
}

static unsigned segments(struct restore_bed *bed)
{
    struct archive_segment *list;
    unsigned count;

    CHECK_OK(archive_list(bed->dir, bed->source_id, &bed->history.bed.arena, &list, &count));
    return count;
}

static bool has_record(struct restore_bed *bed)
{
    struct bytes record;
    struct arena *arena = &bed->history.bed.arena;

    return store_get(bed->history.bed.store, NULL, STORE_DATA,
                     table_record_key(bed->source_id, arena), true, arena, &record) == OK;
}

static void wait_until_gone(struct restore_bed *bed)
{
    uint64_t until_ms = clock_mono_ms() + WAIT_MS;
    struct timespec pause = {.tv_nsec = 1000000};

    while (has_record(bed) && clock_mono_ms() < until_ms) {
        bed->now_ms += 1000; /* a removal that somebody held up is due again */
        clock_set_test(bed->now_ms);
        nanosleep(&pause, NULL); /* sleep: between looks at the record */
    }
    CHECK(!has_record(bed));
}

/* Contract, observed 4: a table that is being deleted can still be restored; so what it was stays
 * until that is done, over a restart too. */
TEST(restore_reads_a_source_that_was_deleted)
{
    struct restore_bed bed;
    struct job_name name;

    bed_open(&bed);
    CHECK(segments(&bed) > 0);
    name = begin_restore(&bed);
    drop(&bed, 0);
    archive(&bed);
    CHECK(segments(&bed) > 0);
    index_bed_close(&bed.history.bed);
    index_bed_open(&bed.history.bed);
    bed.history.source.catalog = bed.history.bed.catalog;
    archive(&bed);
    CHECK(segments(&bed) > 0);
    name = (struct job_name){BYTES("000000000000"), BYTES("us-east-1"), name.kind, name.id};
    CHECK_OK(run_restore(&bed, name, 0));
    check_copy(&bed);
    pass_day(&bed); /* its removal is tried again */
    wait_until_gone(&bed);
    archive(&bed);
    CHECK_U64(segments(&bed), 0);
    bed_close(&bed);
}

/* Of a table that nobody knows any more: it has no earliest time to be moved. */
static const char *make_segment(struct restore_bed *bed, struct arena *arena)
{
    struct archive_segment segment = {.from = 1, .to = 2};
    uint32_t id = 4000000;
    const char *path = archive_path(bed->dir, id, &segment, arena);
    struct fault fault;
    FILE *file;

    fault_init(&fault, arena);
    CHECK_OK(archive_make_dir(archive_table_path(bed->dir, id, arena), &fault));
    file = fopen(path, "w");
    CHECK(file != NULL);
    fputs("older than all", file);
    fclose(file);
    return path;
}

TEST(restore_does_not_have_others_make_room_for_what_it_reads)
{
    struct restore_bed bed;
    struct arena arena;
    struct fault fault;
    const char *other;
    unsigned before;

    bed_open(&bed);
    arena_init(&arena);
    fault_init(&fault, &arena);
    other = make_segment(&bed, &arena);
    before = segments(&bed);
    begin_restore(&bed);
    CHECK_OK(archive_limit(bed.history.bed.catalog, bed.dir, 100, &fault));
    CHECK(access(other, F_OK) == 0);
    CHECK_U64(segments(&bed), before);
    CHECK_OK(archive_limit(bed.history.bed.catalog, bed.dir, 1, &fault));
    CHECK(access(other, F_OK) != 0);
    CHECK_U64(segments(&bed), before);
    arena_fini(&arena);
    bed_close(&bed);
}

/* As long as it is found, a restore may begin. */
TEST(history_of_a_deleted_table_goes_with_it)
{
    struct restore_bed bed;

    bed_open(&bed);
    drop(&bed, (uint32_t)DAY_MS);
    archive(&bed);
    CHECK(segments(&bed) > 0);
    pass_day(&bed);
    wait_until_gone(&bed);
    archive(&bed);
    CHECK_U64(segments(&bed), 0);
    bed_close(&bed);
}

/* An operator may mend it; but nobody can delete a table that is being restored. */
TEST(restore_whose_source_stays_unreadable_is_given_up_in_the_end)
{
    struct restore_bed bed;
    struct job_name name;
    struct table *copy;
    char path[300], away[300];

    bed_open(&bed);
    name = begin_restore(&bed);
    snprintf(path, sizeof(path), "%s/%u", bed.dir, bed.source_id);
    snprintf(away, sizeof(away), "%s/away", bed.dir);
    CHECK(rename(path, away) == 0);
    close(open(path, O_WRONLY | O_CREAT, 0600)); /* not a folder */
    CHECK_ERR(run_restore(&bed, name, JOB_PATIENCE_MS - 1), ERR_IO);
    copy = catalog_acquire(bed.history.bed.catalog, name.account, name.region, BYTES("Copy"));
    CHECK(copy != NULL);
    table_release(&copy);
    CHECK_OK(run_restore(&bed, name, JOB_PATIENCE_MS));
    copy = catalog_acquire(bed.history.bed.catalog, name.account, name.region, BYTES("Copy"));
    CHECK(copy == NULL);
    table_release(&copy);
    CHECK(unlink(path) == 0 && rename(away, path) == 0);
    bed_close(&bed);
}
