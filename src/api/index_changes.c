/* index_changes.c - the rules about indexes that UpdateTable has, and their effects. */
#include "api/index_changes.h"

#include "api/index_params.h"
#include "api/table_params.h"
#include "api/throughput_params.h"
#include "base/clock.h"

static enum err create_index(struct req *req, const struct index_update *wanted,
                             struct table_definition *next, struct table_index *indexes,
                             uint64_t until_ms);
static enum err update_index(struct req *req, const struct index_update *wanted,
                             const struct table_definition *before,
                             const struct table_definition *next, struct table_index *index,
                             uint64_t until_ms);
static void follow_billing(const struct table_definition *before,
                           const struct table_definition *next, struct table_index *index,
                           uint64_t until_ms);

static struct table_index *find(struct table_index *indexes, unsigned count, struct bytes name)
{
    for (unsigned i = 0; i < count; i++)
        if (bytes_equal(indexes[i].definition.name, name))
            return &indexes[i];
    return NULL;
}

/* --- what is under way ------------------------------------------------------------------------ */

/* An index that comes or goes, as others see it. */
struct obstacle {
    const struct table_index *index; /* NULL: none */
    bool allocating;                 /* CREATING, not backfilling yet */
};

static struct obstacle obstacle_of(const struct table *table, uint64_t now_ms)
{
    const struct table_definition *d = &table->definition;

    for (unsigned i = 0; i < d->index_count; i++) {
        const struct table_index *index = &d->indexes[i];

        if (index->status == INDEX_CREATING || index->status == INDEX_DELETING)
            return (struct obstacle){index, index->status == INDEX_CREATING &&
                                                !table_index_backfills_now(index, now_ms)};
    }
    return (struct obstacle){0};
}

/* Changes of the table itself: an index that only fills hinders none. */
static enum err check_table_change(struct req *req, const struct table_update *update,
                                   const struct table *table, const struct obstacle *obstacle)
{
    bool deleting = obstacle->index->status == INDEX_DELETING;
    const char *what = update->throughput != NULL || update->billing.size != 0 ? "change table IOPS"
                       : update->stream != NULL  ? "change stream status"
                       : update->class.size != 0 ? "update table class"
                                                 : NULL;
    const char *limits = update->on_demand != NULL ? "OnDemandThroughput"
                         : update->warm != NULL    ? "WarmThroughput"
                                                   : NULL;

    if (!deleting && !obstacle->allocating)
        return OK;
    if (what != NULL)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "Can't %s when an index is being %s. Table: %.*s Indexes: "
                                     "[%.*s]",
                        what, deleting ? "deleted" : "created", BYTES_ARGS(table->definition.name),
                        BYTES_ARGS(obstacle->index->definition.name));
    if (limits != NULL)
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "%s cannot be updated while index %s is in progress for "
                                     "indexes: [%.*s]",
                        limits, deleting ? "deletion" : "creation",
                        BYTES_ARGS(obstacle->index->definition.name));
    return OK;
}

static enum err in_use(struct req *req, const struct table *table, struct bytes index,
                       const char *why)
{
    return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "%s Table: %.*s Index: %.*s", why,
                    BYTES_ARGS(table->definition.name), BYTES_ARGS(index));
}

static enum err check_index_change(struct req *req, const struct index_update *wanted,
                                   const struct table *table, const struct obstacle *obstacle)
{
    uint64_t now_ms = clock_wall_ms();
    const struct table_index *index = table_index_find(table, wanted->name);
    enum index_status status =
        index != NULL ? table_index_status_now(table, index, now_ms) : INDEX_ACTIVE;

    if (wanted->action == INDEX_UPDATE && status == INDEX_CREATING && obstacle->allocating)
        return in_use(req, table, wanted->name,
                      "Index is being created but is not backfilling yet.");
    if (wanted->action == INDEX_DELETE && status == INDEX_CREATING && obstacle->allocating)
        return in_use(req, table, wanted->name,
                      "Index creation is in resource allocation phase. Retry deletion during "
                      "backfilling phase or when the index is active.");
    if (wanted->action != INDEX_CREATE && status == INDEX_DELETING)
        return in_use(req, table, wanted->name, "Index is being deleted.");
    if (wanted->action != INDEX_CREATE && status == INDEX_UPDATING)
        return in_use(req, table, wanted->name, "Index is being updated.");
    if (wanted->action != INDEX_UPDATE && obstacle->index != NULL && index != obstacle->index)
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        TABLE_LIMIT "Only 1 online index can be created or deleted simultaneously "
                                    "per table");
    return OK;
}

