/* op_update_item.c - UpdateItem: change some attributes of an item, or create it. */
#include "api/item_write.h"
#include "api/reply.h"

static enum err reply(struct req *req);
static void reply_values(struct req *req, const struct item_write_alone *update);

enum err op_update_item(struct req *req)
{
    return item_write_run(req, ITEM_WRITE_UPDATE, reply);
}

static enum err reply(struct req *req)
{
    const struct item_write_alone *update = req->state;

    buf_append_byte(req->reply, '{');
    reply_values(req, update);
    item_write_reply_metrics(req, update);
    buf_append_byte(req->reply, '}');
    return OK;
}

static void reply_values(struct req *req, const struct item_write_alone *update)
{
    struct bytes wanted = item_params_return_values(req->input);
    const struct item_write *write = &update->write;
    const struct expr_update *expression = write->expressions.update;
    const struct table_change *change = &update->change;
    struct value old = change->old.attributes, touched;
    struct value before = change->exists ? old : write->attributes;

    if (bytes_equal_string(wanted, "ALL_OLD") && change->exists)
        reply_item(req->reply, "Attributes", old);
    else if (bytes_equal_string(wanted, "ALL_NEW") && write->exists_after)
        reply_item(req->reply, "Attributes", write->after);
    else if (bytes_equal_string(wanted, "UPDATED_OLD") && expression != NULL &&
             expr_update_touched_old(expression, old, req->arena, &touched))
        reply_item(req->reply, "Attributes", touched);
    else if (bytes_equal_string(wanted, "UPDATED_NEW") && expression != NULL &&
             write->exists_after &&
             expr_update_touched_new(expression, before, req->arena, &touched))
        reply_item(req->reply, "Attributes", touched);
}
