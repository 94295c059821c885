/* http_room_test.c - who gives way when all connections together hold too much. */
#include "base/clock.h"
#include "base/log.h"
#include "http_fixture.h"
#include "unit.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A reply that no socket takes at once, and what it holds. */
#define GET_LARGE   "GET /bytes?20971520 HTTP/1.1\r\nHost: h\r\n\r\n"
#define LARGE_BYTES ((size_t)20 << 20)
#define LARGE_HELD  ((size_t)32 << 20)

#define POST_HEAD     "POST /status?200 HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"
#define POST_BYTES    ((size_t)1000000)
#define POST_BYTES_AT 900000 /* the rest comes later, or never */

static struct http_fixture fixture;
static struct client_reply reply;

static void start(size_t held_bytes_max)
{
    http_fixture_init(&fixture);
    fixture.options.held_bytes_max = held_bytes_max;
    fixture.options.stall_ms = 1;
    http_fixture_start(&fixture);
    client_reply_init(&reply);
    log_set_level(LOG_ERROR);
}

static void stop(void)
{
    log_set_level(LOG_INFO);
    http_fixture_stop(&fixture);
    client_reply_fini(&reply);
}

/* Whose socket takes little, so that most of a large reply stays with the server. */
static int connect_here(void)
{
    int fd = client_connect(http_server_port(fixture.server)), size = 65536;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return fd;
}

/* Asks for a large reply and leaves it. */
static void leave_reply(int fd)
{
    size_t before = http_server_held(fixture.server);

    client_send_text(fd, GET_LARGE);
    AWAIT(http_server_held(fixture.server) == before + LARGE_HELD);
}

/* Until clients that do nothing have stood still for longer than stall_ms. */
static void stand_still(void)
{
    uint64_t begin_ms = clock_mono_ms();

    http_fixture_settle(&fixture);
    AWAIT(clock_mono_ms() > begin_ms + 5);
    http_fixture_settle(&fixture);
}

static void read_some(int fd, struct client_reply *into, size_t size)
{
    while (into->beyond.size < size) {
        ssize_t got = recv(fd, buf_reserve(&into->beyond, 65536), 65536, 0);

        CHECK(got > 0);
        if (got <= 0)
            return;
        buf_commit(&into->beyond, (size_t)got);
    }
}

static unsigned read_reply(int fd)
{
    buf_reset(&reply.beyond, SIZE_MAX);
    return client_read(fd, &reply);
}

TEST(http_room_is_made_by_the_reply_that_was_left_for_longest)
{
    struct client_reply slow;
    int fds[3], reader;

    start(120000000); /* three have room, with an eighth to spare */
    client_reply_init(&slow);
    for (unsigned i = 0; i < 3; i++) {
        fds[i] = connect_here();
        leave_reply(fds[i]);
    }
    stand_still();
    read_some(fds[0], &slow, LARGE_BYTES / 2); /* more than sockets hold: it moves */
    stand_still();
    CHECK_U64(http_server_held(fixture.server), 3 * LARGE_HELD); /* nobody is in the way */

    reader = connect_here();
    client_send_text(reader, GET_LARGE);
    CHECK_U64(read_reply(reader), 200);
    CHECK_U64(reply.body.size, LARGE_BYTES);
    CHECK_U64(read_reply(fds[1]), 0);
    CHECK_U64(client_read(fds[0], &slow), 200);
    CHECK_U64(slow.body.size, LARGE_BYTES);
    CHECK_U64(read_reply(fds[2]), 200);
    for (unsigned i = 0; i < 3; i++)
        close(fds[i]);
    close(reader);
    client_reply_fini(&slow);
    stop();
}

/* So that others find some, who may be on other loops. */
TEST(http_room_is_made_before_it_is_asked_for)
{
    int fds[3];

    start(110000000); /* three have room, without an eighth to spare */
    for (unsigned i = 0; i < 3; i++)
        fds[i] = connect_here();
    leave_reply(fds[0]);
    leave_reply(fds[1]);
    stand_still();
    CHECK_U64(http_server_held(fixture.server), 2 * LARGE_HELD); /* nobody is in the way */
    client_send_text(fds[2], GET_LARGE);
    AWAIT(atomic_load(&fixture.handled) == 3);
    http_fixture_settle(&fixture);
    AWAIT(http_server_held(fixture.server) == 2 * LARGE_HELD);
    CHECK_U64(read_reply(fds[0]), 0);
    CHECK_U64(read_reply(fds[1]), 200);
    CHECK_U64(read_reply(fds[2]), 200);
    for (unsigned i = 0; i < 3; i++)
        close(fds[i]);
    stop();
}

TEST(http_room_is_made_by_requests_that_do_not_go_on)
{
    uint8_t *body = calloc(1, POST_BYTES);
    int fds[3];

    start(3000000); /* two bodies have room */
    for (unsigned i = 0; i < 3; i++)
        fds[i] = connect_here();
    for (unsigned i = 0; i < 2; i++) {
        client_send_text(fds[i], POST_HEAD);
        client_send(fds[i], body, POST_BYTES_AT);
        stand_still();
    }
    client_send_text(fds[2], POST_HEAD);
    client_send(fds[2], body, POST_BYTES);
    CHECK_U64(read_reply(fds[2]), 200);
    CHECK_U64(read_reply(fds[0]), 408);
    CHECK(client_sees_close(fds[0]));
    client_send(fds[1], body, POST_BYTES - POST_BYTES_AT);
    CHECK_U64(read_reply(fds[1]), 200);
    for (unsigned i = 0; i < 3; i++)
        close(fds[i]);
    free(body);
    stop();
}
