/* archiver_test.c - changes that moved out of the journal: history stays what it was, until it is
 * old enough. Time passes by the test's clock.
 */
#include "backup/archive.h"
#include "backup/archiver.h"
#include "backup/block_file.h"
#include "backup/history_fixture.h"
#include "table/stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR_MS (3600 * UINT64_C(1000))
#define DAY_MS  (24 * HOUR_MS)
#define NOON_MS (UINT64_C(1800000000) * 1000)

struct archive_bed {
    struct history_bed history;
    struct archiver_options options;
    char dir[256];
    uint64_t now_ms;
};

static void pass_time(struct archive_bed *bed, uint64_t ms)
{
    bed->now_ms += ms;
    clock_set_test(bed->now_ms);
}

static void bed_open(struct archive_bed *bed, bool on_disk)
{
    *bed = (struct archive_bed){.now_ms = NOON_MS};
    clock_set_test(bed->now_ms);
    history_bed_open(&bed->history, on_disk);
    snprintf(bed->dir, sizeof(bed->dir), "%s/archive", unit_temp_dir());
    CHECK(mkdir(bed->dir, 0700) == 0);
    bed->history.source.archive = bed->dir;
    bed->history.clock_ms = &bed->now_ms;
    bed->options = (struct archiver_options){
        .catalog = bed->history.bed.catalog,
        .dir = bed->dir,
        .scratch = unit_temp_dir(),
        .after_ms = DAY_MS,
        .segment_bytes_max = 1000,
    };
}

static void bed_close(struct archive_bed *bed)
{
    history_bed_close(&bed->history);
    clock_set_test(0);
}

static void archive(struct archive_bed *bed)
{
    static const _Atomic bool stopping = false;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(archiver_run(&bed->options, bed->now_ms, &stopping, &fault));
    CHECK_TEXT(fault.message, "");
    arena_fini(&arena);
    index_bed_find(&bed->history.bed); /* the archiver may have changed it */
}

static unsigned segments(struct archive_bed *bed)
{
    struct archive_segment *list;
    struct arena arena;
    unsigned count;

    arena_init(&arena);
    CHECK_OK(archive_list(bed->dir, bed->history.bed.table->definition.id, &arena, &list, &count));
    for (unsigned i = 1; i < count; i++)
        CHECK_U64(list[i].from, list[i - 1].to);
    arena_fini(&arena);
    return count;
}

/* Changes of items: those of settings stay for the longest period. */
static unsigned in_journal(struct archive_bed *bed)
{
    struct journal_record record;
    struct arena arena;
    struct store_cursor *cursor;
    struct bytes key, value;
    unsigned count = 0;

    arena_init(&arena);
    cursor = store_cursor_open(
        bed->history.bed.store, NULL, STORE_JOURNAL,
        table_journal_whole_range(bed->history.bed.table->definition.id, &arena), true);
    while (store_cursor_next(cursor, &key, &value) == OK) {
        CHECK_OK(journal_record_open(value, &record));
        count += record.kind != JOURNAL_SETTINGS;
    }
    store_cursor_close(&cursor);
    arena_fini(&arena);
    return count;
}

static enum err count_row(void *ctx, struct journal_place place, struct bytes stored)
{
    unsigned *count = ctx;
    struct journal_record record;

    CHECK_OK(journal_record_open(stored, &record));
    CHECK_U64(record.version, place.version);
    *count += record.kind != JOURNAL_SETTINGS;
    return OK;
}

static unsigned in_archive(struct archive_bed *bed)
{
    struct arena arena;
    struct fault fault;
    unsigned count = 0;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(archive_read(bed->dir, bed->history.bed.table->definition.id, UINT64_MAX - 1,
                          UINT64_MAX, count_row, &count, &fault));
    CHECK_U64(count, 0);
    if (segments(bed) > 0) {
        struct archive_segment *list;
        unsigned list_count;

        CHECK_OK(archive_list(bed->dir, bed->history.bed.table->definition.id, &arena, &list,
                              &list_count));
        CHECK_OK(archive_read(bed->dir, bed->history.bed.table->definition.id, list[0].from - 1,
                              UINT64_MAX, count_row, &count, &fault));
    }
    arena_fini(&arena);
    return count;
}

/* Days of writes, some of them archived. */
static void live(struct archive_bed *bed, unsigned days, unsigned writes_a_day)
{
    for (unsigned i = 0; i < days; i++) {
        pass_time(bed, DAY_MS);
        history_bed_write(&bed->history, writes_a_day);
        history_bed_point(&bed->history);
        archive(bed);
    }
}

