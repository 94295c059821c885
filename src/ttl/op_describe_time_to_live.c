/* op_describe_time_to_live.c - DescribeTimeToLive. Contract core-api-tables.md 8. */
#include "api/reply.h"
#include "api/table_params.h"
#include "base/clock.h"

enum err op_describe_time_to_live(struct req *req)
{
    enum table_status status;
    struct bytes attribute;
    struct table *table;
    enum err err = table_params_find(req, &table);

    if (err != OK)
        return err;
    status = table_status_now(table, clock_wall_ms());
    if (status == TABLE_CREATING || status == TABLE_DELETING) {
        const char *name = status == TABLE_CREATING ? "CREATING" : "DELETING";

        return req_fail(req, ERR_VALIDATION,
                        "Cannot describe time to live while table is in %s state: Current table "
                        "state is %s",
                        name, name);
    }
    attribute = table->definition.ttl_attribute;
    buf_append_lit(req->reply, "{\"TimeToLiveDescription\":{");
    reply_member(req->reply, "TimeToLiveStatus");
    buf_append_string(req->reply, attribute.size != 0 ? "\"ENABLED\"" : "\"DISABLED\"");
    if (attribute.size != 0)
        reply_string(req->reply, "AttributeName", attribute);
    buf_append_lit(req->reply, "}}");
    return OK;
}
