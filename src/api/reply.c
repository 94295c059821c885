/* reply.c - members of replies. */
#include "api/reply.h"

#include "base/buf.h"
#include "json/json_write.h"

void reply_member(struct buf *reply, const char *name)
{
    reply_member_bytes(reply, bytes_of_string(name));
}

void reply_member_bytes(struct buf *reply, struct bytes name)
{
    if (reply->size > 0 && reply->data[reply->size - 1] != '{')
        buf_append_byte(reply, ',');
    json_append_string(reply, name);
    buf_append_byte(reply, ':');
}

void reply_string(struct buf *reply, const char *name, struct bytes value)
{
    reply_member(reply, name);
    json_append_string(reply, value);
}

void reply_number(struct buf *reply, const char *name, uint64_t value)
{
    reply_member(reply, name);
    buf_append_u64(reply, value);
}

void reply_time(struct buf *reply, const char *name, uint64_t time_ms)
{
    reply_member(reply, name);
    json_append_time(reply, time_ms);
}

void reply_json(struct buf *reply, const char *name, struct bytes json)
{
    reply_member(reply, name);
    buf_append_bytes(reply, json);
}

void reply_string_if_set(struct buf *reply, const char *name, struct bytes value)
{
    if (value.size != 0)
        reply_string(reply, name, value);
}

void reply_time_if_set(struct buf *reply, const char *name, uint64_t time_ms)
{
    if (time_ms != 0)
        reply_time(reply, name, time_ms);
}

void reply_json_if_set(struct buf *reply, const char *name, struct bytes json)
{
    if (json.size != 0)
        reply_json(reply, name, json);
}

void reply_item(struct buf *reply, const char *name, struct value attributes)
{
    reply_member(reply, name);
    value_map_append_json(reply, attributes);
}
