/* schema_params.c - which attributes are keys, and of which types. */
#include "api/schema_params.h"

#include "api/table_params.h"
#include "base/assert.h"

#include <stdlib.h>

static enum err check_simple(struct req *req, yyjson_val *keys, const struct name_list *names);
static enum err check_multi(struct req *req, yyjson_val *keys, const struct name_list *names);

static int compare_attributes(const void *a, const void *b)
{
    return bytes_compare(((const struct key_attribute *)a)->name,
                         ((const struct key_attribute *)b)->name);
}

void attribute_definitions_read(struct req *req, yyjson_val *list,
                                struct attribute_definitions *definitions)
{
    size_t count = yyjson_arr_size(list), i = 0;
    struct key_attribute *sorted = arena_new_array(req->arena, struct key_attribute, count);
    yyjson_arr_iter at = yyjson_arr_iter_with(list);
    yyjson_val *element;

    while ((element = yyjson_arr_iter_next(&at)) != NULL) {
        struct bytes type = {0};
        bool known;

        input_string(element, "AttributeName", &sorted[i].name);
        input_string(element, "AttributeType", &type);
        known = value_type_parse(type, &sorted[i++].type);
        ASSERT(known); /* the shape's enum saw to it */
    }
    if (count != 0)
        qsort(sorted, count, sizeof(sorted[0]), compare_attributes);
    *definitions = (struct attribute_definitions){
        .names = name_list_read(list, "AttributeName", req->arena),
        .sorted = sorted,
    };
}

const struct key_attribute *
attribute_definitions_find(const struct attribute_definitions *definitions, struct bytes name)
{
    struct key_attribute wanted = {.name = name};

    if (definitions->names.count == 0)
        return NULL;
    return bsearch(&wanted, definitions->sorted, definitions->names.count, sizeof(wanted),
                   compare_attributes);
}

static bool is_range(yyjson_val *key)
{
    struct bytes type = {0};

    input_string(key, "KeyType", &type);
    return bytes_equal_string(type, "RANGE");
}

enum err schema_params_read(struct req *req, yyjson_val *keys,
                            const struct attribute_definitions *definitions, enum schema_form form,
                            struct key_schema *schema)
{
    struct name_list names = name_list_read(keys, "AttributeName", req->arena);
    struct key_schema read = {0};
    yyjson_arr_iter at = yyjson_arr_iter_with(keys);
    yyjson_val *key;
    enum err err;

    for (size_t i = 0; i < names.count; i++)
        if (attribute_definitions_find(definitions, names.names[i]) == NULL)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "Some index key attributes are not defined in "
                                          "AttributeDefinitions. Keys: %.*s, "
                                          "AttributeDefinitions: %.*s",
                            BYTES_ARGS(name_list_text(&names, req->arena)),
                            BYTES_ARGS(name_list_text(&definitions->names, req->arena)));
    err = form == SCHEMA_SIMPLE ? check_simple(req, keys, &names) : check_multi(req, keys, &names);
    if (err != OK)
        return err;
    for (size_t i = 0; (key = yyjson_arr_iter_next(&at)) != NULL; i++) {
        read.attributes[i] = *attribute_definitions_find(definitions, names.names[i]);
        if (is_range(key))
            read.range_count++;
        else
            read.hash_count++;
    }
    *schema = read;
    return OK;
}

/* Rows 6 to 8; the shape has seen to it that there are one or two. */
static enum err check_simple(struct req *req, yyjson_val *keys, const struct name_list *names)
{
    if (names->count == 2 && bytes_equal(names->names[0], names->names[1]))
        return req_fail(req, ERR_VALIDATION,
                        "Both the Hash Key and the Range Key element in the "
                        "KeySchema have the same name");
    if (is_range(yyjson_arr_get_first(keys)))
        return req_fail(req, ERR_VALIDATION,
                        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    if (names->count == 2 && !is_range(yyjson_arr_get_last(keys)))
        return req_fail(req, ERR_VALIDATION,
                        "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
    return OK;
}

/* Rows 7 and 21b to 21d. */
static enum err check_multi(struct req *req, yyjson_val *keys, const struct name_list *names)
{
    size_t hash_count = 0, range_count = 0;
    bool hash_after_range = false;
    yyjson_arr_iter at = yyjson_arr_iter_with(keys);
    struct bytes repeated;
    yyjson_val *key;

    while ((key = yyjson_arr_iter_next(&at)) != NULL) {
        if (is_range(key)) {
            range_count++;
        } else {
            hash_count++;
            hash_after_range |= range_count != 0;
        }
    }
    if (is_range(yyjson_arr_get_first(keys)))
        return req_fail(req, ERR_VALIDATION,
                        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    if (hash_count > INDEX_PART_KEYS_MAX || range_count > INDEX_PART_KEYS_MAX)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "The KeySchema exceeds the maximum allowed number of %s key attributes",
                        hash_count > INDEX_PART_KEYS_MAX ? "HASH" : "RANGE");
    if (hash_after_range)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "All HASH key attributes must precede RANGE key attributes "
                                      "in the KeySchema");
    if (name_list_repeats(names, req->arena, &repeated))
        return req_fail(req, ERR_VALIDATION,
                        "The KeySchema contains multiple key attributes with the same name");
    return OK;
}
