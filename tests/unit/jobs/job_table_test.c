/* job_table_test.c - half tables do not outlive their jobs. */
#include "jobs/job_table.h"
#include "store/store.h"
#include "table/catalog.h"
#include "table/table_fill.h"
#include "unit.h"

#include <stdio.h>

static void begin(struct catalog *catalog, const char *name, const char *job_id,
                  enum job_state state)
{
    struct table_definition definition = {
        .account = BYTES("000000000000"),
        .region = BYTES("us-east-1"),
        .name = bytes_of_string(name),
        .uuid = "95277133-af3f-4e39-a592-817668590251",
        .schema = {.hash_count = 1, .attributes = {{BYTES("pk"), VALUE_S}}},
        .settings = {.billing = TABLE_PAY_PER_REQUEST},
        .filling = {.job_kind = BYTES("test"), .job_id = bytes_of_string(job_id)},
    };
    struct job_name job = {definition.account, definition.region, BYTES("test"), BYTES("1")};
    struct store_mutation *mutation = store_mutation_create();
    struct table *table = NULL;

    if (job_id[0] == '1')
        jobs_put(mutation, &job, state, BYTES("{}"));
    catalog_change_begin(catalog);
    CHECK_OK(table_fill_begin(catalog, &definition, mutation, &table));
    catalog_change_end(catalog);
    table_release(&table);
}

/* Whether the table is there after a sweep, as at the start. */
static bool stays(const char *job_id, enum job_state state)
{
    struct store_options options = {.cache_bytes = 8 << 20, .queue_bytes_max = 64 << 20};
    struct catalog *catalog;
    struct store *store;
    struct table *table;
    struct arena arena;
    struct fault fault;
    struct jobs *jobs;
    bool there;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(store_open(&options, &fault, &store));
    CHECK_OK(catalog_open(store, &fault, &catalog));
    jobs = jobs_open(catalog);
    begin(catalog, "Half", job_id, state);
    CHECK_OK(job_tables_sweep(jobs, &fault));
    table = catalog_acquire(catalog, BYTES("000000000000"), BYTES("us-east-1"), BYTES("Half"));
    there = table != NULL;
    table_release(&table);
    jobs_close(&jobs);
    catalog_close(&catalog);
    store_close(&store);
    arena_fini(&arena);
    return there;
}

TEST(job_tables_without_a_job_are_dropped)
{
    CHECK(stays("1", JOB_UNFINISHED));
    CHECK(!stays("1", JOB_FINISHED));
    CHECK(!stays("2", JOB_UNFINISHED));
}

static bool is_there(struct catalog *catalog, const char *name)
{
    struct table *table =
        catalog_acquire(catalog, BYTES("000000000000"), BYTES("us-east-1"), bytes_of_string(name));
    bool there = table != NULL;

    table_release(&table);
    return there;
}

/* As many as there are of either kind, in whatever order they are found. */
TEST(job_tables_without_a_job_are_found_among_many)
{
    struct store_options options = {.cache_bytes = 8 << 20, .queue_bytes_max = 64 << 20};
    unsigned kept = 0, dropped = 0;
    struct catalog *catalog;
    struct store *store;
    struct arena arena;
    struct fault fault;
    struct jobs *jobs;
    char name[32];

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(store_open(&options, &fault, &store));
    CHECK_OK(catalog_open(store, &fault, &catalog));
    jobs = jobs_open(catalog);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "Half%u", i);
        begin(catalog, name, i % 2 == 0 ? "1" : "2", JOB_UNFINISHED);
    }
    CHECK_OK(job_tables_sweep(jobs, &fault));
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "Half%u", i);
        if (i % 2 == 0)
            kept += is_there(catalog, name);
        else
            dropped += !is_there(catalog, name);
    }
    CHECK_U64(kept, 100);
    CHECK_U64(dropped, 100);
    jobs_close(&jobs);
    catalog_close(&catalog);
    store_close(&store);
    arena_fini(&arena);
}
