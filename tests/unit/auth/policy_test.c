/* policy_test.c - documents, the form in which they are given back, and those that are refused. */
#include "auth/policy.h"
#include "unit.h"

#include <string.h>

#define P   "One or more parameter values were invalid: "
#define PI  P "Invalid policy document: "
#define ARN "arn:aws:dynamodb:us-east-1:123456789012:table/Music"

/* Quotes in documents are written ' here. */
static struct bytes quoted(struct arena *arena, const char *text)
{
    char *copy = (char *)arena_copy(arena, bytes_of_string(text)).data;

    for (char *at = copy; *at != 0; at++)
        if (*at == '\'')
            *at = '"';
    return bytes_of_string(copy);
}

static enum err read_for(struct arena *arena, const char *text, bool may_lock_out,
                         struct fault *fault, struct bytes *canonical)
{
    static const struct bytes actions[] = {BYTES("GetItem"), BYTES("PutItem"), BYTES("Query"),
                                           BYTES("PutResourcePolicy"),
                                           BYTES("DeleteResourcePolicy")};
    struct policy_place place = {
        .resource_arn = BYTES(ARN),
        .owner_account = BYTES("123456789012"),
        .caller_arn = BYTES("arn:aws:iam::123456789012:user/eve"),
        .may_lock_out = may_lock_out,
        .actions = actions,
        .action_count = sizeof(actions) / sizeof(actions[0]),
    };

    fault_init(fault, arena);
    return policy_read(quoted(arena, text), &place, arena, fault, canonical);
}

#define WHO "'Principal':{'AWS':'arn:aws:iam::123456789012:user/ann'},"
#define DO  "'Action':'dynamodb:GetItem','Resource':'" ARN "'"

