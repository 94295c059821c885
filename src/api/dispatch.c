/* dispatch.c - from an HTTP exchange to a handler and back.
 * The order of the checks is the contract's (core-api.md 1.3): method, content type, JSON, target,
 * authentication, types, constraints, and only then the operation's own rules.
 */
#include "api/api.h"
#include "api/partiql.h"
#include "api/req.h"
#include "api/test_clock.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "base/rng.h"
#include "json/json_write.h"
#include "table/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REQUEST_ID_CHARS 52

/* Where what a worker decoded goes on after its turn: on a worker again, where it may wait. */
_Static_assert(HTTP_DECODED_BYTES_MAX >= REQ_LOOP_BYTES_MAX, "a coded body is a worker's");

/* 404 for what is no request of ours; exact to the byte, clients compare its checksum. */
static const char not_ours[] = "<UnknownOperationException/>\n";

static const struct {
    req_step_fn *run;
    bool changes; /* the catalog */
} handlers[OP_COUNT] = {
#define OP(name, handler, service, access, input, summary) [OP_ID_##name] = {op_##handler, false},
#define OP_CHANGE(name, handler, service, access, input, summary) \
    [OP_ID_##name] = {op_##handler, true},
#include "api/ops.def"
};

static bool answer_plainly(struct api *api, struct http_exchange *exchange);
static void answer_preflight(struct http_exchange *exchange);
static bool content_type_is_ours(const struct http_request *request);
static void add_common_headers(struct http_exchange *exchange);
static enum err take_turn(struct req *req);
static bool writes(const struct req *req);
static void come_to_turn(struct turn *turn);
static void begin_turn(struct loop_task *task);
static void begin(struct req *req);
static void run_on_loop(struct req *req);
static void run_on_worker(struct worker_task *task);
static void come_back(struct loop_task *task);
static void become_durable(struct loop_task *task);
static enum err run(struct req *req);
static enum err run_change(struct req *req);
static enum err read_request(struct req *req);
static void start_over(struct req *req);
static void send_to_worker(struct req *req);
static enum err submit(struct req *req);
static void finish(struct req *req, enum err err);
static void compress_on_worker(struct worker_task *task);
static void send_compressed(struct loop_task *task);
static void write_error(struct req *req, enum err err);

void api_handle(void *ctx, struct http_exchange *exchange)
{
    struct api *api = ctx;
    struct req *req;
    enum err err;

    if (test_clock_answer(api, exchange) || answer_plainly(api, exchange))
        return;
    req = arena_new(http_exchange_arena(exchange), struct req);
    req->api = api;
    req->exchange = exchange;
    req->arena = http_exchange_arena(exchange);
    req->reply = http_exchange_body(exchange);
    req->work.run = run_on_worker;
    req->back.run = come_back;
    req->durable.run = become_durable;
    fault_init(&req->fault, req->arena);
    add_common_headers(exchange);
    err = take_turn(req);
    if (err == OK)
        begin(req);
    else if (err != ERR_PENDING)
        finish(req, err);
}

/* --- what is no request of the API ------------------------------------------------------------ */

static bool answer_plainly(struct api *api, struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    struct buf *body = http_exchange_body(exchange);

    if (http_request_header(request, "Origin") != NULL)
        http_exchange_add_header(exchange, "Access-Control-Allow-Origin", BYTES("*"));
    if (bytes_equal_string(request->method, "OPTIONS") &&
        http_request_header(request, "Origin") != NULL) {
        answer_preflight(exchange);
        return true;
    }
    if (bytes_equal_string(request->method, "GET")) {
        add_common_headers(exchange);
        buf_append_format(body, "healthy: dynamodb.%.*s.amazonaws.com ", BYTES_ARGS(api->region));
        http_exchange_send(exchange, 200);
        return true;
    }
    if (!bytes_equal_string(request->method, "POST") || !bytes_equal_string(request->path, "/") ||
        (request->body_sent.size != 0 && !content_type_is_ours(request))) {
        add_common_headers(exchange);
        buf_append_string(body, not_ours);
        http_exchange_send(exchange, 404);
        return true;
    }
    return false;
}

static void answer_preflight(struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    const struct bytes *headers = http_request_header(request, "Access-Control-Request-Headers");
    const struct bytes *method = http_request_header(request, "Access-Control-Request-Method");

    add_common_headers(exchange);
    http_exchange_add_header(exchange, "Access-Control-Max-Age", BYTES("172800"));
    if (headers != NULL)
        http_exchange_add_header(exchange, "Access-Control-Allow-Headers", *headers);
    if (method != NULL)
        http_exchange_add_header(exchange, "Access-Control-Allow-Methods", *method);
    http_exchange_send(exchange, 200);
}

static bool media_type_is(struct bytes header, const char *type)
{
    size_t size = strlen(type);

    return header.size >= size && strncasecmp((const char *)header.data, type, size) == 0 &&
           (header.size == size || header.data[size] == ';' || header.data[size] == ' ');
}

static bool content_type_is_ours(const struct http_request *request)
{
    const struct bytes *type = http_request_header(request, "Content-Type");

    return type != NULL && (media_type_is(*type, "application/x-amz-json-1.0") ||
                            media_type_is(*type, "application/json"));
}

static void add_common_headers(struct http_exchange *exchange)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const struct http_request *request = http_exchange_request(exchange);
    const struct bytes *type = http_request_header(request, "Content-Type");
    char *id = arena_alloc(http_exchange_arena(exchange), REQUEST_ID_CHARS);

    for (unsigned i = 0; i < REQUEST_ID_CHARS;) {
        uint64_t fraction = rng_fast(); /* of 1: its digits come off the front */

        for (unsigned digit = 0; digit < 12 && i < REQUEST_ID_CHARS; digit++) {
            unsigned __int128 product = (unsigned __int128)fraction * 36;

            id[i++] = alphabet[(uint64_t)(product >> 64)];
            fraction = (uint64_t)product;
        }
    }
    http_exchange_add_header(exchange, "x-amzn-RequestId", bytes_make(id, REQUEST_ID_CHARS));
    if (type != NULL && media_type_is(*type, "application/x-amz-json-1.0"))
        http_exchange_add_header(exchange, "Content-Type", BYTES("application/x-amz-json-1.0"));
    else
        http_exchange_add_header(exchange, "Content-Type", BYTES("application/json"));
}

