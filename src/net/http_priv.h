/* http_priv.h - what the files of the HTTP server share.
 * One http_server, one http_loop per loop it serves on, one http_conn per connection, and one
 * http_exchange for each connection that has bytes, a request or a reply in hand: idle connections
 * have none, so they cost little, and exchanges in use are few and warm in the cache.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "net/http_reader.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/transport.h"

#include <netinet/in.h>
#include <semaphore.h>
#include <stdatomic.h>

struct http_server {
    struct http_server_options options;
    struct http_reader_limits limits;
    uint16_t port;
    atomic_bool draining;
    atomic_uint connection_count; /* over all loops */
    atomic_uint listener_count;
    atomic_size_t held_bytes;
    sem_t cut_done;          /* posted by each loop that has cut its connections */
    struct http_loop *loops; /* options.loop_count of them */
};

/* Text that all replies of a second begin with. */
struct http_reply_start {
    uint64_t until_ms; /* loop time at which it is out of date */
    struct bytes text; /* status line (200), Server and Date */
    char space[256];
    size_t status_line_size;
};

/* The server on one loop. */
struct http_loop {
    struct http_server *server;
    struct loop *loop;
    struct loop_watch listener; /* fd -1: closed */
    struct loop_timer accept_again;
    struct loop_task drain;
    struct loop_task cut;
    uint64_t warned_at_ms;
    struct http_conn *conns; /* all of them */
    struct http_exchange *spare;
    unsigned spare_count;
    /* Replies of a round, one piece of the buffer a connection, sent together: a client that is
     * woken by the first is awake for the others. Empty whenever the loop is about to sleep. */
    struct buf out;
    struct http_conn *out_conn;  /* whose piece is growing; NULL: nobody's */
    struct http_conn *out_conns; /* all that have one */
    unsigned out_conn_count;
    struct loop_task send; /* at the round's end */
    bool sends;            /* it is due */
    bool advancing;        /* a connection of this loop is */
    struct http_reply_start reply_start;
    struct http_gzip *gzip;
};

struct http_reply_header {
    struct bytes name, value;
};

struct http_exchange {
    struct http_loop *home;
    struct http_conn *conn;
    struct http_exchange *next_spare;
    struct http_reader reader;
    struct arena arena;
    void *data;
    size_t handler_bytes; /* held by the handler outside of what is here */
    size_t partial_bytes; /* held for a request of which only the beginning has come */
    size_t held_bytes;    /* this one's part of http_server.held_bytes */
    /* the reply */
    struct buf body;
    struct buf body_gzip;
    bool compressed; /* body_gzip is made; empty: it would be no smaller */
    unsigned header_count;
    struct http_reply_header headers[HTTP_REPLY_HEADERS_MAX];
};

enum http_conn_state {
    CONN_RECEIVING, /* or idle: a request is awaited */
    CONN_HANDLING,  /* the handler has the exchange */
    CONN_SENDING,   /* a large reply is sent from the exchange */
    CONN_ENDING,    /* the last reply is on its way */
    CONN_LINGERING, /* our side is closed; what the client still sends is dropped */
    CONN_GONE,      /* closed while the handler had the exchange */
};

/* What the connection's timer means. */
enum http_conn_limit {
    LIMIT_NONE,
    LIMIT_HANDSHAKE,
    LIMIT_IDLE,
    LIMIT_RECEIVE,
    LIMIT_SEND,
    LIMIT_LINGER,
};

struct http_conn {
    struct loop_watch watch;
    struct loop_timer timer;
    struct loop_timer turn; /* goes on after others had theirs */
    struct http_loop *home;
    struct http_conn *next, **link;
    struct http_exchange *exchange; /* NULL: idle */
    struct transport transport;
    struct http_conn *out_next, **out_link; /* in home->out_conns, or NULL */
    size_t out_at, out_size; /* its piece of home->out; the size is set when it grows no more */
    struct buf unsent;       /* what the socket did not take, from unsent_at; then that piece and
                              * body_unsent */
    size_t unsent_at;
    struct bytes body_unsent; /* of exchange's reply */
    size_t linger_bytes;      /* may still be dropped */
    enum http_conn_state state;
    enum http_conn_limit limit;
    bool read_ready; /* the socket may have bytes, or the end */
    bool peer_done;
    bool keep_alive; /* after the reply under way */
    bool advancing;  /* a step is under way */
    bool over;       /* to be hung up after this step */
    bool lingers;    /* the client may still be sending when our last reply leaves */
    bool sent_some;  /* since the send limit was set */
    bool secure;     /* TLS */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
};

/* http_conn.c */
/* Takes fd. Counted in connection_count already, which its end takes back. */
void http_conn_open(struct http_loop *home, int fd, const struct sockaddr *peer, size_t peer_size);
void http_conn_init_output(struct http_loop *home);
/* Closes what waits for a request; lets the others finish. */
void http_conn_drain(struct http_conn *conn);
/* Hangs up, whatever its state. */
void http_conn_cut(struct http_conn *conn);
/* When the loops have stopped: whatever its state. */
void http_conn_abandon(struct http_conn *conn);

/* http_exchange.c */
struct http_exchange *http_exchange_acquire(struct http_conn *conn);
/* Between two requests of a connection: keeps what has been received of the next. */
void http_exchange_next(struct http_exchange *exchange);
/* Forgets everything. */
void http_exchange_clear(struct http_exchange *exchange);
/* Of one that is clear, or that has had its last request and nothing since. */
void http_exchange_release(struct http_exchange *exchange);
void http_exchange_free_spares(struct http_loop *home);
/* Brings the count of held bytes up to date. False: there are too many, with this one's. */
bool http_exchange_count_held(struct http_exchange *exchange);

/* A buffer up to this size stays with its exchange; what is larger counts as held. */
#define HTTP_BUFFER_KEEP_BYTES ((size_t)64 << 10)
static inline size_t http_held_bytes(size_t capacity)
{
    return capacity > HTTP_BUFFER_KEEP_BYTES ? capacity : 0;
}

/* http_reply.c: append to home->out. A reply whose body is small is appended whole; otherwise
 * *body_left is what must follow. */
void http_reply_write(struct http_exchange *exchange, unsigned status, bool keep_alive,
                      struct bytes *body_left);
void http_reply_write_refusal(struct http_loop *home, unsigned status);
