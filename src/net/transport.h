/* transport.h - a connected, non-blocking socket, in clear text or under TLS.
 * Reads and writes like the system calls do: a count, 0 at the end, or -1 with errno, EAGAIN for
 * "not now". Under TLS either may have to wait for the other direction: try both again whenever
 * anything becomes ready.
 * Ownership: the transport owns its descriptor and TLS state. It must not move once opened.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct tls_context;

struct transport {
    int fd;
    void *tls; /* OpenSSL's state; NULL: clear text */
    /* The last read emptied the socket: there is nothing more until a new edge is reported. Only
     * data is meant; an end that was reported before must be read for. */
    bool drained;
};

/* Takes fd. tls NULL: clear text. */
void transport_open(struct transport *transport, int fd, struct tls_context *tls);
/* Says good-bye (TLS) without waiting, and closes the descriptor. */
void transport_close(struct transport *transport);

/* The TLS handshake, if one is needed, is done. */
bool transport_is_ready(const struct transport *transport);

ssize_t transport_read(struct transport *transport, void *data, size_t size);
ssize_t transport_write(struct transport *transport, const struct iovec *parts, int part_count);

/* Ends our direction, keeps the other. */
void transport_end_writing(struct transport *transport);
/* Reads up to size bytes from the socket and drops them: the count, 0 at the end, -1 with errno. */
ssize_t transport_discard(struct transport *transport, size_t size);
