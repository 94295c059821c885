/* auth_test.c - every row of contract table 1.4 that concerns a signature, and their order. */
#include "auth/auth.h"
#include "auth/request_text.h"
#include "auth/sigv4.h"
#include "unit.h"

#define NOW_S 1440938160 /* 2015-08-30T12:36:00Z, when the signed rows below were signed */

#define DATE "X-Amz-Date: 20150830T123600Z\n"
#define AUTH(credential, headers, signature)                                            \
    "Authorization: AWS4-HMAC-SHA256 Credential=" credential ", SignedHeaders=" headers \
    ", Signature=" signature "\n"
#define SCOPE   "20150830/us-east-1/dynamodb/aws4_request"
#define MISSING "Authorization header requires "
#define ASK     "AWS query-string parameters must include "

static struct identity_set *example_identities(void)
{
    return identity_set_create(BYTES("AKIDEXAMPLE"),
                               BYTES("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                               BYTES("000000000000"));
}

/* The text of a failure, or "" for none. */
static struct bytes answer(enum auth_mode mode, int64_t seconds_later, struct bytes text,
                           struct arena *arena, enum err *err, struct auth_caller *caller)
{
    struct identity_set *identities = example_identities();
    const struct auth auth = {mode, "dynamodb", identities, AUTH_SKEW_MS_MAX};
    struct http_request request = request_of_text(text, arena);
    struct fault fault;

    fault_init(&fault, arena);
    *err = auth_request(&auth, &request, (uint64_t)(NOW_S + seconds_later) * 1000 + 999, arena,
                        &fault, caller);
    caller->identity = NULL; /* dies with the set */
    identity_set_destroy(&identities);
    return fault.message;
}

TEST(auth_answers_each_failure_with_its_text)
{
    static const struct {
        struct bytes request;
        int64_t seconds_later;
        enum err err;
        const char *message;
    } rows[] = {
        /* presence */
        {BYTES("POST /?X-Amz-Algorithm=AWS4-HMAC-SHA256\nAuthorization: x\n\n"), 0,
         ERR_INVALID_SIGNATURE,
         "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP "
         "header."},
        {BYTES("POST /\nHost: h\n\n"), 0, ERR_MISSING_AUTH_TOKEN,
         "Request is missing Authentication Token"},
        {BYTES("POST /\nAuthorization:\n" DATE "\n"), 0, ERR_MISSING_AUTH_TOKEN,
         "Request is missing Authentication Token"},
        {BYTES("POST /\nAuthorization: Bearer abc\n" DATE "\n"), 0, ERR_MISSING_AUTH_TOKEN,
         "Request is missing Authentication Token"},
        {BYTES("POST /\nAuthorization: aws4-hmac-sha256 Credential=a\n" DATE "\n"), 0,
         ERR_MISSING_AUTH_TOKEN, "Request is missing Authentication Token"},

        /* completeness, header form */
        {BYTES("POST /\nAuthorization: AWS4-\n\n"), 0, ERR_INCOMPLETE_SIGNATURE,
         MISSING "'Credential' parameter. " MISSING "'Signature' parameter. " MISSING
                 "'SignedHeaders' parameter. " MISSING
                 "existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-"},
        {BYTES("POST /\nAuthorization:  AWS4- Signature=b Credential=a \nDate: a\n\n"), 0,
         ERR_INCOMPLETE_SIGNATURE,
         MISSING "'SignedHeaders' parameter. Authorization=AWS4- Signature=b Credential=a"},
        {BYTES("POST /\nAuthorization: AWS4-X SignedHeaders=host,Credential=a\n" DATE "\n"), 0,
         ERR_INCOMPLETE_SIGNATURE,
         MISSING "'Signature' parameter. Authorization=AWS4-X SignedHeaders=host,Credential=a"},
        {BYTES("POST /\nAuthorization: AWS4-X Credential=, SignedHeaders=host, Signature=b\n" DATE
               "\n"),
         0, ERR_INCOMPLETE_SIGNATURE,
         MISSING "'Credential' parameter. Authorization=AWS4-X Credential=, SignedHeaders=host, "
                 "Signature=b"},
        {BYTES("POST /\n" AUTH("a", "host", "b") "\n"), 0, ERR_INCOMPLETE_SIGNATURE,
         MISSING "existence of either a 'X-Amz-Date' or a 'Date' header. "
                 "Authorization=AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=b"},
        {BYTES("POST /\nAuthorization: AWS4-HMAC-SHA256 Credential=a, what, Signature=b\n\n"), 0,
         ERR_INCOMPLETE_SIGNATURE,
         "'what' not a valid key=value pair (missing equal-sign) in Authorization header: "
         "'AWS4-HMAC-SHA256 Credential=a, what, Signature=b'."},

        /* completeness, query form */
        {BYTES("GET /?X-Amz-Algorithm\nHost: h\n\n"), 0, ERR_INCOMPLETE_SIGNATURE,
         ASK "'X-Amz-Algorithm'. " ASK "'X-Amz-Credential'. " ASK "'X-Amz-Signature'. " ASK
             "'X-Amz-SignedHeaders'. " ASK "'X-Amz-Date'. Re-examine the query-string parameters."},
        {BYTES("GET /?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-SignedHeaders=c&X-Amz-Date=\n\n"),
         0, ERR_INCOMPLETE_SIGNATURE,
         ASK "'X-Amz-Signature'. " ASK "'X-Amz-Date'. Re-examine the query-string parameters."},
        {BYTES("GET /?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-SignedHeaders=c&X-Amz-Date=d&"
               "X-Amz-Signature=e&X-Amz-Expires=604801\n\n"),
         0, ERR_INCOMPLETE_SIGNATURE,
         "X-Amz-Expires must be a number of seconds from 1 to 604800. Re-examine the query-string "
         "parameters."},

        /* date */
        {BYTES("POST /\nX-Amz-Date: Sun, 30 Aug 2015 12:36:00 GMT\n" AUTH("a", "b", "c") "\n"), 0,
         ERR_INCOMPLETE_SIGNATURE,
         "Date must be in ISO-8601 'basic format'. Got 'Sun, 30 Aug 2015 12:36:00 GMT'. See "
         "http://en.wikipedia.org/wiki/ISO_8601"},
        {BYTES("POST /\nDate: yesterday\n" AUTH("a", "b", "c") "\n"), 0, ERR_INCOMPLETE_SIGNATURE,
         "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See "
         "http://en.wikipedia.org/wiki/ISO_8601"},
        {BYTES("GET /?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-SignedHeaders=c&X-Amz-Date=d%2F&"
               "X-Amz-Signature=e\nDate: Sun, 30 Aug 2015 12:36:00 GMT\n\n"),
         0, ERR_INCOMPLETE_SIGNATURE,
         "Date must be in ISO-8601 'basic format'. Got 'd/'. See "
         "http://en.wikipedia.org/wiki/ISO_8601"},

        /* expiry */
        {BYTES("POST /\n" DATE AUTH("a", "b", "c") "\n"), 901, ERR_INVALID_SIGNATURE,
         "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
         "(20150830T125101Z - 15 min.)"},
        {BYTES("POST /\nDate: Sun, 30 Aug 2015 12:36:00 GMT\n" AUTH("a", "b", "c") "\n"), 86400,
         ERR_INVALID_SIGNATURE,
         "Signature expired: 20150830T123600Z is now earlier than 20150831T122100Z "
         "(20150831T123600Z - 15 min.)"},
        {BYTES("POST /\n" DATE AUTH("a", "b", "c") "\n"), -901, ERR_INVALID_SIGNATURE,
         "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
         "(20150830T122059Z + 15 min.)"},
        {BYTES("GET /?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-SignedHeaders=c&"
               "X-Amz-Date=20150830T123600Z&X-Amz-Signature=e&X-Amz-Expires=60\n\n"),
         61, ERR_INVALID_SIGNATURE,
         "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
         "(20150830T123701Z - 1 min.)"},
        {BYTES("GET /?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-SignedHeaders=c&"
               "X-Amz-Date=20150830T123600Z&X-Amz-Signature=e&X-Amz-Expires=604800\n\n"),
         901, ERR_INVALID_SIGNATURE,
         "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
         "(20150830T125101Z - 15 min.)"},

        /* host signed */
        {BYTES("POST /\n" DATE AUTH("a", "date;hosts;x-host", "c") "\n"), 900,
         ERR_INVALID_SIGNATURE, "'Host' must be a 'SignedHeader' in the AWS Authorization."},

        /* algorithm */
        {BYTES("POST /\n" DATE "Authorization: AWS4-ECDSA-P256-SHA256 Credential=a, "
               "SignedHeaders=host, Signature=c\n\n"),
         -900, ERR_INCOMPLETE_SIGNATURE,
         "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). "},

        /* credential shape */
        {BYTES("POST /\n" DATE AUTH("a/b/c/d", "Host", "c") "\n"), 0, ERR_INCOMPLETE_SIGNATURE,
         "Credential must have exactly 5 slash-delimited elements, e.g. "
         "keyid/date/region/service/term, got 'a/b/c/d'"},
        {BYTES("POST /\n" DATE AUTH("a/b/c/d/e/f", "host", "c") "\n"), 0, ERR_INCOMPLETE_SIGNATURE,
         "Credential must have exactly 5 slash-delimited elements, e.g. "
         "keyid/date/region/service/term, got 'a/b/c/d/e/f'"},

        /* credential scope */
        {BYTES("POST /\n" DATE AUTH("a/20150830/US/dynamodb/aws4_request", "host", "c") "\n"), 0,
         ERR_INVALID_SIGNATURE, "Credential should be scoped to a valid region, not 'US'."},
        {BYTES("POST /\n" DATE AUTH("a/20150830/us-east-1/dynamo/aws4_request", "host", "c") "\n"),
         0, ERR_INVALID_SIGNATURE, "Credential should be scoped to correct service: 'dynamodb'."},
        {BYTES("POST /\n" DATE AUTH("a/20150830/us-east-1/dynamodb/aws4", "host", "c") "\n"), 0,
         ERR_INVALID_SIGNATURE,
         "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4'."},
        {BYTES("POST /\nDate: Sun, 30 Aug 2015 12:36:00 GMT\n" AUTH(
             "a/20150829/us-east-1/dynamodb/aws4_request", "host", "c") "\n"),
         0, ERR_INVALID_SIGNATURE,
         "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
         "HTTP: '20150829' != '20150830', from 'Sun, 30 Aug 2015 12:36:00 GMT'."},
        {BYTES("POST /\n" DATE AUTH("////", "host", "c") "\n"), 0, ERR_INVALID_SIGNATURE,
         "Credential should be scoped to a valid region, not ''. "
         "Credential should be scoped to correct service: 'dynamodb'. "
         "Credential should be scoped with a valid terminator: 'aws4_request', not ''. "
         "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
         "HTTP: '' != '20150830', from '20150830T123600Z'."},

        /* access key */
        {BYTES("POST /\n" DATE AUTH("AKIDEXAMPLF/" SCOPE, "host", "c") "\n"), 0,
         ERR_UNRECOGNIZED_CLIENT, "The security token included in the request is invalid."},
        {BYTES("POST /\n" DATE AUTH("/" SCOPE, "host", "c") "\n"), 0, ERR_UNRECOGNIZED_CLIENT,
         "The security token included in the request is invalid."},

        /* signature */
        {BYTES("POST /\n" DATE AUTH("AKIDEXAMPLE/" SCOPE, "host", "c") "\n{}"), 0,
         ERR_INVALID_SIGNATURE,
         "The request signature we calculated does not match the signature you provided. Check "
         "your AWS Secret Access Key and signing method. Consult the service documentation for "
         "details.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nhost:"
         "\n\nhost\n44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'\n\n"
         "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20150830T123600Z\n" SCOPE
         "\na0037830a9cd163c68842804ed267db96c9c79884b2cf4f32d3e42dedd62dd02'\n"},

        /* session token; signed by botocore */
        {BYTES("POST /\nHost: localhost:8000\nX-Amz-Target: DynamoDB_20120810.ListTables\n"
               "Content-Type: application/x-amz-json-1.0\n" DATE
               "X-Amz-Security-Token: FwoGZXIvYXdzEXAMPLE//////////+==\n" AUTH(
                   "AKIDEXAMPLE/20150830/us-west-2/dynamodb/aws4_request",
                   "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
                   "d24eaaacf70b48843b5f5a4b086c8184b0676127136df8c14043236f098c2a26") "\n{}"),
         0, ERR_UNRECOGNIZED_CLIENT, "The security token included in the request is invalid"},
        {BYTES("GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830"
               "%2Feu-west-1%2Fdynamodb%2Faws4_request&X-Amz-Date=20150830T123600Z&"
               "X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token="
               "FwoGZXIvYXdzEXAMPLE%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2B%3D%3D&X-Amz-Signature="
               "60b01498333d55e0298b64d6e9df6020b0c3a7ea40bf85507b0c5bf8a9a2f639\n"
               "Host: localhost:8000\n\n"),
         0, ERR_UNRECOGNIZED_CLIENT, "The security token included in the request is invalid"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct auth_caller caller;
        struct arena arena;
        struct bytes message;
        enum err err;

        arena_init(&arena);
        message = answer(AUTH_KEYS, rows[i].seconds_later, rows[i].request, &arena, &err, &caller);
        CHECK_ERR(err, rows[i].err);
        CHECK_TEXT(message, rows[i].message);
        arena_fini(&arena);
    }
}

/* One request with everything wrong, mended step by step: each step shows the next failure. */
TEST(auth_reports_the_first_failure_in_the_contracts_order)
{
    static const struct {
        struct bytes request;
        const char *message_start;
    } steps[] = {
        {BYTES("POST /?X-Amz-Algorithm=\nAuthorization: x\n\n"), "Found both"},
        {BYTES("POST /\nAuthorization: x\n\n"), "Request is missing"},
        {BYTES("POST /\nAuthorization: AWS4-X y\n\n"), "'y' not a valid key=value pair"},
        {BYTES("POST /\nDate: z\nAuthorization: AWS4-X Credential=a Signature=c\n\n"),
         "Authorization header requires 'SignedHeaders'"},
        {BYTES("POST /\nDate: z\nAuthorization: AWS4-X Credential=a SignedHeaders=b "
               "Signature=c\n\n"),
         "Date must be in"},
        {BYTES("POST /\nX-Amz-Date: 20150829T123600Z\nAuthorization: AWS4-X Credential=a "
               "SignedHeaders=b Signature=c\n\n"),
         "Signature expired"},
        {BYTES("POST /\n" DATE "Authorization: AWS4-X Credential=a SignedHeaders=b "
               "Signature=c\n\n"),
         "'Host' must be"},
        {BYTES("POST /\n" DATE "Authorization: AWS4-X Credential=a SignedHeaders=host "
               "Signature=c\n\n"),
         "Unsupported AWS 'algorithm'"},
        {BYTES("POST /\n" DATE AUTH("a", "host", "c") "\n"), "Credential must have exactly 5"},
        {BYTES("POST /\n" DATE AUTH("a/20150830/us-east-1/x/aws4_request", "host", "c") "\n"),
         "Credential should be scoped"},
        {BYTES("POST /\n" DATE AUTH("a/" SCOPE, "host", "c") "\n"),
         "The security token included in the request is invalid."},
        {BYTES("POST /\nHost: h\nX-Amz-Security-Token: t\n" DATE AUTH("AKIDEXAMPLE/" SCOPE, "host",
                                                                      "c") "\n"),
         "The request signature we calculated"},
    };

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct auth_caller caller;
        struct arena arena;
        struct bytes message;
        enum err err;

        arena_init(&arena);
        message = answer(AUTH_KEYS, 0, steps[i].request, &arena, &err, &caller);
        CHECK(err != OK);
        if (!bytes_start_with(message, bytes_of_string(steps[i].message_start)))
            unit_failed(__FILE__, __LINE__, "step %zu: %.*s", i, BYTES_ARGS(message));
        arena_fini(&arena);
    }
}

TEST(auth_names_the_caller_of_a_good_signature)
{
    static const struct bytes row =
        BYTES("POST /\nHost: 127.0.0.1:8000\nX-Amz-Target: DynamoDB_20120810.ListTables\n"
              "Content-Type: application/x-amz-json-1.0\n" DATE AUTH(
                  "AKIDEXAMPLE/" SCOPE, "content-type;host;x-amz-date;x-amz-target",
                  "ed4d26ecc5b84a2e7026dbbc02c70e1fc0132f8eb32a500a6a406bb64efda3ce") "\n{}");
    static const int64_t within[] = {0, 900, -900};

    for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++) {
        struct auth_caller caller;
        struct arena arena;
        enum err err;

        arena_init(&arena);
        answer(AUTH_KEYS, within[i], row, &arena, &err, &caller);
        CHECK_OK(err);
        CHECK_TEXT(caller.region, "us-east-1");
        CHECK_TEXT(caller.access_key_id, "AKIDEXAMPLE");
        arena_fini(&arena);
    }
}

TEST(auth_open_wants_a_complete_signature_and_takes_any_key)
{
    static const struct {
        struct bytes request;
        enum err err;
        const char *access_key_id;
        const char *region;
    } rows[] = {
        {BYTES("POST /\nHost: h\n\n"), ERR_MISSING_AUTH_TOKEN, "", ""},
        {BYTES("POST /\nAuthorization: AWS4-X Credential=a\n\n"), ERR_INCOMPLETE_SIGNATURE, "", ""},
        {BYTES("POST /\n" DATE AUTH("any/20000101/eu-west-1/x/y", "b", "c") "\n"), OK, "any",
         "eu-west-1"},
        {BYTES("POST /\nDate: x\n" AUTH("any/20000101/Moon/x/y", "b", "c") "\n"), OK, "any", ""},
        {BYTES("POST /\nDate: x\n" AUTH("any", "b", "c") "\n"), OK, "", ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct auth_caller caller;
        struct arena arena;
        enum err err;

        arena_init(&arena);
        answer(AUTH_OPEN, 86400 * 365, rows[i].request, &arena, &err, &caller);
        CHECK_ERR(err, rows[i].err);
        if (err == OK) {
            CHECK_TEXT(caller.access_key_id, rows[i].access_key_id);
            CHECK_TEXT(caller.region, rows[i].region);
        }
        arena_fini(&arena);
    }
}

TEST(auth_bounds_the_number_of_signed_headers)
{
    struct auth_caller caller;
    struct arena arena;
    struct bytes list = BYTES("host"), message, request;
    enum err err;

    arena_init(&arena);
    for (int i = 1; i < SIGV4_SIGNED_HEADERS_MAX; i++)
        list = arena_format(&arena, "x%03d;%.*s", i, BYTES_ARGS(list));
    request = arena_format(&arena, "POST /\n" DATE AUTH("AKIDEXAMPLE/" SCOPE, "%.*s", "c") "\n",
                           BYTES_ARGS(list));
    message = answer(AUTH_KEYS, 0, request, &arena, &err, &caller);
    CHECK(bytes_start_with(message, BYTES("The request signature we calculated")));
    request = arena_format(&arena, "POST /\n" DATE AUTH("AKIDEXAMPLE/" SCOPE, "z;%.*s", "c") "\n",
                           BYTES_ARGS(list));
    message = answer(AUTH_KEYS, 0, request, &arena, &err, &caller);
    CHECK_ERR(err, ERR_INVALID_SIGNATURE);
    CHECK_TEXT(message, "SignedHeaders must not name more than 128 headers.");
    arena_fini(&arena);
}
