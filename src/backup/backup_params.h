/* backup_params.h - what the operations on backups share: which backup an ARN means, and how one is
 * described.
 * Source: contract backup-export-import.md 1; observed-control-plane.md 2, "Backup-family ARNs".
 */
#pragma once

#include "api/req.h"
#include "backup/backup.h"

/* The backup of the request's BackupArn, in the request's arena. ERR_VALIDATION with `invalid`: no
 * ARN of a backup; ERR_ACCESS_DENIED: of another account or service, or of another Region, unless
 * it may be; ERR_BACKUP_NOT_FOUND; ERR_WOULD_BLOCK. */
enum err backup_params_find(struct req *req, const char *invalid, bool any_region,
                            struct backup *backup) MUST_CHECK;

/* The parts of a backup's ARN, its id as the label; its Region may be another one. False: it is
 * none. */
bool backup_params_split(struct bytes text, struct input_resource *named);

/* ERR_BACKUP_IN_USE: it is still being made. */
enum err backup_params_check_made(struct req *req, const struct backup *backup) MUST_CHECK;

/* {"BackupDetails":...} */
void backup_params_details(struct req *req, const struct backup *backup);
/* {"BackupDescription":...}: a whole reply. */
void backup_params_reply(struct req *req, const struct backup *backup);

/* "AVAILABLE", "USER" and so on. */
const char *backup_params_status(const struct backup *backup);
const char *backup_params_type(const struct backup *backup);
