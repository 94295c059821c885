/* resource_params.c - which table or stream an ARN names.
 *   table/<name>                  a table
 *   table/<name>/stream/<label>   a stream
 *   table/<name>/index/<name>     an index, which neither tags nor policies are attached to
 *   table/<name>/backup/<id>      and others: no resources of these operations
 */
#include "api/resource_params.h"

#include "api/table_params.h"

static struct bytes take_step(struct bytes *path);

enum err resource_params_read(struct req *req, struct bytes text, const char *elsewhere,
                              struct resource *resource)
{
    struct resource read = {.arn = text};
    struct bytes path, root, kind;
    struct input_arn arn = {0};
    bool whole = input_arn_split(text, &arn);

    if (!bytes_start_with(text, BYTES("arn:")))
        return req_fail(req, ERR_VALIDATION, TABLE_INVALID "ARNs must start with 'arn:': %.*s",
                        BYTES_ARGS(text));
    path = arn.resource;
    root = take_step(&path);
    read.table = take_step(&path);
    kind = take_step(&path);
    if (whole &&
        (!bytes_equal_string(arn.service, "dynamodb") || !bytes_equal_string(root, "table") ||
         (kind.data != NULL && !bytes_equal_string(kind, "index") &&
          !bytes_equal_string(kind, "stream"))))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Provided Arn is not a DynamoDB resource arn: %.*s",
                        BYTES_ARGS(text));
    if (bytes_equal_string(kind, "index"))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Invalid resource arn provided, only table or stream is "
                                      "accepted. Provided resource arn: %.*s",
                        BYTES_ARGS(text));
    if (!whole || !bytes_equal(arn.partition, req->place.partition) ||
        !bytes_equal(arn.region, req->place.region) || !input_is_table_name(read.table) ||
        (kind.data != NULL && path.size == 0))
        return req_fail(req, ERR_VALIDATION, "%s%.*s", elsewhere, BYTES_ARGS(text));
    if (!bytes_equal(arn.account, req->place.account))
        return req_fail(req, ERR_ACCESS_DENIED, "Access is denied");
    if (kind.data != NULL)
        read.stream = path;
    *resource = read;
    return OK;
}

/* What is before the next slash. Without bytes: the path has ended. */
static struct bytes take_step(struct bytes *path)
{
    struct bytes step = *path;
    const uint8_t *slash = step.size == 0 ? NULL : memchr(step.data, '/', step.size);

    if (slash == NULL) {
        *path = (struct bytes){0};
        return step;
    }
    step.size = (size_t)(slash - step.data);
    *path = bytes_skip(*path, step.size + 1);
    return step;
}
