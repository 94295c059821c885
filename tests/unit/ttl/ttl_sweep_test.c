/* ttl_sweep_test.c - batches of expired items, and the thread that takes them. */
#include "table/index_fixture.h"
#include "ttl/ttl_service.h"
#include "ttl/ttl_sweep.h"

#include <pthread.h>
#include <stdatomic.h>

#define NOW_MS UINT64_C(1700000000500)

static void open_bed(struct index_bed *bed, unsigned index_count)
{
    index_bed_open(bed);
    index_bed_create(bed, index_count);
    index_bed_expire_by(bed, "until");
    index_bed_wait_for_expiry(bed);
}

/* An item with all keys of the other indexes. */
static void put(struct index_bed *bed, unsigned key, uint64_t until_s)
{
    struct arena_mark mark = arena_mark(&bed->arena);
    struct bytes json =
        arena_format(&bed->arena,
                     "{\"pk\":{\"S\":\"p%u\"},\"sk\":{\"N\":\"%u\"},\"l\":{\"N\":\"1\"},"
                     "\"g\":{\"S\":\"g\"},\"until\":{\"N\":\"%llu\"}}",
                     key % 7, key, (unsigned long long)until_s);

    CHECK_OK(index_bed_put(bed, (const char *)json.data));
    arena_release(&bed->arena, mark);
}

static uint64_t item_count(struct index_bed *bed)
{
    struct table_check_report report;

    CHECK_U64(index_bed_check(bed, &report).count, 0);
    return report.items;
}

/* Batches until there is no more; how many were deleted. */
static unsigned sweep(struct index_bed *bed, uint64_t now_ms, unsigned *batches)
{
    unsigned all = 0, deleted;
    enum err err = OK;

    for (*batches = 0; err == OK; ++*batches) {
        err = ttl_sweep(bed->catalog, bed->table, now_ms, &deleted);
        CHECK(deleted <= TTL_SWEEP_ITEMS_MAX);
        all += deleted;
    }
    CHECK_ERR(err, ERR_ABSENT);
    return all;
}

TEST(ttl_sweep_deletes_what_is_due_in_bounded_batches)
{
    struct index_bed bed = {0};
    unsigned batches;

    open_bed(&bed, 3);
    for (unsigned i = 0; i < 300; i++)
        put(&bed, i, 1700000000);
    for (unsigned i = 300; i < 350; i++)
        put(&bed, i, 1700000001);
    CHECK_U64(sweep(&bed, 1700000000000, &batches), 0); /* not due yet */
    CHECK_U64(atomic_load(&table_expiry(bed.table)->first_s), 1700000000);
    CHECK_U64(sweep(&bed, NOW_MS, &batches), 300);
    CHECK_U64(batches, (300 + TTL_SWEEP_ITEMS_MAX - 1) / TTL_SWEEP_ITEMS_MAX);
    CHECK_U64(item_count(&bed), 50);
    CHECK_U64(index_bed_count_expiring(&bed), 50);
    CHECK_U64(atomic_load(&table_expiry(bed.table)->first_s), 1700000001);
    CHECK_U64(sweep(&bed, NOW_MS, &batches), 0);
    CHECK_U64(batches, 1);
    CHECK_U64(sweep(&bed, NOW_MS + 1000, &batches), 50);
    CHECK_U64(item_count(&bed), 0);
    CHECK_U64(atomic_load(&table_expiry(bed.table)->deleted), 350);
    CHECK_U64(atomic_load(&table_expiry(bed.table)->first_s), UINT64_MAX);
    index_bed_close(&bed);
}

