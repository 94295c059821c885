/* table.h - what a table is: its definition, as the catalog keeps and hands it out.
 * A definition is immutable once published; a change publishes a new one under the same id.
 * Ownership: counted. Whoever acquires a table (catalog.h) releases it; a request holds what it
 *            uses until its reply. A dropped table's rows go when nobody holds it any more.
 * Threads:   any.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/rng.h"
#include "item/key.h"
#include "table/index.h"
#include "table/throughput.h"

#include <stdatomic.h>

enum table_status { TABLE_CREATING, TABLE_ACTIVE, TABLE_UPDATING, TABLE_DELETING };
enum table_billing { TABLE_PROVISIONED, TABLE_PAY_PER_REQUEST };
enum table_way { TABLE_READ, TABLE_WRITE };
#define TABLE_WAYS 2
enum table_class { TABLE_CLASS_UNSET, TABLE_CLASS_STANDARD, TABLE_CLASS_INFREQUENT_ACCESS };

/* What a client can set, and what Describe shows. Bytes live as long as the table. */
struct table_settings {
    enum table_billing billing;
    struct table_capacity capacity;
    bool was_on_demand;    /* at some time: BillingModeSummary is shown */
    uint64_t on_demand_ms; /* since when, 0: never */
    enum table_class class;
    uint64_t class_changed_ms;        /* 0: never */
    uint64_t class_changed_before_ms; /* the change before that */
    bool deletion_protection;
};

struct table_tag {
    struct bytes key;
    struct bytes value;
};

#define TABLE_TAGS_MAX 50

struct table_tags {
    struct table_tag list[TABLE_TAGS_MAX]; /* each key once, in the order in which they came */
    unsigned count;
};

/* What its change records show. */
enum table_stream_view {
    TABLE_STREAM_OFF, /* none are kept */
    TABLE_STREAM_KEYS_ONLY,
    TABLE_STREAM_NEW_IMAGE,
    TABLE_STREAM_OLD_IMAGE,
    TABLE_STREAM_NEW_AND_OLD_IMAGES,
    TABLE_STREAM_VIEW_COUNT
};

struct table_stream {
    enum table_stream_view view;
    uint64_t label_ms; /* names the latest stream, also after it ended; 0: there was none yet */
    bool changes;      /* the table is UPDATING because of it */
};

/* Whether it can be restored to a point in time (recovery.h). */
struct table_recovery {
    uint32_t period_days; /* 0: it cannot */
    uint64_t from_ms;     /* the earliest it can be restored to, as long as that is in the period */
};

/* Which key its data is under, as far as it is told. */
struct table_encryption {
    struct bytes key_arn;        /* empty: the server's own */
    struct bytes key_arn_before; /* described until then; 0: there was no change */
    uint64_t until_ms;
};

/* A resource policy, in the form in which it is given back. */
struct table_policy {
    struct bytes text;    /* empty: there is none */
    uint64_t revision_ms; /* of the text, or of the last one; only grows */
};

/* A new table that a job fills before anybody may use it: it is CREATING until that ends. */
struct table_filling {
    struct bytes job_kind; /* empty: nobody fills it */
    struct bytes job_id;
    /* What Describe shows of a restore, which other calls do not find at all. */
    struct bytes source_arn; /* of the table it was; empty: it is no restore */
    struct bytes backup_arn; /* empty: restored from continuous backups */
    uint64_t restore_ms;
    uint32_t source_id; /* of the table whose history the job reads; 0: it reads none */
};

/* The hidden index of a table whose items expire (index_expiry.h). */
struct table_ttl {
    struct table_index index; /* id 0: there is none. Its definition is made by table_create */
    uint16_t next_id;         /* 0: there was none yet */
    uint16_t gone_before;     /* what is left of indexes with smaller ids is removed; 0: nothing */
};

struct table_definition {
    uint32_t id; /* never reused */
    struct bytes account;
    struct bytes region;
    struct bytes name;
    char uuid[RNG_UUID_SIZE];
    uint64_t created_ms;
    struct key_schema schema;
    const struct table_index *indexes; /* local ones first, each kind in the order of its making */
    unsigned index_count;
    uint16_t next_index_id; /* 0: there was none yet */
    struct table_settings settings;
    struct table_tags tags;
    struct bytes ttl_attribute; /* empty: items do not expire */
    struct table_ttl ttl;
    struct table_insights insights;
    struct table_stream stream;
    struct table_recovery recovery;
    struct table_encryption encryption;
    struct table_policy policy;
    struct table_policy stream_policy; /* of the latest stream */
    struct table_filling filling;
    /* A change on its way: until then, `status` is what the table shows, and `before` what it
     * described when the status is TABLE_UPDATING. 0: the table is ACTIVE, or DELETING. */
    enum table_status status;
    uint64_t status_until_ms;
    struct table_settings before;
};

