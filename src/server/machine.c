/* machine.c - limits of the system, the container and the process: the lowest counts. */
#include "server/machine.h"

#include "base/log.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

unsigned machine_processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}

/* A control group's limit; no such file, or "max" in it: none. */
static uint64_t read_limit(const char *path)
{
    FILE *file = fopen(path, "re");
    uint64_t limit;
    int found;

    if (file == NULL)
        return UINT64_MAX;
    found = fscanf(file, "%" SCNu64, &limit);
    fclose(file);
    return found == 1 ? limit : UINT64_MAX;
}

uint64_t machine_memory_bytes(void)
{
    uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    struct rlimit limit;

    bytes = lower(bytes, read_limit("/sys/fs/cgroup/memory.max"));
    bytes = lower(bytes, read_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        bytes = lower(bytes, limit.rlim_cur);
    return bytes;
}

void machine_allow_files(uint64_t count)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count)
        return;
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? count : lower(limit.rlim_max, count);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < count)
        LOG(WARN,
            "fewer open files are allowed than --max-connections may need; raise the limit "
            "(ulimit -n, LimitNOFILE=)",
            log_u64("allowed", limit.rlim_cur), log_u64("wanted", count));
}