enum err index_changes_check_state(struct req *req, const struct table_update *update,
                                   const struct table *table)
{
    struct obstacle obstacle = obstacle_of(table, clock_wall_ms());
    enum err err = OK;

    if (obstacle.index != NULL)
        err = check_table_change(req, update, table, &obstacle);
    for (size_t i = 0; err == OK && i < update->index_count; i++)
        err = check_index_change(req, &update->indexes[i], table, &obstacle);
    if (err == OK && update->index_creates + update->index_deletes > 1)
        err = req_fail(req, ERR_LIMIT_EXCEEDED,
                       TABLE_LIMIT "Only 1 online index can be created or deleted simultaneously "
                                   "per table");
    return err;
}

/* --- units and the billing mode --------------------------------------------------------------- */

static bool names_something(yyjson_val *in, const char *member)
{
    return yyjson_obj_size(input_member(in, member)) != 0;
}

/* Row 16. */
static enum err check_on_demand(struct req *req, const struct index_update *wanted)
{
    bool limits = names_something(wanted->in, "OnDemandThroughput") ||
                  names_something(wanted->in, "WarmThroughput");

    if (wanted->action == INDEX_UPDATE && (wanted->throughput != NULL || !limits))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "The only Updates for index: %.*s when TableThroughputMode "
                                      "is PAY_PER_REQUEST can be to OnDemandThroughput, "
                                      "WarmThroughput",
                        BYTES_ARGS(wanted->name));
    if (wanted->action == INDEX_CREATE && wanted->throughput != NULL)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                                      "specified for index: %.*s when BillingMode is "
                                      "PAY_PER_REQUEST",
                        BYTES_ARGS(wanted->name));
    return OK;
}

static bool gets_units(const struct table_update *update, struct bytes index)
{
    for (size_t i = 0; i < update->index_count; i++)
        if (update->indexes[i].action == INDEX_UPDATE && update->indexes[i].throughput != NULL &&
            bytes_equal(update->indexes[i].name, index))
            return true;
    return false;
}

/* Row 18, its first text: a table leaves PAY_PER_REQUEST with all its global indexes. */
static enum err check_all_get_units(struct req *req, const struct table_update *update,
                                    const struct table_definition *before)
{
    struct bytes missing = BYTES("");

    for (unsigned i = 0; i < before->index_count; i++) {
        const struct table_index *index = &before->indexes[i];

        if (index->definition.kind == INDEX_GLOBAL && index->status != INDEX_DELETING &&
            !gets_units(update, index->definition.name))
            missing =
                arena_format(req->arena, "%.*s%s%.*s", BYTES_ARGS(missing),
                             missing.size != 0 ? "," : "", BYTES_ARGS(index->definition.name));
    }
    if (missing.size == 0)
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    TABLE_INVALID "ProvisionedThroughput must be specified for index: %.*s",
                    BYTES_ARGS(missing));
}

enum err index_changes_check_modes(struct req *req, const struct table_update *update,
                                   const struct table_definition *before,
                                   enum table_billing billing)
{
    enum err err = OK;

    for (size_t i = 0; billing == TABLE_PAY_PER_REQUEST && err == OK && i < update->index_count;
         i++)
        err = check_on_demand(req, &update->indexes[i]);
    if (err == OK && billing == TABLE_PROVISIONED &&
        before->settings.billing == TABLE_PAY_PER_REQUEST)
        err = check_all_get_units(req, update, before);
    for (size_t i = 0; billing == TABLE_PROVISIONED && err == OK && i < update->index_count; i++)
        if (update->indexes[i].action == INDEX_CREATE && update->indexes[i].throughput == NULL)
            err = req_fail(req, ERR_VALIDATION,
                           TABLE_INVALID "Both ReadCapacityUnits and WriteCapacityUnits must be "
                                         "specified for index: %.*s",
                           BYTES_ARGS(update->indexes[i].name));
    return err;
}

/* --- effects ---------------------------------------------------------------------------------- */

struct table_index *index_changes_begin(struct req *req, const struct table_update *update,
                                        const struct table *table)
{
    const struct table_definition *d = &table->definition;
    uint64_t now_ms = clock_wall_ms();
    struct table_index *indexes =
        arena_new_array(req->arena, struct table_index, d->index_count + update->index_creates);

    for (unsigned i = 0; i < d->index_count; i++) {
        indexes[i] = d->indexes[i];
        if (indexes[i].status == INDEX_UPDATING && now_ms >= indexes[i].status_until_ms)
            indexes[i].status = INDEX_ACTIVE;
    }
    return indexes;
}

enum err index_changes_apply(struct req *req, const struct table_update *update,
                             const struct table_definition *before, struct table_definition *next,
                             struct table_index *indexes, uint64_t until_ms)
{
    enum err err = OK;

