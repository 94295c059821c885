/* block_chunks.c - a block file as the chunks that it is made of: the ends, each by its place. */
#include "backup/block_chunks.h"

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err read_ends(struct block_chunks *file, const char *kind, struct fault *fault);
static enum err read_header(struct block_chunks *file, const char *kind, struct fault *fault);
static enum err read_footer(struct block_chunks *file, struct fault *fault);
static enum err read_at(struct block_chunks *file, uint64_t offset, void *out, size_t size,
                        struct fault *fault);

enum err block_chunks_open(struct block_chunks *file, const char *path, const char *kind,
                           struct fault *fault)
{
    *file = (struct block_chunks){.path = mem_string(path)};
    buf_init(&file->about, SIZE_MAX);
    buf_init(&file->packed, SIZE_MAX);
    file->zstd = ZSTD_createDCtx();
    ASSERT(file->zstd != NULL);
    file->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0)
        return fault_set(fault, errno == ENOENT ? ERR_ABSENT : ERR_IO, "cannot read %s: %s", path,
                         strerror(errno));
    return read_ends(file, kind, fault);
}

void block_chunks_close(struct block_chunks *file)
{
    if (file->fd >= 0)
        close(file->fd);
    ZSTD_freeDCtx(file->zstd);
    buf_fini(&file->about);
    buf_fini(&file->packed);
    free(file->path);
}

/* --- both ends ------------------------------------------------------------------------------- */

static enum err read_ends(struct block_chunks *file, const char *kind, struct fault *fault)
{
    struct stat stat;
    enum err err;

    if (fstat(file->fd, &stat) != 0)
        return fault_set(fault, ERR_IO, "cannot read %s: %s", file->path, strerror(errno));
    file->size = (uint64_t)stat.st_size;
    err = read_header(file, kind, fault);
    if (err == OK)
        err = read_footer(file, fault);
    file->totals.file_bytes = file->size;
    return err;
}

static enum err check_format(const struct block_chunks *file, uint32_t format, uint64_t offset,
                             struct fault *fault)
{
    if (format > FILE_FORMAT)
        return fault_set(fault, ERR_NEWER_FORMAT,
                         "%s has format %u, written by a newer Stele; use that one", file->path,
                         format);
    return format == FILE_FORMAT ? OK
                                 : block_chunks_damaged(file, fault, offset, "no format of ours");
}

static enum err read_header(struct block_chunks *file, const char *kind, struct fault *fault)
{
    uint8_t header[FILE_HEADER_BYTES];
    size_t about_size;
    uint32_t crc;
    enum err err;

    if (file->size < FILE_HEADER_BYTES + CHUNK_HEADER_BYTES + FILE_FOOTER_BYTES)
        return block_chunks_damaged(file, fault, file->size, "it ends too early");
    err = read_at(file, 0, header, sizeof(header), fault);
    if (err == OK && memcmp(header, FILE_MAGIC, FILE_MAGIC_BYTES) != 0)
        err = block_chunks_damaged(file, fault, 0, "it does not begin like a file of Stele's");
    if (err == OK)
        err = check_format(file, bytes_get_u32(header + 8), 8, fault);
    if (err != OK)
        return err;
    about_size = bytes_get_u32(header + 16);
    if (about_size > BLOCK_FILE_ABOUT_BYTES_MAX ||
        about_size > file->size - FILE_HEADER_BYTES - CHUNK_HEADER_BYTES - FILE_FOOTER_BYTES)
        return block_chunks_damaged(file, fault, 16, "a size that cannot be");
    err =
        read_at(file, FILE_HEADER_BYTES, buf_reserve(&file->about, about_size), about_size, fault);
    if (err != OK)
        return err;
    buf_commit(&file->about, about_size);
    crc = crc32c_bytes(bytes_make(header, FILE_HEADER_CHECKED));
    if (crc32c_extend(crc, buf_bytes(&file->about)) != bytes_get_u32(header + FILE_HEADER_CHECKED))
        return block_chunks_damaged(file, fault, 0, "the checksum of its beginning is wrong");
    if (memcmp(header + 12, kind, BLOCK_FILE_KIND_BYTES) != 0)
        return fault_set(fault, ERR_CORRUPT, "%s holds %.4s, not %s", file->path,
                         (const char *)header + 12, kind);
    file->rows_offset = FILE_HEADER_BYTES + about_size;
    return OK;
}

static enum err read_footer(struct block_chunks *file, struct fault *fault)
{
    uint64_t offset = file->size - FILE_FOOTER_BYTES;
    uint8_t footer[FILE_FOOTER_BYTES];
    enum err err = read_at(file, offset, footer, sizeof(footer), fault);

