/* store_rocks_ext.h - the few calls that RocksDB has in C++ only. */
#pragma once

#include <rocksdb/c.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A background error (a full disk) leaves the database read-only until it is told to resume.
 * RocksDB would try that by itself, from its own thread, every five seconds, and have us wait. */
void store_rocks_ext_resume_when_told(rocksdb_options_t *options);

/* Filters over the first `bytes` of keys too, beside those over whole keys; in memtables, which
 * need none for a single key, over the former alone. Tables that were written without are read as
 * before. */
void store_rocks_ext_filter_prefixes(rocksdb_options_t *options, size_t bytes);

/* Flushes and compactions give way to requests where there are fewer cores than threads, and
 * compactions have a smaller share, too. They still get it: RocksDB slows writers down when it
 * falls behind. */
void store_rocks_ext_compact_in_background(rocksdb_options_t *options);

/* What RocksDB has to say goes to `log`, from any thread, instead of a file of its own: that file
 * is on the disk that may be full, and 7.8 as Debian builds it ends the process when a line cannot
 * be written. Not verbose: errors only. */
typedef void store_rocks_log_fn(bool is_error, const char *text);
void store_rocks_ext_log_to(rocksdb_options_t *options, store_rocks_log_fn *log, bool verbose);

enum store_rocks_resume {
    STORE_ROCKS_RESUMED,
    STORE_ROCKS_NOT_YET,   /* `why` says so */
    STORE_ROCKS_NOT_AGAIN, /* it has to be opened anew */
};
/* DB::Resume: writes out what is in memory, and goes on. `path` is the one the database was opened
 * with. */
enum store_rocks_resume store_rocks_ext_resume(rocksdb_t *db, const char *path, char *why,
                                               size_t why_size);

/* The version we were built with. */
void store_rocks_ext_version(unsigned *major, unsigned *minor);

#ifdef __cplusplus
}

namespace rocksdb
{
struct Options;
}
/* What a handle of the C API stands for. */
rocksdb::Options *store_rocks_ext_options(rocksdb_options_t *handle);
#endif
