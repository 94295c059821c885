/* block_reader.c - a block file read forward, from a key on, or block by block; all of it checked.
 * Nothing that is read is believed before its checksum: sizes are held to bounds first, since what
 * is damaged may be a size.
 */
#include "backup/block_file.h"
#include "backup/block_format.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "base/varint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define NO_BLOCK UINT64_MAX

/* A chunk in memory, and where it was. */
struct chunk {
    uint64_t offset;
    uint64_t end; /* offset of what is behind it */
    uint8_t type;
    uint32_t count;
    struct buf plain;
};

/* An entry of an index or top chunk. */
struct place {
    uint64_t offset;
    struct bytes key;
};

struct block_reader {
    char *path;
    int fd;
    uint64_t size;
    struct buf about;
    uint64_t rows_offset; /* of the first chunk */
    uint64_t top_offset;
    struct block_file_totals totals;
    ZSTD_DCtx *zstd;
    struct buf packed;

    struct chunk data; /* being read */
    struct bytes rest; /* its rows that were not read */
    uint32_t row;      /* how many of its rows were */
    uint64_t next;     /* offset of the chunk behind it */
    struct buf last_key;
    bool has_last_key;
    bool from_first; /* every row so far was read */
    uint64_t rows_read;
    struct bytes held_key, held_value; /* found by a seek */
    bool holds;

    struct chunk index; /* which one was loaded last */
    uint64_t index_number;
    struct place *index_places;
    struct chunk top;
    struct place *top_places;
};

static enum err read_ends(struct block_reader *reader, const char *kind, struct fault *fault);
static enum err read_header(struct block_reader *reader, const char *kind, struct fault *fault);
static enum err read_footer(struct block_reader *reader, struct fault *fault);
static enum err read_chunk(struct block_reader *reader, uint64_t offset, struct chunk *chunk,
                           struct fault *fault);
static enum err load_places(struct block_reader *reader, uint64_t offset, uint8_t type,
                            struct chunk *chunk, struct place **places, struct fault *fault);
static enum err load_top(struct block_reader *reader, struct fault *fault);
static enum err load_index(struct block_reader *reader, uint64_t number, struct fault *fault);
static enum err load_data(struct block_reader *reader, uint64_t offset, struct fault *fault);
static enum err next_block(struct block_reader *reader, struct fault *fault);
static enum err check_end(struct block_reader *reader, struct fault *fault);
static enum err read_at(struct block_reader *reader, uint64_t offset, void *out, size_t size,
                        struct fault *fault);
static enum err damaged(const struct block_reader *reader, struct fault *fault, uint64_t offset,
                        const char *what);

enum err block_reader_open(const char *path, const char *kind, struct fault *fault,
                           struct block_reader **reader)
{
    struct block_reader *r = mem_zalloc(sizeof(*r));
    enum err err;

    r->path = mem_string(path);
    buf_init(&r->about, SIZE_MAX);
    buf_init(&r->packed, SIZE_MAX);
    buf_init(&r->data.plain, SIZE_MAX);
    buf_init(&r->index.plain, SIZE_MAX);
    buf_init(&r->top.plain, SIZE_MAX);
    buf_init(&r->last_key, SIZE_MAX);
    r->index_number = NO_BLOCK;
    r->zstd = ZSTD_createDCtx();
    ASSERT(r->zstd != NULL);
    r->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0)
        err = fault_set(fault, errno == ENOENT ? ERR_ABSENT : ERR_IO, "cannot read %s: %s", path,
                        strerror(errno));
    else
        err = read_ends(r, kind, fault);
    if (err != OK) {
        block_reader_close(&r);
        return err;
    }
    *reader = r;
    return OK;
}

void block_reader_close(struct block_reader **reader)
{
    struct block_reader *r = *reader;

    if (r == NULL)
        return;
    *reader = NULL;
    if (r->fd >= 0)
        close(r->fd);
    ZSTD_freeDCtx(r->zstd);
    buf_fini(&r->about);
    buf_fini(&r->packed);
    buf_fini(&r->data.plain);
    buf_fini(&r->index.plain);
    buf_fini(&r->top.plain);
    buf_fini(&r->last_key);
    free(r->index_places);
    free(r->top_places);
    free(r->path);
    free(r);
}

