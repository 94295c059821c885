/* tls.c - what we ask of OpenSSL, and the certificate. */
#include "net/tls.h"

#include "base/assert.h"
#include "base/mem.h"
#include "net/tls_priv.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_size,
                           const unsigned char *offered, unsigned int offered_size, void *ctx);
static int no_password(char *password, int size, int writing, void *ctx);
static enum err refuse(struct fault *fault, const char *path, const char *what);

enum err tls_context_create(const char *cert_path, const char *key_path, struct fault *fault,
                            struct tls_context **context)
{
    struct tls_context *made = mem_zalloc(sizeof(*made));
    enum err err = OK;
    SSL_CTX *ssl_ctx;

    ERR_clear_error();
    made->ssl_ctx = ssl_ctx = SSL_CTX_new(TLS_server_method());
    made->bio_method = transport_bio_method_create();
    ASSERT(ssl_ctx != NULL);
    SSL_CTX_set_min_proto_version(ssl_ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ssl_ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    /* An idle connection gives its record buffers back; a write may take a part, and be repeated
     * from another address. */
    SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* One read for a whole record instead of one for its header and one for the rest. */
    SSL_CTX_set_read_ahead(ssl_ctx, 1);
    /* Sessions are resumed by ticket: no state of ours. */
    SSL_CTX_set_session_cache_mode(ssl_ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ssl_ctx, choose_protocol, NULL);
    SSL_CTX_set_default_passwd_cb(ssl_ctx, no_password);

    if (SSL_CTX_use_certificate_chain_file(ssl_ctx, cert_path) != 1)
        err = refuse(fault, cert_path, "cannot use the TLS certificate");
    else if (SSL_CTX_use_PrivateKey_file(ssl_ctx, key_path, SSL_FILETYPE_PEM) != 1)
        err = refuse(fault, key_path, "cannot use the TLS key");
    else if (SSL_CTX_check_private_key(ssl_ctx) != 1)
        err = refuse(fault, key_path, "the TLS key does not belong to the certificate");
    if (err != OK) {
        tls_context_destroy(&made);
        return err;
    }
    *context = made;
    return OK;
}

void tls_context_destroy(struct tls_context **context)
{
    if (*context == NULL)
        return;
    SSL_CTX_free((*context)->ssl_ctx);
    BIO_meth_free((*context)->bio_method);
    free(*context);
    *context = NULL;
}

/* ALPN, RFC 7301: a client that names protocols must name ours. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_size,
                           const unsigned char *offered, unsigned int offered_size, void *ctx)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found;

    (void)ssl, (void)ctx;
    if (SSL_select_next_proto(&found, chosen_size, ours, sizeof(ours) - 1, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* OpenSSL would ask the terminal. */
static int no_password(char *password, int size, int writing, void *ctx)
{
    (void)password, (void)size, (void)writing, (void)ctx;
    return -1;
}

static enum err refuse(struct fault *fault, const char *path, const char *what)
{
    unsigned long code = ERR_peek_error(); /* the first one is the cause */
    const char *reason =
        ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

    ERR_clear_error();
    return fault_set(fault, ERR_CONFIG, "%s: %s: %s", path, what,
                     reason != NULL ? reason : "unknown reason");
}
