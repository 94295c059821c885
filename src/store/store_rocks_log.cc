/* store_rocks_log.cc - log files that overwrite zeros, and the thread that writes these.
 * Safe to overwrite a block whose front is acknowledged already: those bytes are written again as
 * they are, and a sector is old or new, never between. A growing file does the same with its last
 * page.
 * A spare is never taken over from an earlier run: it may have been a log whose new name was lost,
 * and its records must not be read twice.
 */
#include "store/store_rocks_log.h"

#include "store/store_rocks_ext.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/options.h>
#include <string>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

static constexpr size_t block_bytes = 4096;                       /* a multiple of every disk's */
static constexpr size_t buffer_bytes = (size_t)256 << 10;         /* written at once, at most */
static constexpr size_t spare_bytes = (size_t)8 << 20;            /* a memtable's worth of log */
static constexpr size_t spare_step_bytes = (size_t)128 << 10;     /* between them, others write */
static constexpr uint64_t spare_after_bytes = (uint64_t)1 << 20;  /* little used: no spare */
static constexpr uint64_t spare_room_bytes = (uint64_t)128 << 20; /* left on the disk beside it */

static IOStatus io_error(const char *doing, const std::string &path)
{
    std::string what = std::string(doing) + ": " + path;
    IOStatus status = errno == ENOSPC ? IOStatus::NoSpace(what, std::strerror(errno))
                                      : IOStatus::IOError(what, std::strerror(errno));

    status.SetRetryable(errno == ENOSPC); /* as RocksDB's own files say it */
    return status;
}

struct Free {
    void operator()(char *memory) const
    {
        std::free(memory);
    }
};
using Blocks = std::unique_ptr<char, Free>;

static Blocks make_blocks(size_t bytes)
{
    void *memory = nullptr;

    if (posix_memalign(&memory, block_bytes, bytes) != 0)
        std::abort();
    std::memset(memory, 0, bytes);
    return Blocks(static_cast<char *>(memory));
}

/* The next log, while it is being filled with zeros, and when it is. */
class Spare
{
  public:
    explicit Spare(const std::string &folder) : path_(folder + "/spare")
    {
        unlink(path_.c_str());
    }

    ~Spare()
    {
        stopping_ = true;
        if (filler_.joinable())
            filler_.join();
        unlink(path_.c_str());
    }

    void prepare()
    {
        std::lock_guard<std::mutex> guard(lock_);

        if (filling_ || ready_)
            return;
        if (filler_.joinable())
            filler_.join(); /* it has ended, but for its last line */
        filling_ = true;
        filler_ = std::thread(&Spare::fill, this);
    }

    /* False: there is none, or it could not be renamed. */
    bool take(const std::string &path)
    {
        std::lock_guard<std::mutex> guard(lock_);
        bool taken = ready_ && rename(path_.c_str(), path.c_str()) == 0;

        ready_ = ready_ && !taken;
        return taken;
    }

  private:
    const std::string path_;
    std::mutex lock_; /* guards the next three */
    bool filling_ = false;
    bool ready_ = false;
    std::thread filler_;
    std::atomic<bool> stopping_{false};

    void fill()
    {
        bool filled = has_room() && write_zeros();

        if (!filled)
            unlink(path_.c_str()); /* the next log grows as it is written */
        std::lock_guard<std::mutex> guard(lock_);
        filling_ = false;
        ready_ = filled;
    }

    bool has_room() const
    {
        std::string folder = path_.substr(0, path_.rfind('/'));
        struct statvfs disk;

        return statvfs(folder.c_str(), &disk) == 0 &&
               (uint64_t)disk.f_bavail * disk.f_frsize >= spare_bytes + spare_room_bytes;
    }

    bool write_zeros() const
    {
        Blocks zeros = make_blocks(spare_step_bytes);
        int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_DIRECT, 0644);
        size_t written = 0;
        bool synced;

        if (fd < 0)
            return false;
        while (written < spare_bytes && !stopping_) {
            ssize_t now = pwrite(fd, zeros.get(), spare_step_bytes, (off_t)written);

            if (now != (ssize_t)spare_step_bytes)
                break;
            written += spare_step_bytes;
        }
        synced = written == spare_bytes && fsync(fd) == 0;
        close(fd);
        return synced;
    }
};

class LogFile : public rocksdb::FSWritableFile
{
  public:
    LogFile(const std::string &path, int fd, Spare *spare)
        : path_(path), fd_(fd), spare_(spare), buffer_(make_blocks(buffer_bytes))
    {
    }

    ~LogFile() override
    {
        if (fd_ >= 0)
            close(fd_);
    }

    using FSWritableFile::Append;
    IOStatus Append(const rocksdb::Slice &data, const IOOptions &, IODebugContext *) override
    {
        const char *from = data.data();
        size_t left = data.size();

        while (left > 0) {
            size_t some = std::min(left, buffer_bytes - used_);

            std::memcpy(buffer_.get() + used_, from, some);
            used_ += some;
            from += some;
            left -= some;
            unwritten_ = true;
            if (used_ == buffer_bytes) {
                IOStatus status = write_out();

                if (!status.ok())
                    return status;
            }
        }
        return IOStatus::OK();
    }

