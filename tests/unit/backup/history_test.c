/* history_test.c - the table as it was, against a plain model: random writes and times, both
 * engines, and with writes going on.
 */
#include "backup/history_fixture.h"
#include "base/clock.h"

#include <pthread.h>

#define WRITES_MAX 3000

static void write_and_look_back(bool on_disk)
{
    struct history_bed bed;

    history_bed_open(&bed, on_disk);
    history_bed_write(&bed, 60); /* before recovery was on: without records */
    history_bed_recover(&bed, 35);
    history_bed_point(&bed);
    for (unsigned i = 1; i < 30; i++) {
        history_bed_write(&bed, chance_below(&bed.chance, 40));
        history_bed_point(&bed);
    }
    for (unsigned i = 0; i < bed.point_count; i++)
        history_bed_check_point(&bed, &bed.points[i]);
    for (unsigned i = 0; i < 40; i++) {
        unsigned from = chance_below(&bed.chance, bed.point_count);
        unsigned to = from + chance_below(&bed.chance, bed.point_count - from);

        history_bed_check_window(&bed, &bed.points[from], &bed.points[to]);
    }
    history_bed_close(&bed);
}

TEST(history_in_memory_gives_the_table_as_it_was)
{
    write_and_look_back(false);
}

TEST(history_on_disk_gives_the_table_as_it_was)
{
    write_and_look_back(true);
}

/* --- with writes going on --------------------------------------------------------------------- */

struct writer {
    struct history_bed *bed;
    _Atomic bool stopping;
};

/* Not for ever: what is looked back at is all that was written since. */
static void *keep_writing(void *arg)
{
    struct writer *writer = arg;

    for (unsigned i = 0; i < WRITES_MAX && !writer->stopping; i++)
        history_bed_write(writer->bed, 1);
    return NULL;
}

static void look_back_while_it_changes(bool on_disk)
{
    struct writer writer = {0};
    struct history_point points[8];
    struct history_bed bed;
    pthread_t thread;

    history_bed_open(&bed, on_disk);
    history_bed_recover(&bed, 35);
    for (unsigned i = 0; i < COUNT_OF(points); i++) {
        history_bed_write(&bed, 50);
        history_bed_point(&bed);
        points[i] = bed.points[i];
    }
    writer.bed = &bed;
    CHECK(pthread_create(&thread, NULL, keep_writing, &writer) == 0);
    for (unsigned i = 0; i < 40; i++)
        history_bed_check_point(&bed, &points[chance_next(&(uint64_t){i + 1}) % COUNT_OF(points)]);
    for (unsigned i = 1; i < COUNT_OF(points); i++)
        history_bed_check_window(&bed, &points[i - 1], &points[i]);
    writer.stopping = true;
    pthread_join(thread, NULL);
    history_bed_close(&bed);
}

TEST(history_in_memory_while_it_changes)
{
    look_back_while_it_changes(false);
}

TEST(history_on_disk_while_it_changes)
{
    look_back_while_it_changes(true);
}

/* A window ends before its last version's successor, and an open history sees no later change. */
TEST(history_stays_what_it_was_when_opened)
{
    struct history_bed bed;
    struct history *history;
    struct bytes key, stored;

    history_bed_open(&bed, false);
    history_bed_recover(&bed, 35);
    history_bed_set(&bed, 1, 11);
    history_bed_point(&bed);
    CHECK_OK(history_open(&bed.source, &bed.bed.table->definition, bed.points[0].version, NULL,
                          NULL, &history));
    history_bed_set(&bed, 2, 22);
    history_bed_set(&bed, 1, 0);
    CHECK_OK(history_next(history, &key, &stored));
    CHECK_ERR(history_next(history, &key, &stored), ERR_ABSENT);
    history_close(&history);
    history_bed_check_point(&bed, &bed.points[0]);
    history_bed_close(&bed);
}

static bool always(void *ctx)
{
    (void)ctx;
    return true;
}

TEST(history_ends_when_it_is_told_to)
{
    struct history_changes *changes;
    struct history_bed bed;
    struct history *history;

    history_bed_open(&bed, false);
    history_bed_recover(&bed, 35);
    history_bed_set(&bed, 1, 11);
    CHECK_ERR(history_open(&bed.source, &bed.bed.table->definition, 0, always, NULL, &history),
              ERR_CANCELLED);
    CHECK_ERR(history_changes_open(&bed.source, &bed.bed.table->definition, 0, UINT64_MAX, always,
                                   NULL, &changes),
              ERR_CANCELLED);
    history_bed_close(&bed);
}

/* Records of a stream's view alone tell too little: better an error than another table. */
TEST(history_refuses_changes_without_images)
{
    struct table_definition next;
    struct history_bed bed;
    struct history *history;

    history_bed_open(&bed, false);
    next = bed.bed.table->definition;
    next.stream = (struct table_stream){.view = TABLE_STREAM_KEYS_ONLY, .label_ms = 1700000000456};
    index_bed_put_definition(&bed.bed, &next);
    history_bed_set(&bed, 1, 11);
    history_bed_set(&bed, 1, 12);
    CHECK_ERR(history_open(&bed.source, &bed.bed.table->definition, 0, NULL, NULL, &history),
              ERR_CORRUPT);
    history_bed_close(&bed);
}

/* Whatever was asked for when recovery was on: what is no longer kept is not made up. */
TEST(history_of_a_table_that_recovers_no_longer)
{
    struct history_changes *changes;
    struct history_bed bed;
    struct history *history;
    const struct table_definition *table;

    history_bed_open(&bed, false);
    history_bed_recover(&bed, 35);
    history_bed_point(&bed);
    history_bed_set(&bed, 1, 11);
    history_bed_check_point(&bed, &bed.points[0]);
    for (unsigned i = 0; i < 2; i++) {
        history_bed_recover(&bed, i == 0 ? 0 : 35); /* off; and on again, from then on */
        history_bed_set(&bed, 1, 12 + i);
        table = &bed.bed.table->definition;
        CHECK_ERR(history_open(&bed.source, table, bed.points[0].version - (1 << 16), NULL, NULL,
                               &history),
                  ERR_ABSENT);
        CHECK_ERR(history_changes_open(&bed.source, table, bed.points[0].version - (1 << 16),
                                       UINT64_MAX, NULL, NULL, &changes),
                  ERR_ABSENT);
    }
    history_bed_close(&bed);
}
