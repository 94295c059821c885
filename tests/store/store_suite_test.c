/* store_suite_test.c - what every engine must do: one suite, run on each. */
#include "base/folder_fault.h"
#include "base/rng.h"
#include "store_bed.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static enum err put(struct bed *bed, const char *key, const char *value)
{
    struct store_mutation *m = store_mutation_create();

    store_mutation_put(m, STORE_DATA, bytes_of_string(key), STORE_NO_STAMP, bytes_of_string(value),
                       STORE_NO_STAMP);
    return store_submit_and_wait(bed->store, NULL, &m);
}

static enum err delete (struct bed *bed, const char *key) {
    struct store_mutation *m = store_mutation_create();

    store_mutation_delete(m, STORE_DATA, bytes_of_string(key));
    return store_submit_and_wait(bed->store, NULL, &m);
}

static const char *get(struct bed *bed, const struct store_snapshot *snapshot, const char *key)
{
    struct bytes value;
    enum err err = store_get(bed->store, snapshot, STORE_DATA, bytes_of_string(key), true,
                             &bed->arena, &value);

    return err == OK ? (const char *)value.data : err_name(err);
}

/* Keys of a range, joined by a space. */
static struct bytes walk(struct bed *bed, const struct store_snapshot *snapshot, const char *from,
                         const char *to, bool backward)
{
    struct store_range range = {bytes_of_string(from), bytes_of_string(to), backward};
    struct store_cursor *cursor = store_cursor_open(bed->store, snapshot, STORE_DATA, range, true);
    struct bytes key, value, text = BYTES("");
    enum err err;

    while ((err = store_cursor_next(cursor, &key, &value)) == OK)
        if (key.data[0] != 0) /* the store's own records */
            text = arena_format(&bed->arena, "%.*s%s%.*s", BYTES_ARGS(text), text.size ? " " : "",
                                BYTES_ARGS(key));
    CHECK_ERR(err, ERR_ABSENT);
    store_cursor_close(&cursor);
    return text;
}

static void gets_what_was_put(struct bed *bed)
{
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "a")), "ABSENT");
    CHECK_OK(put(bed, "a", "1"));
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "a")), "1");
    CHECK_OK(put(bed, "a", "2"));
    CHECK_OK(put(bed, "b", ""));
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "a")), "2");
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "b")), "");
    CHECK_OK(delete (bed, "a"));
    CHECK_OK(delete (bed, "never there"));
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "a")), "ABSENT");
}

static void walks_ranges_in_both_directions(struct bed *bed)
{
    static const char *const keys[] = {"b", "a", "e", "aa", "d", "c"};

    for (unsigned i = 0; i < 6; i++)
        CHECK_OK(put(bed, keys[i], "x"));
    CHECK_OK(delete (bed, "d"));
    CHECK_TEXT(walk(bed, NULL, "", "", false), "a aa b c e");
    CHECK_TEXT(walk(bed, NULL, "", "", true), "e c b aa a");
    CHECK_TEXT(walk(bed, NULL, "aa", "e", false), "aa b c");
    CHECK_TEXT(walk(bed, NULL, "aa", "e", true), "c b aa");
    CHECK_TEXT(walk(bed, NULL, "ab", "d", true), "c b");
    CHECK_TEXT(walk(bed, NULL, "f", "g", false), "");
    CHECK_TEXT(walk(bed, NULL, "f", "g", true), "");
}

