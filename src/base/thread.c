/* thread.c - slices and shares of threads. */
#include "base/thread.h"

#include <errno.h>
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
