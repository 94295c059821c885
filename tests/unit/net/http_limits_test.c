/* http_limits_test.c - what the server refuses, gives up and closes, and that it says so. */
#include "base/clock.h"
#include "base/log.h"
#include "http_fixture.h"
#include "unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GET_ECHO "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"

static struct http_fixture fixture;
static struct client_reply reply;

static void start(void)
{
    http_fixture_start(&fixture);
    client_reply_init(&reply);
}

static void start_default(void)
{
    http_fixture_init(&fixture);
    start();
}

static void stop(void)
{
    http_fixture_stop(&fixture);
    client_reply_fini(&reply);
}

static int connect_here(void)
{
    buf_reset(&reply.beyond, SIZE_MAX);
    return client_connect(http_server_port(fixture.server));
}

TEST(http_too_large_a_body_is_refused_before_it_is_sent)
{
    int fd;

    start_default();
    fd = connect_here();
    CHECK_U64(client_ask(fd,
                         "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                         "Content-Length: 1048577\r\n\r\n",
                         &reply),
              413);
    CHECK_U64(reply.body.size, 0);
    CHECK_TEXT(client_header(&reply, "Transfer-Encoding"), "chunked");
    CHECK_TEXT(client_header(&reply, "Connection"), "close");
    CHECK(client_header(&reply, "x-amz-crc32").size == 0);
    CHECK(client_sees_close(fd));
    CHECK_U64(atomic_load(&fixture.handled), 0);
    close(fd);
    stop();
}

/* The client writes all of it before it looks for an answer, as the SDKs do. */
TEST(http_too_large_a_body_still_gets_its_answer_when_sent_whole)
{
    size_t size = (size_t)12 << 20;
    uint8_t *body;
    int fd;

    start_default();
    body = calloc(1, size);
    fd = connect_here();
    client_send_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 12582912\r\n\r\n");
    client_send(fd, body, size);
    CHECK_U64(client_read(fd, &reply), 413);
    CHECK(client_sees_close(fd));
    close(fd);

    fd = connect_here();
    client_send_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "c00000\r\n");
    client_send(fd, body, size);
    client_send_text(fd, "\r\n0\r\n\r\n");
    CHECK_U64(client_read(fd, &reply), 413);
    CHECK(client_sees_close(fd));
    CHECK_U64(atomic_load(&fixture.handled), 0);
    close(fd);
    free(body);
    stop();
}

TEST(http_large_heads_are_refused)
{
    struct buf head;
    int fd;

    start_default();
    buf_init(&head, SIZE_MAX / 2);
    for (unsigned size = 4096; size <= 4097; size++) { /* head_bytes_max is 4096 */
        static const char start_of_head[] = "GET /echo HTTP/1.1\r\nHost: h\r\nX: ";

        buf_reset(&head, SIZE_MAX);
        buf_append_format(&head, "%s%0*d\r\n\r\n", start_of_head,
                          (int)(size - sizeof(start_of_head) + 1 - 4), 0);
        CHECK_U64(head.size, size);
        fd = connect_here();
        client_send(fd, head.data, head.size);
        CHECK_U64(client_read(fd, &reply), size == 4096 ? 200 : 431);
        close(fd);
    }
    for (unsigned count = 20; count <= 21; count++) { /* header_count_max is 20, with Host */
        buf_reset(&head, SIZE_MAX);
        buf_append_lit(&head, "GET /echo HTTP/1.1\r\nHost: h\r\n");
        for (unsigned i = 1; i < count; i++)
            buf_append_format(&head, "X%u: y\r\n", i);
        buf_append_lit(&head, "\r\n");
        fd = connect_here();
        client_send(fd, head.data, head.size);
        CHECK_U64(client_read(fd, &reply), count == 20 ? 200 : 431);
        if (count == 21)
            CHECK(client_sees_close(fd));
        close(fd);
    }
    /* without an end */
    buf_reset(&head, SIZE_MAX);
    buf_append_format(&head, "GET /%0*d", 5000, 0);
    fd = connect_here();
    client_send(fd, head.data, head.size);
    CHECK_U64(client_read(fd, &reply), 431);
    CHECK(client_sees_close(fd));
    close(fd);
    buf_fini(&head);
    stop();
}