static void check_points(struct archive_bed *bed, unsigned first)
{
    struct history_bed *history = &bed->history;

    for (unsigned i = first; i < history->point_count; i++)
        history_bed_check_point(history, &history->points[i]);
    for (unsigned i = first + 1; i < history->point_count; i++)
        history_bed_check_window(history, &history->points[i - 1], &history->points[i]);
    history_bed_check_window(history, &history->points[first],
                             &history->points[history->point_count - 1]);
}

static void archive_and_look_back(bool on_disk)
{
    struct archive_bed bed;
    unsigned all;

    bed_open(&bed, on_disk);
    history_bed_write(&bed.history, 50);
    history_bed_recover(&bed.history, 35);
    history_bed_point(&bed.history);
    live(&bed, 6, 100);
    CHECK(segments(&bed) > 6);
    CHECK(in_journal(&bed) > 0);
    check_points(&bed, 0);
    all = in_journal(&bed) + in_archive(&bed);
    pass_time(&bed, 2 * DAY_MS); /* nothing is lost, and nothing doubled */
    archive(&bed);
    CHECK_U64(in_journal(&bed), 0);
    CHECK_U64(in_archive(&bed), all);
    archive(&bed);
    CHECK_U64(in_archive(&bed), all);
    check_points(&bed, 0);
    bed_close(&bed);
}

TEST(archiver_in_memory_keeps_history)
{
    archive_and_look_back(false);
}

TEST(archiver_on_disk_keeps_history)
{
    archive_and_look_back(true);
}

TEST(archiver_leaves_a_stream_its_day)
{
    struct table_definition next;
    struct archive_bed bed;
    unsigned all;

    bed_open(&bed, false);
    bed.options.after_ms = 0; /* sooner than streams let go */
    next = bed.history.bed.table->definition;
    next.stream = (struct table_stream){.view = TABLE_STREAM_KEYS_ONLY, .label_ms = bed.now_ms};
    index_bed_put_definition(&bed.history.bed, &next);
    history_bed_recover(&bed.history, 35);
    history_bed_point(&bed.history);
    pass_time(&bed, HOUR_MS);
    history_bed_write(&bed.history, 100);
    history_bed_point(&bed.history);
    all = in_journal(&bed);
    pass_time(&bed, HOUR_MS);
    archive(&bed);
    CHECK_U64(in_journal(&bed), all); /* in both: once in history */
    CHECK_U64(in_archive(&bed), all);
    archive(&bed);
    CHECK_U64(in_archive(&bed), all);
    check_points(&bed, 0);
    pass_time(&bed, 2 * DAY_MS);
    archive(&bed);
    CHECK_U64(in_journal(&bed), 0);
    check_points(&bed, 0);
    bed_close(&bed);
}

/* What a crash leaves behind of a segment is no segment. */
TEST(archiver_goes_on_after_a_crash)
{
    struct archive_bed bed;
    struct arena arena;
    unsigned all;
    int fd;

    arena_init(&arena);
    bed_open(&bed, false);
    history_bed_recover(&bed.history, 35);
    history_bed_point(&bed.history);
    live(&bed, 3, 50);
    all = in_journal(&bed) + in_archive(&bed);
    for (unsigned i = 0; i < 2; i++) {
        const char *next = archive_next_path(bed.dir, bed.history.bed.table->definition.id, &arena);
        const char *path =
            (const char *)arena_format(&arena, "%s%s", next, i == 0 ? "" : ".tmp").data;

        fd = open(path, O_CREAT | O_WRONLY, 0600);
        CHECK(fd >= 0 && write(fd, "half", 4) == 4);
        close(fd);
    }
    check_points(&bed, 0);
    live(&bed, 1, 0);
    live(&bed, 1, 0);
    CHECK_U64(in_archive(&bed), all);
    CHECK_U64(in_journal(&bed), 0);
    check_points(&bed, 0);
    bed_close(&bed);
    arena_fini(&arena);
}

TEST(archiver_removes_what_is_older_than_the_period_and_a_day)
{
    struct archive_bed bed;
    struct history *history;
    unsigned kept;

    bed_open(&bed, false);
    history_bed_recover(&bed.history, 3);
    history_bed_point(&bed.history);
    live(&bed, 12, 60);
    /* Of twelve days: a day in the journal, and three and a day of grace in the archive. */
    check_points(&bed, bed.history.point_count - 4);
    CHECK_ERR(history_open(&bed.history.source, &bed.history.bed.table->definition,
                           bed.history.points[0].version, NULL, NULL, &history),
              ERR_ABSENT);
    kept = segments(&bed);
    CHECK(kept > 0);
    pass_time(&bed, 40 * DAY_MS);
    archive(&bed);
    CHECK_U64(segments(&bed), 0);
    CHECK_U64(in_journal(&bed), 0);
    live(&bed, 4, 60);
    check_points(&bed, bed.history.point_count - 4);
    bed_close(&bed);
}

