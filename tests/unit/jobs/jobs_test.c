/* jobs_test.c - jobs run, wait, fail, end with the server and begin again. */
#include "base/clock.h"
#include "jobs/job_record.h"
#include "jobs/jobs.h"
#include "table/catalog.h"
#include "unit.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define WAIT_S 20

struct bed {
    struct store *store;
    struct catalog *catalog;
    struct jobs *jobs;
    struct arena arena;
    struct fault fault;
};

static void bed_open(struct bed *bed, struct job_kind kind)
{
    struct store_options options = {.cache_bytes = 8 << 20, .queue_bytes_max = 64 << 20};
    char path[256];

    snprintf(path, sizeof(path), "%s/data", unit_temp_dir());
    options.path = path;
    arena_init(&bed->arena);
    fault_init(&bed->fault, &bed->arena);
    CHECK_OK(store_open(&options, &bed->fault, &bed->store));
    CHECK_OK(catalog_open(bed->store, &bed->fault, &bed->catalog));
    bed->jobs = jobs_open(bed->catalog);
    jobs_add_kind(bed->jobs, kind);
    CHECK_OK(jobs_start(bed->jobs, &bed->fault));
}

static void bed_close(struct bed *bed)
{
    jobs_close(&bed->jobs);
    catalog_close(&bed->catalog);
    store_close(&bed->store);
    arena_fini(&bed->arena);
}

static struct job_name name_of(const char *kind, const char *id)
{
    return (struct job_name){
        .account = BYTES("000000000000"),
        .region = BYTES("us-east-1"),
        .kind = bytes_of_string(kind),
        .id = bytes_of_string(id),
    };
}

static void put(struct bed *bed, struct job_name name, enum job_state state, const char *text)
{
    struct store_mutation *mutation = store_mutation_create();

    jobs_put(mutation, &name, state, bytes_of_string(text));
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &mutation));
    store_mutation_destroy(&mutation);
}

static void begin(struct bed *bed, const char *id, const char *text)
{
    struct job_name name = name_of("test", id);

    put(bed, name, JOB_UNFINISHED, text);
    jobs_enqueue(bed->jobs, &name);
}

static struct job_record find(struct bed *bed, const char *id)
{
    struct job_name name = name_of("test", id);
    struct job_record record = {0};

    CHECK_OK(jobs_find(bed->jobs, &name, true, &bed->arena, &record));
    return record;
}

static void wait_until_done(struct bed *bed)
{
    struct timespec pause = {.tv_nsec = 1000000};
    unsigned tries = 0;

    while (jobs_unfinished(bed->jobs, "test") != 0 && ++tries < WAIT_S * 1000)
        nanosleep(&pause, NULL); /* sleep: between looks at the list */
    CHECK_U64(jobs_unfinished(bed->jobs, "test"), 0);
}

static void wait_for(sem_t *sem)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    CHECK(sem_timedwait(sem, &until) == 0);
}

/* What the jobs of a test do, and what they did. */
struct play {
    _Atomic unsigned runs;
    _Atomic unsigned at_once;
    _Atomic unsigned at_once_most;
    _Atomic unsigned failures; /* to come */
    enum err failure;          /* OK: ERR_IO */
    enum err last_failure;     /* OK: the same */
    bool holds;                /* until the test lets it go, or the server stops */
    sem_t begun;
    sem_t go;
    char order[256];
    _Atomic unsigned ordered;
    _Atomic uint64_t first_failing_ms, last_failing_ms;
    _Atomic uint64_t first_ms, last_ms; /* when the first try and the last one began */
    _Atomic unsigned tellers;
};

static enum err run_play(struct job *job, void *ctx)
{
    struct play *play = ctx;
    unsigned at_once = atomic_fetch_add(&play->at_once, 1) + 1;
    enum err err = OK;