/* What two parsers may read differently is a way to smuggle a request past one of them. */
TEST(http_malformed_requests_are_refused_and_the_connection_closed)
{
    static const struct {
        const char *text;
        size_t size; /* 0: up to the NUL */
        unsigned status;
    } cases[] = {
        {"hello\r\n\r\n", 0, 400},
        {"\x16\x03\x01\x02\x00\x01\x00", 7, 400}, /* TLS to a clear-text port */
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 400},
        {"GET /echo\r\n\r\n", 0, 505}, /* HTTP/0.9 */
        {"GET /echo HTTP/1.2\r\nHost: h\r\n\r\n", 0, 400},
        {"GET /e\x01o HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400},
        {"GET /echo HTTP/1.1\r\n\r\n", 0, 400},                       /* no Host */
        {"GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 0, 400}, /* two */
        {"GET /echo HTTP/1.1\nHost: h\n\n", 0, 400},
        {"GET /echo HTTP/1.1\r\nHost: h\r\nX y: z\r\n\r\n", 0, 400},
        {"GET /echo HTTP/1.1\r\nHost : h\r\n\r\n", 0, 400},
        {"GET /echo HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", 0, 400},
        {"GET /echo HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 40, 400},
        {"GET /echo HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0,
         400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n",
         0, 400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
         "0\r\n\r\n",
         0, 400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 0, 501},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0,
         501},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0, 501},
        {"POST /echo HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 0,
         400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
         "fffffffffffffffff\r\n",
         0, 400},
    };

    start_default();
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = connect_here();
        unsigned status;

        client_send(fd, cases[i].text, cases[i].size != 0 ? cases[i].size : strlen(cases[i].text));
        status = client_read(fd, &reply);
        if (status != cases[i].status)
            unit_failed(__FILE__, __LINE__, "case %u is %u, expected %u", i, status,
                        cases[i].status);
        CHECK_U64(reply.body.size, 0);
        CHECK(client_sees_close(fd));
        close(fd);
    }
    CHECK_U64(atomic_load(&fixture.handled), 0);
    stop();
}

TEST(http_idle_connection_is_closed_silently)
{
    uint64_t begin_ms;
    int fd;

    http_fixture_init(&fixture);
    fixture.options.idle_timeout_ms = 150;
    start();
    begin_ms = clock_mono_ms();
    fd = connect_here();
    CHECK(client_sees_close(fd));
    CHECK(clock_mono_ms() - begin_ms >= 149);
    close(fd);
    for (unsigned i = 0; i < 100; i++) { /* a busy machine may be too late to ask */
        begin_ms = clock_mono_ms();
        fd = connect_here();
        if (client_ask(fd, GET_ECHO, &reply) == 200)
            break;
        close(fd);
    }
    CHECK_U64(reply.status, 200);
    CHECK_U64(reply.beyond.size, 0);
    CHECK(client_sees_close(fd));
    CHECK(clock_mono_ms() - begin_ms >= 149);
    close(fd);
    stop();
}

TEST(http_slow_request_is_told_408)
{
    static const char *const parts[] = {
        "GET /ec",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel",
        GET_ECHO "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    };

    http_fixture_init(&fixture);
    fixture.options.receive_timeout_ms = 40;
    start();
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        int fd = connect_here();
        unsigned status = client_ask(fd, parts[i], &reply);

        if (i == 2) {
            CHECK_U64(status, 200);
            status = client_read(fd, &reply);
        }
        CHECK_U64(status, 408);
        CHECK(client_sees_close(fd));
        close(fd);
    }
    stop();
}

/* Many bytes, each in time: the limit is for the whole request. */
TEST(http_trickling_request_is_told_408)
{
    int fd;

    http_fixture_init(&fixture);
    fixture.options.receive_timeout_ms = 60;
    start();
    fd = connect_here();
    client_send_text(fd, "GET /");
    for (;;) {
        char byte;

        http_fixture_nap();
        if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1)
            break;
        client_send_text(fd, "a");
    }
    CHECK_U64(client_read(fd, &reply), 408);
    close(fd);
    stop();
}

TEST(http_client_that_does_not_read_is_given_up)
{
    int fd;

    http_fixture_init(&fixture);
    fixture.options.send_timeout_ms = 40;
    start();
    fd = connect_here();
    client_send_text(fd, "GET /bytes?20971520 HTTP/1.1\r\nHost: h\r\n\r\n");
    AWAIT(atomic_load(&fixture.handled) == 1);
    http_server_drain(fixture.server);
    AWAIT(http_server_idle(fixture.server));
    close(fd);
    stop();
}