    next->indexes = indexes;
    for (unsigned i = 0; i < next->index_count; i++)
        follow_billing(before, next, &indexes[i], until_ms);
    for (size_t i = 0; err == OK && i < update->index_count; i++)
        if (update->indexes[i].action == INDEX_CREATE)
            err = create_index(req, &update->indexes[i], next, indexes, until_ms);
    for (size_t i = 0; err == OK && i < update->index_count; i++) {
        const struct index_update *wanted = &update->indexes[i];
        bool deletes = wanted->action == INDEX_DELETE;
        struct table_index *index = find(indexes, before->index_count, wanted->name);

        if (wanted->action == INDEX_CREATE)
            continue;
        if (index == NULL)
            return req_fail(req, ERR_RESOURCE_NOT_FOUND,
                            "Requested resource not found: Index %.*s for table %.*s",
                            BYTES_ARGS(wanted->name), BYTES_ARGS(next->name));
        if (index->definition.kind == INDEX_LOCAL)
            return req_fail(req, ERR_VALIDATION,
                            "Cannot %s an index that is not a GlobalSecondaryIndex: %.*s",
                            deletes ? "delete" : "update", BYTES_ARGS(wanted->name));
        if (deletes) {
            index->status = INDEX_DELETING;
            index->status_until_ms = until_ms;
        } else {
            err = update_index(req, wanted, before, next, index, until_ms);
        }
    }
    return err;
}

/* The capacity will be another one: until then the old one is described. */
static void begin_update(struct table_index *index, const struct table_capacity *before,
                         uint64_t until_ms)
{
    if (index->status == INDEX_CREATING || index->status == INDEX_DELETING)
        return; /* there at once */
    index->status = INDEX_UPDATING;
    index->status_until_ms = until_ms;
    index->before = *before;
}

static void follow_billing(const struct table_definition *before,
                           const struct table_definition *next, struct table_index *index,
                           uint64_t until_ms)
{
    struct table_capacity was = index->definition.capacity;
    struct table_capacity *capacity = &index->definition.capacity;

    if (before->settings.billing == next->settings.billing || index->definition.kind == INDEX_LOCAL)
        return;
    if (next->settings.billing == TABLE_PAY_PER_REQUEST) {
        capacity->throughput.read_units = capacity->throughput.write_units = 0;
        if (capacity->warm_read_units < THROUGHPUT_WARM_READ_DEFAULT)
            capacity->warm_read_units = THROUGHPUT_WARM_READ_DEFAULT;
        if (capacity->warm_write_units < THROUGHPUT_WARM_WRITE_DEFAULT)
            capacity->warm_write_units = THROUGHPUT_WARM_WRITE_DEFAULT;
    } else {
        capacity->on_demand_read_max = capacity->on_demand_write_max = -1;
    }
    begin_update(index, &was, until_ms);
}

/* An attribute that is a key already keeps its type. */
static void keep_types(const struct table_definition *table, struct key_schema *schema)
{
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        struct key_attribute *attribute = &schema->attributes[i];

        for (unsigned j = 0; j < table->index_count; j++) {
            const struct key_schema *other = &table->indexes[j].definition.schema;
            int known = key_schema_find(other, attribute->name);

            if (known >= 0 && table->indexes[j].status != INDEX_DELETING)
                attribute->type = other->attributes[known].type;
        }
        if (key_schema_find(&table->schema, attribute->name) >= 0)
            attribute->type =
                table->schema.attributes[key_schema_find(&table->schema, attribute->name)].type;
    }
}

/* Rows 19 to 22. */
static enum err create_index(struct req *req, const struct index_update *wanted,
                             struct table_definition *next, struct table_index *indexes,
                             uint64_t until_ms)
{
    yyjson_val *list = input_member(req->input, "AttributeDefinitions");
    struct attribute_definitions definitions;
    struct index_context context = {
        .definitions = &definitions, .schema = &next->schema, .billing = next->settings.billing};
    struct table_index *index = &indexes[next->index_count];
    unsigned global_count = 0, included_count = 0;
    enum err err;

    if (yyjson_arr_size(list) == 0)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "AttributeDefinitions is not specified for index: %.*s",
                        BYTES_ARGS(wanted->name));
    attribute_definitions_read(req, list, &definitions);
    *index = (struct table_index){.status = INDEX_CREATING, .status_until_ms = until_ms};
    err = index_params_read(req, wanted->in, INDEX_GLOBAL, &context, &index->definition);
    if (err != OK)
        return err;
    keep_types(next, &index->definition.schema);
    index->definition.capacity.throughput = wanted->units;
    err = index_params_limits(req, wanted->in, context.billing, &index->definition);
    if (err == OK)
        err = throughput_params_check_quota(req, &index->definition.capacity, wanted->name);
    if (err != OK)
        return err;
    for (unsigned i = 0; i < next->index_count; i++) {
        global_count += indexes[i].definition.kind == INDEX_GLOBAL;
        included_count += indexes[i].definition.included_count;
    }
    if (find(indexes, next->index_count, wanted->name) != NULL)
        return req_fail(req, ERR_VALIDATION, "Attempting to create an index which already exists");
    if (global_count >= INDEX_GLOBAL_MAX)
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        TABLE_LIMIT
                        "Number of global secondary indexes exceeds per-table limit of %d",
                        INDEX_GLOBAL_MAX);
    if (included_count + index->definition.included_count > INDEX_INCLUDED_MAX)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "Number of projected attributes exceeds the per-table limit of %d",
                        INDEX_INCLUDED_MAX);
    if (next->next_index_id == 0)
        next->next_index_id = 1;
    if (next->next_index_id == UINT16_MAX) /* never again: ids are not reused */
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        TABLE_LIMIT "This table has had %u indexes, the most that Stele can number",
                        UINT16_MAX - 1);
    index->id = next->next_index_id++;
    next->index_count++;
    return OK;
}

