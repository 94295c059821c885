/* store_merge.c - many sorted runs read as one: a heap of readers, one per run. */
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_sort_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct sort_reader {
    const struct sort_run *run;
    unsigned age; /* the greater, the younger */
    size_t next;  /* memory: the next row */
    int fd;       /* file: -1 without one */
    struct buf window;
    size_t window_at; /* of the next row in it */
    bool at_end;      /* of the file */
    uint64_t left;    /* of what was written to it, from the next row on */
    struct bytes key, value;
};

enum err sort_file_error(const char *what)
{
    enum err err = file_err(errno);

    if (err == ERR_IO)
        LOG(ERROR, "cannot use a scratch file", log_string("what", what), log_errno(errno));
    return err;
}

/* Has `size` bytes behind window_at. ERR_ABSENT: the file ends before. */
static enum err fill_window(struct sort_reader *r, size_t size)
{
    if (r->window.size - r->window_at >= size)
        return OK;
    buf_consume(&r->window, r->window_at);
    r->window_at = 0;
    buf_reserve(&r->window, size);
    while (r->window.size < size && !r->at_end) {
        ssize_t more =
            read(r->fd, r->window.data + r->window.size, r->window.capacity - r->window.size);

        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return sort_file_error("read");
        r->at_end = more == 0;
        buf_commit(&r->window, (size_t)more);
    }
    return r->window.size >= size ? OK : ERR_ABSENT;
}

static enum err reader_step_file(struct sort_reader *r)
{
    size_t size = SORT_ROW_HEADER_BYTES;
    enum err err = ERR_ABSENT;

    if (r->left == 0)
        return ERR_ABSENT;
    if (size <= r->left)
        err = fill_window(r, size);
    if (err == OK) {
        size = sort_row_bytes(r->window.data + r->window_at);
        err = size <= r->left ? fill_window(r, size) : ERR_ABSENT;
    }
    if (err == ERR_ABSENT) {
        LOG(ERROR, "a scratch file is not what was written to it", log_string("path", r->run->path),
            log_u64("bytes_missed", r->left));
        return ERR_IO;
    }
    if (err != OK)
        return err;
    sort_row_open(r->window.data + r->window_at, &r->key, &r->value);
    r->window_at += size;
    r->left -= size;
    return OK;
}

static enum err reader_step(struct sort_reader *r)
{
    if (r->run->path != NULL)
        return reader_step_file(r);
    if (r->next == r->run->row_count)
        return ERR_ABSENT;
    sort_row_open(r->run->bytes.data + r->run->rows[r->next++].at, &r->key, &r->value);
    return OK;
}

static bool is_before(const struct sort_reader *a, const struct sort_reader *b)
{
    int order = bytes_compare(a->key, b->key);

    return order != 0 ? order < 0 : a->age > b->age;
}

static void sift_down(struct sort_merge *merge, unsigned at)
{
    struct sort_reader *moved = merge->heap[at];

    for (;;) {
        unsigned child = 2 * at + 1;

        if (child >= merge->heap_count)
            break;
        if (child + 1 < merge->heap_count && is_before(merge->heap[child + 1], merge->heap[child]))
            child++;
        if (!is_before(merge->heap[child], moved))
            break;
        merge->heap[at] = merge->heap[child];
        at = child;
    }
    merge->heap[at] = moved;
}

enum err sort_merge_begin(struct sort_merge *merge, const struct sort_run *runs, unsigned count,
                          size_t window_bytes)
{
    enum err err = OK;

    *merge = (struct sort_merge){.reader_count = count};
    merge->readers = mem_zalloc(count * sizeof(merge->readers[0]));
    merge->heap = mem_zalloc(count * sizeof(struct sort_reader *));
    buf_init(&merge->last, SIZE_MAX);
    for (unsigned i = 0; i < count; i++) {
        struct sort_reader *r = &merge->readers[i];

        *r = (struct sort_reader){.run = &runs[i], .age = i, .fd = -1, .left = runs[i].file_bytes};
        buf_init(&r->window, SIZE_MAX);
    }
    for (unsigned i = 0; err == OK && i < count; i++) {
        struct sort_reader *r = &merge->readers[i];

        if (r->run->path != NULL) {
            r->fd = open(r->run->path, O_RDONLY | O_CLOEXEC);
            err = r->fd >= 0 ? OK : sort_file_error("open");
            buf_reserve(&r->window, window_bytes);
        }
        if (err == OK)
            err = reader_step(r);
        if (err == OK)
            merge->heap[merge->heap_count++] = r;
        else if (err == ERR_ABSENT)
            err = OK;
    }
    for (unsigned i = merge->heap_count / 2; err == OK && i-- > 0;)
        sift_down(merge, i);
    return err;
}

static enum err step_first(struct sort_merge *merge)
{
    enum err err = reader_step(merge->heap[0]);

    if (err == ERR_ABSENT) {
        merge->heap[0] = merge->heap[--merge->heap_count];
        err = OK;
    }
    if (err == OK && merge->heap_count != 0)
        sift_down(merge, 0);
    return err;
}

enum err sort_merge_next(struct sort_merge *merge, struct bytes *key, struct bytes *value)
{
    do {
        if (merge->stepped && merge->heap_count != 0) {
            enum err err = step_first(merge);

            if (err != OK)
                return err;
        }
        merge->stepped = true;
        if (merge->heap_count == 0)
            return ERR_ABSENT;
        *key = merge->heap[0]->key;
    } while (merge->begun && bytes_equal(*key, buf_bytes(&merge->last)));
    merge->begun = true;
    buf_reset(&merge->last, SIZE_MAX);
    buf_append_bytes(&merge->last, *key);
    *value = merge->heap[0]->value;
    return OK;
}

void sort_merge_end(struct sort_merge *merge)
{
    for (unsigned i = 0; i < merge->reader_count; i++) {
        if (merge->readers[i].fd >= 0)
            close(merge->readers[i].fd);
        buf_fini(&merge->readers[i].window);
    }
    free(merge->readers);
    free(merge->heap);
    buf_fini(&merge->last);
    *merge = (struct sort_merge){0};
}
