/* store_sort.c - the buffer, its runs, and merging them.
 * Runs are in the order of their age, and of the same key the youngest run has the newest row. Once
 * RUNS_MERGED_MAX runs came out of the buffer they become one, behind the older ones: so a terabyte
 * needs no more than some hundred files.
 */
#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_sort_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS_MERGED_MAX   64
#define STEPS_UNASKED_MAX 256
#define WRITE_BYTES       ((size_t)256 << 10)
#define WINDOW_BYTES_MIN  ((size_t)16 << 10)
#define WINDOW_BYTES_MAX  ((size_t)256 << 10)

struct store_sort {
    struct store_engine *engine;
    size_t buffer_bytes;
    struct buf bytes;
    struct sort_row *rows;
    size_t row_count, row_capacity;
    struct sort_run *runs;
    unsigned run_count, run_capacity;
    unsigned merged_count; /* of runs, from the first */
    struct sort_merge merge;
    bool (*stopping)(const void *ctx);
    const void *stopping_ctx;
    unsigned steps; /* since it was asked */
};

struct run_writer {
    int fd;
    struct buf pending;
    uint64_t bytes;
};

static void sort_buffer(struct store_sort *sort);
static enum err spill(struct store_sort *sort);
static struct sort_run *add_run(struct store_sort *sort);
static enum err write_run(struct store_sort *sort, struct sort_run *run);
static enum err merge_young_runs(struct store_sort *sort);
static void end_run(struct sort_run *run);
struct store_sort *store_sort_create(struct store_engine *engine, size_t buffer_bytes,
                                     bool (*stopping)(const void *ctx), const void *ctx)
{
    struct store_sort *sort = mem_zalloc(sizeof(*sort));

    sort->engine = engine;
    sort->buffer_bytes = buffer_bytes;
    sort->stopping = stopping;
    sort->stopping_ctx = ctx;
    buf_init(&sort->bytes, SIZE_MAX);
    return sort;
}

void store_sort_destroy(struct store_sort **sort)
{
    struct store_sort *s = *sort;

    if (s == NULL)
        return;
    sort_merge_end(&s->merge);
    for (unsigned i = 0; i < s->run_count; i++)
        end_run(&s->runs[i]);
    buf_fini(&s->bytes);
    free(s->rows);
    free(s->runs);
    free(s);
    *sort = NULL;
}

static void append_row(struct buf *out, struct bytes key, struct bytes value)
{
    uint32_t sizes[2] = {(uint32_t)key.size, (uint32_t)value.size};

    buf_append(out, sizes, sizeof(sizes));
    buf_append_bytes(out, key);
    buf_append_bytes(out, value);
}

enum err store_sort_add(struct store_sort *sort, struct bytes key, struct bytes value)
{
    size_t more = SORT_ROW_HEADER_BYTES + key.size + value.size + sizeof(struct sort_row);
    size_t held = sort->bytes.size + sort->row_count * sizeof(struct sort_row);
    enum err err = OK;

    ASSERT(key.size < UINT32_MAX && value.size < UINT32_MAX);
    if (sort->row_count != 0 && held + more > sort->buffer_bytes)
        err = spill(sort);
    if (err != OK)
        return err;
    if (sort->row_count == sort->row_capacity) {
        sort->row_capacity = sort->row_capacity == 0 ? 64 : sort->row_capacity * 2;
        sort->rows = mem_resize(sort->rows, sort->row_capacity * sizeof(sort->rows[0]));
    }
    sort->rows[sort->row_count++].at = sort->bytes.size;
    append_row(&sort->bytes, key, value);
    return OK;
}

/* --- the buffer ------------------------------------------------------------------------------ */

static struct bytes key_at(const struct store_sort *sort, size_t at)
{
    struct bytes key, value;

    sort_row_open(sort->bytes.data + at, &key, &value);
    return key;
}

