/* test_clock.c - POST /test/clock. */
#include "api/test_clock.h"

#include "base/clock.h"
#include "table/catalog.h"
#include "table/journal_load.h"

#include <yyjson.h>

#define ADVANCE_MS_MAX (400 * UINT64_C(86400000)) /* beyond what anything is kept for */

bool test_clock_answer(struct api *api, struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    yyjson_val *advance;
    yyjson_doc *doc;
    unsigned status = 400;

    if (!api->test_clock || !bytes_equal_string(request->method, "POST") ||
        !bytes_equal_string(request->path, "/test/clock"))
        return false;
    doc = yyjson_read((const char *)request->body.data, request->body.size, 0);
    advance = yyjson_obj_get(yyjson_doc_get_root(doc), "AdvanceMs");
    if (yyjson_is_uint(advance) && yyjson_get_uint(advance) <= ADVANCE_MS_MAX) {
        clock_advance_test(yyjson_get_uint(advance));
        journal_watch_wake(catalog_journal_watch(api->catalog));
        buf_append_format(http_exchange_body(exchange), "{\"NowMs\":%llu}",
                          (unsigned long long)clock_wall_ms());
        status = 200;
    }
    yyjson_doc_free(doc);
    http_exchange_send(exchange, status);
    return true;
}