/* Row 17, and what new units mean. */
static enum err change_units(struct req *req, const struct index_update *wanted, bool counts,
                             struct table_capacity *capacity)
{
    unsigned long long read = capacity->throughput.read_units;
    unsigned long long write = capacity->throughput.write_units;

    if (counts && wanted->units.read_units == read && wanted->units.write_units == write)
        return req_fail(
            req, ERR_VALIDATION,
            "The provisioned throughput for the index %.*s will not change. The requested value "
            "equals the current value. Current ReadCapacityUnits provisioned for index %.*s: %llu. "
            "Requested ReadCapacityUnits: %llu. Current WriteCapacityUnits provisioned for index "
            "%.*s: %llu. Requested WriteCapacityUnits: %llu. Refer to the Amazon DynamoDB "
            "Developer Guide for current limits and how to request higher limits.",
            BYTES_ARGS(wanted->name), BYTES_ARGS(wanted->name), read, read,
            BYTES_ARGS(wanted->name), write, write);
    return throughput_params_change(req, &wanted->units, counts, capacity);
}

/* Row 25. */
static enum err change_warm(struct req *req, const struct index_update *wanted,
                            struct table_capacity *capacity)
{
    static const char *const members[] = {"ReadUnitsPerSecond", "WriteUnitsPerSecond"};
    uint64_t *const warm[] = {&capacity->warm_read_units, &capacity->warm_write_units};
    yyjson_val *in = input_member(wanted->in, "WarmThroughput");

    for (size_t i = 0; i < 2; i++) {
        int64_t value = input_integer(in, members[i], (int64_t)*warm[i]);

        if (value < (int64_t)*warm[i])
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID
                            "Requested %s for WarmThroughput for index %.*s is lower than current "
                            "WarmThroughput, decreasing WarmThroughput is not supported",
                            members[i], BYTES_ARGS(wanted->name));
        *warm[i] = (uint64_t)value;
    }
    return OK;
}

static enum err update_index(struct req *req, const struct index_update *wanted,
                             const struct table_definition *before,
                             const struct table_definition *next, struct table_index *index,
                             uint64_t until_ms)
{
    enum table_billing billing = next->settings.billing;
    struct table_capacity was = index->definition.capacity;
    struct table_capacity *capacity = &index->definition.capacity;
    yyjson_val *on_demand = input_member(wanted->in, "OnDemandThroughput");
    bool was_begun = index->status == INDEX_UPDATING; /* with the billing mode */
    bool counts = before->settings.billing == TABLE_PROVISIONED;
    enum err err = OK;

    /* An update of nothing. The text is known from a table that becomes PROVISIONED (row 18). */
    if (billing == TABLE_PROVISIONED && wanted->throughput == NULL &&
        !names_something(wanted->in, "OnDemandThroughput") &&
        !names_something(wanted->in, "WarmThroughput"))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "ProvisionedThroughput must be specified for index: %.*s",
                        BYTES_ARGS(wanted->name));
    if (wanted->throughput != NULL)
        err = change_units(req, wanted, counts, capacity);
    if (err == OK)
        err = throughput_params_maximum(req, on_demand, "MaxReadRequestUnits", billing,
                                        wanted->name, -1, &capacity->on_demand_read_max);
    if (err == OK)
        err = throughput_params_maximum(req, on_demand, "MaxWriteRequestUnits", billing,
                                        wanted->name, -1, &capacity->on_demand_write_max);
    if (err == OK)
        err = change_warm(req, wanted, capacity);
    if (err == OK)
        err = throughput_params_check_quota(req, capacity, wanted->name);
    if (err == OK && !was_begun)
        begin_update(index, &was, until_ms);
    return err;
}
