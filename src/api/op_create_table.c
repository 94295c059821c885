/* op_create_table.c - CreateTable. The rules stand in the order of contract core-api-tables.md 1;
 * its row numbers are in the comments.
 */
#include "api/encryption_params.h"
#include "api/index_params.h"
#include "api/policy_params.h"
#include "api/stream_params.h"
#include "api/table_params.h"
#include "api/tag_params.h"
#include "api/throughput_params.h"
#include "base/clock.h"

/* What the request asks for. */
struct creation {
    struct input_table name;
    struct table_definition definition;
    struct attribute_definitions attributes;
    struct index_list indexes;
    bool replicates; /* settings, with tables of other accounts */
};

static enum err read_billing(struct req *req, struct table_settings *settings);
static enum err read_schema(struct req *req, struct creation *creation);
static enum err check_definitions_used(struct req *req, const struct creation *creation);
static enum err read_indexes(struct req *req, struct creation *creation);
static enum err read_policy(struct req *req, struct creation *creation);
static enum err create(struct req *req, struct creation *creation);
static enum err check_name_free(struct req *req, const struct creation *creation);
static enum err check_quotas(struct req *req, const struct creation *creation);
static void define_indexes(struct req *req, struct creation *creation);
static uint32_t indexes_without_warm(struct req *req, const struct table_definition *definition);
static enum err refuse_unserved(struct req *req, const struct creation *creation);

enum err op_create_table(struct req *req)
{
    struct creation creation = {0};
    struct table_settings *settings = &creation.definition.settings;
    struct bytes class;
    enum err err;

    if (!req->may_wait)
        return ERR_WOULD_BLOCK; /* a catalog change waits for its commit */
    err = req_table_name(req, &creation.name);
    if (err == OK)
        err = read_billing(req, settings);
    if (err == OK)
        err = read_schema(req, &creation);
    if (err == OK)
        err = read_indexes(req, &creation);
    if (err == OK)
        err = stream_params_create(req, clock_wall_ms(), &creation.definition.stream);
    if (err == OK) /* row 28b from here on */
        err = encryption_params_read(req, input_member(req->input, "SSESpecification"),
                                     &creation.definition.encryption.key_arn);
    if (err == OK && input_string(req->input, "TableClass", &class))
        err = table_params_class(req, class, &settings->class);
    if (err == OK)
        err = tag_params_read(req, input_member(req->input, "Tags"), &creation.definition.tags);
    if (err == OK)
        err = read_policy(req, &creation);
    if (err == OK)
        err = table_params_replication_mode(req, &creation.replicates);
    if (err != OK)
        return err;
    settings->deletion_protection = input_bool(req->input, "DeletionProtectionEnabled", false);
    catalog_change_begin(req->api->catalog);
    err = create(req, &creation);
    catalog_change_end(req->api->catalog);
    return err;
}

/* Rows 1 to 3. */
static enum err read_billing(struct req *req, struct table_settings *settings)
{
    yyjson_val *throughput = input_member(req->input, "ProvisionedThroughput");
    struct bytes mode = BYTES("PROVISIONED");

    input_string(req->input, "BillingMode", &mode);
    settings->billing =
        bytes_equal_string(mode, "PROVISIONED") ? TABLE_PROVISIONED : TABLE_PAY_PER_REQUEST;
    if (settings->billing == TABLE_PAY_PER_REQUEST) {
        if (throughput != NULL)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can "
                                          "be specified when BillingMode is PAY_PER_REQUEST");
        settings->was_on_demand = true;
        settings->on_demand_ms = clock_wall_ms();
        return OK;
    }
    if (throughput == NULL)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "ReadCapacityUnits and WriteCapacityUnits must both be "
                                      "specified when BillingMode is PROVISIONED");
    return throughput_params_units(req, throughput, &settings->capacity.throughput);
}

/* Rows 4 to 9b. */
static enum err read_schema(struct req *req, struct creation *creation)
{
    yyjson_val *keys = input_member(req->input, "KeySchema");
    size_t key_count = yyjson_arr_size(keys);
    bool has_indexes = input_member(req->input, "LocalSecondaryIndexes") != NULL ||
                       input_member(req->input, "GlobalSecondaryIndexes") != NULL ||
                       input_member(req->input, "VectorIndexes") != NULL;
    struct bytes repeated;
    enum err err;

