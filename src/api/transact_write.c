/* transact_write.c - the writing part of a transaction. */
#include "api/transact_write.h"

#include "api/admission.h"

_Static_assert(TRANSACT_ACTIONS_MAX + TABLE_TOKEN_KEYS <= STORE_KEYS_PER_HOLD_MAX,
               "a transaction fits a hold");

static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided);
static enum err refuse(void *ctx, unsigned index, enum err err);

void transact_write_name(struct transact_write *t, struct arena *arena)
{
    t->changes = arena_new_array(arena, struct table_change, t->count);
    t->change_actions = arena_new_array(arena, unsigned, t->count);
    for (unsigned i = 0; i < t->count; i++) {
        if (t->actions[i].key.size == 0)
            continue;
        t->changes[t->change_count] =
            (struct table_change){.table = t->actions[i].table, .key = t->actions[i].key};
        t->actions[i].change = &t->changes[t->change_count];
        t->change_actions[t->change_count++] = i;
    }
}

enum err transact_write_run(struct req *req, struct transact_write *t, req_step_fn *reply)
{
    if (t->change_count + t->token.record_count == 0) /* no action means an item */
        return transact_outcome(req, t->actions, t->count);
    req->state = t;
    req->settle = settle;
    req->on_refused = refuse;
    return req_write_with(req, t->changes, t->change_count, t->token.records, t->token.record_count,
                          decide, reply);
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    struct transact_write *t = req->state;
    uint64_t bytes = 0;
    enum err err;

    /* It may be decided again: what was found first may not hold any more. */
    for (unsigned i = 0; i < count; i++) {
        struct transact_action *action = &t->actions[t->change_actions[i]];

        action->failure = OK;
        action->message = action->item = BYTES("");
    }
    err = transact_token_look(req, &t->token, t->actions, t->count);
    if (err != OK || t->token.repeats)
        return err;
    for (unsigned i = 0; i < count; i++) {
        unsigned index = t->change_actions[i];
        struct transact_action *action = &t->actions[index];
        struct item_write *write = &t->writes[index];

        transact_check_capacity(req, action, TABLE_WRITE);
        if (action->failure != OK)
            continue;
        err = t->decide(req, t, index, &changes[i]);
        changes[i].units = 2 * item_write_used_units(write, &changes[i], err);
        if (err != OK) {
            transact_action_failed(req, action, err);
            continue;
        }
        action->sized_bytes = item_write_sized_bytes(write, &changes[i]);
        bytes += item_write_transact_bytes(write, &changes[i]);
        if (bytes > TRANSACT_BYTES_MAX) /* not later: it may be a long way to the end */
            return transact_too_large(req);
    }
    err = transact_outcome(req, t->actions, t->count);
    if (err == OK)
        transact_token_leave(req, &t->token, t->actions, t->count);
    return err;
}

static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided)
{
    struct req *req = ctx;
    struct transact_write *t = req->state;

    for (unsigned i = 0; i < count && decided == OK; i++)
        transact_check_indexes(req, &t->actions[t->change_actions[i]], &changes[i]);
    if (decided == OK) {
        decided = transact_outcome(req, t->actions, t->count);
        if (decided != OK)
            return decided;
    }
    admission_charge_changes(req, changes, count); /* also of conditions that failed */
    return decided;
}

static enum err refuse(void *ctx, unsigned index, enum err err)
{
    struct req *req = ctx;
    struct transact_write *t = req->state;

    transact_action_failed(req, &t->actions[t->change_actions[index]], err);
    return transact_outcome(req, t->actions, t->count);
}

void transact_write_append_capacity(struct req *req, const struct transact_write *t)
{
    /* Contract core-api-data.md 5.3: what happened before is only read. */
    transact_append_capacity(req, t->actions, t->count,
                             t->token.repeats ? TRANSACT_READ_UNITS : TRANSACT_WRITE_UNITS);
}
