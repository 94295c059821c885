/* backup.c - backups begin, are found, and end. What takes long is in backup_job.c. */
#include "backup/backup.h"

#include "backup/backup_priv.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "json/json_write.h"
#include "table/catalog.h"
#include "table/recovery.h"
#include "table/table_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define SUFFIX         ".stelebackup"
#define EXPIRY_TICK_MS 200
#define EXPIRY_WALK_MS 60000

static enum err begin(struct backups *backups, struct table *table, struct bytes name,
                      struct arena *arena, struct backup *backup);
static enum err remove_unused_checkpoints(struct backups *backups, struct fault *fault);
static void *watch(void *arg);

enum err backups_open(struct jobs *jobs, const struct backups_options *options, struct fault *fault,
                      struct backups **backups)
{
    struct backups *b = mem_zalloc(sizeof(*b));
    enum err err = OK;

    b->jobs = jobs;
    b->folder = mem_string(options->folder);
    b->checkpoints = mem_string(options->checkpoints);
    b->temporary = options->temporary;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->stopped, NULL);
    if (options->must_exist)
        err = backup_make_folder(options->folder, fault);
    if (err == OK)
        err = remove_unused_checkpoints(b, fault);
    if (err == OK) {
        jobs_add_kind(jobs, (struct job_kind){BACKUP_KIND, backup_job_run, b});
        jobs_add_kind(jobs, (struct job_kind){BACKUP_RESTORE_KIND, backup_restore_run, b});
        if (pthread_create(&b->thread, NULL, watch, b) != 0)
            err = fault_set(fault, ERR_IO, "cannot start the backups' background thread");
        else
            b->watching = true;
    }
    *backups = b; /* closed by the caller either way: the jobs know it */
    return err;
}

void backups_close(struct backups **backups)
{
    struct backups *b = *backups;

    if (b == NULL)
        return;
    *backups = NULL;
    pthread_mutex_lock(&b->lock);
    b->stopping = true;
    pthread_cond_signal(&b->stopped);
    pthread_mutex_unlock(&b->lock);
    if (b->watching)
        pthread_join(b->thread, NULL);
    if (b->temporary)
        file_remove_folder(b->folder);
    pthread_cond_destroy(&b->stopped);
    pthread_mutex_destroy(&b->lock);
    free(b->folder);
    free(b->checkpoints);
    free(b);
}

struct jobs *backups_jobs(struct backups *backups)
{
    return backups->jobs;
}

struct bytes backup_path(const struct backups *backups, struct bytes id, struct arena *arena)
{
    return backup_path_in(backups->folder, id, arena);
}

struct bytes backup_path_in(const char *folder, struct bytes id, struct arena *arena)
{
    return arena_format(arena, "%s/%.*s" SUFFIX, folder, BYTES_ARGS(id));
}

struct bytes backup_checkpoint_path(const struct backups *backups, struct bytes id,
                                    struct arena *arena)
{
    return arena_format(arena, "%s/%.*s", backups->checkpoints, BYTES_ARGS(id));
}

struct job_name backup_job_name(const struct backup *backup)
{
    return (struct job_name){
        .account = backup->table.account,
        .region = backup->table.region,
        .kind = BYTES(BACKUP_KIND),
        .id = backup->id,
    };
}

/* --- beginning ------------------------------------------------------------------------------- */

/* What a restore takes over, and what Describe shows. Tags, recovery, table class, protection and
 * policies are not part of a backup; an index that is being made will be whole in the restored
 * table, and one that goes is gone. */
static struct table_definition definition_kept(const struct table_definition *d,
                                               struct arena *arena)
{
    struct table_index *indexes = arena_new_array(arena, struct table_index, d->index_count);
    struct table_definition kept = {
        .id = d->id,
        .account = d->account,
        .region = d->region,
        .name = d->name,
        .created_ms = d->created_ms,
        .schema = d->schema,
        .indexes = indexes,
        .next_index_id = d->next_index_id,
        .settings = d->settings,
        .ttl_attribute = d->ttl_attribute,
        .stream = d->stream,
        .encryption.key_arn = d->encryption.key_arn,
        .status = TABLE_ACTIVE,
    };