    if (at_once > atomic_load(&play->at_once_most))
        atomic_store(&play->at_once_most, at_once);
    if (!play->holds)
        play->order[atomic_fetch_add(&play->ordered, 1)] = (char)job->name.id.data[0];
    if (atomic_fetch_add(&play->runs, 1) == 0) {
        atomic_store(&play->first_failing_ms, job->failing_ms);
        atomic_store(&play->first_ms, clock_mono_ms());
    }
    atomic_store(&play->last_failing_ms, job->failing_ms);
    atomic_store(&play->last_ms, clock_mono_ms());
    atomic_fetch_add(&play->tellers, job->tells);
    sem_post(&play->begun);
    while (play->holds && sem_trywait(&play->go) != 0 && err == OK) {
        job_pause(job, 1);
        err = job_stopping(job) ? ERR_CANCELLED : OK;
    }
    if (err == OK && atomic_load(&play->failures) > 0) {
        atomic_fetch_sub(&play->failures, 1);
        err = job_save(job, arena_format(&job->arena, "%.*s+", BYTES_ARGS(job->text)));
        if (err == OK)
            err = play->failure != OK ? play->failure : ERR_IO;
        if (play->last_failure != OK && atomic_load(&play->failures) == 0)
            err = play->last_failure;
    }
    if (err == OK)
        err = job_finish(job, arena_format(&job->arena, "%.*s done", BYTES_ARGS(job->text)));
    atomic_fetch_sub(&play->at_once, 1);
    return err;
}

static struct job_kind kind_of(struct play *play)
{
    sem_init(&play->begun, 0, 0);
    sem_init(&play->go, 0, 0);
    return (struct job_kind){.name = "test", .run = run_play, .ctx = play};
}

TEST(a_job_runs_once_and_its_record_stays)
{
    struct play play = {0};
    struct job_record record;
    struct bed bed;

    bed_open(&bed, kind_of(&play));
    begin(&bed, "a", "{}");
    wait_until_done(&bed);
    record = find(&bed, "a");
    CHECK_U64(record.state, JOB_FINISHED);
    CHECK_TEXT(record.text, "{} done");
    bed_close(&bed);
    bed_open(&bed, kind_of(&play)); /* not again after a restart */
    begin(&bed, "b", "{}");
    wait_until_done(&bed);
    CHECK_U64(play.runs, 2);
    bed_close(&bed);
}

TEST(an_unfinished_job_goes_on_after_a_restart)
{
    struct play play = {.holds = true};
    struct bed bed;

    bed_open(&bed, kind_of(&play));
    begin(&bed, "a", "{}");
    wait_for(&play.begun);
    bed_close(&bed); /* does not wait for its end */
    play.holds = false;
    bed_open(&bed, kind_of(&play));
    wait_until_done(&bed);
    CHECK_U64(play.runs, 2);
    CHECK_TEXT(find(&bed, "a").text, "{} done");
    bed_close(&bed);
}

TEST(jobs_run_two_at_a_time_the_others_in_order_of_ids)
{
    struct play play = {.holds = true};
    struct bed bed;

    bed_open(&bed, kind_of(&play));
    begin(&bed, "8", "{}");
    begin(&bed, "9", "{}");
    wait_for(&play.begun);
    wait_for(&play.begun);
    begin(&bed, "3", "{}");
    begin(&bed, "1", "{}");
    begin(&bed, "2", "{}");
    begin(&bed, "2", "{}"); /* told twice, runs once */
    CHECK_U64(jobs_unfinished(bed.jobs, "test"), 5);
    CHECK_U64(jobs_unfinished(bed.jobs, "other"), 0);
    for (unsigned i = 0; i < 5; i++)
        sem_post(&play.go);
    wait_until_done(&bed);
    CHECK_U64(play.runs, 5);
    CHECK_U64(play.at_once_most, JOB_THREADS);
    bed_close(&bed);
}

TEST(waiting_jobs_begin_with_the_lowest_id)
{
    struct play play = {0};
    struct bed bed;

    bed_open(&bed, kind_of(&play));
    jobs_close(&bed.jobs); /* what is begun now waits for the next start */
    put(&bed, name_of("test", "3"), JOB_UNFINISHED, "{}");
    put(&bed, name_of("test", "1"), JOB_UNFINISHED, "{}");
    put(&bed, name_of("test", "2"), JOB_FINISHED, "{}");
    put(&bed, name_of("unknown", "0"), JOB_UNFINISHED, "{}");
    bed_close(&bed);
    bed_open(&bed, kind_of(&play));
    wait_until_done(&bed);
    CHECK_U64(strlen(play.order), 2);
    CHECK(strchr(play.order, '2') == NULL);
    bed_close(&bed);
}

TEST(a_job_that_fails_is_run_again_from_what_it_saved)
{
    struct play play = {.failures = 2};
    struct bed bed;

    bed_open(&bed, kind_of(&play));
    begin(&bed, "a", "{}");
    wait_until_done(&bed);
    CHECK_U64(play.runs, 3);
    CHECK_TEXT(find(&bed, "a").text, "{}++ done");
    bed_close(&bed);
}

