/* table_read.c - the store's rows, opened as items. */
#include "table/table_read.h"

enum err table_get(struct store *store, struct bytes key, bool may_wait, struct arena *arena,
                   struct item *item)
{
    struct bytes stored;
    enum err err = store_read(store, key, may_wait, arena, &stored);

    return err == OK ? item_open(stored, item) : err;
}

enum err table_get_at(struct store *store, const struct store_snapshot *snapshot, struct bytes key,
                      bool may_wait, struct arena *arena, struct item *item)
{
    struct bytes stored;
    enum err err = store_get(store, snapshot, STORE_DATA, key, may_wait, arena, &stored);

    return err == OK ? item_open(stored, item) : err;
}

void table_cursor_open(struct table_cursor *cursor, struct store *store, struct store_range range,
                       bool may_wait)
{
    table_cursor_open_at(cursor, store, NULL, range, may_wait);
}

void table_cursor_open_at(struct table_cursor *cursor, struct store *store,
                          const struct store_snapshot *snapshot, struct store_range range,
                          bool may_wait)
{
    cursor->cursor = store_cursor_open(store, snapshot, STORE_DATA, range, may_wait);
}

enum err table_cursor_next(struct table_cursor *cursor, struct item *item)
{
    struct bytes value;
    enum err err = store_cursor_next(cursor->cursor, &cursor->key, &value);

    return err == OK ? item_open(value, item) : err;
}

void table_cursor_close(struct table_cursor *cursor)
{
    store_cursor_close(&cursor->cursor);
}
