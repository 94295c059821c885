/* op_transact_write_items.c - TransactWriteItems: up to 100 writes and checks, all or none.
 * All actions are decided under one hold, so that conditions see one state and other writers wait
 * for microseconds: there are no conflicts to report. With a client's token the outcome leaves a
 * record in the same mutation, by which the same request is known when it comes again.
 */
#include "api/admission.h"
#include "api/item_write.h"
#include "api/transact.h"
#include "api/transact_token.h"

#include <stdlib.h>

_Static_assert(TRANSACT_ACTIONS_MAX + TABLE_TOKEN_KEYS <= STORE_KEYS_PER_HOLD_MAX,
               "a transaction fits a hold");

struct transaction {
    unsigned count;
    struct transact_action *actions;
    struct item_write *writes; /* one per action */
    unsigned change_count;     /* actions that mean an item */
    struct table_change *changes;
    unsigned *change_actions; /* which action a change belongs to */
    struct collections collections;
    struct transact_token token;
};

static enum err read_actions(struct req *req, struct transaction *t, yyjson_val *items);
static enum err check_action(struct req *req, void *ctx, unsigned index);
static void name_changes(struct transaction *t, struct arena *arena);
static enum err note_collections(struct req *req, struct transaction *t);
static enum err read_token(struct req *req, struct transaction *t);
static enum err append_content(struct req *req, const struct transaction *t, unsigned index,
                               struct buf *content);
static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided);
static enum err refuse(void *ctx, unsigned index, enum err err);
static enum err reply(struct req *req);

enum err op_transact_write_items(struct req *req)
{
    struct transaction *t = arena_new(req->arena, struct transaction);
    yyjson_val *items = input_member(req->input, "TransactItems");
    enum err err;

    req->state = t;
    t->count = (unsigned)yyjson_arr_size(items);
    t->actions = arena_new_array(req->arena, struct transact_action, t->count);
    t->writes = arena_new_array(req->arena, struct item_write, t->count);
    err = read_actions(req, t, items);
    if (err == OK)
        err = transact_find_items(req, t->actions, t->count, check_action, t);
    if (err != OK)
        return err;
    name_changes(t, req->arena);
    err = note_collections(req, t);
    if (err == OK)
        err = read_token(req, t);
    if (err != OK)
        return err;
    if (t->change_count + t->token.record_count == 0) /* no action means an item */
        return transact_outcome(req, t->actions, t->count);
    req->settle = settle;
    req->on_refused = refuse;
    return req_write_with(req, t->changes, t->change_count, t->token.records, t->token.record_count,
                          decide, reply);
}

/* The one member that an action has. False: none, or several. */
static bool read_kind(yyjson_val *json, enum item_write_kind *kind, yyjson_val **in)
{
    static const struct {
        const char *member;
        enum item_write_kind kind;
    } kinds[] = {
        {"ConditionCheck", ITEM_WRITE_CHECK},
        {"Put", ITEM_WRITE_PUT},
        {"Delete", ITEM_WRITE_DELETE},
        {"Update", ITEM_WRITE_UPDATE},
    };
    unsigned found = 0;

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        yyjson_val *member = input_member(json, kinds[i].member);

        if (member == NULL)
            continue;
        *kind = kinds[i].kind;
        *in = member;
        found++;
    }
    return found == 1;
}

static enum err read_actions(struct req *req, struct transaction *t, yyjson_val *items)
{
    yyjson_arr_iter all;
    yyjson_val *json;
    unsigned index = 0;

    yyjson_arr_iter_init(items, &all);
    while ((json = yyjson_arr_iter_next(&all)) != NULL) {
        struct item_write *write = &t->writes[index++];

        if (!read_kind(json, &write->kind, &write->in))
            return req_fail(req, ERR_VALIDATION,
                            "TransactItems can only contain one of Check, Put, Update or Delete");
    }
    for (unsigned i = 0; i < t->count; i++) {
        struct transact_action *action = &t->actions[i];
        struct item_write *write = &t->writes[i];
        enum err err = item_write_read(req, write->in, write->kind, true, write);

        if (err != OK)
            return err;
        action->name = write->name;
        action->attributes = write->attributes;
    }
    return OK;
}

static enum err check_action(struct req *req, void *ctx, unsigned index)
{
    struct transaction *t = ctx;

    return item_write_check(req, &t->writes[index], t->actions[index].table);
}

static void name_changes(struct transaction *t, struct arena *arena)
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

/* Of what is written: a check changes nothing. */
static enum err note_collections(struct req *req, struct transaction *t)
{
    enum err err = OK;

    for (unsigned i = 0; i < t->change_count && err == OK; i++) {
        const struct transact_action *action = &t->actions[t->change_actions[i]];

        if (t->writes[t->change_actions[i]].kind != ITEM_WRITE_CHECK)
            err = collections_note(req, &t->collections, t->count, action->name.given,
                                   action->table, action->key, action->attributes);
    }
    return err;
}

