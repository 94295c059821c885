/* restore_params.c - the definition of a table that is restored, and its beginning. */
#include "backup/restore_params.h"

#include "api/encryption_params.h"
#include "api/table_params.h"
#include "api/throughput_params.h"
#include "backup/restore_priv.h"
#include "base/clock.h"
#include "jobs/jobs.h"
#include "table/table_fill.h"

static enum err read_settings(struct req *req, const struct table_settings *source,
                              struct table_settings *settings);
static enum err read_maxima(struct req *req, const struct table_capacity *source,
                            struct table_settings *settings);
static enum err read_encryption(struct req *req, const struct table_definition *source,
                                struct table_encryption *encryption);
static enum err begin(struct req *req, const struct restore_source *source,
                      struct table_definition *target);
static enum err check_target(struct req *req, const struct table_definition *target);
static enum err check_limits(struct req *req, const struct table_definition *target);
static enum err fill_by_job(struct req *req, const struct restore_source *source,
                            struct table_definition *target);

/* PROVISIONED or PAY_PER_REQUEST; false: the request says nothing. */
static bool read_billing(struct req *req, enum table_billing *billing)
{
    struct bytes mode;

    if (!input_string(req->input, "BillingModeOverride", &mode))
        return false;
    *billing = bytes_equal_string(mode, "PROVISIONED") ? TABLE_PROVISIONED : TABLE_PAY_PER_REQUEST;
    return true;
}

enum err restore_params_check(struct req *req)
{
    static const char *const maxima[] = {"MaxReadRequestUnits", "MaxWriteRequestUnits"};
    yyjson_val *units = input_member(req->input, "ProvisionedThroughputOverride");
    yyjson_val *on_demand = input_member(req->input, "OnDemandThroughputOverride");
    enum table_billing billing = TABLE_PROVISIONED;
    bool overridden = read_billing(req, &billing);

    if (overridden && billing == TABLE_PAY_PER_REQUEST && units != NULL)
        return req_fail(req, ERR_VALIDATION,
                        RESTORE_INVALID "Cannot override ProvisionedThroughput if BillingMode is "
                                        "overridden to PAY_PER_REQUEST");
    if (overridden && billing == TABLE_PROVISIONED && units == NULL)
        return req_fail(req, ERR_VALIDATION,
                        "Must override ProvisionedThroughput if BillingMode is overridden to "
                        "PROVISIONED");
    for (unsigned i = 0; i < 2; i++) {
        if (input_member(on_demand, maxima[i]) == NULL)
            continue;
        if (billing != TABLE_PAY_PER_REQUEST)
            return req_fail(req, ERR_VALIDATION,
                            "Cannot override %s for OnDemandThroughput unless BillingModeOverride "
                            "is PAY_PER_REQUEST",
                            maxima[i]);
        if (input_integer(on_demand, maxima[i], 0) < 1)
            return req_fail(req, ERR_VALIDATION,
                            RESTORE_INVALID
                            "Requested %s for OnDemandThroughput is outside of valid range",
                            maxima[i]);
    }
    return OK;
}

enum err restore_begin(struct req *req, const struct restore_source *source)
{
    const struct table_unserved vectors = {
        "VectorIndexOverride",
        yyjson_arr_size(input_member(req->input, "VectorIndexOverride")) != 0};
    struct table_definition target = {
        .account = req->place.account,
        .region = req->place.region,
        .schema = source->definition->schema,
        .status = TABLE_CREATING,
    };
    enum err err;

    input_string(req->input, "TargetTableName", &target.name);
    err = read_settings(req, &source->definition->settings, &target.settings);
    if (err == OK)
        err = restore_indexes(req, source->definition, &target);
    if (err == OK)
        err = read_encryption(req, source->definition, &target.encryption);
    if (err == OK)
        err = table_params_refuse_unserved(req, &vectors, 1);
    return err == OK ? begin(req, source, &target) : err;
}

/* --- what the table is to be ----------------------------------------------------------------- */

/* Class, deletion protection and what else is not restored stay as in a new table. */
static enum err read_settings(struct req *req, const struct table_settings *source,
                              struct table_settings *settings)
{
    yyjson_val *units = input_member(req->input, "ProvisionedThroughputOverride");
    struct table_throughput *throughput = &settings->capacity.throughput;
    enum err err = OK;

    *settings = (struct table_settings){.billing = source->billing};
    read_billing(req, &settings->billing);
    if (settings->billing == TABLE_PAY_PER_REQUEST) {
        if (units != NULL)
            return req_fail(req, ERR_VALIDATION,
                            "Cannot override ProvisionedThroughput unless BillingMode is "
                            "PROVISIONED");
        settings->was_on_demand = true;
        settings->on_demand_ms = clock_wall_ms();
    } else if (units != NULL) {
        err = throughput_params_units(req, units, throughput);
    } else {
        throughput->read_units = source->capacity.throughput.read_units;
        throughput->write_units = source->capacity.throughput.write_units;
    }
    if (err == OK)
        err = read_maxima(req, &source->capacity, settings);
    if (err == OK) /* as in a new table: what was warm is not told of the copy */
        err = throughput_params_warm(req, NULL, settings->billing, BYTES(""), &settings->capacity);
    return err;
}

