/* backup_job.c - what backups leave for later: writing their files, removing them, and filling the
 * tables that are restored from them.
 * A backup's job reads a checkpoint of the store, so it holds up nobody and may take its time: it
 * rests longer than it worked, and what it reads stays out of the caches.
 */
#include "backup/backup_priv.h"
#include "backup/block_file.h"
#include "backup/restore_job.h"
#include "base/clock.h"
#include "base/log.h"
#include "item/item.h"
#include "table/catalog.h"
#include "table/table_fill.h"
#include "table/table_keys.h"

#include <sys/statvfs.h>
#include <yyjson.h>

/* Rows and bytes between two looks at the clock. */
#define STEP_ROWS  16
#define STEP_BYTES ((size_t)16 << 10)
#define WORK_NS    500000 /* at a time: a client's thread may have to wait for its core so long */
#define REST_MS    2

#define QUIET_POLL_MS 5

/* What a job works on. */
struct work {
    struct backups *backups;
    struct job *job;
    struct arena arena;
    struct fault fault;
    struct backup backup;
    unsigned rows; /* since the last look */
    size_t bytes;
    uint64_t begun_ns;
};

static enum err write_out(struct work *work);
static enum err give_up(struct work *work, enum err why);
static enum err remove_backup(struct work *work);

enum err backup_job_run(struct job *job, void *ctx)
{
    struct work work = {.backups = ctx, .job = job};
    enum err err;

    arena_init(&work.arena);
    fault_init(&work.fault, &work.arena);
    err = backup_read(job->text, &work.arena, &work.backup);
    if (err == OK)
        err = work.backup.status == BACKUP_DELETED ? remove_backup(&work) : write_out(&work);
    arena_fini(&work.arena);
    return err;
}

/* --- writing the file ------------------------------------------------------------------------ */

static bool is_step_over(const struct work *work, size_t more_bytes)
{
    return work->rows + 1 >= STEP_ROWS || work->bytes + more_bytes >= STEP_BYTES;
}

/* Between two rows: ERR_CANCELLED when the server stops. */
static enum err yield(struct work *work, size_t bytes)
{
    if (!is_step_over(work, bytes)) {
        work->rows++;
        work->bytes += bytes;
        return OK;
    }
    work->rows = 0;
    work->bytes = 0;
    if (job_stopping(work->job))
        return ERR_CANCELLED;
    if (clock_mono_ns() - work->begun_ns >= WORK_NS) {
        job_pause(work->job, REST_MS);
        work->begun_ns = clock_mono_ns();
    }
    return OK;
}

/* The rows of a table: of a checkpoint; or of the store itself, where they stay as they are. There
 * nobody may have a cursor for long: it is opened anew after each step. */
struct rows {
    struct work *work;
    struct store_view *view; /* NULL: of the store */
    struct store_range range;
    struct store_cursor *cursor;
    struct buf after[2]; /* keys behind which a cursor begins: this one's and the next one's */
    unsigned turn;
};

static enum err rows_open(struct work *work, struct rows *rows)
{
    struct store *store = jobs_store(work->backups->jobs);
    struct bytes path = backup_checkpoint_path(work->backups, work->backup.id, &work->arena);

    *rows = (struct rows){
        .work = work,
        .range = table_items_range(work->backup.table.id, &work->arena),
    };
    buf_init(&rows->after[0], SIZE_MAX);
    buf_init(&rows->after[1], SIZE_MAX);
    if (work->backup.type == BACKUP_USER)
        return store_view_open(store, (const char *)path.data, &work->fault, &rows->view);
    while (!catalog_drop_is_quiet(jobs_catalog(work->backups->jobs), work->backup.table.id)) {
        if (job_stopping(work->job))
            return ERR_CANCELLED;
        job_pause(work->job, QUIET_POLL_MS);
    }
    return OK;
}

static void rows_close(struct rows *rows)
{
    store_cursor_close(&rows->cursor);
    store_view_close(&rows->view);
    buf_fini(&rows->after[0]);
    buf_fini(&rows->after[1]);
}

static enum err rows_next(struct rows *rows, struct bytes *key, struct bytes *value)
{
    struct store *store = jobs_store(rows->work->backups->jobs);

    if (rows->cursor == NULL && rows->view != NULL)
        rows->cursor = store_view_cursor(rows->view, STORE_DATA, rows->range);
    if (rows->cursor == NULL)
        rows->cursor = store_cursor_open(store, NULL, STORE_DATA, rows->range, true);
    return store_cursor_next(rows->cursor, key, value);
}

