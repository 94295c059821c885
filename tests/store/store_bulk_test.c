/* store_bulk_test.c - many rows at once, on each engine. */
#include "store/store_bulk.h"
#include "store_bed.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(struct bed *bed, const char *key, const char *value)
{
    struct store_mutation *m = store_mutation_create();

    store_mutation_put(m, STORE_DATA, bytes_of_string(key), STORE_NO_STAMP, bytes_of_string(value),
                       STORE_NO_STAMP);
    store_mutation_count(m, BYTES("~counter"), 1, 0);
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &m));
}

static const char *get(struct bed *bed, const struct store_snapshot *snapshot, const char *key)
{
    struct bytes value;
    enum err err = store_get(bed->store, snapshot, STORE_DATA, bytes_of_string(key), true,
                             &bed->arena, &value);

    return err == OK ? (const char *)value.data : err_name(err);
}

/* How many rows a range has; each must be "value of its key", and follow the one before. */
static unsigned walk(struct bed *bed, const char *from, const char *to, bool backward)
{
    struct store_range range = {bytes_of_string(from), bytes_of_string(to), backward};
    struct store_cursor *cursor = store_cursor_open(bed->store, NULL, STORE_DATA, range, true);
    struct bytes key, value;
    char last[64] = "";
    unsigned count = 0;
    enum err err;

    while ((err = store_cursor_next(cursor, &key, &value)) == OK) {
        if (count++ != 0)
            CHECK(backward ? bytes_compare(key, bytes_of_string(last)) < 0
                           : bytes_compare(key, bytes_of_string(last)) > 0);
        snprintf(last, sizeof(last), "%.*s", BYTES_ARGS(key));
        CHECK(value.size > key.size && memcmp(value.data, key.data, key.size) == 0);
    }
    CHECK_ERR(err, ERR_ABSENT);
    store_cursor_close(&cursor);
    return count;
}

static unsigned files_in(struct bed *bed, const char *folder)
{
    char path[300];
    struct dirent *entry;
    unsigned count = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/%s", bed->path, folder);
    dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.';
    if (dir != NULL)
        closedir(dir);
    return count;
}

struct seen {
    char last[64];
    unsigned count;
    unsigned fail_at;
};

static enum err see(void *ctx, struct bytes key, struct bytes value)
{
    struct seen *seen = ctx;

    (void)value;
    CHECK(seen->count == 0 || bytes_compare(key, bytes_of_string(seen->last)) > 0);
    snprintf(seen->last, sizeof(seen->last), "%.*s", BYTES_ARGS(key));
    return ++seen->count == seen->fail_at ? ERR_CANCELLED : OK;
}

static struct store_bulk *begin(struct bed *bed, size_t buffer_bytes, bool ascending,
                                struct seen *seen)
{
    struct store_bulk_options options = {
        .buffer_bytes = buffer_bytes, .ascending = ascending, .row = see, .ctx = seen};

    return store_bulk_begin(bed->store, &options);
}

static void bulk_put(struct store_bulk *bulk, unsigned n, const char *rest)
{
    char key[32], value[64];

    snprintf(key, sizeof(key), "row%06u", n);
    snprintf(value, sizeof(value), "%s %s", key, rest);
    CHECK_OK(store_bulk_put(bulk, bytes_of_string(key), bytes_of_string(value)));
}

/* Each of `count` keys, in no order, three times. */
static void put_rows(struct store_bulk *bulk, unsigned count)
{
    static const char *const rests[] = {"first", "second", "last"};

    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < count; i++)
            bulk_put(bulk, (unsigned)((uint64_t)i * (7919 + 2 * round) % count), rests[round]);
}

static void bulk_rows_come_out_sorted(struct bed *bed, size_t buffer_bytes)
{
    const unsigned count = 5003;
    struct seen seen = {0};
    struct store_bulk *bulk = begin(bed, buffer_bytes, false, &seen);

    put(bed, "a", "a before");
    put(bed, "z", "z before");
    put_rows(bulk, count);
    CHECK_OK(store_bulk_finish(&bulk));
    CHECK(bulk == NULL);
    CHECK_U64(seen.count, count);
    CHECK_U64(walk(bed, "row", "rox", false), count);
    CHECK_U64(walk(bed, "row", "rox", true), count);
    CHECK_U64(walk(bed, "a", "~", false), count + 2);
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "row000000")), "row000000 last");
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "row005002")), "row005002 last");
    CHECK_U64(files_in(bed, "bulk"), 0);
}