static size_t common_prefix(const struct store_sort *sort)
{
    struct bytes first = key_at(sort, sort->rows[0].at);
    size_t common = first.size;

    for (size_t i = 1; i < sort->row_count && common != 0; i++) {
        struct bytes key = key_at(sort, sort->rows[i].at);

        common = key.size < common ? key.size : common;
        if (memcmp(key.data, first.data, common) == 0)
            continue;
        for (size_t same = 0; same < common; same++)
            if (key.data[same] != first.data[same])
                common = same;
    }
    return common;
}

static uint64_t head_of(struct bytes rest)
{
    uint8_t bytes[8] = {0};

    if (rest.size >= sizeof(bytes))
        return bytes_get_u64(rest.data);
    if (rest.size != 0)
        memcpy(bytes, rest.data, rest.size);
    return bytes_get_u64(bytes);
}

static int compare_rows(const void *a, const void *b, void *sort)
{
    const struct sort_row *x = a, *y = b;
    int order;

    if (x->head != y->head)
        return x->head < y->head ? -1 : 1;
    order = bytes_compare(key_at(sort, x->at), key_at(sort, y->at));
    if (order != 0)
        return order;
    return x->at < y->at ? -1 : 1;
}

/* And leaves the newest row of each key. */
static void sort_buffer(struct store_sort *sort)
{
    size_t kept = 0, common;

    if (sort->row_count == 0)
        return;
    common = common_prefix(sort);
    for (size_t i = 0; i < sort->row_count; i++)
        sort->rows[i].head = head_of(bytes_skip(key_at(sort, sort->rows[i].at), common));
    qsort_r(sort->rows, sort->row_count, sizeof(sort->rows[0]), compare_rows, sort);
    for (size_t i = 1; i < sort->row_count; i++) {
        bool same = sort->rows[i].head == sort->rows[kept].head &&
                    bytes_equal(key_at(sort, sort->rows[i].at), key_at(sort, sort->rows[kept].at));

        kept += !same;
        sort->rows[kept] = sort->rows[i];
    }
    sort->row_count = kept + 1;
}

/* --- runs ------------------------------------------------------------------------------------ */

static enum err spill(struct store_sort *sort)
{
    struct sort_run *run;
    enum err err;

    if (sort->run_count - sort->merged_count == RUNS_MERGED_MAX) {
        err = merge_young_runs(sort);
        if (err != OK)
            return err;
    }
    sort_buffer(sort);
    run = add_run(sort);
    if (sort->engine->class->scratch_file == NULL) {
        run->bytes = sort->bytes;
        run->rows = sort->rows;
        run->row_count = sort->row_count;
        sort->rows = NULL;
        sort->row_capacity = 0;
        buf_init(&sort->bytes, SIZE_MAX);
    } else {
        err = write_run(sort, run);
        if (err != OK)
            return err;
        buf_reset(&sort->bytes, SIZE_MAX);
    }
    sort->row_count = 0;
    return OK;
}

static struct sort_run *add_run(struct store_sort *sort)
{
    if (sort->run_count == sort->run_capacity) {
        sort->run_capacity += RUNS_MERGED_MAX;
        sort->runs = mem_resize(sort->runs, sort->run_capacity * sizeof(sort->runs[0]));
    }
    sort->runs[sort->run_count] = (struct sort_run){0};
    return &sort->runs[sort->run_count++];
}

static void end_run(struct sort_run *run)
{
    if (run->path != NULL)
        unlink(run->path);
    free(run->path);
    buf_fini(&run->bytes);
    free(run->rows);
}

static enum err writer_open(struct run_writer *writer, struct store_sort *sort,
                            struct sort_run *run, uint64_t bytes)
{
    enum err err = sort->engine->class->scratch_file(sort->engine, bytes, &run->path);

    writer->fd = -1;
    writer->bytes = 0;
    buf_init(&writer->pending, SIZE_MAX);
    if (err != OK)
        return err;
    writer->fd = open(run->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return writer->fd >= 0 ? OK : sort_file_error("open");
}

static enum err writer_flush(struct run_writer *writer)
{
    struct bytes rest = buf_bytes(&writer->pending);

