/* index_build.h - filling a new index from the items that are there, while they change: a global
 * one, or that of expiry.
 *
 * Which entries are there already must be known at any time: to take an old one away, and to count
 * them. It is, from two facts about an item:
 *   - `started`: a version. Whatever is submitted after it maintains the index, so an item of a
 *     newer version has its entry. Before, nobody does: the index has no entries then.
 *   - `done`: the filling goes through the items in the order of their keys, one latch after the
 *     other, and has passed all keys up to this one.
 * An older item behind `done` has no entry yet: a write of it adds the new one and removes none,
 * and the filling passes over it, since its version is newer by then.
 *
 * `started` is drawn when no definition of the table from before the index is held any more, under
 * the lock that those who write to the table have from looking at the state to submitting. Both
 * facts are recorded in the mutations that make them true, and go on after a restart.
 *
 * Record (frozen, docs/decisions/0001-stored-formats.md), key table_index_build_key or
 * table_ttl_build_key:
 *   0 format u8 (1) · 1 started u64 · 9 done, a storage key, empty at first
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "table/index.h"

#include <stdatomic.h>

struct store;
struct store_hold;
struct table;
struct table_change;

enum index_build_phase {
    INDEX_BUILD_WAITING,  /* nobody maintains the index */
    INDEX_BUILD_STARTING, /* the record of the start is on its way */
    INDEX_BUILD_FILLING,
    INDEX_BUILD_DONE,
};

/* Of a table, one for each of the two, shared by all its definitions; guarded by index_build_lock
 * but for dropped_id. */
struct index_build {
    uint16_t index_id; /* of the newest index that is or was being built; 0: there was none */
    enum index_build_phase phase;
    uint64_t started;
    struct buf done;
    struct buf submitted;        /* will be `done`, unless what is on its way fails; or the same */
    uint64_t epoch;              /* of failures, when what is on its way was submitted */
    _Atomic uint16_t dropped_id; /* an index that is not maintained any more, by nobody */
};

void index_build_init(struct index_build *build);
void index_build_fini(struct index_build *build);

/* One for the process: it is held for microseconds, and only while some index is being built. Taken
 * after latches, never before them. */
void index_build_lock(void);
void index_build_unlock(void);

enum index_upkeep {
    INDEX_UPKEEP_NONE, /* leave the index alone */
    INDEX_UPKEEP_ADD,  /* the item has no entry yet, whatever it was */
    INDEX_UPKEEP_FULL,
};

/* What a write of an item has to do about an index. The item's latch is held and, if
 * index_write_is_watched, the lock. */
enum index_upkeep index_build_upkeep(const struct table_change *change,
                                     const struct table_index *index, struct store_hold *hold);

/* --- the work: in the background, one index of a table at a time ------------------------------*/

/* The key of its record. */
struct bytes index_build_key(const struct table *table, const struct table_index *index,
                             struct arena *arena);

/* After a restart, before anybody writes: reads how far a CREATING index has come. */
enum err index_build_resume(struct store *store, const struct table *table,
                            const struct table_index *index) MUST_CHECK;

/* One step: starts, or fills for some hundred items. ERR_ABSENT: the index is complete.
 * ERR_PENDING: older definitions of the table are held, try again soon. ERR_BUSY, ERR_NO_SPACE,
 * ERR_IO, ERR_CORRUPT: nothing happened, or less. */
enum err index_build_step(struct store *store, const uint8_t hash_key[SIPHASH_KEY_BYTES],
                          const struct table *table, const struct table_index *index) MUST_CHECK;
