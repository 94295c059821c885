/* item_write.h - a write of one item, from its parameters to the decision on the stored image.
 * PutItem, UpdateItem and DeleteItem are one each, alone; a transaction has several.
 * Order:  item_write_read, the table, item_write_check; under the door's hold item_write_decide.
 * Source: contract core-api-items.md 2, 4, 5 and 10.1.
 */
#pragma once

#include "api/collection.h"
#include "api/item_params.h"

enum item_write_kind { ITEM_WRITE_PUT, ITEM_WRITE_UPDATE, ITEM_WRITE_DELETE, ITEM_WRITE_CHECK };

struct item_write {
    enum item_write_kind kind;
    bool flat_size; /* an update is measured by the item it makes, and no more */
    yyjson_val *in; /* its parameters */
    struct input_table name;
    struct expr_set expressions;
    struct value attributes; /* the item of a put, the key of the others */
    /* decided: */
    bool exists_after;
    struct value after;   /* the item as it will be */
    uint32_t after_bytes; /* its size, 0 if there will be none */
};

/* What needs no table, in the contract's order: its name, which parameters go together, values, a
 * put's size, expressions. */
enum err item_write_read(struct req *req, yyjson_val *in, enum item_write_kind kind,
                         bool in_transaction, struct item_write *write) MUST_CHECK;

/* What needs the table's schema: key attributes, and what the expressions do to them. */
enum err item_write_check(struct req *req, const struct item_write *write,
                          const struct table *table) MUST_CHECK;

/* Of that, a put's key attributes: the table's, then those of its indexes. */
enum err item_write_check_put(const struct table_definition *table, struct value item,
                              struct fault *fault) MUST_CHECK;

/* Sets the change's action and what is decided. ERR_CONDITIONAL_CHECK_FAILED (with the item among
 * the fault's members if the client wants it), ERR_VALIDATION. May run again with another image. */
enum err item_write_decide(struct req *req, struct item_write *write,
                           struct table_change *change) MUST_CHECK;

/* What its capacity is counted from: the larger image of before and after. */
uint32_t item_write_sized_bytes(const struct item_write *write, const struct table_change *change);
/* What it used of the table, once it is decided: a condition that failed costs too, other errors
 * nothing. */
double item_write_used_units(const struct item_write *write, const struct table_change *change,
                             enum err decided);

/* What it adds to the size of a transaction: what is written, or what was looked at. */
uint32_t item_write_transact_bytes(const struct item_write *write,
                                   const struct table_change *change);

/* --- an operation that is one write ---------------------------------------------------------- */

/* The request's state. */
struct item_write_alone {
    struct item_write write;
    struct table_change change;
    struct collections collections;
};

/* All of it: what req_write returns. */
enum err item_write_run(struct req *req, enum item_write_kind kind,
                        req_step_fn *on_durable) MUST_CHECK;

/* The reply of PutItem and DeleteItem: the old item if it is wanted, and the capacity. */
enum err item_write_reply(struct req *req) MUST_CHECK;
/* Members ConsumedCapacity and ItemCollectionMetrics. */
void item_write_reply_metrics(struct req *req, const struct item_write_alone *alone);
