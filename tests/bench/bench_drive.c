/* bench_drive.c - an epoll loop that does as little as it can between two requests.
 * A request is one send, its reply one recv (more for replies larger than the buffer). Sockets are
 * watched edge-triggered and registered once; as a connection has one request under way, nothing
 * can arrive unnoticed between a reply and the next request.
 */
#include "bench/bench_drive.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "bench/bench_target.h"
#include "bench/bench_work.h"
#include "bench/reply_head.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define RECEIVE_BYTES   (64u << 10)
#define EVENT_COUNT_MAX 64
#define SILENCE_NS_MAX  UINT64_C(10000000000)
#define NS_PER_MS       UINT64_C(1000000)
#define NS_PER_S        UINT64_C(1000000000)

struct connection {
    int fd;
    bool busy;               /* a request is under way */
    uint64_t start_ns;       /* when it was sent, or due */
    struct bytes unsent;     /* of the request */
    struct reply_head reply; /* once head_bytes is not 0 */
    uint64_t received;       /* bytes of the reply */
    uint8_t data[RECEIVE_BYTES];
};

struct drive {
    const struct bench_drive_options *options;
    struct bench_drive_result *result;
    struct fault *fault;
    int epoll_fd;
    struct connection *connections;
    struct connection **idle; /* ring of those without a request; open loop */
    unsigned idle_first, idle_count;
    uint32_t pool_next;
    uint64_t due_count; /* open loop: requests sent so far; the next is due at due_ns(due_count) */
    uint64_t start_ns, count_ns, end_ns; /* run from start, count from count to end */
    uint64_t last_reply_ns;
    bool counting;
    uint64_t own_cpu_us, server_cpu_us; /* when the counting began */
};

static enum err start(struct drive *drive);
static enum err run(struct drive *drive);
static enum err look_up(struct drive *drive, uint64_t now_ns);
static uint64_t wake_ns(const struct drive *drive);
static enum err count_begin(struct drive *drive, uint64_t now_ns);
static enum err count_end(struct drive *drive, uint64_t now_ns);
static enum err connection_open(struct drive *drive, struct connection *connection);
static enum err connection_lost(struct drive *drive, struct connection *connection,
                                const char *why);
static enum err connection_ready(struct drive *drive, struct connection *connection);
static enum err receive(struct drive *drive, struct connection *connection);
static enum err reply_complete(struct drive *drive, struct connection *connection);
static void count_reply(struct drive *drive, const struct connection *connection, uint64_t now_ns);
static bool was_due_in_time(const struct drive *drive, const struct connection *connection);
static void count_error(struct drive *drive, const char *format, ...) PRINTF_LIKE(2, 3);
static void request_follows(struct drive *drive, struct connection *connection, uint64_t now_ns);
static void request_due(struct drive *drive, uint64_t now_ns);
static void request_send(struct drive *drive, struct connection *connection, uint64_t start_ns);
static void send_unsent(struct connection *connection);
static uint64_t due_ns(const struct drive *drive, uint64_t index);
static uint64_t own_cpu_us(void);
static void finish(struct drive *drive);

enum err bench_drive(const struct bench_drive_options *options, struct fault *fault,
                     struct bench_drive_result *result)
{
    struct drive drive = {.options = options, .result = result, .fault = fault, .epoll_fd = -1};
    enum err err;

    ASSERT(options->connection_count >= 1);
    ASSERT(options->connection_count <= BENCH_CONNECTIONS_MAX);
    memset(result, 0, sizeof(*result));
    err = start(&drive);
    if (err == OK)
        err = run(&drive);
    finish(&drive);
    return err;
}

static enum err start(struct drive *drive)
{
    const struct bench_drive_options *options = drive->options;

    drive->connections = mem_alloc(sizeof(*drive->connections) * options->connection_count);
    drive->idle = mem_alloc(sizeof(struct connection *) * options->connection_count);
    for (unsigned i = 0; i < options->connection_count; i++)
        drive->connections[i].fd = -1;

    prctl(PR_SET_TIMERSLACK, 1); /* or a request that is due leaves 50 us late */
    drive->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (drive->epoll_fd < 0)
        return fault_set(drive->fault, ERR_IO, "epoll_create1: %s", strerror(errno));
    for (unsigned i = 0; i < options->connection_count; i++) {
        enum err err = connection_open(drive, &drive->connections[i]);

        if (err != OK)
            return err;
    }
    return OK;
}

static enum err run(struct drive *drive)
{
    struct epoll_event events[EVENT_COUNT_MAX];
    uint64_t now_ns = clock_mono_ns();
    enum err err = OK;

    drive->start_ns = drive->last_reply_ns = now_ns;
    drive->count_ns = now_ns + drive->options->warmup_ms * NS_PER_MS;
    drive->end_ns = UINT64_MAX; /* until the counting begins */
    for (unsigned i = 0; i < drive->options->connection_count; i++)
        request_follows(drive, &drive->connections[i], now_ns);

