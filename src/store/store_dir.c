/* store_dir.c - the files beside the engine's. */
#include "store/store_dir.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_dir_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Room to write out what is in memory (two memtables, compressed) and go on deleting. */
#define RESERVE_BYTES ((off_t)32 << 20)
#define FILES_MIN     16 /* inodes: a file system can run out of these alone */

static enum err make_folders(struct store_dir *dir, struct fault *fault);
static enum err take_lock(struct store_dir *dir, struct fault *fault);
static enum err check_format(struct store_dir *dir, struct fault *fault);
static enum err check_engine_files(struct store_dir *dir, struct fault *fault);
static void keep_used_mark(struct store_dir *dir);

enum err store_dir_open(const char *path, const char *engine, unsigned major, unsigned minor,
                        struct fault *fault, struct store_dir **dir)
{
    struct store_dir *d = mem_zalloc(sizeof(*d));
    enum err err;

    d->path = mem_string(path);
    d->engine_path = store_dir_join(path, "rocks");
    d->reserve_path = store_dir_join(path, "RESERVE");
    d->bulk_path = store_dir_join(path, "bulk");
    d->lock_fd = -1;
    d->format_fd = -1;
    d->engine = engine;
    d->major = major;
    d->minor = minor;
    err = make_folders(d, fault);
    if (err == OK)
        err = take_lock(d, fault);
    if (err == OK)
        err = check_format(d, fault);
    if (err == OK)
        err = check_engine_files(d, fault);
    if (err == OK)
        file_remove_files(d->bulk_path); /* of a process that was killed */
    if (err == OK && store_dir_keep_reserve(d) != OK)
        LOG(WARN, "the disk of the data directory is nearly full; no reserve could be set aside",
            log_string("path", path));
    if (err != OK) {
        store_dir_close(&d);
        return err;
    }
    *dir = d;
    return OK;
}

void store_dir_close(struct store_dir **dir)
{
    struct store_dir *d = *dir;

    if (d == NULL)
        return;
    if (d->lock_fd >= 0)
        rmdir(d->bulk_path); /* unless something is in use there */
    if (d->format_fd >= 0)
        close(d->format_fd);
    if (d->is_new)
        store_dir_remove_files(d);
    if (d->lock_fd >= 0)
        close(d->lock_fd); /* and with it the lock */
    store_dir_remove_folders(d);
    free(d->path);
    free(d->engine_path);
    free(d->reserve_path);
    free(d->bulk_path);
    free(d);
    *dir = NULL;
}

void store_dir_keep(struct store_dir *dir)
{
    dir->is_new = false;
}

const char *store_dir_engine_path(const struct store_dir *dir)
{
    return dir->engine_path;
}

bool store_dir_had_tables(const struct store_dir *dir)
{
    return dir->had_tables;
}

uint64_t store_dir_room_bytes(const struct store_dir *dir)
{
    struct statvfs space;

    if (fstatvfs(dir->lock_fd, &space) != 0)
        return UINT64_MAX; /* the write itself will tell */
    if (space.f_files != 0 && space.f_favail < FILES_MIN)
        return 0;
    return (uint64_t)space.f_bavail * space.f_frsize;
}

bool store_dir_has_reserve(const struct store_dir *dir)
{
    struct stat info;

    return stat(dir->reserve_path, &info) == 0 && info.st_size == RESERVE_BYTES;
}

void store_dir_release_reserve(struct store_dir *dir)
{
    if (unlink(dir->reserve_path) != 0 && errno != ENOENT)
        LOG(ERROR, "cannot give up the reserve", log_string("path", dir->reserve_path),
            log_errno(errno));
}

enum err store_dir_keep_reserve(struct store_dir *dir)
{
    int fd;
    enum err err = OK;

    if (store_dir_has_reserve(dir))
        return OK;
    if (store_dir_room_bytes(dir) < 2 * (uint64_t)RESERVE_BYTES)
        return ERR_NO_SPACE;
    fd = open(dir->reserve_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_NO_SPACE;
    if (posix_fallocate(fd, 0, RESERVE_BYTES) != 0) {
        unlink(dir->reserve_path);
        err = ERR_NO_SPACE;
    }
    close(fd);
    return err;
}

enum err store_dir_scratch_file(struct store_dir *dir, uint64_t bytes, char **path)
{
    char name[32];

