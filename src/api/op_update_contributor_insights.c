/* op_update_contributor_insights.c - UpdateContributorInsights. Contract core-api-tables.md 6. */
#include "api/insights_params.h"
#include "api/table_params.h"
#include "base/clock.h"

static struct table_insights wanted(struct req *req, const struct table_insights *now);
static enum err check_state(struct req *req, const struct insights_target *target);
static enum err publish(struct req *req, const struct insights_target *target,
                        const struct table_insights *insights);

enum err op_update_contributor_insights(struct req *req)
{
    const struct table_insights *before;
    struct table_insights after;
    struct insights_target target;
    enum err err = insights_params_find(req, &target);

    if (err == OK)
        err = check_state(req, &target);
    if (err != OK)
        return err;
    before = target.insights;
    after = wanted(req, before);
    if (after.enabled != before->enabled || after.only_throttled != before->only_throttled) {
        after.changed_ms = clock_wall_ms();
        err = publish(req, &target, &after);
        if (err != OK)
            return err;
    }
    buf_append_byte(req->reply, '{');
    insights_params_append_status(req, &target, &after, true);
    insights_params_append_mode(req, &after);
    buf_append_byte(req->reply, '}');
    return OK;
}

static enum err check_state(struct req *req, const struct insights_target *target)
{
    uint64_t now_ms = clock_wall_ms();
    const char *whose = NULL;

    if (table_status_now(target->table, now_ms) == TABLE_CREATING)
        whose = "TableStatus";
    else if (target->index != NULL &&
             (target->index->status == INDEX_CREATING || target->index->status == INDEX_DELETING))
        whose = "IndexStatus";
    if (whose == NULL)
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    "Table or Index is not in a valid state to update Key Access Insights: %s must "
                    "be ACTIVE to enable ContributorInsights.",
                    whose);
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

static enum err publish(struct req *req, const struct insights_target *target,
                        const struct table_insights *insights)
{
    struct table_definition next = target->table->definition;
    struct table_index *indexes = arena_new_array(req->arena, struct table_index, next.index_count);
    struct table *published;

    if (next.status == TABLE_DELETING)
        return OK; /* observed: accepted then too; it goes with the table */
    for (unsigned i = 0; i < next.index_count; i++) {
        indexes[i] = next.indexes[i];
        if (target->index == &next.indexes[i])
            indexes[i].insights = *insights;
    }
    next.indexes = indexes;
    if (target->index == NULL)
        next.insights = *insights;
    return req_publish(req, &next, &published);
}
