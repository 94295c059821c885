/* sigv4_test.c - signatures of others verify, ours agree with them, changed requests do not. */
#include "auth/request_text.h"
#include "auth/sigv4.h"
#include "auth/sigv4_priv.h"
#include "base/rng.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>

#define SECRET BYTES("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

struct vector {
    const char *name;
    const char *service;
    const char *region;
    struct bytes text;
};

static const struct vector vectors[] = {
#define VECTOR(name, service, region, text) {#name, service, region, BYTES(text)},
#include "sigv4_vectors.def"
};

#define VECTOR_COUNT (sizeof(vectors) / sizeof(vectors[0]))

static enum err verify(const struct http_request *request, struct bytes secret, struct arena *arena,
                       struct fault *fault)
{
    struct sigv4_claim claim;
    enum err err;

    fault_init(fault, arena);
    err = sigv4_parse(request, arena, fault, &claim);
    return err != OK ? err : sigv4_verify(request, &claim, secret, arena, fault);
}

static enum err verify_text(struct bytes text, struct arena *arena, struct fault *fault)
{
    struct http_request request = request_of_text(text, arena);

    return verify(&request, SECRET, arena, fault);
}

TEST(sigv4_finds_the_parts_of_a_header_whatever_their_sizes)
{
    static const char *const between[] = {",", " ", "\t", ", ", " ,\t "};
    char scope[600], header[2000];

    memset(scope, 'x', sizeof(scope));
    for (size_t size = 1; size < sizeof(scope); size++) {
        const char *blank = between[size % (sizeof(between) / sizeof(between[0]))];
        struct http_header headers[] = {{BYTES("authorization"), {0}},
                                        {BYTES("x-amz-date"), BYTES("20150830T123600Z")}};
        struct http_request request = {.headers = headers, .header_count = 2};
        struct sigv4_claim claim;
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        fault_init(&fault, &arena);
        snprintf(header, sizeof(header),
                 "AWS4-HMAC-SHA256%sCredential=%.*s%sSignedHeaders=host%sSignature=%.*s%s", blank,
                 (int)size, scope, blank, blank, (int)(sizeof(scope) - size), scope,
                 size % 2 == 0 ? blank : "");
        headers[0].value = bytes_of_string(header);
        CHECK_OK(sigv4_parse(&request, &arena, &fault, &claim));
        CHECK_TEXT(claim.algorithm, "AWS4-HMAC-SHA256");
        CHECK_U64(claim.credential.size, size);
        CHECK_TEXT(claim.signed_headers, "host");
        CHECK_U64(claim.signature.size, sizeof(scope) - size);
        arena_fini(&arena);
    }
}

TEST(sigv4_accepts_what_botocore_and_the_published_examples_signed)
{
    const struct sigv4_rules rules = {NULL, 1440938160000, 15 * 60 * 1000};

    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        struct sigv4_rules of_service = rules;
        struct sigv4_claim claim;
        struct http_request request;
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        fault_init(&fault, &arena);
        request = request_of_text(vectors[i].text, &arena);
        of_service.service = vectors[i].service;
        if (sigv4_parse(&request, &arena, &fault, &claim) != OK ||
            sigv4_check_scope(&claim, &of_service, &fault) != OK ||
            sigv4_verify(&request, &claim, SECRET, &arena, &fault) != OK)
            unit_failed(__FILE__, __LINE__, "%s: %.*s", vectors[i].name, BYTES_ARGS(fault.message));
        else
            CHECK_TEXT(claim.region, vectors[i].region);
        arena_fini(&arena);
    }
}

TEST(sigv4_refuses_a_changed_body_method_signed_header_or_signature)
{
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        struct http_request request, changed;
        struct http_header headers[REQUEST_TEXT_HEADERS_MAX];
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        request = request_of_text(vectors[i].text, &arena);

        changed = request;
        changed.body_sent = arena_format(&arena, "%.*s ", BYTES_ARGS(request.body_sent));
        CHECK_ERR(verify(&changed, SECRET, &arena, &fault), ERR_INVALID_SIGNATURE);

        changed = request;
        changed.method = BYTES("PUT");
        CHECK_ERR(verify(&changed, SECRET, &arena, &fault), ERR_INVALID_SIGNATURE);

        changed = request;
        memcpy(headers, request.headers, sizeof(headers[0]) * request.header_count);
        changed.headers = headers;
        CHECK(
            bytes_equal_no_case(headers[0].name, BYTES("host"))); /* every vector begins with it */
        headers[0].value = BYTES("elsewhere");
        CHECK_ERR(verify(&changed, SECRET, &arena, &fault), ERR_INVALID_SIGNATURE);

        CHECK_OK(verify(&request, SECRET, &arena, &fault));
        CHECK_ERR(verify(&request, BYTES("other"), &arena, &fault), ERR_INVALID_SIGNATURE);
        arena_fini(&arena);
    }
}

