/* tls_priv.h - what the transport needs of a TLS context. */
#pragma once

#include <openssl/ssl.h>

struct tls_context {
    SSL_CTX *ssl_ctx;
    BIO_METHOD *bio_method; /* reads and writes the socket for OpenSSL; see transport.c */
};

/* The BIO of a transport: its data is the struct transport. */
BIO_METHOD *transport_bio_method_create(void);
