/* policy.c - a policy document is read into a canonical one, element by element; what it says is
 * looked at on the way.
 *   {"Version": date, "Id": text, "Statement": [
 *     {"Sid": text, "Effect": "Allow" or "Deny", "Principal": "*" or {"AWS": texts, ...},
 *      "Action": texts, "Resource": texts, "Condition": {operator: {key: texts}}}]}
 * Texts are one or a list; a list of one becomes the one. Principal, Action and Resource have a Not
 * form. The order of members is the one above.
 */
#include "auth/policy.h"

#include <stdlib.h>
#include <strings.h>
#include <yyjson.h>

#define INVALID        "One or more parameter values were invalid: "
#define INVALID_POLICY INVALID "Invalid policy document: "
#define OLD_VERSION    "2008-10-17" /* of a document that names none */
#define ACCOUNT_DIGITS 12

struct reader {
    const struct policy_place *place;
    struct arena *arena;
    struct fault *fault;
    yyjson_doc *in;
    yyjson_mut_doc *out;
};

/* One of the elements of a statement that list texts. */
struct element {
    const char *name, *opposite;
    yyjson_val *key, *value; /* of whichever is there */
    bool is_opposite;
};

struct statement {
    bool allows;
    yyjson_val *condition;
    struct element principal, action, resource;
};

static enum err read_document(struct reader *r, yyjson_val *root);
static enum err read_statement(struct reader *r, yyjson_val *in, yyjson_mut_val *out);
static enum err find_elements(struct reader *r, yyjson_val *in, struct statement *s);
static enum err copy_texts(struct reader *r, const struct element *e, yyjson_mut_val **out);
static enum err copy_principal(struct reader *r, const struct element *e, yyjson_mut_val **out);
static enum err copy_condition(struct reader *r, yyjson_val *in, yyjson_mut_val **out);
static enum err check_sids(struct reader *r, yyjson_val *statements);
static enum err check_actions(struct reader *r, yyjson_val *actions);
static enum err check_resources(struct reader *r, yyjson_val *resources);
static enum err check_reach(struct reader *r, const struct statement *s);

enum err policy_read(struct bytes text, const struct policy_place *place, struct arena *arena,
                     struct fault *fault, struct bytes *canonical)
{
    struct reader r = {.place = place, .arena = arena, .fault = fault};
    enum err err;

    if (text.size > POLICY_BYTES_MAX)
        return fault_set(fault, ERR_VALIDATION, INVALID "Maximum policy size of %d bytes exceeded",
                         POLICY_BYTES_MAX);
    r.in = yyjson_read((const char *)text.data, text.size, 0);
    if (r.in == NULL)
        return fault_set(fault, ERR_VALIDATION, INVALID_POLICY "This policy contains invalid Json");
    r.out = yyjson_mut_doc_new(NULL);
    err = read_document(&r, yyjson_doc_get_root(r.in));
    if (err == OK) {
        size_t size;
        char *json = yyjson_mut_write(r.out, 0, &size);

        *canonical = arena_copy(arena, bytes_make(json, size));
        free(json);
    }
    yyjson_mut_doc_free(r.out);
    yyjson_doc_free(r.in);
    return err;
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

/* --- reading --------------------------------------------------------------------------------- */

static struct bytes text_of(yyjson_val *value)
{
    return bytes_make(yyjson_get_str(value), yyjson_get_len(value));
}

/* Where a name stands: yyjson keeps texts where they stood in its copy of the document. */
static enum err refuse_syntax(struct reader *r, yyjson_val *key)
{
    unsigned row = 1, column = 1;

