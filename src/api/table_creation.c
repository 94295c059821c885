/* table_creation.c - what makes a new table. The rules stand in the order of contract
 * core-api-tables.md 1; its row numbers are in the comments.
 */
#include "api/table_creation.h"

#include "api/table_params.h"
#include "api/throughput_params.h"
#include "base/clock.h"

static enum err read_billing(struct req *req, struct table_settings *settings);
static enum err read_schema(struct req *req, struct table_creation *creation);
static enum err check_definitions_used(struct req *req, const struct table_creation *creation);
static enum err read_indexes(struct req *req, struct table_creation *creation);
static enum err check_name_free(struct req *req, const struct table_creation *creation);
static enum err check_quotas(struct req *req, const struct table_creation *creation);
static void define_indexes(struct req *req, struct table_creation *creation);

enum err table_creation_read(struct req *req, struct table_creation *creation)
{
    enum err err = req_table_name(req, &creation->name);

    if (err == OK)
        err = read_billing(req, &creation->definition.settings);
    if (err == OK)
        err = read_schema(req, creation);
    if (err == OK)
        err = read_indexes(req, creation);
    return err;
}

enum err table_creation_check(struct req *req, const struct table_creation *creation)
{
    enum err err = check_name_free(req, creation);

    return err == OK ? check_quotas(req, creation) : err;
}

enum err table_creation_define(struct req *req, struct table_creation *creation)
{
    struct table_definition *definition = &creation->definition;

    definition->account = req->place.account;
    definition->region = req->place.region;
    definition->name = creation->name.name;
    definition->created_ms = clock_wall_ms();
    define_indexes(req, creation);
    definition->status = TABLE_CREATING;
    rng_uuid(definition->uuid);
    return throughput_params_check_account(req, definition, NULL);
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
static enum err read_schema(struct req *req, struct table_creation *creation)
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
static enum err check_definitions_used(struct req *req, const struct table_creation *creation)
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
static enum err read_indexes(struct req *req, struct table_creation *creation)
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

/* Rows 29 and 29b. */
static enum err check_name_free(struct req *req, const struct table_creation *creation)
{
    struct bytes name = creation->name.name;
    struct table *table =
        catalog_acquire(req->api->catalog, req->place.account, req->place.region, name);
    bool creating, restoring;

    if (table == NULL)
        return OK;
    creating = table_status_now(table, clock_wall_ms()) == TABLE_CREATING;
    restoring = creating && table_is_restoring(&table->definition);
    table_release(&table);
    if (restoring)
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being used: %.*s",
                        BYTES_ARGS(name));
    if (creating)
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being created: %.*s",
                        BYTES_ARGS(name));
    return req_fail(req, ERR_RESOURCE_IN_USE, "Table already exists: %.*s", BYTES_ARGS(name));
}

/* Rows 30 and 31. Table and indexes are not added up. */
static enum err check_quotas(struct req *req, const struct table_creation *creation)
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
static void define_indexes(struct req *req, struct table_creation *creation)
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
