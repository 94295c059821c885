/* bench_drive_test.c - the load loop against a server of a few lines. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "bench/bench_drive.h"
#include "bench/bench_target.h"
#include "bench/bench_work.h"
#include "unit.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

/* Answers one connection after the other with the same bytes, and may stall once. */
struct server {
    int fd;
    pthread_t thread;
    const char *reply;
    size_t reply_bytes_once; /* sent in pieces of this size */
    unsigned close_after;    /* replies, 0: never */
    uint64_t stall_at_ns;    /* the first request after it ... */
    uint64_t stall_ns;       /* ... waits that long */
};

struct bench {
    struct arena arena;
    struct fault fault;
    struct bench_target target;
    struct bench_pool pool;
    struct bench_drive_options options;
    struct bench_drive_result *result;
};

static bool read_request(int fd)
{
    char data[4096];
    size_t size = 0;

    do {
        ssize_t got = recv(fd, data + size, sizeof(data) - 1 - size, 0);

        if (got <= 0)
            return false;
        size += (size_t)got;
        data[size] = 0;
    } while (strstr(data, "\r\n\r\n") == NULL || data[size - 1] != '}');
    return true;
}

static void serve_connection(struct server *server, int fd)
{
    for (unsigned replies = 0; server->close_after == 0 || replies < server->close_after;
         replies++) {
        size_t size = strlen(server->reply);

        if (!read_request(fd))
            return;
        if (server->stall_ns != 0 && clock_mono_ns() >= server->stall_at_ns) {
            const struct timespec pause = {.tv_nsec = (long)server->stall_ns};

            server->stall_ns = 0;
            nanosleep(&pause, NULL); /* sleep: the stall under test */
        }
        for (size_t at = 0; at < size; at += server->reply_bytes_once) {
            size_t piece = size - at;

            if (piece > server->reply_bytes_once)
                piece = server->reply_bytes_once;
            send(fd, server->reply + at, piece, MSG_NOSIGNAL);
        }
    }
}

static void *serve(void *arg)
{
    struct server *server = arg;
    int fd;

    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        serve_connection(server, fd);
        close(fd);
    }
    return NULL;
}

static void set_up(struct bench *bench, struct server *server)
{
    const struct bench_table table = {.name = "bench", .item_count = 1000, .item_bytes = 300};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_bytes = sizeof(address);
    char url[64];

    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(server->fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(server->fd, 16) == 0);
    CHECK(getsockname(server->fd, (struct sockaddr *)&address, &address_bytes) == 0);
    pthread_create(&server->thread, NULL, serve, server);

    arena_init(&bench->arena);
    fault_init(&bench->fault, &bench->arena);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", ntohs(address.sin_port));
    CHECK_OK(bench_target_init(&bench->target, url, &bench->fault));
    bench_pool_init(&bench->pool, &bench->target, bench_op_find("post"), &table, 16, 1);
    bench->result = mem_alloc(sizeof(*bench->result));
    bench->options = (struct bench_drive_options){
        .target = &bench->target,
        .pool = &bench->pool,
        .connection_count = 1,
        .duration_ms = 50,
    };
}

static void stop(struct server *server)
{
    if (server->fd < 0)
        return;
    shutdown(server->fd, SHUT_RDWR); /* ends accept */
    pthread_join(server->thread, NULL);
    close(server->fd);
    server->fd = -1;
}

static void tear_down(struct bench *bench, struct server *server)
{
    stop(server);
    free(bench->result);
    bench_pool_fini(&bench->pool);
    arena_fini(&bench->arena);
}

