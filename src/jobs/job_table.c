/* job_table.c - half tables of jobs that ended without them. */
#include "jobs/job_table.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/store.h"
#include "table/catalog.h"
#include "table/table_fill.h"

#include <stdlib.h>

#define TABLES_MOSTLY 64

/* ERR_ABSENT: nobody will go on filling it. */
static enum err find_job(struct jobs *jobs, const struct table_definition *d, struct arena *arena)
{
    struct job_name name = {
        .account = d->account,
        .region = d->region,
        .kind = d->filling.job_kind,
        .id = d->filling.job_id,
    };
    struct job_record record;
    enum err err = jobs_find(jobs, &name, true, arena, &record);

    return err == OK && record.state == JOB_FINISHED ? ERR_ABSENT : err;
}

static enum err sweep_table(struct jobs *jobs, struct table *table, struct arena *arena)
{
    enum err err = find_job(jobs, &table->definition, arena);

    if (err != ERR_ABSENT)
        return err;
    LOG(WARN, "a table was left half filled by a job that ended; it is dropped",
        log_bytes("table", table->definition.name),
        log_bytes("job", table->definition.filling.job_id));
    return table_fill_abandon(jobs_catalog(jobs), table, store_mutation_create());
}

/* All of them, for the caller to release and free: those whose jobs go on must not hide the
 * others. */
static struct table **acquire_all(struct catalog *catalog, unsigned *count)
{
    unsigned max = TABLES_MOSTLY;
    struct table **tables = mem_alloc(max * sizeof(struct table *));

    while ((*count = catalog_acquire_filling(catalog, tables, max)) == max) {
        for (unsigned i = 0; i < max; i++)
            table_release(&tables[i]);
        max *= 2;
        tables = mem_resize(tables, max * sizeof(struct table *));
    }
    return tables;
}

enum err job_tables_sweep(struct jobs *jobs, struct fault *fault)
{
    unsigned count;
    struct table **tables = acquire_all(jobs_catalog(jobs), &count);
    struct arena arena;
    enum err err = OK;

    arena_init(&arena);
    for (unsigned i = 0; i < count; i++) {
        if (err == OK)
            err = sweep_table(jobs, tables[i], &arena);
        table_release(&tables[i]);
        arena_reset(&arena);
    }
    arena_fini(&arena);
    free(tables);
    return err == OK ? OK : fault_set(fault, err, "cannot look at the jobs that fill tables");
}
