/* op_list_tables.c - ListTables: names in byte order. Contract core-api-tables.md 4. */
#include "api/reply.h"
#include "api/req.h"
#include "json/json_write.h"
#include "table/catalog.h"

#define LIMIT_DEFAULT 100

enum err op_list_tables(struct req *req)
{
    struct bytes after = {0}, *names;
    unsigned count;
    bool more;

    input_string(req->input, "ExclusiveStartTableName", &after);
    more = catalog_list(req->api->catalog, req->place.account, req->place.region, after,
                        (unsigned)input_integer(req->input, "Limit", LIMIT_DEFAULT), req->arena,
                        &names, &count);
    buf_append_lit(req->reply, "{\"TableNames\":[");
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            buf_append_byte(req->reply, ',');
        json_append_string(req->reply, names[i]);
    }
    buf_append_byte(req->reply, ']');
    if (more)
        reply_string(req->reply, "LastEvaluatedTableName", names[count - 1]);
    buf_append_byte(req->reply, '}');
    return OK;
}
