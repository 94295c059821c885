/* op_describe_stream.c - DescribeStream: a stream and its shards, oldest first, or the children of
 * one. Contract streams-kinesis-lambda.md 1.2, 1.3 and 1.5.
 */
#include "api/reply.h"
#include "api/stream_params.h"
#include "api/table_params.h"
#include "base/clock.h"
#include "streams/shard_text.h"
#include "streams/stream_arn.h"

#define LIMIT_DEFAULT 100

/* Which of the shards are asked for. */
struct wanted {
    struct bytes after;  /* the id behind which the page begins; without bytes: at the first */
    struct bytes parent; /* only this one's children */
    bool only_children;
    unsigned limit;
};

static enum err read_filter(struct req *req, struct wanted *wanted);
static const char *status_of(const struct req *req, const struct stream *stream);
static void append_shards(struct req *req, const struct stream *stream,
                          const struct wanted *wanted);

enum err op_describe_stream(struct req *req)
{
    struct wanted wanted = {
        .limit = (unsigned)input_integer(req->input, "Limit", LIMIT_DEFAULT),
    };
    const struct table_definition *d;
    struct stream stream;
    struct bytes arn;
    enum err err = read_filter(req, &wanted);

    input_string(req->input, "StreamArn", &arn);
    input_string(req->input, "ExclusiveStartShardId", &wanted.after);
    if (err == OK)
        err = stream_arn_find(req, arn, &stream);
    if (err != OK)
        return err;
    d = &stream.table;
    buf_append_lit(req->reply, "{\"StreamDescription\":{");
    reply_string(req->reply, "StreamArn", arn);
    reply_string(req->reply, "StreamLabel", table_stream_label(d, req->arena));
    reply_string(req->reply, "StreamStatus", bytes_of_string(status_of(req, &stream)));
    reply_string(req->reply, "StreamViewType",
                 bytes_of_string(stream_params_view_name(d->stream.view)));
    reply_time(req->reply, "CreationRequestDateTime", d->stream.label_ms);
    reply_string(req->reply, "TableName", d->name);
    table_params_append_key_schema(req->reply, &d->schema);
    append_shards(req, &stream, &wanted);
    buf_append_lit(req->reply, "}}");
    return OK;
}

/* Neither member is required by the service's model, and both are. */
static enum err read_filter(struct req *req, struct wanted *wanted)
{
    yyjson_val *filter = input_member(req->input, "ShardFilter");
    struct bytes type;

    wanted->only_children = filter != NULL;
    if (filter == NULL)
        return OK;
    if (!input_string(filter, "Type", &type))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "ShardFilter.Type must be specified with ShardFilter");
    if (!input_string(filter, "ShardId", &wanted->parent))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "ShardFilter.ShardId must be specified with "
                                      "ShardFilter.Type CHILD_SHARDS");
    return OK;
}

static const char *status_of(const struct req *req, const struct stream *stream)
{
    uint64_t now_ms = clock_wall_ms(), delay_ms = req->api->table_delay_ms;

    if (stream->ended != 0)
        return now_ms < stream_time_ms(stream->ended) + delay_ms ? "DISABLING" : "DISABLED";
    return now_ms < stream->table.stream.label_ms + delay_ms ? "ENABLING" : "ENABLED";
}

static struct bytes id_of(struct req *req, uint64_t begin, uint16_t lane)
{
    struct buf id;

    buf_init_arena(&id, req->arena, SIZE_MAX);
    shard_id_append(&id, begin, lane);
    return buf_finish_arena(&id);
}

static void append_place(struct buf *reply, const char *name, struct journal_place place)
{
    reply_member(reply, name);
    buf_append_byte(reply, '"');
    sequence_number_append(reply, place);
    buf_append_byte(reply, '"');
}

static void append_shard(struct req *req, const struct stream_shard *shard, struct bytes id)
{
    buf_append_byte(req->reply, '{');
    reply_string(req->reply, "ShardId", id);
    reply_member(req->reply, "SequenceNumberRange");
    buf_append_byte(req->reply, '{');
    append_place(req->reply, "StartingSequenceNumber", shard_first(shard));
    if (shard->end != 0)
        append_place(req->reply, "EndingSequenceNumber", shard_last(shard));
    buf_append_byte(req->reply, '}');
    if (shard->parent != 0)
        reply_string(req->reply, "ParentShardId", id_of(req, shard->parent, shard->parent_lane));
    buf_append_byte(req->reply, '}');
}

/* Ids have the order of the shards, so a page can begin behind one that is trimmed by now. */
static void append_shards(struct req *req, const struct stream *stream, const struct wanted *wanted)
{
    struct bytes last = {0};
    unsigned listed = 0;

    reply_member(req->reply, "Shards");
    buf_append_byte(req->reply, '[');
    for (unsigned i = 0; i < stream->shard_count; i++) {
        const struct stream_shard *shard = &stream->shards[i];
        struct bytes id = id_of(req, shard->begin, shard->lanes.first);

        if (bytes_compare(id, wanted->after) <= 0 ||
            (wanted->only_children &&
             !bytes_equal(wanted->parent, id_of(req, shard->parent, shard->parent_lane))))
            continue;
        if (listed == wanted->limit)
            break;
        if (listed++ > 0)
            buf_append_byte(req->reply, ',');
        append_shard(req, shard, id);
        last = i + 1 < stream->shard_count ? id : (struct bytes){0};
    }
    buf_append_byte(req->reply, ']');
    if (listed == wanted->limit && last.size != 0)
        reply_string(req->reply, "LastEvaluatedShardId", last);
}