    if (yyjson_is_str(key))
        for (const char *at = r->in->str_pool; at != NULL && at < yyjson_get_str(key); at++) {
            row += *at == '\n';
            column = *at == '\n' ? 1 : column + 1;
        }
    return fault_set(r->fault, ERR_VALIDATION, INVALID_POLICY "Syntax error at position (%u,%u)",
                     row, column);
}

static enum err refuse(struct reader *r, const char *why)
{
    return fault_set(r->fault, ERR_VALIDATION, INVALID_POLICY "%s", why);
}

static enum err read_document(struct reader *r, yyjson_val *root)
{
    yyjson_val *version = yyjson_obj_get(root, "Version"), *id = yyjson_obj_get(root, "Id");
    yyjson_val *statements = yyjson_obj_get(root, "Statement"), *key;
    yyjson_mut_val *out = yyjson_mut_obj(r->out), *list;
    yyjson_obj_iter names = yyjson_obj_iter_with(root);
    size_t count = yyjson_is_arr(statements) ? yyjson_arr_size(statements) : 1;
    enum err err = OK;

    if (!yyjson_is_obj(root) || statements == NULL)
        return refuse(r, "This text appears not to be a policy");
    while ((key = yyjson_obj_iter_next(&names)) != NULL) {
        yyjson_val *value = yyjson_obj_iter_get_val(key);
        bool good = value == version ? yyjson_equals_str(value, "2012-10-17") ||
                                           yyjson_equals_str(value, OLD_VERSION)
                    : value == id         ? yyjson_is_str(value)
                    : value == statements ? yyjson_is_arr(value) || yyjson_is_obj(value)
                                          : false;

        if (!good)
            return refuse_syntax(r, key);
    }
    if (count == 0)
        return refuse(r, "Could not parse the policy: Statement is empty!");
    yyjson_mut_doc_set_root(r->out, out);
    yyjson_mut_obj_add_strcpy(r->out, out, "Version",
                              version != NULL ? yyjson_get_str(version) : OLD_VERSION);
    if (id != NULL)
        yyjson_mut_obj_add_val(r->out, out, "Id", yyjson_val_mut_copy(r->out, id));
    list = yyjson_mut_obj_add_arr(r->out, out, "Statement");
    for (size_t i = 0; err == OK && i < count; i++)
        err = read_statement(r,
                             yyjson_is_arr(statements) ? yyjson_arr_get(statements, i) : statements,
                             yyjson_mut_arr_add_obj(r->out, list));
    return err == OK ? check_sids(r, statements) : err;
}

static enum err read_statement(struct reader *r, yyjson_val *in, yyjson_mut_val *out)
{
    yyjson_val *sid = yyjson_obj_get(in, "Sid");
    struct statement s = {
        .principal = {"Principal", "NotPrincipal", NULL, NULL, false},
        .action = {"Action", "NotAction", NULL, NULL, false},
        .resource = {"Resource", "NotResource", NULL, NULL, false},
    };
    const struct element *lists[] = {&s.action, &s.resource};
    yyjson_mut_val *copy = NULL;
    enum err err = find_elements(r, in, &s);

    if (err != OK)
        return err;
    if (sid != NULL)
        yyjson_mut_obj_add_val(r->out, out, "Sid", yyjson_val_mut_copy(r->out, sid));
    yyjson_mut_obj_add_str(r->out, out, "Effect", s.allows ? "Allow" : "Deny");
    err = copy_principal(r, &s.principal, &copy);
    if (err != OK)
        return err;
    yyjson_mut_obj_add_val(r->out, out,
                           s.principal.is_opposite ? s.principal.opposite : s.principal.name, copy);
    for (size_t i = 0; i < 2; i++) {
        err = copy_texts(r, lists[i], &copy);
        if (err != OK)
            return err;
        yyjson_mut_obj_add_val(r->out, out,
                               lists[i]->is_opposite ? lists[i]->opposite : lists[i]->name, copy);
    }
    if (s.condition != NULL) {
        err = copy_condition(r, s.condition, &copy);
        if (err != OK)
            return err;
        yyjson_mut_obj_add_val(r->out, out, "Condition", copy);
    }
    err = check_actions(r, s.action.value);
    if (err == OK)
        err = check_resources(r, s.resource.value);
    return err == OK ? check_reach(r, &s) : err;
}

/* Names that a statement may have, each once, and those that it must. */
static enum err find_elements(struct reader *r, yyjson_val *in, struct statement *s)
{
    struct element *elements[] = {&s->principal, &s->action, &s->resource};
    yyjson_val *effect = yyjson_obj_get(in, "Effect"), *key;
    yyjson_obj_iter names = yyjson_obj_iter_with(in);

