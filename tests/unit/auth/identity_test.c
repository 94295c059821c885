/* identity_test.c - the root identity is found by its key and by nothing else. */
#include "auth/identity.h"
#include "base/arena.h"
#include "unit.h"

TEST(identity_root_is_found_by_its_access_key_id)
{
    char key[] = "AKIDEXAMPLE", secret[] = "abc/DEF", account[] = "123456789012";
    struct identity_set *set = identity_set_create(bytes_of_string(key), bytes_of_string(secret),
                                                   bytes_of_string(account));
    const struct identity *identity = NULL;
    struct arena arena;
    struct fault fault;

    memset(key, 'x', sizeof(key) - 1); /* the set has its own copies */
    memset(secret, 'x', sizeof(secret) - 1);
    memset(account, 'x', sizeof(account) - 1);
    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(identity_find(set, BYTES("AKIDEXAMPLE"), &fault, &identity));
    CHECK(identity == identity_root(set));
    CHECK_TEXT(identity->access_key_id, "AKIDEXAMPLE");
    CHECK_TEXT(identity->secret_access_key, "abc/DEF");
    CHECK_TEXT(identity->account, "123456789012");
    CHECK_TEXT(identity->arn, "arn:aws:iam::123456789012:root");
    identity_set_destroy(&set);
    CHECK(set == NULL);
    arena_fini(&arena);
}

TEST(identity_unknown_keys_and_tokens_have_two_texts)
{
    struct identity_set *set =
        identity_set_create(BYTES("AKIDEXAMPLE"), BYTES("secret"), BYTES("123456789012"));
    const struct identity *identity = NULL;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_ERR(identity_find(set, BYTES("AKIDEXAMPL"), &fault, &identity), ERR_UNRECOGNIZED_CLIENT);
    CHECK_TEXT(fault.message, "The security token included in the request is invalid.");
    CHECK(identity == NULL);
    CHECK_OK(identity_check_session(identity_root(set), BYTES(""), &fault));
    CHECK_ERR(identity_check_session(identity_root(set), BYTES("t"), &fault),
              ERR_UNRECOGNIZED_CLIENT);
    CHECK_TEXT(fault.message, "The security token included in the request is invalid");
    identity_set_destroy(&set);
    arena_fini(&arena);
}

TEST(identity_without_a_key_finds_nobody)
{
    struct identity_set *set = identity_set_create(BYTES(""), BYTES(""), BYTES("000000000000"));
    const struct identity *identity = NULL;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_ERR(identity_find(set, BYTES(""), &fault, &identity), ERR_UNRECOGNIZED_CLIENT);
    CHECK_TEXT(identity_root(set)->arn, "arn:aws:iam::000000000000:root");
    identity_set_destroy(&set);
    arena_fini(&arena);
}