static unsigned bases(struct archive_bed *bed, struct arena *arena, struct archive_base **list)
{
    unsigned count;

    CHECK_OK(archive_bases(bed->dir, bed->history.bed.table->definition.id, arena, list, &count));
    return count;
}

/* Whatever the way, from now back or from a base on. */
static void look_back_from_bases(bool on_disk)
{
    struct archive_segment *segment;
    struct archive_base *list;
    struct history *history;
    struct archive_bed bed;
    struct arena arena;
    unsigned count;

    arena_init(&arena);
    bed_open(&bed, on_disk);
    bed.options.base_bytes_min = 4000;
    history_bed_recover(&bed.history, 35);
    history_bed_point(&bed.history);
    live(&bed, 25, 100);
    count = bases(&bed, &arena, &list);
    CHECK(count > 3 && count < segments(&bed));
    check_points(&bed, 0);
    /* A base is used: the way to a time that is just behind one does not lead over the newest
     * changes, so that damage there is not in it. */
    CHECK_OK(archive_list(bed.dir, bed.history.bed.table->definition.id, &arena, &segment, &count));
    CHECK(truncate(archive_path(bed.dir, bed.history.bed.table->definition.id, &segment[count - 1],
                                &arena),
                   10) == 0);
    for (unsigned i = 0; i < bed.history.point_count; i++)
        if (bed.history.points[i].version >= list[0].at &&
            bed.history.points[i].version < list[1].at) {
            history_bed_check_point(&bed.history, &bed.history.points[i]);
            break;
        }
    CHECK_ERR(history_open(&bed.history.source, &bed.history.bed.table->definition,
                           segment[count - 1].from, NULL, NULL, &history),
              ERR_CORRUPT);
    bed_close(&bed);
    arena_fini(&arena);
}

TEST(archiver_in_memory_writes_bases)
{
    look_back_from_bases(false);
}

TEST(archiver_on_disk_writes_bases)
{
    look_back_from_bases(true);
}

TEST(archiver_removes_bases_with_their_segments)
{
    struct archive_segment *segment;
    struct archive_base *list;
    struct archive_bed bed;
    struct arena arena;
    unsigned count;

    arena_init(&arena);
    bed_open(&bed, false);
    bed.options.base_bytes_min = 2000;
    history_bed_recover(&bed.history, 3);
    history_bed_point(&bed.history);
    live(&bed, 12, 60);
    check_points(&bed, bed.history.point_count - 4);
    count = bases(&bed, &arena, &list);
    CHECK_OK(archive_list(bed.dir, bed.history.bed.table->definition.id, &arena, &segment,
                          &(unsigned){0}));
    CHECK(count > 0 && list[0].at >= (bed.now_ms - 4 * DAY_MS) << 16);
    bed.options.bytes_max = 1; /* bases count, and go too */
    archive(&bed);
    CHECK_U64(segments(&bed), 0);
    CHECK_U64(bases(&bed, &arena, &list), 0);
    bed_close(&bed);
    arena_fini(&arena);
}

static bool has_directory(struct archive_bed *bed, uint32_t table_id)
{
    struct arena arena;
    struct stat status;
    bool has;

    arena_init(&arena);
    has = stat(archive_table_path(bed->dir, table_id, &arena), &status) == 0;
    arena_fini(&arena);
    return has;
}

TEST(archiver_forgets_a_table_that_recovers_no_longer)
{
    struct archive_bed bed;
    uint32_t id;

    bed_open(&bed, false);
    id = bed.history.bed.table->definition.id;
    history_bed_recover(&bed.history, 35);
    live(&bed, 3, 50);
    CHECK(has_directory(&bed, id));
    history_bed_recover(&bed.history, 0);
    archive(&bed);
    CHECK(!has_directory(&bed, id));
    CHECK_U64(in_journal(&bed), 0);
    history_bed_recover(&bed.history, 35); /* and begins again */
    bed.history.point_count = 0;
    history_bed_point(&bed.history);
    live(&bed, 3, 50);
    CHECK(has_directory(&bed, id));
    check_points(&bed, 0);
    bed_close(&bed);
}

