/* timer_wheel_test.c - timers fire in their millisecond, whatever the way there. */
#include "net/timer_wheel.h"
#include "unit.h"

#include <stdlib.h>

#define TIMERS 500

struct clocked {
    struct loop_timer timer;
    struct timer_wheel *wheel;
    uint64_t fired_ms; /* 0: not yet */
    unsigned count;
};

static void on_fire(struct loop_timer *timer)
{
    struct clocked *clocked = (struct clocked *)timer;

    clocked->fired_ms = clocked->wheel->now_ms;
    clocked->count++;
}

static void clocked_init(struct clocked *clocked, struct timer_wheel *wheel)
{
    *clocked = (struct clocked){.timer.fire = on_fire, .wheel = wheel};
}

TEST(timer_wheel_fires_at_the_time_and_not_before)
{
    static const uint64_t delays[] = {1,       63,      64,        65,         127,        128,
                                      4095,    4096,    4097,      262143,     262144,     262145,
                                      1 << 24, 1 << 29, (1 << 30), 3000000000, 10000000000};
    static const uint64_t starts[] = {1, 63, 64, 4095, 4096, 123456789};

    for (unsigned s = 0; s < sizeof(starts) / sizeof(starts[0]); s++)
        for (unsigned d = 0; d < sizeof(delays) / sizeof(delays[0]); d++) {
            uint64_t at_ms = starts[s] + delays[d];
            struct timer_wheel wheel;
            struct clocked clocked;

            timer_wheel_init(&wheel, starts[s]);
            clocked_init(&clocked, &wheel);
            timer_wheel_set(&wheel, &clocked.timer, at_ms);
            timer_wheel_advance(&wheel, at_ms - 1);
            CHECK_U64(clocked.count, 0);
            timer_wheel_advance(&wheel, at_ms);
            CHECK_U64(clocked.fired_ms, at_ms);
            CHECK_U64(timer_wheel_wait_ms(&wheel), UINT64_MAX);
            timer_wheel_advance(&wheel, at_ms * 2);
            CHECK_U64(clocked.count, 1);
        }
}

/* The way a loop uses it: sleep as long as it says. Must get there, and never too late. */
TEST(timer_wheel_never_lets_a_loop_oversleep)
{
    static struct clocked clocked[TIMERS];
    struct timer_wheel wheel;
    unsigned left = TIMERS;

    srandom(1);
    timer_wheel_init(&wheel, 1000);
    for (unsigned i = 0; i < TIMERS; i++) {
        clocked_init(&clocked[i], &wheel);
        timer_wheel_set(&wheel, &clocked[i].timer, 1000 + ((uint64_t)random() >> (random() % 30)));
    }
    while (left != 0) {
        uint64_t wait_ms = timer_wheel_wait_ms(&wheel);
        uint64_t due_ms = UINT64_MAX;

        for (unsigned i = 0; i < TIMERS; i++)
            if (clocked[i].timer.at_ms != 0 && clocked[i].timer.at_ms < due_ms)
                due_ms = clocked[i].timer.at_ms;
        CHECK(wait_ms != UINT64_MAX);
        if (wait_ms == UINT64_MAX)
            return;
        CHECK(wheel.now_ms + wait_ms <= due_ms || wait_ms == 0);
        timer_wheel_advance(&wheel, wheel.now_ms + wait_ms);
        left = 0;
        for (unsigned i = 0; i < TIMERS; i++)
            left += clocked[i].timer.at_ms != 0;
    }
    for (unsigned i = 0; i < TIMERS; i++)
        CHECK_U64(clocked[i].count, 1);
}

