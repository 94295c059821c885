/* policy_params.h - resource policies of tables and streams, to the operations that attach them.
 * They are stored and given back. Nobody is allowed or denied anything by them yet: the only
 * identity there is, the account's root, may do everything.
 * Source: contract core-api-tables.md 9, security.md 5.8.
 */
#pragma once

#include "api/req.h"
#include "table/table.h"

/* A policy document for the resource of this ARN, in the form in which it is stored. */
enum err policy_params_read(struct req *req, struct bytes text, struct bytes resource_arn,
                            bool may_lock_out, struct bytes *canonical) MUST_CHECK;

/* The next revision of a policy. */
uint64_t policy_params_revision(const struct table_policy *before);