TEST(policy_is_given_back_in_one_form)
{
    static const struct {
        const char *text, *canonical;
    } rows[] = {
        {"{'Statement':{'Resource':['" ARN "'],'Action':['dynamodb:GetItem'],'Effect':'allow',"
         "'Principal':{'AWS':['123456789012']},'Sid':'one'}}",
         "{'Version':'2008-10-17','Statement':[{'Sid':'one','Effect':'Allow','Principal':{'AWS':"
         "'arn:aws:iam::123456789012:root'},'Action':'dynamodb:GetItem','Resource':'" ARN "'}]}"},
        {" {\n 'Statement' : [{'Effect':'Deny','NotPrincipal':{'Service':'x.amazonaws.com',"
         "'AWS':['*',"
         "'arn:aws:sts::123456789012:assumed-role/r/s']},'NotAction':['dynamodb:Get*','*'],"
         "'NotResource':['*','" ARN "/index/*'],"
         "'Condition':{'StringEquals':{'aws:a':['x'],'b':['y','z']},'Bool':{'c':true,'d':[1]}}}],"
         "'Id':'i','Version':'2012-10-17'}",
         "{'Version':'2012-10-17','Id':'i','Statement':[{'Effect':'Deny','NotPrincipal':{'Service':"
         "'x.amazonaws.com','AWS':['*','arn:aws:sts::123456789012:assumed-role/r/s']},"
         "'NotAction':['dynamodb:Get*','*'],'NotResource':['*','" ARN "/index/*'],"
         "'Condition':{'StringEquals':{'aws:a':'x','b':['y','z']},'Bool':{'c':true,'d':1}}}]}"},
        {"{'Version':'2012-10-17','Statement':[{'Effect':'Allow','Principal':'*'," DO
         ",'Condition':{'IpAddress':{'aws:SourceIp':'10.0.0.0/8'}}}]}",
         "{'Version':'2012-10-17','Statement':[{'Effect':'Allow','Principal':'*'," DO
         ",'Condition':{'IpAddress':{'aws:SourceIp':'10.0.0.0/8'}}}]}"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes canonical = BYTES(""), again = BYTES("");
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        CHECK_OK(read_for(&arena, rows[i].text, false, &fault, &canonical));
        CHECK_TEXT(canonical, (const char *)quoted(&arena, rows[i].canonical).data);
        CHECK_OK(read_for(&arena, (const char *)canonical.data, false, &fault, &again));
        CHECK(bytes_equal(canonical, again));
        arena_fini(&arena);
    }
}

TEST(policy_that_is_none_is_refused)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", PI "This policy contains invalid Json"},
        {"{'Statement':", PI "This policy contains invalid Json"},
        {"[]", PI "This text appears not to be a policy"},
        {"{}", PI "This text appears not to be a policy"},
        {"{'Version':'2012-10-17'}", PI "This text appears not to be a policy"},
        {"{'Statement':[]}", PI "Could not parse the policy: Statement is empty!"},
        {"{\n 'Statement':[{" WHO DO "}],\n  'Other':1}", PI "Syntax error at position (3,4)"},
        {"{'Version':'2020-01-01','Statement':[{}]}", PI "Syntax error at position (1,3)"},
        {"{'Statement':'x'}", PI "Syntax error at position (1,3)"},
        {"{'Statement':['x']}", PI "Syntax error at position (1,1)"},
        {"{'Statement':[{'Effect':'Perhaps'," WHO DO "}]}", PI "Syntax error at position (1,26)"},
        {"{'Statement':[{'Effect':'Deny'," WHO DO ",'Extra':1}]}", NULL},
        {"{'Statement':[{'Effect':'Deny'," WHO DO ",'NotAction':'*'}]}", NULL},
        {"{'Statement':[{'Effect':'Deny'," WHO "'Action':[],'Resource':'*'}]}", NULL},
        {"{'Statement':[{'Effect':'Deny'," WHO "'Action':[1],'Resource':'*'}]}", NULL},
        {"{'Statement':[{'Effect':'Deny'," WHO DO ",'Condition':{'Bool':1}}]}", NULL},
        {"{'Statement':[{'Effect':'Deny'," WHO DO ",'Condition':{'Bool':{'a':{}}}}]}", NULL},
        {"{'Statement':[{" WHO DO "}]}", PI "Missing required field Effect"},
        {"{'Statement':[{'Effect':'Deny'," DO "}]}", PI "Missing required field Principal"},
        {"{'Statement':[{'Effect':'Deny'," WHO "'Resource':'*'}]}",
         PI "Missing required field Action"},
        {"{'Statement':[{'Effect':'Deny'," WHO "'Action':'*'}]}",
         PI "Missing required field Resource"},
        {"{'Statement':[{'Sid':'a','Effect':'Deny'," WHO DO "},{'Sid':'a','Effect':'Deny'," WHO DO
         "}]}",
         PI "The Statement Ids in the policy are not unique"},
        {"{'Statement':[{'Effect':'Deny'," WHO
         "'Action':['dynamodb:GetItem','dynamodb:Fly','s3:GetObject'],'Resource':'*'}]}",
         PI "The following action names are invalid: dynamodb:Fly, s3:GetObject"},
        {"{'Statement':[{'Effect':'Deny'," WHO "'Action':'*','Resource':'Music'}]}",
         PI "Resource Music must be in ARN format or \"*\"."},
        {"{'Statement':[{'Effect':'Deny'," WHO
         "'Action':'*','Resource':'arn:aws:dynamodb:us-east-1:123456789012:Music'}]}",
         PI "The relative-id Music is invalid for ARN "
            "arn:aws:dynamodb:us-east-1:123456789012:Music"},
        {"{'Statement':[{'Effect':'Deny','Principal':{'AWS':'ann'}," DO "}]}",
         "Invalid principal in policy document."},
        {"{'Statement':[{'Effect':'Deny','Principal':'ann'," DO "}]}",
         "Invalid principal in policy document."},
        {"{'Statement':[{'Effect':'Deny','Principal':{'Somebody':'*'}," DO "}]}",
         "Invalid principal in policy document."},
        {"{'Statement':[{'Effect':'Deny','Principal':{'AWS':[]}," DO "}]}",
         "Invalid principal in policy document."},
        {"{'Statement':[{'Effect':'Allow','Principal':{'AWS':['123456789012','*']}," DO "}]}",
         "Resource-based policy grants unbounded access in one or more elements. Please revise the "
         "policy to ensure least-privilege form of access"},
        {"{'Statement':[{'Effect':'Allow','NotPrincipal':{'AWS':'123456789012'}," DO "}]}",
         "Resource-based policy grants unbounded access in one or more elements. Please revise the "
         "policy to ensure least-privilege form of access"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes canonical = BYTES("untouched");
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        CHECK_ERR(read_for(&arena, rows[i].text, false, &fault, &canonical), ERR_VALIDATION);
        if (rows[i].message != NULL)
            CHECK_TEXT(fault.message, rows[i].message);
        else
            CHECK(bytes_start_with(fault.message, BYTES(PI "Syntax error at position (1,")));
        CHECK_TEXT(canonical, "untouched");
        arena_fini(&arena);
    }
}

