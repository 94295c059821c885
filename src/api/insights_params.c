/* insights_params.c - common rules of contributor insights. */
#include "api/insights_params.h"

#include "api/reply.h"
#include "api/table_params.h"
#include "base/clock.h"

struct insights_target insights_params_target(const struct table *table,
                                              const struct table_index *index)
{
    return (struct insights_target){
        .table = table,
        .index = index,
        .insights = index != NULL ? &index->insights : &table->definition.insights,
    };
}

enum err insights_params_find(struct req *req, struct insights_target *target)
{
    const struct table_index *index = NULL;
    struct table *table;
    struct bytes name;
    enum err err = table_params_find(req, &table);

    if (err != OK)
        return err;
    if (input_string(req->input, "IndexName", &name)) {
        index = table_index_find(table, name);
        if (index == NULL || index->definition.kind != INDEX_GLOBAL)
            return req_fail(req, ERR_RESOURCE_NOT_FOUND,
                            "Requested resource not found: Index: %.*s not found for table: %.*s",
                            BYTES_ARGS(name), BYTES_ARGS(table->definition.name));
    }
    *target = insights_params_target(table, index);
    return OK;
}

bool insights_params_changing(struct req *req, const struct table_insights *insights)
{
    return clock_wall_ms() < insights->changed_ms + req->api->table_delay_ms;
}

void insights_params_append_status(struct req *req, const struct insights_target *target,
                                   const struct table_insights *insights, bool changing)
{
    reply_string(req->reply, "TableName", target->table->definition.name);
    if (target->index != NULL)
        reply_string(req->reply, "IndexName", target->index->definition.name);
    reply_member(req->reply, "ContributorInsightsStatus");
    if (insights->enabled)
        buf_append_string(req->reply, changing ? "\"ENABLING\"" : "\"ENABLED\"");
    else
        buf_append_string(req->reply, changing ? "\"DISABLING\"" : "\"DISABLED\"");
}

void insights_params_append_mode(struct req *req, const struct table_insights *insights)
{
    reply_member(req->reply, "ContributorInsightsMode");
    buf_append_string(req->reply, insights->only_throttled ? "\"THROTTLED_KEYS\""
                                                           : "\"ACCESSED_AND_THROTTLED_KEYS\"");
}