/* Between two rows, the last of which had this key. */
static enum err rows_yield(struct rows *rows, struct bytes key, size_t bytes)
{
    struct buf *after = &rows->after[rows->turn];

    if (rows->view == NULL && is_step_over(rows->work, bytes)) {
        buf_reset(after, SIZE_MAX);
        buf_append_bytes(after, key);
        buf_append_byte(after, 0);
        store_cursor_close(&rows->cursor);
        rows->range.from = buf_bytes(after);
        rows->turn = 1 - rows->turn;
    }
    return yield(rows->work, bytes);
}

static enum err copy_rows(struct work *work, struct rows *rows, struct block_writer *writer)
{
    struct store_count count = {0};
    struct bytes key, value;
    struct item item;
    enum err err;

    work->begun_ns = clock_mono_ns();
    while ((err = rows_next(rows, &key, &value)) == OK) {
        err = item_open(value, &item);
        if (err == OK)
            err = block_writer_add(writer, key, value, &work->fault);
        if (err == OK)
            err = rows_yield(rows, key, key.size + value.size);
        if (err != OK)
            return err;
        count.items++;
        count.bytes += item.size_bytes;
    }
    if (err != ERR_ABSENT)
        return err;
    work->backup.count = count;
    return OK;
}

/* The text in front says what is known now: numbers of items as they were counted, not seen. */
static enum err write_file(struct work *work, const char *path)
{
    struct block_file_totals totals;
    struct block_writer *writer = NULL;
    struct backup shown = work->backup;
    struct rows rows;
    enum err err = rows_open(work, &rows);

    shown.status = BACKUP_AVAILABLE;
    if (err == OK)
        err = backup_make_folder(work->backups->folder, &work->fault);
    if (err == OK)
        err = block_writer_open(path, BACKUP_FILE_KIND, backup_text(&shown, &work->arena),
                                &work->fault, &writer);
    if (err == OK)
        err = copy_rows(work, &rows, writer);
    rows_close(&rows); /* nobody has them while the file goes to its place */
    if (err == OK)
        err = block_writer_finish(&writer, &work->fault, &totals);
    block_writer_abandon(&writer);
    return err;
}

/* The record's next state, or its end: then what the backup was written from may go. */
static enum err end_writing(struct work *work, bool is_there)
{
    struct store *store = jobs_store(work->backups->jobs);
    struct bytes checkpoint = backup_checkpoint_path(work->backups, work->backup.id, &work->arena);
    struct store_mutation *mutation = store_mutation_create();
    enum err err;

    if (is_there)
        jobs_put(mutation, &work->job->name, JOB_FINISHED,
                 backup_text(&work->backup, &work->arena));
    else
        jobs_remove(mutation, &work->job->name);
    store_mutation_makes_room(mutation);
    if (work->backup.type == BACKUP_SYSTEM)
        store_mutation_delete(mutation, STORE_DATA,
                              table_keep_key(work->backup.table.id, &work->arena));
    err = store_submit_and_wait(store, NULL, &mutation);
    store_mutation_destroy(&mutation);
    if (err == OK && work->backup.type == BACKUP_USER)
        store_checkpoint_remove(store, (const char *)checkpoint.data);
    return err;
}

/* For the last copy of a table, which waits for room: trying again and again would take what there
 * is from everybody. As if nothing were compressed; true where it cannot be told. */
static bool has_room(struct work *work)
{
    struct statvfs space;

    if (backup_make_folder(work->backups->folder, &work->fault) != OK ||
        statvfs(work->backups->folder, &space) != 0)
        return true;
    return (uint64_t)space.f_bavail * space.f_frsize > work->backup.count.bytes;
}

/* What an operator can mend has some time for it, and no more: meanwhile the checkpoint keeps files
 * that would be gone. The last copy of a deleted table has all the time there is: nobody can take
 * it again. */
static bool is_hopeless(const struct work *work, enum err err)
{
    if (!err_is_failure(err))
        return false;
    if (err == ERR_CORRUPT || err == ERR_ABSENT || err == ERR_NEWER_FORMAT)
        return true;
    return work->backup.type == BACKUP_USER &&
           (err == ERR_NO_SPACE || work->job->failing_ms >= JOB_PATIENCE_MS);
}

static enum err write_out(struct work *work)
{
    const char *path = (const char *)backup_path(work->backups, work->backup.id, &work->arena).data;
    bool is_last_copy = work->backup.type == BACKUP_SYSTEM;
    enum err err;