/* --- running ---------------------------------------------------------------------------------- */

/* Before it is parsed, while it holds the least; or afterwards, if only that tells what it is. What
 * waits then is counted with all it holds. */
static enum err take_turn(struct req *req)
{
    const struct http_request *request = http_exchange_request(req->exchange);

    if (request->body.size < TURNS_WRITE_BYTES_MIN || req->turn.bytes != 0 || !writes(req))
        return OK;
    if (req->parsed && !http_exchange_hold(req->exchange, req->json_bytes))
        return ERR_BUSY;
    req->turn.bytes = request->body.size;
    req->turn.begin = come_to_turn;
    return turns_take(req->api->turns, &req->turn);
}

/* As far as it is known: a coded body has no size before it is decoded, statements must be parsed.
 * Changes of the catalog wait for each other, so they take no turn. */
static bool writes(const struct req *req)
{
    const struct http_request *request = http_exchange_request(req->exchange);
    const struct bytes *target = http_request_header(request, "X-Amz-Target");
    const struct op *op = target != NULL ? op_find(*target) : NULL;

    if (op == NULL || op->access != ACCESS_WRITE || handlers[op->id].changes)
        return false;
    if (!partiql_is_operation(op))
        return true;
    return req->parsed && partiql_writes(req->input);
}

/* On a thread that ended another turn. */
static void come_to_turn(struct turn *turn)
{
    struct req *req = CONTAINER_OF(turn, struct req, turn);

    req->back.run = begin_turn;
    loop_post(http_exchange_loop(req->exchange), &req->back);
}

static void begin_turn(struct loop_task *task)
{
    struct req *req = CONTAINER_OF(task, struct req, back);

    req->back.run = come_back;
    begin(req);
}