static void snapshots_and_cursors_see_one_state(struct bed *bed)
{
    struct store_snapshot *before, *between;
    struct store_cursor *cursor;
    struct bytes key, value;

    CHECK_OK(put(bed, "a", "1"));
    CHECK_OK(put(bed, "b", "1"));
    before = store_snapshot_begin(bed->store);
    CHECK_OK(put(bed, "a", "2"));
    CHECK_OK(delete (bed, "b"));
    CHECK_OK(put(bed, "c", "2"));
    between = store_snapshot_begin(bed->store);
    cursor = store_cursor_open(bed->store, NULL, STORE_DATA,
                               (struct store_range){BYTES("a"), BYTES("z"), false}, true);
    CHECK_OK(put(bed, "a", "3"));
    CHECK_OK(put(bed, "b", "3"));
    CHECK_OK(delete (bed, "c"));
    CHECK_TEXT(walk(bed, before, "", "", false), "a b");
    CHECK_TEXT(walk(bed, between, "", "", true), "c a");
    CHECK_TEXT(walk(bed, NULL, "", "", false), "a b");
    CHECK_TEXT(bytes_of_string(get(bed, before, "a")), "1");
    CHECK_TEXT(bytes_of_string(get(bed, before, "c")), "ABSENT");
    CHECK_TEXT(bytes_of_string(get(bed, between, "a")), "2");
    CHECK_TEXT(bytes_of_string(get(bed, between, "b")), "ABSENT");
    CHECK_OK(store_cursor_next(cursor, &key, &value));
    CHECK_TEXT(value, "2");
    CHECK_OK(store_cursor_next(cursor, &key, &value));
    CHECK_TEXT(key, "c");
    CHECK_ERR(store_cursor_next(cursor, &key, &value), ERR_ABSENT);
    store_cursor_close(&cursor);
    store_snapshot_end(bed->store, &before);
    store_snapshot_end(bed->store, &between);
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "a")), "3");
}

static void range_deletes_take_what_is_inside(struct bed *bed)
{
    struct store_mutation *m;

    for (char c = 'a'; c <= 'f'; c++)
        CHECK_OK(put(bed, (char[]){c, 0}, "x"));
    m = store_mutation_create();
    store_mutation_delete_range(m, STORE_DATA, BYTES("b"), BYTES("e"));
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &m));
    CHECK_TEXT(walk(bed, NULL, "", "", false), "a e f");
}

static void stamps_versions_that_only_grow(struct bed *bed)
{
    uint64_t last = store_version(bed->store);

    for (int i = 0; i < 100; i++) {
        struct store_mutation *m = store_mutation_create();
        struct bytes value;

        store_mutation_put(m, STORE_DATA, BYTES("k"), STORE_NO_STAMP, BYTES("....12345678"), 4);
        store_mutation_put(m, STORE_JOURNAL, BYTES("j12345678"), 1, BYTES("v"), STORE_NO_STAMP);
        CHECK_OK(store_submit_and_wait(bed->store, NULL, &m));
        CHECK(store_version(bed->store) > last);
        last = store_version(bed->store);
        CHECK_OK(store_get(bed->store, NULL, STORE_DATA, BYTES("k"), true, &bed->arena, &value));
        CHECK_U64(bytes_get_u64(value.data + 4), last);
    }
}

struct outcome {
    sem_t done;
    enum err err;
};

static void note(void *ctx, enum err err, uint64_t version)
{
    struct outcome *outcome = ctx;

    (void)version;
    outcome->err = err;
    sem_post(&outcome->done);
}

static void holds_see_what_is_not_durable_yet(struct bed *bed)
{
    struct bytes keys[2] = {BYTES("a"), BYTES("b")};
    struct store_hold hold;
    struct store_mutation *m = store_mutation_create();
    struct outcome outcome;
    struct bytes value;

    CHECK_OK(put(bed, "a", "old"));
    sem_init(&outcome.done, 0, 0);
    store_hold_begin(bed->store, keys, 2, &hold);
    CHECK_OK(store_newest(&hold, keys[0], NULL, &bed->arena, &value));
    CHECK_TEXT(value, "old");
    CHECK(!hold.saw_pending);
    store_mutation_put(m, STORE_DATA, keys[0], STORE_NO_STAMP, BYTES("new"), STORE_NO_STAMP);
    store_mutation_delete(m, STORE_DATA, keys[1]);
    CHECK_OK(store_submit(bed->store, &hold, &m, note, &outcome));
    /* It cannot be published while we have the latches. */
    CHECK_OK(store_newest(&hold, keys[0], NULL, &bed->arena, &value));
    CHECK_TEXT(value, "new");
    CHECK(hold.saw_pending);
    CHECK_ERR(store_newest(&hold, keys[1], NULL, &bed->arena, &value), ERR_ABSENT);
    store_hold_end(&hold);
    store_kick(bed->store);
    sem_wait(&outcome.done);
    CHECK_OK(outcome.err);
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "a")), "new");
    sem_destroy(&outcome.done);
}

