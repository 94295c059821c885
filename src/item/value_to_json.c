/* value_to_json.c - values as JSON, and as messages print them: straight from the stored bytes. */
#include "base/arena.h"
#include "base/base64.h"
#include "item/number.h"
#include "item/value_priv.h"
#include "json/json_write.h"

static void append_value(struct buf *out, struct value value, unsigned levels);
static void append_set(struct buf *out, struct value set);
static void append_list(struct buf *out, struct value list, unsigned levels);
static void append_map(struct buf *out, struct value map, unsigned levels);
static void append_text(struct buf *out, struct value value, unsigned levels);
static void append_scalar_text(struct buf *out, struct value value);

void value_append_json(struct buf *out, struct value value)
{
    append_value(out, value, VALUE_READ_DEPTH_MAX);
}

void value_map_append_json(struct buf *out, struct value map)
{
    append_map(out, map, VALUE_READ_DEPTH_MAX);
}

struct bytes value_text(struct value value, struct arena *arena)
{
    struct buf text;

    buf_init_arena(&text, arena, SIZE_MAX);
    append_text(&text, value, VALUE_READ_DEPTH_MAX);
    return buf_finish_arena(&text);
}

static void append_value(struct buf *out, struct value value, unsigned levels)
{
    switch (value.type) {
    case VALUE_S:
        buf_append_lit(out, "{\"S\":");
        json_append_string(out, value.payload);
        break;
    case VALUE_N:
        buf_append_lit(out, "{\"N\":\"");
        number_append_text(out, value.payload);
        buf_append_lit(out, "\"");
        break;
    case VALUE_B:
        buf_append_lit(out, "{\"B\":\"");
        base64_append(out, value.payload);
        buf_append_lit(out, "\"");
        break;
    case VALUE_BOOL:
        if (value_is_true(value))
            buf_append_lit(out, "{\"BOOL\":true");
        else
            buf_append_lit(out, "{\"BOOL\":false");
        break;
    case VALUE_NULL:
        buf_append_lit(out, "{\"NULL\":true");
        break;
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        append_set(out, value);
        break;
    case VALUE_L:
        append_list(out, value, levels);
        break;
    case VALUE_M:
        buf_append_lit(out, "{\"M\":");
        append_map(out, value, levels);
        break;
    }
    buf_append_lit(out, "}");
}

static void append_set(struct buf *out, struct value set)
{
    struct value_walk walk = value_walk_begin(set);

    buf_append_lit(out, "{\"");
    buf_append_string(out, value_type_name(set.type));
    buf_append_lit(out, "\":[");
    for (bool first = true; value_walk_step(&walk); first = false) {
        if (!first)
            buf_append_byte(out, ',');
        if (walk.value.type == VALUE_S) {
            json_append_string(out, walk.value.payload);
            continue;
        }
        buf_append_lit(out, "\"");
        if (walk.value.type == VALUE_N)
            number_append_text(out, walk.value.payload);
        else
            base64_append(out, walk.value.payload);
        buf_append_lit(out, "\"");
    }
    buf_append_lit(out, "]");
}

static void append_list(struct buf *out, struct value list, unsigned levels)
{
    struct value_walk walk = value_walk_begin(list);

    buf_append_lit(out, "{\"L\":[");
    for (bool first = true; levels > 1 && value_walk_step(&walk); first = false) {
        if (!first)
            buf_append_byte(out, ',');
        append_value(out, walk.value, levels - 1);
    }
    buf_append_lit(out, "]");
}

/* An entry of a map, written at once if it is as nearly all are: a number or a string, and nothing
 * in that or its name that needs an escape. */
static bool append_plain_entry(struct buf *out, struct bytes name, struct value value)
{
    static const char between[] = "\":{\"S\":\"", end[] = "\"}";
    enum { LETTER = 4 }; /* where its type is in `between` */
    size_t text_max = value.type == VALUE_N ? NUMBER_TEXT_MAX : value.payload.size;
    uint8_t *begin, *at;

    if (value.type != VALUE_S && value.type != VALUE_N)
        return false;
    begin = at = buf_reserve(out, 1 + name.size + sizeof(between) - 1 + text_max + sizeof(end) - 1);
    if (begin == NULL)
        return true; /* the buffer remembers */
    *at++ = '"';
    if (!json_copy_plain(at, name))
        return false;
    at += name.size;
    memcpy(at, between, sizeof(between) - 1);
    if (value.type == VALUE_N)
        at[LETTER] = 'N';
    at += sizeof(between) - 1;
    if (value.type == VALUE_N)
        at += number_text(value.payload, (char *)at);
    else if (json_copy_plain(at, value.payload))
        at += value.payload.size;
    else
        return false;
    memcpy(at, end, sizeof(end) - 1);
    at += sizeof(end) - 1;
    buf_commit(out, (size_t)(at - begin));
    return true;
}

static void append_map(struct buf *out, struct value map, unsigned levels)
{
    struct value_walk walk = value_walk_begin(map);

    buf_append_lit(out, "{");
    for (bool first = true; levels > 1 && value_walk_step(&walk); first = false) {
        if (!first)
            buf_append_byte(out, ',');
        if (append_plain_entry(out, walk.name, walk.value))
            continue;
        json_append_string(out, walk.name);
        buf_append_lit(out, ":");
        append_value(out, walk.value, levels - 1);
    }
    buf_append_lit(out, "}");
}

/* {S:a}, {NS:[1, 2]}, {L:[{S:a}]}, {M:{a={BOOL:true}}}: only scalars are sourced; containers follow
 * the service's way of printing collections. */
static void append_text(struct buf *out, struct value value, unsigned levels)
{
    struct value_walk walk = value_walk_begin(value);
    const char *separator = "";

    buf_append_lit(out, "{");
    buf_append_string(out, value_type_name(value.type));
    buf_append_lit(out, ":");
    if (value.type < VALUE_SS) {
        append_scalar_text(out, value);
    } else {
        buf_append_string(out, value.type == VALUE_M ? "{" : "[");
        while (levels > 1 && value_walk_step(&walk)) {
            buf_append_string(out, separator);
            separator = ", ";
            if (value.type == VALUE_M) {
                buf_append_bytes(out, walk.name);
                buf_append_lit(out, "=");
            }
            if (value.type < VALUE_L)
                append_scalar_text(out, walk.value);
            else
                append_text(out, walk.value, levels - 1);
        }
        buf_append_string(out, value.type == VALUE_M ? "}" : "]");
    }
    buf_append_lit(out, "}");
}

static void append_scalar_text(struct buf *out, struct value value)
{
    switch (value.type) {
    case VALUE_N:
        number_append_text(out, value.payload);
        break;
    case VALUE_B:
        base64_append(out, value.payload);
        break;
    case VALUE_BOOL:
        buf_append_string(out, value_is_true(value) ? "true" : "false");
        break;
    case VALUE_NULL:
        buf_append_lit(out, "true");
        break;
    default:
        buf_append_bytes(out, value.payload);
        break;
    }
}
