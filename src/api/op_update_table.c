/* op_update_table.c - UpdateTable: one change of a table's settings a call. The rules stand in the
 * order of contract core-api-tables.md 5; its row numbers are in the comments. Changes of indexes,
 * streams, encryption and replicas come later and are refused.
 */
#include "api/table_params.h"

#include "base/clock.h"

#define DAY_MS             86400000u
#define DECREASES_PER_DAY  4
#define DECREASE_PAUSE_MS  3600000u

static const char *const unserved[] = {
    "GlobalSecondaryIndexUpdates", "VectorIndexUpdates",       "StreamSpecification",
    "SSESpecification",            "ReplicaUpdates",           "GlobalTableWitnessUpdates",
    "MultiRegionConsistency",      "GlobalTableSettingsReplicationMode",
};

/* What the request wants to change; {} and absent members are no change. */
struct wanted {
    yyjson_val *throughput;
    yyjson_val *on_demand;
    yyjson_val *warm;
    struct bytes billing; /* empty: not named */
    struct bytes class;
    bool protection;
};

static void read_wanted(struct req *req, struct wanted *wanted);
static enum err check_request(struct req *req, const struct wanted *wanted);
static enum err update(struct req *req, const struct wanted *wanted);
static enum err check_state(struct req *req, const struct table *table,
                            const struct wanted *wanted);
static enum err change_billing(struct req *req, const struct wanted *wanted,
                               struct table_settings *settings);
static enum err change_throughput(struct req *req, const struct wanted *wanted,
                                  const struct table_settings *before,
                                  struct table_settings *settings);
static enum err change_on_demand(struct req *req, const struct wanted *wanted,
                                 struct table_settings *settings);
static enum err change_warm(struct req *req, const struct wanted *wanted,
                            struct table_settings *settings);
static enum err change_class(struct req *req, const struct wanted *wanted,
                             struct table_settings *settings);

enum err op_update_table(struct req *req)
{
    struct wanted wanted = {0};
    enum err err;

    if (!req->may_wait)
        return ERR_WOULD_BLOCK; /* a catalog change waits for its commit */
    read_wanted(req, &wanted);
    err = check_request(req, &wanted);
    if (err != OK)
        return err;
    catalog_change_begin(req->api->catalog);
    err = update(req, &wanted);
    catalog_change_end(req->api->catalog);
    return err;
}

static yyjson_val *non_empty(yyjson_val *structure)
{
    return structure != NULL && yyjson_obj_size(structure) != 0 ? structure : NULL;
}

static void read_wanted(struct req *req, struct wanted *wanted)
{
    wanted->throughput = input_member(req->input, "ProvisionedThroughput");
    wanted->on_demand = non_empty(input_member(req->input, "OnDemandThroughput"));
    wanted->warm = non_empty(input_member(req->input, "WarmThroughput"));
    input_string(req->input, "BillingMode", &wanted->billing);
    input_string(req->input, "TableClass", &wanted->class);
    wanted->protection = input_member(req->input, "DeletionProtectionEnabled") != NULL;
}

/* Rows 2 to 10: what the request alone says. */
static enum err check_request(struct req *req, const struct wanted *wanted)
{
    bool iops = wanted->throughput != NULL || wanted->billing.size != 0;
    unsigned changes = (unsigned)iops + (wanted->on_demand != NULL) + (wanted->warm != NULL) +
                       (wanted->class.size != 0) + wanted->protection;
    uint64_t read_units, write_units;
    enum err err =
        table_params_refuse_unserved(req, unserved, sizeof(unserved) / sizeof(unserved[0]));

    if (err != OK)
        return err;
    if (changes == 0)
        return req_fail(
            req, ERR_VALIDATION,
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
            "GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, "
            "MultiAccountReplicaReady, ReplicaTransitRoleArn, %sDeletionProtectionEnabled, "
            "OnDemandThroughput, WarmThroughput or TableClass is required",
            input_member(req->input, "MultiRegionConsistency") == NULL ? "MultiRegionConsistency, "
                                                                       : "");
    if (changes > 1 && wanted->class.size != 0)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "TableClass modification must be the only operation in the request");
    if (changes > 1 && wanted->protection)
        return req_fail(
            req, ERR_VALIDATION,
            TABLE_INVALID
            "DeletionProtection modification must be the only operation in the request");
    if (changes > 1 && wanted->warm != NULL)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "WarmThroughput must be the only operation in the request");
    if (wanted->on_demand != NULL && wanted->throughput != NULL)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "OnDemandThroughput can only be combined with BillingMode "
                                      "in an UpdateTable request");
    if (bytes_equal_string(wanted->billing, "PROVISIONED") && wanted->throughput == NULL)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
    if (bytes_equal_string(wanted->billing, "PAY_PER_REQUEST") && wanted->throughput != NULL)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "ProvisionedThroughput cannot be specified when BillingMode "
                                      "is PAY_PER_REQUEST");
    return wanted->throughput != NULL
               ? table_params_throughput(req, wanted->throughput, &read_units, &write_units)
               : OK;
}

