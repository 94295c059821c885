/* transact_token.c - a transaction's record under its client's token. */
#include "api/transact_token.h"

#include "base/clock.h"

_Static_assert(TRANSACT_ACTIONS_MAX <= TABLE_TOKEN_SIZES_MAX, "a record has all sizes");

void transact_token_begin(struct req *req, struct bytes content, struct transact_token *token)
{
    struct table_token_name name = {
        .account = req->place.account, .region = req->place.region, .operation = req->op->name};
    struct bytes keys[TABLE_TOKEN_KEYS];

    if (!input_string(req->input, "ClientRequestToken", &name.token))
        return;
    sha256(content, token->digest);
    token->now_ms = clock_wall_ms();
    table_token_keys(&name, token->now_ms, req->arena, keys);
    for (unsigned i = 0; i < TABLE_TOKEN_KEYS; i++)
        token->records[i].key = keys[i];
    token->record_count = TABLE_TOKEN_KEYS;
}

enum err transact_token_look(struct req *req, struct transact_token *token,
                             struct transact_action actions[], unsigned count)
{
    token->repeats = false;
    for (unsigned i = 0; i < token->record_count; i++) {
        struct table_token earlier;
        enum err err;

        if (!token->records[i].exists)
            continue;
        err = table_token_read(token->records[i].old, &earlier);
        if (err != OK)
            return err;
        if (earlier.expires_ms <= token->now_ms)
            continue;
        if (memcmp(earlier.digest, token->digest, SHA256_BYTES) != 0)
            return req_fail(req, ERR_IDEMPOTENT_PARAMETER_MISMATCH,
                            "Request parameters do not match the original request for the given "
                            "client request token");
        if (earlier.size_count != count)
            return ERR_CORRUPT;
        for (unsigned action = 0; action < count; action++)
            actions[action].sized_bytes = earlier.sizes_bytes[action];
        token->repeats = true;
    }
    return OK;
}

void transact_token_leave(struct req *req, struct transact_token *token,
                          const struct transact_action actions[], unsigned count)
{
    struct table_token record = {.expires_ms = token->now_ms + TABLE_TOKEN_LIFE_MS,
                                 .size_count = count};

    if (token->record_count == 0)
        return;
    memcpy(record.digest, token->digest, SHA256_BYTES);
    for (unsigned i = 0; i < count; i++)
        record.sizes_bytes[i] = (uint32_t)actions[i].sized_bytes;
    token->records[0].put = table_token_write(&record, req->arena);
}
