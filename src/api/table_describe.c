/* table_describe.c - TableDescription: what clients are shown of a table and its indexes. */
#include "api/encryption_params.h"
#include "api/reply.h"
#include "api/stream_params.h"
#include "api/table_params.h"
#include "base/clock.h"
#include "json/json_write.h"
#include "table/decrease.h"
#include "table/table_keys.h"

#include <stdlib.h>

#define DAY_MS   86400000u
#define KEYS_MAX (KEY_ATTRIBUTES_MAX * (1 + INDEX_LOCAL_MAX + INDEX_GLOBAL_MAX))

static void describe_attributes(struct req *req, const struct table_definition *definition);
static void describe_restore(struct buf *reply, const struct table_filling *filling);
static void describe_throughput(struct buf *reply, const struct table_capacity *capacity);
static void describe_modes(struct buf *reply, const struct table_shown *shown);
static void describe_on_demand(struct buf *reply, const struct table_capacity *capacity,
                               bool with_read, bool with_write);
static void describe_warm(struct buf *reply, const struct table_capacity *capacity, bool changes);
static enum err describe_indexes(struct req *req, const struct table *table,
                                 const struct table_shown *shown, enum index_kind kind);

enum err table_params_reply(struct req *req, const char *member, const struct table *table,
                            const struct table_shown *shown)
{
    enum err err;

    buf_append_byte(req->reply, '{');
    reply_member(req->reply, member);
    err = table_params_describe(req, table, shown);
    buf_append_byte(req->reply, '}');
    return err;
}

enum err table_params_describe(struct req *req, const struct table *table,
                               const struct table_shown *shown)
{
    const struct table_definition *d = &table->definition;
    struct buf *reply = req->reply;
    struct store_count count;
    enum err err = store_count(req->api->store, table_count_key(d->id, 0, req->arena), &count);

    if (err != OK)
        return err;
    buf_append_byte(reply, '{');
    describe_attributes(req, d);
    reply_string(reply, "TableName", d->name);
    table_params_append_key_schema(reply, &d->schema);
    reply_string(reply, "TableStatus",
                 bytes_of_string((const char *const[]){"CREATING", "ACTIVE", "UPDATING",
                                                       "DELETING"}[shown->status]));
    reply_time(reply, "CreationDateTime", d->created_ms);
    describe_throughput(reply, &shown->settings->capacity);
    reply_number(reply, "TableSizeBytes", count.bytes);
    reply_number(reply, "ItemCount", count.items);
    reply_string(reply, "TableArn", table_arn(d, req->arena));
    reply_string(reply, "TableId", bytes_of_string(d->uuid));
    describe_modes(reply, shown);
    stream_params_describe(req, d);
    encryption_params_describe(req, d, shown->key_changed);
    if (shown->status == TABLE_CREATING && table_is_restoring(d))
        describe_restore(reply, &d->filling);
    err = describe_indexes(req, table, shown, INDEX_LOCAL);
    if (err == OK && shown->status != TABLE_DELETING) /* global ones vanish at once */
        err = describe_indexes(req, table, shown, INDEX_GLOBAL);
    buf_append_byte(reply, '}');
    return err;
}

/* Only while it goes on. */
static void describe_restore(struct buf *reply, const struct table_filling *filling)
{
    reply_member(reply, "RestoreSummary");
    buf_append_byte(reply, '{');
    if (filling->backup_arn.size != 0)
        reply_string(reply, "SourceBackupArn", filling->backup_arn);
    reply_string(reply, "SourceTableArn", filling->source_arn);
    reply_time(reply, "RestoreDateTime", filling->restore_ms);
    reply_member(reply, "RestoreInProgress");
    buf_append_string(reply, "true}");
}

static int compare_attributes(const void *a, const void *b)
{
    return bytes_compare(((const struct key_attribute *)a)->name,
                         ((const struct key_attribute *)b)->name);
}

/* Those of a schema that are not in the list yet. */
static void collect(const struct key_schema *schema, struct key_attribute *list, unsigned *count)
{
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        unsigned at = 0;

        while (at < *count && !bytes_equal(list[at].name, schema->attributes[i].name))
            at++;
        if (at == *count)
            list[(*count)++] = schema->attributes[i];
    }
}

