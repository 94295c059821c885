/* fuzz_policy.c - any text as a resource policy. What is accepted reads back as it is given back;
 * what is refused is refused in words.
 */
#include "auth/policy.h"
#include "base/assert.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct bytes actions[] = {BYTES("GetItem"), BYTES("PutResourcePolicy")};
    struct policy_place place = {
        .resource_arn = BYTES("arn:aws:dynamodb:us-east-1:123456789012:table/Music"),
        .owner_account = BYTES("123456789012"),
        .caller_arn = BYTES("arn:aws:iam::123456789012:root"),
        .actions = actions,
        .action_count = sizeof(actions) / sizeof(actions[0]),
    };
    struct bytes canonical, again;
    struct arena arena;
    struct fault fault;
    enum err err;

    arena_init(&arena);
    fault_init(&fault, &arena);
    err = policy_read(bytes_make(data, size), &place, &arena, &fault, &canonical);
    ASSERT(err == OK || (err == ERR_VALIDATION && fault.message.size != 0));
    if (err == OK && canonical.size <= POLICY_BYTES_MAX) {
        err = policy_read(canonical, &place, &arena, &fault, &again);
        ASSERT(err == OK);
        ASSERT(bytes_equal(canonical, again));
    }
    arena_fini(&arena);
    return 0;
}
