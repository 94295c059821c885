/* op_untag_resource.c - UntagResource. Contract core-api-tables.md 7. */
#include "api/tag_params.h"
#include "table/catalog.h"

static enum err take_off(struct req *req, const struct resource *resource,
                         const struct name_list *keys);

enum err op_untag_resource(struct req *req)
{
    yyjson_val *list = input_member(req->input, "TagKeys");
    struct resource resource;
    struct name_list keys;
    enum err err = tag_params_resource(req, &resource);

    if (err == OK && list == NULL)
        return req_fail(req, ERR_VALIDATION,
                        "1 validation error detected: Value null at 'tagKeys' failed to satisfy "
                        "constraint: Member must not be null");
    if (err == OK && yyjson_arr_size(list) == 0)
        return req_fail(req, ERR_VALIDATION, "Atleast one Tag Key needs to be provided as Input.");
    if (err == OK)
        err = tag_params_read_keys(req, list, &keys);
    return err == OK ? take_off(req, &resource, &keys) : err;
}

static bool is_listed(const struct name_list *keys, struct bytes key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (bytes_equal(keys->names[i], key))
            return true;
    return false;
}

/* Keys that the table does not have are no errors. */
static enum err take_off(struct req *req, const struct resource *resource,
                         const struct name_list *keys)
{
    const struct table_tags *tags;
    struct table_tags left = {0};
    struct table *table;
    enum err err = tag_params_find_to_change(req, resource, &table);

    if (err != OK)
        return err;
    tags = &table->definition.tags;
    for (unsigned i = 0; i < tags->count; i++)
        if (!is_listed(keys, tags->list[i].key))
            left.list[left.count++] = tags->list[i];
    return left.count == tags->count ? OK : tag_params_publish(req, table, &left);
}