static void loaded_images_end_with_the_next_change(struct bed *bed)
{
    struct bytes key = BYTES("a"), value;
    struct store_loaded loaded = {0};
    struct store_hold hold;
    struct store_mutation *m = store_mutation_create();

    CHECK_OK(put(bed, "a", "1"));
    CHECK_OK(store_load(bed->store, key, &bed->arena, &loaded));
    store_hold_begin(bed->store, &key, 1, &hold);
    store_mutation_put(m, STORE_DATA, key, STORE_NO_STAMP, BYTES("2"), STORE_NO_STAMP);
    CHECK_OK(store_submit_and_wait(bed->store, &hold, &m)); /* ends the hold */
    store_hold_begin(bed->store, &key, 1, &hold);
    CHECK_OK(store_newest(&hold, key, &loaded, &bed->arena, &value));
    CHECK_TEXT(value, "2");
    store_hold_end(&hold);
}

static const char *read_known(struct bed *bed, const char *key)
{
    struct bytes value;
    enum err err = store_read(bed->store, bytes_of_string(key), true, &bed->arena, &value);

    return err == OK ? (const char *)value.data : err_name(err);
}

static enum err put_held(struct bed *bed, const char *key, const char *value)
{
    struct bytes k = bytes_of_string(key);
    struct store_mutation *m = store_mutation_create();
    struct store_hold hold;

    store_hold_begin(bed->store, &k, 1, &hold);
    if (value != NULL)
        store_mutation_put(m, STORE_DATA, k, STORE_NO_STAMP, bytes_of_string(value),
                           STORE_NO_STAMP);
    else
        store_mutation_delete(m, STORE_DATA, k);
    return store_submit_and_wait(bed->store, &hold, &m);
}

static void remembered_images_follow_every_change(struct bed *bed)
{
    struct bytes key = BYTES("a");
    struct store_mutation *m = store_mutation_create();
    struct store_hold hold;
    struct outcome outcome;

    CHECK_TEXT(bytes_of_string(read_known(bed, "a")), "ABSENT");
    CHECK_OK(put_held(bed, "a", "1"));
    CHECK_TEXT(bytes_of_string(read_known(bed, "a")), "1");
    CHECK_OK(put_held(bed, "a", "a much longer image than before"));
    CHECK_TEXT(bytes_of_string(read_known(bed, "a")), "a much longer image than before");
    CHECK_OK(put_held(bed, "a", NULL));
    CHECK_TEXT(bytes_of_string(read_known(bed, "a")), "ABSENT");
    CHECK_OK(put_held(bed, "a", "3"));
    CHECK_TEXT(bytes_of_string(read_known(bed, "a")), "3");

    /* Submitted and not durable: readers still see what was published. */
    sem_init(&outcome.done, 0, 0);
    store_hold_begin(bed->store, &key, 1, &hold);
    store_mutation_put(m, STORE_DATA, key, STORE_NO_STAMP, BYTES("4"), STORE_NO_STAMP);
    CHECK_OK(store_submit(bed->store, &hold, &m, note, &outcome));
    store_hold_end(&hold);
    CHECK_TEXT(bytes_of_string(read_known(bed, "a")), "3");
    store_kick(bed->store);
    sem_wait(&outcome.done);
    CHECK_TEXT(bytes_of_string(read_known(bed, "a")), "4");
    sem_destroy(&outcome.done);

    /* More than fits: everything can still be read. */
    for (int i = 0; i < 5000; i++) {
        char name[16];

        snprintf(name, sizeof(name), "n%d", i);
        CHECK_TEXT(bytes_of_string(read_known(bed, name)), "ABSENT");
    }
    CHECK_TEXT(bytes_of_string(read_known(bed, "a")), "4");
}

