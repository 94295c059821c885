/* op_create_table.c - CreateTable. The rules stand in the order of contract core-api-tables.md 1;
 * its row numbers are in the comments.
 */
#include "api/encryption_params.h"
#include "api/policy_params.h"
#include "api/stream_params.h"
#include "api/table_creation.h"
#include "api/table_params.h"
#include "api/tag_params.h"
#include "api/throughput_params.h"
#include "base/clock.h"

/* What the request asks for. */
struct creation {
    struct table_creation table;
    bool replicates; /* settings, with tables of other accounts */
};

static enum err read_policy(struct req *req, struct creation *creation);
static enum err create(struct req *req, struct creation *creation);
static uint32_t indexes_without_warm(struct req *req, const struct table_definition *definition);
static enum err refuse_unserved(struct req *req, const struct creation *creation);

enum err op_create_table(struct req *req)
{
    struct creation creation = {0};
    struct table_definition *definition = &creation.table.definition;
    struct table_settings *settings = &definition->settings;
    struct bytes class;
    enum err err = table_creation_read(req, &creation.table);

    if (err == OK)
        err = stream_params_create(req, clock_wall_ms(), &definition->stream);
    if (err == OK) /* row 28b from here on */
        err = encryption_params_read(req, input_member(req->input, "SSESpecification"),
                                     &definition->encryption.key_arn);
    if (err == OK && input_string(req->input, "TableClass", &class))
        err = table_params_class(req, class, &settings->class);
    if (err == OK)
        err = tag_params_read(req, input_member(req->input, "Tags"), &definition->tags);
    if (err == OK)
        err = read_policy(req, &creation);
    if (err == OK)
        err = table_params_replication_mode(req, &creation.replicates);
    if (err != OK)
        return err;
    settings->deletion_protection = input_bool(req->input, "DeletionProtectionEnabled", false);
    return create(req, &creation);
}

/* Row 28b. */
static enum err read_policy(struct req *req, struct creation *creation)
{
    struct table_definition named = {
        .account = req->place.account,
        .region = req->place.region,
        .name = creation->table.name.name,
    };
    struct table_policy *policy = &creation->table.definition.policy;
    struct bytes text;
    enum err err;

    if (!input_string(req->input, "ResourcePolicy", &text))
        return OK;
    err = policy_params_read(req, text, table_arn(&named, req->arena), false, &policy->text);
    if (err == OK)
        policy->revision_ms = policy_params_revision(policy);
    return err;
}

/* Rows 29 to 31; then the table is there. */
static enum err create(struct req *req, struct creation *creation)
{
    struct table_definition *definition = &creation->table.definition;
    struct table_shown shown = {.status = TABLE_CREATING, .settings = &definition->settings};
    struct table *table;
    enum err err = table_creation_check(req, &creation->table);

    if (err == OK)
        err = refuse_unserved(req, creation);
    if (err == OK)
        err = table_creation_define(req, &creation->table);
    if (err != OK)
        return err;
    definition->status_until_ms = definition->created_ms + req->api->table_delay_ms;
    err = req_publish(req, definition, &table);
    if (err != OK)
        return err;
    shown.with_warm = input_member(req->input, "WarmThroughput") != NULL;
    shown.now_ms = definition->created_ms - 1;
    shown.indexes_without_warm = indexes_without_warm(req, definition);
    return table_params_reply(req, "TableDescription", table, &shown);
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
