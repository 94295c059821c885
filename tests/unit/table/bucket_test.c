/* bucket_test.c - token buckets on a clock of the test's own. */
#include "table/bucket.h"
#include "unit.h"

#include <math.h>
#include <string.h>

#define SECOND ((int64_t)1000000000)
#define START  (1000 * SECOND)

static bool near(double a, double b)
{
    return fabs(a - b) < 0.001;
}

TEST(bucket_begins_full_and_holds_no_more)
{
    struct bucket bucket = {0};
    struct bucket_rate rate = {5, 300};

    CHECK(near(bucket_level(&bucket, rate, START), 1500));
    CHECK(near(bucket_level(&bucket, rate, START + 1000 * SECOND), 1500));
    CHECK(near(bucket_level(&bucket, rate, 0), 1500)); /* a machine that was just started */
    bucket_charge(&bucket, rate, START, 10);
    CHECK(near(bucket_level(&bucket, rate, START), 1490));
    CHECK(near(bucket_level(&bucket, rate, START + SECOND), 1495));
    CHECK(near(bucket_level(&bucket, rate, START + 2 * SECOND), 1500));
    CHECK(near(bucket_level(&bucket, rate, START + 3 * SECOND), 1500));
}

TEST(bucket_gives_300_seconds_at_once_then_its_rate)
{
    struct bucket bucket = {0};
    struct bucket_rate rate = {1, 300};
    int64_t now = START;
    unsigned admitted = 0;

    for (unsigned i = 0; i < 1000; i++) {
        if (bucket_level(&bucket, rate, now) <= 0)
            continue;
        bucket_charge(&bucket, rate, now, 1);
        admitted++;
    }
    CHECK_U64(admitted, 300);
    admitted = 0;
    for (unsigned i = 1; i <= 6000; i++) { /* a minute, a hundred tries a second */
        now = START + i * SECOND / 100;
        if (bucket_level(&bucket, rate, now) <= 0)
            continue;
        bucket_charge(&bucket, rate, now, 1);
        admitted++;
    }
    CHECK_U64(admitted, 60);
}

TEST(bucket_debt_is_paid_before_the_next)
{
    struct bucket bucket = {0};
    struct bucket_rate rate = {2, 300};

    bucket_charge(&bucket, rate, START, 599.5);
    CHECK(bucket_level(&bucket, rate, START) > 0); /* half a unit admits anything */
    bucket_charge(&bucket, rate, START, 400);
    CHECK(near(bucket_level(&bucket, rate, START), -399.5));
    CHECK(bucket_level(&bucket, rate, START + 199 * SECOND) < 0);
    CHECK(bucket_level(&bucket, rate, START + 200 * SECOND) > 0);
    CHECK(near(bucket_level(&bucket, rate, START + 200 * SECOND), 0.5));
}

TEST(bucket_keeps_what_was_used_when_its_rate_changes)
{
    struct bucket bucket = {0};

    bucket_charge(&bucket, (struct bucket_rate){1, 300}, START, 400);
    CHECK(near(bucket_level(&bucket, (struct bucket_rate){1, 300}, START), -100));
    bucket_change_rate(&bucket, 1, 100, START); /* raised: the debt is small now */
    CHECK(near(bucket_level(&bucket, (struct bucket_rate){100, 300}, START), 29600));
    bucket_change_rate(&bucket, 100, 2, START); /* lowered */
    CHECK(near(bucket_level(&bucket, (struct bucket_rate){2, 300}, START), 200));
    bucket_change_rate(&bucket, 0, 2, START); /* there was no rate: a new beginning */
    CHECK(near(bucket_level(&bucket, (struct bucket_rate){2, 300}, START), 600));
}

TEST(bucket_sketch_keeps_keys_apart)
{
    static struct bucket_sketch sketch;
    struct bucket_rate rate = {1000, 1};
    uint64_t hot = 0x0123456789abcdef, same_row_0 = 0x7654321089abcdef;

    memset(&sketch, 0, sizeof(sketch));
    bucket_sketch_charge(&sketch, hot, rate, START, 1500);
    CHECK(near(bucket_sketch_level(&sketch, hot, rate, START), -500));
    CHECK(bucket_sketch_level(&sketch, hot, rate, START + SECOND / 2 + 1) > 0);
    CHECK(near(bucket_sketch_level(&sketch, same_row_0, rate, START), 1000));
    bucket_sketch_charge(&sketch, same_row_0, rate, START, 100);
    CHECK(near(bucket_sketch_level(&sketch, same_row_0, rate, START), 900));
}
