/* admission.c - what a throttled request is told. */
#include "api/admission.h"

#include "base/assert.h"
#include "base/clock.h"

#include <math.h>

#define PROVISIONED_TEXT                                                                   \
    "The level of configured provisioned throughput for the table was exceeded. Consider " \
    "increasing your provisioning level with the UpdateTable API."
#define PROVISIONED_INDEX_TEXT                                                                \
    "The level of configured provisioned throughput for one or more global secondary "        \
    "indexes of the table was exceeded. Consider increasing your provisioning level for the " \
    "under-provisioned global secondary indexes with the UpdateTable API."
#define ON_DEMAND_MAX_TEXT \
    "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
#define HOT_INDEX_TEXT                                                                   \
    "Throughput exceeds the current capacity for one or more global secondary indexes. " \
    "DynamoDB is automatically scaling your index so please try again shortly."

static bool is_global(const struct throttle_place *place);
static struct bytes reasons(struct req *req, const struct throttle_place *place,
                            enum throttle_limit limit, const char *member);

uint64_t admission_now_ns(struct req *req)
{
    if (req->asked_ns == 0)
        req->asked_ns = clock_mono_ns();
    return req->asked_ns;
}

enum err admission_check_rate(struct req *req, const struct throttle_place *place)
{
    enum throttle_limit limit = throttle_check(place, admission_now_ns(req));

    return limit == THROTTLE_NONE ? OK : admission_refuse(req, place, limit);
}

void admission_begin(struct req *req, const struct table *table, enum table_way way,
                     struct admission *admission)
{
    *admission = (struct admission){.place = {.table = table, .way = way}, .left = INFINITY};
    if (!admission_limits(req, &admission->place))
        return;
    admission->now_ns = admission_now_ns(req);
    admission->left = throttle_left(&admission->place, admission->now_ns);
}

enum throttle_limit admission_take(struct admission *admission, struct bytes key, double units)
{
    const struct table *table = admission->place.table;
    enum throttle_limit limit;

    if (isinf(admission->left))
        return THROTTLE_NONE;
    if (admission->left <= 0)
        return table->definition.settings.billing == TABLE_PROVISIONED ? THROTTLE_PROVISIONED
                                                                       : THROTTLE_ON_DEMAND_MAX;
    admission->place.key = key;
    limit = throttle_check(&admission->place, admission->now_ns);
    if (limit == THROTTLE_NONE)
        admission->left -= units;
    return limit;
}

/* Contract core-api-data.md 6.2. */
enum err admission_refuse(struct req *req, const struct throttle_place *place,
                          enum throttle_limit limit)
{
    bool global = is_global(place);
    enum err err;

    ASSERT(limit != THROTTLE_NONE);
    if (place->table->definition.settings.billing == TABLE_PROVISIONED) {
        err = req_fail(req, ERR_PROVISIONED_THROUGHPUT_EXCEEDED, "%s",
                       global ? PROVISIONED_INDEX_TEXT : PROVISIONED_TEXT);
        req->fault_members = reasons(req, place, limit, "ThrottlingReasons");
    } else {
        err = req_fail(req, ERR_THROTTLING, "%s",
                       limit == THROTTLE_ON_DEMAND_MAX ? ON_DEMAND_MAX_TEXT
                       : global                        ? HOT_INDEX_TEXT
                                                       : ADMISSION_HOT_KEY_TEXT);
        req->fault_members = reasons(req, place, limit, "throttlingReasons");
    }
    return err;
}

/* A local index is its table's. */
static bool is_global(const struct throttle_place *place)
{
    return place->index != NULL && place->index->definition.kind == INDEX_GLOBAL;
}

/* Contract core-api-data.md 6.3. */
static struct bytes reasons(struct req *req, const struct throttle_place *place,
                            enum throttle_limit limit, const char *member)
{
    static const char *const limits[] = {
        [THROTTLE_PROVISIONED] = "ProvisionedThroughputExceeded",
        [THROTTLE_ON_DEMAND_MAX] = "MaxOnDemandThroughputExceeded",
        [THROTTLE_KEY_RANGE] = "KeyRangeThroughputExceeded",
    };
    const struct table_definition *definition = &place->table->definition;
    bool global = is_global(place);
    struct bytes arn = global ? table_index_arn(definition, place->index, req->arena)
                              : table_arn(definition, req->arena);

    return arena_format(req->arena, "\"%s\":[{\"reason\":\"%s%s%s\",\"resource\":\"%.*s\"}]",
                        member, global ? "Index" : "Table",
                        place->way == TABLE_READ ? "Read" : "Write", limits[limit],
                        BYTES_ARGS(arn));
}
