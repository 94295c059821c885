/* backup.h - backups of tables: what is known of each, and where it is.
 * A backup is a job's record (jobs/jobs.h) as long as it can be described or restored; its items
 * lie in a file of its own, which its job writes from a checkpoint of the store. The record and the
 * checkpoint are durable before CreateBackup replies: the backup has exactly what was there then.
 *
 *   CREATING    a checkpoint, an unfinished record; the file is being written. A system backup has
 *               no checkpoint: its table is dropped, and its rows stay as they are
 *   AVAILABLE   the file, a finished record
 *   DELETED     an unfinished record, which goes when the file is gone; nobody is shown it
 *
 * Threads:  any, apart from the clean-up at the start. What waits says so.
 */
#pragma once

#include "jobs/jobs.h"
#include "store/store.h"
#include "table/table.h"

struct backups;

#define BACKUP_KIND             "backup"
#define BACKUP_RESTORE_KIND     "restore"
#define BACKUP_FILE_KIND        "BKUP"
#define BACKUP_UNFINISHED_MAX   50 /* checkpoints that hold their files at a time */
#define BACKUP_SYSTEM_ID_END    "-00000000"
#define BACKUP_SYSTEM_LIFE_MS   (35 * UINT64_C(86400000))
#define BACKUP_SYSTEM_NAME_TAIL "$DeletedTableBackup"

enum backup_type { BACKUP_USER, BACKUP_SYSTEM };
enum backup_status { BACKUP_CREATING, BACKUP_AVAILABLE, BACKUP_DELETED };

struct backup {
    struct bytes id;
    struct bytes name;
    enum backup_type type;
    enum backup_status status;
    uint64_t created_ms;
    uint64_t expires_ms;           /* 0: never */
    struct store_count count;      /* of the table's items, as the service counts */
    struct table_definition table; /* account, region, name; settings that a restore takes over */
};

struct backups_options {
    const char *folder;      /* of the files; made when the first is written */
    const char *checkpoints; /* a folder on the data directory's disk; the same */
    bool must_exist;         /* the folder of files is made, and tried, at once */
    bool temporary;          /* the folder of files goes at the close */
};

/* The jobs, not started yet, get the backups' kinds. Removes checkpoints that nobody needs. The
 * jobs and their catalog are borrowed. ERR_IO. */
enum err backups_open(struct jobs *jobs, const struct backups_options *options, struct fault *fault,
                      struct backups **backups) MUST_CHECK;
/* After jobs_stop, before jobs_close. */
void backups_close(struct backups **backups);

/* Begins one of a table that the caller holds, and waits until it cannot be lost.
 * ERR_LIMIT_EXCEEDED: there are BACKUP_UNFINISHED_MAX; ERR_BUSY, ERR_NO_SPACE, ERR_IO. */
enum err backup_create(struct backups *backups, struct table *table, struct bytes name,
                       struct arena *arena, struct backup *backup) MUST_CHECK;

/* Of a table with recovery to points in time that is being deleted: what the mutation that deletes
 * it holds besides, so that the table's rows stay until its system backup is written. True: it is
 * written by this job, to be enqueued after the commit. */
bool backup_keep_deleted(struct backups *backups, const struct table *table,
                         struct store_mutation *mutation, struct arena *arena,
                         struct job_name *job);

/* ERR_ABSENT: there is none, or it is deleted or expired; ERR_WOULD_BLOCK; ERR_CORRUPT, ERR_IO. */
enum err backup_find(struct backups *backups, struct bytes account, struct bytes region,
                     struct bytes id, bool may_wait, struct arena *arena,
                     struct backup *backup) MUST_CHECK;

/* Begins the end of one that is AVAILABLE. Waits. The errors of a commit. */
enum err backup_delete(struct backups *backups, const struct backup *backup) MUST_CHECK;

/* Text of the record of a job of BACKUP_RESTORE_KIND, which fills the table of that name in its own
 * account and region from the backup that its definition names. */
struct bytes backup_restore_text(struct bytes table, struct arena *arena);

/* Whether a record is still a backup for clients. */
bool backup_is_there(const struct backup *backup, uint64_t now_ms);

/* The file of its items: a block file (block_file.h), keys and values those of the table's item
 * rows, its text what backup_text gives. In the arena, and a C string. */
struct bytes backup_path(const struct backups *backups, struct bytes id, struct arena *arena);
struct bytes backup_path_in(const char *folder, struct bytes id, struct arena *arena);
struct jobs *backups_jobs(struct backups *backups);

/* <table ARN>/backup/<id> */
struct bytes backup_arn(const struct backup *backup, struct arena *arena);

/* The record's text (JSON), and back, into the arena. ERR_CORRUPT, ERR_NEWER_FORMAT. */
struct bytes backup_text(const struct backup *backup, struct arena *arena);
enum err backup_read(struct bytes text, struct arena *arena, struct backup *backup) MUST_CHECK;
