/* policy.c - a policy document is read into a canonical one, element by element; what a statement
 * says is looked at when it is whole (policy_check.c).
 *   {"Version": date, "Id": text, "Statement": [
 *     {"Sid": text, "Effect": "Allow" or "Deny", "Principal": "*" or {"AWS": texts, ...},
 *      "Action": texts, "Resource": texts, "Condition": {operator: {key: texts}}}]}
 * Texts are one or a list; a list of one becomes the one. Principal, Action and Resource have a Not
 * form. The order of members is the one above.
 */
#include "auth/policy_priv.h"

#include <stdlib.h>
#include <strings.h>

#define OLD_VERSION    "2008-10-17" /* of a document that names none */
#define ACCOUNT_DIGITS 12

static enum err read_document(struct policy_reader *r, yyjson_val *root);
static enum err read_statement(struct policy_reader *r, yyjson_val *in, yyjson_mut_val *out);
static enum err find_elements(struct policy_reader *r, yyjson_val *in, struct policy_statement *s);
static enum err copy_texts(struct policy_reader *r, const struct policy_element *e,
                           yyjson_mut_val **out);
static enum err copy_principal(struct policy_reader *r, const struct policy_element *e,
                               yyjson_mut_val **out);
static enum err copy_condition(struct policy_reader *r, yyjson_val *in, yyjson_mut_val **out);

enum err policy_read(struct bytes text, const struct policy_place *place, struct arena *arena,
                     struct fault *fault, struct bytes *canonical)
{
    struct policy_reader r = {.place = place, .arena = arena, .fault = fault};
    enum err err;

    if (text.size > POLICY_BYTES_MAX)
        return fault_set(fault, ERR_VALIDATION,
                         POLICY_INVALID "Maximum policy size of %d bytes exceeded",
                         POLICY_BYTES_MAX);
    r.in = yyjson_read((const char *)text.data, text.size, 0);
    if (r.in == NULL)
        return fault_set(fault, ERR_VALIDATION,
                         POLICY_INVALID_DOCUMENT "This policy contains invalid Json");
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

/* --- reading --------------------------------------------------------------------------------- */

/* Where a name stands: yyjson keeps texts where they stood in its copy of the document. */
static enum err refuse_syntax(struct policy_reader *r, yyjson_val *key)
{
    unsigned row = 1, column = 1;

    if (yyjson_is_str(key))
        for (const char *at = r->in->str_pool; at != NULL && at < yyjson_get_str(key); at++) {
            row += *at == '\n';
            column = *at == '\n' ? 1 : column + 1;
        }
    return fault_set(r->fault, ERR_VALIDATION,
                     POLICY_INVALID_DOCUMENT "Syntax error at position (%u,%u)", row, column);
}

enum err policy_refuse(struct policy_reader *r, const char *why)
{
    return fault_set(r->fault, ERR_VALIDATION, POLICY_INVALID_DOCUMENT "%s", why);
}

static enum err read_document(struct policy_reader *r, yyjson_val *root)
{
    yyjson_val *version = yyjson_obj_get(root, "Version"), *id = yyjson_obj_get(root, "Id");
    yyjson_val *statements = yyjson_obj_get(root, "Statement"), *key;
    yyjson_mut_val *out = yyjson_mut_obj(r->out), *list;
    yyjson_obj_iter names = yyjson_obj_iter_with(root);
    size_t count = yyjson_is_arr(statements) ? yyjson_arr_size(statements) : 1;
    enum err err = OK;

    if (!yyjson_is_obj(root) || statements == NULL)
        return policy_refuse(r, "This text appears not to be a policy");
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
        return policy_refuse(r, "Could not parse the policy: Statement is empty!");
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
    return err == OK ? policy_check_sids(r, statements) : err;
}

static enum err read_statement(struct policy_reader *r, yyjson_val *in, yyjson_mut_val *out)
{
    yyjson_val *sid = yyjson_obj_get(in, "Sid");
    struct policy_statement s = {
        .principal = {"Principal", "NotPrincipal", NULL, NULL, false},
        .action = {"Action", "NotAction", NULL, NULL, false},
        .resource = {"Resource", "NotResource", NULL, NULL, false},
    };
    const struct policy_element *lists[] = {&s.action, &s.resource};
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
    return policy_check_statement(r, &s);
}

/* Names that a statement may have, each once, and those that it must. */
static enum err find_elements(struct policy_reader *r, yyjson_val *in, struct policy_statement *s)
{
    struct policy_element *elements[] = {&s->principal, &s->action, &s->resource};
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
            struct policy_element *e = elements[i];
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
        return policy_refuse(r, "Missing required field Effect");
    s->allows = yyjson_is_str(effect) && strcasecmp(yyjson_get_str(effect), "Allow") == 0;
    if (!s->allows && !(yyjson_is_str(effect) && strcasecmp(yyjson_get_str(effect), "Deny") == 0))
        return refuse_syntax(r, effect);
    for (size_t i = 0; i < 3; i++)
        if (elements[i]->value == NULL)
            return fault_set(r->fault, ERR_VALIDATION,
                             POLICY_INVALID_DOCUMENT "Missing required field %s",
                             elements[i]->name);
    return OK;
}

/* --- texts: one, or a list ------------------------------------------------------------------- */

size_t policy_text_count(yyjson_val *in)
{
    return yyjson_is_arr(in) ? yyjson_arr_size(in) : 1;
}

yyjson_val *policy_text_at(yyjson_val *in, size_t i)
{
    return yyjson_is_arr(in) ? yyjson_arr_get(in, i) : in;
}

struct bytes policy_text_of(yyjson_val *value)
{
    return bytes_make(yyjson_get_str(value), yyjson_get_len(value));
}

static enum err copy_texts(struct policy_reader *r, const struct policy_element *e,
                           yyjson_mut_val **out)
{
    size_t count = policy_text_count(e->value);

    for (size_t i = 0; i < count; i++)
        if (!yyjson_is_str(policy_text_at(e->value, i)))
            return refuse_syntax(r, e->key);
    if (count == 0)
        return refuse_syntax(r, e->key);
    *out = yyjson_val_mut_copy(r->out, count == 1 ? policy_text_at(e->value, 0) : e->value);
    return OK;
}

/* Values may be texts, numbers and truth values. */
static bool are_scalars(yyjson_val *in)
{
    for (size_t i = 0; i < policy_text_count(in); i++) {
        yyjson_val *value = policy_text_at(in, i);

        if (!yyjson_is_str(value) && !yyjson_is_num(value) && !yyjson_is_bool(value))
            return false;
    }
    return policy_text_count(in) != 0;
}

static enum err copy_condition(struct policy_reader *r, yyjson_val *in, yyjson_mut_val **out)
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
            yyjson_mut_obj_add(copy, yyjson_val_mut_copy(r->out, name),
                               yyjson_val_mut_copy(r->out, policy_text_count(values) == 1
                                                               ? policy_text_at(values, 0)
                                                               : values));
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
static bool copy_one_principal(struct policy_reader *r, yyjson_val *kind, struct bytes text,
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

static enum err refuse_principal(struct policy_reader *r)
{
    return fault_set(r->fault, ERR_VALIDATION, "Invalid principal in policy document.");
}

static enum err copy_principal(struct policy_reader *r, const struct policy_element *e,
                               yyjson_mut_val **out)
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

        for (size_t i = 0; i < policy_text_count(in); i++) {
            if (!known || !yyjson_is_str(policy_text_at(in, i)) ||
                !copy_one_principal(r, kind, policy_text_of(policy_text_at(in, i)), &one))
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
