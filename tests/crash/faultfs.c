/* faultfs.c - a disk that gets full or fails when a test says so, before a server by LD_PRELOAD.
 * STELE_PRELOAD_DIR names the folder it watches, STELE_FAULTS the file of struct faults that the
 * test writes and this library maps.
 * Room: what makes a file take more space uses it up, what gives space back refills it; a write for
 * which there is some but not enough room writes that much, as a real disk does, and the next one
 * fails. statvfs tells the room, unless the test wants the disk to get full without a warning, as
 * quotas do.
 */
#include "../lib/preload.h"

#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>

/* Kinds of files, bits of a mask, as in disk.py. */
enum {
    KIND_LOG = 1,      /* of the engine: *.log */
    KIND_TABLE = 2,    /* *.sst */
    KIND_MANIFEST = 4, /* MANIFEST-* */
    KIND_FOLDER = 8,
    KIND_OTHER = 16,
};

/* Written by disk.py, which knows it by these offsets: int64 each. */
struct faults {
    int64_t room;        /* bytes; negative: no bound */
    int64_t warns;       /* statvfs tells the room */
    int64_t refuses_new; /* no file can be made */
    int64_t write_kinds; /* of these kinds, a write fails */
    int64_t write_after; /* that many writes succeed first */
    int64_t write_bytes; /* of the failing one, that many are written */
    int64_t sync_kinds;  /* of these kinds, a sync fails */
    int64_t sync_after;
    int64_t sync_waits;  /* of these kinds, a sync ends when this is 0 again */
    int64_t write_error; /* errno of them */
    int64_t sync_error;
    int64_t refuses_direct; /* no direct I/O, as some file systems */
    int64_t failed;         /* calls that failed; counted here */
};

static volatile struct faults *faults(void)
{
    static volatile struct faults *map;
    int fd;

    if (map == NULL) {
        fd = (int)(getenv("STELE_FAULTS") != NULL ? open(getenv("STELE_FAULTS"), O_RDWR) : -1);
        map = fd < 0 ? MAP_FAILED
                     : mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED) {
            fprintf(stderr, "faultfs: STELE_FAULTS does not name a file of faults\n");
            abort();
        }
        close(fd);
    }
    return map;
}

static uint32_t kind_of(const char *path)
{
    const char *name = strrchr(path, '/') + 1, *end = strrchr(name, '.');
    struct stat info;

    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return KIND_FOLDER;
    if (end != NULL && strcmp(end, ".log") == 0)
        return KIND_LOG;
    if (end != NULL && strcmp(end, ".sst") == 0)
        return KIND_TABLE;
    if (strncmp(name, "MANIFEST", 8) == 0)
        return KIND_MANIFEST;
    return KIND_OTHER;
}

static bool sync_fails(int fd);

static int fail(int error)
{
    faults()->failed++;
    errno = error;
    return -1;
}

/* --- what each file takes --------------------------------------------------------------------- */

#define FILES_MAX 4096

/* Counted here: st_blocks has blocks twice for the moment in which a file system finds places for
 * what it delayed. */
static struct {
    dev_t dev;
    ino_t ino;
    off_t bytes; /* its own already: writing them again needs no room */
} files[FILES_MAX];
static unsigned file_count;

/* file_count: it is not known. */
static unsigned find_file(const struct stat *info)
{
    unsigned i = 0;

    while (i < file_count && (files[i].ino != info->st_ino || files[i].dev != info->st_dev))
        i++;
    return i;
}

/* Of a file from before this process, what the file system says. */
static off_t *taken_by(const struct stat *info)
{
    off_t blocks = info->st_blocks * 512;
    unsigned i = find_file(info);

    if (i < file_count)
        return &files[i].bytes;
    if (file_count == FILES_MAX) {
        fprintf(stderr, "faultfs: more than %d files\n", FILES_MAX);
        abort();
    }
    files[i].dev = info->st_dev;
    files[i].ino = info->st_ino;
    files[i].bytes = blocks > info->st_size ? blocks : info->st_size;
    file_count++;
    return &files[i].bytes;
}

static void forget(const struct stat *info)
{
    unsigned i = find_file(info);

    if (i < file_count)
        files[i] = files[--file_count];
}

static off_t *taken_by_fd(int fd)
{
    struct stat info = {0};

    fstat(fd, &info);
    return taken_by(&info);
}

static void take_to(off_t *taken, off_t end)
{
    if (end > *taken)
        *taken = end;
}

/* All but so many bytes. */
static void give_back(off_t *taken, off_t keep)
{
    if (*taken <= keep)
        return;
    if (faults()->room >= 0)
        faults()->room += *taken - keep;
    *taken = keep;
}

