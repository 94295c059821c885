/* http_server_test.c - the server over real sockets: what clients may rely on. */
#include "base/crc32.h"
#include "http_fixture.h"
#include "net/http_coding.h"
#include "unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

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

TEST(http_requests_follow_each_other_on_a_connection)
{
    int fd;

    start_default();
    fd = connect_here();
    for (unsigned i = 0; i < 3; i++) {
        CHECK_U64(client_ask(fd,
                             "POST /echo?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
                             &reply),
                  200);
        CHECK_TEXT(buf_bytes(&reply.body), "hello");
        CHECK_TEXT(client_header(&reply, "Connection"), "keep-alive");
        CHECK_TEXT(client_header(&reply, "Content-Length"), "5");
        CHECK_TEXT(client_header(&reply, "Server"), "Server");
        CHECK_TEXT(client_header(&reply, "x-amz-crc32"), "907060870"); /* of "hello" */
        CHECK_TEXT(client_header(&reply, "x-peer"), "127.0.0.1");
    }
    close(fd);
    stop();
}

TEST(http_replies_carry_the_date)
{
    static const char form[] = "Aaa, 00 Aaa 0000 00:00:00 GMT";
    struct bytes date;
    struct tm utc = {0};
    time_t now = time(NULL), said;
    int fd;

    start_default();
    fd = connect_here();
    CHECK_U64(client_ask(fd, GET_ECHO, &reply), 200);
    date = client_header(&reply, "Date");
    CHECK_U64(date.size, sizeof(form) - 1);
    CHECK(strptime((const char *)date.data, "%a, %d %b %Y %H:%M:%S GMT", &utc) != NULL);
    said = timegm(&utc);
    CHECK(said >= now - 1 && said <= now + 10);
    close(fd);
    stop();
}

TEST(http_handler_sees_the_request)
{
    int fd;

    start_default();
    fd = connect_here();
    CHECK_U64(client_ask(fd,
                         "POST /describe?a=b?c HTTP/1.1\r\nhost: h\r\nX-Empty:\r\nX-Padded: \t v w "
                         "\t\r\nContent-Length: 3\r\nX-Last: z\r\n\r\nabc",
                         &reply),
              200);
    CHECK_TEXT(buf_bytes(&reply.body),
               "POST /describe?a=b?c headers=5 sent=3 body=3 undecodable=0\n"
               "host: h\nX-Empty: \nX-Padded: v w\nContent-Length: 3\nX-Last: z\n");
    CHECK_U64(client_ask(fd, "GET http://h:80/describe?q HTTP/1.1\r\nHost: h\r\n\r\n", &reply),
              200);
    CHECK_TEXT(buf_bytes(&reply.body),
               "GET /describe?q headers=1 sent=0 body=0 undecodable=0\nHost: h\n");
    CHECK_U64(client_ask(fd, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", &reply), 404);
    close(fd);
    stop();
}

TEST(http_head_reply_has_the_length_but_no_body)
{
    int fd;

    start_default();
    fd = connect_here();
    client_send_text(fd, "HEAD /bytes?100 HTTP/1.1\r\nHost: h\r\n\r\n"
                         "GET /status?404 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    for (;;) {
        ssize_t got = recv(fd, buf_reserve(&reply.beyond, 4096), 4096, 0);

        if (got <= 0)
            break;
        buf_commit(&reply.beyond, (size_t)got);
    }
    buf_append_byte(&reply.beyond, 0);
    CHECK(strstr((char *)reply.beyond.data, "Content-Length: 100\r\n") != NULL);
    CHECK(strstr((char *)reply.beyond.data, "\r\n\r\nHTTP/1.1 404 Not Found\r\n") != NULL);
    close(fd);
    stop();
}

TEST(http_pipelined_requests_are_answered_in_order)
{
    struct buf requests;
    char expected[64];
    int fd;

    start_default();
    fd = connect_here();
    buf_init(&requests, SIZE_MAX / 2);
    for (unsigned i = 0; i < 100; i++)
        buf_append_format(
            &requests,
            "POST /echo HTTP/1.1\r\nHost: h\r\nX-Pad: %0*d\r\nContent-Length: 10\r\n\r\n"
            "request%03u",
            (int)(i * 7), 0, i);
    client_send(fd, requests.data, requests.size);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_U64(client_read(fd, &reply), 200);
        snprintf(expected, sizeof(expected), "request%03u", i);
        CHECK_TEXT(buf_bytes(&reply.body), expected);
    }
    buf_fini(&requests);
    close(fd);
    stop();
}

TEST(http_pipelined_requests_wait_for_a_pending_reply)
{
    int fd;

    start_default();
    fd = connect_here();
    client_send_text(fd, GET_ECHO "GET /later HTTP/1.1\r\nHost: h\r\n\r\n" GET_ECHO);
    CHECK_U64(client_read(fd, &reply), 200); /* not held back by the second */
    AWAIT(atomic_load(&fixture.pending) != NULL);
    http_fixture_settle(&fixture);
    CHECK_U64(atomic_load(&fixture.handled), 2);
    http_fixture_complete(&fixture);
    CHECK_U64(client_read(fd, &reply), 200);
    CHECK_TEXT(buf_bytes(&reply.body), "late");
    CHECK_U64(client_read(fd, &reply), 200);
    CHECK_TEXT(buf_bytes(&reply.body), "");
    close(fd);
    stop();
}

TEST(http_request_may_come_byte_by_byte)
{
    static const char request[] =
        "\r\nPOST /describe?q HTTP/1.1\r\nHost: h\r\nX-A:\r\nX-B:  b c \r\n"
        "Content-Length: 4\r\n\r\nbody";
    int fd;

    start_default();
    fd = connect_here();
    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        client_send(fd, request + i, 1);
        http_fixture_settle(&fixture);
    }
    CHECK_U64(client_read(fd, &reply), 200);
    CHECK_TEXT(buf_bytes(&reply.body), "POST /describe?q headers=4 sent=4 body=4 undecodable=0\n"
                                       "Host: h\nX-A: \nX-B: b c\nContent-Length: 4\n");
    close(fd);
    stop();
}

