/* file.h - files and folders that have to be there after a power cut, or to be gone.
 * Errors: ERR_NO_SPACE where the disk or a quota is full, ERR_IO otherwise; errno says why.
 * All of it may wait: never on a loop.
 */
#pragma once

#include "base/err.h"

#include <dirent.h>

/* What an errno means to who was writing. */
enum err file_err(int why);

/* Makes what was named, renamed or removed in a folder durable; in the folder that a path is in. */
enum err file_sync_folder(const char *path) MUST_CHECK;
enum err file_sync_folder_of(const char *path) MUST_CHECK;
/* There from now on, also where it was made a moment ago: its name is synced, if the folder above
 * can be. */
enum err file_make_folder(const char *path) MUST_CHECK;

/* The next entry of an open folder, as readdir has it. ERR_ABSENT: that was all; ERR_IO: nobody
 * knows what else there is. */
enum err file_next_entry(DIR *folder, const struct dirent **entry) MUST_CHECK;

/* The files in a folder, not its folders; and the folder, if it is empty then. What cannot be
 * removed stays. */
void file_remove_files(const char *path);
void file_remove_folder(const char *path);
