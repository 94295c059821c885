/* recovery_test.c - the bounds of what can be restored, and what is stored of it. */
#include "base/clock.h"
#include "table/index_fixture.h"
#include "table/recovery.h"

#define DAY     ((uint64_t)RECOVERY_DAY_MS)
#define NOON_MS (UINT64_C(1800000000) * 1000)

static struct table_definition recovering(unsigned days, uint64_t from_ms)
{
    struct table_definition d = index_bed_table;

    d.recovery = (struct table_recovery){.period_days = days, .from_ms = from_ms};
    return d;
}

TEST(recovery_bounds)
{
    static const struct {
        unsigned days;
        uint64_t from_ago_ms, lag_ms, earliest_ago_ms, latest_ago_ms;
    } cases[] = {
        {35, 0, 300000, 0, 0}, /* just turned on: both are that moment */
        {35, 10000, 300000, 10000, 10000},
        {35, 400000, 300000, 400000, 300000},
        {35, 400000, 0, 400000, 0},
        {35, 36 * DAY, 300000, 35 * DAY, 300000},
        {1, 2 * DAY, 0, DAY, 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct table_definition d = recovering(cases[i].days, NOON_MS - cases[i].from_ago_ms);

        CHECK_U64(recovery_earliest_ms(&d, NOON_MS), NOON_MS - cases[i].earliest_ago_ms);
        CHECK_U64(recovery_latest_ms(&d, NOON_MS, cases[i].lag_ms),
                  NOON_MS - cases[i].latest_ago_ms);
    }
}

TEST(recovery_times_have_a_granularity_of_a_second)
{
    struct table_definition d = recovering(35, NOON_MS - 10000 + 123);
    static const struct {
        uint64_t ago_ms;
        bool good;
        uint64_t clamped_ago_ms;
    } cases[] = {
        {5000, true, 5000},  {4321, true, 4321},
        {10000, true, 9877}, /* the second in which the earliest one is */
        {10001, false, 0},   {9877, true, 9877},
        {2400, true, 2400},  {2001, true, 2345}, /* the second in which the latest one is */
        {2000, false, 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t time_ms = NOON_MS - cases[i].ago_ms;
        bool good = recovery_clamp(&d, NOON_MS, 2345, &time_ms);

        CHECK(good == cases[i].good);
        CHECK_U64(time_ms, NOON_MS - (good ? cases[i].clamped_ago_ms : cases[i].ago_ms));
    }
}

TEST(recovery_period_changes)
{
    struct table_definition d = recovering(35, NOON_MS - 30 * DAY);

    recovery_set(&d, 7, NOON_MS); /* shorter: at once */
    CHECK_U64(recovery_earliest_ms(&d, NOON_MS), NOON_MS - 7 * DAY);
    recovery_set(&d, 35, NOON_MS); /* longer: from now on */
    CHECK_U64(recovery_earliest_ms(&d, NOON_MS), NOON_MS - 7 * DAY);
    CHECK_U64(recovery_earliest_ms(&d, NOON_MS + DAY), NOON_MS - 7 * DAY);
    recovery_set(&d, 35, NOON_MS + DAY);
    CHECK_U64(d.recovery.from_ms, NOON_MS - 7 * DAY);
    recovery_set(&d, 0, NOON_MS);
    CHECK(!recovery_is_on(&d));
    recovery_set(&d, 35, NOON_MS);
    CHECK_U64(d.recovery.from_ms, 0); /* the catalog says when */
}

TEST(recovery_begins_when_all_changes_have_records)
{
    struct index_bed bed = {0};
    struct table_definition next;

    clock_set_test(NOON_MS);
    index_bed_open(&bed);
    index_bed_create(&bed, 0);
    CHECK_OK(index_bed_put(&bed, "{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"}}"));
    CHECK_U64(table_journal_needs(bed.table), 0);
    clock_set_test(NOON_MS - 5000); /* set back: versions stay ahead of it */
    next = bed.table->definition;
    recovery_set(&next, 35, NOON_MS);
    index_bed_put_definition(&bed, &next);
    CHECK_U64(bed.table->definition.recovery.from_ms, NOON_MS + 1);
    CHECK_U64(table_journal_needs(bed.table),
              TABLE_JOURNAL_RECORDS | TABLE_JOURNAL_OLD | TABLE_JOURNAL_NEW);
    next = bed.table->definition;
    next.stream = (struct table_stream){TABLE_STREAM_KEYS_ONLY, NOON_MS, false};
    index_bed_put_definition(&bed, &next);
    CHECK_U64(table_journal_needs(bed.table),
              TABLE_JOURNAL_RECORDS | TABLE_JOURNAL_OLD | TABLE_JOURNAL_NEW);
    next = bed.table->definition;
    recovery_set(&next, 0, NOON_MS);
    index_bed_put_definition(&bed, &next);
    CHECK_U64(table_journal_needs(bed.table), TABLE_JOURNAL_RECORDS);
    index_bed_close(&bed);
    clock_set_test(0);
}

TEST(recovery_record_golden)
{
    static const char part[] = "\"recovery\":{\"periodDays\":7,\"fromMs\":1700000000123}}";
    struct table_definition d = recovering(7, 1700000000123), read;
    struct bytes record;
    struct arena arena;

    arena_init(&arena);
    d.id = 7;
    record = table_record_write(&d, &arena);
    CHECK(record.size > sizeof(part));
    CHECK_TEXT(bytes_skip(record, record.size - (sizeof(part) - 1)), part);
    CHECK_OK(table_record_read(record, &arena, &read));
    CHECK_U64(read.recovery.period_days, 7);
    CHECK_U64(read.recovery.from_ms, 1700000000123);
    arena_fini(&arena);
}
