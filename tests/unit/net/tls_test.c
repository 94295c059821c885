/* tls_test.c - the HTTP server under TLS, with certificates made here. */
#include "http_fixture.h"
#include "net/tls.h"
#include "unit.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct http_fixture fixture;
static char cert_path[200], key_path[200];

static EVP_PKEY *write_key(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(path, "w");

    CHECK(key != NULL && file != NULL);
    CHECK(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(file);
    return key;
}

static void write_certificate(const char *path, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    FILE *file = fopen(path, "w");

    CHECK(file != NULL);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    CHECK(X509_sign(cert, key, EVP_sha256()) != 0);
    CHECK(PEM_write_X509(file, cert) == 1);
    fclose(file);
    X509_free(cert);
}

static void write_files(void)
{
    EVP_PKEY *key;

    snprintf(cert_path, sizeof(cert_path), "%s/cert.pem", unit_temp_dir());
    snprintf(key_path, sizeof(key_path), "%s/key.pem", unit_temp_dir());
    key = write_key(key_path);
    write_certificate(cert_path, key);
    EVP_PKEY_free(key);
}

static void start(void)
{
    struct fault fault;

    write_files();
    fault_init(&fault, &fixture.arena);
    CHECK_OK(tls_context_create(cert_path, key_path, &fault, &fixture.options.tls));
    http_fixture_start(&fixture);
}

static void stop(void)
{
    struct tls_context *context = fixture.options.tls;

    http_fixture_stop(&fixture);
    tls_context_destroy(&context);
    CHECK(context == NULL);
}

static SSL *client_open(SSL_CTX *ctx, int *fd)
{
    SSL *ssl = SSL_new(ctx);

    *fd = client_connect(http_server_port(fixture.server));
    SSL_set_fd(ssl, *fd);
    return ssl;
}

static void client_close(SSL *ssl, int fd)
{
    SSL_free(ssl);
    close(fd);
    ERR_clear_error();
}

/* Writes all, and reads until `size` bytes have come or the connection ends. */
static void exchange(SSL *ssl, struct bytes request, struct buf *got, size_t size)
{
    CHECK(SSL_write(ssl, request.data, (int)request.size) == (int)request.size);
    while (got->size < size) {
        uint8_t *at = buf_reserve(got, 65536);
        int count = SSL_read(ssl, at, 65536);

        if (count <= 0)
            return;
        buf_commit(got, (size_t)count);
    }
}

/* The size of a reply, from its first bytes. */
static size_t reply_bytes(const struct buf *got)
{
    const char *start = (const char *)got->data;
    const char *length = memmem(got->data, got->size, "Content-Length: ", 16);
    const char *end = memmem(got->data, got->size, "\r\n\r\n", 4);

    CHECK(length != NULL && end != NULL);
    if (length == NULL || end == NULL)
        return 0;
    return (size_t)(end + 4 - start) + strtoul(length + 16, NULL, 10);
}

TEST(tls_carries_requests_and_replies_of_all_sizes)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    static const size_t sizes[] = {0, 5, 16000, 16384, 40000, 1 << 20};

    for (unsigned v = 0; v < 2; v++) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        SSL *ssl;
        int fd;

        SSL_CTX_set_min_proto_version(ctx, versions[v]);
        SSL_CTX_set_max_proto_version(ctx, versions[v]);
        http_fixture_init(&fixture);
        start();
        ssl = client_open(ctx, &fd);
        CHECK(SSL_connect(ssl) == 1);
        for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct buf request, got;

            buf_init(&request, SIZE_MAX / 2);
            buf_init(&got, SIZE_MAX / 2);
            buf_append_format(&request,
                              "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
                              sizes[i]);
            for (size_t at = 0; at < sizes[i]; at++)
                buf_append_byte(&request, (uint8_t)('a' + at % 25));
            exchange(ssl, buf_bytes(&request), &got, 1);
            exchange(ssl, bytes_make("", 0), &got, reply_bytes(&got));
            CHECK_U64(got.size, reply_bytes(&got));
            CHECK(got.size > sizes[i] &&
                  memcmp(got.data + got.size - sizes[i], request.data + request.size - sizes[i],
                         sizes[i]) == 0);
            buf_fini(&request);
            buf_fini(&got);
        }
        client_close(ssl, fd);
        SSL_CTX_free(ctx);
        stop();
    }
}

