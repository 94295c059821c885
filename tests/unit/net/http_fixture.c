/* http_fixture.c - see http_fixture.h. Clients are blocking sockets with a time limit. */
#include "http_fixture.h"

#include "base/container.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENT_LIMIT_S 60

static void *run_loop(void *loop)
{
    loop_run(loop);
    return NULL;
}

static void describe(const struct http_request *request, struct buf *out)
{
    buf_append_format(out, "%.*s %.*s?%.*s headers=%zu sent=%zu body=%zu undecodable=%d\n",
                      BYTES_ARGS(request->method), BYTES_ARGS(request->path),
                      BYTES_ARGS(request->query), request->header_count, request->body_sent.size,
                      request->body.size, request->body_undecodable);
    for (size_t i = 0; i < request->header_count; i++) {
        buf_append_bytes(out, request->headers[i].name);
        buf_append_lit(out, ": ");
        buf_append_bytes(out, request->headers[i].value);
        buf_append_lit(out, "\n");
    }
}

static size_t number_of(struct bytes text)
{
    size_t number = 0;

    for (size_t i = 0; i < text.size; i++)
        number = number * 10 + (text.data[i] - '0');
    return number;
}

static void note_arrived(struct http_fixture *fixture)
{
    unsigned arrived = 0;

    for (unsigned i = 0; i < fixture->watched_count; i++) {
        struct pollfd poll_one = {.fd = fixture->watched[i], .events = POLLIN};

        arrived += poll(&poll_one, 1, 0) == 1;
    }
    if (fixture->arrived_count < HTTP_FIXTURE_WATCHED_MAX)
        fixture->arrived[fixture->arrived_count++] = arrived;
}

static void append_bytes(struct buf *body, size_t size)
{
    uint8_t *at = buf_reserve(body, size);

    for (size_t i = 0; at != NULL && i < size; i++)
        at[i] = (uint8_t)('a' + i % 23);
    if (at != NULL)
        buf_commit(body, size);
}

static void on_request(void *ctx, struct http_exchange *exchange)
{
    struct http_fixture *fixture = ctx;
    const struct http_request *request = http_exchange_request(exchange);
    struct buf *body = http_exchange_body(exchange);
    unsigned status = 200;
    enum err err = request->body_coded ? http_exchange_decode(exchange) : OK;

    if (err != OK) {
        http_exchange_refuse(exchange, err == ERR_TOO_LARGE ? 413 : 503);
        return;
    }
    atomic_fetch_add(&fixture->handled, 1);
    for (unsigned i = 0; i < fixture->options.loop_count; i++)
        if (fixture->loops[i] == http_exchange_loop(exchange))
            atomic_fetch_add(&fixture->handled_by[i], 1);
    if (bytes_equal_string(request->path, "/later")) {
        CHECK(http_exchange_hold(exchange, number_of(request->query)));
        atomic_store(&fixture->pending, exchange);
        return;
    }
    if (bytes_equal_string(request->path, "/echo")) {
        buf_append_bytes(body, request->body);
    } else if (bytes_equal_string(request->path, "/describe")) {
        describe(request, body);
    } else if (bytes_equal_string(request->path, "/bytes") ||
               bytes_equal_string(request->path, "/packed")) {
        append_bytes(body, number_of(request->query));
        if (bytes_equal_string(request->path, "/packed") && http_exchange_compresses(exchange)) {
            http_exchange_compress(exchange);
            CHECK(!http_exchange_compresses(exchange));
        }
    } else if (bytes_equal_string(request->path, "/watch")) {
        note_arrived(fixture);
        append_bytes(body, number_of(request->query));
    } else if (bytes_equal_string(request->path, "/release")) {
        struct http_exchange *pending = atomic_exchange(&fixture->pending, NULL);

        buf_append_lit(http_exchange_body(pending), "released");
        http_exchange_send(pending, 200);
    } else if (bytes_equal_string(request->path, "/hold")) {
        status = http_exchange_hold(exchange, number_of(request->query)) ? 200 : 503;
    } else if (bytes_equal_string(request->path, "/status")) {
        status = (unsigned)number_of(request->query);
    } else {
        status = 404;
    }
    http_exchange_add_header(exchange, "x-peer", bytes_of_string(http_exchange_peer(exchange)));
    http_exchange_send(exchange, status);
}