    while (err == OK && now_ns < drive->end_ns) {
        uint64_t wake = wake_ns(drive), wait = wake > now_ns ? wake - now_ns : 0;
        struct timespec timeout = {(time_t)(wait / NS_PER_S), (long)(wait % NS_PER_S)};
        int count = epoll_pwait2(drive->epoll_fd, events, EVENT_COUNT_MAX, &timeout, NULL);

        if (count < 0 && errno != EINTR)
            return fault_set(drive->fault, ERR_IO, "epoll_pwait2: %s", strerror(errno));
        for (int i = 0; i < count && err == OK; i++)
            err = connection_ready(drive, events[i].data.ptr);
        now_ns = clock_mono_ns();
        if (err == OK)
            err = look_up(drive, now_ns);
    }
    return err != OK ? err : count_end(drive, now_ns);
}

/* What has to be done because of the time alone. */
static enum err look_up(struct drive *drive, uint64_t now_ns)
{
    if (now_ns >= drive->last_reply_ns + SILENCE_NS_MAX)
        return fault_set(drive->fault, ERR_TIMEOUT, "%s answered nothing for 10 s",
                         drive->options->target->host);
    if (drive->options->rate > 0)
        request_due(drive, now_ns);
    if (!drive->counting && now_ns >= drive->count_ns)
        return count_begin(drive, now_ns);
    return OK;
}

/* When that is. */
static uint64_t wake_ns(const struct drive *drive)
{
    uint64_t wake = drive->counting ? drive->end_ns : drive->count_ns;

    if (wake > drive->last_reply_ns + SILENCE_NS_MAX)
        wake = drive->last_reply_ns + SILENCE_NS_MAX;
    if (drive->options->rate > 0 && drive->idle_count > 0 && wake > due_ns(drive, drive->due_count))
        wake = due_ns(drive, drive->due_count);
    return wake;
}

static enum err count_begin(struct drive *drive, uint64_t now_ns)
{
    struct bench_proc_usage server = {0};

    if (drive->options->server_pid != 0) {
        enum err err = bench_proc_usage(drive->options->server_pid, drive->fault, &server);

        if (err != OK)
            return err;
    }
    drive->server_cpu_us = server.cpu_us;
    drive->own_cpu_us = own_cpu_us();
    drive->counting = true;
    drive->count_ns = now_ns;
    drive->end_ns = now_ns + drive->options->duration_ms * NS_PER_MS;
    return OK;
}

static enum err count_end(struct drive *drive, uint64_t now_ns)
{
    struct bench_drive_result *result = drive->result;

    result->elapsed_ns = now_ns - drive->count_ns;
    result->generator_cpu_us = own_cpu_us() - drive->own_cpu_us;
    if (drive->options->server_pid != 0) {
        enum err err = bench_proc_usage(drive->options->server_pid, drive->fault, &result->server);

        if (err != OK)
            return err;
        result->server.cpu_us -= drive->server_cpu_us;
    }
    if (drive->options->rate == 0)
        return OK;

    for (unsigned i = 0; i < drive->options->connection_count; i++) {
        const struct connection *connection = &drive->connections[i];

        if (connection->busy && was_due_in_time(drive, connection)) {
            hist_record(&result->latency_ns, now_ns - connection->start_ns);
            result->unanswered++;
        }
    }
    for (; due_ns(drive, drive->due_count) < drive->end_ns; drive->due_count++) {
        if (due_ns(drive, drive->due_count) >= drive->count_ns) {
            hist_record(&result->latency_ns, now_ns - due_ns(drive, drive->due_count));
            result->unanswered++;
        }
    }
    return OK;
}

static enum err connection_open(struct drive *drive, struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
    enum err err = bench_target_connect(drive->options->target, drive->fault, &connection->fd);

    if (err != OK)
        return err;
    connection->busy = false;
    connection->unsent = (struct bytes){0};
    connection->reply.head_bytes = 0;
    connection->received = 0;
    if (fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0 ||
        epoll_ctl(drive->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) != 0)
        return fault_set(drive->fault, ERR_IO, "cannot watch a socket: %s", strerror(errno));
    return OK;
}

/* The server has closed it, or does not speak HTTP: an error if a request was under way. */
static enum err connection_lost(struct drive *drive, struct connection *connection, const char *why)
{
    bool was_busy = connection->busy;
    enum err err;

    if (was_busy)
        count_error(drive, "%s", why);
    close(connection->fd);
    connection->fd = -1;
    err = connection_open(drive, connection);
    if (err == OK && was_busy)
        request_follows(drive, connection, clock_mono_ns());
    return err;
}

static enum err connection_ready(struct drive *drive, struct connection *connection)
{
    if (connection->unsent.size > 0)
        send_unsent(connection);
    return receive(drive, connection);
}

static enum err receive(struct drive *drive, struct connection *connection)
{
    struct reply_head *reply = &connection->reply;