    memcpy(kept.uuid, d->uuid, sizeof(kept.uuid));
    kept.settings.class = TABLE_CLASS_UNSET;
    kept.settings.class_changed_ms = 0;
    kept.settings.class_changed_before_ms = 0;
    kept.settings.deletion_protection = false;
    for (unsigned i = 0; i < d->index_count; i++) {
        if (d->indexes[i].status == INDEX_DELETING)
            continue;
        indexes[kept.index_count] = d->indexes[i];
        indexes[kept.index_count].status = INDEX_ACTIVE;
        indexes[kept.index_count++].status_until_ms = 0;
    }
    return kept;
}

static enum err put_record(struct backups *backups, const struct backup *backup,
                           enum job_state state, struct arena *arena)
{
    struct job_name name = backup_job_name(backup);
    struct store_mutation *mutation = store_mutation_create();
    enum err err;

    jobs_put(mutation, &name, state, backup_text(backup, arena));
    if (backup->status == BACKUP_DELETED)
        store_mutation_makes_room(mutation);
    err = store_submit_and_wait(jobs_store(backups->jobs), NULL, &mutation);
    store_mutation_destroy(&mutation);
    if (err == OK && state == JOB_UNFINISHED)
        jobs_enqueue(backups->jobs, &name);
    return err;
}

/* For the id of a new backup: no two that are there have the same, also when the clock was set
 * back. The names of files are made of ids, over all accounts and regions. */
static uint64_t next_id_ms(struct backups *backups)
{
    uint64_t ms = clock_wall_ms();

    pthread_mutex_lock(&backups->lock);
    ms = ms > backups->id_ms ? ms : backups->id_ms + 1;
    backups->id_ms = ms;
    pthread_mutex_unlock(&backups->lock);
    return ms;
}

/* A place among those that are unfinished, from before the checkpoint until the record is there. */
static bool take_place(struct backups *backups)
{
    bool taken;

    pthread_mutex_lock(&backups->lock);
    taken =
        backups->beginning + jobs_unfinished(backups->jobs, BACKUP_KIND) < BACKUP_UNFINISHED_MAX;
    backups->beginning += taken;
    pthread_mutex_unlock(&backups->lock);
    return taken;
}

static void give_place(struct backups *backups)
{
    pthread_mutex_lock(&backups->lock);
    backups->beginning--;
    pthread_mutex_unlock(&backups->lock);
}

enum err backup_create(struct backups *backups, struct table *table, struct bytes name,
                       struct arena *arena, struct backup *backup)
{
    enum err err;

    if (!take_place(backups))
        return ERR_LIMIT_EXCEEDED;
    err = begin(backups, table, name, arena, backup);
    give_place(backups);
    return err;
}

static enum err begin(struct backups *backups, struct table *table, struct bytes name,
                      struct arena *arena, struct backup *backup)
{
    struct store *store = jobs_store(backups->jobs);
    struct backup made = {.name = name, .created_ms = clock_wall_ms()};
    char *id = arena_alloc(arena, JOB_ID_SIZE);
    const char *path;
    struct fault fault;
    enum err err;

    job_id_make(next_id_ms(backups), id);
    made.id = bytes_of_string(id);
    made.table = definition_kept(&table->definition, arena);
    err = store_count(store, table_count_key(made.table.id, 0, arena), &made.count);
    if (err != OK)
        return err;
    path = (const char *)backup_checkpoint_path(backups, made.id, arena).data;
    fault_init(&fault, arena);
    err = backup_make_folder(backups->checkpoints, &fault);
    if (err == OK)
        err = store_checkpoint(store, path, &fault);
    if (err == OK)
        err = put_record(backups, &made, JOB_UNFINISHED, arena);
    else
        LOG(WARN, "cannot begin a backup", log_bytes("why", fault.message));
    if (err != OK) {
        store_checkpoint_remove(store, path);
        return err;
    }
    *backup = made;
    return OK;
}