    if (is_last_copy && !has_room(work))
        err = fault_set(&work->fault, ERR_NO_SPACE,
                        "the disk is too full for the last copy of the deleted table %.*s; it "
                        "is written when there is room",
                        BYTES_ARGS(work->backup.table.name));
    else
        err = write_file(work, path);
    if (is_hopeless(work, err))
        return give_up(work, err);
    if (err != OK) {
        if (work->fault.message.size != 0 && work->job->tells)
            LOG(WARN, "cannot write a backup now", log_bytes("why", work->fault.message));
        return err;
    }
    work->backup.status = BACKUP_AVAILABLE;
    return end_writing(work, true);
}

static enum err remove_file(struct work *work, bool tells)
{
    const char *path = (const char *)backup_path(work->backups, work->backup.id, &work->arena).data;
    enum err err = block_file_remove(path, &work->fault);

    if (err != OK && tells)
        LOG(WARN, "a backup's file stays for now", log_bytes("why", work->fault.message));
    return err;
}

static enum err forget(struct work *work)
{
    struct store_mutation *mutation = store_mutation_create();
    enum err err;

    jobs_remove(mutation, &work->job->name);
    err = store_submit_and_wait(jobs_store(work->backups->jobs), NULL, &mutation);
    store_mutation_destroy(&mutation);
    return err;
}

/* There is no such backup any more: what a client cannot rely on is better gone than half there.
 * The room that its checkpoint holds comes back, which is what a full disk needs. */
static enum err give_up(struct work *work, enum err why)
{
    LOG(ERROR, "a backup failed and is gone; take it again when the cause is mended",
        log_bytes("backup", backup_arn(&work->backup, &work->arena)),
        log_string("error", err_name(why)), log_bytes("why", work->fault.message));
    (void)!remove_file(work, true); /* a checkpoint that stays for its sake is worse */
    return end_writing(work, false);
}

/* While the file is there the record is, or nobody would ever remove it. */
static enum err remove_backup(struct work *work)
{
    enum err err = remove_file(work, work->job->tells);

    return err == OK ? forget(work) : err;
}

/* --- restoring ------------------------------------------------------------------------------- */

/* What a restore reads. */
struct source {
    struct work *work;
    const struct table *table;
    struct block_reader *reader;
};

/* Of the backup that the table's definition names. */
static enum err open_source(void *ctx)
{
    struct source *source = ctx;
    struct work *work = source->work;
    struct bytes id = source->table->definition.filling.backup_arn, path;

    if (id.size > JOB_ID_SIZE - 1)
        id = bytes_skip(id, id.size - (JOB_ID_SIZE - 1));
    path = backup_path(work->backups, id, &work->arena);
    return block_reader_open((const char *)path.data, BACKUP_FILE_KIND, &work->fault,
                             &source->reader);
}

static enum err next_item(void *ctx, struct bytes *key, struct bytes *stored)
{
    struct source *source = ctx;

    return block_reader_next(source->reader, key, stored, &source->work->fault);
}

static void close_source(void *ctx)
{
    struct source *source = ctx;

    block_reader_close(&source->reader);
}

static enum err restore(struct work *work, struct table *table)
{
    struct source source = {.work = work, .table = table};
    struct restore_source items = {open_source, next_item, close_source, &source};
    enum err err = restore_job_fill(work->job, table, &items);

    if (work->fault.message.size != 0 && (err == OK || work->job->tells))
        LOG(ERROR, "a backup cannot be read", log_bytes("why", work->fault.message));
    return err;
}

enum err backup_restore_run(struct job *job, void *ctx)
{
    struct work work = {.backups = ctx, .job = job};
    struct bytes name = BYTES("");
    struct table *table;
    yyjson_doc *doc;
    enum err err;

    arena_init(&work.arena);
    fault_init(&work.fault, &work.arena);
    doc = yyjson_read((const char *)job->text.data, job->text.size, 0);
    if (doc != NULL) {
        yyjson_val *value = yyjson_obj_get(yyjson_doc_get_root(doc), "table");

        if (yyjson_is_str(value))
            name =
                arena_copy(&work.arena, bytes_make(yyjson_get_str(value), yyjson_get_len(value)));
    }
    yyjson_doc_free(doc);
    table = table_fill_acquire(jobs_catalog(work.backups->jobs), job->name.account,
                               job->name.region, name, job->name.id);
    err = table == NULL ? forget(&work) : restore(&work, table);
    table_release(&table);
    arena_fini(&work.arena);
    return err;
}
