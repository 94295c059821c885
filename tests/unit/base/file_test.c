/* file_test.c - folders made, emptied and removed; what errnos mean. */
#include "base/file.h"
#include "base/folder_fault.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path_of(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", unit_temp_dir(), name);
    return path;
}

static void touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    CHECK(fd >= 0);
    close(fd);
}

TEST(file_tells_a_full_disk_from_a_bad_one)
{
    CHECK_ERR(file_err(ENOSPC), ERR_NO_SPACE);
    CHECK_ERR(file_err(EDQUOT), ERR_NO_SPACE);
    CHECK_ERR(file_err(EIO), ERR_IO);
    CHECK_ERR(file_err(ENOENT), ERR_IO);
}

TEST(file_makes_a_folder_once_and_again)
{
    char path[256], inside[256];
    struct stat status;

    path_of(path, sizeof(path), "made");
    CHECK_OK(file_make_folder(path));
    CHECK_OK(file_make_folder(path));
    CHECK(stat(path, &status) == 0 && S_ISDIR(status.st_mode));
    CHECK_U64(status.st_mode & 0777, 0700);

    path_of(inside, sizeof(inside), "absent/made");
    CHECK_ERR(file_make_folder(inside), ERR_IO);
    CHECK(errno == ENOENT);
    CHECK_ERR(file_sync_folder_of(inside), ERR_IO);
    CHECK(errno == ENOENT);
}

TEST(file_removes_files_but_no_folders)
{
    char path[256], file[256], folder[256];

    path_of(path, sizeof(path), "emptied");
    CHECK_OK(file_make_folder(path));
    touch(path_of(file, sizeof(file), "emptied/file"));
    CHECK_OK(file_make_folder(path_of(folder, sizeof(folder), "emptied/folder")));

    file_remove_folder(path);
    CHECK(access(file, F_OK) != 0);
    CHECK(access(folder, F_OK) == 0);
    rmdir(folder);
    file_remove_folder(path);
    CHECK(access(path, F_OK) != 0);
    file_remove_folder(path); /* is gone already */
}

TEST(file_tells_a_folders_end_from_a_fault)
{
    const struct dirent *entry;
    unsigned count = 0;
    DIR *folder = opendir(unit_temp_dir());
    enum err err;

    CHECK(folder != NULL);
    while ((err = file_next_entry(folder, &entry)) == OK)
        count++;
    CHECK_ERR(err, ERR_ABSENT);
    CHECK_U64(count, 2);
    rewinddir(folder);
    folder_fault_at(2);
    CHECK_OK(file_next_entry(folder, &entry));
    CHECK_ERR(file_next_entry(folder, &entry), ERR_IO);
    closedir(folder);
}