static void bulk_sorts_in_memory(struct bed *bed)
{
    bulk_rows_come_out_sorted(bed, 16 << 20);
}

/* Some 300 of them, so that they are also merged on the way. */
static void bulk_sorts_in_runs(struct bed *bed)
{
    bulk_rows_come_out_sorted(bed, 3000);
}

static void bulk_rows_can_change(struct bed *bed)
{
    struct seen seen = {0};
    struct store_bulk *bulk = begin(bed, 1 << 20, false, &seen);
    struct store_snapshot *before = store_snapshot_begin(bed->store), *after;
    struct store_mutation *m;
    struct store_count count;
    struct bytes value;

    put_rows(bulk, 100);
    CHECK_OK(store_bulk_finish(&bulk));
    after = store_snapshot_begin(bed->store);
    put(bed, "row000007", "row000007 again");
    m = store_mutation_create();
    store_mutation_delete(m, STORE_DATA, BYTES("row000008"));
    store_mutation_count(m, BYTES("~counter"), -1, 0);
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &m));
    CHECK_TEXT(bytes_of_string(get(bed, before, "row000007")), "ABSENT");
    CHECK_TEXT(bytes_of_string(get(bed, after, "row000007")), "row000007 last");
    CHECK_TEXT(bytes_of_string(get(bed, after, "row000008")), "row000008 last");
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "row000007")), "row000007 again");
    CHECK_U64(walk(bed, "row", "rox", false), 99);
    CHECK_OK(store_read(bed->store, BYTES("row000009"), true, &bed->arena, &value));
    CHECK_TEXT(value, "row000009 last");
    CHECK_ERR(store_read(bed->store, BYTES("row000008"), true, &bed->arena, &value), ERR_ABSENT);
    CHECK_OK(store_count(bed->store, BYTES("~counter"), &count));
    CHECK_U64(count.items, 0);
    store_snapshot_end(bed->store, &before);
    store_snapshot_end(bed->store, &after);
}

static void bulk_takes_ascending_rows(struct bed *bed)
{
    struct seen seen = {0};
    struct store_bulk *bulk = begin(bed, 0, true, &seen);

    for (unsigned i = 0; i < 1000; i++)
        bulk_put(bulk, i, "value");
    CHECK_U64(seen.count, 1000);
    CHECK_OK(store_bulk_finish(&bulk));
    CHECK_U64(walk(bed, "row", "rox", false), 1000);

    bulk = begin(bed, 0, true, &seen);
    bulk_put(bulk, 2001, "value");
    CHECK_ERR(store_bulk_put(bulk, BYTES("row002001"), BYTES("again")), ERR_CORRUPT);
    CHECK_ERR(store_bulk_put(bulk, BYTES("row002000"), BYTES("back")), ERR_CORRUPT);
    store_bulk_abandon(&bulk);
}

static void bulk_that_is_abandoned_leaves_nothing(struct bed *bed)
{
    struct seen seen = {.fail_at = 50};
    struct store_bulk *bulk = begin(bed, 1000, false, &seen);

    put_rows(bulk, 100);
    store_bulk_abandon(&bulk);
    CHECK(bulk == NULL);
    bulk = begin(bed, 1000, false, &seen);
    put_rows(bulk, 100);
    CHECK_ERR(store_bulk_finish(&bulk), ERR_CANCELLED);
    CHECK(bulk == NULL);
    CHECK_U64(seen.count, 50);
    CHECK_U64(walk(bed, "row", "rox", false), 0);
    CHECK_U64(files_in(bed, "bulk"), 0);
    bulk = begin(bed, 1000, false, &seen);
    CHECK_OK(store_bulk_finish(&bulk)); /* of no rows at all */
}

static bool is_stopping(const void *ctx)
{
    return *(const bool *)ctx;
}

static void bulk_ends_when_it_is_told_to(struct bed *bed)
{
    bool stop = false;
    struct store_bulk_options options = {
        .buffer_bytes = 1000, .stopping = is_stopping, .stopping_ctx = &stop};
    struct store_bulk *bulk = store_bulk_begin(bed->store, &options);

    put_rows(bulk, 1000);
    stop = true;
    CHECK_ERR(store_bulk_finish(&bulk), ERR_CANCELLED);
    CHECK_U64(walk(bed, "row", "rox", false), 0);
    CHECK_U64(files_in(bed, "bulk"), 0);
}

