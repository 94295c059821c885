/* clock.h - what time it is, as the rest of the server is told.
 * Wall time stamps versions, signatures and descriptions; monotonic time measures waits.
 * Tests replace the wall clock with the functions at the end; nothing else may.
 */
#pragma once

#include "base/arena.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds since 1970-01-01T00:00:00Z. */
uint64_t clock_wall_ms(void);

/* Such a time as 2026-01-31T12:00:00.123Z. */
#define CLOCK_TEXT_SIZE sizeof("2026-01-31T12:00:00.123Z")
void clock_text(uint64_t wall_ms, char text[CLOCK_TEXT_SIZE]);
struct bytes clock_text_in(struct arena *arena, uint64_t wall_ms);

/* Nanoseconds since some fixed point; never goes back. */
uint64_t clock_mono_ns(void);
uint64_t clock_mono_ms(void);

/* Nanoseconds of a processor that the calling thread has had. */
uint64_t clock_thread_ns(void);

/* So much from now, for clock_wait. A test's clock does not shorten waits, and one that is set back
 * does not lengthen them. */
struct timespec clock_deadline(uint64_t wait_ms);
/* The moment that clock_mono_ms will be so much, in the same way; it may have been. */
struct timespec clock_deadline_at(uint64_t mono_ms);
/* Waits for a signal until then, as pthread_cond_wait does; false: the time is over. */
bool clock_wait(pthread_cond_t *changed, pthread_mutex_t *lock, struct timespec until);

/* Sets the wall clock forward by so much, and on from there: for a server that was started as a
 * test's. */
void clock_advance_test(uint64_t ms);

/* From now on the wall clock says this; 0 gives the real one back. */
void clock_set_test(uint64_t wall_ms);
