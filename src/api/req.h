/* req.h - one API request from its body to its reply.
 * A handler (op_*.c) gets the checked input, does its work in memory and fills the reply. It may be
 * run twice: if something is not in memory it returns ERR_WOULD_BLOCK before it had any effect, and
 * runs again from its start on a worker, where it may wait. A write returns ERR_PENDING and is
 * finished by `on_durable` on the loop, once what it decided cannot be lost any more.
 * Ownership: the exchange's; the arena lives until the reply is sent.
 * Threads:   one at a time: loop, worker, loop.
 */
#pragma once

#include "api/api.h"
#include "api/input.h"
#include "api/ops.h"
#include "api/turns.h"
#include "net/loop.h"
#include "net/worker.h"
#include "table/table.h"
#include "table/table_write.h"

#include <yyjson.h>

/* What a request may parse or read on its loop. More takes long enough to matter to the loop's
 * other requests, so it is a worker's: returning ERR_WOULD_BLOCK moves it there. */
#define REQ_LOOP_BYTES_MAX ((size_t)64 << 10)
#define REQ_LOOP_ITEMS_MAX 256

/* A reply that has become so large gets no further items: JSON may take sixty times what an item
 * counts, and HTTP_REPLY_BYTES_MAX must still hold the last one. */
#define REQ_REPLY_BYTES_ENOUGH ((size_t)32 << 20)

#define REQ_TABLES_MAX 100 /* BatchGetItem names up to 100 */

struct req;
typedef enum err req_step_fn(struct req *req);

struct req {
    struct api *api;
    struct http_exchange *exchange;
    struct arena *arena;
    struct fault fault;
    struct bytes fault_members; /* JSON members of the error besides its message: "Item":{...}, */
    const struct op *op;
    struct auth_caller caller;
    struct input_place place;
    yyjson_doc *doc;
    size_t json_bytes; /* of the document, if it is not in the arena */
    yyjson_val *input;
    struct buf *reply; /* the JSON body; empty: the service replies without one */
    bool may_wait;     /* on a worker */
    bool changes;      /* the catalog: it is the changers' */
    bool may_change;   /* on their thread */
    bool parsed;       /* input is checked: a second run begins with the handler */

    struct table *tables[REQ_TABLES_MAX]; /* held until the reply */
    unsigned table_count;

    uint64_t
        asked_ns; /* when it was asked whether tables have capacity (admission.h); 0: not yet */

    table_settle_fn *settle;      /* of its write; NULL: admission_settle */
    struct table_write write;     /* of a handler that returned ERR_PENDING */
    req_step_fn *on_durable;      /* fills the reply of that write */
    void *state;                  /* the handler's own, for on_durable */
    table_refused_fn *on_refused; /* set before the write; NULL: its error is the request's */

    enum err outcome;         /* on its way back to the loop */
    unsigned status;          /* of the reply, once finished */
    struct worker_task work;  /* to a worker */
    struct loop_task back;    /* to the loop, from a worker */
    struct loop_task durable; /* to the loop, from the committer */
    struct turn turn;         /* of a large write */
};

/* Handlers: enum err op_get_item(struct req *req), one for each OP row. Those of OP_CHANGE rows run
 * where they may wait, between catalog_change_begin and end. */
#define OP(name, handler, service, access, input, summary) req_step_fn op_##handler;
#include "api/ops.def"

/* The body as a document: req->doc and input. ERR_SERIALIZATION, ERR_BUSY: too much for all
 * requests together. It lives until req_json_free, which dispatch calls. */
enum err req_json_parse(struct req *req) MUST_CHECK;
void req_json_free(struct req *req);

/* Sets the error and the client's message; the result is for `return`. */
enum err req_fail(struct req *req, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);

/* The short form of an error's name, which cancelled transactions and batches of statements tell:
 * "ConditionalCheckFailed". "None" for OK. */
const char *req_error_code(enum err err);

/* The request's TableName. Handlers begin with it: contract core-api.md 1.6, "Validation order". */
enum err req_table_name(struct req *req, struct input_table *name) MUST_CHECK;

/* The table of that name, held until the reply. For items: a table that is being created or deleted
 * is not found. */
enum err req_item_table(struct req *req, const struct input_table *name,
                        struct table **table) MUST_CHECK;

/* The table is held until the reply. */
void req_take_table(struct req *req, struct table *table);

/* Of an operation that changes the catalog: a new table or a new state of one (catalog_put), held
 * until the reply. */
enum err req_publish(struct req *req, const struct table_definition *definition,
                     struct table **table) MUST_CHECK;

/* Submits req->write (store, arena, done and ctx are set here; ctx of decide is the request).
 * What table_write returns; when ERR_PENDING, on_durable runs after it on the loop. */
enum err req_write(struct req *req, struct table_change *changes, unsigned count,
                   table_decide_fn *decide, req_step_fn *on_durable) MUST_CHECK;
/* The same with records that are decided upon together with the items. */
enum err req_write_with(struct req *req, struct table_change *changes, unsigned count,
                        struct table_record *records, unsigned record_count,
                        table_decide_fn *decide, req_step_fn *on_durable) MUST_CHECK;