/* One writer counts up, readers must never see it go back. */
struct watch {
    struct bed *bed;
    _Atomic bool done;
    unsigned went_back;
};

static void *watch_it_grow(void *arg)
{
    struct watch *watch = arg;
    struct arena arena;
    int last = 0;

    arena_init(&arena);
    while (!watch->done) {
        struct bytes value = BYTES("0");
        enum err err = store_read(watch->bed->store, BYTES("w"), true, &arena, &value);
        int now = atoi((const char *)value.data);

        if ((err != OK && err != ERR_ABSENT) || now < last)
            watch->went_back++;
        last = now;
        arena_reset(&arena);
    }
    arena_fini(&arena);
    return NULL;
}

static void reads_never_go_back(struct bed *bed)
{
    struct watch watch = {.bed = bed};
    pthread_t readers[2];
    char text[16];

    for (int i = 0; i < 2; i++)
        pthread_create(&readers[i], NULL, watch_it_grow, &watch);
    for (int i = 1; i <= 1000; i++) {
        snprintf(text, sizeof(text), "%d", i);
        CHECK_OK(put_held(bed, "w", text));
    }
    watch.done = true;
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    CHECK_U64(watch.went_back, 0);
}

static void counts_follow_their_mutations(struct bed *bed)
{
    struct store_count count;
    struct store_mutation *m;

    for (int i = 0; i < 10; i++) {
        m = store_mutation_create();
        store_mutation_put(m, STORE_DATA, BYTES("x"), STORE_NO_STAMP, BYTES("y"), STORE_NO_STAMP);
        store_mutation_count(m, BYTES("counter"), 3, 100);
        store_mutation_count(m, BYTES("counter"), -1, -50);
        CHECK_OK(store_submit_and_wait(bed->store, NULL, &m));
    }
    CHECK_OK(store_count(bed->store, BYTES("counter"), &count));
    CHECK_U64(count.items, 20);
    CHECK_U64(count.bytes, 500);
    m = store_mutation_create();
    store_mutation_forget_count(m, BYTES("counter"));
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &m));
    CHECK_OK(store_count(bed->store, BYTES("counter"), &count));
    CHECK_U64(count.items, 0);
    CHECK_TEXT(bytes_of_string(get(bed, NULL, "counter")), "ABSENT");
}

/* Many threads add one to the same few keys, each under a hold: no addition may be lost. */
#define ADDERS    4
#define ADDITIONS 300
struct adder {
    struct bed *bed;
    unsigned seed;
};

static void *add_many(void *arg)
{
    struct adder *adder = arg;
    struct store *store = adder->bed->store;
    struct arena arena;

    arena_init(&arena);
    for (int i = 0; i < ADDITIONS; i++) {
        char name[2] = {(char)('p' + (i + (int)adder->seed) % 3), 0};
        struct bytes key = bytes_of_string(name), value = BYTES("0");
        struct store_hold hold;
        struct store_mutation *m = store_mutation_create();
        enum err err;

        store_hold_begin(store, &key, 1, &hold);
        err = store_newest(&hold, key, NULL, &arena, &value);
        if (err != OK && err != ERR_ABSENT)
            unit_failed(__FILE__, __LINE__, "newest: %s", err_name(err));
        value = arena_format(&arena, "%d", atoi((const char *)value.data) + 1);
        store_mutation_put(m, STORE_DATA, key, STORE_NO_STAMP, value, STORE_NO_STAMP);
        if (store_submit_and_wait(store, &hold, &m) != OK)
            unit_failed(__FILE__, __LINE__, "submit");
        arena_reset(&arena);
    }
    arena_fini(&arena);
    return NULL;
}

