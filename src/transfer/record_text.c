/* record_text.c - records of jobs as JSON objects. */
#include "transfer/record_text.h"

#include "api/api.h"
#include "api/reply.h"
#include "base/assert.h"
#include "base/buf.h"

#include <yyjson.h>

/* What a request asked for is the most of it, and as text no part is five times as long as it was:
 * a quote is escaped once more, 1e20 is written out. */
#define RECORD_BYTES_MAX (8 * API_BODY_BYTES_MAX)

struct bytes record_text_write(const struct record_form *form, const void *record,
                               struct arena *arena)
{
    struct buf out;

    buf_init_arena(&out, arena, RECORD_BYTES_MAX);
    buf_append_byte(&out, '{');
    reply_number(&out, form->version_name, form->version);
    for (size_t i = 0; i < form->field_count; i++) {
        const struct record_field *field = &form->fields[i];
        const void *value = (const uint8_t *)record + field->offset;

        if (field->is_text)
            reply_string_if_set(&out, field->name, *(const struct bytes *)value);
        else if (*(const uint64_t *)value != 0)
            reply_number(&out, field->name, *(const uint64_t *)value);
    }
    buf_append_byte(&out, '}');
    ASSERT(!out.overflowed); /* or nobody could read it, nor any list that it is in */
    return buf_finish_arena(&out);
}

enum err record_text_read(const struct record_form *form, struct bytes text, struct arena *arena,
                          void *record)
{
    yyjson_doc *doc = yyjson_read((const char *)text.data, text.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    uint64_t version = yyjson_get_uint(yyjson_obj_get(root, form->version_name));

    if (version != form->version) {
        yyjson_doc_free(doc);
        return version > form->version ? ERR_NEWER_FORMAT : ERR_CORRUPT;
    }
    memset(record, 0, form->size);
    for (size_t i = 0; i < form->field_count; i++) {
        const struct record_field *field = &form->fields[i];
        yyjson_val *value = yyjson_obj_get(root, field->name);
        void *to = (uint8_t *)record + field->offset;

        if (!field->is_text)
            *(uint64_t *)to = yyjson_get_uint(value);
        else if (yyjson_is_str(value))
            *(struct bytes *)to =
                arena_copy(arena, bytes_make(yyjson_get_str(value), yyjson_get_len(value)));
    }
    yyjson_doc_free(doc);
    return OK;
}
