/* objects_file_list.c - the keys of a bucket in their order, from the folders that it is.
 * A walk goes depth first; a folder sorts as its name and '/', as all keys in it do. A folder gives
 * its names in no order, so each is read whole and sorted when the walk comes to it, and then kept:
 * a page costs what is on it. Of a folder that has more names than may be kept, the first are; it
 * is read again for those behind them.
 */
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "transfer/objects_file_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of names that are kept in all folders of a walk together; each folder may have a part in any
 * case. */
#define NAMES_MAX    ((size_t)128 << 10)
#define NAMES_SHARES 32

/* The next names of a folder, in order: "x" for a file, "x/" for a folder, a NUL behind it. */
struct names {
    struct bytes *list;
    size_t count;
    size_t room;
    size_t room_max; /* when it is full, the first half is kept */
    struct arena arena;
    bool more; /* there are others behind them */
};

/* On the way from the bucket to where the walk is. */
struct folder {
    int fd;
    size_t path_size; /* of the walk's path: "" or "a/b/" */
    struct names names;
    size_t next; /* among them */
};

struct objects_walk {
    const struct files *files;
    struct objects_call *call;
    struct arena arena;
    struct bytes prefix;
    struct folder folders[FILES_DEPTH_MAX];
    unsigned depth; /* folders that are open */
    size_t kept;    /* names in all of them */
    size_t kept_max;
    char path[OBJECTS_KEY_BYTES_MAX + 1]; /* a key, or a folder's with its '/' */
};

static bool is_over(const struct objects_walk *walk);
static enum err next_file(struct objects_walk *walk, struct objects_entry *entry);
static enum err enter(struct objects_walk *walk, int fd, size_t path_size);
static void leave(struct objects_walk *walk);
static enum err enter_folder(struct objects_walk *walk, struct bytes name);
static enum err look_at_file(struct objects_walk *walk, struct bytes name,
                             struct objects_entry *entry);
static enum err read_names(struct objects_walk *walk, struct folder *folder, struct bytes behind);
static bool is_wanted(const struct objects_walk *walk, const struct folder *folder,
                      struct bytes name, bool is_folder);
static enum err take_entry(struct objects_walk *walk, struct folder *folder,
                           const struct dirent *entry, struct bytes behind);
static enum err read_kind(struct objects_walk *walk, int fd, const struct dirent *entry,
                          bool *is_folder);
static enum err fail_no_key(struct objects_walk *walk, const struct folder *folder,
                            struct bytes name);
static void names_add(struct names *names, struct bytes name);
static void names_keep_first_half(struct names *names);
static int compare_names(const void *a, const void *b);
static bool is_gone(int why);

enum err files_walk_open(void *self, struct objects_call *call, struct bytes prefix,
                         struct objects_walk **walk)
{
    return files_walk_open_with(self, call, prefix, NAMES_MAX, walk);
}

enum err files_walk_open_with(const struct files *files, struct objects_call *call,
                              struct bytes prefix, size_t names_max, struct objects_walk **walk)
{
    struct objects_walk *w;
    int fd;
    enum err err = files_open_bucket(files, call, &fd);

    if (err != OK)
        return err;
    w = mem_zalloc(sizeof(*w));
    w->files = files;
    w->call = call;
    w->kept_max = names_max;
    arena_init(&w->arena);
    w->prefix = arena_copy(&w->arena, prefix);
    err = enter(w, fd, 0);
    if (err != OK) {
        files_walk_close(w);
        return err;
    }
    *walk = w;
    return OK;
}

void files_walk_close(struct objects_walk *walk)
{
    while (walk->depth > 0)
        leave(walk);
    arena_fini(&walk->arena);
    free(walk);
}

enum err files_walk_page(struct objects_walk *walk, struct objects_page *page)
{
    struct objects_entry entry;
    int fd;
    enum err err = files_open_bucket(walk->files, walk->call, &fd); /* which may be gone by now */

    if (err != OK)
        return err;
    close(fd);
    page->entries = arena_new_array(walk->call->arena, struct objects_entry, OBJECTS_PAGE_KEYS_MAX);
    while (page->count < OBJECTS_PAGE_KEYS_MAX && (err = next_file(walk, &entry)) == OK)
        page->entries[page->count++] = entry;
    page->more = !is_over(walk);
    return err == ERR_ABSENT ? OK : err;
}

static bool is_over(const struct objects_walk *walk)
{
    for (unsigned i = 0; i < walk->depth; i++)
        if (walk->folders[i].next < walk->folders[i].names.count || walk->folders[i].names.more)
            return false;
    return true;
}

