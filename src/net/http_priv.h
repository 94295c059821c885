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

/* What the connections of a loop have to send, one piece of the buffer a connection, sent together:
 * a client that is woken by the first is awake for the others. Empty whenever the loop is about to
 * sleep. */
struct http_gathered {
    struct buf bytes;
    struct http_conn *growing; /* whose piece is the last, and grows; NULL: nobody's */
    struct http_conn *conns;   /* all that have one */
    unsigned conn_count;
    struct loop_task send; /* at the round's end */
    bool sends;            /* it is due */
};

/* Those of a loop's connections that hold memory while they wait for their clients, in the order of
 * the last time these sent or took something; the one at which nothing has moved for longest is the
 * first. */
struct http_queue {
    struct http_conn *first, **end;
    struct loop_timer look;        /* each stall_ms while there are some */
    uint64_t warned_at_ms;         /* 0: never */
    uint64_t stalled, turned_away; /* clients, since then */
    char peer[INET6_ADDRSTRLEN];   /* of the last of them */
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
    struct http_gathered gathered;
    struct http_queue queue;
    bool advancing; /* a connection of this loop is */
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

/* What one connection has to send: its piece of what is gathered, before that what the socket did
 * not take, behind it the body of a large reply. */
struct http_output {
    struct http_conn *next, **link; /* in gathered.conns; link NULL: it has no piece */
    size_t at, size;                /* the piece; the size is set when it grows no more */
    struct buf unsent;              /* what the socket did not take, from unsent_at */
    size_t unsent_at;
    struct bytes body; /* in the exchange */
};

/* Its place in http_loop.queue. */
struct http_place {
    struct http_conn *next, **link; /* link NULL: it has none */
    uint64_t since_ms;              /* loop time at which its client last sent or took something */
};

struct http_conn {
    struct loop_watch watch;
    struct loop_timer timer;
    struct loop_timer turn; /* goes on after others had theirs */
    struct http_loop *home;
    struct http_conn *next, **link;
    struct http_exchange *exchange; /* NULL: idle */
    struct transport transport;
    struct http_output output;
    struct http_place place;
    size_t linger_bytes; /* may still be dropped */
    enum http_conn_state state;
    enum http_conn_limit limit;
    bool read_ready; /* the socket may have bytes, or the end */
    bool peer_done;
    bool keep_alive; /* after the reply under way */
    bool advancing;  /* a step is under way */
    bool over;       /* to be hung up after this step */
    bool lingers;    /* the client may still be sending when our last reply leaves */
    bool moved;      /* in these steps the client sent or took something */
    bool secure;     /* TLS */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
};

/* No new requests: connections close as they become idle. */
static inline bool http_is_draining(const struct http_loop *home)
{
    return atomic_load_explicit(&home->server->draining, memory_order_relaxed);
}

/* http_conn.c: its life, and what moves it. */
/* Takes fd. Counted in connection_count already, which its end takes back. */
void http_conn_open(struct http_loop *home, int fd, const struct sockaddr *peer, size_t peer_size);
/* Closes what waits for a request; lets the others finish. */
void http_conn_drain(struct http_conn *conn);
/* Hangs up, whatever its state. */
void http_conn_cut(struct http_conn *conn);
/* Ends a wait for its client as if its time were over, and what it holds with it. No step of its
 * is under way. */
void http_conn_give_up(struct http_conn *conn);
/* When the loops have stopped: whatever its state. */
void http_conn_abandon(struct http_conn *conn);

/* http_conn_step.c: what it does next. All changes of state are there, but to CONN_GONE. */
/* True: there may be more to do at once. */
bool http_conn_step(struct http_conn *conn, unsigned *reads_left);
/* The handler's reply. The exchange ends, unless its body must still be sent from there. */
void http_conn_reply(struct http_conn *conn, unsigned status);
/* Our own, without a body, instead of what is in hand; the last one. */
void http_conn_refuse(struct http_conn *conn, unsigned status);

/* http_output.c: what connections have to send. */
void http_gathered_init(struct http_loop *home);
void http_gathered_fini(struct http_loop *home);
void http_output_init(struct http_conn *conn);
/* Forgets what is left: the connection is closed. */
void http_output_drop(struct http_conn *conn);
/* Where to append what conn has to send, until this is called for another connection. It is sent at
 * the round's end, or by one of those below. */
struct buf *http_output_begin(struct http_conn *conn);
/* Sends now. What the socket does not take blocks the connection; one that is broken is over. */
void http_output_flush(struct http_conn *conn);
/* Between pipelined requests: sends if there is much. */
void http_output_flush_much(struct http_conn *conn);
/* When there are no more: leaves what there is to the round's end, to be sent with what others
 * have, unless it is large, or much has gathered already. */
void http_output_defer(struct http_conn *conn);

/* The socket was full: nothing else is done for the connection until it has taken the rest. */
static inline bool http_output_is_blocked(const struct http_conn *conn)
{
    return conn->output.unsent.size != 0 || conn->output.body.size != 0;
}

static inline bool http_output_is_empty(const struct http_conn *conn)
{
    return conn->output.link == NULL && !http_output_is_blocked(conn);
}

/* http_exchange.c */
/* Lends one to a connection that has none. */
void http_exchange_acquire(struct http_conn *conn);
/* Between two requests of a connection: keeps what has been received of the next. */
void http_exchange_next(struct http_exchange *exchange);
/* Takes it back when nothing has come of a next request. */
void http_exchange_release(struct http_exchange *exchange);
/* Takes back the connection's, if it has one, with whatever is in it. */
void http_exchange_drop(struct http_conn *conn);
void http_exchange_free_spares(struct http_loop *home);
/* Brings the count of held bytes up to date. False: there are too many, with this one's. */
bool http_exchange_count_held(struct http_exchange *exchange);

/* http_room.c: who gives way when all connections together hold too much. */
void http_queue_init(struct http_loop *home);
void http_queue_fini(struct http_loop *home);
/* The connection waits for its client. moved: which has just sent or taken something. */
void http_queue_enter(struct http_conn *conn, bool moved);
void http_queue_leave_slow(struct http_conn *conn);
/* When too much is held, with what this one has: makes room. False: there is none. */
bool http_room_find(struct http_conn *conn);

static inline void http_queue_leave(struct http_conn *conn)
{
    if (conn->place.link != NULL)
        http_queue_leave_slow(conn);
}

/* A buffer up to this size stays with its exchange; what is larger counts as held. */
#define HTTP_BUFFER_KEEP_BYTES ((size_t)64 << 10)
static inline size_t http_held_bytes(size_t capacity)
{
    return capacity > HTTP_BUFFER_KEEP_BYTES ? capacity : 0;
}

/* http_server.c: whether a warning is due again, at most every ten seconds; true counts as given.
 * *warned_at_ms is 0 at first. */
bool http_warning_is_due(struct http_loop *home, uint64_t *warned_at_ms);

/* http_reply.c: append to out. A reply whose body is small is appended whole; otherwise *body_left
 * is what must follow. */
void http_reply_write(struct http_exchange *exchange, unsigned status, bool keep_alive,
                      struct buf *out, struct bytes *body_left);
void http_reply_write_refusal(struct http_loop *home, unsigned status, struct buf *out);
