/* op_get_records.c - GetRecords: a page of a shard's changes. Contract streams-kinesis-lambda.md
 * 1.2, 1.6 and 1.8.
 * A page ends at the published version: what is older is complete, and what a crash could take back
 * is not told. The next iterator begins behind what was looked at, so that a reader of a quiet
 * shard never falls behind the horizon.
 */
#include "api/reply.h"
#include "api/stream_params.h"
#include "base/clock.h"
#include "json/json_write.h"
#include "streams/reader_limits.h"
#include "streams/shard_text.h"
#include "streams/stream_arn.h"
#include "table/catalog.h"
#include "table/journal_cursor.h"
#include "table/journal_cut.h"

#include <inttypes.h>

#define RECORDS_MAX    1000
#define PAGE_BYTES_MAX ((size_t)1 << 20)

struct page {
    const struct stream *stream;
    const struct stream_shard *shard;
    uint64_t needed;         /* from this version on nothing may be missing; 0: from none */
    struct journal_place at; /* of the next change to look at */
    uint64_t to;             /* the version at which the page ends at the latest */
    unsigned records_max;
    unsigned records;
    size_t bytes;
};

static enum err open_iterator(struct req *req, struct shard_iterator *iterator,
                              struct stream *stream, struct page *page);
static enum err read_page(struct req *req, struct page *page);
static enum err check_nothing_went(struct req *req, const struct page *page);
static enum err add_record(struct req *req, struct page *page, const struct journal_row *row,
                           bool *full);
static void append_record(struct req *req, const struct page *page, struct journal_place place,
                          const struct journal_record *record, size_t size_bytes);
static void append_next(struct req *req, struct shard_iterator *iterator, const struct page *page);

enum err op_get_records(struct req *req)
{
    struct shard_iterator iterator;
    struct stream stream;
    struct page page = {
        .records_max = (unsigned)input_integer(req->input, "Limit", RECORDS_MAX),
    };
    enum err err = open_iterator(req, &iterator, &stream, &page);
    uint64_t shard;

    if (err != OK)
        return err;
    shard = reader_limits_hash(catalog_hash_key(req->api->catalog), stream.table.id, page.shard);
    if (!reader_limits_admit(req->api->reader_limits, shard))
        return req_fail(req, ERR_THROTTLING, "Rate exceeded");
    buf_append_lit(req->reply, "{\"Records\":[");
    err = read_page(req, &page);
    if (err == OK)
        err = check_nothing_went(req, &page);
    if (err != OK)
        return err;
    buf_append_byte(req->reply, ']');
    append_next(req, &iterator, &page);
    buf_append_byte(req->reply, '}');
    reader_limits_charge(req->api->reader_limits, shard, page.bytes);
    return OK;
}

static const struct stream_shard *find_shard(const struct stream *stream,
                                             const struct shard_iterator *iterator)
{
    for (unsigned i = 0; i < stream->shard_count; i++)
        if (stream->shards[i].begin == iterator->shard_begin &&
            stream->shards[i].lanes.first == iterator->lane)
            return &stream->shards[i];
    return NULL;
}

static enum err fail_trimmed(struct req *req)
{
    return req_fail(req, ERR_TRIMMED_DATA_ACCESS,
                    "The data you are trying to access has been trimmed");
}

static enum err open_iterator(struct req *req, struct shard_iterator *iterator,
                              struct stream *stream, struct page *page)
{
    uint64_t now_ms = clock_wall_ms();
    uint64_t horizon = journal_cut_horizon(catalog_journal_cut(req->api->catalog), now_ms);
    uint64_t published = store_version(req->api->store);
    struct bytes text;
    enum err err;

    input_string(req->input, "ShardIterator", &text);
    if (!shard_iterator_read(text, catalog_hash_key(req->api->catalog), iterator))
        return req_fail(req, ERR_VALIDATION, "Invalid ShardIterator");
    if (now_ms >= iterator->issued_ms + SHARD_ITERATOR_LIFE_MS)
        return req_fail(req, ERR_EXPIRED_ITERATOR,
                        "The shard iterator has expired. Shard iterators are valid for 15 minutes "
                        "after they are returned to the requester");
    err = stream_arn_find(req, iterator->stream_arn, stream);
    if (err != OK)
        return err;
    page->stream = stream;
    page->shard = find_shard(stream, iterator);
    page->at = iterator->at;
    if (iterator->kind == SHARD_ITERATOR_HORIZON && page->at.version < horizon)
        page->at = (struct journal_place){.version = horizon};
    /* Behind the published version nothing was trimmed, however long ago that was. */
    if (page->shard == NULL || (page->at.version < horizon && page->at.version <= published))
        return fail_trimmed(req);
    if (iterator->kind != SHARD_ITERATOR_HORIZON && page->at.version <= published)
        page->needed = page->at.version;
    page->to = published + 1;
    if (page->shard->end != 0 && page->shard->end < page->to)
        page->to = page->shard->end;
    return OK;
}

static enum err read_page(struct req *req, struct page *page)
{
    struct journal_span span = {
        .table_id = page->stream->table.id,
        .lanes = page->shard->lanes,
        .from = page->at,
        .to = page->to,
    };
    struct journal_cursor *cursor;
    struct journal_row row;
    bool full = false;
    enum err err = OK;

    if (page->at.version >= page->to)
        return OK;
    cursor = journal_cursor_open(req->api->store, NULL, &span, req->may_wait);
    while (!full && (err = journal_cursor_next(cursor, &row)) == OK) {
        err = add_record(req, page, &row, &full);
        if (err != OK)
            break;
    }
    journal_cursor_close(&cursor);
    if (err == ERR_ABSENT) {
        page->at = (struct journal_place){.version = page->to};
        err = OK;
    }
    return err;
}

