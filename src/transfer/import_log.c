/* import_log.c - the file is made with its first line. */
#include "transfer/import_log.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "json/json_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENT_BYTES_MAX      ((size_t)256 << 10) /* as CloudWatch Logs has it */
#define MESSAGE_BYTES_MAX    ((size_t)16 << 10)  /* each may become six */
#define SERVER_LOG_LINES_MAX 10

struct import_log {
    struct arena arena;
    const char *path; /* NULL: the server's log */
    struct bytes import_arn, id, bucket;
    FILE *file;
    uint64_t events;
    struct buf line;
};

static struct bytes cut(struct bytes message);
static void open_file(struct import_log *log);
static void make_folders(char *path);

struct import_log *import_log_open(const char *data, struct bytes import_arn, struct bytes id,
                                   struct bytes bucket)
{
    struct import_log *l = mem_zalloc(sizeof(*l));

    arena_init(&l->arena);
    l->import_arn = arena_copy(&l->arena, import_arn);
    l->id = arena_copy(&l->arena, id);
    l->bucket = arena_copy(&l->arena, bucket);
    buf_init(&l->line, EVENT_BYTES_MAX);
    if (data != NULL) {
        l->path = (const char *)arena_format(&l->arena, "%s/logs/aws-dynamodb/imports/%.*s/error",
                                             data, BYTES_ARGS(id))
                      .data;
        unlink(l->path); /* of an earlier try */
    }
    return l;
}

void import_log_event(struct import_log *log, struct bytes key, uint64_t item_index,
                      struct bytes message)
{
    struct buf *line = &log->line;
    struct arena_mark mark;

    log->events++;
    if (log->path == NULL) {
        if (log->events <= SERVER_LOG_LINES_MAX)
            LOG(WARN, "an import leaves out a row", log_bytes("import", log->id),
                log_bytes("key", key), log_u64("item", item_index));
        return;
    }
    if (log->events > IMPORT_LOG_EVENTS_MAX)
        return;
    mark = arena_mark(&log->arena);
    buf_reset(line, SIZE_MAX);
    buf_append_lit(line, "{\"itemS3Pointer\":{\"bucket\":");
    json_append_string(line, log->bucket);
    buf_append_lit(line, ",\"key\":");
    json_append_string(line, unicode_repaired(key, &log->arena));
    buf_append_lit(line, ",\"itemIndex\":");
    buf_append_u64(line, item_index);
    buf_append_lit(line, "},\"importArn\":");
    json_append_string(line, log->import_arn);
    buf_append_lit(line, ",\"errorMessages\":[");
    json_append_string(line, cut(message));
    buf_append_lit(line, "]}\n");
    if (log->file == NULL)
        open_file(log);
    if (log->file != NULL && !line->overflowed)
        fwrite(line->data, 1, line->size, log->file);
    arena_release(&log->arena, mark);
}

void import_log_close(struct import_log **log)
{
    struct import_log *l = *log;

    if (l == NULL)
        return;
    *log = NULL;
    if (l->file != NULL) {
        bool written = fflush(l->file) == 0 && fdatasync(fileno(l->file)) == 0;

        if (fclose(l->file) != 0 || !written)
            LOG(WARN, "the log of an import could not be written", log_string("file", l->path));
    }
    buf_fini(&l->line);
    arena_fini(&l->arena);
    free(l);
}

struct bytes import_log_arn(struct bytes partition, struct bytes region, struct bytes account,
                            struct arena *arena)
{
    return arena_format(arena, "arn:%.*s:logs:%.*s:%.*s:log-group:/aws-dynamodb/imports:*",
                        BYTES_ARGS(partition), BYTES_ARGS(region), BYTES_ARGS(account));
}

/* A message may quote a long value: its beginning, in whole characters. */
static struct bytes cut(struct bytes message)
{
    size_t size = MESSAGE_BYTES_MAX;

    if (message.size <= size)
        return message;
    while (size > 0 && (message.data[size] & 0xc0) == 0x80)
        size--;
    return bytes_make(message.data, size);
}

static void open_file(struct import_log *log)
{
    char *path = mem_string(log->path);

    make_folders(path);
    free(path);
    log->file = fopen(log->path, "we");
    if (log->file == NULL && log->events == 1)
        LOG(WARN, "the log of an import cannot be made", log_string("file", log->path),
            log_errno(errno));
}

/* Those above the file, as far as they are missing. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
}
