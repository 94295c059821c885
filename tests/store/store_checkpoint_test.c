/* store_checkpoint_test.c - states that are kept, on each engine: exact, and readable later. */

#include "store_bed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Where a state of it is kept. */
static const char *kept_of(struct bed *bed)
{
    return (const char *)arena_format(&bed->arena, "%s/kept", bed->path).data;
}

static void put(struct store *store, const char *key, const char *value)
{
    struct store_mutation *m = store_mutation_create();

    store_mutation_put(m, STORE_DATA, bytes_of_string(key), STORE_NO_STAMP, bytes_of_string(value),
                       STORE_NO_STAMP);
    store_mutation_put(m, STORE_JOURNAL, bytes_of_string(key), STORE_NO_STAMP,
                       bytes_of_string(value), STORE_NO_STAMP);
    CHECK_OK(store_submit_and_wait(store, NULL, &m));
}

/* Keys and values of a range, joined by a space. */
static struct bytes walk(struct bed *bed, enum store_family family, const char *from,
                         const char *to)
{
    struct store_range range = {bytes_of_string(from), bytes_of_string(to), false};
    struct bytes key, value, text = BYTES("");
    struct store_cursor *cursor;
    struct store_view *view;
    enum err err;

    CHECK_OK(store_view_open(bed->store, kept_of(bed), &bed->fault, &view));
    cursor = store_view_cursor(view, family, range);
    while ((err = store_cursor_next(cursor, &key, &value)) == OK)
        text = arena_format(&bed->arena, "%.*s%s%.*s=%.*s", BYTES_ARGS(text), text.size ? " " : "",
                            BYTES_ARGS(key), BYTES_ARGS(value));
    CHECK_ERR(err, ERR_ABSENT);
    store_cursor_close(&cursor);
    store_view_close(&view);
    return text;
}

static void checkpoint_keeps_one_state(struct bed *bed)
{
    struct store_view *view;

    put(bed->store, "a", "1");
    put(bed->store, "b", "1");
    CHECK_OK(store_checkpoint(bed->store, kept_of(bed), &bed->fault));
    put(bed->store, "a", "2");
    put(bed->store, "c", "2");
    CHECK_TEXT(walk(bed, STORE_DATA, "a", "z"), "a=1 b=1");
    CHECK_TEXT(walk(bed, STORE_JOURNAL, "a", "z"), "a=1 b=1");
    CHECK_TEXT(walk(bed, STORE_DATA, "b", "z"), "b=1");
    put(bed->store, "d", "2");
    CHECK_TEXT(walk(bed, STORE_DATA, "a", "z"), "a=1 b=1");
    store_checkpoint_remove(bed->store, kept_of(bed));
    store_checkpoint_remove(bed->store, kept_of(bed));
    CHECK_ERR(store_view_open(bed->store, kept_of(bed), &bed->fault, &view), ERR_ABSENT);
    CHECK_OK(store_checkpoint(bed->store, kept_of(bed), &bed->fault)); /* the name is free again */
    CHECK_TEXT(walk(bed, STORE_DATA, "a", "z"), "a=2 b=1 c=2 d=2");
}

/* Puts one key after the other, and tells which of them was begun and which acknowledged. */
struct writer {
    struct store *store;
    _Atomic unsigned begun, done;
    _Atomic bool stopping;
    pthread_t thread;
};

static void *write_on(void *arg)
{
    struct writer *writer = arg;
    char value[2000], key[16];

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = 0;
    while (!atomic_load(&writer->stopping)) {
        snprintf(key, sizeof(key), "k%06u", atomic_fetch_add(&writer->begun, 1));
        put(writer->store, key, value);
        atomic_fetch_add(&writer->done, 1);
    }
    return NULL;
}

/* How many of the writer's keys are kept; they are a beginning of what it wrote. */
static unsigned count_kept(struct bed *bed, enum store_family family)
{
    struct store_range range = {BYTES("k"), BYTES("l"), false};
    struct store_cursor *cursor;
    struct store_view *view;
    struct bytes key, value;
    unsigned count = 0;
    char wanted[16];

    CHECK_OK(store_view_open(bed->store, kept_of(bed), &bed->fault, &view));
    cursor = store_view_cursor(view, family, range);
    while (store_cursor_next(cursor, &key, &value) == OK) {
        snprintf(wanted, sizeof(wanted), "k%06u", count++);
        CHECK_TEXT(key, wanted);
    }
    store_cursor_close(&cursor);
    store_view_close(&view);
    return count;
}

static void checkpoint_cuts_between_what_was_and_what_comes(struct bed *bed)
{
    struct writer writer = {.store = bed->store};

    CHECK(pthread_create(&writer.thread, NULL, write_on, &writer) == 0);
    for (unsigned i = 0; i < 5; i++) {
        unsigned before, after, kept, wanted = atomic_load(&writer.done) + 200;

        while (atomic_load(&writer.done) < wanted)
            sched_yield();
        before = atomic_load(&writer.done);
        CHECK_OK(store_checkpoint(bed->store, kept_of(bed), &bed->fault));
        after = atomic_load(&writer.begun);
        kept = count_kept(bed, STORE_DATA);
        CHECK(before <= kept && kept <= after);
        CHECK_U64(count_kept(bed, STORE_JOURNAL), kept); /* both families at one point */
        store_checkpoint_remove(bed->store, kept_of(bed));
    }
    atomic_store(&writer.stopping, true);
    pthread_join(writer.thread, NULL);
}

ON_EACH_ENGINE(checkpoint_keeps_one_state)
ON_EACH_ENGINE(checkpoint_cuts_between_what_was_and_what_comes)

TEST(checkpoint_rocks_outlives_a_restart)
{
    struct bed bed = {0};

    bed_open(&bed, true);
    put(bed.store, "a", "1");
    CHECK_OK(store_checkpoint(bed.store, kept_of(&bed), &bed.fault));
    put(bed.store, "a", "2");
    bed_close(&bed);
    bed_open(&bed, true);
    CHECK_TEXT(walk(&bed, STORE_DATA, "a", "z"), "a=1");
    store_checkpoint_remove(bed.store, kept_of(&bed));
    CHECK(access(kept_of(&bed), F_OK) != 0);
    bed_close(&bed);
}

TEST(checkpoint_that_cannot_be_made_says_why)
{
    struct bed bed = {0};

    bed_open(&bed, true);
    CHECK_OK(store_checkpoint(bed.store, kept_of(&bed), &bed.fault));
    CHECK_ERR(store_checkpoint(bed.store, kept_of(&bed), &bed.fault), ERR_IO); /* it is there */
    CHECK(bytes_start_with(bed.fault.message, BYTES("cannot make the checkpoint ")));
    bed_close(&bed);
}
