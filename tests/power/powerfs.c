/* powerfs.c - records what a server does to its files, put before it by LD_PRELOAD.
 * STELE_PRELOAD_DIR names the folder it watches, STELE_RECORD the file it appends to; record.py
 * reads it. From the record one can tell what a power cut at any instant could have left.
 * Record: struct head, then `size` bytes. Changes are made and recorded one at a time, under a
 * lock, so their order in the record is the order in which they were made. A sync is two entries:
 * what was changed before the first is durable from the second on. The files themselves are not
 * synced: they are looked at by nobody but the server.
 * SIGRTMIN kills the process between two changes: a kill of another's could come between one and
 * its record, where a busy disk makes a process wait.
 */
#include "../lib/preload.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

/* Kinds of entries, as in record.py. */
enum {
    ENTRY_START = 1, /* of a process: earlier handles are closed */
    ENTRY_OPEN,      /* value: OPEN_* · path */
    ENTRY_WRITE,     /* value: offset · data */
    ENTRY_RESIZE,    /* value: size */
    ENTRY_RENAME,    /* old path, 0, new path */
    ENTRY_UNLINK,    /* path */
    ENTRY_LINK,      /* old path, 0, new path */
    ENTRY_MKDIR,     /* path */
    ENTRY_SYNC,      /* value: its number */
    ENTRY_SYNCED,    /* value: its number */
};
enum { OPEN_CREATED = 1, OPEN_TRUNCATED = 2 };

struct head {
    uint32_t kind;
    uint32_t handle; /* of an open file, from 1 in each process */
    uint64_t value;
    uint64_t size;
};

static int sync_recorded(int fd);

/* Descriptors that sync each write. The kernel is not told: a kill would come between its write and
 * our record. */
static bool syncs_writes[PRELOAD_FDS_MAX];

/* A sync takes time, in which others write. */
#define SYNC_NS 200000

static void stop(const char *why)
{
    fprintf(stderr, "powerfs: %s\n", why);
    abort();
}

static void record(uint32_t kind, uint32_t handle, uint64_t value, const void *data, size_t size)
{
    REAL(ssize_t, writev, int, const struct iovec *, int);
    static int fd = -1;
    struct head start = {.kind = ENTRY_START}, head = {kind, handle, value, size};
    struct iovec pieces[2] = {{&head, sizeof(head)}, {(void *)data, size}};

    if (fd < 0) {
        const char *path = getenv("STELE_RECORD");

        fd = path != NULL ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
        if (fd < 0 || write(fd, &start, sizeof(start)) != sizeof(start))
            stop("STELE_RECORD does not name a file to append to");
    }
    if (real(fd, pieces, 2) != (ssize_t)(sizeof(head) + size))
        stop("cannot write to the record");
}

static void record_paths(uint32_t kind, const char *one, const char *two)
{
    char paths[8192];
    int size = snprintf(paths, sizeof(paths), "%s%c%s", one, 0, two);

    if (size < 0 || size >= (int)sizeof(paths))
        stop("a path is too long");
    record(kind, 0, 0, paths, (size_t)size);
}

static void *kill_when_told(void *told)
{
    int number;

    sigwait(told, &number);
    pthread_mutex_lock(&preload_lock);
    kill(getpid(), SIGKILL);
    return NULL;
}

/* Before any other thread, which would not have the signal blocked. */
__attribute__((constructor)) static void await_kill(void)
{
    static sigset_t told;
    pthread_t thread;

    sigemptyset(&told);
    sigaddset(&told, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &told, NULL);
    if (pthread_create(&thread, NULL, kill_when_told, &told) != 0)
        stop("cannot start a thread");
}

/* --- files come and go ----------------------------------------------------------------------- */

static void record_open(int fd, const char *path, int flags, bool existed)
{
    static uint32_t last_handle;
    uint64_t how = 0;

    if (!existed)
        how |= OPEN_CREATED;
    if ((flags & O_TRUNC) != 0)
        how |= OPEN_TRUNCATED;
    preload_fd_set(fd, ++last_handle);
    if (fd < PRELOAD_FDS_MAX)
        syncs_writes[fd] = (flags & O_DSYNC) != 0;
    record(ENTRY_OPEN, last_handle, how, path, strlen(path));
}

