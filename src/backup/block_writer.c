/* block_writer.c - a block file from its first row to its rename.
 * What was written goes to the disk as it comes, piece by piece: a sync of gigabytes at the end
 * would hold up the syncs of clients' writes.
 */
#include "backup/block_file.h"
#include "backup/block_format.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/varint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#define ZSTD_LEVEL 3
#define OUT_BYTES  ((size_t)64 << 10)
#define PIECE_BYTES \
    ((uint64_t)64 << 10) /* written back at a time: a sync of a write waits for one */

struct block_writer {
    char *path;
    char *beside; /* <path>.tmp */
    int fd;
    uint64_t offset;  /* of what comes next, what is in `out` included */
    uint64_t written; /* without that */
    uint64_t on_disk; /* up to where it was written back */
    struct buf out;   /* not yet written */
    struct buf rows;  /* of the block that is being filled */
    struct buf packed;
    struct buf index; /* entries of data blocks */
    struct buf top;   /* entries of index chunks */
    struct buf last_key;
    uint32_t row_count; /* in rows */
    uint32_t index_count;
    uint32_t top_count;
    ZSTD_CCtx *zstd;
    struct block_file_totals totals;
};

static enum err write_header(struct block_writer *writer, const char *kind, struct bytes about,
                             struct fault *fault);
static enum err close_block(struct block_writer *writer, struct fault *fault);
static enum err close_index(struct block_writer *writer, struct fault *fault);
static enum err write_footer(struct block_writer *writer, uint64_t top_offset, struct fault *fault);
static enum err write_chunk(struct block_writer *writer, uint8_t type, struct bytes plain,
                            uint32_t count, struct fault *fault);
static enum err write_bytes(struct block_writer *writer, struct bytes bytes, struct fault *fault);
static enum err flush(struct block_writer *writer, struct fault *fault);
static enum err move_to_place(struct block_writer *writer, struct fault *fault);
static enum err write_failed(const struct block_writer *writer, struct fault *fault, int why);

/* For the caller to free. */
static char *path_beside(const char *path)
{
    size_t room = strlen(path) + sizeof(".tmp");
    char *beside = mem_alloc(room);

    snprintf(beside, room, "%s.tmp", path);
    return beside;
}

enum err block_writer_open(const char *path, const char *kind, struct bytes about,
                           struct fault *fault, struct block_writer **writer)
{
    struct block_writer *w = mem_zalloc(sizeof(*w));
    enum err err;

    ASSERT(strlen(kind) == BLOCK_FILE_KIND_BYTES && about.size <= BLOCK_FILE_ABOUT_BYTES_MAX);
    w->path = mem_string(path);
    w->beside = path_beside(path);
    buf_init(&w->out, SIZE_MAX);
    buf_init(&w->rows, SIZE_MAX);
    buf_init(&w->packed, SIZE_MAX);
    buf_init(&w->index, SIZE_MAX);
    buf_init(&w->top, TOP_BYTES_MAX);
    buf_init(&w->last_key, SIZE_MAX);
    w->zstd = ZSTD_createCCtx();
    ASSERT(w->zstd != NULL);
    w->fd = open(w->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    err = w->fd < 0 ? write_failed(w, fault, errno) : write_header(w, kind, about, fault);
    if (err != OK) {
        block_writer_abandon(&w);
        return err;
    }
    *writer = w;
    return OK;
}

enum err block_writer_add(struct block_writer *writer, struct bytes key, struct bytes value,
                          struct fault *fault)
{
    size_t size = key.size + value.size;

    ASSERT(size <= BLOCK_FILE_ROW_BYTES_MAX);
    ASSERT(writer->totals.rows == 0 || bytes_compare(buf_bytes(&writer->last_key), key) < 0);
    if (writer->row_count == 0) {
        buf_append_varint(&writer->index, writer->offset);
        buf_append_varint(&writer->index, key.size);
        buf_append_bytes(&writer->index, key);
    }
    buf_append_varint(&writer->rows, key.size);
    buf_append_bytes(&writer->rows, key);
    buf_append_varint(&writer->rows, value.size);
    buf_append_bytes(&writer->rows, value);
    buf_reset(&writer->last_key, SIZE_MAX);
    buf_append_bytes(&writer->last_key, key);
    writer->row_count++;
    writer->totals.rows++;
    writer->totals.row_bytes += size;
    return writer->rows.size < DATA_BYTES ? OK : close_block(writer, fault);
}

enum err block_writer_finish(struct block_writer **writer, struct fault *fault,
                             struct block_file_totals *totals)
{
    struct block_writer *w = *writer;
    enum err err = w->row_count == 0 ? OK : close_block(w, fault);
    uint64_t top_offset;

