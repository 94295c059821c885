/* store_rocks_ext.h - the few calls that RocksDB has in C++ only. */
#pragma once

#include <rocksdb/c.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* DB::Resume: leaves the read-only state that a background error (a full disk) put it in.
 * False: not yet; why says so. `path` is the one the database was opened with. */
bool store_rocks_ext_resume(rocksdb_t *db, const char *path, char *why, size_t why_size);

/* The version we were built with. */
void store_rocks_ext_version(unsigned *major, unsigned *minor);

#ifdef __cplusplus
}
#endif
