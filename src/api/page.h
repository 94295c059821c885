/* page.h - one page of a Query or Scan: walks a range, filters, projects, stops in time.
 * A page ends at Limit evaluated items, at 1 MiB of them, when its reply has become large, or at
 * the end of the range; the key of the last evaluated item is returned unless the range ended.
 * Of an index, entries are what is evaluated. A local index's page reads the items behind them too
 * if the request names attributes that the index does not project; both count then.
 * Source: contract core-api-items.md 6 "Select", "Evaluation and paging"; core-api-data.md 5.2.
 */
#pragma once

#include "api/item_params.h"
#include "store/store.h"

#define PAGE_BYTES_MAX ((uint64_t)1 << 20) /* of evaluated items */

struct page {
    struct table *table;
    const struct table_index *index; /* NULL: the table itself is read */
    struct bytes table_name;         /* as sent */
    struct store_range range;
    bool in_partition; /* the range is part of one partition key's */
    const struct expr_set *expressions;
    uint64_t limit; /* UINT64_MAX: none */
    bool only_count;
    bool fetches;     /* the items behind the entries of a local index */
    bool shows_items; /* and replies with them: the entries will not do */
};

/* Select, Limit and IndexName as both operations have them, before any read. `prefix` is what the
 * operation puts before one of the messages. */
enum err page_check_select(struct req *req, const char *prefix, bool *only_count) MUST_CHECK;

/* The index that the request names, if it names one, and whether it can be read as asked. */
enum err page_find_index(struct req *req, struct page *page) MUST_CHECK;

/* The index of that name. ERR_VALIDATION: there is none, or it cannot be read as asked. */
enum err page_readable_index(struct req *req, const struct table *table, struct bytes name,
                             const struct table_index **index) MUST_CHECK;

/* What is read, if it is an index; NULL: the table. */
const struct index_definition *page_index(const struct page *page);

/* Storage key of an item or entry, from the key attributes of both. */
struct bytes page_storage_key(struct req *req, const struct page *page, struct value attributes);

/* That a Query's filter names only what its index projects. */
enum err page_check_filter(struct req *req, const struct page *page) MUST_CHECK;

/* Whether the index has the attributes that are asked for, or must fetch them. */
enum err page_check_attributes(struct req *req, struct page *page) MUST_CHECK;

/* Attributes that a projection and a filter name and the index does not project: "a, b",
 * sorted and each once, in the arena; empty: none. `index` may be NULL. */
struct page_lacks {
    struct bytes shown;
    struct bytes filtered;
};
void page_find_lacks(const struct table *table, const struct table_index *index,
                     const struct expr_set *expressions, struct arena *arena,
                     struct page_lacks *lacks);
/* What a Query says of those that its filter names. */
enum err page_refuse_filter(struct req *req, const struct table_index *index,
                            struct bytes names) MUST_CHECK;
/* What a global index says of those that are to be shown. */
enum err page_refuse_lack(struct req *req, const struct table_index *index,
                          struct bytes names) MUST_CHECK;

/* Fills the reply. ERR_WOULD_BLOCK and the errors of table_read.h. */
enum err page_read(struct req *req, const struct page *page) MUST_CHECK;