TEST(http_bodies_of_all_sizes_come_through)
{
    static const size_t sizes[] = {0, 1, 15000, 16383, 16384, 20480, 65536, 1000000, 1 << 20};
    struct buf request;
    int fd;

    start_default();
    fd = connect_here();
    buf_init(&request, SIZE_MAX / 2);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        buf_reset(&request, SIZE_MAX);
        buf_append_format(&request, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
                          sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++)
            buf_append_byte(&request, (uint8_t)(at * 31 >> 3));
        client_send(fd, request.data, request.size);
        CHECK_U64(client_read(fd, &reply), 200);
        CHECK(bytes_equal(buf_bytes(&reply.body),
                          bytes_skip(buf_bytes(&request), request.size - sizes[i])));
    }
    buf_fini(&request);
    close(fd);
    stop();
}

TEST(http_chunked_body_is_put_together)
{
    int fd;

    start_default();
    fd = connect_here();
    client_send_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "5\r\nhello\r\n");
    http_fixture_settle(&fixture);
    CHECK_U64(client_ask(fd, "6;ext=\"v\"\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n" GET_ECHO, &reply),
              200);
    CHECK_TEXT(buf_bytes(&reply.body), "hello world");
    CHECK_U64(client_read(fd, &reply), 200); /* the request behind it */
    CHECK_TEXT(buf_bytes(&reply.body), "");
    close(fd);
    stop();
}

TEST(http_continue_is_sent_when_asked_for)
{
    int fd;

    start_default();
    fd = connect_here();
    CHECK_U64(client_ask(fd,
                         "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                         "Content-Length: 5\r\n\r\n",
                         &reply),
              100);
    CHECK_U64(client_ask(fd, "hello", &reply), 200);
    CHECK_TEXT(buf_bytes(&reply.body), "hello");
    /* RFC 9110, 10.1.1: not when the body is there already, and not to 1.0 */
    CHECK_U64(client_ask(fd,
                         "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                         "Content-Length: 2\r\n\r\nhi",
                         &reply),
              200);
    CHECK_U64(client_ask(fd, "GET /echo HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n", &reply),
              417);
    close(fd);
    stop();
}

