/* journal_cut.h - from where on the change records of streams are kept, when they were too many.
 * Their day is over at stream_horizon. When they take more of the disk than they may, the oldest go
 * before that, of all streams alike, and the cut says up to where: who reads from before it must be
 * told, also after a restart. Never goes back.
 * A record of space meta (docs/decisions/0001-stored-formats.md): journal-cut, format, version.
 * Threads:   reading is for everybody; one moves it.
 */
#pragma once

#include "store/store.h"

#include <stdatomic.h>

struct journal_cut {
    _Atomic uint64_t version; /* changes before it are gone; 0: there was no cut */
};

/* ERR_CORRUPT, ERR_NEWER_FORMAT, ERR_IO. */
enum err journal_cut_read(struct store *store, struct journal_cut *cut) MUST_CHECK;
/* Durable, and then to be seen: before anything is removed. ERR_NO_SPACE, ERR_BUSY. */
enum err journal_cut_move(struct store *store, struct journal_cut *cut,
                          uint64_t version) MUST_CHECK;

/* Changes older than this version are trimmed: by the day, or by the cut. */
uint64_t journal_cut_horizon(const struct journal_cut *cut, uint64_t now_ms);
