/* timer_wheel.c - hashed, hierarchical timing wheels (Varghese and Lauck, SOSP '87), lazily moved.
 */
#include "net/timer_wheel.h"

#include "base/assert.h"

#define SLOT_MASK   (TIMER_WHEEL_SLOTS - 1)
#define SPAN_MS_MAX (((uint64_t)1 << (TIMER_WHEEL_SLOT_BITS * TIMER_WHEEL_LEVELS)) - 1)

static void insert(struct timer_wheel *wheel, struct loop_timer *timer);
static void push(struct loop_timer **list, struct loop_timer *timer);
static void unlink_timer(struct loop_timer *timer);
static uint64_t earliest_slot_ms(const struct timer_wheel *wheel);
static void empty_slots(struct timer_wheel *wheel, uint64_t slot_ms, uint64_t now_ms,
                        struct loop_timer **expired);
static void sort_out(struct timer_wheel *wheel, struct loop_timer *list, uint64_t now_ms,
                     struct loop_timer **expired);

void timer_wheel_init(struct timer_wheel *wheel, uint64_t now_ms)
{
    *wheel = (struct timer_wheel){.now_ms = now_ms, .next_ms = UINT64_MAX};
}

void timer_wheel_set(struct timer_wheel *wheel, struct loop_timer *timer, uint64_t at_ms)
{
    ASSERT(at_ms != 0);
    timer->at_ms = at_ms;
    if (timer->link != NULL) {
        if (at_ms >= timer->slot_ms)
            return; /* it will be looked at in time where it is */
        unlink_timer(timer);
    }
    insert(wheel, timer);
}

void timer_wheel_cancel(struct loop_timer *timer)
{
    timer->at_ms = 0;
    if (timer->link != NULL)
        unlink_timer(timer);
}

void timer_wheel_advance(struct timer_wheel *wheel, uint64_t now_ms)
{
    struct loop_timer *expired = NULL, *due = wheel->due;
    uint64_t slot_ms;

    ASSERT(now_ms >= wheel->now_ms);
    if (now_ms < wheel->next_ms) {
        wheel->now_ms = now_ms;
        return;
    }
    wheel->due = NULL;
    sort_out(wheel, due, now_ms, &expired);
    while ((slot_ms = earliest_slot_ms(wheel)) <= now_ms)
        empty_slots(wheel, slot_ms, now_ms, &expired);
    wheel->now_ms = now_ms;
    wheel->next_ms = slot_ms;
    while (expired != NULL) {
        struct loop_timer *timer = expired;

        unlink_timer(timer);
        if (timer->at_ms > now_ms) { /* moved by one that fired before it */
            insert(wheel, timer);
            continue;
        }
        timer->at_ms = 0;
        timer->fire(timer);
    }
}

static void insert(struct timer_wheel *wheel, struct loop_timer *timer)
{
    uint64_t delta, at_ms = timer->at_ms;
    unsigned level, shift, slot;

    if (at_ms <= wheel->now_ms) {
        timer->slot_ms = wheel->now_ms;
        push(&wheel->due, timer);
        wheel->next_ms = wheel->now_ms;
        return;
    }
    delta = at_ms - wheel->now_ms;
    if (delta > SPAN_MS_MAX) {
        delta = SPAN_MS_MAX;
        at_ms = wheel->now_ms + delta;
    }
    level = (63 - (unsigned)__builtin_clzll(delta)) / TIMER_WHEEL_SLOT_BITS;
    shift = level * TIMER_WHEEL_SLOT_BITS;
    slot = (unsigned)(at_ms >> shift) & SLOT_MASK;
    timer->slot_ms = at_ms >> shift << shift;
    push(&wheel->slots[level][slot], timer);
    wheel->used[level] |= (uint64_t)1 << slot;
    if (timer->slot_ms < wheel->next_ms)
        wheel->next_ms = timer->slot_ms;
}

static void push(struct loop_timer **list, struct loop_timer *timer)
{
    timer->next = *list;
    timer->link = list;
    if (timer->next != NULL)
        timer->next->link = &timer->next;
    *list = timer;
}

static void unlink_timer(struct loop_timer *timer)
{
    *timer->link = timer->next;
    if (timer->next != NULL)
        timer->next->link = timer->link;
    timer->next = NULL;
    timer->link = NULL;
}

/* When the first used slot's time comes; UINT64_MAX: none is used. The current slot of a level has
 * been emptied when it came, so what it holds is a whole turn away: slots are 1 to 64 steps ahead,
 * never 0. */
static uint64_t earliest_slot_ms(const struct timer_wheel *wheel)
{
    uint64_t earliest_ms = UINT64_MAX;

    for (unsigned level = 0; level < TIMER_WHEEL_LEVELS; level++) {
        unsigned shift = level * TIMER_WHEEL_SLOT_BITS;
        uint64_t next = (wheel->now_ms >> shift) + 1, used = wheel->used[level], slot_ms;
        unsigned first = (unsigned)next & SLOT_MASK;

        if (used == 0)
            continue;
        if (first != 0)
            used = used >> first | used << (TIMER_WHEEL_SLOTS - first);
        slot_ms = (next + (unsigned)__builtin_ctzll(used)) << shift;
        if (slot_ms < earliest_ms)
            earliest_ms = slot_ms;
    }
    return earliest_ms;
}

/* Moves to slot_ms and empties the slots that begin then, one on each level that has one. */
static void empty_slots(struct timer_wheel *wheel, uint64_t slot_ms, uint64_t now_ms,
                        struct loop_timer **expired)
{
    wheel->now_ms = slot_ms;
    for (unsigned level = 0; level < TIMER_WHEEL_LEVELS; level++) {
        unsigned shift = level * TIMER_WHEEL_SLOT_BITS;
        unsigned slot = (unsigned)(slot_ms >> shift) & SLOT_MASK;
        struct loop_timer *list = wheel->slots[level][slot];

        if (slot_ms >> shift << shift != slot_ms)
            break;
        wheel->slots[level][slot] = NULL;
        wheel->used[level] &= ~((uint64_t)1 << slot);
        sort_out(wheel, list, now_ms, expired);
    }
}

/* Parts a slot's list into what has expired and what is for a later slot. */
static void sort_out(struct timer_wheel *wheel, struct loop_timer *list, uint64_t now_ms,
                     struct loop_timer **expired)
{
    while (list != NULL) {
        struct loop_timer *timer = list;

        list = timer->next;
        timer->link = NULL;
        if (timer->at_ms > now_ms)
            insert(wheel, timer);
        else
            push(expired, timer);
    }
}
