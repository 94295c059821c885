/* thread_test.c - what ends with a thread; what the kernel says of threads that give way. */
#include "base/thread.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What two threads keep, each for itself, and how often it was freed. */
static _Thread_local char *kept;
static unsigned freed_count;
static char ended[8];
static size_t ended_count;

static void free_kept(void)
{
    CHECK(kept != NULL);
    free(kept);
    kept = NULL;
    freed_count++;
}

static void *keep(void *arg)
{
    (void)arg;
    CHECK(kept == NULL);
    kept = malloc(1);
    thread_at_end(free_kept);
    return kept;
}

static void end_a(void)
{
    ended[ended_count++] = 'a';
}

static void end_b(void)
{
    ended[ended_count++] = 'b';
}

/* Asks for what has been ended already. */
static void end_c(void)
{
    ended[ended_count++] = 'c';
    thread_at_end(end_b);
}

static void *end_in_order(void *arg)
{
    (void)arg;
    thread_at_end(end_a);
    thread_at_end(end_c);
    thread_at_end(end_b);
    CHECK(ended_count == 0);
    return NULL;
}

static void run_thread(void *(*run)(void *), void *arg)
{
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, run, arg) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

TEST(thread_frees_what_it_kept_when_it_ends)
{
    freed_count = 0;
    run_thread(keep, NULL);
    CHECK_U64(freed_count, 1);
    run_thread(keep, NULL);
    CHECK_U64(freed_count, 2);
    CHECK(kept == NULL); /* ours: it was theirs alone */
}

TEST(thread_ends_the_last_first_and_what_is_begun_anew_meanwhile)
{
    ended_count = 0;
    run_thread(end_in_order, NULL);
    CHECK_TEXT(bytes_make(ended, ended_count), "bcba");
}

struct seen {
    void (*give_way)(void);
    int nice_before;
    int policy;
    int nice;
};

static void *give_way(void *arg)
{
    struct seen *seen = arg;
    id_t self = (id_t)syscall(SYS_gettid);

    seen->nice_before = getpriority(PRIO_PROCESS, self);
    seen->give_way();
    seen->policy = sched_getscheduler(0);
    seen->nice = getpriority(PRIO_PROCESS, self);
    return NULL;
}

/* On a thread of its own: there may be no way back. */
static struct seen look(void (*giving_way)(void))
{
    struct seen seen = {.give_way = giving_way};

    run_thread(give_way, &seen);
    return seen;
}

TEST(thread_gives_way_with_the_share_it_had)
{
    struct seen seen = look(thread_give_way);

    CHECK(seen.policy == SCHED_BATCH);
    CHECK(seen.nice == seen.nice_before);
}

TEST(thread_in_the_background_has_a_smaller_share)
{
    struct seen seen = look(thread_in_background);

    CHECK(seen.policy == SCHED_BATCH);
    CHECK(seen.nice == 10);
}
