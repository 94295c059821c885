/* archive.c - names of segments, and walks over them. */
#include "backup/archive.h"

#include "backup/block_file.h"
#include "base/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SUFFIX      ".stelejournal"
#define BASE_SUFFIX ".stelebase"
#define NAME_CHARS  (16 + 1 + 16)

#define LISTINGS_MAX 3

static enum err list_files(const char *dir, uint32_t table_id, bool bases, struct arena *arena,
                           struct archive_segment **files, unsigned *count);
static bool read_name(const char *name, bool bases, struct archive_segment *segment);
static int compare_segments(const void *a, const void *b);
static enum err list_whole(const char *dir, uint32_t table_id, struct arena *arena,
                           struct archive_segment **segments, unsigned *count, struct fault *fault);
static enum err read_segment(const char *path, uint64_t after, uint64_t to, archive_row_fn *row,
                             void *ctx, struct fault *fault);

const char *archive_table_path(const char *dir, uint32_t table_id, struct arena *arena)
{
    return (const char *)arena_format(arena, "%s/%" PRIu32, dir, table_id).data;
}

const char *archive_path(const char *dir, uint32_t table_id, const struct archive_segment *segment,
                         struct arena *arena)
{
    return (const char *)arena_format(arena, "%s/%" PRIu32 "/%016" PRIx64 "-%016" PRIx64 SUFFIX,
                                      dir, table_id, segment->from, segment->to)
        .data;
}

const char *archive_next_path(const char *dir, uint32_t table_id, struct arena *arena)
{
    return (const char *)arena_format(arena, "%s/%" PRIu32 "/next", dir, table_id).data;
}

const char *archive_base_path(const char *dir, uint32_t table_id, uint64_t at, struct arena *arena)
{
    return (const char *)arena_format(arena, "%s/%" PRIu32 "/%016" PRIx64 BASE_SUFFIX, dir,
                                      table_id, at)
        .data;
}

static bool is_version(const char *text)
{
    return strspn(text, "0123456789abcdef") == 16;
}

/* False: it is something else's. A base begins and ends with its version. */
static bool read_name(const char *name, bool bases, struct archive_segment *segment)
{
    if (bases) {
        segment->from = segment->to = strtoull(name, NULL, 16);
        return is_version(name) && strcmp(name + 16, BASE_SUFFIX) == 0;
    }
    if (strlen(name) != NAME_CHARS + sizeof(SUFFIX) - 1 || !is_version(name) || name[16] != '-' ||
        !is_version(name + 17) || strcmp(name + NAME_CHARS, SUFFIX) != 0)
        return false;
    segment->from = strtoull(name, NULL, 16);
    segment->to = strtoull(name + 17, NULL, 16);
    return segment->from < segment->to;
}

static int compare_segments(const void *a, const void *b)
{
    const struct archive_segment *left = a, *right = b;

    return (left->from > right->from) - (left->from < right->from);
}

enum err archive_list(const char *dir, uint32_t table_id, struct arena *arena,
                      struct archive_segment **segments, unsigned *count)
{
    return list_files(dir, table_id, false, arena, segments, count);
}

enum err archive_bases(const char *dir, uint32_t table_id, struct arena *arena,
                       struct archive_base **bases, unsigned *count)
{
    struct archive_segment *files;
    enum err err = list_files(dir, table_id, true, arena, &files, count);

    if (err != OK)
        return err;
    *bases = arena_new_array(arena, struct archive_base, *count);
    for (unsigned i = 0; i < *count; i++)
        (*bases)[i] = (struct archive_base){.at = files[i].from, .bytes = files[i].bytes};
    return OK;
}

static enum err list_files(const char *dir, uint32_t table_id, bool bases, struct arena *arena,
                           struct archive_segment **files, unsigned *count)
{
    struct archive_segment *list = NULL, segment;
    unsigned listed = 0, capacity = 0;
    const struct dirent *entry;
    DIR *open = opendir(archive_table_path(dir, table_id, arena));
    enum err err;

    *files = NULL;
    *count = 0;
    if (open == NULL)
        return errno == ENOENT ? OK : ERR_IO;
    while ((err = file_next_entry(open, &entry)) == OK) {
        struct stat status;

        if (!read_name(entry->d_name, bases, &segment))
            continue;
        if (fstatat(dirfd(open), entry->d_name, &status, 0) != 0) {
            if (errno == ENOENT)
                continue; /* it was removed just now */
            err = ERR_IO;
            break;
        }
        segment.bytes = (uint64_t)status.st_size;
        if (listed == capacity) {
            capacity = capacity == 0 ? 16 : capacity * 2;
            list = arena_resize(arena, list, listed * sizeof(*list), capacity * sizeof(*list));
        }
        list[listed++] = segment;
    }
    closedir(open);
    if (err != ERR_ABSENT)
        return err;
    if (listed > 0)
        qsort(list, listed, sizeof(*list), compare_segments);
    *files = list;
    *count = listed;
    return OK;
}

