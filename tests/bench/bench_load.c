/* bench_load.c - CreateTable, UpdateContinuousBackups, BatchWriteItem, DeleteTable.
 * Batches go out on several connections before the first reply is awaited, so that a server which
 * syncs each of them can share the syncs.
 */
#include "bench/bench_load.h"

#include "base/buf.h"
#include "bench/bench_client.h"
#include "bench/bench_work.h"

#include <time.h>

#define BATCH_ITEMS      25                /* BatchWriteItem takes no more */
#define BATCH_BYTES      ((size_t)1 << 20) /* of items, roughly: fewer large ones in a batch */
#define CONNECTIONS      32
#define BODY_BYTES_MAX   (2u << 20)
#define STATUS_POLL_MS   5
#define STATUS_POLLS_MAX 6000 /* 30 s */
#define ATTEMPTS_MAX     1000

struct load_connection {
    struct bench_client client;
    struct buf body;
    unsigned attempts; /* 0: no batch is under way */
};

static enum err expect_ok(struct bench_client *client, const char *operation,
                          const struct buf *body, struct fault *fault);
static enum err await_status(struct bench_client *client, const struct bench_table *table,
                             const char *status, struct fault *fault);
static enum err fill(const struct bench_target *target, const struct bench_table *table,
                     struct fault *fault);
static uint64_t items_in_batch(const struct bench_table *table);
static enum err fill_receive(struct load_connection *connection, struct fault *fault);
static bool contains(struct bytes text, const char *part);

enum err bench_load(const struct bench_target *target, const struct bench_table *table,
                    struct fault *fault)
{
    struct bench_client client;
    struct buf body;
    enum err err = bench_drop(target, table, fault);

    if (err != OK)
        return err;
    buf_init(&body, BODY_BYTES_MAX);
    bench_append_create(table, &body);
    err = bench_client_open(&client, target, fault);
    if (err == OK)
        err = expect_ok(&client, "CreateTable", &body, fault);
    if (err == OK)
        err = await_status(&client, table, "\"ACTIVE\"", fault);
    if (err == OK && table->told) {
        buf_reset(&body, BODY_BYTES_MAX);
        buf_append_format(&body,
                          "{\"TableName\":\"%s\",\"PointInTimeRecoverySpecification\":"
                          "{\"PointInTimeRecoveryEnabled\":true}}",
                          table->name);
        err = expect_ok(&client, "UpdateContinuousBackups", &body, fault);
    }
    bench_client_close(&client);
    buf_fini(&body);
    return err != OK ? err : fill(target, table, fault);
}

enum err bench_drop(const struct bench_target *target, const struct bench_table *table,
                    struct fault *fault)
{
    struct bench_client client;
    struct bytes reply;
    struct buf body;
    unsigned status;
    enum err err;

    buf_init(&body, BODY_BYTES_MAX);
    buf_append_format(&body, "{\"TableName\":\"%s\"}", table->name);
    err = bench_client_open(&client, target, fault);
    if (err == OK)
        err = bench_client_call(&client, "DeleteTable", buf_bytes(&body), fault, &status, &reply);
    if (err == OK && status != 200 && !contains(reply, "ResourceNotFoundException"))
        err = fault_set(fault, ERR_INTERNAL, "DeleteTable: %u %.*s", status, BYTES_ARGS(reply));
    if (err == OK)
        err = await_status(&client, table, "ResourceNotFoundException", fault);
    bench_client_close(&client);
    buf_fini(&body);
    return err;
}

static enum err expect_ok(struct bench_client *client, const char *operation,
                          const struct buf *body, struct fault *fault)
{
    struct bytes reply;
    unsigned status;
    enum err err = bench_client_call(client, operation, buf_bytes(body), fault, &status, &reply);

    if (err == OK && status != 200)
        err = fault_set(fault, ERR_INTERNAL, "%s: %u %.*s", operation, status, BYTES_ARGS(reply));
    return err;
}

