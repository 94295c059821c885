/* shard.h - the shards of a stream: the records of their boundaries, and what follows from them.
 * A shard has the changes of some lanes of its table between two versions. Only beginnings are
 * recorded, each at the version of the mutation that wrote it:
 *   shard/<table id u32><label u64><lane u16><version u64>   its first lane (docs/decisions/0001)
 * It ends where the next one with any of its lanes begins, or the stream does. So a closed shard
 * has its children at once, one that goes on or two halves, and no change is between shards.
 */
#pragma once

#include "store/store.h"
#include "table/table.h"
#include "table/table_journal.h"

struct stream_shard {
    uint64_t begin;  /* version: its changes are newer, ... */
    uint64_t end;    /* ... and older than this; 0: it is open */
    uint64_t parent; /* the begin of the shard before; 0: none */
    struct journal_lanes lanes;
    uint16_t parent_lane; /* the parent's first one */
};

struct shard_list {
    struct stream_shard *shards; /* oldest first, then by lanes; those that were not trimmed */
    unsigned count;
    uint64_t ended; /* the version at which the stream ended; 0: it goes on */
};

/* Into the arena. ERR_WOULD_BLOCK, ERR_CORRUPT, ERR_NEWER_FORMAT. */
enum err shard_read_all(struct store *store, const struct table_definition *table, bool may_wait,
                        struct arena *arena, struct shard_list *list) MUST_CHECK;

/* Whether the record can be read; OK for what is not a shard's. */
enum err shard_check_record(struct bytes key, struct bytes value) MUST_CHECK;
/* Whether together they can be a stream's shards; NULL, or what cannot be. */
const char *shard_check_lineage(const struct shard_list *list);

/* Shards may be as many as lanes: a power of 2 of them, or one. */
#define SHARDS_OPEN_MAX TABLE_JOURNAL_LANES

/* Add to a mutation: the first shards of a stream; the children of an open shard, one or two; the
 * end of all shards. Two: if shard_divides. */
void shard_put_first(struct store_mutation *mutation, const struct table_definition *table,
                     unsigned count, struct arena *arena);
void shard_put_children(struct store_mutation *mutation, const struct table_definition *table,
                        const struct stream_shard *shard, unsigned count, struct arena *arena);
void shard_put_end(struct store_mutation *mutation, const struct table_definition *table,
                   struct arena *arena);
bool shard_divides(const struct stream_shard *shard);

/* Add removals: of a shard, and of the end of all. */
void shard_delete(struct store_mutation *mutation, const struct table_definition *table,
                  const struct stream_shard *shard, struct arena *arena);
void shard_delete_end(struct store_mutation *mutation, const struct table_definition *table,
                      uint64_t ended, struct arena *arena);

/* The records of a stream's shards, and those of all streams of a table. */
struct store_range shard_range(const struct table_definition *table, struct arena *arena);
struct store_range shard_range_of_table(uint32_t table_id, struct arena *arena);
