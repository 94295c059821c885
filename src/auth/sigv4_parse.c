/* sigv4_parse.c - finds the signature in a request and says whether all of it is there.
 * Messages: core API contract, 1.4, in its order.
 */
#include "auth/sigv4_priv.h"

/* The request headers that matter here; data is NULL when absent. The first of a name counts. */
struct sent {
    struct bytes authorization;
    struct bytes amz_date;
    struct bytes date;
    struct bytes security_token;
};

/* The query parameters that matter here; data is NULL when absent. The first of a name counts. */
struct asked {
    struct bytes algorithm;
    struct bytes credential;
    struct bytes signature;
    struct bytes signed_headers;
    struct bytes date;
    struct bytes expires;
    struct bytes security_token;
};

static void read_headers(const struct http_request *request, struct sent *sent);
static void read_query(struct bytes query, struct arena *arena, struct asked *asked);
static enum err parse_header_form(const struct sent *sent, struct arena *arena, struct fault *fault,
                                  struct sigv4_claim *claim);
static enum err parse_query_form(const struct asked *asked, struct arena *arena,
                                 struct fault *fault, struct sigv4_claim *claim);
static bool parse_expires(struct bytes text, uint32_t *expires_s);
static void split_credential(struct sigv4_claim *claim);
static void read_date(struct sigv4_claim *claim, bool is_date_header);
static enum err check_signed_header_count(struct bytes signed_headers, struct fault *fault);
static bool next_element(struct bytes *rest, struct bytes *element);
static void take_first(struct bytes *slot, struct bytes value);

enum err sigv4_parse(const struct http_request *request, struct arena *arena, struct fault *fault,
                     struct sigv4_claim *claim)
{
    struct sigv4_claim found = {0};
    struct sent sent = {0};
    struct asked asked = {0};
    enum err err;

    read_headers(request, &sent);
    read_query(request->query, arena, &asked);
    if (sent.authorization.size != 0 && asked.algorithm.data != NULL)
        return fault_set(fault, ERR_INVALID_SIGNATURE,
                         "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' "
                         "as HTTP header.");
    if (asked.algorithm.data != NULL)
        err = parse_query_form(&asked, arena, fault, &found);
    else if (bytes_start_with(sent.authorization, BYTES("AWS4-")))
        err = parse_header_form(&sent, arena, fault, &found);
    else
        err = fault_set(fault, ERR_MISSING_AUTH_TOKEN, "Request is missing Authentication Token");
    if (err != OK)
        return err;
    err = check_signed_header_count(found.signed_headers, fault);
    if (err != OK)
        return err;
    split_credential(&found);
    *claim = found;
    return OK;
}

static void read_headers(const struct http_request *request, struct sent *sent)
{
    const struct {
        struct bytes name;
        struct bytes *slot;
    } wanted[] = {
        {BYTES("authorization"), &sent->authorization},
        {BYTES("x-amz-date"), &sent->amz_date},
        {BYTES("date"), &sent->date},
        {BYTES("x-amz-security-token"), &sent->security_token},
    };

    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];

        for (size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++)
            if (bytes_equal_no_case(header->name, wanted[k].name))
                take_first(wanted[k].slot, header->value);
    }
}

static void read_query(struct bytes query, struct arena *arena, struct asked *asked)
{
    const struct {
        const char *name;
        struct bytes *slot;
    } wanted[] = {
        {"X-Amz-Algorithm", &asked->algorithm},
        {"X-Amz-Credential", &asked->credential},
        {"X-Amz-Signature", &asked->signature},
        {"X-Amz-SignedHeaders", &asked->signed_headers},
        {"X-Amz-Date", &asked->date},
        {"X-Amz-Expires", &asked->expires},
        {"X-Amz-Security-Token", &asked->security_token},
    };
    struct sigv4_param param;

    while (sigv4_query_next(&query, arena, &param))
        for (size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++)
            if (bytes_equal_string(param.name, wanted[k].name))
                take_first(wanted[k].slot, param.value);
}

/* AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=... */
static enum err parse_header_form(const struct sent *sent, struct arena *arena, struct fault *fault,
                                  struct sigv4_claim *claim)
{
    struct bytes rest = sent->authorization, element;
    bool has_amz_date = sent->amz_date.size != 0;

    (void)next_element(&rest, &claim->algorithm); /* it starts with AWS4-, so there is one */
    while (next_element(&rest, &element)) {
        const uint8_t *equals = memchr(element.data, '=', element.size);
        struct bytes name, value;

        /* Before what is missing: the service reads the whole header before it looks for parts. */
        if (equals == NULL)
            return fault_set(fault, ERR_INCOMPLETE_SIGNATURE,
                             "'%.*s' not a valid key=value pair (missing equal-sign) in "
                             "Authorization header: '%.*s'.",
                             BYTES_ARGS(element), BYTES_ARGS(sent->authorization));
        name = bytes_make(element.data, (size_t)(equals - element.data));
        value = bytes_skip(element, name.size + 1);
        if (bytes_equal_string(name, "Credential"))
            claim->credential = value;
        else if (bytes_equal_string(name, "Signature"))
            claim->signature = value;
        else if (bytes_equal_string(name, "SignedHeaders"))
            claim->signed_headers = value;
    }
    claim->session_token = sent->security_token;
    claim->date_sent = has_amz_date ? sent->amz_date : sent->date;
    if (claim->credential.size == 0 || claim->signature.size == 0 ||
        claim->signed_headers.size == 0 || claim->date_sent.size == 0)
        return fault_set(
            fault, ERR_INCOMPLETE_SIGNATURE, "%s%s%s%sAuthorization=%.*s",
            claim->credential.size != 0 ? ""
                                        : "Authorization header requires 'Credential' parameter. ",
            claim->signature.size != 0 ? ""
                                       : "Authorization header requires 'Signature' parameter. ",
            claim->signed_headers.size != 0
                ? ""
                : "Authorization header requires 'SignedHeaders' parameter. ",
            claim->date_sent.size != 0 ? ""
                                       : "Authorization header requires existence of either a "
                                         "'X-Amz-Date' or a 'Date' header. ",
            BYTES_ARGS(sent->authorization));
    read_date(claim, !has_amz_date);
    return OK;
}

