/* expr_key_test.c - key conditions: contract core-api-expressions.md 6, and what is read off them.
 */
#include "expr_test.h"
#include "unit.h"

#include <stdio.h>

/* "pk EQ {S:x}; sk BETWEEN {N:1} {N:2}" */
static const char *text_of(const struct expr_set *set, struct arena *arena)
{
    static const char *const operators[] = {
        [EXPR_KEY_EQ] = "EQ",
        [EXPR_KEY_LT] = "LT",
        [EXPR_KEY_LE] = "LE",
        [EXPR_KEY_GT] = "GT",
        [EXPR_KEY_GE] = "GE",
        [EXPR_KEY_BETWEEN] = "BETWEEN",
        [EXPR_KEY_BEGINS_WITH] = "BEGINS_WITH",
    };
    struct bytes text = {0};

    for (unsigned i = 0; i < set->key_condition_count; i++) {
        const struct expr_key_condition *condition = &set->key_conditions[i];
        bool between = condition->operator== EXPR_KEY_BETWEEN;
        struct bytes first = value_text(condition->operands[0], arena);
        struct bytes second = between ? value_text(condition->operands[1], arena) : BYTES("");

        text = arena_format(arena, "%.*s%s%.*s %s %.*s%s%.*s", BYTES_ARGS(text),
                            i == 0 ? "" : "; ", BYTES_ARGS(condition->attribute),
                            operators[condition->operator], BYTES_ARGS(first), between ? " " : "",
                            BYTES_ARGS(second));
    }
    return (const char *)text.data;
}

struct row {
    const char *text;
    const char *values;
    const char *expected; /* the conditions, or the message */
    bool refused;
    bool wrapped;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct request request = {.key_condition = rows[i].text, .values = rows[i].values};
        struct arena arena;
        struct fault fault;
        struct expr_set set = {0};
        enum err err;

        arena_init(&arena);
        err = parse_request(&request, &arena, &fault, &set);
        CHECK_ERR(err, rows[i].refused ? ERR_VALIDATION : OK);
        CHECK_TEXT(err == OK ? bytes_of_string(text_of(&set, &arena)) : fault.message,
                   rows[i].expected);
        CHECK(err == OK || fault.wrapped == rows[i].wrapped);
        arena_fini(&arena);
    }
}

#define A  "{':a':{'S':'x'}}"
#define AB "{':a':{'S':'x'},':b':{'S':'y'}}"

