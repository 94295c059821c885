/* jobs.c - the threads that run jobs, and the list of those that are not finished.
 * The list is in memory, made from the records at the start and kept by jobs_enqueue: running a job
 * never searches the records of those that are over. A job that fails to go on waits, longer each
 * time, and lets others run meanwhile.
 */
#include "jobs/jobs.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "table/catalog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define KINDS_MAX    16
#define RETRY_MS     200
#define RETRY_MS_MAX 60000

/* A job that is not finished. */
struct entry {
    struct entry *next; /* by id */
    struct arena arena; /* of the name */
    struct job_name name;
    const struct job_kind *kind;
    bool running;
    uint64_t due_ms;    /* by the monotonic clock */
    uint32_t retry_ms;  /* how long it waited the last time; 0: it did not fail yet */
    enum err failure;   /* why it cannot go on; OK: it can */
    uint64_t failed_ms; /* since when */
    uint64_t told_ms;   /* the last time that the log was told of it; 0: never */
};

struct jobs {
    struct catalog *catalog;
    struct job_kind kinds[KINDS_MAX];
    unsigned kind_count;

    pthread_mutex_t lock; /* guards entries */
    pthread_cond_t changed;
    struct entry *entries;
    _Atomic bool stopping;
    pthread_t threads[JOB_THREADS];
    unsigned thread_count;
};

static enum err read_records(struct jobs *jobs, struct fault *fault);
static void *run(void *arg);
static void run_entry(struct jobs *jobs, struct entry *entry);
static enum err put_now(struct job *job, enum job_state state, struct bytes text);

struct jobs *jobs_open(struct catalog *catalog)
{
    struct jobs *jobs = mem_zalloc(sizeof(*jobs));

    jobs->catalog = catalog;
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->changed, NULL);
    return jobs;
}

void jobs_add_kind(struct jobs *jobs, struct job_kind kind)
{
    ASSERT(jobs->kind_count < KINDS_MAX && jobs->thread_count == 0);
    jobs->kinds[jobs->kind_count++] = kind;
}

enum err jobs_start(struct jobs *jobs, struct fault *fault)
{
    enum err err = read_records(jobs, fault);

    while (err == OK && jobs->thread_count < JOB_THREADS) {
        if (pthread_create(&jobs->threads[jobs->thread_count], NULL, run, jobs) == 0)
            jobs->thread_count++;
        else
            err = fault_set(fault, ERR_IO, "cannot start the threads of background jobs");
    }
    return err;
}

static void free_entry(struct entry *entry)
{
    arena_fini(&entry->arena);
    free(entry);
}