/* ERR_ABSENT: there is none any more. */
static enum err next_file(struct objects_walk *walk, struct objects_entry *entry)
{
    while (walk->depth > 0) {
        struct folder *folder = &walk->folders[walk->depth - 1];
        struct names *names = &folder->names;
        struct bytes name;
        enum err err;

        if (folder->next == names->count && !names->more) {
            leave(walk);
            continue;
        }
        if (folder->next == names->count) {
            err = read_names(walk, folder, names->list[names->count - 1]);
            if (err != OK)
                return err;
            continue;
        }
        if (objects_stopping(walk->call))
            return objects_fail(walk->call, ERR_CANCELLED, "S3Cancelled",
                                "The listing was given up");
        name = names->list[folder->next++];
        err = name.data[name.size - 1] == '/' ? enter_folder(walk, name)
                                              : look_at_file(walk, name, entry);
        if (err != ERR_ABSENT)
            return err;
    }
    return ERR_ABSENT;
}

/* ERR_ABSENT: now look at its names. */
static enum err enter_folder(struct objects_walk *walk, struct bytes name)
{
    const struct folder *above = &walk->folders[walk->depth - 1];
    char plain[FILES_PART_BYTES_MAX + 1];
    enum err err;
    int fd;

    if (walk->depth == FILES_DEPTH_MAX)
        return fail_no_key(walk, above, name);
    snprintf(plain, sizeof(plain), "%.*s", (int)(name.size - 1), (const char *)name.data);
    fd = openat(above->fd, plain, FILES_FOLDER | O_NOFOLLOW);
    if (fd < 0) /* what is not ours to read is there all the same */
        return is_gone(errno) ? ERR_ABSENT : files_fail(walk->call, "read a folder");
    memcpy(walk->path + above->path_size, name.data, name.size);
    err = enter(walk, fd, above->path_size + name.size);
    return err == OK ? ERR_ABSENT : err;
}

/* ERR_ABSENT: it is no file any more. */
static enum err look_at_file(struct objects_walk *walk, struct bytes name,
                             struct objects_entry *entry)
{
    const struct folder *folder = &walk->folders[walk->depth - 1];
    struct stat info;