    for (;;) {
        /* Of a reply larger than the buffer the first half stays, the rest is read over itself. */
        size_t at = connection->received < RECEIVE_BYTES ? connection->received : RECEIVE_BYTES / 2;
        ssize_t size = recv(connection->fd, connection->data + at, RECEIVE_BYTES - at, 0);

        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return OK;
        if (size < 0)
            return connection_lost(drive, connection, strerror(errno));
        if (size == 0)
            return connection_lost(drive, connection, "connection closed by the server");

        connection->received += (uint64_t)size;
        if (drive->counting)
            drive->result->received_bytes += (uint64_t)size;
        if (reply->head_bytes == 0) {
            enum err err =
                reply_head_parse(bytes_make(connection->data, connection->received), reply);

            if (err == ERR_CORRUPT || (err != OK && connection->received == RECEIVE_BYTES))
                return connection_lost(drive, connection, "not an HTTP/1.1 reply with a length");
        }
        if (reply->head_bytes != 0 && connection->received >= reply->head_bytes + reply->body_bytes)
            return reply_complete(drive, connection);
        if ((size_t)size < RECEIVE_BYTES - at)
            return OK; /* the socket is empty; the next bytes are a new event */
    }
}

static enum err reply_complete(struct drive *drive, struct connection *connection)
{
    const struct reply_head *reply = &connection->reply;
    uint64_t now_ns = clock_mono_ns();

    if (!connection->busy || connection->received > reply->head_bytes + reply->body_bytes)
        return connection_lost(drive, connection, "a reply that was not asked for");
    drive->last_reply_ns = now_ns;
    count_reply(drive, connection, now_ns);
    request_follows(drive, connection, now_ns);
    return OK;
}

static void count_reply(struct drive *drive, const struct connection *connection, uint64_t now_ns)
{
    const struct reply_head *reply = &connection->reply;
    uint64_t shown;

    if (!drive->counting || (drive->options->rate > 0 && !was_due_in_time(drive, connection)))
        return;
    hist_record(&drive->result->latency_ns, now_ns - connection->start_ns);
    if (reply->status == 200 && reply->body_bytes >= drive->options->reply_body_bytes_min) {
        drive->result->replies++;
        return;
    }
    shown = RECEIVE_BYTES - reply->head_bytes;
    if (shown > reply->body_bytes)
        shown = reply->body_bytes;
    count_error(drive, "%u %.*s", reply->status, (int)shown,
                (const char *)connection->data + reply->head_bytes);
}

static bool was_due_in_time(const struct drive *drive, const struct connection *connection)
{
    return connection->start_ns >= drive->count_ns && connection->start_ns < drive->end_ns;
}

static void count_error(struct drive *drive, const char *format, ...)
{
    struct bench_drive_result *result = drive->result;
    va_list args;

    if (!drive->counting || result->errors++ > 0)
        return;
    va_start(args, format);
    vsnprintf(result->first_error, sizeof(result->first_error), format, args);
    va_end(args);
}

/* The connection is free: now for the next request, or when one is due. */
static void request_follows(struct drive *drive, struct connection *connection, uint64_t now_ns)
{
    const struct bench_drive_options *options = drive->options;

    connection->busy = false;
    if (options->rate == 0) {
        request_send(drive, connection, now_ns);
        return;
    }
    drive->idle[(drive->idle_first + drive->idle_count++) % options->connection_count] = connection;
    request_due(drive, now_ns);
}

static void request_due(struct drive *drive, uint64_t now_ns)
{
    while (drive->idle_count > 0 && due_ns(drive, drive->due_count) <= now_ns) {
        struct connection *connection = drive->idle[drive->idle_first];

        drive->idle_first = (drive->idle_first + 1) % drive->options->connection_count;
        drive->idle_count--;
        request_send(drive, connection, due_ns(drive, drive->due_count++));
    }
}

static void request_send(struct drive *drive, struct connection *connection, uint64_t start_ns)
{
    connection->busy = true;
    connection->start_ns = start_ns;
    connection->reply.head_bytes = 0;
    connection->received = 0;
    connection->unsent = bench_pool_at(drive->options->pool, drive->pool_next);
    drive->pool_next = (drive->pool_next + 1) % drive->options->pool->count;
    if (drive->counting)
        drive->result->sent_bytes += connection->unsent.size;
    send_unsent(connection);
}

/* A failure is not looked at: it is an event of the socket, and receive will meet it. */
static void send_unsent(struct connection *connection)
{
    ssize_t size =
        send(connection->fd, connection->unsent.data, connection->unsent.size, MSG_NOSIGNAL);

    if (size > 0)
        connection->unsent = bytes_skip(connection->unsent, (size_t)size);
}

static uint64_t due_ns(const struct drive *drive, uint64_t index)
{
    return drive->start_ns + (uint64_t)((double)index * (double)NS_PER_S / drive->options->rate);
}

static uint64_t own_cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void finish(struct drive *drive)
{
    for (unsigned i = 0; i < drive->options->connection_count; i++)
        if (drive->connections[i].fd >= 0)
            close(drive->connections[i].fd);
    if (drive->epoll_fd >= 0)
        close(drive->epoll_fd);
    free(drive->connections);
    free(drive->idle);
}