/* Exactly those that keys use, sorted by name. */
static void describe_attributes(struct req *req, const struct table_definition *definition)
{
    struct key_attribute list[KEYS_MAX];
    unsigned count = 0;

    collect(&definition->schema, list, &count);
    for (unsigned i = 0; i < definition->index_count; i++)
        collect(&definition->indexes[i].definition.schema, list, &count);
    qsort(list, count, sizeof(list[0]), compare_attributes);
    reply_member(req->reply, "AttributeDefinitions");
    buf_append_byte(req->reply, '[');
    for (unsigned i = 0; i < count; i++) {
        buf_append_string(req->reply, i > 0 ? ",{" : "{");
        reply_string(req->reply, "AttributeName", list[i].name);
        reply_string(req->reply, "AttributeType", bytes_of_string(value_type_name(list[i].type)));
        buf_append_byte(req->reply, '}');
    }
    buf_append_byte(req->reply, ']');
}

void table_params_append_key_schema(struct buf *reply, const struct key_schema *schema)
{
    reply_member(reply, "KeySchema");
    buf_append_byte(reply, '[');
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        buf_append_string(reply, i > 0 ? ",{" : "{");
        reply_string(reply, "AttributeName", schema->attributes[i].name);
        reply_member(reply, "KeyType");
        buf_append_string(reply, i < schema->hash_count ? "\"HASH\"}" : "\"RANGE\"}");
    }
    buf_append_byte(reply, ']');
}

static void describe_throughput(struct buf *reply, const struct table_capacity *capacity)
{
    const struct table_throughput *t = &capacity->throughput;

    reply_member(reply, "ProvisionedThroughput");
    buf_append_byte(reply, '{');
    reply_time_if_set(reply, "LastIncreaseDateTime", t->increased_ms);
    reply_time_if_set(reply, "LastDecreaseDateTime", t->decreased_ms);
    reply_number(reply, "NumberOfDecreasesToday", decrease_count_today(t, clock_wall_ms()));
    reply_number(reply, "ReadCapacityUnits", t->read_units);
    reply_number(reply, "WriteCapacityUnits", t->write_units);
    buf_append_byte(reply, '}');
}

static void describe_modes(struct buf *reply, const struct table_shown *shown)
{
    const struct table_settings *s = shown->settings;

    if (s->was_on_demand) {
        reply_member(reply, "BillingModeSummary");
        buf_append_byte(reply, '{');
        reply_member(reply, "BillingMode");
        buf_append_string(reply, s->billing == TABLE_PROVISIONED ? "\"PROVISIONED\""
                                                                 : "\"PAY_PER_REQUEST\"");
        if (shown->with_on_demand_date)
            reply_time_if_set(reply, "LastUpdateToPayPerRequestDateTime", s->on_demand_ms);
        buf_append_byte(reply, '}');
    }
    describe_on_demand(reply, &s->capacity, shown->read_max_lifted, shown->write_max_lifted);
    if (shown->with_warm)
        describe_warm(reply, &s->capacity, shown->warm_changed);
    if (s->class != TABLE_CLASS_UNSET) {
        reply_member(reply, "TableClassSummary");
        buf_append_byte(reply, '{');
        reply_string(reply, "TableClass", bytes_of_string(table_params_class_name(s->class)));
        reply_time_if_set(reply, "LastUpdateDateTime", s->class_changed_ms);
        buf_append_byte(reply, '}');
    }
    reply_member(reply, "DeletionProtectionEnabled");
    buf_append_string(reply, s->deletion_protection ? "true" : "false");
}

/* A maximum that is not set is absent. One that the request took away is told as it was sent. */
static void describe_on_demand(struct buf *reply, const struct table_capacity *capacity,
                               bool with_read, bool with_write)
{
    bool has_read = capacity->on_demand_read_max >= 0 || with_read;
    bool has_write = capacity->on_demand_write_max >= 0 || with_write;

    if (!has_read && !has_write)
        return;
    reply_member(reply, "OnDemandThroughput");
    buf_append_byte(reply, '{');
    if (has_read) {
        reply_member(reply, "MaxReadRequestUnits");
        buf_append_i64(reply, capacity->on_demand_read_max);
    }
    if (has_write) {
        reply_member(reply, "MaxWriteRequestUnits");
        buf_append_i64(reply, capacity->on_demand_write_max);
    }
    buf_append_byte(reply, '}');
}