void http_fixture_init(struct http_fixture *fixture)
{
    *fixture = (struct http_fixture){
        .options =
            {
                .address = "127.0.0.1",
                .loop_count = 1,
                .handler = on_request,
                .handler_ctx = fixture,
                .body_bytes_max = 1 << 20,
                .head_bytes_max = 4096,
                .header_count_max = 20,
                .connection_count_max = 200,
                .idle_timeout_ms = 60000,
                .receive_timeout_ms = 60000,
                .send_timeout_ms = 60000,
                .stall_ms = 60000,
                .crc32_header = "x-amz-crc32",
                .server_name = "Server",
            },
    };
    arena_init(&fixture->arena);
}

void http_fixture_start(struct http_fixture *fixture)
{
    struct fault fault;

    fault_init(&fault, &fixture->arena);
    for (unsigned i = 0; i < fixture->options.loop_count; i++)
        CHECK_OK(loop_create(&fixture->loops[i]));
    fixture->options.loops = fixture->loops;
    CHECK_OK(http_server_open(&fixture->options, &fault, &fixture->server));
    for (unsigned i = 0; i < fixture->options.loop_count; i++)
        pthread_create(&fixture->threads[i], NULL, run_loop, fixture->loops[i]);
}

void http_fixture_stop(struct http_fixture *fixture)
{
    for (unsigned i = 0; i < fixture->options.loop_count; i++) {
        loop_stop(fixture->loops[i]);
        pthread_join(fixture->threads[i], NULL);
    }
    http_server_close(&fixture->server);
    for (unsigned i = 0; i < fixture->options.loop_count; i++)
        loop_destroy(&fixture->loops[i]);
    arena_fini(&fixture->arena);
}

struct settle_task {
    struct loop_task task;
    atomic_bool done;
};

static void settled(struct loop_task *task)
{
    atomic_store(&((struct settle_task *)task)->done, true);
}

void http_fixture_settle(struct http_fixture *fixture)
{
    /* Loopback delivers before the sender's call returns, so the first whole round sees it. */
    for (unsigned round = 0; round < 2; round++) {
        struct settle_task task = {.task.run = settled};

        loop_post(fixture->loops[0], &task.task);
        AWAIT(atomic_load(&task.done));
    }
}

static void stand_still(struct loop_task *task)
{
    struct http_fixture *fixture = CONTAINER_OF(task, struct http_fixture, hold);

    pthread_barrier_wait(&fixture->held);
    pthread_barrier_wait(&fixture->held);
}

void http_fixture_hold(struct http_fixture *fixture)
{
    pthread_barrier_init(&fixture->held, NULL, 2);
    fixture->hold.run = stand_still;
    loop_post(fixture->loops[0], &fixture->hold);
    pthread_barrier_wait(&fixture->held);
}

void http_fixture_release(struct http_fixture *fixture)
{
    pthread_barrier_wait(&fixture->held);
    http_fixture_settle(fixture);
    pthread_barrier_destroy(&fixture->held);
}

struct complete_task {
    struct loop_task task;
    struct http_exchange *exchange;
    atomic_bool done;
};

static void complete(struct loop_task *task)
{
    struct complete_task *complete_task = (struct complete_task *)task;

    http_exchange_send(complete_task->exchange, 200);
    atomic_store(&complete_task->done, true);
}

void http_fixture_complete(struct http_fixture *fixture)
{
    struct complete_task task = {.task.run = complete};

    AWAIT(atomic_load(&fixture->pending) != NULL);
    task.exchange = atomic_exchange(&fixture->pending, NULL);
    if (task.exchange == NULL)
        return;
    buf_append_lit(http_exchange_body(task.exchange), "late");
    loop_post(http_exchange_loop(task.exchange), &task.task);
    AWAIT(atomic_load(&task.done));
}

void http_fixture_nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* sleep: between two looks */
}

int client_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = CLIENT_LIMIT_S};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* pieces stay pieces */
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

void client_send(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;

    while (size != 0) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue; /* with a time limit, it ends where the process is stopped for a moment */
        CHECK(sent > 0);
        if (sent <= 0)
            return;
        at += sent;
        size -= (size_t)sent;
    }
}