TEST(sigv4_refuses_every_single_changed_digit_of_a_signature)
{
    static const char text[] =
        "GET /\n"
        "Host: example.amazonaws.com\n"
        "X-Amz-Date: 20150830T123600Z\n"
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\n\n";
    const size_t digits_end = sizeof(text) - 1 - 2;
    char changed[sizeof(text)];

    for (size_t i = digits_end - 64; i < digits_end; i++) {
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        memcpy(changed, text, sizeof(text));
        changed[i] = changed[i] == '0' ? '1' : '0';
        CHECK_ERR(verify_text(bytes_make(changed, sizeof(text) - 1), &arena, &fault),
                  ERR_INVALID_SIGNATURE);
        arena_fini(&arena);
    }
}

/* A client may sign x-amz-content-sha256; only the hash of what was sent is good. */
TEST(sigv4_computes_the_payload_hash_itself)
{
    /* Signed by botocore as vectors are, for the body "{}". */
    static const struct bytes rows[] = {
        BYTES("POST /\nHost: 127.0.0.1:8000\nX-Amz-Content-SHA256: UNSIGNED-PAYLOAD\n"
              "X-Amz-Date: 20150830T123600Z\n"
              "Authorization: AWS4-HMAC-SHA256 "
              "Credential=AKIDEXAMPLE/20150830/us-east-1/dynamodb/aws4_request, "
              "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
              "Signature=f285150d9051234617e723d9a629e4f1629dfa4fb158a60b3f78d6b13db233d6\n\n{}"),
        BYTES("POST /\nHost: 127.0.0.1:8000\n"
              "X-Amz-Content-SHA256: "
              "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n"
              "X-Amz-Date: 20150830T123600Z\n"
              "Authorization: AWS4-HMAC-SHA256 "
              "Credential=AKIDEXAMPLE/20150830/us-east-1/dynamodb/aws4_request, "
              "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
              "Signature=509ab1f06045a92a8ff318bda047a4eb7c7a537050e8a0c5a0a5e26f2edca2f3\n\n"
              "{\"TableName\":\"other\"}"),
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        CHECK_ERR(verify_text(rows[i], &arena, &fault), ERR_INVALID_SIGNATURE);
        arena_fini(&arena);
    }
}

TEST(sigv4_mismatch_shows_the_canonical_request_and_the_string_to_sign)
{
    /* The strings are the ones printed in the IAM ListUsers example. */
    static const char expected[] =
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details."
        "\n\nThe Canonical String for this request should have been\n'"
        "GET\n/\nAction=ListUsers&Version=2010-05-08\n"
        "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
        "host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
        "content-type;host;x-amz-date\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'"
        "\n\nThe String-to-Sign should have been\n'"
        "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59'\n";
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    CHECK_ERR(verify_text(BYTES("GET /?Version=2010-05-08&Action=ListUsers\n"
                                "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n"
                                "Host: iam.amazonaws.com\n"
                                "X-Amz-Date: 20150830T123600Z\n"
                                "Authorization: AWS4-HMAC-SHA256 "
                                "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                                "SignedHeaders=content-type;host;x-amz-date, "
                                "Signature=0\n\n"),
                          &arena, &fault),
              ERR_INVALID_SIGNATURE);
    CHECK_TEXT(fault.message, expected);
    arena_fini(&arena);
}

