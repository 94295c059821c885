/* op_describe_contributor_insights.c - DescribeContributorInsights. Contract core-api-tables.md 6,
 * capacity-metrics.md 8.
 */
#include "api/insights_params.h"
#include "api/reply.h"
#include "api/table_params.h"

#include <inttypes.h>

static void append_rules(struct req *req, const struct insights_target *target);

enum err op_describe_contributor_insights(struct req *req)
{
    const struct table_insights *insights;
    struct insights_target target;
    enum err err = insights_params_find(req, &target);

    if (err != OK)
        return err;
    insights = target.insights;
    buf_append_byte(req->reply, '{');
    insights_params_append_status(req, &target, insights, insights_params_changing(req, insights));
    if (insights->enabled)
        append_rules(req, &target);
    if (insights->changed_ms != 0) {
        insights_params_append_mode(req, insights);
        reply_time(req->reply, "LastUpdateDateTime", insights->changed_ms);
    }
    buf_append_byte(req->reply, '}');
    return OK;
}

/* Keys that are used (C) and throttled (T) most: partition keys and, if there is a sort key, whole
 * keys. */
static void append_rules(struct req *req, const struct insights_target *target)
{
    const struct table_definition *table = &target->table->definition;
    const struct key_schema *schema =
        target->index != NULL ? &target->index->definition.schema : &table->schema;
    static const char *const kinds[] = {"PKC", "SKC", "PKT", "SKT"};
    bool first = true;

    reply_member(req->reply, "ContributorInsightsRuleList");
    buf_append_byte(req->reply, '[');
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        bool needs_sort_key = kinds[i][0] == 'S', counts_use = kinds[i][2] == 'C';

        if ((needs_sort_key && schema->range_count == 0) ||
            (counts_use && target->insights->only_throttled))
            continue;
        buf_append_format(req->reply, "%s\"DynamoDBContributorInsights-%s-%.*s", first ? "" : ",",
                          kinds[i], BYTES_ARGS(table->name));
        if (target->index != NULL)
            buf_append_format(req->reply, "-%.*s", BYTES_ARGS(target->index->definition.name));
        buf_append_format(req->reply, "-%" PRIu64 "\"", target->insights->changed_ms);
        first = false;
    }
    buf_append_byte(req->reply, ']');
}
