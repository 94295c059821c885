/* store.h - ordered key-value storage, as the rest of the server sees it.
 * Keys are bytes in memcmp order, values are opaque. store_open picks the engine: RocksDB under a
 * path, or memory.
 * Visible:   readers see published data only: what a crash cannot take back. The newest images that
 *            writers decide on, published or not, are seen through a hold (below).
 * Order:     latch keys, read their newest images, decide, submit, unlatch; one committer makes
 *            what was submitted durable in that order, many mutations with one sync.
 * Ownership: values are copied into the caller's arena; cursor rows live until the next step.
 * Threads:   a store is shared; a cursor, a hold and a mutation belong to one thread at a time.
 *            done callbacks run on the committer: be brief.
 * Bounds:    STORE_KEYS_PER_HOLD_MAX, the queue's bytes (store_options).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct store;
struct store_snapshot;
struct store_cursor;
struct store_mutation;

enum store_family {
    STORE_DATA,    /* items, index entries, counters, metadata */
    STORE_JOURNAL, /* change records, trimmed by age */
    STORE_FAMILY_COUNT
};

struct store_options {
    const char *path;       /* data directory, created if missing; NULL: in memory */
    size_t cache_bytes;     /* blocks kept in memory by the engine */
    size_t image_bytes;     /* images of single keys kept in front of it; 0: none */
    size_t queue_bytes_max; /* submitted and not yet durable */
    unsigned files_max;     /* open at a time; 0: as many as there are */
    /* Called around the done callbacks of what was committed together, on their thread; or NULL. */
    void (*done_begin)(void), (*done_end)(void);
};

/* ERR_LOCKED: another process has the directory; ERR_NEWER_FORMAT, ERR_CORRUPT, ERR_IO. The fault
 * says what was found and what to do. */
enum err store_open(const struct store_options *options, struct fault *fault,
                    struct store **store) MUST_CHECK;
/* Whether records were there when it was opened: then what every used store has must be found. May
 * be false for one that holds few. */
bool store_had_records(const struct store *store);
/* Waits for what was submitted, then closes. Nothing may be submitted meanwhile. */
void store_close(struct store **store);

/* --- reading --------------------------------------------------------------------------------- */

/* A view of everything published so far; end it soon, it holds back compaction. */
struct store_snapshot *store_snapshot_begin(struct store *store);
void store_snapshot_end(struct store *store, struct store_snapshot **snapshot);

/* Reads one key; snapshot NULL is the present. ERR_ABSENT: no such key. ERR_WOULD_BLOCK: not in
 * memory, and the caller said it cannot wait. Also ERR_IO, ERR_CORRUPT. */
enum err store_get(struct store *store, const struct store_snapshot *snapshot,
                   enum store_family family, struct bytes key, bool may_wait, struct arena *arena,
                   struct bytes *value) MUST_CHECK;

/* The same for one key of STORE_DATA that only ever changes under holds, in the present; remembers
 * what it found, so that the next read needs no search. */
enum err store_read(struct store *store, struct bytes key, bool may_wait, struct arena *arena,
                    struct bytes *value) MUST_CHECK;

/* A range of STORE_DATA whose keys all share so many first bytes is looked for where there are keys
 * that begin with them, and nowhere else: those of one slot (item/key.h). */
#define STORE_PREFIX_BYTES 15

struct store_range {
    struct bytes from; /* first key that belongs to it */
    struct bytes to;   /* first key that does not; empty: to the end */
    bool backward;     /* last key first */
};

/* Walks a range; sees one state of the store, that of the snapshot or of the opening. The range's
 * bytes must outlive the cursor. Close it soon. */
struct store_cursor *store_cursor_open(struct store *store, const struct store_snapshot *snapshot,
                                       enum store_family family, struct store_range range,
                                       bool may_wait);
/* The next row, valid until the next call. ERR_ABSENT: the range's end; then and after any other
 * error the cursor can only be closed. */
enum err store_cursor_next(struct store_cursor *cursor, struct bytes *key,
                           struct bytes *value) MUST_CHECK;
