/* overlay.c - entries in memory, sorted runs of them, and the merge of all.
 * Entry, in memory and in a run, the numbers as bytes.h has them:
 *   size u32 of what follows · flags u8 · first version u64, ordinal u16 · last version u64,
 *   ordinal u16 · key, old, new: size u32 and bytes each
 * Runs have levels: as soon as there are RUNS_PER_LEVEL of one, they become one of the next. So an
 * entry is written once a level, and few files are open.
 */
#include "backup/overlay.h"

#include "base/assert.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RUNS_PER_LEVEL 8
#define LEVELS         6 /* 8^6 times the memory: more than disks hold */
#define SOURCES_MAX    (RUNS_PER_LEVEL * LEVELS + 1)
#define FILE_BUFFER    ((size_t)128 << 10)

#define FIXED_BYTES   (1 + 8 + 2 + 8 + 2)
#define FLAG_EXISTED  1
#define FLAG_EXISTS   2
#define SIZE_BYTES    4
#define OFFSETS_BEGIN 1024

/* Entries of one kind of place, in order. */
struct source {
    FILE *file;         /* a run; NULL: those in memory */
    uint64_t left;      /* of its bytes, from the next entry on */
    uint8_t *data;      /* the entry that was read */
    size_t capacity;    /* of data */
    size_t at;          /* in memory: the next offset's index */
    bool loaded, ended; /* entry is the one at the front; there are no more */
    struct overlay_entry entry;
};

struct run {
    FILE *file;
    uint64_t bytes; /* that were written */
};

struct overlay {
    char *scratch;
    uint8_t *data; /* memory_bytes_max of entries, as they came */
    size_t size, memory_bytes_max;
    size_t *offsets; /* of the entries */
    size_t count, offsets_max;
    struct run runs[LEVELS][RUNS_PER_LEVEL];
    unsigned run_counts[LEVELS];
    struct source sources[SOURCES_MAX]; /* of the merge under way */
    unsigned source_count;
};

static enum err spill(struct overlay *overlay);
static enum err merge_level(struct overlay *overlay, unsigned level);
static enum err next_of_all(struct overlay *overlay, struct overlay_entry *entry);

struct overlay *overlay_create(const char *scratch, size_t memory_bytes_max)
{
    struct overlay *o = mem_zalloc(sizeof(*o));

    o->scratch = mem_string(scratch);
    o->memory_bytes_max =
        memory_bytes_max > OVERLAY_MEMORY_BYTES_MIN ? memory_bytes_max : OVERLAY_MEMORY_BYTES_MIN;
    o->data = mem_alloc(o->memory_bytes_max); /* the system gives pages as they are written */
    o->offsets_max = OFFSETS_BEGIN;
    o->offsets = mem_alloc(o->offsets_max * sizeof(o->offsets[0]));
    return o;
}

static void end_sources(struct overlay *overlay)
{
    for (unsigned i = 0; i < overlay->source_count; i++)
        free(overlay->sources[i].data);
    memset(overlay->sources, 0, sizeof(overlay->sources));
    overlay->source_count = 0;
}

void overlay_destroy(struct overlay **overlay)
{
    struct overlay *o = *overlay;

    if (o == NULL)
        return;
    *overlay = NULL;
    end_sources(o);
    for (unsigned level = 0; level < LEVELS; level++)
        for (unsigned i = 0; i < o->run_counts[level]; i++)
            fclose(o->runs[level][i].file);
    free(o->scratch);
    free(o->data);
    free(o->offsets);
    free(o);
}

/* --- entries as bytes ------------------------------------------------------------------------ */

static size_t entry_bytes(const struct overlay_entry *e)
{
    return FIXED_BYTES + 3 * SIZE_BYTES + e->key.size + e->old.size + e->new.size;
}

static uint8_t *put_part(uint8_t *at, struct bytes part)
{
    bytes_put_u32(at, (uint32_t)part.size);
    if (part.size != 0)
        memcpy(at + SIZE_BYTES, part.data, part.size);
    return at + SIZE_BYTES + part.size;
}

/* Writes SIZE_BYTES + entry_bytes(). */
static void put_entry(uint8_t *at, const struct overlay_entry *e)
{
    bytes_put_u32(at, (uint32_t)entry_bytes(e));
    at += SIZE_BYTES;
    at[0] = (uint8_t)((e->existed ? FLAG_EXISTED : 0) | (e->exists ? FLAG_EXISTS : 0));
    bytes_put_u64(at + 1, e->first.version);
    bytes_put_u16(at + 9, e->first.ordinal);
    bytes_put_u64(at + 11, e->last.version);
    bytes_put_u16(at + 19, e->last.ordinal);
    at = put_part(at + FIXED_BYTES, e->key);
    at = put_part(at, e->old);
    put_part(at, e->new);
}