TEST(sigv4_canonical_request_sorts_names_once_each_whatever_the_list_says)
{
    static const char *const lists[] = {"a;b;host", "host;b;a", "Host;B;A;host;a;A"};
    struct http_request request;
    struct arena arena;

    arena_init(&arena);
    request = request_of_text(BYTES("POST\nB: 2\nHost: h\nA: 1\nunsigned: x\n\n"), &arena);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        CHECK_TEXT(sigv4_canonical_request(&request, bytes_of_string(lists[i]), &arena),
                   "POST\n/\n\na:1\nb:2\nhost:h\n\na;b;host\n"
                   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    /* A name without a header signs its absence. */
    CHECK_TEXT(sigv4_canonical_request(&request, BYTES("absent;host"), &arena),
               "POST\n/\n\nabsent:\nhost:h\n\nabsent;host\n"
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    arena_fini(&arena);
}

TEST(sigv4_canonical_query_is_decoded_sorted_and_encoded_one_way)
{
    static const struct {
        const char *sent;
        const char *canonical;
    } rows[] = {
        {"b&a=", "a=&b="},
        {"&&a=1&", "a=1"},
        {"a=%7e%2f%2B+%20", "a=~%2F%2B%20%20"},
        {"a=%zz&b=%4&c=%", "a=%25zz&b=%254&c=%25"},
        {"a=b=c", "a=b%3Dc"},
        {"a=2&a=10&a=1", "a=1&a=10&a=2"},
        {"%62=1&a%3D=2&a=3", "a=3&a%3D=2&b=1"},
        {"X-Amz-Signature=0&a=1&X-Amz%2dSignature=1", "a=1"},
        {"=", "="},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_request request = {.method = BYTES("GET"), .path = BYTES("/")};
        struct bytes got;
        struct arena arena;

        arena_init(&arena);
        request.query = bytes_of_string(rows[i].sent);
        got = sigv4_canonical_request(&request, BYTES("host"), &arena);
        got = bytes_skip(got, strlen("GET\n/\n"));
        got.size = (size_t)((const uint8_t *)memchr(got.data, '\n', got.size) - got.data);
        CHECK_TEXT(got, rows[i].canonical);
        arena_fini(&arena);
    }
}

/* Text of random bytes that a header value or a query may hold. */
static struct bytes random_text(struct arena *arena, size_t size_max, const char *alphabet)
{
    size_t size = rng_fast() % (size_max + 1);
    uint8_t *text = arena_alloc(arena, size);

    for (size_t i = 0; i < size; i++)
        text[i] = (uint8_t)alphabet[rng_fast() % strlen(alphabet)];
    return bytes_make(text, size);
}

TEST(sigv4_verifies_what_it_signed)
{
    static const char *const regions[] = {"us-east-1", "eu-central-1", "local"};

    for (int i = 0; i < 500; i++) {
        struct http_header headers[12] = {
            {BYTES("Host"), BYTES("localhost:8000")},
            {BYTES("X-Amz-Date"), BYTES("20260101T000000Z")},
        };
        struct http_request request = {.headers = headers, .header_count = 2};
        struct bytes secret, region, rest;
        struct arena arena;
        struct fault fault;
        uint8_t *body;

        arena_init(&arena);
        request.method = rng_fast() % 2 != 0 ? BYTES("POST") : BYTES("GET");
        rest = random_text(&arena, 20, "ab/.%2 \xc3\xa9");
        request.path = arena_format(&arena, "/%.*s", BYTES_ARGS(rest));
        request.query = random_text(&arena, 30, "ab&=%2f+ ;");
        while (request.header_count < rng_fast() % 11) {
            rest = random_text(&arena, 3, "aBc-_^~");
            headers[request.header_count].name = arena_format(&arena, "x-%.*s", BYTES_ARGS(rest));
            headers[request.header_count++].value = random_text(&arena, 40, "a \t,;\"\xff");
        }
        body = arena_alloc(&arena, 1000);
        request.body_sent = bytes_make(body, rng_fast() % 1000);
        rng_fill(body, request.body_sent.size);
        secret = random_text(&arena, 100, "abcDEF/+0123");
        region = bytes_of_string(regions[rng_fast() % 3]);

        headers[request.header_count].value =
            sigv4_sign(&request, BYTES("AKID"), secret, region, BYTES("dynamodb"),
                       BYTES("20260101T000000Z"), &arena);
        headers[request.header_count++].name = BYTES("Authorization");
        if (verify(&request, secret, &arena, &fault) != OK)
            unit_failed(__FILE__, __LINE__, "%.*s", BYTES_ARGS(fault.message));
        arena_fini(&arena);
    }
}

TEST(sigv4_signs_as_botocore_does)
{
    struct http_request request;
    struct arena arena;

    arena_init(&arena);
    request = request_of_text(BYTES("GET /\nX-Amz-Date: 20150830T123600Z\n"
                                    "Host: example.amazonaws.com\n\n"),
                              &arena);
    CHECK_TEXT(sigv4_sign(&request, BYTES("AKIDEXAMPLE"), SECRET, BYTES("us-east-1"),
                          BYTES("service"), BYTES("20150830T123600Z"), &arena),
               "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
               "SignedHeaders=host;x-amz-date, "
               "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    arena_fini(&arena);
}

TEST(sigv4_cached_keys_belong_to_one_secret_date_region_and_service)
{
    const struct sigv4_key_scope base = {BYTES("secret"), BYTES("20260101"), BYTES("r1"),
                                         BYTES("s1")};
    struct sigv4_key_scope other;
    struct sigv4_key key, again;
    char region[16];

    sigv4_key_derive(&base, &key);
    sigv4_key_keep(&base, &key);
    CHECK(sigv4_key_find(&base) != NULL);
    other = base;
    other.secret = BYTES("secreT");
    CHECK(sigv4_key_find(&other) == NULL);
    other = base;
    other.date = BYTES("20260102");
    CHECK(sigv4_key_find(&other) == NULL);
    other = base;
    other.region = BYTES("r");
    CHECK(sigv4_key_find(&other) == NULL);
    other = base;
    other.service = BYTES("s2");
    CHECK(sigv4_key_find(&other) == NULL);

    /* More scopes than are kept: the oldest make room, what is found is always right. */
    for (int i = 0; i < 40; i++) {
        snprintf(region, sizeof(region), "x%d", i);
        other = base;
        other.region = bytes_of_string(region);
        sigv4_key_derive(&other, &key);
        sigv4_key_keep(&other, &key);
        CHECK(sigv4_key_find(&other) != NULL);
        CHECK(memcmp(sigv4_key_find(&other), &key, sizeof(key)) == 0);
    }
    CHECK(sigv4_key_find(&base) == NULL);
    for (int i = 0; i < 40; i++) {
        snprintf(region, sizeof(region), "x%d", i);
        other.region = bytes_of_string(region);
        sigv4_key_derive(&other, &again);
        if (sigv4_key_find(&other) != NULL)
            CHECK(memcmp(sigv4_key_find(&other), &again, sizeof(again)) == 0);
    }

    /* Too long to keep, right all the same. */
    other = base;
    other.region = BYTES("0123456789012345678901234567890123456789012345678901234567890123456789"
                         "0123456789012345678901234567890123456789012345678901234567890123456789"
                         "0123456789012345678901234567890123456789012345678901234567890123456789"
                         "0123456789012345678901234567890123456789012345678901234567890123456789");
    sigv4_key_keep(&other, &key);
    CHECK(sigv4_key_find(&other) == NULL);
}

TEST(sigv4_a_wrong_signature_puts_nothing_into_the_cache)
{
    const struct sigv4_key_scope scope = {SECRET, BYTES("20150830"), BYTES("nowhere-1"),
                                          BYTES("service")};
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    CHECK_ERR(verify_text(BYTES("GET /\nHost: h\nX-Amz-Date: 20150830T123600Z\n"
                                "Authorization: AWS4-HMAC-SHA256 "
                                "Credential=A/20150830/nowhere-1/service/aws4_request, "
                                "SignedHeaders=host, Signature=0\n\n"),
                          &arena, &fault),
              ERR_INVALID_SIGNATURE);
    CHECK(sigv4_key_find(&scope) == NULL);
    arena_fini(&arena);
}

static void *verify_all_on_thread(void *failed)
{
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        if (verify_text(vectors[i].text, &arena, &fault) != OK)
            *(bool *)failed = true;
        arena_fini(&arena);
    }
    return NULL;
}

TEST(sigv4_works_on_threads_that_come_and_go)
{
    pthread_t threads[4];
    bool failed[4] = {false};

    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, verify_all_on_thread, &failed[i]) == 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(!failed[i]);
    }
}

