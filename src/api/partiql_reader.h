/* partiql_reader.h - the items of a plan's ranges, one after the other, in the order of the SELECT.
 * Points are looked up; ranges are walked one by one, or, where the sort key orders the items of
 * several partitions, all at once, the next item being the first of all their next ones.
 * Bounds: PARTIQL_PARTITIONS_MAX ranges open at once.
 */
#pragma once

#include "api/partiql_plan.h"
#include "table/table_read.h"

/* Where a page ended: behind a storage key, in which of the plan's ranges. No key: it begins. */
struct partiql_position {
    uint64_t range;
    struct bytes key;
};

struct partiql_stream {
    struct table_cursor cursor;
    bool open;
    struct item item; /* the next one, when merging */
    uint64_t bytes;   /* of the items that were given out */
};

struct partiql_reader {
    struct req *req;
    const struct partiql_plan *plan;
    const struct store_snapshot *snapshot; /* NULL: the present */
    bool consistent;
    struct partiql_position from;
    uint64_t next_range; /* to begin with when the present one is at its end */
    struct partiql_stream *streams;
    unsigned stream_count;
    struct partiql_stream *given; /* whose item was given out last, when merging */
    double units;                 /* of what was read; complete when the reader is closed */
};

/* Opens nothing yet. */
void partiql_reader_begin(struct partiql_reader *reader, struct req *req,
                          const struct partiql_plan *plan, const struct store_snapshot *snapshot,
                          struct partiql_position from, bool consistent);
/* The next item, and where it is: both until the next call. ERR_ABSENT at the end; what reading may
 * give; ERR_WOULD_BLOCK also if there is too much to open for a loop. */
enum err partiql_reader_next(struct partiql_reader *reader, struct item *item,
                             struct partiql_position *at) MUST_CHECK;
/* After any of it. */
void partiql_reader_end(struct partiql_reader *reader);