bool backup_keep_deleted(struct backups *backups, const struct table *table,
                         struct store_mutation *mutation, struct arena *arena, struct job_name *job)
{
    const struct table_definition *d = &table->definition;
    struct backup made = {.type = BACKUP_SYSTEM, .created_ms = clock_wall_ms()};

    if (!recovery_is_on(d))
        return false;
    made.id = arena_format(arena, "%014llu" BACKUP_SYSTEM_ID_END,
                           (unsigned long long)next_id_ms(backups));
    made.name = arena_format(arena, "%.*s" BACKUP_SYSTEM_NAME_TAIL, BYTES_ARGS(d->name));
    made.expires_ms = made.created_ms + BACKUP_SYSTEM_LIFE_MS;
    made.table = definition_kept(d, arena);
    if (store_count(jobs_store(backups->jobs), table_count_key(d->id, 0, arena), &made.count) != OK)
        made.count = (struct store_count){0}; /* counted again when it is written */
    *job = backup_job_name(&made);
    jobs_put(mutation, job, JOB_UNFINISHED, backup_text(&made, arena));
    store_mutation_put(mutation, STORE_DATA, table_keep_key(d->id, arena), STORE_NO_STAMP,
                       BYTES("\1"), STORE_NO_STAMP);
    return true;
}

enum err backup_delete(struct backups *backups, const struct backup *backup)
{
    struct backup deleted = *backup;
    struct arena arena;
    enum err err;

    arena_init(&arena);
    deleted.status = BACKUP_DELETED;
    err = put_record(backups, &deleted, JOB_UNFINISHED, &arena);
    arena_fini(&arena);
    return err;
}

/* --- finding --------------------------------------------------------------------------------- */

enum err backup_find(struct backups *backups, struct bytes account, struct bytes region,
                     struct bytes id, bool may_wait, struct arena *arena, struct backup *backup)
{
    struct job_name name = {account, region, BYTES(BACKUP_KIND), id};
    struct job_record record;
    struct backup found;
    enum err err = jobs_find(backups->jobs, &name, may_wait, arena, &record);

    if (err == OK)
        err = backup_read(record.text, arena, &found);
    if (err == OK && !backup_is_there(&found, clock_wall_ms()))
        err = ERR_ABSENT;
    if (err == OK)
        *backup = found;
    return err;
}

struct bytes backup_restore_text(struct bytes table, struct arena *arena)
{
    struct buf out;

    buf_init_arena(&out, arena, SIZE_MAX);
    buf_append_lit(&out, "{\"table\":");
    json_append_string(&out, table);
    buf_append_byte(&out, '}');
    return buf_finish_arena(&out);
}

/* --- the start, and the clock ---------------------------------------------------------------- */

enum err backup_make_folder(const char *path, struct fault *fault)
{
    enum err err = file_make_folder(path);

    if (err == OK && access(path, W_OK | X_OK) != 0)
        err = ERR_IO;
    return err == OK ? OK
                     : fault_set(fault, err, "cannot write to the folder %s for backups: %s", path,
                                 strerror(errno));
}

/* Ids of backups whose checkpoints are needed, and the newest of all. */
struct needed {
    uint64_t newest_ms;
    struct bytes *ids;
    unsigned count, capacity;
    struct arena arena;
};

static enum err note_needed(void *ctx, const struct job_record *record)
{
    struct needed *needed = ctx;
    uint64_t ms = 0;

