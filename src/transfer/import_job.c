/* import_job.c - the job that fills the table of an import.
 *   list the objects ─ unpack ─ rows ─ check each item ─ table_fill ─ publish with the last record
 * A row that cannot be imported is counted and logged, and the others go on; the table becomes
 * ACTIVE with them, and the import ends as FAILED. A source that cannot be read before anything was
 * leaves no table; one that fails later leaves what was read. After a restart the job begins again
 * with an empty table, so nothing is there twice.
 * Source: contract backup-export-import.md 6.2
 */
#include "transfer/import_job.h"

#include "api/item_write.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "item/item.h"
#include "store/store.h"
#include "table/catalog.h"
#include "table/table_fill.h"
#include "transfer/import_log.h"
#include "transfer/import_record.h"
#include "transfer/objects.h"
#include "transfer/rows.h"

#include <yyjson.h>

#define SAVE_MS        1000
#define LOOK_MS        50 /* whether the table is still there */
#define ROWS_A_LOOK    64
#define PUBLISH_MS     100
#define COLUMNS_MAX    (KEY_ATTRIBUTES_MAX * (1 + INDEX_LOCAL_MAX + INDEX_GLOBAL_MAX))
#define SOURCE_MESSAGE "The source of the import could not be read."

struct run {
    struct job *job;
    const struct import_places *places;
    struct catalog *catalog;
    struct import_record record;
    struct table *table; /* held */
    struct table_fill *fill;
    struct rows *rows;
    struct import_log *log;
    struct objects_call call;
    struct objects_list *list;
    struct arena arena;   /* of the job */
    struct arena page;    /* of a page of objects, and of each call */
    struct arena scratch; /* of a row */
    uint64_t saved_ms, looked_ms;
    bool cancelled;     /* the table is gone */
    bool source_failed; /* the call says why */
    uint64_t object_bytes;
    uint64_t bytes_before; /* of the objects that were read */
};

/* What an object is read through. */
struct source {
    struct run *run;
    struct objects_reader *reader;
    enum err err;
};

static enum err run_import(struct job *job, void *ctx);
static enum err import(struct run *run);
static enum err fill_table(struct run *run);
static enum err next_page(struct run *run, struct objects_page *page);
static void read_options(struct run *run, struct rows_options *options);
static void read_csv_options(struct run *run, struct rows_options *options);
static void add_columns(const struct key_schema *schema, struct rows_column columns[],
                        size_t *count);
static enum err read_object(struct run *run, struct bytes key);
static enum err read_rows(struct run *run, struct source *source, struct bytes key);
static enum err take_row(struct run *run, struct value item, struct fault *fault);
static enum err read_source(void *ctx, void *out, size_t size, size_t *got);
static enum err look_around(struct run *run);
static bool is_stopping(void *ctx);
static bool is_stopping_fill(const void *ctx);
static enum err finish(struct run *run, enum err err);
static enum err publish(struct run *run);
static enum err abandon(struct run *run);
static void fail(struct run *run, struct bytes code, struct bytes message);

void import_job_add(struct jobs *jobs, struct import_places *places)
{
    jobs_add_kind(jobs, (struct job_kind){IMPORT_KIND, run_import, places});
}

static enum err run_import(struct job *job, void *ctx)
{
    struct run run = {.job = job, .places = ctx, .catalog = jobs_catalog(job->jobs)};
    enum err err;

    arena_init(&run.arena);
    arena_init(&run.page);
    arena_init(&run.scratch);
    err = import_record_read(job->text, &run.arena, &run.record);
    if (err == OK)
        err = import(&run);
    import_log_close(&run.log);
    objects_list_close(&run.list);
    rows_destroy(&run.rows);
    table_fill_close(&run.fill);
    table_release(&run.table);
    arena_fini(&run.scratch);
    arena_fini(&run.page);
    arena_fini(&run.arena);
    return err;
}

static enum err import(struct run *run)
{
    struct import_record *record = &run->record;
    const struct job_name *name = &run->job->name;

    record->processed_bytes = record->processed_items = record->imported_items = record->errors = 0;
    run->table =
        table_fill_acquire(run->catalog, name->account, name->region, record->table_name, name->id);
    if (run->table == NULL) {
        run->cancelled = true;
        return finish(run, ERR_CANCELLED);
    }
    run->log = import_log_open(run->places->data, record->arn, name->id, record->bucket);
    return finish(run, fill_table(run));
}

/* ERR_ABSENT: the source could not be read, and nothing was. */
static enum err fill_table(struct run *run)
{
    struct import_record *record = &run->record;
    struct table_fill_options fill_options = {.stopping = is_stopping_fill, .ctx = run};
    struct objects_page page = {.count = 0};
    struct rows_options options;
    struct store_count count;
    enum err err;

