/* batch.c - the tables of a batch. */
#include "api/batch.h"

#include "api/reply.h"

#include <stdlib.h>

enum err batch_read_names(struct req *req, struct batch_tables *tables)
{
    yyjson_val *items = input_member(req->input, "RequestItems");
    struct input_walk walk = input_walk_begin(items);

    tables->count = 0;
    tables->at = arena_new_array(req->arena, struct batch_table, yyjson_obj_size(items));
    while (input_walk_next(&walk)) {
        struct batch_table *table = &tables->at[tables->count++];
        enum err err = input_table(walk.name, &req->place, &req->fault, &table->name);

        if (err != OK)
            return err;
        table->json = walk.value;
    }
    return OK;
}

enum err batch_find_tables(struct req *req, struct batch_tables *tables)
{
    enum err err = OK;

    for (unsigned i = 0; i < tables->count && err == OK; i++)
        err = req_item_table(req, &tables->at[i].name, &tables->at[i].table);
    return err;
}

void batch_append_json(struct buf *out, yyjson_val *json)
{
    size_t size;
    char *text = yyjson_val_write(json, 0, &size);

    if (text != NULL)
        buf_append(out, text, size);
    free(text);
}

void batch_reply_capacity(struct req *req, const struct batch_tables *tables)
{
    enum capacity_report report = capacity_report_of(req->input);

    if (report == CAPACITY_NONE)
        return;
    reply_member(req->reply, "ConsumedCapacity");
    buf_append_byte(req->reply, '[');
    for (unsigned i = 0; i < tables->count; i++) {
        if (i > 0)
            buf_append_byte(req->reply, ',');
        capacity_append(req->reply, report, tables->at[i].name.given, tables->at[i].table,
                        &tables->at[i].capacity, NULL);
    }
    buf_append_byte(req->reply, ']');
}
