/* item_write.c - single writes. */
#include "api/item_write.h"

enum err item_write_check_returns(struct req *req)
{
    struct bytes returns = item_params_return_values(req->input);

    if (bytes_equal_string(returns, "NONE") || bytes_equal_string(returns, "ALL_OLD"))
        return OK;
    return fault_set_wrapped(&req->fault, ERR_VALIDATION,
                             "ReturnValues can only be ALL_OLD or NONE");
}

enum err item_write_submit(struct req *req, struct item_write *write, struct table *table,
                           struct value attributes, table_decide_fn *decide,
                           req_step_fn *on_durable)
{
    write->change = (struct table_change){
        .table = table,
        .key = item_params_storage_key(req, table, attributes),
    };
    return req_write(req, &write->change, 1, decide, on_durable);
}

enum err item_write_check_condition(struct req *req, const struct item_write *write)
{
    const struct expr_condition *condition = write->expressions.condition;
    const struct table_change *change = &write->change;
    struct bytes wanted = BYTES("NONE");
    struct buf members;
    enum err err;

    if (condition == NULL || expr_condition_holds(condition, change->old.attributes))
        return OK;
    err = req_fail(req, ERR_CONDITIONAL_CHECK_FAILED, "The conditional request failed");
    input_string(req->input, "ReturnValuesOnConditionCheckFailure", &wanted);
    if (bytes_equal_string(wanted, "ALL_OLD") && change->exists) {
        buf_init_arena(&members, req->arena, SIZE_MAX);
        buf_append_lit(&members, "\"Item\":");
        value_map_append_json(&members, change->old.attributes);
        req->fault_members = buf_finish_arena(&members);
    }
    return err;
}

enum err item_write_reply(struct req *req, const struct item_write *write)
{
    const struct table_change *change = &write->change;

    buf_append_byte(req->reply, '{');
    if (change->exists && bytes_equal_string(item_params_return_values(req->input), "ALL_OLD"))
        reply_item(req->reply, "Attributes", change->old.attributes);
    capacity_append_member(req->reply, capacity_report_of(req->input), write->name.given,
                           capacity_change_units(change));
    buf_append_byte(req->reply, '}');
    return OK;
}