void store_cursor_close(struct store_cursor **cursor);

/* About how much the engine keeps of a range. RocksDB: in files, compressed, so without what was
 * written moments ago, and with what was removed until its files are written anew. ERR_IO. */
enum err store_range_bytes(struct store *store, enum store_family family, struct store_range range,
                           uint64_t *bytes) MUST_CHECK;

/* --- writing --------------------------------------------------------------------------------- */

#define STORE_KEYS_PER_HOLD_MAX 128

/* The latches of some keys. Nobody else decides about these keys meanwhile, so a hold lasts
 * microseconds: nothing inside it may wait. */
struct store_hold {
    struct store *store;
    unsigned stripe_count;
    uint16_t stripes[STORE_KEYS_PER_HOLD_MAX]; /* ascending */
    bool saw_pending;                          /* an image that is not durable yet was read */
    uint64_t failure_epoch;                    /* when it was read */
};
void store_hold_begin(struct store *store, const struct bytes keys[], unsigned count,
                      struct store_hold *hold);
void store_hold_end(struct store_hold *hold);
/* Waits until every hold that there is now has ended: what is submitted from then on was decided
 * after this was called, if it was decided under a hold. */
void store_pass_holds(struct store *store);

/* An image that was loaded from disk without a hold; good as long as its stripe saw no change. */
struct store_loaded {
    bool valid;
    bool absent;
    uint64_t stripe_changes;
    struct bytes value;
};
/* Reads from the engine, waiting if need be. Not under a hold. */
enum err store_load(struct store *store, struct bytes key, struct arena *arena,
                    struct store_loaded *loaded) MUST_CHECK;

/* The newest image of a held key, durable or not. `loaded` may be NULL. ERR_ABSENT: there is none.
 * ERR_WOULD_BLOCK: not in memory; end the hold, store_load it, begin again. */
enum err store_newest(struct store_hold *hold, struct bytes key, const struct store_loaded *loaded,
                      struct arena *arena, struct bytes *value) MUST_CHECK;

/* For what is decided on something that was submitted, is not durable yet and is no image: notes
 * that it depends on it. `epoch` is what store_failure_epoch said when that was submitted. */
void store_hold_depends(struct store_hold *hold, uint64_t epoch);
uint64_t store_failure_epoch(const struct store *store);

/* A set of changes that happen together or not at all. */
struct store_mutation *store_mutation_create(void);
void store_mutation_destroy(struct store_mutation **mutation);

#define STORE_NO_STAMP ((size_t)-1)
/* Keys and values are copied. The version that the mutation gets is written over the 8 bytes at the
 * given offsets (big-endian), unless STORE_NO_STAMP. */
void store_mutation_put(struct store_mutation *mutation, enum store_family family, struct bytes key,
                        size_t key_stamp_offset, struct bytes value, size_t value_stamp_offset);
void store_mutation_delete(struct store_mutation *mutation, enum store_family family,
                           struct bytes key);
/* The same in STORE_DATA for a key that is guarded by the latch of another one of the mutation, and
 * never read by store_read or store_newest: an index entry, which follows its item. It has no latch
 * and no image, and does not count into a hold's keys. */
void store_mutation_put_guarded(struct store_mutation *mutation, struct bytes key,
                                struct bytes value, size_t value_stamp_offset);
void store_mutation_delete_guarded(struct store_mutation *mutation, struct bytes key);
/* Not seen by store_newest: only for keys nobody writes any more. */
void store_mutation_delete_range(struct store_mutation *mutation, enum store_family family,
                                 struct bytes from, struct bytes to);
/* Says that what was put so far leads to removals: taken on a full disk, as deletes are. For
 * records of bounded number and size only. */
void store_mutation_makes_room(struct store_mutation *mutation);
/* Says the same of removals that leave a record of what they remove, however large: taken on a full
 * disk up to STORE_TRADED_BYTES_MAX together, so that plain removals have room after them. */