TEST(sigv4_dates_are_read_in_both_forms_and_no_other)
{
    static const struct {
        const char *text;
        uint64_t seconds; /* 0: refused */
    } basic[] =
        {
            {"20150830T123600Z", 1440938160},
            {"19700101T000001Z", 1},
            {"20000229T235959Z", 951868799},
            {"20991231T000000Z", 4102358400},
            {"21000228T000000Z", 4107456000},
            {"21000229T000000Z", 0},
            {"20230229T000000Z", 0},
            {"20150431T000000Z", 0},
            {"20150001T000000Z", 0},
            {"20151301T000000Z", 0},
            {"20150100T000000Z", 0},
            {"20150101T240000Z", 0},
            {"20150101T006000Z", 0},
            {"20150101T000060Z", 0},
            {"19691231T235959Z", 0},
            {"20150830T123600", 0},
            {"20150830T123600z", 0},
            {"20150830 123600Z", 0},
            {"2015-08-30T12:36:00Z", 0},
            {"2015083OT123600Z", 0},
            {"", 0},
        },
      http[] = {
          {"Sun, 30 Aug 2015 12:36:00 GMT", 1440938160},
          {"Sun, 30 Aug 2015 12:36:00 -0000", 1440938160},
          {"Sun, 30 Aug 2015 12:36:00 +0000", 1440938160},
          {"Sun, 30 Aug 2015 12:36:00 UTC", 1440938160},
          {"Sun, 30 Aug 2015 12:36:00 +0200", 0},
          {"Sun, 30 Aug 2015 12:36:00", 0},
          {"Sun, 30 Auk 2015 12:36:00 GMT", 0},
          {"Sunday, 30-Aug-15 12:36:00 GMT", 0},
          {"Sun Aug 30 12:36:00 2015", 0},
          {"", 0},
      };
    char text[SIGV4_DATE_SIZE];
    uint64_t seconds;

    for (size_t i = 0; i < sizeof(basic) / sizeof(basic[0]); i++) {
        seconds = 0;
        CHECK(sigv4_date_parse_basic(bytes_of_string(basic[i].text), &seconds) ==
              (basic[i].seconds != 0));
        CHECK_U64(seconds, basic[i].seconds);
        if (seconds != 0) {
            sigv4_date_format(seconds, text);
            CHECK_TEXT(bytes_of_string(text), basic[i].text);
        }
    }
    for (size_t i = 0; i < sizeof(http) / sizeof(http[0]); i++) {
        seconds = 0;
        CHECK(sigv4_date_parse_http(bytes_of_string(http[i].text), &seconds) ==
              (http[i].seconds != 0));
        CHECK_U64(seconds, http[i].seconds);
    }
}

