/* expr_condition_test.c - conditions: what they refuse, and what they say of items.
 * Rows follow the tables of contract core-api-expressions.md, 1 to 4.
 */
#include "expr_test.h"
#include "unit.h"

#include <stdio.h>

struct refusal {
    const char *text; /* of the condition */
    const char *names;
    const char *values;
    const char *message; /* NULL: it is accepted */
    bool wrapped;
};

static void check_refusals(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct refusal *row = &rows[i];
        struct request request = {
            .condition = row->text, .names = row->names, .values = row->values};
        struct arena arena;
        struct fault fault;
        struct expr_set set = {0};
        enum err err;

        arena_init(&arena);
        err = parse_request(&request, &arena, &fault, &set);
        if (err != (row->message == NULL ? OK : ERR_VALIDATION))
            unit_failed(__FILE__, __LINE__, "%s: %s", row->text,
                        err == OK ? "accepted" : (const char *)fault.message.data);
        else if (row->message != NULL)
            CHECK_TEXT(fault.message, row->message);
        if (err != OK && fault.wrapped != row->wrapped)
            unit_failed(__FILE__, __LINE__, "%s: wrapped is %d", row->text, fault.wrapped);
        arena_fini(&arena);
    }
}
#define CHECK_REFUSALS(rows) check_refusals(rows, sizeof(rows) / sizeof(rows[0]))

#define C         "Invalid ConditionExpression: "
#define ONE_VALUE "{':v':{'S':'x'}}"

TEST(condition_syntax_errors_tell_token_and_surroundings)
{
    static const struct refusal rows[] = {
        {"", NULL, NULL, C "The expression can not be empty;", true},
        {" \t\r\n", NULL, NULL, C "The expression can not be empty;", true},
        {"a", NULL, NULL, C "Syntax error; token: \"<EOF>\", near: \"a\"", true},
        {"a =", NULL, NULL, C "Syntax error; token: \"<EOF>\", near: \"=\"", true},
        {"a x b", NULL, NULL, C "Syntax error; token: \"x\", near: \"a x b\"", true},
        {"a  x\tb c", NULL, NULL, C "Syntax error; token: \"x\", near: \"a  x\tb\"", true},
        {"= a", NULL, NULL, C "Syntax error; token: \"=\", near: \"= a\"", true},
        {"a = 5", NULL, NULL, C "Syntax error; token: \"5\", near: \"= 5\"", true},
        {"a = \"b\"", NULL, NULL, C "Syntax error; token: \"\"\", near: \"= \"b\"", true},
        {"a = b = c", NULL, NULL, C "Syntax error; token: \"=\", near: \"b = c\"", true},
        {"a = b c", NULL, NULL, C "Syntax error; token: \"c\", near: \"b c\"", true},
        {"(a = b", NULL, NULL, C "Syntax error; token: \"<EOF>\", near: \"b\"", true},
        {"a = b)", NULL, NULL, C "Syntax error; token: \")\", near: \"b)\"", true},
        {"a = b AND", NULL, NULL, C "Syntax error; token: \"<EOF>\", near: \"AND\"", true},
        {"a AND b = c", NULL, NULL, C "Syntax error; token: \"AND\", near: \"a AND b\"", true},
        {"(a) AND b = c", NULL, NULL, C "Syntax error; token: \"AND\", near: \") AND b\"", true},
        {"(a)", NULL, NULL, C "Syntax error; token: \"<EOF>\", near: \")\"", true},
        {"(a AND b = c)", NULL, NULL, C "Syntax error; token: \"AND\", near: \"a AND b\"", true},
        {"NOT a", NULL, NULL, C "Syntax error; token: \"<EOF>\", near: \"a\"", true},
        {"NOT NOT a", NULL, NULL, C "Syntax error; token: \"<EOF>\", near: \"a\"", true},
        {"a = (b = c)", NULL, NULL, C "Syntax error; token: \"=\", near: \"b = c\"", true},
        {"(a = b) = c", NULL, NULL, C "Syntax error; token: \"=\", near: \") = c\"", true},
        {"f(a = b)", NULL, NULL, C "Syntax error; token: \"=\", near: \"a = b\"", true},
        {"f()", NULL, NULL, C "Syntax error; token: \")\", near: \"()\"", true},
        {"f(a,)", NULL, NULL, C "Syntax error; token: \")\", near: \",)\"", true},
        {"a IN ()", NULL, NULL, C "Syntax error; token: \")\", near: \"()\"", true},
        {"a IN :v", NULL, ONE_VALUE, C "Syntax error; token: \":v\", near: \"IN :v\"", true},
        {"a BETWEEN b OR c", NULL, NULL, C "Syntax error; token: \"OR\", near: \"b OR c\"", true},
        {"a..b = c", NULL, NULL, C "Syntax error; token: \".\", near: \"..b\"", true},
        {"a.:v = c", NULL, ONE_VALUE, C "Syntax error; token: \":v\", near: \".:v =\"", true},
        {"a[-1] = c", NULL, NULL, C "Syntax error; token: \"-\", near: \"[-1\"", true},
        {"a[b] = c", NULL, NULL, C "Syntax error; token: \"b\", near: \"[b]\"", true},
        {"a[0 = c", NULL, NULL, C "Syntax error; token: \"=\", near: \"0 = c\"", true},
        {"a = b AND:v = c", NULL, ONE_VALUE, C "Syntax error; token: \"AND\", near: \"b AND:v\"",
         true},
        {"a : b", NULL, NULL, C "Syntax error; token: \":\", near: \"a : b\"", true},
        {"# = b", NULL, NULL, C "Syntax error; token: \"#\", near: \"# =\"", true},
        {"a = \xc3\xa9", NULL, NULL, C "Syntax error; token: \"\xc3\xa9\", near: \"= \xc3\xa9\"",
         true},
        {"a.and = b", NULL, NULL, C "Syntax error; token: \"and\", near: \".and =\"", true},
        {"a ! b", NULL, NULL, C "Syntax error; token: \"!\", near: \"a ! b\"", true},
        /* syntax before anything else that is wrong */
        {"((size(abort)) = ", NULL, NULL, C "Syntax error; token: \"<EOF>\", near: \"=\"", true},
    };

    CHECK_REFUSALS(rows);
}

