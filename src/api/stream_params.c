/* stream_params.c - StreamSpecification. */
#include "api/stream_params.h"

#include "api/reply.h"
#include "api/table_params.h"
#include "base/assert.h"
#include "base/clock.h"
#include "json/json_write.h"

static const char *const view_names[TABLE_STREAM_VIEW_COUNT] = {
    [TABLE_STREAM_OFF] = "",
    [TABLE_STREAM_KEYS_ONLY] = "KEYS_ONLY",
    [TABLE_STREAM_NEW_IMAGE] = "NEW_IMAGE",
    [TABLE_STREAM_OLD_IMAGE] = "OLD_IMAGE",
    [TABLE_STREAM_NEW_AND_OLD_IMAGES] = "NEW_AND_OLD_IMAGES",
};

/* False: it names none. */
static bool read_view(yyjson_val *in, enum table_stream_view *view)
{
    struct bytes name;

    if (!input_string(in, "StreamViewType", &name))
        return false;
    for (int i = TABLE_STREAM_OFF + 1; i < TABLE_STREAM_VIEW_COUNT; i++)
        if (bytes_equal_string(name, view_names[i]))
            *view = (enum table_stream_view)i;
    ASSERT(*view != TABLE_STREAM_OFF); /* the shape's enum saw to it */
    return true;
}

enum err stream_params_create(struct req *req, uint64_t created_ms, struct table_stream *stream)
{
    yyjson_val *in = input_member(req->input, "StreamSpecification");
    bool enabled = input_bool(in, "StreamEnabled", false);
    struct table_stream read = {0};
    bool has_view = read_view(in, &read.view);

    if (in != NULL && enabled != has_view)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Table is being created with a stream %s",
                        enabled ? "enabled, UpdateViewType is required"
                                : "disabled, UpdateViewType should not be specified");
    if (enabled)
        read.label_ms = created_ms;
    *stream = read;
    return OK;
}

enum err stream_params_change(struct req *req, yyjson_val *in, struct table_definition *next)
{
    struct table_stream *stream = &next->stream;
    enum table_stream_view view = TABLE_STREAM_OFF;
    bool enabled = input_bool(in, "StreamEnabled", false), has_view = read_view(in, &view);
    uint64_t now_ms = clock_wall_ms();

    if (enabled && stream->view != TABLE_STREAM_OFF)
        return req_fail(req, ERR_VALIDATION, "Table already has an enabled stream: TableName: %.*s",
                        BYTES_ARGS(next->name));
    if (!enabled && stream->view == TABLE_STREAM_OFF)
        return req_fail(req, ERR_VALIDATION, "Table has no stream to disable: TableName: %.*s",
                        BYTES_ARGS(next->name));
    if (enabled && !has_view)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "If stream is being enabled then UpdateViewType is required");
    if (!enabled && has_view)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "If stream is being disabled, then UpdateViewType must not be specified");
    stream->view = view;
    if (enabled) {
        stream->label_ms = now_ms > stream->label_ms ? now_ms : stream->label_ms + 1;
        next->stream_policy.text = BYTES(""); /* that was the old stream's */
    }
    return OK;
}

void stream_params_describe(struct req *req, const struct table_definition *d)
{
    if (d->stream.view != TABLE_STREAM_OFF) {
        reply_member(req->reply, "StreamSpecification");
        buf_append_lit(req->reply, "{\"StreamEnabled\":true,\"StreamViewType\":");
        json_append_string(req->reply, bytes_of_string(view_names[d->stream.view]));
        buf_append_byte(req->reply, '}');
    }
    if (d->stream.label_ms != 0) {
        reply_string(req->reply, "LatestStreamLabel", table_stream_label(d, req->arena));
        reply_string(req->reply, "LatestStreamArn", table_stream_arn(d, req->arena));
    }
}

const char *stream_params_view_name(enum table_stream_view view)
{
    ASSERT(view != TABLE_STREAM_OFF && (unsigned)view < TABLE_STREAM_VIEW_COUNT);
    return view_names[view];
}
