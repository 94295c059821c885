/* transact.h - what TransactWriteItems and TransactGetItems have in common: each action means one
 * item, no two the same one, and what is wrong with an action cancels them all.
 * Source: contract core-api-items.md 10.
 */
#pragma once

#include "api/item_params.h"
#include "item/item.h"

#define TRANSACT_ACTIONS_MAX 100
#define TRANSACT_BYTES_MAX   ((uint64_t)4 << 20) /* of the items together */
_Static_assert(TRANSACT_ACTIONS_MAX <= REQ_TABLES_MAX, "each action may name its own table");

struct transact_action {
    struct input_table name;
    struct table *table;               /* NULL: there is none */
    struct value attributes;           /* the key attributes, perhaps among others */
    bool puts;                         /* they are an item that is to be stored, not a Key */
    struct bytes key;                  /* storage key; empty if the action means no item */
    uint64_t sized_bytes;              /* the image that its capacity counts */
    const struct table_change *change; /* once it went through the write door */
    /* why it cancels the transaction; OK: it does not */
    enum err failure;
    struct bytes message;
    struct bytes item; /* "Item":{...}, or nothing */
};

/* Checks an action against its table's schema. */
typedef enum err transact_check_fn(struct req *req, void *ctx, unsigned index);

/* Finds each action's table and item, name and attributes being set. A key that is empty, an
 * item that is named twice and an absent table refuse the request; other faults of a key or of what
 * `check` looks at are the action's failure. */
enum err transact_find_items(struct req *req, struct transact_action actions[], unsigned count,
                             transact_check_fn *check, void *ctx) MUST_CHECK;

/* The table of one action; not finding it is no error yet. For those who must know it before they
 * know the key: transact_find_items looks for what was not found. */
enum err transact_find_table(struct req *req, struct transact_action actions[],
                             unsigned index) MUST_CHECK;

/* Makes the request's fault the action's failure: the other actions are still looked at. */
void transact_action_failed(struct req *req, struct transact_action *action, enum err err);

/* A throttled table, or partition, cancels: that is the failure of the actions on it. */
void transact_check_capacity(struct req *req, struct transact_action *action, enum table_way way);
/* So does an index that the action would change. */
void transact_check_indexes(struct req *req, struct transact_action *action,
                            const struct table_change *change);
/* What was read of an action's item, twice as much as by other reads. */
void transact_charge_read(struct req *req, const struct transact_action *action);

/* OK if no action failed, otherwise ERR_TRANSACTION_CANCELED with everyone's reason. */
enum err transact_outcome(struct req *req, const struct transact_action actions[],
                          unsigned count) MUST_CHECK;

/* The items of all actions as of one moment, in the request's arena; absent ones have no
 * attributes. Sizes the actions. ERR_WOULD_BLOCK and the errors of table_read.h; ERR_VALIDATION:
 * too large. */
enum err transact_read_items(struct req *req, struct transact_action actions[], unsigned count,
                             struct item items[]) MUST_CHECK;

/* More than TRANSACT_BYTES_MAX; the result is for `return`. */
enum err transact_too_large(struct req *req);

enum transact_units { TRANSACT_READ_UNITS, TRANSACT_WRITE_UNITS };
/* Member ConsumedCapacity: one object per table, from what the actions sized. */
void transact_append_capacity(struct req *req, const struct transact_action actions[],
                              unsigned count, enum transact_units units);