/* Against the obvious model: random sets, moves both ways, cancels, steps of all sizes. */
TEST(timer_wheel_agrees_with_a_plain_list)
{
    static struct clocked clocked[TIMERS];
    static uint64_t at_ms[TIMERS]; /* the model; 0: not set */
    struct timer_wheel wheel;

    srandom(2);
    timer_wheel_init(&wheel, 7);
    for (unsigned i = 0; i < TIMERS; i++) {
        clocked_init(&clocked[i], &wheel);
        at_ms[i] = 0;
    }
    for (unsigned round = 0; round < 20000; round++) {
        unsigned i = (unsigned)random() % TIMERS;
        uint64_t now_ms;

        if (random() % 8 == 0) {
            timer_wheel_cancel(&clocked[i].timer);
            at_ms[i] = 0;
        } else {
            at_ms[i] = wheel.now_ms + ((uint64_t)random() >> (random() % 31));
            timer_wheel_set(&wheel, &clocked[i].timer, at_ms[i]);
        }
        if (random() % 4 != 0)
            continue;
        now_ms = wheel.now_ms + ((uint64_t)random() >> (8 + random() % 22));
        timer_wheel_advance(&wheel, now_ms);
        for (unsigned k = 0; k < TIMERS; k++) {
            bool due = at_ms[k] != 0 && at_ms[k] <= now_ms;

            CHECK_U64(clocked[k].count, due);
            CHECK_U64(clocked[k].timer.at_ms, due ? 0 : at_ms[k]);
            if (due)
                at_ms[k] = 0;
            clocked[k].count = 0;
        }
    }
}

static struct clocked first, second;

static void cancel_and_move(struct loop_timer *timer)
{
    on_fire(timer);
    timer_wheel_cancel(&first.timer);
    timer_wheel_set(second.wheel, &second.timer, second.wheel->now_ms + 10);
}

static void set_again(struct loop_timer *timer)
{
    struct clocked *clocked = (struct clocked *)timer;

    on_fire(timer);
    timer_wheel_set(clocked->wheel, timer, clocked->wheel->now_ms);
}

TEST(timer_wheel_callbacks_may_cancel_and_move_what_is_due)
{
    struct timer_wheel wheel;
    struct clocked before, behind; /* one of them fires before the others, whatever the order */

    timer_wheel_init(&wheel, 1);
    clocked_init(&first, &wheel);
    clocked_init(&second, &wheel);
    clocked_init(&before, &wheel);
    clocked_init(&behind, &wheel);
    before.timer.fire = behind.timer.fire = cancel_and_move;
    timer_wheel_set(&wheel, &before.timer, 5);
    timer_wheel_set(&wheel, &first.timer, 5);
    timer_wheel_set(&wheel, &second.timer, 5);
    timer_wheel_set(&wheel, &behind.timer, 5);
    timer_wheel_advance(&wheel, 6);
    CHECK_U64(before.count + behind.count, 2);
    CHECK_U64(first.count, 0);
    CHECK_U64(second.count, 0);
    timer_wheel_advance(&wheel, 15);
    CHECK_U64(second.count, 0);
    timer_wheel_advance(&wheel, 16);
    CHECK_U64(second.count, 1);
    CHECK_U64(first.count, 0);
}

TEST(timer_wheel_fires_a_timer_that_sets_itself_once_an_advance)
{
    struct timer_wheel wheel;

    timer_wheel_init(&wheel, 1);
    clocked_init(&first, &wheel);
    first.timer.fire = set_again;
    timer_wheel_set(&wheel, &first.timer, 1);
    for (unsigned i = 1; i <= 3; i++) {
        CHECK_U64(timer_wheel_wait_ms(&wheel), 0);
        timer_wheel_advance(&wheel, 1);
        CHECK_U64(first.count, i);
    }
}

/* What makes re-arming a time-out per request cheap. */
TEST(timer_wheel_moves_to_later_without_touching_the_lists)
{
    struct timer_wheel wheel;
    struct loop_timer **link;

    timer_wheel_init(&wheel, 1);
    clocked_init(&first, &wheel);
    timer_wheel_set(&wheel, &first.timer, 60000);
    link = first.timer.link;
    for (unsigned i = 0; i < 1000; i++)
        timer_wheel_set(&wheel, &first.timer, 60000 + i);
    CHECK(first.timer.link == link);
    timer_wheel_advance(&wheel, 60998);
    CHECK_U64(first.count, 0);
    timer_wheel_advance(&wheel, 60999);
    CHECK_U64(first.count, 1);
}
