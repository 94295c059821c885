/* bench_proc.c - reads /proc/PID/stat (see proc(5)). */
#include "bench/bench_proc.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum err bench_proc_usage(int pid, struct fault *fault, struct bench_proc_usage *usage)
{
    char path[64], line[1024];
    const char *behind_name;
    uint64_t user_ticks, system_ticks, rss_pages;
    FILE *file;
    size_t size;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (file == NULL)
        return fault_set(fault, ERR_IO, "no process %d", pid);
    size = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[size] = 0;
    behind_name = strrchr(line, ')'); /* the name may hold anything */
    /* Fields 14, 15 and 24; field 3 comes first behind the name. */
    if (behind_name == NULL || sscanf(behind_name + 1,
                                      " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64
                                      " %" SCNu64 " %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
                                      &user_ticks, &system_ticks, &rss_pages) != 3)
        return fault_set(fault, ERR_IO, "%s: not understood", path);
    usage->cpu_us = (user_ticks + system_ticks) * 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    usage->rss_bytes = rss_pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return OK;
}