static enum err parse_query_form(const struct asked *asked, struct arena *arena,
                                 struct fault *fault, struct sigv4_claim *claim)
{
    const struct {
        const char *name;
        struct bytes value;
    } required[] = {
        {"X-Amz-Algorithm", asked->algorithm}, {"X-Amz-Credential", asked->credential},
        {"X-Amz-Signature", asked->signature}, {"X-Amz-SignedHeaders", asked->signed_headers},
        {"X-Amz-Date", asked->date},
    };
    struct bytes missing = {0};

    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
        if (required[i].value.size == 0)
            missing = arena_format(arena, "%.*sAWS query-string parameters must include '%s'. ",
                                   BYTES_ARGS(missing), required[i].name);
    /* The service's text for a bad X-Amz-Expires is not known; these words are ours. */
    if (missing.size == 0 && asked->expires.data != NULL &&
        !parse_expires(asked->expires, &claim->expires_s))
        missing = BYTES("X-Amz-Expires must be a number of seconds from 1 to 604800. ");
    if (missing.size != 0)
        return fault_set(fault, ERR_INCOMPLETE_SIGNATURE,
                         "%.*sRe-examine the query-string parameters.", BYTES_ARGS(missing));
    claim->in_query = true;
    claim->algorithm = asked->algorithm;
    claim->credential = asked->credential;
    claim->signature = asked->signature;
    claim->signed_headers = asked->signed_headers;
    claim->session_token = asked->security_token;
    claim->date_sent = asked->date;
    read_date(claim, false);
    return OK;
}

static bool parse_expires(struct bytes text, uint32_t *expires_s)
{
    uint32_t seconds = 0;

    if (text.size == 0 || text.size > 6)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        seconds = seconds * 10 + (text.data[i] - '0');
    }
    if (seconds < 1 || seconds > 604800)
        return false;
    *expires_s = seconds;
    return true;
}

/* keyid/date/region/service/term */
static void split_credential(struct sigv4_claim *claim)
{
    struct bytes *const parts[] = {&claim->access_key_id, &claim->scope_date, &claim->region,
                                   &claim->service, &claim->terminator};
    struct bytes found[5], rest = claim->credential;

    for (size_t i = 0; i < 5; i++) {
        const uint8_t *slash = memchr(rest.data, '/', rest.size);

        if ((slash == NULL) != (i == 4))
            return;
        found[i] = bytes_make(rest.data, slash == NULL ? rest.size : (size_t)(slash - rest.data));
        rest = bytes_skip(rest, found[i].size + (slash != NULL));
    }
    for (size_t i = 0; i < 5; i++)
        *parts[i] = found[i];
    claim->credential_has_five_parts = true;
}

/* A Date header may have HTTP's own form; what is signed is always the basic ISO form. */
static void read_date(struct sigv4_claim *claim, bool is_date_header)
{
    if (sigv4_date_parse_basic(claim->date_sent, &claim->date_s))
        memcpy(claim->date, claim->date_sent.data, SIGV4_DATE_SIZE - 1);
    else if (is_date_header && sigv4_date_parse_http(claim->date_sent, &claim->date_s))
        sigv4_date_format(claim->date_s, claim->date);
}

/* The bound is ours: no client signs a tenth of it. */
static enum err check_signed_header_count(struct bytes signed_headers, struct fault *fault)
{
    size_t count = 1;

    for (size_t i = 0; i < signed_headers.size; i++)
        count += signed_headers.data[i] == ';';
    if (count <= SIGV4_SIGNED_HEADERS_MAX)
        return OK;
    return fault_set(fault, ERR_INVALID_SIGNATURE,
                     "SignedHeaders must not name more than %d headers.", SIGV4_SIGNED_HEADERS_MAX);
}

/* Takes the next run without commas and white space off *rest; false at the end. */
static bool next_element(struct bytes *rest, struct bytes *element)
{
    static const char separators[] = {',', ' ', '\t'};
    const uint8_t *end = NULL;
    size_t from = 0, looked = 0;

    while (from < rest->size &&
           (rest->data[from] == ',' || rest->data[from] == ' ' || rest->data[from] == '\t'))
        from++;
    *rest = bytes_skip(*rest, from);
    /* An element has some hundred bytes. In pieces, so that many short ones do not make each look
     * through all that follows. */
    for (size_t piece = 64; end == NULL && looked < rest->size; piece *= 2) {
        size_t size = rest->size - looked < piece ? rest->size - looked : piece;

        for (size_t i = 0; i < sizeof(separators); i++) {
            const uint8_t *found = memchr(rest->data + looked, separators[i], size);

            if (found != NULL) {
                end = found;
                size = (size_t)(found - (rest->data + looked));
            }
        }
        looked += size;
    }
    *element = bytes_make(rest->data, looked);
    *rest = bytes_skip(*rest, looked);
    return element->size != 0;
}

static void take_first(struct bytes *slot, struct bytes value)
{
    if (slot->data == NULL)
        *slot = value;
}