static void concurrent_holds_lose_nothing(struct bed *bed)
{
    pthread_t threads[ADDERS];
    struct adder adders[ADDERS];
    int sum = 0;

    for (unsigned i = 0; i < ADDERS; i++) {
        adders[i] = (struct adder){bed, i};
        pthread_create(&threads[i], NULL, add_many, &adders[i]);
    }
    for (unsigned i = 0; i < ADDERS; i++)
        pthread_join(threads[i], NULL);
    for (char c = 'p'; c < 'p' + 3; c++)
        sum += atoi(get(bed, NULL, (char[]){c, 0}));
    CHECK_U64(sum, ADDERS * ADDITIONS);
}

/* Random operations against a plain sorted array, with snapshots taken on the way. */
#define MODEL_KEYS 40
static void agrees_with_a_plain_model(struct bed *bed)
{
    char model[MODEL_KEYS][12] = {{0}}, then[MODEL_KEYS][12];
    struct store_snapshot *snapshot = NULL;
    uint64_t seed = 88172645463325252ULL;

    for (int step = 0; step < 2000; step++) {
        unsigned k, action;
        char key[8];

        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        k = (unsigned)(seed >> 20) % MODEL_KEYS;
        action = (unsigned)(seed >> 40) % 10;
        snprintf(key, sizeof(key), "k%02u", k);
        if (action < 6) {
            snprintf(model[k], sizeof(model[k]), "%d", step);
            CHECK_OK(put(bed, key, model[k]));
        } else if (action < 9) {
            model[k][0] = 0;
            CHECK_OK(delete (bed, key));
        } else if (snapshot == NULL) {
            snapshot = store_snapshot_begin(bed->store);
            memcpy(then, model, sizeof(then));
        } else {
            for (unsigned i = 0; i < MODEL_KEYS; i++) {
                snprintf(key, sizeof(key), "k%02u", i);
                CHECK_TEXT(bytes_of_string(get(bed, snapshot, key)),
                           then[i][0] ? then[i] : "ABSENT");
            }
            store_snapshot_end(bed->store, &snapshot);
        }
        if (step % 100 == 0) {
            struct bytes text = BYTES("");

            for (unsigned i = 0; i < MODEL_KEYS; i++)
                if (model[i][0])
                    text = arena_format(&bed->arena, "%.*s%sk%02u", BYTES_ARGS(text),
                                        text.size ? " " : "", i);
            CHECK_TEXT(walk(bed, NULL, "k", "l", false), (const char *)text.data);
        }
    }
    store_snapshot_end(bed->store, &snapshot);
}

ON_EACH_ENGINE(gets_what_was_put)
ON_EACH_ENGINE(walks_ranges_in_both_directions)
ON_EACH_ENGINE(snapshots_and_cursors_see_one_state)
ON_EACH_ENGINE(range_deletes_take_what_is_inside)
ON_EACH_ENGINE(stamps_versions_that_only_grow)
ON_EACH_ENGINE(holds_see_what_is_not_durable_yet)
ON_EACH_ENGINE(loaded_images_end_with_the_next_change)
ON_EACH_ENGINE(remembered_images_follow_every_change)
ON_EACH_ENGINE(reads_never_go_back)
ON_EACH_ENGINE(counts_follow_their_mutations)
ON_EACH_ENGINE(concurrent_holds_lose_nothing)
ON_EACH_ENGINE(agrees_with_a_plain_model)

static uint64_t bytes_of(struct bed *bed, const char *from, const char *to)
{
    struct store_range range = {bytes_of_string(from), bytes_of_string(to), false};
    uint64_t bytes = 0;

    CHECK_OK(store_range_bytes(bed->store, STORE_DATA, range, &bytes));
    return bytes;
}

/* About: a part of a file is counted in blocks. */
TEST(store_rocks_measures_ranges)
{
    enum { BODY = 10000, ROWS = 100 };
    static char body[BODY + 1];
    struct bed bed = {0};
    char key[16];

    bed_open(&bed, true);
    for (unsigned i = 0; i < ROWS; i++) {
        for (unsigned at = 0; at < BODY; at++)
            body[at] = (char)('!' + rng_fast() % 90);
        snprintf(key, sizeof(key), "%c%03u", i < ROWS / 2 ? 'a' : 'b', i);
        CHECK_OK(put(&bed, key, body));
    }
    bed_close(&bed); /* into files */
    bed_open(&bed, true);
    CHECK(bytes_of(&bed, "a", "c") > ROWS * BODY / 2);
    CHECK(bytes_of(&bed, "a", "c") < ROWS * BODY * 2);
    CHECK(bytes_of(&bed, "b", "c") < ROWS * BODY);
    CHECK(bytes_of(&bed, "b", "c") > ROWS * BODY / 4);
    CHECK_U64(bytes_of(&bed, "c", "d"), 0);
    bed_close(&bed);
}

