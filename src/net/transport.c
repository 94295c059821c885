/* transport.c - recv and sendmsg, directly or below OpenSSL. */
#include "net/transport.h"

#include "base/assert.h"
#include "net/tls_priv.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t read_socket(struct transport *transport, void *data, size_t size);
static ssize_t write_tls(struct transport *transport, const struct iovec *parts, int part_count);
static ssize_t fail_tls(SSL *ssl, int result);
static int bio_read(BIO *bio, char *data, size_t size, size_t *done);
static int bio_write(BIO *bio, const char *data, size_t size, size_t *done);
static long bio_control(BIO *bio, int command, long number, void *pointer);

void transport_open(struct transport *transport, int fd, struct tls_context *tls)
{
    *transport = (struct transport){.fd = fd};
    if (tls != NULL) {
        SSL *ssl = SSL_new(tls->ssl_ctx);
        BIO *bio = BIO_new(tls->bio_method);

        ASSERT(ssl != NULL);
        ASSERT(bio != NULL);
        BIO_set_data(bio, transport);
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl, bio, bio);
        SSL_set_accept_state(ssl); /* the first read or write does the handshake */
        transport->tls = ssl;
    }
}

void transport_close(struct transport *transport)
{
    if (transport->tls != NULL) {
        transport_end_writing(transport);
        SSL_free(transport->tls);
        ERR_clear_error();
    }
    close(transport->fd);
    *transport = (struct transport){.fd = -1};
}

bool transport_is_ready(const struct transport *transport)
{
    return transport->tls == NULL || SSL_is_init_finished(transport->tls);
}

ssize_t transport_read(struct transport *transport, void *data, size_t size)
{
    SSL *ssl = transport->tls;
    size_t done = 0;
    int result;

    if (ssl == NULL)
        return read_socket(transport, data, size);
    transport->drained = false;
    ERR_clear_error();
    result = SSL_read_ex(ssl, data, size, &done);
    if (result != 1)
        return fail_tls(ssl, result);
    if (SSL_has_pending(ssl))
        transport->drained = false; /* in OpenSSL's buffers, where no edge will tell of it */
    return (ssize_t)done;
}

ssize_t transport_write(struct transport *transport, const struct iovec *parts, int part_count)
{
    /* sendmsg does not change the parts. */
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)part_count};
    ssize_t done;

    if (transport->tls != NULL)
        return write_tls(transport, parts, part_count);
    do {
        if (part_count == 1) /* a little cheaper */
            done = send(transport->fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
        else
            done = sendmsg(transport->fd, &message, MSG_NOSIGNAL);
    } while (done < 0 && errno == EINTR);
    return done;
}

void transport_end_writing(struct transport *transport)
{
    SSL *ssl = transport->tls;

    if (ssl != NULL) {
        ERR_clear_error();
        if (SSL_is_init_finished(ssl) && SSL_get_shutdown(ssl) == 0)
            SSL_shutdown(ssl); /* sends the alert if there is room for it now */
        ERR_clear_error();
    }
    shutdown(transport->fd, SHUT_WR);
}

ssize_t transport_discard(struct transport *transport, size_t size)
{
    ssize_t done;

    do
        done = recv(transport->fd, NULL, size, MSG_TRUNC); /* tcp(7): bytes are not copied */
    while (done < 0 && errno == EINTR);
    transport->drained = done >= 0 && (size_t)done < size;
    return done;
}

static ssize_t read_socket(struct transport *transport, void *data, size_t size)
{
    ssize_t done;

    do
        done = recv(transport->fd, data, size, 0);
    while (done < 0 && errno == EINTR);
    /* epoll(7): on a stream, a short read says as much as EAGAIN. */
    transport->drained = done >= 0 && (size_t)done < size;
    return done;
}

/* Until everything is written or the socket is full: a partial TLS write says nothing about the
 * socket, so only EAGAIN promises another edge. */
static ssize_t write_tls(struct transport *transport, const struct iovec *parts, int part_count)
{
    SSL *ssl = transport->tls;
    ssize_t total = 0;

    ERR_clear_error();
    for (int i = 0; i < part_count; i++) {
        const char *data = parts[i].iov_base;
        size_t left = parts[i].iov_len;

        while (left != 0) {
            size_t done = 0;
            int result = SSL_write_ex(ssl, data, left, &done);

            if (result != 1) {
                ssize_t failed = fail_tls(ssl, result);

                return total != 0 && errno == EAGAIN ? total : failed;
            }
            data += done;
            left -= done;
            total += (ssize_t)done;
        }
    }
    return total;
}

static ssize_t fail_tls(SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    default: /* a fatal alert, garbage, a truncated stream, a reset */
        SSL_set_quiet_shutdown(ssl, 1);
        ERR_clear_error();
        errno = ECONNRESET;
        return -1;
    }
}

BIO_METHOD *transport_bio_method_create(void)
{
    /* OpenSSL's own socket BIO writes with write(), which raises SIGPIPE, and hides short reads. */
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport");

    ASSERT(method != NULL);
    BIO_meth_set_read_ex(method, bio_read);
    BIO_meth_set_write_ex(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
    return method;
}

static int bio_read(BIO *bio, char *data, size_t size, size_t *done)
{
    struct transport *transport = BIO_get_data(bio);
    ssize_t count = read_socket(transport, data, size);

    BIO_clear_retry_flags(bio);
    if (count < 0 && errno == EAGAIN)
        BIO_set_retry_read(bio);
    if (count == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    *done = count > 0 ? (size_t)count : 0;
    return count > 0;
}

static int bio_write(BIO *bio, const char *data, size_t size, size_t *done)
{
    struct transport *transport = BIO_get_data(bio);
    ssize_t count;

    do
        count = send(transport->fd, data, size, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    BIO_clear_retry_flags(bio);
    if (count < 0 && errno == EAGAIN)
        BIO_set_retry_write(bio);
    *done = count > 0 ? (size_t)count : 0;
    return count > 0;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)number, (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1; /* nothing is held back */
    case BIO_CTRL_EOF:
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default:
        return 0;
    }
}
