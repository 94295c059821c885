/* fuzz_http.c - what clients send, cut into pieces of any size. The first byte of an input says
 * how: its low seven bits choose the sizes, the high bit whether it goes to a server too.
 * Holds: a reader finds the same requests however the bytes are cut; a server answers each of them
 * in order, and has closed when the client has sent its end, whatever came before.
 */
#include "base/assert.h"
#include "base/siphash.h"
#include "fuzz.h"
#include "net/http_reader.h"
#include "net/http_server.h"
#include "net/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Small, so that small inputs reach them. */
#define HEAD_BYTES_MAX    600
#define BODY_BYTES_MAX    3000
#define HEADER_COUNT_MAX  8
#define ROUNDS_MAX        10000
#define CONNECT_TRIES_MAX 100

struct served {
    unsigned count;
    uint64_t digest; /* of all requests in order */
};

static struct loop *loop;
static struct http_server *server;
static struct served by_server;
static struct http_exchange *deferred;
static struct loop_task complete_task;

static void mix(struct served *served, struct bytes bytes)
{
    uint64_t key[2] = {served->digest, bytes.size};

    served->digest = siphash((const uint8_t *)key, bytes);
}

static void note(struct served *served, const struct http_request *request)
{
    served->count++;
    mix(served, request->method);
    mix(served, request->target);
    mix(served, request->path);
    mix(served, request->query);
    for (size_t i = 0; i < request->header_count; i++) {
        mix(served, request->headers[i].name);
        mix(served, request->headers[i].value);
    }
    mix(served, request->body_sent);
    mix(served, request->body);
    mix(served, request->body_undecodable ? BYTES("bad") : BYTES("good"));
}

static size_t next_piece(unsigned *seed, size_t left)
{
    static const size_t sizes[] = {1, 1, 2, 3, 5, 17, 100, 1000};
    size_t size;

    *seed = *seed * 1103515245 + 12345;
    size = sizes[*seed >> 16 & 7];
    return size < left ? size : left;
}

/* seed 0: as much as there is room for */
static struct served read_all(struct bytes input, unsigned seed)
{
    static const struct http_reader_limits limits = {HEAD_BYTES_MAX, BODY_BYTES_MAX,
                                                     HEADER_COUNT_MAX};
    struct served served = {0};
    struct http_reader reader;
    bool alive = true;

    http_reader_init(&reader, &limits);
    while (alive) {
        struct http_reader_room room;
        size_t size;

        switch (http_reader_step(&reader)) {
        case HTTP_READER_REQUEST:
            note(&served, &reader.request);
            alive = reader.keep_alive;
            http_reader_next(&reader);
            continue;
        case HTTP_READER_REFUSED:
            ASSERT(reader.refusal >= 400);
            alive = false;
            continue;
        case HTTP_READER_MORE:
            break;
        }
        if (input.size == 0)
            break;
        room = http_reader_room(&reader);
        ASSERT(room.size != 0);
        size = seed == 0 ? input.size : next_piece(&seed, input.size);
        if (size > room.size)
            size = room.size;
        memcpy(room.at, input.data, size);
        http_reader_received(&reader, size);
        input = bytes_skip(input, size);
    }
    http_reader_fini(&reader);
    return served;
}

static void complete(struct loop_task *task)
{
    struct http_exchange *exchange = deferred;

    deferred = NULL; /* the next request may come before the send returns */
    http_exchange_send(exchange, 200);
}

/* Every other request is answered later, so that the connection goes on in its absence. */
static void on_request(void *ctx, struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);

    note(&by_server, request);
    for (size_t i = 0; i < request->body.size; i++)
        buf_append_byte(http_exchange_body(exchange), 'x'); /* no echo: replies are counted below */
    if (by_server.count % 2 == 0) {
        ASSERT(deferred == NULL);
        deferred = exchange;
        loop_post(http_exchange_loop(exchange), &complete_task);
        return;
    }
    http_exchange_send(exchange, 200);
}

