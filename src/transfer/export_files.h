/* export_files.h - the objects of an export: data files, manifests and their digests.
 * Data files are gzip, of lines; a new one begins after EXPORT_FILE_BYTES of text. Their names
 * follow from the export's id and their number, so an export that begins again after a crash
 * writes over what it had written. The manifest's summary comes last of all: an export without one
 * is none.
 * Source: contract backup-export-import.md 5.2.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "transfer/export_record.h"
#include "transfer/objects.h"

#define EXPORT_FILE_BYTES ((uint64_t)512 << 20)
#define EXPORT_NAME_SIZE  27 /* of a data file: 26 characters of a-z2-7 and a NUL */

struct export_files;

/* Puts `_started`. The call, the record and the arena live until the close. */
enum err export_files_open(struct objects *objects, struct objects_call *call,
                           const struct export_record *record,
                           struct export_files **files) MUST_CHECK;
/* Lines of one item or change. */
enum err export_files_add(struct export_files *files, struct bytes line) MUST_CHECK;
/* The last data file (the first, if there was no line) and the manifests. The record says how many
 * items and bytes there are, and when the export ended. *manifest is the summary's key. */
enum err export_files_finish(struct export_files *files, const struct export_record *record,
                             struct bytes *manifest) MUST_CHECK;
/* Gives up what is unfinished. */
void export_files_close(struct export_files **files);

void export_file_name(struct bytes export_id, unsigned number, char name[EXPORT_NAME_SIZE]);
/* manifest-summary.json */
struct bytes export_summary(const struct export_record *record, struct bytes files_key,
                            struct arena *arena);
