/* transact_write.h - the writing part of a transaction, once its actions are read and found:
 * TransactWriteItems and ExecuteTransaction differ in how one action is decided, and in replies.
 * All actions are decided under one hold, so that conditions see one state and other writers wait
 * for microseconds: there are no conflicts to report. With a client's token the outcome leaves a
 * record in the same mutation, by which the same request is known when it comes again.
 * Order:  transact_write_name, then transact_token_begin if there is a token, transact_write_run.
 * Source: contract core-api-items.md 10.1, core-api-partiql.md 6.
 */
#pragma once

#include "api/item_write.h"
#include "api/transact_token.h"

struct transact_write;

/* Decides the action `index`, pure like any table_decide_fn. */
typedef enum err transact_decide_fn(struct req *req, struct transact_write *transact,
                                    unsigned index, struct table_change *change);

/* Is the request's state (req->state) from transact_write_run on. */
struct transact_write {
    unsigned count;
    struct transact_action *actions;
    struct item_write *writes; /* one per action */
    transact_decide_fn *decide;
    struct transact_token token;
    /* transact_write_name fills in */
    unsigned change_count; /* actions that mean an item */
    struct table_change *changes;
    unsigned *change_actions; /* which action a change belongs to */
};

/* Gives each action that means an item its change. */
void transact_write_name(struct transact_write *transact, struct arena *arena);
/* What req_write_with says; `reply` writes the reply of what happened, now or before. */
enum err transact_write_run(struct req *req, struct transact_write *transact,
                            req_step_fn *reply) MUST_CHECK;
/* Member ConsumedCapacity of that reply. */
void transact_write_append_capacity(struct req *req, const struct transact_write *transact);
