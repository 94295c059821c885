/* bench_client.c - send all, then read one whole reply. */
#include "bench/bench_client.h"

#include "base/clock.h"
#include "bench/bench_target.h"
#include "bench/reply_head.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MESSAGE_BYTES_MAX (2u << 20)
#define RECEIVE_BYTES     (16u << 10)

enum err bench_client_open(struct bench_client *client, const struct bench_target *target,
                           struct fault *fault)
{
    const struct timeval reply_timeout = {.tv_sec = 60};
    enum err err;

    *client = (struct bench_client){.target = target, .fd = -1};
    buf_init(&client->out, MESSAGE_BYTES_MAX);
    buf_init(&client->in, MESSAGE_BYTES_MAX);
    err = bench_target_connect(target, fault, &client->fd);
    if (err == OK)
        setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &reply_timeout, sizeof(reply_timeout));
    return err;
}

void bench_client_close(struct bench_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    buf_fini(&client->out);
    buf_fini(&client->in);
}

enum err bench_client_send(struct bench_client *client, const char *operation, struct bytes body,
                           struct fault *fault)
{
    struct bytes rest;

    buf_reset(&client->out, MESSAGE_BYTES_MAX);
    bench_target_append_request(client->target, operation, body, clock_wall_ms(), &client->out);
    rest = buf_bytes(&client->out);
    while (rest.size > 0) {
        ssize_t sent = send(client->fd, rest.data, rest.size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return fault_set(fault, ERR_IO, "sending %s: %s", operation, strerror(errno));
        rest = bytes_skip(rest, (size_t)sent);
    }
    return OK;
}

enum err bench_client_receive(struct bench_client *client, struct fault *fault, unsigned *status,
                              struct bytes *body)
{
    struct reply_head reply = {0};
    enum err err;

    buf_reset(&client->in, MESSAGE_BYTES_MAX);
    do {
        uint8_t *at = buf_reserve(&client->in, RECEIVE_BYTES);
        ssize_t size = at == NULL ? 0 : recv(client->fd, at, RECEIVE_BYTES, 0);

        if (size < 0 && errno == EINTR)
            size = 0;
        else if (size <= 0)
            return fault_set(fault, ERR_IO, "waiting for a reply of %s: %s", client->target->host,
                             size < 0 ? strerror(errno) : "connection closed, or reply too large");
        buf_commit(&client->in, (size_t)size);
        err = reply_head_parse(buf_bytes(&client->in), &reply);
        if (err == ERR_CORRUPT)
            return fault_set(fault, ERR_CORRUPT, "%s: not an HTTP/1.1 reply with a length",
                             client->target->host);
    } while (err != OK || client->in.size < reply.head_bytes + reply.body_bytes);
    *status = reply.status;
    *body = bytes_make(client->in.data + reply.head_bytes, reply.body_bytes);
    return OK;
}

enum err bench_client_call(struct bench_client *client, const char *operation, struct bytes body,
                           struct fault *fault, unsigned *status, struct bytes *reply)
{
    enum err err = bench_client_send(client, operation, body, fault);

    return err != OK ? err : bench_client_receive(client, fault, status, reply);
}
