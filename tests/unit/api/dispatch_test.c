/* dispatch_test.c - which thread a request waits on: over a real socket, a worker of each kind. */
#include "api/api.h"
#include "api/turns.h"
#include "auth/auth.h"
#include "net/http_coding.h"
#include "net/http_fixture.h"
#include "net/worker.h"
#include "store/store.h"
#include "table/catalog.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CREATE                                                                        \
    "{\"TableName\":\"Music%u\",\"BillingMode\":\"PAY_PER_REQUEST\",\"KeySchema\":[{" \
    "\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}],\"AttributeDefinitions\":[{"     \
    "\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}]}"

/* The body is followed by blanks, which are sent like it. */
static void send_coded(int fd, const char *operation, const char *body, size_t blanks,
                       const char *coding)
{
    struct buf text, whole, sent;
    struct http_gzip *gzip = NULL;

    buf_init(&whole, SIZE_MAX);
    buf_init(&sent, SIZE_MAX);
    buf_init(&text, SIZE_MAX);
    buf_append_string(&whole, body);
    for (size_t i = 0; i < blanks; i++)
        buf_append_byte(&whole, ' ');
    if (coding[0] != 0)
        CHECK_OK(http_gzip_encode(&gzip, buf_bytes(&whole), &sent));
    else
        buf_append_bytes(&sent, buf_bytes(&whole));
    http_gzip_destroy(&gzip);
    buf_append_format(&text,
                      "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: DynamoDB_20120810.%s\r\n"
                      "X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 "
                      "Credential=any/20260101/us-east-1/dynamodb/aws4_request, "
                      "SignedHeaders=host;x-amz-date, Signature="
                      "0000000000000000000000000000000000000000000000000000000000000000\r\n"
                      "Content-Type: application/x-amz-json-1.0\r\nContent-Encoding: %s\r\n"
                      "Content-Length: %zu\r\n\r\n",
                      operation, coding, sent.size);
    buf_append_bytes(&text, buf_bytes(&sent));
    client_send(fd, text.data, text.size);
    buf_fini(&whole);
    buf_fini(&sent);
    buf_fini(&text);
}

