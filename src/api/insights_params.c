/* insights_params.c - common rules of contributor insights. */
#include "api/insights_params.h"

#include "api/item_params.h"
#include "base/clock.h"
#include "json/json_write.h"

enum err insights_params_check_index(struct req *req, const struct table *table)
{
    struct bytes index;

    if (!input_string(req->input, "IndexName", &index))
        return OK;
    return req_fail(req, ERR_RESOURCE_NOT_FOUND,
                    "Requested resource not found: Index: %.*s not found for table: %.*s",
                    BYTES_ARGS(index), BYTES_ARGS(table->definition.name));
}

bool insights_params_changing(struct req *req, const struct table_insights *insights)
{
    return clock_wall_ms() < insights->changed_ms + req->api->table_delay_ms;
}

void insights_params_append_status(struct req *req, struct bytes table_name,
                                   const struct table_insights *insights, bool changing)
{
    reply_member(req->reply, "TableName");
    json_append_string(req->reply, table_name);
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