/* A reader that stops for a while: the server must go on where a record was cut. */
TEST(tls_large_reply_reaches_a_slow_reader)
{
    static const char request[] = "GET /bytes?20971520 HTTP/1.1\r\nHost: h\r\n\r\n";
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct buf got;
    size_t at, size = (size_t)20 << 20;
    SSL *ssl;
    int fd;

    http_fixture_init(&fixture);
    start();
    ssl = client_open(ctx, &fd);
    CHECK(SSL_connect(ssl) == 1);
    buf_init(&got, SIZE_MAX / 2);
    CHECK(SSL_write(ssl, request, sizeof(request) - 1) == sizeof(request) - 1);
    AWAIT(atomic_load(&fixture.handled) == 1);
    http_fixture_settle(&fixture);
    exchange(ssl, bytes_make("", 0), &got, 1);
    exchange(ssl, bytes_make("", 0), &got, reply_bytes(&got));
    CHECK_U64(got.size, reply_bytes(&got));
    CHECK(got.size > size);
    for (at = 0; at < size && got.data[got.size - size + at] == 'a' + at % 23; at++)
        ;
    CHECK_U64(at, size);
    buf_fini(&got);
    client_close(ssl, fd);
    SSL_CTX_free(ctx);
    stop();
}

TEST(tls_pipelined_requests_in_one_record_are_answered)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct buf request, got;
    SSL *ssl;
    int fd;

    http_fixture_init(&fixture);
    start();
    ssl = client_open(ctx, &fd);
    CHECK(SSL_connect(ssl) == 1);
    buf_init(&request, SIZE_MAX / 2);
    buf_init(&got, SIZE_MAX / 2);
    for (unsigned i = 0; i < 100; i++)
        buf_append_lit(&request, "GET /status?404 HTTP/1.1\r\nHost: h\r\n\r\n");
    buf_append_lit(&request, "GET /status?200 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    exchange(ssl, buf_bytes(&request), &got, SIZE_MAX);
    CHECK_U64(atomic_load(&fixture.handled), 101);
    CHECK(memmem(got.data, got.size, "Connection: close", 17) != NULL);
    /* the end was said, not only cut off */
    CHECK((SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0);
    buf_fini(&request);
    buf_fini(&got);
    client_close(ssl, fd);
    SSL_CTX_free(ctx);
    stop();
}

/* Records that OpenSSL took off the socket together: no edge will tell of the second. */
TEST(tls_requests_in_records_that_come_together_are_answered)
{
    static const char request[] = "GET /status?200 HTTP/1.1\r\nHost: h\r\n\r\n";
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl;
    int fd;

    http_fixture_init(&fixture);
    start();
    ssl = client_open(ctx, &fd);
    CHECK(SSL_connect(ssl) == 1);
    http_fixture_hold(&fixture);
    for (unsigned i = 0; i < 5; i++)
        CHECK(SSL_write(ssl, request, sizeof(request) - 1) == sizeof(request) - 1);
    http_fixture_release(&fixture);
    AWAIT(atomic_load(&fixture.handled) == 5);
    client_close(ssl, fd);
    SSL_CTX_free(ctx);
    stop();
}

TEST(tls_chooses_http_1_1_or_refuses)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    const unsigned char *chosen;
    unsigned int chosen_size;
    SSL *ssl;
    int fd;

    http_fixture_init(&fixture);
    start();
    ssl = client_open(ctx, &fd);
    SSL_set_alpn_protos(ssl, (const unsigned char *)"\x02h2\x08http/1.1", 12);
    CHECK(SSL_connect(ssl) == 1);
    SSL_get0_alpn_selected(ssl, &chosen, &chosen_size);
    CHECK_TEXT(bytes_make(chosen, chosen_size), "http/1.1");
    client_close(ssl, fd);
    ssl = client_open(ctx, &fd);
    SSL_set_alpn_protos(ssl, (const unsigned char *)"\x02h2", 3);
    CHECK(SSL_connect(ssl) != 1);
    client_close(ssl, fd);
    SSL_CTX_free(ctx);
    stop();
}

