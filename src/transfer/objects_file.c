/* objects_file.c - a bucket is a folder below the directory, a key the path of a file in it.
 * Paths are walked folder by folder without following links, so no key leads out of its bucket; the
 * bucket itself may be a link, which is the administrator's word. An upload is a locked file in the
 * bucket's folder .stele-uploads until it is renamed to its key: whoever finds one there that
 * nobody locks knows that its server ended, and removes it.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "transfer/objects_file_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define UPLOAD_NAME_SIZE RNG_UUID_SIZE
#define UPLOAD_TRIES_MAX 16

struct objects_source {
    struct objects_call *call;
    int fd;
};

struct objects_upload {
    struct objects_call *call;
    int bucket_fd;
    int uploads_fd;
    int fd;
    char name[UPLOAD_NAME_SIZE];
    struct bytes key; /* in the call's arena */
};

static void files_close(void *self);
static enum err files_source_open(void *self, struct objects_call *call, struct bytes key,
                                  uint64_t from, struct objects_source **source, uint64_t *size);
static enum err files_source_read(struct objects_source *source, void *out, size_t size,
                                  size_t *got);
static void files_source_close(struct objects_source *source);
static enum err files_put(void *self, struct objects_call *call, struct bytes key,
                          struct bytes body, const uint8_t *md5,
                          const struct objects_put_settings *settings);
static enum err files_upload_begin(void *self, struct objects_call *call, struct bytes key,
                                   const struct objects_put_settings *settings,
                                   struct objects_upload **upload);
static enum err files_upload_part(struct objects_upload *upload, struct bytes part,
                                  const uint8_t *md5);
static enum err files_upload_finish(struct objects_upload *upload, char etag[OBJECTS_ETAG_SIZE]);
static void files_upload_abandon(struct objects_upload *upload);
static void upload_free(struct objects_upload *upload);
static enum err upload_open_file(struct objects_upload *upload);
static enum err open_folder_of(struct objects_call *call, int bucket_fd, struct bytes key,
                               bool make, int *fd, const char **name);
static enum err fail_key(struct objects_call *call, struct bytes key);
static void remove_leftovers(const char *dir);
static void remove_leftovers_of(int bucket_fd);

static const struct objects_class class = {
    .close = files_close,
    .walk_open = files_walk_open,
    .walk_page = files_walk_page,
    .walk_close = files_walk_close,
    .source_open = files_source_open,
    .source_read = files_source_read,
    .source_close = files_source_close,
    .put = files_put,
    .upload_begin = files_upload_begin,
    .upload_part = files_upload_part,
    .upload_finish = files_upload_finish,
    .upload_abandon = files_upload_abandon,
};

enum err objects_file_open(const char *dir, struct fault *fault, struct objects *objects)
{
    struct files *files = mem_zalloc(sizeof(*files));

    (void)fault;
    files->dir = mem_string(dir);
    objects->class = &class;
    objects->self = files;
    remove_leftovers(dir);
    return OK;
}

bool objects_file_key_valid(struct bytes key)
{
    unsigned depth = 0;

    if (key.size == 0 || key.size > OBJECTS_KEY_BYTES_MAX || memchr(key.data, 0, key.size) != NULL)
        return false;
    for (;;) {
        const uint8_t *slash = memchr(key.data, '/', key.size);
        struct bytes part =
            bytes_make(key.data, slash == NULL ? key.size : (size_t)(slash - key.data));

        if (part.size == 0 || part.size > FILES_PART_BYTES_MAX || bytes_equal_string(part, ".") ||
            bytes_equal_string(part, "..") ||
            (depth == 0 && bytes_equal_string(part, FILES_UPLOADS)) || depth == FILES_DEPTH_MAX)
            return false;
        depth++;
        if (slash == NULL)
            return true;
        key = bytes_skip(key, part.size + 1);
        if (key.size == 0)
            return false;
    }
}

static void files_close(void *self)
{
    struct files *files = self;

    free(files->dir);
    free(files);
}

/* ---- reading ---- */