/* The horizon may have moved, and changes been removed, between the look at it and the reading: it
 * moves first. */
static enum err check_nothing_went(struct req *req, const struct page *page)
{
    uint64_t horizon = journal_cut_horizon(catalog_journal_cut(req->api->catalog), clock_wall_ms());

    return page->needed != 0 && page->needed < horizon ? fail_trimmed(req) : OK;
}

static size_t image_bytes(const struct journal_record *record, unsigned needs)
{
    size_t bytes = value_item_size_bytes(record->keys);

    if ((needs & TABLE_JOURNAL_OLD) && (record->flags & JOURNAL_HAS_OLD))
        bytes += value_item_size_bytes(record->old);
    if ((needs & TABLE_JOURNAL_NEW) && (record->flags & JOURNAL_HAS_NEW))
        bytes += value_item_size_bytes(record->new);
    return bytes;
}

/* *full: it is on the next page. */
static enum err add_record(struct req *req, struct page *page, const struct journal_row *row,
                           bool *full)
{
    struct journal_record record;
    size_t bytes;
    enum err err = journal_record_open(row->stored, &record);

    if (err != OK)
        return err;
    if (record.kind != JOURNAL_SETTINGS) {
        bytes = image_bytes(&record, table_journal_needs_of(&page->stream->table));
        *full = page->records == page->records_max ||
                (page->records > 0 && (page->bytes + bytes > PAGE_BYTES_MAX ||
                                       req->reply->size > REQ_REPLY_BYTES_ENOUGH));
        if (*full) {
            page->at = row->place;
            return OK;
        }
        if (!req->may_wait &&
            (page->bytes + bytes > REQ_LOOP_BYTES_MAX || page->records == REQ_LOOP_ITEMS_MAX))
            return ERR_WOULD_BLOCK; /* that much is a worker's */
        if (page->records++ > 0)
            buf_append_byte(req->reply, ',');
        page->bytes += bytes;
        append_record(req, page, row->place, &record, bytes);
    }
    return OK;
}

static const char *const event_names[] = {
    [JOURNAL_INSERT] = "INSERT",
    [JOURNAL_MODIFY] = "MODIFY",
    [JOURNAL_REMOVE] = "REMOVE",
};

/* 32 hexadecimal digits, the same each time the record is read. */
static void append_event_id(struct req *req, const struct page *page, struct journal_place place)
{
    const uint8_t *key = catalog_hash_key(req->api->catalog);
    uint8_t text[5 + 4 + 8 + 2] = "event";
    uint64_t first;

    bytes_put_u32(text + 5, page->stream->table.id);
    bytes_put_u64(text + 9, place.version);
    bytes_put_u16(text + 17, place.ordinal);
    first = siphash(key, bytes_make(text, sizeof(text)));
    text[0] = 'E';
    buf_append_format(req->reply, "%016" PRIx64 "%016" PRIx64, first,
                      siphash(key, bytes_make(text, sizeof(text))));
}

static void append_record(struct req *req, const struct page *page, struct journal_place place,
                          const struct journal_record *record, size_t size_bytes)
{
    const struct table_definition *d = &page->stream->table;
    unsigned needs = table_journal_needs_of(d);
    struct buf *reply = req->reply;

    buf_append_lit(reply, "{\"eventID\":\"");
    append_event_id(req, page, place);
    buf_append_lit(reply, "\",\"eventName\":\"");
    buf_append_string(reply, event_names[record->kind]);
    buf_append_lit(reply, "\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\","
                          "\"awsRegion\":");
    json_append_string(reply, d->region);
    buf_append_lit(reply, ",\"dynamodb\":{\"ApproximateCreationDateTime\":");
    buf_append_u64(reply, stream_time_ms(place.version) / 1000);
    reply_item(reply, "Keys", record->keys);
    if ((needs & TABLE_JOURNAL_NEW) && (record->flags & JOURNAL_HAS_NEW))
        reply_item(reply, "NewImage", record->new);
    if ((needs & TABLE_JOURNAL_OLD) && (record->flags & JOURNAL_HAS_OLD))
        reply_item(reply, "OldImage", record->old);
    buf_append_lit(reply, ",\"SequenceNumber\":\"");
    sequence_number_append(reply, place);
    buf_append_lit(reply, "\",\"SizeBytes\":");
    buf_append_u64(reply, size_bytes);
    buf_append_lit(reply, ",\"StreamViewType\":\"");
    buf_append_string(reply, stream_params_view_name(d->stream.view));
    buf_append_lit(reply, "\"}");
    if (record->flags & JOURNAL_BY_SERVICE)
        buf_append_lit(reply, ",\"userIdentity\":{\"PrincipalId\":\"dynamodb.amazonaws.com\","
                              "\"Type\":\"Service\"}");
    buf_append_byte(reply, '}');
}

/* None for a shard that is closed and was read to its end. */
static void append_next(struct req *req, struct shard_iterator *iterator, const struct page *page)
{
    if (page->shard->end != 0 && page->at.version >= page->shard->end)
        return;
    iterator->kind = SHARD_ITERATOR_AT;
    iterator->at = page->at;
    iterator->issued_ms = clock_wall_ms();
    reply_member(req->reply, "NextShardIterator");
    buf_append_byte(req->reply, '"');
    shard_iterator_append(req->reply, iterator, catalog_hash_key(req->api->catalog));
    buf_append_byte(req->reply, '"');
}
