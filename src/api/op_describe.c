/* op_describe.c - what is asked about the service as a whole: limits and endpoints. */
#include "api/item_params.h"
#include "api/throughput_params.h"
#include "json/json_write.h"

/* Contract core-api-tables.md 6. */
enum err op_describe_limits(struct req *req)
{
    buf_append_format(req->reply,
                      "{\"AccountMaxReadCapacityUnits\":%u,\"AccountMaxWriteCapacityUnits\":%u,"
                      "\"TableMaxReadCapacityUnits\":%u,\"TableMaxWriteCapacityUnits\":%u}",
                      THROUGHPUT_ACCOUNT_UNITS_MAX, THROUGHPUT_ACCOUNT_UNITS_MAX,
                      THROUGHPUT_UNITS_MAX, THROUGHPUT_UNITS_MAX);
    return OK;
}

/* Contract core-api.md 1.1: the address the client already uses. */
enum err op_describe_endpoints(struct req *req)
{
    const struct bytes *host = http_request_header(http_exchange_request(req->exchange), "Host");

    buf_append_lit(req->reply, "{\"Endpoints\":[{\"Address\":");
    json_append_string(req->reply, host != NULL ? *host : req->api->endpoint);
    buf_append_lit(req->reply, ",\"CachePeriodInMinutes\":1440}]}");
    return OK;
}