TEST(sigv4_regions_look_like_regions)
{
    CHECK(sigv4_region_valid(BYTES("us-east-1")));
    CHECK(sigv4_region_valid(BYTES("local")));
    CHECK(sigv4_region_valid(BYTES("01234567890123456789012345678901")));
    CHECK(!sigv4_region_valid(BYTES("012345678901234567890123456789012")));
    CHECK(!sigv4_region_valid(BYTES("")));
    CHECK(!sigv4_region_valid(BYTES("US-EAST-1")));
    CHECK(!sigv4_region_valid(BYTES("us_east_1")));
    CHECK(!sigv4_region_valid(BYTES("us east")));
}

/* Amazon S3 API reference, "Authenticating Requests: Using the Authorization Header", the examples
 * of a single chunk. */
TEST(sigv4_signs_the_published_examples_of_s3)
{
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    static const struct {
        const char *text, *signature;
    } rows[] = {
        {"GET /test.txt\nHost: examplebucket.s3.amazonaws.com\nRange: bytes=0-9\n"
         "x-amz-content-sha256: " EMPTY "\nx-amz-date: 20130524T000000Z\n\n",
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {"PUT /test%24file.text\nDate: Fri, 24 May 2013 00:00:00 GMT\n"
         "Host: examplebucket.s3.amazonaws.com\n"
         "x-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\n"
         "x-amz-date: 20130524T000000Z\nx-amz-storage-class: REDUCED_REDUNDANCY\n\n",
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {"GET /?lifecycle\nHost: examplebucket.s3.amazonaws.com\nx-amz-content-sha256: " EMPTY
         "\nx-amz-date: 20130524T000000Z\n\n",
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {"GET /?max-keys=2&prefix=J\nHost: examplebucket.s3.amazonaws.com\n"
         "x-amz-content-sha256: " EMPTY "\nx-amz-date: 20130524T000000Z\n\n",
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };
#undef EMPTY

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_request request;
        struct arena arena;
        struct bytes got;

        arena_init(&arena);
        request = request_of_text(bytes_of_string(rows[i].text), &arena);
        got = sigv4_sign(&request, BYTES("AKIAIOSFODNN7EXAMPLE"),
                         BYTES("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), BYTES("us-east-1"),
                         BYTES("s3"), BYTES("20130524T000000Z"), &arena);
        CHECK(got.size > SIGV4_HEX_BYTES);
        CHECK_TEXT(bytes_skip(got, got.size - SIGV4_HEX_BYTES), rows[i].signature);
        arena_fini(&arena);
    }
}
