/* op_update_table.c - UpdateTable: one change of a table's settings a call. The rules stand in the
 * order of contract core-api-tables.md 5; its row numbers are in the comments.
 */
#include "api/encryption_params.h"
#include "api/index_changes.h"
#include "api/stream_params.h"
#include "api/table_params.h"
#include "api/throughput_params.h"
#include "api/update_params.h"
#include "base/clock.h"

#define CLASS_CHANGES_MS ((uint64_t)30 * 86400 * 1000) /* in which two are allowed */

/* A change on its way from the table's definition to the next one. */
struct change {
    const struct table_update *wanted;
    const struct table *table;
    struct table_definition next;
    uint64_t now_ms;
    uint64_t until_ms; /* when what takes time is there */
};

static enum err update(struct req *req, const struct table_update *wanted);
static bool is_forgotten(const struct table_update *wanted, const struct table *table);
static enum err reply_unchanged(struct req *req, const struct table *table);
static enum err decide(struct req *req, struct change *change);
static void change_billing(struct change *change);
static enum err check_modes(struct req *req, const struct change *change);
static enum err change_on_demand(struct req *req, struct change *change);
static enum err change_warm(struct req *req, struct change *change);
static enum err change_class(struct req *req, struct change *change);
static enum err change_throughput(struct req *req, struct change *change);
static enum err refuse_unserved(struct req *req, const struct change *change);
static enum err publish(struct req *req, struct change *change);

enum err op_update_table(struct req *req)
{
    struct table_update wanted;
    enum err err = update_params_read(req, &wanted);

    return err == OK ? update(req, &wanted) : err;
}

/* Rows 14 and on. A rejected call changes nothing. */
static enum err update(struct req *req, const struct table_update *wanted)
{
    struct change change = {.wanted = wanted};
    struct table *table;
    enum err err = table_params_find(req, &table);

    if (err != OK)
        return err;
    if (is_forgotten(wanted, table))
        return reply_unchanged(req, table);
    err = update_params_check_state(req, wanted, table);
    if (err != OK)
        return err;
    err = index_changes_check_state(req, wanted, table); /* with 15b */
    if (err != OK)
        return err;
    change.table = table;
    change.next = table->definition;
    change.now_ms = clock_wall_ms();
    change.until_ms = change.now_ms + req->api->table_delay_ms;
    err = decide(req, &change);
    if (err == OK)
        err = refuse_unserved(req, &change);
    return err == OK ? publish(req, &change) : err;
}

/* Observed: while a table leaves PAY_PER_REQUEST, that mode sent again is taken without effect. */
static bool is_forgotten(const struct table_update *wanted, const struct table *table)
{
    const struct table_definition *d = &table->definition;

    return table_settings_now(table, clock_wall_ms()) == &d->before &&
           d->before.billing == TABLE_PAY_PER_REQUEST && d->settings.billing == TABLE_PROVISIONED &&
           bytes_equal_string(wanted->billing, "PAY_PER_REQUEST") && wanted->stream == NULL &&
           wanted->on_demand == NULL && wanted->index_count == 0;
}

static enum err reply_unchanged(struct req *req, const struct table *table)
{
    struct table_shown shown = {
        .status = TABLE_UPDATING,
        .settings = &table->definition.before,
        .with_warm = true,
    };

    return table_params_reply(req, "TableDescription", table, &shown);
}

/* Rows 16 to 29. */
static enum err decide(struct req *req, struct change *change)
{
    const struct table_update *wanted = change->wanted;
    const struct table_definition *before = &change->table->definition;
    struct table_index *indexes = index_changes_begin(req, wanted, change->table);
    enum err err;

    change_billing(change);
    err = check_modes(req, change);
    if (err == OK)
        err = index_changes_apply(req, wanted, before, &change->next, indexes, change->until_ms);
    if (err == OK && wanted->stream != NULL)
        err = stream_params_change(req, wanted->stream, &change->next);
    if (err == OK && wanted->on_demand != NULL)
        err = change_on_demand(req, change);
    if (err == OK && wanted->warm != NULL)
        err = change_warm(req, change);
    if (err == OK && wanted->encryption != NULL)
        err = encryption_params_change(req, wanted->encryption, &change->next);
    if (err == OK && wanted->class.size != 0)
        err = change_class(req, change);
    if (err == OK && wanted->throughput != NULL)
        err = change_throughput(req, change);
    if (err == OK)
        err = throughput_params_check_quota(req, &change->next.settings.capacity, BYTES(""));
    if (wanted->protection)
        change->next.settings.deletion_protection =
            input_bool(req->input, "DeletionProtectionEnabled", false);
    return err;
}

