/* objects_s3_request.c - signing requests to S3, sending them, and telling failures apart.
 * What may pass is tried again, after a while that doubles: no answer, 5xx, 429 and 408. Anything
 * else is the endpoint's word.
 */
#include "transfer/objects_s3_request.h"

#include "auth/sigv4.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "net/libcurl.h"
#include "transfer/objects_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_MS_DEFAULT 60000
#define TRY_MS_MAX       2000
#define TRY_WHOLE_MS_MAX 5000
#define PAUSE_MS         100
#define PAUSE_MS_MAX     5000
#define PAUSE_SLICE_MS   20
#define IDLE_MS_MAX      20000 /* without a byte */
#define HOST_BYTES_MAX   255

struct s3 {
    bool is_tls;
    char *host; /* with its port, if that is not the scheme's own */
    char *region;
    char *key_id; /* NULL: requests are not signed */
    char *secret;
    enum objects_style style;
    uint32_t retry_ms_max;
    struct http_client *client;
};

static enum err read_place(const struct objects_options *options, struct fault *fault,
                           struct s3 *s3);
static enum err send_for(struct s3 *s3, struct objects_call *call, const struct s3_request *request,
                         uint32_t ms_max, uint32_t whole_ms, struct s3_reply *reply);
static enum err try_once(struct s3 *s3, struct objects_call *call, const struct s3_request *request,
                         uint32_t idle_ms, uint32_t whole_ms, struct fault *fault,
                         struct s3_reply *reply);
static void sign(struct s3 *s3, const struct s3_place *place, struct http_header *headers,
                 size_t *count, const struct s3_request *request, struct arena *arena);
static bool may_pass(enum err err, const struct s3_request *request, const struct s3_reply *reply);
static enum err pause_for(const struct objects_call *call, uint64_t ms);
static enum err fail_unreached(const struct s3 *s3, struct objects_call *call, enum err err,
                               const struct fault *fault);
static enum err fail_refused(struct objects_call *call, const struct s3_request *request,
                             const struct s3_reply *reply);

enum err s3_open(const struct objects_options *options, struct fault *fault, struct s3 **s3)
{
    struct s3 *s = mem_zalloc(sizeof(*s));
    enum err err;

    s->region = mem_string(options->region != NULL ? options->region : "us-east-1");
    s->style = options->style;
    s->retry_ms_max = options->retry_ms_max != 0 ? options->retry_ms_max : RETRY_MS_DEFAULT;
    if (options->access_key_id != NULL && options->secret_access_key != NULL) {
        s->key_id = mem_string(options->access_key_id);
        s->secret = mem_string(options->secret_access_key);
    }
    err = read_place(options, fault, s);
    if (err == OK)
        err = libcurl_load(fault);
    if (err == OK)
        s->client = http_client_open(options->ca_file);
    if (err != OK) {
        s3_close(&s);
        return err;
    }
    *s3 = s;
    return OK;
}

void s3_close(struct s3 **s3)
{
    struct s3 *s = *s3;

    if (s == NULL)
        return;
    http_client_close(&s->client);
    free(s->host);
    free(s->region);
    free(s->key_id);
    free(s->secret);
    free(s);
    *s3 = NULL;
}

/* "s3:", or "s3:https://HOST[:PORT]" with or without a '/' behind it. */
static enum err read_place(const struct objects_options *options, struct fault *fault,
                           struct s3 *s3)
{
    const char *place = options->place, *host;
    struct bytes sent;
    size_t size;

    if (strcmp(place, "s3:") == 0) {
        s3->is_tls = true;
        s3->host = mem_alloc(HOST_BYTES_MAX + 1);
        snprintf(s3->host, HOST_BYTES_MAX + 1, "s3.%s.amazonaws.com", s3->region);
        return OK;
    }
    s3->is_tls = strncmp(place, "s3:https://", 11) == 0;
    host = place + (s3->is_tls ? 11 : 10);
    size = (s3->is_tls || strncmp(place, "s3:http://", 10) == 0) ? strcspn(host, "/?#@ ") : 0;
    if (size == 0 || size > HOST_BYTES_MAX || (host[size] != 0 && strcmp(host + size, "/") != 0))
        return fault_set(fault, ERR_CONFIG,
                         "'%s' is no place for buckets: give file:DIR, s3:https://HOST[:PORT], "
                         "s3:http://HOST[:PORT], or s3: for AWS",
                         place);
    sent = http_client_host(place + 3);
    s3->host = mem_zalloc(sent.size + 1);
    memcpy(s3->host, sent.data, sent.size);
    return OK;
}

