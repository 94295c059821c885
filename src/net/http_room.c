/* http_room.c - who gives way when all connections together hold too much.
 * Memory is kept by clients that do not read their replies, or do not go on sending. Were those
 * turned away who come when it is full, they would pay for the others. So each loop has those of
 * its connections that wait for their clients with memory in hand stand in a queue, and those that
 * have not moved for stall_ms leave from its front. A loop cannot close another's connections, but
 * it need not: the kernel spreads them, and each loop looks at its own queue every stall_ms.
 * While nobody has stood still for so long, it is the newcomer that goes: were the first closed
 * then, clients that do read would take each other's place, and none would see its reply's end.
 */
#include "base/container.h"
#include "base/log.h"
#include "net/http_priv.h"

#include <stdio.h>

static void on_look(struct loop_timer *timer);
static void make_room(struct http_loop *home);
static void note_peer(struct http_conn *conn);
static void warn(struct http_loop *home);

void http_queue_init(struct http_loop *home)
{
    home->queue.end = &home->queue.first;
    home->queue.look.fire = on_look;
}

void http_queue_fini(struct http_loop *home)
{
    loop_timer_cancel(home->loop, &home->queue.look);
}

void http_queue_enter(struct http_conn *conn, bool moved)
{
    struct http_queue *queue = &conn->home->queue;
    const struct http_server_options *options = &conn->home->server->options;

    if (options->stall_ms == 0 || options->held_bytes_max == 0)
        return;
    if (conn->place.link != NULL && !moved)
        return;
    http_queue_leave(conn);
    conn->place.since_ms = loop_now_ms(conn->home->loop);
    conn->place.next = NULL;
    conn->place.link = queue->end;
    *queue->end = conn;
    queue->end = &conn->place.next;
    if (queue->look.at_ms == 0)
        loop_timer_set(conn->home->loop, &queue->look, options->stall_ms);
}

void http_queue_leave_slow(struct http_conn *conn)
{
    struct http_place *place = &conn->place;

    *place->link = place->next;
    if (place->next != NULL)
        place->next->place.link = place->link;
    else
        conn->home->queue.end = place->link;
    place->link = NULL;
}

bool http_room_find(struct http_conn *conn)
{
    struct http_loop *home = conn->home;
    bool found;

    make_room(home);
    found = http_server_held(home->server) <= home->server->options.held_bytes_max;
    if (!found) {
        home->queue.turned_away++;
        note_peer(conn);
    }
    warn(home);
    return found;
}

static void on_look(struct loop_timer *timer)
{
    struct http_loop *home = CONTAINER_OF(timer, struct http_loop, queue.look);

    make_room(home);
    warn(home);
    if (home->queue.first != NULL)
        loop_timer_set(home->loop, timer, home->server->options.stall_ms);
}

/* More than what is needed now, so that not each one that comes has to ask. */
static void make_room(struct http_loop *home)
{
    const struct http_server_options *options = &home->server->options;
    size_t enough = options->held_bytes_max - options->held_bytes_max / 8;
    uint64_t now_ms = loop_now_ms(home->loop);
    struct http_conn *conn, *next;

    for (conn = home->queue.first; conn != NULL; conn = next) {
        next = conn->place.next;
        if (now_ms - conn->place.since_ms < options->stall_ms ||
            http_server_held(home->server) <= enough)
            break;
        if (conn->advancing) /* it may just have moved */
            continue;
        home->queue.stalled++;
        note_peer(conn);
        http_conn_give_up(conn);
    }
}

static void note_peer(struct http_conn *conn)
{
    snprintf(conn->home->queue.peer, sizeof(conn->home->queue.peer), "%s",
             http_exchange_peer(conn->exchange));
}

static void warn(struct http_loop *home)
{
    struct http_queue *queue = &home->queue;

    if (queue->stalled == 0 && queue->turned_away == 0)
        return;
    if (!http_warning_is_due(home, &queue->warned_at_ms))
        return;
    LOG(WARN,
        "requests and replies fill the memory set aside for them; clients that stand still are "
        "closed, then others turned away: see why they do not read or send",
        log_u64("stalled", queue->stalled), log_u64("turned_away", queue->turned_away),
        log_string("last_peer", queue->peer), log_u64("held_bytes", http_server_held(home->server)),
        log_u64("held_bytes_max", home->server->options.held_bytes_max));
    queue->stalled = queue->turned_away = 0;
}