static void append_gzip(struct buf *out, const void *data, size_t size)
{
    struct http_gzip *gzip = NULL;

    CHECK_OK(http_gzip_encode(&gzip, bytes_make(data, size), out));
    http_gzip_destroy(&gzip);
}

/* Sends data, gzipped, to a path; the reply's status. */
static unsigned post_gzip(int fd, const char *path, const void *data, size_t size)
{
    struct buf packed, request;

    buf_init(&packed, SIZE_MAX / 2);
    buf_init(&request, SIZE_MAX / 2);
    append_gzip(&packed, data, size);
    buf_append_format(&request,
                      "POST %s HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n"
                      "Content-Length: %zu\r\n\r\n",
                      path, packed.size);
    buf_append_bytes(&request, buf_bytes(&packed));
    client_send(fd, request.data, request.size);
    buf_fini(&packed);
    buf_fini(&request);
    return client_read(fd, &reply);
}

TEST(http_gzip_requests_are_decoded_up_to_the_body_limit)
{
    uint8_t *zeros = calloc(1, (size_t)1 << 21);
    int fd;

    start_default();
    fd = connect_here();
    CHECK_U64(post_gzip(fd, "/echo", zeros, 1000), 200);
    CHECK(bytes_equal(buf_bytes(&reply.body), bytes_make(zeros, 1000)));
    CHECK_U64(post_gzip(fd, "/describe", zeros, 1 << 20), 200);
    buf_append_byte(&reply.body, 0);
    CHECK(strstr((char *)reply.body.data, " body=1048576 undecodable=0\n") != NULL);
    CHECK(strstr((char *)reply.body.data, " sent=1048576 ") == NULL); /* the signature's bytes */
    CHECK_U64(post_gzip(fd, "/echo", zeros, (1 << 20) + 1), 413);
    CHECK(client_sees_close(fd));
    close(fd);
    fd = connect_here();
    CHECK_U64(client_ask(fd,
                         "POST /describe HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n"
                         "Content-Length: 2\r\n\r\n{}",
                         &reply),
              200);
    buf_append_byte(&reply.body, 0);
    CHECK(strstr((char *)reply.body.data, " sent=2 body=0 undecodable=1\n") != NULL);
    CHECK_U64(atomic_load(&fixture.handled), 3);
    free(zeros);
    close(fd);
    stop();
}

TEST(http_gzip_replies_are_for_clients_that_accept_them)
{
    static const struct {
        const char *path, *size, *accept;
        bool gzip;
    } cases[] = {
        {"bytes", "1000", "gzip, deflate", true}, {"bytes", "100000", "gzip", true},
        {"bytes", "999", "gzip", false},          {"bytes", "1000", "gzip;q=0", false},
        {"bytes", "1000", "identity", false},     {"packed", "1000", "gzip", true},
        {"packed", "100000", "gzip", true},       {"packed", "100000", "identity", false},
        {"packed", "999", "gzip", false},         {"bytes", "1000", "gzip", true},
    };
    char request[200], crc[16];
    struct buf plain;
    int fd;

    http_fixture_init(&fixture);
    fixture.options.compress_bytes_min = 1000;
    start();
    fd = connect_here();
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(request, sizeof(request),
                 "GET /%s?%s HTTP/1.1\r\nHost: h\r\nAccept-Encoding: %s\r\n\r\n", cases[i].path,
                 cases[i].size, cases[i].accept);
        CHECK_U64(client_ask(fd, request, &reply), 200);
        CHECK_TEXT(client_header(&reply, "Content-Encoding"), cases[i].gzip ? "gzip" : "");
        snprintf(crc, sizeof(crc), "%u", crc32_bytes(buf_bytes(&reply.body)));
        CHECK_TEXT(client_header(&reply, "x-amz-crc32"), crc); /* of the bytes as sent */
        buf_init(&plain, 1 << 20);
        if (cases[i].gzip)
            CHECK_OK(http_coding_decode(HTTP_CODING_GZIP, buf_bytes(&reply.body), &plain));
        else
            buf_append_bytes(&plain, buf_bytes(&reply.body));
        CHECK_U64(plain.size, strtoul(cases[i].size, NULL, 10));
        CHECK(plain.data[0] == 'a' && plain.data[plain.size - 1] == 'a' + (plain.size - 1) % 23);
        buf_fini(&plain);
    }
    close(fd);
    stop();
}

