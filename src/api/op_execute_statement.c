/* op_execute_statement.c - ExecuteStatement: one PartiQL statement. */
#include "api/admission.h"
#include "api/partiql.h"

/* The request's state while it writes. */
struct execution {
    struct partiql_request request;
    struct item_write_alone alone;
};

static enum err run_write(struct req *req, struct execution *execution, struct table *table);
static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err reply(struct req *req);

enum err op_execute_statement(struct req *req)
{
    struct execution *execution = arena_new(req->arena, struct execution);
    struct partiql_request *request = &execution->request;
    struct table *table;
    enum err err;

    if (input_integer(req->input, "Limit", 1) < 1)
        return req_fail(req, ERR_VALIDATION, "Limit must be greater than or equal to 1");
    err = partiql_read(req, req->input, request);
    if (err != OK)
        return err;
    if (request->statement->kind == PARTIQL_EXISTS)
        return req_fail(req, ERR_VALIDATION, PARTIQL_EXISTS_ALONE);
    if (!partiql_is_read(request))
        err = partiql_write_read(req, request, &execution->alone.write);
    if (err == OK)
        err = req_item_table(req, &request->name, &table);
    if (err != OK)
        return err;
    return partiql_is_read(request) ? partiql_select(req, request, table)
                                    : run_write(req, execution, table);
}

static enum err run_write(struct req *req, struct execution *execution, struct table *table)
{
    struct item_write_alone *alone = &execution->alone;
    enum err err = partiql_write_check(req, &execution->request, &alone->write, table);

    if (err != OK)
        return err;
    req->state = execution;
    alone->change = (struct table_change){
        .table = table,
        .key = item_params_storage_key(req, table, alone->write.attributes),
    };
    err = admission_check(req, &(struct throttle_place){
                                   .table = table, .way = TABLE_WRITE, .key = alone->change.key});
    return err == OK ? req_write(req, &alone->change, 1, decide, reply) : err;
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    struct execution *execution = req->state;
    struct item_write *write = &execution->alone.write;
    enum err err = partiql_write_decide(req, &execution->request, write, &changes[0]);

    (void)count;
    changes[0].units = item_write_used_units(write, &changes[0], err);
    return err;
}

static enum err reply(struct req *req)
{
    const struct execution *execution = req->state;
    const struct item_write_alone *alone = &execution->alone;
    struct value row;

    buf_append_lit(req->reply, "{\"Items\":[");
    if (partiql_write_row(req, &execution->request, &alone->write, &alone->change, &row))
        value_map_append_json(req->reply, row);
    buf_append_byte(req->reply, ']');
    item_write_reply_metrics(req, alone);
    buf_append_byte(req->reply, '}');
    return OK;
}
