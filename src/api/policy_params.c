/* policy_params.c - what policies may say of our actions and callers. */
#include "api/policy_params.h"

#include "auth/policy.h"
#include "base/clock.h"

/* Permissions that are not the names of operations. */
static const char *const further_actions[] = {
    "ConditionCheckItem",      "PartiQLSelect",         "PartiQLInsert",
    "PartiQLUpdate",           "PartiQLDelete",         "CreateTableReplica",
    "DeleteTableReplica",      "AssociateTableReplica", "ReadDataForReplication",
    "WriteDataForReplication", "ReplicateSettings",
};
#define FURTHER_COUNT (sizeof(further_actions) / sizeof(further_actions[0]))

enum err policy_params_read(struct req *req, struct bytes text, struct bytes resource_arn,
                            bool may_lock_out, struct bytes *canonical)
{
    struct bytes *actions = arena_new_array(req->arena, struct bytes, OP_COUNT + FURTHER_COUNT);
    struct policy_place place = {
        .resource_arn = resource_arn,
        .owner_account = req->place.account,
        .caller_arn = req->caller.identity->arn,
        .may_lock_out = may_lock_out,
        .actions = actions,
        .action_count = OP_COUNT + FURTHER_COUNT,
    };

    for (size_t i = 0; i < OP_COUNT; i++)
        actions[i] = ops[i].name;
    for (size_t i = 0; i < FURTHER_COUNT; i++)
        actions[OP_COUNT + i] = bytes_of_string(further_actions[i]);
    return policy_read(text, &place, req->arena, &req->fault, canonical);
}

uint64_t policy_params_revision(const struct table_policy *before)
{
    uint64_t now_ms = clock_wall_ms();

    return now_ms > before->revision_ms ? now_ms : before->revision_ms + 1;
}