static void change_billing(struct change *change)
{
    struct table_settings *settings = &change->next.settings;
    struct table_capacity *capacity = &settings->capacity;

    if (bytes_equal_string(change->wanted->billing, "PROVISIONED")) {
        settings->billing = TABLE_PROVISIONED;
        capacity->on_demand_read_max = capacity->on_demand_write_max = -1;
    }
    if (!bytes_equal_string(change->wanted->billing, "PAY_PER_REQUEST") ||
        settings->billing == TABLE_PAY_PER_REQUEST)
        return; /* sent again: no effect */
    settings->billing = TABLE_PAY_PER_REQUEST;
    settings->was_on_demand = true;
    settings->on_demand_ms = clock_wall_ms();
    capacity->throughput.read_units = capacity->throughput.write_units = 0;
    if (capacity->warm_read_units < THROUGHPUT_WARM_READ_DEFAULT)
        capacity->warm_read_units = THROUGHPUT_WARM_READ_DEFAULT;
    if (capacity->warm_write_units < THROUGHPUT_WARM_WRITE_DEFAULT)
        capacity->warm_write_units = THROUGHPUT_WARM_WRITE_DEFAULT;
}

/* --- rows 16 to 18: units and the billing mode ------------------------------------------------ */

static enum err check_modes(struct req *req, const struct change *change)
{
    const struct table_update *wanted = change->wanted;
    const struct table_settings *before = &change->table->definition.settings;
    unsigned long long read = before->capacity.throughput.read_units;
    unsigned long long write = before->capacity.throughput.write_units;
    bool on_demand = change->next.settings.billing == TABLE_PAY_PER_REQUEST;
    enum err err;

    if (on_demand && wanted->throughput != NULL)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                                      "specified when BillingMode is PAY_PER_REQUEST");
    err = index_changes_check_modes(req, wanted, &change->table->definition,
                                    change->next.settings.billing);
    if (err != OK)
        return err;
    if (before->billing == TABLE_PROVISIONED && wanted->throughput != NULL &&
        wanted->units.read_units == read && wanted->units.write_units == write) /* 17 */
        return req_fail(
            req, ERR_VALIDATION,
            "The provisioned throughput for the table will not change. The requested value equals "
            "the current value. Current ReadCapacityUnits provisioned for the table: %llu. "
            "Requested ReadCapacityUnits: %llu. Current WriteCapacityUnits provisioned for the "
            "table: %llu. Requested WriteCapacityUnits: %llu. Refer to the Amazon DynamoDB "
            "Developer Guide for current limits and how to request higher limits.",
            read, read, write, write);
    return OK;
}

/* --- rows 24 to 27 ---------------------------------------------------------------------------- */

/* Row 24. -1 takes a maximum away; a member that is absent stays as it is. */
static enum err change_on_demand(struct req *req, struct change *change)
{
    struct table_settings *settings = &change->next.settings;
    yyjson_val *in = change->wanted->on_demand;
    enum err err = throughput_params_maximum(req, in, "MaxReadRequestUnits", settings->billing,
                                             BYTES(""), -1, &settings->capacity.on_demand_read_max);

    if (err != OK)
        return err;
    return throughput_params_maximum(req, in, "MaxWriteRequestUnits", settings->billing, BYTES(""),
                                     -1, &settings->capacity.on_demand_write_max);
}

/* Row 25. */
static enum err change_warm(struct req *req, struct change *change)
{
    static const char *const members[] = {"ReadUnitsPerSecond", "WriteUnitsPerSecond"};
    struct table_capacity *capacity = &change->next.settings.capacity;
    uint64_t *const warm[] = {&capacity->warm_read_units, &capacity->warm_write_units};

