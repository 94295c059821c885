/* op_create_table.c - CreateTable. The rules stand in the order of contract core-api-tables.md 1;
 * its row numbers are in the comments. Secondary indexes come later: their rows are not here yet.
 */
#include "api/table_params.h"

#include <stdio.h>

#include "base/clock.h"

static const char *const unserved[] = {
    "LocalSecondaryIndexes", "GlobalSecondaryIndexes", "VectorIndexes",
    "StreamSpecification",   "SSESpecification",       "Tags",
    "ResourcePolicy",        "GlobalTableSourceArn",
};

static enum err read_billing(struct req *req, struct table_settings *settings);
static enum err read_schema(struct req *req, struct key_schema *schema);
static enum err check_empty_lists(struct req *req);
static enum err read_on_demand(struct req *req, struct table_settings *settings);
static enum err read_warm(struct req *req, struct table_settings *settings);
static enum err check_stream(struct req *req);
static enum err create(struct req *req, const struct input_table *name,
                       struct table_definition *definition);

enum err op_create_table(struct req *req)
{
    struct table_definition definition = {0};
    struct table_settings *settings = &definition.settings;
    struct input_table name;
    struct bytes class;
    enum err err;

    if (!req->may_wait)
        return ERR_WOULD_BLOCK; /* a catalog change waits for its commit */
    err = table_params_name(req, &name);
    if (err == OK)
        err = read_billing(req, settings);
    if (err == OK)
        err = read_schema(req, &definition.schema);
    if (err == OK)
        err = check_empty_lists(req);
    if (err == OK)
        err = read_on_demand(req, settings);
    if (err == OK)
        err = read_warm(req, settings);
    if (err == OK)
        err = check_stream(req);
    if (err == OK && input_string(req->input, "TableClass", &class))
        err = table_params_class(req, class, &settings->class);
    if (err == OK)
        err = table_params_refuse_unserved(req, unserved, sizeof(unserved) / sizeof(unserved[0]));
    if (err != OK)
        return err;
    settings->deletion_protection = input_bool(req->input, "DeletionProtectionEnabled", false);
    catalog_change_begin(req->api->catalog);
    err = create(req, &name, &definition);
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
    return table_params_throughput(req, throughput, &settings->throughput.read_units,
                                   &settings->throughput.write_units);
}

/* --- keys: rows 4 to 9 ------------------------------------------------------------------------- */

/* [a, b] of one member of each element. */
static struct bytes names_of(struct req *req, yyjson_val *list)
{
    struct bytes text = BYTES("[");
    yyjson_arr_iter at;
    yyjson_val *element;

    yyjson_arr_iter_init(list, &at);
    while ((element = yyjson_arr_iter_next(&at)) != NULL) {
        struct bytes name = {0};

        input_string(element, "AttributeName", &name);
        text = arena_format(req->arena, "%.*s%s%.*s", BYTES_ARGS(text), text.size > 1 ? ", " : "",
                            BYTES_ARGS(name));
    }
    return arena_format(req->arena, "%.*s]", BYTES_ARGS(text));
}

static yyjson_val *definition_of(yyjson_val *definitions, struct bytes name)
{
    yyjson_arr_iter at;
    yyjson_val *element;
    struct bytes defined;

    yyjson_arr_iter_init(definitions, &at);
    while ((element = yyjson_arr_iter_next(&at)) != NULL)
        if (input_string(element, "AttributeName", &defined) && bytes_equal(defined, name))
            return element;
    return NULL;
}

static enum err check_duplicate_definitions(struct req *req, yyjson_val *definitions)
{
    yyjson_arr_iter at;
    yyjson_val *element;
    struct bytes name;

    yyjson_arr_iter_init(definitions, &at);
    while ((element = yyjson_arr_iter_next(&at)) != NULL)
        if (input_string(element, "AttributeName", &name) &&
            definition_of(definitions, name) != element)
            return req_fail(req, ERR_VALIDATION, "Attribute Name is duplicated: %.*s",
                            BYTES_ARGS(name));
    return OK;
}

