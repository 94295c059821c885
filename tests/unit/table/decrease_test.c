/* decrease_test.c - how often units may be lowered, over hours and UTC days. */
#include "table/decrease.h"
#include "table/table.h"
#include "unit.h"

#define DAY    ((uint64_t)86400000)
#define MINUTE ((uint64_t)60000)
#define FIRST  (20000 * DAY) /* a midnight */

static bool lower(struct table_throughput *throughput, uint64_t now_ms)
{
    if (decrease_next_ms(throughput, now_ms) > now_ms)
        return false;
    decrease_happens(throughput, now_ms);
    return true;
}

TEST(decreases_are_four_a_day_then_one_an_hour)
{
    struct table_throughput t = {0};
    uint64_t noon = FIRST + DAY / 2;

    for (unsigned i = 0; i < 4; i++)
        CHECK(lower(&t, noon + i));
    CHECK(!lower(&t, noon + 4));
    CHECK_U64(decrease_next_ms(&t, noon + 4), noon + 3 + 60 * MINUTE);
    CHECK(!lower(&t, noon + 2 + 60 * MINUTE));
    CHECK_U64(decrease_count_today(&t, noon + 5), 4); /* what was refused does not count */
    CHECK(lower(&t, noon + 3 + 60 * MINUTE));
    CHECK_U64(decrease_count_today(&t, noon + 61 * MINUTE), 5);
    CHECK(!lower(&t, noon + 4 + 60 * MINUTE)); /* an hour gives one, not four */
    CHECK(lower(&t, noon + 3 + 120 * MINUTE));
}

TEST(decreases_begin_anew_at_midnight_utc)
{
    struct table_throughput t = {0};
    uint64_t late = FIRST + DAY - 40 * MINUTE;

    for (unsigned i = 0; i < 4; i++)
        CHECK(lower(&t, late + i));
    CHECK(!lower(&t, FIRST + DAY - 1));
    CHECK_U64(decrease_next_ms(&t, late + 10), FIRST + DAY);
    CHECK_U64(decrease_count_today(&t, FIRST + DAY), 0);
    for (unsigned i = 0; i < 4; i++)
        CHECK(lower(&t, FIRST + DAY + i));
    CHECK(!lower(&t, FIRST + DAY + 4));
    CHECK_U64(decrease_count_today(&t, FIRST + DAY + 4), 4);
}

TEST(decreases_of_a_first_day_ever)
{
    struct table_throughput t = {0};

    CHECK_U64(decrease_count_today(&t, 5), 0); /* 1970, where 0 stands for never */
    CHECK(lower(&t, 5));
}