    if (store_dir_room_bytes(dir) < bytes + 2 * STORE_DIR_ROOM_BYTES_MIN)
        return ERR_NO_SPACE;
    if (mkdir(dir->bulk_path, 0700) != 0 && errno != EEXIST) {
        LOG(ERROR, "cannot make a folder", log_string("path", dir->bulk_path), log_errno(errno));
        return file_err(errno);
    }
    snprintf(name, sizeof(name), "%llu", (unsigned long long)dir->scratch_count++);
    *path = store_dir_join(dir->bulk_path, name);
    return OK;
}

static enum err make_folders(struct store_dir *dir, struct fault *fault)
{
    char *part = mem_string(dir->path);
    enum err err = OK;

    for (char *at = part + 1; err == OK; at++) {
        bool end = *at == 0;

        if (!end && *at != '/')
            continue;
        *at = 0;
        if (mkdir(part, 0700) == 0)
            dir->made_bytes = dir->made_bytes != 0 ? dir->made_bytes : (size_t)(at - part);
        else if (errno != EEXIST)
            err = fault_set(fault, ERR_IO, "cannot make the data directory %s: %s", part,
                            strerror(errno));
        if (end)
            break;
        *at = '/';
    }
    free(part);
    return err;
}

/* Whether the path still names what is open. */
static bool is_file(int fd, const char *path)
{
    struct stat open_file, named;

    return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 &&
           open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

static enum err take_lock(struct store_dir *dir, struct fault *fault)
{
    char *path = store_dir_join(dir->path, "LOCK");
    char holder[256];
    enum err err = OK;
    bool locked = false;
    ssize_t size;

    dir->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (dir->lock_fd >= 0 && (locked = flock(dir->lock_fd, LOCK_EX | LOCK_NB) == 0) &&
           !is_file(dir->lock_fd, path)) {
        /* It was a directory that somebody else made and removed again (store_dir_remove_files). */
        close(dir->lock_fd);
        dir->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    if (dir->lock_fd < 0) {
        err = fault_set(fault, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    } else if (!locked) {
        size = read(dir->lock_fd, holder, sizeof(holder) - 1);
        holder[size > 0 ? size : 0] = 0;
        holder[strcspn(holder, "\n")] = 0;
        err = fault_set(fault, ERR_LOCKED,
                        "the data directory %s is in use by another process (%s). One directory "
                        "serves one process: stop that one, or choose another --data",
                        dir->path, holder[0] != 0 ? holder : "unknown");
    } else {
        /* Only to be read by people: failing to write it does not matter. */
        if (ftruncate(dir->lock_fd, 0) == 0)
            dprintf(dir->lock_fd, "pid %ld, stele " STELE_VERSION "\n", (long)getpid());
    }
    free(path);
    return err;
}

static enum err check_format(struct store_dir *dir, struct fault *fault)
{
    char *path = store_dir_join(dir->path, "FORMAT");
    FILE *file = fopen(path, "re");
    unsigned format = 0, was_major = 0, was_minor = 0;
    char was_engine[32] = "";
    enum err err = OK;

    if (file == NULL && errno == ENOENT) {
        err = store_dir_begin_new(dir, fault);
    } else if (file == NULL) {
        err = fault_set(fault, ERR_IO, "cannot read %s: %s", path, strerror(errno));
    } else if (fscanf(file, "stele-data %u %31s %u.%u", &format, was_engine, &was_major,
                      &was_minor) != 4 ||
               strcmp(was_engine, dir->engine) != 0) {
        err = fault_set(fault, ERR_CORRUPT,
                        "%s is damaged or not Stele's. If %s really is a data directory, restore "
                        "this file from a backup",
                        path, dir->path);
    } else if (format > STORE_DIR_FORMAT || was_major > dir->major ||
               (was_major == dir->major && was_minor > dir->minor)) {
        err = fault_set(fault, ERR_NEWER_FORMAT,
                        "the data directory %s was written by a newer Stele (format %u, %s %u.%u; "
                        "this one knows format %u, %s %u.%u). Start it with that version or newer",
                        dir->path, format, was_engine, was_major, was_minor, STORE_DIR_FORMAT,
                        dir->engine, dir->major, dir->minor);
    } else if (was_major != dir->major || was_minor != dir->minor) {
        /* From now on only this engine or a newer one may open it. */
        err = store_dir_write_format(dir, fault);
    }
    if (file != NULL)
        fclose(file);
    free(path);
    return err;
}

/* CURRENT names the engine's root and is made before any log or table. A new directory has none of
 * them yet; one with logs or tables only has lost its root. */
static enum err check_engine_files(struct store_dir *dir, struct fault *fault)
{
    DIR *folder = opendir(dir->engine_path);
    bool has_root = false, has_records = false;
    const struct dirent *entry;
    enum err err;

    if (folder == NULL)
        return errno == ENOENT ? OK
                               : fault_set(fault, ERR_IO, "cannot read %s: %s", dir->engine_path,
                                           strerror(errno));
    while ((err = file_next_entry(folder, &entry)) == OK) {
        const char *suffix = strrchr(entry->d_name, '.');
        bool is_table = suffix != NULL && strcmp(suffix, ".sst") == 0;

        has_root |= strcmp(entry->d_name, "CURRENT") == 0;
        has_records |= is_table || (suffix != NULL && strcmp(suffix, ".log") == 0);
        dir->had_tables |= is_table;
    }
    if (err != ERR_ABSENT)
        fault_set(fault, err, "cannot read %s: %s", dir->engine_path, strerror(errno));
    closedir(folder);
    if (err != ERR_ABSENT)
        return err;
    if (has_records && !has_root)
        return fault_set(fault, ERR_CORRUPT,
                         "the data directory %s is damaged: %s has records but no file CURRENT. "
                         "Restore the directory from a backup",
                         dir->path, dir->engine_path);
    keep_used_mark(dir);
    return OK;
}

/* An engine whose root was cut short starts as a new one and sweeps the tables away that it does
 * not know: the mark outlives them, so that the next start refuses too. */
static void keep_used_mark(struct store_dir *dir)
{
    char *path = store_dir_join(dir->path, "USED");
    int fd;

    if (access(path, F_OK) == 0) {
        dir->had_tables = true;
    } else if (dir->had_tables) {
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || file_sync_folder(dir->path) != OK)
            LOG(WARN, "cannot mark the data directory as used", log_string("path", path),
                log_errno(errno));
        if (fd >= 0)
            close(fd);
    }
    free(path);
}

/* False with errno. Files of a few bytes: what is written in part had no room. */
static bool write_whole(int fd, const char *text, size_t size)
{
    ssize_t written = write(fd, text, size);

    if (written >= 0 && (size_t)written < size)
        errno = ENOSPC;
    return written == (ssize_t)size;
}

enum err store_dir_write_format(struct store_dir *dir, struct fault *fault)
{
    enum err err = store_dir_begin_format(dir, fault);

    return err == OK ? store_dir_end_format(dir, fault) : err;
}

enum err store_dir_begin_format(struct store_dir *dir, struct fault *fault)
{
    char *beside = store_dir_join(dir->path, "FORMAT.new");
    char text[64];
    int size = snprintf(text, sizeof(text), "stele-data %u %s %u.%u\n", STORE_DIR_FORMAT,
                        dir->engine, dir->major, dir->minor);
    enum err err = OK;

    dir->format_fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (dir->format_fd < 0 || !write_whole(dir->format_fd, text, (size_t)size))
        err = fault_set(fault, file_err(errno), "cannot write %s: %s", beside, strerror(errno));
    else
        (void)sync_file_range(dir->format_fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* its sync will tell */
    free(beside);
    return err;
}

/* All of it or nothing: written beside, synced, renamed, and the folder synced. */
enum err store_dir_end_format(struct store_dir *dir, struct fault *fault)
{
    char *beside = store_dir_join(dir->path, "FORMAT.new");
    char *path = store_dir_join(dir->path, "FORMAT");
    enum err err = OK;

    if (fsync(dir->format_fd) != 0 || rename(beside, path) != 0 ||
        file_sync_folder(dir->path) != OK)
        err = fault_set(fault, file_err(errno), "cannot write %s: %s", path, strerror(errno));
    close(dir->format_fd);
    dir->format_fd = -1;
    free(beside);
    free(path);
    return err;
}

char *store_dir_join(const char *folder, const char *name)
{
    size_t size = strlen(folder) + 1 + strlen(name) + 1;
    char *path = mem_alloc(size);

    snprintf(path, size, "%s/%s", folder, name);
    return path;
}
