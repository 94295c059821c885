/* block_chunks.h - a block file as the chunks that it is made of (block_format.h), for its reader.
 * Nothing that is read is believed before its checksum: sizes are held to bounds first, since what
 * is damaged may be a size.
 */
#pragma once

#include "backup/block_file.h"
#include "backup/block_format.h"
#include "base/buf.h"

#include <zstd.h>

struct block_chunks {
    char *path;
    int fd;
    uint64_t size;
    struct buf about;
    uint64_t rows_offset; /* of the first chunk */
    uint64_t top_offset;
    struct block_file_totals totals;
    ZSTD_DCtx *zstd;
    struct buf packed; /* the chunk that was read last */
};

/* A chunk in memory, and where it was. */
struct block_chunk {
    uint64_t offset;
    uint64_t end; /* offset of what is behind it */
    uint8_t type;
    uint32_t count;
    struct buf plain;
};

/* Reads and checks both ends. To be closed in any case. ERR_ABSENT, ERR_IO, ERR_CORRUPT,
 * ERR_NEWER_FORMAT. */
enum err block_chunks_open(struct block_chunks *file, const char *path, const char *kind,
                           struct fault *fault) MUST_CHECK;
void block_chunks_close(struct block_chunks *file);

enum err block_chunks_read(struct block_chunks *file, uint64_t offset, struct block_chunk *chunk,
                           struct fault *fault) MUST_CHECK;
/* ERR_CORRUPT, with the place. */
enum err block_chunks_damaged(const struct block_chunks *file, struct fault *fault, uint64_t offset,
                              const char *what);
