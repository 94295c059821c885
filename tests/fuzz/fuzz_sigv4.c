/* fuzz_sigv4.c - any request: reading and judging its signature ends in an error or a caller, and
 * the same request signed by us is accepted. Input as in tests/unit/auth/request_text.h.
 */
#include "auth/auth.h"
#include "auth/request_text.h"
#include "auth/sigv4.h"
#include "base/assert.h"
#include "fuzz.h"

#define NOW_MS 1440938160000 /* 2015-08-30T12:36:00Z, the time of the corpus */
#define SECRET BYTES("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

static struct http_request signed_by_us(const struct http_request *request, struct arena *arena)
{
    static const struct bytes dropped[] = {BYTES("authorization"), BYTES("x-amz-date"),
                                           BYTES("x-amz-security-token"), BYTES("host")};
    struct http_header *headers =
        arena_new_array(arena, struct http_header, request->header_count + 3);
    struct http_request copy = *request;

    copy.headers = headers;
    copy.header_count = 0;
    copy.query = BYTES("a=%20b&"); /* of its own: what came may hold the other form */
    headers[copy.header_count++] = (struct http_header){BYTES("Host"), BYTES("localhost")};
    headers[copy.header_count++] =
        (struct http_header){BYTES("X-Amz-Date"), BYTES("20150830T123600Z")};
    for (size_t i = 0; i < request->header_count; i++) {
        bool keep = copy.header_count < SIGV4_SIGNED_HEADERS_MAX;

        for (size_t k = 0; k < sizeof(dropped) / sizeof(dropped[0]); k++)
            keep = keep && !bytes_equal_no_case(request->headers[i].name, dropped[k]);
        /* What no parser of HTTP lets through in a name would end the SignedHeaders early. */
        for (size_t k = 0; k < request->headers[i].name.size; k++)
            keep = keep && strchr("; ,\t", request->headers[i].name.data[k]) == NULL;
        if (keep)
            headers[copy.header_count++] = request->headers[i];
    }
    headers[copy.header_count].name = BYTES("Authorization");
    headers[copy.header_count].value =
        sigv4_sign(&copy, BYTES("AKIDEXAMPLE"), SECRET, BYTES("us-east-1"), BYTES("dynamodb"),
                   BYTES("20150830T123600Z"), arena);
    copy.header_count++;
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identity_set *identities =
        identity_set_create(BYTES("AKIDEXAMPLE"), SECRET, BYTES("000000000000"));
    const struct auth keys = {AUTH_KEYS, "dynamodb", identities, AUTH_SKEW_MS_MAX};
    const struct auth open = {AUTH_OPEN, "dynamodb", identities, AUTH_SKEW_MS_MAX};
    struct http_request request, ours;
    struct auth_caller caller;
    struct arena arena;
    struct fault fault;
    enum err err;

    arena_init(&arena);
    fault_init(&fault, &arena);
    request = request_of_text(bytes_make(data, size), &arena);
    err = auth_request(&keys, &request, NOW_MS, &arena, &fault, &caller);
    ASSERT(err == OK || fault.message.size != 0);
    ASSERT(err != OK || auth_request(&open, &request, NOW_MS, &arena, &fault, &caller) == OK);
    ours = signed_by_us(&request, &arena);
    err = auth_request(&keys, &ours, NOW_MS, &arena, &fault, &caller);
    ASSERT(err == OK);
    arena_fini(&arena);
    identity_set_destroy(&identities);
    return 0;
}