static const uint8_t *get_part(const uint8_t *at, struct bytes *part)
{
    *part = bytes_make(at + SIZE_BYTES, bytes_get_u32(at));
    return at + SIZE_BYTES + part->size;
}

/* Our own bytes, behind the size. */
static struct overlay_entry get_entry(const uint8_t *at)
{
    struct overlay_entry e = {
        .existed = (at[0] & FLAG_EXISTED) != 0,
        .exists = (at[0] & FLAG_EXISTS) != 0,
        .first = {.version = bytes_get_u64(at + 1), .ordinal = bytes_get_u16(at + 9)},
        .last = {.version = bytes_get_u64(at + 11), .ordinal = bytes_get_u16(at + 19)},
    };

    at = get_part(at + FIXED_BYTES, &e.key);
    at = get_part(at, &e.old);
    get_part(at, &e.new);
    return e;
}

/* Another one of the same key: the image before the first change stays, and that after the last. */
static void combine(struct overlay_entry *e, const struct overlay_entry *other)
{
    if (journal_place_is_before(other->first, e->first)) {
        e->first = other->first;
        e->existed = other->existed;
        e->old = other->old;
    }
    if (journal_place_is_before(e->last, other->last)) {
        e->last = other->last;
        e->exists = other->exists;
        e->new = other->new;
    }
}

/* --- adding ---------------------------------------------------------------------------------- */

enum err overlay_add(struct overlay *overlay, const struct overlay_entry *entry)
{
    size_t bytes = SIZE_BYTES + entry_bytes(entry);
    enum err err = OK;

    ASSERT(bytes <= overlay->memory_bytes_max);
    if (overlay->size + bytes + (overlay->count + 1) * sizeof(overlay->offsets[0]) >
            overlay->memory_bytes_max &&
        overlay->count > 0)
        err = spill(overlay);
    if (err != OK)
        return err;
    if (overlay->count == overlay->offsets_max) {
        overlay->offsets_max *= 2;
        overlay->offsets =
            mem_resize(overlay->offsets, overlay->offsets_max * sizeof(overlay->offsets[0]));
    }
    put_entry(overlay->data + overlay->size, entry);
    overlay->offsets[overlay->count++] = overlay->size;
    overlay->size += bytes;
    return OK;
}

static int compare_offsets(const void *a, const void *b, void *ctx)
{
    const uint8_t *data = ctx;
    struct overlay_entry left = get_entry(data + *(const size_t *)a + SIZE_BYTES);
    struct overlay_entry right = get_entry(data + *(const size_t *)b + SIZE_BYTES);

    return bytes_compare(left.key, right.key);
}

static void begin_memory(struct overlay *overlay)
{
    qsort_r(overlay->offsets, overlay->count, sizeof(overlay->offsets[0]), compare_offsets,
            overlay->data);
    overlay->sources[overlay->source_count++] = (struct source){0};
}

static void begin_run(struct overlay *overlay, const struct run *run)
{
    overlay->sources[overlay->source_count++] =
        (struct source){.file = run->file, .left = run->bytes};
}

/* A file that nobody else sees. */
static enum err open_run(const struct overlay *overlay, FILE **file)
{
    size_t size = strlen(overlay->scratch) + sizeof("/run-XXXXXX");
    char *path;
    int fd = open(overlay->scratch, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0) { /* not every file system can */
        path = mem_alloc(size);
        snprintf(path, size, "%s/run-XXXXXX", overlay->scratch);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
        free(path);
    }
    if (fd < 0)
        return file_err(errno);
    *file = fdopen(fd, "w+");
    if (*file == NULL) {
        close(fd);
        return ERR_IO;
    }
    setvbuf(*file, NULL, _IOFBF, FILE_BUFFER);
    return OK;
}

/* What the sources have, combined, as a run of a level that has room. */
static enum err write_run(struct overlay *overlay, unsigned level)
{
    struct run run = {0};
    struct overlay_entry entry;
    enum err err = open_run(overlay, &run.file);

    ASSERT(overlay->run_counts[level] < RUNS_PER_LEVEL);
    if (err != OK)
        return err;
    while ((err = next_of_all(overlay, &entry)) == OK) {
        size_t bytes = SIZE_BYTES + entry_bytes(&entry);
        uint8_t *frame = mem_alloc(bytes);
        bool written;

        put_entry(frame, &entry);
        written = fwrite(frame, 1, bytes, run.file) == bytes;
        free(frame);
        if (!written)
            break;
        run.bytes += bytes;
    }
    if (err == OK || (err == ERR_ABSENT && fflush(run.file) != 0))
        err = file_err(errno);
    if (err != ERR_ABSENT) {
        fclose(run.file);
        return err;
    }
    rewind(run.file);
    overlay->runs[level][overlay->run_counts[level]++] = run;
    return OK;
}