/* restore_params_check has been here. */
static enum err read_maxima(struct req *req, const struct table_capacity *source,
                            struct table_settings *settings)
{
    yyjson_val *maxima = input_member(req->input, "OnDemandThroughputOverride");
    struct table_capacity *capacity = &settings->capacity;

    capacity->on_demand_read_max = capacity->on_demand_write_max = -1;
    if (settings->billing != TABLE_PAY_PER_REQUEST)
        return OK;
    capacity->on_demand_read_max =
        input_integer(maxima, "MaxReadRequestUnits", source->on_demand_read_max);
    capacity->on_demand_write_max =
        input_integer(maxima, "MaxWriteRequestUnits", source->on_demand_write_max);
    return OK;
}

static enum err read_encryption(struct req *req, const struct table_definition *source,
                                struct table_encryption *encryption)
{
    yyjson_val *specification = input_member(req->input, "SSESpecificationOverride");

    if (specification == NULL && !bytes_equal(source->region, req->place.region))
        return req_fail(req, ERR_VALIDATION,
                        RESTORE_INVALID
                        "sseSpecificationOverride must be provided for cross-region restores");
    if (specification == NULL) {
        encryption->key_arn = source->encryption.key_arn;
        return OK;
    }
    return encryption_params_read(req, specification, &encryption->key_arn);
}

/* --- the table ------------------------------------------------------------------------------- */

static enum err begin(struct req *req, const struct restore_source *source,
                      struct table_definition *target)
{
    enum err err = check_target(req, target);

    if (err == OK && source->backup_arn.size != 0 &&
        catalog_is_restoring_from(req->api->catalog, source->backup_arn))
        err = req_fail(req, ERR_BACKUP_IN_USE, "Backup is being restored: %.*s",
                       BYTES_ARGS(source->backup_arn));
    if (err == OK)
        err = check_limits(req, target);
    if (err == OK)
        err = throughput_params_check_account(req, target, NULL);
    return err == OK ? fill_by_job(req, source, target) : err;
}

static enum err check_target(struct req *req, const struct table_definition *target)
{
    struct table *table =
        catalog_acquire(req->api->catalog, target->account, target->region, target->name);
    const struct table_filling *filling;

    if (table == NULL)
        return OK;
    req_take_table(req, table);
    filling = &table->definition.filling;
    if (!table_is_restoring(&table->definition) || table->definition.status == TABLE_DELETING)
        return req_fail(req, ERR_TABLE_ALREADY_EXISTS, "Table already exists: %.*s",
                        BYTES_ARGS(target->name));
    if (filling->backup_arn.size == 0)
        return req_fail(req, ERR_TABLE_IN_USE, "Table: %.*s is already being restored",
                        BYTES_ARGS(target->name));
    return req_fail(req, ERR_TABLE_IN_USE,
                    "Table: %.*s is already being restored from backup: %.*s",
                    BYTES_ARGS(target->name), BYTES_ARGS(filling->backup_arn));
}

static enum err check_limits(struct req *req, const struct table_definition *target)
{
    struct catalog *catalog = req->api->catalog;
    enum err err;

    if (catalog_count_restoring(catalog, target->account) >= RESTORES_MAX)
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        TABLE_LIMIT "Only %u restore operations can be done simultaneously",
                        RESTORES_MAX);
    if (catalog_count(catalog, target->account, target->region) >= TABLE_TABLES_MAX)
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        TABLE_LIMIT "There is a limit of %u tables per account", TABLE_TABLES_MAX);
    err = throughput_params_check_quota(req, &target->settings.capacity, BYTES(""));
    for (unsigned i = 0; err == OK && i < target->index_count; i++)
        if (target->indexes[i].definition.kind == INDEX_GLOBAL)
            err = throughput_params_check_quota(req, &target->indexes[i].definition.capacity,
                                                target->indexes[i].definition.name);
    return err;
}

static enum err fill_by_job(struct req *req, const struct restore_source *source,
                            struct table_definition *target)
{
    struct table_shown shown = {.status = TABLE_CREATING, .settings = &target->settings};
    struct store_mutation *mutation = store_mutation_create();
    char id[JOB_ID_SIZE];
    struct job_name job = {
        .account = target->account,
        .region = target->region,
        .kind = bytes_of_string(source->job_kind),
    };
    struct table *table;
    enum err err;

    target->created_ms = clock_wall_ms();
    target->status_until_ms = target->created_ms + req->api->table_delay_ms;
    rng_uuid(target->uuid);
    job_id_make(target->created_ms, id);
    job.id = bytes_of_string(id);
    target->filling = (struct table_filling){
        .job_kind = job.kind,
        .job_id = job.id,
        .source_arn = table_arn(source->definition, req->arena),
        .backup_arn = source->backup_arn,
        .restore_ms = source->time_ms,
        .source_id = source->table_id,
    };
    jobs_put(mutation, &job, JOB_UNFINISHED, source->job_text);
    err = table_fill_begin(req->api->catalog, target, mutation, &table);
    if (err != OK)
        return err;
    jobs_enqueue(req->api->jobs, &job);
    req_take_table(req, table);
    shown.now_ms = target->created_ms - 1;
    shown.indexes_without_warm = UINT32_MAX;
    return table_params_reply(req, "TableDescription", table, &shown);
}
