/* bench_drive.h - load: requests over N connections, one thread, latencies in a histogram.
 * Closed loop: each connection sends its next request when it has its reply; latency counts from
 * the send. Open loop: requests are due at a constant rate whatever the server does, and latency
 * counts from when a request was due, not from when a connection was free to send it. So a server
 * that stalls is charged for all who would have waited (no coordinated omission); what is still
 * unanswered at the end is charged with its age.
 */
#pragma once

#include "base/err.h"
#include "bench/bench_proc.h"
#include "bench/hist.h"

#include <stdint.h>

struct bench_pool;
struct bench_target;

#define BENCH_CONNECTIONS_MAX 1024
#define BENCH_ERROR_BYTES_MAX 512

struct bench_drive_options {
    const struct bench_target *target;
    const struct bench_pool *pool; /* sent in order, over and over */
    unsigned connection_count;
    double rate;                   /* requests per second; 0: closed loop */
    uint32_t warmup_ms;            /* not counted */
    uint32_t duration_ms;          /* counted */
    uint64_t reply_body_bytes_min; /* a 200 with less is an error: it does not hold the items */
    int server_pid;                /* 0: its CPU time and memory are not read */
};

/* What happened in the counted time. Zeroed before the run. */
struct bench_drive_result {
    struct hist latency_ns;
    uint64_t elapsed_ns;
    uint64_t replies; /* 200s with what was asked for */
    uint64_t errors;  /* other replies, and connections lost with a request on them */
    char first_error[BENCH_ERROR_BYTES_MAX];
    uint64_t unanswered; /* open loop: due, but without a reply when time was up */
    uint64_t sent_bytes;
    uint64_t received_bytes;
    struct bench_proc_usage server; /* CPU of the counted time, memory at its end */
    uint64_t generator_cpu_us;
};

/* ERR_IO: no connection. ERR_TIMEOUT: nothing was answered for 10 s. */
enum err bench_drive(const struct bench_drive_options *options, struct fault *fault,
                     struct bench_drive_result *result) MUST_CHECK;
