/* http_server.c - listening: a socket per loop on one address, the kernel spreads connections.
 */
#include "net/http_server.h"

#include "base/assert.h"
#include "base/container.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096 /* the system's own limit is lower by default */
/* Accepted at once, before others have their turn. */
#define ACCEPTS_PER_TURN 64
/* No descriptor or memory for one more connection: how soon to try again. */
#define ACCEPT_RETRY_MS 100
#define WARN_EVERY_MS   10000 /* what does not stop is said again */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool parse_address(const char *text, uint16_t port, union address *address,
                          socklen_t *address_size);
static enum err check_free(const union address *address, socklen_t address_size);
static int listen_on(const union address *address, socklen_t address_size);
static uint16_t bound_port(int fd);
static void on_connections(struct loop_watch *watch, unsigned events);
static void on_accept_again(struct loop_timer *timer);
static void accept_some(struct http_loop *home);
static void admit(struct http_loop *home, int fd, const union address *peer, socklen_t peer_size);
static void warn_cannot_accept(struct http_loop *home, int errno_value);
static void drain_loop(struct loop_task *task);
static void cut_loop(struct loop_task *task);
static void end_serving(struct http_loop *home, void (*end)(struct http_conn *conn));
static void stop_accepting(struct http_loop *home);
static void close_listener(struct http_loop *home);

enum err http_server_open(const struct http_server_options *options, struct fault *fault,
                          struct http_server **server)
{
    struct http_server *made = mem_zalloc(sizeof(*made));
    union address address;
    socklen_t address_size;
    enum err err;

    ASSERT(options->loop_count != 0);
    ASSERT(options->handler != NULL);
    ASSERT(strlen(options->server_name) < 128);
    ASSERT(options->crc32_header == NULL || strlen(options->crc32_header) < 128);
    made->options = *options;
    made->limits = (struct http_reader_limits){
        .head_bytes_max = options->head_bytes_max,
        .body_bytes_max = options->body_bytes_max,
        .header_count_max = options->header_count_max,
    };
    sem_init(&made->cut_done, 0, 0);
    made->loops = mem_zalloc(options->loop_count * sizeof(made->loops[0]));
    for (unsigned i = 0; i < options->loop_count; i++) {
        struct http_loop *home = &made->loops[i];

        home->server = made;
        home->loop = options->loops[i];
        home->listener = (struct loop_watch){.fd = -1, .ready = on_connections};
        home->accept_again.fire = on_accept_again;
        home->drain.run = drain_loop;
        home->cut.run = cut_loop;
        http_gathered_init(home);
        http_queue_init(home);
    }