/* How much of a write may happen: 0 with errno if nothing. */
static size_t admit(int fd, off_t offset, size_t size)
{
    volatile struct faults *f = faults();
    off_t *taken = taken_by_fd(fd), has = *taken, more = offset + (off_t)size - has;

    if ((f->write_kinds & preload_fd(fd)) != 0 && f->write_after-- <= 0) {
        /* Once: whoever goes on regardless gets away with it, and is found out. */
        f->write_kinds = 0;
        size = (size_t)f->write_bytes < size ? (size_t)f->write_bytes : 0;
        if (size == 0)
            fail((int)f->write_error);
        else
            f->write_kinds = preload_fd(fd); /* the rest fails */
        f->write_bytes = 0;
        take_to(taken, offset + (off_t)size);
        return size;
    }
    if (f->room >= 0 && more > f->room) {
        more = f->room;
        size = has + more > offset ? (size_t)(has + more - offset) : 0;
        if (size == 0)
            fail(ENOSPC);
    }
    if (f->room >= 0 && more > 0)
        f->room -= more;
    if (size != 0)
        take_to(taken, offset + (off_t)size);
    return size;
}

/* --- files come and go ----------------------------------------------------------------------- */

/* One that is new has nothing, whatever a file took that was this inode before. */
static int opened(const char *path, int fd, bool is_new)
{
    if (fd < 0)
        return fd;
    preload_fd_set(fd, kind_of(path));
    if (is_new)
        *taken_by_fd(fd) = 0;
    return fd;
}

/* Whether opening may go on; gives back what O_TRUNC frees. */
static bool may_open(const char *path, int flags, bool *is_new)
{
    struct stat info;

    *is_new = stat(path, &info) != 0;
    if (*is_new && (flags & O_CREAT) != 0 && faults()->refuses_new) {
        fail(ENOSPC);
        return false;
    }
    if (!*is_new && (flags & O_TRUNC) != 0)
        give_back(taken_by(&info), 0);
    return true;
}

#define OPEN(name)                                                          \
    int name(const char *path, int flags, ...)                              \
    {                                                                       \
        REAL(int, name, const char *, int, ...);                            \
        mode_t mode = 0;                                                    \
        bool is_new;                                                        \
        int fd = -1;                                                        \
                                                                            \
        if (preload_has_mode(flags)) {                                      \
            va_list arguments;                                              \
                                                                            \
            va_start(arguments, flags);                                     \
            mode = va_arg(arguments, mode_t);                               \
            va_end(arguments);                                              \
        }                                                                   \
        if (!preload_watches(path))                                         \
            return real(path, flags, mode);                                 \
        if ((flags & O_DIRECT) != 0 && faults()->refuses_direct) {          \
            errno = EINVAL;                                                 \
            return -1;                                                      \
        }                                                                   \
        flags &= ~O_DIRECT; /* a write that fails in part has any length */ \
        pthread_mutex_lock(&preload_lock);                                  \
        if (may_open(path, flags, &is_new))                                 \
            fd = opened(path, real(path, flags, mode), is_new);             \
        pthread_mutex_unlock(&preload_lock);                                \
        return fd;                                                          \
    }
OPEN(open)
OPEN(open64)

int close(int fd)
{
    REAL(int, close, int);

    preload_fd_set(fd, 0);
    return real(fd);
}

static void freed_by_unlinking(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1)
        return;
    give_back(taken_by(&info), 0);
    forget(&info);
}

int unlink(const char *path)
{
    REAL(int, unlink, const char *);
    int result;

    if (!preload_watches(path))
        return real(path);
    pthread_mutex_lock(&preload_lock);
    freed_by_unlinking(path);
    result = real(path);
    pthread_mutex_unlock(&preload_lock);
    return result;
}

int rename(const char *from, const char *to)
{
    REAL(int, rename, const char *, const char *);
    int result;

    if (!preload_watches(to))
        return real(from, to);
    pthread_mutex_lock(&preload_lock);
    freed_by_unlinking(to);
    result = real(from, to);
    pthread_mutex_unlock(&preload_lock);
    return result;
}

/* --- contents -------------------------------------------------------------------------------- */

ssize_t write(int fd, const void *data, size_t size)
{
    REAL(ssize_t, write, int, const void *, size_t);
    ssize_t written = -1;

    if (preload_fd(fd) == 0)
        return real(fd, data, size);
    pthread_mutex_lock(&preload_lock);
    size = admit(fd, preload_offset(fd), size);
    if (size != 0)
        written = real(fd, data, size);
    pthread_mutex_unlock(&preload_lock);
    return written;
}