TEST(archiver_forgets_a_dropped_table)
{
    static const _Atomic bool stopping = false;
    struct archive_bed bed;
    uint32_t id;

    bed_open(&bed, false);
    id = bed.history.bed.table->definition.id;
    history_bed_recover(&bed.history, 35);
    live(&bed, 3, 50);
    CHECK(has_directory(&bed, id));
    catalog_change_begin(bed.history.bed.catalog);
    CHECK_OK(catalog_drop(bed.history.bed.catalog, bed.history.bed.table, 0));
    catalog_change_end(bed.history.bed.catalog);
    CHECK_OK(archiver_run(&bed.options, bed.now_ms, &stopping, &bed.history.bed.fault));
    CHECK(!has_directory(&bed, id));
    bed_close(&bed);
}

static uint64_t archive_bytes(struct archive_bed *bed)
{
    struct archive_segment *list;
    struct arena arena;
    uint64_t bytes = 0;
    unsigned count;

    arena_init(&arena);
    CHECK_OK(archive_list(bed->dir, bed->history.bed.table->definition.id, &arena, &list, &count));
    for (unsigned i = 0; i < count; i++)
        bytes += list[i].bytes;
    arena_fini(&arena);
    return bytes;
}

/* All changes since the earliest time, its own millisecond included, are there. */
static void check_earliest(struct archive_bed *bed)
{
    const struct table_definition *d = &bed->history.bed.table->definition;
    uint64_t from = recovery_earliest_ms(d, bed->now_ms) << 16;
    struct history_changes *changes = NULL;
    struct archive_segment *list;
    struct arena arena;
    unsigned count;

    arena_init(&arena);
    CHECK_OK(archive_list(bed->dir, d->id, &arena, &list, &count));
    CHECK(count == 0 || (list[0].from <= from && (list[0].from & 0xffff) != 0));
    CHECK_OK(history_changes_open(&bed->history.source, d, from - 1,
                                  store_version(bed->history.bed.store), NULL, NULL, &changes));
    history_changes_close(&changes);
    arena_fini(&arena);
}

TEST(archiver_keeps_to_its_bytes_and_moves_the_earliest_time)
{
    struct archive_bed bed;
    uint64_t before_ms, after_ms;
    unsigned first = 0;

    bed_open(&bed, false);
    history_bed_recover(&bed.history, 35);
    history_bed_point(&bed.history);
    live(&bed, 8, 60);
    before_ms = recovery_earliest_ms(&bed.history.bed.table->definition, bed.now_ms);
    bed.options.bytes_max = archive_bytes(&bed) / 2;
    archive(&bed);
    CHECK(archive_bytes(&bed) <= bed.options.bytes_max);
    CHECK(archive_bytes(&bed) > bed.options.bytes_max / 2);
    after_ms = recovery_earliest_ms(&bed.history.bed.table->definition, bed.now_ms);
    CHECK(after_ms > before_ms && after_ms < bed.now_ms);
    check_earliest(&bed);
    while (bed.history.points[first].version < recovery_version(after_ms))
        first++;
    CHECK(first > 0 && first < bed.history.point_count - 1);
    check_points(&bed, first);
    bed.options.bytes_max = 1; /* all of it */
    archive(&bed);
    CHECK_U64(segments(&bed), 0);
    after_ms = recovery_earliest_ms(&bed.history.bed.table->definition, bed.now_ms);
    bed.options.bytes_max = 0;
    live(&bed, 4, 60);
    while (bed.history.points[first].version < recovery_version(after_ms))
        first++;
    check_points(&bed, first);
    bed_close(&bed);
}

/* Without a directory: the journal keeps the period and a day. */
TEST(archiver_without_a_directory_trims_the_journal)
{
    struct archive_bed bed;

    bed_open(&bed, false);
    bed.options.dir = NULL;
    bed.history.source.archive = NULL;
    history_bed_recover(&bed.history, 3);
    history_bed_point(&bed.history);
    live(&bed, 12, 60);
    CHECK_U64(segments(&bed), 0);
    check_points(&bed, bed.history.point_count - 4);
    CHECK(in_journal(&bed) < 5 * 60);
    history_bed_recover(&bed.history, 0);
    archive(&bed);
    CHECK_U64(in_journal(&bed), 0);
    bed_close(&bed);
}

TEST(archiver_makes_its_directory_and_ends_when_told)
{
    struct archiver *archiver = NULL;
    struct archive_bed bed;
    struct stat status;

    bed_open(&bed, false);
    CHECK(rmdir(bed.dir) == 0);
    CHECK_OK(archiver_start(&bed.options, &bed.history.bed.fault, &archiver));
    CHECK(stat(bed.dir, &status) == 0);
    archiver_stop(&archiver);
    bed.options.dir = "/nowhere/at/all";
    CHECK_ERR(archiver_start(&bed.options, &bed.history.bed.fault, &archiver), ERR_IO);
    bed_close(&bed);
}
