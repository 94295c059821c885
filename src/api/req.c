/* req.c - what handlers share. */
#include "api/req.h"

#include "api/admission.h"
#include "base/assert.h"
#include "base/clock.h"
#include "table/catalog.h"

/* A loop's writes are committed together: it kicks the store at the end of a round that found
 * nothing more to do, a few rounds after the first write at the latest. While requests are waiting,
 * a sync begun early only makes the next one late. */
#define KICK_ROUNDS_MAX 4

struct round_kick {
    struct loop_task task;
    struct loop *loop;
    struct store *store;
    unsigned rounds; /* since the first write, 0: nothing to kick */
};
static _Thread_local struct round_kick round_kick;

static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided);
static enum err refused(void *ctx, unsigned index, enum err err);
static void on_done(void *ctx, enum err err);
static void kick_soon(struct loop *loop, struct store *store);

enum err req_fail(struct req *req, enum err err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    req->fault.message = arena_vformat(req->arena, format, args);
    va_end(args);
    req->fault.err = err;
    req->fault.wrapped = false;
    req->fault_members = (struct bytes){0};
    return err;
}

const char *req_error_code(enum err err)
{
    switch (err) {
    case OK:
        return "None";
    case ERR_CONDITIONAL_CHECK_FAILED:
        return "ConditionalCheckFailed";
    case ERR_DUPLICATE_ITEM:
        return "DuplicateItem";
    case ERR_VALIDATION:
        return "ValidationError";
    case ERR_RESOURCE_NOT_FOUND:
        return "ResourceNotFound";
    case ERR_ACCESS_DENIED:
        return "AccessDenied";
    case ERR_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED:
        return "ItemCollectionSizeLimitExceeded";
    case ERR_PROVISIONED_THROUGHPUT_EXCEEDED:
        return "ProvisionedThroughputExceeded";
    case ERR_REQUEST_LIMIT_EXCEEDED:
        return "RequestLimitExceeded";
    case ERR_THROTTLING:
        return "ThrottlingError";
    case ERR_TRANSACTION_CONFLICT:
        return "TransactionConflict";
    default:
        return "InternalServerError";
    }
}

enum err req_table_name(struct req *req, struct input_table *name)
{
    struct bytes text = {0};

    input_string(req->input, "TableName", &text);
    return input_table(text, &req->place, &req->fault, name);
}

enum err req_item_table(struct req *req, const struct input_table *name, struct table **table)
{
    struct table *found =
        catalog_acquire(req->api->catalog, req->place.account, req->place.region, name->name);

    if (found != NULL) {
        enum table_status status = table_status_now(found, clock_wall_ms());

        if (status == TABLE_CREATING || status == TABLE_DELETING)
            table_release(&found);
    }
    if (found == NULL)
        return req_fail(req, ERR_RESOURCE_NOT_FOUND, "Requested resource not found");
    req_take_table(req, found);
    *table = found;
    return OK;
}

void req_take_table(struct req *req, struct table *table)
{
    ASSERT(req->table_count < REQ_TABLES_MAX);
    req->tables[req->table_count++] = table;
}

enum err req_publish(struct req *req, const struct table_definition *definition,
                     struct table **table)
{
    enum err err = catalog_put(req->api->catalog, definition, table);

    if (err == OK)
        req_take_table(req, *table);
    return err;
}

enum err req_write(struct req *req, struct table_change *changes, unsigned count,
                   table_decide_fn *decide, req_step_fn *on_durable)
{
    return req_write_with(req, changes, count, NULL, 0, decide, on_durable);
}

enum err req_write_with(struct req *req, struct table_change *changes, unsigned count,
                        struct table_record *records, unsigned record_count,
                        table_decide_fn *decide, req_step_fn *on_durable)
{
    struct loop *loop = http_exchange_loop(req->exchange);
    struct store *store = req->api->store;
    bool on_loop = loop_is_current(loop);
    enum err err;

    req->on_durable = on_durable;
    req->write = (struct table_write){
        .store = store,
        .arena = req->arena,
        .changes = changes,
        .count = count,
        .records = records,
        .record_count = record_count,
        .decide = decide,
        .settle = settle,
        .refused = refused,
        .done = on_done,
        .ctx = req,
        .hash_key = catalog_hash_key(req->api->catalog),
        .may_wait = req->may_wait,
        .images_bytes_max = REQ_LOOP_BYTES_MAX,
        .kicks_later = on_loop,
    };
    err = table_write(&req->write);
    if (err == ERR_PENDING && on_loop)
        kick_soon(loop, store);
    return err == OK ? on_durable(req) : err;
}

/* The last moment at which the exchange is ours for sure: what it holds while it waits is known. */
static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided)
{
    struct req *req = ctx;

    bool fits = http_exchange_hold(req->exchange, req->json_bytes);

    (void)fits; /* if not, those who come after it are refused */
    return req->settle != NULL ? req->settle(req, changes, count, decided)
                               : admission_settle(req, changes, count, decided);
}

/* Texts of contract core-api-data.md 4 and core-api.md 2. */
static enum err refused(void *ctx, unsigned index, enum err err)
{
    struct req *req = ctx;

    req_fail(req, err, "%s",
             err == ERR_VALIDATION ? "Item size has exceeded the maximum allowed size"
                                   : "Collection size exceeded");
    return req->on_refused != NULL ? req->on_refused(req, index, err) : err;
}

static void on_done(void *ctx, enum err err)
{
    struct req *req = ctx;

    req->outcome = err == OK ? req->write.decided : err;
    loop_post(http_exchange_loop(req->exchange), &req->durable);
}

static void run_kick(struct loop_task *task)
{
    if (loop_had_events(round_kick.loop) && round_kick.rounds < KICK_ROUNDS_MAX) {
        round_kick.rounds++;
        loop_post(round_kick.loop, task);
        return;
    }
    round_kick.rounds = 0;
    store_kick(round_kick.store);
}

static void kick_soon(struct loop *loop, struct store *store)
{
    if (round_kick.rounds != 0)
        return;
    round_kick =
        (struct round_kick){.task.run = run_kick, .loop = loop, .store = store, .rounds = 1};
    loop_post(loop, &round_kick.task);
}
