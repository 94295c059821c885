/* catalog_priv.h - what the catalog is made of, for catalog.c and catalog_find.c. */
#pragma once

#include "base/siphash.h"
#include "table/catalog.h"
#include "table/journal_cut.h"
#include "table/journal_load.h"
#include "table/reaper.h"
#include "table/table_map.h"

#include <pthread.h>

struct catalog {
    struct store *store;
    uint8_t hash_key[SIPHASH_KEY_BYTES];
    pthread_mutex_t change_lock; /* held over a change and its commit; guards next_id */
    uint32_t next_id;
    struct table_map map;
    struct reaper *reaper;
    struct index_jobs *index_jobs;
    struct journal_watch journal_watch;
    struct journal_cut journal_cut;
};

/* Whether an index of it is to be built or removed. */
bool catalog_has_index_work(const struct table_definition *definition);
