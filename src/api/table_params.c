/* table_params.c - common rules and the description of tables. */
#include "api/table_params.h"

#include "api/item_params.h"
#include "base/assert.h"
#include "base/clock.h"
#include "json/json_write.h"
#include "table/decrease.h"
#include "table/table_keys.h"

#include <stdlib.h>

static void describe_attributes(struct req *req, const struct key_schema *schema);
static void describe_key_schema(struct buf *reply, const struct key_schema *schema);
static void describe_throughput(struct buf *reply, const struct table_settings *settings);
static void describe_modes(struct buf *reply, const struct table_shown *shown);
static void describe_on_demand(struct buf *reply, const struct table_shown *shown);

enum err table_params_find(struct req *req, struct table **table)
{
    struct input_table name;
    enum err err = req_table_name(req, &name);

    if (err != OK)
        return err;
    *table = catalog_acquire(req->api->catalog, req->place.account, req->place.region, name.name);
    if (*table == NULL)
        return req_fail(req, ERR_RESOURCE_NOT_FOUND,
                        "Requested resource not found: Table: %.*s not found",
                        BYTES_ARGS(name.name));
    ASSERT(req->table_count < REQ_TABLES_MAX);
    req->tables[req->table_count++] = *table;
    return OK;
}

enum err table_params_class(struct req *req, struct bytes name, enum table_class *class)
{
    if (bytes_equal_string(name, "STANDARD"))
        *class = TABLE_CLASS_STANDARD;
    else if (bytes_equal_string(name, "STANDARD_INFREQUENT_ACCESS"))
        *class = TABLE_CLASS_INFREQUENT_ACCESS;
    else
        return req_fail(req, ERR_VALIDATION,
                        "Invalid table-class parameter provided. Please try again with a valid "
                        "table-class value: [STANDARD, STANDARD_INFREQUENT_ACCESS].");
    return OK;
}

const char *table_params_class_name(enum table_class class)
{
    return class == TABLE_CLASS_STANDARD ? "STANDARD" : "STANDARD_INFREQUENT_ACCESS";
}

enum err table_params_encryption(struct req *req, yyjson_val *in, bool *keyed)
{
    struct bytes type = {0};
    bool has_type = input_string(in, "SSEType", &type);
    bool has_key = input_member(in, "KMSMasterKeyId") != NULL;

    /* Observed: a type or a key alone asks for encryption with it, as if Enabled were true. */
    *keyed = input_bool(in, "Enabled", has_type || has_key);
    if (has_type && !*keyed)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "SSEType can not be specified if Enabled is false");
    if (has_key && !*keyed)
        return req_fail(req, ERR_VALIDATION,
                        "KMSMasterKeyId can not be specified if Enabled is false");
    if (bytes_equal_string(type, "AES256"))
        return req_fail(req, ERR_VALIDATION, "SSEType AES256 is not supported");
    if (has_key && !has_type)
        return req_fail(req, ERR_VALIDATION,
                        "SSEType KMS is required if KMSMasterKeyId is specified");
    return OK;
}

enum err table_params_replication_mode(struct req *req, bool *enabled)
{
    struct bytes mode = {0};

    input_string(req->input, "GlobalTableSettingsReplicationMode", &mode);
    if (bytes_equal_string(mode, "ENABLED_WITH_OVERRIDES"))
        return req_fail(req, ERR_VALIDATION,
                        "Value 'ENABLED_WITH_OVERRIDES' at 'GlobalTableSettingsReplicationMode' "
                        "failed to satisfy constraint: Only ENABLED and DISABLED settings "
                        "replication are supported for a Regional Table.");
    *enabled = bytes_equal_string(mode, "ENABLED");
    return OK;
}

enum err table_params_refuse_unserved(struct req *req, const struct table_unserved unserved[],
                                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (unserved[i].asked)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "This version of Stele does not serve %s yet",
                            unserved[i].member);
    return OK;
}

/* --- descriptions ---------------------------------------------------------------------------- */

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
    describe_attributes(req, &d->schema);
    reply_member(reply, "TableName");
    json_append_string(reply, d->name);
    describe_key_schema(reply, &d->schema);
    reply_member(reply, "TableStatus");
    json_append_string(reply, bytes_of_string((const char *const[]){
                                  "CREATING", "ACTIVE", "UPDATING", "DELETING"}[shown->status]));
    reply_member(reply, "CreationDateTime");
    json_append_time(reply, d->created_ms);
    describe_throughput(reply, shown->settings);
    reply_member(reply, "TableSizeBytes");
    buf_append_u64(reply, count.bytes);
    reply_member(reply, "ItemCount");
    buf_append_u64(reply, count.items);
    reply_member(reply, "TableArn");
    json_append_string(reply, table_arn(d, req->arena));
    reply_member(reply, "TableId");
    json_append_string(reply, bytes_of_string(d->uuid));
    describe_modes(reply, shown);
    buf_append_byte(reply, '}');
    return OK;
}