TEST(condition_syntax_allows)
{
    static const struct refusal rows[] = {
        {"attribute_exists(a)", NULL, NULL, NULL, false},
        {"attribute_exists ( a ) and not(b=:v)or(c<>:v)", NULL, ONE_VALUE, NULL, false},
        {"a . b [ 0 ] . c = :v", NULL, ONE_VALUE, NULL, false},
        {"(a) = (:v)", NULL, ONE_VALUE, NULL, false},
        {"(a = :v)", NULL, ONE_VALUE, NULL, false},
        {"((a) = :v)", NULL, ONE_VALUE, NULL, false},
        {"((a = :v) AND (b = :v))", NULL, ONE_VALUE, NULL, false},
        {"(attribute_exists(a))", NULL, NULL, NULL, false},
        {"(size(a)) > (b)", NULL, NULL, NULL, false},
        {"size((a)) > b", NULL, NULL, NULL, false},
        {"a Between b AnD c", NULL, NULL, NULL, false},
        {"a iN (b, c)", NULL, NULL, NULL, false},
        {":v = a", NULL, ONE_VALUE, NULL, false},
        {":v = :v", NULL, ONE_VALUE, NULL, false},
        {"a BETWEEN b AND b", NULL, NULL, NULL, false},
        {"#n = :v", "{'#n':'abort'}", ONE_VALUE, NULL, false},
        {"abc.#n[1] = :v", "{'#n':'a b'}", ONE_VALUE, NULL, false},
        {"SETx = ANDy", NULL, NULL, NULL, false},
        {"NOT (NOT (a = b))", NULL, NULL, NULL, false},
        {"a[4294967294] = b", NULL, NULL, NULL, false},
    };

    CHECK_REFUSALS(rows);
}

