/* page.h - one page of a Query or Scan: walks a range, filters, projects, stops in time.
 * A page ends at Limit evaluated items, at 1 MiB of them, when its reply has become large, or at
 * the end of the range; the key of the last evaluated item is returned unless the range ended.
 * Source: contract core-api-items.md 6 "Evaluation and paging".
 */
#pragma once

#include "api/item_params.h"
#include "store/store.h"

struct page {
    struct table *table;
    struct bytes table_name; /* as sent */
    struct store_range range;
    const struct expr_set *expressions;
    uint64_t limit; /* UINT64_MAX: none */
    bool only_count;
};

/* Select, Limit and IndexName as both operations have them, before any read. `prefix` is what the
 * operation puts before one of the messages. */
enum err page_check_select(struct req *req, const char *prefix, bool *only_count) MUST_CHECK;

/* There are no secondary indexes yet, so any name is unknown. */
enum err page_check_index(struct req *req) MUST_CHECK;

/* Fills the reply. ERR_WOULD_BLOCK and the errors of table_read.h. */
enum err page_read(struct req *req, const struct page *page) MUST_CHECK;
