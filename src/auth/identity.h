/* identity.h - who can sign requests: access keys and whom they belong to.
 * Today there is one identity, the account's root. An identity set is immutable and found by access
 * key id, so that users and roles can join it: a change makes a new set.
 * Ownership: a set owns its identities and copies what it is made from.
 * Threads:   any; nothing changes after creation.
 * Secrets:   secret_access_key is never logged and never part of a fault.
 */
#pragma once

#include "base/err.h"

struct identity {
    struct bytes access_key_id;
    struct bytes secret_access_key;
    struct bytes account; /* 12 digits */
    struct bytes arn;     /* arn:aws:iam::<account>:root */
};

struct identity_set;

/* The root of one account. Without an access key id (empty) nobody can be found, but the root is
 * still there to act as. */
struct identity_set *identity_set_create(struct bytes root_access_key_id,
                                         struct bytes root_secret_access_key, struct bytes account);
/* Overwrites the secrets. */
void identity_set_destroy(struct identity_set **set);

const struct identity *identity_root(const struct identity_set *set);

/* ERR_UNRECOGNIZED_CLIENT: nobody has that access key. */
enum err identity_find(const struct identity_set *set, struct bytes access_key_id,
                       struct fault *fault, const struct identity **identity) MUST_CHECK;

/* Whether the session token of a request (empty: none) belongs to the identity. Long-lived keys
 * have none, so any token is wrong: ERR_UNRECOGNIZED_CLIENT. */
enum err identity_check_session(const struct identity *identity, struct bytes session_token,
                                struct fault *fault) MUST_CHECK;