TEST(a_job_sees_how_long_it_could_not_go_on)
{
    struct play play = {.failures = 2};
    struct bed bed;

    bed_open(&bed, kind_of(&play));
    begin(&bed, "a", "{}");
    wait_until_done(&bed);
    CHECK_U64(play.first_failing_ms, 0);
    CHECK(play.last_failing_ms >= 600); /* the waits before the second and the third try */
    CHECK_U64(play.tellers, 1);
    bed_close(&bed);
}

TEST(patience_with_a_job_begins_anew_with_another_failure)
{
    struct play play = {.failures = 2, .failure = ERR_NO_SPACE, .last_failure = ERR_IO};
    struct bed bed;

    bed_open(&bed, kind_of(&play));
    begin(&bed, "a", "{}");
    wait_until_done(&bed);
    CHECK_U64(play.runs, 3);
    CHECK(play.last_failing_ms >= 400); /* the wait before the third try, and not the one before */
    CHECK(play.last_failing_ms + 200 <= play.last_ms - play.first_ms);
    bed_close(&bed);
}

TEST(a_full_queue_is_no_reason_to_give_a_job_up)
{
    struct play play = {.failures = 2, .failure = ERR_BUSY};
    struct bed bed;

    bed_open(&bed, kind_of(&play));
    begin(&bed, "a", "{}");
    wait_until_done(&bed);
    CHECK_U64(play.last_failing_ms, 0);
    bed_close(&bed);
}

/* What it looked for and did not find says nothing about its record. */
TEST(a_job_that_misses_something_is_run_again)
{
    struct play play = {.failures = 1, .failure = ERR_ABSENT};
    struct bed bed;

    bed_open(&bed, kind_of(&play));
    begin(&bed, "a", "{}");
    wait_until_done(&bed);
    CHECK_U64(play.runs, 2);
    CHECK_U64(find(&bed, "a").state, JOB_FINISHED);
    bed_close(&bed);
}

TEST(a_removed_job_is_not_run)
{
    struct play play = {.holds = true};
    struct job_name name = name_of("test", "z");
    struct store_mutation *mutation = store_mutation_create();
    struct job_record record;
    struct bed bed;

    bed_open(&bed, kind_of(&play));
    begin(&bed, "a", "{}");
    begin(&bed, "b", "{}");
    wait_for(&play.begun);
    wait_for(&play.begun);
    begin(&bed, "z", "{}");
    jobs_remove(mutation, &name);
    CHECK_OK(store_submit_and_wait(bed.store, NULL, &mutation));
    sem_post(&play.go);
    sem_post(&play.go);
    wait_until_done(&bed);
    CHECK_U64(play.runs, 2);
    CHECK_ERR(jobs_find(bed.jobs, &name, true, &bed.arena, &record), ERR_ABSENT);
    bed_close(&bed);
}

/* Its id with its text. */
static enum err append_to(void *all_at, const struct job_record *record)
{
    struct buf *all = all_at;

    buf_append_format(all, "%s%.*s%.*s", all->size == 0 ? "" : " ", BYTES_ARGS(record->name.id),
                      BYTES_ARGS(record->text));
    return OK;
}

/* The ids of a query's jobs, each with its text: "a1 b2". */
static struct bytes list(struct bed *bed, const struct job_query *query)
{
    struct job_cursor *cursor = job_cursor_open(bed->jobs, query, true);
    struct job_record record;
    struct buf all;
    enum err err;

    buf_init_arena(&all, &bed->arena, 1024);
    while ((err = job_cursor_next(cursor, &bed->arena, &record)) == OK) {
        CHECK_TEXT(record.name.account, "000000000000");
        CHECK_TEXT(record.name.region, "us-east-1");
        CHECK_OK(append_to(&all, &record));
    }
    CHECK_ERR(err, ERR_ABSENT);
    job_cursor_close(&cursor);
    return buf_bytes(&all);
}

TEST(jobs_are_listed_by_id)
{
    struct play play = {0};
    struct job_query query = {
        .account = BYTES("000000000000"),
        .region = BYTES("us-east-1"),
        .kind = BYTES("test"),
    };
    struct bed bed;
    struct buf all;

    bed_open(&bed, kind_of(&play));
    put(&bed, name_of("test", "c"), JOB_FINISHED, "3");
    put(&bed, name_of("test", "a"), JOB_FINISHED, "1");
    put(&bed, name_of("test", "b"), JOB_FINISHED, "2");
    put(&bed, name_of("test2", "a"), JOB_FINISHED, "other");
    put(&bed, name_of("tes", "d"), JOB_FINISHED, "other");
    CHECK_TEXT(list(&bed, &query), "a1 b2 c3");
    query.after = BYTES("b");
    CHECK_TEXT(list(&bed, &query), "c3");
    query.after = BYTES("aa"); /* no such id: those behind it */
    CHECK_TEXT(list(&bed, &query), "b2 c3");
    query.after = BYTES("c");
    CHECK_TEXT(list(&bed, &query), "");
    buf_init_arena(&all, &bed.arena, 1024);
    CHECK_OK(jobs_walk(bed.jobs, append_to, &all));
    CHECK_TEXT(buf_bytes(&all), "dother a1 b2 c3 aother");
    bed_close(&bed);
}

