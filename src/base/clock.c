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
    return clock_deadline_at(clock_mono_ms() + wait_ms);
}

struct timespec clock_deadline_at(uint64_t mono_ms)
{
    return (struct timespec){
        .tv_sec = (time_t)(mono_ms / 1000),
        .tv_nsec = (long)(mono_ms % 1000) * 1000000L,
    };
}

bool clock_wait(pthread_cond_t *changed, pthread_mutex_t *lock, struct timespec until)
{
    return pthread_cond_clockwait(changed, lock, CLOCK_MONOTONIC, &until) == 0;
}
