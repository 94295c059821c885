/* loop.h - one epoll loop: the thread that owns connections, requests and timers.
 * A piece of data that belongs to a loop is touched by its thread only; other threads send it a
 * task (loop_post). Callbacks run on the loop and never wait.
 * A round:   wait for events, fire timers, report events, run the tasks posted so far, then those
 *            that were kept for the round's end.
 * Ownership: watches, timers and tasks are members of their owner's structure; the loop borrows
 *            them until they are removed, cancelled or run. A callback may free its owner once
 *            these are done with.
 * Threads:   the loop's own, but for loop_post, loop_stop and loop_watch_add.
 * Bounds:    tasks are bounded by what may be in flight (a request has one).
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* Work for a loop, sent from any thread; runs once. */
struct loop_task {
    struct loop_task *next; /* the loop's */
    void (*run)(struct loop_task *task);
};

/* What became true of a descriptor since it was last reported. */
enum loop_event {
    LOOP_READABLE = 1,
    LOOP_WRITABLE = 2,
    LOOP_PEER_DONE = 4, /* the peer will send no more: read until the end is seen */
    LOOP_BROKEN = 8,    /* the connection is lost, or over in both directions */
};

/* A file descriptor's readiness; events is a set of enum loop_event. */
struct loop_watch {
    int fd;
    void (*ready)(struct loop_watch *watch, unsigned events);
};

/* A point in time, on the monotonic clock. Zero-initialise and set fire. */
struct loop_timer {
    uint64_t at_ms; /* 0: not set */
    void (*fire)(struct loop_timer *timer);
    uint64_t slot_ms; /* these three are the loop's: see timer_wheel.h */
    struct loop_timer *next;
    struct loop_timer **link;
};

/* ERR_IO: no more descriptors; *loop untouched. */
enum err loop_create(struct loop **loop) MUST_CHECK;
/* Only when loop_run has returned and nothing is watched any more. */
void loop_destroy(struct loop **loop);

/* Serves until loop_stop; runs on the caller's thread, which becomes the loop's meanwhile. */
void loop_run(struct loop *loop);
/* Any thread. loop_run returns after the current round, with everything run that was posted
 * before; the next loop_run returns after one round if none is active. */
void loop_stop(struct loop *loop);

/* Any thread. Wakes the loop if it sleeps; many posts before it wakes cost one system call.
 * Tasks from one thread run in the order they were posted. */
void loop_post(struct loop *loop, struct loop_task *task);

/* Any thread, in pairs and not nested. What it posts in between wakes nobody until the end, and
 * then each loop that slept is woken once: a loop that shares the thread's core would else run at
 * the first task, sleep again, and be woken for the next. Brief: a loop's clients wait for it. */
void loop_posts_begin(void);
void loop_posts_end(void);

/* The loop's own thread. Runs at the end of this round, before the loop waits again: for what is
 * cheaper done once for all of a round's events. Such a task keeps nothing for the end itself. */
void loop_at_round_end(struct loop *loop, struct loop_task *task);

/* Any thread. Edge-triggered in both directions: the owner reads or writes until EAGAIN, or
 * remembers that it did not. ERR_IO: the system's limit of watches; nothing was taken. */
enum err loop_watch_add(struct loop *loop, struct loop_watch *watch) MUST_CHECK;
/* Afterwards ready is not called again, not even for what this round has still to report.
 * Before the descriptor is closed. */
void loop_watch_remove(struct loop *loop, struct loop_watch *watch);

/* Fires once, in the first round that begins delay_ms or more from now (not before the next one:
 * a delay of 0 gives way to other work). A timer that is set already is moved; to a later time
 * that costs one store, which is what re-arming a connection's time-out comes to. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* The monotonic time at which this round began; cheaper than asking the clock. */
uint64_t loop_now_ms(const struct loop *loop);
/* Whether this round began with events; then more may have come meanwhile. */
bool loop_had_events(const struct loop *loop);
/* True on the loop's own thread. */
bool loop_is_current(const struct loop *loop);
