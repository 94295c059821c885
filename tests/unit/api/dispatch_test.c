/* dispatch_test.c - which thread a request waits on: over a real socket, a worker of each kind. */
#include "api/api.h"
#include "api/turns.h"
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

/* A server of its own, with a worker of each kind. */
struct rig {
    struct arena arena;
    struct identity_set *identities;
    struct auth auth;
    struct store *store;
    struct api api;
    struct http_fixture fixture;
    struct client_reply reply;
};

static void rig_init(struct rig *rig)
{
    struct store_options options = {.cache_bytes = 1 << 20, .queue_bytes_max = 1 << 20};
    struct fault fault;

    *rig = (struct rig){.identities =
                            identity_set_create(BYTES(""), BYTES(""), BYTES("000000000000"))};
    rig->auth =
        (struct auth){.mode = AUTH_OPEN, .service = "dynamodb", .identities = rig->identities};
    rig->api = (struct api){.account = BYTES("000000000000"),
                            .region = BYTES("us-east-1"),
                            .endpoint = BYTES("h"),
                            .auth = &rig->auth,
                            .turns = turns_create()};
    arena_init(&rig->arena);
    fault_init(&fault, &rig->arena);
    CHECK_OK(store_open(&options, &fault, &rig->store));
    CHECK_OK(catalog_open(rig->store, &fault, &rig->api.catalog));
    rig->api.store = rig->store;
    CHECK_OK(worker_pool_create(1, 100, &rig->api.workers));
    CHECK_OK(worker_pool_create(1, 100, &rig->api.changers));
    http_fixture_init(&rig->fixture);
    rig->fixture.options.handler = api_handle;
    rig->fixture.options.handler_ctx = &rig->api;
    http_fixture_start(&rig->fixture);
    client_reply_init(&rig->reply);
}

static void rig_fini(struct rig *rig)
{
    struct store_mutation *nothing = store_mutation_create();

    client_reply_fini(&rig->reply);
    worker_pool_destroy(&rig->api.workers); /* they wake the loops as their last */
    worker_pool_destroy(&rig->api.changers);
    CHECK_OK(store_submit_and_wait(rig->store, NULL, &nothing)); /* so does the committer */
    http_fixture_stop(&rig->fixture);
    turns_destroy(&rig->api.turns);
    catalog_close(&rig->api.catalog);
    store_close(&rig->store);
    identity_set_destroy(&rig->identities);
    arena_fini(&rig->arena);
}

TEST(dispatch_changes_of_tables_keep_nobody_else_waiting)
{
    int changing[8], reading;
    struct rig rig;

    rig_init(&rig);
    catalog_change_begin(rig.api.catalog); /* all others wait for this one */
    for (unsigned i = 0; i < 8; i++) {
        char body[400];

        changing[i] = client_connect(http_server_port(rig.fixture.server));
        snprintf(body, sizeof(body), CREATE, i);
        send_call(changing[i], "CreateTable", body, i % 2 == 0 ? 0 : 70000); /* some large */
    }
    reading = client_connect(http_server_port(rig.fixture.server));
    send_call(reading, "ListTables", "{}", 70000); /* a worker's */
    CHECK_U64(client_read(reading, &rig.reply), 200);
    CHECK_TEXT(buf_bytes(&rig.reply.body), "{\"TableNames\":[]}");
    catalog_change_end(rig.api.catalog);
    for (unsigned i = 0; i < 8; i++) {
        buf_reset(&rig.reply.beyond, SIZE_MAX);
        CHECK_U64(client_read(changing[i], &rig.reply), 200);
        close(changing[i]);
    }
    close(reading);
    CHECK_U64(catalog_count(rig.api.catalog, BYTES("000000000000"), BYTES("us-east-1")), 8);
    rig_fini(&rig);
}

static void never_begins(struct turn *turn)
{
    (void)turn;
    CHECK(false);
}

/* A turn is held that leaves no room: large writes wait for its end, the rest does not. */
TEST(dispatch_small_writes_and_reads_wait_for_no_large_ones)
{
    static const char put[] = "{\"TableName\":\"Music0\",\"Item\":{\"pk\":{\"S\":\"a\"}}}";
    static const char get[] = "{\"TableName\":\"Music0\",\"Key\":{\"pk\":{\"S\":\"a\"}}}";
    struct turn held = {.bytes = (size_t)1 << 30, .begin = never_begins};
    const size_t large[] = {TURNS_WRITE_BYTES_MIN, 70000}; /* on the loop, on a worker */
    int writing[2], other;
    char body[400];
    struct rig rig;

    rig_init(&rig);
    other = client_connect(http_server_port(rig.fixture.server));
    snprintf(body, sizeof(body), CREATE, 0u);
    send_call(other, "CreateTable", body, 0);
    CHECK_U64(client_read(other, &rig.reply), 200);
    CHECK_OK(turns_take(rig.api.turns, &held));
    for (unsigned i = 0; i < 2; i++) {
        writing[i] = client_connect(http_server_port(rig.fixture.server));
        send_call(writing[i], "PutItem", put, large[i]);
    }
    send_call(other, "GetItem", get, 70000);
    CHECK_U64(client_read(other, &rig.reply), 200);
    CHECK_TEXT(buf_bytes(&rig.reply.body), "{}"); /* none of them has happened */
    send_call(other, "PutItem", put, 0);
    CHECK_U64(client_read(other, &rig.reply), 200);
    turns_end(rig.api.turns, &held);
    for (unsigned i = 0; i < 2; i++) {
        buf_reset(&rig.reply.beyond, SIZE_MAX);
        CHECK_U64(client_read(writing[i], &rig.reply), 200);
        close(writing[i]);
    }
    send_call(other, "PutItem", "{", TURNS_WRITE_BYTES_MIN); /* a turn ends with any reply */
    buf_reset(&rig.reply.beyond, SIZE_MAX);
    CHECK_U64(client_read(other, &rig.reply), 400);
    close(other);
    rig_fini(&rig);
}