TEST(ttl_sweep_leaves_what_is_too_old_and_what_was_put_before_its_place_to_the_next)
{
    struct index_bed bed = {0};
    unsigned batches, deleted;

    open_bed(&bed, 0);
    put(&bed, 0, 1700000000 - INDEX_EXPIRY_AGE_S_MAX - 1);
    for (unsigned i = 1; i <= 200; i++)
        put(&bed, i, 1700000000);
    CHECK_OK(ttl_sweep(bed.catalog, bed.table, NOW_MS, &deleted));
    CHECK_U64(deleted, TTL_SWEEP_ITEMS_MAX);
    CHECK(atomic_load(&table_expiry(bed.table)->goes_on));
    put(&bed, 300, 1600000000); /* before the place */
    for (unsigned i = 400; i < 420; i++)
        put(&bed, i, 1700000000); /* some before it, in its second */
    CHECK_U64(sweep(&bed, NOW_MS, &batches), 200 + 20 + 1 - TTL_SWEEP_ITEMS_MAX);
    CHECK_U64(item_count(&bed), 1);
    index_bed_close(&bed);
}

/* Between the reading of what is due and the deletes: the entry is there, the item is another. */
TEST(ttl_sweep_decides_on_the_item_as_it_is_then)
{
    struct index_bed bed = {0};
    struct store_mutation *mutation;
    struct index_diff diff;
    unsigned batches;

    open_bed(&bed, 0);
    put(&bed, 1, 1800000000);
    index_diff(&bed.table->definition, &bed.table->definition.ttl.index,
               catalog_hash_key(bed.catalog), item_absent().attributes,
               value_make_map("{\"pk\":{\"S\":\"p1\"},\"sk\":{\"N\":\"1\"},\"until\":{\"N\":"
                              "\"1700000000\"}}",
                              &bed.arena),
               &bed.arena, &diff);
    mutation = store_mutation_create();
    store_mutation_put_guarded(mutation, diff.new_key, BYTES(""), STORE_NO_STAMP);
    CHECK_OK(store_submit_and_wait(bed.store, NULL, &mutation));
    store_mutation_destroy(&mutation);
    index_expiry_added(table_expiry(bed.table), diff.new_key);
    CHECK_U64(sweep(&bed, NOW_MS, &batches), 0);
    CHECK_U64(batches, 1);
    mutation = store_mutation_create();
    store_mutation_delete_guarded(mutation, diff.new_key);
    CHECK_OK(store_submit_and_wait(bed.store, NULL, &mutation));
    store_mutation_destroy(&mutation);
    CHECK_U64(item_count(&bed), 1);
    index_bed_close(&bed);
}

/* A batch that was read before has the definition before, too. */
TEST(ttl_sweep_deletes_nothing_once_it_is_turned_off)
{
    struct index_bed bed = {0};
    struct table *before;
    unsigned batches, deleted = 0;

    open_bed(&bed, 0);
    for (unsigned i = 0; i < 10; i++)
        put(&bed, i, 1700000000);
    before = table_acquire(bed.table); /* and with it the index */
    index_bed_expire_by(&bed, NULL);
    CHECK_ERR(ttl_sweep(bed.catalog, before, NOW_MS, &deleted), ERR_ABSENT);
    CHECK_U64(deleted, 0);
    table_release(&before);
    index_bed_expire_by(&bed, "until");
    index_bed_wait_for_expiry(&bed);
    CHECK_U64(sweep(&bed, NOW_MS, &batches), 10);
    index_bed_close(&bed);
}

TEST(ttl_sweep_of_large_items)
{
    struct index_bed bed = {0};
    struct bytes text;
    unsigned batches;

    open_bed(&bed, 0);
    text = bytes_make(arena_alloc(&bed.arena, 300000), 300000);
    memset((void *)(uintptr_t)text.data, 'x', text.size);
    for (unsigned i = 0; i < 40; i++) {
        struct arena_mark mark = arena_mark(&bed.arena);
        struct bytes json = arena_format(&bed.arena,
                                         "{\"pk\":{\"S\":\"p\"},\"sk\":{\"N\":\"%u\"},\"until\":"
                                         "{\"N\":\"1700000000\"},\"c\":{\"S\":\"%.*s\"}}",
                                         i, BYTES_ARGS(text));

        CHECK_OK(index_bed_put(&bed, (const char *)json.data));
        arena_release(&bed.arena, mark);
    }
    CHECK_U64(sweep(&bed, NOW_MS, &batches), 40);
    CHECK_U64(item_count(&bed), 0);
    index_bed_close(&bed);
}

