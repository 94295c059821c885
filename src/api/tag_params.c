/* tag_params.c - what a tag may say, and whose it is. */
#include "api/tag_params.h"

#include "api/table_params.h"
#include "base/clock.h"
#include "base/unicode.h"

static enum err check_key(struct req *req, struct bytes key);
static enum err check_value(struct req *req, struct bytes value);
static enum err check_prefix(struct req *req, struct bytes key);
static enum err check_keys(struct req *req, const struct name_list *keys);
static enum err refuse_count(struct req *req);

enum err tag_params_read(struct req *req, yyjson_val *tags, struct table_tags *read)
{
    struct name_list keys = name_list_read(tags, "Key", req->arena);
    yyjson_arr_iter at = yyjson_arr_iter_with(tags);
    struct table_tags found = {0};
    yyjson_val *tag;
    enum err err;

    for (size_t i = 0; (tag = yyjson_arr_iter_next(&at)) != NULL; i++) {
        struct bytes value = {0};

        input_string(tag, "Value", &value);
        err = check_key(req, keys.names[i]);
        if (err == OK)
            err = check_value(req, value);
        if (err == OK)
            err = check_prefix(req, keys.names[i]);
        if (err != OK)
            return err;
        if (i < TABLE_TAGS_MAX)
            found.list[found.count++] = (struct table_tag){keys.names[i], value};
    }
    err = check_keys(req, &keys);
    if (err == OK)
        *read = found;
    return err;
}

enum err tag_params_read_keys(struct req *req, yyjson_val *list, struct name_list *read)
{
    struct name_list keys = name_list_read(list, NULL, req->arena);
    enum err err;

    for (size_t i = 0; i < keys.count; i++) {
        err = check_key(req, keys.names[i]);
        if (err == OK)
            err = check_prefix(req, keys.names[i]);
        if (err != OK)
            return err;
    }
    err = check_keys(req, &keys);
    if (err == OK)
        *read = keys;
    return err;
}

enum err tag_params_merge(struct req *req, const struct table_tags *set, struct table_tags *tags)
{
    for (unsigned i = 0; i < set->count; i++) {
        unsigned at = 0;

        while (at < tags->count && !bytes_equal(tags->list[at].key, set->list[i].key))
            at++;
        if (at == TABLE_TAGS_MAX)
            return refuse_count(req);
        tags->list[at] = set->list[i];
        if (at == tags->count)
            tags->count++;
    }
    return OK;
}

/* Letters, numbers and spaces of any script and a few signs, and not too many of them. */
static bool is_tag_text(struct bytes text, size_t chars_min, size_t chars_max)
{
    static const char signs[] = "+-=._:/@";
    size_t chars = 0;
    uint32_t c;

    if (text.data == NULL) /* absent */
        return false;
    while (unicode_next(&text, &c)) {
        chars++;
        if (!unicode_is_word_or_space(c) && (c == 0 || c > 0x7f || strchr(signs, (int)c) == NULL))
            return false;
    }
    return chars >= chars_min && chars <= chars_max;
}

/* What messages show for an absent text. */
static struct bytes or_null(struct bytes text)
{
    return text.data != NULL ? text : BYTES("null");
}

static enum err check_key(struct req *req, struct bytes key)
{
    if (is_tag_text(key, 1, TAG_KEY_CHARS_MAX))
        return OK;
    return req_fail(req, ERR_VALIDATION, "The Tag Key provided is invalid, Key: %.*s",
                    BYTES_ARGS(or_null(key)));
}

static enum err check_value(struct req *req, struct bytes value)
{
    if (is_tag_text(value, 0, TAG_VALUE_CHARS_MAX))
        return OK;
    return req_fail(req, ERR_VALIDATION, "The Tag Value provided is invalid, Value: %.*s",
                    BYTES_ARGS(or_null(value)));
}

static enum err check_prefix(struct req *req, struct bytes key)
{
    struct bytes prefix = bytes_make(key.data, key.size < 4 ? key.size : 4);

    if (!bytes_equal_no_case(prefix, BYTES("aws:")))
        return OK;
    return req_fail(req, ERR_VALIDATION, "Tag Key cannot be prefixed with aws:, Key: %.*s",
                    BYTES_ARGS(key));
}

/* What the keys of one request have to be together. */
static enum err check_keys(struct req *req, const struct name_list *keys)
{
    struct bytes repeated;

    if (name_list_repeats(keys, req->arena, &repeated))
        return req_fail(req, ERR_VALIDATION,
                        "Duplicate Tag Keys provided as input: Duplicate Tag Key found %.*s",
                        BYTES_ARGS(repeated));
    return keys->count > TABLE_TAGS_MAX ? refuse_count(req) : OK;
}

static enum err refuse_count(struct req *req)
{
    return req_fail(req, ERR_VALIDATION,
                    "Number of Tags exceed the current limit for the provided ResourceArn");
}

/* --- the table ------------------------------------------------------------------------------- */

enum err tag_params_resource(struct req *req, struct resource *resource)
{
    struct bytes arn;

    if (!input_string(req->input, "ResourceArn", &arn))
        return req_fail(req, ERR_VALIDATION, "Invalid TableArn");
    return resource_params_read(
        req, arn, "Invalid TableArn: Invalid ResourceArn provided as input ", resource);
}

enum err tag_params_find(struct req *req, const struct resource *resource, struct table **table)
{
    struct table *found = NULL;

    if (resource->stream.data == NULL)
        found = catalog_acquire(req->api->catalog, req->place.account, req->place.region,
                                resource->table);
    if (found != NULL && table_status_now(found, clock_wall_ms()) == TABLE_CREATING)
        table_release(&found);
    if (found == NULL)
        return req_fail(req, ERR_RESOURCE_NOT_FOUND,
                        "Requested resource not found: ResourceArn: %.*s not found",
                        BYTES_ARGS(resource->arn));
    req_take_table(req, found);
    *table = found;
    return OK;
}

enum err tag_params_find_to_change(struct req *req, const struct resource *resource,
                                   struct table **table)
{
    enum err err = tag_params_find(req, resource, table);

    if (err == OK && table_status_now(*table, clock_wall_ms()) == TABLE_DELETING)
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being deleted: %.*s",
                        BYTES_ARGS(resource->table));
    return err;
}

enum err tag_params_publish(struct req *req, const struct table *table,
                            const struct table_tags *tags)
{
    struct table_definition next = table->definition;
    struct table *published;

    next.tags = *tags;
    return req_publish(req, &next, &published);
}