TEST(tls_refuses_old_versions_and_clear_text)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct client_reply reply;
    SSL *ssl;
    int fd;

    http_fixture_init(&fixture);
    start();
    /* level 0: or the client itself would not try */
    CHECK(SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0") == 1);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
    ssl = client_open(ctx, &fd);
    CHECK(SSL_connect(ssl) != 1);
    CHECK_U64(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    client_close(ssl, fd);

    client_reply_init(&reply);
    fd = client_connect(http_server_port(fixture.server));
    CHECK_U64(client_ask(fd, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n", &reply), 0);
    close(fd);
    client_reply_fini(&reply);
    CHECK_U64(atomic_load(&fixture.handled), 0);
    SSL_CTX_free(ctx);
    stop();
}

TEST(tls_handshake_has_a_time_limit)
{
    int fd;

    http_fixture_init(&fixture);
    fixture.options.receive_timeout_ms = 40;
    start();
    fd = client_connect(http_server_port(fixture.server));
    client_send(fd, "\x16\x03\x01\x01\x00", 5);
    CHECK(client_sees_close(fd));
    close(fd);
    stop();
}

/* Longer than the handshake may take. False: the server closed it. */
static bool stays_open(SSL *ssl, int fd)
{
    struct pollfd quiet = {.fd = fd, .events = POLLRDHUP};

    return SSL_connect(ssl) == 1 && poll(&quiet, 1, 250) == 0;
}

TEST(tls_idle_limit_begins_after_the_handshake)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct buf got;
    SSL *ssl;
    int fd;

    http_fixture_init(&fixture);
    fixture.options.receive_timeout_ms = 200;
    start();
    ssl = client_open(ctx, &fd);
    for (unsigned i = 0; i < 50 && !stays_open(ssl, fd); i++) { /* a busy machine's handshake */
        client_close(ssl, fd);
        ssl = client_open(ctx, &fd);
    }
    buf_init(&got, SIZE_MAX / 2);
    exchange(ssl, BYTES("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"), &got, 1);
    CHECK(got.size != 0);
    buf_fini(&got);
    client_close(ssl, fd);
    SSL_CTX_free(ctx);
    stop();
}

/* Each says which file, and why. */
TEST(tls_files_that_do_not_serve_are_config_errors)
{
    char other_key[220], empty[220], absent[220];
    struct tls_context *context = NULL;
    struct arena arena;
    FILE *file;

    write_files();
    snprintf(other_key, sizeof(other_key), "%s.other", key_path);
    snprintf(empty, sizeof(empty), "%s.empty", key_path);
    snprintf(absent, sizeof(absent), "%s.absent", key_path);
    EVP_PKEY_free(write_key(other_key));
    file = fopen(empty, "w");
    fclose(file);
    arena_init(&arena);
    for (unsigned i = 0; i < 5; i++) {
        const char *certs[] = {absent, empty, cert_path, cert_path, cert_path};
        const char *keys[] = {key_path, key_path, absent, empty, other_key};
        const char *blamed = i < 2 ? certs[i] : keys[i];
        struct fault fault;

        fault_init(&fault, &arena);
        CHECK_ERR(tls_context_create(certs[i], keys[i], &fault, &context), ERR_CONFIG);
        CHECK(context == NULL);
        CHECK(bytes_start_with(fault.message, bytes_of_string(blamed)));
    }
    arena_fini(&arena);
}
