/* update_params.c - the request by itself, then against what is under way in its table. */
#include "api/update_params.h"

#include "api/name_list.h"
#include "api/table_params.h"
#include "api/throughput_params.h"
#include "base/clock.h"

static void read_members(struct req *req, struct table_update *update);
static void read_index_changes(struct req *req, struct table_update *update);
static enum err check_something(struct req *req, const struct table_update *update);
static enum err check_alone(struct req *req, const struct table_update *update);
static enum err check_together(struct req *req, const struct table_update *update);
static enum err read_units(struct req *req, struct table_update *update);
static enum err check_index_changes(struct req *req, const struct table_update *update);

enum err update_params_read(struct req *req, struct table_update *update)
{
    enum err err;

    read_members(req, update);
    read_index_changes(req, update);
    err = check_something(req, update);
    if (err == OK)
        err = check_alone(req, update);
    if (err == OK)
        err = check_together(req, update);
    if (err == OK)
        err = read_units(req, update);
    return err == OK ? check_index_changes(req, update) : err;
}

static bool is_named(struct req *req, const char *member)
{
    return input_member(req->input, member) != NULL;
}

static yyjson_val *non_empty(yyjson_val *structure)
{
    return yyjson_obj_size(structure) != 0 ? structure : NULL;
}

static void read_members(struct req *req, struct table_update *update)
{
    *update = (struct table_update){
        .throughput = input_member(req->input, "ProvisionedThroughput"),
        .stream = input_member(req->input, "StreamSpecification"),
        .encryption = input_member(req->input, "SSESpecification"),
        .on_demand = non_empty(input_member(req->input, "OnDemandThroughput")),
        .warm = non_empty(input_member(req->input, "WarmThroughput")),
        .protection = is_named(req, "DeletionProtectionEnabled"),
        .replicas = is_named(req, "ReplicaUpdates"),
        .witnesses = is_named(req, "GlobalTableWitnessUpdates"),
        .vector_indexes = yyjson_arr_size(input_member(req->input, "VectorIndexUpdates")) != 0,
        .replication_mode = is_named(req, "GlobalTableSettingsReplicationMode"),
        .disassociation_protection = is_named(req, "DisassociationProtectionEnabled"),
    };
    input_string(req->input, "BillingMode", &update->billing);
    input_string(req->input, "TableClass", &update->class);
}

/* Each element by the first action it names; row 11 sees to it that there is one, and no other. */
static void read_index_changes(struct req *req, struct table_update *update)
{
    static const struct {
        const char *member;
        enum index_action action;
    } actions[] = {{"Update", INDEX_UPDATE}, {"Create", INDEX_CREATE}, {"Delete", INDEX_DELETE}};
    yyjson_val *list = input_member(req->input, "GlobalSecondaryIndexUpdates"), *element;
    yyjson_arr_iter at = yyjson_arr_iter_with(list);

    update->indexes = arena_new_array(req->arena, struct index_update, yyjson_arr_size(list));
    while ((element = yyjson_arr_iter_next(&at)) != NULL) {
        struct index_update *change = &update->indexes[update->index_count++];

        update->index_creates += input_member(element, "Create") != NULL;
        update->index_deletes += input_member(element, "Delete") != NULL;
        for (size_t i = 0; change->in == NULL && i < sizeof(actions) / sizeof(actions[0]); i++) {
            change->in = input_member(element, actions[i].member);
            change->action = actions[i].action;
        }
        input_string(change->in, "IndexName", &change->name);
        change->throughput = input_member(change->in, "ProvisionedThroughput");
    }
}

/* Of the members that can stand beside each other or not. */
static unsigned count_changes(const struct table_update *update)
{
    return (update->throughput != NULL || update->billing.size != 0) + (update->stream != NULL) +
           (update->encryption != NULL) + (update->on_demand != NULL) + (update->warm != NULL) +
           (update->class.size != 0) + update->protection + update->replicas +
           update->vector_indexes + update->replication_mode + update->disassociation_protection +
           (update->index_count != 0);
}

/* Rows 2 and 3. Witnesses and MultiRegionConsistency are no change without replicas. */
static enum err check_something(struct req *req, const struct table_update *update)
{
    if (count_changes(update) == 0)
        return req_fail(
            req, ERR_VALIDATION,
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
            "GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, "
            "MultiAccountReplicaReady, ReplicaTransitRoleArn, %sDeletionProtectionEnabled, "
            "OnDemandThroughput, WarmThroughput or TableClass is required",
            is_named(req, "MultiRegionConsistency") ? "" : "MultiRegionConsistency, ");
    if (is_named(req, "GlobalSecondaryIndexUpdates") && update->index_count == 0)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "List of GlobalSecondaryIndexUpdates is empty");
    return OK;
}