/* Rows 14 to 30, under the catalog's change lock. A rejected call changes nothing. */
static enum err update(struct req *req, const struct wanted *wanted)
{
    struct table_shown shown = {.with_warm = true};
    struct table_definition changed;
    struct table_settings *settings = &changed.settings;
    struct table *table, *published;
    bool passes_updating;
    enum err err = table_params_find(req, &table);

    if (err == OK)
        err = check_state(req, table, wanted);
    if (err != OK)
        return err;
    changed = table->definition;
    if (wanted->billing.size != 0)
        err = change_billing(req, wanted, settings);
    if (err == OK && wanted->throughput != NULL)
        err = change_throughput(req, wanted, &table->definition.settings, settings);
    if (err == OK && wanted->on_demand != NULL)
        err = change_on_demand(req, wanted, settings);
    if (err == OK && wanted->warm != NULL)
        err = change_warm(req, wanted, settings);
    if (err == OK && wanted->class.size != 0)
        err = change_class(req, wanted, settings);
    if (err != OK)
        return err;
    if (wanted->protection)
        settings->deletion_protection = input_bool(req->input, "DeletionProtectionEnabled", false);

    /* Throughput, billing and class changes take a while and pass through UPDATING; the others are
     * there at once. */
    passes_updating =
        wanted->throughput != NULL || wanted->billing.size != 0 || wanted->class.size != 0;
    if (passes_updating) {
        changed.before = table->definition.settings;
        changed.status = TABLE_UPDATING;
        changed.status_until_ms = clock_wall_ms() + req->api->table_delay_ms;
    }
    err = catalog_put(req->api->catalog, &changed, &published);
    if (err != OK)
        return err;
    req->tables[req->table_count++] = published;

    /* Contract core-api-tables.md 5, "Response": throughput, class and warm changes answer with the
     * old values, a billing switch with the new ones. */
    shown.status = passes_updating ? TABLE_UPDATING : TABLE_ACTIVE;
    shown.settings = &table->definition.settings;
    if (wanted->billing.size != 0 || wanted->on_demand != NULL || wanted->protection)
        shown.settings = settings;
    shown.with_on_demand_date = wanted->billing.size == 0;
    shown.read_max_lifted = input_integer(wanted->on_demand, "MaxReadRequestUnits", 0) == -1;
    shown.write_max_lifted = input_integer(wanted->on_demand, "MaxWriteRequestUnits", 0) == -1;
    return table_params_reply(req, "TableDescription", published, &shown);
}

/* Row 15. Deletion protection may change while other changes run. */
static enum err check_state(struct req *req, const struct table *table,
                            const struct wanted *wanted)
{
    struct bytes name = table->definition.name;

    switch (table_status_now(table, clock_wall_ms())) {
    case TABLE_CREATING:
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being created: %.*s",
                        BYTES_ARGS(name));
    case TABLE_DELETING:
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being deleted: %.*s",
                        BYTES_ARGS(name));
    case TABLE_UPDATING:
        if (wanted->protection || wanted->warm != NULL)
            return OK;
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "Table IOPS are currently being updated. Table: %.*s",
                        BYTES_ARGS(name));
    case TABLE_ACTIVE:
        break;
    }
    return OK;
}

static enum err change_billing(struct req *req, const struct wanted *wanted,
                               struct table_settings *settings)
{
    (void)req;
    if (bytes_equal_string(wanted->billing, "PROVISIONED")) {
        settings->billing = TABLE_PROVISIONED;
        settings->on_demand_read_max = settings->on_demand_write_max = -1;
        return OK;
    }
    if (settings->billing == TABLE_PAY_PER_REQUEST)
        return OK; /* sent again: no effect */
    settings->billing = TABLE_PAY_PER_REQUEST;
    settings->was_on_demand = true;
    settings->on_demand_ms = clock_wall_ms();
    settings->throughput.read_units = settings->throughput.write_units = 0;
    if (settings->warm_read_units < TABLE_WARM_READ_DEFAULT)
        settings->warm_read_units = TABLE_WARM_READ_DEFAULT;
    if (settings->warm_write_units < TABLE_WARM_WRITE_DEFAULT)
        settings->warm_write_units = TABLE_WARM_WRITE_DEFAULT;
    return OK;
}

/* Row 28: four decreases a UTC day, then one an hour. */
static enum err count_decrease(struct req *req, struct table_throughput *throughput)
{
    uint64_t now_ms = clock_wall_ms();
    bool today = throughput->decreased_ms / DAY_MS == now_ms / DAY_MS;
    uint32_t count = today ? throughput->decreases_today : 0;