static void describe_warm(struct buf *reply, const struct table_capacity *capacity, bool changes)
{
    reply_member(reply, "WarmThroughput");
    buf_append_byte(reply, '{');
    reply_number(reply, "ReadUnitsPerSecond", capacity->warm_read_units);
    reply_number(reply, "WriteUnitsPerSecond", capacity->warm_write_units);
    reply_member(reply, "Status");
    buf_append_string(reply, changes ? "\"UPDATING\"}" : "\"ACTIVE\"}");
}

/* --- indexes ---------------------------------------------------------------------------------- */

void table_params_append_projection(struct buf *reply, const struct index_definition *index)
{
    static const char *const types[] = {
        [INDEX_PROJECTS_ALL] = "\"ALL\"",
        [INDEX_PROJECTS_KEYS] = "\"KEYS_ONLY\"",
        [INDEX_PROJECTS_INCLUDED] = "\"INCLUDE\"",
    };

    reply_member(reply, "Projection");
    buf_append_byte(reply, '{');
    reply_member(reply, "ProjectionType");
    buf_append_string(reply, types[index->projection]);
    for (unsigned i = 0; i < index->included_count; i++) {
        if (i == 0)
            reply_member(reply, "NonKeyAttributes");
        buf_append_byte(reply, i == 0 ? '[' : ',');
        json_append_string(reply, index->included[i]);
    }
    if (index->included_count != 0)
        buf_append_byte(reply, ']');
    buf_append_byte(reply, '}');
}

/* What only global indexes have. */
static void describe_state(struct buf *reply, const struct table *table,
                           const struct table_index *index, const struct table_shown *shown)
{
    static const char *const names[] = {"CREATING", "ACTIVE", "UPDATING", "DELETING"};
    uint64_t now_ms = shown->now_ms != 0 ? shown->now_ms : clock_wall_ms();
    const struct table_capacity *capacity = table_index_capacity_now(index, now_ms);
    enum index_status status = index->status;
    unsigned position = (unsigned)(index - table->definition.indexes);
    uint32_t bit = UINT32_C(1) << position;

    if (shown->status == TABLE_CREATING)
        status = INDEX_CREATING; /* an index made with its table becomes ACTIVE with it */
    else if (status == INDEX_UPDATING && now_ms >= index->status_until_ms)
        status = INDEX_ACTIVE;
    reply_string(reply, "IndexStatus", bytes_of_string(names[status]));
    if (index->status == INDEX_CREATING) {
        reply_member(reply, "Backfilling");
        buf_append_string(reply, table_index_backfills_now(index, now_ms) ? "true" : "false");
    }
    describe_throughput(reply, capacity);
    describe_on_demand(reply, capacity, false, false);
    if ((shown->indexes_without_warm & bit) == 0)
        describe_warm(reply, capacity, false);
}

/* Absent if there is none of the kind. */
static enum err describe_indexes(struct req *req, const struct table *table,
                                 const struct table_shown *shown, enum index_kind kind)
{
    const struct table_definition *d = &table->definition;
    struct buf *reply = req->reply;
    bool first = true;

    for (unsigned i = 0; i < d->index_count; i++) {
        const struct table_index *index = &d->indexes[i];
        struct store_count count;
        enum err err;

        if (index->definition.kind != kind)
            continue;
        err = store_count(req->api->store, table_count_key(d->id, index->id, req->arena), &count);
        if (err != OK)
            return err;
        if (first)
            reply_member(reply,
                         kind == INDEX_LOCAL ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
        buf_append_string(reply, first ? "[{" : ",{");
        first = false;
        reply_string(reply, "IndexName", index->definition.name);
        table_params_append_key_schema(reply, &index->definition.schema);
        table_params_append_projection(reply, &index->definition);
        if (kind == INDEX_GLOBAL)
            describe_state(reply, table, index, shown);
        reply_number(reply, "IndexSizeBytes", count.bytes);
        reply_number(reply, "ItemCount", count.items);
        reply_string(reply, "IndexArn", table_index_arn(d, index, req->arena));
        buf_append_byte(reply, '}');
    }
    if (!first)
        buf_append_byte(reply, ']');
    return OK;
}
