/* op_list_contributor_insights.c - ListContributorInsights. Contract core-api-tables.md 6. Global
 * indexes come behind their table.
 * A page looks at up to MaxResults tables, in byte order of their names, and leaves out those whose
 * insights are off: it may be empty and still have a NextToken, the name at which it stopped.
 */
#include "api/insights_params.h"
#include "api/reply.h"
#include "api/table_params.h"

#define TABLES_MAX 100 /* a page */

static enum err list_one(struct req *req);
static void list_all(struct req *req);
static void append_summaries(struct req *req, const struct table *table);
static void append_summary(struct req *req, const struct insights_target *target);

enum err op_list_contributor_insights(struct req *req)
{
    if (input_member(req->input, "TableName") != NULL)
        return list_one(req);
    list_all(req);
    return OK;
}

static enum err list_one(struct req *req)
{
    struct table *table;
    enum err err = table_params_find(req, &table);

    if (err != OK)
        return err;
    buf_append_lit(req->reply, "{\"ContributorInsightsSummaries\":[");
    append_summaries(req, table);
    buf_append_lit(req->reply, "]}");
    return OK;
}

static void list_all(struct req *req)
{
    struct catalog *catalog = req->api->catalog;
    int64_t max = input_integer(req->input, "MaxResults", TABLES_MAX);
    struct bytes after = {0}, *names;
    unsigned count;
    bool more;

    input_string(req->input, "NextToken", &after);
    more = catalog_list(catalog, req->place.account, req->place.region, after,
                        max < 1 ? TABLES_MAX : (unsigned)max, req->arena, &names, &count);
    buf_append_lit(req->reply, "{\"ContributorInsightsSummaries\":[");
    for (unsigned i = 0; i < count; i++) {
        struct table *table =
            catalog_acquire(catalog, req->place.account, req->place.region, names[i]);

        if (table != NULL) /* not gone meanwhile */
            append_summaries(req, table);
        table_release(&table);
    }
    buf_append_byte(req->reply, ']');
    if (more)
        reply_string(req->reply, "NextToken", names[count - 1]);
    buf_append_byte(req->reply, '}');
}

static void append_summaries(struct req *req, const struct table *table)
{
    const struct table_definition *definition = &table->definition;
    struct insights_target target = insights_params_target(table, NULL);

    append_summary(req, &target);
    for (unsigned i = 0; i < definition->index_count; i++) {
        target = insights_params_target(table, &definition->indexes[i]);
        append_summary(req, &target);
    }
}

/* An element of the list, unless insights are off. */
static void append_summary(struct req *req, const struct insights_target *target)
{
    const struct table_insights *insights = target->insights;
    bool changing = insights_params_changing(req, insights);

    if (!insights->enabled && !changing)
        return;
    buf_append_string(req->reply, req->reply->data[req->reply->size - 1] == '[' ? "{" : ",{");
    insights_params_append_status(req, target, insights, changing);
    insights_params_append_mode(req, insights);
    buf_append_byte(req->reply, '}');
}
