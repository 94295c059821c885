/* thread.c - ends of threads, by the destructor of one POSIX key; slices and shares. */
#include "base/thread.h"

#include "base/assert.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BACKGROUND_NICE 10
#define LONG_SLICE_NS   100000000 /* the longest there is */

/* struct sched_attr, which some C libraries have and others do not. */
struct attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns; /* of a fair policy: its slice */
    uint64_t deadline_ns;
    uint64_t period_ns;
};

static _Thread_local struct {
    unsigned count;
    void (*end[THREAD_ENDS_MAX])(void);
} ends;

static pthread_key_t ends_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_key(void);
static void call_ends(void *value);

void thread_at_end(void (*end)(void))
{
    int failed;

    ASSERT(ends.count < THREAD_ENDS_MAX);
    ends.end[ends.count++] = end;
    pthread_once(&once, make_key);
    failed = pthread_setspecific(ends_key, &ends); /* any but NULL: then call_ends is called */
    ASSERT(failed == 0);
}

static void make_key(void)
{
    int failed = pthread_key_create(&ends_key, call_ends);

    ASSERT(failed == 0);
}

static void call_ends(void *value)
{
    (void)value;
    while (ends.count != 0)
        ends.end[--ends.count]();
}

/* A long slice has a late deadline: a thread that wakes has an earlier one, and so goes first. */
static void give_way(int nice)
{
    struct attributes attributes = {
        .size = sizeof(attributes),
        .policy = SCHED_BATCH, /* nor does it take a core by waking */
        .nice = nice,
        .runtime_ns = LONG_SLICE_NS,
    };

    syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void thread_give_way(void)
{
    int nice;

    errno = 0;
    nice = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid)); /* which may well be -1 */
    if (errno == 0)
        give_way(nice);
}

void thread_in_background(void)
{
    give_way(BACKGROUND_NICE);
}
