/* input_type.c - the first pass: can every value be converted to the type its shape declares?
 * The first that cannot, in the order of the shape, gives the message. The messages are those of
 * the service's deserializer, so they depend on the declared type, on what was sent and, for
 * structures and containers, on where the value stands.
 * Source: contract core-api.md 1.5.
 */
#include "api/input_priv.h"
#include "item/value.h"

_Static_assert(INPUT_DEPTH_MAX > VALUE_DEPTH_MAX + 8,
               "what is left unchecked must be too deep anyway");

#define JAVA_PACKAGE "com.amazonaws.dynamodb.v20120810."

/* What a value is part of. */
enum place { IN_STRUCTURE, IN_LIST, IN_MAP };

static enum err check_value(const struct shape *shape, yyjson_val *json, enum place place,
                            unsigned depth, struct fault *fault);
static enum err check_structure(const struct shape *shape, yyjson_val *object, unsigned depth,
                                struct fault *fault);
static enum err check_list(const struct shape *shape, yyjson_val *array, unsigned depth,
                           struct fault *fault);
static enum err check_map(const struct shape *shape, yyjson_val *object, unsigned depth,
                          struct fault *fault);
static enum err check_blob(struct bytes text, struct fault *fault);
static enum err refuse(const struct shape *shape, yyjson_val *json, enum place place,
                       struct fault *fault);
static enum err refuse_scalar(const struct shape *shape, yyjson_val *json, struct fault *fault);
static enum err refuse_array(const struct shape *shape, struct fault *fault);
static enum err say(struct fault *fault, struct bytes message);
static const char *java_name(enum shape_kind kind);

enum err input_check_types(const struct shape *input, yyjson_val *root, struct fault *fault)
{
    return check_value(input, root, IN_LIST, 0, fault);
}

static enum err check_value(const struct shape *shape, yyjson_val *json, enum place place,
                            unsigned depth, struct fault *fault)
{
    bool ignored;

    switch (shape->kind) {
    case SHAPE_STRUCTURE:
        if (yyjson_is_obj(json))
            return check_structure(shape, json, depth, fault);
        break;
    case SHAPE_LIST:
        if (yyjson_is_arr(json))
            return check_list(shape, json, depth, fault);
        break;
    case SHAPE_MAP:
        if (yyjson_is_obj(json))
            return check_map(shape, json, depth, fault);
        break;
    case SHAPE_STRING:
        if (yyjson_is_str(json))
            return OK;
        break;
    case SHAPE_BLOB:
        if (yyjson_is_str(json))
            return check_blob(input_text(json), fault);
        break;
    case SHAPE_BOOLEAN:
        if (yyjson_is_bool(json))
            return OK;
        if (yyjson_is_str(json))
            return input_bool_of_text(input_text(json), &ignored)
                       ? OK
                       : say(fault, BYTES("Unexpected token received from parser"));
        break;
    case SHAPE_INTEGER:
    case SHAPE_LONG:
    case SHAPE_DOUBLE:
    case SHAPE_TIMESTAMP:
        if (yyjson_is_num(json))
            return OK;
        break;
    }
    return refuse(shape, json, place, fault);
}

static enum err check_structure(const struct shape *shape, yyjson_val *object, unsigned depth,
                                struct fault *fault)
{
    yyjson_val *slots[SHAPE_MEMBERS_MAX];

