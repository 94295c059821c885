/* import_record.h - what is known of an import: its parameters, how far it is, how it ended.
 * The text of a job of kind "import" (decisions/0001-stored-formats.md, "Imports"): a JSON object
 * with the fields below under their names, those without bytes or at 0 left out.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "jobs/jobs.h"

#define IMPORT_KIND      "import"
#define IMPORT_FORMAT    1
#define IMPORT_COUNT_MAX 50

/* Stored: never renumber. */
enum import_status {
    IMPORT_IN_PROGRESS = 0,
    IMPORT_COMPLETED = 1,
    IMPORT_FAILED = 2,
    IMPORT_CANCELLED = 3,
    IMPORT_CANCELLING = 4, /* shown, never stored: the table is gone, and the job will see it */
};

#define IMPORT_TEXTS(TEXT)                                  \
    TEXT(arn)                                               \
    TEXT(table_name)                                        \
    TEXT(table_arn)                                         \
    TEXT(table_uuid)                                        \
    TEXT(token)                                             \
    TEXT(bucket)                                            \
    TEXT(owner)                                             \
    TEXT(prefix)                                            \
    TEXT(format)      /* DYNAMODB_JSON, ION, CSV */         \
    TEXT(options)     /* InputFormatOptions as JSON */      \
    TEXT(compression) /* NONE, GZIP, ZSTD */                \
    TEXT(parameters)  /* TableCreationParameters as JSON */ \
    TEXT(log_arn)                                           \
    TEXT(failure_code)                                      \
    TEXT(failure_message)

#define IMPORT_NUMBERS(NUMBER)                             \
    NUMBER(status)                                         \
    NUMBER(start_ms)                                       \
    NUMBER(end_ms)                                         \
    NUMBER(processed_bytes) /* of objects, uncompressed */ \
    NUMBER(processed_items)                                \
    NUMBER(imported_items)                                 \
    NUMBER(errors)

struct import_record {
#define TEXT(name)   struct bytes name;
#define NUMBER(name) uint64_t name;
    IMPORT_TEXTS(TEXT)
    IMPORT_NUMBERS(NUMBER)
#undef TEXT
#undef NUMBER
};

struct bytes import_record_write(const struct import_record *record, struct arena *arena);
/* ERR_CORRUPT, ERR_NEWER_FORMAT. The record points into the arena. */
enum err import_record_read(struct bytes text, struct arena *arena,
                            struct import_record *record) MUST_CHECK;

/* Whether two requests ask for the same. */
bool import_record_same(const struct import_record *a, const struct import_record *b);

/* {"ImportTableDescription":{"ImportArn":...}}: a whole reply; and {"ImportArn":...} as a list has
 * it, with fewer members. */
struct buf;
void import_reply(struct buf *out, const struct import_record *record);
void import_summarise(struct buf *out, const struct import_record *record);
