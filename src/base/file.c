/* file.c - as POSIX has it: a name is durable once its folder is synced. */
#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum err file_err(int why)
{
    return why == ENOSPC || why == EDQUOT ? ERR_NO_SPACE : ERR_IO;
}

enum err file_sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = fd >= 0 && fsync(fd) == 0 ? OK : file_err(errno);
    int why = errno;

    if (fd >= 0)
        close(fd);
    errno = why;
    return err;
}

enum err file_sync_folder_of(const char *path)
{
    char *copy = mem_string(path); /* dirname writes into it */
    enum err err = file_sync_folder(dirname(copy));
    int why = errno;

    free(copy);
    errno = why;
    return err;
}

enum err file_make_folder(const char *path)
{
    enum err err;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return file_err(errno);
    err = file_sync_folder_of(path);
    /* Not every folder above may be read, or can be synced: that one is not ours. */
    if (err != OK && (errno == EACCES || errno == EPERM || errno == EINVAL || errno == EROFS))
        return OK;
    return err;
}

enum err file_next_entry(DIR *folder, const struct dirent **entry)
{
    errno = 0; /* readdir tells its failure from the end by this alone */
    *entry = readdir(folder);
    if (*entry != NULL)
        return OK;
    return errno == 0 ? ERR_ABSENT : ERR_IO;
}

void file_remove_files(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    if (folder == NULL)
        return;
    while (file_next_entry(folder, &entry) == OK)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
}

void file_remove_folder(const char *path)
{
    file_remove_files(path);
    rmdir(path);
}