    if (!parse_address(options->address, options->port, &address, &address_size)) {
        err = fault_set(fault, ERR_CONFIG, "%s is not an IPv4 or IPv6 address", options->address);
        goto fail;
    }
    if (options->port != 0 && check_free(&address, address_size) != OK)
        goto cannot_listen;
    for (unsigned i = 0; i < options->loop_count; i++) {
        struct http_loop *home = &made->loops[i];

        home->listener.fd = listen_on(&address, address_size);
        if (home->listener.fd < 0)
            goto cannot_listen;
        atomic_fetch_add(&made->listener_count, 1);
        made->port = bound_port(home->listener.fd);
        address.v4.sin_port = htons(made->port); /* the same place in sockaddr_in6 */
    }
    /* Only now: connections are served from here on. */
    for (unsigned i = 0; i < options->loop_count; i++) {
        struct http_loop *home = &made->loops[i];

        if (loop_watch_add(home->loop, &home->listener) == OK)
            continue;
        if (i == 0)
            goto cannot_listen;
        LOG(WARN, "a loop cannot watch its listener, the others serve", log_errno(errno));
        close_listener(home);
    }
    *server = made;
    return OK;

cannot_listen:
    err = fault_set(fault, ERR_IO, "cannot listen on %s port %u: %s", options->address,
                    options->port, strerror(errno));
fail:
    http_server_close(&made);
    return err;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

size_t http_server_held(const struct http_server *server)
{
    return atomic_load_explicit(&server->held_bytes, memory_order_relaxed);
}

void http_server_drain(struct http_server *server)
{
    if (atomic_exchange(&server->draining, true))
        return;
    for (unsigned i = 0; i < server->options.loop_count; i++)
        loop_post(server->loops[i].loop, &server->loops[i].drain);
}

bool http_server_idle(const struct http_server *server)
{
    return atomic_load(&server->listener_count) == 0 && atomic_load(&server->connection_count) == 0;
}

void http_server_cut(struct http_server *server)
{
    for (unsigned i = 0; i < server->options.loop_count; i++)
        loop_post(server->loops[i].loop, &server->loops[i].cut);
    for (unsigned i = 0; i < server->options.loop_count; i++)
        while (sem_wait(&server->cut_done) != 0)
            ASSERT(errno == EINTR);
}

void http_server_close(struct http_server **server)
{
    struct http_server *old = *server;

    if (old == NULL)
        return;
    for (unsigned i = 0; i < old->options.loop_count; i++) {
        struct http_loop *home = &old->loops[i];

        stop_accepting(home);
        while (home->conns != NULL)
            http_conn_abandon(home->conns);
        http_exchange_free_spares(home);
        http_gzip_destroy(&home->gzip);
        http_gathered_fini(home);
        http_queue_fini(home);
    }
    ASSERT(atomic_load(&old->connection_count) == 0);
    ASSERT(atomic_load(&old->held_bytes) == 0);
    sem_destroy(&old->cut_done);
    free(old->loops);
    free(old);
    *server = NULL;
}

bool http_warning_is_due(struct http_loop *home, uint64_t *warned_at_ms)
{
    uint64_t now_ms = loop_now_ms(home->loop);

    if (*warned_at_ms != 0 && now_ms - *warned_at_ms < WARN_EVERY_MS)
        return false;
    *warned_at_ms = now_ms;
    return true;
}

static bool parse_address(const char *text, uint16_t port, union address *address,
                          socklen_t *address_size)
{
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        *address_size = sizeof(address->v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(port);
        *address_size = sizeof(address->v6);
        return true;
    }
    return false;
}

/* SO_REUSEPORT would also let a second server of the same user share the port, each getting half
 * of the connections. So first see that it can be had alone. */
static enum err check_free(const union address *address, socklen_t address_size)
{
    int on = 1, failed, errno_value;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return ERR_IO;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    failed = bind(fd, &address->any, address_size);
    errno_value = errno;
    close(fd);
    errno = errno_value;
    return failed ? ERR_IO : OK;
}

/* A listening socket, or -1 with errno. */
static int listen_on(const union address *address, socklen_t address_size)
{
    int on = 1, errno_value;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* restart at once */
    /* tcp(7): accepted sockets inherit it. Replies are written whole. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
        bind(fd, &address->any, address_size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    errno_value = errno;
    close(fd);
    errno = errno_value;
    return -1;
}

static uint16_t bound_port(int fd)
{
    union address address;
    socklen_t size = sizeof(address);
    int failed = getsockname(fd, &address.any, &size);

    ASSERT(failed == 0);
    return ntohs(address.v4.sin_port);
}

static void on_connections(struct loop_watch *watch, unsigned events)
{
    (void)events;
    accept_some(CONTAINER_OF(watch, struct http_loop, listener));
}

static void on_accept_again(struct loop_timer *timer)
{
    accept_some(CONTAINER_OF(timer, struct http_loop, accept_again));
}

/* Edge-triggered: whoever leaves connections in the queue sets accept_again. */
static void accept_some(struct http_loop *home)
{
    for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
        union address peer;
        socklen_t peer_size = sizeof(peer);
        int fd = accept4(home->listener.fd, &peer.any, &peer_size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            admit(home, fd, &peer, peer_size);
            continue;
        }
        if (errno == EAGAIN)
            return;
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        /* EMFILE, ENFILE, ENOBUFS, ENOMEM, or a network error that accept(2) says to outwait. */
        warn_cannot_accept(home, errno);
        loop_timer_set(home->loop, &home->accept_again, ACCEPT_RETRY_MS);
        return;
    }
    loop_timer_set(home->loop, &home->accept_again, 0);
}

static void admit(struct http_loop *home, int fd, const union address *peer, socklen_t peer_size)
{
    struct http_server *server = home->server;

    if (atomic_fetch_add(&server->connection_count, 1) >= server->options.connection_count_max) {
        atomic_fetch_sub(&server->connection_count, 1);
        close(fd);
        return;
    }
    http_conn_open(home, fd, &peer->any, peer_size);
}

static void warn_cannot_accept(struct http_loop *home, int errno_value)
{
    if (!http_warning_is_due(home, &home->warned_at_ms))
        return;
    LOG(WARN, "cannot accept connections for now; raise the limit of open files if it is reached",
        log_errno(errno_value));
}

static void drain_loop(struct loop_task *task)
{
    end_serving(CONTAINER_OF(task, struct http_loop, drain), http_conn_drain);
}

static void cut_loop(struct loop_task *task)
{
    struct http_loop *home = CONTAINER_OF(task, struct http_loop, cut);

    end_serving(home, http_conn_cut);
    sem_post(&home->server->cut_done);
}

static void end_serving(struct http_loop *home, void (*end)(struct http_conn *conn))
{
    struct http_conn *conn, *next;

    stop_accepting(home);
    for (conn = home->conns; conn != NULL; conn = next) {
        next = conn->next;
        end(conn);
    }
}

static void stop_accepting(struct http_loop *home)
{
    if (home->listener.fd < 0)
        return;
    loop_watch_remove(home->loop, &home->listener);
    close_listener(home);
}

static void close_listener(struct http_loop *home)
{
    loop_timer_cancel(home->loop, &home->accept_again);
    close(home->listener.fd);
    home->listener.fd = -1;
    atomic_fetch_sub(&home->server->listener_count, 1);
}