struct bytes block_reader_about(const struct block_reader *reader)
{
    return buf_bytes(&reader->about);
}

struct block_file_totals block_reader_totals(const struct block_reader *reader)
{
    return reader->totals;
}

enum err block_reader_next(struct block_reader *reader, struct bytes *key, struct bytes *value,
                           struct fault *fault)
{
    enum err err;

    while ((err = block_reader_next_in_block(reader, key, value, fault)) == ERR_ABSENT) {
        err = next_block(reader, fault);
        if (err != OK)
            return err;
    }
    return err;
}

enum err block_reader_next_in_block(struct block_reader *reader, struct bytes *key,
                                    struct bytes *value, struct fault *fault)
{
    struct bytes rest = reader->rest, k, v;

    if (reader->holds) {
        reader->holds = false;
        *key = reader->held_key;
        *value = reader->held_value;
        return OK;
    }
    if (reader->row == reader->data.count) {
        if (rest.size != 0)
            return damaged(reader, fault, reader->data.offset, "more bytes than its rows have");
        return ERR_ABSENT;
    }
    if (!varint_take_bytes(&rest, &k) || !varint_take_bytes(&rest, &v))
        return damaged(reader, fault, reader->data.offset, "fewer rows than it says");
    if (reader->has_last_key && bytes_compare(buf_bytes(&reader->last_key), k) >= 0)
        return damaged(reader, fault, reader->data.offset, "its keys are out of order");
    buf_reset(&reader->last_key, SIZE_MAX);
    buf_append_bytes(&reader->last_key, k);
    reader->has_last_key = true;
    reader->rest = rest;
    reader->row++;
    reader->rows_read++;
    *key = k;
    *value = v;
    return OK;
}

