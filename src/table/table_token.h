/* table_token.h - requests that happened already, by their client's token.
 * A write that came with a token leaves a record in the same mutation. The same request again finds
 * it under the same hold that would decide, and does not write.
 * Places:    records lie in generations of TABLE_TOKEN_LIFE_MS by the time of their writing. A live
 *            one is in this generation or the last: two keys to look at, and what is older goes by
 *            one range deletion, whatever its number.
 * Source:    contract core-api-items.md 10.1, "Idempotency"; docs/decisions/0001-stored-formats.md.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sha256.h"
#include "store/store.h"

#define TABLE_TOKEN_LIFE_MS   600000
#define TABLE_TOKEN_SIZES_MAX 100

/* Whose token: operations do not share theirs. */
struct table_token_name {
    struct bytes account;
    struct bytes region;
    struct bytes operation;
    struct bytes token;
};

/* Where a record may be; [0] is where a new one goes. In the arena. */
#define TABLE_TOKEN_KEYS 2
void table_token_keys(const struct table_token_name *name, uint64_t now_ms, struct arena *arena,
                      struct bytes keys[TABLE_TOKEN_KEYS]);

struct table_token {
    uint64_t expires_ms;          /* from then on it is as if it were not there */
    uint8_t digest[SHA256_BYTES]; /* of the request's content */
    unsigned size_count;          /* images that were sized, in the order of the request */
    uint32_t sizes_bytes[TABLE_TOKEN_SIZES_MAX];
};

/* Record bytes, in the arena; and back. ERR_CORRUPT, ERR_NEWER_FORMAT. */
struct bytes table_token_write(const struct table_token *token, struct arena *arena);
enum err table_token_read(struct bytes record, struct table_token *token) MUST_CHECK;

/* Whether a storage key is that of a record. */
bool table_token_is_key(struct bytes key);

/* Deletes the generations in which nothing can live. One look, and at most one range deletion per
 * generation's length. May wait. ERR_IO, ERR_NO_SPACE, ERR_BUSY. */
enum err table_tokens_purge(struct store *store, uint64_t now_ms) MUST_CHECK;