static void begin(struct req *req)
{
    const struct http_request *request = http_exchange_request(req->exchange);

    if (request->body_coded || request->body.size > REQ_LOOP_BYTES_MAX)
        send_to_worker(req);
    else
        run_on_loop(req);
}

static void run_on_loop(struct req *req)
{
    enum err err = run(req);

    if (err == ERR_PENDING)
        return; /* and perhaps finished already */
    if (err == ERR_WOULD_BLOCK) {
        start_over(req);
        send_to_worker(req);
        return;
    }
    finish(req, err);
}

static void send_to_worker(struct req *req)
{
    if (submit(req) != OK)
        finish(req, ERR_BUSY);
}

static enum err submit(struct req *req)
{
    req->may_wait = true;
    req->may_change = req->changes;
    return worker_pool_submit(req->changes ? req->api->changers : req->api->workers, &req->work);
}

static void run_on_worker(struct worker_task *task)
{
    struct req *req = CONTAINER_OF(task, struct req, work);
    enum err err = run(req);

    if (err == ERR_PENDING)
        return;
    if (err == ERR_WOULD_BLOCK) { /* of a large request, which a worker read */
        ASSERT(req->changes && !req->may_change);
        start_over(req);
        err = submit(req);
        if (err == OK)
            return;
    }
    req->outcome = err;
    loop_post(http_exchange_loop(req->exchange), &req->back);
}

static void come_back(struct loop_task *task)
{
    struct req *req = CONTAINER_OF(task, struct req, back);

    finish(req, req->outcome);
}

static void become_durable(struct loop_task *task)
{
    struct req *req = CONTAINER_OF(task, struct req, durable);
    enum err err = req->outcome;

    if (err == OK)
        err = req->on_durable(req);
    finish(req, err);
}

static enum err run(struct req *req)
{
    if (!req->parsed) {
        enum err err = read_request(req);

        if (err != OK)
            return err;
        req->parsed = true;
        err = take_turn(req);
        if (err != OK)
            return err;
    }
    return handlers[req->op->id].changes ? run_change(req) : handlers[req->op->id].run(req);
}

/* A change waits for its commit, and for the changes before it: on the thread for that. */
static enum err run_change(struct req *req)
{
    struct catalog *catalog = req->api->catalog;
    enum err err;

    if (!req->may_change) {
        req->changes = true;
        return ERR_WOULD_BLOCK;
    }
    catalog_change_begin(catalog);
    err = handlers[req->op->id].run(req);
    catalog_change_end(catalog);
    return err;
}

static enum err read_request(struct req *req)
{
    const struct http_request *request = http_exchange_request(req->exchange);
    const struct bytes *target = http_request_header(request, "X-Amz-Target");
    enum err err = OK;

    if (request->body_coded)
        err = http_exchange_decode(req->exchange);
    if (err != OK)
        return err;
    if (request->body_undecodable)
        return ERR_SERIALIZATION;
    if (request->body.size != 0)
        err = req_json_parse(req);
    if (err != OK)
        return err;
    if (target != NULL)
        req->op = op_find(*target);
    if (req->op == NULL)
        return ERR_UNKNOWN_OPERATION;
    err = auth_request(req->api->auth, request, clock_wall_ms(), req->arena, &req->fault,
                       &req->caller);
    if (err != OK)
        return err;
    if (req->input == NULL)
        return ERR_SERIALIZATION;
    req->place = (struct input_place){
        .partition = BYTES("aws"),
        .region = req->caller.region.size != 0 ? req->caller.region : req->api->region,
        .account = req->api->account,
    };
    err = input_check(req->op, req->input, &req->fault);
    /* Known, and checked as such, but not served yet: clients are told as of any unknown one. */
    return err == OK && !req->op->served ? ERR_UNKNOWN_OPERATION : err;
}

static void release_tables(struct req *req)
{
    while (req->table_count > 0)
        table_release(&req->tables[--req->table_count]);
}

