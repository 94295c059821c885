/* policy.h - resource policies: is a document one, and in which form is it given back?
 * Documents are checked and brought into one form, in which equal policies are equal bytes. Whether
 * a policy allows a request is not decided yet.
 * Ownership: results are in the caller's arena.
 * Bounds:    POLICY_BYTES_MAX; the depth of a document is that of the language.
 * Source:    contract security.md 5.8, observed-control-plane.md 2 and 6, "Policy".
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define POLICY_BYTES_MAX 20480 /* as sent, white space included */

/* What a document is checked against. */
struct policy_place {
    struct bytes resource_arn;   /* to which it is attached */
    struct bytes owner_account;  /* 12 digits */
    struct bytes caller_arn;     /* who attaches it */
    bool may_lock_out;           /* the caller knows that it takes these permissions away */
    const struct bytes *actions; /* names without dynamodb: in front */
    size_t action_count;
};

/* ERR_VALIDATION, with the service's text. */
enum err policy_read(struct bytes text, const struct policy_place *place, struct arena *arena,
                     struct fault *fault, struct bytes *canonical) MUST_CHECK;

/* * is any text, ? any character. */
bool policy_matches(struct bytes pattern, struct bytes text);