    while (rest.size != 0) {
        ssize_t size = write(writer->fd, rest.data, rest.size);

        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return sort_file_error("write");
        rest = bytes_skip(rest, (size_t)size);
    }
    buf_reset(&writer->pending, SIZE_MAX);
    return OK;
}

static enum err writer_add(struct run_writer *writer, const void *row, size_t size)
{
    buf_append(&writer->pending, row, size);
    writer->bytes += size;
    return writer->pending.size < WRITE_BYTES ? OK : writer_flush(writer);
}

static void writer_close(struct run_writer *writer)
{
    if (writer->fd >= 0)
        close(writer->fd);
    buf_fini(&writer->pending);
}

static enum err write_run(struct store_sort *sort, struct sort_run *run)
{
    struct run_writer writer;
    enum err err = writer_open(&writer, sort, run, sort->bytes.size);

    for (size_t i = 0; err == OK && i < sort->row_count; i++) {
        const uint8_t *row = sort->bytes.data + sort->rows[i].at;

        err = writer_add(&writer, row, sort_row_bytes(row));
    }
    if (err == OK)
        err = writer_flush(&writer);
    run->file_bytes = writer.bytes;
    writer_close(&writer);
    return err;
}

static enum err next_row(struct store_sort *sort, struct bytes *key, struct bytes *value)
{
    if (++sort->steps == STEPS_UNASKED_MAX) {
        sort->steps = 0;
        if (sort->stopping != NULL && sort->stopping(sort->stopping_ctx))
            return ERR_CANCELLED;
    }
    return sort_merge_next(&sort->merge, key, value);
}

/* Those that came out of the buffer, into one. Needs room for both. */
static enum err merge_young_runs(struct store_sort *sort)
{
    unsigned first = sort->merged_count, count = sort->run_count - first;
    struct sort_run merged = {0};
    struct run_writer writer;
    struct bytes key, value;
    struct buf row;
    enum err err;

    if (sort->engine->class->scratch_file == NULL)
        return OK;
    buf_init(&row, SIZE_MAX);
    err = writer_open(&writer, sort, &merged, (uint64_t)sort->buffer_bytes * count);
    if (err == OK)
        err = sort_merge_begin(&sort->merge, sort->runs + first, count, WINDOW_BYTES_MIN);
    while (err == OK && (err = next_row(sort, &key, &value)) == OK) {
        buf_reset(&row, SIZE_MAX);
        append_row(&row, key, value);
        err = writer_add(&writer, row.data, row.size);
    }
    if (err == ERR_ABSENT)
        err = writer_flush(&writer);
    merged.file_bytes = writer.bytes;
    sort_merge_end(&sort->merge);
    writer_close(&writer);
    buf_fini(&row);
    if (err != OK) {
        end_run(&merged);
        return err;
    }
    for (unsigned i = first; i < sort->run_count; i++)
        end_run(&sort->runs[i]);
    sort->runs[first] = merged;
    sort->run_count = ++sort->merged_count;
    return OK;
}

/* --- reading --------------------------------------------------------------------------------- */

enum err store_sort_turn(struct store_sort *sort)
{
    size_t window_bytes = WINDOW_BYTES_MAX;
    enum err err = OK;

    if (sort->run_count != 0 && sort->row_count != 0) {
        err = spill(sort);
        if (err != OK)
            return err;
    }
    if (sort->run_count == 0) { /* all of it is in memory */
        struct sort_run *run = add_run(sort);

        sort_buffer(sort);
        run->bytes = sort->bytes;
        run->rows = sort->rows;
        run->row_count = sort->row_count;
        sort->rows = NULL;
        buf_init(&sort->bytes, SIZE_MAX);
    }
    buf_fini(&sort->bytes);
    free(sort->rows);
    sort->rows = NULL;
    sort->row_count = sort->row_capacity = 0;
    if (sort->buffer_bytes / sort->run_count < window_bytes)
        window_bytes = sort->buffer_bytes / sort->run_count;
    return sort_merge_begin(&sort->merge, sort->runs, sort->run_count,
                            window_bytes < WINDOW_BYTES_MIN ? WINDOW_BYTES_MIN : window_bytes);
}

enum err store_sort_next(struct store_sort *sort, struct bytes *key, struct bytes *value)
{
    return next_row(sort, key, value);
}