static bool key_type_is(yyjson_val *element, const char *type)
{
    struct bytes text = {0};

    input_string(element, "KeyType", &text);
    return bytes_equal_string(text, type);
}

static enum err read_schema(struct req *req, struct key_schema *schema)
{
    yyjson_val *definitions = input_member(req->input, "AttributeDefinitions");
    yyjson_val *keys = input_member(req->input, "KeySchema");
    size_t count = yyjson_arr_size(keys);
    bool has_indexes = input_member(req->input, "LocalSecondaryIndexes") != NULL ||
                       input_member(req->input, "GlobalSecondaryIndexes") != NULL ||
                       input_member(req->input, "VectorIndexes") != NULL;
    yyjson_val *first = yyjson_arr_get(keys, 0), *second = yyjson_arr_get(keys, 1);
    enum err err;

    if (yyjson_arr_size(definitions) < count)
        return req_fail(req, ERR_VALIDATION,
                        "Invalid KeySchema: Some index key attribute have no definition");
    err = check_duplicate_definitions(req, definitions);
    if (err != OK)
        return err;
    for (size_t i = 0; i < count; i++) {
        struct key_attribute *attribute = &schema->attributes[i];
        struct bytes type = {0};
        yyjson_val *definition;

        input_string(yyjson_arr_get(keys, i), "AttributeName", &attribute->name);
        definition = definition_of(definitions, attribute->name);
        if (definition == NULL)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "Some index key attributes are not defined in "
                                          "AttributeDefinitions. Keys: %.*s, "
                                          "AttributeDefinitions: %.*s",
                            BYTES_ARGS(names_of(req, keys)),
                            BYTES_ARGS(names_of(req, definitions)));
        input_string(definition, "AttributeType", &type);
        if (!value_type_parse(type, &attribute->type))
            return req_fail(req, ERR_VALIDATION, TABLE_INVALID "Unknown AttributeType: %.*s",
                            BYTES_ARGS(type));
    }
    if (count == 2 && bytes_equal(schema->attributes[0].name, schema->attributes[1].name))
        return req_fail(req, ERR_VALIDATION, "Both the Hash Key and the Range Key element in the "
                                             "KeySchema have the same name");
    if (!key_type_is(first, "HASH"))
        return req_fail(req, ERR_VALIDATION,
                        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    if (count == 2 && !key_type_is(second, "RANGE"))
        return req_fail(req, ERR_VALIDATION,
                        "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
    if (!has_indexes && yyjson_arr_size(definitions) != count)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Number of attributes in KeySchema does not exactly match "
                                      "number of attributes defined in AttributeDefinitions");
    schema->hash_count = 1;
    schema->range_count = (uint8_t)(count - 1);
    return OK;
}

/* Rows 10 and 20. */
static enum err check_empty_lists(struct req *req)
{
    static const char *const lists[] = {"LocalSecondaryIndexes", "GlobalSecondaryIndexes"};

    for (size_t i = 0; i < 2; i++) {
        yyjson_val *list = input_member(req->input, lists[i]);

        if (list != NULL && yyjson_arr_size(list) == 0)
            return req_fail(req, ERR_VALIDATION, TABLE_INVALID "List of %s is empty", lists[i]);
    }
    return OK;
}

/* Rows 26 and 26b. */
static enum err read_on_demand(struct req *req, struct table_settings *settings)
{
    static const char *const members[] = {"MaxReadRequestUnits", "MaxWriteRequestUnits"};
    int64_t *const maxima[] = {&settings->on_demand_read_max, &settings->on_demand_write_max};
    yyjson_val *in = input_member(req->input, "OnDemandThroughput");

    *maxima[0] = *maxima[1] = -1;
    for (size_t i = 0; i < 2; i++) {
        if (input_member(in, members[i]) == NULL)
            continue;
        if (settings->billing == TABLE_PROVISIONED)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "%s for OnDemandThroughput cannot be specified when "
                                          "table BillingMode is PROVISIONED.",
                            members[i]);
        *maxima[i] = input_integer(in, members[i], -1);
        if (*maxima[i] < 1)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "Requested %s for OnDemandThroughput for table is "
                                          "outside of valid range",
                            members[i]);
    }
    return OK;
}