static enum err files_source_open(void *self, struct objects_call *call, struct bytes key,
                                  uint64_t from, struct objects_source **source, uint64_t *size)
{
    int bucket_fd, folder_fd, fd = -1;
    const char *name;
    struct stat info;
    enum err err = files_open_bucket(self, call, &bucket_fd);

    if (err != OK)
        return err;
    /* What cannot be a file is no object. */
    err = objects_file_key_valid(key)
              ? open_folder_of(call, bucket_fd, key, false, &folder_fd, &name)
              : ERR_ABSENT;
    close(bucket_fd);
    if (err == OK) {
        fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 && (errno == ENOENT || errno == ELOOP))
            err = ERR_ABSENT;
        else if (fd < 0 || fstat(fd, &info) != 0)
            err = files_fail(call, "open an object");
        else if (!S_ISREG(info.st_mode))
            err = ERR_ABSENT;
        else if (from != 0 && lseek(fd, (off_t)from, SEEK_SET) < 0)
            err = files_fail(call, "read an object");
        close(folder_fd);
    }
    if (err == ERR_ABSENT)
        err = objects_fail(call, ERR_ABSENT, "S3NoSuchKey",
                           "The specified key does not exist (Bucket: %.*s; Key: %.*s)",
                           BYTES_ARGS(call->bucket), BYTES_ARGS(key));
    if (err != OK) {
        if (fd >= 0)
            close(fd);
        return err;
    }
    *size = (uint64_t)info.st_size;
    *source = mem_zalloc(sizeof(**source));
    **source = (struct objects_source){call, fd};
    return OK;
}

static enum err files_source_read(struct objects_source *source, void *out, size_t size,
                                  size_t *got)
{
    size_t done = 0;

    while (done < size) {
        ssize_t more = read(source->fd, (uint8_t *)out + done, size - done);

        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return files_fail(source->call, "read an object");
        if (more == 0)
            break;
        done += (size_t)more;
    }
    *got = done;
    return OK;
}

static void files_source_close(struct objects_source *source)
{
    close(source->fd);
    free(source);
}

/* ---- writing ---- */

static enum err files_put(void *self, struct objects_call *call, struct bytes key,
                          struct bytes body, const uint8_t *md5,
                          const struct objects_put_settings *settings)
{
    char etag[OBJECTS_ETAG_SIZE] = "";
    struct objects_upload *upload;
    enum err err = files_upload_begin(self, call, key, settings, &upload);

    if (err != OK)
        return err;
    err = files_upload_part(upload, body, md5);
    if (err == OK)
        err = files_upload_finish(upload, etag);
    if (err != OK)
        files_upload_abandon(upload);
    return err;
}

static enum err files_upload_begin(void *self, struct objects_call *call, struct bytes key,
                                   const struct objects_put_settings *settings,
                                   struct objects_upload **upload)
{
    struct objects_upload *u;
    int bucket_fd;
    enum err err;

    (void)settings;
    err = files_open_bucket(self, call, &bucket_fd);
    if (err != OK)
        return err;
    if (!objects_file_key_valid(key)) {
        close(bucket_fd);
        return fail_key(call, key);
    }
    u = mem_zalloc(sizeof(*u));
    *u = (struct objects_upload){
        .call = call,
        .bucket_fd = bucket_fd,
        .uploads_fd = -1,
        .fd = -1,
        .key = arena_copy(call->arena, key),
    };
    err = upload_open_file(u);
    if (err != OK) {
        upload_free(u);
        return err;
    }
    *upload = u;
    return OK;
}

