/* op_batch_execute_statement.c - BatchExecuteStatement: up to 25 PartiQL statements, all reads or
 * all writes, each of which succeeds or fails alone.
 * Writes go through the write door as one write: those that fail keep their items as they are.
 */
#include "api/admission.h"
#include "api/capacity.h"
#include "api/partiql.h"
#include "api/reply.h"
#include "table/table_read.h"

#define STATEMENTS_MAX 25

struct member {
    struct partiql_request request;
    struct table *table;
    bool checked; /* it runs: until then, what it failed for names no table */
    struct bytes key;
    struct item_write write;
    struct table_change *change; /* NULL: it writes nothing */
    uint32_t read_bytes;
    enum err failure;
    struct bytes message;
};

struct batch {
    struct member members[STATEMENTS_MAX];
    unsigned count;
    bool reads;
    struct table_change changes[STATEMENTS_MAX];
    unsigned change_members[STATEMENTS_MAX];
    unsigned change_count;
};

static enum err read_members(struct req *req, struct batch *batch, yyjson_val *json);
static enum err check_not_mixed(struct req *req, struct batch *batch);
static enum err check_members(struct req *req, struct batch *batch);
static enum err check_member(struct req *req, struct batch *batch, struct member *member);
static enum err find_table(struct req *req, struct batch *batch, struct member *member);
static enum err find_read_key(struct req *req, struct member *member, struct value *key);
static void member_failed(struct req *req, struct member *member, enum err err);
static enum err run_reads(struct req *req, struct batch *batch);
static enum err run_read(struct req *req, struct member *member, uint64_t *bytes);
static double read_units(const struct member *member);
static void charge_reads(struct req *req, const struct batch *batch);
static enum err run_writes(struct req *req, struct batch *batch);
static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided);
static enum err reply_to_writes(struct req *req);
static void begin_response(struct req *req, const struct batch *batch, unsigned index);
static void reply_error(struct req *req, const struct member *member);
static void reply_capacity(struct req *req, const struct batch *batch);
static bool add_capacity(const struct batch *batch, unsigned first, struct capacity *capacity);

enum err op_batch_execute_statement(struct req *req)
{
    struct batch *batch = arena_new(req->arena, struct batch);
    enum err err;

    req->state = batch;
    err = read_members(req, batch, input_member(req->input, "Statements"));
    if (err == OK)
        err = check_not_mixed(req, batch);
    if (err == OK)
        err = check_members(req, batch);
    if (err != OK)
        return err;
    return batch->reads ? run_reads(req, batch) : run_writes(req, batch);
}

static enum err read_members(struct req *req, struct batch *batch, yyjson_val *json)
{
    yyjson_arr_iter all;
    yyjson_val *in;

    yyjson_arr_iter_init(json, &all);
    while ((in = yyjson_arr_iter_next(&all)) != NULL) {
        struct member *member = &batch->members[batch->count++];
        enum err err = partiql_read(req, in, &member->request);

        if (err == OK && member->request.statement->kind == PARTIQL_EXISTS)
            err = req_fail(req, ERR_VALIDATION, PARTIQL_EXISTS_ALONE);
        if (err == OK && !partiql_is_read(&member->request)) {
            err = partiql_write_read(req, &member->request, &member->write);
            member->write.in = NULL; /* a condition that fails shows no item here */
        }
        if (err != OK)
            member_failed(req, member, err);
    }
    return OK;
}

static enum err check_not_mixed(struct req *req, struct batch *batch)
{
    bool reads = false, writes = false;

    for (unsigned i = 0; i < batch->count; i++) {
        const struct member *member = &batch->members[i];

        if (member->request.statement == NULL)
            continue;
        reads |= partiql_is_read(&member->request);
        writes |= !partiql_is_read(&member->request);
    }
    batch->reads = !writes;
    if (reads && writes)
        return req_fail(req, ERR_VALIDATION,
                        "Read and write requests together in the same batch is not supported.");
    return OK;
}

static enum err check_members(struct req *req, struct batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++) {
        struct member *member = &batch->members[i];
        enum err err;

        if (member->failure != OK)
            continue;
        err = check_member(req, batch, member);
        if (err != OK) {
            member_failed(req, member, err);
            continue;
        }
        for (unsigned before = 0; before < i; before++) /* words (unverified) */
            if (bytes_equal(batch->members[before].key, member->key))
                return req_fail(req, ERR_VALIDATION,
                                "Provided list of item keys contains duplicates");
    }
    return OK;
}