TEST(bench_drive_counts_what_was_answered)
{
    struct server server = {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                            .reply_bytes_once = 1000};
    struct bench bench;

    set_up(&bench, &server);
    bench.options.server_pid = getpid();
    CHECK_OK(bench_drive(&bench.options, &bench.fault, bench.result));
    CHECK(bench.result->replies > 0);
    CHECK_U64(bench.result->errors, 0);
    CHECK_U64(bench.result->latency_ns.count, bench.result->replies);
    CHECK_U64(bench.result->received_bytes, bench.result->replies * strlen(server.reply));
    CHECK(bench.result->sent_bytes >= bench.result->replies * 300);
    CHECK(bench.result->elapsed_ns >= 50 * MS);
    CHECK(bench.result->server.rss_bytes > 0);
    tear_down(&bench, &server);
}

TEST(bench_drive_puts_replies_in_pieces_together)
{
    struct server server = {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                            .reply_bytes_once = 7};
    struct bench bench;

    set_up(&bench, &server);
    CHECK_OK(bench_drive(&bench.options, &bench.fault, bench.result));
    CHECK(bench.result->replies > 0);
    CHECK_U64(bench.result->errors, 0);
    tear_down(&bench, &server);
}

TEST(bench_drive_keeps_the_first_error)
{
    struct server server = {.reply = "HTTP/1.1 400 Bad\r\nContent-Length: 10\r\n\r\n{\"no\":\"no\"",
                            .reply_bytes_once = 1000};
    struct bench bench;

    set_up(&bench, &server);
    CHECK_OK(bench_drive(&bench.options, &bench.fault, bench.result));
    CHECK_U64(bench.result->replies, 0);
    CHECK(bench.result->errors > 0);
    CHECK_TEXT(bytes_of_string(bench.result->first_error), "400 {\"no\":\"no\"");
    tear_down(&bench, &server);
}

/* A 200 without the item that was asked for is no success. */
TEST(bench_drive_wants_whole_items)
{
    struct server server = {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                            .reply_bytes_once = 1000};
    struct bench bench;

    set_up(&bench, &server);
    bench.options.reply_body_bytes_min = 300;
    CHECK_OK(bench_drive(&bench.options, &bench.fault, bench.result));
    CHECK_U64(bench.result->replies, 0);
    CHECK_TEXT(bytes_of_string(bench.result->first_error), "200 {}");
    tear_down(&bench, &server);
}

TEST(bench_drive_reconnects)
{
    struct server server = {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                            .reply_bytes_once = 1000,
                            .close_after = 10};
    struct bench bench;

    set_up(&bench, &server);
    CHECK_OK(bench_drive(&bench.options, &bench.fault, bench.result));
    CHECK(bench.result->replies > 10);
    CHECK(bench.result->errors > 0);
    tear_down(&bench, &server);
}

/* 1,000 requests a second for 200 ms and a server that stalls for half of the time: half of them
 * would have waited, 50 ms on average. Measured from their sends, one request would have. */
TEST(bench_drive_charges_a_stall_to_all_who_were_due)
{
    struct server server = {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                            .reply_bytes_once = 1000,
                            .stall_at_ns = clock_mono_ns() + 50 * MS,
                            .stall_ns = 100 * MS};
    struct bench bench;

    set_up(&bench, &server);
    bench.options.rate = 1000;
    bench.options.duration_ms = 200;
    CHECK_OK(bench_drive(&bench.options, &bench.fault, bench.result));
    CHECK(bench.result->latency_ns.count >= 199);
    CHECK(bench.result->latency_ns.count <= 201);
    CHECK(hist_quantile(&bench.result->latency_ns, 0.7) >= 10 * MS);
    CHECK(hist_quantile(&bench.result->latency_ns, 0.95) >= 50 * MS);
    tear_down(&bench, &server);
}

TEST(bench_drive_says_who_cannot_be_reached)
{
    struct server server = {.reply = "", .reply_bytes_once = 1000};
    struct bench bench;

    set_up(&bench, &server);
    stop(&server);
    CHECK_ERR(bench_drive(&bench.options, &bench.fault, bench.result), ERR_IO);
    CHECK(memmem(bench.fault.message.data, bench.fault.message.size, bench.target.host,
                 strlen(bench.target.host)) != NULL);
    tear_down(&bench, &server);
}
