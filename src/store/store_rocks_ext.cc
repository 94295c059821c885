/* store_rocks_ext.cc - what RocksDB's C API lacks.
 * rocksdb_t holds nothing but the DB pointer in every version we build on (7.8 to 9.10); db_of
 * checks that it found the database it was asked for before it is used.
 */
#include "store/store_rocks_ext.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/version.h>

#include <cstring>
#include <string>

static rocksdb::DB *db_of(rocksdb_t *handle, const char *path)
{
    rocksdb::DB *db = *reinterpret_cast<rocksdb::DB **>(handle);

    return db->GetName() == path ? db : nullptr;
}

bool store_rocks_ext_resume(rocksdb_t *handle, const char *path, char *why, size_t why_size)
{
    rocksdb::DB *db = db_of(handle, path);
    rocksdb::Status status =
        db == nullptr ? rocksdb::Status::Aborted("unknown RocksDB layout") : db->Resume();

    if (status.ok())
        return true;
    std::strncpy(why, status.ToString().c_str(), why_size - 1);
    why[why_size - 1] = 0;
    return false;
}

void store_rocks_ext_version(unsigned *major, unsigned *minor)
{
    *major = ROCKSDB_MAJOR;
    *minor = ROCKSDB_MINOR;
}