static enum err check_member(struct req *req, struct batch *batch, struct member *member)
{
    struct value key;
    enum err err = find_table(req, batch, member);

    if (err == OK && batch->reads)
        err = find_read_key(req, member, &key);
    if (err == OK && batch->reads)
        err = partiql_read_check(req, &member->request, member->table, key);
    if (err == OK && !batch->reads) {
        err = partiql_write_check(req, &member->request, &member->write, member->table);
        key = member->write.attributes;
    }
    if (err != OK)
        return err;
    member->checked = true;
    member->key = item_params_storage_key(req, member->table, key);
    err = admission_check(req,
                          &(struct throttle_place){.table = member->table,
                                                   .way = batch->reads ? TABLE_READ : TABLE_WRITE,
                                                   .key = member->key});
    if (err != OK)
        return err;
    if (!batch->reads) {
        member->change = &batch->changes[batch->change_count];
        *member->change = (struct table_change){.table = member->table, .key = member->key};
        batch->change_members[batch->change_count++] = (unsigned)(member - batch->members);
    }
    return OK;
}

/* Of equal names the first finds it. */
static enum err find_table(struct req *req, struct batch *batch, struct member *member)
{
    for (const struct member *before = batch->members; before < member; before++) {
        if (before->table == NULL ||
            !bytes_equal(before->request.name.name, member->request.name.name))
            continue;
        member->table = before->table;
        return OK;
    }
    return req_item_table(req, &member->request.name, &member->table);
}

static enum err find_read_key(struct req *req, struct member *member, struct value *key)
{
    const struct partiql_statement *statement = member->request.statement;

    if (statement->index.size == 0 &&
        partiql_key(req, statement, &member->table->definition.schema, key))
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    "Select statements within BatchExecuteStatement must specify the primary key "
                    "in the where clause.");
}

static void member_failed(struct req *req, struct member *member, enum err err)
{
    member->failure = err;
    member->message = req->fault.message;
    fault_init(&req->fault, req->arena);
    req->fault_members = (struct bytes){0};
}

/* --- reads ------------------------------------------------------------------------------------ */

static enum err run_reads(struct req *req, struct batch *batch)
{
    uint64_t bytes = 0;

    buf_append_lit(req->reply, "{\"Responses\":[");
    for (unsigned i = 0; i < batch->count; i++) {
        struct member *member = &batch->members[i];
        enum err err = OK;

        begin_response(req, batch, i);
        if (member->failure == OK)
            err = run_read(req, member, &bytes);
        if (err != OK)
            return err;
        reply_error(req, member);
        buf_append_byte(req->reply, '}');
    }
    charge_reads(req, batch);
    buf_append_byte(req->reply, ']');
    reply_capacity(req, batch);
    buf_append_byte(req->reply, '}');
    return OK;
}

static enum err run_read(struct req *req, struct member *member, uint64_t *bytes)
{
    const struct partiql_statement *statement = member->request.statement;
    struct arena_mark mark = arena_mark(req->arena);
    struct item item = item_absent();
    struct value row;
    enum err err;

    if (req->reply->size >= REQ_REPLY_BYTES_ENOUGH) { /* JSON can be that much larger than items */
        (void)!req_fail(req, ERR_REQUEST_LIMIT_EXCEEDED, "The response has become too large");
        member_failed(req, member, ERR_REQUEST_LIMIT_EXCEEDED);
        return OK;
    }
    err = table_get(req->api->store, member->key, req->may_wait, req->arena, &item);
    if (err != OK && err != ERR_ABSENT)
        return err;
    member->read_bytes = item.size_bytes;
    *bytes += item.size_bytes;
    if (*bytes > REQ_LOOP_BYTES_MAX && !req->may_wait)
        return ERR_WOULD_BLOCK;
    if (partiql_row(req, statement, item.attributes, item.attributes, &row))
        reply_item(req->reply, "Item", row);
    arena_release(req->arena, mark);
    return OK;
}

static double read_units(const struct member *member)
{
    return capacity_read_units(member->read_bytes,
                               input_bool(member->request.in, "ConsistentRead", false));
}

/* Not before all were read: until then the request may begin again. */
static void charge_reads(struct req *req, const struct batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++) {
        const struct member *member = &batch->members[i];

        if (member->failure == OK)
            admission_charge(req,
                             &(struct throttle_place){
                                 .table = member->table, .way = TABLE_READ, .key = member->key},
                             read_units(member));
    }
}