    if (err == OK && w->index_count != 0)
        err = close_index(w, fault);
    top_offset = w->offset;
    if (err == OK)
        err = write_chunk(w, CHUNK_TOP, buf_bytes(&w->top), w->top_count, fault);
    if (err == OK)
        err = write_footer(w, top_offset, fault);
    if (err == OK)
        err = flush(w, fault);
    if (err == OK)
        err = move_to_place(w, fault);
    if (err == OK) {
        *totals = w->totals;
        totals->file_bytes = w->offset;
    }
    block_writer_abandon(writer); /* nothing is beside its place any more if it was moved */
    return err;
}

void block_writer_abandon(struct block_writer **writer)
{
    struct block_writer *w = *writer;

    if (w == NULL)
        return;
    *writer = NULL;
    if (w->fd >= 0) {
        unlink(w->beside);
        close(w->fd);
    }
    buf_fini(&w->out);
    buf_fini(&w->rows);
    buf_fini(&w->packed);
    buf_fini(&w->index);
    buf_fini(&w->top);
    buf_fini(&w->last_key);
    ZSTD_freeCCtx(w->zstd);
    free(w->path);
    free(w->beside);
    free(w);
}

enum err block_file_remove(const char *path, struct fault *fault)
{
    char *beside = path_beside(path);
    enum err err = OK;

    if ((unlink(beside) != 0 && errno != ENOENT) || (unlink(path) != 0 && errno != ENOENT))
        err = fault_set(fault, ERR_IO, "cannot remove %s: %s", path, strerror(errno));
    free(beside);
    return err;
}

/* --- parts ----------------------------------------------------------------------------------- */

static enum err write_header(struct block_writer *writer, const char *kind, struct bytes about,
                             struct fault *fault)
{
    uint8_t header[FILE_HEADER_BYTES] = FILE_MAGIC;
    uint32_t crc;
    enum err err;

    bytes_put_u32(header + 8, FILE_FORMAT);
    memcpy(header + 12, kind, BLOCK_FILE_KIND_BYTES);
    bytes_put_u32(header + 16, (uint32_t)about.size);
    crc = crc32c_bytes(bytes_make(header, FILE_HEADER_CHECKED));
    bytes_put_u32(header + FILE_HEADER_CHECKED, crc32c_extend(crc, about));
    err = write_bytes(writer, bytes_make(header, sizeof(header)), fault);
    return err == OK ? write_bytes(writer, about, fault) : err;
}

static enum err close_block(struct block_writer *writer, struct fault *fault)
{
    enum err err =
        write_chunk(writer, CHUNK_DATA, buf_bytes(&writer->rows), writer->row_count, fault);

    if (err != OK)
        return err;
    buf_reset(&writer->rows, 2 * DATA_BYTES);
    writer->row_count = 0;
    writer->index_count++;
    writer->totals.blocks++;
    return writer->index_count < INDEX_ENTRIES ? OK : close_index(writer, fault);
}

/* Where the chunk lies, and the first of the keys in it. */
static enum err close_index(struct block_writer *writer, struct fault *fault)
{
    struct bytes entries = buf_bytes(&writer->index), at = entries;
    uint64_t offset;
    enum err err;
    struct bytes key;
    bool whole = varint_take(&at, &offset) && varint_take_bytes(&at, &key);

    ASSERT(whole);
    buf_append_varint(&writer->top, writer->offset);
    buf_append_varint(&writer->top, key.size);
    buf_append_bytes(&writer->top, key);
    if (writer->top.overflowed)
        return fault_set(fault, ERR_TOO_LARGE, "%s: too many rows for one file", writer->path);
    writer->top_count++;
    err = write_chunk(writer, CHUNK_INDEX, entries, writer->index_count, fault);
    buf_reset(&writer->index, DATA_BYTES);
    writer->index_count = 0;
    return err;
}

static enum err write_footer(struct block_writer *writer, uint64_t top_offset, struct fault *fault)
{
    uint8_t footer[FILE_FOOTER_BYTES];