/* The last place whose key is not greater; 0 if there is none. */
static uint32_t find_place(const struct place *places, uint32_t count, struct bytes key)
{
    uint32_t low = 0, high = count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (bytes_compare(places[middle].key, key) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

enum err block_reader_seek(struct block_reader *reader, struct bytes key, struct fault *fault)
{
    struct bytes k, v;
    uint32_t number;
    enum err err = load_top(reader, fault);

    if (err != OK)
        return err;
    if (reader->top.count == 0)
        return OK; /* no rows: it stands at the end */
    err = load_index(reader, find_place(reader->top_places, reader->top.count, key), fault);
    if (err != OK)
        return err;
    number = find_place(reader->index_places, reader->index.count, key);
    err = load_data(reader, reader->index_places[number].offset, fault);
    if (err != OK)
        return err;
    do
        err = block_reader_next(reader, &k, &v, fault);
    while (err == OK && bytes_compare(k, key) < 0);
    if (err == OK) {
        reader->holds = true;
        reader->held_key = k;
        reader->held_value = v;
    }
    return err == ERR_ABSENT ? OK : err;
}

enum err block_reader_go_to(struct block_reader *reader, uint64_t block, struct fault *fault)
{
    enum err err = load_top(reader, fault);

    ASSERT(block < reader->totals.blocks);
    if (err == OK)
        err = load_index(reader, block / INDEX_ENTRIES, fault);
    if (err != OK)
        return err;
    return load_data(reader, reader->index_places[block % INDEX_ENTRIES].offset, fault);
}

/* --- both ends ------------------------------------------------------------------------------- */

static enum err read_ends(struct block_reader *reader, const char *kind, struct fault *fault)
{
    struct stat stat;
    enum err err;

    if (fstat(reader->fd, &stat) != 0)
        return fault_set(fault, ERR_IO, "cannot read %s: %s", reader->path, strerror(errno));
    reader->size = (uint64_t)stat.st_size;
    err = read_header(reader, kind, fault);
    if (err == OK)
        err = read_footer(reader, fault);
    reader->next = reader->rows_offset;
    reader->from_first = true;
    reader->totals.file_bytes = reader->size;
    return err;
}

static enum err check_format(const struct block_reader *reader, uint32_t format, uint64_t offset,
                             struct fault *fault)
{
    if (format > FILE_FORMAT)
        return fault_set(fault, ERR_NEWER_FORMAT,
                         "%s has format %u, written by a newer Stele; use that one", reader->path,
                         format);
    return format == FILE_FORMAT ? OK : damaged(reader, fault, offset, "no format of ours");
}

static enum err read_header(struct block_reader *reader, const char *kind, struct fault *fault)
{
    uint8_t header[FILE_HEADER_BYTES];
    size_t about_size;
    uint32_t crc;
    enum err err;

    if (reader->size < FILE_HEADER_BYTES + CHUNK_HEADER_BYTES + FILE_FOOTER_BYTES)
        return damaged(reader, fault, reader->size, "it ends too early");
    err = read_at(reader, 0, header, sizeof(header), fault);
    if (err == OK && memcmp(header, FILE_MAGIC, FILE_MAGIC_BYTES) != 0)
        err = damaged(reader, fault, 0, "it does not begin like a file of Stele's");
    if (err == OK)
        err = check_format(reader, bytes_get_u32(header + 8), 8, fault);
    if (err != OK)
        return err;
    about_size = bytes_get_u32(header + 16);
    if (about_size > BLOCK_FILE_ABOUT_BYTES_MAX ||
        about_size > reader->size - FILE_HEADER_BYTES - CHUNK_HEADER_BYTES - FILE_FOOTER_BYTES)
        return damaged(reader, fault, 16, "a size that cannot be");
    err = read_at(reader, FILE_HEADER_BYTES, buf_reserve(&reader->about, about_size), about_size,
                  fault);
    if (err != OK)
        return err;
    buf_commit(&reader->about, about_size);
    crc = crc32c_bytes(bytes_make(header, FILE_HEADER_CHECKED));
    if (crc32c_extend(crc, buf_bytes(&reader->about)) !=
        bytes_get_u32(header + FILE_HEADER_CHECKED))
        return damaged(reader, fault, 0, "the checksum of its beginning is wrong");
    if (memcmp(header + 12, kind, BLOCK_FILE_KIND_BYTES) != 0)
        return fault_set(fault, ERR_CORRUPT, "%s holds %.4s, not %s", reader->path,
                         (const char *)header + 12, kind);
    reader->rows_offset = FILE_HEADER_BYTES + about_size;
    return OK;
}

static enum err read_footer(struct block_reader *reader, struct fault *fault)
{
    uint64_t offset = reader->size - FILE_FOOTER_BYTES;
    uint8_t footer[FILE_FOOTER_BYTES];
    enum err err = read_at(reader, offset, footer, sizeof(footer), fault);

    if (err != OK)
        return err;
    if (memcmp(footer + FILE_FOOTER_CHECKED + 4, FILE_MAGIC_END, FILE_MAGIC_BYTES) != 0)
        return damaged(reader, fault, reader->size, "it ends too early");
    if (crc32c_bytes(bytes_make(footer, FILE_FOOTER_CHECKED)) !=
        bytes_get_u32(footer + FILE_FOOTER_CHECKED))
        return damaged(reader, fault, offset, "the checksum of its end is wrong");
    err = check_format(reader, bytes_get_u32(footer + 32), offset + 32, fault);
    if (err != OK)
        return err;
    reader->top_offset = bytes_get_u64(footer);
    reader->totals.rows = bytes_get_u64(footer + 8);
    reader->totals.row_bytes = bytes_get_u64(footer + 16);
    reader->totals.blocks = bytes_get_u64(footer + 24);
    if (reader->top_offset < reader->rows_offset ||
        reader->top_offset > offset - CHUNK_HEADER_BYTES)
        return damaged(reader, fault, offset, "a place that cannot be");
    return OK;
}

/* --- chunks ---------------------------------------------------------------------------------- */

static enum err unpack(struct block_reader *reader, uint8_t encoding, size_t plain_size,
                       struct chunk *chunk, struct fault *fault)
{
    uint8_t *out = buf_reserve(&chunk->plain, plain_size + 1); /* none is NULL */
    size_t size = reader->packed.size;

    if (encoding == ENCODING_ZSTD)
        size = ZSTD_decompressDCtx(reader->zstd, out, plain_size, reader->packed.data,
                                   reader->packed.size);
    else if (encoding == ENCODING_PLAIN && size == plain_size && size != 0)
        memcpy(out, reader->packed.data, size);
    if (ZSTD_isError(size) || size != plain_size || encoding > ENCODING_ZSTD)
        return damaged(reader, fault, chunk->offset, "its contents cannot be unpacked");
    buf_commit(&chunk->plain, plain_size);
    return OK;
}

static enum err read_chunk(struct block_reader *reader, uint64_t offset, struct chunk *chunk,
                           struct fault *fault)
{
    uint64_t room = reader->size - FILE_FOOTER_BYTES - CHUNK_HEADER_BYTES;
    uint8_t header[CHUNK_HEADER_BYTES];
    size_t stored_size, plain_size, plain_max;
    uint32_t crc;
    enum err err;

    chunk->offset = offset;
    chunk->count = 0;
    buf_reset(&chunk->plain, CHUNK_BYTES_MAX);
    if (offset > room)
        return damaged(reader, fault, offset, "it ends too early");
    err = read_at(reader, offset, header, sizeof(header), fault);
    if (err != OK)
        return err;
    stored_size = bytes_get_u32(header + 4);
    plain_size = bytes_get_u32(header + 8);
    plain_max = header[0] == CHUNK_TOP ? TOP_BYTES_MAX : CHUNK_BYTES_MAX;
    if (stored_size > room - offset || stored_size > plain_size || plain_size > plain_max)
        return damaged(reader, fault, offset, "a size that cannot be");
    buf_reset(&reader->packed, CHUNK_BYTES_MAX);
    err = read_at(reader, offset + CHUNK_HEADER_BYTES,
                  buf_reserve(&reader->packed, stored_size + 1), stored_size, fault);
    if (err != OK)
        return err;
    buf_commit(&reader->packed, stored_size);
    crc = crc32c_bytes(bytes_make(header, CHUNK_HEADER_CHECKED));
    if (crc32c_extend(crc, buf_bytes(&reader->packed)) !=
        bytes_get_u32(header + CHUNK_HEADER_CHECKED))
        return damaged(reader, fault, offset, "a checksum is wrong");
    err = unpack(reader, header[1], plain_size, chunk, fault);
    if (err != OK)
        return err;
    chunk->type = header[0];
    chunk->count = bytes_get_u32(header + 12);
    chunk->end = offset + CHUNK_HEADER_BYTES + stored_size;
    return OK;
}

/* A chunk of places, and what it says: of keys in it as long as it is not loaded again. */
static enum err load_places(struct block_reader *reader, uint64_t offset, uint8_t type,
                            struct chunk *chunk, struct place **places, struct fault *fault)
{
    enum err err = read_chunk(reader, offset, chunk, fault);
    struct bytes rest;
    bool whole;

    if (err != OK)
        return err;
    rest = buf_bytes(&chunk->plain);
    whole = chunk->type == type && chunk->count <= rest.size; /* each takes a byte at least */
    *places = mem_resize(*places, (whole ? chunk->count : 0) * sizeof(**places) + 1);
    for (uint32_t i = 0; whole && i < chunk->count; i++) {
        struct place *place = &(*places)[i];

        whole = varint_take(&rest, &place->offset) && varint_take_bytes(&rest, &place->key) &&
                place->offset >= reader->rows_offset && place->offset < offset;
    }
    return whole && rest.size == 0 ? OK : damaged(reader, fault, offset, "it is no index");
}

static enum err load_top(struct block_reader *reader, struct fault *fault)
{
    uint64_t wanted = (reader->totals.blocks + INDEX_ENTRIES - 1) / INDEX_ENTRIES;
    enum err err;

    if (reader->top_places != NULL)
        return OK;
    err = load_places(reader, reader->top_offset, CHUNK_TOP, &reader->top, &reader->top_places,
                      fault);
    if (err == OK && reader->top.count != wanted)
        err = damaged(reader, fault, reader->top_offset, "its counts disagree");
    if (err != OK) {
        free(reader->top_places);
        reader->top_places = NULL;
    }
    return err;
}

static enum err load_index(struct block_reader *reader, uint64_t number, struct fault *fault)
{
    uint64_t left = reader->totals.blocks - number * INDEX_ENTRIES;
    uint64_t offset = reader->top_places[number].offset;
    enum err err;

    if (reader->index_number == number)
        return OK;
    reader->index_number = NO_BLOCK;
    err = load_places(reader, offset, CHUNK_INDEX, &reader->index, &reader->index_places, fault);
    if (err == OK && reader->index.count != (left < INDEX_ENTRIES ? left : INDEX_ENTRIES))
        err = damaged(reader, fault, offset, "its counts disagree");
    if (err == OK)
        reader->index_number = number;
    return err;
}

/* Makes a data chunk the one that is read, without what was read before. */
static enum err load_data(struct block_reader *reader, uint64_t offset, struct fault *fault)
{
    enum err err = read_chunk(reader, offset, &reader->data, fault);

    reader->from_first = false;
    reader->has_last_key = false;
    reader->holds = false;
    reader->row = 0;
    reader->rest = buf_bytes(&reader->data.plain);
    if (err == OK && reader->data.type != CHUNK_DATA)
        err = damaged(reader, fault, offset, "its index leads elsewhere");
    if (err != OK)
        reader->data.count = 0;
    reader->next = reader->data.end;
    return err;
}

/* The data chunk behind this one; ERR_ABSENT: there is none. */
static enum err next_block(struct block_reader *reader, struct fault *fault)
{
    for (;;) {
        enum err err;

        if (reader->next == reader->top_offset)
            return check_end(reader, fault);
        err = read_chunk(reader, reader->next, &reader->data, fault);
        if (err != OK)
            return err;
        reader->next = reader->data.end;
        if (reader->data.type == CHUNK_DATA)
            break;
        if (reader->data.type != CHUNK_INDEX)
            return damaged(reader, fault, reader->data.offset, "a part of no known kind");
        reader->data.count = 0; /* its entries are no rows */
    }
    reader->row = 0;
    reader->rest = buf_bytes(&reader->data.plain);
    return OK;
}

static enum err check_end(struct block_reader *reader, struct fault *fault)
{
    uint64_t end = reader->size - FILE_FOOTER_BYTES;
    enum err err = load_top(reader, fault);

    reader->data.count = 0;
    reader->row = 0;
    reader->rest = bytes_make("", 0);
    if (err != OK)
        return err;
    if (reader->top.end != end)
        return damaged(reader, fault, reader->top.end, "bytes that belong to nothing");
    if (reader->from_first && reader->rows_read != reader->totals.rows)
        return damaged(reader, fault, end, "another number of rows than it says");
    return ERR_ABSENT;
}

static enum err read_at(struct block_reader *reader, uint64_t offset, void *out, size_t size,
                        struct fault *fault)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = pread(reader->fd, (uint8_t *)out + done, size - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fault_set(fault, ERR_IO, "cannot read %s at byte %llu: %s", reader->path,
                             (unsigned long long)(offset + done), strerror(errno));
        if (got == 0)
            return damaged(reader, fault, offset + done, "it ends too early");
        done += (size_t)got;
    }
    return OK;
}

static enum err damaged(const struct block_reader *reader, struct fault *fault, uint64_t offset,
                        const char *what)
{
    return fault_set(fault, ERR_CORRUPT, "%s is damaged at byte %llu: %s", reader->path,
                     (unsigned long long)offset, what);
}
