/* table_journal.h - what a write leaves behind for the journal's readers, and where that is.
 * A record goes into the mutation that changes its item, so that the journal has exactly what was
 * committed, in the order in which it was. It is written only while a table has a reader, holds the
 * images its readers need, and there is none where an item stays what it was.
 * Key (frozen, docs/decisions/0001-stored-formats.md), in STORE_JOURNAL:
 *   prefix of space journal, index id and slot 0 · lane u16 · version u64 · ordinal u16
 * Value: item/journal.h. A lane is the unit of order: a range of a table's slots, the same for all
 * tables and for ever, so that a write knows its lane without asking and an item never changes its
 * own. What is divided while a table is in use are shards (stream.h), which are ranges of lanes.
 */
#pragma once

#include "item/journal.h"
#include "item/key.h"
#include "store/store.h"
#include "table/table_write.h"

/* Lanes are 1 to TABLE_JOURNAL_LANES, each an equal part of the slots, in their order. Lane 0 has
 * what concerns all of them, changes of settings, and what was written before there were
 * several. */
#define TABLE_JOURNAL_LANE_OF_ALL 0
#define TABLE_JOURNAL_LANES       16
#define TABLE_JOURNAL_LANE_COUNT  (TABLE_JOURNAL_LANES + 1)
#define TABLE_JOURNAL_KEY_BYTES   (KEY_PREFIX_BYTES + 12)

/* From a first to a last one. */
struct journal_lanes {
    uint16_t first, last;
};
#define TABLE_JOURNAL_ALL_LANES ((struct journal_lanes){0, TABLE_JOURNAL_LANES})

/* Where a record is within its lane. */
struct journal_place {
    uint64_t version;
    uint16_t ordinal; /* tells apart the records of one mutation */
};

static inline bool journal_place_is_before(struct journal_place a, struct journal_place b)
{
    return a.version < b.version || (a.version == b.version && a.ordinal < b.ordinal);
}

/* The lane of an item's changes, by its storage key. */
uint16_t table_journal_lane(struct bytes item_key);

/* What the table's readers need of each change: a set of enum table_journal_need. */
unsigned table_journal_needs_of(const struct table_definition *definition);

/* Adds the record of a change that is decided and happens, unless the item stays what it was. */
void table_journal_add(struct store_mutation *mutation, const struct table_change *change,
                       unsigned needs, bool by_service, uint16_t ordinal, struct arena *arena);

/* Adds the record of a change of the table's settings, for readers who need to know as what a
 * change was made: the catalog's record of it, in lane 0. Nothing while nobody reads. */
void table_journal_add_settings(struct store_mutation *mutation,
                                const struct table_definition *definition, struct arena *arena);

struct bytes table_journal_key(uint32_t table_id, uint16_t lane, struct journal_place place,
                               struct arena *arena);
/* ERR_CORRUPT: not the key of a journal record. */
enum err table_journal_key_read(struct bytes key, uint16_t *lane,
                                struct journal_place *place) MUST_CHECK;

/* The records of a lane from a place on, older than version `to`; those of several lanes in the
 * order of their commits: journal_cursor.h. */
struct store_range table_journal_range(uint32_t table_id, uint16_t lane, struct journal_place from,
                                       uint64_t to, struct arena *arena);

/* The table as the newest of its settings records up to a version has it, or the one that recovery
 * began with for a version since its beginning, in the arena. ERR_ABSENT: there is none.
 * ERR_WOULD_BLOCK, ERR_IO, ERR_CORRUPT, ERR_NEWER_FORMAT. */
enum err table_journal_settings_at(struct store *store, uint32_t table_id, uint64_t version,
                                   bool may_wait, struct arena *arena,
                                   struct table_definition *definition) MUST_CHECK;

/* Adds the removal of what is older than a version, of all lanes; UINT64_MAX: of everything.
 * Nothing if there is none. For what no reader needs any more: a stream its day, recovery its
 * period. Changes of settings stay for the longest recovery period, whoever else is done. */
enum err table_journal_remove(struct store *store, struct store_mutation *mutation,
                              uint32_t table_id, uint64_t older_than) MUST_CHECK;
/* All of a table's. */
struct store_range table_journal_whole_range(uint32_t table_id, struct arena *arena);
