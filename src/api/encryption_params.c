/* encryption_params.c - SSESpecification, and which key it means. */
#include "api/encryption_params.h"

#include "api/reply.h"
#include "api/table_params.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "json/json_write.h"

#define MANAGED_ALIAS    "alias/aws/dynamodb"
#define UUID_BYTES       16
#define KEY_ID_BYTES_MAX 64

static struct bytes key_arn(struct req *req, struct bytes region, struct bytes account,
                            struct bytes key_id)
{
    return arena_format(req->arena, "arn:aws:kms:%.*s:%.*s:key/%.*s", BYTES_ARGS(region),
                        BYTES_ARGS(account), BYTES_ARGS(key_id));
}

/* The same id for the same alias of an account and region, whenever it is asked: a UUID made from
 * their names, as no key service knows a better one. */
static struct bytes alias_key_id(struct req *req, struct bytes region, struct bytes account,
                                 struct bytes alias)
{
    struct bytes name = arena_format(req->arena, "%.*s:%.*s:%.*s", BYTES_ARGS(region),
                                     BYTES_ARGS(account), BYTES_ARGS(alias));
    uint8_t id[SHA256_BYTES];
    char text[2 * UUID_BYTES + 5];
    size_t at = 0;

    sha256(name, id);
    id[6] = (id[6] & 0x0f) | 0x40; /* version 4, as clients expect of keys */
    id[8] = (id[8] & 0x3f) | 0x80;
    for (unsigned i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        text[at++] = "0123456789abcdef"[id[i] >> 4];
        text[at++] = "0123456789abcdef"[id[i] & 15];
    }
    return arena_copy(req->arena, bytes_make(text, at));
}

static bool is_key_id(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '-')
            return false;
    }
    return text.size != 0 && text.size <= KEY_ID_BYTES_MAX;
}

static enum err refuse_key(struct req *req, const char *what, struct bytes text)
{
    return req_fail(req, ERR_VALIDATION,
                    "KMS validation error: com.amazonaws.services.kms.model.NotFoundException: "
                    "Invalid %s %.*s (Service: AWSKMS; Status Code: 400; Error Code: "
                    "NotFoundException)",
                    what, BYTES_ARGS(text));
}

/* A key's id or ARN, or an alias, with or without the rest of its ARN. */
static enum err find_key(struct req *req, struct bytes named, struct bytes *found)
{
    struct bytes region = req->place.region, account = req->place.account, id = named;
    struct input_arn arn;

    if (input_arn_split(named, &arn)) {
        if (!bytes_equal_string(arn.service, "kms") || !bytes_equal(arn.region, region) ||
            !bytes_equal(arn.partition, req->place.partition))
            return refuse_key(req, "arn", named);
        account = arn.account;
        id = arn.resource;
        if (!bytes_start_with(id, BYTES("alias/"))) {
            if (!bytes_start_with(id, BYTES("key/")))
                return refuse_key(req, "arn", named);
            id = bytes_skip(id, strlen("key/"));
        }
    }
    if (bytes_start_with(id, BYTES("alias/")) && id.size > strlen("alias/"))
        id = alias_key_id(req, region, account, id);
    if (!is_key_id(id))
        return refuse_key(req, "keyId", named);
    *found = key_arn(req, region, account, id);
    return OK;
}

enum err encryption_params_read(struct req *req, yyjson_val *in, struct bytes *found)
{
    struct bytes type = {0}, key = BYTES(MANAGED_ALIAS);
    bool has_type = input_string(in, "SSEType", &type);
    bool has_key = input_string(in, "KMSMasterKeyId", &key);
    /* Observed: a type or a key alone asks for encryption with it, as if Enabled were true. */
    bool keyed = input_bool(in, "Enabled", has_type || has_key);

    if (has_type && !keyed)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "SSEType can not be specified if Enabled is false");
    if (has_key && !keyed)
        return req_fail(req, ERR_VALIDATION,
                        "KMSMasterKeyId can not be specified if Enabled is false");
    if (bytes_equal_string(type, "AES256"))
        return req_fail(req, ERR_VALIDATION, "SSEType AES256 is not supported");
    if (has_key && !has_type)
        return req_fail(req, ERR_VALIDATION,
                        "SSEType KMS is required if KMSMasterKeyId is specified");
    *found = BYTES("");
    return keyed ? find_key(req, key, found) : OK;
}

/* Observed: the same key by its id or alias, or by no name, is a change; only its ARN is none. */
enum err encryption_params_change(struct req *req, yyjson_val *in, struct table_definition *next)
{
    struct table_encryption *encryption = &next->encryption;
    uint64_t now_ms = clock_wall_ms();
    struct bytes found, named = {0};
    enum err err = encryption_params_read(req, in, &found);

    if (err != OK)
        return err;
    if (found.size == 0 && encryption->key_arn.size == 0)
        return req_fail(req, ERR_VALIDATION, TABLE_INVALID "Table is already encrypted by default");
    if (input_string(in, "KMSMasterKeyId", &named) && bytes_equal(named, encryption->key_arn))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId "
                        "parameter if you want to change Master Key");
    if (encryption_params_changes(next, now_ms))
        return req_fail(req, ERR_RESOURCE_IN_USE,
                        TABLE_IN_USE "Server-Side Encryption is still being updated");
    encryption->key_arn_before = encryption->key_arn;
    encryption->key_arn = found;
    encryption->until_ms = now_ms + req->api->table_delay_ms;
    return OK;
}

bool encryption_params_changes(const struct table_definition *d, uint64_t now_ms)
{
    return now_ms < d->encryption.until_ms;
}

void encryption_params_describe(struct req *req, const struct table_definition *d, bool changes)
{
    bool as_it_was = changes || encryption_params_changes(d, clock_wall_ms());
    struct bytes arn = as_it_was ? d->encryption.key_arn_before : d->encryption.key_arn;

    if (!as_it_was && arn.size == 0)
        return;
    reply_member(req->reply, "SSEDescription");
    buf_append_lit(req->reply, "{\"Status\":");
    buf_append_string(req->reply, as_it_was ? "\"UPDATING\"" : "\"ENABLED\"");
    if (arn.size != 0) {
        buf_append_lit(req->reply, ",\"SSEType\":\"KMS\",\"KMSMasterKeyArn\":");
        json_append_string(req->reply, arn);
    }
    buf_append_byte(req->reply, '}');
}
