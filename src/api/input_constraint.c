/* input_constraint.c - the second pass: presence, lengths, ranges, patterns and sets of values.
 * Every broken constraint makes an entry "Value '<v>' at '<path>' failed to satisfy constraint:
 * <c>", in the order of the shape, a container's own before those of what it holds; ten are told at
 * most. Before that come the members whose faults are told alone (shapes.def, needs). Nothing is
 * allocated while all is well: paths are links on the stack, text is made for a fault only. Source:
 * contract core-api.md 1.6. Constraints of a list's strings are told in the form of those of map
 * values, "Member must satisfy constraint: [...]", as other services of this framework do
 *         (unverified).
 */
#include "api/input_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/buf.h"

#define ENTRIES_MAX 10

/* Paths are short but for keys of maps, of which no shape nests two. */
#define REPORT_BYTES_MAX (ENTRIES_MAX * (2 * INPUT_VALUE_BYTES_MAX + 4096))

#define LENGTH_MIN_FORMAT "Member must have length greater than or equal to %" PRId64
#define LENGTH_MAX_FORMAT "Member must have length less than or equal to %" PRId64
#define PATTERN_FORMAT    "Member must satisfy regular expression pattern: %s"

/* Where we are: the links from the member at hand up to the input. */
struct path {
    const struct path *parent;
    enum { PATH_MEMBER, PATH_ELEMENT, PATH_ENTRY } kind;
    struct bytes name; /* of a member, or a map's key */
    size_t position;   /* of an element, from 1 */
};

struct report {
    struct buf text; /* the entries, joined */
    unsigned count;
};

static enum err check_before(const struct shape *input, yyjson_val *const slots[],
                             struct fault *fault);
static enum err check_worded(const struct shape *input, yyjson_val *const slots[],
                             struct fault *fault);
static enum err check_alone(const struct shape *input, yyjson_val *const slots[],
                            struct fault *fault);
static void check_members(const struct shape *structure, yyjson_val *const slots[],
                          const struct path *parent, struct report *report);
static void check_value(const struct shape *shape, yyjson_val *json, const struct path *path,
                        struct report *report);
static void check_structure(const struct shape *structure, yyjson_val *object,
                            const struct path *path, struct report *report);
static void check_list(const struct shape *list, yyjson_val *json, const struct path *path,
                       struct report *report);
static void check_map(const struct shape *map, yyjson_val *json, const struct path *path,
                      struct report *report);
static void check_string(const struct shape *shape, yyjson_val *json, const struct path *path,
                         struct report *report);
static void check_size(const struct shape *shape, yyjson_val *json, size_t size,
                       const struct path *path, struct report *report);
static void check_number(const struct shape *shape, yyjson_val *json, const struct path *path,
                         struct report *report);

static bool has_constraints(const struct shape *shape);
static bool fits(const struct shape *shape, yyjson_val *json);
static bool string_fits(const struct shape *shape, struct bytes text);
static bool size_fits(const struct shape *shape, size_t size);
static size_t string_length(const struct shape *shape, struct bytes text);
static bool is_one_of(const char *values, struct bytes text);
static int64_t number_of(const struct shape *shape, yyjson_val *json);

static enum err finish(struct report *report, struct fault *fault);
static struct buf *begin_entry(struct report *report, const struct shape *shape, yyjson_val *json,
                               const struct path *path);
static void add_entry(struct report *report, const struct shape *shape, yyjson_val *json,
                      const struct path *path, const char *format, ...) PRINTF_LIKE(5, 6);
static void add_all_of(struct report *report, const struct shape *container, yyjson_val *json,
                       const struct path *path, const char *who, const struct shape *each);
static void append_path(struct buf *out, const struct path *path);
static void append_value(struct buf *out, const struct shape *shape, yyjson_val *json, size_t end);
static void append_cut(struct buf *out, struct bytes text, size_t end);

enum err input_check_constraints(const struct shape *input, yyjson_val *root, struct fault *fault)
{
    yyjson_val *slots[SHAPE_MEMBERS_MAX];
    struct report report = {.count = 0};
    enum err err;

