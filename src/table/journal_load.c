/* journal_load.c - sums of units, and a bell. */
#include "table/journal_load.h"

#include "base/clock.h"

/* The bell rings once for so many units of a lane: less is not what makes a shard busy. */
#define UNITS_PER_RING 64

static void signal_with(struct journal_watch *watch, bool *why);

void journal_watch_init(struct journal_watch *watch)
{
    *watch = (struct journal_watch){0};
    pthread_mutex_init(&watch->lock, NULL);
    pthread_cond_init(&watch->changed, NULL);
}

void journal_watch_fini(struct journal_watch *watch)
{
    pthread_mutex_destroy(&watch->lock);
    pthread_cond_destroy(&watch->changed);
}

void journal_watch_wake(struct journal_watch *watch)
{
    signal_with(watch, &watch->woken);
}

void journal_watch_stop(struct journal_watch *watch)
{
    signal_with(watch, &watch->stopped);
}

static void signal_with(struct journal_watch *watch, bool *why)
{
    pthread_mutex_lock(&watch->lock);
    *why = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
}

bool journal_watch_wait(struct journal_watch *watch, uint64_t wait_ms)
{
    struct timespec until = clock_deadline(wait_ms);
    bool goes_on;

    pthread_mutex_lock(&watch->lock);
    while (!watch->woken && !watch->stopped)
        if (!clock_wait(&watch->changed, &watch->lock, until))
            break;
    watch->woken = false;
    goes_on = !watch->stopped;
    pthread_mutex_unlock(&watch->lock);
    return goes_on;
}

bool journal_watch_take_busy(struct journal_watch *watch)
{
    return atomic_exchange(&watch->busy, false);
}

void journal_load_add(struct journal_load *load, uint16_t lane, uint32_t units)
{
    uint32_t before = atomic_fetch_add_explicit(&load->units[lane], units, memory_order_relaxed);
    struct journal_watch *watch;

    if (before / UNITS_PER_RING == (before + units) / UNITS_PER_RING)
        return;
    watch = atomic_load_explicit(&load->watch, memory_order_acquire);
    if (watch != NULL && !atomic_load_explicit(&watch->busy, memory_order_relaxed) &&
        !atomic_exchange(&watch->busy, true))
        journal_watch_wake(watch);
}

uint64_t journal_load_since(const struct journal_load *load, struct journal_lanes lanes)
{
    uint64_t units = 0;

    for (unsigned lane = lanes.first; lane <= lanes.last; lane++)
        units += atomic_load_explicit(&load->units[lane], memory_order_relaxed) - load->seen[lane];
    return units;
}

void journal_load_see(struct journal_load *load, uint64_t now_ms)
{
    for (unsigned lane = 0; lane < TABLE_JOURNAL_LANE_COUNT; lane++)
        load->seen[lane] = atomic_load_explicit(&load->units[lane], memory_order_relaxed);
    load->seen_ms = now_ms;
}