enum err archive_tables(const char *dir, struct arena *arena, uint32_t **ids, unsigned *count)
{
    unsigned listed = 0, capacity = 0;
    const struct dirent *entry;
    uint32_t *list = NULL;
    DIR *open = opendir(dir);
    enum err err;

    *ids = NULL;
    *count = 0;
    if (open == NULL)
        return errno == ENOENT ? OK : ERR_IO;
    while ((err = file_next_entry(open, &entry)) == OK) {
        char *end;
        unsigned long long id = strtoull(entry->d_name, &end, 10);

        if (*end != 0 || id == 0 || id > UINT32_MAX || entry->d_name[0] == '0')
            continue;
        if (listed == capacity) {
            capacity = capacity == 0 ? 16 : capacity * 2;
            list = arena_resize(arena, list, listed * sizeof(*list), capacity * sizeof(*list));
        }
        list[listed++] = (uint32_t)id;
    }
    closedir(open);
    if (err != ERR_ABSENT)
        return err;
    *ids = list;
    *count = listed;
    return OK;
}

void archive_key(struct journal_place place, uint8_t key[ARCHIVE_KEY_BYTES])
{
    bytes_put_u64(key, place.version);
    bytes_put_u16(key + 8, place.ordinal);
}

enum err archive_key_read(struct bytes key, struct journal_place *place)
{
    if (key.size != ARCHIVE_KEY_BYTES)
        return ERR_CORRUPT;
    place->version = bytes_get_u64(key.data);
    place->ordinal = bytes_get_u16(key.data + 8);
    return OK;
}

enum err archive_read(const char *dir, uint32_t table_id, uint64_t after, uint64_t to,
                      archive_row_fn *row, void *ctx, struct fault *fault)
{
    struct archive_segment *segments;
    struct arena arena;
    unsigned count;
    enum err err;

    arena_init(&arena);
    err = list_whole(dir, table_id, &arena, &segments, &count, fault);
    if (err == OK && count > 0 && segments[0].from > after + 1)
        err = fault_set(fault, ERR_ABSENT, "changes that are asked for are no longer kept");
    for (unsigned i = 0; err == OK && i < count; i++)
        if (segments[i].to > after + 1 && segments[i].from <= to)
            err = read_segment(archive_path(dir, table_id, &segments[i], &arena), after, to, row,
                               ctx, fault);
    arena_fini(&arena);
    return err;
}

bool archive_has_gap(const struct archive_segment segments[], unsigned i)
{
    return i > 0 && segments[i].from > segments[i - 1].to;
}

/* Segments may come and go while a folder is listed, and one that is in the middle may be missed:
 * then it is listed again. One that is missing every time is lost, and what the others have is no
 * state that the table ever had. */
static enum err list_whole(const char *dir, uint32_t table_id, struct arena *arena,
                           struct archive_segment **segments, unsigned *count, struct fault *fault)
{
    for (unsigned tries = 1;; tries++) {
        enum err err = archive_list(dir, table_id, arena, segments, count);
        unsigned i = 1;

        while (err == OK && i < *count && !archive_has_gap(*segments, i))
            i++;
        if (err != OK || i >= *count)
            return err;
        if (tries == LISTINGS_MAX)
            return fault_set(fault, ERR_CORRUPT, "%s: the segment before it is missing",
                             archive_path(dir, table_id, &(*segments)[i], arena));
    }
}

static enum err read_segment(const char *path, uint64_t after, uint64_t to, archive_row_fn *row,
                             void *ctx, struct fault *fault)
{
    struct journal_place place = {.version = after + 1};
    uint8_t first[ARCHIVE_KEY_BYTES];
    struct block_reader *reader;
    struct bytes key, value;
    enum err err = block_reader_open(path, ARCHIVE_KIND, fault, &reader);

    if (err != OK)
        return err;
    archive_key(place, first);
    err = block_reader_seek(reader, bytes_make(first, sizeof(first)), fault);
    while (err == OK && (err = block_reader_next(reader, &key, &value, fault)) == OK) {
        err = archive_key_read(key, &place);
        if (err == OK && place.version > to)
            break;
        if (err == OK)
            err = row(ctx, place, value);
    }
    block_reader_close(&reader);
    return err == ERR_ABSENT ? OK : err;
}
