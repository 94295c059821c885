/* expr_names.c - ExpressionAttributeNames and ExpressionAttributeValues.
 * Looked up by the keys that the expressions use: one by one while there are few, by binary search
 * when there are many. Of equal keys the last counts, as in any other object.
 */
#include "base/assert.h"
#include "expr/expr_priv.h"

#include <stdlib.h>
#include <yyjson.h>

#define UNSORTED_MAX 16
/* More than the expressions of one request could use: 5 x 4,096 bytes, 3 bytes for each. */
#define PLACEHOLDERS_MAX 8192
_Static_assert(PLACEHOLDERS_MAX <= UINT16_MAX, "a node tells its row");

static const char too_large[] = /* no source has the service's words (unverified) */
    "The total size of expression attribute names and values has exceeded the maximum allowed size";

static enum err read_keys(const struct yyjson_val *json, const char *parameter, char mark,
                          struct arena *arena, struct fault *fault,
                          struct expr_placeholders *placeholders);
static bool key_valid(struct bytes key, char mark);
static void sort(struct expr_placeholders *placeholders, struct arena *arena);
static int compare(const void *a, const void *b);
static struct expr_placeholder *find(const struct expr_placeholders *placeholders,
                                     struct bytes key);
static struct bytes unused_keys(const struct expr_placeholders *placeholders, struct arena *arena);

enum err expr_names_read(const struct yyjson_val *json, struct arena *arena, struct fault *fault,
                         struct expr_placeholders *names)
{
    enum err err = read_keys(json, "ExpressionAttributeNames", '#', arena, fault, names);
    yyjson_obj_iter iter;
    yyjson_val *key;
    unsigned row = 0;

    if (err != OK || json == NULL)
        return err;
    yyjson_obj_iter_init((yyjson_val *)json, &iter);
    while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
        yyjson_val *json_name = yyjson_obj_iter_get_val(key);
        struct expr_placeholder *name = &names->rows[row];

        if (yyjson_is_null(json_name))
            continue;
        name->name = bytes_make(yyjson_get_str(json_name), yyjson_get_len(json_name));
        if (name->name.size == 0)
            return fault_set(fault, ERR_VALIDATION,
                             "ExpressionAttributeNames contains invalid value: "
                             "Empty attribute name for key %.*s",
                             BYTES_ARGS(name->key));
        if (name->name.size > EXPR_NAME_BYTES_MAX) /* words (unverified) */
            return fault_set(fault, ERR_VALIDATION,
                             "ExpressionAttributeNames contains invalid value: "
                             "Attribute name is too long for key %.*s",
                             BYTES_ARGS(name->key));
        row++;
    }
    return OK;
}

enum err expr_values_read(const struct yyjson_val *json, struct arena *arena, struct fault *fault,
                          struct expr_placeholders *values)
{
    enum err err = read_keys(json, "ExpressionAttributeValues", ':', arena, fault, values);
    yyjson_obj_iter iter;
    yyjson_val *key;
    unsigned row = 0;

    if (err != OK || json == NULL)
        return err;
    yyjson_obj_iter_init((yyjson_val *)json, &iter);
    while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
        yyjson_val *json_value = yyjson_obj_iter_get_val(key);
        struct expr_placeholder *value = &values->rows[row];

        if (yyjson_is_null(json_value))
            continue;
        err = value_from_json(json_value, arena, fault, &value->value);
        if (err == ERR_VALIDATION) {
            struct bytes why = fault->message;

            return (fault->wrapped ? fault_set_wrapped : fault_set)(
                fault, err, "ExpressionAttributeValues contains invalid value: %.*s for key %.*s",
                BYTES_ARGS(why), BYTES_ARGS(value->key));
        }
        if (err != OK)
            return err;
        row++;
    }
    return OK;
}

enum err expr_placeholders_check_size(const struct expr_placeholders *names,
                                      const struct expr_placeholders *values, struct fault *fault)
{
    size_t size = 0;

    for (unsigned i = 0; i < names->count; i++)
        size += names->rows[i].key.size + names->rows[i].name.size;
    for (unsigned i = 0; i < values->count; i++)
        size += values->rows[i].key.size + value_size_bytes(values->rows[i].value);
    if (size > EXPR_VARIABLES_BYTES_MAX)
        return fault_set(fault, ERR_VALIDATION, "%s", too_large);
    return OK;
}

const struct expr_placeholder *expr_placeholder_use(struct expr_placeholders *placeholders,
                                                    struct bytes key)
{
    struct expr_placeholder *found = find(placeholders, key);

    if (found != NULL)
        found->used = true;
    return found;
}

