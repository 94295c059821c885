/* store_counts_test.c - counters on an engine whose disk can be made to hang, and many of them. */
#include "store/store_counts.h"
#include "unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>

#define HANG_S_MAX 20

/* An engine without records; reading the counter "slow" waits. */
struct slow_engine {
    struct store_engine engine;
    sem_t reading; /* somebody waits */
    sem_t go_on;
};

static enum err slow_get(struct store_engine *engine, const struct store_snapshot *snapshot,
                         enum store_family family, struct bytes key, bool may_wait,
                         struct arena *arena, struct bytes *value)
{
    struct slow_engine *slow = (struct slow_engine *)engine;

    (void)snapshot, (void)family, (void)may_wait, (void)arena, (void)value;
    if (bytes_equal_string(key, "slow")) {
        sem_post(&slow->reading);
        sem_wait(&slow->go_on);
    }
    return ERR_ABSENT;
}

static bool happens(sem_t *event)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += HANG_S_MAX;
    return sem_timedwait(event, &until) == 0;
}

static const struct store_engine_class slow_class = {.name = "slow", .get = slow_get};

struct scene {
    struct slow_engine slow;
    struct store_counts *counts;
    sem_t committed;
};

static void *read_slow(void *arg)
{
    struct scene *scene = arg;
    struct store_count count = {99, 99};

    CHECK_OK(store_counts_read(scene->counts, BYTES("slow"), true, &count));
    CHECK_U64(count.items, 0);
    return NULL;
}

static void *commit_other(void *arg)
{
    struct scene *scene = arg;
    struct store_mutation *group = store_mutation_create(), *totals = store_mutation_create();

    store_mutation_count(group, BYTES("other"), 3, 70);
    CHECK_OK(store_counts_begin(scene->counts, group, totals));
    store_counts_end(scene->counts, true);
    store_mutation_destroy(&group);
    store_mutation_destroy(&totals);
    sem_post(&scene->committed);
    return NULL;
}

TEST(counters_read_from_a_slow_disk_hold_up_no_commit)
{
    struct scene scene = {.slow.engine.class = &slow_class};
    struct store_count count;
    pthread_t reader, committer;

    sem_init(&scene.slow.reading, 0, 0);
    sem_init(&scene.slow.go_on, 0, 0);
    sem_init(&scene.committed, 0, 0);
    scene.counts = store_counts_create(&scene.slow.engine);
    pthread_create(&reader, NULL, read_slow, &scene);
    CHECK(happens(&scene.slow.reading));

    pthread_create(&committer, NULL, commit_other, &scene);
    CHECK(happens(&scene.committed));

    sem_post(&scene.slow.go_on);
    pthread_join(reader, NULL);
    pthread_join(committer, NULL);
    CHECK_OK(store_counts_read(scene.counts, BYTES("other"), true, &count));
    CHECK_U64(count.items, 3);
    CHECK_U64(count.bytes, 70);
    store_counts_destroy(&scene.counts);
}

/* Whoever loads a counter while the committer changes it gets, or keeps, the committer's. */
TEST(counters_loaded_by_two_at_once_are_one)
{
    struct scene scene = {.slow.engine.class = &slow_class};
    struct store_mutation *group = store_mutation_create(), *totals = store_mutation_create();
    struct store_count count;
    pthread_t readers[2];

    sem_init(&scene.slow.reading, 0, 0);
    sem_init(&scene.slow.go_on, 0, 0);
    scene.counts = store_counts_create(&scene.slow.engine);
    for (unsigned i = 0; i < 2; i++)
        pthread_create(&readers[i], NULL, read_slow, &scene);
    for (unsigned i = 0; i < 2; i++)
        CHECK(happens(&scene.slow.reading));
    for (unsigned i = 0; i < 2; i++)
        sem_post(&scene.slow.go_on);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);

    store_mutation_count(group, BYTES("slow"), 5, 11);
    CHECK_OK(store_counts_begin(scene.counts, group, totals));
    store_counts_end(scene.counts, true);
    CHECK_OK(store_counts_read(scene.counts, BYTES("slow"), true, &count));
    CHECK_U64(count.items, 5);
    store_mutation_destroy(&group);
    store_mutation_destroy(&totals);
    store_counts_destroy(&scene.counts);
}

/* --- more counters than are kept -------------------------------------------------------------- */

#define MANY 50000

static struct bytes name_of(unsigned counter, char text[16])
{
    return bytes_make(text, (size_t)snprintf(text, 16, "many-%u", counter));
}

static void add_to_all(struct store *store, int64_t items, int64_t bytes)
{
    struct store_mutation *mutation = store_mutation_create();
    char text[16];

    /* A group is written if it changes something besides. */
    store_mutation_put(mutation, STORE_DATA, BYTES("row"), STORE_NO_STAMP, BYTES("value"),
                       STORE_NO_STAMP);
    for (unsigned i = 0; i < MANY; i++)
        store_mutation_count(mutation, name_of(i, text), items,
                             bytes + (bytes > 0 ? 1 : -1) * (int64_t)i);
    CHECK_OK(store_submit_and_wait(store, NULL, &mutation));
    store_mutation_destroy(&mutation);
}

TEST(counters_that_are_not_kept_are_loaded_again)
{
    struct store_options options = {.queue_bytes_max = 64 << 20};
    struct store_count count;
    struct store *store;
    struct arena arena;
    struct bytes record;
    struct fault fault;
    char text[16];

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(store_open(&options, &fault, &store));
    add_to_all(store, 1, 10);
    add_to_all(store, 2, 5);
    for (unsigned i = 0; i < MANY; i += 997) {
        CHECK_OK(store_count(store, name_of(i, text), &count));
        CHECK_U64(count.items, 3);
        CHECK_U64(count.bytes, 15 + 2 * i);
    }
    CHECK_OK(store_get(store, NULL, STORE_DATA, BYTES("many-0"), true, &arena, &record));
    add_to_all(store, -1, -10);
    add_to_all(store, -2, -5);
    for (unsigned i = 0; i < MANY; i += 997) {
        CHECK_OK(store_count(store, name_of(i, text), &count));
        CHECK_U64(count.items, 0);
        CHECK_U64(count.bytes, 0);
    }
    /* At zero there is no record. */
    CHECK_ERR(store_get(store, NULL, STORE_DATA, BYTES("many-0"), true, &arena, &record),
              ERR_ABSENT);
    store_close(&store);
    arena_fini(&arena);
}