    if (!yyjson_is_obj(in))
        return refuse_syntax(r, NULL);
    while ((key = yyjson_obj_iter_next(&names)) != NULL) {
        yyjson_val *value = yyjson_obj_iter_get_val(key);
        bool good = yyjson_equals_str(key, "Effect") ||
                    (yyjson_equals_str(key, "Sid") && yyjson_is_str(value));

        if (yyjson_equals_str(key, "Condition")) {
            s->condition = value;
            good = yyjson_is_obj(value);
        }
        for (size_t i = 0; i < 3; i++) {
            struct element *e = elements[i];
            bool opposite = yyjson_equals_str(key, e->opposite);

            if (!opposite && !yyjson_equals_str(key, e->name))
                continue;
            good = e->value == NULL;
            e->key = key;
            e->value = value;
            e->is_opposite = opposite;
        }
        if (!good)
            return refuse_syntax(r, key);
    }
    if (effect == NULL)
        return refuse(r, "Missing required field Effect");
    s->allows = yyjson_is_str(effect) && strcasecmp(yyjson_get_str(effect), "Allow") == 0;
    if (!s->allows && !(yyjson_is_str(effect) && strcasecmp(yyjson_get_str(effect), "Deny") == 0))
        return refuse_syntax(r, effect);
    for (size_t i = 0; i < 3; i++)
        if (elements[i]->value == NULL)
            return fault_set(r->fault, ERR_VALIDATION, INVALID_POLICY "Missing required field %s",
                             elements[i]->name);
    return OK;
}

/* --- texts: one, or a list ------------------------------------------------------------------- */

static size_t text_count(yyjson_val *in)
{
    return yyjson_is_arr(in) ? yyjson_arr_size(in) : 1;
}

static yyjson_val *text_at(yyjson_val *in, size_t i)
{
    return yyjson_is_arr(in) ? yyjson_arr_get(in, i) : in;
}

static bool any_matches(yyjson_val *patterns, struct bytes text)
{
    for (size_t i = 0; i < text_count(patterns); i++)
        if (policy_matches(text_of(text_at(patterns, i)), text))
            return true;
    return false;
}

static enum err copy_texts(struct reader *r, const struct element *e, yyjson_mut_val **out)
{
    size_t count = text_count(e->value);

    for (size_t i = 0; i < count; i++)
        if (!yyjson_is_str(text_at(e->value, i)))
            return refuse_syntax(r, e->key);
    if (count == 0)
        return refuse_syntax(r, e->key);
    *out = yyjson_val_mut_copy(r->out, count == 1 ? text_at(e->value, 0) : e->value);
    return OK;
}

/* Values may be texts, numbers and truth values. */
static bool are_scalars(yyjson_val *in)
{
    for (size_t i = 0; i < text_count(in); i++) {
        yyjson_val *value = text_at(in, i);

        if (!yyjson_is_str(value) && !yyjson_is_num(value) && !yyjson_is_bool(value))
            return false;
    }
    return text_count(in) != 0;
}

static enum err copy_condition(struct reader *r, yyjson_val *in, yyjson_mut_val **out)
{
    yyjson_obj_iter operators = yyjson_obj_iter_with(in);
    yyjson_val *operator, * name;

