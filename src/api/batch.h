/* batch.h - what BatchGetItem and BatchWriteItem share: the tables that RequestItems names.
 * Source: contract core-api-items.md 8 and 9.
 */
#pragma once

#include "api/capacity.h"
#include "api/item_params.h"

struct batch_table {
    yyjson_val *json; /* what is asked of it */
    struct input_table name;
    struct table *table;
    unsigned first, count; /* its part of the operation's own array */
    struct capacity capacity;
};

struct batch_tables {
    struct batch_table *at; /* in the arena */
    unsigned count;
};

/* The names, each once, in the order sent. */
enum err batch_read_names(struct req *req, struct batch_tables *tables) MUST_CHECK;
/* The tables, held until the reply. */
enum err batch_find_tables(struct req *req, struct batch_tables *tables) MUST_CHECK;
/* A piece of the request as it was sent: what comes back as unprocessed. */
void batch_append_json(struct buf *out, yyjson_val *json);
/* Member ConsumedCapacity, an element for each table, if the request wants it. */
void batch_reply_capacity(struct req *req, const struct batch_tables *tables);