#define PWRITE(name)                                                  \
    ssize_t name(int fd, const void *data, size_t size, off_t offset) \
    {                                                                 \
        REAL(ssize_t, name, int, const void *, size_t, off_t);        \
        ssize_t written = -1;                                         \
                                                                      \
        if (preload_fd(fd) == 0)                                      \
            return real(fd, data, size, offset);                      \
        pthread_mutex_lock(&preload_lock);                            \
        size = admit(fd, offset, size);                               \
        if (size != 0)                                                \
            written = real(fd, data, size, offset);                   \
        pthread_mutex_unlock(&preload_lock);                          \
        if (written > 0 && (fcntl(fd, F_GETFL) & O_DSYNC) != 0)       \
            written = sync_fails(fd) ? -1 : written;                  \
        return written;                                               \
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

/* All of it or nothing; what is allocated already costs nothing. */
static bool may_allocate(int fd, int mode, off_t end)
{
    volatile struct faults *f = faults();
    off_t *taken = taken_by_fd(fd), more = end - *taken;

    if ((mode & FALLOC_FL_PUNCH_HOLE) != 0 || more <= 0)
        return true;
    if (f->room >= 0 && more > f->room) {
        fail(ENOSPC);
        return false;
    }
    if (f->room >= 0)
        f->room -= more;
    take_to(taken, end);
    return true;
}

#define FALLOCATE(name)                                  \
    int name(int fd, int mode, off_t offset, off_t size) \
    {                                                    \
        REAL(int, name, int, int, off_t, off_t);         \
        int result = -1;                                 \
                                                         \
        if (preload_fd(fd) == 0)                         \
            return real(fd, mode, offset, size);         \
        pthread_mutex_lock(&preload_lock);               \
        if (may_allocate(fd, mode, offset + size))       \
            result = real(fd, mode, offset, size);       \
        pthread_mutex_unlock(&preload_lock);             \
        return result;                                   \
    }
FALLOCATE(fallocate)
FALLOCATE(fallocate64)

/* Returns the error instead of setting errno. */
#define POSIX_FALLOCATE(name)                   \
    int name(int fd, off_t offset, off_t size)  \
    {                                           \
        REAL(int, name, int, off_t, off_t);     \
        int result = ENOSPC;                    \
                                                \
        if (preload_fd(fd) == 0)                \
            return real(fd, offset, size);      \
        pthread_mutex_lock(&preload_lock);      \
        if (may_allocate(fd, 0, offset + size)) \
            result = real(fd, offset, size);    \
        pthread_mutex_unlock(&preload_lock);    \
        return result;                          \
    }
POSIX_FALLOCATE(posix_fallocate)
POSIX_FALLOCATE(posix_fallocate64)

#define FTRUNCATE(name)                       \
    int name(int fd, off_t size)              \
    {                                         \
        REAL(int, name, int, off_t);          \
        int result;                           \
                                              \
        if (preload_fd(fd) == 0)              \
            return real(fd, size);            \
        pthread_mutex_lock(&preload_lock);    \
        result = real(fd, size);              \
        if (result == 0)                      \
            give_back(taken_by_fd(fd), size); \
        pthread_mutex_unlock(&preload_lock);  \
        return result;                        \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

/* --- syncs and space ------------------------------------------------------------------------- */

/* Of a descriptor that syncs each of its writes, too. */
static bool sync_fails(int fd)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    volatile struct faults *f = faults();
    bool fails;

    while ((f->sync_waits & preload_fd(fd)) != 0)
        nanosleep(&pause, NULL); /* sleep: until the test says */
    pthread_mutex_lock(&preload_lock);
    fails = (f->sync_kinds & preload_fd(fd)) != 0 && f->sync_after-- <= 0;
    if (fails) {
        f->sync_kinds = 0;
        fail((int)f->sync_error);
    }
    pthread_mutex_unlock(&preload_lock);
    return fails;
}

#define SYNC(name)                                                    \
    int name(int fd)                                                  \
    {                                                                 \
        REAL(int, name, int);                                         \
                                                                      \
        return preload_fd(fd) != 0 && sync_fails(fd) ? -1 : real(fd); \
    }
SYNC(fsync)
SYNC(fdatasync)

int sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags)
{
    REAL(int, sync_file_range, int, off64_t, off64_t, unsigned);

    /* An empty range only asks whether there is such a call. */
    return preload_fd(fd) != 0 && size != 0 && sync_fails(fd) ? -1 : real(fd, offset, size, flags);
}

static void tell_room(fsblkcnt_t *available, unsigned long block_bytes)
{
    if (faults()->room >= 0 && faults()->warns)
        *available = (fsblkcnt_t)faults()->room / block_bytes;
}

int statvfs(const char *path, struct statvfs *space)
{
    REAL(int, statvfs, const char *, struct statvfs *);
    int result = real(path, space);

    if (result == 0 && preload_watches(path))
        tell_room(&space->f_bavail, space->f_frsize);
    return result;
}

int fstatvfs(int fd, struct statvfs *space)
{
    REAL(int, fstatvfs, int, struct statvfs *);
    int result = real(fd, space);

    if (result == 0 && preload_fd(fd) != 0)
        tell_room(&space->f_bavail, space->f_frsize);
    return result;
}
