/* auth.h - who sent this request? The steps of contract table 1.4 in the contract's order:
 * presence, completeness, date, expiry, host signed, algorithm, credential shape, credential scope,
 * access key, signature, session token. What the caller may do is not decided here.
 * Ownership: a caller points into the request, its arena and the identity set.
 * Threads:   any; struct auth does not change while requests are served.
 * Cost:      about a microsecond and a half for a small signed request; a hash of the body for a
 *            large one (1 ms a megabyte), so that large bodies belong on a worker.
 */
#pragma once

#include "auth/identity.h"
#include "base/arena.h"
#include "base/err.h"
#include "net/http_server.h"

#define AUTH_SKEW_MS_MAX (15 * 60 * 1000)

enum auth_mode {
    AUTH_OPEN, /* a complete signature of any key; nothing is verified */
    AUTH_KEYS, /* the signature of a known key */
};

struct auth {
    enum auth_mode mode;
    const char *service; /* whose signatures are taken: "dynamodb" */
    const struct identity_set *identities;
    uint32_t skew_ms_max; /* AUTH_SKEW_MS_MAX */
};

struct auth_caller {
    const struct identity *identity; /* open: the root */
    struct bytes access_key_id;      /* as claimed; open: whatever it says, maybe empty */
    struct bytes region;             /* of the credential scope; open: empty if it has none */
};

/* now_ms: the wall clock. Faults with MISSING_AUTH_TOKEN, INCOMPLETE_SIGNATURE, INVALID_SIGNATURE
 * or UNRECOGNIZED_CLIENT. */
enum err auth_request(const struct auth *auth, const struct http_request *request, uint64_t now_ms,
                      struct arena *arena, struct fault *fault,
                      struct auth_caller *caller) MUST_CHECK;
