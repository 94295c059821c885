/* store_rocks_priv.h - the RocksDB engine, between its files: store_rocks.c opens and writes,
 * store_rocks_read.c reads, store_rocks_ingest.c takes in many rows, store_rocks_checkpoint.c keeps
 * states.
 */
#pragma once

#include "store/store_dir.h"
#include "store/store_gate.h"
#include "store/store_priv.h"

#include <rocksdb/c.h>

struct rocks {
    struct store_engine engine;
    struct store_dir *dir;
    struct store_rocks_new *files;
    struct store_rocks_log *log;
    struct store_gate *gate; /* readers are inside while they use db or families */
    rocksdb_t *db;           /* NULL: could not be opened anew */
    bool log_torn;           /* committer only: it has to be opened anew */
    bool reads_once;         /* a checkpoint: what it reads is not read again */
    rocksdb_options_t *options, *journal_options;
    rocksdb_block_based_table_options_t *table_options;
    rocksdb_cache_t *cache;
    rocksdb_column_family_handle_t *families[STORE_FAMILY_COUNT];
    rocksdb_writeoptions_t *write_synced;
    rocksdb_readoptions_t *read_memory, *read_all;
    rocksdb_writebatch_t *batch;
};

/* The only way from the interface to the engine's own structure. */
static inline struct rocks *rocks_of(struct store_engine *engine)
{
    return (struct rocks *)engine;
}

/* RocksDB counts what it does for each thread, read by nobody here: a hundred accesses to
 * thread-local memory a Query, each through a call. */
static inline void rocks_count_nothing(void)
{
    static _Thread_local bool told;

    if (!told)
        rocksdb_set_perf_level(rocksdb_disable);
    told = true;
}

/* The functions of struct store_engine_class. */
struct store_snapshot *rocks_snapshot_begin(struct store_engine *engine);
void rocks_snapshot_end(struct store_engine *engine, struct store_snapshot *snapshot);
enum err rocks_get(struct store_engine *engine, const struct store_snapshot *snapshot,
                   enum store_family family, struct bytes key, bool may_wait, struct arena *arena,
                   struct bytes *value);
struct store_cursor *rocks_cursor_open(struct store_engine *engine,
                                       const struct store_snapshot *snapshot,
                                       enum store_family family, struct store_range range,
                                       bool may_wait);
enum err rocks_range_bytes(struct store_engine *engine, enum store_family family,
                           struct store_range range, uint64_t *bytes);

struct store_ingest *rocks_ingest_begin(struct store_engine *engine);
enum err rocks_checkpoint(struct store_engine *engine, const char *path, struct fault *fault);
enum err rocks_open_checkpoint(struct store_engine *engine, const char *path, struct fault *fault,
                               struct store_engine **reader);

extern const char *const rocks_family_names[STORE_FAMILY_COUNT];
/* For what RocksDB has to say. */
void rocks_log_of_engine(bool is_error, const char *text);

/* Whether an error text of RocksDB's says that the disk is full. */
bool rocks_is_no_space(const char *error);

/* For reads that may wait for the disk, or may not. */
rocksdb_readoptions_t *rocks_read_options(bool may_wait);

/* Inside the gate until rocks_leave; a snapshot is inside already. ERR_WOULD_BLOCK, ERR_IO. */
struct rocks_snapshot;
enum err rocks_enter(struct rocks *rocks, const struct rocks_snapshot *snapshot, bool may_wait,
                     int *ticket) MUST_CHECK;
void rocks_leave(struct store_gate *gate, int ticket);