/* Back to where the handler begins. What it put into the arena stays until the reply. */
static void start_over(struct req *req)
{
    release_tables(req);
    buf_reset(req->reply, SIZE_MAX);
    fault_init(&req->fault, req->arena);
    req->fault_members = (struct bytes){0};
    req->state = NULL;
    req->asked_ns = 0;
    req->settle = NULL;
}

/* --- replying --------------------------------------------------------------------------------- */

static void finish(struct req *req, enum err err)
{
    const struct http_request *request = http_exchange_request(req->exchange);

    ASSERT(err != ERR_PENDING && err != ERR_WOULD_BLOCK);
    if (err == ERR_TOO_LARGE && request->body_coded) {
        turns_end(req->api->turns, &req->turn);
        http_exchange_refuse(req->exchange, 413); /* as any body of that size */
        return;
    }
    if (err == OK && req->reply->overflowed)
        err = ERR_TOO_LARGE;
    req->status = 200;
    if (err != OK) {
        write_error(req, err);
        req->status = (unsigned)err_row(req->fault.err)->status;
    }
    release_tables(req);
    req_json_free(req);
    turns_end(req->api->turns, &req->turn);
    if (req->reply->size > REQ_LOOP_BYTES_MAX && http_exchange_compresses(req->exchange)) {
        req->work.run = compress_on_worker;
        req->back.run = send_compressed;
        if (worker_pool_submit(req->api->workers, &req->work) == OK)
            return;
    }
    http_exchange_send(req->exchange, req->status);
}

static void compress_on_worker(struct worker_task *task)
{
    struct req *req = CONTAINER_OF(task, struct req, work);

    http_exchange_compress(req->exchange);
    loop_post(http_exchange_loop(req->exchange), &req->back);
}

static void send_compressed(struct loop_task *task)
{
    struct req *req = CONTAINER_OF(task, struct req, back);

    http_exchange_send(req->exchange, req->status);
}

/* Internal errors become the service's own: retriable ones when trying again may help. */
static void settle_fault(struct req *req, enum err err)
{
    if (err_row(err)->type[0] != 0) {
        if (req->fault.err != err) { /* an error without a text of its own */
            fault_set_bytes(&req->fault, err, BYTES(""));
            req->fault_members = (struct bytes){0};
        }
        return;
    }
    if (err == ERR_BUSY) {
        req_fail(req, ERR_UNAVAILABLE, "The service is busy. Please try again.");
        return;
    }
    if (err != ERR_NO_SPACE) /* which the store has logged once, not for each request */
        LOG(ERROR, "a request failed", log_string("error", err_name(err)),
            log_bytes("operation", req->op != NULL ? req->op->name : BYTES("")));
    req_fail(req, ERR_INTERNAL,
             "The request processing has failed because of an unknown error, exception or "
             "failure.");
}

/* Contract core-api.md 1.6, "The envelope": what two operations put in front of some messages. */
static struct bytes envelope(struct req *req)
{
    bool wraps =
        req->op != NULL && (req->op->id == OP_ID_PutItem || req->op->id == OP_ID_UpdateItem);

    if (!wraps || !req->fault.wrapped)
        return req->fault.message;
    return arena_format(req->arena, "1 validation error detected: %.*s",
                        BYTES_ARGS(req->fault.message));
}

static void write_error(struct req *req, enum err err)
{
    const struct err_row *row;

    settle_fault(req, err);
    row = err_row(req->fault.err);
    buf_reset(req->reply, SIZE_MAX);
    buf_append_lit(req->reply, "{\"__type\":\"");
    buf_append_string(req->reply, row->type);
    buf_append_byte(req->reply, '"');
    if (req->fault_members.size != 0) {
        buf_append_byte(req->reply, ',');
        buf_append_bytes(req->reply, req->fault_members);
    }
    if (row->member[0] != 0 && req->fault.message.size != 0) {
        buf_append_lit(req->reply, ",\"");
        buf_append_string(req->reply, row->member);
        buf_append_lit(req->reply, "\":");
        json_append_string(req->reply, envelope(req));
    }
    buf_append_byte(req->reply, '}');
}
