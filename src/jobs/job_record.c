/* job_record.c - `job/<account>/<region>/<kind>/<id>` in space meta: format, state, JSON text. */
#include "jobs/job_record.h"

#include "base/assert.h"
#include "base/buf.h"
#include "item/key.h"
#include "table/table_keys.h"

#define RECORD_FORMAT 1
#define STATE_OFFSET  1
#define TEXT_OFFSET   2
#define KEY_BEGIN     "job/"

/* Ends behind the kind if there is no id: then it is a prefix of all ids. */
static struct bytes key_of(const struct job_name *name, struct arena *arena)
{
    return table_meta_key(arena_format(arena, KEY_BEGIN "%.*s/%.*s/%.*s/%.*s",
                                       BYTES_ARGS(name->account), BYTES_ARGS(name->region),
                                       BYTES_ARGS(name->kind), BYTES_ARGS(name->id)),
                          arena);
}

struct bytes job_record_key(const struct job_name *name, struct arena *arena)
{
    ASSERT(name->account.size != 0 && name->region.size != 0);
    ASSERT(name->kind.size != 0 && name->id.size != 0);
    return key_of(name, arena);
}

struct store_range job_records_range(struct arena *arena)
{
    struct bytes prefix = table_meta_key(BYTES(KEY_BEGIN), arena);

    return (struct store_range){.from = prefix, .to = key_after_prefix(prefix, arena)};
}

struct store_range job_kind_range(const struct job_query *query, struct arena *arena)
{
    struct job_name name = {query->account, query->region, query->kind, BYTES("")};
    struct bytes prefix = key_of(&name, arena);
    struct store_range range = {.from = prefix, .to = key_after_prefix(prefix, arena)};

    if (query->after.size != 0) { /* the first key behind it: the same with a zero byte */
        name.id = query->after;
        range.from =
            arena_concat(arena, (struct bytes[]){key_of(&name, arena), bytes_make("", 1)}, 2);
    }
    return range;
}

struct bytes job_record_write(enum job_state state, struct bytes text, struct arena *arena)
{
    struct buf record;

    buf_init_arena(&record, arena, SIZE_MAX);
    buf_append_byte(&record, RECORD_FORMAT);
    buf_append_byte(&record, (uint8_t)state);
    buf_append_bytes(&record, text);
    return buf_finish_arena(&record);
}

/* Up to the next '/', which is skipped. False: there is none. */
static bool take_part(struct bytes *rest, struct bytes *part)
{
    const uint8_t *slash = rest->size == 0 ? NULL : memchr(rest->data, '/', rest->size);

    if (slash == NULL)
        return false;
    *part = bytes_make(rest->data, (size_t)(slash - rest->data));
    *rest = bytes_skip(*rest, part->size + 1);
    return part->size != 0;
}

enum err job_record_read(struct bytes key, struct bytes value, struct arena *arena,
                         struct job_record *record)
{
    struct bytes rest = bytes_skip(arena_copy(arena, key), KEY_PREFIX_BYTES + strlen(KEY_BEGIN));
    struct job_name name;

    if (value.size != 0 && value.data[0] > RECORD_FORMAT)
        return ERR_NEWER_FORMAT;
    if (value.size < TEXT_OFFSET || value.data[0] != RECORD_FORMAT ||
        value.data[STATE_OFFSET] > JOB_FINISHED)
        return ERR_CORRUPT;
    if (!take_part(&rest, &name.account) || !take_part(&rest, &name.region) ||
        !take_part(&rest, &name.kind) || rest.size == 0)
        return ERR_CORRUPT;
    name.id = rest;
    *record = (struct job_record){
        .name = name,
        .state = (enum job_state)value.data[STATE_OFFSET],
        .text = arena_copy(arena, bytes_skip(value, TEXT_OFFSET)),
    };
    return OK;
}
