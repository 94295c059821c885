/* op_delete_table.c - DeleteTable. Contract core-api-tables.md 4. */
#include "api/encryption_params.h"
#include "api/table_params.h"
#include "base/clock.h"
#include "jobs/jobs.h"

static enum err drop(struct req *req, struct table *table);
static enum err drop_and_keep(struct req *req, struct table *table);

enum err op_delete_table(struct req *req)
{
    struct table *table;
    enum err err = table_params_find(req, &table);

    return err == OK ? drop(req, table) : err;
}

/* Whether a job fills it that may as well not go on. */
static bool is_importing(const struct table_definition *table)
{
    return table_is_filling(table) && !table_is_restoring(table);
}

static enum err drop(struct req *req, struct table *table)
{
    const struct table_definition *d = &table->definition;
    uint64_t now_ms = clock_wall_ms();
    enum table_status status = table_status_now(table, now_ms);
    struct table_shown shown = {
        .status = TABLE_DELETING,
        .settings = &d->settings,
        .with_on_demand_date = true,
        .with_warm = true,
    };
    enum err err;

    if (status == TABLE_CREATING && !is_importing(d)) /* which it cancels */
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being created: %.*s",
                        BYTES_ARGS(d->name));
    if (status == TABLE_DELETING)
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being deleted: %.*s",
                        BYTES_ARGS(d->name));
    if (table_stream_changes_now(table, now_ms))
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "Cannot delete table while stream is being enabled/disabled.");
    if (table_settings_now(table, now_ms) == &d->before || encryption_params_changes(d, now_ms))
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "Table: %.*s is in the process of being updated.",
                        BYTES_ARGS(d->name));
    for (unsigned i = 0; i < d->index_count; i++)
        if (table_index_status_now(table, &d->indexes[i], now_ms) != INDEX_ACTIVE)
            return req_fail(req, ERR_RESOURCE_IN_USE,
                            TABLE_IN_USE "Cannot delete table while indexes are being created, "
                                         "updated, or deleted.");
    if (d->settings.deletion_protection)
        return req_fail(req, ERR_VALIDATION,
                        "Resource cannot be deleted as it is currently protected against "
                        "deletion. Disable deletion protection first.");
    err = table_params_reply(req, "TableDescription", table, &shown);
    return err == OK ? drop_and_keep(req, table) : err;
}

static enum err drop_and_keep(struct req *req, struct table *table)
{
    struct store_mutation *mutation = store_mutation_create();
    const struct api *api = req->api;
    struct job_name job;
    bool kept = api->keep_deleted(api->backups, table, mutation, req->arena, &job);
    enum err err = catalog_drop_with(api->catalog, table, api->table_delay_ms, mutation);

    if (err == OK && kept)
        jobs_enqueue(api->jobs, &job);
    return err;
}
