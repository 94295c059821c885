/* store_rocks_log.h - the files of RocksDB's write-ahead log, written before they are needed.
 * A sync of a growing file syncs its metadata too. So while one log fills, the next is filled with
 * zeros; a log then overwrites them in place, past the page cache, data and sync in one call.
 * The format stays RocksDB's, whose readers take zeros for room that was never used.
 * Where the file system has no direct I/O, logs are what RocksDB makes of them.
 * Threads: any; it has one of its own while it fills a spare.
 */
#pragma once

#include <rocksdb/c.h>

#ifdef __cplusplus
extern "C" {
#endif

struct store_rocks_log;

/* Gives the options an environment like theirs with such logs; folder: the database's. The database
 * is closed before the environment goes. */
struct store_rocks_log *store_rocks_log_create(rocksdb_options_t *options, const char *folder);
void store_rocks_log_destroy(struct store_rocks_log **log);

#ifdef __cplusplus
}
#endif