    bytes_put_u64(footer, top_offset);
    bytes_put_u64(footer + 8, writer->totals.rows);
    bytes_put_u64(footer + 16, writer->totals.row_bytes);
    bytes_put_u64(footer + 24, writer->totals.blocks);
    bytes_put_u32(footer + 32, FILE_FORMAT);
    bytes_put_u32(footer + FILE_FOOTER_CHECKED,
                  crc32c_bytes(bytes_make(footer, FILE_FOOTER_CHECKED)));
    memcpy(footer + FILE_FOOTER_CHECKED + 4, FILE_MAGIC_END, FILE_MAGIC_BYTES);
    return write_bytes(writer, bytes_make(footer, sizeof(footer)), fault);
}

/* Compressed if that makes it smaller. */
static enum err write_chunk(struct block_writer *writer, uint8_t type, struct bytes plain,
                            uint32_t count, struct fault *fault)
{
    uint8_t header[CHUNK_HEADER_BYTES] = {type, ENCODING_ZSTD};
    size_t bound = ZSTD_compressBound(plain.size), packed_size;
    struct bytes stored;
    uint32_t crc;
    enum err err;

    buf_reset(&writer->packed, SIZE_MAX);
    packed_size = ZSTD_compressCCtx(writer->zstd, buf_reserve(&writer->packed, bound), bound,
                                    plain.data, plain.size, ZSTD_LEVEL);
    stored = bytes_make(writer->packed.data, packed_size);
    if (ZSTD_isError(packed_size) || packed_size >= plain.size) {
        header[1] = ENCODING_PLAIN;
        stored = plain;
    }
    bytes_put_u32(header + 4, (uint32_t)stored.size);
    bytes_put_u32(header + 8, (uint32_t)plain.size);
    bytes_put_u32(header + 12, count);
    crc = crc32c_bytes(bytes_make(header, CHUNK_HEADER_CHECKED));
    bytes_put_u32(header + CHUNK_HEADER_CHECKED, crc32c_extend(crc, stored));
    err = write_bytes(writer, bytes_make(header, sizeof(header)), fault);
    return err == OK ? write_bytes(writer, stored, fault) : err;
}

/* --- the file -------------------------------------------------------------------------------- */

static enum err write_bytes(struct block_writer *writer, struct bytes bytes, struct fault *fault)
{
    buf_append_bytes(&writer->out, bytes);
    writer->offset += bytes.size;
    return writer->out.size < OUT_BYTES ? OK : flush(writer, fault);
}

/* A file system that cannot do it need not. But an error of the disk is told once only: to this
 * call, or to the sync at the end. */
static bool write_range_back(const struct block_writer *writer, off_t from, off_t to,
                             unsigned flags)
{
    return sync_file_range(writer->fd, from, to - from, flags) == 0 || errno == EINVAL ||
           errno == ENOSYS || errno == ESPIPE;
}

/* Begins to write the newest piece to the disk and waits for the one before. */
static enum err write_back(struct block_writer *writer, struct fault *fault)
{
    off_t from = (off_t)writer->on_disk, to = (off_t)writer->written;
    off_t before = (off_t)(writer->on_disk > PIECE_BYTES ? writer->on_disk - PIECE_BYTES : 0);

    if (writer->written - writer->on_disk < PIECE_BYTES)
        return OK;
    if (!write_range_back(writer, from, to, SYNC_FILE_RANGE_WRITE) ||
        !write_range_back(writer, before, from,
                          SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                              SYNC_FILE_RANGE_WAIT_AFTER))
        return write_failed(writer, fault, errno);
    posix_fadvise(writer->fd, before, from - before, POSIX_FADV_DONTNEED);
    writer->on_disk = writer->written;
    return OK;
}

static enum err flush(struct block_writer *writer, struct fault *fault)
{
    size_t done = 0;

    while (done < writer->out.size) {
        ssize_t size = write(writer->fd, writer->out.data + done, writer->out.size - done);

        if (size < 0 && errno != EINTR)
            return write_failed(writer, fault, errno);
        done += size < 0 ? 0 : (size_t)size;
    }
    buf_reset(&writer->out, 2 * OUT_BYTES);
    writer->written += done;
    return write_back(writer, fault);
}

/* Closed: from then on there is nothing to abandon. */
static enum err move_to_place(struct block_writer *writer, struct fault *fault)
{
    if (fsync(writer->fd) != 0 || rename(writer->beside, writer->path) != 0)
        return write_failed(writer, fault, errno);
    close(writer->fd);
    writer->fd = -1;
    return file_sync_folder_of(writer->path) == OK ? OK : write_failed(writer, fault, errno);
}

static enum err write_failed(const struct block_writer *writer, struct fault *fault, int why)
{
    return fault_set(fault, file_err(why), "cannot write %s: %s", writer->path, strerror(why));
}