static void send_call(int fd, const char *operation, const char *body, size_t blanks)
{
    send_coded(fd, operation, body, blanks, "");
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

/* --- turns of large writes -------------------------------------------------------------------- */

#define PUT       "{\"TableName\":\"Music0\",\"Item\":{\"pk\":{\"S\":\"$\"}}}"
#define GET       "{\"TableName\":\"Music0\",\"Key\":{\"pk\":{\"S\":\"$\"}}}"
#define INSERT    "{\"Statement\":\"INSERT INTO Music0 VALUE {'pk':'$'}\"}"
#define SELECT    "{\"Statement\":\" select * FROM Music0 WHERE pk='$'\"}"
#define MALFORMED "{\"Statement\":\"SELECT\"}"

static void never_begins(struct turn *turn)
{
    (void)turn;
    CHECK(false);
}

static void begins(struct turn *turn)
{
    (void)turn;
}

/* A server with a table, and a turn held that leaves no room. */
struct turns_rig {
    struct rig rig;
    struct turn held;
    int other; /* a client for whatever need not wait */
};

static int connect_to(const struct turns_rig *t)
{
    return client_connect(http_server_port(t->rig.fixture.server));
}

/* A body with the name in the place of its "$". */
static size_t name_item(const char *body, const char *name, char named[static 400])
{
    const char *at = strchr(body, '$');

    return (size_t)snprintf(named, 400, "%.*s%s%s", (int)(at - body), body, name, at + 1);
}

/* The status of a call, whose reply is then the rig's. */
static unsigned read_reply(struct turns_rig *t, int fd)
{
    buf_reset(&t->rig.reply.beyond, SIZE_MAX);
    return client_read(fd, &t->rig.reply);
}

static unsigned call(struct turns_rig *t, const char *operation, const char *body, const char *name,
                     size_t blanks)
{
    char named[400];

    name_item(body, name, named);
    send_call(t->other, operation, named, blanks);
    return read_reply(t, t->other);
}

static void turns_rig_init(struct turns_rig *t)
{
    char body[400];

    *t = (struct turns_rig){.held = {.bytes = (size_t)1 << 30, .begin = never_begins}};
    rig_init(&t->rig);
    t->other = connect_to(t);
    snprintf(body, sizeof(body), CREATE, 0u);
    send_call(t->other, "CreateTable", body, 0);
    CHECK_U64(read_reply(t, t->other), 200);
    CHECK_OK(turns_take(t->rig.api.turns, &t->held));
}

static void turns_rig_fini(struct turns_rig *t)
{
    close(t->other);
    CHECK_U64(turns_waiting_bytes(t->rig.api.turns), 0);
    rig_fini(&t->rig);
}

static bool is_there(struct turns_rig *t, const char *name)
{
    CHECK_U64(call(t, "GetItem", GET, name, 0), 200);
    return !bytes_equal(buf_bytes(&t->rig.reply.body), BYTES("{}"));
}

TEST(dispatch_small_writes_and_reads_wait_for_no_large_ones)
{
    static const struct {
        const char *operation, *body;
    } reads[] = {
        {"GetItem", GET},
        {"BatchGetItem", "{\"RequestItems\":{\"Music0\":{\"Keys\":[{\"pk\":{\"S\":\"$\"}}]}}}"},
        {"TransactGetItems", "{\"TransactItems\":[{\"Get\":" GET "}]}"},
        {"Query", "{\"TableName\":\"Music0\",\"KeyConditionExpression\":\"pk=:p\","
                  "\"ExpressionAttributeValues\":{\":p\":{\"S\":\"$\"}}}"},
        {"Scan", "{\"TableName\":\"Music0\",\"FilterExpression\":\"pk<>:p\","
                 "\"ExpressionAttributeValues\":{\":p\":{\"S\":\"$\"}}}"},
        {"ExecuteStatement", SELECT},
        {"BatchExecuteStatement", "{\"Statements\":[" SELECT "]}"},
        {"ExecuteTransaction", "{\"TransactStatements\":[" SELECT "]}"},
        {"PutItem", PUT}, /* the only small one */
    };
    const size_t large[] = {TURNS_WRITE_BYTES_MIN, 70000}; /* on the loop, on a worker */
    struct turns_rig t;

    turns_rig_init(&t);
    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
        for (unsigned j = 0; j < 2; j++) {
            bool is_read = strcmp(reads[i].operation, "PutItem") != 0;

            if (call(&t, reads[i].operation, reads[i].body, "a", is_read ? large[j] : 0) != 200)
                unit_failed(__FILE__, __LINE__, "%s: %.*s", reads[i].operation,
                            BYTES_ARGS(buf_bytes(&t.rig.reply.body)));
        }
    turns_end(t.rig.api.turns, &t.held);
    turns_rig_fini(&t);
}

TEST(dispatch_large_writes_wait_for_their_turn)
{
    static const struct {
        const char *operation, *body;
        size_t blanks;
        const char *coding;
        unsigned status;
    } writes[] = {
        {"PutItem", PUT, TURNS_WRITE_BYTES_MIN, "", 200}, /* on the loop */
        {"PutItem", PUT, 70000, "", 200},                 /* on a worker */
        {"PutItem", PUT, TURNS_WRITE_BYTES_MIN, "gzip", 200},
        {"PutItem", PUT, 70000, "gzip", 200}, /* decoded by a worker */
        {"PutItem", PUT "{", 70000, "", 400},
        {"ExecuteStatement", INSERT, TURNS_WRITE_BYTES_MIN, "", 200},
        {"ExecuteStatement", INSERT, 70000, "", 200},
        {"ExecuteStatement", INSERT, 70000, "gzip", 200},
        {"BatchExecuteStatement", "{\"Statements\":[" MALFORMED "," INSERT "]}", 70000, "", 200},
        {"ExecuteTransaction", "{\"TransactStatements\":[" INSERT "]}", 20000, "", 200},
    };
    enum { COUNT = sizeof(writes) / sizeof(writes[0]) };
    int writing[COUNT];
    size_t bytes = 0;
    struct turns_rig t;

    turns_rig_init(&t);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[2] = {(char)('a' + i), 0}, body[400];

        bytes += name_item(writes[i].body, name, body) + writes[i].blanks;
        writing[i] = connect_to(&t);
        send_coded(writing[i], writes[i].operation, body, writes[i].blanks, writes[i].coding);
        AWAIT(turns_waiting_bytes(t.rig.api.turns) == bytes);
        CHECK(!is_there(&t, name));
    }
    turns_end(t.rig.api.turns, &t.held);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[2] = {(char)('a' + i), 0};

        CHECK_U64(read_reply(&t, writing[i]), writes[i].status);
        CHECK(is_there(&t, name) == (writes[i].status == 200));
        close(writing[i]);
    }
    turns_rig_fini(&t);
}