#define OPEN(name)                                            \
    int name(const char *path, int flags, ...)                \
    {                                                         \
        REAL(int, name, const char *, int, ...);              \
        mode_t mode = 0;                                      \
        bool existed;                                         \
        int fd;                                               \
                                                              \
        if (preload_has_mode(flags)) {                        \
            va_list arguments;                                \
                                                              \
            va_start(arguments, flags);                       \
            mode = va_arg(arguments, mode_t);                 \
            va_end(arguments);                                \
        }                                                     \
        if (!preload_watches(path))                           \
            return real(path, flags, mode);                   \
        pthread_mutex_lock(&preload_lock);                    \
        existed = access(path, F_OK) == 0;                    \
        fd = real(path, flags & ~(O_DIRECT | O_DSYNC), mode); \
        if (fd >= 0)                                          \
            record_open(fd, path, flags, existed);            \
        pthread_mutex_unlock(&preload_lock);                  \
        return fd;                                            \
    }
OPEN(open)
OPEN(open64)

int close(int fd)
{
    REAL(int, close, int);

    preload_fd_set(fd, 0);
    return real(fd);
}

#define CHANGE_PATH(name)                                   \
    int name(const char *path)                              \
    {                                                       \
        REAL(int, name, const char *);                      \
        int result;                                         \
                                                            \
        if (!preload_watches(path))                         \
            return real(path);                              \
        pthread_mutex_lock(&preload_lock);                  \
        result = real(path);                                \
        if (result == 0)                                    \
            record(ENTRY_UNLINK, 0, 0, path, strlen(path)); \
        pthread_mutex_unlock(&preload_lock);                \
        return result;                                      \
    }
CHANGE_PATH(unlink)
CHANGE_PATH(rmdir)

int unlinkat(int folder, const char *name, int flags)
{
    REAL(int, unlinkat, int, const char *, int);
    char link[64], path[4096] = "";
    ssize_t size = 0;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
    if (folder != AT_FDCWD && name[0] != '/')
        size = readlink(link, path, sizeof(path));
    if (size < 0 || (size_t)size + strlen(name) + 2 > sizeof(path))
        stop("a folder has no path, or a long one");
    snprintf(path + size, sizeof(path) - (size_t)size, "%s%s", size > 0 ? "/" : "", name);
    if (!preload_watches(path))
        return real(folder, name, flags);
    return (flags & AT_REMOVEDIR) != 0 ? rmdir(path) : unlink(path);
}

#define CHANGE_PATHS(name, kind)                     \
    int name(const char *from, const char *to)       \
    {                                                \
        REAL(int, name, const char *, const char *); \
        int result;                                  \
                                                     \
        if (!preload_watches(to))                    \
            return real(from, to);                   \
        pthread_mutex_lock(&preload_lock);           \
        result = real(from, to);                     \
        if (result == 0)                             \
            record_paths(kind, from, to);            \
        pthread_mutex_unlock(&preload_lock);         \
        return result;                               \
    }
CHANGE_PATHS(rename, ENTRY_RENAME)
CHANGE_PATHS(link, ENTRY_LINK)

int mkdir(const char *path, mode_t mode)
{
    REAL(int, mkdir, const char *, mode_t);
    int result;

    if (!preload_watches(path))
        return real(path, mode);
    pthread_mutex_lock(&preload_lock);
    result = real(path, mode);
    if (result == 0)
        record(ENTRY_MKDIR, 0, 0, path, strlen(path));
    pthread_mutex_unlock(&preload_lock);
    return result;
}

/* --- contents -------------------------------------------------------------------------------- */

ssize_t write(int fd, const void *data, size_t size)
{
    REAL(ssize_t, write, int, const void *, size_t);
    ssize_t written;
    off_t offset;

    if (preload_fd(fd) == 0)
        return real(fd, data, size);
    pthread_mutex_lock(&preload_lock);
    offset = preload_offset(fd);
    written = real(fd, data, size);
    if (written > 0)
        record(ENTRY_WRITE, preload_fd(fd), (uint64_t)offset, data, (size_t)written);
    pthread_mutex_unlock(&preload_lock);
    return written;
}