TEST(condition_checks_have_the_services_words)
{
    static const char undefined_name[] =
        C "An expression attribute name used in the document path is not defined; "
          "attribute name: #x";
    static const char undefined_value[] =
        C "An expression attribute value used in expression is not defined; attribute value: :x";
    static const char redundant[] = C "The expression has redundant parentheses;";
    static const struct refusal rows[] = {
        {"((a = b))", NULL, NULL, redundant, true},
        {"((a)) = b", NULL, NULL, redundant, true},
        {"a = ((b))", NULL, NULL, redundant, true},
        {"attribute_exists(((a)))", NULL, NULL, redundant, true},
        {"((attribute_exists(a)))", NULL, NULL, redundant, true},
        {"c = d AND ((a = b OR c = b))", NULL, NULL, redundant, true},
        {"attribute_Exists(a)", NULL, NULL, C "Invalid function name; function: attribute_Exists",
         false},
        {"if_not_exists(a, b)", NULL, NULL, C "Invalid function name; function: if_not_exists",
         false},
        {"size(a)", NULL, NULL,
         C "The function is not allowed to be used this way in an expression; function: size",
         false},
        {"NOT (size(a))", NULL, NULL,
         C "The function is not allowed to be used this way in an expression; function: size",
         false},
        {"attribute_exists(a) = b", NULL, NULL,
         C "The function is not allowed to be used this way in an expression; "
           "function: attribute_exists",
         false},
        {"(contains(a, b)) = b", NULL, NULL,
         C "The function is not allowed to be used this way in an expression; function: contains",
         false},
        {"attribute_exists(begins_with(a, b))", NULL, NULL,
         C "The function is not allowed to be used this way in an expression; "
           "function: begins_with",
         false},
        {"a IN (b, contains(a, c))", NULL, NULL,
         C "The function is not allowed to be used this way in an expression; function: contains",
         false},
        {"Abort = b", NULL, NULL, C "Attribute name is a reserved keyword; reserved keyword: Abort",
         false},
        {"a.b.zone = b", NULL, NULL,
         C "Attribute name is a reserved keyword; reserved keyword: zone", false},
        {"set = b", NULL, NULL, C "Attribute name is a reserved keyword; reserved keyword: set",
         false},
        {"#x = a", NULL, NULL, undefined_name, false},
        {"a.#x.#y = a", NULL, NULL, undefined_name, false},
        {"a = :x", NULL, NULL, undefined_value, false},
        {"attribute_exists(:x)", NULL, NULL, undefined_value, false},
        {"size(a, b) = c", NULL, NULL,
         C "Incorrect number of operands for operator or function; operator or function: size, "
           "number of operands: 2",
         false},
        {"attribute_exists(a, b, c)", NULL, NULL,
         C "Incorrect number of operands for operator or function; "
           "operator or function: attribute_exists, number of operands: 3",
         false},
        {"begins_with(a)", NULL, NULL,
         C "Incorrect number of operands for operator or function; "
           "operator or function: begins_with, number of operands: 1",
         false},
        {"a BETWEEN b AND a", NULL, NULL,
         C "The first operand must be distinct from the remaining operands for this operator or "
           "function; operator: BETWEEN, first operand: [a]",
         true},
        {"a IN (b, a)", NULL, NULL,
         C "The first operand must be distinct from the remaining operands for this operator or "
           "function; operator: IN, first operand: [a]",
         true},
        {"a.b[0] = a.b[0]", NULL, NULL,
         C "The first operand must be distinct from the remaining operands for this operator or "
           "function; operator: =, first operand: [a, b, [0]]",
         true},
        {"#n >= a", "{'#n':'a'}", NULL,
         C "The first operand must be distinct from the remaining operands for this operator or "
           "function; operator: >=, first operand: [a]",
         true},
        {"contains(a, a)", NULL, NULL,
         C "The first operand must be distinct from the remaining operands for this operator or "
           "function; operator: contains, first operand: [a]",
         true},
        {"attribute_exists(:v)", NULL, ONE_VALUE,
         C "Operator or function requires a document path; "
           "operator or function: attribute_exists",
         false},
        {"attribute_not_exists(size(a))", NULL, NULL,
         C "Operator or function requires a document path; "
           "operator or function: attribute_not_exists",
         false},
        {"begins_with(a, :v)", NULL, "{':v':{'N':'1'}}",
         C "Incorrect operand type for operator or function; operator or function: begins_with, "
           "operand type: N",
         false},
        {"begins_with(:v, a)", NULL, "{':v':{'SS':['a']}}",
         C "Incorrect operand type for operator or function; operator or function: begins_with, "
           "operand type: SS",
         false},
        {"begins_with(size(b), a)", NULL, NULL,
         C "Incorrect operand type for operator or function; operator or function: begins_with, "
           "operand type: N",
         false},
        {"attribute_type(a, :v)", NULL, "{':v':{'N':'1'}}",
         C "Incorrect operand type for operator or function; "
           "operator or function: attribute_type, operand type: N",
         false},
        {"attribute_type(a, b)", NULL, NULL,
         C "Incorrect operand type for operator or function; "
           "operator or function: attribute_type, "
           "operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}",
         false},
        {"attribute_type(a, :v)", NULL, "{':v':{'S':'s'}}",
         C "Invalid attribute type name found; type: s, "
           "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
         false},
        {"size(:v) = a", NULL, "{':v':{'N':'1'}}",
         C "Incorrect operand type for operator or function; operator or function: size, "
           "operand type: N",
         false},
        {"size(:v) = a", NULL, "{':v':{'BOOL':true}}",
         C "Incorrect operand type for operator or function; operator or function: size, "
           "operand type: BOOL",
         false},
        {"a IN (size(:v))", NULL, "{':v':{'NULL':true}}",
         C "Incorrect operand type for operator or function; operator or function: size, "
           "operand type: NULL",
         false},
        {"size(size(a)) = b", NULL, NULL,
         C "Incorrect operand type for operator or function; operator or function: size, "
           "operand type: N",
         false},
        {"a BETWEEN :a AND :b", NULL, "{':a':{'S':'a'},':b':{'N':'1'}}",
         C "The BETWEEN operator requires same data type for lower and upper bounds; "
           "lower bound operand: AttributeValue: {S:a}, "
           "upper bound operand: AttributeValue: {N:1}",
         false},
        {"a BETWEEN :a AND :b", NULL, "{':a':{'N':'2'},':b':{'N':'1'}}",
         C "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
           "lower bound operand: AttributeValue: {N:2}, "
           "upper bound operand: AttributeValue: {N:1}",
         false},
        {"a BETWEEN :a AND :a", NULL, "{':a':{'BOOL':true}}",
         C "Incorrect operand type for operator or function; operator or function: BETWEEN, "
           "operand type: BOOL",
         false},
        {"a < :v", NULL, "{':v':{'L':[]}}",
         C "Incorrect operand type for operator or function; operator or function: <, "
           "operand type: L",
         false},
        {":v >= a", NULL, "{':v':{'NS':['1']}}",
         C "Incorrect operand type for operator or function; operator or function: >=, "
           "operand type: NS",
         false},
        {"a[4294967295] = b", NULL, NULL,
         C "List index is not within the allowable range; index: [4294967295]", true},
        {"a[99999999999999999999999] = b", NULL, NULL,
         C "List index is not within the allowable range; index: [99999999999999999999999]", true},
    };

    CHECK_REFUSALS(rows);
}

