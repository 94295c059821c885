/* transact_token.h - ClientRequestToken of the transactions that write: the outcome leaves a record
 * in the same mutation, by which the same request is known when it comes again.
 * Order:  transact_token_begin; under the door's hold transact_token_look, before anything is
 *         decided, and transact_token_leave, when everything is.
 * Source: contract core-api-items.md 10.1, "Idempotency"; core-api-partiql.md 6.
 */
#pragma once

#include "api/transact.h"
#include "table/table_token.h"

/* All zero: the request has no token, and the functions below do nothing. */
struct transact_token {
    unsigned record_count;
    struct table_record records[TABLE_TOKEN_KEYS];
    uint64_t now_ms;
    uint8_t digest[SHA256_BYTES];
    bool repeats; /* it happened already: nothing is to be written, and the actions are sized */
};

/* `content` is all that the request says, the same bytes for the same request. */
void transact_token_begin(struct req *req, struct bytes content, struct transact_token *token);

/* ERR_IDEMPOTENT_PARAMETER_MISMATCH, and what reading a record may find. */
enum err transact_token_look(struct req *req, struct transact_token *token,
                             struct transact_action actions[], unsigned count) MUST_CHECK;
void transact_token_leave(struct req *req, struct transact_token *token,
                          const struct transact_action actions[], unsigned count);