/* Rows 26c and 26d. */
static enum err read_warm(struct req *req, struct table_settings *settings)
{
    static const char *const members[] = {"ReadUnitsPerSecond", "WriteUnitsPerSecond"};
    static const char *const units[] = {"ReadCapacityUnits", "WriteCapacityUnits"};
    bool provisioned = settings->billing == TABLE_PROVISIONED;
    uint64_t *const warm[] = {&settings->warm_read_units, &settings->warm_write_units};
    yyjson_val *in = input_member(req->input, "WarmThroughput");

    *warm[0] = provisioned ? settings->throughput.read_units : TABLE_WARM_READ_DEFAULT;
    *warm[1] = provisioned ? settings->throughput.write_units : TABLE_WARM_WRITE_DEFAULT;
    for (size_t i = 0; i < 2; i++) {
        int64_t wanted = input_integer(in, members[i], (int64_t)*warm[i]);

        if (wanted < (int64_t)*warm[i] && provisioned)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "Requested %s for WarmThroughput for table is lower "
                                          "than %s of ProvisionedThroughput",
                            members[i], units[i]);
        if (wanted < (int64_t)*warm[i])
            return req_fail(
                req, ERR_VALIDATION,
                TABLE_INVALID
                "Requested %s for WarmThroughput for table is lower than initial throughput for "
                "OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
                "on-demand-capacity-mode.html#on-demand-capacity-mode-initial",
                members[i]);
        *warm[i] = (uint64_t)wanted;
    }
    return OK;
}

/* Rows 27 and 28. */
static enum err check_stream(struct req *req)
{
    yyjson_val *in = input_member(req->input, "StreamSpecification");
    bool enabled = input_bool(in, "StreamEnabled", false);
    bool has_view = input_member(in, "StreamViewType") != NULL;

    if (in == NULL || enabled == has_view)
        return OK;
    return req_fail(req, ERR_VALIDATION, TABLE_INVALID "Table is being created with a stream %s",
                    enabled ? "enabled, UpdateViewType is required"
                            : "disabled, UpdateViewType should not be specified");
}

/* Rows 29 to 31; then the table is there. Under the catalog's change lock. */
static enum err create(struct req *req, const struct input_table *name,
                       struct table_definition *definition)
{
    struct table_settings *settings = &definition->settings;
    struct table_shown shown = {.status = TABLE_CREATING, .settings = settings};
    struct table *table = catalog_acquire(req->api->catalog, req->place.account,
                                          req->place.region, name->name);
    uint64_t now_ms = clock_wall_ms();
    bool creating;
    enum err err;

    if (table != NULL) {
        creating = table_status_now(table, now_ms) == TABLE_CREATING;
        table_release(&table);
        if (creating)
            return req_fail(req, ERR_RESOURCE_IN_USE,
                            TABLE_IN_USE "Table is being created: %.*s", BYTES_ARGS(name->name));
        return req_fail(req, ERR_RESOURCE_IN_USE, "Table already exists: %.*s",
                        BYTES_ARGS(name->name));
    }
    if (catalog_count(req->api->catalog, req->place.account, req->place.region) >=
        TABLE_TABLES_MAX)
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        "Subscriber limit exceeded: There is a limit of %u tables per account",
                        TABLE_TABLES_MAX);
    err = table_params_check_quota(req, settings->throughput.read_units,
                                   settings->throughput.write_units);
    if (err != OK)
        return err;
    definition->account = req->place.account;
    definition->region = req->place.region;
    definition->name = name->name;
    definition->created_ms = now_ms;
    definition->status = TABLE_CREATING;
    definition->status_until_ms = now_ms + req->api->table_delay_ms;
    rng_uuid(definition->uuid);
    err = catalog_put(req->api->catalog, definition, &table);
    if (err != OK)
        return err;
    req->tables[req->table_count++] = table;
    shown.with_warm = input_member(req->input, "WarmThroughput") != NULL;
    return table_params_reply(req, "TableDescription", table, &shown);
}
