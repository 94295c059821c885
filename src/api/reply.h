/* reply.h - members of the JSON objects that replies are.
 * Each begins with a comma if it is not the first of its object. Names are ours and need no escape,
 * but for reply_member_bytes.
 */
#pragma once

#include "item/value.h"

struct buf;

/* "name": for the value that follows. */
void reply_member(struct buf *reply, const char *name);
void reply_member_bytes(struct buf *reply, struct bytes name); /* escaped where it must be */

/* A whole member. */
void reply_string(struct buf *reply, const char *name, struct bytes value);
void reply_number(struct buf *reply, const char *name, uint64_t value);
void reply_time(struct buf *reply, const char *name, uint64_t time_ms); /* seconds since 1970 */
void reply_json(struct buf *reply, const char *name, struct bytes json);
/* The same, unless there are no bytes, or it is 0. */
void reply_string_if_set(struct buf *reply, const char *name, struct bytes value);
void reply_time_if_set(struct buf *reply, const char *name, uint64_t time_ms);
void reply_json_if_set(struct buf *reply, const char *name, struct bytes json);

/* A map's attributes. */
void reply_item(struct buf *reply, const char *name, struct value attributes);
