/* backup_record.c - what is known of a backup, as JSON: its record's text, and its file's. */
#include "backup/backup.h"
#include "base/buf.h"
#include "json/json_write.h"

#include <stdlib.h>
#include <yyjson.h>

static const char *const type_names[] = {"user", "system"};
static const char *const status_names[] = {"creating", "available", "deleted"};

#define TYPE_COUNT   (sizeof(type_names) / sizeof(type_names[0]))
#define STATUS_COUNT (sizeof(status_names) / sizeof(status_names[0]))

static void append_text(struct buf *out, const char *name, struct bytes text)
{
    buf_append_format(out, ",\"%s\":", name);
    json_append_string(out, text);
}

static void append_number(struct buf *out, const char *name, uint64_t number)
{
    buf_append_format(out, ",\"%s\":%llu", name, (unsigned long long)number);
}

/* The table's part is its catalog record, whose first byte is the format. */
struct bytes backup_text(const struct backup *backup, struct arena *arena)
{
    struct bytes table = table_record_write(&backup->table, arena);
    struct buf out;

    buf_init_arena(&out, arena, SIZE_MAX);
    buf_append_lit(&out, "{\"id\":");
    json_append_string(&out, backup->id);
    append_text(&out, "name", backup->name);
    append_text(&out, "type", bytes_of_string(type_names[backup->type]));
    append_text(&out, "status", bytes_of_string(status_names[backup->status]));
    append_number(&out, "createdMs", backup->created_ms);
    append_number(&out, "expiresMs", backup->expires_ms);
    append_number(&out, "items", backup->count.items);
    append_number(&out, "bytes", backup->count.bytes);
    append_number(&out, "tableFormat", table.data[0]);
    buf_append_lit(&out, ",\"table\":");
    buf_append_bytes(&out, bytes_skip(table, 1));
    buf_append_byte(&out, '}');
    return buf_finish_arena(&out);
}

static struct bytes text_of(yyjson_val *object, const char *name, struct arena *arena)
{
    yyjson_val *value = yyjson_obj_get(object, name);

    return yyjson_is_str(value)
               ? arena_copy(arena, bytes_make(yyjson_get_str(value), yyjson_get_len(value)))
               : BYTES("");
}

/* Which of the names; the count if none. */
static unsigned word_of(yyjson_val *object, const char *name, const char *const names[],
                        unsigned count)
{
    unsigned i = 0;

    while (i < count && !yyjson_equals_str(yyjson_obj_get(object, name), names[i]))
        i++;
    return i;
}

static enum err read_table(yyjson_val *root, struct arena *arena, struct table_definition *table)
{
    uint8_t format = (uint8_t)yyjson_get_uint(yyjson_obj_get(root, "tableFormat"));
    struct bytes record;
    size_t size = 0;
    char *json = yyjson_val_write(yyjson_obj_get(root, "table"), 0, &size);

    if (json == NULL)
        return ERR_CORRUPT;
    record = arena_concat(
        arena, (struct bytes[]){bytes_make(&format, sizeof(format)), bytes_make(json, size)}, 2);
    free(json);
    return table_record_read(record, arena, table);
}

enum err backup_read(struct bytes text, struct arena *arena, struct backup *backup)
{
    yyjson_doc *doc = yyjson_read((const char *)text.data, text.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    unsigned type = word_of(root, "type", type_names, TYPE_COUNT);
    unsigned status = word_of(root, "status", status_names, STATUS_COUNT);
    struct backup read = {
        .id = text_of(root, "id", arena),
        .name = text_of(root, "name", arena),
        .created_ms = yyjson_get_uint(yyjson_obj_get(root, "createdMs")),
        .expires_ms = yyjson_get_uint(yyjson_obj_get(root, "expiresMs")),
        .count.items = yyjson_get_uint(yyjson_obj_get(root, "items")),
        .count.bytes = yyjson_get_uint(yyjson_obj_get(root, "bytes")),
    };
    uint64_t ms;
    enum err err = ERR_CORRUPT;

    if (type < TYPE_COUNT && status < STATUS_COUNT && job_id_read(read.id, &ms))
        err = read_table(root, arena, &read.table);
    yyjson_doc_free(doc);
    if (err != OK)
        return err;
    read.type = (enum backup_type)type;
    read.status = (enum backup_status)status;
    *backup = read;
    return OK;
}

struct bytes backup_arn(const struct backup *backup, struct arena *arena)
{
    return arena_format(arena, "%.*s/backup/%.*s", BYTES_ARGS(table_arn(&backup->table, arena)),
                        BYTES_ARGS(backup->id));
}

bool backup_is_there(const struct backup *backup, uint64_t now_ms)
{
    return backup->status != BACKUP_DELETED &&
           (backup->expires_ms == 0 || now_ms < backup->expires_ms);
}
