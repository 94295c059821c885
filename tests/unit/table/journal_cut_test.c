/* journal_cut_test.c - the record of the cut, and what it means. */
#include "table/journal_cut.h"
#include "table/stream.h"
#include "table/table_keys.h"
#include "unit.h"

#define NOON_MS (UINT64_C(1800000000) * 1000)

static struct store *open_store(void)
{
    struct store_options options = {.queue_bytes_max = 1 << 20};
    struct store *store;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(store_open(&options, &fault, &store));
    arena_fini(&arena);
    return store;
}

/* What a released version wrote: never change these bytes, add another test beside this one. */
TEST(journal_cut_golden)
{
    static const uint8_t golden[] = {1, 1, 2, 3, 4, 5, 6, 7, 8};
    struct store *store = open_store();
    struct journal_cut cut = {0}, read = {0};
    struct arena arena;
    struct bytes record;

    arena_init(&arena);
    CHECK_OK(journal_cut_read(store, &read));
    CHECK_U64(read.version, 0);
    CHECK_OK(journal_cut_move(store, &cut, 0x0102030405060708));
    CHECK_OK(store_get(store, NULL, STORE_DATA, table_meta_key(BYTES("journal-cut"), &arena), true,
                       &arena, &record));
    CHECK(bytes_equal(record, bytes_make(golden, sizeof(golden))));
    CHECK_OK(journal_cut_move(store, &cut, 7)); /* never back */
    CHECK_OK(journal_cut_read(store, &read));
    CHECK_U64(read.version, 0x0102030405060708);
    arena_fini(&arena);
    store_close(&store);
}

static enum err read_from(struct store *store, struct bytes value)
{
    struct store_mutation *mutation = store_mutation_create();
    struct journal_cut cut = {0};
    struct arena arena;

    arena_init(&arena);
    store_mutation_put(mutation, STORE_DATA, table_meta_key(BYTES("journal-cut"), &arena),
                       STORE_NO_STAMP, value, STORE_NO_STAMP);
    CHECK_OK(store_submit_and_wait(store, NULL, &mutation));
    arena_fini(&arena);
    return journal_cut_read(store, &cut);
}

TEST(journal_cut_that_cannot_be_read)
{
    struct store *store = open_store();

    CHECK_ERR(read_from(store, BYTES("\1")), ERR_CORRUPT);
    CHECK_ERR(read_from(store, BYTES("")), ERR_CORRUPT);
    CHECK_ERR(read_from(store, BYTES("\2whatever")), ERR_NEWER_FORMAT);
    store_close(&store);
}

TEST(journal_cut_or_the_day)
{
    struct journal_cut cut = {0};

    CHECK_U64(journal_cut_horizon(&cut, NOON_MS), stream_horizon(NOON_MS));
    cut.version = (NOON_MS - 1000) << 16;
    CHECK_U64(journal_cut_horizon(&cut, NOON_MS), (NOON_MS - 1000) << 16);
    CHECK_U64(journal_cut_horizon(&cut, NOON_MS + 2 * STREAM_RETENTION_MS),
              stream_horizon(NOON_MS + 2 * STREAM_RETENTION_MS));
}
