/* clock.c - the system's clocks, or a test's. */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic uint64_t test_wall_ms, test_ahead_ms;

static uint64_t read_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_wall_ms(void)
{
    uint64_t test = atomic_load_explicit(&test_wall_ms, memory_order_relaxed);

    if (test != 0)
        return test;
    return read_ns(CLOCK_REALTIME) / 1000000u +
           atomic_load_explicit(&test_ahead_ms, memory_order_relaxed);
}

uint64_t clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_mono_ms(void)
{
    return clock_mono_ns() / 1000000u;
}

void clock_advance_test(uint64_t ms)
{
    atomic_fetch_add(&test_ahead_ms, ms);
}

void clock_set_test(uint64_t wall_ms)
{
    atomic_store(&test_wall_ms, wall_ms);
}

struct timespec clock_deadline(uint64_t wait_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    return until;
}

struct timespec clock_deadline_at(uint64_t mono_ms)
{
    uint64_t now_ms = clock_mono_ms();

    return clock_deadline(mono_ms > now_ms ? mono_ms - now_ms : 0);
}
