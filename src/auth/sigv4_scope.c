/* sigv4_scope.c - whether a claim is one we would accept, before any secret is looked up.
 * Messages: core API contract, 1.4, in its order.
 */
#include "auth/sigv4_priv.h"

#include <inttypes.h>

static enum err check_age(const struct sigv4_claim *claim, const struct sigv4_rules *rules,
                          struct fault *fault);
static bool host_is_signed(struct bytes signed_headers);
static enum err check_credential(const struct sigv4_claim *claim, const char *service,
                                 struct fault *fault);

enum err sigv4_check_scope(const struct sigv4_claim *claim, const struct sigv4_rules *rules,
                           struct fault *fault)
{
    enum err err;

    if (claim->date[0] == 0)
        return fault_set(fault, ERR_INCOMPLETE_SIGNATURE,
                         "Date must be in ISO-8601 'basic format'. Got '%.*s'. See "
                         "http://en.wikipedia.org/wiki/ISO_8601",
                         BYTES_ARGS(claim->date_sent));
    err = check_age(claim, rules, fault);
    if (err != OK)
        return err;
    if (!host_is_signed(claim->signed_headers))
        return fault_set(fault, ERR_INVALID_SIGNATURE,
                         "'Host' must be a 'SignedHeader' in the AWS Authorization.");
    if (!bytes_equal_string(claim->algorithm, "AWS4-HMAC-SHA256"))
        return fault_set(fault, ERR_INCOMPLETE_SIGNATURE,
                         "Unsupported AWS 'algorithm': '%.*s' (only AWS4-HMAC-SHA256 for now). ",
                         BYTES_ARGS(claim->algorithm));
    return check_credential(claim, rules->service, fault);
}

bool sigv4_region_valid(struct bytes region)
{
    for (size_t i = 0; i < region.size; i++) {
        uint8_t c = region.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return region.size >= 1 && region.size <= SIGV4_REGION_BYTES_MAX;
}

/* X-Amz-Expires can shorten the time a signature lives, never lengthen it: the service's answer is
 * about the skew whatever a URL asked for. */
static enum err check_age(const struct sigv4_claim *claim, const struct sigv4_rules *rules,
                          struct fault *fault)
{
    uint64_t now_s = rules->now_ms / 1000, ahead_s = rules->skew_ms_max / 1000;
    uint64_t behind_s = ahead_s;
    char now[SIGV4_DATE_SIZE], limit[SIGV4_DATE_SIZE];

    if (claim->expires_s != 0 && claim->expires_s < behind_s)
        behind_s = claim->expires_s;
    if (claim->date_s + behind_s >= now_s && claim->date_s <= now_s + ahead_s)
        return OK;
    sigv4_date_format(now_s, now);
    if (claim->date_s > now_s) {
        sigv4_date_format(now_s + ahead_s, limit);
        return fault_set(fault, ERR_INVALID_SIGNATURE,
                         "Signature not yet current: %s is still later than %s (%s + %" PRIu64
                         " min.)",
                         claim->date, limit, now, ahead_s / 60);
    }
    sigv4_date_format(now_s - behind_s, limit);
    return fault_set(fault, ERR_INVALID_SIGNATURE,
                     "Signature expired: %s is now earlier than %s (%s - %" PRIu64 " %s)",
                     claim->date, limit, now, behind_s % 60 == 0 ? behind_s / 60 : behind_s,
                     behind_s % 60 == 0 ? "min." : "sec.");
}

static bool host_is_signed(struct bytes signed_headers)
{
    while (signed_headers.size != 0) {
        const uint8_t *end = memchr(signed_headers.data, ';', signed_headers.size);
        size_t size = end == NULL ? signed_headers.size : (size_t)(end - signed_headers.data);

        if (bytes_equal_no_case(bytes_make(signed_headers.data, size), BYTES("host")))
            return true;
        signed_headers = bytes_skip(signed_headers, size + (end != NULL));
    }
    return false;
}

static enum err check_credential(const struct sigv4_claim *claim, const char *service,
                                 struct fault *fault)
{
    struct arena *arena = fault->arena;
    struct bytes wrong[4];
    size_t wrong_count = 0;
    struct bytes message;

    if (!claim->credential_has_five_parts)
        return fault_set(fault, ERR_INCOMPLETE_SIGNATURE,
                         "Credential must have exactly 5 slash-delimited elements, e.g. "
                         "keyid/date/region/service/term, got '%.*s'",
                         BYTES_ARGS(claim->credential));
    if (!sigv4_region_valid(claim->region))
        wrong[wrong_count++] =
            arena_format(arena, "Credential should be scoped to a valid region, not '%.*s'.",
                         BYTES_ARGS(claim->region));
    if (!bytes_equal_string(claim->service, service))
        wrong[wrong_count++] =
            arena_format(arena, "Credential should be scoped to correct service: '%s'.", service);
    if (!bytes_equal_string(claim->terminator, "aws4_request"))
        wrong[wrong_count++] = arena_format(
            arena,
            "Credential should be scoped with a valid terminator: 'aws4_request', not '%.*s'.",
            BYTES_ARGS(claim->terminator));
    if (!bytes_equal(claim->scope_date, bytes_make(claim->date, 8)))
        wrong[wrong_count++] = arena_format(
            arena,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            "HTTP: '%.*s' != '%.8s', from '%.*s'.",
            BYTES_ARGS(claim->scope_date), claim->date, BYTES_ARGS(claim->date_sent));
    if (wrong_count == 0)
        return OK;
    message = wrong[0];
    for (size_t i = 1; i < wrong_count; i++)
        message = arena_format(arena, "%.*s %.*s", BYTES_ARGS(message), BYTES_ARGS(wrong[i]));
    return fault_set_bytes(fault, ERR_INVALID_SIGNATURE, message);
}