TEST(key_conditions_are_read_in_order_of_the_text)
{
    static const struct row rows[] = {
        {"pk = :a", A, "pk EQ {S:x}", false, false},
        {":a = pk", A, "pk EQ {S:x}", false, false},
        {"(pk = :a)", A, "pk EQ {S:x}", false, false},
        {"((pk = :a) AND (sk < :b))", AB, "pk EQ {S:x}; sk LT {S:y}", false, false},
        {"sk <= :a and pk = :b", AB, "sk LE {S:x}; pk EQ {S:y}", false, false},
        {"sk > :a", A, "sk GT {S:x}", false, false},
        {"sk >= :a", A, "sk GE {S:x}", false, false},
        {":a < sk", A, "sk GT {S:x}", false, false},
        {":a <= sk", A, "sk GE {S:x}", false, false},
        {":a > sk", A, "sk LT {S:x}", false, false},
        {":a >= sk", A, "sk LE {S:x}", false, false},
        {"sk BETWEEN :a AND :b AND pk = :a", AB, "sk BETWEEN {S:x} {S:y}; pk EQ {S:x}", false,
         false},
        {"begins_with(sk, :a)", A, "sk BEGINS_WITH {S:x}", false, false},
        {"a1=:a AND (b1=:a AND (c1=:a AND d1=:a)) AND e1=:a AND f1=:a AND g1=:a AND h1>:a", A,
         "a1 EQ {S:x}; b1 EQ {S:x}; c1 EQ {S:x}; d1 EQ {S:x}; e1 EQ {S:x}; f1 EQ {S:x}; "
         "g1 EQ {S:x}; h1 GT {S:x}",
         false, false},
    };

    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

#define INVALID "Invalid condition in KeyConditionExpression: "

TEST(key_conditions_refuse_what_is_none)
{
    static const struct row rows[] = {
        {"pk = :a OR sk = :a", A, "Invalid operator used in KeyConditionExpression: OR", true,
         false},
        {"pk = :a AND NOT sk = :a", A, "Invalid operator used in KeyConditionExpression: NOT", true,
         false},
        {"pk IN (:a)", A, "Invalid operator used in KeyConditionExpression: IN", true, false},
        {"pk <> :a", A, "Invalid operator used in KeyConditionExpression: <>", true, false},
        {"attribute_exists(pk)", NULL,
         "Invalid operator used in KeyConditionExpression: attribute_exists", true, false},
        {"attribute_not_exists(pk)", NULL,
         "Invalid operator used in KeyConditionExpression: attribute_not_exists", true, false},
        {"attribute_type(pk, :a)", "{':a':{'S':'S'}}",
         "Invalid operator used in KeyConditionExpression: attribute_type", true, false},
        {"pk = :a AND contains(pk, :a)", A,
         "Invalid operator used in KeyConditionExpression: contains", true, false},
        {"size(pk) = :a", A, "KeyConditionExpressions cannot contain nested operations", true,
         false},
        {"pk = size(pk)", NULL, "KeyConditionExpressions cannot contain nested operations", true,
         false},
        {":a BETWEEN pk AND :a", A,
         INVALID "BETWEEN operator must have the key attribute as its first operand", true, false},
        {"size(pk) BETWEEN :a AND :a", A,
         INVALID "BETWEEN operator must have the key attribute as its first operand", true, false},
        {"begins_with(:a, pk)", A,
         INVALID "begins_with operator must have the key attribute as its first operand", true,
         false},
        {"pk = sk", NULL, INVALID "Multiple attribute names used in one condition", true, false},
        {"pk BETWEEN :a AND sk", A, INVALID "Multiple attribute names used in one condition", true,
         false},
        {"pk.a = :a", A,
         "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested "
         "attributes",
         true, false},
        {"pk[0] = :a", A,
         "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested "
         "attributes",
         true, false},
        {":a = :b", AB, INVALID "No key attribute specified", true, false},
        {"pk = :a AND pk > :a", A,
         "KeyConditionExpressions must only contain one condition per key", true, false},
        {"a1=:a AND b1=:a AND c1=:a AND d1=:a AND e1=:a AND f1=:a AND g1=:a AND h1=:a AND i1=:a", A,
         "Conditions can be of length 1 or 2 only", true, false},
        {"pk = :a", "{':a':{'BOOL':true}}",
         "One or more parameter values were invalid: ComparisonOperator EQ is not valid for BOOL "
         "AttributeValue type",
         true, false},
        {"pk = :a", "{':a':{'M':{}}}",
         "One or more parameter values were invalid: ComparisonOperator EQ is not valid for M "
         "AttributeValue type",
         true, false},
        /* the checks of every condition come first, with their prefix */
        {"begins_with(pk, :a)", "{':a':{'N':'1'}}",
         "Invalid KeyConditionExpression: Incorrect operand type for operator or function; "
         "operator or function: begins_with, operand type: N",
         true, false},
        {"pk BETWEEN :a AND :b", "{':a':{'S':'y'},':b':{'S':'x'}}",
         "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater "
         "than or equal to lower bound; lower bound operand: AttributeValue: {S:y}, "
         "upper bound operand: AttributeValue: {S:x}",
         true, false},
        {"((pk = :a))", A,
         "Invalid KeyConditionExpression: The expression has redundant parentheses;", true, true},
        /* and so do unused values */
        {"pk = :a OR sk = :a", AB,
         "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}", true,
         false},
    };

    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
