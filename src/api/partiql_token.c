/* partiql_token.c - NextToken of ExecuteStatement.
 * Base64 of: format u8 (1) · first 16 bytes of SHA-256 of what was asked · range, LEB128 · storage
 * key · SipHash of all before, under the store's key. Tokens live outside: a client may keep one
 * over an update of the server, which then must refuse a format it does not know.
 */
#include "api/partiql.h"
#include "api/partiql_reader.h"
#include "base/base64.h"
#include "base/sha256.h"
#include "base/varint.h"
#include "table/catalog.h"

#define TOKEN_FORMAT      1
#define TOKEN_ASKED_BYTES 16
#define TOKEN_MARK_BYTES  8
#define TOKEN_BYTES_MAX   32768

static void digest_asked(const struct partiql_statement *statement, const struct table *table,
                         uint8_t digest[SHA256_BYTES]);
static uint64_t mark_of(struct req *req, struct bytes content);

struct bytes partiql_token_write(struct req *req, const struct partiql_statement *statement,
                                 const struct table *table, const struct partiql_position *position)
{
    uint8_t digest[SHA256_BYTES], mark[TOKEN_MARK_BYTES];
    struct buf token, text;
    struct bytes result;

    digest_asked(statement, table, digest);
    buf_init(&token, SIZE_MAX);
    buf_append_byte(&token, TOKEN_FORMAT);
    buf_append(&token, digest, TOKEN_ASKED_BYTES);
    buf_append_varint(&token, position->range);
    buf_append_bytes(&token, position->key);
    bytes_put_u64(mark, mark_of(req, buf_bytes(&token)));
    buf_append(&token, mark, sizeof(mark));
    buf_init(&text, SIZE_MAX);
    base64_append(&text, buf_bytes(&token));
    result = arena_copy(req->arena, buf_bytes(&text));
    buf_fini(&token);
    buf_fini(&text);
    return result;
}

enum err partiql_token_read(struct req *req, const struct partiql_statement *statement,
                            const struct table *table, struct bytes token,
                            struct partiql_position *position)
{
    uint8_t digest[SHA256_BYTES];
    uint8_t *decoded = arena_alloc(req->arena, base64_decoded_bytes_max(token.size));
    struct bytes content;
    size_t size;

    if (token.size > TOKEN_BYTES_MAX || !base64_decode(token, decoded, &size) ||
        size < 1 + TOKEN_ASKED_BYTES + TOKEN_MARK_BYTES || decoded[0] != TOKEN_FORMAT)
        return req_fail(req, ERR_VALIDATION, "Invalid NextToken");
    content = bytes_make(decoded, size - TOKEN_MARK_BYTES);
    if (bytes_get_u64(decoded + content.size) != mark_of(req, content))
        return req_fail(req, ERR_VALIDATION, "Invalid NextToken");
    digest_asked(statement, table, digest);
    if (memcmp(decoded + 1, digest, TOKEN_ASKED_BYTES) != 0)
        return req_fail(req, ERR_VALIDATION, "NextToken does not match request");
    content = bytes_skip(content, 1 + TOKEN_ASKED_BYTES);
    if (!varint_take(&content, &position->range))
        return req_fail(req, ERR_VALIDATION, "Invalid NextToken");
    position->key = content;
    return OK;
}

/* The statement's text names the index. */
static void digest_asked(const struct partiql_statement *statement, const struct table *table,
                         uint8_t digest[SHA256_BYTES])
{
    struct buf asked;

    buf_init(&asked, SIZE_MAX);
    buf_append_varint(&asked, table->definition.id);
    buf_append_varint(&asked, statement->text.size);
    buf_append_bytes(&asked, statement->text);
    for (unsigned i = 0; i < statement->parameter_count; i++)
        value_append(&asked, statement->parameters[i]);
    sha256(buf_bytes(&asked), digest);
    buf_fini(&asked);
}

static uint64_t mark_of(struct req *req, struct bytes content)
{
    return siphash(catalog_hash_key(req->api->catalog), content);
}