struct s3_place s3_place_of(const struct s3 *s3, struct bytes bucket, struct bytes key,
                            struct bytes query, struct arena *arena)
{
    uint8_t *encoded = arena_alloc(arena, key.size * 3 + 1);
    struct bytes path = {encoded, (size_t)(sigv4_percent_encode(encoded, key, true) - encoded)};
    struct s3_place place;

    if (s3->style == OBJECTS_STYLE_VIRTUAL) {
        place.host = arena_format(arena, "%.*s.%s", BYTES_ARGS(bucket), s3->host);
        place.path = arena_format(arena, "/%.*s", BYTES_ARGS(path));
    } else {
        place.host = bytes_of_string(s3->host);
        place.path = arena_format(arena, "/%.*s%s%.*s", BYTES_ARGS(bucket),
                                  path.size != 0 ? "/" : "", BYTES_ARGS(path));
    }
    place.url = arena_format(arena, "%s://%.*s%.*s%s%.*s", s3->is_tls ? "https" : "http",
                             BYTES_ARGS(place.host), BYTES_ARGS(place.path),
                             query.size != 0 ? "?" : "", BYTES_ARGS(query));
    return place;
}

struct bytes s3_parameter(const char *name, struct bytes value, struct arena *arena)
{
    uint8_t *encoded = arena_alloc(arena, value.size * 3 + 1);

    return arena_format(arena, "%s=%.*s", name,
                        (int)(sigv4_percent_encode(encoded, value, false) - encoded), encoded);
}

void s3_add_header(struct s3_request *request, const char *name, struct bytes value)
{
    ASSERT(request->header_count < S3_HEADERS_MAX);
    if (value.size != 0)
        request->headers[request->header_count++] =
            (struct http_header){bytes_of_string(name), value};
}

enum err s3_send(struct s3 *s3, struct objects_call *call, const struct s3_request *request,
                 struct s3_reply *reply)
{
    return send_for(s3, call, request, s3->retry_ms_max, 0, reply);
}

enum err s3_try(struct s3 *s3, struct objects_call *call, const struct s3_request *request,
                struct s3_reply *reply)
{
    return send_for(s3, call, request, TRY_MS_MAX, TRY_WHOLE_MS_MAX, reply);
}

static enum err send_for(struct s3 *s3, struct objects_call *call, const struct s3_request *request,
                         uint32_t ms_max, uint32_t whole_ms, struct s3_reply *reply)
{
    uint64_t until_ms = clock_mono_ms() + ms_max;
    uint64_t pause_ms = PAUSE_MS;
    struct arena scratch;
    struct fault fault;
    enum err err;

    *reply = (struct s3_reply){.tries = 0};
    arena_init(&scratch);
    for (;;) {
        uint64_t now_ms = clock_mono_ms();
        uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 1;

        arena_reset(&scratch);
        fault_init(&fault, &scratch);
        if (objects_stopping(call)) {
            err = ERR_CANCELLED;
            break;
        }
        err = try_once(s3, call, request, (uint32_t)(left_ms < IDLE_MS_MAX ? left_ms : IDLE_MS_MAX),
                       whole_ms, &fault, reply);
        reply->tries++;
        if (!may_pass(err, request, reply) || clock_mono_ms() + pause_ms > until_ms)
            break;
        err = pause_for(call, pause_ms / 2 + rng_fast() % (pause_ms / 2 + 1));
        if (err != OK)
            break;
        pause_ms = pause_ms * 2 < PAUSE_MS_MAX ? pause_ms * 2 : PAUSE_MS_MAX;
    }
    if (err == ERR_CANCELLED)
        err = objects_fail(call, err, "S3Cancelled", "The request was given up");
    else if (err != OK)
        err = fail_unreached(s3, call, err, &fault);
    else if (reply->http.status < 200 || reply->http.status > 299 || may_pass(OK, request, reply))
        err = fail_refused(call, request, reply);
    arena_fini(&scratch);
    return err;
}

static enum err try_once(struct s3 *s3, struct objects_call *call, const struct s3_request *request,
                         uint32_t idle_ms, uint32_t whole_ms, struct fault *fault,
                         struct s3_reply *reply)
{
    struct http_header headers[S3_HEADERS_MAX + 5];
    struct s3_place place =
        s3_place_of(s3, call->bucket, request->key, request->query, fault->arena);
    struct http_client_request http = {
        .method = request->method,
        .url = (const char *)place.url.data,
        .headers = headers,
        .header_count = request->header_count,
        .body = request->body,
        .reply = request->reply,
        .idle_ms_max = idle_ms,
        .whole_ms_max = whole_ms,
        .stopping = call->stopping,
        .stopping_ctx = call->stopping_ctx,
    };