    if (count >= DECREASES_PER_DAY && now_ms - throughput->decreased_ms < DECREASE_PAUSE_MS)
        return req_fail(
            req, ERR_LIMIT_EXCEEDED,
            "Subscriber limit exceeded: Provisioned throughput decreases are limited within a "
            "given UTC day. After the first 4 decreases, each subsequent decrease in the same UTC "
            "day can be performed at most once every 3600 seconds. Number of decreases today: "
            "%u. Last decrease at %llu.",
            count, (unsigned long long)(throughput->decreased_ms / 1000));
    throughput->decreases_today = count + 1;
    throughput->decreased_ms = now_ms;
    return OK;
}

/* Rows 16, 17, 28 and 29. */
static enum err change_throughput(struct req *req, const struct wanted *wanted,
                                  const struct table_settings *before,
                                  struct table_settings *settings)
{
    struct table_throughput *t = &settings->throughput;
    unsigned long long was_read = before->throughput.read_units;
    unsigned long long was_write = before->throughput.write_units;
    uint64_t read_units, write_units;
    enum err err;

    if (settings->billing == TABLE_PAY_PER_REQUEST)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                                      "specified when BillingMode is PAY_PER_REQUEST");
    err = table_params_throughput(req, wanted->throughput, &read_units, &write_units);
    if (err != OK)
        return err;
    if (before->billing == TABLE_PROVISIONED && read_units == was_read && write_units == was_write)
        return req_fail(
            req, ERR_VALIDATION,
            "The provisioned throughput for the table will not change. The requested value equals "
            "the current value. Current ReadCapacityUnits provisioned for the table: %llu. "
            "Requested ReadCapacityUnits: %llu. Current WriteCapacityUnits provisioned for the "
            "table: %llu. Requested WriteCapacityUnits: %llu. Refer to the Amazon DynamoDB "
            "Developer Guide for current limits and how to request higher limits.",
            was_read, was_read, was_write, was_write);
    err = table_params_check_quota(req, read_units, write_units);
    if (err == OK && before->billing == TABLE_PROVISIONED &&
        (read_units < was_read || write_units < was_write))
        err = count_decrease(req, t);
    if (err != OK)
        return err;
    if (before->billing == TABLE_PROVISIONED && (read_units > was_read || write_units > was_write))
        t->increased_ms = clock_wall_ms();
    t->read_units = read_units;
    t->write_units = write_units;
    if (settings->warm_read_units < read_units)
        settings->warm_read_units = read_units;
    if (settings->warm_write_units < write_units)
        settings->warm_write_units = write_units;
    return OK;
}

/* Row 24. -1 takes a maximum away; a member that is absent stays as it is. */
static enum err change_on_demand(struct req *req, const struct wanted *wanted,
                                 struct table_settings *settings)
{
    static const char *const members[] = {"MaxReadRequestUnits", "MaxWriteRequestUnits"};
    static const char *const quotas[] = {"TableMaxReadCapacityUnits",
                                         "TableMaxWriteCapacityUnits"};
    int64_t *const maxima[] = {&settings->on_demand_read_max, &settings->on_demand_write_max};

    for (size_t i = 0; i < 2; i++) {
        int64_t value = input_integer(wanted->on_demand, members[i], -1);

        if (input_member(wanted->on_demand, members[i]) == NULL)
            continue;
        if (settings->billing == TABLE_PROVISIONED)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "%s for OnDemandThroughput cannot be specified when the "
                                          "table BillingMode is PROVISIONED",
                            members[i]);
        if (value == 0 || value < -1)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "Requested %s for OnDemandThroughput for table is "
                                          "outside of valid range",
                            members[i]);
        if (value > TABLE_UNITS_MAX)
            return req_fail(req, ERR_LIMIT_EXCEEDED,
                            "Subscriber limit exceeded: Requested %s for OnDemandThroughput for "
                            "table exceeds %s of the account in region %.*s",
                            members[i], quotas[i], BYTES_ARGS(req->place.region));
        *maxima[i] = value;
    }
    return OK;
}

/* Row 25. */
static enum err change_warm(struct req *req, const struct wanted *wanted,
                            struct table_settings *settings)
{
    static const char *const members[] = {"ReadUnitsPerSecond", "WriteUnitsPerSecond"};
    uint64_t *const warm[] = {&settings->warm_read_units, &settings->warm_write_units};

    for (size_t i = 0; i < 2; i++) {
        int64_t value = input_integer(wanted->warm, members[i], (int64_t)*warm[i]);

        if (value < (int64_t)*warm[i])
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID
                            "Requested %s for WarmThroughput for table is lower than current "
                            "WarmThroughput, decreasing WarmThroughput is not supported",
                            members[i]);
        *warm[i] = (uint64_t)value;
    }
    return OK;
}

/* Row 27. STANDARD sent to a table whose class was never set changes nothing. */
static enum err change_class(struct req *req, const struct wanted *wanted,
                             struct table_settings *settings)
{
    enum table_class class;
    enum err err = table_params_class(req, wanted->class, &class);

    if (err != OK || class == settings->class ||
        (class == TABLE_CLASS_STANDARD && settings->class == TABLE_CLASS_UNSET))
        return err;
    settings->class = class;
    settings->class_changed_ms = clock_wall_ms();
    return OK;
}
