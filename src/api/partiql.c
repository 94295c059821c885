/* partiql.c - statements of requests, and the keys they name. */
#include "api/partiql.h"

static enum err check_statement(struct req *req, const struct partiql_statement *statement);

bool partiql_is_operation(const struct op *op)
{
    return op->id == OP_ID_ExecuteStatement || op->id == OP_ID_BatchExecuteStatement ||
           op->id == OP_ID_ExecuteTransaction;
}

static bool may_write(yyjson_val *in)
{
    struct bytes text = {0};

    return input_string(in, "Statement", &text) && !partiql_begins_select(text);
}

bool partiql_writes(yyjson_val *input)
{
    yyjson_val *list = input_member(input, "Statements"), *in;
    yyjson_arr_iter all;

    if (list == NULL)
        list = input_member(input, "TransactStatements");
    yyjson_arr_iter_init(list, &all);
    while ((in = yyjson_arr_iter_next(&all)) != NULL)
        if (may_write(in))
            return true;
    return may_write(input);
}

enum err partiql_read(struct req *req, yyjson_val *in, struct partiql_request *request)
{
    struct partiql_statement *statement;
    struct bytes text = {0};
    enum err err;

    request->in = in;
    input_string(in, "Statement", &text);
    err = partiql_parse(text, input_member(in, "Parameters"), req->arena, &req->fault, &statement);
    if (err != OK)
        return err;
    request->statement = statement;
    err = check_statement(req, statement);
    if (err == OK)
        err = input_table(statement->table, &req->place, &req->fault, &request->name);
    return err;
}

/* The second text is (unverified). */
static enum err check_statement(struct req *req, const struct partiql_statement *statement)
{
    static const char *const others[] = {
        [PARTIQL_RETURNS_ALL_NEW] = "ALL NEW",
        [PARTIQL_RETURNS_MODIFIED_OLD] = "MODIFIED OLD",
        [PARTIQL_RETURNS_MODIFIED_NEW] = "MODIFIED NEW",
    };

    if (statement->kind == PARTIQL_DELETE && statement->returning != PARTIQL_RETURNS_NOTHING &&
        statement->returning != PARTIQL_RETURNS_ALL_OLD)
        return req_fail(req, ERR_VALIDATION,
                        "Invalid returning clause: RETURNING %s *. Only RETURNING ALL OLD * is "
                        "allowed in DELETE statements.",
                        others[statement->returning]);
    if (statement->index.size != 0 && statement->kind != PARTIQL_SELECT &&
        statement->kind != PARTIQL_EXISTS)
        return req_fail(req, ERR_VALIDATION,
                        "An index cannot be specified in an UPDATE or DELETE statement");
    return OK;
}

/* By "=" alone; an IN of one value does not count. */
static bool equals(struct req *req, const struct partiql_statement *statement,
                   struct bytes attribute, struct value *value)
{
    const struct expr_key_condition *conditions;
    unsigned count = partiql_key_ranges(statement->where, attribute, req->arena, &conditions);

    for (unsigned i = 0; i < count; i++) {
        if (conditions[i].operator!= EXPR_KEY_EQ)
            continue;
        *value = conditions[i].operands[0];
        return true;
    }
    return false;
}

bool partiql_key(struct req *req, const struct partiql_statement *statement,
                 const struct key_schema *schema, struct value *key)
{
    struct value parts[KEY_ATTRIBUTES_MAX];
    unsigned order[KEY_ATTRIBUTES_MAX], count = key_schema_count(schema);
    struct value_builder builder;
    struct buf out;

    for (unsigned i = 0; i < count; i++) {
        unsigned place = i;

        if (!equals(req, statement, schema->attributes[i].name, &parts[i]))
            return false;
        for (; place > 0 && bytes_compare(schema->attributes[order[place - 1]].name,
                                          schema->attributes[i].name) > 0;
             place--)
            order[place] = order[place - 1];
        order[place] = i;
    }
    buf_init_arena(&out, req->arena, SIZE_MAX);
    value_build_begin_payload(&builder, &out, VALUE_M);
    for (unsigned i = 0; i < count; i++)
        value_build_entry(&builder, schema->attributes[order[i]].name, parts[order[i]]);
    value_build_end(&builder);
    *key = (struct value){VALUE_M, buf_finish_arena(&out)};
    return true;
}

/* The contract has no words for it; these are DynamoDB Local's. */
enum err partiql_refuse_key_type(struct req *req, struct bytes attribute)
{
    return req_fail(req, ERR_VALIDATION,
                    "Key attribute's data type should match its data type in table's schema: "
                    "Key %.*s",
                    BYTES_ARGS(attribute));
}

enum err partiql_check_key_types(struct req *req, const struct key_schema *schema, struct value key)
{
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        struct value value;

        if (value_find(key, schema->attributes[i].name, &value) &&
            value.type != schema->attributes[i].type)
            return partiql_refuse_key_type(req, schema->attributes[i].name);
    }
    return OK;
}

enum err partiql_read_check(struct req *req, const struct partiql_request *request,
                            const struct table *table, struct value key)
{
    const struct expr_set set = {.projection = request->statement->projection,
                                 .filter = request->statement->where};
    enum err err = partiql_check_key_types(req, &table->definition.schema, key);

    if (err == OK)
        err = key_check_key(&table->definition.schema, key, &req->fault);
    return err == OK ? item_params_check_key_paths(req, &set, table) : err;
}

bool partiql_row(struct req *req, const struct partiql_statement *statement,
                 struct value attributes, struct value whole, struct value *row)
{
    if (value_count(attributes) == 0) /* an item has its keys at least */
        return false;
    if (statement->where != NULL && !expr_condition_holds(statement->where, attributes))
        return false;
    *row = statement->projection != NULL ? expr_project(statement->projection, whole, req->arena)
                                         : whole;
    return true;
}