static int compare_attributes(const void *a, const void *b)
{
    return bytes_compare(((const struct key_attribute *)a)->name,
                         ((const struct key_attribute *)b)->name);
}

/* Exactly those that keys use, sorted by name. */
static void describe_attributes(struct req *req, const struct key_schema *schema)
{
    struct key_schema sorted = *schema;
    unsigned count = key_schema_count(schema);

    qsort(sorted.attributes, count, sizeof(sorted.attributes[0]), compare_attributes);
    reply_member(req->reply, "AttributeDefinitions");
    buf_append_byte(req->reply, '[');
    for (unsigned i = 0; i < count; i++) {
        buf_append_string(req->reply, i > 0 ? ",{" : "{");
        reply_member(req->reply, "AttributeName");
        json_append_string(req->reply, sorted.attributes[i].name);
        reply_member(req->reply, "AttributeType");
        json_append_string(req->reply, bytes_of_string(value_type_name(sorted.attributes[i].type)));
        buf_append_byte(req->reply, '}');
    }
    buf_append_byte(req->reply, ']');
}

static void describe_key_schema(struct buf *reply, const struct key_schema *schema)
{
    reply_member(reply, "KeySchema");
    buf_append_byte(reply, '[');
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        buf_append_string(reply, i > 0 ? ",{" : "{");
        reply_member(reply, "AttributeName");
        json_append_string(reply, schema->attributes[i].name);
        reply_member(reply, "KeyType");
        buf_append_string(reply, i < schema->hash_count ? "\"HASH\"}" : "\"RANGE\"}");
    }
    buf_append_byte(reply, ']');
}

static void member_u64(struct buf *reply, const char *name, uint64_t value)
{
    reply_member(reply, name);
    buf_append_u64(reply, value);
}

static void member_time(struct buf *reply, const char *name, uint64_t time_ms)
{
    if (time_ms == 0)
        return;
    reply_member(reply, name);
    json_append_time(reply, time_ms);
}

static void describe_throughput(struct buf *reply, const struct table_settings *settings)
{
    const struct table_throughput *t = &settings->capacity.throughput;

    reply_member(reply, "ProvisionedThroughput");
    buf_append_byte(reply, '{');
    member_time(reply, "LastIncreaseDateTime", t->increased_ms);
    member_time(reply, "LastDecreaseDateTime", t->decreased_ms);
    member_u64(reply, "NumberOfDecreasesToday", decrease_count_today(t, clock_wall_ms()));
    member_u64(reply, "ReadCapacityUnits", t->read_units);
    member_u64(reply, "WriteCapacityUnits", t->write_units);
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
            member_time(reply, "LastUpdateToPayPerRequestDateTime", s->on_demand_ms);
        buf_append_byte(reply, '}');
    }
    describe_on_demand(reply, shown);
    if (shown->with_warm) {
        reply_member(reply, "WarmThroughput");
        buf_append_byte(reply, '{');
        member_u64(reply, "ReadUnitsPerSecond", s->capacity.warm_read_units);
        member_u64(reply, "WriteUnitsPerSecond", s->capacity.warm_write_units);
        reply_member(reply, "Status");
        buf_append_string(reply, "\"ACTIVE\"}");
    }
    if (s->class != TABLE_CLASS_UNSET) {
        reply_member(reply, "TableClassSummary");
        buf_append_byte(reply, '{');
        reply_member(reply, "TableClass");
        json_append_string(reply, bytes_of_string(table_params_class_name(s->class)));
        member_time(reply, "LastUpdateDateTime", s->class_changed_ms);
        buf_append_byte(reply, '}');
    }
    reply_member(reply, "DeletionProtectionEnabled");
    buf_append_string(reply, s->deletion_protection ? "true" : "false");
}

/* A maximum that is not set is absent. One that the request took away is told as it was sent. */
static void describe_on_demand(struct buf *reply, const struct table_shown *shown)
{
    const struct table_capacity *c = &shown->settings->capacity;
    bool has_read = c->on_demand_read_max >= 0 || shown->read_max_lifted;
    bool has_write = c->on_demand_write_max >= 0 || shown->write_max_lifted;

    if (!has_read && !has_write)
        return;
    reply_member(reply, "OnDemandThroughput");
    buf_append_byte(reply, '{');
    if (has_read) {
        reply_member(reply, "MaxReadRequestUnits");
        buf_append_i64(reply, c->on_demand_read_max);
    }
    if (has_write) {
        reply_member(reply, "MaxWriteRequestUnits");
        buf_append_i64(reply, c->on_demand_write_max);
    }
    buf_append_byte(reply, '}');
}
