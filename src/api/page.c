/* page.c - what Query and Scan have in common. */
#include "api/page.h"

#include "api/admission.h"
#include "api/capacity.h"
#include "api/reply.h"
#include "api/start_key.h"
#include "base/clock.h"
#include "table/catalog.h"
#include "table/index_entry.h"
#include "table/table_read.h"

#include <stdlib.h>

#define PARAMETER_INVALID "One or more parameter values were invalid: "

enum err page_check_select(struct req *req, const char *prefix, bool *only_count)
{
    struct bytes select = {0};
    bool gets = input_member(req->input, "AttributesToGet") != NULL;
    bool projects = gets || input_member(req->input, "ProjectionExpression") != NULL;

    *only_count = false;
    if (!input_string(req->input, "Select", &select))
        return OK;
    *only_count = bytes_equal_string(select, "COUNT");
    if (bytes_equal_string(select, "SPECIFIC_ATTRIBUTES")) {
        if (projects)
            return OK;
        return req_fail(req, ERR_VALIDATION,
                        "%sMust specify the AttributesToGet or ProjectionExpression when choosing "
                        "to get SPECIFIC_ATTRIBUTES",
                        prefix);
    }
    if (projects)
        return req_fail(req, ERR_VALIDATION, "Cannot specify the %s when choosing to get %s%.*s",
                        gets ? "AttributesToGet" : "ProjectionExpression",
                        *only_count ? "only the Count" : "",
                        BYTES_ARGS(*only_count ? (struct bytes){0} : select));
    if (bytes_equal_string(select, "ALL_PROJECTED_ATTRIBUTES") &&
        input_member(req->input, "IndexName") == NULL)
        return req_fail(req, ERR_VALIDATION,
                        "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an "
                        "IndexName");
    return OK;
}

enum err page_find_index(struct req *req, struct page *page)
{
    struct bytes name = {0};

    if (!input_string(req->input, "IndexName", &name))
        return OK;
    return page_readable_index(req, page->table, name, &page->index);
}

enum err page_readable_index(struct req *req, const struct table *table, struct bytes name,
                             const struct table_index **found)
{
    const struct table_index *index = table_index_find(table, name);
    enum index_status status =
        index == NULL ? INDEX_DELETING : table_index_status_now(table, index, clock_wall_ms());

    if (status == INDEX_DELETING)
        return req_fail(req, ERR_VALIDATION, "The table does not have the specified index: %.*s",
                        BYTES_ARGS(name));
    if (index->definition.kind == INDEX_GLOBAL && input_bool(req->input, "ConsistentRead", false))
        return req_fail(req, ERR_VALIDATION,
                        "Consistent reads are not supported on global secondary indexes");
    if (status == INDEX_CREATING)
        return req_fail(req, ERR_VALIDATION,
                        "Cannot read from backfilling global secondary index: %.*s",
                        BYTES_ARGS(name));
    *found = index;
    return OK;
}

const struct index_definition *page_index(const struct page *page)
{
    return page->index != NULL ? &page->index->definition : NULL;
}

struct bytes page_storage_key(struct req *req, const struct page *page, struct value attributes)
{
    if (page->index == NULL)
        return item_params_storage_key(req, page->table, attributes);
    return index_entry_key(&page->table->definition, page->index,
                           catalog_hash_key(req->api->catalog), attributes, req->arena);
}

/* --- attributes that an index does not have --------------------------------------------------- */

struct lack {
    const struct table *table;
    const struct table_index *index;
    struct bytes *names; /* NULL: they are only counted */
    size_t count;
};

static bool visit_attribute(void *ctx, struct bytes attribute, bool nested)
{
    struct lack *lack = ctx;

    (void)nested;
    if (index_projects(&lack->table->definition, lack->index, attribute))
        return true;
    if (lack->names != NULL)
        lack->names[lack->count] = attribute;
    lack->count++;
    return true;
}

static void visit_attributes(const struct expr_projection *projection,
                             const struct expr_condition *filter, struct lack *lack)
{
    lack->count = 0;
    if (projection != NULL)
        expr_projection_visit_paths(projection, visit_attribute, lack);
    if (filter != NULL)
        expr_condition_visit_paths(filter, visit_attribute, lack);
}