/* Row 4, in the order in which its members are told of. */
static enum err check_alone(struct req *req, const struct table_update *update)
{
    const char *kind = update->encryption != NULL ? "Server-Side Encryption"
                       : update->class.size != 0  ? "TableClass"
                       : update->protection       ? "DeletionProtection"
                       : update->warm != NULL     ? "WarmThroughput"
                       : update->replicas         ? "Replica"
                                                  : NULL;
    bool others = count_changes(update) > 1;

    if (others && update->warm != NULL && strcmp(kind, "WarmThroughput") == 0)
        return req_fail(req, ERR_VALIDATION, TABLE_INVALID "%s",
                        update->index_creates != 0
                            ? "Create global secondary index cannot be specified when updating "
                              "WarmThroughput"
                            : "WarmThroughput must be the only operation in the request");
    if (others && kind != NULL)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "%s modification must be the only operation in the request",
                        kind);
    if (update->witnesses && !update->replicas)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Requests that modify replicas or witnesses must not also "
                                      "modify other fields");
    return OK;
}

/* Rows 5 to 9. */
static enum err check_together(struct req *req, const struct table_update *update)
{
    bool to_provisioned = bytes_equal_string(update->billing, "PROVISIONED");
    bool to_on_demand = bytes_equal_string(update->billing, "PAY_PER_REQUEST");
    bool throughput = update->throughput != NULL;
    bool billing_alone = update->billing.size != 0 && !throughput;
    bool index_comes_or_goes = update->index_creates + update->index_deletes != 0;

    if (update->stream != NULL && (throughput || to_provisioned))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "You cannot modify stream status while updating table IOPS");
    if (index_comes_or_goes && (throughput || update->stream != NULL))
        return req_fail(req, ERR_VALIDATION, TABLE_INVALID "You cannot create or delete index %s",
                        throughput ? "while updating table IOPS" : "while changing stream status");
    if (update->on_demand != NULL && count_changes(update) > 1u + billing_alone)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "OnDemandThroughput can only be combined with BillingMode "
                                      "in an UpdateTable request");
    if (to_provisioned && !throughput)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
    if (to_on_demand && throughput)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "ProvisionedThroughput cannot be specified when BillingMode "
                                      "is PAY_PER_REQUEST");
    return OK;
}

/* Row 10. */
static enum err read_units(struct req *req, struct table_update *update)
{
    enum err err = throughput_params_units(req, update->throughput, &update->units);

    for (size_t i = 0; err == OK && i < update->index_count; i++) {
        struct index_update *change = &update->indexes[i];

        err = throughput_params_units(req, change->throughput, &change->units);
        if (err != OK && change->action == INDEX_UPDATE)
            err = req_fail(req, err,
                           "This operation cannot be performed with given input values. Please "
                           "contact DynamoDB service team for more info: Action Blocked: "
                           "IndexUpdate");
    }
    return err;
}

/* Rows 11 to 13. */
static enum err check_index_changes(struct req *req, const struct table_update *update)
{
    yyjson_val *list = input_member(req->input, "GlobalSecondaryIndexUpdates"), *element;
    struct name_list names = {
        .names = arena_new_array(req->arena, struct bytes, update->index_count),
    };
    yyjson_arr_iter at = yyjson_arr_iter_with(list);
    struct bytes repeated;

    while ((element = yyjson_arr_iter_next(&at)) != NULL) {
        unsigned actions = (input_member(element, "Update") != NULL) +
                           (input_member(element, "Create") != NULL) +
                           (input_member(element, "Delete") != NULL);

        if (actions == 0)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "One of GlobalSecondaryIndexUpdate.Update, "
                                          "GlobalSecondaryIndexUpdate.Create, "
                                          "GlobalSecondaryIndexUpdate.Delete must not be null");
        if (actions > 1)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "Only one global secondary index action is allowed per "
                                          "GlobalSecondaryIndexUpdate object");
        names.names[names.count] = update->indexes[names.count].name;
        names.count++;
    }
    if (name_list_repeats(&names, req->arena, &repeated))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Only one global secondary index update per index is "
                                      "allowed simultaneously. Index: %.*s",
                        BYTES_ARGS(repeated));
    for (size_t i = 0; i < update->index_count; i++) {
        yyjson_val *warm = input_member(update->indexes[i].in, "WarmThroughput");

        if (update->indexes[i].action == INDEX_UPDATE && warm != NULL && non_empty(warm) == NULL)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "WarmThroughput must have at least one of "
                                          "ReadUnitsPerSecond or WriteUnitsPerSecond specified "
                                          "for index: %.*s",
                            BYTES_ARGS(update->indexes[i].name));
    }
    return OK;
}

