/* server.c - builds the parts, connects them, ends them in reverse.
 *
 *   options ─ store ─ catalog ─ jobs ─ identities ─ workers ─ loops ─ listener
 *
 * Ending: the listener drains, replies under way go out; what is left after a while is cut. Then no
 * request begins any more; those that workers and the committer still have end on their loops; and
 * when the loops have ended too, nothing uses catalog and store, which close.
 */
#include "server/server.h"

#include "api/api.h"
#include "api/turns.h"
#include "backup/archiver.h"
#include "backup/backup.h"
#include "backup/history.h"
#include "backup/restore_time.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "jobs/job_table.h"
#include "jobs/jobs.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/worker.h"
#include "server/machine.h"
#include "server/memory.h"
#include "server/options.h"
#include "store/store.h"
#include "streams/reader_limits.h"
#include "streams/stream_service.h"
#include "table/catalog.h"
#include "transfer/export_job.h"
#include "transfer/import_job.h"
#include "transfer/objects.h"
#include "ttl/ttl_service.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE_BYTES_MAX  ((size_t)64 << 20) /* submitted writes that are not durable yet */
#define WORKER_QUEUE_MAX 4096
#define HEAD_BYTES_MAX   ((size_t)32 << 10)
#define HEADER_COUNT_MAX 100
/* Large bodies, what they parse into and need, requests that have begun to come, and replies in
 * hand, together: at most this, and at most this part of the memory there is. */
#define HELD_BYTES_MAX     ((uint64_t)1 << 30)
#define HELD_MEMORY_PART   4
#define IDLE_TIMEOUT_MS    (5u * 60 * 1000)
#define RECEIVE_TIMEOUT_MS (60u * 1000)
#define SEND_TIMEOUT_MS    (60u * 1000)
#define STALL_MS           5000u /* a client of 300 KB/s moves in that time, see http_server.h */
#define COMPRESS_BYTES_MIN ((size_t)4 << 10)
#define STOP_POLL_MS       5

struct server_loop {
    struct loop *loop;
    pthread_t thread;
    bool running;
};

struct server {
    const struct options *options;
    struct store *store;
    struct catalog *catalog;
    struct stream_service *streams;
    struct history_source history;
    struct archiver *archiver;
    struct objects *objects;
    struct import_places imports;
    struct export_places exports;
    struct jobs *jobs;
    struct backups *backups;
    struct ttl_service *ttl;
    struct identity_set *identities;
    struct auth auth;
    struct worker_pool *workers, *changers;
    struct tls_context *tls;
    struct server_loop *loops;
    unsigned loop_count;
    struct loop **loop_list;
    struct http_server *http;
    struct reader_limits *reader_limits; /* NULL: none */
    struct api api;
    struct machine_files files;
    struct arena arena; /* of paths */
};

static enum err share_files(struct server *server, struct fault *fault);
static enum err open_store(struct server *server, struct fault *fault);
static enum err start_archiver(struct server *server, struct fault *fault);
static enum err open_objects(struct server *server, struct fault *fault);
static enum err start_streams(struct server *server, struct fault *fault);
static enum err start_jobs(struct server *server, struct fault *fault);
static enum err start_loops(struct server *server, struct fault *fault);
static enum err listen_on(struct server *server, struct fault *fault);
static void announce(const struct server *server);
static void drain(struct server *server);
static void wait_for_commits(struct store *store);

enum err server_start(const struct options *options, struct fault *fault, struct server **server)
{
    struct server *s = mem_zalloc(sizeof(*s));
    enum err err;

