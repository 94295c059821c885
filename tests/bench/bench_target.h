/* bench_target.h - the endpoint under load, who signs, and how to reach it. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <sys/socket.h>

struct bench_target {
    struct sockaddr_storage address;
    socklen_t address_bytes;
    char host[256]; /* Host header: name and port as in the URL */
    char path[256];
    struct bytes access_key_id; /* of the process */
    struct bytes secret_access_key;
    struct bytes region;
};

/* Reads http://host[:port][/path] and looks the host up; the identity comes from AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and AWS_REGION, or is made up. ERR_CONFIG: not such a URL, unknown host. */
enum err bench_target_init(struct bench_target *target, const char *url,
                           struct fault *fault) MUST_CHECK;

/* A connected, blocking socket without Nagle's delay. ERR_IO. */
enum err bench_target_connect(const struct bench_target *target, struct fault *fault,
                              int *fd) MUST_CHECK;

/* Appends a POST of the body. With an operation ("GetItem") it is a DynamoDB request, signed for
 * `now_ms` with the headers botocore signs: content-type, host, x-amz-date, x-amz-target. NULL: a
 * plain POST of JSON to the target's path. */
void bench_target_append_request(const struct bench_target *target, const char *operation,
                                 struct bytes body, uint64_t now_ms, struct buf *out);
