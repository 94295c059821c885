/* input.c - the two passes in their order, and reading what passed. */
#include "api/input.h"

#include "api/input_priv.h"
#include "api/ops.h"

#include <math.h>
#include <strings.h>

enum err input_check(const struct op *op, yyjson_val *root, struct fault *fault)
{
    enum err err = input_check_types(op->input, root, fault);

    return err != OK ? err : input_check_constraints(op->input, root, fault);
}

yyjson_val *input_find(yyjson_val *object, struct bytes name)
{
    yyjson_val *found = NULL, *key, *value;
    size_t left = yyjson_obj_size(object);

    if (left == 0)
        return NULL;
    for (key = unsafe_yyjson_get_first(object); left != 0; left--) {
        value = key + 1;
        if (unsafe_yyjson_get_len(key) == name.size &&
            memcmp(unsafe_yyjson_get_str(key), name.data, name.size) == 0)
            found = value;
        key = unsafe_yyjson_get_next(value);
    }
    return yyjson_is_null(found) ? NULL : found;
}

bool input_string(yyjson_val *object, const char *name, struct bytes *text)
{
    yyjson_val *found = input_member(object, name);

    if (found == NULL)
        return false;
    *text = input_text(found);
    return true;
}

bool input_bool(yyjson_val *object, const char *name, bool if_absent)
{
    yyjson_val *found = input_member(object, name);
    bool value = if_absent;

    if (yyjson_is_str(found))
        (void)input_bool_of_text(input_text(found), &value);
    else if (found != NULL)
        value = yyjson_get_bool(found);
    return value;
}

int64_t input_integer(yyjson_val *object, const char *name, int64_t if_absent)
{
    yyjson_val *found = input_member(object, name);

    return found == NULL ? if_absent : input_number(found, INT64_MIN, INT64_MAX);
}

struct bytes input_text(yyjson_val *json)
{
    return yyjson_is_str(json) ? bytes_make(yyjson_get_str(json), yyjson_get_len(json)) : BYTES("");
}

struct input_walk input_walk_begin(yyjson_val *map)
{
    yyjson_obj_iter iter = yyjson_obj_iter_with(map);

    return (struct input_walk){.at = iter.cur, .left = iter.max};
}

bool input_walk_next(struct input_walk *walk)
{
    while (walk->left != 0) {
        yyjson_val *later, *name = walk->at;
        bool replaced;

        walk->name = input_text(name);
        walk->value = name + 1;
        walk->left--;
        walk->at = later = unsafe_yyjson_get_next(walk->value);
        replaced = yyjson_is_null(walk->value);
        for (size_t i = 0; i < walk->left && !replaced; i++) {
            replaced = bytes_equal(input_text(later), walk->name);
            later = unsafe_yyjson_get_next(later + 1);
        }
        if (!replaced)
            return true;
    }
    return false;
}

void input_slots(const struct shape *structure, yyjson_val *object,
                 yyjson_val *slots[SHAPE_MEMBERS_MAX])
{
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    yyjson_val *key;

    memset(slots, 0, structure->member_count * sizeof(slots[0]));
    while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
        int at = shape_member_find(structure, input_text(key));

        if (at >= 0) {
            yyjson_val *value = yyjson_obj_iter_get_val(key);

            slots[at] = yyjson_is_null(value) ? NULL : value;
        }
    }
}

int64_t input_number(yyjson_val *json, int64_t min, int64_t max)
{
    int64_t value;

    if (yyjson_is_uint(json)) {
        uint64_t number = yyjson_get_uint(json);

        value = number > INT64_MAX ? INT64_MAX : (int64_t)number;
    } else if (yyjson_is_sint(json)) {
        value = yyjson_get_sint(json);
    } else {
        double number = floor(yyjson_get_real(json));

        value = number >= 0x1p63 ? INT64_MAX : number < -0x1p63 ? INT64_MIN : (int64_t)number;
    }
    return value < min ? min : value > max ? max : value;
}

int64_t input_shape_number(const struct shape *shape, yyjson_val *json)
{
    return shape->kind == SHAPE_INTEGER ? input_number(json, INT32_MIN, INT32_MAX)
                                        : input_number(json, INT64_MIN, INT64_MAX);
}

bool input_bool_of_text(struct bytes text, bool *value)
{
    static const struct {
        struct bytes text;
        bool value;
    } words[] = {
        {{(const uint8_t *)"true", 4}, true}, {{(const uint8_t *)"1", 1}, true},
        {{(const uint8_t *)"yes", 3}, true},  {{(const uint8_t *)"false", 5}, false},
        {{(const uint8_t *)"0", 1}, false},   {{(const uint8_t *)"no", 2}, false},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (text.size == words[i].text.size &&
            strncasecmp((const char *)text.data, (const char *)words[i].text.data, text.size) ==
                0) {
            *value = words[i].value;
            return true;
        }
    }
    return false;
}