    input_slots(input, root, slots);
    err = check_before(input, slots, fault);
    if (err == OK)
        err = check_worded(input, slots, fault);
    if (err == OK)
        err = check_alone(input, slots, fault);
    if (err != OK)
        return err;
    check_members(input, slots, NULL, &report);
    return finish(&report, fault);
}

static enum err check_before(const struct shape *input, yyjson_val *const slots[],
                             struct fault *fault)
{
    for (unsigned i = 0; i < input->member_count; i++) {
        const struct shape_member *member = &input->members[i];

        if ((member->need & NEED_BEFORE) != 0 && slots[i] == NULL) {
            return fault_set(fault, ERR_VALIDATION,
                             "The parameter '%.*s' is required but was not present in the request",
                             BYTES_ARGS(member->name));
        }
    }
    return OK;
}

static enum err check_worded(const struct shape *input, yyjson_val *const slots[],
                             struct fault *fault)
{
    for (unsigned i = 0; i < input->member_count; i++) {
        const struct shape *shape = input->members[i].shape;
        int64_t size;

        if ((input->members[i].need & NEED_WORDED) == 0 || slots[i] == NULL)
            continue;
        size = (int64_t)string_length(shape, input_text(slots[i]));
        if (size < shape->min || size > shape->max) {
            return fault_set(
                fault, ERR_VALIDATION,
                "%s must be at least %d characters long and at most %d characters long",
                shape->name, (int)shape->min, (int)shape->max);
        }
    }
    return OK;
}

static enum err check_alone(const struct shape *input, yyjson_val *const slots[],
                            struct fault *fault)
{
    for (unsigned i = 0; i < input->member_count; i++) {
        const struct shape_member *member = &input->members[i];
        struct path path = {.kind = PATH_MEMBER, .name = member->name};
        struct report report = {.count = 0};
        enum err err;

        if ((member->need & NEED_ALONE) == 0 || slots[i] == NULL)
            continue;
        check_value(member->shape, slots[i], &path, &report);
        err = finish(&report, fault);
        if (err == OK && member->shape == &shapes[SHAPE_TableArn])
            err = input_check_table_name(input_text(slots[i]), fault);
        if (err != OK)
            return err;
    }
    return OK;
}

static void check_members(const struct shape *structure, yyjson_val *const slots[],
                          const struct path *parent, struct report *report)
{
    for (unsigned i = 0; i < structure->member_count && report->count < ENTRIES_MAX; i++) {
        const struct shape_member *member = &structure->members[i];
        struct path path = {.parent = parent, .kind = PATH_MEMBER, .name = member->name};

        if (slots[i] != NULL)
            check_value(member->shape, slots[i], &path, report);
        else if ((member->need & NEED_REQUIRED) != 0)
            add_entry(report, member->shape, NULL, &path, "Member must not be null");
    }
}

static void check_value(const struct shape *shape, yyjson_val *json, const struct path *path,
                        struct report *report)
{
    if (report->count == ENTRIES_MAX || !has_constraints(shape))
        return;
    switch (shape->kind) {
    case SHAPE_STRUCTURE:
        check_structure(shape, json, path, report);
        break;
    case SHAPE_LIST:
        check_size(shape, json, yyjson_arr_size(json), path, report);
        check_list(shape, json, path, report);
        break;
    case SHAPE_MAP:
        check_size(shape, json, yyjson_obj_size(json), path, report);
        check_map(shape, json, path, report);
        break;
    case SHAPE_STRING:
        check_string(shape, json, path, report);
        break;
    default:
        check_number(shape, json, path, report);
        break;
    }
}

static void check_structure(const struct shape *structure, yyjson_val *object,
                            const struct path *path, struct report *report)
{
    yyjson_val *slots[SHAPE_MEMBERS_MAX];

    input_slots(structure, object, slots);
    check_members(structure, slots, path, report);
}

static void check_list(const struct shape *list, yyjson_val *json, const struct path *path,
                       struct report *report)
{
    const struct shape *element = &shapes[list->element];
    yyjson_arr_iter iter = yyjson_arr_iter_with(json);
    struct path at = {.parent = path, .kind = PATH_ELEMENT};
    bool told = false;

