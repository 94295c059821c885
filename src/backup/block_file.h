/* block_file.h - sorted rows in a file that never changes: backups, base files, archives.
 * Rows (key, value) with ascending keys lie in blocks of about 64 KiB, each compressed and with a
 * checksum, with an index of their first keys behind them. A file appears whole or not at all: it
 * is written beside its place and moved there when it is durable.
 * Format:    docs/decisions/0003-block-files.md.
 * Faults:    each names the file, and damage its offset. ERR_CORRUPT, ERR_NEWER_FORMAT, ERR_IO,
 *            ERR_NO_SPACE; ERR_ABSENT where there is no such file.
 * Threads:   a writer or reader belongs to one thread at a time. May wait: never on a loop.
 * Bounds:    a key and its value BLOCK_FILE_ROW_BYTES_MAX; a writer or reader holds a few blocks
 *            and an entry for each 1,024 of them.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define BLOCK_FILE_ROW_BYTES_MAX   ((size_t)4 << 20)
#define BLOCK_FILE_ABOUT_BYTES_MAX ((size_t)4 << 20)

/* What a file holds, four characters: "BKUP" a backup of a table, "BASE", "JRNL", … */
#define BLOCK_FILE_KIND_BYTES 4

struct block_file_totals {
    uint64_t rows;
    uint64_t row_bytes; /* keys and values, as they were put */
    uint64_t blocks;
    uint64_t file_bytes;
};

/* --- writing --------------------------------------------------------------------------------- */

struct block_writer;

/* Begins <path>.tmp; one that was left there goes. `about` is what a reader finds in front: a text
 * of the kind's own, read without the rows. */
enum err block_writer_open(const char *path, const char *kind, struct bytes about,
                           struct fault *fault, struct block_writer **writer) MUST_CHECK;
/* Keys ascend, none twice. After an error the writer can only be abandoned. */
enum err block_writer_add(struct block_writer *writer, struct bytes key, struct bytes value,
                          struct fault *fault) MUST_CHECK;
/* Durable and in its place, replacing what was there; or abandoned. */
enum err block_writer_finish(struct block_writer **writer, struct fault *fault,
                             struct block_file_totals *totals) MUST_CHECK;
/* Removes what was written. NULL is nothing to abandon. */
void block_writer_abandon(struct block_writer **writer);

/* Removes a file, and what a killed writer left beside it; neither need be there. ERR_IO. */
enum err block_file_remove(const char *path, struct fault *fault) MUST_CHECK;

/* --- reading --------------------------------------------------------------------------------- */

struct block_reader;

/* Checks both ends of the file; stands before the first row. */
enum err block_reader_open(const char *path, const char *kind, struct fault *fault,
                           struct block_reader **reader) MUST_CHECK;
void block_reader_close(struct block_reader **reader);

/* Live as long as the reader. */
struct bytes block_reader_about(const struct block_reader *reader);
struct block_file_totals block_reader_totals(const struct block_reader *reader);

/* The next row, valid until the next call. ERR_ABSENT: there is none; a reader that began at the
 * first row has then checked every byte of the file. */
enum err block_reader_next(struct block_reader *reader, struct bytes *key, struct bytes *value,
                           struct fault *fault) MUST_CHECK;
/* The next row is the first whose key is not less. */
enum err block_reader_seek(struct block_reader *reader, struct bytes key,
                           struct fault *fault) MUST_CHECK;

/* For going backwards: the rows of one block, numbered from 0 to totals.blocks - 1. */
enum err block_reader_go_to(struct block_reader *reader, uint64_t block,
                            struct fault *fault) MUST_CHECK;
/* As block_reader_next, but ERR_ABSENT at the end of the block it stands in. */
enum err block_reader_next_in_block(struct block_reader *reader, struct bytes *key,
                                    struct bytes *value, struct fault *fault) MUST_CHECK;
