/* identity.c - the identity set. Messages: core API contract, 1.4. */
#include "auth/identity.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/mem.h"

#include <openssl/crypto.h>
#include <stdlib.h>

struct identity_set {
    struct arena arena;
    struct identity root;
};

struct identity_set *identity_set_create(struct bytes root_access_key_id,
                                         struct bytes root_secret_access_key, struct bytes account)
{
    struct identity_set *set = mem_zalloc(sizeof(*set));

    ASSERT(account.size == 12);
    arena_init(&set->arena);
    set->root.access_key_id = arena_copy(&set->arena, root_access_key_id);
    set->root.secret_access_key = arena_copy(&set->arena, root_secret_access_key);
    set->root.account = arena_copy(&set->arena, account);
    set->root.arn = arena_format(&set->arena, "arn:aws:iam::%.*s:root", BYTES_ARGS(account));
    return set;
}

void identity_set_destroy(struct identity_set **set)
{
    struct bytes secret;

    if (*set == NULL)
        return;
    secret = (*set)->root.secret_access_key;
    OPENSSL_cleanse((void *)(uintptr_t)secret.data, secret.size); /* our own copy, in the arena */
    arena_fini(&(*set)->arena);
    free(*set);
    *set = NULL;
}

const struct identity *identity_root(const struct identity_set *set)
{
    return &set->root;
}

enum err identity_find(const struct identity_set *set, struct bytes access_key_id,
                       struct fault *fault, const struct identity **identity)
{
    /* Access key ids are public, so the comparison need not hide anything. */
    if (access_key_id.size == 0 || !bytes_equal(access_key_id, set->root.access_key_id))
        return fault_set(fault, ERR_UNRECOGNIZED_CLIENT,
                         "The security token included in the request is invalid.");
    *identity = &set->root;
    return OK;
}

enum err identity_check_session(const struct identity *identity, struct bytes session_token,
                                struct fault *fault)
{
    (void)identity; /* none of today's kinds has sessions */
    if (session_token.size == 0)
        return OK;
    /* No full stop here, unlike for an unknown key: the service's two texts differ. */
    return fault_set(fault, ERR_UNRECOGNIZED_CLIENT,
                     "The security token included in the request is invalid");
}