    *out = yyjson_mut_obj(r->out);
    while ((operator= yyjson_obj_iter_next(&operators)) != NULL) {
        yyjson_val *tests = yyjson_obj_iter_get_val(operator);
        yyjson_obj_iter names = yyjson_obj_iter_with(tests);
        yyjson_mut_val *copy = yyjson_mut_obj(r->out);

        if (!yyjson_is_obj(tests))
            return refuse_syntax(r, operator);
        while ((name = yyjson_obj_iter_next(&names)) != NULL) {
            yyjson_val *values = yyjson_obj_iter_get_val(name);

            if (!are_scalars(values))
                return refuse_syntax(r, name);
            yyjson_mut_obj_add(
                copy, yyjson_val_mut_copy(r->out, name),
                yyjson_val_mut_copy(r->out, text_count(values) == 1 ? text_at(values, 0) : values));
        }
        yyjson_mut_obj_add(*out, yyjson_val_mut_copy(r->out, operator), copy);
    }
    return OK;
}

/* --- principals ------------------------------------------------------------------------------ */

static bool is_account(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.size == ACCOUNT_DIGITS;
}

/* arn:aws:iam::<account>:<who> or arn:aws:sts::... */
static bool is_principal_arn(struct bytes text)
{
    static const char *const starts[] = {"arn:aws:iam::", "arn:aws:sts::"};

    for (size_t i = 0; i < 2; i++) {
        struct bytes start = bytes_of_string(starts[i]), rest;

        if (!bytes_start_with(text, start))
            continue;
        rest = bytes_skip(text, start.size);
        return rest.size > ACCOUNT_DIGITS + 1 &&
               is_account(bytes_make(rest.data, ACCOUNT_DIGITS)) &&
               rest.data[ACCOUNT_DIGITS] == ':';
    }
    return false;
}

static bool is_service(struct bytes text)
{
    struct bytes end = BYTES(".amazonaws.com");

    return text.size > end.size && bytes_equal(bytes_skip(text, text.size - end.size), end);
}

/* One principal of a kind, as it is given back. False: it is none. */
static bool copy_one_principal(struct reader *r, yyjson_val *kind, struct bytes text,
                               yyjson_mut_val **out)
{
    bool aws = yyjson_equals_str(kind, "AWS");
    bool good = aws ? bytes_equal_string(text, "*") || is_account(text) || is_principal_arn(text)
                : yyjson_equals_str(kind, "Service") ? is_service(text)
                                                     : text.size != 0;

    if (aws && is_account(text))
        text = arena_format(r->arena, "arn:aws:iam::%.*s:root", BYTES_ARGS(text));
    *out = yyjson_mut_strncpy(r->out, (const char *)text.data, text.size);
    return good;
}

static enum err refuse_principal(struct reader *r)
{
    return fault_set(r->fault, ERR_VALIDATION, "Invalid principal in policy document.");
}

static enum err copy_principal(struct reader *r, const struct element *e, yyjson_mut_val **out)
{
    yyjson_obj_iter kinds = yyjson_obj_iter_with(e->value);
    yyjson_val *kind;