    buf_reset(request->reply, OBJECTS_PART_BYTES);
    memcpy(headers, request->headers, request->header_count * sizeof(headers[0]));
    if (call->owner.size != 0)
        headers[http.header_count++] =
            (struct http_header){BYTES("x-amz-expected-bucket-owner"), call->owner};
    sign(s3, &place, headers, &http.header_count, request, fault->arena);
    return http_client_send(s3->client, &http, call->arena, fault, &reply->http);
}

static void sign(struct s3 *s3, const struct s3_place *place, struct http_header *headers,
                 size_t *count, const struct s3_request *request, struct arena *arena)
{
    char date[SIGV4_DATE_SIZE], hash[SIGV4_HEX_BYTES];
    struct http_request signed_request;

    if (s3->key_id == NULL)
        return;
    sigv4_date_format(clock_wall_ms() / 1000, date);
    sigv4_sha256_hex(request->body, hash);
    headers[(*count)++] = (struct http_header){BYTES("host"), place->host};
    headers[(*count)++] = (struct http_header){BYTES("x-amz-content-sha256"),
                                               arena_copy(arena, bytes_make(hash, sizeof(hash)))};
    headers[(*count)++] =
        (struct http_header){BYTES("x-amz-date"), arena_copy(arena, bytes_of_string(date))};
    signed_request = (struct http_request){
        .method = bytes_of_string(request->method),
        .path = place->path,
        .query = request->query,
        .headers = headers,
        .header_count = *count,
    };
    headers[*count] = (struct http_header){
        BYTES("authorization"),
        sigv4_sign(&signed_request, bytes_of_string(s3->key_id), bytes_of_string(s3->secret),
                   bytes_of_string(s3->region), BYTES("s3"), bytes_of_string(date), arena)};
    (*count)++;
}

/* An upload may be completed with 200 and then fail: the body says so. */
static bool may_pass(enum err err, const struct s3_request *request, const struct s3_reply *reply)
{
    unsigned status = reply->http.status;
    struct bytes rest = buf_bytes(request->reply), error, code;

    if (err == ERR_TIMEOUT || err == ERR_IO)
        return true;
    if (err != OK)
        return false;
    if (status >= 500 || status == 429 || status == 408)
        return status != 501;
    return status == 200 && strcmp(request->method, "POST") == 0 &&
           objects_xml_next(&rest, "Error", &error) && objects_xml_next(&error, "Code", &code);
}

static enum err pause_for(const struct objects_call *call, uint64_t ms)
{
    uint64_t until_ms = clock_mono_ms() + ms;

    while (clock_mono_ms() < until_ms) {
        struct timespec slice = {.tv_nsec = PAUSE_SLICE_MS * 1000000L};

        if (objects_stopping(call))
            return ERR_CANCELLED;
        nanosleep(&slice, NULL);
    }
    return OK;
}

static enum err fail_unreached(const struct s3 *s3, struct objects_call *call, enum err err,
                               const struct fault *fault)
{
    if (err == ERR_TOO_LARGE)
        return objects_fail(call, ERR_IO, "S3InternalError",
                            "The endpoint %s answers with more than was asked for", s3->host);
    return objects_fail(call, ERR_IO, "S3ServiceUnavailable",
                        "The endpoint %s://%s could not be reached: %.*s",
                        s3->is_tls ? "https" : "http", s3->host, BYTES_ARGS(fault->message));
}

/* In the form in which the service tells it. */
static enum err fail_refused(struct objects_call *call, const struct s3_request *request,
                             const struct s3_reply *reply)
{
    struct bytes body = buf_bytes(request->reply);
    struct bytes code = objects_xml_text(body, "Code", call->arena);
    struct bytes message = objects_xml_text(body, "Message", call->arena);
    struct bytes id = http_client_header(&reply->http, "x-amz-request-id");
    unsigned status = reply->http.status;
    char name[80];

    if (code.size == 0 || code.size > 64)
        code = status == 403 ? BYTES("AccessDenied")
               : status == 404
                   ? (request->key.size != 0 ? BYTES("NoSuchKey") : BYTES("NoSuchBucket"))
               : status == 412 ? BYTES("PreconditionFailed")
               : status >= 500 ? BYTES("ServiceUnavailable")
                               : BYTES("UnexpectedResponse");
    if (message.size == 0)
        message = code;
    if (bytes_equal_string(code, "SlowDown"))
        code = BYTES("ServiceUnavailable");
    snprintf(name, sizeof(name), "S3%.*s", BYTES_ARGS(code));
    return objects_fail(call, bytes_equal_string(code, "NoSuchKey") ? ERR_ABSENT : ERR_IO, name,
                        "%.*s (Service: Amazon S3; Status Code: %u; Error Code: %.*s; Request ID: "
                        "%.*s)",
                        BYTES_ARGS(message), status, BYTES_ARGS(code), BYTES_ARGS(id));
}
