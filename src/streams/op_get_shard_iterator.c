/* op_get_shard_iterator.c - GetShardIterator: where to begin to read a shard. Contract
 * streams-kinesis-lambda.md 1.2, 1.3 and 1.6.
 */
#include "api/item_params.h"
#include "base/clock.h"
#include "streams/shard_text.h"
#include "streams/stream_arn.h"
#include "table/catalog.h"
#include "table/journal_cut.h"

static enum err check_members(struct req *req, struct bytes type);
static enum err read_place(struct req *req, struct bytes type, const struct stream_shard *shard,
                           struct shard_iterator *iterator);

enum err op_get_shard_iterator(struct req *req)
{
    struct shard_iterator iterator = {.issued_ms = clock_wall_ms()};
    const struct stream_shard *shard = NULL;
    struct bytes type, shard_id;
    struct stream stream;
    enum err err;

    input_string(req->input, "ShardIteratorType", &type);
    input_string(req->input, "ShardId", &shard_id);
    input_string(req->input, "StreamArn", &iterator.stream_arn);
    err = check_members(req, type);
    if (err == OK)
        err = stream_arn_find(req, iterator.stream_arn, &stream);
    if (err != OK)
        return err;
    shard = shard_find(&stream, shard_id);
    if (shard == NULL)
        return req_fail(req, ERR_RESOURCE_NOT_FOUND,
                        "Requested resource not found: Shard does not exist");
    iterator.table_id = stream.table.id;
    iterator.lane = shard->lanes.first;
    iterator.shard_begin = shard->begin;
    err = read_place(req, type, shard, &iterator);
    if (err != OK)
        return err;
    buf_append_lit(req->reply, "{\"ShardIterator\":\"");
    shard_iterator_append(req->reply, &iterator, catalog_hash_key(req->api->catalog));
    buf_append_lit(req->reply, "\"}");
    return OK;
}

static enum err check_members(struct req *req, struct bytes type)
{
    bool by_number = bytes_equal_string(type, "AT_SEQUENCE_NUMBER") ||
                     bytes_equal_string(type, "AFTER_SEQUENCE_NUMBER");
    bool by_time = bytes_equal_string(type, "AT_TIMESTAMP");

    if (by_number != (input_member(req->input, "SequenceNumber") != NULL))
        return req_fail(req, ERR_VALIDATION,
                        "One or more parameter values were invalid: SequenceNumber must %sbe "
                        "specified for ShardIteratorType %.*s",
                        by_number ? "" : "not ", BYTES_ARGS(type));
    if (by_time != (input_member(req->input, "Timestamp") != NULL))
        return req_fail(req, ERR_VALIDATION,
                        "One or more parameter values were invalid: Timestamp must %sbe specified "
                        "for ShardIteratorType %.*s",
                        by_time ? "" : "not ", BYTES_ARGS(type));
    return OK;
}

/* A number that no change has means the next one that there is. */
static enum err read_number(struct req *req, const struct stream_shard *shard, bool after,
                            struct journal_place *at)
{
    struct journal_place place;
    struct bytes number;

    input_string(req->input, "SequenceNumber", &number);
    if (!sequence_number_read(number, &place) || place.version < shard->begin ||
        (shard->end != 0 && journal_place_is_before(shard_last(shard), place)))
        return req_fail(req, ERR_VALIDATION,
                        "Invalid SequenceNumber: it is not in the range of the shard");
    if (place.version <
        journal_cut_horizon(catalog_journal_cut(req->api->catalog), clock_wall_ms()))
        return req_fail(req, ERR_TRIMMED_DATA_ACCESS,
                        "The data you are trying to access has been trimmed");
    if (after && place.ordinal < UINT16_MAX)
        place.ordinal++;
    else if (after)
        place = (struct journal_place){.version = place.version + 1};
    *at = place;
    return OK;
}

static enum err read_place(struct req *req, struct bytes type, const struct stream_shard *shard,
                           struct shard_iterator *iterator)
{
    iterator->kind = SHARD_ITERATOR_AT;
    iterator->at = shard_first(shard);
    if (bytes_equal_string(type, "AT_SEQUENCE_NUMBER"))
        return read_number(req, shard, false, &iterator->at);
    if (bytes_equal_string(type, "AFTER_SEQUENCE_NUMBER"))
        return read_number(req, shard, true, &iterator->at);
    if (bytes_equal_string(type, "TRIM_HORIZON")) {
        iterator->kind = SHARD_ITERATOR_HORIZON;
    } else if (bytes_equal_string(type, "AT_TIMESTAMP")) {
        double seconds = yyjson_get_num(input_member(req->input, "Timestamp"));
        uint64_t ms = seconds <= 0      ? 0
                      : seconds >= 1e11 ? UINT64_C(100000000000000)
                                        : (uint64_t)(seconds * 1000);

        if (ms << 16 > shard->begin)
            iterator->at = (struct journal_place){.version = ms << 16};
        else
            iterator->kind = SHARD_ITERATOR_HORIZON;
    } else { /* LATEST: behind what is acknowledged */
        uint64_t next = store_version(req->api->store) + 1;

        if (next > shard->begin) /* the shard may have begun before that is published */
            iterator->at = (struct journal_place){.version = next};
    }
    return OK;
}