TEST(condition_problems_are_told_by_priority)
{
    static const struct refusal rows[] = {
        /* each row has its problem behind all those that are told after it */
        {"a = a AND #x = b AND abort = b AND size(a) AND f(a) AND ((c = d))", NULL, NULL,
         C "The expression has redundant parentheses;", true},
        {"a = a AND #x = b AND abort = b AND size(a) AND f(a)", NULL, NULL,
         C "Invalid function name; function: f", false},
        {"a = a AND #x = b AND abort = b AND size(a)", NULL, NULL,
         C "The function is not allowed to be used this way in an expression; function: size",
         false},
        {"a = a AND #x = b AND abort = b", NULL, NULL,
         C "Attribute name is a reserved keyword; reserved keyword: abort", false},
        /* then the first predicate with a problem ... */
        {"a = a AND #x = b", NULL, NULL,
         C "The first operand must be distinct from the remaining operands for this operator or "
           "function; operator: =, first operand: [a]",
         true},
        {"begins_with(a, :v) AND #x = b", NULL, "{':v':{'N':'1'}}",
         C "Incorrect operand type for operator or function; operator or function: begins_with, "
           "operand type: N",
         false},
        /* ... tells: undefined, count, distinct, type */
        {"begins_with(a, a, :x)", NULL, NULL,
         C "An expression attribute value used in expression is not defined; attribute value: :x",
         false},
        {"begins_with(a, a, :v)", NULL, "{':v':{'N':'1'}}",
         C "Incorrect number of operands for operator or function; "
           "operator or function: begins_with, number of operands: 3",
         false},
        {"attribute_type(a, a)", NULL, NULL,
         C "The first operand must be distinct from the remaining operands for this operator or "
           "function; operator: attribute_type, first operand: [a]",
         true},
        {":y = #x", NULL, NULL,
         C "An expression attribute value used in expression is not defined; attribute value: :y",
         false},
    };

    CHECK_REFUSALS(rows);
}

