/* rows_json.c - lines of DynamoDB JSON: {"Item":{"name":{"S":"value"}}}.
 * A line is parsed where it lies, into a tree in memory that serves every line; its strings end up
 * in the item only.
 */
#include "base/mem.h"
#include "transfer/rows_priv.h"

#include <inttypes.h>
#include <stdlib.h>

/* The trees of longer lines come from malloc: the estimate is sixteen bytes for one of the line. */
#define POOL_LINE_BYTES_MAX ((size_t)64 << 10)

static bool is_blank(struct bytes line);
static enum err parse_line(struct rows *rows, struct bytes line, struct fault *fault,
                           yyjson_doc **doc);
static enum err read_item(yyjson_val *root, struct arena *arena, struct fault *fault,
                          struct value *item);

enum err rows_json_next(struct rows *rows, struct arena *arena, struct fault *fault,
                        struct value *item)
{
    struct bytes line;
    yyjson_doc *doc;
    enum err err;

    do {
        err = rows_line(rows, fault, &line);
        if (err != OK)
            return err;
    } while (is_blank(line));
    err = parse_line(rows, line, fault, &doc);
    if (err != OK)
        return err;
    err = read_item(yyjson_doc_get_root(doc), arena, fault, item);
    yyjson_doc_free(doc);
    return err;
}

static bool is_blank(struct bytes line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

/* What yyjson overwrites behind the line is the next one, and is put back. */
static enum err parse_line(struct rows *rows, struct bytes line, struct fault *fault,
                           yyjson_doc **doc)
{
    size_t start = (size_t)(line.data - rows->data);
    uint8_t *text = rows->data + start, behind[ROWS_PADDING];
    yyjson_alc pool, *alc = NULL;
    yyjson_read_err error;

    if (line.size <= POOL_LINE_BYTES_MAX) {
        if (rows->json_pool == NULL) {
            rows->json_pool_size =
                yyjson_read_max_memory_usage(POOL_LINE_BYTES_MAX, YYJSON_READ_INSITU);
            rows->json_pool = mem_alloc(rows->json_pool_size);
        }
        yyjson_alc_pool_init(&pool, rows->json_pool, rows->json_pool_size);
        alc = &pool;
    }
    memcpy(behind, text + line.size, sizeof(behind));
    memset(text + line.size, 0, sizeof(behind));
    *doc = yyjson_read_opts((char *)text, line.size, YYJSON_READ_INSITU, alc, &error);
    memcpy(text + line.size, behind, sizeof(behind));
    if (*doc == NULL)
        return rows_broken(rows, fault, start + error.pos, error.msg);
    return OK;
}

static enum err read_item(yyjson_val *root, struct arena *arena, struct fault *fault,
                          struct value *item)
{
    yyjson_val *found = yyjson_obj_get(root, "Item");

    if (!yyjson_is_obj(found))
        return fault_set(fault, ERR_VALIDATION,
                         "The line has no item: an object with the member \"Item\" is expected");
    return value_map_from_json(found, arena, fault, item);
}