    attribute_definitions_read(req, input_member(req->input, "AttributeDefinitions"),
                               &creation->attributes);
    if (creation->attributes.names.count < key_count)
        return req_fail(req, ERR_VALIDATION,
                        "Invalid KeySchema: Some index key attribute have no definition");
    if (name_list_repeats(&creation->attributes.names, req->arena, &repeated)) /* 4b */
        return req_fail(req, ERR_VALIDATION, "Attribute Name is duplicated: %.*s",
                        BYTES_ARGS(repeated));
    err = schema_params_read(req, keys, &creation->attributes, SCHEMA_SIMPLE,
                             &creation->definition.schema);
    if (err != OK)
        return err;
    if (has_indexes)
        return check_definitions_used(req, creation);
    if (creation->attributes.names.count != key_count)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Number of attributes in KeySchema does not exactly match "
                                      "number of attributes defined in AttributeDefinitions");
    return OK;
}

/* The key attributes of table and indexes in the order of the request, each once. */
static struct name_list key_names(struct req *req)
{
    static const struct {
        const char *indexes, *keys;
    } lists[] = {
        {"LocalSecondaryIndexes", "KeySchema"},
        {"GlobalSecondaryIndexes", "KeySchema"},
        {"VectorIndexes", "SearchSchema"},
    };
    yyjson_val *table_keys = input_member(req->input, "KeySchema"), *index;
    size_t count = yyjson_arr_size(table_keys);
    struct name_list names = {0};
    yyjson_arr_iter at;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        at = yyjson_arr_iter_with(input_member(req->input, lists[i].indexes));
        while ((index = yyjson_arr_iter_next(&at)) != NULL)
            count += yyjson_arr_size(input_member(index, lists[i].keys));
    }
    names.names = arena_new_array(req->arena, struct bytes, count);
    name_list_append(&names, table_keys, "AttributeName");
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        at = yyjson_arr_iter_with(input_member(req->input, lists[i].indexes));
        while ((index = yyjson_arr_iter_next(&at)) != NULL)
            name_list_append(&names, input_member(index, lists[i].keys), "AttributeName");
    }
    return name_list_distinct(&names, req->arena);
}

/* Row 9b. */
static enum err check_definitions_used(struct req *req, const struct creation *creation)
{
    const struct attribute_definitions *attributes = &creation->attributes;
    struct name_list used = key_names(req);
    size_t defined = 0;

    for (size_t i = 0; i < used.count; i++)
        defined += attribute_definitions_find(attributes, used.names[i]) != NULL;
    if (defined == attributes->names.count)
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    TABLE_INVALID "Some AttributeDefinitions are not used. AttributeDefinitions: "
                                  "%.*s, keys used: %.*s",
                    BYTES_ARGS(name_list_text(&attributes->names, req->arena)),
                    BYTES_ARGS(name_list_text(&used, req->arena)));
}

/* Rows 10 to 26d. */
static enum err read_indexes(struct req *req, struct creation *creation)
{
    struct table_settings *settings = &creation->definition.settings;
    struct index_context context = {
        .definitions = &creation->attributes,
        .schema = &creation->definition.schema,
        .billing = settings->billing,
    };
    enum err err = index_params_read_lists(req, &context, &creation->indexes);

    if (err == OK)
        err = throughput_params_on_demand(req, input_member(req->input, "OnDemandThroughput"),
                                          settings->billing, BYTES(""), &settings->capacity);
    if (err == OK)
        err = throughput_params_warm(req, input_member(req->input, "WarmThroughput"),
                                     settings->billing, BYTES(""), &settings->capacity);
    if (err == OK)
        err = index_params_limits_of_list(req, settings->billing, &creation->indexes);
    return err;
}

/* Row 28b. */
static enum err read_policy(struct req *req, struct creation *creation)
{
    struct table_definition named = {
        .account = req->place.account,
        .region = req->place.region,
        .name = creation->name.name,
    };
    struct table_policy *policy = &creation->definition.policy;
    struct bytes text;
    enum err err;

    if (!input_string(req->input, "ResourcePolicy", &text))
        return OK;
    err = policy_params_read(req, text, table_arn(&named, req->arena), false, &policy->text);
    if (err == OK)
        policy->revision_ms = policy_params_revision(policy);
    return err;
}

