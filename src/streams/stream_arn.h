/* stream_arn.h - what the Streams operations share: which stream a request means.
 * Source: contract streams-kinesis-lambda.md 1.3 and 1.4.
 */
#pragma once

#include "api/req.h"
#include "table/stream.h"

/* The stream of that ARN, with its shards, in the request's arena. ERR_VALIDATION: not the ARN of a
 * stream; ERR_RESOURCE_NOT_FOUND: there is none of it, or not any more; ERR_WOULD_BLOCK. */
enum err stream_arn_find(struct req *req, struct bytes arn, struct stream *stream) MUST_CHECK;

/* The key of the stream that a member's ARN names, be it there or not. ERR_VALIDATION. */
enum err stream_arn_key(struct req *req, const char *member, struct bytes arn,
                        struct bytes *key) MUST_CHECK;
