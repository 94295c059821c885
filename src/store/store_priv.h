/* store_priv.h - between the store's own files: mutations as the engines see them, and engines.
 * An engine keeps ordered keys and makes groups of mutations durable; latches, pending images,
 * versions and counters are the store's (store.c), the same above every engine.
 */
#pragma once

#include "base/buf.h"
#include "store/store.h"

#include <stdatomic.h>

enum store_op_kind { STORE_OP_PUT, STORE_OP_DELETE, STORE_OP_DELETE_RANGE };

struct store_op {
    uint8_t kind;
    uint8_t family;
    bool guarded;    /* by another key's latch: has no image of its own */
    uint32_t key_at; /* offsets into the mutation's bytes */
    uint32_t key_size;
    uint32_t value_at; /* put: the value; delete range: the end */
    uint32_t value_size;
    uint32_t key_stamp; /* offsets into the mutation's bytes, or STAMP_NONE */
    uint32_t value_stamp;
};
#define STAMP_NONE UINT32_MAX

struct store_count_op {
    uint32_t key_at;
    uint32_t key_size;
    int64_t items;
    int64_t bytes;
    bool forget;
};

/* The newest image of a key between its submission and its publication. */
struct store_pending {
    struct store_pending *newer, *older; /* in the stripe, newest first */
    const struct store_mutation *mutation;
    uint64_t hash; /* of the key */
    uint32_t op_index;
    uint16_t stripe;
};

struct store_mutation {
    struct store_mutation *next; /* in the queue */
    struct buf bytes;
    struct store_op *ops;
    struct store_count_op *counts;
    struct store_pending *pendings; /* one per put or delete in STORE_DATA, made when submitted */
    unsigned op_count, op_capacity;
    unsigned count_count, count_capacity;
    unsigned pending_count, pending_capacity;
    bool adds_data;
    bool trades_room;
    bool depends; /* decided on an image that was not durable */
    uint64_t failure_epoch;
    uint64_t version;
    store_done_fn *done;
    void *ctx;
};

static inline struct bytes store_op_key(const struct store_mutation *mutation,
                                        const struct store_op *op)
{
    return bytes_make(mutation->bytes.data + op->key_at, op->key_size);
}

static inline struct bytes store_op_value(const struct store_mutation *mutation,
                                          const struct store_op *op)
{
    return bytes_make(mutation->bytes.data + op->value_at, op->value_size);
}

/* --- engines --------------------------------------------------------------------------------- */

struct store_engine {
    const struct store_engine_class *class;
    bool had_records;              /* when it was opened, as far as can be told without reading */
    atomic_bool waits_for_readers; /* store_waits_for_readers */
};

struct store_engine_class {
    const char *name;
    void (*close)(struct store_engine *engine);
    struct store_snapshot *(*snapshot_begin)(struct store_engine *engine);
    void (*snapshot_end)(struct store_engine *engine, struct store_snapshot *snapshot);
    enum err (*get)(struct store_engine *engine, const struct store_snapshot *snapshot,
                    enum store_family family, struct bytes key, bool may_wait, struct arena *arena,
                    struct bytes *value);
    struct store_cursor *(*cursor_open)(struct store_engine *engine,
                                        const struct store_snapshot *snapshot,
                                        enum store_family family, struct store_range range,
                                        bool may_wait);
    /* store_range_bytes; NULL: whoever asks adds up the rows. */
    enum err (*range_bytes)(struct store_engine *engine, enum store_family family,
                            struct store_range range, uint64_t *bytes);
    /* Committer only: a chain of mutations in order, durable and visible when it returns OK.
     * ERR_NO_SPACE: nothing of it happened. Any other failure leaves open what reached the disk,
     * and the store ends the process. `why` gets the engine's words. */
    enum err (*write)(struct store_engine *engine, const struct store_mutation *group,
                      struct buf *why);
    /* Committer only, after ERR_NO_SPACE: gives up the reserve; OK if small writes (deletes) work
     * now. ERR_NO_SPACE: nothing can be written, not even that. */
    enum err (*make_room)(struct store_engine *engine, struct buf *why);
    /* Committer only, later: OK once the reserve is set aside again and writes work. ERR_NO_SPACE:
     * not yet. Any other failure, and the store ends the process. */
    enum err (*restore_room)(struct store_engine *engine, struct buf *why);
    /* Any thread: rows of STORE_DATA beside the log, for keys that nobody else uses. */
    struct store_ingest *(*ingest_begin)(struct store_engine *engine);
    /* Any thread: the path of a new file for about so many bytes that nobody needs after a crash;
     * free() it. ERR_NO_SPACE, ERR_IO. NULL: the engine has no files. */
    enum err (*scratch_file)(struct store_engine *engine, uint64_t bytes, char **path);
    /* Any thread: store_checkpoint, and an engine that only reads one. NULL: a checkpoint is a
     * snapshot that is kept. */
    enum err (*checkpoint)(struct store_engine *engine, const char *path, struct fault *fault);
    enum err (*open_checkpoint)(struct store_engine *engine, const char *path, struct fault *fault,
                                struct store_engine **reader);
};

/* A cursor begins with its class; the engine's own follows. */
struct store_cursor {
    enum err (*next)(struct store_cursor *cursor, struct bytes *key, struct bytes *value);
    void (*close)(struct store_cursor *cursor);
};

/* The same of rows that are taken in. */
struct store_ingest {
    /* In the order of the keys, each once. ERR_NO_SPACE, ERR_IO. */
    enum err (*add)(struct store_ingest *ingest, struct bytes key, struct bytes value);
    /* OK: all of them are durable and visible. ERR_NO_SPACE, ERR_IO. */
    enum err (*finish)(struct store_ingest *ingest);
    /* In any case, and the last call: what is not finished is given up. */
    void (*end)(struct store_ingest *ingest);
};

enum err store_rocks_open(const struct store_options *options, struct fault *fault,
                          struct store_engine **engine) MUST_CHECK;
enum err store_mem_open(const struct store_options *options, struct fault *fault,
                        struct store_engine **engine) MUST_CHECK;