/* Rows 29 to 31; then the table is there. Under the catalog's change lock. */
static enum err create(struct req *req, struct creation *creation)
{
    struct table_definition *definition = &creation->definition;
    struct table_shown shown = {.status = TABLE_CREATING, .settings = &definition->settings};
    struct table *table;
    enum err err = check_name_free(req, creation);

    if (err == OK)
        err = check_quotas(req, creation);
    if (err == OK)
        err = refuse_unserved(req, creation);
    if (err != OK)
        return err;
    definition->account = req->place.account;
    definition->region = req->place.region;
    definition->name = creation->name.name;
    definition->created_ms = clock_wall_ms();
    define_indexes(req, creation);
    definition->status = TABLE_CREATING;
    definition->status_until_ms = definition->created_ms + req->api->table_delay_ms;
    rng_uuid(definition->uuid);
    err = throughput_params_check_account(req, definition, NULL);
    if (err != OK)
        return err;
    err = catalog_put(req->api->catalog, definition, &table);
    if (err != OK)
        return err;
    req->tables[req->table_count++] = table;
    shown.with_warm = input_member(req->input, "WarmThroughput") != NULL;
    shown.now_ms = definition->created_ms - 1;
    shown.indexes_without_warm = indexes_without_warm(req, definition);
    return table_params_reply(req, "TableDescription", table, &shown);
}

/* Rows 29 and 29b. */
static enum err check_name_free(struct req *req, const struct creation *creation)
{
    struct bytes name = creation->name.name;
    struct table *table =
        catalog_acquire(req->api->catalog, req->place.account, req->place.region, name);
    bool creating;

    if (table == NULL)
        return OK;
    creating = table_status_now(table, clock_wall_ms()) == TABLE_CREATING;
    table_release(&table);
    if (creating)
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being created: %.*s",
                        BYTES_ARGS(name));
    return req_fail(req, ERR_RESOURCE_IN_USE, "Table already exists: %.*s", BYTES_ARGS(name));
}

/* Rows 30 and 31. Table and indexes are not added up. */
static enum err check_quotas(struct req *req, const struct creation *creation)
{
    enum err err;

    if (catalog_count(req->api->catalog, req->place.account, req->place.region) >= TABLE_TABLES_MAX)
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        TABLE_LIMIT "There is a limit of %u tables per account", TABLE_TABLES_MAX);
    err = throughput_params_check_quota(req, &creation->definition.settings.capacity, BYTES(""));
    for (size_t i = 0; err == OK && i < creation->indexes.count; i++)
        err = throughput_params_check_quota(req, &creation->indexes.indexes[i].capacity,
                                            creation->indexes.indexes[i].name);
    return err;
}

/* They become ACTIVE with their table. */
static void define_indexes(struct req *req, struct creation *creation)
{
    struct table_definition *definition = &creation->definition;
    struct table_index *indexes =
        arena_new_array(req->arena, struct table_index, creation->indexes.count);

    if (creation->indexes.count == 0)
        return;
    definition->next_index_id = 1;
    for (size_t i = 0; i < creation->indexes.count; i++)
        indexes[i] = (struct table_index){
            .id = definition->next_index_id++,
            .definition = creation->indexes.indexes[i],
            .status = INDEX_ACTIVE,
        };
    definition->indexes = indexes;
    definition->index_count = (unsigned)creation->indexes.count;
}

/* Global ones without WarmThroughput in the request. */
static uint32_t indexes_without_warm(struct req *req, const struct table_definition *definition)
{
    yyjson_val *list = input_member(req->input, "GlobalSecondaryIndexes"), *index;
    unsigned position = definition->index_count - (unsigned)yyjson_arr_size(list);
    yyjson_arr_iter at = yyjson_arr_iter_with(list);
    uint32_t without = 0;

    for (; (index = yyjson_arr_iter_next(&at)) != NULL; position++)
        if (input_member(index, "WarmThroughput") == NULL)
            without |= UINT32_C(1) << position;
    return without;
}

static enum err refuse_unserved(struct req *req, const struct creation *creation)
{
    const struct table_unserved unserved[] = {
        {"VectorIndexes", yyjson_arr_size(input_member(req->input, "VectorIndexes")) != 0},
        {"GlobalTableSourceArn", input_member(req->input, "GlobalTableSourceArn") != NULL},
        {"GlobalTableSettingsReplicationMode", creation->replicates},
    };

    return table_params_refuse_unserved(req, unserved, sizeof(unserved) / sizeof(unserved[0]));
}
