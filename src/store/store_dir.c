/* store_dir.c - the files beside the engine's. */
#include "store/store_dir.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

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
/* A new directory's first files and records. */
#define FIRST_BYTES ((uint64_t)1 << 20)

struct store_dir {
    char *path;
    char *engine_path;
    char *reserve_path;
    char *bulk_path;
    _Atomic uint64_t scratch_count; /* names in bulk/ that were given out */
    int lock_fd;
    bool had_tables;
    bool is_new;       /* made by us, and not kept yet */
    size_t made_bytes; /* of path: the outermost folder that was made; 0: all were there */
};

static enum err make_folders(struct store_dir *dir, struct fault *fault);
static enum err take_lock(struct store_dir *dir, struct fault *fault);
static enum err check_format(struct store_dir *dir, const char *engine, unsigned major,
                             unsigned minor, struct fault *fault);
static enum err check_first_room(const struct store_dir *dir, struct fault *fault);
static void remove_all(struct store_dir *dir);
static void remove_folders(struct store_dir *dir);
static enum err make_durable(struct store_dir *dir, struct fault *fault);
static enum err check_engine_files(struct store_dir *dir, struct fault *fault);
static void keep_used_mark(struct store_dir *dir);
static enum err write_format(struct store_dir *dir, const char *file, const char *engine,
                             unsigned major, unsigned minor, struct fault *fault);
static char *join(const char *folder, const char *name);

enum err store_dir_open(const char *path, const char *engine, unsigned major, unsigned minor,
                        struct fault *fault, struct store_dir **dir)
{
    struct store_dir *d = mem_zalloc(sizeof(*d));
    enum err err;

    d->path = mem_string(path);
    d->engine_path = join(path, "rocks");
    d->reserve_path = join(path, "RESERVE");
    d->bulk_path = join(path, "bulk");
    d->lock_fd = -1;
    err = make_folders(d, fault);
    if (err == OK)
        err = take_lock(d, fault);
    if (err == OK)
        err = check_format(d, engine, major, minor, fault);
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
    if (d->is_new)
        remove_all(d);
    if (d->lock_fd >= 0)
        close(d->lock_fd); /* and with it the lock */
    remove_folders(d);
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
    *path = join(dir->bulk_path, name);
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
    char *path = join(dir->path, "LOCK");
    char holder[256];
    enum err err = OK;
    bool locked = false;
    ssize_t size;

