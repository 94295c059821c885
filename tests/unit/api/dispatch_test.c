/* dispatch_test.c - which thread a request waits on: over a real socket, a worker of each kind. */
#include "api/api.h"
#include "auth/auth.h"
#include "net/http_fixture.h"
#include "net/worker.h"
#include "store/store.h"
#include "table/catalog.h"
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#define CREATE                                                                        \
    "{\"TableName\":\"Music%u\",\"BillingMode\":\"PAY_PER_REQUEST\",\"KeySchema\":[{" \
    "\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}],\"AttributeDefinitions\":[{"     \
    "\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}]}"

static void send_call(int fd, const char *operation, const char *body, size_t blanks)
{
    struct buf text;

    buf_init(&text, SIZE_MAX);
    buf_append_format(&text,
                      "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: DynamoDB_20120810.%s\r\n"
                      "X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 "
                      "Credential=any/20260101/us-east-1/dynamodb/aws4_request, "
                      "SignedHeaders=host;x-amz-date, Signature="
                      "0000000000000000000000000000000000000000000000000000000000000000\r\n"
                      "Content-Type: application/x-amz-json-1.0\r\nContent-Length: %zu\r\n\r\n%s",
                      operation, strlen(body) + blanks, body);
    for (size_t i = 0; i < blanks; i++)
        buf_append_byte(&text, ' ');
    client_send(fd, text.data, text.size);
    buf_fini(&text);
}

TEST(dispatch_changes_of_tables_keep_nobody_else_waiting)
{
    struct store_options options = {.cache_bytes = 1 << 20, .queue_bytes_max = 1 << 20};
    struct identity_set *identities =
        identity_set_create(BYTES(""), BYTES(""), BYTES("000000000000"));
    struct auth auth = {.mode = AUTH_OPEN, .service = "dynamodb", .identities = identities};
    struct http_fixture fixture;
    struct client_reply reply;
    struct store *store;
    struct arena arena;
    struct fault fault;
    struct api api = {.account = BYTES("000000000000"),
                      .region = BYTES("us-east-1"),
                      .endpoint = BYTES("h"),
                      .auth = &auth};
    int changing[8], reading;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(store_open(&options, &fault, &store));
    CHECK_OK(catalog_open(store, &fault, &api.catalog));
    api.store = store;
    CHECK_OK(worker_pool_create(1, 100, &api.workers));
    CHECK_OK(worker_pool_create(1, 100, &api.changers));

    http_fixture_init(&fixture);
    fixture.options.handler = api_handle;
    fixture.options.handler_ctx = &api;
    http_fixture_start(&fixture);
    client_reply_init(&reply);

    catalog_change_begin(api.catalog); /* all others wait for this one */
    for (unsigned i = 0; i < 8; i++) {
        char body[400];

        changing[i] = client_connect(http_server_port(fixture.server));
        snprintf(body, sizeof(body), CREATE, i);
        send_call(changing[i], "CreateTable", body, i % 2 == 0 ? 0 : 70000); /* some large */
    }
    reading = client_connect(http_server_port(fixture.server));
    send_call(reading, "ListTables", "{}", 70000); /* a worker's */
    CHECK_U64(client_read(reading, &reply), 200);
    CHECK_TEXT(buf_bytes(&reply.body), "{\"TableNames\":[]}");
    catalog_change_end(api.catalog);
    for (unsigned i = 0; i < 8; i++) {
        buf_reset(&reply.beyond, SIZE_MAX);
        CHECK_U64(client_read(changing[i], &reply), 200);
        close(changing[i]);
    }
    close(reading);
    CHECK_U64(catalog_count(api.catalog, BYTES("000000000000"), BYTES("us-east-1")), 8);

    client_reply_fini(&reply);
    worker_pool_destroy(&api.workers); /* they wake the loops as their last */
    worker_pool_destroy(&api.changers);
    http_fixture_stop(&fixture);
    catalog_close(&api.catalog);
    store_close(&store);
    identity_set_destroy(&identities);
    arena_fini(&arena);
}