    if (!has_constraints(element))
        return;
    while (yyjson_arr_iter_has_next(&iter) && report->count < ENTRIES_MAX) {
        yyjson_val *member = yyjson_arr_iter_next(&iter);

        at.position = iter.idx;
        if (yyjson_is_null(member)) {
            add_entry(report, element, NULL, &at, "Member must not be null");
        } else if (element->kind != SHAPE_STRING) {
            check_value(element, member, &at, report);
        } else if (!told && !fits(element, member)) {
            add_all_of(report, list, json, path, "Member", element);
            told = true;
        }
    }
}

static void check_map(const struct shape *map, yyjson_val *json, const struct path *path,
                      struct report *report)
{
    const struct shape *key = &shapes[map->key], *element = &shapes[map->element];
    bool keys_told = false, values_told = !has_constraints(element);
    yyjson_obj_iter iter = yyjson_obj_iter_with(json);
    struct path at = {.parent = path, .kind = PATH_ENTRY};
    yyjson_val *name;

    while (report->count < ENTRIES_MAX && (name = yyjson_obj_iter_next(&iter)) != NULL) {
        yyjson_val *value = yyjson_obj_iter_get_val(name);

        if (!keys_told && !fits(key, name)) {
            add_all_of(report, map, json, path, "Map keys", key);
            keys_told = true;
        }
        if (!values_told && !yyjson_is_null(value) && !fits(element, value)) {
            add_all_of(report, map, json, path, "Map value", element);
            values_told = true;
        }
    }
    if (!has_constraints(element))
        return;
    iter = yyjson_obj_iter_with(json);
    while (report->count < ENTRIES_MAX && (name = yyjson_obj_iter_next(&iter)) != NULL) {
        yyjson_val *value = yyjson_obj_iter_get_val(name);

        at.name = input_text(name);
        if (yyjson_is_null(value))
            add_entry(report, element, NULL, &at, "Member must not be null");
        else if (element->kind == SHAPE_LIST)
            check_list(element, value, &at, report); /* its size was told as the map's fault */
        else if (element->kind == SHAPE_STRUCTURE)
            check_structure(element, value, &at, report);
    }
}

static void check_string(const struct shape *shape, yyjson_val *json, const struct path *path,
                         struct report *report)
{
    struct bytes text = input_text(json);
    bool misfits;

    if (string_fits(shape, text))
        return;
    if (shape->values != NULL) {
        add_entry(report, shape, json, path, "Member must satisfy enum value set: [%s]",
                  shape->values);
        return;
    }
    if (shape->or_arn && input_is_arn(text)) {
        add_entry(report, shape, json, path, LENGTH_MAX_FORMAT, (int64_t)SHAPE_ARN_LENGTH_MAX);
        return;
    }
    misfits = shape->pattern != NULL && !shape->pattern->matches(text);
    if (misfits && shape->pattern_first)
        add_entry(report, shape, json, path, PATTERN_FORMAT, shape->pattern->text);
    check_size(shape, json, string_length(shape, text), path, report);
    if (misfits && !shape->pattern_first)
        add_entry(report, shape, json, path, PATTERN_FORMAT, shape->pattern->text);
}

static void check_size(const struct shape *shape, yyjson_val *json, size_t size,
                       const struct path *path, struct report *report)
{
    if ((int64_t)size < shape->min)
        add_entry(report, shape, json, path, LENGTH_MIN_FORMAT, shape->min);
    if (shape->max != 0 && (int64_t)size > shape->max)
        add_entry(report, shape, json, path, LENGTH_MAX_FORMAT, shape->max);
}

static void check_number(const struct shape *shape, yyjson_val *json, const struct path *path,
                         struct report *report)
{
    int64_t value = number_of(shape, json);

    if (value < shape->min) {
        add_entry(report, shape, json, path,
                  "Member must have value greater than or equal to %" PRId64, shape->min);
    }
    if (value > shape->max) {
        add_entry(report, shape, json, path,
                  "Member must have value less than or equal to %" PRId64, shape->max);
    }
}

/* --- predicates ------------------------------------------------------------------------------ */

/* Attribute values have none: their rules are words of their own, in item/. */
static bool has_constraints(const struct shape *shape)
{
    switch (shape->kind) {
    case SHAPE_STRUCTURE:
        return shape != &shapes[SHAPE_AttributeValue];
    case SHAPE_LIST:
    case SHAPE_MAP:
        return true;
    case SHAPE_STRING:
        return shape->values != NULL || shape->pattern != NULL || shape->min != 0 ||
               shape->max != 0;
    case SHAPE_INTEGER:
    case SHAPE_LONG:
        return shape->min != NO_MIN || shape->max != NO_MAX;
    default:
        return false;
    }
}

