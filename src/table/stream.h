/* stream.h - streams: which there are, and their shards, as records of space meta.
 * A stream is what a table's readers are told of its journal between the moment at which it was
 * enabled and that at which it was disabled or its table dropped. It stays readable for a day
 * after, so it has records of its own:
 *   stream/<account>/<region>/<table name>/<label u64>       the table as it was then (table.h)
 * and shards (shard.h), as many at a time as its changes need: each has a range of the lanes.
 * Threads:   reading is for everybody; changes are under the catalog's change lock.
 */
#pragma once

#include "store/store.h"
#include "table/shard.h"
#include "table/table.h"

/* Records are kept this long, and then removed in steps: at most a step later. */
#define STREAM_RETENTION_MS (24 * 3600 * UINT64_C(1000))
#define STREAM_TRIM_STEP_MS (10 * 60 * UINT64_C(1000))

struct stream {
    struct bytes key;              /* of its record */
    struct table_definition table; /* as it was when the stream was enabled */
    struct stream_shard *shards;   /* oldest first; those that were not trimmed */
    unsigned shard_count;
    uint64_t ended; /* the version; 0: it goes on */
};

/* The wall clock's, when a version was given out. */
static inline uint64_t stream_time_ms(uint64_t version)
{
    return version >> 16;
}

/* Changes older than this version are trimmed, whether they were removed already or not. */
uint64_t stream_horizon(uint64_t now_ms);

struct bytes stream_key(struct bytes account, struct bytes region, struct bytes table,
                        uint64_t label_ms, struct arena *arena);

/* --- reading, into the arena. ERR_WOULD_BLOCK: not in memory, and the caller cannot wait ------ */

/* ERR_ABSENT: there is no such stream. */
enum err stream_find(struct store *store, struct bytes key, bool may_wait, struct arena *arena,
                     struct stream *stream) MUST_CHECK;

/* Reads the shards, which stream_list does not. */
enum err stream_read_shards(struct store *store, struct stream *stream, bool may_wait,
                            struct arena *arena) MUST_CHECK;

/* Which streams: of all accounts, of an account and region, or of tables of one name. */
struct stream_query {
    struct bytes account, region, table; /* without bytes: any */
    struct bytes after;                  /* the key of a stream; without bytes: the first ones */
    unsigned limit;
};
/* In the order of their keys. *more: there are further ones. */
enum err stream_list(struct store *store, const struct stream_query *query, bool may_wait,
                     struct arena *arena, struct stream **streams, unsigned *count,
                     bool *more) MUST_CHECK;

/* Whether a record of a stream or shard can be read; OK for what is neither. */
enum err stream_check_record(struct bytes key, struct bytes value, struct arena *arena) MUST_CHECK;

/* --- changes: under the catalog's change lock ------------------------------------------------- */

/* Adds to the mutation that writes a definition what this means for the table's streams. `before`
 * NULL: a new table. */
void stream_change(struct store_mutation *mutation, const struct table_definition *before,
                   const struct table_definition *after, struct arena *arena);

/* Closes an open shard and begins its children, in one: one child, or two halves (shard.h). */
enum err stream_go_on(struct store *store, const struct stream *stream,
                      const struct stream_shard *shard, unsigned children) MUST_CHECK;

/* Removes changes before a version, unless that is 0: another reader needs them. And shards that
 * ended before the horizon, and the stream once it has none. *removed: that. A shard whose changes
 * went before their day stays for the rest of it: readers take one that is not there for one they
 * read to its end. */
enum err stream_trim(struct store *store, const struct stream *stream, uint64_t horizon,
                     uint64_t changes_before, bool *removed) MUST_CHECK;

/* Whether a dropped table's changes must stay: some stream of it can still be read. */
enum err stream_keeps_journal(struct store *store, uint32_t table_id, bool *keeps) MUST_CHECK;
