/* timer_wheel.h - the timers of a loop, by the slot of time they are due in.
 * Level 0 has a slot for each of the next 64 milliseconds, level 1 one for each of the next 64
 * spans of 64 ms, and so on. When a slot's time comes, its timers fire or move to a finer slot.
 * So a timer may lie in any slot that comes no later than the timer: moving one to a later time
 * leaves it where it is, and setting, moving and cancelling are O(1).
 * Pure: time comes in as an argument and never goes back.
 */
#pragma once

#include "net/loop.h"

#define TIMER_WHEEL_SLOT_BITS 6
#define TIMER_WHEEL_SLOTS     (1 << TIMER_WHEEL_SLOT_BITS)
#define TIMER_WHEEL_LEVELS    5 /* 2^30 ms, 12 days; what is later takes another turn */

struct timer_wheel {
    uint64_t now_ms;
    uint64_t next_ms;                  /* no timer is due before; UINT64_MAX: none is set */
    uint64_t used[TIMER_WHEEL_LEVELS]; /* a bit per slot; set: it may hold timers */
    struct loop_timer *slots[TIMER_WHEEL_LEVELS][TIMER_WHEEL_SLOTS];
    struct loop_timer *due; /* to be fired by the next advance */
};

void timer_wheel_init(struct timer_wheel *wheel, uint64_t now_ms);
void timer_wheel_set(struct timer_wheel *wheel, struct loop_timer *timer, uint64_t at_ms);
void timer_wheel_cancel(struct loop_timer *timer);

/* Moves on to now_ms and fires what is due. A timer set meanwhile waits for the next advance, so
 * that one which always sets itself again cannot hold up the loop. */
void timer_wheel_advance(struct timer_wheel *wheel, uint64_t now_ms);

/* How long nothing will be due: 0 to UINT64_MAX. May be too short after a cancel or a move. */
static inline uint64_t timer_wheel_wait_ms(const struct timer_wheel *wheel)
{
    if (wheel->next_ms == UINT64_MAX)
        return UINT64_MAX;
    return wheel->next_ms <= wheel->now_ms ? 0 : wheel->next_ms - wheel->now_ms;
}
