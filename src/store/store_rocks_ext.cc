/* store_rocks_ext.cc - what RocksDB's C API lacks.
 * rocksdb_t holds nothing but the DB pointer, rocksdb_options_t nothing but the Options, in every
 * version we build on (7.8 to 9.10); db_of checks that it found the database it was asked for,
 * options_of that it found the options that the C API made, before they are used.
 */
#include "store/store_rocks_ext.h"

extern "C" {
#include "base/thread.h"
}

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/version.h>
#include <string>

static rocksdb::DB *db_of(rocksdb_t *handle, const char *path)
{
    rocksdb::DB *db = *reinterpret_cast<rocksdb::DB **>(handle);

    return db->GetName() == path ? db : nullptr;
}

rocksdb::Options *store_rocks_ext_options(rocksdb_options_t *handle)
{
    auto *options = reinterpret_cast<rocksdb::Options *>(handle);

    if (options->write_buffer_size != rocksdb_options_get_write_buffer_size(handle))
        std::abort();
    return options;
}

/* Compactions that found no space are left to RocksDB: it goes on writing, and tries them again. */
class ResumeWhenTold : public rocksdb::EventListener
{
  public:
    void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error,
                              bool *by_itself) override
    {
        if (error.severity() >= rocksdb::Status::Severity::kHardError)
            *by_itself = false;
    }
};

/* Its threads give way, each from its first job on. */
class GiveWay : public rocksdb::EventListener
{
  public:
    void OnFlushBegin(rocksdb::DB *, const rocksdb::FlushJobInfo &) override
    {
        give_way();
    }
    void OnCompactionBegin(rocksdb::DB *, const rocksdb::CompactionJobInfo &) override
    {
        give_way();
    }

  private:
    static void give_way()
    {
        static thread_local bool done = (thread_give_way(), true);

        (void)done;
    }
};

class LogTo : public rocksdb::Logger
{
  public:
    LogTo(store_rocks_log_fn *log, bool verbose)
        : Logger(verbose ? rocksdb::InfoLogLevel::DEBUG_LEVEL : rocksdb::InfoLogLevel::ERROR_LEVEL),
          log_(log)
    {
    }

    using Logger::Logv;
    void Logv(const rocksdb::InfoLogLevel level, const char *format, va_list arguments) override
    {
        char text[1024];
        size_t size;

        if (level < GetInfoLogLevel())
            return;
        std::vsnprintf(text, sizeof(text), format, arguments);
        size = std::strlen(text);
        if (size > 0 && text[size - 1] == '\n')
            text[size - 1] = 0;
        log_(level == rocksdb::InfoLogLevel::ERROR_LEVEL ||
                 level == rocksdb::InfoLogLevel::FATAL_LEVEL,
             text);
    }
    /* Lines without a level are about flushes and compactions. */
    void Logv(const char *format, va_list arguments) override
    {
        Logv(rocksdb::InfoLogLevel::INFO_LEVEL, format, arguments);
    }

  private:
    store_rocks_log_fn *log_;
};

void store_rocks_ext_log_to(rocksdb_options_t *options, store_rocks_log_fn *log, bool verbose)
{
    store_rocks_ext_options(options)->info_log = std::make_shared<LogTo>(log, verbose);
}

void store_rocks_ext_resume_when_told(rocksdb_options_t *options)
{
    store_rocks_ext_options(options)->listeners.push_back(std::make_shared<ResumeWhenTold>());
}

void store_rocks_ext_filter_prefixes(rocksdb_options_t *handle, size_t bytes)
{
    /* The C API has this too, but gives it a name, which tables record, that lacks the size. */
    store_rocks_ext_options(handle)->prefix_extractor.reset(
        rocksdb::NewFixedPrefixTransform(bytes));
}

void store_rocks_ext_compact_in_background(rocksdb_options_t *options)
{
    store_rocks_ext_options(options)->listeners.push_back(std::make_shared<GiveWay>());
    /* An older kernel or a container may forbid it; it is a matter of latency only. */
    store_rocks_ext_options(options)
        ->env->LowerThreadPoolCPUPriority(rocksdb::Env::Priority::LOW, rocksdb::CpuPriority::kLow)
        .PermitUncheckedError();
}

enum store_rocks_resume store_rocks_ext_resume(rocksdb_t *handle, const char *path, char *why,
                                               size_t why_size)
{
    rocksdb::DB *db = db_of(handle, path);
    rocksdb::Status status =
        db == nullptr ? rocksdb::Status::Aborted("unknown RocksDB layout") : db->Resume();

    if (status.ok())
        return STORE_ROCKS_RESUMED;
    std::strncpy(why, status.ToString().c_str(), why_size - 1);
    why[why_size - 1] = 0;
    return db == nullptr || status.severity() >= rocksdb::Status::Severity::kFatalError
               ? STORE_ROCKS_NOT_AGAIN
               : STORE_ROCKS_NOT_YET;
}

void store_rocks_ext_version(unsigned *major, unsigned *minor)
{
    *major = ROCKSDB_MAJOR;
    *minor = ROCKSDB_MINOR;
}