    s->options = options;
    arena_init(&s->arena);
    err = share_files(s, fault);
    if (err == OK)
        err = open_store(s, fault);
    if (err == OK)
        err = catalog_open(s->store, fault, &s->catalog);
    if (err == OK)
        err = start_streams(s, fault);
    if (err == OK)
        err = start_archiver(s, fault);
    if (err == OK)
        err = open_objects(s, fault);
    if (err == OK)
        err = start_jobs(s, fault);
    if (err == OK)
        err = ttl_service_start(s->catalog, options->ttl_interval_ms, fault, &s->ttl);
    if (err == OK && options->tls_cert != NULL)
        err = tls_context_create(options->tls_cert, options->tls_key, fault, &s->tls);
    if (err == OK) {
        bool keys = options->root_access_key_id != NULL;

        s->identities =
            identity_set_create(bytes_of_string(keys ? options->root_access_key_id : ""),
                                bytes_of_string(keys ? options->root_secret_access_key : ""),
                                bytes_of_string(options->account));
        s->auth = (struct auth){
            .mode = options->auth,
            .service = "dynamodb",
            .identities = s->identities,
            .skew_ms_max = AUTH_SKEW_MS_MAX,
        };
        if (worker_pool_create(options->workers, WORKER_QUEUE_MAX, &s->workers) != OK)
            err = fault_set(fault, ERR_IO, "cannot start %u worker threads; give fewer --workers",
                            options->workers);
        else if (worker_pool_create(1, WORKER_QUEUE_MAX, &s->changers) != OK)
            err = fault_set(fault, ERR_IO, "cannot start the thread that changes tables");
    }
    if (err == OK)
        err = start_loops(s, fault);
    if (err == OK)
        err = listen_on(s, fault);
    if (err != OK) {
        server_stop(&s);
        return err;
    }
    announce(s);
    *server = s;
    return OK;
}

void server_run(struct server *server)
{
    struct timespec tick = {.tv_sec = MEMORY_TICK_MS / 1000};
    struct memory_watch watch = {0};
    sigset_t ends;
    int which;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    memory_watch_tick(&watch, 0); /* what it takes to serve nobody, before a burst comes */
    while ((which = sigtimedwait(&ends, NULL, &tick)) < 0)
        memory_watch_tick(&watch, http_server_held(server->http));
    LOG(INFO, "stopping", log_string("signal", which == SIGTERM ? "SIGTERM" : "SIGINT"));
    drain(server);
}

void server_stop(struct server **server)
{
    struct server *s = *server;

    if (s == NULL)
        return;
    *server = NULL;
    turns_open(s->api.turns); /* who waits begins while there are workers */
    /* Twice: what a loop handed to another one before its first cut has begun by the second. */
    for (unsigned i = 0; i < 2 && s->http != NULL; i++)
        http_server_cut(s->http);
    worker_pool_destroy(&s->workers); /* runs what is queued */
    worker_pool_destroy(&s->changers);
    if (s->store != NULL)
        wait_for_commits(s->store);
    for (unsigned i = 0; i < s->loop_count; i++) {
        if (!s->loops[i].running)
            continue;
        loop_stop(s->loops[i].loop); /* after what workers and committer have posted */
        pthread_join(s->loops[i].thread, NULL);
    }
    http_server_close(&s->http);
    turns_destroy(&s->api.turns);
    jobs_stop(s->jobs);
    backups_close(&s->backups);
    jobs_close(&s->jobs);
    objects_close(&s->objects);
    reader_limits_destroy(&s->reader_limits);
    ttl_service_stop(&s->ttl);
    archiver_stop(&s->archiver);
    stream_service_stop(&s->streams);
    catalog_close(&s->catalog);
    store_close(&s->store);
    for (unsigned i = 0; i < s->loop_count; i++)
        loop_destroy(&s->loops[i].loop);
    tls_context_destroy(&s->tls);
    identity_set_destroy(&s->identities);
    free(s->loops);
    free(s->loop_list);
    arena_fini(&s->arena);
    free(s);
}

static unsigned loops_wanted(const struct options *options)
{
    return options->threads != 0 ? options->threads : machine_processors();
}

static enum err share_files(struct server *server, struct fault *fault)
{
    const struct options *o = server->options;
    uint64_t allowed = machine_allow_files();
    enum err err =
        machine_share_files(allowed, loops_wanted(o), o->max_connections, fault, &server->files);

    if (err == OK && server->files.connections < o->max_connections)
        LOG(WARN,
            "fewer open files are allowed than --max-connections may need; raise the limit "
            "(ulimit -n, LimitNOFILE=)",
            log_u64("allowed", allowed), log_u64("connections", server->files.connections));
    return err;
}

static enum err open_store(struct server *server, struct fault *fault)
{
    struct store_options options = {
        .path = server->options->in_memory ? NULL : server->options->data,
        .cache_bytes = server->options->memory / 4 * 3,
        .image_bytes = server->options->memory / 4,
        .queue_bytes_max = QUEUE_BYTES_MAX,
        .files_max = server->files.engine,
        .done_begin = loop_posts_begin,
        .done_end = loop_posts_end,
    };

    return store_open(&options, fault, &server->store);
}