/* --- the thread ------------------------------------------------------------------------------- */

static void wait_for_items(struct index_bed *bed, uint64_t count)
{
    uint64_t until_ms = clock_mono_ms() + 20000;
    struct bytes key = table_count_key(bed->table->definition.id, 0, &bed->arena);
    struct store_count now = {0};

    do {
        struct timespec pause = {.tv_nsec = 1000000};

        nanosleep(&pause, NULL); /* sleep: polling for the items to go */
        index_bed_find(bed);     /* whoever holds an older definition holds up the index */
        CHECK_OK(store_count(bed->store, key, &now));
    } while (now.items != count && clock_mono_ms() < until_ms);
    CHECK_U64(now.items, count);
}

TEST(ttl_service_follows_the_clock)
{
    struct index_bed bed = {0};
    struct ttl_service *service;

    clock_set_test(NOW_MS);
    open_bed(&bed, 1);
    CHECK_OK(ttl_service_start(bed.catalog, 1, &bed.fault, &service));
    for (unsigned i = 0; i < 300; i++)
        put(&bed, i, 1700003600 + i / 100);
    put(&bed, 1000, 1700000000); /* comes late */
    wait_for_items(&bed, 300);
    clock_set_test(NOW_MS + 3600 * 1000);
    wait_for_items(&bed, 200);
    clock_set_test(NOW_MS + 3602 * 1000);
    wait_for_items(&bed, 0);
    /* What was there before expiry is turned on. */
    index_bed_expire_by(&bed, NULL);
    put(&bed, 1, 1700000000);
    index_bed_expire_by(&bed, "until");
    wait_for_items(&bed, 0);
    index_bed_wait_for_expiry(&bed);
    ttl_service_stop(&service);
    index_bed_check_ok(&bed);
    clock_set_test(0);
    index_bed_close(&bed);
}

struct rescuer {
    struct index_bed *bed;
    _Atomic bool stops;
};

/* Moves items to and fro: what is to expire in a second, or not. */
static void *move_on(void *arg)
{
    struct rescuer *rescuer = arg;
    uint64_t chance = 41;
    struct arena arena;

    arena_init(&arena);
    while (!atomic_load(&rescuer->stops)) {
        struct arena_mark mark = arena_mark(&arena);
        struct table *table = catalog_acquire(rescuer->bed->catalog, index_bed_table.account,
                                              index_bed_table.region, index_bed_table.name);
        unsigned key = chance_below(&chance, 500);
        struct bytes json = arena_format(
            &arena, "{\"pk\":{\"S\":\"p%u\"},\"sk\":{\"N\":\"%u\"},\"until\":{\"N\":\"%llu\"}}",
            key % 7, key,
            (unsigned long long)(clock_wall_ms() / 1000 + chance_below(&chance, 3) - 1));

        CHECK_OK(index_bed_write(rescuer->bed, table, TABLE_PUT,
                                 value_make_map((const char *)json.data, &arena), 0));
        table_release(&table);
        arena_release(&arena, mark);
    }
    arena_fini(&arena);
    return NULL;
}

TEST(ttl_service_works_while_items_are_moved)
{
    struct index_bed bed = {0};
    struct rescuer rescuer = {.bed = &bed};
    uint64_t until_ms = clock_mono_ms() + 20000;
    struct ttl_service *service;
    pthread_t threads[2];

    open_bed(&bed, 0);
    CHECK_OK(ttl_service_start(bed.catalog, 1, &bed.fault, &service));
    for (unsigned i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, move_on, &rescuer);
    while (atomic_load(&table_expiry(bed.table)->deleted) < 1000 && clock_mono_ms() < until_ms) {
        struct timespec pause = {.tv_nsec = 1000000};

        nanosleep(&pause, NULL); /* sleep: polling for items to expire */
    }
    atomic_store(&rescuer.stops, true);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK(atomic_load(&table_expiry(bed.table)->deleted) >= 1000);
    wait_for_items(&bed, 0);
    ttl_service_stop(&service);
    index_bed_check_ok(&bed);
    index_bed_close(&bed);
}
