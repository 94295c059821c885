/* fuzz_json.c - any JSON as the body of every operation: the check ends in a message or in a body
 * that holds what its shape declares; and what we write as JSON strings reads back.
 */
#include "api/input.h"
#include "api/ops.h"
#include "api/shape.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/base64.h"
#include "item/value.h"
#include "json/json_write.h"

#include <stdlib.h>
#include <yyjson.h>

#define STRING_BYTES_MAX (8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether handlers may read it as declared. */
static bool conforms(const struct shape *shape, yyjson_val *json, unsigned depth)
{
    const struct shape *element = &shapes[shape->element];
    size_t index, count;
    yyjson_val *key, *value;

    if (depth > VALUE_DEPTH_MAX)
        return true;
    switch (shape->kind) {
    case SHAPE_STRUCTURE:
        for (unsigned i = 0; i < shape->member_count; i++) {
            value = input_member(json, (const char *)shape->members[i].name.data);
            if (value != NULL && !conforms(shape->members[i].shape, value, depth + 1))
                return false;
            if (value == NULL && (shape->members[i].need & NEED_REQUIRED) != 0)
                return false;
        }
        return yyjson_is_obj(json);
    case SHAPE_LIST:
        yyjson_arr_foreach(json, index, count, value)
        {
            if (!yyjson_is_null(value) && !conforms(element, value, depth))
                return false;
        }
        return yyjson_is_arr(json);
    case SHAPE_MAP:
        yyjson_obj_foreach(json, index, count, key, value)
        {
            if (!yyjson_is_null(value) && !conforms(element, value, depth))
                return false;
        }
        return yyjson_is_obj(json);
    case SHAPE_STRING:
        return yyjson_is_str(json);
    case SHAPE_BLOB: {
        struct bytes text = input_text(json);
        uint8_t *out = malloc(base64_decoded_bytes_max(text.size) + 1);
        size_t out_size;
        bool decodes = yyjson_is_str(json) && base64_decode(text, out, &out_size);

        free(out);
        return decodes;
    }
    case SHAPE_BOOLEAN:
        return yyjson_is_bool(json) || yyjson_is_str(json);
    default:
        return yyjson_is_num(json);
    }
}

static void check_text(struct bytes text)
{
    yyjson_doc *doc;
    struct buf buf;

    buf_init(&buf, STRING_BYTES_MAX);
    json_append_string(&buf, text);
    ASSERT(!buf.overflowed);
    doc = yyjson_read((const char *)buf.data, buf.size, 0); /* also: is it UTF-8? */
    ASSERT(doc != NULL);
    ASSERT(bytes_equal(input_text(yyjson_doc_get_root(doc)), text));
    yyjson_doc_free(doc);
    buf_fini(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    yyjson_doc *doc = yyjson_read((const char *)data, size, 0);
    struct arena arena;

    if (doc == NULL)
        return 0;
    arena_init(&arena);
    for (unsigned i = 0; i < OP_COUNT; i++) {
        yyjson_val *root = yyjson_doc_get_root(doc);
        struct fault fault;
        enum err err;

        fault_init(&fault, &arena);
        err = input_check(&ops[i], root, &fault);
        ASSERT(err == OK || err == ERR_SERIALIZATION || err == ERR_VALIDATION);
        if (err == OK) {
            ASSERT(conforms(ops[i].input, root, 0));
        } else {
            ASSERT(fault.message.size != 0);
            check_text(fault.message);
        }
    }
    arena_fini(&arena);
    yyjson_doc_free(doc);
    return 0;
}
