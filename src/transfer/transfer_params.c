/* transfer_params.c - exports and imports by their ARNs, and those of the last 90 days. */
#include "transfer/transfer_params.h"

#include "base/clock.h"

enum err transfer_params_find(struct req *req, const struct transfer_kind *kind, struct bytes arn,
                              struct job_record *job)
{
    struct input_resource named;
    struct job_name name = {
        .account = req->place.account,
        .region = req->place.region,
        .kind = kind->job_kind,
    };
    uint64_t ms;
    enum err err;

    if (!input_part_arn(arn, (const char *)kind->job_kind.data, &named) ||
        !job_id_read(named.label, &ms))
        return req_fail(req, ERR_VALIDATION, "Invalid %s ARN", kind->noun);
    if (!input_arn_is_here(&named.arn, &req->place))
        return req_fail(req, ERR_ACCESS_DENIED, "Access is denied");
    name.id = named.label;
    err = jobs_find(req->api->jobs, &name, req->may_wait, req->arena, job);
    if (err == ERR_ABSENT || (err == OK && transfer_params_is_forgotten(name.id, clock_wall_ms())))
        return transfer_params_not_found(req, kind, arn);
    return err;
}

enum err transfer_params_not_found(struct req *req, const struct transfer_kind *kind,
                                   struct bytes arn)
{
    return req_fail(req, kind->not_found, "%s not found: %.*s", kind->noun, BYTES_ARGS(arn));
}

bool transfer_params_is_forgotten(struct bytes id, uint64_t now_ms)
{
    uint64_t ms;

    return job_id_read(id, &ms) && ms + TRANSFER_KEPT_MS < now_ms;
}

struct job_query transfer_params_query(struct req *req, const struct transfer_kind *kind,
                                       uint64_t age_ms_max)
{
    struct job_query query = {
        .account = req->place.account,
        .region = req->place.region,
        .kind = kind->job_kind,
    };
    char oldest[JOB_ID_SIZE];

    if (age_ms_max != 0) {
        job_id_make(clock_wall_ms() - age_ms_max, oldest);
        query.after = arena_copy(req->arena, bytes_of_string(oldest));
    }
    return query;
}
