/* item_write.h - what PutItem, UpdateItem and DeleteItem share: one item, one condition, one reply.
 * Source: contract core-api-items.md 2, 4, 5.
 */
#pragma once

#include "api/item_params.h"

struct item_write {
    struct input_table name;
    struct expr_set expressions;
    struct table_change change;
};

/* ReturnValues as PutItem and DeleteItem take it: ALL_OLD or NONE. */
enum err item_write_check_returns(struct req *req) MUST_CHECK;

/* Writes the item whose key is among `attributes`, which were checked. What req_write returns. */
enum err item_write_submit(struct req *req, struct item_write *write, struct table *table,
                           struct value attributes, table_decide_fn *decide,
                           req_step_fn *on_durable) MUST_CHECK;

/* For decide functions: ERR_CONDITIONAL_CHECK_FAILED if the request's condition does not hold for
 * the stored item, with that item in the error if the request wants it. */
enum err item_write_check_condition(struct req *req, const struct item_write *write) MUST_CHECK;

/* The reply of PutItem and DeleteItem: the old item if it is wanted, and the capacity. */
enum err item_write_reply(struct req *req, const struct item_write *write) MUST_CHECK;
