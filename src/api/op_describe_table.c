/* op_describe_table.c - DescribeTable. Contract core-api-tables.md 2 and 4. */
#include "api/table_params.h"
#include "base/clock.h"

enum err op_describe_table(struct req *req)
{
    uint64_t now_ms = clock_wall_ms();
    struct table_shown shown = {.with_warm = true, .with_on_demand_date = true};
    struct table *table;
    enum err err;

    if (!req->may_wait)
        return ERR_WOULD_BLOCK; /* the counter may have to be read */
    err = table_params_find_any(req, &table);
    if (err != OK)
        return err;
    shown.status = table_status_now(table, now_ms);
    shown.settings = table_settings_now(table, now_ms);
    shown.with_on_demand_date = shown.status != TABLE_CREATING;
    return table_params_reply(req, "Table", table, &shown);
}