struct writer {
    struct bed *bed;
    _Atomic bool stop;
    unsigned written;
};

static void *write_on(void *ctx)
{
    struct writer *writer = ctx;
    char key[32], value[64];

    while (!writer->stop || writer->written < 10) {
        snprintf(key, sizeof(key), "other%06u", writer->written++);
        snprintf(value, sizeof(value), "%s value", key);
        put(writer->bed, key, value);
    }
    return NULL;
}

static void bulk_goes_beside_other_writes(struct bed *bed)
{
    struct writer writer = {.bed = bed};
    struct store_count count;
    pthread_t thread;

    pthread_create(&thread, NULL, write_on, &writer);
    for (unsigned round = 0; round < 10; round++) {
        struct seen seen = {0};
        struct store_bulk *bulk = begin(bed, 4000, false, &seen);

        for (unsigned i = 0; i < 500; i++)
            bulk_put(bulk, round * 1000 + i, "value");
        CHECK_OK(store_bulk_finish(&bulk));
        CHECK_U64(walk(bed, "row", "rox", false), 500 * (round + 1));
    }
    writer.stop = true;
    pthread_join(thread, NULL);
    CHECK_U64(walk(bed, "other", "othes", false), writer.written);
    CHECK_OK(store_count(bed->store, BYTES("~counter"), &count));
    CHECK_U64(count.items, writer.written);
}

ON_EACH_ENGINE(bulk_sorts_in_memory)
ON_EACH_ENGINE(bulk_sorts_in_runs)
ON_EACH_ENGINE(bulk_rows_can_change)
ON_EACH_ENGINE(bulk_takes_ascending_rows)
ON_EACH_ENGINE(bulk_that_is_abandoned_leaves_nothing)
ON_EACH_ENGINE(bulk_ends_when_it_is_told_to)
ON_EACH_ENGINE(bulk_goes_beside_other_writes)

TEST(store_rocks_bulk_stays_over_a_restart)
{
    struct bed bed = {0};
    struct seen seen = {0};
    struct store_bulk *bulk;
    char path[300];
    FILE *left;

    bed_open(&bed, true);
    put(&bed, "a", "a value");
    bulk = begin(&bed, 1000, false, &seen);
    put_rows(bulk, 100);
    CHECK_OK(store_bulk_finish(&bulk));
    bed_close(&bed);
    snprintf(path, sizeof(path), "%s/bulk", bed.path);
    CHECK(access(path, F_OK) != 0);

    CHECK(mkdir(path, 0700) == 0); /* as a process that was killed leaves it */
    snprintf(path, sizeof(path), "%s/bulk/0", bed.path);
    left = fopen(path, "w");
    CHECK(left != NULL && fclose(left) == 0);
    bed_open(&bed, true);
    CHECK_U64(files_in(&bed, "bulk"), 0);
    CHECK_U64(walk(&bed, "row", "rox", false), 100);
    bulk = begin(&bed, 1000, false, &seen);
    for (unsigned i = 1000; i < 1100; i++)
        bulk_put(bulk, i, "value");
    CHECK_OK(store_bulk_finish(&bulk));
    bed_close(&bed);
    bed_open(&bed, true);
    CHECK_U64(walk(&bed, "row", "rox", false), 200);
    bed_close(&bed);
}

/* What is missing at the end of a scratch file is no end. */
TEST(store_rocks_bulk_misses_what_is_cut_off)
{
    struct bed bed = {0};
    struct seen seen = {0};
    struct store_bulk *bulk;
    char path[600];
    const struct dirent *entry;
    unsigned cut = 0;
    DIR *folder;

    bed_open(&bed, true);
    bulk = begin(&bed, 1000, false, &seen);
    put_rows(bulk, 100);
    snprintf(path, sizeof(path), "%s/bulk", bed.path);
    folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof(path), "%s/bulk/%s", bed.path, entry->d_name);
        cut += entry->d_name[0] != '.' && truncate(path, 4) == 0; /* half of the first size */
    }
    if (folder != NULL)
        closedir(folder);
    CHECK(cut > 0);
    CHECK_ERR(store_bulk_finish(&bulk), ERR_IO);
    store_bulk_abandon(&bulk);
    bed_close(&bed);
}