struct walk {
    struct bed *bed;
    unsigned seen, end_at; /* 0: nowhere */
};

/* Whoever is told of a record may write: here, that it is gone. */
static enum err see_and_remove(void *ctx, const struct job_record *record)
{
    struct store_mutation *mutation = store_mutation_create();
    struct walk *walk = ctx;

    CHECK_U64(record->state, JOB_FINISHED);
    CHECK_TEXT(record->text, "x");
    jobs_remove(mutation, &record->name);
    CHECK_OK(store_submit_and_wait(walk->bed->store, NULL, &mutation));
    return ++walk->seen == walk->end_at ? ERR_BUSY : OK;
}

TEST(a_walk_sees_every_job_once)
{
    struct play play = {0};
    struct bed bed;
    struct walk walk = {.bed = &bed, .end_at = 70};
    char id[] = "000";

    bed_open(&bed, kind_of(&play));
    for (unsigned i = 0; i < 128; i++) {
        snprintf(id, sizeof(id), "%03u", i);
        put(&bed, name_of(i % 3 == 0 ? "test" : "test2", id), JOB_FINISHED, "x");
    }
    CHECK_ERR(jobs_walk(bed.jobs, see_and_remove, &walk), ERR_BUSY);
    CHECK_U64(walk.seen, 70);
    CHECK_OK(jobs_walk(bed.jobs, see_and_remove, &walk));
    CHECK_U64(walk.seen, 128);
    CHECK_OK(jobs_walk(bed.jobs, see_and_remove, &walk));
    CHECK_U64(walk.seen, 128);
    bed_close(&bed);
}

TEST(job_records_are_what_they_were)
{
    static const uint8_t golden[] = {1, 1, '{', '}'};
    struct job_name name = name_of("backup", "01489602797149-73d8d5bc");
    struct job_record record;
    struct arena arena;
    struct bytes key, value;

    arena_init(&arena);
    key = job_record_key(&name, &arena);
    value = job_record_write(JOB_FINISHED, BYTES("{}"), &arena);
    CHECK(bytes_equal(value, bytes_make(golden, sizeof(golden))));
    CHECK_TEXT(bytes_skip(key, 15), "job/000000000000/us-east-1/backup/01489602797149-73d8d5bc");
    CHECK_OK(job_record_read(key, value, &arena, &record));
    CHECK_U64(record.state, JOB_FINISHED);
    CHECK_TEXT(record.name.id, "01489602797149-73d8d5bc");
    CHECK_ERR(job_record_read(key, BYTES("\2\1{}"), &arena, &record), ERR_NEWER_FORMAT);
    CHECK_ERR(job_record_read(key, BYTES("\1\2{}"), &arena, &record), ERR_CORRUPT);
    CHECK_ERR(job_record_read(key, BYTES("\1"), &arena, &record), ERR_CORRUPT);
    CHECK_ERR(job_record_read(key, BYTES(""), &arena, &record), ERR_CORRUPT);
    arena_fini(&arena);
}

TEST(job_ids_have_their_time)
{
    char id[JOB_ID_SIZE];
    uint64_t ms;

    job_id_make(1489602797149, id);
    CHECK(job_id_read(bytes_of_string(id), &ms));
    CHECK_U64(ms, 1489602797149);
    CHECK(bytes_start_with(bytes_of_string(id), BYTES("01489602797149-")));
    CHECK(job_id_read(BYTES("01489602797149-00000000"), &ms));
    CHECK(!job_id_read(BYTES("01489602797149-0000000G"), &ms));
    CHECK(!job_id_read(BYTES("01489602797149-0000000A"), &ms));
    CHECK(!job_id_read(BYTES("01489602797149-0000000"), &ms));
    CHECK(!job_id_read(BYTES("0148960279714x-00000000"), &ms));
    CHECK(!job_id_read(BYTES(""), &ms));
}
