/* journal_load.h - how much is written to the lanes of a table, and who wants to hear of it.
 * Writers add up, which costs them one atomic addition. Whoever divides busy shards sleeps until
 * something was written or something else changed that concerns it, and then compares.
 * Threads:   any; one waits.
 */
#pragma once

#include "table/table_journal.h"

#include <pthread.h>

struct journal_watch {
    pthread_mutex_t lock; /* guards woken and stopped */
    pthread_cond_t changed;
    bool woken, stopped;
    _Atomic bool busy; /* lanes were written to: a ring that was not answered yet */
};

struct journal_load {
    _Atomic(struct journal_watch *) watch; /* NULL: nobody listens */
    _Atomic uint32_t units[TABLE_JOURNAL_LANE_COUNT];
    /* of who watches: what it saw, and when (clock_mono_ms) */
    uint32_t seen[TABLE_JOURNAL_LANE_COUNT];
    uint64_t seen_ms;
};

void journal_watch_init(struct journal_watch *watch);
void journal_watch_fini(struct journal_watch *watch);
/* Something is due sooner than the one who waits can know. */
void journal_watch_wake(struct journal_watch *watch);
/* Ends all waits, for ever. */
void journal_watch_stop(struct journal_watch *watch);

/* Until it is woken, so many milliseconds are over, or lanes are written to, once after that was
 * taken note of (take_busy). False: stopped. */
bool journal_watch_wait(struct journal_watch *watch, uint64_t wait_ms);
/* Whether lanes were written to; forgets it. */
bool journal_watch_take_busy(struct journal_watch *watch);

/* Adds write units to a lane. */
void journal_load_add(struct journal_load *load, uint16_t lane, uint32_t units);
/* Units written to some lanes since they were last seen. */
uint64_t journal_load_since(const struct journal_load *load, struct journal_lanes lanes);
/* All of them are seen now. */
void journal_load_see(struct journal_load *load, uint64_t now_ms);
