/* input_report.c - the texts of broken constraints.
 * "<n> validation errors detected: " and entries, joined by "; ":
 * "Value '<v>' at '<path>' failed to satisfy constraint: <c>".
 * Source: contract core-api.md 1.6. What the strings of a list must satisfy is told in the form of
 *         map values, "Member must satisfy constraint: [...]", as other services of this framework
 *         tell it (unverified).
 */
#include "api/input_priv.h"
#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>

/* Paths are short but for keys of maps, of which no shape nests two. */
#define TEXT_BYTES_MAX (REPORT_ENTRIES_MAX * (2 * INPUT_VALUE_BYTES_MAX + 4096))

static struct buf *begin_entry(struct report *report, const struct shape *shape, yyjson_val *json,
                               const struct path *path);
static void append_path(struct buf *out, const struct path *path);
static void append_value(struct buf *out, const struct shape *shape, yyjson_val *json, size_t end);
static void append_cut(struct buf *out, struct bytes text, size_t end);

enum err report_finish(struct report *report, struct fault *fault)
{
    char head[48];
    size_t head_size;
    uint8_t *text;

    if (report->count == 0)
        return OK;
    head_size =
        (size_t)snprintf(head, sizeof(head), "%u validation error%s detected: ", report->count,
                         report->count == 1 ? "" : "s");
    text = arena_alloc(fault->arena, head_size + report->text.size);
    memcpy(text, head, head_size);
    memcpy(text + head_size, report->text.data, report->text.size);
    fault_set_bytes(fault, ERR_VALIDATION, bytes_make(text, head_size + report->text.size));
    buf_fini(&report->text);
    return ERR_VALIDATION;
}

void report_entry(struct report *report, const struct shape *shape, yyjson_val *json,
                  const struct path *path, const char *format, ...)
{
    struct buf *out;
    char text[256];
    va_list args;
    int size;

    if (report->count == REPORT_ENTRIES_MAX)
        return;
    va_start(args, format);
    size = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ASSERT(size > 0 && (size_t)size < sizeof(text));
    out = begin_entry(report, shape, json, path);
    buf_append(out, text, (size_t)size);
}

void report_all_of(struct report *report, const struct shape *container, yyjson_val *json,
                   const struct path *path, const char *who, const struct shape *each)
{
    struct buf *out;
    const char *joint = "";

    if (report->count == REPORT_ENTRIES_MAX)
        return;
    out = begin_entry(report, container, json, path);
    buf_append_format(out, "%s must satisfy constraint: [", who);
    if (each->values != NULL) {
        buf_append_format(out, "Member must satisfy enum value set: [%s]", each->values);
        joint = ", ";
    }
    if (each->max != 0) {
        buf_append_format(out, REPORT_LENGTH_MAX, each->max);
        joint = ", ";
    }
    if (each->min != 0) {
        buf_append_string(out, joint);
        buf_append_format(out, REPORT_LENGTH_MIN, each->min);
        joint = ", ";
    }
    if (each->pattern != NULL) {
        buf_append_string(out, joint);
        buf_append_format(out, REPORT_PATTERN, each->pattern->text);
    }
    buf_append_byte(out, ']');
}

/* Appends all of an entry but the constraint. */
static struct buf *begin_entry(struct report *report, const struct shape *shape, yyjson_val *json,
                               const struct path *path)
{
    struct buf *out = &report->text;

    if (report->count == 0)
        buf_init(out, TEXT_BYTES_MAX);
    else
        buf_append_lit(out, "; ");
    report->count++;
    buf_append_lit(out, "Value ");
    if (json == NULL) {
        buf_append_lit(out, "null");
    } else {
        buf_append_byte(out, '\'');
        append_value(out, shape, json, out->size + INPUT_VALUE_BYTES_MAX);
        buf_append_byte(out, '\'');
    }
    buf_append_lit(out, " at '");
    append_path(out, path);
    buf_append_lit(out, "' failed to satisfy constraint: ");
    return out;
}

static void append_path(struct buf *out, const struct path *path)
{
    if (path->parent != NULL) {
        append_path(out, path->parent);
        buf_append_byte(out, '.');
    }
    switch (path->kind) {
    case PATH_MEMBER:
        buf_append_byte(out, (uint8_t)(path->name.data[0] | 0x20)); /* rows begin with a letter */
        buf_append_bytes(out, bytes_skip(path->name, 1));
        break;
    case PATH_ELEMENT:
        buf_append_format(out, "%zu.member", path->position);
        break;
    case PATH_ENTRY:
        append_cut(out, path->name, out->size + INPUT_VALUE_BYTES_MAX);
        buf_append_lit(out, ".member");
        break;
    }
}

/* As Java's toString has it. Of a structure that is its class and a number that means nothing. */
static void append_value(struct buf *out, const struct shape *shape, yyjson_val *json, size_t end)
{
    yyjson_arr_iter elements;
    yyjson_obj_iter entries;
    yyjson_val *each;

    if (yyjson_is_null(json)) {
        buf_append_lit(out, "null");
        return;
    }
    switch (shape->kind) {
    case SHAPE_STRUCTURE:
        buf_append_format(out, "com.amazonaws.dynamodb.v20120810.%s@0", shape->name);
        break;
    case SHAPE_LIST:
        buf_append_byte(out, '[');
        elements = yyjson_arr_iter_with(json);
        for (bool first = true; out->size < end && (each = yyjson_arr_iter_next(&elements)) != NULL;
             first = false) {
            buf_append_string(out, first ? "" : ", ");
            append_value(out, &shapes[shape->element], each, end);
        }
        buf_append_byte(out, ']');
        break;
    case SHAPE_MAP:
        buf_append_byte(out, '{');
        entries = yyjson_obj_iter_with(json);
        for (bool first = true; out->size < end && (each = yyjson_obj_iter_next(&entries)) != NULL;
             first = false) {
            buf_append_string(out, first ? "" : ", ");
            append_cut(out, input_text(each), end);
            buf_append_byte(out, '=');
            append_value(out, &shapes[shape->element], yyjson_obj_iter_get_val(each), end);
        }
        buf_append_byte(out, '}');
        break;
    case SHAPE_INTEGER:
    case SHAPE_LONG:
        buf_append_i64(out, input_shape_number(shape, json));
        break;
    default:
        append_cut(out, input_text(json), end);
        break;
    }
}

/* Appends a text up to position `end`, and only whole characters of it. */
static void append_cut(struct buf *out, struct bytes text, size_t end)
{
    size_t room = out->size < end ? end - out->size : 0;

    if (text.size > room) {
        text.size = room;
        while (text.size != 0 && (text.data[text.size] & 0xc0) == 0x80)
            text.size--;
    }
    buf_append_bytes(out, text);
}
