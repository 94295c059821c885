/* table_journal.c - change records: which a write adds, and their keys. */
#include "table/table_journal.h"

#include "base/assert.h"
#include "base/clock.h"
#include "table/journal_load.h"
#include "table/recovery.h"

#define LANE_OFFSET    KEY_PREFIX_BYTES
#define VERSION_OFFSET (LANE_OFFSET + 2)
#define ORDINAL_OFFSET (VERSION_OFFSET + 8)

#define SLOTS_PER_LANE_BITS 60
#define SETTINGS_KEPT_MS    ((RECOVERY_DAYS_MAX + 1) * (uint64_t)RECOVERY_DAY_MS)
#define UNIT_BYTES          1024 /* that a write unit carries, about */

_Static_assert(TABLE_JOURNAL_LANES == 1 << (64 - SLOTS_PER_LANE_BITS), "lanes divide all slots");

static bool stays_as_it_was(const struct table_change *change);
static struct bytes record_of(const struct table_change *change, unsigned needs, bool by_service,
                              struct arena *arena);

uint16_t table_journal_lane(struct bytes item_key)
{
    uint64_t slot = bytes_get_u64(item_key.data + KEY_SLOT_OFFSET);

    return (uint16_t)(1 + (slot >> SLOTS_PER_LANE_BITS));
}

unsigned table_journal_needs_of(const struct table_definition *definition)
{
    static const unsigned needs[TABLE_STREAM_VIEW_COUNT] = {
        [TABLE_STREAM_OFF] = 0,
        [TABLE_STREAM_KEYS_ONLY] = TABLE_JOURNAL_RECORDS,
        [TABLE_STREAM_NEW_IMAGE] = TABLE_JOURNAL_RECORDS | TABLE_JOURNAL_NEW,
        [TABLE_STREAM_OLD_IMAGE] = TABLE_JOURNAL_RECORDS | TABLE_JOURNAL_OLD,
        [TABLE_STREAM_NEW_AND_OLD_IMAGES] =
            TABLE_JOURNAL_RECORDS | TABLE_JOURNAL_NEW | TABLE_JOURNAL_OLD,
    };

    ASSERT((unsigned)definition->stream.view < TABLE_STREAM_VIEW_COUNT);
    if (definition->status == TABLE_DELETING)
        return 0;
    if (definition->recovery.period_days != 0)
        return TABLE_JOURNAL_RECORDS | TABLE_JOURNAL_NEW | TABLE_JOURNAL_OLD;
    return needs[definition->stream.view];
}

void table_journal_add(struct store_mutation *mutation, const struct table_change *change,
                       unsigned needs, bool by_service, uint16_t ordinal, struct arena *arena)
{
    uint32_t bytes = change->exists && change->old.size_bytes > change->new_size_bytes
                         ? change->old.size_bytes
                         : change->new_size_bytes;
    struct journal_place place = {.ordinal = ordinal};
    uint16_t lane = table_journal_lane(change->key);
    struct bytes key;

    if (stays_as_it_was(change))
        return;
    journal_load_add(table_journal_load(change->table), lane, 1 + bytes / UNIT_BYTES);
    key = table_journal_key(change->table->definition.id, lane, place, arena);
    store_mutation_put(mutation, STORE_JOURNAL, key, VERSION_OFFSET,
                       record_of(change, needs, by_service, arena), JOURNAL_VERSION_OFFSET);
}

void table_journal_add_settings(struct store_mutation *mutation,
                                const struct table_definition *definition, struct arena *arena)
{
    struct journal_place place = {0};
    struct journal_record record = {.kind = JOURNAL_SETTINGS};
    struct buf out;

    if (table_journal_needs_of(definition) == 0)
        return;
    record.settings = table_record_write(definition, arena);
    buf_init_arena(&out, arena, SIZE_MAX);
    journal_record_append(&out, &record);
    store_mutation_put(mutation, STORE_JOURNAL,
                       table_journal_key(definition->id, TABLE_JOURNAL_LANE_OF_ALL, place, arena),
                       VERSION_OFFSET, buf_finish_arena(&out), JOURNAL_VERSION_OFFSET);
}

/* Values are canonical: neither the order of a set nor the spelling of a number is a change. */
static bool stays_as_it_was(const struct table_change *change)
{
    return change->action == TABLE_PUT && change->exists &&
           value_equal(change->old.attributes, change->attributes);
}

