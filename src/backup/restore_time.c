/* restore_time.c - the job that reads a table's history into a new one. */
#include "backup/restore_time.h"

#include "backup/history.h"
#include "backup/restore_job.h"
#include "json/json_write.h"
#include "table/catalog.h"
#include "table/recovery.h"
#include "table/table_fill.h"
#include "table/table_keys.h"

#include <yyjson.h>

static enum err run(struct job *job, const struct history_source *from,
                    const struct restore_time *restore, struct table *target);
static enum err read_source(const struct job *job, const struct restore_time *restore,
                            struct arena *arena, struct table_definition *source);

struct bytes restore_time_text(const struct restore_time *restore, struct arena *arena)
{
    struct buf out;

    buf_init_arena(&out, arena, SIZE_MAX);
    buf_append_lit(&out, "{\"target\":");
    json_append_string(&out, restore->target);
    buf_append_lit(&out, ",\"region\":");
    json_append_string(&out, restore->region);
    buf_append_lit(&out, ",\"source\":");
    json_append_string(&out, restore->source);
    buf_append_lit(&out, ",\"tableId\":");
    buf_append_u64(&out, restore->table_id);
    buf_append_lit(&out, ",\"timeMs\":");
    buf_append_u64(&out, restore->time_ms);
    buf_append_byte(&out, '}');
    return buf_finish_arena(&out);
}

static struct bytes read_text(yyjson_val *in, const char *name, struct arena *arena)
{
    yyjson_val *value = yyjson_obj_get(in, name);
    const char *text = yyjson_is_str(value) ? yyjson_get_str(value) : "";

    return arena_copy(arena, bytes_make(text, yyjson_is_str(value) ? yyjson_get_len(value) : 0));
}

enum err restore_time_read(struct bytes text, struct arena *arena, struct restore_time *restore)
{
    yyjson_doc *doc = yyjson_read((const char *)text.data, text.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);

    *restore = (struct restore_time){
        .target = read_text(root, "target", arena),
        .region = read_text(root, "region", arena),
        .source = read_text(root, "source", arena),
        .table_id = (uint32_t)yyjson_get_uint(yyjson_obj_get(root, "tableId")),
        .time_ms = yyjson_get_uint(yyjson_obj_get(root, "timeMs")),
    };
    yyjson_doc_free(doc);
    return restore->target.size != 0 && restore->source.size != 0 && restore->table_id != 0
               ? OK
               : ERR_CORRUPT;
}

enum err restore_time_run(struct job *job, void *ctx)
{
    struct restore_time restore;
    struct arena arena;
    struct table *target = NULL;
    enum err err;

    arena_init(&arena);
    err = restore_time_read(job->text, &arena, &restore);
    if (err == OK)
        target = table_fill_acquire(jobs_catalog(job->jobs), job->name.account, job->name.region,
                                    restore.target, job->name.id);
    if (target == NULL)
        err = restore_job_fail(job, NULL, BYTES("its table is not there"));
    else
        err = run(job, ctx, &restore, target);
    table_release(&target);
    arena_fini(&arena);
    return err;
}

struct source {
    struct job *job;
    const struct history_source *from;
    const struct restore_time *restore;
    struct table_definition definition; /* of the table that it was */
    struct arena arena;                 /* of the definition */
    struct history *history;
};

static bool is_stopping(void *job)
{
    return job_stopping(job);
}

static enum err open_source(void *ctx)
{
    struct source *s = ctx;
    enum err err = read_source(s->job, s->restore, &s->arena, &s->definition);

    return err == OK ? history_open(s->from, &s->definition, recovery_version(s->restore->time_ms),
                                    is_stopping, s->job, &s->history)
                     : err;
}

static enum err next_item(void *ctx, struct bytes *key, struct bytes *stored)
{
    struct source *s = ctx;

    return history_next(s->history, key, stored);
}

static void close_source(void *ctx)
{
    struct source *s = ctx;

    history_close(&s->history);
}

static enum err run(struct job *job, const struct history_source *from,
                    const struct restore_time *restore, struct table *target)
{
    struct source source = {.job = job, .from = from, .restore = restore};
    struct restore_source items = {open_source, next_item, close_source, &source};
    enum err err;

    arena_init(&source.arena);
    err = restore_job_fill(job, target, &items);
    arena_fini(&source.arena);
    return err;
}

/* It may have been deleted: then it is found by its id alone, and all it had is there as long as
 * the target is being filled. */
static enum err read_source(const struct job *job, const struct restore_time *restore,
                            struct arena *arena, struct table_definition *source)
{
    struct bytes record;
    enum err err = store_get(jobs_store(job->jobs), NULL, STORE_DATA,
                             table_record_key(restore->table_id, arena), true, arena, &record);

    return err == OK ? table_record_read(record, arena, source) : err;
}