TEST(policy_has_a_largest_size)
{
    char text[POLICY_BYTES_MAX + 2];
    struct bytes canonical;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    memset(text, ' ', sizeof(text));
    text[POLICY_BYTES_MAX] = 0;
    CHECK_ERR(read_for(&arena, text, false, &fault, &canonical), ERR_VALIDATION);
    CHECK_TEXT(fault.message, PI "This policy contains invalid Json");
    text[POLICY_BYTES_MAX] = ' ';
    text[POLICY_BYTES_MAX + 1] = 0;
    CHECK_ERR(read_for(&arena, text, false, &fault, &canonical), ERR_VALIDATION);
    CHECK_TEXT(fault.message, P "Maximum policy size of 20480 bytes exceeded");
    arena_fini(&arena);
}

/* Each of these denies its own author to change it again; unless it does not. */
TEST(policy_that_locks_its_author_out_must_be_meant)
{
#define DENY(principal, rest) "{'Statement':[{'Effect':'Deny'," principal "," rest "}]}"
#define ALL                   "'Action':'*','Resource':'*'"
    static const struct {
        const char *text;
        bool locks_out;
    } rows[] = {
        {DENY("'Principal':'*'", ALL), true},
        {DENY("'Principal':{'AWS':'123456789012'}", ALL), true},
        {DENY("'Principal':{'AWS':'arn:aws:iam::123456789012:user/eve'}", ALL), true},
        {DENY("'Principal':{'AWS':'arn:aws:iam::123456789012:user/ann'}", ALL), false},
        {DENY("'NotPrincipal':{'AWS':'arn:aws:iam::123456789012:user/ann'}", ALL), true},
        {DENY("'NotPrincipal':{'AWS':'arn:aws:iam::123456789012:user/eve'}", ALL), false},
        {DENY("'Principal':'*'", "'Action':'dynamodb:*Policy','Resource':'" ARN "'"), true},
        {DENY("'Principal':'*'", "'Action':'dynamodb:Get*','Resource':'" ARN "'"), false},
        {DENY("'Principal':'*'", "'NotAction':'dynamodb:Get*','Resource':'" ARN "'"), true},
        {DENY("'Principal':'*'", "'NotAction':'*','Resource':'" ARN "'"), false},
        {DENY("'Principal':'*'", "'Action':'*','Resource':'" ARN "/index/*'"), false},
        {DENY("'Principal':'*'", "'Action':'*','NotResource':'" ARN "/index/*'"), true},
        {DENY("'Principal':'*'", ALL ",'Condition':{'Bool':{'aws:SecureTransport':'false'}}"),
         false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes canonical;
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        CHECK_ERR(read_for(&arena, rows[i].text, false, &fault, &canonical),
                  rows[i].locks_out ? ERR_VALIDATION : OK);
        CHECK_OK(read_for(&arena, rows[i].text, true, &fault, &canonical));
        arena_fini(&arena);
    }
}

TEST(policy_patterns)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true},       {"", "a", false},     {"*", "", true},        {"*", "abc", true},
        {"a*c", "abc", true}, {"a*c", "ac", true},  {"a*c", "abcd", false}, {"a?c", "abc", true},
        {"a?c", "ac", false}, {"*b*", "abc", true}, {"a**", "a", true},     {"*aab", "aaab", true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CHECK(policy_matches(bytes_of_string(rows[i].pattern), bytes_of_string(rows[i].text)) ==
              rows[i].matches);
}
