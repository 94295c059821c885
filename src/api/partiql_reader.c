/* partiql_reader.c - points, ranges in a row, ranges merged. */
#include "api/partiql_reader.h"

#include "api/capacity.h"
#include "base/assert.h"

static enum err next_point(struct partiql_reader *reader, struct item *item,
                           struct partiql_position *at);
static enum err next_in_row(struct partiql_reader *reader, struct item *item,
                            struct partiql_position *at);
static enum err next_merged(struct partiql_reader *reader, struct item *item,
                            struct partiql_position *at);
static enum err open_all(struct partiql_reader *reader);
static struct store_range rest_of_range(const struct partiql_reader *reader, uint64_t index);
static struct store_range rest_when_merged(const struct partiql_reader *reader, uint64_t index);
static struct partiql_stream *first_stream(const struct partiql_reader *reader);
static struct bytes behind_partition(const struct partiql_reader *reader,
                                     const struct partiql_stream *stream);
static void open_stream(struct partiql_reader *reader, struct partiql_stream *stream,
                        struct store_range range);
static void close_stream(struct partiql_reader *reader, struct partiql_stream *stream);

void partiql_reader_begin(struct partiql_reader *reader, struct req *req,
                          const struct partiql_plan *plan, const struct store_snapshot *snapshot,
                          struct partiql_position from, bool consistent)
{
    *reader = (struct partiql_reader){
        .req = req,
        .plan = plan,
        .snapshot = snapshot,
        .consistent = consistent,
        .from = from,
        .next_range = from.range,
        .stream_count = plan->merges ? (unsigned)plan->range_count : 1,
    };
    reader->streams = arena_new_array(req->arena, struct partiql_stream, reader->stream_count);
}

enum err partiql_reader_next(struct partiql_reader *reader, struct item *item,
                             struct partiql_position *at)
{
    if (reader->plan->points)
        return next_point(reader, item, at);
    return reader->plan->merges ? next_merged(reader, item, at) : next_in_row(reader, item, at);
}

void partiql_reader_end(struct partiql_reader *reader)
{
    for (unsigned i = 0; i < reader->stream_count; i++)
        close_stream(reader, &reader->streams[i]);
}

/* Whether there are more ranges than a loop should open. */
static bool too_many_for_loop(const struct partiql_reader *reader)
{
    return !reader->req->may_wait && reader->next_range - reader->from.range > REQ_LOOP_ITEMS_MAX;
}

/* What is not there costs as much as the smallest item. */
static enum err next_point(struct partiql_reader *reader, struct item *item,
                           struct partiql_position *at)
{
    struct req *req = reader->req;

    while (reader->next_range < reader->plan->range_count) {
        struct arena_mark mark = arena_mark(req->arena);
        uint64_t index = reader->next_range++;
        struct store_range range = rest_of_range(reader, index);
        enum err err;

        if (too_many_for_loop(reader))
            return ERR_WOULD_BLOCK;
        if (bytes_compare(range.from, range.to) >= 0)
            continue;
        err = table_get(req->api->store, range.from, req->may_wait, req->arena, item);
        if (err != OK && err != ERR_ABSENT)
            return err;
        reader->units += capacity_read_units(err == OK ? item->size_bytes : 0, reader->consistent);
        if (err == OK) {
            *at = (struct partiql_position){index, range.from};
            return OK;
        }
        arena_release(req->arena, mark);
    }
    return ERR_ABSENT;
}

static enum err next_in_row(struct partiql_reader *reader, struct item *item,
                            struct partiql_position *at)
{
    struct partiql_stream *stream = &reader->streams[0];

    for (;;) {
        enum err err;

        if (!stream->open) {
            if (reader->next_range == reader->plan->range_count)
                return ERR_ABSENT;
            if (too_many_for_loop(reader))
                return ERR_WOULD_BLOCK;
            open_stream(reader, stream, rest_of_range(reader, reader->next_range++));
            continue;
        }
        err = table_cursor_next(&stream->cursor, item);
        if (err == OK) {
            stream->bytes += item->size_bytes;
            *at = (struct partiql_position){reader->next_range - 1, stream->cursor.key};
        }
        if (err != ERR_ABSENT)
            return err;
        close_stream(reader, stream);
    }
}

/* --- merging ---------------------------------------------------------------------------------- */

static enum err next_merged(struct partiql_reader *reader, struct item *item,
                            struct partiql_position *at)
{
    struct partiql_stream *stream = reader->given;
    enum err err = OK;