/* Sending more is no progress. */
TEST(http_client_that_sends_but_does_not_read_is_given_up)
{
    int fd;

    http_fixture_init(&fixture);
    fixture.options.send_timeout_ms = 60;
    start();
    fd = connect_here();
    client_send_text(fd, "GET /bytes?20971520 HTTP/1.1\r\nHost: h\r\n\r\n");
    AWAIT(atomic_load(&fixture.handled) == 1);
    http_server_drain(fixture.server);
    for (unsigned i = 0; i < 10000 && !http_server_idle(fixture.server); i++) {
        http_fixture_nap();
        (void)send(fd, "x", 1, MSG_NOSIGNAL);
    }
    CHECK(http_server_idle(fixture.server));
    close(fd);
    stop();
}

/* Replies that fit no socket buffer together, with nobody reading: requests must wait too. */
TEST(http_pipelining_without_reading_is_bounded)
{
    struct buf requests;
    unsigned handled, count = 5000;
    int fd;

    start_default();
    fd = connect_here();
    buf_init(&requests, SIZE_MAX / 2);
    for (unsigned i = 0; i < count; i++)
        buf_append_lit(&requests, "GET /bytes?10000 HTTP/1.1\r\nHost: h\r\n\r\n");
    client_send(fd, requests.data, requests.size);
    do {
        handled = atomic_load(&fixture.handled);
        for (unsigned i = 0; i < 20; i++)
            http_fixture_settle(&fixture);
    } while (handled != atomic_load(&fixture.handled));
    CHECK(handled < count);
    for (unsigned i = 0; i < count; i++) {
        if (client_read(fd, &reply) != 200 || reply.body.size != 10000) {
            CHECK_U64(reply.status, 200);
            break;
        }
    }
    CHECK_U64(atomic_load(&fixture.handled), count);
    buf_fini(&requests);
    close(fd);
    stop();
}

