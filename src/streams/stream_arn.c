/* stream_arn.c - arn:<partition>:dynamodb:<region>:<account>:table/<name>/stream/<label> */
#include "streams/stream_arn.h"

#include <time.h>

/* 2026-01-31T12:00:00.123 */
static const char label_shape[] = "####-##-##T##:##:##.###";

static bool read_label(struct bytes text, uint64_t *label_ms);

enum err stream_arn_key(struct req *req, const char *member, struct bytes arn, struct bytes *key)
{
    struct input_resource named;
    uint64_t label_ms;

    if (!input_part_arn(arn, "stream", &named) ||
        !bytes_equal_string(named.arn.service, "dynamodb") || !read_label(named.label, &label_ms))
        return req_fail(req, ERR_VALIDATION, "Invalid %s", member);
    *key = stream_key(named.arn.account, named.arn.region, named.table, label_ms, req->arena);
    return OK;
}

enum err stream_arn_find(struct req *req, struct bytes arn, struct stream *stream)
{
    struct bytes key;
    enum err err = stream_arn_key(req, "StreamArn", arn, &key);

    if (err == OK)
        err = stream_find(req->api->store, key, req->may_wait, req->arena, stream);
    /* A label has one form only, and an ARN one partition. */
    if (err == ERR_ABSENT ||
        (err == OK && !bytes_equal(arn, table_stream_arn(&stream->table, req->arena))))
        return req_fail(req, ERR_RESOURCE_NOT_FOUND,
                        "Requested resource not found: Stream: %.*s not found", BYTES_ARGS(arn));
    return err;
}

static int number(struct bytes digits, size_t at, size_t count)
{
    int value = 0;

    for (size_t i = at; i < at + count; i++)
        value = value * 10 + digits.data[i] - '0';
    return value;
}

/* Days and hours beyond their ranges mean some other time, at which no stream began. */
static bool read_label(struct bytes text, uint64_t *label_ms)
{
    struct tm utc = {0};
    time_t seconds;

    if (text.size != sizeof(label_shape) - 1)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (label_shape[i] == '#' ? text.data[i] < '0' || text.data[i] > '9'
                                  : text.data[i] != label_shape[i])
            return false;
    utc.tm_year = number(text, 0, 4) - 1900;
    utc.tm_mon = number(text, 5, 2) - 1;
    utc.tm_mday = number(text, 8, 2);
    utc.tm_hour = number(text, 11, 2);
    utc.tm_min = number(text, 14, 2);
    utc.tm_sec = number(text, 17, 2);
    seconds = timegm(&utc);
    if (seconds <= 0)
        seconds = 1; /* a time of no stream */
    *label_ms = (uint64_t)seconds * 1000 + (uint64_t)number(text, 20, 3);
    return true;
}
