/* table_token.c - token records: their keys, their bytes, their end. */
#include "table/table_token.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/varint.h"
#include "item/key.h"
#include "table/table_keys.h"

#define RECORD_FORMAT  1
#define EXPIRES_OFFSET 1
#define DIGEST_OFFSET  9
#define SIZES_OFFSET   (DIGEST_OFFSET + SHA256_BYTES)
#define KEY_BEGIN      "token/"

/* Besides the two that are looked at, one stays for a write that was slow on its way from the clock
 * to its latches: a range deletion must not meet writers. */
#define GENERATIONS_KEPT 3

static void append_generation(struct buf *key, uint64_t generation)
{
    uint8_t number[8];

    bytes_put_u64(number, generation);
    buf_append_lit(key, KEY_BEGIN);
    buf_append(key, number, sizeof(number));
}

static struct bytes generation_key(uint64_t generation, struct arena *arena)
{
    struct buf key;

    buf_init_arena(&key, arena, SIZE_MAX);
    append_generation(&key, generation);
    return table_meta_key(buf_finish_arena(&key), arena);
}

void table_token_keys(const struct table_token_name *name, uint64_t now_ms, struct arena *arena,
                      struct bytes keys[TABLE_TOKEN_KEYS])
{
    uint64_t generation = now_ms / TABLE_TOKEN_LIFE_MS;

    for (unsigned i = 0; i < TABLE_TOKEN_KEYS; i++) {
        struct buf key;

        buf_init_arena(&key, arena, SIZE_MAX);
        append_generation(&key, generation - i);
        buf_append_byte(&key, '/');
        buf_append_bytes(&key, name->account);
        buf_append_byte(&key, '/');
        buf_append_bytes(&key, name->region);
        buf_append_byte(&key, '/');
        buf_append_bytes(&key, name->operation);
        buf_append_byte(&key, '/'); /* the token itself may hold any byte */
        buf_append_bytes(&key, name->token);
        keys[i] = table_meta_key(buf_finish_arena(&key), arena);
    }
}

struct bytes table_token_write(const struct table_token *token, struct arena *arena)
{
    uint8_t expires[8];
    struct buf record;

    ASSERT(token->size_count <= TABLE_TOKEN_SIZES_MAX);
    bytes_put_u64(expires, token->expires_ms);
    buf_init_arena(&record, arena, SIZE_MAX);
    buf_append_byte(&record, RECORD_FORMAT);
    buf_append(&record, expires, sizeof(expires));
    buf_append(&record, token->digest, SHA256_BYTES);
    buf_append_varint(&record, token->size_count);
    for (unsigned i = 0; i < token->size_count; i++)
        buf_append_varint(&record, token->sizes_bytes[i]);
    return buf_finish_arena(&record);
}

enum err table_token_read(struct bytes record, struct table_token *token)
{
    struct bytes rest;
    uint64_t count, size;

    if (record.size != 0 && record.data[0] > RECORD_FORMAT)
        return ERR_NEWER_FORMAT;
    if (record.size < SIZES_OFFSET || record.data[0] != RECORD_FORMAT)
        return ERR_CORRUPT;
    rest = bytes_skip(record, SIZES_OFFSET);
    if (!varint_take(&rest, &count) || count > TABLE_TOKEN_SIZES_MAX)
        return ERR_CORRUPT;
    token->size_count = (unsigned)count;
    for (unsigned i = 0; i < token->size_count; i++) {
        if (!varint_take(&rest, &size) || size > UINT32_MAX)
            return ERR_CORRUPT;
        token->sizes_bytes[i] = (uint32_t)size;
    }
    if (rest.size != 0)
        return ERR_CORRUPT;
    token->expires_ms = bytes_get_u64(record.data + EXPIRES_OFFSET);
    memcpy(token->digest, record.data + DIGEST_OFFSET, SHA256_BYTES);
    return OK;
}

bool table_token_is_key(struct bytes key)
{
    return key.size > KEY_PREFIX_BYTES && bytes_get_u32(key.data) == 0 &&
           key.data[4] == KEY_SPACE_META &&
           bytes_start_with(bytes_skip(key, KEY_PREFIX_BYTES), BYTES(KEY_BEGIN));
}

enum err table_tokens_purge(struct store *store, uint64_t now_ms)
{
    uint64_t generation = now_ms / TABLE_TOKEN_LIFE_MS;
    struct store_mutation *mutation;
    struct store_cursor *cursor;
    struct store_range dead;
    struct bytes key, value;
    struct arena arena;
    enum err err;

    if (generation < GENERATIONS_KEPT)
        return OK;
    arena_init(&arena);
    dead = (struct store_range){.from = generation_key(0, &arena),
                                .to = generation_key(generation - GENERATIONS_KEPT + 1, &arena)};
    cursor = store_cursor_open(store, NULL, STORE_DATA, dead, true);
    err = store_cursor_next(cursor, &key, &value);
    store_cursor_close(&cursor);
    if (err == OK) {
        mutation = store_mutation_create();
        store_mutation_delete_range(mutation, STORE_DATA, dead.from, dead.to);
        err = store_submit_and_wait(store, NULL, &mutation);
        store_mutation_destroy(&mutation);
    } else if (err == ERR_ABSENT) {
        err = OK;
    }
    arena_fini(&arena);
    return err;
}
