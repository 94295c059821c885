/* op_tag_resource.c - TagResource. Contract core-api-tables.md 7. */
#include "api/tag_params.h"
#include "table/catalog.h"

static enum err set(struct req *req, const struct resource *resource,
                    const struct table_tags *given);

enum err op_tag_resource(struct req *req)
{
    yyjson_val *tags = input_member(req->input, "Tags");
    struct resource resource;
    struct table_tags given;
    enum err err = tag_params_resource(req, &resource);

    if (err == OK && tags == NULL)
        return req_fail(req, ERR_VALIDATION,
                        "1 validation error detected: Value null at 'tags' failed to satisfy "
                        "constraint: Member must not be null");
    if (err == OK && yyjson_arr_size(tags) == 0)
        return req_fail(req, ERR_VALIDATION, "Atleast one Tag needs to be provided as Input.");
    if (err == OK)
        err = tag_params_read(req, tags, &given);
    return err == OK ? set(req, &resource, &given) : err;
}

static enum err set(struct req *req, const struct resource *resource,
                    const struct table_tags *given)
{
    struct table_tags merged;
    struct table *table;
    enum err err = tag_params_find_to_change(req, resource, &table);

    if (err != OK)
        return err;
    merged = table->definition.tags;
    err = tag_params_merge(req, given, &merged);
    return err == OK ? tag_params_publish(req, table, &merged) : err;
}
