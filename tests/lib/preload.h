/* preload.h - what the libraries that stand between a server and its files share (LD_PRELOAD).
 * They watch the files below the folder that STELE_PRELOAD_DIR names, an absolute path, and let all
 * else through. A descriptor of a watched file has an entry in `preload_fds`; entries live as long
 * as the process, which is a test's.
 * Each library is one file that includes this once: hence static functions, and errno as it was.
 */
#pragma once

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define PRELOAD_FDS_MAX 65536

/* Declares `real`: what the program would have called. */
#define REAL(result, name, ...)         \
    static result (*real)(__VA_ARGS__); \
    if (real == NULL)                   \
    real = dlsym(RTLD_NEXT, #name)

/* One change of the files at a time. */
static pthread_mutex_t preload_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t preload_fds[PRELOAD_FDS_MAX]; /* 0: not watched; otherwise the library's own */

static bool preload_watches(const char *path)
{
    static const char *dir;

    if (dir == NULL)
        dir = getenv("STELE_PRELOAD_DIR");
    return dir != NULL && path != NULL && strncmp(path, dir, strlen(dir)) == 0;
}

static uint32_t preload_fd(int fd)
{
    return fd >= 0 && fd < PRELOAD_FDS_MAX ? preload_fds[fd] : 0;
}

static void preload_fd_set(int fd, uint32_t entry)
{
    if (fd >= 0 && fd < PRELOAD_FDS_MAX)
        preload_fds[fd] = entry;
}

/* Whether a call that opens has a third argument. */
static bool preload_has_mode(int flags)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

/* Where a write without an offset goes. */
static off_t preload_offset(int fd)
{
    struct stat info;

    if ((fcntl(fd, F_GETFL) & O_APPEND) != 0 && fstat(fd, &info) == 0)
        return info.st_size;
    return lseek(fd, 0, SEEK_CUR);
}
