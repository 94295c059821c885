/* op_resource_policy.c - PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy.
 * Contract core-api-tables.md 9, security.md 5.8. A policy is attached to a table, for its indexes
 * too, or to its latest stream.
 */
#include "api/policy_params.h"
#include "api/reply.h"
#include "api/resource_params.h"
#include "api/table_params.h"
#include "base/clock.h"

static enum err read_resource(struct req *req, struct resource *resource);
static enum err find(struct req *req, const struct resource *resource, struct table **table,
                     const struct table_policy **policy);
static enum err find_to_change(struct req *req, const struct resource *resource,
                               struct table **table, const struct table_policy **policy);
static enum err check_revision(struct req *req, const struct table_policy *policy);
static enum err publish(struct req *req, const struct table *table, bool of_stream,
                        struct table_policy policy);
static void reply_revision(struct req *req, uint64_t revision_ms);

static enum err put(struct req *req, const struct resource *resource, struct bytes text)
{
    const struct table_policy *before;
    struct table *table;
    enum err err = find_to_change(req, resource, &table, &before);
    struct table_policy next = {.text = text};

    if (err == OK)
        err = check_revision(req, before);
    if (err != OK)
        return err;
    next.revision_ms = before->revision_ms;
    if (!bytes_equal(before->text, text)) {
        next.revision_ms = policy_params_revision(before);
        err = publish(req, table, resource->stream.data != NULL, next);
    }
    if (err == OK)
        reply_revision(req, next.revision_ms);
    return err;
}

enum err op_put_resource_policy(struct req *req)
{
    bool confirmed = input_bool(req->input, "ConfirmRemoveSelfResourceAccess", false);
    struct bytes text = {0}, canonical;
    struct resource resource;
    enum err err = read_resource(req, &resource);

    if (err != OK)
        return err;
    input_string(req->input, "Policy", &text);
    err = policy_params_read(req, text, resource.arn, confirmed, &canonical);
    return err == OK ? put(req, &resource, canonical) : err;
}

enum err op_get_resource_policy(struct req *req)
{
    const struct table_policy *policy;
    struct resource resource;
    struct table *table;
    enum err err = read_resource(req, &resource);

    if (err == OK)
        err = find(req, &resource, &table, &policy);
    if (err != OK)
        return err;
    if (policy->text.size == 0)
        return req_fail(req, ERR_POLICY_NOT_FOUND,
                        "Resource-based policy not found for the provided ResourceArn: %.*s",
                        BYTES_ARGS(resource.arn));
    buf_append_byte(req->reply, '{');
    reply_string(req->reply, "Policy", policy->text);
    buf_append_format(req->reply, ",\"RevisionId\":\"%llu\"}",
                      (unsigned long long)policy->revision_ms);
    return OK;
}

static enum err delete_policy(struct req *req, const struct resource *resource)
{
    const struct table_policy *before;
    struct table *table;
    enum err err = find_to_change(req, resource, &table, &before);
    struct table_policy none = {.text = BYTES("")};

    if (err == OK)
        err = check_revision(req, before);
    if (err != OK)
        return err;
    if (before->text.size == 0) {
        buf_append_lit(req->reply, "{}");
        return OK;
    }
    none.revision_ms = before->revision_ms; /* the next policy's is another */
    reply_revision(req, before->revision_ms);
    return publish(req, table, resource->stream.data != NULL, none);
}

enum err op_delete_resource_policy(struct req *req)
{
    struct resource resource;
    enum err err = read_resource(req, &resource);

    return err == OK ? delete_policy(req, &resource) : err;
}

/* --- the resource ---------------------------------------------------------------------------- */

static enum err read_resource(struct req *req, struct resource *resource)
{
    struct bytes arn = {0};

    input_string(req->input, "ResourceArn", &arn);
    return resource_params_read(req, arn, TABLE_INVALID "Invalid resource Arn: ", resource);
}

/* The table, held until the reply, and the policy of it or of its stream. */
static enum err find(struct req *req, const struct resource *resource, struct table **table,
                     const struct table_policy **policy)
{
    struct table *found =
        catalog_acquire(req->api->catalog, req->place.account, req->place.region, resource->table);
    const struct table_definition *d;

    if (found != NULL && table_status_now(found, clock_wall_ms()) == TABLE_CREATING)
        table_release(&found);
    if (found == NULL)
        return req_fail(req, ERR_RESOURCE_NOT_FOUND,
                        "Requested resource not found: Table: %.*s not found",
                        BYTES_ARGS(resource->table));
    req_take_table(req, found);
    d = &found->definition;
    if (resource->stream.data != NULL &&
        (d->stream.label_ms == 0 ||
         !bytes_equal(resource->stream, table_stream_label(d, req->arena))))
        return req_fail(req, ERR_RESOURCE_NOT_FOUND,
                        "Requested resource not found: Stream: %.*s not found for Table: %.*s",
                        BYTES_ARGS(resource->stream), BYTES_ARGS(resource->table));
    *table = found;
    *policy = resource->stream.data != NULL ? &d->stream_policy : &d->policy;
    return OK;
}

static enum err find_to_change(struct req *req, const struct resource *resource,
                               struct table **table, const struct table_policy **policy)
{
    enum err err = find(req, resource, table, policy);

    if (err == OK && table_status_now(*table, clock_wall_ms()) == TABLE_DELETING)
        return req_fail(req, ERR_RESOURCE_IN_USE, TABLE_IN_USE "Table is being deleted: %.*s",
                        BYTES_ARGS(resource->table));
    return err;
}

/* NO_POLICY is the revision of there being none. */
static enum err check_revision(struct req *req, const struct table_policy *policy)
{
    struct bytes expected, revision = BYTES("NO_POLICY");

    if (!input_string(req->input, "ExpectedRevisionId", &expected))
        return OK;
    if (policy->text.size != 0)
        revision = arena_format(req->arena, "%llu", (unsigned long long)policy->revision_ms);
    if (bytes_equal(expected, revision))
        return OK;
    return req_fail(req, ERR_POLICY_NOT_FOUND,
                    "The expected revision id %.*s did not match the revision id of the policy",
                    BYTES_ARGS(expected));
}

/* Makes it the table's or the stream's. */
static enum err publish(struct req *req, const struct table *table, bool of_stream,
                        struct table_policy policy)
{
    struct table_definition next = table->definition;
    struct table *published;

    if (of_stream)
        next.stream_policy = policy;
    else
        next.policy = policy;
    return req_publish(req, &next, &published);
}

static void reply_revision(struct req *req, uint64_t revision_ms)
{
    buf_append_format(req->reply, "{\"RevisionId\":\"%llu\"}", (unsigned long long)revision_ms);
}