/* --- tokens ---------------------------------------------------------------------------------- */

static enum err read_token(struct req *req, struct transaction *t)
{
    struct buf content;
    enum err err = OK;

    if (input_member(req->input, "ClientRequestToken") == NULL)
        return OK;
    buf_init(&content, SIZE_MAX);
    for (unsigned i = 0; i < t->count && err == OK; i++)
        err = append_content(req, t, i, &content);
    if (err == OK)
        transact_token_begin(req, buf_bytes(&content), &t->token);
    buf_fini(&content);
    return err;
}

static void append_text(struct buf *content, struct bytes text)
{
    buf_append_varint(content, text.size);
    buf_append_bytes(content, text);
}

struct placeholder {
    struct bytes name;
    struct bytes text;
};

static int compare_placeholders(const void *a, const void *b)
{
    const struct placeholder *x = a, *y = b;
    int order = bytes_compare(x->name, y->name);

    return order != 0 ? order : bytes_compare(x->text, y->text);
}

static void append_names(struct req *req, yyjson_val *names, struct buf *content)
{
    struct placeholder *all =
        arena_new_array(req->arena, struct placeholder, yyjson_obj_size(names));
    yyjson_obj_iter members;
    yyjson_val *name;
    unsigned count = 0;

    yyjson_obj_iter_init(names, &members);
    while ((name = yyjson_obj_iter_next(&members)) != NULL)
        all[count++] =
            (struct placeholder){input_text(name), input_text(yyjson_obj_iter_get_val(name))};
    if (count != 0)
        qsort(all, count, sizeof(all[0]), compare_placeholders);
    buf_append_varint(content, count);
    for (unsigned i = 0; i < count; i++) {
        append_text(content, all[i].name);
        append_text(content, all[i].text);
    }
}

/* All that an action says, the same bytes whatever the order of its JSON members. */
static enum err append_content(struct req *req, const struct transaction *t, unsigned index,
                               struct buf *content)
{
    static const char *const texts[] = {"ConditionExpression", "UpdateExpression",
                                        "ReturnValuesOnConditionCheckFailure"};
    const struct item_write *write = &t->writes[index];
    yyjson_val *values = input_member(write->in, "ExpressionAttributeValues");
    struct value map = {VALUE_M, BYTES("")};
    enum err err;

    if (values != NULL) {
        err = value_map_from_json(values, req->arena, &req->fault, &map);
        if (err != OK)
            return err;
    }
    buf_append_byte(content, (uint8_t)write->kind);
    append_text(content, t->actions[index].table->definition.name);
    append_text(content, write->attributes.payload);
    append_text(content, map.payload);
    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct bytes text = BYTES("");

        input_string(write->in, texts[i], &text);
        append_text(content, text);
    }
    append_names(req, input_member(write->in, "ExpressionAttributeNames"), content);
    return OK;
}

/* --- deciding -------------------------------------------------------------------------------- */

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    struct transaction *t = req->state;
    uint64_t bytes = 0;
    enum err err = transact_token_look(req, &t->token, t->actions, t->count);

    if (err != OK || t->token.repeats)
        return err;
    for (unsigned i = 0; i < count; i++) {
        struct transact_action *action = &t->actions[t->change_actions[i]];
        struct item_write *write = &t->writes[t->change_actions[i]];

        action->failure = OK;
        action->item = BYTES("");
        transact_check_capacity(req, action, TABLE_WRITE);
        if (action->failure != OK)
            continue;
        err = item_write_decide(req, write, &changes[i]);
        changes[i].units = 2 * item_write_used_units(write, &changes[i], err);
        if (err != OK) {
            transact_action_failed(req, action, err);
            continue;
        }
        action->sized_bytes = item_write_sized_bytes(write, &changes[i]);
        bytes += item_write_transact_bytes(write, &changes[i]);
        if (bytes > TRANSACT_BYTES_MAX) /* not later: others wait for the latches */
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
    struct transaction *t = req->state;

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
    struct transaction *t = req->state;

    transact_action_failed(req, &t->actions[t->change_actions[index]], err);
    return transact_outcome(req, t->actions, t->count);
}

static enum err reply(struct req *req)
{
    const struct transaction *t = req->state;

    for (unsigned i = 0; t->token.repeats && i < t->count; i++)
        transact_charge_read(req, &t->actions[i]);
    buf_append_byte(req->reply, '{');
    /* Contract core-api-data.md 5.3: what happened before is only read. */
    transact_append_capacity(req, t->actions, t->count,
                             t->token.repeats ? TRANSACT_READ_UNITS : TRANSACT_WRITE_UNITS);
    collections_append_by_table(req->reply, &t->collections);
    buf_append_byte(req->reply, '}');
    return OK;
}