/* Whether a key, an element or a map's value breaks no constraint of its own. */
static bool fits(const struct shape *shape, yyjson_val *json)
{
    if (shape->kind == SHAPE_STRING)
        return string_fits(shape, input_text(json));
    if (shape->kind == SHAPE_LIST)
        return size_fits(shape, yyjson_arr_size(json));
    return true;
}

static bool string_fits(const struct shape *shape, struct bytes text)
{
    if (shape->values != NULL)
        return (shape->open && text.size != 0) || is_one_of(shape->values, text);
    if (shape->or_arn && input_is_arn(text))
        return text.size <= SHAPE_ARN_LENGTH_MAX;
    return size_fits(shape, string_length(shape, text)) &&
           (shape->pattern == NULL || shape->pattern->matches(text));
}

static bool size_fits(const struct shape *shape, size_t size)
{
    return (int64_t)size >= shape->min && (shape->max == 0 || (int64_t)size <= shape->max);
}

static size_t string_length(const struct shape *shape, struct bytes text)
{
    size_t count = 0;

    /* No need to count characters of a text that is short enough in bytes, and long enough too. */
    if (shape->in_bytes || (shape->max != 0 && (int64_t)text.size <= shape->max && shape->min <= 1))
        return text.size;
    for (size_t i = 0; i < text.size; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

static bool is_one_of(const char *values, struct bytes text)
{
    for (const char *at = values;; at += 2) { /* over the ", " */
        const char *end = at;

        while (*end != ',' && *end != 0)
            end++;
        if (bytes_equal(bytes_make(at, (size_t)(end - at)), text))
            return true;
        if (*end == 0)
            return false;
        at = end;
    }
}

static int64_t number_of(const struct shape *shape, yyjson_val *json)
{
    return shape->kind == SHAPE_INTEGER ? input_number(json, INT32_MIN, INT32_MAX)
                                        : input_number(json, INT64_MIN, INT64_MAX);
}

/* --- messages -------------------------------------------------------------------------------- */

static enum err finish(struct report *report, struct fault *fault)
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

/* Appends all of an entry but the constraint. */
static struct buf *begin_entry(struct report *report, const struct shape *shape, yyjson_val *json,
                               const struct path *path)
{
    struct buf *out = &report->text;

    if (report->count == 0)
        buf_init(out, REPORT_BYTES_MAX);
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

static void add_entry(struct report *report, const struct shape *shape, yyjson_val *json,
                      const struct path *path, const char *format, ...)
{
    struct buf *out;
    char text[256];
    va_list args;
    int size;

    if (report->count == ENTRIES_MAX)
        return;
    va_start(args, format);
    size = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ASSERT(size > 0 && (size_t)size < sizeof(text));
    out = begin_entry(report, shape, json, path);
    buf_append(out, text, (size_t)size);
}

/* What a container's keys or members have to satisfy, told once and whole. */
static void add_all_of(struct report *report, const struct shape *container, yyjson_val *json,
                       const struct path *path, const char *who, const struct shape *each)
{
    struct buf *out;
    const char *joint = "";

    if (report->count == ENTRIES_MAX)
        return;
    out = begin_entry(report, container, json, path);
    buf_append_format(out, "%s must satisfy constraint: [", who);
    if (each->values != NULL) {
        buf_append_format(out, "Member must satisfy enum value set: [%s]", each->values);
        joint = ", ";
    }
    if (each->max != 0) {
        buf_append_format(out, LENGTH_MAX_FORMAT, each->max);
        joint = ", ";
    }
    if (each->min != 0) {
        buf_append_string(out, joint);
        buf_append_format(out, LENGTH_MIN_FORMAT, each->min);
        joint = ", ";
    }
    if (each->pattern != NULL) {
        buf_append_string(out, joint);
        buf_append_format(out, PATTERN_FORMAT, each->pattern->text);
    }
    buf_append_byte(out, ']');
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
        buf_append_i64(out, number_of(shape, json));
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
