/* clock.c - the system's clocks, or a test's. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
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

void clock_text(uint64_t wall_ms, char text[CLOCK_TEXT_SIZE])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    size_t size;

    gmtime_r(&seconds, &utc);
    size = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + size, CLOCK_TEXT_SIZE - size, ".%03uZ", (unsigned)(wall_ms % 1000));
}

struct bytes clock_text_in(struct arena *arena, uint64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_text(wall_ms, text);
    return arena_copy(arena, bytes_of_string(text));
}

uint64_t clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_mono_ms(void)
{
    return clock_mono_ns() / 1000000u;
}

uint64_t clock_thread_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
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