    if (reader->next_range < reader->plan->range_count)
        err = open_all(reader);
    else if (stream != NULL)
        err = table_cursor_next(&stream->cursor, &stream->item);
    if (err == ERR_ABSENT) {
        close_stream(reader, stream);
        err = OK;
    }
    if (err != OK)
        return err;
    stream = reader->given = first_stream(reader);
    if (stream == NULL)
        return ERR_ABSENT;
    stream->bytes += stream->item.size_bytes;
    *item = stream->item;
    *at = (struct partiql_position){(uint64_t)(stream - reader->streams), stream->cursor.key};
    return OK;
}

static enum err open_all(struct partiql_reader *reader)
{
    reader->next_range = reader->plan->range_count;
    for (unsigned i = 0; i < reader->stream_count; i++) {
        struct partiql_stream *stream = &reader->streams[i];
        enum err err = OK;

        open_stream(reader, stream, rest_when_merged(reader, i));
        if (stream->open)
            err = table_cursor_next(&stream->cursor, &stream->item);
        if (err == ERR_ABSENT)
            close_stream(reader, stream);
        else if (err != OK)
            return err;
    }
    return OK;
}

/* Of equal sort keys, that of the first partition. */
static struct partiql_stream *first_stream(const struct partiql_reader *reader)
{
    struct partiql_stream *first = NULL;

    for (unsigned i = 0; i < reader->stream_count; i++) {
        struct partiql_stream *stream = &reader->streams[i];
        int order;

        if (!stream->open)
            continue;
        order = first == NULL ? -1
                              : bytes_compare(behind_partition(reader, stream),
                                              behind_partition(reader, first));
        if (first != NULL && reader->plan->backward)
            order = -order;
        if (order < 0)
            first = stream;
    }
    return first;
}

/* The encoded attributes behind the partition key, by which partitions are merged. */
static struct bytes behind_partition(const struct partiql_reader *reader,
                                     const struct partiql_stream *stream)
{
    return bytes_skip(stream->cursor.key, reader->plan->partition_bytes[stream - reader->streams]);
}

/* --- ranges ----------------------------------------------------------------------------------- */

/* Without what earlier pages had of it. */
static struct store_range rest_of_range(const struct partiql_reader *reader, uint64_t index)
{
    struct store_range range =
        partiql_plan_range(reader->req, reader->plan, index, reader->req->arena);

    if (index != reader->from.range || reader->from.key.size == 0)
        return range;
    if (range.backward)
        range.to = reader->from.key;
    else
        range.from = key_after_prefix(reader->from.key, reader->req->arena);
    return range;
}

/* The same where all partitions go on behind one sort key: those before the partition that had it
 * last gave theirs out, those behind did not. */
static struct store_range rest_when_merged(const struct partiql_reader *reader, uint64_t index)
{
    const struct partiql_plan *plan = reader->plan;
    struct arena *arena = reader->req->arena;
    struct store_range range = partiql_plan_range(reader->req, plan, index, arena);
    struct bytes parts[2], key;
    bool includes = index > reader->from.range;

    if (reader->from.key.size == 0)
        return range;
    parts[0] = partiql_plan_partition(reader->req, plan, index, arena);
    parts[1] = bytes_skip(reader->from.key, plan->partition_bytes[reader->from.range]);
    key = arena_concat(arena, parts, 2);
    if (includes == range.backward)
        key = key_after_prefix(key, arena);
    if (range.backward && bytes_compare(key, range.to) < 0)
        range.to = key;
    if (!range.backward && bytes_compare(key, range.from) > 0)
        range.from = key;
    return range;
}

/* Nothing is opened for an empty range, which costs as much as one without items. */
static void open_stream(struct partiql_reader *reader, struct partiql_stream *stream,
                        struct store_range range)
{
    if (bytes_compare(range.from, range.to) >= 0) {
        reader->units += capacity_read_units(0, reader->consistent);
        return;
    }
    table_cursor_open_at(&stream->cursor, reader->req->api->store, reader->snapshot, range,
                         reader->req->may_wait);
    stream->open = true;
    stream->bytes = 0;
}

static void close_stream(struct partiql_reader *reader, struct partiql_stream *stream)
{
    if (!stream->open)
        return;
    table_cursor_close(&stream->cursor);
    stream->open = false;
    reader->units += capacity_read_units(stream->bytes, reader->consistent);
}
