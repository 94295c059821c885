/* cli_client.c - calls of the API: a signed request, its answer. */
#include "auth/sigv4.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli_priv.h"
#include "net/http_client.h"
#include "net/libcurl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yyjson.h>

#define TARGET          "DynamoDB_20120810."
#define REPLY_BYTES_MAX ((size_t)64 << 20)
#define IDLE_MS_MAX     60000
#define WHOLE_MS_MAX    300000
#define AWAY_MS_MAX     30000
#define ENDPOINT        "http://127.0.0.1:8000"

struct cli_client {
    struct http_client *http;
    const char *endpoint;
    struct bytes host;
    const char *region;
    const char *key_id, *secret, *token; /* token: NULL if there is none */
};

static const char *first_of(const char *option, const char *const names[], const char *fallback);
static yyjson_doc *read_document(struct cli *cli, struct bytes text);
static enum err refused(struct cli *cli, const struct http_client_reply *reply, yyjson_val *body);
static enum err check_endpoint(struct cli *cli, const char *endpoint);

enum err cli_client_open(struct cli *cli)
{
    struct cli_client *c = mem_zalloc(sizeof(*c));
    enum err err;

    cli->client = c;
    c->endpoint = first_of(
        cli->options.endpoint,
        (const char *const[]){"AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL", NULL}, ENDPOINT);
    c->region =
        first_of(cli->options.region,
                 (const char *const[]){"AWS_REGION", "AWS_DEFAULT_REGION", NULL}, "us-east-1");
    c->key_id = first_of(cli->options.access_key_id,
                         (const char *const[]){"AWS_ACCESS_KEY_ID", NULL}, "local");
    c->secret = first_of(NULL, (const char *const[]){"AWS_SECRET_ACCESS_KEY", NULL}, "local");
    c->token = first_of(NULL, (const char *const[]){"AWS_SESSION_TOKEN", NULL}, NULL);
    c->http = http_client_open(
        first_of(cli->options.ca, (const char *const[]){"AWS_CA_BUNDLE", NULL}, NULL));
    err = check_endpoint(cli, c->endpoint);
    if (err == OK)
        err = libcurl_load(&cli->fault);
    if (err != OK)
        return err;
    if (!sigv4_region_valid(bytes_of_string(c->region)))
        return fault_set(&cli->fault, ERR_CONFIG, "'%s' is not a region", c->region);
    c->host = http_client_host(c->endpoint);
    return OK;
}

/* A scheme, a host and a port, and nothing that a request would leave out or not be signed with. A
 * user's name may come with a password, which is not shown. */
static enum err check_endpoint(struct cli *cli, const char *endpoint)
{
    const char *host = strncmp(endpoint, "http://", 7) == 0    ? endpoint + 7
                       : strncmp(endpoint, "https://", 8) == 0 ? endpoint + 8
                                                               : NULL;
    size_t size = host == NULL ? 0 : strcspn(host, "/?#@ ");

    if (strchr(endpoint, '@') != NULL)
        return fault_set(&cli->fault, ERR_CONFIG,
                         "an endpoint has no user: the key is for --access-key-id and "
                         "AWS_SECRET_ACCESS_KEY");
    if (size == 0)
        return fault_set(&cli->fault, ERR_CONFIG, "'%s' is not an endpoint such as " ENDPOINT,
                         endpoint);
    if (host[size] != 0 && strcmp(host + size, "/") != 0)
        return fault_set(&cli->fault, ERR_CONFIG,
                         "'%s' is not an endpoint such as " ENDPOINT ": nothing follows the port",
                         endpoint);
    return OK;
}

void cli_client_close(struct cli *cli)
{
    if (cli->client == NULL)
        return;
    http_client_close(&cli->client->http);
    free(cli->client);
    cli->client = NULL;
}

static const char *first_of(const char *option, const char *const names[], const char *fallback)
{
    if (option != NULL)
        return option;
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != 0)
            return value;
    }
    return fallback;
}

enum err cli_call(struct cli *cli, const char *operation, struct bytes body, yyjson_val **reply)
{
    struct cli_client *c = cli->client;
    struct http_header headers[6];
    struct http_client_reply http;
    struct http_request request;
    struct buf text;
    struct fault fault;
    char date[SIGV4_DATE_SIZE];
    size_t count = 0;
    yyjson_doc *doc;
    enum err err;