    run->call = (struct objects_call){
        .bucket = record->bucket,
        /* An owner that is the server's own account is no name that an endpoint would know. */
        .owner = bytes_equal(record->owner, run->job->name.account) ? BYTES("") : record->owner,
        .arena = &run->page,
        .stopping = is_stopping,
        .stopping_ctx = run,
    };
    read_options(run, &options);
    run->rows = rows_create(&options);
    do {
        err = next_page(run, &page);
        if (err != OK && err != ERR_CANCELLED) {
            run->source_failed = true;
            if (run->fill == NULL)
                return ERR_ABSENT;
            break; /* what was read stays */
        }
        if (err == OK && run->fill == NULL)
            err = table_fill_open(run->catalog, run->table, &fill_options, &run->fill);
        for (size_t i = 0; i < page.count && err == OK && !run->source_failed; i++)
            err = read_object(run, page.entries[i].key);
        if (err != OK)
            return err;
    } while (page.more && !run->source_failed);
    return table_fill_finish(run->fill, &count);
}

static enum err next_page(struct run *run, struct objects_page *page)
{
    enum err err = OK;

    arena_reset(&run->page);
    if (run->list == NULL)
        err = objects_list_open(run->places->objects, &run->call, run->record.prefix, &run->list);
    return err == OK ? objects_list_page(run->list, page) : err;
}

static void read_options(struct run *run, struct rows_options *options)
{
    const struct import_record *record = &run->record;
    const struct table_definition *table = &run->table->definition;
    struct rows_column *columns = arena_new_array(&run->arena, struct rows_column, COLUMNS_MAX);

    *options = (struct rows_options){
        .format = bytes_equal_string(record->format, "CSV")   ? ROWS_CSV
                  : bytes_equal_string(record->format, "ION") ? ROWS_ION
                                                              : ROWS_DYNAMODB_JSON,
        .codec = bytes_equal_string(record->compression, "GZIP")   ? UNPACK_GZIP
                 : bytes_equal_string(record->compression, "ZSTD") ? UNPACK_ZSTD
                                                                   : UNPACK_NONE,
        .delimiter = ',',
        .columns = columns,
    };
    add_columns(&table->schema, columns, &options->column_count);
    for (unsigned i = 0; i < table->index_count; i++)
        add_columns(&table->indexes[i].definition.schema, columns, &options->column_count);
    if (options->format == ROWS_CSV && record->options.size != 0)
        read_csv_options(run, options);
}

static void read_csv_options(struct run *run, struct rows_options *options)
{
    struct bytes text = run->record.options;
    yyjson_doc *doc = yyjson_read((const char *)text.data, text.size, 0);
    yyjson_val *csv = yyjson_obj_get(yyjson_doc_get_root(doc), "Csv"), *name;
    yyjson_val *delimiter = yyjson_obj_get(csv, "Delimiter");
    yyjson_val *list = yyjson_obj_get(csv, "HeaderList");
    struct bytes *header = arena_new_array(&run->arena, struct bytes, ROWS_COLUMNS_MAX);
    size_t i, n;

    if (yyjson_get_len(delimiter) == 1)
        options->delimiter = (uint8_t)yyjson_get_str(delimiter)[0];
    yyjson_arr_foreach(list, i, n, name)
    {
        if (i < ROWS_COLUMNS_MAX && yyjson_is_str(name))
            header[options->header_count++] =
                arena_copy(&run->arena, bytes_make(yyjson_get_str(name), yyjson_get_len(name)));
    }
    options->header = header;
    yyjson_doc_free(doc);
}

static void add_columns(const struct key_schema *schema, struct rows_column columns[],
                        size_t *count)
{
    for (unsigned i = 0; i < key_schema_count(schema); i++)
        columns[(*count)++] =
            (struct rows_column){schema->attributes[i].name, schema->attributes[i].type};
}

static enum err read_object(struct run *run, struct bytes key)
{
    struct source source = {.run = run};
    struct arena_mark mark = arena_mark(&run->page);
    enum err err = objects_get_open(run->places->objects, &run->call, key, 0, &source.reader);

    if (err == OK) {
        rows_begin(run->rows, read_source, &source);
        err = read_rows(run, &source, key);
        run->bytes_before += rows_bytes(run->rows);
        run->record.processed_bytes = run->bytes_before;
        objects_get_close(&source.reader);
    } else if (err != ERR_CANCELLED) {
        run->source_failed = true;
        err = OK;
    }
    if (!run->source_failed)
        arena_release(&run->page, mark);
    return err;
}

static enum err read_rows(struct run *run, struct source *source, struct bytes key)
{
    unsigned unlooked = 0;

    for (;;) {
        struct fault fault;
        struct value item;
        enum err err;

        arena_reset(&run->scratch);
        fault_init(&fault, &run->scratch);
        err = rows_next(run->rows, &run->scratch, &fault, &item);
        /* What came before the source failed may hold rows yet. */
        if (source->err != OK && err != OK && err != ERR_VALIDATION) {
            run->source_failed = source->err != ERR_CANCELLED;
            return run->source_failed ? OK : ERR_CANCELLED;
        }
        if (err == ERR_ABSENT)
            return OK;
        run->record.processed_items++;
        if (err == OK)
            err = take_row(run, item, &fault);
        if (err == ERR_VALIDATION || err == ERR_CORRUPT) {
            run->record.errors++;
            import_log_event(run->log, key, rows_index(run->rows), fault.message);
            err = OK; /* after ERR_CORRUPT the object has no more rows */
        }
        if (err == OK && ++unlooked % ROWS_A_LOOK == 0)
            err = look_around(run);
        if (err != OK)
            return err;
    }
}