/* A server without a data directory keeps all changes in its journal, and sorts what does not fit
 * into memory in files without a name. */
static enum err start_archiver(struct server *server, struct fault *fault)
{
    const struct options *o = server->options;
    const char *temporary = getenv("TMPDIR");
    const char *folder = NULL;

    if (!o->in_memory)
        folder = (const char *)arena_format(&server->arena, "%s/archive", o->data).data;
    server->history = (struct history_source){
        .catalog = server->catalog,
        .archive = folder,
        .scratch = folder != NULL      ? folder
                   : temporary != NULL ? temporary
                                       : "/tmp",
    };
    return archiver_start(
        &(struct archiver_options){
            .catalog = server->catalog,
            .dir = folder,
            .scratch = server->history.scratch,
            .after_ms = o->pitr_archive_seconds * UINT64_C(1000),
            .bytes_max = o->pitr_archive_max,
        },
        fault, &server->archiver);
}

/* A server without a data directory has no buckets, unless it is told of some. */
static enum err open_objects(struct server *server, struct fault *fault)
{
    const struct options *o = server->options;
    struct objects_options options = {
        .place = o->s3,
        .region = o->s3_region,
        .access_key_id = o->s3_access_key_id,
        .secret_access_key = o->s3_secret_access_key,
        .ca_file = o->s3_ca,
        .style = o->s3_style,
        .retry_ms_max = o->s3_retry_seconds * 1000,
    };

    if (options.place == NULL && !o->in_memory)
        options.place = (const char *)arena_format(fault->arena, "file:%s/s3", o->data).data;
    return objects_open(&options, fault, &server->objects);
}

static enum err start_streams(struct server *server, struct fault *fault)
{
    struct stream_service_options options = {
        .shard_ms = server->options->stream_shard_seconds * UINT64_C(1000),
        .shard_units = server->options->stream_shard_units,
        .journal_bytes_max = server->options->journal_max,
    };

    return stream_service_start(server->catalog, &options, fault, &server->streams);
}

/* Backups of what is in memory only need no place that outlives it. */
static enum err open_backups(struct server *server, struct fault *fault)
{
    const struct options *o = server->options;
    const char *temp = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : P_tmpdir;
    struct arena *arena = fault->arena;
    struct bytes folder, checkpoints = arena_format(arena, "%s/checkpoints", o->data);

    if (o->backup_dir != NULL)
        folder = bytes_of_string(o->backup_dir);
    else if (o->in_memory)
        folder =
            arena_format(arena, "%s/stele-backups-%016llx", temp, (unsigned long long)rng_fast());
    else
        folder = arena_format(arena, "%s/backups", o->data);
    return backups_open(server->jobs,
                        &(struct backups_options){
                            .folder = (const char *)folder.data,
                            .checkpoints = (const char *)(o->in_memory ? folder : checkpoints).data,
                            .must_exist = o->backup_dir != NULL,
                            .temporary = o->in_memory && o->backup_dir == NULL,
                        },
                        fault, &server->backups);
}

/* Each capability with jobs adds its kinds here. */
static enum err start_jobs(struct server *server, struct fault *fault)
{
    enum err err;

    server->jobs = jobs_open(server->catalog);
    jobs_add_kind(server->jobs,
                  (struct job_kind){RESTORE_TIME_KIND, restore_time_run, &server->history});
    server->imports = (struct import_places){
        .objects = server->objects,
        .data = server->options->in_memory ? NULL : server->options->data,
    };
    import_job_add(server->jobs, &server->imports);
    server->exports = (struct export_places){server->objects, &server->history};
    export_job_add(server->jobs, &server->exports);
    err = open_backups(server, fault);
    if (err == OK)
        err = job_tables_sweep(server->jobs, fault);
    return err == OK ? jobs_start(server->jobs, fault) : err;
}

static void *run_loop(void *arg)
{
    pthread_setname_np(pthread_self(), "loop");
    loop_run(arg);
    return NULL;
}

static enum err start_loops(struct server *server, struct fault *fault)
{
    unsigned count = loops_wanted(server->options);