    sigv4_date_format((uint64_t)time(NULL), date);
    headers[count++] = (struct http_header){BYTES("host"), c->host};
    headers[count++] =
        (struct http_header){BYTES("content-type"), BYTES("application/x-amz-json-1.0")};
    headers[count++] = (struct http_header){BYTES("x-amz-target"),
                                            arena_format(&cli->arena, TARGET "%s", operation)};
    headers[count++] = (struct http_header){BYTES("x-amz-date"), bytes_of_string(date)};
    if (c->token != NULL)
        headers[count++] =
            (struct http_header){BYTES("x-amz-security-token"), bytes_of_string(c->token)};
    request = (struct http_request){.method = BYTES("POST"),
                                    .path = BYTES("/"),
                                    .headers = headers,
                                    .header_count = count,
                                    .body_sent = body};
    headers[count++] = (struct http_header){
        BYTES("authorization"), sigv4_sign(&request, bytes_of_string(c->key_id),
                                           bytes_of_string(c->secret), bytes_of_string(c->region),
                                           BYTES("dynamodb"), bytes_of_string(date), &cli->arena)};
    fault_init(&fault, &cli->arena);
    buf_init_arena(&text, &cli->arena, REPLY_BYTES_MAX);
    err = http_client_send(c->http,
                           &(struct http_client_request){.method = "POST",
                                                         .url = c->endpoint,
                                                         .headers = headers,
                                                         .header_count = count,
                                                         .body = body,
                                                         .reply = &text,
                                                         .idle_ms_max = IDLE_MS_MAX,
                                                         .whole_ms_max = WHOLE_MS_MAX},
                           &cli->arena, &fault, &http);
    if (err != OK)
        return fault_set(&cli->fault, ERR_IO,
                         "cannot reach %s: %.*s; is the server running there? --endpoint names "
                         "another",
                         c->endpoint, BYTES_ARGS(fault.message));
    doc = read_document(cli, buf_bytes(&text));
    if (http.status != 200)
        return refused(cli, &http, yyjson_doc_get_root(doc));
    if (!yyjson_is_obj(yyjson_doc_get_root(doc)))
        return fault_set(&cli->fault, ERR_IO, "%s does not answer as a server of this API does",
                         c->endpoint);
    *reply = yyjson_doc_get_root(doc);
    return OK;
}

enum err cli_look(struct cli *cli, const char *operation, struct bytes body, yyjson_val **reply)
{
    uint64_t until_ms = clock_mono_ms() + AWAY_MS_MAX;
    enum err err;

    while ((err = cli_call(cli, operation, body, reply)) == ERR_IO || err == ERR_BUSY) {
        if (clock_mono_ms() >= until_ms)
            break;
        cli_progress(cli, cli->command,
                     err == ERR_BUSY ? BYTES("the server cannot tell now")
                                     : BYTES("the server does not answer"));
        cli_wait(cli);
    }
    return err;
}

/* What says nothing of what was asked for. */
static bool is_passing(unsigned status, struct bytes type)
{
    static const char *const throttles[] = {"ThrottlingException", "RequestLimitExceeded",
                                            "ProvisionedThroughputExceededException"};

    for (size_t i = 0; i < sizeof(throttles) / sizeof(throttles[0]); i++)
        if (bytes_equal_string(type, throttles[i]))
            return true;
    return status >= 500;
}

/* In the arena; NULL: it is none. */
static yyjson_doc *read_document(struct cli *cli, struct bytes text)
{
    size_t room = yyjson_read_max_memory_usage(text.size, 0);
    yyjson_alc memory;

    if (text.size == 0 || !yyjson_alc_pool_init(&memory, arena_alloc(&cli->arena, room), room))
        return NULL;
    return yyjson_read_opts((char *)(uintptr_t)text.data, text.size, 0, &memory, NULL);
}

static enum err refused(struct cli *cli, const struct http_client_reply *reply, yyjson_val *body)
{
    struct bytes type = cli_text(body, "__type"), message = cli_text(body, "message");
    const uint8_t *hash = type.size == 0 ? NULL : memchr(type.data, '#', type.size);

    if (message.size == 0)
        message = cli_text(body, "Message");
    if (hash != NULL)
        type = bytes_skip(type, (size_t)(hash - type.data) + 1);
    if (type.size == 0)
        return fault_set(&cli->fault, ERR_IO,
                         "%s answers with status %u, not as a server of this "
                         "API does",
                         cli->client->endpoint, reply->status);
    return fault_set(&cli->fault, is_passing(reply->status, type) ? ERR_BUSY : ERR_VALIDATION,
                     "%.*s: %.*s", BYTES_ARGS(type), BYTES_ARGS(message));
}

static yyjson_val *member(yyjson_val *from, const char *path)
{
    while (from != NULL && *path != 0) {
        size_t size = strcspn(path, ".");

        from = yyjson_obj_getn(from, path, size);
        path += size + (path[size] == '.');
    }
    return from;
}

struct bytes cli_text(yyjson_val *from, const char *path)
{
    yyjson_val *value = member(from, path);

    return yyjson_is_str(value) ? bytes_make(yyjson_get_str(value), yyjson_get_len(value))
                                : BYTES("");
}

uint64_t cli_number(yyjson_val *from, const char *path)
{
    return yyjson_get_uint(member(from, path));
}

const char *cli_string(struct cli *cli, struct bytes text)
{
    return (const char *)arena_copy(&cli->arena, text).data;
}
