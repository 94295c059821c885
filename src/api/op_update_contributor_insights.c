/* op_update_contributor_insights.c - UpdateContributorInsights. Contract core-api-tables.md 6. */
#include "api/insights_params.h"
#include "api/table_params.h"
#include "base/clock.h"

static enum err change(struct req *req);
static struct table_insights wanted(struct req *req, const struct table_insights *now);
static enum err publish(struct req *req, const struct table *table,
                        const struct table_insights *insights);

enum err op_update_contributor_insights(struct req *req)
{
    enum err err;

    if (!req->may_wait)
        return ERR_WOULD_BLOCK; /* a catalog change waits for its commit */
    catalog_change_begin(req->api->catalog);
    err = change(req);
    catalog_change_end(req->api->catalog);
    return err;
}

static enum err change(struct req *req)
{
    const struct table_insights *before;
    struct table_insights after;
    struct table *table;
    enum err err = table_params_find(req, &table);

    if (err == OK)
        err = insights_params_check_index(req, table);
    if (err != OK)
        return err;
    if (table_status_now(table, clock_wall_ms()) == TABLE_CREATING)
        return req_fail(req, ERR_VALIDATION,
                        "Table or Index is not in a valid state to update Key Access Insights: "
                        "TableStatus must be ACTIVE to enable ContributorInsights.");
    before = &table->definition.insights;
    after = wanted(req, before);
    if (after.enabled != before->enabled || after.only_throttled != before->only_throttled) {
        after.changed_ms = clock_wall_ms();
        err = publish(req, table, &after);
        if (err != OK)
            return err;
    }
    buf_append_byte(req->reply, '{');
    insights_params_append_status(req, table->definition.name, &after, true);
    insights_params_append_mode(req, &after);
    buf_append_byte(req->reply, '}');
    return OK;
}

/* Insights that are turned off keep the mode in which they were on. */
static struct table_insights wanted(struct req *req, const struct table_insights *now)
{
    struct bytes action = {0}, mode = BYTES("ACCESSED_AND_THROTTLED_KEYS");
    struct table_insights insights = *now;

    input_string(req->input, "ContributorInsightsAction", &action);
    input_string(req->input, "ContributorInsightsMode", &mode);
    insights.enabled = bytes_equal_string(action, "ENABLE");
    if (insights.enabled)
        insights.only_throttled = bytes_equal_string(mode, "THROTTLED_KEYS");
    return insights;
}

static enum err publish(struct req *req, const struct table *table,
                        const struct table_insights *insights)
{
    struct table_definition next = table->definition;
    struct table *published;
    enum err err;

    if (next.status == TABLE_DELETING)
        return OK; /* observed: accepted then too; it goes with the table */
    next.insights = *insights;
    err = catalog_put(req->api->catalog, &next, &published);
    if (err == OK)
        req->tables[req->table_count++] = published;
    return err;
}
