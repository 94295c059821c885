/* loop.c - epoll, a list of posted tasks, and the timer wheel.
 * Posted tasks are a stack that other threads push to and the loop takes whole. The loop marks the
 * empty stack before it sleeps; whoever finds the mark wakes it. So a busy loop, or one that has
 * been woken already, costs a poster no system call.
 */
#include "net/loop.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/timer_wheel.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_PER_ROUND 256
#define LOOPS_WOKEN_MAX  64 /* at the end of posts; more are woken at once */

struct loop {
    int epoll_fd;
    int wake_fd;
    atomic_bool stopping;
    struct timer_wheel timers;
    _Atomic(struct loop_task *) posted; /* newest first */
    struct loop_task asleep;            /* its address in `posted`: the loop sleeps */
    struct loop_task *at_end;           /* of this round */
    int event_count;                    /* of this round */
    int event_index;                    /* being reported */
    bool had_events;                    /* this round */
    struct epoll_event events[EVENTS_PER_ROUND];
};

static _Thread_local struct loop *current;

/* Between loop_posts_begin and loop_posts_end. */
static _Thread_local struct {
    bool active;
    unsigned count;
    struct loop *to_wake[LOOPS_WOKEN_MAX]; /* each once */
} posts;

static void wake_later(struct loop *loop);
static void wake(struct loop *loop);
static void wait_for_events(struct loop *loop);
static void report_events(struct loop *loop);
static void run_tasks(struct loop *loop);
static void end_round(struct loop *loop);

enum err loop_create(struct loop **loop)
{
    /* Edge-triggered and never read: each write to it is one more edge. */
    struct epoll_event wake_event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct loop *made;

    if (epoll_fd < 0 || wake_fd < 0 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &wake_event) != 0) {
        if (epoll_fd >= 0)
            close(epoll_fd);
        if (wake_fd >= 0)
            close(wake_fd);
        return ERR_IO;
    }
    made = mem_zalloc(sizeof(*made));
    made->epoll_fd = epoll_fd;
    made->wake_fd = wake_fd;
    timer_wheel_init(&made->timers, clock_mono_ms());
    *loop = made;
    return OK;
}

void loop_destroy(struct loop **loop)
{
    if (*loop == NULL)
        return;
    close((*loop)->epoll_fd);
    close((*loop)->wake_fd);
    free(*loop);
    *loop = NULL;
}

void loop_run(struct loop *loop)
{
    ASSERT(current == NULL);
    current = loop;
    do {
        wait_for_events(loop);
        timer_wheel_advance(&loop->timers, clock_mono_ms());
        report_events(loop);
        run_tasks(loop);
        end_round(loop);
    } while (!atomic_load_explicit(&loop->stopping, memory_order_acquire));
    /* What was posted before the stop may have come after run_tasks took the list. */
    run_tasks(loop);
    end_round(loop);
    atomic_store_explicit(&loop->stopping, false, memory_order_relaxed);
    current = NULL;
}

void loop_stop(struct loop *loop)
{
    atomic_store_explicit(&loop->stopping, true, memory_order_release);
    wake(loop);
}

void loop_post(struct loop *loop, struct loop_task *task)
{
    struct loop_task *newest = atomic_load_explicit(&loop->posted, memory_order_relaxed);

    do {
        task->next = newest == &loop->asleep ? NULL : newest;
    } while (!atomic_compare_exchange_weak_explicit(&loop->posted, &newest, task,
                                                    memory_order_release, memory_order_relaxed));
    if (newest != &loop->asleep)
        return;
    if (posts.active)
        wake_later(loop);
    else
        wake(loop);
}

void loop_posts_begin(void)
{
    ASSERT(!posts.active);
    posts.active = true;
}

void loop_posts_end(void)
{
    ASSERT(posts.active);
    posts.active = false;
    while (posts.count != 0)
        wake(posts.to_wake[--posts.count]);
}

void loop_at_round_end(struct loop *loop, struct loop_task *task)
{
    ASSERT(loop == current);
    task->next = loop->at_end;
    loop->at_end = task;
}

enum err loop_watch_add(struct loop *loop, struct loop_watch *watch)
{
    /* Both directions at once and for good: an edge that was not waited for costs nothing, a
     * change of the set would cost a system call. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = watch};

    ASSERT(watch->ready != NULL);
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0 ? OK : ERR_IO;
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
    int removed = epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);

    ASSERT(removed == 0);
    for (int i = loop->event_index + 1; i < loop->event_count; i++)
        if (loop->events[i].data.ptr == watch)
            loop->events[i].data.ptr = NULL;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms)
{
    timer_wheel_set(&loop->timers, timer, loop->timers.now_ms + delay_ms);
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    (void)loop;
    timer_wheel_cancel(timer);
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->timers.now_ms;
}

bool loop_had_events(const struct loop *loop)
{
    return loop->had_events;
}

bool loop_is_current(const struct loop *loop)
{
    return current == loop;
}

/* A loop may wake for something else meanwhile, and sleep again: it is there once all the same. */
static void wake_later(struct loop *loop)
{
    for (unsigned i = 0; i < posts.count; i++)
        if (posts.to_wake[i] == loop)
            return;
    if (posts.count == LOOPS_WOKEN_MAX)
        wake(loop);
    else
        posts.to_wake[posts.count++] = loop;
}

static void wake(struct loop *loop)
{
    static const uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof(one));

    ASSERT(written == sizeof(one));
}

static void wait_for_events(struct loop *loop)
{
    uint64_t wait_ms = timer_wheel_wait_ms(&loop->timers);
    struct loop_task *none = NULL;
    int timeout_ms = wait_ms == UINT64_MAX ? -1 : wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms;

    if (!atomic_compare_exchange_strong_explicit(&loop->posted, &none, &loop->asleep,
                                                 memory_order_relaxed, memory_order_relaxed))
        timeout_ms = 0;
    loop->event_count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_ROUND, timeout_ms);
    if (loop->event_count < 0) {
        ASSERT(errno == EINTR);
        loop->event_count = 0;
    }
    loop->event_index = -1;
    loop->had_events = loop->event_count > 0;
}

static void report_events(struct loop *loop)
{
    for (loop->event_index = 0; loop->event_index < loop->event_count; loop->event_index++) {
        const struct epoll_event *event = &loop->events[loop->event_index];
        struct loop_watch *watch = event->data.ptr;
        uint32_t bits = event->events;
        unsigned events = 0;

        if (watch == NULL)
            continue; /* the wake-up, or removed in this round */
        if (bits & EPOLLIN)
            events |= LOOP_READABLE;
        if (bits & EPOLLOUT)
            events |= LOOP_WRITABLE;
        if (bits & EPOLLRDHUP)
            events |= LOOP_PEER_DONE;
        if (bits & (EPOLLERR | EPOLLHUP))
            events |= LOOP_BROKEN;
        watch->ready(watch, events);
    }
    loop->event_count = 0;
}

/* Runs what has been posted so far; what these tasks post waits for the next round. */
static void run_tasks(struct loop *loop)
{
    struct loop_task *task, *ordered = NULL;

    task = atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
    if (task == &loop->asleep)
        return;
    while (task != NULL) {
        struct loop_task *older = task->next;

        task->next = ordered;
        ordered = task;
        task = older;
    }
    while (ordered != NULL) {
        task = ordered;
        ordered = task->next; /* the task may be gone once it ran */
        task->run(task);
    }
}

static void end_round(struct loop *loop)
{
    while (loop->at_end != NULL) {
        struct loop_task *task = loop->at_end;

        loop->at_end = task->next;
        task->run(task);
    }
}
