/* sigv4_canonical.c - the canonical request: the one spelling of a request that both sides hash.
 *   METHOD \n path \n query \n (name:value \n)* \n names \n hex(sha256(body))
 * As for every service but S3: the path is normalised and encoded once more than it was sent.
 * The text is built in one piece of memory whose size is known beforehand: each header is copied at
 * most once, whatever SignedHeaders says.
 * Source: IAM user guide, "Create a signed AWS API request", step 1.
 */
#include "auth/sigv4_priv.h"
#include "base/assert.h"

#include <stdlib.h>

/* Names in lower case, ascending, each once. */
struct name_list {
    size_t count;
    struct bytes names[SIGV4_SIGNED_HEADERS_MAX];
};

static struct bytes canonical_request(const struct http_request *request,
                                      struct bytes signed_headers, bool path_as_is,
                                      struct bytes body_hash, struct arena *arena);
static void names_of_text(struct bytes text, struct arena *arena, struct name_list *list);
static void names_add(struct name_list *list, struct bytes name, struct arena *arena);
static size_t canonical_bytes_max(const struct http_request *request,
                                  const struct name_list *names);
static uint8_t *append_path(uint8_t *out, struct bytes path, struct arena *arena);
static uint8_t *append_query(uint8_t *out, struct bytes query, struct arena *arena);
static uint8_t *append_header(uint8_t *out, const struct http_request *request, struct bytes name);
static uint8_t *append_collapsed(uint8_t *out, struct bytes value);
static uint8_t *append_names(uint8_t *out, const struct name_list *names);
static int compare_params(const void *a, const void *b);

static inline uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static inline uint8_t *append(uint8_t *out, struct bytes text)
{
    if (text.size != 0)
        memcpy(out, text.data, text.size);
    return out + text.size;
}

struct bytes sigv4_canonical_request(const struct http_request *request,
                                     struct bytes signed_headers, struct arena *arena)
{
    /* Always the hash of what came, never x-amz-content-sha256: where that header is right it says
     * the same, and where it is wrong (or UNSIGNED-PAYLOAD, which is for S3 alone) the signatures
     * differ. So no body but the signed one gets through. */
    char hash[SIGV4_HEX_BYTES];

    sigv4_sha256_hex(request->body_sent, hash);
    return canonical_request(request, signed_headers, false, bytes_make(hash, sizeof(hash)), arena);
}

struct bytes sigv4_canonical_s3_request(const struct http_request *request,
                                        struct bytes signed_headers, struct arena *arena)
{
    struct bytes hash = {0};

    for (size_t i = 0; i < request->header_count; i++)
        if (bytes_equal_no_case(request->headers[i].name, BYTES("x-amz-content-sha256")))
            hash = request->headers[i].value;
    ASSERT(hash.size == SIGV4_HEX_BYTES); /* whoever signs has put it there */
    return canonical_request(request, signed_headers, true, hash, arena);
}

static struct bytes canonical_request(const struct http_request *request,
                                      struct bytes signed_headers, bool path_as_is,
                                      struct bytes body_hash, struct arena *arena)
{
    struct name_list names;
    size_t bytes_max;
    uint8_t *text, *out;

    names_of_text(signed_headers, arena, &names);
    bytes_max = canonical_bytes_max(request, &names);
    text = out = arena_alloc(arena, bytes_max);
    out = append(out, request->method);
    *out++ = '\n';
    out = path_as_is ? append(out, request->path) : append_path(out, request->path, arena);
    *out++ = '\n';
    out = append_query(out, request->query, arena);
    *out++ = '\n';
    for (size_t i = 0; i < names.count; i++)
        out = append_header(out, request, names.names[i]);
    *out++ = '\n';
    out = append_names(out, &names);
    *out++ = '\n';
    out = append(out, body_hash);
    ASSERT((size_t)(out - text) <= bytes_max);
    return bytes_make(text, (size_t)(out - text));
}

struct bytes sigv4_signed_headers_of(const struct http_request *request, struct arena *arena)
{
    struct name_list names = {.count = 0};
    size_t bytes_max = 0;
    uint8_t *text;

    ASSERT(request->header_count <= SIGV4_SIGNED_HEADERS_MAX);
    for (size_t i = 0; i < request->header_count; i++) {
        names_add(&names, request->headers[i].name, arena);
        bytes_max += request->headers[i].name.size + 1;
    }
    text = arena_alloc(arena, bytes_max);
    return bytes_make(text, (size_t)(append_names(text, &names) - text));
}

static void names_of_text(struct bytes text, struct arena *arena, struct name_list *list)
{
    list->count = 0;
    for (;;) {
        const uint8_t *end = text.size == 0 ? NULL : memchr(text.data, ';', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data);

        names_add(list, bytes_make(text.data, size), arena);
        if (end == NULL)
            return;
        text = bytes_skip(text, size + 1);
    }
}

