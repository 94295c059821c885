/* loop_test.c - tasks from other threads, descriptors, timers and stopping on a real loop. */
#include "base/clock.h"
#include "net/loop.h"
#include "unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS          4
#define TASKS_PER_THREAD 5000

static struct loop *loop;

struct numbered {
    struct loop_task task;
    unsigned thread, number;
};

static unsigned next_number[THREADS], tasks_run;

static void run_numbered(struct loop_task *task)
{
    struct numbered *numbered = (struct numbered *)task;

    CHECK(loop_is_current(loop));
    CHECK_U64(numbered->number, next_number[numbered->thread]);
    next_number[numbered->thread]++;
    if (++tasks_run == THREADS * TASKS_PER_THREAD)
        loop_stop(loop);
    free(numbered);
}

static void *post_many(void *thread)
{
    for (unsigned i = 0; i < TASKS_PER_THREAD; i++) {
        struct numbered *numbered = malloc(sizeof(*numbered));

        *numbered = (struct numbered){{.run = run_numbered}, (unsigned)(uintptr_t)thread, i};
        loop_post(loop, &numbered->task);
    }
    return NULL;
}

TEST(loop_runs_every_task_once_and_each_threads_in_order)
{
    pthread_t threads[THREADS];

    tasks_run = 0;
    memset(next_number, 0, sizeof(next_number));
    CHECK_OK(loop_create(&loop));
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, post_many, (void *)i);
    loop_run(loop);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_U64(tasks_run, THREADS * TASKS_PER_THREAD);
    CHECK(!loop_is_current(loop));
    loop_destroy(&loop);
    CHECK(loop == NULL);
}

#define GROUPS     2000
#define GROUP_SIZE 3

static sem_t group_ran;
static unsigned group_runs;

static void run_of_group(struct loop_task *task)
{
    (void)task;
    if (++group_runs % GROUP_SIZE == 0)
        sem_post(&group_ran);
}

/* Groups of tasks, each after the one before it has run: the loop sleeps in between, or is about
 * to. */
static void *post_groups(void *unused)
{
    struct loop_task tasks[GROUP_SIZE] = {{0}};
    bool ran = true;

    for (unsigned i = 0; i < GROUPS && ran; i++) {
        struct timespec until;

        loop_posts_begin();
        for (unsigned k = 0; k < GROUP_SIZE; k++) {
            tasks[k].run = run_of_group;
            loop_post(loop, &tasks[k]);
        }
        loop_posts_end();
        clock_gettime(CLOCK_REALTIME, &until); /* which the thread sanitizer knows to wait by */
        until.tv_sec += 20;
        ran = sem_timedwait(&group_ran, &until) == 0;
    }
    CHECK(ran);
    loop_stop(loop);
    return unused;
}

TEST(loop_is_woken_for_posts_that_were_gathered)
{
    pthread_t thread;

    group_runs = 0;
    sem_init(&group_ran, 0, 0);
    CHECK_OK(loop_create(&loop));
    pthread_create(&thread, NULL, post_groups, NULL);
    loop_run(loop);
    pthread_join(thread, NULL);
    CHECK_U64(group_runs, GROUPS * GROUP_SIZE);
    loop_destroy(&loop);
    sem_destroy(&group_ran);
}

static void run_once(void)
{
    loop_stop(loop);
    loop_run(loop);
}

static struct loop_task again, last;
static unsigned again_count, last_count;

static void post_again(struct loop_task *task)
{
    if (++again_count < 3)
        loop_post(loop, task);
}

static void count_last(struct loop_task *task)
{
    last_count++;
}

TEST(loop_stop_runs_what_was_posted_before_it)
{
    CHECK_OK(loop_create(&loop));
    again.run = post_again;
    last.run = count_last;
    again_count = last_count = 0;
    loop_post(loop, &again);
    loop_post(loop, &last);
    run_once();
    CHECK_U64(last_count, 1);
    while (again_count < 3)
        run_once(); /* also proves that a stopped loop runs again */
    loop_destroy(&loop);
}

struct fired {
    struct loop_timer timer;
    uint64_t at_ms;
    bool stops;
};

static void on_fire(struct loop_timer *timer)
{
    struct fired *fired = (struct fired *)timer;

    fired->at_ms = clock_mono_ms();
    if (fired->stops)
        loop_stop(loop);
}

