/* http_fixture.h - a server on loop threads of its own, and blocking clients to talk to it.
 * Paths choose what the handler does:
 *   /echo        200 with the body it got, decoded
 *   /describe    200 with "METHOD path?query headers=N sent=BYTES body=BYTES undecodable=0|1\n" and
 *                each header as "name: value\n"
 *   /bytes?N     200 with N bytes
 *   /status?N    status N, no body
 *   /packed?N    the same, compressed before it is sent if the client wants it compressed
 *   /hold?N      200 if N bytes may be held, else 503
 *   /later?N     keeps the exchange in http_fixture.pending, holding N bytes; the test completes it
 *   /watch?N     200 with N bytes; notes in http_fixture.arrived to how many of the watched clients
 *                something had been sent when this request was handled
 *   /release     completes the pending exchange from within the handler, then 200
 */
#pragma once

#include "net/http_server.h"
#include "net/loop.h"

#include <pthread.h>
#include <stdatomic.h>

#define HTTP_FIXTURE_LOOPS_MAX   2
#define HTTP_FIXTURE_WATCHED_MAX 40

struct http_fixture {
    struct http_server_options options; /* set to defaults by init; change before start */
    struct http_server *server;
    struct loop *loops[HTTP_FIXTURE_LOOPS_MAX];
    pthread_t threads[HTTP_FIXTURE_LOOPS_MAX];
    struct arena arena;
    _Atomic(struct http_exchange *) pending;
    struct loop_task hold;
    pthread_barrier_t held;
    atomic_uint handled;
    atomic_uint handled_by[HTTP_FIXTURE_LOOPS_MAX];
    int watched[HTTP_FIXTURE_WATCHED_MAX];
    unsigned watched_count;
    unsigned arrived[HTTP_FIXTURE_WATCHED_MAX], arrived_count; /* read once all have answered */
};

void http_fixture_init(struct http_fixture *fixture);
void http_fixture_start(struct http_fixture *fixture);
/* Stops the loops, then closes the server, with whatever connections it has. */
void http_fixture_stop(struct http_fixture *fixture);
/* Waits until the loop has run a round in which everything sent so far could be seen. */
void http_fixture_settle(struct http_fixture *fixture);
/* Stops the loop until released, so that what is sent meanwhile arrives at once. */
void http_fixture_hold(struct http_fixture *fixture);
void http_fixture_release(struct http_fixture *fixture);
/* Completes the pending exchange on its loop, from another thread's point of view. */
void http_fixture_complete(struct http_fixture *fixture);

/* Waits up to ten seconds for the condition to hold; fails the test otherwise. */
#define AWAIT(condition)                                                    \
    do {                                                                    \
        for (unsigned tries_ = 0; !(condition) && tries_ < 10000; tries_++) \
            http_fixture_nap();                                             \
        CHECK(condition);                                                   \
    } while (0)
void http_fixture_nap(void); /* a millisecond, between two looks at a condition */

int client_connect(uint16_t port); /* reads fail after ten seconds instead of hanging the test */
void client_send(int fd, const void *data, size_t size);
void client_send_text(int fd, const char *text);

struct client_reply {
    unsigned status;   /* 0: the connection ended, or what came is no reply */
    struct buf head;   /* with the empty line */
    struct buf body;   /* chunking removed */
    struct buf beyond; /* what came behind it: give it to the next call */
};
void client_reply_init(struct client_reply *reply);
void client_reply_fini(struct client_reply *reply);
/* Reads the next reply; 100 Continue counts as one. */
unsigned client_read(int fd, struct client_reply *reply);
/* The header's value, size 0 when there is none. */
struct bytes client_header(const struct client_reply *reply, const char *name);
/* True when nothing more comes and the server has closed. */
bool client_sees_close(int fd);
/* Sends, reads one reply, returns its status. */
unsigned client_ask(int fd, const char *text, struct client_reply *reply);