/* Text of `count` pieces between a beginning and an end. */
static char *repeated(const char *first, const char *piece, unsigned count, const char *last,
                      struct arena *arena)
{
    size_t size = strlen(first) + strlen(piece) * count + strlen(last) + 1;
    char *text = arena_alloc(arena, size), *at = stpcpy(text, first);

    while (count-- > 0)
        at = stpcpy(at, piece);
    stpcpy(at, last);
    return text;
}

TEST(condition_bounds)
{
    struct arena arena;
    struct refusal rows[14];
    unsigned n = 0;

    arena_init(&arena);
    /* 150 comparisons and 150 ANDs, one more, ... */
    rows[n++] = (struct refusal){.text = repeated("NOT a=b", " AND a=b", 149, "", &arena)};
    rows[n++] = (struct refusal){
        repeated("NOT a=b", " AND a=b", 149, " AND f(x)", &arena), NULL, NULL,
        C "The expression contains too many operators; operator count: 302", false};
    rows[n++] = (struct refusal){repeated("a=b", " AND a=b", 350, "", &arena), NULL, NULL,
                                 C "The expression contains too many operators; "
                                   "operator count: 701",
                                 false};
    /* ... but syntax first */
    rows[n++] = (struct refusal){repeated("a=b", " AND a=b", 350, " x", &arena), NULL, NULL,
                                 C "Syntax error; token: \"x\", near: \"b x\"", true};
    rows[n++] = (struct refusal){.text = repeated("a IN (b", ",b", 99, ")", &arena)};
    rows[n++] = (struct refusal){
        repeated("a IN (b", ",b", 100, ")", &arena), NULL, NULL,
        C "The IN operator is provided with too many operands; number of operands: 101", false};
    rows[n++] = (struct refusal){.text = repeated("a", ".b", 31, "=c", &arena)};
    rows[n++] = (struct refusal){
        repeated("a", "[1]", 32, "=c", &arena), NULL, NULL,
        C "The document path has too many nesting levels; nesting levels: 33", false};
    rows[n++] = (struct refusal){.text = repeated("a=b", " ", 4093, "", &arena)};
    rows[n++] = (struct refusal){repeated("a=b", " ", 4094, "", &arena), NULL, NULL,
                                 C "Expression size has exceeded the maximum allowed size; "
                                   "expression size: 4097",
                                 true};
    /* As deep as can be: 299 levels of NOT. */
    rows[n++] = (struct refusal){
        .text = repeated(repeated("", "NOT(", 299, "a=b", &arena), ")", 299, "", &arena)};
    rows[n++] =
        (struct refusal){repeated(repeated("", "(", 2000, "a=b", &arena), ")", 2000, "", &arena),
                         NULL, NULL, C "The expression has redundant parentheses;", true};
    rows[n++] = (struct refusal){repeated("", "(", 4096, "", &arena), NULL, NULL,
                                 C "The expression has redundant parentheses;", true};
    rows[n++] = (struct refusal){repeated("", "f(", 2048, "", &arena), NULL, NULL,
                                 C "The expression contains too many operators; "
                                   "operator count: 513",
                                 false};
    check_refusals(rows, n);
    arena_fini(&arena);
}

/* --- evaluation ------------------------------------------------------------------------------- */

static const char item_json[] =
    "{'s':{'S':'b'},'n':{'N':'5'},'big':{'N':'12345678901234567890123456789012345678'},"
    "'bin':{'B':'AQID'},'t':{'BOOL':true},'nul':{'NULL':true},"
    "'ss':{'SS':['x','y']},'ns':{'NS':['1','2.5']},'bs':{'BS':['AQ==','Ag==']},"
    "'l':{'L':[{'N':'1'},{'S':'two'},{'L':[{'N':'3'}]},{'M':{'k':{'S':'v'}}}]},"
    "'m':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'deep'}}},'e':{'L':[]}}},"
    "'u':{'S':'a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'},'blank':{'S':''},"
    "'n5':{'N':'5.0'},'sb':{'S':'AQID'}}";