TEST(http_connection_closes_when_the_client_wants_it)
{
    static const struct {
        const char *text;
        const char *connection;
    } cases[] = {
        {"GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "close"},
        {"GET /echo HTTP/1.0\r\n\r\n", "close"},
        {"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive"},
        {"GET /echo HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
         "keep-alive"},
    };

    start_default();
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = connect_here();

        CHECK_U64(client_ask(fd, cases[i].text, &reply), 200);
        CHECK_TEXT(client_header(&reply, "Connection"), cases[i].connection);
        if (strcmp(cases[i].connection, "close") == 0)
            CHECK(client_sees_close(fd));
        else
            CHECK_U64(client_ask(fd, GET_ECHO, &reply), 200);
        close(fd);
    }
    stop();
}

TEST(http_half_closed_client_gets_its_reply)
{
    int fd;

    start_default();
    fd = connect_here();
    client_send_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
    shutdown(fd, SHUT_WR);
    CHECK_U64(client_read(fd, &reply), 200);
    CHECK_TEXT(buf_bytes(&reply.body), "hi");
    CHECK(client_sees_close(fd));
    close(fd);
    stop();
}

TEST(http_large_reply_reaches_a_slow_reader)
{
    size_t size = (size_t)20 << 20, at = 0;
    int fd;

    start_default();
    fd = connect_here();
    client_send_text(fd, "GET /bytes?20971520 HTTP/1.1\r\nHost: h\r\n\r\n" GET_ECHO);
    AWAIT(atomic_load(&fixture.handled) == 1);
    http_fixture_settle(&fixture);
    CHECK_U64(atomic_load(&fixture.handled), 1); /* the second waits until the first is sent */
    CHECK_U64(client_read(fd, &reply), 200);
    CHECK_U64(reply.body.size, size);
    while (at < size && reply.body.data[at] == 'a' + at % 23)
        at++;
    CHECK_U64(at, size);
    CHECK_U64(client_read(fd, &reply), 200);
    close(fd);
    stop();
}