TEST(store_mem_measures_ranges)
{
    struct bed bed = {0};

    bed_open(&bed, false);
    CHECK_OK(put(&bed, "a1", "12345678"));
    CHECK_OK(put(&bed, "b1", "123"));
    CHECK_U64(bytes_of(&bed, "a", "b"), 10);
    CHECK_U64(bytes_of(&bed, "a", "c"), 15);
    bed_close(&bed);
}

TEST(store_rocks_keeps_everything_over_a_restart)
{
    struct bed bed = {0};
    struct store_count count;
    struct store_mutation *m;
    uint64_t version;

    bed_open(&bed, true);
    CHECK_OK(put(&bed, "a", "1"));
    m = store_mutation_create();
    store_mutation_count(m, BYTES("counter"), 1, 2);
    store_mutation_delete(m, STORE_DATA, BYTES("zz"));
    CHECK_OK(store_submit_and_wait(bed.store, NULL, &m));
    version = store_version(bed.store);
    bed_close(&bed);

    bed_open(&bed, true);
    CHECK_TEXT(bytes_of_string(get(&bed, NULL, "a")), "1");
    CHECK_U64(store_version(bed.store), version);
    CHECK_OK(store_count(bed.store, BYTES("counter"), &count));
    CHECK_U64(count.bytes, 2);
    CHECK_OK(put(&bed, "a", "2"));
    CHECK(store_version(bed.store) > version);
    bed_close(&bed);
}

static enum err open_again(struct bed *bed, struct bytes *message)
{
    struct store_options options = {.path = bed->path, .cache_bytes = 8 << 20};
    struct store *second;
    struct fault fault;
    enum err err;

    fault_init(&fault, &bed->arena);
    err = store_open(&options, &fault, &second);
    *message = fault.message;
    if (err == OK)
        store_close(&second);
    return err;
}

static void overwrite(struct bed *bed, const char *file, const char *text)
{
    char path[300];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", bed->path, file);
    out = fopen(path, "w");
    CHECK(out != NULL);
    if (out != NULL) {
        fputs(text, out);
        fclose(out);
    }
}

TEST(store_refuses_a_directory_in_use_and_says_by_whom)
{
    struct bed bed = {0};
    struct bytes message;

    bed_open(&bed, true);
    CHECK_ERR(open_again(&bed, &message), ERR_LOCKED);
    CHECK(strstr((const char *)message.data, "in use by another process (pid ") != NULL);
    bed_close(&bed);
}

TEST(store_refuses_a_newer_or_damaged_directory)
{
    struct bed bed = {0};
    struct bytes message;

    bed_open(&bed, true);
    CHECK_OK(put(&bed, "key", "value"));
    store_close(&bed.store);
    overwrite(&bed, "FORMAT", "stele-data 2 rocksdb 7.8\n");
    CHECK_ERR(open_again(&bed, &message), ERR_NEWER_FORMAT);
    CHECK(strstr((const char *)message.data, "Start it with that version or newer") != NULL);
    overwrite(&bed, "FORMAT", "stele-data 1 rocksdb 999.0\n");
    CHECK_ERR(open_again(&bed, &message), ERR_NEWER_FORMAT);
    overwrite(&bed, "FORMAT", "garbage\n");
    CHECK_ERR(open_again(&bed, &message), ERR_CORRUPT);
    overwrite(&bed, "FORMAT", "stele-data 1 rocksdb 6.0\n"); /* older: opens, and is recorded */
    CHECK_OK(open_again(&bed, &message));
    overwrite(&bed, "rocks/CURRENT", "nonsense\n");
    CHECK(open_again(&bed, &message) != OK);
    bed_close(&bed);
}