#define PWRITE(name)                                                                      \
    ssize_t name(int fd, const void *data, size_t size, off_t offset)                     \
    {                                                                                     \
        REAL(ssize_t, name, int, const void *, size_t, off_t);                            \
        ssize_t written;                                                                  \
                                                                                          \
        if (preload_fd(fd) == 0)                                                          \
            return real(fd, data, size, offset);                                          \
        pthread_mutex_lock(&preload_lock);                                                \
        written = real(fd, data, size, offset);                                           \
        if (written > 0)                                                                  \
            record(ENTRY_WRITE, preload_fd(fd), (uint64_t)offset, data, (size_t)written); \
        pthread_mutex_unlock(&preload_lock);                                              \
        if (written > 0 && syncs_writes[fd])                                              \
            sync_recorded(fd);                                                            \
        return written;                                                                   \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

/* One piece at a time: a short count is allowed. */
ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    REAL(ssize_t, writev, int, const struct iovec *, int);

    return preload_fd(fd) == 0 ? real(fd, pieces, count)
                               : write(fd, pieces[0].iov_base, pieces[0].iov_len);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
    REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t);

    return preload_fd(fd) == 0 ? real(fd, pieces, count, offset)
                               : pwrite(fd, pieces[0].iov_base, pieces[0].iov_len, offset);
}

static void record_size(int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        stop("fstat");
    record(ENTRY_RESIZE, preload_fd(fd), (uint64_t)info.st_size, NULL, 0);
}

#define FTRUNCATE(name)                      \
    int name(int fd, off_t size)             \
    {                                        \
        REAL(int, name, int, off_t);         \
        int result;                          \
                                             \
        if (preload_fd(fd) == 0)             \
            return real(fd, size);           \
        pthread_mutex_lock(&preload_lock);   \
        result = real(fd, size);             \
        if (result == 0)                     \
            record_size(fd);                 \
        pthread_mutex_unlock(&preload_lock); \
        return result;                       \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

/* Without KEEP_SIZE it makes a file longer; a hole punched behind the end changes nothing. */
#define FALLOCATE(name)                                  \
    int name(int fd, int mode, off_t offset, off_t size) \
    {                                                    \
        REAL(int, name, int, int, off_t, off_t);         \
        int result;                                      \
                                                         \
        if (preload_fd(fd) == 0)                         \
            return real(fd, mode, offset, size);         \
        pthread_mutex_lock(&preload_lock);               \
        result = real(fd, mode, offset, size);           \
        if (result == 0)                                 \
            record_size(fd);                             \
        pthread_mutex_unlock(&preload_lock);             \
        return result;                                   \
    }
FALLOCATE(fallocate)
FALLOCATE(fallocate64)

#define POSIX_FALLOCATE(name)                  \
    int name(int fd, off_t offset, off_t size) \
    {                                          \
        REAL(int, name, int, off_t, off_t);    \
        int result;                            \
                                               \
        if (preload_fd(fd) == 0)               \
            return real(fd, offset, size);     \
        pthread_mutex_lock(&preload_lock);     \
        result = real(fd, offset, size);       \
        if (result == 0)                       \
            record_size(fd);                   \
        pthread_mutex_unlock(&preload_lock);   \
        return result;                         \
    }
POSIX_FALLOCATE(posix_fallocate)
POSIX_FALLOCATE(posix_fallocate64)

/* Changes that would escape the record. */
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    REAL(void *, mmap, void *, size_t, int, int, int, off_t);

    if (preload_fd(fd) != 0 && (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0)
        stop("a watched file is written through memory, which is not recorded");
    return real(at, size, protection, flags, fd, offset);
}

/* --- syncs ----------------------------------------------------------------------------------- */

static int sync_recorded(int fd)
{
    static uint64_t last_number;
    struct timespec pause = {.tv_nsec = SYNC_NS};
    uint32_t handle = preload_fd(fd);
    uint64_t number;

    pthread_mutex_lock(&preload_lock);
    number = ++last_number;
    record(ENTRY_SYNC, handle, number, NULL, 0);
    pthread_mutex_unlock(&preload_lock);
    nanosleep(&pause, NULL); /* sleep: what a sync takes */
    pthread_mutex_lock(&preload_lock);
    record(ENTRY_SYNCED, handle, number, NULL, 0);
    pthread_mutex_unlock(&preload_lock);
    return 0;
}

#define SYNC(name)                                                 \
    int name(int fd)                                               \
    {                                                              \
        REAL(int, name, int);                                      \
                                                                   \
        return preload_fd(fd) != 0 ? sync_recorded(fd) : real(fd); \
    }
SYNC(fsync)
SYNC(fdatasync)

/* Starts writing, makes nothing durable: its manual page. */
int sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags)
{
    REAL(int, sync_file_range, int, off64_t, off64_t, unsigned);

    return preload_fd(fd) != 0 ? 0 : real(fd, offset, size, flags);
}
