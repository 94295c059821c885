/* journal_cursor.c - a merge of lanes. They are few, so the oldest head is searched for. */
#include "table/journal_cursor.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

struct head {
    struct store_cursor *cursor; /* NULL: the lane's end was reached */
    struct journal_row row;
};

struct journal_cursor {
    struct arena arena; /* the ranges' bytes */
    unsigned count;
    int last; /* whose row was handed out, and is behind the next step; -1: none */
    enum err err;
    struct head heads[TABLE_JOURNAL_LANE_COUNT];
};

static enum err step(struct head *head);

struct journal_cursor *journal_cursor_open(struct store *store,
                                           const struct store_snapshot *snapshot,
                                           const struct journal_span *span, bool may_wait)
{
    struct journal_cursor *cursor = mem_zalloc(sizeof(*cursor));

    ASSERT(span->lanes.first <= span->lanes.last && span->lanes.last < TABLE_JOURNAL_LANE_COUNT);
    arena_init(&cursor->arena);
    cursor->last = -1;
    for (unsigned lane = span->lanes.first; lane <= span->lanes.last && cursor->err == OK; lane++) {
        struct head *head = &cursor->heads[cursor->count++];

        head->cursor = store_cursor_open(store, snapshot, STORE_JOURNAL,
                                         table_journal_range(span->table_id, (uint16_t)lane,
                                                             span->from, span->to, &cursor->arena),
                                         may_wait);
        cursor->err = step(head);
    }
    return cursor;
}

enum err journal_cursor_next(struct journal_cursor *cursor, struct journal_row *row)
{
    int oldest = -1;

    if (cursor->err == OK && cursor->last >= 0)
        cursor->err = step(&cursor->heads[cursor->last]);
    if (cursor->err != OK)
        return cursor->err;
    for (unsigned i = 0; i < cursor->count; i++)
        if (cursor->heads[i].cursor != NULL &&
            (oldest < 0 ||
             journal_place_is_before(cursor->heads[i].row.place, cursor->heads[oldest].row.place)))
            oldest = (int)i;
    cursor->last = oldest;
    if (oldest < 0)
        return cursor->err = ERR_ABSENT;
    *row = cursor->heads[oldest].row;
    return OK;
}

void journal_cursor_close(struct journal_cursor **cursor)
{
    struct journal_cursor *c = *cursor;

    *cursor = NULL;
    for (unsigned i = 0; i < c->count; i++)
        if (c->heads[i].cursor != NULL)
            store_cursor_close(&c->heads[i].cursor);
    arena_fini(&c->arena);
    free(c);
}

/* A lane that ends is left at once: most are short, and a cursor holds back compaction. */
static enum err step(struct head *head)
{
    struct bytes key;
    enum err err = store_cursor_next(head->cursor, &key, &head->row.stored);

    if (err == ERR_ABSENT) {
        store_cursor_close(&head->cursor);
        return OK;
    }
    return err == OK ? table_journal_key_read(key, &head->row.lane, &head->row.place) : err;
}