static unsigned told_begun, told_ended, told_inside;

static void begin_telling(void)
{
    told_begun++;
}

static void end_telling(void)
{
    told_ended++;
}

static void count_inside(void *ctx, enum err err, uint64_t version)
{
    (void)version;
    CHECK_OK(err);
    told_inside += told_begun == told_ended + 1;
    sem_post(ctx);
}

TEST(store_tells_outcomes_between_begin_and_end)
{
    struct store_options options = {
        .queue_bytes_max = 1 << 20, .done_begin = begin_telling, .done_end = end_telling};
    struct store *store = NULL;
    struct arena arena;
    struct fault fault;
    sem_t told;

    arena_init(&arena);
    fault_init(&fault, &arena);
    sem_init(&told, 0, 0);
    told_begun = told_ended = told_inside = 0;
    CHECK_OK(store_open(&options, &fault, &store));
    for (unsigned i = 0; i < 3; i++) {
        struct store_mutation *m = store_mutation_create();

        store_mutation_put(m, STORE_DATA, BYTES("key"), STORE_NO_STAMP, BYTES("value"),
                           STORE_NO_STAMP);
        CHECK_OK(store_submit(store, NULL, &m, count_inside, &told));
    }
    store_kick(store);
    for (unsigned i = 0; i < 3; i++)
        sem_wait(&told);
    store_close(&store);
    CHECK_U64(told_inside, 3);
    CHECK(told_begun != 0 && told_begun == told_ended);
    sem_destroy(&told);
    arena_fini(&arena);
}

TEST(store_without_a_record_leaves_nothing)
{
    struct bed bed = {0};
    char path[300], outer[128];

    snprintf(outer, sizeof(outer), "%s/outer", unit_temp_dir());
    snprintf(bed.path, sizeof(bed.path), "%s/inner/data/", outer);
    bed_open(&bed, true);
    CHECK(access(bed.path, F_OK) == 0);
    bed_close(&bed);
    CHECK(access(outer, F_OK) != 0);
    CHECK(access(unit_temp_dir(), F_OK) == 0);

    bed_open(&bed, true);
    CHECK_OK(put(&bed, "key", "value"));
    bed_close(&bed);
    snprintf(path, sizeof(path), "%s/FORMAT", bed.path);
    CHECK(access(path, F_OK) == 0);
    bed_open(&bed, true); /* kept for good, whatever this opening writes */
    bed_close(&bed);
    CHECK(access(path, F_OK) == 0);
}

/* Whether another process finds the file locked. */
static bool is_locked(const char *path)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, O_RDWR | O_CLOEXEC);

        _exit(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* A tool of the engine's, which knows nothing of our own lock, does not write beside us. */
TEST(store_rocks_keeps_its_engines_lock)
{
    struct bed bed = {0};
    char path[300];

    for (unsigned i = 0; i < 2; i++) { /* a new directory, and one that was there */
        bed_open(&bed, true);
        snprintf(path, sizeof(path), "%s/rocks/LOCK", bed.path);
        CHECK(is_locked(path));
        CHECK_OK(put(&bed, "key", "value"));
        bed_close(&bed);
    }
}

/* What a start leaves that is cut short at any point: engine files of some kind, and no FORMAT. */
TEST(store_that_was_not_finished_is_made_anew)
{
    static const char *const left[][2] = {
        {"CURRENT", ""},  {"CURRENT", "MANIFEST-000001\n"},      {"MANIFEST-000005", "torn"},
        {"IDENTITY", ""}, {"000001.dbtmp", "MANIFEST-000001\n"}, {"000004.log", ""},
    };
    struct bed bed = {0};
    struct bytes message;
    char path[300];

    bed_open(&bed, true);
    snprintf(path, sizeof(path), "%s/FORMAT", bed.path);
    CHECK(access(path, F_OK) == 0);
    bed_close(&bed);
    arena_init(&bed.arena); /* for what open_again says */
    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        mkdir(bed.path, 0700);
        snprintf(path, sizeof(path), "%s/rocks", bed.path);
        CHECK(mkdir(path, 0700) == 0);
        for (size_t j = 0; j <= i; j++) {
            snprintf(path, sizeof(path), "rocks/%s", left[j][0]);
            overwrite(&bed, path, left[j][1]);
        }
        CHECK_OK(open_again(&bed, &message)); /* and without a record, it goes */
        CHECK(access(bed.path, F_OK) != 0 || rmdir(bed.path) == 0);
    }
    arena_fini(&bed.arena);
}

