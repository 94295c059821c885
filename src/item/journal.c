/* journal.c - the header of a journal record, and the parts behind it. */
#include "item/journal.h"

#include "base/assert.h"
#include "base/varint.h"

#define HEADER_BYTES    16
#define FLAGS_OFFSET    1
#define KIND_OFFSET     2
#define ZERO_U8_OFFSET  3
#define REGION_OFFSET   4
#define ZERO_U16_OFFSET 6

/* What this server can read. */
#define FLAGS_KNOWN (JOURNAL_HAS_OLD | JOURNAL_HAS_NEW | JOURNAL_BY_SERVICE)

static void append_part(struct buf *out, struct bytes part);
static bool take_map(struct bytes *at, struct value *map);

void journal_record_append(struct buf *out, const struct journal_record *record)
{
    uint8_t header[HEADER_BYTES] = {JOURNAL_FORMAT, record->flags, (uint8_t)record->kind};

    ASSERT((record->flags & ~FLAGS_KNOWN) == 0);
    ASSERT(record->kind >= JOURNAL_INSERT && record->kind <= JOURNAL_SETTINGS);
    bytes_put_u16(header + REGION_OFFSET, record->region);
    bytes_put_u64(header + JOURNAL_VERSION_OFFSET, record->version);
    buf_append(out, header, sizeof(header));
    append_part(out, record->kind == JOURNAL_SETTINGS ? record->settings : record->keys.payload);
    if (record->flags & JOURNAL_HAS_OLD)
        append_part(out, record->old.payload);
    if (record->flags & JOURNAL_HAS_NEW)
        append_part(out, record->new.payload);
}

enum err journal_record_open(struct bytes stored, struct journal_record *record)
{
    struct journal_record read = {0};
    struct bytes rest;
    bool whole;

    if (stored.size == 0 || stored.data[0] == 0)
        return ERR_CORRUPT;
    if (stored.data[0] > JOURNAL_FORMAT)
        return ERR_NEWER_FORMAT;
    if (stored.size < HEADER_BYTES || stored.data[KIND_OFFSET] == 0)
        return ERR_CORRUPT;
    read.kind = (enum journal_kind)stored.data[KIND_OFFSET];
    read.flags = stored.data[FLAGS_OFFSET];
    if ((read.flags & ~FLAGS_KNOWN) != 0 || stored.data[KIND_OFFSET] > JOURNAL_SETTINGS ||
        stored.data[ZERO_U8_OFFSET] != 0 || bytes_get_u16(stored.data + ZERO_U16_OFFSET) != 0)
        return ERR_NEWER_FORMAT;
    read.region = bytes_get_u16(stored.data + REGION_OFFSET);
    read.version = bytes_get_u64(stored.data + JOURNAL_VERSION_OFFSET);

    rest = bytes_skip(stored, HEADER_BYTES);
    whole = read.kind == JOURNAL_SETTINGS ? varint_take_bytes(&rest, &read.settings)
                                          : take_map(&rest, &read.keys);
    if (whole && (read.flags & JOURNAL_HAS_OLD))
        whole = take_map(&rest, &read.old);
    if (whole && (read.flags & JOURNAL_HAS_NEW))
        whole = take_map(&rest, &read.new);
    if (!whole || rest.size != 0)
        return ERR_CORRUPT;
    *record = read;
    return OK;
}

enum err journal_record_check(struct bytes stored)
{
    struct journal_record record;
    enum err err = journal_record_open(stored, &record);

    if (err != OK)
        return err;
    if ((record.kind != JOURNAL_SETTINGS && !value_check(record.keys)) ||
        ((record.flags & JOURNAL_HAS_OLD) && !value_check(record.old)) ||
        ((record.flags & JOURNAL_HAS_NEW) && !value_check(record.new)))
        return ERR_CORRUPT;
    return OK;
}

static void append_part(struct buf *out, struct bytes part)
{
    buf_append_varint(out, part.size);
    buf_append_bytes(out, part);
}

static bool take_map(struct bytes *at, struct value *map)
{
    map->type = VALUE_M;
    return varint_take_bytes(at, &map->payload);
}
