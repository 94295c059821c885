/* block_reader.c - rows of a block file forward, from a key on, or block by block; all checked. */
#include "backup/block_chunks.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/varint.h"

#include <stdlib.h>

#define NO_BLOCK UINT64_MAX

/* An entry of an index or top chunk. */
struct place {
    uint64_t offset;
    struct bytes key;
};

struct block_reader {
    struct block_chunks file;

    struct block_chunk data; /* being read */
    struct bytes rest;       /* its rows that were not read */
    uint32_t row;            /* how many of its rows were */
    uint64_t next;           /* offset of the chunk behind it */
    struct buf last_key;
    bool has_last_key;
    bool from_first; /* every row so far was read */
    uint64_t rows_read;
    struct bytes held_key, held_value; /* found by a seek */
    bool holds;

    struct block_chunk index; /* which one was loaded last */
    uint64_t index_number;
    struct place *index_places;
    struct block_chunk top;
    struct place *top_places;
};

static enum err load_places(struct block_reader *reader, uint64_t offset, uint8_t type,
                            struct block_chunk *chunk, struct place **places, struct fault *fault);
static enum err load_top(struct block_reader *reader, struct fault *fault);
static enum err load_index(struct block_reader *reader, uint64_t number, struct fault *fault);
static enum err load_data(struct block_reader *reader, uint64_t offset, struct fault *fault);
static enum err next_block(struct block_reader *reader, struct fault *fault);
static enum err check_end(struct block_reader *reader, struct fault *fault);

enum err block_reader_open(const char *path, const char *kind, struct fault *fault,
                           struct block_reader **reader)
{
    struct block_reader *r = mem_zalloc(sizeof(*r));
    enum err err;

    buf_init(&r->data.plain, SIZE_MAX);
    buf_init(&r->index.plain, SIZE_MAX);
    buf_init(&r->top.plain, SIZE_MAX);
    buf_init(&r->last_key, SIZE_MAX);
    r->index_number = NO_BLOCK;
    err = block_chunks_open(&r->file, path, kind, fault);
    r->next = r->file.rows_offset;
    r->from_first = true;
    if (err != OK) {
        block_reader_close(&r);
        return err;
    }
    *reader = r;
    return OK;
}

void block_reader_close(struct block_reader **reader)
{
    struct block_reader *r = *reader;

    if (r == NULL)
        return;
    *reader = NULL;
    block_chunks_close(&r->file);
    buf_fini(&r->data.plain);
    buf_fini(&r->index.plain);
    buf_fini(&r->top.plain);
    buf_fini(&r->last_key);
    free(r->index_places);
    free(r->top_places);
    free(r);
}

struct bytes block_reader_about(const struct block_reader *reader)
{
    return buf_bytes(&reader->file.about);
}

struct block_file_totals block_reader_totals(const struct block_reader *reader)
{
    return reader->file.totals;
}

enum err block_reader_next(struct block_reader *reader, struct bytes *key, struct bytes *value,
                           struct fault *fault)
{
    enum err err;

    while ((err = block_reader_next_in_block(reader, key, value, fault)) == ERR_ABSENT) {
        err = next_block(reader, fault);
        if (err != OK)
            return err;
    }
    return err;
}

enum err block_reader_next_in_block(struct block_reader *reader, struct bytes *key,
                                    struct bytes *value, struct fault *fault)
{
    struct bytes rest = reader->rest, k, v;

    if (reader->holds) {
        reader->holds = false;
        *key = reader->held_key;
        *value = reader->held_value;
        return OK;
    }
    if (reader->row == reader->data.count) {
        if (rest.size != 0)
            return block_chunks_damaged(&reader->file, fault, reader->data.offset,
                                        "more bytes than its rows have");
        return ERR_ABSENT;
    }
    if (!varint_take_bytes(&rest, &k) || !varint_take_bytes(&rest, &v))
        return block_chunks_damaged(&reader->file, fault, reader->data.offset,
                                    "fewer rows than it says");
    if (reader->has_last_key && bytes_compare(buf_bytes(&reader->last_key), k) >= 0)
        return block_chunks_damaged(&reader->file, fault, reader->data.offset,
                                    "its keys are out of order");
    buf_reset(&reader->last_key, SIZE_MAX);
    buf_append_bytes(&reader->last_key, k);
    reader->has_last_key = true;
    reader->rest = rest;
    reader->row++;
    reader->rows_read++;
    *key = k;
    *value = v;
    return OK;
}