/* A lost FORMAT is not a start that was cut short. */
TEST(store_that_lost_its_format_has_its_records)
{
    static const char *const others[] = {"rocks/notes.txt", "rocks/000099.sst"};
    struct bed bed = {0};
    struct bytes message, value;
    char path[300];

    bed_open(&bed, true);
    CHECK_OK(put(&bed, "key", "value")); /* in the log alone */
    store_close(&bed.store);
    snprintf(path, sizeof(path), "%s/FORMAT", bed.path);
    CHECK(unlink(path) == 0);
    arena_fini(&bed.arena);
    bed_open(&bed, true);
    CHECK_OK(store_get(bed.store, NULL, STORE_DATA, BYTES("key"), true, &bed.arena, &value));
    CHECK(access(path, F_OK) == 0);
    bed_close(&bed);

    arena_init(&bed.arena);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) { /* nor is anybody's folder */
        snprintf(bed.path, sizeof(bed.path), "%s/others%zu", unit_temp_dir(), i);
        snprintf(path, sizeof(path), "%s/rocks", bed.path);
        CHECK(mkdir(bed.path, 0700) == 0 && mkdir(path, 0700) == 0);
        overwrite(&bed, others[i], "not of the engine's making");
        (void)open_again(&bed, &message);
        snprintf(path, sizeof(path), "%s/%s", bed.path, others[i]);
        CHECK(access(path, F_OK) == 0);
    }
    arena_fini(&bed.arena);
}

TEST(store_that_lost_its_root_is_refused_not_taken_for_a_new_one)
{
    struct bed bed = {0};
    struct bytes message;
    char path[300];

    bed_open(&bed, true);
    CHECK(!store_had_records(bed.store));
    CHECK_OK(put(&bed, "key", "value"));
    store_close(&bed.store);
    snprintf(path, sizeof(path), "%s/rocks/CURRENT", bed.path);
    CHECK(unlink(path) == 0);
    for (int i = 0; i < 2; i++) { /* the refusal itself leaves the directory as it is */
        CHECK_ERR(open_again(&bed, &message), ERR_CORRUPT);
        CHECK(strstr((const char *)message.data, "no file CURRENT") != NULL);
    }
    bed_close(&bed);
}

/* Half a list of files says neither that there is a root nor that there is none. */
TEST(store_whose_files_cannot_be_listed_is_refused)
{
    struct bed bed = {0};
    struct bytes message;

    bed_open(&bed, true);
    CHECK_OK(put(&bed, "key", "value"));
    store_close(&bed.store);
    folder_fault_at(1);
    CHECK_ERR(open_again(&bed, &message), ERR_IO);
    CHECK(strstr((const char *)message.data, "cannot read ") != NULL);
    CHECK_OK(open_again(&bed, &message));
    bed_close(&bed);
}

TEST(store_remembers_that_it_had_records)
{
    struct bed bed = {0};
    char path[300];

    bed_open(&bed, true);
    CHECK_OK(put(&bed, "key", "value"));
    for (int i = 0; i < 2; i++) { /* the first opening writes the log out as a table */
        store_close(&bed.store);
        arena_fini(&bed.arena);
        bed_open(&bed, true);
    }
    CHECK(store_had_records(bed.store));
    snprintf(path, sizeof(path), "%s/USED", bed.path);
    CHECK(access(path, F_OK) == 0);
    bed_close(&bed);
}