static struct bytes record_of(const struct table_change *change, unsigned needs, bool by_service,
                              struct arena *arena)
{
    const struct key_schema *schema = &change->table->definition.schema;
    bool puts = change->action == TABLE_PUT;
    struct journal_record record = {
        .kind = puts ? (change->exists ? JOURNAL_MODIFY : JOURNAL_INSERT) : JOURNAL_REMOVE,
        .keys =
            key_attributes_of(schema, puts ? change->attributes : change->old.attributes, arena),
        .flags = by_service ? JOURNAL_BY_SERVICE : 0,
    };
    struct buf out;

    if ((needs & TABLE_JOURNAL_OLD) && change->exists) {
        record.flags |= JOURNAL_HAS_OLD;
        record.old = change->old.attributes;
    }
    if ((needs & TABLE_JOURNAL_NEW) && puts) {
        record.flags |= JOURNAL_HAS_NEW;
        record.new = change->attributes;
    }
    buf_init_arena(&out, arena, SIZE_MAX);
    journal_record_append(&out, &record);
    return buf_finish_arena(&out);
}

struct bytes table_journal_key(uint32_t table_id, uint16_t lane, struct journal_place place,
                               struct arena *arena)
{
    uint8_t rest[TABLE_JOURNAL_KEY_BYTES - KEY_PREFIX_BYTES];
    struct buf key;

    bytes_put_u16(rest, lane);
    bytes_put_u64(rest + (VERSION_OFFSET - KEY_PREFIX_BYTES), place.version);
    bytes_put_u16(rest + (ORDINAL_OFFSET - KEY_PREFIX_BYTES), place.ordinal);
    buf_init_arena(&key, arena, TABLE_JOURNAL_KEY_BYTES);
    key_append_prefix(&key, table_id, KEY_SPACE_JOURNAL, 0, 0);
    buf_append(&key, rest, sizeof(rest));
    return buf_finish_arena(&key);
}

enum err table_journal_key_read(struct bytes key, uint16_t *lane, struct journal_place *place)
{
    static const uint8_t zeros[KEY_PREFIX_BYTES - 5];

    if (key.size != TABLE_JOURNAL_KEY_BYTES || key.data[4] != KEY_SPACE_JOURNAL ||
        memcmp(key.data + 5, zeros, sizeof(zeros)) != 0)
        return ERR_CORRUPT;
    *lane = bytes_get_u16(key.data + LANE_OFFSET);
    place->version = bytes_get_u64(key.data + VERSION_OFFSET);
    place->ordinal = bytes_get_u16(key.data + ORDINAL_OFFSET);
    return OK;
}

struct store_range table_journal_range(uint32_t table_id, uint16_t lane, struct journal_place from,
                                       uint64_t to, struct arena *arena)
{
    struct journal_place end = {.version = to};

    return (struct store_range){.from = table_journal_key(table_id, lane, from, arena),
                                .to = table_journal_key(table_id, lane, end, arena)};
}

struct store_range table_journal_whole_range(uint32_t table_id, struct arena *arena)
{
    struct buf prefix;
    struct bytes from;

    buf_init_arena(&prefix, arena, KEY_PREFIX_BYTES);
    key_append_prefix(&prefix, table_id, KEY_SPACE_JOURNAL, 0, 0);
    from = buf_finish_arena(&prefix);
    return (struct store_range){.from = from, .to = key_after_prefix(from, arena)};
}

static enum err remove_range(struct store *store, struct store_mutation *mutation,
                             struct store_range range)
{
    struct store_cursor *cursor = store_cursor_open(store, NULL, STORE_JOURNAL, range, true);
    struct bytes key, value;
    enum err err = store_cursor_next(cursor, &key, &value);

    store_cursor_close(&cursor);
    if (err == OK)
        store_mutation_delete_range(mutation, STORE_JOURNAL, range.from, range.to);
    return err == ERR_ABSENT ? OK : err;
}

/* The settings record that is nearest to one end of a range, by whether it is walked backward; its
 * bytes are the arena's. ERR_ABSENT: there is none. */