    dir->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (dir->lock_fd >= 0 && (locked = flock(dir->lock_fd, LOCK_EX | LOCK_NB) == 0) &&
           !is_file(dir->lock_fd, path)) {
        /* It was a directory that somebody else made and removed again (remove_all). */
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

static enum err check_format(struct store_dir *dir, const char *engine, unsigned major,
                             unsigned minor, struct fault *fault)
{
    char *path = join(dir->path, "FORMAT");
    FILE *file = fopen(path, "re");
    unsigned format = 0, was_major = 0, was_minor = 0;
    char was_engine[32] = "";
    enum err err = OK;

    if (file == NULL && errno == ENOENT) {
        dir->is_new = access(dir->engine_path, F_OK) != 0 && errno == ENOENT;
        err = check_first_room(dir, fault);
        if (err == OK)
            err = make_durable(dir, fault);
        if (err == OK)
            err = write_format(dir, path, engine, major, minor, fault);
    } else if (file == NULL) {
        err = fault_set(fault, ERR_IO, "cannot read %s: %s", path, strerror(errno));
    } else if (fscanf(file, "stele-data %u %31s %u.%u", &format, was_engine, &was_major,
                      &was_minor) != 4 ||
               strcmp(was_engine, engine) != 0) {
        err = fault_set(fault, ERR_CORRUPT,
                        "%s is damaged or not Stele's. If %s really is a data directory, restore "
                        "this file from a backup",
                        path, dir->path);
    } else if (format > STORE_DIR_FORMAT || was_major > major ||
               (was_major == major && was_minor > minor)) {
        err = fault_set(fault, ERR_NEWER_FORMAT,
                        "the data directory %s was written by a newer Stele (format %u, %s %u.%u; "
                        "this one knows format %u, %s %u.%u). Start it with that version or newer",
                        dir->path, format, was_engine, was_major, was_minor, STORE_DIR_FORMAT,
                        engine, major, minor);
    } else if (was_major != major || was_minor != minor) {
        /* From now on only this engine or a newer one may open it. */
        err = write_format(dir, path, engine, major, minor, fault);
    }
    if (file != NULL)
        fclose(file);
    free(path);
    return err;
}

static enum err check_first_room(const struct store_dir *dir, struct fault *fault)
{
    uint64_t room = store_dir_room_bytes(dir), needed = STORE_DIR_ROOM_BYTES_MIN + FIRST_BYTES;

    if (room >= needed)
        return OK;
    return fault_set(
        fault, ERR_NO_SPACE,
        "the disk of the data directory %s is full: %llu bytes can be written there, a "
        "new directory needs %llu. Free some space, or choose another --data",
        dir->path, (unsigned long long)room, (unsigned long long)needed);
}

/* What was made for a directory that never got a record, so that the next start finds what this one
 * found. Its lock last: until then nobody else is here. */
static void remove_all(struct store_dir *dir)
{
    static const char *const names[] = {"FORMAT", "FORMAT.new", "RESERVE", "USED", "LOCK"};

    file_remove_files(dir->engine_path);
    rmdir(dir->engine_path);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = join(dir->path, names[i]);

        unlink(path);
        free(path);
    }
}

/* Those that we made, as far as they are empty: a kept directory is not. */
static void remove_folders(struct store_dir *dir)
{
    size_t size = strlen(dir->path);

    while (dir->made_bytes != 0 && size >= dir->made_bytes) {
        dir->path[size] = 0;
        if (rmdir(dir->path) != 0 && errno != ENOENT)
            break;
        while (size > 0 && dir->path[size - 1] == '/')
            size--;
        while (size > 0 && dir->path[size - 1] != '/')
            size--;
        size -= size > 0;
    }
}

/* Before FORMAT says that this is a data directory: no power cut takes back the engine's folder, or
 * a folder on the way here. The engine syncs only what is in its folder. */
static enum err make_durable(struct store_dir *dir, struct fault *fault)
{
    char *folder;
    enum err err = OK;

    if (mkdir(dir->engine_path, 0700) != 0 && errno != EEXIST)
        return fault_set(fault, ERR_IO, "cannot make %s: %s", dir->engine_path, strerror(errno));
    folder = realpath(dir->path, NULL);
    if (folder == NULL)
        return fault_set(fault, ERR_IO, "cannot find %s: %s", dir->path, strerror(errno));
    while (err == OK) {
        char *end = strrchr(folder, '/');

        /* Not every folder up there may be read, or can be synced: those are not ours. */
        if (file_sync_folder(folder) != OK && errno == EIO)
            err = fault_set(fault, ERR_IO, "cannot sync %s: %s", folder, strerror(errno));
        if (end[1] == 0)
            break;
        end[end == folder] = 0; /* its parent, "/" in the end */
    }
    free(folder);
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
    char *path = join(dir->path, "USED");
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

/* All of it or nothing: written beside, synced, renamed, and the folder synced. */
static enum err write_format(struct store_dir *dir, const char *file, const char *engine,
                             unsigned major, unsigned minor, struct fault *fault)
{
    char *beside = join(dir->path, "FORMAT.new");
    char text[64];
    int size = snprintf(text, sizeof(text), "stele-data %u %s %u.%u\n", STORE_DIR_FORMAT, engine,
                        major, minor);
    enum err err = OK;
    int fd;

    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || !write_whole(fd, text, (size_t)size) || fsync(fd) != 0 ||
        rename(beside, file) != 0 || file_sync_folder(dir->path) != OK)
        err = fault_set(fault, ERR_IO, "cannot write %s: %s", file, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(beside);
    return err;
}

static char *join(const char *folder, const char *name)
{
    size_t size = strlen(folder) + 1 + strlen(name) + 1;
    char *path = mem_alloc(size);

    snprintf(path, size, "%s/%s", folder, name);
    return path;
}
