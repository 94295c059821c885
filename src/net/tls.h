/* tls.h - TLS 1.2 and newer with OpenSSL, for listeners.
 * Threads: a context is shared by all loops; it does not change once made.
 */
#pragma once

#include "base/err.h"

struct tls_context;

/* Certificate chain and private key are PEM files; the key must not need a password. ERR_CONFIG:
 * a file is missing, unreadable, or certificate and key do not belong together; fault says which
 * and why. */
enum err tls_context_create(const char *cert_path, const char *key_path, struct fault *fault,
                            struct tls_context **context) MUST_CHECK;
/* After the servers that use it are closed. */
void tls_context_destroy(struct tls_context **context);
