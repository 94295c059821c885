/* policy_check.c - what a statement may say: actions and resources that there can be, and nothing
 * that opens a table to everybody or shuts out who attaches it.
 */
#include "auth/policy_priv.h"

static enum err check_actions(struct policy_reader *r, yyjson_val *actions);
static enum err check_resources(struct policy_reader *r, yyjson_val *resources);
static enum err check_reach(struct policy_reader *r, const struct policy_statement *s);

enum err policy_check_statement(struct policy_reader *r, const struct policy_statement *s)
{
    enum err err = check_actions(r, s->action.value);

    if (err == OK)
        err = check_resources(r, s->resource.value);
    return err == OK ? check_reach(r, s) : err;
}

bool policy_matches(struct bytes pattern, struct bytes text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

    while (t < text.size) {
        if (p < pattern.size && pattern.data[p] == '*') {
            star = p++;
            from = t;
        } else if (p < pattern.size &&
                   (pattern.data[p] == '?' || pattern.data[p] == text.data[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*')
        p++;
    return p == pattern.size;
}

enum err policy_check_sids(struct policy_reader *r, yyjson_val *statements)
{
    for (size_t i = 0; i < yyjson_arr_size(statements); i++) {
        yyjson_val *a = yyjson_obj_get(yyjson_arr_get(statements, i), "Sid");

        for (size_t j = 0; a != NULL && j < i; j++)
            if (yyjson_equals(a, yyjson_obj_get(yyjson_arr_get(statements, j), "Sid")))
                return policy_refuse(r, "The Statement Ids in the policy are not unique");
    }
    return OK;
}

/* The name behind the service's prefix; without bytes: it is of another service. */
static struct bytes action_name(struct bytes action)
{
    struct bytes prefix = BYTES("dynamodb:");

    if (bytes_equal_string(action, "*"))
        return action;
    if (action.size <= prefix.size ||
        !bytes_equal_no_case(bytes_make(action.data, prefix.size), prefix))
        return (struct bytes){0};
    return bytes_skip(action, prefix.size);
}

static bool is_action(const struct policy_reader *r, struct bytes action)
{
    struct bytes name = action_name(action);

    for (size_t i = 0; name.data != NULL && i < r->place->action_count; i++)
        if (policy_matches(name, r->place->actions[i]))
            return true;
    return false;
}

static enum err check_actions(struct policy_reader *r, yyjson_val *actions)
{
    struct bytes wrong = BYTES("");

    for (size_t i = 0; i < policy_text_count(actions); i++) {
        struct bytes action = policy_text_of(policy_text_at(actions, i));

        if (!is_action(r, action))
            wrong = arena_format(r->arena, "%.*s%s%.*s", BYTES_ARGS(wrong),
                                 wrong.size != 0 ? ", " : "", BYTES_ARGS(action));
    }
    if (wrong.size == 0)
        return OK;
    return fault_set(r->fault, ERR_VALIDATION,
                     POLICY_INVALID_DOCUMENT "The following action names are invalid: %.*s",
                     BYTES_ARGS(wrong));
}

/* What is behind the fifth colon of an ARN; without bytes: it is none. */
static struct bytes relative_id(struct bytes arn)
{
    struct bytes rest = arn;

    for (unsigned i = 0; i < 5; i++) {
        const uint8_t *colon = rest.size == 0 ? NULL : memchr(rest.data, ':', rest.size);

        if (colon == NULL)
            return (struct bytes){0};
        rest = bytes_skip(rest, (size_t)(colon - rest.data) + 1);
    }
    return rest;
}

/* Any table, its indexes and its stream; whether there is such a one is not asked. */
static enum err check_resources(struct policy_reader *r, yyjson_val *resources)
{
    for (size_t i = 0; i < policy_text_count(resources); i++) {
        struct bytes arn = policy_text_of(policy_text_at(resources, i)), id = relative_id(arn);

        if (bytes_equal_string(arn, "*"))
            continue;
        if (id.data == NULL || !bytes_start_with(arn, BYTES("arn:")))
            return fault_set(r->fault, ERR_VALIDATION,
                             POLICY_INVALID_DOCUMENT
                             "Resource %.*s must be in ARN format or \"*\".",
                             BYTES_ARGS(arn));
        if (!bytes_equal_string(id, "*") &&
            (!bytes_start_with(id, BYTES("table/")) || id.size == strlen("table/")))
            return fault_set(r->fault, ERR_VALIDATION,
                             POLICY_INVALID_DOCUMENT "The relative-id %.*s is invalid for ARN %.*s",
                             BYTES_ARGS(id), BYTES_ARGS(arn));
    }
    return OK;
}

static bool any_matches(yyjson_val *patterns, struct bytes text)
{
    for (size_t i = 0; i < policy_text_count(patterns); i++)
        if (policy_matches(policy_text_of(policy_text_at(patterns, i)), text))
            return true;
    return false;
}

static bool names_everybody(const struct policy_element *principal)
{
    yyjson_val *aws = yyjson_obj_get(principal->value, "AWS");

    if (yyjson_equals_str(principal->value, "*"))
        return true;
    for (size_t i = 0; aws != NULL && i < policy_text_count(aws); i++)
        if (yyjson_equals_str(policy_text_at(aws, i), "*"))
            return true;
    return false;
}

/* The caller, or the account that the caller belongs to. */
static bool names_caller(const struct policy_reader *r, const struct policy_element *principal)
{
    struct bytes account = r->place->owner_account;
    struct bytes root = arena_format(r->arena, "arn:aws:iam::%.*s:root", BYTES_ARGS(account));
    yyjson_val *aws = yyjson_obj_get(principal->value, "AWS");
    bool named = names_everybody(principal);

    for (size_t i = 0; aws != NULL && i < policy_text_count(aws); i++) {
        struct bytes text = policy_text_of(policy_text_at(aws, i));

        named |= bytes_equal(text, account) || bytes_equal(text, root) ||
                 bytes_equal(text, r->place->caller_arn);
    }
    return named != principal->is_opposite;
}

static bool denies_action(const struct policy_statement *s, const char *action)
{
    bool named = false;

    for (size_t i = 0; i < policy_text_count(s->action.value); i++)
        named |= policy_matches(action_name(policy_text_of(policy_text_at(s->action.value, i))),
                                bytes_of_string(action));
    return named != s->action.is_opposite;
}

/* Allowed to everybody without a condition; or taken away from who attaches it. */
static enum err check_reach(struct policy_reader *r, const struct policy_statement *s)
{
    bool conditional = yyjson_obj_size(s->condition) != 0;

    if (conditional)
        return OK;
    if (s->allows && (s->principal.is_opposite || names_everybody(&s->principal)))
        return fault_set(r->fault, ERR_VALIDATION,
                         "Resource-based policy grants unbounded access in one or more elements. "
                         "Please revise the policy to ensure least-privilege form of access");
    if (!s->allows && !r->place->may_lock_out && names_caller(r, &s->principal) &&
        any_matches(s->resource.value, r->place->resource_arn) != s->resource.is_opposite &&
        (denies_action(s, "PutResourcePolicy") || denies_action(s, "DeleteResourcePolicy")))
        return fault_set(r->fault, ERR_VALIDATION,
                         POLICY_INVALID
                         "The policy would take away the caller's own permission to change "
                         "it. Set ConfirmRemoveSelfResourceAccess to attach it anyway");
    return OK;
}
