/* history_base_test.c - history where the file that it would begin with is damaged. The items are
 * large, so that a base has several blocks.
 */
#define HISTORY_FILL_DIGITS 9000

#include "backup/archive.h"
#include "backup/archiver.h"
#include "backup/history_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS  (24 * 3600 * UINT64_C(1000))
#define NOON_MS (UINT64_C(1800000000) * 1000)
#define DAYS    8

struct base_bed {
    struct history_bed history;
    uint64_t now_ms;
    char dir[256];
    uint64_t at; /* of the oldest base */
    const struct history_point *point;
};

/* With a point for which that base is the shortest way. */
static void bed_open(struct base_bed *bed)
{
    static const _Atomic bool stopping = false;
    struct archive_base *bases;
    unsigned count = 0;

    *bed = (struct base_bed){.now_ms = NOON_MS};
    clock_set_test(bed->now_ms);
    history_bed_open(&bed->history, false);
    snprintf(bed->dir, sizeof(bed->dir), "%s/archive", unit_temp_dir());
    CHECK(mkdir(bed->dir, 0700) == 0);
    bed->history.source.archive = bed->dir;
    bed->history.clock_ms = &bed->now_ms;
    history_bed_recover(&bed->history, 35);
    for (unsigned i = 0; i < DAYS; i++) {
        struct archiver_options options = {
            .catalog = bed->history.bed.catalog,
            .dir = bed->dir,
            .scratch = unit_temp_dir(),
            .after_ms = DAY_MS,
            .segment_bytes_max = 100000,
            .base_bytes_min = 1000,
        };

        bed->now_ms += DAY_MS;
        clock_set_test(bed->now_ms);
        for (unsigned part = 0; part < 5; part++) {
            history_bed_write(&bed->history, 20);
            history_bed_point(&bed->history);
        }
        CHECK_OK(archiver_run(&options, bed->now_ms, &stopping, &bed->history.bed.fault));
    }
    CHECK_OK(archive_bases(bed->dir, bed->history.bed.table->definition.id, &bed->history.bed.arena,
                           &bases, &count));
    CHECK(count > 2);
    bed->at = count > 0 ? bases[0].at : 0;
    for (unsigned i = 0; i < bed->history.point_count && bed->point == NULL; i++)
        if (bed->history.points[i].version >= bed->at)
            bed->point = &bed->history.points[i];
    CHECK(bed->point != NULL);
}

static const char *base_path(struct base_bed *bed)
{
    return archive_base_path(bed->dir, bed->history.bed.table->definition.id, bed->at,
                             &bed->history.bed.arena);
}

static void bed_close(struct base_bed *bed)
{
    history_bed_close(&bed->history);
    clock_set_test(0);
}

/* Turns a byte at every tenth of the file, each for itself. */
TEST(history_from_a_damaged_base_is_that_from_now_back)
{
    struct base_bed bed;
    struct stat status;
    uint8_t byte = 0;
    int fd;

    bed_open(&bed);
    fd = open(base_path(&bed), O_RDWR);
    CHECK(fd >= 0 && fstat(fd, &status) == 0);
    for (unsigned i = 0; i < 10; i++) {
        off_t at = status.st_size * i / 10 + 3;

        CHECK(pread(fd, &byte, 1, at) == 1);
        byte ^= 1;
        CHECK(pwrite(fd, &byte, 1, at) == 1);
        history_bed_check_point(&bed.history, bed.point);
        byte ^= 1;
        CHECK(pwrite(fd, &byte, 1, at) == 1);
    }
    close(fd);
    history_bed_check_point(&bed.history, bed.point);
    bed_close(&bed);
}

/* In the middle of it, and the other way is closed by then: that is no end. */
TEST(history_from_a_damaged_base_does_not_end_early)
{
    struct base_bed bed;
    struct bytes key, stored;
    struct history *history;
    struct table *table; /* as it was at the open: held as long as it is read */
    struct stat status;
    enum err err;
    int fd;

    bed_open(&bed);
    fd = open(base_path(&bed), O_RDWR);
    CHECK(fd >= 0 && fstat(fd, &status) == 0);
    CHECK(pwrite(fd, "damage", 6, status.st_size / 2) == 6);
    close(fd);
    table = table_acquire(bed.history.bed.table);
    err = history_open(&bed.history.source, &table->definition, bed.point->version, NULL, NULL,
                       &history);
    CHECK_OK(err);
    history_bed_recover(&bed.history, 0);
    while (err == OK)
        err = history_next(history, &key, &stored);
    CHECK_ERR(err, ERR_CORRUPT);
    history_close(&history);
    table_release(&table);
    bed_close(&bed);
}

TEST(history_from_a_base_that_cannot_be_opened_is_that_from_now_back)
{
    struct base_bed bed;
    const char *path;

    bed_open(&bed);
    path = base_path(&bed);
    CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
    history_bed_check_point(&bed.history, bed.point);
    CHECK(rmdir(path) == 0);
    bed_close(&bed);
}

/* The other way round: the newest changes are not on the way from a base. */
TEST(history_that_cannot_be_undone_is_redone)
{
    struct archive_segment *segments;
    const char *path = NULL;
    struct base_bed bed;
    unsigned count;

    bed_open(&bed);
    bed.point = NULL;
    CHECK_OK(archive_list(bed.dir, bed.history.bed.table->definition.id, &bed.history.bed.arena,
                          &segments, &count));
    for (unsigned i = 0; i < bed.history.point_count; i++)
        if (bed.history.points[i].version < segments[count - 1].from)
            bed.point = &bed.history.points[i];
    CHECK(bed.point != NULL);
    path = archive_path(bed.dir, bed.history.bed.table->definition.id, &segments[count - 1],
                        &bed.history.bed.arena);
    CHECK(truncate(path, 10) == 0);
    history_bed_check_point(&bed.history, bed.point);
    bed_close(&bed);
}
