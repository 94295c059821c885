/* bench_probe.h - single figures: how soon a server answers, what it needs idle, what a sync costs.
 */
#pragma once

#include "base/err.h"
#include "bench/hist.h"

#include <stdint.h>

struct bench_target;

struct bench_start_result {
    uint64_t first_reply_us;     /* from fork to the reply to a signed ListTables */
    uint64_t first_reply_cpu_us; /* of the server, until then */
    uint64_t idle_rss_bytes;     /* a second later */
};

/* Runs the command, asks it without a pause until it answers, and ends it with SIGTERM.
 * ERR_CONFIG: something answers there already. ERR_TIMEOUT: no answer in 30 s. ERR_INTERNAL: it
 * ended, or its first answer was no 200. */
enum err bench_start(const struct bench_target *target, char **command, struct fault *fault,
                     struct bench_start_result *result) MUST_CHECK;

/* Appends 4 KiB blocks to a new file in the folder, each followed by fdatasync, for a second or
 * until 2,000 are written; latency_ns gets what block and sync took together. ERR_IO. */
enum err bench_sync(const char *folder, struct fault *fault, struct hist *latency_ns) MUST_CHECK;