static int compare_names(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* "a, b": sorted, each once. There may be a thousand, and long ones. */
static struct bytes list_lack(const struct table *table, const struct table_index *index,
                              const struct expr_projection *projection,
                              const struct expr_condition *filter, struct arena *arena)
{
    struct lack lack = {.table = table, .index = index};
    struct buf list;

    visit_attributes(projection, filter, &lack);
    if (lack.count == 0)
        return BYTES("");
    lack.names = arena_new_array(arena, struct bytes, lack.count);
    visit_attributes(projection, filter, &lack);
    qsort(lack.names, lack.count, sizeof(lack.names[0]), compare_names);
    buf_init_arena(&list, arena, SIZE_MAX);
    for (size_t i = 0; i < lack.count; i++) {
        if (i != 0 && bytes_equal(lack.names[i], lack.names[i - 1]))
            continue;
        if (i != 0)
            buf_append_lit(&list, ", ");
        buf_append_bytes(&list, lack.names[i]);
    }
    return buf_finish_arena(&list);
}

void page_find_lacks(const struct table *table, const struct table_index *index,
                     const struct expr_set *expressions, struct arena *arena,
                     struct page_lacks *lacks)
{
    *lacks = (struct page_lacks){BYTES(""), BYTES("")};
    if (index == NULL || index->definition.projection == INDEX_PROJECTS_ALL)
        return;
    lacks->shown = list_lack(table, index, expressions->projection, NULL, arena);
    lacks->filtered = list_lack(table, index, NULL, expressions->filter, arena);
}

/* Not in the contract: applications report this text of the service's Query, and DynamoDB Local has
 * it for both kinds of indexes, but not for Scan. */
enum err page_check_filter(struct req *req, const struct page *page)
{
    struct page_lacks lacks;

    page_find_lacks(page->table, page->index, page->expressions, req->arena, &lacks);
    return lacks.filtered.size == 0 ? OK : page_refuse_filter(req, page->index, lacks.filtered);
}

enum err page_refuse_filter(struct req *req, const struct table_index *index, struct bytes names)
{
    return req_fail(req, ERR_VALIDATION,
                    PARAMETER_INVALID
                    "Secondary index %.*s does not project one or more filter attributes: [%.*s]",
                    BYTES_ARGS(index->definition.name), BYTES_ARGS(names));
}

enum err page_refuse_lack(struct req *req, const struct table_index *index, struct bytes names)
{
    return req_fail(req, ERR_VALIDATION,
                    PARAMETER_INVALID "Global secondary index %.*s does not project [%.*s]",
                    BYTES_ARGS(index->definition.name), BYTES_ARGS(names));
}

enum err page_check_attributes(struct req *req, struct page *page)
{
    struct bytes select = BYTES("");
    struct page_lacks lacks;
    bool all;

    if (page->index == NULL || page->index->definition.projection == INDEX_PROJECTS_ALL)
        return OK;
    input_string(req->input, "Select", &select);
    all = bytes_equal_string(select, "ALL_ATTRIBUTES");
    page_find_lacks(page->table, page->index, page->expressions, req->arena, &lacks);
    if (page->index->definition.kind == INDEX_LOCAL) {
        page->shows_items = all || lacks.shown.size != 0;
        page->fetches = page->shows_items || lacks.filtered.size != 0;
        return OK;
    }
    if (all)
        return req_fail(req, ERR_VALIDATION,
                        PARAMETER_INVALID
                        "Select type ALL_ATTRIBUTES is not supported for global secondary index "
                        "%.*s because its projection type is not ALL",
                        BYTES_ARGS(page->index->definition.name));
    return lacks.shown.size != 0 ? page_refuse_lack(req, page->index, lacks.shown) : OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void append_item(struct req *req, const struct page *page, struct value attributes,
                        bool first)
{
    if (!first)
        buf_append_byte(req->reply, ',');
    if (page->expressions->projection != NULL)
        attributes = expr_project(page->expressions->projection, attributes, req->arena);
    value_map_append_json(req->reply, attributes);
}

/* What was read so far. */
struct progress {
    uint64_t scanned, count;
    uint64_t bytes;         /* of what was evaluated */
    uint64_t fetched_bytes; /* of the items behind */
    double fetched_units;
};

static bool is_full(const struct req *req, const struct page *page, const struct progress *so_far)
{
    return so_far->scanned >= page->limit ||
           so_far->bytes + so_far->fetched_bytes >= PAGE_BYTES_MAX ||
           req->reply->size >= REQ_REPLY_BYTES_ENOUGH;
}

static bool is_too_long_for_loop(const struct progress *so_far)
{
    return so_far->scanned > REQ_LOOP_ITEMS_MAX ||
           so_far->bytes + so_far->fetched_bytes > REQ_LOOP_BYTES_MAX;
}

/* The item behind an entry, of the same moment. */
static enum err fetch(struct req *req, const struct page *page, struct store_snapshot *snapshot,
                      struct value entry, struct progress *so_far, struct value *attributes)
{
    bool consistent = input_bool(req->input, "ConsistentRead", false);
    struct item item;
    enum err err =
        table_get_at(req->api->store, snapshot, item_params_storage_key(req, page->table, entry),
                     req->may_wait, req->arena, &item);

    if (err != OK)
        return err == ERR_ABSENT ? ERR_CORRUPT : err; /* entries and items change together */
    so_far->fetched_bytes += item.size_bytes;
    so_far->fetched_units += capacity_read_units(item.size_bytes, consistent);
    *attributes = item.attributes;
    return OK;
}

static enum err read_item(struct req *req, const struct page *page, struct store_snapshot *snapshot,
                          struct value attributes, struct progress *so_far)
{
    const struct expr_condition *filter = page->expressions->filter;
    struct value item = attributes;
    enum err err = OK;

    if (page->fetches)
        err = fetch(req, page, snapshot, attributes, so_far, &item);
    if (!req->may_wait && is_too_long_for_loop(so_far))
        return ERR_WOULD_BLOCK;
    if (err != OK || (filter != NULL && !expr_condition_holds(filter, item)))
        return err;
    if (!page->only_count)
        append_item(req, page, page->shows_items ? item : attributes, so_far->count == 0);
    so_far->count++;
    return OK;
}

/* Reads until the page is full (OK, and *last is the key to go on with) or the range ends
 * (ERR_ABSENT). */
static enum err read_items(struct req *req, const struct page *page, struct table_cursor *cursor,
                           struct store_snapshot *snapshot, struct progress *so_far,
                           struct value *last)
{
    struct item item;

    do {
        struct arena_mark mark = arena_mark(req->arena);
        enum err err = table_cursor_next(cursor, &item);

        if (err != OK)
            return err;
        so_far->scanned++;
        so_far->bytes += item.size_bytes;
        err = read_item(req, page, snapshot, item.attributes, so_far);
        arena_release(req->arena, mark);
        if (err != OK)
            return err;
    } while (!is_full(req, page, so_far));
    *last = start_key_of(&page->table->definition.schema,
                         page->index != NULL ? &page->index->definition.schema : NULL,
                         item.attributes, req->arena);
    return OK;
}

/* One state of the store: what a page reads of items must fit the entries that name them. */
static enum err read_range(struct req *req, const struct page *page, struct progress *so_far,
                           struct value *last)
{
    struct store_snapshot *snapshot = page->fetches ? store_snapshot_begin(req->api->store) : NULL;
    struct table_cursor cursor;
    enum err err;

    table_cursor_open_at(&cursor, req->api->store, snapshot, page->range, req->may_wait);
    err = read_items(req, page, &cursor, snapshot, so_far, last);
    table_cursor_close(&cursor);
    if (snapshot != NULL)
        store_snapshot_end(req->api->store, &snapshot);
    return err;
}

static struct capacity used(struct req *req, const struct page *page, const struct progress *so_far)
{
    bool consistent = input_bool(req->input, "ConsistentRead", false);
    double units = capacity_read_units(so_far->bytes, consistent);
    struct capacity capacity = {0};

    if (page->index == NULL)
        capacity.table_units = units;
    else
        capacity_add_index(&capacity, (unsigned)(page->index - page->table->definition.indexes),
                           units);
    capacity.table_units += so_far->fetched_units;
    return capacity;
}

enum err page_read(struct req *req, const struct page *page)
{
    struct throttle_place place = {
        .table = page->table,
        .index = page->index,
        .way = TABLE_READ,
        .key = page->in_partition ? page->range.from : BYTES(""),
    };
    struct progress so_far = {0};
    struct capacity capacity;
    struct value last = {0};
    enum err err = admission_check(req, &place);

    if (err != OK)
        return err;
    buf_append_byte(req->reply, '{');
    if (!page->only_count) {
        reply_member(req->reply, "Items");
        buf_append_byte(req->reply, '[');
    }
    err = read_range(req, page, &so_far, &last);
    if (err != OK && err != ERR_ABSENT)
        return err;
    capacity = used(req, page, &so_far);
    admission_charge(req, &place, capacity_total(&capacity)); /* a local index's: the table's */
    if (!page->only_count)
        buf_append_byte(req->reply, ']');
    reply_number(req->reply, "Count", so_far.count);
    reply_number(req->reply, "ScannedCount", so_far.scanned);
    if (err == OK)
        reply_item(req->reply, "LastEvaluatedKey", last);
    capacity_append_member(req->reply, req->input, page->table_name, page->table, &capacity);
    buf_append_byte(req->reply, '}');
    return OK;
}