    if (yyjson_equals_str(e->value, "*")) {
        *out = yyjson_mut_str(r->out, "*");
        return OK;
    }
    if (!yyjson_is_obj(e->value) || yyjson_obj_size(e->value) == 0)
        return refuse_principal(r);
    *out = yyjson_mut_obj(r->out);
    while ((kind = yyjson_obj_iter_next(&kinds)) != NULL) {
        yyjson_val *in = yyjson_obj_iter_get_val(kind);
        yyjson_mut_val *list = yyjson_mut_arr(r->out), *one = NULL;
        bool known = yyjson_equals_str(kind, "AWS") || yyjson_equals_str(kind, "Service") ||
                     yyjson_equals_str(kind, "Federated") ||
                     yyjson_equals_str(kind, "CanonicalUser");

        for (size_t i = 0; i < text_count(in); i++) {
            if (!known || !yyjson_is_str(text_at(in, i)) ||
                !copy_one_principal(r, kind, text_of(text_at(in, i)), &one))
                return refuse_principal(r);
            yyjson_mut_arr_append(list, one);
        }
        if (one == NULL)
            return refuse_principal(r);
        if (yyjson_mut_arr_size(list) == 1)
            list = yyjson_mut_strcpy(r->out, yyjson_mut_get_str(one));
        yyjson_mut_obj_add(*out, yyjson_val_mut_copy(r->out, kind), list);
    }
    return OK;
}

/* --- what it says ---------------------------------------------------------------------------- */

static enum err check_sids(struct reader *r, yyjson_val *statements)
{
    for (size_t i = 0; i < yyjson_arr_size(statements); i++) {
        yyjson_val *a = yyjson_obj_get(yyjson_arr_get(statements, i), "Sid");

        for (size_t j = 0; a != NULL && j < i; j++)
            if (yyjson_equals(a, yyjson_obj_get(yyjson_arr_get(statements, j), "Sid")))
                return refuse(r, "The Statement Ids in the policy are not unique");
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

static bool is_action(const struct reader *r, struct bytes action)
{
    struct bytes name = action_name(action);

    for (size_t i = 0; name.data != NULL && i < r->place->action_count; i++)
        if (policy_matches(name, r->place->actions[i]))
            return true;
    return false;
}

static enum err check_actions(struct reader *r, yyjson_val *actions)
{
    struct bytes wrong = BYTES("");

    for (size_t i = 0; i < text_count(actions); i++) {
        struct bytes action = text_of(text_at(actions, i));

        if (!is_action(r, action))
            wrong = arena_format(r->arena, "%.*s%s%.*s", BYTES_ARGS(wrong),
                                 wrong.size != 0 ? ", " : "", BYTES_ARGS(action));
    }
    if (wrong.size == 0)
        return OK;
    return fault_set(r->fault, ERR_VALIDATION,
                     INVALID_POLICY "The following action names are invalid: %.*s",
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
static enum err check_resources(struct reader *r, yyjson_val *resources)
{
    for (size_t i = 0; i < text_count(resources); i++) {
        struct bytes arn = text_of(text_at(resources, i)), id = relative_id(arn);

        if (bytes_equal_string(arn, "*"))
            continue;
        if (id.data == NULL || !bytes_start_with(arn, BYTES("arn:")))
            return fault_set(r->fault, ERR_VALIDATION,
                             INVALID_POLICY "Resource %.*s must be in ARN format or \"*\".",
                             BYTES_ARGS(arn));
        if (!bytes_equal_string(id, "*") &&
            (!bytes_start_with(id, BYTES("table/")) || id.size == strlen("table/")))
            return fault_set(r->fault, ERR_VALIDATION,
                             INVALID_POLICY "The relative-id %.*s is invalid for ARN %.*s",
                             BYTES_ARGS(id), BYTES_ARGS(arn));
    }
    return OK;
}

static bool names_everybody(const struct element *principal)
{
    yyjson_val *aws = yyjson_obj_get(principal->value, "AWS");

    if (yyjson_equals_str(principal->value, "*"))
        return true;
    for (size_t i = 0; aws != NULL && i < text_count(aws); i++)
        if (yyjson_equals_str(text_at(aws, i), "*"))
            return true;
    return false;
}

/* The caller, or the account that the caller belongs to. */
static bool names_caller(const struct reader *r, const struct element *principal)
{
    struct bytes account = r->place->owner_account;
    struct bytes root = arena_format(r->arena, "arn:aws:iam::%.*s:root", BYTES_ARGS(account));
    yyjson_val *aws = yyjson_obj_get(principal->value, "AWS");
    bool named = names_everybody(principal);

    for (size_t i = 0; aws != NULL && i < text_count(aws); i++) {
        struct bytes text = text_of(text_at(aws, i));

        named |= bytes_equal(text, account) || bytes_equal(text, root) ||
                 bytes_equal(text, r->place->caller_arn);
    }
    return named != principal->is_opposite;
}

static bool denies_action(const struct statement *s, const char *action)
{
    bool named = false;

    for (size_t i = 0; i < text_count(s->action.value); i++)
        named |= policy_matches(action_name(text_of(text_at(s->action.value, i))),
                                bytes_of_string(action));
    return named != s->action.is_opposite;
}

/* Allowed to everybody without a condition; or taken away from who attaches it. */
static enum err check_reach(struct reader *r, const struct statement *s)
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
                         INVALID "The policy would take away the caller's own permission to change "
                                 "it. Set ConfirmRemoveSelfResourceAccess to attach it anyway");
    return OK;
}