    if (depth == INPUT_DEPTH_MAX)
        return OK;
    if (yyjson_obj_size(object) == 1) { /* nearly every AttributeValue: nothing to put in order */
        yyjson_val *key = unsafe_yyjson_get_first(object);
        int at = shape_member_find(shape, input_text(key));

        if (at < 0 || yyjson_is_null(key + 1))
            return OK;
        return check_value(shape->members[at].shape, key + 1, IN_STRUCTURE, depth + 1, fault);
    }
    input_slots(shape, object, slots);
    for (unsigned i = 0; i < shape->member_count; i++) {
        enum err err;

        if (slots[i] == NULL)
            continue;
        err = check_value(shape->members[i].shape, slots[i], IN_STRUCTURE, depth + 1, fault);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err check_list(const struct shape *shape, yyjson_val *array, unsigned depth,
                           struct fault *fault)
{
    const struct shape *element = &shapes[shape->element];
    yyjson_arr_iter iter = yyjson_arr_iter_with(array);
    yyjson_val *json;

    while ((json = yyjson_arr_iter_next(&iter)) != NULL) {
        enum err err =
            yyjson_is_null(json) ? OK : check_value(element, json, IN_LIST, depth, fault);

        if (err != OK)
            return err;
    }
    return OK;
}

static enum err check_map(const struct shape *shape, yyjson_val *object, unsigned depth,
                          struct fault *fault)
{
    const struct shape *element = &shapes[shape->element];
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    yyjson_val *key;

    while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
        yyjson_val *json = yyjson_obj_iter_get_val(key);
        enum err err = yyjson_is_null(json) ? OK : check_value(element, json, IN_MAP, depth, fault);

        if (err != OK)
            return err;
    }
    return OK;
}

/* Sextet of each base64 character plus one, so that 0 says none. */
static const uint8_t sextets[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

static enum err check_blob(struct bytes text, struct fault *fault)
{
    size_t size = text.size, pads = 0;
    unsigned unused_bits;

    if (size % 4 != 0) {
        return fault_set(fault, ERR_SERIALIZATION,
                         "Base64 encoded length is expected a multiple of 4 bytes but found: %zu",
                         size);
    }
    while (pads < 2 && size != 0 && text.data[size - 1] == '=') {
        size--;
        pads++;
    }
    for (size_t i = 0; i < size; i++) {
        size_t end = i + 1;

        if (sextets[text.data[i]] != 0)
            continue;
        while (end < text.size && (text.data[end] & 0xc0) == 0x80)
            end++; /* the whole character */
        return fault_set(fault, ERR_SERIALIZATION, "Invalid Base64 character: '%.*s'",
                         (int)(end - i), (const char *)text.data + i);
    }
    unused_bits = pads == 2 ? 15 : pads == 1 ? 3 : 0;
    if (size != 0 && ((sextets[text.data[size - 1]] - 1u) & unused_bits) != 0)
        return say(fault, BYTES("Invalid last non-pad Base64 character dectected"));
    return OK;
}

static enum err refuse(const struct shape *shape, yyjson_val *json, enum place place,
                       struct fault *fault)
{
    bool container = shape->kind == SHAPE_LIST || shape->kind == SHAPE_MAP;

    if (yyjson_is_obj(json))
        return say(fault, BYTES("Start of structure or map found where not expected"));
    if (yyjson_is_arr(json))
        return refuse_array(shape, fault);
    if (container && place != IN_STRUCTURE) {
        return say(
            fault,
            BYTES("class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot "
                  "be cast to class java.lang.Class (sun.reflect.generics.reflectiveObjects."
                  "ParameterizedTypeImpl and java.lang.Class are in module java.base of "
                  "loader 'bootstrap')"));
    }
    if (shape->kind == SHAPE_STRUCTURE && place != IN_STRUCTURE)
        return say(fault, BYTES("Unexpected value type in payload"));
    if (shape->kind == SHAPE_STRUCTURE || container)
        return say(fault, BYTES("Unexpected field type"));
    return refuse_scalar(shape, json, fault);
}

static enum err refuse_scalar(const struct shape *shape, yyjson_val *json, struct fault *fault)
{
    const char *sent;

    if (shape->kind == SHAPE_BLOB)
        return say(fault, BYTES("only base-64-encoded strings are convertible to bytes"));
    if (yyjson_is_bool(json))
        sent = yyjson_get_bool(json) ? "TRUE_VALUE" : "FALSE_VALUE";
    else if (yyjson_is_str(json))
        sent = "STRING_VALUE";
    else
        sent = yyjson_is_int(json) ? "NUMBER_VALUE" : "DECIMAL_VALUE";
    return fault_set(fault, ERR_SERIALIZATION, "%s cannot be converted to %s", sent,
                     strrchr(java_name(shape->kind), '.') + 1);
}

static enum err refuse_array(const struct shape *shape, struct fault *fault)
{
    const struct shape *element = &shapes[shape->element];
    bool of_lists = element->kind == SHAPE_LIST;

    if (shape->kind == SHAPE_STRUCTURE) {
        return fault_set(fault, ERR_SERIALIZATION, "Unrecognized collection type class %s%s",
                         JAVA_PACKAGE, shape->name);
    }
    if (shape->kind != SHAPE_MAP) {
        return fault_set(fault, ERR_SERIALIZATION, "Unrecognized collection type class %s",
                         java_name(shape->kind));
    }
    if (of_lists)
        element = &shapes[element->element];
    return fault_set(fault, ERR_SERIALIZATION,
                     "Unrecognized collection type java.util.Map<java.lang.String, %s%s%s%s>",
                     of_lists ? "java.util.List<" : "",
                     element->kind == SHAPE_STRUCTURE ? JAVA_PACKAGE : "",
                     element->kind == SHAPE_STRUCTURE ? element->name : java_name(element->kind),
                     of_lists ? ">" : "");
}

static enum err say(struct fault *fault, struct bytes message)
{
    return fault_set_bytes(fault, ERR_SERIALIZATION, message);
}

static const char *java_name(enum shape_kind kind)
{
    switch (kind) {
    case SHAPE_BLOB:
        return "java.nio.ByteBuffer";
    case SHAPE_BOOLEAN:
        return "java.lang.Boolean";
    case SHAPE_INTEGER:
        return "java.lang.Integer";
    case SHAPE_LONG:
        return "java.lang.Long";
    case SHAPE_DOUBLE:
        return "java.lang.Double";
    case SHAPE_TIMESTAMP:
        return "java.util.Date";
    default:
        return "java.lang.String";
    }
}
