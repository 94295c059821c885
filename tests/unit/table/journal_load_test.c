/* journal_load_test.c - what is added up for lanes, and when the watch rings. */
#include "table/journal_load.h"
#include "unit.h"

#define LONG_MS 60000 /* nobody waits for that long */

TEST(journal_load_is_compared_with_what_was_seen)
{
    struct journal_load load = {.seen_ms = 0};
    struct journal_lanes low = {1, 8}, high = {9, 16};

    journal_load_add(&load, 3, 5);
    journal_load_add(&load, 8, 1);
    journal_load_add(&load, 9, 2);
    CHECK_U64(journal_load_since(&load, low), 6);
    CHECK_U64(journal_load_since(&load, high), 2);
    journal_load_see(&load, 7);
    CHECK_U64(load.seen_ms, 7);
    CHECK_U64(journal_load_since(&load, low), 0);
    journal_load_add(&load, 3, UINT32_MAX); /* sums begin again at 0 */
    CHECK_U64(journal_load_since(&load, low), UINT32_MAX);
}

/* Once, until somebody took note; the rest is silence. */
TEST(journal_load_rings)
{
    struct journal_watch watch;
    struct journal_load load = {.seen_ms = 0};

    journal_watch_init(&watch);
    for (unsigned i = 0; i < 1000; i++)
        journal_load_add(&load, 1, 1); /* nobody listens */
    atomic_store(&load.watch, &watch);
    CHECK(!journal_watch_take_busy(&watch));
    for (unsigned i = 0; i < 1000; i++)
        journal_load_add(&load, 1, 1);
    CHECK(watch.woken);
    CHECK(journal_watch_wait(&watch, LONG_MS));
    for (unsigned i = 0; i < 1000; i++)
        journal_load_add(&load, 1, 1);
    CHECK(!watch.woken);
    CHECK(journal_watch_take_busy(&watch));
    journal_load_add(&load, 2, 400);
    CHECK(journal_watch_wait(&watch, LONG_MS));
    CHECK(journal_watch_take_busy(&watch));
    CHECK(!journal_watch_take_busy(&watch));

    journal_watch_wake(&watch);
    CHECK(journal_watch_wait(&watch, LONG_MS));
    CHECK(journal_watch_wait(&watch, 0));
    journal_watch_stop(&watch);
    CHECK(!journal_watch_wait(&watch, LONG_MS));
    journal_watch_fini(&watch);
}
