/* http_client.c - libcurl's easy handles, kept with their connections between requests. */
#include "net/http_client.h"

#include "base/assert.h"
#include "base/mem.h"
#include "net/libcurl.h"

#include <pthread.h>
#include <stdlib.h>

#define IDLE_HANDLES_MAX 8
#define CONNECT_MS_MAX   10000
#define WHOLE_MS         600000
#define WHOLE_MS_MAX     86400000u
#define BYTES_A_MS_MIN   16

struct http_client {
    char *ca_file;
    pthread_mutex_t lock; /* guards the idle handles */
    CURL *idle[IDLE_HANDLES_MAX];
    unsigned idle_count;
};

/* One request on its way. */
struct transfer {
    const struct http_client_request *request;
    struct http_client_reply *reply;
    struct arena *arena;
    size_t head_bytes;
    bool stopped;
};

static CURL *handle_take(struct http_client *client);
static void handle_give(struct http_client *client, CURL *handle);
static enum err check_headers(const struct http_client_request *request, struct fault *fault);
static struct curl_slist *headers_of(const struct http_client_request *request);
static void set_options(struct http_client *client, CURL *handle, struct transfer *transfer,
                        struct curl_slist *headers, char *why);
static void set_times(CURL *handle, const struct http_client_request *request);
static size_t on_body(char *data, size_t size, size_t count, void *ctx);
static size_t on_header(char *data, size_t size, size_t count, void *ctx);
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d);
static enum err error_of(CURLcode code, const struct transfer *transfer);

struct http_client *http_client_open(const char *ca_file)
{
    struct http_client *client = mem_zalloc(sizeof(*client));

    client->ca_file = ca_file == NULL ? NULL : mem_string(ca_file);
    pthread_mutex_init(&client->lock, NULL);
    return client;
}

void http_client_close(struct http_client **client)
{
    struct http_client *c = *client;

    if (c == NULL)
        return;
    for (unsigned i = 0; i < c->idle_count; i++)
        curl_easy_cleanup(c->idle[i]);
    pthread_mutex_destroy(&c->lock);
    free(c->ca_file);
    free(c);
    *client = NULL;
}

enum err http_client_send(struct http_client *client, const struct http_client_request *request,
                          struct arena *arena, struct fault *fault, struct http_client_reply *reply)
{
    struct transfer transfer = {.request = request, .reply = reply, .arena = arena};
    struct curl_slist *headers;
    CURL *handle;
    char why[CURL_ERROR_SIZE] = "";
    CURLcode code;
    long status = 0;
    enum err err = libcurl_load(fault);

    *reply = (struct http_client_reply){.status = 0};
    if (err == OK)
        err = check_headers(request, fault);
    if (err != OK)
        return err;
    headers = headers_of(request);
    handle = handle_take(client);
    set_options(client, handle, &transfer, headers, why);
    code = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (unsigned)status;
    err = error_of(code, &transfer);
    curl_slist_free_all(headers);
    handle_give(client, handle);
    if (err != OK)
        return fault_set(fault, err, "%s", why[0] != 0 ? why : curl_easy_strerror(code));
    return OK;
}

struct bytes http_client_host(const char *url)
{
    const char *colon = strstr(url, "://");
    struct bytes host = bytes_make(colon + 3, strcspn(colon + 3, "/?#"));
    struct bytes port = strncmp(url, "https:", 6) == 0 ? BYTES(":443") : BYTES(":80");

    if (host.size > port.size &&
        memcmp(host.data + host.size - port.size, port.data, port.size) == 0)
        host.size -= port.size;
    return host;
}

struct bytes http_client_header(const struct http_client_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (bytes_equal_no_case(reply->headers[i].name, bytes_of_string(name)))
            return reply->headers[i].value;
    return BYTES("");
}

static CURL *handle_take(struct http_client *client)
{
    CURL *handle = NULL;

    pthread_mutex_lock(&client->lock);
    if (client->idle_count > 0)
        handle = client->idle[--client->idle_count];
    pthread_mutex_unlock(&client->lock);
    if (handle == NULL)
        handle = curl_easy_init();
    ASSERT(handle != NULL); /* fails for a lack of memory alone */
    return handle;
}

static void handle_give(struct http_client *client, CURL *handle)
{
    curl_easy_reset(handle); /* keeps its connections */
    pthread_mutex_lock(&client->lock);
    if (client->idle_count < IDLE_HANDLES_MAX) {
        client->idle[client->idle_count++] = handle;
        handle = NULL;
    }
    pthread_mutex_unlock(&client->lock);
    if (handle != NULL)
        curl_easy_cleanup(handle);
}

/* libcurl sends them as they are: an end of a line in one would begin a header of its author's. */
static enum err check_headers(const struct http_client_request *request, struct fault *fault)
{
    size_t size = 0;

    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *each = &request->headers[i];

