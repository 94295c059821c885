/* index_delivery_test.c - changes of an index that arrive late, twice and in any order: whoever
 * keeps the newest version of each key has the same index in the end. What nodes of a cluster do.
 */
#include "index_fixture.h"

#define CHANGES_MAX 4000

static const uint8_t hash_key[SIPHASH_KEY_BYTES] = {1};

/* What an index_diff says of one key. */
struct delivery {
    struct bytes key;
    struct bytes value; /* empty: the entry goes */
    uint64_t version;
};

struct deliveries {
    struct delivery list[CHANGES_MAX];
    unsigned count;
};

static void note(struct deliveries *deliveries, struct bytes key, struct bytes value,
                 uint64_t version)
{
    CHECK(deliveries->count < CHANGES_MAX);
    if (deliveries->count < CHANGES_MAX)
        deliveries->list[deliveries->count++] = (struct delivery){key, value, version};
}

static void note_diff(struct deliveries *deliveries, const struct index_diff *diff,
                      uint64_t version)
{
    if (diff->change == INDEX_CHANGE_REMOVE || diff->change == INDEX_CHANGE_MOVE)
        note(deliveries, diff->old_key, BYTES(""), version);
    if (diff->change != INDEX_CHANGE_NONE && diff->change != INDEX_CHANGE_REMOVE)
        note(deliveries, diff->new_key, diff->new_value, version);
}

/* The state of each key: the newest that arrived, removals too. */
static void apply(struct deliveries *state, const struct delivery *change)
{
    unsigned at = 0;

    while (at < state->count && !bytes_equal(state->list[at].key, change->key))
        at++;
    if (at == state->count)
        note(state, change->key, change->value, change->version);
    else if (change->version > state->list[at].version)
        state->list[at] = *change;
}

static struct bytes find_value(const struct deliveries *state, struct bytes key)
{
    for (unsigned i = 0; i < state->count; i++)
        if (bytes_equal(state->list[i].key, key))
            return state->list[i].value;
    return BYTES("");
}

/* Against what the items imply at last. */
static void compare(const struct deliveries *state, const struct table_index *index,
                    const struct value items[], unsigned item_count, struct arena *arena)
{
    unsigned implied = 0, present = 0;

    for (unsigned i = 0; i < item_count; i++) {
        struct index_diff diff;

        index_diff(&index_bed_table, index, hash_key, item_absent().attributes, items[i], arena,
                   &diff);
        if (diff.change == INDEX_CHANGE_NONE)
            continue;
        implied++;
        CHECK(bytes_equal(find_value(state, diff.new_key), diff.new_value));
    }
    for (unsigned i = 0; i < state->count; i++)
        present += state->list[i].value.size != 0;
    CHECK_U64(present, implied);
}

#define ITEMS 12

TEST(index_changes_may_arrive_late_and_twice)
{
    struct deliveries *changes = calloc(1, sizeof(*changes)), *state = calloc(1, sizeof(*state));
    struct arena arena;
    uint64_t chance = 23;

    arena_init(&arena);
    for (unsigned which = 0; which < COUNT_OF(index_bed_indexes); which++) {
        const struct table_index *index = &index_bed_indexes[which];
        struct value items[ITEMS];
        unsigned original;

        changes->count = state->count = 0;
        for (unsigned i = 0; i < ITEMS; i++)
            items[i] = item_absent().attributes;
        for (uint64_t version = 1; version <= 700; version++) {
            struct value new = index_bed_item(&chance, ITEMS, &arena), old, key;
            struct index_diff diff;
            unsigned at = 0;

            CHECK(value_find(new, BYTES("sk"), &key));
            while (at < ITEMS && value_find(items[at], BYTES("sk"), &old) && !value_equal(old, key))
                at++;
            CHECK(at < ITEMS);
            old = items[at % ITEMS];
            index_diff(&index_bed_table, index, hash_key, old, new, &arena, &diff);
            note_diff(changes, &diff, version);
            items[at % ITEMS] = new;
        }

        for (unsigned i = 0; i < changes->count; i++)
            apply(state, &changes->list[i]);
        compare(state, index, items, ITEMS, &arena);

        /* Some twice; then all of them shuffled. */
        original = changes->count;
        for (unsigned i = 0; i < original; i++)
            if (chance_below(&chance, 3) == 0 && changes->count < CHANGES_MAX)
                changes->list[changes->count++] = changes->list[i];
        for (unsigned i = changes->count; i > 1; i--) {
            unsigned other = chance_below(&chance, i);
            struct delivery swap = changes->list[i - 1];

            changes->list[i - 1] = changes->list[other];
            changes->list[other] = swap;
        }
        state->count = 0;
        for (unsigned i = 0; i < changes->count; i++)
            apply(state, &changes->list[i]);
        compare(state, index, items, ITEMS, &arena);
    }
    arena_fini(&arena);
    free(changes);
    free(state);
}
