/* op_list_tags_of_resource.c - ListTagsOfResource. Contract core-api-tables.md 7: all tags in one
 * page, and a NextToken is not looked at.
 */
#include "api/reply.h"
#include "api/tag_params.h"

enum err op_list_tags_of_resource(struct req *req)
{
    const struct table_tags *tags;
    struct resource resource;
    struct table *table;
    enum err err = tag_params_resource(req, &resource);

    if (err == OK)
        err = tag_params_find(req, &resource, &table);
    if (err != OK)
        return err;
    tags = &table->definition.tags;
    buf_append_lit(req->reply, "{\"Tags\":[");
    for (unsigned i = 0; i < tags->count; i++) {
        buf_append_string(req->reply, i > 0 ? ",{" : "{");
        reply_string(req->reply, "Key", tags->list[i].key);
        reply_string(req->reply, "Value", tags->list[i].value);
        buf_append_byte(req->reply, '}');
    }
    buf_append_lit(req->reply, "]}");
    return OK;
}
