/* reaper.h - the thread that removes what nobody needs any more: rows of dropped tables, and
 * records of clients' tokens that are over.
 * A dropped table's record says DELETING; when it is due the map no longer has it, and when nobody
 * holds it any more, and no table is being restored from it, its rows go, and then its record: each
 * step is taken up again after a restart.
 * What a full queue or disk refuses of that is tried again.
 * Threads: any.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct reaper;
struct store;
struct table;
struct table_map;

struct reaper *reaper_create(struct store *store, struct table_map *map);
/* ERR_IO. */
enum err reaper_start(struct reaper *reaper, struct fault *fault) MUST_CHECK;
/* Ends after the step that is under way. NULL is fine. */
void reaper_stop(struct reaper **reaper);

/* The table goes at due_ms of the wall clock. Takes the reference; NULL after a restart, when
 * nobody can hold it. */
void reaper_drop(struct reaper *reaper, struct table *table, uint32_t table_id, uint64_t due_ms);
/* Whether a dropped table is gone from the map, and nobody can write to it any more. */
bool reaper_drop_is_quiet(struct reaper *reaper, uint32_t table_id);