/* Insertion from the end: names come sorted from every real client. */
static void names_add(struct name_list *list, struct bytes name, struct arena *arena)
{
    uint8_t *copy = arena_alloc(arena, name.size);
    struct bytes lowered = bytes_make(copy, name.size);
    size_t at = list->count;

    for (size_t i = 0; i < name.size; i++)
        copy[i] = lower(name.data[i]);
    while (at > 0) {
        int order = bytes_compare(list->names[at - 1], lowered);

        if (order == 0)
            return;
        if (order < 0)
            break;
        at--;
    }
    ASSERT(list->count < SIGV4_SIGNED_HEADERS_MAX); /* sigv4_parse counted them */
    memmove(&list->names[at + 1], &list->names[at], (list->count - at) * sizeof(list->names[0]));
    list->names[at] = lowered;
    list->count++;
}

static size_t canonical_bytes_max(const struct http_request *request, const struct name_list *names)
{
    /* Encoding makes three bytes of one; a parameter without '=' gets one. */
    size_t bytes = request->method.size + request->path.size * 3 + 1 + request->query.size * 4 + 1;

    for (size_t i = 0; i < request->header_count; i++)
        bytes += request->headers[i].value.size + 1;
    for (size_t i = 0; i < names->count; i++)
        bytes += (names->names[i].size + 2) * 2;
    return bytes + SIGV4_HEX_BYTES + 5;
}

/* "." and "" segments vanish, ".." takes the one before it along; a last '/' stays. */
static uint8_t *append_path(uint8_t *out, struct bytes path, struct arena *arena)
{
    uint8_t *normal, *end;
    bool ends_in_slash;

    if (path.size <= 1) { /* every JSON protocol: "/" */
        *out++ = '/';
        return out;
    }
    ends_in_slash = path.data[path.size - 1] == '/';
    normal = end = arena_alloc(arena, path.size + 1);
    while (path.size != 0) {
        const uint8_t *slash = memchr(path.data, '/', path.size);
        struct bytes segment =
            bytes_make(path.data, slash == NULL ? path.size : (size_t)(slash - path.data));

        path = bytes_skip(path, segment.size + (slash != NULL));
        if (segment.size == 0 || bytes_equal_string(segment, "."))
            continue;
        if (bytes_equal_string(segment, "..")) {
            while (end > normal && *--end != '/')
                continue;
            continue;
        }
        *end++ = '/';
        end = append(end, segment);
    }
    if (ends_in_slash || end == normal)
        *end++ = '/';
    return sigv4_percent_encode(out, bytes_make(normal, (size_t)(end - normal)), true);
}

static uint8_t *append_query(uint8_t *out, struct bytes query, struct arena *arena)
{
    struct sigv4_param *params, param;
    size_t count = 0, count_max = 1;

    if (query.size == 0)
        return out;
    for (size_t i = 0; i < query.size; i++)
        count_max += query.data[i] == '&';
    params = arena_alloc(arena, count_max * sizeof(params[0]));
    while (sigv4_query_next(&query, arena, &param)) {
        uint8_t *encoded;

        if (bytes_equal_string(param.name, "X-Amz-Signature"))
            continue;
        encoded = arena_alloc(arena, (param.name.size + param.value.size) * 3);
        params[count].name.data = encoded;
        params[count].value.data = sigv4_percent_encode(encoded, param.name, false);
        params[count].name.size = (size_t)(params[count].value.data - encoded);
        encoded += params[count].name.size;
        params[count].value.size =
            (size_t)(sigv4_percent_encode(encoded, param.value, false) - encoded);
        count++;
    }
    qsort(params, count, sizeof(params[0]), compare_params);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *out++ = '&';
        out = append(out, params[i].name);
        *out++ = '=';
        out = append(out, params[i].value);
    }
    return out;
}

/* Headers of one name are one line, their values joined in the order they came. */
static uint8_t *append_header(uint8_t *out, const struct http_request *request, struct bytes name)
{
    bool first = true;

    out = append(out, name);
    *out++ = ':';
    for (size_t i = 0; i < request->header_count; i++) {
        if (!bytes_equal_no_case(request->headers[i].name, name))
            continue;
        if (!first)
            *out++ = ',';
        first = false;
        out = append_collapsed(out, request->headers[i].value);
    }
    *out++ = '\n';
    return out;
}

/* Without white space at the ends, and one space for each run of it inside. */
static uint8_t *append_collapsed(uint8_t *out, struct bytes value)
{
    const uint8_t *start = out;
    bool space = false;

    if (value.size == 0 || (memchr(value.data, ' ', value.size) == NULL &&
                            memchr(value.data, '\t', value.size) == NULL))
        return append(out, value);
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];

        if (c == ' ' || c == '\t') {
            space = true;
            continue;
        }
        if (space && out != start)
            *out++ = ' ';
        space = false;
        *out++ = c;
    }
    return out;
}

static uint8_t *append_names(uint8_t *out, const struct name_list *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0)
            *out++ = ';';
        out = append(out, names->names[i]);
    }
    return out;
}

static int compare_params(const void *a, const void *b)
{
    const struct sigv4_param *x = a, *y = b;
    int order = bytes_compare(x->name, y->name);

    return order != 0 ? order : bytes_compare(x->value, y->value);
}
