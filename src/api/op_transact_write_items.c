/* op_transact_write_items.c - TransactWriteItems: up to 100 writes and checks, all or none.
 */
#include "api/transact_write.h"
#include "base/container.h"

#include <stdlib.h>

struct transaction {
    struct transact_write write;
    struct collections collections;
};

static enum err read_actions(struct req *req, struct transaction *t, yyjson_val *items);
static enum err check_action(struct req *req, void *ctx, unsigned index);
static enum err note_collections(struct req *req, struct transaction *t);
static enum err read_token(struct req *req, struct transaction *t);
static enum err append_content(struct req *req, const struct transaction *t, unsigned index,
                               struct buf *content);
static enum err decide(struct req *req, struct transact_write *transact, unsigned index,
                       struct table_change *change);
static enum err reply(struct req *req);

enum err op_transact_write_items(struct req *req)
{
    struct transaction *t = arena_new(req->arena, struct transaction);
    yyjson_val *items = input_member(req->input, "TransactItems");
    enum err err;

    t->write.decide = decide;
    t->write.count = (unsigned)yyjson_arr_size(items);
    t->write.actions = arena_new_array(req->arena, struct transact_action, t->write.count);
    t->write.writes = arena_new_array(req->arena, struct item_write, t->write.count);
    err = read_actions(req, t, items);
    if (err == OK)
        err = transact_find_items(req, t->write.actions, t->write.count, check_action, t);
    if (err != OK)
        return err;
    transact_write_name(&t->write, req->arena);
    err = note_collections(req, t);
    if (err == OK)
        err = read_token(req, t);
    return err == OK ? transact_write_run(req, &t->write, reply) : err;
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
        struct item_write *write = &t->write.writes[index++];

        if (!read_kind(json, &write->kind, &write->in))
            return req_fail(req, ERR_VALIDATION,
                            "TransactItems can only contain one of Check, Put, Update or Delete");
    }
    for (unsigned i = 0; i < t->write.count; i++) {
        struct transact_action *action = &t->write.actions[i];
        struct item_write *write = &t->write.writes[i];
        enum err err = item_write_read(req, write->in, write->kind, true, write);

        if (err != OK)
            return err;
        action->name = write->name;
        action->attributes = write->attributes;
        action->puts = write->kind == ITEM_WRITE_PUT;
    }
    return OK;
}

static enum err check_action(struct req *req, void *ctx, unsigned index)
{
    struct transaction *t = ctx;

    return item_write_check(req, &t->write.writes[index], t->write.actions[index].table);
}

/* Of what is written: a check changes nothing. */
static enum err note_collections(struct req *req, struct transaction *t)
{
    enum err err = OK;

    for (unsigned i = 0; i < t->write.change_count && err == OK; i++) {
        const struct transact_action *action = &t->write.actions[t->write.change_actions[i]];

        if (t->write.writes[t->write.change_actions[i]].kind != ITEM_WRITE_CHECK)
            err = collections_note(req, &t->collections, t->write.count, action->name.given,
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
    for (unsigned i = 0; i < t->write.count && err == OK; i++)
        err = append_content(req, t, i, &content);
    if (err == OK)
        transact_token_begin(req, buf_bytes(&content), &t->write.token);
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
    const struct item_write *write = &t->write.writes[index];
    yyjson_val *values = input_member(write->in, "ExpressionAttributeValues");
    struct value map = {VALUE_M, BYTES("")};
    enum err err;

    if (values != NULL) {
        err = value_map_from_json(values, req->arena, &req->fault, &map);
        if (err != OK)
            return err;
    }
    buf_append_byte(content, (uint8_t)write->kind);
    append_text(content, t->write.actions[index].table->definition.name);
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

/* --- the outcome ----------------------------------------------------------------------------- */

static enum err decide(struct req *req, struct transact_write *transact, unsigned index,
                       struct table_change *change)
{
    return item_write_decide(req, &transact->writes[index], change);
}

static enum err reply(struct req *req)
{
    const struct transaction *t = CONTAINER_OF(req->state, struct transaction, write);

    for (unsigned i = 0; t->write.token.repeats && i < t->write.count; i++)
        transact_charge_read(req, &t->write.actions[i]);
    buf_append_byte(req->reply, '{');
    transact_write_append_capacity(req, &t->write);
    collections_append_by_table(req->reply, &t->collections);
    buf_append_byte(req->reply, '}');
    return OK;
}
