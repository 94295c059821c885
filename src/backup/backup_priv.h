/* backup_priv.h - between the files of backups: the service, and the jobs that do its work. */
#pragma once

#include "backup/backup.h"

#include <pthread.h>

struct backups {
    struct jobs *jobs;
    char *folder;
    char *checkpoints;
    bool temporary; /* the folder goes at the close */

    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t stopped;
    bool stopping;
    pthread_t thread;   /* removes what has expired */
    bool watching;      /* it was started */
    unsigned beginning; /* that have no record yet */
    uint64_t id_ms;     /* of the newest id: backups are listed in the order of their making */
};

/* job_run_fn; ctx is the backups. */
enum err backup_job_run(struct job *job, void *ctx);
enum err backup_restore_run(struct job *job, void *ctx);

/* Makes it unless it is there. ERR_IO, ERR_NO_SPACE. */
enum err backup_make_folder(const char *path, struct fault *fault) MUST_CHECK;

/* The checkpoint of a backup; in the arena, and a C string. */
struct bytes backup_checkpoint_path(const struct backups *backups, struct bytes id,
                                    struct arena *arena);

/* Whose record it is. */
struct job_name backup_job_name(const struct backup *backup);