/* ERR_VALIDATION: it is no item of this table. */
static enum err take_row(struct run *run, struct value item, struct fault *fault)
{
    enum err err = item_write_check_put(&run->table->definition, item, fault);

    if (err != OK)
        return err;
    if (value_item_size_bytes(item) > ITEM_SIZE_BYTES_MAX)
        return fault_set(fault, ERR_VALIDATION, "Item size has exceeded the maximum allowed size");
    err = table_fill_add(run->fill, item);
    ASSERT(err != ERR_VALIDATION && err != ERR_CORRUPT);
    if (err == OK)
        run->record.imported_items++;
    return err;
}

static enum err read_source(void *ctx, void *out, size_t size, size_t *got)
{
    struct source *source = ctx;

    /* What is read may have no rows for a long time, and a small object may hold much of that. */
    source->err = is_stopping(source->run) ? ERR_CANCELLED : OK;
    if (source->err != OK)
        return source->err;
    source->err = objects_get_read(source->reader, out, size, got);
    return source->err;
}

/* Now and then: the server may stop, the table may be gone, and clients want to see progress. */
static enum err look_around(struct run *run)
{
    uint64_t now_ms = clock_wall_ms();

    if (is_stopping(run))
        return ERR_CANCELLED;
    if (now_ms < run->saved_ms + SAVE_MS && now_ms >= run->saved_ms)
        return OK;
    run->saved_ms = now_ms;
    run->record.processed_bytes = run->bytes_before + rows_bytes(run->rows);
    return job_save(run->job, import_record_write(&run->record, &run->scratch));
}

static bool is_stopping(void *ctx)
{
    struct run *run = ctx;
    uint64_t now_ms = clock_wall_ms();
    struct table *table;

    if (run->cancelled || job_stopping(run->job))
        return true;
    if (now_ms < run->looked_ms + LOOK_MS && now_ms >= run->looked_ms)
        return false;
    run->looked_ms = now_ms;
    table = table_fill_acquire(run->catalog, run->job->name.account, run->job->name.region,
                               run->record.table_name, run->job->name.id);
    run->cancelled = table == NULL;
    table_release(&table);
    return run->cancelled;
}

static bool is_stopping_fill(const void *ctx)
{
    return is_stopping((void *)(uintptr_t)ctx);
}

/* --- how it ends ------------------------------------------------------------------------------ */

static enum err finish(struct run *run, enum err err)
{
    struct import_record *record = &run->record;

    import_log_close(&run->log); /* before anybody is told to look */
    record->end_ms = clock_wall_ms();
    if (err == OK) {
        record->status = IMPORT_COMPLETED;
        if (record->errors > 0)
            fail(run, BYTES("ItemValidationError"),
                 BYTES("Some of the items failed validation checks and were not imported. Please "
                       "check CloudWatch error logs for more details."));
        if (run->source_failed)
            fail(run, run->call.code, run->call.message);
        err = publish(run);
    } else if (err == ERR_ABSENT) {
        fail(run, run->call.code, run->call.message);
        return abandon(run);
    }
    if (err == ERR_NO_SPACE) {
        fail(run, BYTES("StorageFull"), BYTES("There is not enough room for the table."));
        return abandon(run);
    }
    if (err == ERR_ABSENT || (err == ERR_CANCELLED && run->cancelled)) {
        record->status = IMPORT_CANCELLED;
        record->failure_code = record->failure_message = BYTES("");
        return job_finish(run->job, import_record_write(record, &run->arena));
    }
    return err;
}

/* ERR_ABSENT: the table is gone. */
static enum err publish(struct run *run)
{
    enum err err = ERR_BUSY;

    while (err == ERR_BUSY) {
        struct store_mutation *mutation = store_mutation_create();

        jobs_put(mutation, &run->job->name, JOB_FINISHED,
                 import_record_write(&run->record, &run->arena));
        err = table_fill_publish(run->fill, mutation);
        if (err == ERR_BUSY && job_stopping(run->job))
            return ERR_CANCELLED;
        if (err == ERR_BUSY)
            job_pause(run->job, PUBLISH_MS);
    }
    return err;
}

static enum err abandon(struct run *run)
{
    struct store_mutation *mutation = store_mutation_create();

    table_fill_close(&run->fill);
    jobs_put(mutation, &run->job->name, JOB_FINISHED,
             import_record_write(&run->record, &run->arena));
    return table_fill_abandon(run->catalog, run->table, mutation);
}

static void fail(struct run *run, struct bytes code, struct bytes message)
{
    run->record.status = IMPORT_FAILED;
    run->record.failure_code = code.size != 0 ? code : BYTES("S3Error");
    run->record.failure_message = message.size != 0 ? message : BYTES(SOURCE_MESSAGE);
}