struct truth {
    const char *text;
    const char *values;
    bool holds;
};

static void check_truths(const struct truth *rows, size_t count)
{
    struct arena arena;
    struct value item;

    arena_init(&arena);
    item = item_of(item_json, &arena);
    for (size_t i = 0; i < count; i++) {
        struct request request = {.filter = rows[i].text, .values = rows[i].values};
        struct expr_set set = {0};
        struct fault fault;

        if (parse_request(&request, &arena, &fault, &set) != OK)
            unit_failed(__FILE__, __LINE__, "%s: %.*s", rows[i].text, BYTES_ARGS(fault.message));
        else if (expr_condition_holds(set.filter, item) != rows[i].holds)
            unit_failed(__FILE__, __LINE__, "%s with %s is not %s", rows[i].text, rows[i].values,
                        rows[i].holds ? "true" : "false");
    }
    arena_fini(&arena);
}
#define CHECK_TRUTHS(rows) check_truths(rows, sizeof(rows) / sizeof(rows[0]))

TEST(comparisons_hold)
{
    static const struct truth rows[] = {
        {"s = :v", "{':v':{'S':'b'}}", true},
        {"s = :v", "{':v':{'S':'c'}}", false},
        {"s = :v", "{':v':{'B':'Yg=='}}", false},
        {"s <> :v", "{':v':{'B':'Yg=='}}", true},
        {"s <> :v", "{':v':{'S':'b'}}", false},
        {"n = :v", "{':v':{'N':'5.00'}}", true},
        {"n = n5", NULL, true},
        {"bin = sb", NULL, false},
        {"big = :v", "{':v':{'N':'12345678901234567890123456789012345679'}}", false},
        {"big < :v", "{':v':{'N':'12345678901234567890123456789012345679'}}", true},
        {"ss = :v", "{':v':{'SS':['y','x']}}", true},
        {"ns = :v", "{':v':{'NS':['2.50','1.0']}}", true},
        {"ss = :v", "{':v':{'SS':['y']}}", false},
        {"m = :v", "{':v':{'M':{'e':{'L':[]},'b':{'M':{'c':{'S':'deep'}}},'a':{'N':'1.0'}}}}",
         true},
        {"l[0] = m.a", NULL, true},
        {"l[2][0] = :v", "{':v':{'N':'3'}}", true},
        {"l[3].k = :v", "{':v':{'S':'v'}}", true},
        {"l[4] = :v", "{':v':{'S':'v'}}", false},
        {"l.k = :v", "{':v':{'S':'v'}}", false},
        {"m[0] = :v", "{':v':{'S':'v'}}", false},
        {"s.k = :v", "{':v':{'S':'v'}}", false},
        {"t = :v", "{':v':{'BOOL':true}}", true},
        {"t = :v", "{':v':{'BOOL':false}}", false},
        {"nul = :v", "{':v':{'NULL':true}}", true},
        {"n < :v", "{':v':{'N':'10'}}", true},
        {"n > :v", "{':v':{'N':'-10'}}", true},
        {"n >= :v", "{':v':{'N':'5'}}", true},
        {"n <= :v", "{':v':{'N':'4.9'}}", false},
        {"n < :v", "{':v':{'S':'6'}}", false},
        {"n > :v", "{':v':{'S':'6'}}", false},
        {"s > :v", "{':v':{'S':'ab'}}", true},
        {"s < :v", "{':v':{'S':'\xc3\xa9'}}", true},
        {"bin < :v", "{':v':{'B':'/w=='}}", true},
        {":v < n", "{':v':{'N':'4'}}", true},
        {"ss < s", NULL, false},
        /* what is not there */
        {"gone = :v", "{':v':{'S':'b'}}", false},
        {"gone <> :v", "{':v':{'S':'b'}}", true},
        {"gone <> nothing", NULL, true},
        {"gone = nothing", NULL, false},
        {"gone < :v", "{':v':{'S':'b'}}", false},
        {"gone >= :v", "{':v':{'S':'b'}}", false},
        {"n BETWEEN :a AND :b", "{':a':{'N':'5'},':b':{'N':'5'}}", true},
        {"n BETWEEN :a AND :b", "{':a':{'N':'5.1'},':b':{'N':'6'}}", false},
        {"n BETWEEN :a AND :b", "{':a':{'N':'-7'},':b':{'N':'4'}}", false},
        {"n BETWEEN :a AND :b", "{':a':{'S':'1'},':b':{'S':'9'}}", false},
        {"n BETWEEN s AND :b", "{':b':{'N':'9'}}", false},
        {"gone BETWEEN :a AND :b", "{':a':{'N':'5'},':b':{'N':'5'}}", false},
        {"n BETWEEN gone AND :b", "{':b':{'N':'5'}}", false},
        {"n IN (:a, :b)", "{':a':{'S':'5'},':b':{'N':'5'}}", true},
        {"n IN (:a, gone)", "{':a':{'S':'5'}}", false},
        {"gone IN (:a)", "{':a':{'S':'5'}}", false},
        {"ss IN (:a)", "{':a':{'SS':['y','x']}}", true},
    };

    CHECK_TRUTHS(rows);
}