TEST(loop_timers_wake_it_in_time)
{
    struct fired early = {.timer.fire = on_fire}, late = {.timer.fire = on_fire, .stops = true},
                 never = {.timer.fire = on_fire};
    uint64_t begin_ms;

    CHECK_OK(loop_create(&loop));
    begin_ms = loop_now_ms(loop);
    loop_timer_set(loop, &never.timer, 10);
    loop_timer_set(loop, &late.timer, 20);
    loop_timer_set(loop, &early.timer, 5);
    loop_timer_cancel(loop, &never.timer);
    loop_run(loop);
    CHECK(early.at_ms >= begin_ms + 5);
    CHECK(late.at_ms >= begin_ms + 20);
    CHECK_U64(never.at_ms, 0);
    CHECK(loop_now_ms(loop) >= begin_ms + 20);
    loop_destroy(&loop);
}

struct end {
    struct loop_watch watch;
    struct end *peer;
    unsigned events; /* all so far */
    unsigned calls;
    bool removes_peer;
};

static void on_ready(struct loop_watch *watch, unsigned events)
{
    struct end *end = (struct end *)watch;

    end->events |= events;
    end->calls++;
    if (end->removes_peer) {
        loop_watch_remove(loop, &end->peer->watch);
        close(end->peer->watch.fd);
    }
}

static void make_pair(struct end *ends)
{
    int fds[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    for (unsigned i = 0; i < 2; i++)
        ends[i] = (struct end){.watch = {.fd = fds[i], .ready = on_ready}, .peer = &ends[1 - i]};
}

TEST(loop_reports_edges_of_both_directions)
{
    struct end ends[2];
    char filler[4096] = {0};

    CHECK_OK(loop_create(&loop));
    make_pair(ends);
    CHECK_OK(loop_watch_add(loop, &ends[0].watch));
    run_once();
    CHECK_U64(ends[0].events, LOOP_WRITABLE);
    CHECK(write(ends[1].watch.fd, "x", 1) == 1);
    run_once();
    CHECK(ends[0].events & LOOP_READABLE);
    ends[0].calls = 0;
    run_once();
    CHECK_U64(ends[0].calls, 0); /* an edge is told once */

    while (write(ends[0].watch.fd, filler, sizeof(filler)) > 0)
        ;
    run_once();
    ends[0].events = 0;
    while (read(ends[1].watch.fd, filler, sizeof(filler)) > 0)
        ;
    run_once();
    CHECK(ends[0].events & LOOP_WRITABLE);
    CHECK(!(ends[0].events & LOOP_PEER_DONE));

    CHECK(shutdown(ends[1].watch.fd, SHUT_WR) == 0);
    run_once();
    CHECK(ends[0].events & LOOP_PEER_DONE);
    CHECK(!(ends[0].events & LOOP_BROKEN));
    close(ends[1].watch.fd);
    run_once();
    CHECK(ends[0].events & LOOP_BROKEN);
    loop_watch_remove(loop, &ends[0].watch);
    close(ends[0].watch.fd);
    loop_destroy(&loop);
}

/* Both have an event in the same round; the first to run takes the other away. */
TEST(loop_does_not_report_to_a_watch_removed_in_the_same_round)
{
    struct end ends[2];

    CHECK_OK(loop_create(&loop));
    make_pair(ends);
    ends[0].removes_peer = ends[1].removes_peer = true;
    CHECK_OK(loop_watch_add(loop, &ends[0].watch));
    CHECK_OK(loop_watch_add(loop, &ends[1].watch));
    run_once();
    CHECK_U64(ends[0].calls + ends[1].calls, 1);
    for (unsigned i = 0; i < 2; i++)
        if (ends[i].calls == 1) {
            loop_watch_remove(loop, &ends[i].watch);
            close(ends[i].watch.fd);
        }
    loop_destroy(&loop);
}

struct remover {
    struct loop_timer timer;
    struct end *end;
};

static void remove_end(struct loop_timer *timer)
{
    loop_watch_remove(loop, &((struct remover *)timer)->end->watch);
}

/* Timers fire when the round's events are known and not yet reported. */
TEST(loop_does_not_report_to_a_watch_that_a_timer_removed)
{
    struct remover remover = {.timer.fire = remove_end};
    struct end ends[2];

    CHECK_OK(loop_create(&loop));
    make_pair(ends);
    CHECK_OK(loop_watch_add(loop, &ends[1].watch)); /* reports first, so that there is an index */
    run_once();
    CHECK_OK(loop_watch_add(loop, &ends[0].watch));
    remover.end = &ends[0];
    loop_timer_set(loop, &remover.timer, 0);
    run_once();
    CHECK_U64(ends[1].calls, 1);
    CHECK_U64(ends[0].calls, 0);
    loop_watch_remove(loop, &ends[1].watch);
    close(ends[0].watch.fd);
    close(ends[1].watch.fd);
    loop_destroy(&loop);
}