struct table_life;
struct index_build;
struct index_expiry_state;

struct table {
    struct table_definition definition;
    struct table_life *life; /* shared by all definitions of one table */
    _Atomic uint64_t holders;
    struct arena arena; /* of the definition's bytes */
};

/* What the table shows now: CREATING and UPDATING end by themselves. It is also UPDATING while room
 * is made for a new index, and while one is being removed. */
enum table_status table_status_now(const struct table *table, uint64_t now_ms);
/* Whether a job still fills it (table_fill.h), and whether it is one that restores it. */
bool table_is_filling(const struct table_definition *definition);
bool table_is_restoring(const struct table_definition *definition);
/* The settings that are described now. */
const struct table_settings *table_settings_now(const struct table *table, uint64_t now_ms);

/* Whether it is UPDATING because its stream begins or ends. */
bool table_stream_changes_now(const struct table *table, uint64_t now_ms);

/* An index by name; NULL: the table has none of it. */
const struct table_index *table_index_find(const struct table *table, struct bytes name);
/* What an index shows now. It can be read while it is ACTIVE or UPDATING. */
enum index_status table_index_status_now(const struct table *table, const struct table_index *index,
                                         uint64_t now_ms);
/* Of an index that is CREATING: it is being filled from the items. */
bool table_index_backfills_now(const struct table_index *index, uint64_t now_ms);
/* The capacity of a global index that is described now. */
const struct table_capacity *table_index_capacity_now(const struct table_index *index,
                                                      uint64_t now_ms);

/* What the journal's readers need of each change (table_journal.h). One state for all definitions
 * of a table: a write that holds an older one must not miss the moment when a reader begins. */
enum table_journal_need {
    TABLE_JOURNAL_RECORDS = 1, /* there is a reader: changes leave records */
    TABLE_JOURNAL_OLD = 2,     /* with what the item was */
    TABLE_JOURNAL_NEW = 4,     /* with what it became */
};
unsigned table_journal_needs(const struct table *table);
void table_set_journal_needs(struct table *table, unsigned needs);

/* Copies the definition; one holder. `earlier` is another definition of the same table, or NULL. */
struct table *table_create(const struct table_definition *definition, struct table *earlier);
struct table *table_acquire(struct table *table);
void table_release(struct table **table);
/* Whether the caller is the only one left who holds any definition of this table. */
bool table_held_alone(const struct table *table);
/* Whether nobody holds another definition of it, an older one. */
bool table_is_only_definition(const struct table *table);

/* How far the building of an index has come: one state for all definitions (index_build.h). */
struct index_build *table_index_build(const struct table *table);
/* The same of the hidden index of expiry. */
struct index_build *table_ttl_build(const struct table *table);
struct index_expiry_state *table_expiry(const struct table *table);

/* Every index that a write maintains: the definition's, then the hidden one. */
static inline unsigned table_upkeep_count(const struct table_definition *definition)
{
    return definition->index_count + (definition->ttl.index.id != 0);
}
static inline const struct table_index *
table_upkeep_index(const struct table_definition *definition, unsigned at)
{
    return at < definition->index_count ? &definition->indexes[at] : &definition->ttl.index;
}

/* Units that are provisioned for the table and its global indexes together. */
uint64_t table_provisioned_units(const struct table_definition *definition, enum table_way way);

struct journal_load;
/* How much was written to its lanes: one state for all definitions (journal_load.h). */
struct journal_load *table_journal_load(const struct table *table);

struct bucket;
/* What is left of the table's capacity (throttle.h). */
struct bucket *table_bucket(const struct table *table, enum table_way way);

/* arn:aws:dynamodb:<region>:<account>:table/<name>, and the same with /index/<name> behind it */
struct bytes table_arn(const struct table_definition *definition, struct arena *arena);
struct bytes table_index_arn(const struct table_definition *definition,
                             const struct table_index *index, struct arena *arena);

/* Of the latest stream: a time such as 2026-01-31T12:00:00.123, and
 * <table arn>/stream/<label>. There must be one. */
struct bytes table_stream_label(const struct table_definition *definition, struct arena *arena);
struct bytes table_stream_arn(const struct table_definition *definition, struct arena *arena);

/* Record text (JSON) of a definition, and back. ERR_CORRUPT, ERR_NEWER_FORMAT. The read definition
 * points into the arena. */
struct bytes table_record_write(const struct table_definition *definition, struct arena *arena);
enum err table_record_read(struct bytes record, struct arena *arena,
                           struct table_definition *definition) MUST_CHECK;