TEST(functions_hold)
{
    static const struct truth rows[] = {
        {"attribute_exists(nul)", NULL, true},
        {"attribute_exists(m.b.c)", NULL, true},
        {"attribute_exists(m.b.d)", NULL, false},
        {"attribute_exists(l[3])", NULL, true},
        {"attribute_exists(l[4])", NULL, false},
        {"attribute_not_exists(l[4])", NULL, true},
        {"attribute_not_exists(s)", NULL, false},
        {"attribute_type(s, :t)", "{':t':{'S':'S'}}", true},
        {"attribute_type(nul, :t)", "{':t':{'S':'NULL'}}", true},
        {"attribute_type(s, :t)", "{':t':{'S':'SS'}}", false},
        {"attribute_type(gone, :t)", "{':t':{'S':'S'}}", false},
        {"begins_with(sb, :v)", "{':v':{'S':'AQ'}}", true},
        {"begins_with(sb, :v)", "{':v':{'S':'AQIDE'}}", false},
        {"begins_with(sb, blank)", NULL, true},
        {"begins_with(bin, :v)", "{':v':{'B':'AQ=='}}", true},
        {"begins_with(bin, :v)", "{':v':{'S':'AQ=='}}", false},
        {"begins_with(n, :v)", "{':v':{'S':'5'}}", false},
        {"begins_with(gone, :v)", "{':v':{'S':''}}", false},
        {"contains(sb, :v)", "{':v':{'S':'QI'}}", true},
        {"contains(sb, :v)", "{':v':{'S':'QID '}}", false},
        {"contains(sb, :v)", "{':v':{'S':''}}", true},
        {"contains(blank, :v)", "{':v':{'S':''}}", true},
        {"contains(bin, :v)", "{':v':{'B':'Ag=='}}", true},
        {"contains(bin, :v)", "{':v':{'B':'AwI='}}", false},
        {"contains(ss, :v)", "{':v':{'S':'y'}}", true},
        {"contains(ss, :v)", "{':v':{'S':'z'}}", false},
        {"contains(ns, :v)", "{':v':{'N':'2.50'}}", true},
        {"contains(ns, :v)", "{':v':{'S':'1'}}", false},
        {"contains(bs, :v)", "{':v':{'B':'Ag=='}}", true},
        {"contains(l, :v)", "{':v':{'L':[{'N':'3'}]}}", true},
        {"contains(l, :v)", "{':v':{'M':{'k':{'S':'v'}}}}", true},
        {"contains(l, :v)", "{':v':{'S':'v'}}", false},
        {"contains(m, :v)", "{':v':{'S':'a'}}", false},
        {"contains(n, :v)", "{':v':{'N':'5'}}", false},
        {"contains(:v, s)", "{':v':{'S':'abc'}}", true},
        {"size(u) = :v", "{':v':{'N':'5'}}", true}, /* the last of four characters is two units */
        {"size(blank) = :v", "{':v':{'N':'0'}}", true},
        {"size(bin) = :v", "{':v':{'N':'3'}}", true},
        {"size(ss) = :v", "{':v':{'N':'2'}}", true},
        {"size(l) = :v", "{':v':{'N':'4'}}", true},
        {"size(m) BETWEEN :v AND :v", "{':v':{'N':'3'}}", true},
        {"size(:v) = size(m)", "{':v':{'S':'abc'}}", true},
        {":v IN (size(s), size(l))", "{':v':{'N':'4'}}", true},
        {"size(n) >= :v", "{':v':{'N':'0'}}", false},
        {"size(t) >= :v", "{':v':{'N':'0'}}", false},
        {"size(nul) >= :v", "{':v':{'N':'0'}}", false},
        {"size(gone) >= :v", "{':v':{'N':'0'}}", false},
        {"size(gone) <> :v", "{':v':{'N':'0'}}", false},
        {":v <> size(n)", "{':v':{'N':'0'}}", false},
        {"gone <> size(s)", NULL, true},
        {"gone <> size(gone)", NULL, false},
        {"NOT size(gone) = :v", "{':v':{'N':'0'}}", true},
        {"size(s) <> :v", "{':v':{'N':'0'}}", true},
    };

    CHECK_TRUTHS(rows);
}

