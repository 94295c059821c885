/* thread_test.c - what the kernel says of threads that give way. */
#include "base/thread.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

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
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, give_way, &seen) == 0);
    pthread_join(thread, NULL);
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
