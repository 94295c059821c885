/* loop.h - one epoll loop: the thread that owns connections, requests and timers.
 * A piece of data that belongs to a loop is touched by its thread only; other threads send it a
 * task (loop_post). Callbacks run on the loop and never wait.
 * Ownership: watches, timers and tasks are members of their owner's structure; the loop borrows
 *            them until they are removed, cancelled or run.
 * Bounds:    tasks are bounded by what may be in flight (a request has one).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;

/* Work for a loop, sent from any thread; runs once. */
struct loop_task {
    struct loop_task *next; /* the loop's */
    void (*run)(struct loop_task *task);
};

/* A file descriptor's readiness. */
struct loop_watch {
    int fd;
    void (*ready)(struct loop_watch *watch, bool readable, bool writable, bool hangup);
};

/* A point in time, on the monotonic clock. Zero-initialise; loop_timer_set may be called again to
 * move it, which costs O(log n) or better. */
struct loop_timer {
    uint64_t at_ms; /* 0: not set */
    void (*fire)(struct loop_timer *timer);
    struct loop_timer *prev, *next; /* the loop's */
};

/* ERR_IO: no more descriptors; *loop untouched. */
enum err loop_create(struct loop **loop) MUST_CHECK;
/* Only when loop_run has returned and nothing is watched any more. */
void loop_destroy(struct loop **loop);

/* Serves until loop_stop; runs on the caller's thread, which becomes the loop's. */
void loop_run(struct loop *loop);
/* Any thread. loop_run returns after the current round. */
void loop_stop(struct loop *loop);

/* Any thread. Wakes the loop if it sleeps; many posts before it wakes cost one system call. */
void loop_post(struct loop *loop, struct loop_task *task);

/* Edge-triggered: the owner reads or writes until EAGAIN, or remembers that it did not. */
enum err loop_watch_add(struct loop *loop, struct loop_watch *watch) MUST_CHECK;
void loop_watch_remove(struct loop *loop, struct loop_watch *watch);

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* The monotonic time at which this round began; cheaper than asking the clock. */
uint64_t loop_now_ms(const struct loop *loop);
/* True on the loop's own thread. */
bool loop_is_current(const struct loop *loop);
