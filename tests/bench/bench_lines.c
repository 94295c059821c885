/* bench_lines.c - DynamoDB JSON, {"Item":{...}} a line. */
#include "bench/bench_lines.h"

#include "base/buf.h"
#include "bench/bench_work.h"

#include <errno.h>
#include <stdio.h>

#define WRITE_BYTES    ((size_t)1 << 20)
#define LINE_BYTES_MAX ((size_t)1 << 20)

static enum err write_file(const char *path, const struct bench_table *table, uint64_t first,
                           uint64_t end, struct fault *fault);

enum err bench_lines(const char *folder, const struct bench_table *table, struct fault *fault)
{
    enum err err = OK;

    for (uint64_t first = 0; first < table->item_count && err == OK; first += BENCH_LINES_ITEMS) {
        uint64_t left = table->item_count - first;
        char path[4096];

        snprintf(path, sizeof(path), "%s/part-%04u", folder, (unsigned)(first / BENCH_LINES_ITEMS));
        err = write_file(path, table, first,
                         first + (left < BENCH_LINES_ITEMS ? left : BENCH_LINES_ITEMS), fault);
    }
    return err;
}

static enum err write_file(const char *path, const struct bench_table *table, uint64_t first,
                           uint64_t end, struct fault *fault)
{
    FILE *file = fopen(path, "w");
    bool good = file != NULL;
    struct buf lines;

    buf_init(&lines, WRITE_BYTES + LINE_BYTES_MAX);
    for (uint64_t item = first; item < end && good; item++) {
        buf_append_lit(&lines, "{\"Item\":");
        bench_append_item(table, item, 0, &lines);
        buf_append_lit(&lines, "}\n");
        if (lines.size < WRITE_BYTES && item + 1 < end)
            continue;
        good = fwrite(lines.data, 1, lines.size, file) == lines.size;
        buf_reset(&lines, WRITE_BYTES + LINE_BYTES_MAX);
    }
    buf_fini(&lines);
    if (file != NULL && fclose(file) != 0)
        good = false;
    return good ? OK : fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
}
