/* transfer_params.h - what the operations on exports and those on imports have in common: each of
 * both is a job with an ARN, <table ARN>/export/<id>, whose record is kept for 90 days.
 * Source: contract backup-export-import.md 5.1 and 6.1.
 */
#pragma once

#include "api/req.h"
#include "jobs/jobs.h"

#define TRANSFER_KEPT_MS (UINT64_C(90) * 24 * 3600 * 1000)

/* Exports or imports. */
struct transfer_kind {
    struct bytes job_kind; /* and in ARNs */
    const char *noun;      /* in messages: "Export" */
    enum err not_found;
};

/* The job that an ARN names. ERR_VALIDATION: it is no ARN of that kind; ERR_ACCESS_DENIED: of
 * another place; the kind's not_found: also of one that ended too long ago; ERR_WOULD_BLOCK. */
enum err transfer_params_find(struct req *req, const struct transfer_kind *kind, struct bytes arn,
                              struct job_record *job) MUST_CHECK;
/* The error of an ARN whose job is another one's, or is no more. */
enum err transfer_params_not_found(struct req *req, const struct transfer_kind *kind,
                                   struct bytes arn);

/* Whether the record of a job that is over is kept no longer. */
bool transfer_params_is_forgotten(struct bytes id, uint64_t now_ms);

/* All of the request's account and Region, or those that are at most so old; 0: of any age. */
struct job_query transfer_params_query(struct req *req, const struct transfer_kind *kind,
                                       uint64_t age_ms_max);