#define STORE_TRADED_BYTES_MAX ((uint64_t)16 << 20)
void store_mutation_trades_room(struct store_mutation *mutation);
/* Adds to a counter record, written once a group; keys of at most STORE_COUNT_KEY_BYTES_MAX. */
#define STORE_COUNT_KEY_BYTES_MAX 32
void store_mutation_count(struct store_mutation *mutation, struct bytes counter_key, int64_t items,
                          int64_t bytes);
/* Removes a counter record: nothing will be counted there again. */
void store_mutation_forget_count(struct store_mutation *mutation, struct bytes counter_key);

/* Called once, on the committer. OK: durable and published under this version. ERR_NO_SPACE: the
 * disk is full and nothing of it happened, or it was decided on something that did not happen. */
typedef void store_done_fn(void *ctx, enum err err, uint64_t version);

/* Hands a mutation to the committer: all of it or nothing, durable before done is called with OK.
 * hold: has the latches of all keys that are put or deleted in STORE_DATA, guarded ones aside; its
 * latches must end soon, publishing needs them. NULL: nobody else decides about these keys.
 * An empty mutation is a barrier: its done tells the fate of what the hold read.
 * ERR_BUSY: the queue is full; ERR_NO_SPACE: the disk is full and it adds data. Then nothing was
 * taken. The store takes *mutation otherwise, and commits it at the latest after store_kick. */
enum err store_submit(struct store *store, struct store_hold *hold,
                      struct store_mutation **mutation, store_done_fn *done, void *ctx) MUST_CHECK;

/* Lets the committer take what was submitted. Once for many submissions, soon after them: a
 * committer that took the first would sync that one alone, and on a single core in the way of the
 * others. */
void store_kick(struct store *store);

/* Both, waiting for the outcome: for start-up and background work, never on a loop. */
enum err store_submit_and_wait(struct store *store, struct store_hold *hold,
                               struct store_mutation **mutation) MUST_CHECK;

/* What a counter says, changes under way not included. */
struct store_count {
    uint64_t items;
    uint64_t bytes;
};
enum err store_count(struct store *store, struct bytes counter_key,
                     struct store_count *count) MUST_CHECK;
/* The same where waiting may be out of the question: ERR_WOULD_BLOCK. */
enum err store_count_try(struct store *store, struct bytes counter_key, bool may_wait,
                         struct store_count *count) MUST_CHECK;

/* Version of the newest published change. */
uint64_t store_version(const struct store *store);
/* Of the newest one that was submitted: what is submitted from now on has a greater one. */
uint64_t store_newest_version(struct store *store);

/* Whether the engine is to be opened anew, after the disk was full, and waits for its readers to
 * leave: whoever holds a snapshot or a cursor for longer than a client's call asks now and then,
 * and if so ends it and begins again later. Nobody submits and waits with one in hand. */
bool store_waits_for_readers(const struct store *store);

/* --- checkpoints ----------------------------------------------------------------------------- */

/* Keeps a state of the store under `path`, a folder that is made on the data directory's disk:
 * everything that was published before the call, of later changes a beginning in their order, and
 * nothing that is submitted after the return. Durable, and cheap: files are linked, not copied; but
 * what they hold takes its room until the checkpoint is removed. In memory it ends with the store.
 * May wait. ERR_NO_SPACE, ERR_IO. */
enum err store_checkpoint(struct store *store, const char *path, struct fault *fault) MUST_CHECK;
/* Removes a checkpoint, whole or half made, that nobody has open; not there is fine. */
void store_checkpoint_remove(struct store *store, const char *path);

/* A checkpoint that is read. ERR_ABSENT, ERR_CORRUPT, ERR_IO, ERR_NO_SPACE. */
struct store_view;
enum err store_view_open(struct store *store, const char *path, struct fault *fault,
                         struct store_view **view) MUST_CHECK;
void store_view_close(struct store_view **view);
/* As store_cursor_open; its reads leave the caches of others as they are. */
struct store_cursor *store_view_cursor(struct store_view *view, enum store_family family,
                                       struct store_range range);
