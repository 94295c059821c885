/* fuzz_streams.c - what readers of streams send, and journal records from a disk: an iterator is
 * refused unless it was signed, a sequence number has one spelling, a record is whole or refused.
 */
#include "base/assert.h"
#include "fuzz.h"
#include "item/journal.h"
#include "streams/shard_text.h"

static const uint8_t key[SIPHASH_KEY_BYTES] = {1, 2, 3};

static void try_iterator(struct bytes text, struct arena *arena)
{
    struct shard_iterator iterator;
    struct buf again;

    if (!shard_iterator_read(text, key, &iterator))
        return;
    buf_init_arena(&again, arena, SIZE_MAX);
    shard_iterator_append(&again, &iterator, key);
    ASSERT(bytes_equal(buf_finish_arena(&again), text));
}

static void try_number(struct bytes text, struct arena *arena)
{
    struct journal_place place;
    struct buf again;

    if (!sequence_number_read(text, &place))
        return;
    buf_init_arena(&again, arena, SIZE_MAX);
    sequence_number_append(&again, place);
    ASSERT(bytes_equal(buf_finish_arena(&again), text));
}

static void try_record(struct bytes stored, struct arena *arena)
{
    struct journal_record record;
    struct buf again;

    if (journal_record_check(stored) != OK)
        return;
    ASSERT(journal_record_open(stored, &record) == OK);
    buf_init_arena(&again, arena, SIZE_MAX);
    journal_record_append(&again, &record);
    ASSERT(journal_record_check(buf_finish_arena(&again)) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = {data, size};
    struct shard_iterator iterator = {.stream_arn = input, .kind = SHARD_ITERATOR_AT};
    struct arena arena;
    struct buf text;

    arena_init(&arena);
    try_iterator(input, &arena);
    try_number(input, &arena);
    try_record(input, &arena);
    /* Whatever the ARN is, what we signed is taken. */
    buf_init_arena(&text, &arena, SIZE_MAX);
    shard_iterator_append(&text, &iterator, key);
    ASSERT(shard_iterator_read(buf_finish_arena(&text), key, &iterator));
    arena_fini(&arena);
    return 0;
}
