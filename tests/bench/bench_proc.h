/* bench_proc.h - what another process has used, from /proc. */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct bench_proc_usage {
    uint64_t cpu_us; /* user and system time of all threads; the kernel counts in 10 ms steps */
    uint64_t rss_bytes;
};

/* ERR_IO: no such process. */
enum err bench_proc_usage(int pid, struct fault *fault, struct bench_proc_usage *usage) MUST_CHECK;