    if (err != OK)
        return err;
    if (memcmp(footer + FILE_FOOTER_CHECKED + 4, FILE_MAGIC_END, FILE_MAGIC_BYTES) != 0)
        return block_chunks_damaged(file, fault, file->size, "it ends too early");
    if (crc32c_bytes(bytes_make(footer, FILE_FOOTER_CHECKED)) !=
        bytes_get_u32(footer + FILE_FOOTER_CHECKED))
        return block_chunks_damaged(file, fault, offset, "the checksum of its end is wrong");
    err = check_format(file, bytes_get_u32(footer + 32), offset + 32, fault);
    if (err != OK)
        return err;
    file->top_offset = bytes_get_u64(footer);
    file->totals.rows = bytes_get_u64(footer + 8);
    file->totals.row_bytes = bytes_get_u64(footer + 16);
    file->totals.blocks = bytes_get_u64(footer + 24);
    if (file->top_offset < file->rows_offset || file->top_offset > offset - CHUNK_HEADER_BYTES)
        return block_chunks_damaged(file, fault, offset, "a place that cannot be");
    return OK;
}

/* --- chunks ---------------------------------------------------------------------------------- */

static enum err unpack(struct block_chunks *file, uint8_t encoding, size_t plain_size,
                       struct block_chunk *chunk, struct fault *fault)
{
    uint8_t *out = buf_reserve(&chunk->plain, plain_size + 1); /* none is NULL */
    size_t size = file->packed.size;

    if (encoding == ENCODING_ZSTD)
        size =
            ZSTD_decompressDCtx(file->zstd, out, plain_size, file->packed.data, file->packed.size);
    else if (encoding == ENCODING_PLAIN && size == plain_size && size != 0)
        memcpy(out, file->packed.data, size);
    if (ZSTD_isError(size) || size != plain_size || encoding > ENCODING_ZSTD)
        return block_chunks_damaged(file, fault, chunk->offset, "its contents cannot be unpacked");
    buf_commit(&chunk->plain, plain_size);
    return OK;
}

enum err block_chunks_read(struct block_chunks *file, uint64_t offset, struct block_chunk *chunk,
                           struct fault *fault)
{
    uint64_t room = file->size - FILE_FOOTER_BYTES - CHUNK_HEADER_BYTES;
    uint8_t header[CHUNK_HEADER_BYTES];
    size_t stored_size, plain_size, plain_max;
    uint32_t crc;
    enum err err;

    chunk->offset = offset;
    chunk->count = 0;
    buf_reset(&chunk->plain, CHUNK_BYTES_MAX);
    if (offset > room)
        return block_chunks_damaged(file, fault, offset, "it ends too early");
    err = read_at(file, offset, header, sizeof(header), fault);
    if (err != OK)
        return err;
    stored_size = bytes_get_u32(header + 4);
    plain_size = bytes_get_u32(header + 8);
    plain_max = header[0] == CHUNK_TOP ? TOP_BYTES_MAX : CHUNK_BYTES_MAX;
    if (stored_size > room - offset || stored_size > plain_size || plain_size > plain_max)
        return block_chunks_damaged(file, fault, offset, "a size that cannot be");
    buf_reset(&file->packed, CHUNK_BYTES_MAX);
    err = read_at(file, offset + CHUNK_HEADER_BYTES, buf_reserve(&file->packed, stored_size + 1),
                  stored_size, fault);
    if (err != OK)
        return err;
    buf_commit(&file->packed, stored_size);
    crc = crc32c_bytes(bytes_make(header, CHUNK_HEADER_CHECKED));
    if (crc32c_extend(crc, buf_bytes(&file->packed)) !=
        bytes_get_u32(header + CHUNK_HEADER_CHECKED))
        return block_chunks_damaged(file, fault, offset, "a checksum is wrong");
    err = unpack(file, header[1], plain_size, chunk, fault);
    if (err != OK)
        return err;
    chunk->type = header[0];
    chunk->count = bytes_get_u32(header + 12);
    chunk->end = offset + CHUNK_HEADER_BYTES + stored_size;
    return OK;
}

static enum err read_at(struct block_chunks *file, uint64_t offset, void *out, size_t size,
                        struct fault *fault)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = pread(file->fd, (uint8_t *)out + done, size - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fault_set(fault, ERR_IO, "cannot read %s at byte %llu: %s", file->path,
                             (unsigned long long)(offset + done), strerror(errno));
        if (got == 0)
            return block_chunks_damaged(file, fault, offset + done, "it ends too early");
        done += (size_t)got;
    }
    return OK;
}

enum err block_chunks_damaged(const struct block_chunks *file, struct fault *fault, uint64_t offset,
                              const char *what)
{
    return fault_set(fault, ERR_CORRUPT, "%s is damaged at byte %llu: %s", file->path,
                     (unsigned long long)offset, what);
}