    server->loops = mem_zalloc(count * sizeof(server->loops[0]));
    server->loop_list = mem_zalloc(count * sizeof(server->loop_list[0]));
    for (unsigned i = 0; i < count; i++) {
        struct server_loop *l = &server->loops[i];

        if (loop_create(&l->loop) != OK)
            return fault_set(fault, ERR_IO, "cannot make an event loop: too many open files?");
        server->loop_list[i] = l->loop;
        server->loop_count = i + 1;
        if (pthread_create(&l->thread, NULL, run_loop, l->loop) != 0)
            return fault_set(fault, ERR_IO, "cannot start an event loop's thread");
        l->running = true;
    }
    return OK;
}

static size_t held_bytes_max(void)
{
    uint64_t part = machine_memory_bytes() / HELD_MEMORY_PART;

    return (size_t)(part < HELD_BYTES_MAX ? part : HELD_BYTES_MAX);
}

static enum err listen_on(struct server *server, struct fault *fault)
{
    const struct options *o = server->options;
    struct http_server_options http = {
        .address = o->listen.host,
        .port = o->listen.port,
        .loops = server->loop_list,
        .loop_count = server->loop_count,
        .tls = server->tls,
        .handler = api_handle,
        .handler_ctx = &server->api,
        .body_bytes_max = API_BODY_BYTES_MAX,
        .head_bytes_max = HEAD_BYTES_MAX,
        .header_count_max = HEADER_COUNT_MAX,
        .connection_count_max = server->files.connections,
        .held_bytes_max = held_bytes_max(),
        .stall_ms = STALL_MS,
        .idle_timeout_ms = IDLE_TIMEOUT_MS,
        .receive_timeout_ms = RECEIVE_TIMEOUT_MS,
        .send_timeout_ms = SEND_TIMEOUT_MS,
        .compress_bytes_min = COMPRESS_BYTES_MIN,
        .crc32_header = "x-amz-crc32",
        .server_name = "Server",
    };

    if (o->throttle == OPTION_ON)
        server->reader_limits = reader_limits_create();
    server->api = (struct api){
        .store = server->store,
        .catalog = server->catalog,
        .jobs = server->jobs,
        .history = &server->history,
        .backups = server->backups,
        .keep_deleted = backup_keep_deleted,
        .workers = server->workers,
        .changers = server->changers,
        .turns = turns_create(),
        .auth = &server->auth,
        .account = bytes_of_string(o->account),
        .region = bytes_of_string(o->region),
        .endpoint = bytes_of_string(o->listen.host),
        .reader_limits = server->reader_limits,
        .throttles = o->throttle == OPTION_ON,
        .test_clock = o->test_clock,
        .recovery_lag_ms = o->pitr_latest_seconds * UINT64_C(1000),
        .table_delay_ms = o->table_delay_ms,
    };
    return http_server_open(&http, fault, &server->http);
}

static void announce(const struct server *server)
{
    const struct options *o = server->options;
    bool v6 = strchr(o->listen.host, ':') != NULL;
    char url[128];

    snprintf(url, sizeof(url), "%s://%s%s%s:%u", o->tls_cert != NULL ? "https" : "http",
             v6 ? "[" : "", o->listen.host, v6 ? "]" : "", http_server_port(server->http));
    LOG(INFO, "ready", log_string("endpoint", url),
        log_string("data", o->in_memory ? "in memory" : o->data),
        log_string("auth", o->auth == AUTH_KEYS ? "keys" : "open"), log_string("region", o->region),
        log_u64("threads", server->loop_count), log_string("version", STELE_VERSION));
}

static void drain(struct server *server)
{
    uint64_t until_ms = clock_mono_ms() + SERVER_STOP_MS_MAX;
    struct timespec pause = {.tv_nsec = STOP_POLL_MS * 1000000L};

    http_server_drain(server->http);
    while (!http_server_idle(server->http) && clock_mono_ms() < until_ms)
        nanosleep(&pause, NULL);
    if (!http_server_idle(server->http))
        LOG(WARN, "some requests did not finish in time", log_u64("waited_ms", SERVER_STOP_MS_MAX));
}

/* Until everything that was submitted before has been told its outcome: a change of nothing is told
 * after it. */
static void wait_for_commits(struct store *store)
{
    struct timespec pause = {.tv_nsec = STOP_POLL_MS * 1000000L};
    enum err err;

    do {
        struct store_mutation *nothing = store_mutation_create();

        err = store_submit_and_wait(store, NULL, &nothing);
        store_mutation_destroy(&nothing);
        if (err == ERR_BUSY)
            nanosleep(&pause, NULL);
    } while (err == ERR_BUSY);
}