void jobs_stop(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    pthread_mutex_lock(&jobs->lock);
    atomic_store(&jobs->stopping, true);
    pthread_cond_broadcast(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    while (jobs->thread_count > 0)
        pthread_join(jobs->threads[--jobs->thread_count], NULL);
}

void jobs_close(struct jobs **jobs)
{
    struct jobs *j = *jobs;

    if (j == NULL)
        return;
    *jobs = NULL;
    jobs_stop(j);
    while (j->entries != NULL) {
        struct entry *entry = j->entries;

        j->entries = entry->next;
        free_entry(entry);
    }
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

struct catalog *jobs_catalog(struct jobs *jobs)
{
    return jobs->catalog;
}

struct store *jobs_store(struct jobs *jobs)
{
    return catalog_store(jobs->catalog);
}

/* --- the list -------------------------------------------------------------------------------- */

static const struct job_kind *find_kind(const struct jobs *jobs, struct bytes name)
{
    for (unsigned i = 0; i < jobs->kind_count; i++)
        if (bytes_equal_string(name, jobs->kinds[i].name))
            return &jobs->kinds[i];
    return NULL;
}

static bool same_name(const struct job_name *a, const struct job_name *b)
{
    return bytes_equal(a->id, b->id) && bytes_equal(a->kind, b->kind) &&
           bytes_equal(a->account, b->account) && bytes_equal(a->region, b->region);
}

void jobs_enqueue(struct jobs *jobs, const struct job_name *name)
{
    const struct job_kind *kind = find_kind(jobs, name->kind);
    struct entry **at = &jobs->entries;
    struct entry *entry;

    if (kind == NULL) {
        LOG(WARN, "a background job of an unknown kind stays as it is",
            log_bytes("kind", name->kind), log_bytes("id", name->id));
        return;
    }
    pthread_mutex_lock(&jobs->lock);
    while (*at != NULL && bytes_compare((*at)->name.id, name->id) < 0)
        at = &(*at)->next;
    while (*at != NULL && bytes_equal((*at)->name.id, name->id) && !same_name(&(*at)->name, name))
        at = &(*at)->next;
    if (*at == NULL || !same_name(&(*at)->name, name)) {
        entry = mem_zalloc(sizeof(*entry));
        arena_init(&entry->arena);
        entry->name = (struct job_name){
            .account = arena_copy(&entry->arena, name->account),
            .region = arena_copy(&entry->arena, name->region),
            .kind = bytes_of_string(kind->name),
            .id = arena_copy(&entry->arena, name->id),
        };
        entry->kind = kind;
        entry->next = *at;
        *at = entry;
        pthread_cond_broadcast(&jobs->changed); /* one that pauses must not be the one to hear it */
    }
    pthread_mutex_unlock(&jobs->lock);
}

unsigned jobs_unfinished(struct jobs *jobs, const char *kind)
{
    unsigned count = 0;

    pthread_mutex_lock(&jobs->lock);
    for (const struct entry *e = jobs->entries; e != NULL; e = e->next)
        count += strcmp(e->kind->name, kind) == 0;
    pthread_mutex_unlock(&jobs->lock);
    return count;
}

static enum err enqueue_unfinished(void *ctx, const struct job_record *record)
{
    if (record->state == JOB_UNFINISHED)
        jobs_enqueue(ctx, &record->name);
    return OK;
}

static enum err read_records(struct jobs *jobs, struct fault *fault)
{
    enum err err = jobs_walk(jobs, enqueue_unfinished, jobs);

    if (err == OK)
        return OK;
    return fault_set(fault, err, "the record of a background job %s",
                     err == ERR_NEWER_FORMAT ? "was written by a newer Stele; start that one"
                     : err == ERR_CORRUPT ? "is damaged; restore the data directory from a backup"
                                          : "cannot be read");
}

/* --- the threads ----------------------------------------------------------------------------- */

/* The first that is due; else, when the next one is, 0: none waits. Under the lock. */
static struct entry *take_due(struct jobs *jobs, uint64_t *next_ms)
{
    uint64_t now_ms = clock_mono_ms();

    *next_ms = 0;
    for (struct entry *e = jobs->entries; e != NULL; e = e->next) {
        if (e->running)
            continue;
        if (e->due_ms <= now_ms)
            return e;
        if (*next_ms == 0 || e->due_ms < *next_ms)
            *next_ms = e->due_ms;
    }
    return NULL;
}

static void wait_for_work(struct jobs *jobs, uint64_t next_ms)
{
    struct timespec until;

    if (next_ms == 0) {
        pthread_cond_wait(&jobs->changed, &jobs->lock);
        return;
    }
    until = clock_deadline_at(next_ms); /* which may have come since it was looked for */
    clock_wait(&jobs->changed, &jobs->lock, until);
}

static void *run(void *arg)
{
    struct jobs *jobs = arg;

    pthread_setname_np(pthread_self(), "job");
    thread_in_background(); /* clients go first */
    pthread_mutex_lock(&jobs->lock);
    while (!atomic_load(&jobs->stopping)) {
        uint64_t next_ms;
        struct entry *entry = take_due(jobs, &next_ms);

        if (entry == NULL) {
            wait_for_work(jobs, next_ms);
            continue;
        }
        entry->running = true;
        pthread_mutex_unlock(&jobs->lock);
        run_entry(jobs, entry);
        pthread_mutex_lock(&jobs->lock);
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

static enum err run_once(struct jobs *jobs, const struct entry *entry, bool tells)
{
    struct job job = {.name = entry->name, .jobs = jobs, .tells = tells};
    struct job_record record;
    enum err err;

    if (entry->failure != OK)
        job.failing_ms = clock_mono_ms() - entry->failed_ms;
    arena_init(&job.arena);
    err = jobs_find(jobs, &entry->name, true, &job.arena, &record);
    if (err == OK && record.state == JOB_UNFINISHED) {
        job.text = record.text;
        err = entry->kind->run(&job, entry->kind->ctx);
    } else if (err == ERR_ABSENT) {
        err = OK; /* removed before it began */
    }
    arena_fini(&job.arena);
    return err;
}

static void remove_entry(struct jobs *jobs, struct entry *entry)
{
    struct entry **at = &jobs->entries;

    pthread_mutex_lock(&jobs->lock);
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    pthread_mutex_unlock(&jobs->lock);
    free_entry(entry);
}

/* Patience is with one failure: another, or one after it got on for long, has not lasted yet. */
static void note_failure(struct entry *entry, enum err err, uint64_t begun_ms)
{
    uint64_t now_ms = clock_mono_ms();

    if (entry->failure == err && now_ms - begun_ms < JOB_PATIENCE_MS)
        return;
    entry->failure = err;
    entry->failed_ms = now_ms;
}

static void run_entry(struct jobs *jobs, struct entry *entry)
{
    uint64_t begun_ms = clock_mono_ms();
    bool tells = entry->told_ms == 0 || clock_mono_ms() - entry->told_ms >= JOB_TELL_MS;
    enum err err = run_once(jobs, entry, tells);

    if (err == OK) {
        remove_entry(jobs, entry);
        return;
    }
    if (err_is_failure(err))
        note_failure(entry, err, begun_ms);
    if (err_is_failure(err) && tells) {
        LOG(WARN, "a background job cannot go on for now; it will be tried again",
            log_string("kind", entry->kind->name), log_bytes("id", entry->name.id),
            log_string("error", err_name(err)));
        entry->told_ms = clock_mono_ms();
    }
    pthread_mutex_lock(&jobs->lock);
    entry->retry_ms = entry->retry_ms == 0                 ? RETRY_MS
                      : entry->retry_ms > RETRY_MS_MAX / 2 ? RETRY_MS_MAX
                                                           : entry->retry_ms * 2;
    entry->due_ms = clock_mono_ms() + entry->retry_ms;
    entry->running = false;
    pthread_mutex_unlock(&jobs->lock);
}

/* --- for the job itself ---------------------------------------------------------------------- */

bool job_stopping(const struct job *job)
{
    return atomic_load(&job->jobs->stopping);
}

void job_pause(struct job *job, uint32_t wait_ms)
{
    uint64_t until_ms = clock_mono_ms() + wait_ms;
    struct jobs *jobs = job->jobs;

    pthread_mutex_lock(&jobs->lock);
    while (!atomic_load(&jobs->stopping) && clock_mono_ms() < until_ms) {
        struct timespec until = clock_deadline_at(until_ms);

        clock_wait(&jobs->changed, &jobs->lock, until);
    }
    pthread_mutex_unlock(&jobs->lock);
}

enum err job_save(struct job *job, struct bytes text)
{
    return put_now(job, JOB_UNFINISHED, text);
}

enum err job_finish(struct job *job, struct bytes text)
{
    return put_now(job, JOB_FINISHED, text);
}

/* The last word of a job is taken on a full disk too: what it left can be removed then. */
static enum err put_now(struct job *job, enum job_state state, struct bytes text)
{
    struct store_mutation *mutation = store_mutation_create();
    struct arena arena;
    enum err err;

    jobs_put(mutation, &job->name, state, text);
    if (state == JOB_FINISHED)
        store_mutation_makes_room(mutation);
    err = store_submit_and_wait(jobs_store(job->jobs), NULL, &mutation);
    store_mutation_destroy(&mutation);
    if (err != OK)
        return err;
    arena_init(&arena); /* the new text may be made of the old one */
    job->text = arena_copy(&arena, text);
    arena_fini(&job->arena);
    job->arena = arena;
    return OK;
}
