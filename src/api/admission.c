/* admission.c - what a throttled request is told. */
#include "api/admission.h"

#include "api/capacity.h"
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

/* --- writes ----------------------------------------------------------------------------------- */

enum err admission_settle(void *ctx, struct table_change changes[], unsigned count,
                          enum err decided)
{
    struct req *req = ctx;

    for (unsigned i = 0; i < count && decided == OK; i++) {
        decided = admission_check_indexes(req, &changes[i]);
        if (decided != OK)
            return decided;
    }
    admission_charge_changes(req, changes, count);
    return decided;
}

/* What a change does to an index of its table. */
static struct throttle_place place_in_index(const struct table_change *change, unsigned index)
{
    const struct index_diff *diff = &change->indexes[index];

    return (struct throttle_place){
        .table = change->table,
        .index = &change->table->definition.indexes[index],
        .way = TABLE_WRITE,
        .key = diff->new_key.size != 0 ? diff->new_key : diff->old_key,
    };
}

static bool changes_global(const struct table_change *change, unsigned index)
{
    return change->indexes[index].change != INDEX_CHANGE_NONE &&
           change->table->definition.indexes[index].definition.kind == INDEX_GLOBAL;
}

enum err admission_check_indexes(struct req *req, const struct table_change *change)
{
    unsigned index_count = change->indexes != NULL ? change->table->definition.index_count : 0;
    enum err err = OK;

    for (unsigned i = 0; i < index_count && err == OK; i++) {
        struct throttle_place place;

        if (!changes_global(change, i))
            continue;
        place = place_in_index(change, i);
        err = admission_check(req, &place);
    }
    return err;
}

void admission_leave_out(struct table_change *change)
{
    change->action = TABLE_KEEP;
    change->units = 0;
    change->indexes = NULL;
}

static void charge_indexes(struct req *req, const struct table_change *change)
{
    const struct table_definition *definition = &change->table->definition;
    struct throttle_place table = {.table = change->table, .way = TABLE_WRITE, .key = change->key};
    struct capacity capacity = {0};

    capacity_add_index_changes(&capacity, change);
    for (unsigned i = 0; i < definition->index_count; i++) {
        struct throttle_place place;

        if (definition->indexes[i].definition.kind == INDEX_LOCAL) {
            admission_charge(req, &table, capacity.index_units[i]);
        } else if (changes_global(change, i)) {
            place = place_in_index(change, i);
            admission_charge(req, &place, capacity.index_units[i]);
        }
    }
}

void admission_charge_changes(struct req *req, const struct table_change changes[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct table_change *change = &changes[i];
        struct throttle_place place = {
            .table = change->table, .way = TABLE_WRITE, .key = change->key};

        admission_charge(req, &place, change->units);
        if (change->indexes != NULL)
            charge_indexes(req, change);
    }
}

/* --- requests of many parts ------------------------------------------------------------------- */

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

/* --- the error -------------------------------------------------------------------------------- */

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