enum err expr_placeholders_check_used(const struct expr_placeholders *placeholders,
                                      const char *parameter, struct fault *fault)
{
    struct bytes unused = unused_keys(placeholders, fault->arena);

    if (unused.size == 0)
        return OK;
    return fault_set(fault, ERR_VALIDATION,
                     "Value provided in %s unused in expressions: keys: {%.*s}", parameter,
                     BYTES_ARGS(unused));
}

/* Rows with their keys; names and values come later, because all keys are checked first. */
static enum err read_keys(const struct yyjson_val *json, const char *parameter, char mark,
                          struct arena *arena, struct fault *fault,
                          struct expr_placeholders *placeholders)
{
    size_t members = json == NULL ? 0 : yyjson_obj_size((yyjson_val *)json);
    yyjson_obj_iter iter;
    yyjson_val *json_key;

    *placeholders = (struct expr_placeholders){0};
    if (json == NULL)
        return OK;
    if (members == 0)
        return fault_set(fault, ERR_VALIDATION, "%s must not be empty", parameter);
    if (members > PLACEHOLDERS_MAX)
        return fault_set(fault, ERR_VALIDATION, "%s", too_large);
    placeholders->rows = arena_new_array(arena, struct expr_placeholder, members);
    yyjson_obj_iter_init((yyjson_val *)json, &iter);
    while ((json_key = yyjson_obj_iter_next(&iter)) != NULL) {
        struct bytes key = bytes_make(yyjson_get_str(json_key), yyjson_get_len(json_key));

        if (!key_valid(key, mark))
            return fault_set(fault, ERR_VALIDATION,
                             "%s contains invalid key: Syntax error; key: \"%.*s\"", parameter,
                             BYTES_ARGS(key));
        if (!yyjson_is_null(yyjson_obj_iter_get_val(json_key))) /* null is absent */
            placeholders->rows[placeholders->count++].key = key;
    }
    sort(placeholders, arena);
    return OK;
}

static bool key_valid(struct bytes key, char mark)
{
    if (key.size < 2 || key.data[0] != mark)
        return false;
    for (size_t i = 1; i < key.size; i++) {
        uint8_t c = key.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '_'))
            return false;
    }
    return true;
}

static void sort(struct expr_placeholders *placeholders, struct arena *arena)
{
    unsigned count = placeholders->count;

    if (count <= UNSORTED_MAX)
        return;
    placeholders->sorted = arena_alloc(arena, count * sizeof(placeholders->sorted[0]));
    for (unsigned i = 0; i < count; i++)
        placeholders->sorted[i] = &placeholders->rows[i];
    qsort(placeholders->sorted, count, sizeof(placeholders->sorted[0]), compare);
}

/* Equal keys in the order of the request, so that the last of them is found. */
static int compare(const void *a, const void *b)
{
    const struct expr_placeholder *left = *(struct expr_placeholder *const *)a;
    const struct expr_placeholder *right = *(struct expr_placeholder *const *)b;
    int order = bytes_compare(left->key, right->key);

    return order != 0 ? order : (left > right) - (left < right);
}

static struct expr_placeholder *find(const struct expr_placeholders *placeholders, struct bytes key)
{
    unsigned low = 0, high = placeholders->count;

    if (placeholders->sorted == NULL) {
        while (high-- > 0)
            if (bytes_equal(placeholders->rows[high].key, key))
                return &placeholders->rows[high];
        return NULL;
    }
    while (low < high) { /* the first key that is greater */
        unsigned middle = low + (high - low) / 2;

        if (bytes_compare(placeholders->sorted[middle]->key, key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || !bytes_equal(placeholders->sorted[low - 1]->key, key))
        return NULL;
    return placeholders->sorted[low - 1];
}

/* "#a, #b"; empty: all were used. */
static struct bytes unused_keys(const struct expr_placeholders *placeholders, struct arena *arena)
{
    size_t bytes_max = 0, size = 0;
    uint8_t *text;

    for (unsigned i = 0; i < placeholders->count; i++)
        if (!placeholders->rows[i].used)
            bytes_max += placeholders->rows[i].key.size + 2;
    if (bytes_max == 0)
        return BYTES("");
    text = arena_alloc(arena, bytes_max);
    for (unsigned i = 0; i < placeholders->count; i++) {
        const struct expr_placeholder *row = &placeholders->rows[i];

        if (row->used || find(placeholders, row->key) != row)
            continue; /* used, or overridden by a later one of the same name */
        if (size != 0) {
            memcpy(text + size, ", ", 2);
            size += 2;
        }
        memcpy(text + size, row->key.data, row->key.size);
        size += row->key.size;
    }
    return bytes_make(text, size);
}
