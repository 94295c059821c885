/* resource_params.h - what a ResourceArn means, to the operations that take nothing else.
 * Source: contract core-api-tables.md 7 and 9, observed-control-plane.md 2, "ARNs".
 */
#pragma once

#include "api/req.h"

struct resource {
    struct bytes arn;    /* as sent */
    struct bytes table;  /* a name of the right form; whether there is such a table is not asked */
    struct bytes stream; /* the label, of the ARN of a stream; without bytes: it is the table's */
};

/* ERR_VALIDATION: no ARN, not one of a table or stream, or of another Region (`elsewhere` begins
 * the message of that); ERR_ACCESS_DENIED: of another account. */
enum err resource_params_read(struct req *req, struct bytes arn, const char *elsewhere,
                              struct resource *resource) MUST_CHECK;