void client_send_text(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
}

void client_reply_init(struct client_reply *reply)
{
    reply->status = 0;
    buf_init(&reply->head, SIZE_MAX / 2);
    buf_init(&reply->body, SIZE_MAX / 2);
    buf_init(&reply->beyond, SIZE_MAX / 2);
}

void client_reply_fini(struct client_reply *reply)
{
    buf_fini(&reply->head);
    buf_fini(&reply->body);
    buf_fini(&reply->beyond);
}

static ssize_t receive(int fd, void *at, size_t size)
{
    ssize_t got;

    do
        got = recv(fd, at, size, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

static bool read_more(int fd, struct buf *into)
{
    uint8_t *at = buf_reserve(into, 65536);
    ssize_t got = receive(fd, at, 65536);

    if (got <= 0)
        return false;
    buf_commit(into, (size_t)got);
    return true;
}

/* Moves the first `size` bytes of beyond to `to`, reading what is missing. */
static bool take(int fd, struct client_reply *reply, size_t size, struct buf *to)
{
    while (reply->beyond.size < size)
        if (!read_more(fd, &reply->beyond))
            return false;
    buf_append(to, reply->beyond.data, size);
    buf_consume(&reply->beyond, size);
    return true;
}

/* Moves everything up to and with `end`. */
static bool take_to(int fd, struct client_reply *reply, const char *end, struct buf *to)
{
    for (;;) {
        const uint8_t *at = reply->beyond.size == 0
                                ? NULL
                                : memmem(reply->beyond.data, reply->beyond.size, end, strlen(end));

        if (at != NULL)
            return take(fd, reply, (size_t)(at - reply->beyond.data) + strlen(end), to);
        if (!read_more(fd, &reply->beyond))
            return false;
    }
}

static bool take_chunks(int fd, struct client_reply *reply)
{
    bool good = false;
    struct buf line;

    buf_init(&line, SIZE_MAX / 2);
    for (;;) {
        size_t size;

        buf_reset(&line, SIZE_MAX);
        if (!take_to(fd, reply, "\r\n", &line))
            break;
        buf_append_byte(&line, 0);
        size = strtoul((const char *)line.data, NULL, 16);
        if (!take(fd, reply, size, &reply->body))
            break;
        buf_reset(&line, SIZE_MAX);
        if (!take(fd, reply, 2, &line))
            break;
        if (size == 0) {
            good = true;
            break;
        }
    }
    buf_fini(&line);
    return good;
}

unsigned client_read(int fd, struct client_reply *reply)
{
    struct bytes size;

    reply->status = 0;
    buf_reset(&reply->head, SIZE_MAX);
    buf_reset(&reply->body, SIZE_MAX);
    if (!take_to(fd, reply, "\r\n\r\n", &reply->head) || reply->head.size < 13 ||
        memcmp(reply->head.data, "HTTP/1.1 ", 9) != 0)
        return 0;
    size = client_header(reply, "Content-Length");
    if (size.size != 0 && !take(fd, reply, number_of(size), &reply->body))
        return 0;
    if (client_header(reply, "Transfer-Encoding").size != 0 && !take_chunks(fd, reply))
        return 0;
    reply->status = (unsigned)number_of(bytes_make(reply->head.data + 9, 3));
    return reply->status;
}

struct bytes client_header(const struct client_reply *reply, const char *name)
{
    const char *at = (const char *)reply->head.data, *end = at + reply->head.size;

    while (at < end) {
        const char *line_end = memmem(at, (size_t)(end - at), "\r\n", 2);
        size_t name_size = strlen(name);

        if ((size_t)(line_end - at) > name_size + 2 && strncasecmp(at, name, name_size) == 0 &&
            at[name_size] == ':')
            return bytes_make(at + name_size + 2, (size_t)(line_end - at) - name_size - 2);
        at = line_end + 2;
    }
    return bytes_make(NULL, 0);
}

bool client_sees_close(int fd)
{
    char byte;
    ssize_t got = receive(fd, &byte, 1);

    return got == 0 || (got < 0 && errno == ECONNRESET);
}

unsigned client_ask(int fd, const char *text, struct client_reply *reply)
{
    client_send_text(fd, text);
    return client_read(fd, reply);
}
