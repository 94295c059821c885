/* value_from_json.c - AttributeValues from JSON, in one pass.
 * Values are checked and written in the order sent, so that the first fault found is the one to
 * report. A map or set that was not sent in order is sorted in place when it is complete.
 * A JSON null is an absent member, an absent entry, but an empty element of a list.
 * Source: contract core-api-data.md 1.1 (order, texts), core-api.md 1.5 (strings for booleans), 1.6
 * (wrapped texts).
 */
#include "base/arena.h"
#include "base/assert.h"
#include "base/base64.h"
#include "base/varint.h"
#include "item/number.h"
#include "item/value_priv.h"

#include <strings.h>
#include <yyjson.h>

struct reader {
    struct buf out;
    struct fault *fault;
};

static enum err read_value(struct reader *reader, yyjson_val *json, unsigned depth);
static enum err read_single(struct reader *reader, enum value_type type, yyjson_val *json,
                            unsigned depth);
static enum err read_several(struct reader *reader, yyjson_val *const members[], unsigned depth);
static enum err read_number(struct reader *reader, yyjson_val *json);
static enum err read_set(struct reader *reader, enum value_type type, yyjson_val *json);
static enum err read_list(struct reader *reader, yyjson_val *json, unsigned depth);
static enum err read_map(struct reader *reader, struct value_builder *map, yyjson_val *json,
                         unsigned depth);
static enum err append_member(struct reader *reader, enum value_type set_type, yyjson_val *json);
static enum err append_base64(struct reader *reader, yyjson_val *json);
static bool read_bool(yyjson_val *json, bool *value);
static enum err fault_empty_value(struct fault *fault);

static struct bytes json_bytes(yyjson_val *string)
{
    return bytes_make(unsafe_yyjson_get_str(string), unsafe_yyjson_get_len(string));
}

/* What comes out is about as large as its JSON, which was bounded at the door, so the buffers in
 * the arena have no maximum of their own. */

enum err value_from_json(const struct yyjson_val *json, struct arena *arena, struct fault *fault,
                         struct value *value)
{
    struct reader reader = {.fault = fault};
    struct bytes written;
    bool whole;
    enum err err;

    buf_init_arena(&reader.out, arena, SIZE_MAX);
    err = read_value(&reader, (yyjson_val *)json, 1);
    if (err != OK)
        return err;
    written = buf_finish_arena(&reader.out);
    whole = value_read(&written, value);
    ASSERT(whole);
    return OK;
}

enum err value_map_from_json(const struct yyjson_val *json, struct arena *arena,
                             struct fault *fault, struct value *map)
{
    struct reader reader = {.fault = fault};
    struct value_builder builder;
    enum err err;

    if (!yyjson_is_obj((yyjson_val *)json))
        return fault_empty_value(fault);
    buf_init_arena(&reader.out, arena, SIZE_MAX);
    value_build_begin_payload(&builder, &reader.out, VALUE_M);
    err = read_map(&reader, &builder, (yyjson_val *)json, 1);
    if (err != OK)
        return err;
    *map = (struct value){VALUE_M, buf_finish_arena(&reader.out)};
    return OK;
}

static enum err read_value(struct reader *reader, yyjson_val *json, unsigned depth)
{
    yyjson_val *members[VALUE_M + 1] = {NULL}, *name, *member;
    enum value_type type = VALUE_NULL;
    unsigned count = 0;
    size_t i, n;

    if (depth > VALUE_DEPTH_MAX)
        return value_fault_depth(reader->fault);
    if (!yyjson_is_obj(json))
        return fault_empty_value(reader->fault);
    yyjson_obj_foreach(json, i, n, name, member)
    {
        if (yyjson_is_null(member) || !value_type_parse(json_bytes(name), &type))
            continue;
        count += members[type] == NULL;
        members[type] = member;
    }
    if (count == 0)
        return fault_empty_value(reader->fault);
    if (count > 1)
        return read_several(reader, members, depth);
    return read_single(reader, type, members[type], depth);
}