/* Until DescribeTable's reply has the word. */
static enum err await_status(struct bench_client *client, const struct bench_table *table,
                             const char *word, struct fault *fault)
{
    const struct timespec pause = {.tv_nsec = STATUS_POLL_MS * 1000000};
    struct bytes reply;
    struct buf body;
    unsigned status;
    enum err err = OK;

    buf_init(&body, BODY_BYTES_MAX);
    buf_append_format(&body, "{\"TableName\":\"%s\"}", table->name);
    for (unsigned polls = 0; err == OK; polls++) {
        err = bench_client_call(client, "DescribeTable", buf_bytes(&body), fault, &status, &reply);
        if (err != OK || contains(reply, word))
            break;
        if (polls == STATUS_POLLS_MAX)
            err = fault_set(fault, ERR_INTERNAL, "%s does not become %s: %u %.*s", table->name,
                            word, status, BYTES_ARGS(reply));
        nanosleep(&pause, NULL); /* sleep: between two looks at the condition */
    }
    buf_fini(&body);
    return err;
}

static enum err fill(const struct bench_target *target, const struct bench_table *table,
                     struct fault *fault)
{
    struct load_connection connections[CONNECTIONS] = {0}; /* the first opened_count are set up */
    const uint64_t batch_items = items_in_batch(table);
    uint64_t next_item = 0;
    unsigned opened_count = 0, busy_count = 0;
    enum err err = OK;

    while (opened_count < CONNECTIONS && err == OK) {
        buf_init(&connections[opened_count].body, BODY_BYTES_MAX);
        err = bench_client_open(&connections[opened_count++].client, target, fault);
    }
    do {
        for (unsigned i = 0; i < CONNECTIONS && err == OK; i++) {
            struct load_connection *connection = &connections[i];

            if (connection->attempts == 0) {
                uint64_t left = table->item_count - next_item;
                unsigned count = (unsigned)(left < batch_items ? left : batch_items);

                if (count == 0)
                    continue;
                buf_reset(&connection->body, BODY_BYTES_MAX);
                bench_append_batch(table, next_item, count, &connection->body);
                next_item += count;
                busy_count++;
            }
            connection->attempts++;
            err = bench_client_send(&connection->client, "BatchWriteItem",
                                    buf_bytes(&connection->body), fault);
        }
        for (unsigned i = 0; i < CONNECTIONS && err == OK; i++) {
            if (connections[i].attempts == 0)
                continue;
            err = fill_receive(&connections[i], fault);
            busy_count -= connections[i].attempts == 0;
        }
    } while (err == OK && (busy_count > 0 || next_item < table->item_count));
    for (unsigned i = 0; i < opened_count; i++) {
        bench_client_close(&connections[i].client);
        buf_fini(&connections[i].body);
    }
    return err;
}

static uint64_t items_in_batch(const struct bench_table *table)
{
    size_t count = BATCH_BYTES / table->item_bytes;

    return count == 0 ? 1 : count < BATCH_ITEMS ? count : BATCH_ITEMS;
}

/* A batch that was not taken whole is sent again whole: a put can be repeated. */
static enum err fill_receive(struct load_connection *connection, struct fault *fault)
{
    struct bytes reply;
    unsigned status;
    enum err err = bench_client_receive(&connection->client, fault, &status, &reply);

    if (err != OK)
        return err;
    if (status == 200 && contains(reply, "\"UnprocessedItems\":{}"))
        connection->attempts = 0;
    else if ((status != 200 && !contains(reply, "Throttl") && !contains(reply, "Throughput")) ||
             connection->attempts == ATTEMPTS_MAX)
        err = fault_set(fault, ERR_INTERNAL, "BatchWriteItem: %u %.*s", status, BYTES_ARGS(reply));
    return err;
}

static bool contains(struct bytes text, const char *part)
{
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}