    for (size_t i = 0; i < 2; i++) {
        int64_t value = input_integer(change->wanted->warm, members[i], (int64_t)*warm[i]);

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

/* Rows 27 and 30. STANDARD sent to a table whose class was never set changes nothing. */
static enum err change_class(struct req *req, struct change *change)
{
    struct table_settings *settings = &change->next.settings;
    enum table_class class;
    uint64_t now_ms;
    enum err err = table_params_class(req, change->wanted->class, &class);

    if (err != OK || class == settings->class ||
        (class == TABLE_CLASS_STANDARD && settings->class == TABLE_CLASS_UNSET))
        return err;
    now_ms = clock_wall_ms();
    if (settings->class_changed_before_ms + CLASS_CHANGES_MS > now_ms) /* row 30 */
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        TABLE_LIMIT "Updates to TableClass are limited to 2 times in 30 day(s).");
    settings->class = class;
    settings->class_changed_before_ms = settings->class_changed_ms;
    settings->class_changed_ms = now_ms;
    return OK;
}

/* --- rows 28 and 29, and what new units mean -------------------------------------------------- */

static enum err change_throughput(struct req *req, struct change *change)
{
    /* From on demand, nothing rises or falls. */
    bool counts = change->table->definition.settings.billing == TABLE_PROVISIONED;

    return throughput_params_change(req, &change->wanted->units, counts,
                                    &change->next.settings.capacity);
}

/* --- the end ---------------------------------------------------------------------------------- */

static enum err refuse_unserved(struct req *req, const struct change *change)
{
    const struct table_update *wanted = change->wanted;
    bool replicates;
    enum err err = table_params_replication_mode(req, &replicates);
    const struct table_unserved unserved[] = {
        {"VectorIndexUpdates", wanted->vector_indexes},
        {"ReplicaUpdates", wanted->replicas},
        {"GlobalTableSettingsReplicationMode", err == OK && replicates},
        {"DisassociationProtectionEnabled", wanted->disassociation_protection},
    };

    if (err != OK)
        return err;
    return table_params_refuse_unserved(req, unserved, sizeof(unserved) / sizeof(unserved[0]));
}

/* Makes the next definition the table's and replies. Contract core-api-tables.md 5, "Response". */
static enum err publish(struct req *req, struct change *change)
{
    const struct table_update *wanted = change->wanted;
    const struct table_definition *before = &change->table->definition;
    struct table_definition *next = &change->next;
    uint64_t now_ms = change->now_ms;
    struct table_shown shown = {
        .now_ms = now_ms - 1, /* as indexes begin to change */
        .status = table_status_now(change->table, now_ms),
        .settings = table_settings_now(change->table, now_ms),
        .with_warm = true,
        .with_on_demand_date = wanted->billing.size == 0,
        .read_max_lifted = input_integer(wanted->on_demand, "MaxReadRequestUnits", 0) == -1,
        .write_max_lifted = input_integer(wanted->on_demand, "MaxWriteRequestUnits", 0) == -1,
        .key_changed = wanted->encryption != NULL,
        .warm_changed = wanted->warm != NULL,
    };
    bool takes_time = wanted->throughput != NULL || wanted->stream != NULL ||
                      next->settings.billing != before->settings.billing ||
                      next->settings.class != before->settings.class;
    struct table *published;
    enum err err;

    if (takes_time) {
        next->before = before->settings;
        next->status = TABLE_UPDATING;
        next->stream.changes = wanted->stream != NULL;
        next->status_until_ms = change->until_ms;
    } else if (shown.settings == &before->before) {
        /* Another change is under way; this one is there at once. */
        next->before.deletion_protection = next->settings.deletion_protection;
    }
    err = throughput_params_check_account(req, next, before);
    if (err != OK)
        return err;
    err = req_publish(req, next, &published);
    if (err != OK)
        return err;
    if (wanted->throughput != NULL || wanted->billing.size != 0 || wanted->class.size != 0 ||
        wanted->stream != NULL || wanted->index_creates + wanted->index_deletes != 0)
        shown.status =
            TABLE_UPDATING; /* also where the same is sent again, which changes nothing */
    if (wanted->billing.size != 0 || wanted->on_demand != NULL || wanted->protection)
        shown.settings = takes_time ? &next->settings : table_settings_now(published, now_ms);
    return table_params_reply(req, "TableDescription", published, &shown);
}