static enum err read_single(struct reader *reader, enum value_type type, yyjson_val *json,
                            unsigned depth)
{
    struct value_builder map;
    bool flag;

    switch (type) {
    case VALUE_S:
        if (!yyjson_is_str(json))
            break;
        value_append(&reader->out, (struct value){VALUE_S, json_bytes(json)});
        return OK;
    case VALUE_N:
        return read_number(reader, json);
    case VALUE_B:
        buf_append_byte(&reader->out, VALUE_B);
        return append_base64(reader, json);
    case VALUE_BOOL:
        if (!read_bool(json, &flag))
            break;
        value_append(&reader->out, (struct value){VALUE_BOOL, flag ? BYTES("\1") : BYTES("\0")});
        return OK;
    case VALUE_NULL:
        if (!read_bool(json, &flag))
            break;
        if (!flag)
            return fault_set_wrapped(reader->fault, ERR_VALIDATION,
                                     "One or more parameter values were invalid: Null attribute "
                                     "value types must have the value of true");
        value_append(&reader->out, (struct value){VALUE_NULL, BYTES("")});
        return OK;
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        return read_set(reader, type, json);
    case VALUE_L:
        return read_list(reader, json, depth);
    case VALUE_M:
        if (!yyjson_is_obj(json))
            break;
        value_build_begin(&map, &reader->out, VALUE_M);
        return read_map(reader, &map, json, depth + 1);
    }
    return fault_empty_value(reader->fault);
}

/* Always fails. What is wrong with the members themselves comes first, in the service's order; what
 * is written on the way is dropped with the whole. */
static enum err read_several(struct reader *reader, yyjson_val *const members[], unsigned depth)
{
    static const enum value_type before_sets[] = {VALUE_N, VALUE_NULL};
    static const enum value_type sets[] = {VALUE_SS, VALUE_NS, VALUE_BS};
    static const enum value_type after_syntax[] = {VALUE_SS, VALUE_NS, VALUE_BS, VALUE_M, VALUE_L};
    yyjson_val *member;
    enum err err = OK;
    size_t i, n;

    for (i = 0; err == OK && i < 2; i++)
        if (members[before_sets[i]] != NULL)
            err = read_single(reader, before_sets[i], members[before_sets[i]], depth);
    for (i = 0; err == OK && i < 3; i++)
        if (members[sets[i]] != NULL && yyjson_arr_size(members[sets[i]]) == 0)
            err = value_fault_empty_set(reader->fault, sets[i]);
    if (err != OK)
        return err;
    if (members[VALUE_NS] != NULL) {
        yyjson_arr_foreach(members[VALUE_NS], i, n, member)
        {
            err = read_number(reader, member);
            if (err != OK)
                return err;
        }
    }
    for (i = 0; err == OK && i < 5; i++)
        if (members[after_syntax[i]] != NULL)
            err = read_single(reader, after_syntax[i], members[after_syntax[i]], depth);
    if (err != OK)
        return err;
    return fault_set(reader->fault, ERR_VALIDATION,
                     "Supplied AttributeValue has more than one datatypes set, must contain "
                     "exactly one of the supported datatypes");
}

static enum err read_number(struct reader *reader, yyjson_val *json)
{
    struct number number;
    enum err err;

    if (!yyjson_is_str(json))
        return fault_empty_value(reader->fault);
    err = number_parse(json_bytes(json), &number, reader->fault);
    if (err != OK)
        return err;
    value_append(&reader->out, (struct value){VALUE_N, number_bytes(&number)});
    return OK;
}

static enum err read_set(struct reader *reader, enum value_type type, yyjson_val *json)
{
    struct value_builder set;
    yyjson_val *member;
    size_t i, n;