TEST(dispatch_what_waits_once_parsed_is_counted)
{
    struct turns_rig t;
    struct buf body;
    int writing;

    turns_rig_init(&t);
    writing = connect_to(&t);
    buf_init(&body, SIZE_MAX);
    buf_append_lit(&body, "{\"Statement\":\"INSERT INTO Music0 VALUE {'pk':'a','l':?}\","
                          "\"Parameters\":[{\"L\":[{\"N\":\"1\"}");
    while (body.size < 60000)
        buf_append_lit(&body, ",{\"N\":\"1\"}");
    buf_append_lit(&body, "]}]}");
    buf_append_byte(&body, 0);
    send_call(writing, "ExecuteStatement", (const char *)body.data, 0);
    AWAIT(turns_waiting_bytes(t.rig.api.turns) == body.size - 1);
    CHECK(http_server_held(t.rig.fixture.server) > 4 * body.size); /* with its document */
    buf_fini(&body);
    turns_end(t.rig.api.turns, &t.held);
    CHECK_U64(read_reply(&t, writing), 200);
    close(writing);
    turns_rig_fini(&t);
}

TEST(dispatch_large_writes_are_refused_while_too_much_waits)
{
    struct turn waits = {.bytes = TURNS_WAITING_BYTES_MAX, .begin = begins};
    static const char *const operations[] = {"PutItem", "ExecuteStatement"};
    static const char *const bodies[] = {PUT, INSERT};
    struct turns_rig t;

    turns_rig_init(&t);
    CHECK_ERR(turns_take(t.rig.api.turns, &waits), ERR_PENDING);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_U64(call(&t, operations[i], bodies[i], "a", 70000), 503);
        CHECK_TEXT(buf_bytes(&t.rig.reply.body),
                   "{\"__type\":\"com.amazon.coral.availability#ServiceUnavailable\","
                   "\"message\":\"The service is busy. Please try again.\"}");
    }
    CHECK(!is_there(&t, "a"));
    turns_end(t.rig.api.turns, &t.held);
    turns_end(t.rig.api.turns, &waits);
    CHECK_U64(call(&t, "PutItem", PUT, "a", 70000), 200); /* the same, on the same connection */
    CHECK(is_there(&t, "a"));
    turns_rig_fini(&t);
}

TEST(dispatch_large_writes_are_done_when_their_clients_have_left)
{
    struct linger reset = {.l_onoff = 1};
    struct turns_rig t;
    size_t bytes;

    turns_rig_init(&t);
    for (unsigned i = 0; i < 2; i++) {
        char body[400];
        int fd = connect_to(&t);

        bytes = name_item(PUT, i == 0 ? "closed" : "reset", body) + 20000;
        bytes += turns_waiting_bytes(t.rig.api.turns);
        send_call(fd, "PutItem", body, 20000);
        AWAIT(turns_waiting_bytes(t.rig.api.turns) == bytes);
        if (i == 1)
            CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
        close(fd);
        http_fixture_settle(&t.rig.fixture);
        CHECK_U64(turns_waiting_bytes(t.rig.api.turns), bytes); /* it keeps its place */
    }
    turns_end(t.rig.api.turns, &t.held);
    CHECK_U64(call(&t, "PutItem", PUT, "a", 20000), 200); /* after them */
    CHECK(is_there(&t, "closed") && is_there(&t, "reset"));
    turns_rig_fini(&t);
}

/* As the server does, when the time to stop is over. */
TEST(dispatch_ends_while_large_writes_wait)
{
    const size_t large[] = {20000, 70000};
    struct turns_rig t;
    int writing[2];

    turns_rig_init(&t);
    for (unsigned i = 0; i < 2; i++) {
        writing[i] = connect_to(&t);
        send_call(writing[i], "PutItem", "{}", large[i]);
    }
    AWAIT(turns_waiting_bytes(t.rig.api.turns) == 90000 + 4);
    turns_open(t.rig.api.turns);
    CHECK_U64(turns_waiting_bytes(t.rig.api.turns), 0);
    http_server_cut(t.rig.fixture.server);
    http_server_cut(t.rig.fixture.server);
    for (unsigned i = 0; i < 2; i++) {
        (void)client_read(writing[i], &t.rig.reply); /* a reply, or none */
        close(writing[i]);
    }
    turns_end(t.rig.api.turns, &t.held);
    turns_rig_fini(&t);
}