TEST(http_server_closes_with_connections_in_every_state)
{
    int idle, partial, pending, blocked;

    start_default();
    idle = connect_here();
    CHECK_U64(client_ask(idle, GET_ECHO, &reply), 200);
    partial = connect_here();
    client_send_text(partial, "GET /ec");
    blocked = connect_here();
    client_send_text(blocked, "GET /bytes?20971520 HTTP/1.1\r\nHost: h\r\n\r\n");
    pending = connect_here();
    client_send_text(pending, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    AWAIT(atomic_load(&fixture.handled) == 3);
    http_fixture_settle(&fixture);
    stop();
    CHECK(client_sees_close(idle));
    CHECK(client_sees_close(partial));
    CHECK(client_sees_close(pending));
    close(idle);
    close(partial);
    close(pending);
    close(blocked);
}

TEST(http_drain_finishes_what_is_under_way)
{
    int idle, partial, pending, late;

    start_default();
    idle = connect_here();
    CHECK_U64(client_ask(idle, GET_ECHO, &reply), 200);
    partial = connect_here();
    client_send_text(partial, "GET /echo HTTP/1.1\r\n");
    pending = connect_here();
    client_send_text(pending, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    AWAIT(atomic_load(&fixture.pending) != NULL);
    http_fixture_settle(&fixture);
    CHECK(!http_server_idle(fixture.server));

    http_server_drain(fixture.server);
    CHECK(client_sees_close(idle));
    late = socket(AF_INET, SOCK_STREAM, 0);
    {
        struct sockaddr_in address;
        socklen_t size = sizeof(address);

        CHECK(getpeername(partial, (struct sockaddr *)&address, &size) == 0);
        CHECK(connect(late, (struct sockaddr *)&address, size) != 0);
    }
    CHECK_U64(client_ask(partial, "Host: h\r\n\r\n", &reply), 200);
    CHECK_TEXT(client_header(&reply, "Connection"), "close");
    CHECK(client_sees_close(partial));
    CHECK(!http_server_idle(fixture.server));
    http_fixture_complete(&fixture);
    CHECK_U64(client_read(pending, &reply), 200);
    CHECK_TEXT(client_header(&reply, "Connection"), "close");
    AWAIT(http_server_idle(fixture.server));
    close(idle);
    close(partial);
    close(pending);
    close(late);
    stop();
}

TEST(http_cut_closes_everything_and_calls_no_handler_any_more)
{
    int idle, partial, pending;

    start_default();
    idle = connect_here();
    CHECK_U64(client_ask(idle, GET_ECHO, &reply), 200);
    partial = connect_here();
    client_send_text(partial, "GET /echo HTTP/1.1\r\n");
    pending = connect_here();
    client_send_text(pending, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n" GET_ECHO);
    AWAIT(atomic_load(&fixture.pending) != NULL);
    http_fixture_settle(&fixture);
    http_server_cut(fixture.server);
    CHECK(client_sees_close(idle));
    (void)send(partial, "Host: h\r\n\r\n", 11, MSG_NOSIGNAL);
    CHECK(client_sees_close(partial));
    CHECK(client_sees_close(pending));
    CHECK(!http_server_idle(fixture.server)); /* the handler has an exchange still */
    http_fixture_complete(&fixture);
    CHECK(http_server_idle(fixture.server));
    CHECK_U64(atomic_load(&fixture.handled), 2);
    close(idle);
    close(partial);
    close(pending);
    stop();
}

/* Its reply said keep-alive before there was a drain. */
TEST(http_drain_closes_a_connection_once_its_reply_has_left)
{
    int fd;

    start_default();
    fd = connect_here();
    client_send_text(fd, "GET /bytes?20971520 HTTP/1.1\r\nHost: h\r\n\r\n");
    AWAIT(atomic_load(&fixture.handled) == 1);
    http_fixture_settle(&fixture);
    http_server_drain(fixture.server);
    http_fixture_settle(&fixture);
    CHECK(!http_server_idle(fixture.server));
    CHECK_U64(client_read(fd, &reply), 200);
    CHECK_U64(reply.body.size, 20971520);
    CHECK_TEXT(client_header(&reply, "Connection"), "keep-alive");
    CHECK(client_sees_close(fd));
    AWAIT(http_server_idle(fixture.server));
    close(fd);
    stop();
}

TEST(http_connections_past_the_limit_are_closed)
{
    int fds[3];

    http_fixture_init(&fixture);
    fixture.options.connection_count_max = 2;
    start();
    for (unsigned i = 0; i < 2; i++) {
        fds[i] = connect_here();
        CHECK_U64(client_ask(fds[i], GET_ECHO, &reply), 200);
    }
    fds[2] = connect_here();
    CHECK(client_sees_close(fds[2]));
    close(fds[2]);
    CHECK_U64(client_ask(fds[0], GET_ECHO, &reply), 200);
    close(fds[0]);
    http_fixture_settle(&fixture);
    fds[0] = connect_here();
    CHECK_U64(client_ask(fds[0], GET_ECHO, &reply), 200);
    close(fds[0]);
    close(fds[1]);
    stop();
}

static uint64_t cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

TEST(http_running_out_of_descriptors_is_waited_out)
{
    struct rlimit before, low;
    int fds[2], next_fd, fd;
    uint64_t begin_ns, begin_ms;

    start_default();
    log_set_level(LOG_ERROR);
    for (unsigned i = 0; i < 2; i++)
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
    next_fd = dup(fds[0]);
    close(next_fd);
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    low = before;
    low.rlim_cur = (rlim_t)next_fd;
    CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
    for (unsigned i = 0; i < 2; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons(http_server_port(fixture.server)),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        CHECK(connect(fds[i], (struct sockaddr *)&address, sizeof(address)) == 0);
        client_send_text(fds[i], GET_ECHO);
    }
    begin_ns = cpu_ns();
    begin_ms = clock_mono_ms();
    while (clock_mono_ms() - begin_ms < 20)
        http_fixture_nap();
    CHECK(cpu_ns() - begin_ns < 10000000); /* the loop does not spin on what it cannot accept */
    CHECK_U64(atomic_load(&fixture.handled), 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    for (unsigned i = 0; i < 2; i++) {
        buf_reset(&reply.beyond, SIZE_MAX);
        CHECK_U64(client_read(fds[i], &reply), 200);
        close(fds[i]);
    }
    fd = connect_here();
    CHECK_U64(client_ask(fd, GET_ECHO, &reply), 200);
    close(fd);
    log_set_level(LOG_INFO);
    stop();
}

TEST(http_address_in_use_is_an_error)
{
    struct http_server *second = NULL;
    struct http_server_options options;
    struct fault fault;

    start_default();
    options = fixture.options;
    options.port = http_server_port(fixture.server);
    fault_init(&fault, &fixture.arena);
    CHECK_ERR(http_server_open(&options, &fault, &second), ERR_IO);
    CHECK(fault.message.size != 0);
    options.address = "localhost";
    CHECK_ERR(http_server_open(&options, &fault, &second), ERR_CONFIG);
    CHECK(second == NULL);
    stop();
}

static unsigned count_answered(const int *fds, unsigned count)
{
    unsigned answered = 0;
    char byte;

    for (unsigned i = 0; i < count; i++)
        answered += recv(fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    return answered;
}

/* Beginnings of requests, which take a receive buffer each. */
TEST(http_beginnings_of_requests_count_as_held)
{
    unsigned count = 16;
    int fds[16];

    http_fixture_init(&fixture);
    fixture.options.held_bytes_max = 300000;
    start();
    log_set_level(LOG_ERROR);
    for (unsigned i = 0; i < count; i++) {
        fds[i] = connect_here();
        client_send_text(fds[i], "POST /echo HTTP/1.1\r\nHost");
    }
    AWAIT(count_answered(fds, count) >= 1); /* refused */
    CHECK(http_server_held(fixture.server) > 100000);
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
    AWAIT(http_server_held(fixture.server) == 0);
    fds[0] = connect_here();
    client_send_text(fds[0], "POST /echo HTTP/1.1\r\nHost");
    AWAIT(http_server_held(fixture.server) != 0);
    client_send_text(fds[0], ": h\r\nContent-Length: 5\r\n\r\nhello");
    CHECK_U64(client_read(fds[0], &reply), 200);
    CHECK_U64(http_server_held(fixture.server), 0);
    close(fds[0]);
    log_set_level(LOG_INFO);
    stop();
}

/* Many bodies at once, each allowed: together they may not fill the memory. */
TEST(http_held_memory_is_bounded_over_all_connections)
{
    static const char head[] = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";
    unsigned refused = 0, count = 8;
    uint8_t *body = calloc(1, 1000000);
    int fds[8];

    http_fixture_init(&fixture);
    fixture.options.held_bytes_max = 3000000;
    start();
    log_set_level(LOG_ERROR);
    for (unsigned i = 0; i < count; i++) {
        fds[i] = connect_here();
        client_send(fds[i], head, sizeof(head) - 1);
        client_send(fds[i], body, 900000);
    }
    /* At this size each holds a mebibyte: two fit. */
    AWAIT(count_answered(fds, count) == count - 2);
    for (unsigned i = 0; i < count; i++) {
        client_send(fds[i], body, 100000);
        buf_reset(&reply.beyond, SIZE_MAX);
        if (client_read(fds[i], &reply) == 503)
            refused++;
        else
            CHECK_U64(reply.status, 200);
        close(fds[i]);
    }
    CHECK_U64(refused, count - 2);
    http_fixture_settle(&fixture);
    fds[0] = connect_here(); /* what is over is given back */
    client_send(fds[0], head, sizeof(head) - 1);
    client_send(fds[0], body, 1000000);
    CHECK_U64(client_read(fds[0], &reply), 200);
    CHECK_U64(reply.body.size, 1000000);
    close(fds[0]);
    free(body);
    log_set_level(LOG_INFO);
    stop();
}

TEST(http_held_memory_counts_replies_that_are_not_read)
{
    unsigned closed = 0, count = 4;
    int fds[4];

    http_fixture_init(&fixture);
    fixture.options.held_bytes_max = 70000000; /* two of them */
    start();
    log_set_level(LOG_ERROR);
    for (unsigned i = 0; i < count; i++) {
        fds[i] = connect_here();
        client_send_text(fds[i], "GET /bytes?30000000 HTTP/1.1\r\nHost: h\r\n\r\n");
        AWAIT(atomic_load(&fixture.handled) == i + 1);
        http_fixture_settle(&fixture);
    }
    for (unsigned i = 0; i < count; i++) {
        buf_reset(&reply.beyond, SIZE_MAX);
        closed += client_read(fds[i], &reply) != 200;
        close(fds[i]);
    }
    CHECK_U64(closed, 2);
    log_set_level(LOG_INFO);
    stop();
}

/* What a handler makes of a body may be many times as large, and waits for a disk with it. */
TEST(http_held_memory_counts_what_handlers_hold)
{
    static const char hold[] = "GET /hold?2000000 HTTP/1.1\r\nHost: h\r\n\r\n";
    int fd, other;

    http_fixture_init(&fixture);
    fixture.options.held_bytes_max = 3000000;
    start();
    fd = connect_here();
    client_send_text(fd, "GET /later?2000000 HTTP/1.1\r\nHost: h\r\n\r\n");
    AWAIT(atomic_load(&fixture.pending) != NULL);
    other = connect_here();
    CHECK_U64(client_ask(other, hold, &reply), 503);
    http_fixture_complete(&fixture);
    CHECK_U64(client_read(fd, &reply), 200);
    CHECK_U64(client_ask(other, hold, &reply), 200);
    CHECK_U64(client_ask(other, hold, &reply), 200); /* the one before is over */
    close(other);
    close(fd);
    stop();
}