    if (!bytes_equal_string(record->name.kind, BACKUP_KIND))
        return OK;
    if (job_id_read(record->name.id, &ms) && ms > needed->newest_ms)
        needed->newest_ms = ms;
    if (record->state != JOB_UNFINISHED)
        return OK;
    if (needed->count == needed->capacity) {
        needed->capacity = needed->capacity == 0 ? 16 : needed->capacity * 2;
        needed->ids = mem_resize(needed->ids, needed->capacity * sizeof(needed->ids[0]));
    }
    needed->ids[needed->count++] = arena_copy(&needed->arena, record->name.id);
    return OK;
}

static bool is_needed(const struct needed *needed, struct bytes id)
{
    for (unsigned i = 0; i < needed->count; i++)
        if (bytes_equal(needed->ids[i], id))
            return true;
    return false;
}

/* A checkpoint is made before its record, and removed after it was finished. */
static enum err remove_unused_checkpoints(struct backups *backups, struct fault *fault)
{
    struct store *store = jobs_store(backups->jobs);
    struct needed needed = {0};
    const struct dirent *entry;
    DIR *folder;
    enum err err, listed = ERR_ABSENT;

    arena_init(&needed.arena);
    err = jobs_walk(backups->jobs, note_needed, &needed);
    backups->id_ms = needed.newest_ms;
    folder = err == OK ? opendir(backups->checkpoints) : NULL;
    if (err == OK && folder == NULL && errno != ENOENT)
        listed = ERR_IO;
    while (folder != NULL && (listed = file_next_entry(folder, &entry)) == OK) {
        struct bytes id = bytes_of_string(entry->d_name), path;

        if (entry->d_name[0] == '.' || is_needed(&needed, id))
            continue;
        path = backup_checkpoint_path(backups, id, &needed.arena);
        store_checkpoint_remove(store, (const char *)path.data);
    }
    if (listed != ERR_ABSENT)
        LOG(WARN, "cannot list the checkpoints of backups; those that nobody needs take room",
            log_string("folder", backups->checkpoints), log_errno(errno));
    if (folder != NULL)
        closedir(folder);
    arena_fini(&needed.arena);
    free(needed.ids);
    return err == OK ? OK : fault_set(fault, err, "cannot read the records of backups");
}

/* Begins the end of a backup whose time is over, unless a table is being restored from it. */
static enum err expire(void *ctx, const struct job_record *record)
{
    struct backups *backups = ctx;
    struct catalog *catalog = jobs_catalog(backups->jobs);
    struct backup backup;
    struct arena arena;
    enum err err = OK;

    if (record->state != JOB_FINISHED || !bytes_equal_string(record->name.kind, BACKUP_KIND))
        return OK;
    arena_init(&arena);
    if (backup_read(record->text, &arena, &backup) == OK &&
        !backup_is_there(&backup, clock_wall_ms())) {
        catalog_change_begin(catalog);
        if (!catalog_is_restoring_from(catalog, backup_arn(&backup, &arena)))
            err = backup_delete(backups, &backup);
        catalog_change_end(catalog);
    }
    arena_fini(&arena);
    return err;
}

/* A walk a minute, by the wall clock, which a test may set forward. */
static void *watch(void *arg)
{
    struct backups *backups = arg;
    uint64_t due_ms = 0;

    pthread_setname_np(pthread_self(), "backups");
    thread_give_way();
    pthread_mutex_lock(&backups->lock);
    while (!backups->stopping) {
        struct timespec until = clock_deadline(EXPIRY_TICK_MS);

        if (clock_wall_ms() >= due_ms) {
            pthread_mutex_unlock(&backups->lock);
            due_ms = clock_wall_ms() + EXPIRY_WALK_MS;
            if (jobs_walk(backups->jobs, expire, backups) != OK)
                due_ms = clock_wall_ms() + EXPIRY_TICK_MS; /* a full queue or disk: again */
            pthread_mutex_lock(&backups->lock);
            continue;
        }
        clock_wait(&backups->stopped, &backups->lock, until);
    }
    pthread_mutex_unlock(&backups->lock);
    return NULL;
}
