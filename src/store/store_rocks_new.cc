/* store_rocks_new.cc - passes all on to the files below, but syncs while the database is new. */
#include "store/store_rocks_new.h"

#include "store/store_rocks_ext.h"

#include <atomic>
#include <memory>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/options.h>
#include <string>

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

using Flag = std::shared_ptr<std::atomic<bool>>;

/* The manifest stays open when the database is there, and is synced then. */
class NewFile : public rocksdb::FSWritableFileOwnerWrapper
{
  public:
    NewFile(std::unique_ptr<rocksdb::FSWritableFile> &&file, const Flag &is_new)
        : FSWritableFileOwnerWrapper(std::move(file)), is_new_(is_new)
    {
    }

    IOStatus Sync(const IOOptions &options, IODebugContext *debug) override
    {
        return *is_new_ ? Flush(options, debug) : target()->Sync(options, debug);
    }

    IOStatus Fsync(const IOOptions &options, IODebugContext *debug) override
    {
        return *is_new_ ? Flush(options, debug) : target()->Fsync(options, debug);
    }

  private:
    Flag is_new_;
};

class NewFolder : public rocksdb::FSDirectoryWrapper
{
  public:
    NewFolder(std::unique_ptr<rocksdb::FSDirectory> &&folder, const Flag &is_new)
        : FSDirectoryWrapper(std::move(folder)), is_new_(is_new)
    {
    }

    IOStatus Fsync(const IOOptions &options, IODebugContext *debug) override
    {
        return *is_new_ ? IOStatus::OK() : FSDirectoryWrapper::Fsync(options, debug);
    }

    IOStatus FsyncWithDirOptions(const IOOptions &options, IODebugContext *debug,
                                 const rocksdb::DirFsyncOptions &why) override
    {
        return *is_new_ ? IOStatus::OK()
                        : FSDirectoryWrapper::FsyncWithDirOptions(options, debug, why);
    }

  private:
    Flag is_new_;
};

class NewFileSystem : public rocksdb::FileSystemWrapper
{
  public:
    NewFileSystem(const std::shared_ptr<rocksdb::FileSystem> &target, const std::string &folder,
                  const Flag &is_new)
        : FileSystemWrapper(target), options_(folder + "/OPTIONS-"), is_new_(is_new)
    {
    }

    const char *Name() const override
    {
        return "SteleNewFileSystem";
    }

    IOStatus NewWritableFile(const std::string &path, const FileOptions &options,
                             std::unique_ptr<rocksdb::FSWritableFile> *file,
                             IODebugContext *debug) override
    {
        IOStatus status;

        if (path.compare(0, options_.size(), options_) == 0)
            return IOStatus::NotSupported("there is no file of options");
        status = target()->NewWritableFile(path, options, file, debug);
        if (status.ok() && *is_new_)
            *file = std::make_unique<NewFile>(std::move(*file), is_new_);
        return status;
    }

    IOStatus NewDirectory(const std::string &path, const IOOptions &options,
                          std::unique_ptr<rocksdb::FSDirectory> *folder,
                          IODebugContext *debug) override
    {
        IOStatus status = target()->NewDirectory(path, options, folder, debug);

        if (status.ok() && *is_new_)
            *folder = std::make_unique<NewFolder>(std::move(*folder), is_new_);
        return status;
    }

  private:
    const std::string options_; /* what their names begin with */
    Flag is_new_;
};

struct store_rocks_new {
    std::unique_ptr<rocksdb::Env> env;
    Flag is_new;
};

struct store_rocks_new *store_rocks_new_create(rocksdb_options_t *handle, const char *folder,
                                               bool is_new)
{
    rocksdb::Options *options = store_rocks_ext_options(handle);
    auto flag = std::make_shared<std::atomic<bool>>(is_new);
    auto system =
        std::make_shared<NewFileSystem>(options->env->GetFileSystem(), std::string(folder), flag);
    auto *files = new store_rocks_new{rocksdb::NewCompositeEnv(system), flag};

    options->env = files->env.get();
    options->fail_if_options_file_error = false; /* the default of some versions */
    return files;
}

void store_rocks_new_end(struct store_rocks_new *files)
{
    *files->is_new = false;
}

void store_rocks_new_destroy(struct store_rocks_new **files)
{
    delete *files;
    *files = nullptr;
}