    if (!yyjson_is_arr(json))
        return fault_empty_value(reader->fault);
    if (yyjson_arr_size(json) == 0)
        return value_fault_empty_set(reader->fault, type);
    value_build_begin(&set, &reader->out, type);
    yyjson_arr_foreach(json, i, n, member)
    {
        enum err err = append_member(reader, type, member);

        if (err != OK)
            return err;
    }
    set.count = n;
    if (!value_build_sort(&set))
        return value_fault_duplicates(reader->fault, &set);
    value_build_end(&set);
    return OK;
}

static enum err read_list(struct reader *reader, yyjson_val *json, unsigned depth)
{
    struct value_builder list;
    yyjson_val *element;
    size_t i, n;

    if (!yyjson_is_arr(json))
        return fault_empty_value(reader->fault);
    value_build_begin(&list, &reader->out, VALUE_L);
    yyjson_arr_foreach(json, i, n, element)
    {
        enum err err;

        value_build_next_element(&list);
        err = read_value(reader, element, depth + 1);
        if (err != OK)
            return err;
    }
    value_build_end(&list);
    return OK;
}

/* The entries of a map that was begun; `depth` is that of its values. */
static enum err read_map(struct reader *reader, struct value_builder *map, yyjson_val *json,
                         unsigned depth)
{
    struct bytes previous = {NULL, 0};
    bool ascending = true;
    yyjson_val *name, *value;
    size_t i, n;

    yyjson_obj_foreach(json, i, n, name, value)
    {
        enum err err;

        if (yyjson_is_null(value))
            continue;
        if (map->count > 0 && bytes_compare(previous, json_bytes(name)) >= 0)
            ascending = false;
        previous = json_bytes(name);
        value_build_next_entry(map, previous);
        err = read_value(reader, value, depth);
        if (err != OK)
            return err;
    }
    if (!ascending)
        value_build_sort(map);
    value_build_end(map);
    return OK;
}

static enum err append_member(struct reader *reader, enum value_type set_type, yyjson_val *json)
{
    struct bytes member;
    struct number number;
    enum err err;

    if (set_type == VALUE_BS)
        return append_base64(reader, json);
    if (!yyjson_is_str(json))
        return fault_empty_value(reader->fault);
    member = json_bytes(json);
    if (set_type == VALUE_NS) {
        err = number_parse(member, &number, reader->fault);
        if (err != OK)
            return err;
        member = number_bytes(&number);
    }
    buf_append_varint(&reader->out, member.size);
    buf_append_bytes(&reader->out, member);
    return OK;
}

/* Size and decoded bytes. */
static enum err append_base64(struct reader *reader, yyjson_val *json)
{
    struct bytes text;
    size_t size, decoded;
    uint8_t *at;

    if (!yyjson_is_str(json))
        return fault_empty_value(reader->fault);
    text = json_bytes(json);
    size = base64_decoded_bytes_max(text.size);
    for (size_t i = text.size; size > 0 && i > text.size - 2 && text.data[i - 1] == '='; i--)
        size--;
    buf_append_varint(&reader->out, size);
    at = buf_reserve(&reader->out, base64_decoded_bytes_max(text.size));
    if (!base64_decode(text, at, &decoded) || decoded != size)
        return fault_empty_value(reader->fault);
    buf_commit(&reader->out, size);
    return OK;
}

static bool read_bool(yyjson_val *json, bool *value)
{
    static const char *const words[] = {"false", "0", "no", "true", "1", "yes"};

    if (yyjson_is_bool(json)) {
        *value = yyjson_get_bool(json);
        return true;
    }
    for (size_t i = 0; yyjson_is_str(json) && i < 6; i++) {
        if (strlen(words[i]) == yyjson_get_len(json) &&
            strcasecmp(words[i], yyjson_get_str(json)) == 0) {
            *value = i >= 3;
            return true;
        }
    }
    return false;
}

static enum err fault_empty_value(struct fault *fault)
{
    return fault_set(fault, ERR_VALIDATION,
                     "Supplied AttributeValue is empty, must contain exactly one of the supported "
                     "datatypes");
}