static enum err find_settings(struct store *store, struct store_range range, bool may_wait,
                              struct arena *arena, struct journal_record *record)
{
    struct store_cursor *cursor = store_cursor_open(store, NULL, STORE_JOURNAL, range, may_wait);
    struct bytes key, value;
    enum err err;

    while ((err = store_cursor_next(cursor, &key, &value)) == OK) {
        err = journal_record_open(value, record);
        if (err != OK || record->kind == JOURNAL_SETTINGS)
            break;
    }
    if (err == OK)
        record->settings = arena_copy(arena, record->settings);
    store_cursor_close(&cursor);
    return err;
}

/* The newest one of a version before `to`. */
static enum err find_settings_before(struct store *store, uint32_t table_id, uint64_t to,
                                     bool may_wait, struct arena *arena,
                                     struct journal_record *record)
{
    struct journal_place first = {0};
    struct store_range range =
        table_journal_range(table_id, TABLE_JOURNAL_LANE_OF_ALL, first, to, arena);

    range.backward = true;
    return find_settings(store, range, may_wait, arena, record);
}

/* The table as the first record from a version on has it. */
static enum err settings_after(struct store *store, uint32_t table_id, uint64_t version,
                               bool may_wait, struct arena *arena,
                               struct table_definition *definition)
{
    struct journal_place next = {.version = version + 1};
    struct journal_record record;
    enum err err = find_settings(
        store, table_journal_range(table_id, TABLE_JOURNAL_LANE_OF_ALL, next, UINT64_MAX, arena),
        may_wait, arena, &record);

    return err == OK ? table_record_read(record.settings, arena, definition) : err;
}

/* Where recovery begins, its record may be a moment younger: it is made for that time too. Nothing
 * else changes with it, and what is older may be from before a time that nobody recorded. */
enum err table_journal_settings_at(struct store *store, uint32_t table_id, uint64_t version,
                                   bool may_wait, struct arena *arena,
                                   struct table_definition *definition)
{
    struct table_definition before = {0}, after;
    struct journal_record record;
    enum err found = find_settings_before(store, table_id, version + 1, may_wait, arena, &record);
    enum err err;

    if (found == OK)
        found = table_record_read(record.settings, arena, &before);
    if (found != OK && found != ERR_ABSENT)
        return found;
    err = settings_after(store, table_id, version, may_wait, arena, &after);
    if (err != OK && err != ERR_ABSENT)
        return err;
    if (err == OK && after.recovery.from_ms != before.recovery.from_ms &&
        after.recovery.period_days != 0 && after.recovery.from_ms << 16 <= version) {
        *definition = after;
        return OK;
    }
    if (found == OK)
        *definition = before;
    return found;
}

/* Those that a restore may ask for stay, and the one in force when they begin: they are few. */
static enum err remove_settings(struct store *store, struct store_mutation *mutation,
                                uint32_t table_id, uint64_t older_than, struct arena *arena)
{
    uint64_t now_ms = clock_wall_ms();
    uint64_t horizon = now_ms > SETTINGS_KEPT_MS ? (now_ms - SETTINGS_KEPT_MS) << 16 : 0;
    struct journal_place first = {0};
    struct journal_record record;
    enum err err;

    older_than = older_than < horizon ? older_than : horizon;
    err = find_settings_before(store, table_id, older_than, true, arena, &record);
    if (err == OK)
        older_than = record.version;
    else if (err != ERR_ABSENT)
        return err;
    return remove_range(
        store, mutation,
        table_journal_range(table_id, TABLE_JOURNAL_LANE_OF_ALL, first, older_than, arena));
}

enum err table_journal_remove(struct store *store, struct store_mutation *mutation,
                              uint32_t table_id, uint64_t older_than)
{
    struct journal_place first = {0};
    struct arena arena;
    enum err err = OK;

    arena_init(&arena);
    if (older_than == UINT64_MAX)
        err = remove_range(store, mutation, table_journal_whole_range(table_id, &arena));
    else
        err = remove_settings(store, mutation, table_id, older_than, &arena);
    if (older_than != UINT64_MAX)
        for (unsigned lane = 1; err == OK && lane < TABLE_JOURNAL_LANE_COUNT; lane++)
            err = remove_range(
                store, mutation,
                table_journal_range(table_id, (uint16_t)lane, first, older_than, &arena));
    arena_fini(&arena);
    return err;
}