TEST(http_reply_from_another_thread_is_sent)
{
    int fd;

    start_default();
    fd = connect_here();
    for (unsigned i = 0; i < 3; i++) {
        client_send_text(fd, "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
        AWAIT(atomic_load(&fixture.pending) != NULL);
        CHECK_TEXT(http_exchange_request(fixture.pending)->body, "hi");
        http_fixture_complete(&fixture);
        CHECK_U64(client_read(fd, &reply), 200);
        CHECK_TEXT(buf_bytes(&reply.body), "late");
    }
    close(fd);
    stop();
}

/* One connection's handler completes what another one waits for, with replies of its own gathered
 * before and behind. */
TEST(http_reply_may_be_sent_from_another_connections_handler)
{
    struct client_reply other;
    int waiting, releasing;

    start_default();
    client_reply_init(&other);
    waiting = connect_here();
    releasing = connect_here();
    for (unsigned i = 0; i < 2; i++) {
        client_send_text(waiting, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n" GET_ECHO);
        AWAIT(atomic_load(&fixture.pending) != NULL);
        client_send_text(releasing, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n1"
                                    "GET /release HTTP/1.1\r\nHost: h\r\n\r\n"
                                    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n3");
        CHECK_U64(client_read(releasing, &reply), 200);
        CHECK_TEXT(buf_bytes(&reply.body), "1");
        CHECK_U64(client_read(releasing, &reply), 200);
        CHECK_TEXT(buf_bytes(&reply.body), "");
        CHECK_U64(client_read(releasing, &reply), 200);
        CHECK_TEXT(buf_bytes(&reply.body), "3");
        CHECK_U64(client_read(waiting, &other), 200);
        CHECK_TEXT(buf_bytes(&other.body), "released");
        CHECK_U64(client_read(waiting, &other), 200);
        CHECK_TEXT(buf_bytes(&other.body), "");
    }
    client_reply_fini(&other);
    close(waiting);
    close(releasing);
    stop();
}

/* How often something was sent while the requests of forty clients, which came at once, were
 * handled. */
static unsigned times_sent(const char *request, size_t reply_bytes)
{
    unsigned times = 0;

    start_default();
    fixture.watched_count = HTTP_FIXTURE_WATCHED_MAX;
    for (unsigned i = 0; i < HTTP_FIXTURE_WATCHED_MAX; i++)
        fixture.watched[i] = connect_here();
    http_fixture_settle(&fixture);
    http_fixture_hold(&fixture);
    for (unsigned i = 0; i < HTTP_FIXTURE_WATCHED_MAX; i++)
        client_send_text(fixture.watched[i], request);
    http_fixture_release(&fixture);
    for (unsigned i = 0; i < HTTP_FIXTURE_WATCHED_MAX; i++) {
        buf_reset(&reply.beyond, SIZE_MAX);
        CHECK_U64(client_read(fixture.watched[i], &reply), 200);
        CHECK_U64(reply.body.size, reply_bytes);
        close(fixture.watched[i]);
    }
    CHECK_U64(fixture.arrived_count, HTTP_FIXTURE_WATCHED_MAX);
    for (unsigned i = 1; i < fixture.arrived_count; i++)
        times += fixture.arrived[i] != fixture.arrived[i - 1];
    stop();
    return times;
}

TEST(http_replies_of_a_round_are_sent_some_at_a_time)
{
    CHECK_U64(times_sent("GET /watch?300 HTTP/1.1\r\nHost: h\r\n\r\n", 300), 1);
    CHECK(times_sent("GET /watch?5000 HTTP/1.1\r\nHost: h\r\n\r\n", 5000) <= 2);
    CHECK(times_sent("GET /watch?20000 HTTP/1.1\r\nHost: h\r\n\r\n", 20000) >= 30);
}

static void close_with_reset(int fd)
{
    struct linger now = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

TEST(http_exchange_outlives_its_client)
{
    for (unsigned reset = 0; reset <= 1; reset++) {
        int fd;

        start_default();
        fd = connect_here();
        client_send_text(fd, "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
        AWAIT(atomic_load(&fixture.pending) != NULL);
        if (reset)
            close_with_reset(fd);
        else
            close(fd);
        http_fixture_settle(&fixture);
        CHECK_TEXT(http_exchange_request(fixture.pending)->body, "hi");
        CHECK_TEXT(bytes_of_string(http_exchange_peer(fixture.pending)), "127.0.0.1");
        http_server_drain(fixture.server);
        http_fixture_settle(&fixture);
        CHECK(!http_server_idle(fixture.server)); /* the exchange counts */
        http_fixture_complete(&fixture);
        AWAIT(http_server_idle(fixture.server));
        stop();
    }
}

TEST(http_connections_are_spread_over_the_loops)
{
    int fds[64];

    http_fixture_init(&fixture);
    fixture.options.loop_count = 2;
    start();
    for (unsigned i = 0; i < 64; i++)
        fds[i] = connect_here();
    for (unsigned i = 0; i < 64; i++) {
        CHECK_U64(client_ask(fds[i], GET_ECHO, &reply), 200);
        close(fds[i]);
    }
    CHECK(atomic_load(&fixture.handled_by[0]) != 0);
    CHECK(atomic_load(&fixture.handled_by[1]) != 0);
    stop();
}
