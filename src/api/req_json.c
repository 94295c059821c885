/* req_json.c - a request's body as a JSON document.
 * A small one is parsed into the request's arena. A large one may take nine times its size, so what
 * it takes is counted while it is taken: many at once must not fill the memory.
 */
#include "api/req.h"
#include "base/mem.h"

#include <stdlib.h>

static bool is_small(const struct req *req);
static yyjson_alc memory_of_arena(struct req *req);
static yyjson_alc memory_counted(struct req *req);

enum err req_json_parse(struct req *req)
{
    struct bytes body = http_exchange_request(req->exchange)->body;
    yyjson_alc memory = is_small(req) ? memory_of_arena(req) : memory_counted(req);
    yyjson_read_err error;

    req->doc = yyjson_read_opts((char *)(uintptr_t)body.data, body.size, 0, &memory, &error);
    if (req->doc == NULL)
        return error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION ? ERR_BUSY : ERR_SERIALIZATION;
    req->input = yyjson_doc_get_root(req->doc);
    return OK;
}

void req_json_free(struct req *req)
{
    if (req->doc != NULL && !is_small(req))
        yyjson_doc_free(req->doc);
    req->doc = NULL;
}

static bool is_small(const struct req *req)
{
    return http_exchange_request(req->exchange)->body.size <= REQ_LOOP_BYTES_MAX;
}

/* --- the arena: nothing is given back -------------------------------------------------------- */

static void *arena_take(void *ctx, size_t size)
{
    return arena_alloc(ctx, size);
}

static void *arena_change(void *ctx, void *old, size_t old_size, size_t size)
{
    return arena_resize(ctx, old, old_size, size);
}

static void arena_give(void *ctx, void *memory)
{
    (void)ctx, (void)memory;
}

static yyjson_alc memory_of_arena(struct req *req)
{
    return (yyjson_alc){arena_take, arena_change, arena_give, req->arena};
}

/* --- counted: too much for all requests together is told as no memory ------------------------ */

static void *counted_take(void *ctx, size_t size)
{
    struct req *req = ctx;

    req->json_bytes += size;
    return http_exchange_hold(req->exchange, req->json_bytes) ? mem_alloc(size) : NULL;
}

static void *counted_change(void *ctx, void *old, size_t old_size, size_t size)
{
    struct req *req = ctx;

    req->json_bytes += size - old_size; /* may wrap, and wrap back */
    return http_exchange_hold(req->exchange, req->json_bytes) ? mem_resize(old, size) : NULL;
}

/* The count stays until the reply: it is near. */
static void counted_give(void *ctx, void *memory)
{
    (void)ctx;
    free(memory);
}

static yyjson_alc memory_counted(struct req *req)
{
    return (yyjson_alc){counted_take, counted_change, counted_give, req};
}