static void start_server(void)
{
    static struct arena arena;
    struct fault fault;
    struct http_server_options options = {
        .address = "127.0.0.1",
        .loops = &loop,
        .loop_count = 1,
        .handler = on_request,
        .body_bytes_max = BODY_BYTES_MAX,
        .head_bytes_max = HEAD_BYTES_MAX,
        .header_count_max = HEADER_COUNT_MAX,
        .connection_count_max = 10,
        .idle_timeout_ms = 3600000,
        .receive_timeout_ms = 3600000,
        .send_timeout_ms = 3600000,
        .compress_bytes_min = 100,
        .crc32_header = "x-amz-crc32",
        .server_name = "fuzz",
    };
    enum err err;

    arena_init(&arena);
    fault_init(&fault, &arena);
    complete_task.run = complete;
    err = loop_create(&loop);
    ASSERT(err == OK);
    err = http_server_open(&options, &fault, &server);
    ASSERT(err == OK);
}

static void run_a_round(void)
{
    loop_stop(loop);
    loop_run(loop);
}

/* Appends what has come to *replies; true at the end of the connection. */
static bool take_replies(int fd, struct buf *replies)
{
    ssize_t size;

    while ((size = recv(fd, buf_reserve(replies, 65536), 65536, MSG_DONTWAIT)) > 0)
        buf_commit(replies, (size_t)size);
    return size == 0 || errno != EAGAIN;
}

static unsigned count_replies(const struct buf *replies)
{
    struct bytes left = buf_bytes(replies);
    unsigned count = 0;
    const uint8_t *at;

    while ((at = memmem(left.data, left.size, "\nServer: ", 9)) != NULL) {
        left = bytes_skip(left, (size_t)(at + 1 - left.data));
        count++;
    }
    return count;
}

static int connect_to_server(void)
{
    static uint32_t tried;
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(http_server_port(server));
    for (unsigned tries = 0; tries < CONNECT_TRIES_MAX; tries++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        ASSERT(fd >= 0);
        /* An address of our own each time, or the ports in TIME_WAIT would soon use up all there
         * are; and one that is still in it by chance is no finding. */
        from.sin_addr.s_addr = htonl(0x7f000001 + (tried++ & 0xffff));
        if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
            connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
            return fd;
        close(fd);
    }
    ASSERT(!"the server cannot be reached");
    return -1;
}

static void ask_server(struct bytes input, unsigned seed)
{
    struct served expected = read_all(input, 0);
    int fd = connect_to_server();
    unsigned count, rounds = 0;
    bool ended = false;
    struct buf replies;

    buf_init(&replies, SIZE_MAX / 2);
    by_server = (struct served){0};
    while (input.size != 0 && !ended) {
        size_t size = next_piece(&seed, input.size);

        if (send(fd, input.data, size, MSG_NOSIGNAL) < 0)
            break; /* closed after a refusal, or as we asked */
        input = bytes_skip(input, size);
        run_a_round();
        ended = take_replies(fd, &replies);
    }
    shutdown(fd, SHUT_WR);
    while (!ended) {
        ASSERT(rounds++ < ROUNDS_MAX);
        run_a_round();
        ended = take_replies(fd, &replies);
    }
    ASSERT(by_server.count == expected.count);
    ASSERT(by_server.digest == expected.digest);
    count = count_replies(&replies);
    ASSERT(count == expected.count || count == expected.count + 1); /* and a refusal */
    buf_fini(&replies);
    close(fd);
    run_a_round();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_make(data, size);
    struct served whole, pieces;
    unsigned seed;

    if (size == 0)
        return 0;
    seed = data[0] & 127;
    input = bytes_skip(input, 1);
    whole = read_all(input, 0);
    pieces = read_all(input, seed + 1);
    ASSERT(whole.count == pieces.count);
    ASSERT(whole.digest == pieces.digest);
    if (data[0] & 128) {
        if (server == NULL)
            start_server();
        ask_server(input, seed);
    }
    return 0;
}
