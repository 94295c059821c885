/* store_dir_new.c - a data directory that is being made.
 * Nothing of it is durable until the engine has made its files; then all is synced at once, FORMAT
 * last. Whatever a kill or a power cut leaves before has no FORMAT, and the next start throws away
 * what this one made, provided that there is no record in it: FORMAT may also have been lost.
 */
#include "base/file.h"
#include "base/mem.h"
#include "store/store_dir_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A new directory's first files and records. */
#define FIRST_BYTES ((uint64_t)1 << 20)

static enum err was_begun(const struct store_dir *dir, struct fault *fault, bool *begun);
static enum err check_first_room(const struct store_dir *dir, struct fault *fault);
static enum err sync_files(const char *path);
static enum err sync_folders(struct store_dir *dir, struct fault *fault);

enum err store_dir_begin_new(struct store_dir *dir, struct fault *fault)
{
    bool is_there = access(dir->engine_path, F_OK) == 0, begun = true;
    enum err err = OK;

    if (is_there)
        err = was_begun(dir, fault, &begun);
    else if (errno != ENOENT) /* it may be there, and somebody's */
        err = fault_set(fault, ERR_IO, "cannot look for %s: %s", dir->engine_path, strerror(errno));
    if (err != OK)
        return err;
    dir->is_new = begun;
    err = check_first_room(dir, fault);
    if (err == OK && !begun) {
        err = sync_folders(dir, fault);
        return err == OK ? store_dir_write_format(dir, fault) : err;
    }
    if (err == OK && is_there)
        file_remove_files(dir->engine_path);
    if (err == OK && !is_there && mkdir(dir->engine_path, 0700) != 0)
        err = fault_set(fault, ERR_IO, "cannot make %s: %s", dir->engine_path, strerror(errno));
    dir->is_unfinished = err == OK;
    return err;
}

bool store_dir_is_unfinished(const struct store_dir *dir)
{
    return dir->is_unfinished;
}

enum err store_dir_finish(struct store_dir *dir, struct fault *fault)
{
    enum err err;

    if (!dir->is_unfinished)
        return OK;
    err = store_dir_begin_format(dir, fault);
    if (err == OK && sync_files(dir->engine_path) != OK)
        err = fault_set(fault, file_err(errno), "cannot sync the files in %s: %s", dir->engine_path,
                        strerror(errno));
    if (err == OK)
        err = sync_folders(dir, fault);
    if (err == OK)
        err = store_dir_end_format(dir, fault);
    dir->is_unfinished = err != OK;
    return err;
}

void store_dir_remove_files(struct store_dir *dir)
{
    static const char *const names[] = {"FORMAT.new", "RESERVE", "USED", "LOCK"};
    char *format = store_dir_join(dir->path, "FORMAT");

    unlink(format); /* first: with it, what is left would be a damaged directory */
    free(format);
    file_remove_files(dir->engine_path);
    rmdir(dir->engine_path);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = store_dir_join(dir->path, names[i]);

        unlink(path);
        free(path);
    }
}

void store_dir_remove_folders(struct store_dir *dir)
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

/* A log that was made and not written to has room only. */
static bool is_zeros(const char *path)
{
    FILE *file = fopen(path, "re");
    bool zeros = file != NULL;
    int c = 0;

    if (file == NULL)
        return false;
    while (zeros && (c = getc(file)) != EOF)
        zeros = c == 0;
    zeros &= !ferror(file);
    fclose(file);
    return zeros;
}

/* Whether a file is one that the engine makes before any record. */
static bool is_of_a_beginning(const char *path, const char *name)
{
    static const char *const names[] = {".", "..", "CURRENT", "IDENTITY", "LOCK"};
    const char *suffix = strrchr(name, '.');

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    if (suffix != NULL && strcmp(suffix, ".log") == 0)
        return is_zeros(path);
    return strncmp(name, "MANIFEST-", strlen("MANIFEST-")) == 0 ||
           (suffix != NULL && strcmp(suffix, ".dbtmp") == 0);
}

/* Whether the engine's folder is what a start left that was cut short, and no more: neither tables,
 * now or once, nor records in logs, nor files of others. */
static enum err was_begun(const struct store_dir *dir, struct fault *fault, bool *begun)
{
    char *used = store_dir_join(dir->path, "USED");
    bool only = access(used, F_OK) != 0;
    DIR *folder = opendir(dir->engine_path);
    const struct dirent *entry;
    enum err err = folder == NULL ? ERR_IO : OK;

    while (err == OK && (err = file_next_entry(folder, &entry)) == OK) {
        char *path = store_dir_join(dir->engine_path, entry->d_name);

        only = only && is_of_a_beginning(path, entry->d_name);
        free(path);
    }
    if (err != ERR_ABSENT)
        fault_set(fault, err, "cannot read %s: %s", dir->engine_path, strerror(errno));
    if (folder != NULL)
        closedir(folder);
    free(used);
    *begun = only;
    return err == ERR_ABSENT ? OK : err;
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

/* Of a folder, which is among them as ".". Not the engine's LOCK, which is empty: whoever closes a
 * file gives away the locks that its process has on it. */
static enum err each_file(const char *path, int (*what)(int fd))
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    enum err err = folder == NULL ? ERR_IO : OK;
    int why = 0;

    while (err == OK && (err = file_next_entry(folder, &entry)) == OK) {
        char *name;
        int fd;

        if (strcmp(entry->d_name, "..") == 0 || strcmp(entry->d_name, "LOCK") == 0)
            continue;
        name = store_dir_join(path, entry->d_name);
        fd = open(name, O_RDONLY | O_CLOEXEC);
        free(name);
        if (fd < 0 || what(fd) != 0)
            err = file_err(why = errno);
        if (fd >= 0)
            close(fd);
    }
    if (why == 0)
        why = errno; /* why the folder could not be listed */
    if (folder != NULL)
        closedir(folder);
    errno = why;
    return err == ERR_ABSENT ? OK : err;
}

static int begin_writing(int fd)
{
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* the sync will tell */
    return 0;
}

/* All begin to be written before one is waited for: one commit of the file system's may do for
 * all of them. */
static enum err sync_files(const char *path)
{
    enum err err = each_file(path, begin_writing);

    return err == OK ? each_file(path, fsync) : err;
}

/* Before FORMAT says that this is a data directory: no power cut takes back the engine's folder, or
 * a folder on the way here. */
static enum err sync_folders(struct store_dir *dir, struct fault *fault)
{
    char *folder = realpath(dir->path, NULL);
    enum err err = OK;

    if (folder == NULL)
        return fault_set(fault, ERR_IO, "cannot find %s: %s", dir->path, strerror(errno));
    while (err == OK) {
        char *end = strrchr(folder, '/');

        /* Not every folder up there may be read, or can be synced: those are not ours. */
        err = file_sync_folder(folder);
        if (err == ERR_NO_SPACE || (err != OK && errno == EIO))
            fault_set(fault, err, "cannot sync %s: %s", folder, strerror(errno));
        else
            err = OK;
        if (end[1] == 0)
            break;
        end[end == folder] = 0; /* its parent, "/" in the end */
    }
    free(folder);
    return err;
}