/* The last place whose key is not greater; 0 if there is none. */
static uint32_t find_place(const struct place *places, uint32_t count, struct bytes key)
{
    uint32_t low = 0, high = count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (bytes_compare(places[middle].key, key) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

enum err block_reader_seek(struct block_reader *reader, struct bytes key, struct fault *fault)
{
    struct bytes k, v;
    uint32_t number;
    enum err err = load_top(reader, fault);

    if (err != OK)
        return err;
    if (reader->top.count == 0)
        return OK; /* no rows: it stands at the end */
    err = load_index(reader, find_place(reader->top_places, reader->top.count, key), fault);
    if (err != OK)
        return err;
    number = find_place(reader->index_places, reader->index.count, key);
    err = load_data(reader, reader->index_places[number].offset, fault);
    if (err != OK)
        return err;
    do
        err = block_reader_next(reader, &k, &v, fault);
    while (err == OK && bytes_compare(k, key) < 0);
    if (err == OK) {
        reader->holds = true;
        reader->held_key = k;
        reader->held_value = v;
    }
    return err == ERR_ABSENT ? OK : err;
}

enum err block_reader_go_to(struct block_reader *reader, uint64_t block, struct fault *fault)
{
    enum err err = load_top(reader, fault);

    ASSERT(block < reader->file.totals.blocks);
    if (err == OK)
        err = load_index(reader, block / INDEX_ENTRIES, fault);
    if (err != OK)
        return err;
    return load_data(reader, reader->index_places[block % INDEX_ENTRIES].offset, fault);
}

/* --- the index -------------------------------------------------------------------------------- */

/* A chunk of places, and what it says: of keys in it as long as it is not loaded again. */
static enum err load_places(struct block_reader *reader, uint64_t offset, uint8_t type,
                            struct block_chunk *chunk, struct place **places, struct fault *fault)
{
    enum err err = block_chunks_read(&reader->file, offset, chunk, fault);
    struct bytes rest;
    bool whole;

    if (err != OK)
        return err;
    rest = buf_bytes(&chunk->plain);
    whole = chunk->type == type && chunk->count <= rest.size; /* each takes a byte at least */
    *places = mem_resize(*places, (whole ? chunk->count : 0) * sizeof(**places) + 1);
    for (uint32_t i = 0; whole && i < chunk->count; i++) {
        struct place *place = &(*places)[i];

        whole = varint_take(&rest, &place->offset) && varint_take_bytes(&rest, &place->key) &&
                place->offset >= reader->file.rows_offset && place->offset < offset;
    }
    return whole && rest.size == 0
               ? OK
               : block_chunks_damaged(&reader->file, fault, offset, "it is no index");
}

static enum err load_top(struct block_reader *reader, struct fault *fault)
{
    uint64_t wanted = (reader->file.totals.blocks + INDEX_ENTRIES - 1) / INDEX_ENTRIES;
    enum err err;

    if (reader->top_places != NULL)
        return OK;
    err = load_places(reader, reader->file.top_offset, CHUNK_TOP, &reader->top, &reader->top_places,
                      fault);
    if (err == OK && reader->top.count != wanted)
        err = block_chunks_damaged(&reader->file, fault, reader->file.top_offset,
                                   "its counts disagree");
    if (err != OK) {
        free(reader->top_places);
        reader->top_places = NULL;
    }
    return err;
}

static enum err load_index(struct block_reader *reader, uint64_t number, struct fault *fault)
{
    uint64_t left = reader->file.totals.blocks - number * INDEX_ENTRIES;
    uint64_t offset = reader->top_places[number].offset;
    enum err err;

    if (reader->index_number == number)
        return OK;
    reader->index_number = NO_BLOCK;
    err = load_places(reader, offset, CHUNK_INDEX, &reader->index, &reader->index_places, fault);
    if (err == OK && reader->index.count != (left < INDEX_ENTRIES ? left : INDEX_ENTRIES))
        err = block_chunks_damaged(&reader->file, fault, offset, "its counts disagree");
    if (err == OK)
        reader->index_number = number;
    return err;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Makes a data chunk the one that is read, without what was read before. */
static enum err load_data(struct block_reader *reader, uint64_t offset, struct fault *fault)
{
    enum err err = block_chunks_read(&reader->file, offset, &reader->data, fault);

    reader->from_first = false;
    reader->has_last_key = false;
    reader->holds = false;
    reader->row = 0;
    reader->rest = buf_bytes(&reader->data.plain);
    if (err == OK && reader->data.type != CHUNK_DATA)
        err = block_chunks_damaged(&reader->file, fault, offset, "its index leads elsewhere");
    if (err != OK)
        reader->data.count = 0;
    reader->next = reader->data.end;
    return err;
}

/* The data chunk behind this one; ERR_ABSENT: there is none. */
static enum err next_block(struct block_reader *reader, struct fault *fault)
{
    for (;;) {
        enum err err;

        if (reader->next == reader->file.top_offset)
            return check_end(reader, fault);
        err = block_chunks_read(&reader->file, reader->next, &reader->data, fault);
        if (err != OK)
            return err;
        reader->next = reader->data.end;
        if (reader->data.type == CHUNK_DATA)
            break;
        if (reader->data.type != CHUNK_INDEX)
            return block_chunks_damaged(&reader->file, fault, reader->data.offset,
                                        "a part of no known kind");
        reader->data.count = 0; /* its entries are no rows */
    }
    reader->row = 0;
    reader->rest = buf_bytes(&reader->data.plain);
    return OK;
}

static enum err check_end(struct block_reader *reader, struct fault *fault)
{
    uint64_t end = reader->file.size - FILE_FOOTER_BYTES;
    enum err err = load_top(reader, fault);

    reader->data.count = 0;
    reader->row = 0;
    reader->rest = bytes_make("", 0);
    if (err != OK)
        return err;
    if (reader->top.end != end)
        return block_chunks_damaged(&reader->file, fault, reader->top.end,
                                    "bytes that belong to nothing");
    if (reader->from_first && reader->rows_read != reader->file.totals.rows)
        return block_chunks_damaged(&reader->file, fault, end,
                                    "another number of rows than it says");
    return ERR_ABSENT;
}