/* The entries in memory become a run. */
static enum err spill(struct overlay *overlay)
{
    enum err err = OK;

    for (unsigned level = 0; err == OK && level < LEVELS; level++) {
        if (overlay->run_counts[level] < RUNS_PER_LEVEL)
            break;
        err = merge_level(overlay, level);
    }
    if (err != OK)
        return err;
    begin_memory(overlay);
    err = write_run(overlay, 0);
    end_sources(overlay);
    overlay->size = 0;
    overlay->count = 0;
    return err;
}

/* A full level becomes one run of the next, which is merged first if it is full too. */
static enum err merge_level(struct overlay *overlay, unsigned level)
{
    unsigned into = level + 1;
    enum err err = OK;

    if (into == LEVELS)
        return ERR_NO_SPACE;
    for (unsigned above = LEVELS - 1; err == OK && above > level; above--)
        if (overlay->run_counts[above] == RUNS_PER_LEVEL)
            err = above + 1 == LEVELS ? ERR_NO_SPACE : merge_level(overlay, above);
    if (err != OK)
        return err;
    for (unsigned i = 0; i < RUNS_PER_LEVEL; i++)
        begin_run(overlay, &overlay->runs[level][i]);
    err = write_run(overlay, into);
    end_sources(overlay);
    if (err != OK)
        return err;
    for (unsigned i = 0; i < RUNS_PER_LEVEL; i++)
        fclose(overlay->runs[level][i].file);
    overlay->run_counts[level] = 0;
    return OK;
}

/* --- giving ---------------------------------------------------------------------------------- */

enum err overlay_finish(struct overlay *overlay)
{
    ASSERT(overlay->source_count == 0);
    begin_memory(overlay);
    for (unsigned level = 0; level < LEVELS; level++)
        for (unsigned i = 0; i < overlay->run_counts[level]; i++)
            begin_run(overlay, &overlay->runs[level][i]);
    return OK;
}

enum err overlay_next(struct overlay *overlay, struct overlay_entry *entry)
{
    return next_of_all(overlay, entry);
}

/* Memory has several entries of one key side by side. */
static void load_memory(const struct overlay *overlay, struct source *source)
{
    source->ended = source->at == overlay->count;
    if (source->ended)
        return;
    source->entry = get_entry(overlay->data + overlay->offsets[source->at++] + SIZE_BYTES);
    while (source->at < overlay->count) {
        struct overlay_entry next =
            get_entry(overlay->data + overlay->offsets[source->at] + SIZE_BYTES);

        if (!bytes_equal(next.key, source->entry.key))
            break;
        combine(&source->entry, &next);
        source->at++;
    }
}

static enum err short_of(const struct source *source)
{
    LOG(ERROR, "a scratch file is not what was written to it",
        log_u64("bytes_missed", source->left));
    return ERR_IO;
}

static enum err load_run(struct source *source)
{
    uint8_t size_bytes[SIZE_BYTES];
    size_t size;

    source->ended = source->left == 0;
    if (source->ended)
        return OK;
    if (fread(size_bytes, 1, SIZE_BYTES, source->file) != SIZE_BYTES)
        return short_of(source);
    size = bytes_get_u32(size_bytes);
    if (SIZE_BYTES + size > source->left)
        return short_of(source);
    if (size > source->capacity) {
        free(source->data);
        source->data = mem_alloc(size);
        source->capacity = size;
    }
    if (fread(source->data, 1, size, source->file) != size)
        return short_of(source);
    source->left -= SIZE_BYTES + size;
    source->entry = get_entry(source->data);
    return OK;
}

/* What a source has at its front stays there until the step after the one that gave it. */
static enum err next_of_all(struct overlay *overlay, struct overlay_entry *entry)
{
    struct overlay_entry least = {0};
    bool found = false;

    for (unsigned i = 0; i < overlay->source_count; i++) {
        struct source *source = &overlay->sources[i];
        enum err err = OK;

        if (!source->loaded && !source->ended) {
            if (source->file == NULL)
                load_memory(overlay, source);
            else
                err = load_run(source);
            if (err != OK)
                return err;
            source->loaded = !source->ended;
        }
        if (source->loaded && (!found || bytes_compare(source->entry.key, least.key) < 0)) {
            least = source->entry;
            found = true;
        }
    }
    if (!found)
        return ERR_ABSENT;
    for (unsigned i = 0; i < overlay->source_count; i++) {
        struct source *source = &overlay->sources[i];

        if (!source->loaded || !bytes_equal(source->entry.key, least.key))
            continue;
        combine(&least, &source->entry);
        source->loaded = false;
    }
    *entry = least;
    return OK;
}
