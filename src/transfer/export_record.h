/* export_record.h - what is known of an export: its parameters, then how it ended.
 * The text of a job of kind "export" (decisions/0001-stored-formats.md, "Exports"): a JSON object
 * with the fields below under their names, those without bytes or at 0 left out.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "jobs/jobs.h"

#define EXPORT_KIND      "export"
#define EXPORT_FORMAT    1
#define EXPORT_TOKEN_MS  (UINT64_C(8) * 3600 * 1000)
#define EXPORT_COUNT_MAX 300

/* Stored: never renumber. */
enum export_status { EXPORT_IN_PROGRESS = 0, EXPORT_COMPLETED = 1, EXPORT_FAILED = 2 };

#define EXPORT_TEXTS(TEXT)                                     \
    TEXT(arn)                                                  \
    TEXT(table_name)                                           \
    TEXT(table_arn)                                            \
    TEXT(table_uuid)                                           \
    TEXT(token)                                                \
    TEXT(digest) /* of the request's parameters, hex */        \
    TEXT(bucket)                                               \
    TEXT(owner)                                                \
    TEXT(prefix)                                               \
    TEXT(encryption) /* AES256 or KMS, if one was asked for */ \
    TEXT(kms_key_id)                                           \
    TEXT(filter) /* FilterSpecification as JSON */             \
    TEXT(manifest)                                             \
    TEXT(failure_code)                                         \
    TEXT(failure_message)

#define EXPORT_NUMBERS(NUMBER)                                    \
    NUMBER(table_id)                                              \
    NUMBER(start_ms)                                              \
    NUMBER(end_ms)                                                \
    NUMBER(is_ion)                                                \
    NUMBER(is_incremental)                                        \
    NUMBER(has_type) /* ExportType was given: it is told again */ \
    NUMBER(time_ms)  /* of a full export */                       \
    NUMBER(from_ms)  /* of an incremental one */                  \
    NUMBER(to_ms)                                                 \
    NUMBER(only_new) /* ExportViewType NEW_IMAGE */               \
    NUMBER(status)                                                \
    NUMBER(item_count)                                            \
    NUMBER(billed_bytes)

struct export_record {
#define TEXT(name)   struct bytes name;
#define NUMBER(name) uint64_t name;
    EXPORT_TEXTS(TEXT)
    EXPORT_NUMBERS(NUMBER)
#undef TEXT
#undef NUMBER
};

struct bytes export_record_write(const struct export_record *record, struct arena *arena);
/* ERR_CORRUPT, ERR_NEWER_FORMAT. The record points into the arena. */
enum err export_record_read(struct bytes text, struct arena *arena,
                            struct export_record *record) MUST_CHECK;

/* <prefix>/AWSDynamoDB/, where everything of an export is. */
struct bytes export_folder(const struct export_record *record, struct arena *arena);
/* The id at the end of its ARN. */
struct bytes export_id(const struct export_record *record);

/* {"ExportDescription":{"ExportArn":...}}: a whole reply. */
struct buf;
void export_reply(struct buf *out, const struct export_record *record);