        size += each->name.size + each->value.size + sizeof(": ");
        for (size_t j = 0; j < each->value.size; j++)
            if (each->value.data[j] < ' ' || each->value.data[j] == 0x7f)
                return fault_set(fault, ERR_CONFIG,
                                 "the header %.*s cannot have a control character",
                                 BYTES_ARGS(each->name));
    }
    if (size > HTTP_CLIENT_HEAD_BYTES_MAX)
        return fault_set(fault, ERR_CONFIG, "the headers are too long");
    return OK;
}

/* libcurl sends headers of its own, unless they are taken away: "Name:" without a value. */
static struct curl_slist *headers_of(const struct http_client_request *request)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    bool has_type = false;

    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *each = &request->headers[i];
        struct buf line;

        if (bytes_equal_no_case(each->name, BYTES("host")))
            continue; /* libcurl's own is the same */
        has_type = has_type || bytes_equal_no_case(each->name, BYTES("content-type"));
        buf_init(&line, HTTP_CLIENT_HEAD_BYTES_MAX);
        buf_append_format(&line, "%.*s: %.*s", BYTES_ARGS(each->name), BYTES_ARGS(each->value));
        buf_append_byte(&line, 0);
        list = curl_slist_append(list, (const char *)line.data);
        buf_fini(&line);
    }
    if (!has_type)
        list = curl_slist_append(list, "Content-Type:");
    ASSERT(list != NULL);
    return list;
}

static void set_options(struct http_client *client, CURL *handle, struct transfer *transfer,
                        struct curl_slist *headers, char *why)
{
    const struct http_client_request *request = transfer->request;

    curl_easy_setopt(handle, CURLOPT_URL, request->url);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "Stele/" STELE_VERSION);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    if (client->ca_file != NULL) {
        curl_easy_setopt(handle, CURLOPT_CAINFO, client->ca_file);
        curl_easy_setopt(handle, CURLOPT_CAPATH, NULL); /* would trust the system's as well */
    }
    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    } else if (strcmp(request->method, "GET") != 0) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS,
                         request->body.size == 0 ? "" : (const char *)request->body.data);
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
    }
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, transfer);
    set_times(handle, request);
}

/* While S3 completes an upload, for minutes, it sends a blank now and then: only what carries data
 * has to have some speed. */
static void set_times(CURL *handle, const struct http_client_request *request)
{
    long idle_s = (long)(request->idle_ms_max + 999) / 1000;
    bool carries = strcmp(request->method, "GET") == 0 || strcmp(request->method, "PUT") == 0;
    uint64_t whole_ms = request->whole_ms_max;

    if (whole_ms == 0)
        whole_ms = WHOLE_MS + (request->body.size + request->reply->size_max) / BYTES_A_MS_MIN;
    curl_easy_setopt(
        handle, CURLOPT_CONNECTTIMEOUT_MS,
        (long)(request->idle_ms_max < CONNECT_MS_MAX ? request->idle_ms_max : CONNECT_MS_MAX));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, carries ? (long)HTTP_CLIENT_SPEED_MIN : 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, idle_s > 0 ? idle_s : 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                     (long)(whole_ms < WHOLE_MS_MAX ? whole_ms : WHOLE_MS_MAX));
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *transfer = ctx;

    buf_append(transfer->request->reply, data, size * count);
    return transfer->request->reply->overflowed ? 0 : size * count;
}

/* A line for each header, and one before them for each reply: of an interim one, headers are none
 * of ours. */
static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *transfer = ctx;
    struct http_client_reply *reply = transfer->reply;
    struct bytes line = bytes_make(data, size * count), value;
    const uint8_t *colon = memchr(line.data, ':', line.size);

    transfer->head_bytes += line.size;
    if (transfer->head_bytes > HTTP_CLIENT_HEAD_BYTES_MAX)
        return 0;
    if (bytes_start_with(line, BYTES("HTTP/"))) {
        reply->header_count = 0;
        return line.size;
    }
    if (colon == NULL || reply->header_count == HTTP_CLIENT_REPLY_HEADERS_MAX)
        return line.size;
    value = bytes_skip(line, (size_t)(colon - line.data) + 1);
    while (value.size != 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        value = bytes_skip(value, 1);
    while (value.size != 0 && value.data[value.size - 1] <= ' ')
        value.size--;
    reply->headers[reply->header_count++] = (struct http_header){
        .name = arena_copy(transfer->arena, bytes_make(line.data, (size_t)(colon - line.data))),
        .value = arena_copy(transfer->arena, value),
    };
    return line.size;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct transfer *transfer = ctx;

    (void)a, (void)b, (void)c, (void)d;
    transfer->stopped = transfer->request->stopping != NULL &&
                        transfer->request->stopping(transfer->request->stopping_ctx);
    return transfer->stopped;
}

static enum err error_of(CURLcode code, const struct transfer *transfer)
{
    switch ((int)code) {
    case CURLE_OK:
        return OK;
    case CURLE_ABORTED_BY_CALLBACK:
        return transfer->stopped ? ERR_CANCELLED : ERR_IO;
    case CURLE_WRITE_ERROR:
        return transfer->request->reply->overflowed ? ERR_TOO_LARGE : ERR_IO;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return ERR_CONFIG;
    default:
        return ERR_IO;
    }
}
