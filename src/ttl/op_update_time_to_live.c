/* op_update_time_to_live.c - UpdateTimeToLive. Contract core-api-tables.md 8: no time has to pass
 * between two changes, and nobody sees ENABLING or DISABLING. The hidden index is built and removed
 * in the background; items expire as soon as they are in it.
 */
#include "api/reply.h"
#include "api/table_params.h"
#include "base/clock.h"

static enum err check(struct req *req, const struct table *table, bool enable,
                      struct bytes attribute);
static enum err turn(struct req *req, struct table_definition *next, bool enable,
                     struct bytes attribute);

enum err op_update_time_to_live(struct req *req)
{
    yyjson_val *in = input_member(req->input, "TimeToLiveSpecification");
    bool enable = input_bool(in, "Enabled", false);
    struct bytes attribute = input_text(input_member(in, "AttributeName"));
    struct table_definition next;
    struct table *table, *published;
    enum err err = table_params_find(req, &table);

    if (err == OK)
        err = check(req, table, enable, attribute);
    if (err != OK)
        return err;
    next = table->definition;
    err = turn(req, &next, enable, attribute);
    if (err != OK)
        return err;
    if (next.status != TABLE_DELETING) { /* observed: accepted then too, and nobody can see it */
        err = req_publish(req, &next, &published);
        if (err != OK)
            return err;
    }
    buf_append_lit(req->reply, "{\"TimeToLiveSpecification\":{");
    reply_member(req->reply, "Enabled");
    buf_append_string(req->reply, enable ? "true" : "false");
    reply_string(req->reply, "AttributeName", attribute);
    buf_append_lit(req->reply, "}}");
    return OK;
}

/* With a new index each time, since writes under the definition before go on for a moment. */
static enum err turn(struct req *req, struct table_definition *next, bool enable,
                     struct bytes attribute)
{
    struct table_ttl *ttl = &next->ttl;

    next->ttl_attribute = enable ? attribute : (struct bytes){0};
    ttl->index = (struct table_index){0};
    if (!enable) {
        ttl->gone_before = ttl->next_id;
        return OK;
    }
    if (ttl->next_id == 0)
        ttl->next_id = 1;
    if (ttl->next_id == UINT16_MAX)
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        TABLE_LIMIT "Time to live of this table has been enabled %u times, the "
                                    "most that Stele can number",
                        UINT16_MAX - 1);
    ttl->index.id = ttl->next_id++;
    ttl->index.status = INDEX_CREATING;
    return OK;
}

static enum err check(struct req *req, const struct table *table, bool enable,
                      struct bytes attribute)
{
    const struct table_definition *d = &table->definition;
    bool enabled = d->ttl_attribute.size != 0;

    if (table_status_now(table, clock_wall_ms()) == TABLE_CREATING)
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table %.*s is being created",
                        BYTES_ARGS(d->name));
    if (enabled && !bytes_equal(attribute, d->ttl_attribute))
        return req_fail(req, ERR_VALIDATION,
                        "TimeToLive is active on a different AttributeName: current "
                        "AttributeName is %.*s",
                        BYTES_ARGS(d->ttl_attribute));
    if (enabled && enable)
        return req_fail(req, ERR_VALIDATION, "TimeToLive is already enabled");
    if (!enabled && !enable)
        return req_fail(req, ERR_VALIDATION, "TimeToLive is already disabled");
    return OK;
}
