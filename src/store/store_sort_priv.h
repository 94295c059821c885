/* store_sort_priv.h - sorted runs, between the files of the sorter:
 *   store_sort.c   the buffer, and the runs that it becomes
 *   store_merge.c  many runs read as one
 */
#pragma once

#include "store/store_sort.h"

#include <string.h>

#define SORT_ROW_HEADER_BYTES 8

/* A row in a buffer. `head` is what follows what all keys have in common: most rows are put in
 * order by it alone. */
struct sort_row {
    uint64_t head;
    size_t at; /* of its header, in the buffer's bytes */
};

struct sort_run {
    char *path;          /* NULL: in memory, as follows */
    uint64_t file_bytes; /* that were written */
    struct buf bytes;
    struct sort_row *rows;
    size_t row_count;
};

static inline size_t sort_row_bytes(const uint8_t *at)
{
    uint32_t sizes[2];

    memcpy(sizes, at, sizeof(sizes));
    return SORT_ROW_HEADER_BYTES + (size_t)sizes[0] + sizes[1];
}

static inline void sort_row_open(const uint8_t *at, struct bytes *key, struct bytes *value)
{
    uint32_t sizes[2];

    memcpy(sizes, at, sizeof(sizes));
    *key = bytes_make(at + SORT_ROW_HEADER_BYTES, sizes[0]);
    *value = bytes_make(at + SORT_ROW_HEADER_BYTES + sizes[0], sizes[1]);
}

/* What errno says of a scratch file: ERR_NO_SPACE, or ERR_IO, which is logged. */
enum err sort_file_error(const char *what);

/* Many runs read as one: rows in the order of their keys, of each key that of the last run. */
struct sort_reader;
struct sort_merge {
    struct sort_reader *readers;
    struct sort_reader **heap; /* smallest key first, of equal ones the youngest */
    unsigned reader_count, heap_count;
    bool stepped; /* the first one's row was handed out */
    struct buf last;
    bool begun;
};

/* window_bytes: of memory for each file. sort_merge_end follows in any case. */
enum err sort_merge_begin(struct sort_merge *merge, const struct sort_run *runs, unsigned count,
                          size_t window_bytes) MUST_CHECK;
/* Good until the next call. ERR_ABSENT: there are no more. */
enum err sort_merge_next(struct sort_merge *merge, struct bytes *key,
                         struct bytes *value) MUST_CHECK;
void sort_merge_end(struct sort_merge *merge);
