/* bench_client.h - one blocking connection for what is not measured: tables, loading, probes. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct bench_target;

struct bench_client {
    const struct bench_target *target;
    int fd;
    struct buf out;
    struct buf in;
};

/* ERR_IO: cannot connect. */
enum err bench_client_open(struct bench_client *client, const struct bench_target *target,
                           struct fault *fault) MUST_CHECK;
void bench_client_close(struct bench_client *client);

/* Signs and sends a request of the API / waits for its reply, whose body is borrowed until the next
 * call. ERR_IO: the connection broke, or no reply within a minute. ERR_CORRUPT: not HTTP/1.1. */
enum err bench_client_send(struct bench_client *client, const char *operation, struct bytes body,
                           struct fault *fault) MUST_CHECK;
enum err bench_client_receive(struct bench_client *client, struct fault *fault, unsigned *status,
                              struct bytes *body) MUST_CHECK;

/* Both. */
enum err bench_client_call(struct bench_client *client, const char *operation, struct bytes body,
                           struct fault *fault, unsigned *status, struct bytes *reply) MUST_CHECK;