    if (fstatat(folder->fd, (const char *)name.data, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return is_gone(errno) ? ERR_ABSENT : files_fail(walk->call, "read a folder");
    if (!S_ISREG(info.st_mode))
        return ERR_ABSENT;
    memcpy(walk->path + folder->path_size, name.data, name.size);
    *entry = (struct objects_entry){
        .key = arena_copy(walk->call->arena, bytes_make(walk->path, folder->path_size + name.size)),
        .size_bytes = (uint64_t)info.st_size,
    };
    return OK;
}

/* Whether a name was taken away between two looks at it. */
static bool is_gone(int why)
{
    return why == ENOENT || why == ENOTDIR || why == ELOOP;
}

/* --- folders and their names ------------------------------------------------------------------ */

/* Takes the descriptor. */
static enum err enter(struct objects_walk *walk, int fd, size_t path_size)
{
    struct folder *folder = &walk->folders[walk->depth++];
    size_t share = walk->kept_max / NAMES_SHARES;

    *folder = (struct folder){.fd = fd, .path_size = path_size};
    folder->names.room_max =
        walk->kept < walk->kept_max - share ? walk->kept_max - walk->kept : share;
    arena_init(&folder->names.arena);
    return read_names(walk, folder, BYTES(""));
}

static void leave(struct objects_walk *walk)
{
    struct folder *folder = &walk->folders[--walk->depth];

    walk->kept -= folder->names.count;
    free(folder->names.list);
    arena_fini(&folder->names.arena);
    close(folder->fd);
}

/* The first that may give keys of the listing and are behind a name. */
static enum err read_names(struct objects_walk *walk, struct folder *folder, struct bytes behind)
{
    struct names *names = &folder->names;
    int own = openat(folder->fd, ".", FILES_FOLDER);
    DIR *stream = own < 0 ? NULL : fdopendir(own);
    const struct dirent *entry;
    char last[FILES_PART_BYTES_MAX + 2]; /* the names go, and it with them */
    enum err err = OK;

    if (stream == NULL) {
        err = files_fail(walk->call, "read a folder");
        if (own >= 0)
            close(own);
        return err;
    }
    memcpy(last, behind.data, behind.size);
    behind.data = (const uint8_t *)last;
    walk->kept -= names->count;
    names->count = folder->next = 0;
    names->more = false;
    arena_reset(&names->arena);
    do {
        err = file_next_entry(stream, &entry);
        if (err == OK)
            err = take_entry(walk, folder, entry, behind);
        else if (err == ERR_IO) /* there are more, but who knows which */
            err = files_fail(walk->call, "read a folder");
    } while (err == OK);
    if (err == ERR_ABSENT)
        err = OK;
    closedir(stream);
    if (names->more)
        names_keep_first_half(names);
    else if (names->count > 1)
        qsort(names->list, names->count, sizeof(names->list[0]), compare_names);
    walk->kept += names->count;
    return err;
}

static enum err take_entry(struct objects_walk *walk, struct folder *folder,
                           const struct dirent *entry, struct bytes behind)
{
    char text[FILES_PART_BYTES_MAX + 2];
    struct bytes name;
    bool is_folder = false;
    enum err err = read_kind(walk, folder->fd, entry, &is_folder);

    if (err != OK)
        return err == ERR_ABSENT ? OK : err;
    name = bytes_make(
        text, (size_t)snprintf(text, sizeof(text), "%s%s", entry->d_name, is_folder ? "/" : ""));
    if (!is_wanted(walk, folder, name, is_folder) || bytes_compare(name, behind) <= 0)
        return OK;
    if (folder->path_size + name.size - is_folder > OBJECTS_KEY_BYTES_MAX)
        return fail_no_key(walk, folder, name);
    names_add(&folder->names, name);
    return OK;
}

/* ERR_ABSENT: neither a file nor a folder of keys. */
static enum err read_kind(struct objects_walk *walk, int fd, const struct dirent *entry,
                          bool *is_folder)
{
    struct stat info;

    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return ERR_ABSENT;
    if (entry->d_type != DT_UNKNOWN) {
        *is_folder = entry->d_type == DT_DIR;
        return *is_folder || entry->d_type == DT_REG ? OK : ERR_ABSENT;
    }
    if (fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return is_gone(errno) ? ERR_ABSENT : files_fail(walk->call, "read a folder");
    *is_folder = S_ISDIR(info.st_mode);
    return *is_folder || S_ISREG(info.st_mode) ? OK : ERR_ABSENT;
}

/* Left out it would look as if it were not there. */
static enum err fail_no_key(struct objects_walk *walk, const struct folder *folder,
                            struct bytes name)
{
    LOG(WARN, "a bucket's path is too long or too deep to be a key; move it away",
        log_bytes("bucket", walk->call->bucket),
        log_bytes("folder", bytes_make(walk->path, folder->path_size)), log_bytes("name", name));
    return objects_fail(walk->call, ERR_IO, "S3InternalError",
                        "The bucket has a path that is no key, longer than %d bytes or deeper than "
                        "%d folders; the server's log names it",
                        OBJECTS_KEY_BYTES_MAX, FILES_DEPTH_MAX - 1);
}

/* Whether it may give keys of the listing: it is what the prefix goes on with here. */
static bool is_wanted(const struct objects_walk *walk, const struct folder *folder,
                      struct bytes name, bool is_folder)
{
    size_t here = folder->path_size < walk->prefix.size ? folder->path_size : walk->prefix.size;
    struct bytes rest = bytes_skip(walk->prefix, here);
    struct bytes plain = bytes_make(name.data, name.size - is_folder);

    if (folder->path_size == 0 && bytes_equal_string(plain, FILES_UPLOADS))
        return false;
    return bytes_start_with(name, rest) || (is_folder && bytes_start_with(rest, name));
}

static void names_add(struct names *names, struct bytes name)
{
    if (names->count == names->room) {
        names->room = names->room == 0 ? 64 : 2 * names->room;
        if (names->room > names->room_max)
            names->room = names->room_max;
        names->list = mem_resize(names->list, names->room * sizeof(names->list[0]));
    }
    names->list[names->count++] = arena_copy(&names->arena, name);
    if (names->count == names->room_max) {
        names_keep_first_half(names);
        names->more = true;
    }
}

/* And gives the memory of the others back. */
static void names_keep_first_half(struct names *names)
{
    struct arena kept;

    qsort(names->list, names->count, sizeof(names->list[0]), compare_names);
    if (names->count > names->room_max / 2)
        names->count = names->room_max / 2;
    arena_init(&kept);
    for (size_t i = 0; i < names->count; i++)
        names->list[i] = arena_copy(&kept, names->list[i]);
    arena_fini(&names->arena);
    names->arena = kept;
}

static int compare_names(const void *a, const void *b)
{
    const struct bytes *x = a, *y = b;

    return bytes_compare(*x, *y);
}
