/* http_output.c - what connections have to send: gathered, sent together, kept while they block.
 * Replies of a round lie in one buffer of their loop, a piece a connection. Each is sent from
 * there; only what a socket does not take is copied, to a buffer of the connection's own.
 */
#include "base/container.h"
#include "net/http_priv.h"

#include <errno.h>

/* Replies to one connection's pipelined requests that gather before they are sent. */
#define PIPELINED_BYTES_MAX ((size_t)64 << 10)
/* Replies to different connections that do: what is sent alone wakes a client that had gone to
 * sleep, which costs more than all else that sending does. But the first should not wait for long,
 * what is sent should still be in a near cache, and a large reply is worth a wake of its own. */
#define GATHERED_CONNS_MAX 32
#define GATHERED_BYTES_MAX ((size_t)128 << 10)
#define DEFERRED_BYTES_MAX ((size_t)8 << 10)
#define KEEP_BYTES         ((size_t)256 << 10)

static void on_round_end(struct loop_task *task);
static void send_all(struct http_loop *home);
static bool has_piece(const struct http_conn *conn);
static size_t piece_bytes(const struct http_conn *conn);
static struct bytes end_piece(struct http_conn *conn);
static size_t take_off(size_t *count, size_t available);

void http_gathered_init(struct http_loop *home)
{
    home->gathered.send.run = on_round_end;
    buf_init(&home->gathered.bytes, SIZE_MAX / 2); /* bounded by what gathers before it is sent */
}

void http_gathered_fini(struct http_loop *home)
{
    buf_fini(&home->gathered.bytes);
}

void http_output_init(struct http_conn *conn)
{
    buf_init(&conn->output.unsent, SIZE_MAX / 2); /* bounded by a piece of what is gathered */
}

void http_output_drop(struct http_conn *conn)
{
    (void)end_piece(conn);
    buf_fini(&conn->output.unsent);
}

struct buf *http_output_begin(struct http_conn *conn)
{
    struct http_gathered *gathered = &conn->home->gathered;
    struct http_output *output = &conn->output;

    if (gathered->growing == conn)
        return &gathered->bytes;
    if (has_piece(conn)) /* others follow its piece already */
        buf_append_bytes(&output->unsent, end_piece(conn));
    if (gathered->growing != NULL)
        gathered->growing->output.size = piece_bytes(gathered->growing);
    if (!gathered->sends)
        loop_at_round_end(conn->home->loop, &gathered->send);
    gathered->sends = true;
    gathered->growing = conn;
    output->at = gathered->bytes.size;
    output->next = gathered->conns;
    output->link = &gathered->conns;
    if (output->next != NULL)
        output->next->output.link = &output->next;
    gathered->conns = conn;
    gathered->conn_count++;
    return &gathered->bytes;
}

void http_output_flush(struct http_conn *conn)
{
    struct http_gathered *gathered = &conn->home->gathered;
    struct http_output *output = &conn->output;
    struct bytes piece = end_piece(conn);
    struct iovec parts[3];
    int part_count = 0;
    ssize_t sent;
    size_t left;

    if (output->unsent.size != 0)
        parts[part_count++] = (struct iovec){output->unsent.data + output->unsent_at,
                                             output->unsent.size - output->unsent_at};
    if (piece.size != 0)
        parts[part_count++] = (struct iovec){(void *)piece.data, piece.size};
    if (output->body.size != 0)
        parts[part_count++] = (struct iovec){(void *)output->body.data, output->body.size};
    if (part_count == 0)
        return;
    sent = transport_write(&conn->transport, parts, part_count);
    if (sent < 0) {
        if (errno != EAGAIN)
            conn->over = true;
        sent = 0;
    }
    conn->moved |= sent != 0;

    left = (size_t)sent;
    if (output->unsent.size != 0) {
        output->unsent_at += take_off(&left, output->unsent.size - output->unsent_at);
        if (output->unsent_at == output->unsent.size) {
            buf_fini(&output->unsent);
            output->unsent_at = 0;
        }
    }
    piece = bytes_skip(piece, take_off(&left, piece.size));
    if (piece.size != 0)
        buf_append_bytes(&output->unsent, piece);
    if (gathered->conns == NULL)
        buf_reset(&gathered->bytes, KEEP_BYTES);
    if (output->body.size != 0)
        output->body = bytes_skip(output->body, take_off(&left, output->body.size));
}

void http_output_flush_much(struct http_conn *conn)
{
    if (piece_bytes(conn) >= PIPELINED_BYTES_MAX)
        http_output_flush(conn);
}

void http_output_defer(struct http_conn *conn)
{
    const struct http_gathered *gathered = &conn->home->gathered;

    if (piece_bytes(conn) > DEFERRED_BYTES_MAX)
        http_output_flush(conn);
    else if (gathered->conn_count >= GATHERED_CONNS_MAX ||
             gathered->bytes.size >= GATHERED_BYTES_MAX)
        send_all(conn->home);
}

static void on_round_end(struct loop_task *task)
{
    struct http_loop *home = CONTAINER_OF(task, struct http_loop, gathered.send);

    home->gathered.sends = false;
    send_all(home);
}

/* No step of theirs is under way: what must follow is left to their turns. */
static void send_all(struct http_loop *home)
{
    bool draining = http_is_draining(home);

    while (home->gathered.conns != NULL) {
        struct http_conn *conn = home->gathered.conns;

        http_output_flush(conn);
        if (conn->over || http_output_is_blocked(conn) || draining)
            loop_timer_set(home->loop, &conn->turn, 0);
    }
}

static bool has_piece(const struct http_conn *conn)
{
    return conn->output.link != NULL;
}

static size_t piece_bytes(const struct http_conn *conn)
{
    const struct http_gathered *gathered = &conn->home->gathered;

    return gathered->growing == conn ? gathered->bytes.size - conn->output.at : conn->output.size;
}

/* What it had gathered; good until the next http_output_begin. */
static struct bytes end_piece(struct http_conn *conn)
{
    struct http_gathered *gathered = &conn->home->gathered;
    struct http_output *output = &conn->output;
    struct bytes piece;

    if (!has_piece(conn))
        return BYTES("");
    piece = bytes_make(gathered->bytes.data + output->at, piece_bytes(conn));
    if (gathered->growing == conn)
        gathered->growing = NULL;
    *output->link = output->next;
    if (output->next != NULL)
        output->next->output.link = output->link;
    output->link = NULL;
    output->size = 0;
    gathered->conn_count--;
    return piece;
}

/* Moves as much as there is from count to what is returned. */
static size_t take_off(size_t *count, size_t available)
{
    size_t taken = *count < available ? *count : available;

    *count -= taken;
    return taken;
}