TEST(connectives_bind_as_documented)
{
    /* t: holds, f: does not */
    static const struct truth rows[] = {
        {"s = :v AND n = n5", "{':v':{'S':'b'}}", true},
        {"s = n OR s = :v AND n = s", "{':v':{'S':'b'}}", false},
        {"s = :v OR s = :v AND n = s", "{':v':{'S':'b'}}", true},
        {"(s = :v OR s = :v) AND n = s", "{':v':{'S':'b'}}", false},
        {"NOT s = n AND s = n", NULL, false},
        {"NOT (s = n AND s = n)", NULL, true},
        {"NOT s = n OR s = n", NULL, true},
        {"NOT gone = :v", "{':v':{'S':'b'}}", true},
        {"NOT gone < :v", "{':v':{'S':'b'}}", true},
        {"NOT (NOT s = n)", NULL, false},
        {"s = n OR s = n OR s = :v OR s = n", "{':v':{'S':'b'}}", true},
        {"n BETWEEN :a AND :b AND s = n", "{':a':{'N':'1'},':b':{'N':'9'}}", false},
        {"n = n5 AND s <> n AND attribute_exists(s) AND gone = s", NULL, false},
    };

    CHECK_TRUTHS(rows);
}

TEST(an_absent_item_has_no_attributes)
{
    struct request request = {.condition = "attribute_not_exists(a) AND NOT a = b"};
    struct arena arena;
    struct fault fault;
    struct expr_set set = {0};

    arena_init(&arena);
    CHECK_OK(parse_request(&request, &arena, &fault, &set));
    CHECK(expr_condition_holds(set.condition, (struct value){VALUE_M, BYTES("")}));
    CHECK(expr_condition_holds(set.condition, item_of("{}", &arena)));
    arena_fini(&arena);
}

/* --- paths for callers ------------------------------------------------------------------------ */

struct seen {
    char text[200];
    unsigned left;
};

static bool see(void *ctx, struct bytes attribute, bool nested)
{
    struct seen *seen = ctx;
    size_t size = strlen(seen->text);

    snprintf(seen->text + size, sizeof(seen->text) - size, "%.*s%s ", BYTES_ARGS(attribute),
             nested ? "+" : "");
    return --seen->left > 0;
}

TEST(condition_paths_are_visited_in_order_of_the_text)
{
    struct request request = {
        .condition = "(a = :v OR NOT b.c IN (d[0], e)) AND size(f) BETWEEN #n AND :v",
        .names = "{'#n':'g h'}",
        .values = ONE_VALUE,
    };
    struct seen all = {.left = 100}, two = {.left = 2};
    struct arena arena;
    struct fault fault;
    struct expr_set set = {0};

    arena_init(&arena);
    CHECK_OK(parse_request(&request, &arena, &fault, &set));
    expr_condition_visit_paths(set.condition, see, &all);
    CHECK_TEXT(bytes_of_string(all.text), "a b+ d+ e f g h ");
    expr_condition_visit_paths(set.condition, see, &two);
    CHECK_TEXT(bytes_of_string(two.text), "a b+ ");
    arena_fini(&arena);
}
