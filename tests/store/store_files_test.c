/* store_files_test.c - more files than RocksDB opens at the start. */
#include "base/arena.h"
#include "store/store_bulk.h"
#include "unit.h"

#include <stdio.h>

#define FILES     40  /* it opens 16 */
#define FILES_MAX 500 /* without a maximum it opens all */

static struct store *open_store(const char *path, struct arena *arena)
{
    struct store_options options = {.path = path,
                                    .cache_bytes = 8 << 20,
                                    .image_bytes = 1 << 20,
                                    .queue_bytes_max = 64 << 20,
                                    .files_max = FILES_MAX};
    struct store *store = NULL;
    struct fault fault;

    fault_init(&fault, arena);
    CHECK_OK(store_open(&options, &fault, &store));
    return store;
}

static enum err see(void *ctx, struct bytes key, struct bytes value)
{
    return OK;
}

/* One row, which comes into a file of its own. */
static void put_file(struct store *store, const char *key)
{
    struct store_bulk_options options = {.ascending = true, .row = see};
    struct store_bulk *bulk = store_bulk_begin(store, &options);

    CHECK_OK(store_bulk_put(bulk, bytes_of_string(key), bytes_of_string(key)));
    CHECK_OK(store_bulk_finish(&bulk));
}

static void put(struct store *store, const char *key, const char *value)
{
    struct store_mutation *m = store_mutation_create();

    store_mutation_put(m, STORE_DATA, bytes_of_string(key), STORE_NO_STAMP, bytes_of_string(value),
                       STORE_NO_STAMP);
    CHECK_OK(store_submit_and_wait(store, NULL, &m));
}

static void check_row(struct store *store, const struct store_snapshot *snapshot, struct bytes key,
                      struct arena *arena)
{
    struct bytes value = {0};
    enum err err = store_get(store, snapshot, STORE_DATA, key, false, arena, &value);

    if (err == ERR_WOULD_BLOCK)
        err = store_get(store, snapshot, STORE_DATA, key, true, arena, &value);
    CHECK_OK(err);
    CHECK(bytes_equal(value, key));
}

/* One that may not wait gives all rows of the range, or says that it has to. */
static void check_cursor(struct store *store, bool backward)
{
    const struct store_range range = {BYTES("row"), BYTES("rox"), backward};
    struct store_cursor *cursor = store_cursor_open(store, NULL, STORE_DATA, range, false);
    struct bytes key, value;
    unsigned count = 0;
    enum err err;

    while ((err = store_cursor_next(cursor, &key, &value)) == OK) {
        CHECK(bytes_equal(key, value));
        count++;
    }
    CHECK(err == ERR_WOULD_BLOCK || (err == ERR_ABSENT && count == FILES));
    store_cursor_close(&cursor);
}

TEST(store_rows_of_files_that_are_not_open_are_waited_for)
{
    struct store_snapshot *snapshot;
    struct bytes value;
    struct store *store;
    struct arena arena;
    char path[256], key[32];

    arena_init(&arena);
    snprintf(path, sizeof(path), "%s/data", unit_temp_dir());
    store = open_store(path, &arena);
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(key, sizeof(key), "row%06u", i);
        put_file(store, key);
    }
    put(store, "tables", "many"); /* a store without a commit begins anew */
    store_close(&store);

    store = open_store(path, &arena);
    check_cursor(store, false);
    check_cursor(store, true);
    snapshot = store_snapshot_begin(store);
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(key, sizeof(key), "row%06u", i);
        check_row(store, i % 2 == 0 ? NULL : snapshot, bytes_of_string(key), &arena);
        /* Once it was waited for, it is there. */
        CHECK_OK(store_get(store, NULL, STORE_DATA, bytes_of_string(key), false, &arena, &value));
        CHECK_TEXT(value, key);
    }
    store_snapshot_end(store, &snapshot);
    store_close(&store);
    arena_fini(&arena);
}
