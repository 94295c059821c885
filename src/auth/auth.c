/* auth.c - one request, all steps. */
#include "auth/auth.h"

#include "auth/sigv4.h"

static enum err verify(const struct auth *auth, const struct http_request *request,
                       const struct sigv4_claim *claim, uint64_t now_ms, struct arena *arena,
                       struct fault *fault, const struct identity **identity);

enum err auth_request(const struct auth *auth, const struct http_request *request, uint64_t now_ms,
                      struct arena *arena, struct fault *fault, struct auth_caller *caller)
{
    const struct identity *identity = identity_root(auth->identities);
    struct sigv4_claim claim;
    enum err err = sigv4_parse(request, arena, fault, &claim);

    if (err == OK && auth->mode == AUTH_KEYS)
        err = verify(auth, request, &claim, now_ms, arena, fault, &identity);
    if (err != OK)
        return err;
    caller->identity = identity;
    caller->access_key_id = claim.access_key_id;
    caller->region = sigv4_region_valid(claim.region) ? claim.region : BYTES("");
    return OK;
}

static enum err verify(const struct auth *auth, const struct http_request *request,
                       const struct sigv4_claim *claim, uint64_t now_ms, struct arena *arena,
                       struct fault *fault, const struct identity **identity)
{
    const struct sigv4_rules rules = {auth->service, now_ms, auth->skew_ms_max};
    const struct identity *found = NULL;
    enum err err = sigv4_check_scope(claim, &rules, fault);

    if (err == OK)
        err = identity_find(auth->identities, claim->access_key_id, fault, &found);
    if (err == OK)
        err = sigv4_verify(request, claim, found->secret_access_key, arena, fault);
    if (err == OK)
        err = identity_check_session(found, claim->session_token, fault);
    if (err == OK)
        *identity = found;
    return err;
}
