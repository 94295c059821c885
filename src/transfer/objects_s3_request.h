/* objects_s3_request.h - one S3 request: where it goes, its signature, again if it failed. */
#pragma once

#include "net/http_client.h"
#include "transfer/objects_priv.h"

#define S3_HEADERS_MAX 12

struct s3;

struct s3_request {
    const char *method;
    struct bytes key;   /* empty: the bucket itself */
    struct bytes query; /* encoded */
    struct http_header headers[S3_HEADERS_MAX];
    size_t header_count;
    struct bytes body;
    struct buf *reply; /* emptied before each try */
};

struct s3_reply {
    struct http_client_reply http;
    unsigned tries;
};

enum err s3_open(const struct objects_options *options, struct fault *fault, struct s3 **s3);
void s3_close(struct s3 **s3);

/* Sends it until it is answered with 2xx, fails for good, or the time for that is over. The call's
 * code and message say why it failed. */
enum err s3_send(struct s3 *s3, struct objects_call *call, const struct s3_request *request,
                 struct s3_reply *reply) MUST_CHECK;

/* The same once, for a few seconds at most: for what need not succeed. */
enum err s3_try(struct s3 *s3, struct objects_call *call, const struct s3_request *request,
                struct s3_reply *reply) MUST_CHECK;

void s3_add_header(struct s3_request *request, const char *name, struct bytes value);

/* name=value for a query, encoded, in the arena. */
struct bytes s3_parameter(const char *name, struct bytes value, struct arena *arena);

/* Where a bucket and key are; path and host for the signature. Pure, for tests. */
struct s3_place {
    struct bytes host; /* with a port that is not the scheme's own */
    struct bytes path; /* encoded */
    struct bytes url;
};
struct s3_place s3_place_of(const struct s3 *s3, struct bytes bucket, struct bytes key,
                            struct bytes query, struct arena *arena);
