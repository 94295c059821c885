/* fuzz_value.c - values as JSON and as stored bytes. The first byte of the input says which.
 * JSON: what is accepted is canonical, and its JSON gives the same bytes again. Bytes: every reader
 * stays inside of them; what value_check accepts comes back from its JSON as it was. The input lies
 * in memory of exactly its size, so that a sanitizer sees one byte more.
 */
#include "base/arena.h"
#include "base/assert.h"
#include "fuzz.h"
#include "item/item.h"
#include "item/journal.h"
#include "item/key.h"
#include "item/number.h"
#include "item/value.h"

#include <stdlib.h>
#include <yyjson.h>

static void check_json(struct bytes json, struct arena *arena);
static void check_stored(struct bytes stored, struct arena *arena);
static void check_again(struct value map, bool from_json, struct arena *arena);
static void read_all(struct value value, struct arena *arena);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    uint8_t *copy;

    if (size == 0)
        return 0;
    copy = malloc(size == 1 ? 1 : size - 1);
    memcpy(copy, data + 1, size - 1);
    arena_init(&arena);
    if (data[0] == '{')
        check_json(bytes_make(copy, size - 1), &arena);
    else
        check_stored(bytes_make(copy, size - 1), &arena);
    arena_fini(&arena);
    free(copy);
    return 0;
}

static void check_json(struct bytes json, struct arena *arena)
{
    yyjson_doc *doc = yyjson_read((const char *)json.data, json.size, 0);
    struct value map, value;
    struct fault fault;

    if (doc == NULL)
        return;
    fault_init(&fault, arena);
    if (value_map_from_json(yyjson_doc_get_root(doc), arena, &fault, &map) == OK) {
        ASSERT(value_check(map));
        check_again(map, true, arena);
        ASSERT(value_item_size_bytes(map) > ITEM_SIZE_BYTES_MAX ||
               item_check(item_store(map, 0, arena)) == OK);
    } else {
        ASSERT(fault.err == ERR_VALIDATION && fault.message.size != 0);
    }
    if (value_from_json(yyjson_doc_get_root(doc), arena, &fault, &value) == OK)
        ASSERT(value_check(value));
    yyjson_doc_free(doc);
}

static void check_stored(struct bytes stored, struct arena *arena)
{
    struct journal_record record;
    struct bytes at = stored;
    struct item item;
    struct value value;

    if (value_read(&at, &value)) {
        read_all(value, arena);
        if (value_check(value) && value.type == VALUE_M &&
            value_depth(value) <= VALUE_DEPTH_MAX + 1)
            check_again(value, false, arena);
    }
    read_all((struct value){VALUE_M, stored}, arena);
    if (item_open(stored, &item) == OK)
        read_all(item.attributes, arena);
    (void)!item_check(stored);
    if (journal_record_open(stored, &record) == OK) {
        if (record.kind != JOURNAL_SETTINGS)
            read_all(record.keys, arena);
        if (record.flags & JOURNAL_HAS_OLD)
            read_all(record.old, arena);
        if (record.flags & JOURNAL_HAS_NEW)
            read_all(record.new, arena);
    }
    (void)!journal_record_check(stored);
    for (enum value_type type = VALUE_S; type <= VALUE_B; type++) {
        struct bytes rest = stored;

        while (key_read_component(&rest, type, arena, &value) == OK) {
            struct buf key;
            struct bytes written;

            buf_init_arena(&key, arena, SIZE_MAX);
            key_append_component(&key, value);
            written = buf_finish_arena(&key);
            ASSERT(bytes_equal(written, bytes_make(rest.data - written.size, written.size)));
        }
    }
}

static void check_again(struct value map, bool from_json, struct arena *arena)
{
    struct value again;
    struct fault fault;
    struct buf json;
    yyjson_doc *doc;
    enum err err;

    buf_init_arena(&json, arena, SIZE_MAX);
    value_map_append_json(&json, map);
    doc = yyjson_read((const char *)json.data, json.size, 0);
    ASSERT(doc != NULL || !from_json);
    if (doc == NULL)
        return; /* stored bytes need not be UTF-8, JSON must */
    fault_init(&fault, arena);
    err = value_map_from_json(yyjson_doc_get_root(doc), arena, &fault, &again);
    ASSERT(err == OK);
    ASSERT(value_equal(again, map));
    yyjson_doc_free(doc);
}

/* Whatever the bytes are. */
static void read_all(struct value value, struct arena *arena)
{
    struct value_walk walk = value_walk_begin(value);
    struct value found;
    struct buf json;
    uint64_t walked = 0;

    while (value_walk_next(&walk))
        walked++;
    ASSERT(walked <= value_count(value));
    ASSERT(value_count(value) <= value.payload.size);
    (void)!value_find(value, BYTES("name"), &found);
    (void)!value_at(value, 1, &found);
    (void)value_size_bytes(value);
    (void)value_item_size_bytes(value);
    ASSERT(value_depth(value) <= VALUE_READ_DEPTH_MAX);
    (void)value_text(value, arena);
    buf_init_arena(&json, arena, SIZE_MAX);
    value_append_json(&json, value);
}
