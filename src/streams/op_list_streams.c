/* op_list_streams.c - ListStreams: those that can be read, by table name and age. Contract
 * streams-kinesis-lambda.md 1.2. A stream that ended is listed for a day, that of a dropped table
 * too.
 */
#include "api/reply.h"
#include "streams/stream_arn.h"

#define LIMIT_DEFAULT 100

static void append_stream(struct req *req, const struct table_definition *table);

enum err op_list_streams(struct req *req)
{
    struct stream_query query = {
        .account = req->place.account,
        .region = req->place.region,
        .limit = (unsigned)input_integer(req->input, "Limit", LIMIT_DEFAULT),
    };
    struct stream *streams;
    struct bytes after;
    unsigned count;
    bool more;
    enum err err = OK;

    input_string(req->input, "TableName", &query.table);
    if (input_string(req->input, "ExclusiveStartStreamArn", &after))
        err = stream_arn_key(req, "ExclusiveStartStreamArn", after, &query.after);
    if (err == OK)
        err = stream_list(req->api->store, &query, req->may_wait, req->arena, &streams, &count,
                          &more);
    if (err != OK)
        return err;
    buf_append_lit(req->reply, "{\"Streams\":[");
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            buf_append_byte(req->reply, ',');
        append_stream(req, &streams[i].table);
    }
    buf_append_byte(req->reply, ']');
    if (more) {
        reply_string(req->reply, "LastEvaluatedStreamArn",
                     table_stream_arn(&streams[count - 1].table, req->arena));
    }
    buf_append_byte(req->reply, '}');
    return OK;
}

static void append_stream(struct req *req, const struct table_definition *table)
{
    buf_append_byte(req->reply, '{');
    reply_string(req->reply, "StreamArn", table_stream_arn(table, req->arena));
    reply_string(req->reply, "TableName", table->name);
    reply_string(req->reply, "StreamLabel", table_stream_label(table, req->arena));
    buf_append_byte(req->reply, '}');
}