/* --- writes ----------------------------------------------------------------------------------- */

static enum err run_writes(struct req *req, struct batch *batch)
{
    if (batch->change_count == 0)
        return reply_to_writes(req);
    req->settle = settle;
    return req_write(req, batch->changes, batch->change_count, decide, reply_to_writes);
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    struct batch *batch = req->state;

    for (unsigned i = 0; i < count; i++) {
        struct member *member = &batch->members[batch->change_members[i]];
        enum err err;

        member->failure = OK;
        err = partiql_write_decide(req, &member->request, &member->write, &changes[i]);
        changes[i].units = item_write_used_units(&member->write, &changes[i], err);
        if (err == OK)
            continue;
        member_failed(req, member, err);
        changes[i].action = TABLE_KEEP;
    }
    return OK;
}

/* What an index does not admit fails alone. */
static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided)
{
    struct req *req = ctx;
    struct batch *batch = req->state;

    for (unsigned i = 0; i < count && decided == OK; i++) {
        enum err err = admission_check_indexes(req, &changes[i]);

        if (err == OK)
            continue;
        member_failed(req, &batch->members[batch->change_members[i]], err);
        admission_leave_out(&changes[i]);
    }
    admission_charge_changes(req, changes, count);
    return decided;
}

static enum err reply_to_writes(struct req *req)
{
    const struct batch *batch = req->state;

    buf_append_lit(req->reply, "{\"Responses\":[");
    for (unsigned i = 0; i < batch->count; i++) {
        const struct member *member = &batch->members[i];
        struct value row;

        begin_response(req, batch, i);
        if (member->failure == OK &&
            partiql_write_row(req, &member->request, &member->write, member->change, &row))
            reply_item(req->reply, "Item", row);
        reply_error(req, member);
        buf_append_byte(req->reply, '}');
    }
    buf_append_byte(req->reply, ']');
    reply_capacity(req, batch);
    buf_append_byte(req->reply, '}');
    return OK;
}

/* --- replies ---------------------------------------------------------------------------------- */

/* What was refused before it ran names no table. */
static void begin_response(struct req *req, const struct batch *batch, unsigned index)
{
    const struct member *member = &batch->members[index];

    buf_append_string(req->reply, index == 0 ? "{" : ",{");
    if (!member->checked)
        return;
    reply_string(req->reply, "TableName", member->request.name.given);
}

static void reply_error(struct req *req, const struct member *member)
{
    if (member->failure == OK)
        return;
    reply_member(req->reply, "Error");
    buf_append_byte(req->reply, '{');
    reply_string(req->reply, "Code", bytes_of_string(req_error_code(member->failure)));
    reply_string(req->reply, "Message", member->message);
    buf_append_byte(req->reply, '}');
}

/* One object for each table of which a statement succeeded; if none did, there is no member. */
static void reply_capacity(struct req *req, const struct batch *batch)
{
    enum capacity_report report = capacity_report_of(req->input);
    bool any = false;

    if (report == CAPACITY_NONE)
        return;
    for (unsigned i = 0; i < batch->count; i++) {
        const struct member *member = &batch->members[i];
        struct capacity capacity = {0};

        if (!add_capacity(batch, i, &capacity))
            continue;
        if (!any)
            reply_member(req->reply, "ConsumedCapacity");
        buf_append_byte(req->reply, any ? ',' : '[');
        capacity_append(req->reply, report, member->request.name.given, member->table, &capacity,
                        NULL);
        any = true;
    }
    if (any)
        buf_append_byte(req->reply, ']');
}

/* Of the table that this member is the first to name; false: it is not, or all failed. */
static bool add_capacity(const struct batch *batch, unsigned first, struct capacity *capacity)
{
    const struct table *table = batch->members[first].table;
    bool succeeded = false;

    for (unsigned i = 0; i < batch->count; i++) {
        const struct member *member = &batch->members[i];

        if (table == NULL || member->table != table || !member->checked)
            continue;
        if (i < first)
            return false;
        succeeded |= member->failure == OK;
        if (batch->reads)
            capacity->table_units += read_units(member);
        else if (member->failure == OK)
            capacity_add_change(capacity, member->change);
        else
            capacity->table_units +=
                capacity_write_units(item_write_sized_bytes(&member->write, member->change));
    }
    return succeeded;
}
