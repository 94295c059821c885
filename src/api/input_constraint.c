/* input_constraint.c - the second pass: presence, lengths, ranges, patterns and sets of values.
 * Every broken constraint makes an entry, in the order of the shape, a container's own before those
 * of what it holds; ten are told at most. Before that come the members whose faults are told alone
 * (shapes.def, needs).
 * Nothing is allocated while all is well: paths are links on the stack, and input_report.c makes
 * text for faults only.
 * Source: contract core-api.md 1.6.
 */
#include "api/input_priv.h"

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
    return report_finish(&report, fault);
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
        err = report_finish(&report, fault);
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
    for (unsigned i = 0; i < structure->member_count && report->count < REPORT_ENTRIES_MAX; i++) {
        const struct shape_member *member = &structure->members[i];
        struct path path = {.parent = parent, .kind = PATH_MEMBER, .name = member->name};

        if (slots[i] != NULL)
            check_value(member->shape, slots[i], &path, report);
        else if ((member->need & NEED_REQUIRED) != 0)
            report_entry(report, member->shape, NULL, &path, "Member must not be null");
    }
}

static void check_value(const struct shape *shape, yyjson_val *json, const struct path *path,
                        struct report *report)
{
    if (report->count == REPORT_ENTRIES_MAX || !has_constraints(shape))
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
    while (yyjson_arr_iter_has_next(&iter) && report->count < REPORT_ENTRIES_MAX) {
        yyjson_val *member = yyjson_arr_iter_next(&iter);

        at.position = iter.idx;
        if (yyjson_is_null(member)) {
            report_entry(report, element, NULL, &at, "Member must not be null");
        } else if (element->kind != SHAPE_STRING) {
            check_value(element, member, &at, report);
        } else if (!told && !fits(element, member)) {
            report_all_of(report, list, json, path, "Member", element);
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

    while (report->count < REPORT_ENTRIES_MAX && (name = yyjson_obj_iter_next(&iter)) != NULL) {
        yyjson_val *value = yyjson_obj_iter_get_val(name);

        if (!keys_told && !fits(key, name)) {
            report_all_of(report, map, json, path, "Map keys", key);
            keys_told = true;
        }
        if (!values_told && !yyjson_is_null(value) && !fits(element, value)) {
            report_all_of(report, map, json, path, "Map value", element);
            values_told = true;
        }
    }
    if (!has_constraints(element))
        return;
    iter = yyjson_obj_iter_with(json);
    while (report->count < REPORT_ENTRIES_MAX && (name = yyjson_obj_iter_next(&iter)) != NULL) {
        yyjson_val *value = yyjson_obj_iter_get_val(name);

        at.name = input_text(name);
        if (yyjson_is_null(value))
            report_entry(report, element, NULL, &at, "Member must not be null");
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
        report_entry(report, shape, json, path, "Member must satisfy enum value set: [%s]",
                     shape->values);
        return;
    }
    if (shape->or_arn && input_is_arn(text)) {
        report_entry(report, shape, json, path, REPORT_LENGTH_MAX, (int64_t)SHAPE_ARN_LENGTH_MAX);
        return;
    }
    misfits = shape->pattern != NULL && !shape->pattern->matches(text);
    if (misfits && shape->pattern_first)
        report_entry(report, shape, json, path, REPORT_PATTERN, shape->pattern->text);
    check_size(shape, json, string_length(shape, text), path, report);
    if (misfits && !shape->pattern_first)
        report_entry(report, shape, json, path, REPORT_PATTERN, shape->pattern->text);
}

static void check_size(const struct shape *shape, yyjson_val *json, size_t size,
                       const struct path *path, struct report *report)
{
    if ((int64_t)size < shape->min)
        report_entry(report, shape, json, path, REPORT_LENGTH_MIN, shape->min);
    if (shape->max != 0 && (int64_t)size > shape->max)
        report_entry(report, shape, json, path, REPORT_LENGTH_MAX, shape->max);
}

static void check_number(const struct shape *shape, yyjson_val *json, const struct path *path,
                         struct report *report)
{
    int64_t value = input_shape_number(shape, json);

    if (value < shape->min) {
        report_entry(report, shape, json, path,
                     "Member must have value greater than or equal to %" PRId64, shape->min);
    }
    if (value > shape->max) {
        report_entry(report, shape, json, path,
                     "Member must have value less than or equal to %" PRId64, shape->max);
    }
}

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
