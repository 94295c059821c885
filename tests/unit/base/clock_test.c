/* clock_test.c - waits until a moment. */
#include "base/clock.h"
#include "unit.h"

#include <string.h>

static int64_t ms_from_now(struct timespec at)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)(at.tv_sec - now.tv_sec) * 1000 + (at.tv_nsec - now.tv_nsec) / 1000000;
}

/* Whoever looks for the next thing to do may be interrupted until its time is over. */
TEST(a_deadline_that_has_passed_is_now)
{
    uint64_t now_ms = clock_mono_ms();

    CHECK(now_ms > 2);
    CHECK(ms_from_now(clock_deadline_at(now_ms - 2)) <= 0);
    CHECK(ms_from_now(clock_deadline_at(0)) <= 0);
    CHECK(ms_from_now(clock_deadline_at(now_ms + 1000000)) <= 1000000);
    CHECK(ms_from_now(clock_deadline_at(now_ms + 1000000)) > 900000);
}

TEST(a_wait_ends_with_its_time)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    uint64_t begun_ms = clock_mono_ms();

    pthread_mutex_lock(&lock);
    while (clock_wait(&changed, &lock, clock_deadline_at(begun_ms + 20)))
        ;
    CHECK(clock_mono_ms() - begun_ms >= 20);
    CHECK(!clock_wait(&changed, &lock, clock_deadline_at(0)));
    pthread_mutex_unlock(&lock);
    pthread_mutex_destroy(&lock);
    pthread_cond_destroy(&changed);
}

TEST(a_moment_has_a_text)
{
    char text[CLOCK_TEXT_SIZE];

    clock_text(UINT64_C(1769860800123), text);
    CHECK(strcmp(text, "2026-01-31T12:00:00.123Z") == 0);
    clock_text(0, text);
    CHECK(strcmp(text, "1970-01-01T00:00:00.000Z") == 0);
}
