/* policy_priv.h - a policy document while it is read. */
#pragma once

#include "auth/policy.h"

#include <yyjson.h>

#define POLICY_INVALID          "One or more parameter values were invalid: "
#define POLICY_INVALID_DOCUMENT POLICY_INVALID "Invalid policy document: "

struct policy_reader {
    const struct policy_place *place;
    struct arena *arena;
    struct fault *fault;
    yyjson_doc *in;
    yyjson_mut_doc *out;
};

/* One of the elements of a statement that list texts. */
struct policy_element {
    const char *name, *opposite;
    yyjson_val *key, *value; /* of whichever is there */
    bool is_opposite;
};

struct policy_statement {
    bool allows;
    yyjson_val *condition;
    struct policy_element principal, action, resource;
};

/* What they say. ERR_VALIDATION. */
enum err policy_check_statement(struct policy_reader *r,
                                const struct policy_statement *s) MUST_CHECK;
enum err policy_check_sids(struct policy_reader *r, yyjson_val *statements) MUST_CHECK;

/* "Invalid policy document: why" */
enum err policy_refuse(struct policy_reader *r, const char *why);

/* Texts are one, or a list. */
size_t policy_text_count(yyjson_val *in);
yyjson_val *policy_text_at(yyjson_val *in, size_t i);
struct bytes policy_text_of(yyjson_val *value);