/* --- against what is under way ---------------------------------------------------------------- */

/* While units or the billing mode change. */
static enum err refuse_during_iops(struct req *req, const struct table_update *update,
                                   struct bytes table)
{
    if (update->throughput != NULL || update->billing.size != 0 || update->class.size != 0)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "Table IOPS are currently being updated. Table: %.*s",
                        BYTES_ARGS(table));
    if (update->stream != NULL)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "Can't enable or disable stream while table IOPS are being "
                                     "updated. Table: %.*s",
                        BYTES_ARGS(table));
    if (update->index_creates + update->index_deletes != 0)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "Can't create or delete indexes while table IOPS are being "
                                     "updated. Table: %.*s",
                        BYTES_ARGS(table));
    if (update->on_demand != NULL)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "OnDemandThroughput cannot be updated while BillingMode "
                                     "update is in progress");
    return OK;
}

/* While a stream begins or ends. */
static enum err refuse_during_stream(struct req *req, const struct table_update *update,
                                     const struct table_definition *d)
{
    const char *operation = d->stream.view != TABLE_STREAM_OFF ? "ENABLE" : "DISABLE";
    const char *what = update->throughput != NULL || update->billing.size != 0 ? "change table IOPS"
                       : update->index_creates + update->index_deletes != 0
                           ? "create or delete an index"
                       : update->class.size != 0 ? "update table class"
                                                 : NULL;
    struct bytes label = table_stream_label(d, req->arena);

    if (update->stream != NULL)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "A stream status change is currently in progress. Table: "
                                     "%.*s Stream: %.*s Operation: %s",
                        BYTES_ARGS(d->name), BYTES_ARGS(label), operation);
    if (what != NULL)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "Can't %s when stream status is being updated. Table: %.*s "
                                     "Stream: %.*s Operation: %s",
                        what, BYTES_ARGS(d->name), BYTES_ARGS(label), operation);
    if (update->on_demand != NULL)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "OnDemandThroughput cannot be updated while stream status "
                                     "update is in progress");
    return OK;
}

/* While the class changes. */
static enum err refuse_during_class(struct req *req, const struct table_update *update,
                                    struct bytes table, enum table_class class)
{
    const char *what = update->throughput != NULL || update->billing.size != 0 ? "change table IOPS"
                       : update->stream != NULL ? "change stream status"
                       : update->index_creates + update->index_deletes != 0
                           ? "create or delete an index"
                       : update->class.size != 0 ? "update table class"
                                                 : NULL;

    if (what != NULL)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "Can't %s when a table class update is in progress. Table: "
                                     "%.*s TableClassUpdateInProgress: %s",
                        what, BYTES_ARGS(table), table_params_class_name(class));
    if (update->on_demand != NULL)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "OnDemandThroughput cannot be updated while TableClass "
                                     "update is in progress");
    return OK;
}

enum err update_params_check_state(struct req *req, const struct table_update *update,
                                   const struct table *table)
{
    const struct table_definition *d = &table->definition;
    uint64_t now_ms = clock_wall_ms();

    switch (table_status_now(table, now_ms)) {
    case TABLE_CREATING:
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being created: %.*s",
                        BYTES_ARGS(d->name));
    case TABLE_DELETING:
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being deleted: %.*s",
                        BYTES_ARGS(d->name));
    case TABLE_UPDATING:
        if (table_settings_now(table, now_ms) == &d->settings)
            return OK; /* an index comes or goes: index_changes.h */
        if (d->settings.class != d->before.class)
            return refuse_during_class(req, update, d->name, d->settings.class);
        if (table_stream_changes_now(table, clock_wall_ms()) &&
            d->settings.billing == d->before.billing)
            return refuse_during_stream(req, update, d);
        return refuse_during_iops(req, update, d->name);
    case TABLE_ACTIVE:
        break;
    }
    return OK;
}
