/* machine.c - limits of the system, the container and the process: the lowest counts. */
#include "server/machine.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* Where there is no limit, or it cannot be told. */
#define FILES_MAX     ((uint64_t)1 << 20)
#define FILES_UNKNOWN 1024
/* Standard streams, the directory's lock, logs of the engine, clients of the machine's services. */
#define FILES_OTHERS        48
#define FILES_A_LOOP        4
#define ENGINE_FILES_MIN    96
#define ENGINE_FILES_ENOUGH 4096 /* 256 GiB in its largest tables */
#define CONNECTIONS_MIN     16

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

uint64_t machine_allow_files(void)
{
    struct rlimit limit;
    rlim_t before;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return FILES_UNKNOWN;
    before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? FILES_MAX : limit.rlim_max;
    if (limit.rlim_cur <= before || setrlimit(RLIMIT_NOFILE, &limit) != 0)
        limit.rlim_cur = before;
    return lower(limit.rlim_cur, FILES_MAX);
}

enum err machine_share_files(uint64_t allowed, unsigned loops, unsigned connections,
                             struct fault *fault, struct machine_files *files)
{
    uint64_t others = FILES_OTHERS + (uint64_t)loops * FILES_A_LOOP;
    uint64_t least = others + ENGINE_FILES_MIN + CONNECTIONS_MIN, engine, left;

    if (allowed < least)
        return fault_set(fault, ERR_CONFIG,
                         "%llu open files are allowed, at least %llu are needed; raise the limit "
                         "(ulimit -n, LimitNOFILE=)",
                         (unsigned long long)allowed, (unsigned long long)least);
    /* All that connections leave, but at least half of what there is, up to what is enough. */
    left = allowed - others;
    engine = left > connections ? left - connections : 0;
    if (engine < left / 2 && engine < ENGINE_FILES_ENOUGH)
        engine = lower(left / 2, ENGINE_FILES_ENOUGH);
    files->engine = (uint32_t)(engine > ENGINE_FILES_MIN ? engine : ENGINE_FILES_MIN);
    files->connections = (uint32_t)lower(connections, left - files->engine);
    return OK;
}