    IOStatus Flush(const IOOptions &, IODebugContext *) override
    {
        return IOStatus::OK(); /* who reads a log that is being written wants what was synced */
    }

    IOStatus Sync(const IOOptions &, IODebugContext *) override
    {
        return write_out();
    }

    /* The zeros behind the end go; whether that is durable does not matter. */
    IOStatus Close(const IOOptions &, IODebugContext *) override
    {
        IOStatus status = write_out();

        if (status.ok() && ftruncate(fd_, (off_t)size()) != 0)
            status = io_error("While truncating file", path_);
        close(fd_);
        fd_ = -1;
        return status;
    }

    uint64_t GetFileSize(const IOOptions &, IODebugContext *) override
    {
        return size();
    }

  private:
    const std::string path_;
    int fd_;
    Spare *spare_;
    Blocks buffer_;      /* whole blocks of the file, the last one perhaps in part */
    uint64_t start_ = 0; /* where they are in the file */
    size_t used_ = 0;
    bool unwritten_ = false;
    IOStatus
        failure_; /* for good: what was refused must not be written later, not by Close either */

    uint64_t size() const
    {
        return start_ + used_;
    }

    /* The file was opened with O_DSYNC: what is written is durable. */
    IOStatus write_out()
    {
        size_t tail = used_ % block_bytes, whole = used_ - tail, bytes = whole, written = 0;

        if (!unwritten_ || !failure_.ok())
            return failure_;
        if (tail > 0) {
            std::memset(buffer_.get() + used_, 0, block_bytes - tail);
            bytes += block_bytes;
        }
        while (written < bytes) {
            ssize_t some =
                pwrite(fd_, buffer_.get() + written, bytes - written, (off_t)(start_ + written));

            if (some < 0 && errno == EINTR)
                continue;
            if (some <= 0) {
                errno = some == 0 ? EIO : errno;
                return failure_ = io_error("While appending to file", path_);
            }
            written += (size_t)some;
        }
        std::memmove(buffer_.get(), buffer_.get() + whole, tail);
        start_ += whole;
        used_ = tail;
        unwritten_ = false;
        if (start_ >= spare_after_bytes)
            spare_->prepare();
        return IOStatus::OK();
    }
};

class LogFileSystem : public rocksdb::FileSystemWrapper
{
  public:
    LogFileSystem(const std::shared_ptr<rocksdb::FileSystem> &target, const std::string &folder)
        : FileSystemWrapper(target), folder_(folder + "/"), spare_(folder)
    {
    }

    const char *Name() const override
    {
        return "SteleLogFileSystem";
    }

    IOStatus NewWritableFile(const std::string &path, const FileOptions &options,
                             std::unique_ptr<rocksdb::FSWritableFile> *file,
                             IODebugContext *debug) override
    {
        int fd;

        if (!is_log(path))
            return target()->NewWritableFile(path, options, file, debug);
        unlink(path.c_str());
        spare_.take(path);
        if (!takes_blocks(path))
            return target()->NewWritableFile(path, options, file, debug);
        fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_DIRECT | O_DSYNC, 0644);
        if (fd < 0)
            return io_error("While open a file for appending", path);
        *file = std::make_unique<LogFile>(path, fd, &spare_);
        return IOStatus::OK();
    }

  private:
    const std::string folder_;
    Spare spare_;

    /* Some file systems open a file for direct I/O and then refuse to do it. What else may be wrong
     * is for the first record to find out, which also makes the file durable: no sync here. */
    static bool takes_blocks(const std::string &path)
    {
        int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_DIRECT, 0644);
        Blocks zeros = make_blocks(block_bytes);
        bool takes;

        if (fd < 0)
            return errno != EINVAL;
        takes = pwrite(fd, zeros.get(), block_bytes, 0) >= 0 || errno != EINVAL;
        close(fd);
        return takes;
    }

    /* A checkpoint has a copy of one, in a folder of its own: that is no log to write. */
    bool is_log(const std::string &path) const
    {
        static const std::string end = ".log";

        return path.size() > end.size() && path.compare(0, folder_.size(), folder_) == 0 &&
               path.compare(path.size() - end.size(), end.size(), end) == 0;
    }
};

struct store_rocks_log {
    std::unique_ptr<rocksdb::Env> env;
};

struct store_rocks_log *store_rocks_log_create(rocksdb_options_t *options, const char *folder)
{
    rocksdb::Env *&env = store_rocks_ext_options(options)->env;
    auto files = std::make_shared<LogFileSystem>(env->GetFileSystem(), folder);
    auto *log = new store_rocks_log{rocksdb::NewCompositeEnv(files)};

    env = log->env.get();
    return log;
}

void store_rocks_log_destroy(struct store_rocks_log **log)
{
    delete *log;
    *log = nullptr;
}
