/* bench_target.c - URL, connection, signed request. */
#include "bench/bench_target.h"

#include "auth/sigv4.h"
#include "base/arena.h"
#include "net/http_server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define AWS_JSON "application/x-amz-json-1.0"

static void append_signature(const struct bench_target *target, const char *operation,
                             struct bytes body, uint64_t now_ms, struct buf *out);
static struct bytes from_environment(const char *name, const char *otherwise);

enum err bench_target_init(struct bench_target *target, const char *url, struct fault *fault)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    char name[sizeof(target->host)], path[sizeof(target->path)] = "/";
    const char *port = "80";
    struct addrinfo *found;
    char *host = name, *colon, *bracket;
    int error;

    *target = (struct bench_target){
        .access_key_id = from_environment("AWS_ACCESS_KEY_ID", "AKIDBENCH"),
        .secret_access_key = from_environment("AWS_SECRET_ACCESS_KEY", "secret"),
        .region = from_environment("AWS_REGION", "us-east-1"),
    };
    if (sscanf(url, "http://%255[^/]%255s", name, path) < 1)
        return fault_set(fault, ERR_CONFIG, "%s: not of the form http://host:port/path", url);
    memcpy(target->host, name, sizeof(name));
    memcpy(target->path, path, sizeof(path));

    bracket = name[0] == '[' ? strchr(name, ']') : NULL; /* an IPv6 address */
    colon = strchr(bracket != NULL ? bracket : name, ':');
    if (colon != NULL) {
        *colon = 0;
        port = colon + 1;
    }
    if (bracket != NULL) {
        *bracket = 0;
        host++;
    }
    error = getaddrinfo(host, port, &hints, &found);
    if (error != 0)
        return fault_set(fault, ERR_CONFIG, "%s: %s", url, gai_strerror(error));
    memcpy(&target->address, found->ai_addr, found->ai_addrlen);
    target->address_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    return OK;
}

enum err bench_target_connect(const struct bench_target *target, struct fault *fault, int *fd)
{
    int connection = socket(target->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connection < 0)
        return fault_set(fault, ERR_IO, "cannot make a socket: %s", strerror(errno));
    if (connect(connection, (const struct sockaddr *)&target->address, target->address_bytes) !=
        0) {
        enum err err =
            fault_set(fault, ERR_IO, "cannot connect to %s: %s", target->host, strerror(errno));

        close(connection);
        return err;
    }
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    *fd = connection;
    return OK;
}

void bench_target_append_request(const struct bench_target *target, const char *operation,
                                 struct bytes body, uint64_t now_ms, struct buf *out)
{
    buf_append_format(out,
                      "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\n"
                      "Content-Length: %zu\r\n",
                      target->path, target->host, operation != NULL ? AWS_JSON : "application/json",
                      body.size);
    if (operation != NULL)
        append_signature(target, operation, body, now_ms, out);
    buf_append_lit(out, "\r\n");
    buf_append_bytes(out, body);
}

/* Signed as botocore signs; a program on the AWS SDKs sends a few more headers. */
static void append_signature(const struct bench_target *target, const char *operation,
                             struct bytes body, uint64_t now_ms, struct buf *out)
{
    char date[sizeof("20260101T000000Z")], action[64];
    time_t now = (time_t)(now_ms / 1000);
    struct http_header headers[4];
    struct http_request request;
    struct bytes authorization;
    struct arena arena;
    struct tm utc;

    strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    snprintf(action, sizeof(action), "DynamoDB_20120810.%s", operation);
    headers[0] = (struct http_header){BYTES("Content-Type"), BYTES(AWS_JSON)};
    headers[1] = (struct http_header){BYTES("Host"), bytes_of_string(target->host)};
    headers[2] = (struct http_header){BYTES("X-Amz-Date"), bytes_of_string(date)};
    headers[3] = (struct http_header){BYTES("X-Amz-Target"), bytes_of_string(action)};
    request = (struct http_request){
        .method = BYTES("POST"),
        .target = bytes_of_string(target->path),
        .path = bytes_of_string(target->path),
        .headers = headers,
        .header_count = sizeof(headers) / sizeof(headers[0]),
        .body_sent = body,
        .body = body,
    };
    arena_init(&arena);
    authorization = sigv4_sign(&request, target->access_key_id, target->secret_access_key,
                               target->region, BYTES("dynamodb"), headers[2].value, &arena);
    buf_append_format(out, "X-Amz-Date: %s\r\nX-Amz-Target: %s\r\nAuthorization: %.*s\r\n", date,
                      action, BYTES_ARGS(authorization));
    arena_fini(&arena);
}

static struct bytes from_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return bytes_of_string(value != NULL && value[0] != 0 ? value : otherwise);
}
