/* folder_fault.c - readdir of the whole process, which fails when a test says so. */
#include "base/folder_fault.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

static _Thread_local unsigned left;

void folder_fault_at(unsigned n)
{
    left = n;
}

struct dirent *readdir(DIR *folder)
{
    typedef struct dirent *readdir_fn(DIR * folder);
    readdir_fn *libc = (readdir_fn *)dlsym(RTLD_NEXT, "readdir");

    if (left != 0 && --left == 0) {
        errno = EIO;
        return NULL;
    }
    return libc(folder);
}