static enum err upload_open_file(struct objects_upload *upload)
{
    if (mkdirat(upload->bucket_fd, FILES_UPLOADS, 0777) != 0 && errno != EEXIST)
        return files_fail(upload->call, "write into the bucket");
    upload->uploads_fd = openat(upload->bucket_fd, FILES_UPLOADS, FILES_FOLDER | O_NOFOLLOW);
    if (upload->uploads_fd < 0)
        return files_fail(upload->call, "write into the bucket");
    for (unsigned i = 0; i < UPLOAD_TRIES_MAX; i++) {
        struct stat info;

        rng_uuid(upload->name);
        upload->fd =
            openat(upload->uploads_fd, upload->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (upload->fd < 0)
            return files_fail(upload->call, "write into the bucket");
        /* Another server that starts may remove it before it is locked. */
        if (flock(upload->fd, LOCK_EX | LOCK_NB) == 0 && fstat(upload->fd, &info) == 0 &&
            info.st_nlink == 1)
            return OK;
        close(upload->fd);
        upload->fd = -1;
    }
    return objects_fail(upload->call, ERR_IO, "S3InternalError",
                        "The file of an upload cannot be locked");
}

static enum err files_upload_part(struct objects_upload *upload, struct bytes part,
                                  const uint8_t *md5)
{
    (void)md5;
    while (part.size != 0) {
        ssize_t done = write(upload->fd, part.data, part.size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return files_fail(upload->call, "write an object");
        part = bytes_skip(part, (size_t)done);
    }
    return OK;
}

static enum err files_upload_finish(struct objects_upload *upload, char etag[OBJECTS_ETAG_SIZE])
{
    const char *name;
    int folder_fd;
    enum err err;

    (void)etag;
    if (fsync(upload->fd) != 0)
        return files_fail(upload->call, "write an object");
    err = open_folder_of(upload->call, upload->bucket_fd, upload->key, true, &folder_fd, &name);
    if (err != OK)
        return err;
    if (renameat(upload->uploads_fd, upload->name, folder_fd, name) != 0)
        err = errno == EISDIR || errno == ENOTEMPTY ? fail_key(upload->call, upload->key)
                                                    : files_fail(upload->call, "name an object");
    else if (fsync(folder_fd) != 0)
        err = files_fail(upload->call, "name an object");
    close(folder_fd);
    if (err == OK)
        upload_free(upload);
    return err;
}

static void files_upload_abandon(struct objects_upload *upload)
{
    unlinkat(upload->uploads_fd, upload->name, 0);
    upload_free(upload);
}

static void upload_free(struct objects_upload *upload)
{
    if (upload->fd >= 0)
        close(upload->fd);
    if (upload->uploads_fd >= 0)
        close(upload->uploads_fd);
    close(upload->bucket_fd);
    free(upload);
}

/* ---- paths ---- */

enum err files_open_bucket(const struct files *files, struct objects_call *call, int *fd)
{
    struct bytes bucket = call->bucket;
    struct bytes path;

    if (bucket.size == 0 || bucket.size > FILES_PART_BYTES_MAX || bucket.data[0] == '.' ||
        memchr(bucket.data, '/', bucket.size) != NULL ||
        memchr(bucket.data, 0, bucket.size) != NULL)
        return objects_fail_no_bucket(call);
    path = arena_format(call->arena, "%s/%.*s", files->dir, BYTES_ARGS(bucket));
    *fd = open((const char *)path.data, FILES_FOLDER);
    if (*fd >= 0)
        return OK;
    if (errno == ENOENT || errno == ENOTDIR)
        return objects_fail_no_bucket(call);
    return files_fail(call, "open the bucket");
}

/* The folder a valid key's file is in, and the file's name, in the call's arena. */
static enum err open_folder_of(struct objects_call *call, int bucket_fd, struct bytes key,
                               bool make, int *fd, const char **name)
{
    char *part = (char *)(uintptr_t)arena_copy(call->arena, key).data; /* ours to cut */
    int at = openat(bucket_fd, ".", FILES_FOLDER);
    char *slash;

    while (at >= 0 && (slash = strchr(part, '/')) != NULL) {
        int inner;

        *slash = 0;
        if (make && (mkdirat(at, part, 0777) == 0 ? fsync(at) != 0 : errno != EEXIST)) {
            enum err err = files_fail(call, "make a folder");

            close(at);
            return err;
        }
        inner = openat(at, part, FILES_FOLDER | O_NOFOLLOW);
        close(at);
        at = inner;
        part = slash + 1;
    }
    if (at < 0) {
        if (make && (errno == ENOTDIR || errno == ELOOP))
            return fail_key(call, key);
        if (!make && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
            return ERR_ABSENT;
        return files_fail(call, make ? "make a folder" : "open a folder");
    }
    *fd = at;
    *name = part;
    return OK;
}

static enum err fail_key(struct objects_call *call, struct bytes key)
{
    return objects_fail(call, ERR_IO, "S3InvalidKey",
                        "The key cannot be the path of a file in the bucket (Key: %.*s)",
                        BYTES_ARGS(key));
}

enum err files_fail(struct objects_call *call, const char *doing)
{
    int why = errno;

    if (why == EACCES || why == EPERM || why == EROFS)
        return objects_fail(call, ERR_IO, "S3AccessDenied", "Access Denied (cannot %s: %s)", doing,
                            strerror(why));
    if (why == ENOSPC || why == EDQUOT)
        return objects_fail(call, ERR_NO_SPACE, "S3StorageFull", "The disk is full (cannot %s)",
                            doing);
    return objects_fail(call, ERR_IO, "S3InternalError",
                        "We encountered an internal error (cannot %s: %s)", doing, strerror(why));
}

/* ---- what a server left that ended ---- */

static void remove_leftovers(const char *dir)
{
    DIR *buckets = opendir(dir);
    struct dirent *entry;

    if (buckets == NULL)
        return;
    while ((entry = readdir(buckets)) != NULL) {
        int fd;

        if (entry->d_name[0] == '.')
            continue;
        fd = openat(dirfd(buckets), entry->d_name, FILES_FOLDER);
        if (fd < 0)
            continue;
        remove_leftovers_of(fd);
        close(fd);
    }
    closedir(buckets);
}

static void remove_leftovers_of(int bucket_fd)
{
    int fd = openat(bucket_fd, FILES_UPLOADS, FILES_FOLDER | O_NOFOLLOW);
    DIR *uploads = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (uploads == NULL)
        return;
    while ((entry = readdir(uploads)) != NULL) {
        int file = openat(fd, entry->d_name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        if (file < 0)
            continue;
        if (flock(file, LOCK_EX | LOCK_NB) == 0)
            unlinkat(fd, entry->d_name, 0);
        close(file);
    }
    closedir(uploads);
}
