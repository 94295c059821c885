/* store_dir.h - the data directory around the engine: who has it, what wrote it, its reserve.
 *   LOCK      held (flock) while open; says who holds it
 *   FORMAT    what wrote the directory: our format number and the engine's version. It comes when
 *             all else of a new directory is durable: engine files without it that have no record
 *             are of a start that was cut short, and go
 *   RESERVE   bytes set aside for a full disk
 *   USED      empty; there once the engine was seen to have tables
 *   rocks/    the engine's files
 *   bulk/     files that nobody needs after a restart; emptied when the directory is opened
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct store_dir;

#define STORE_DIR_FORMAT 1

/* What groups that add data leave of the disk, for writing out what is in memory. */
#define STORE_DIR_ROOM_BYTES_MIN ((uint64_t)16 << 20)

/* Makes or opens it. `engine` and its version (major, minor) are recorded; a directory written by a
 * newer format or a newer engine is refused, and one whose engine files lost their root: the engine
 * would take it for a new one and sweep the rest away.
 * A new one leaves nothing behind if it is closed before store_dir_keep, and is refused where there
 * is no room for its first records.
 * ERR_LOCKED, ERR_NEWER_FORMAT, ERR_CORRUPT, ERR_NO_SPACE, ERR_IO. */
enum err store_dir_open(const char *path, const char *engine, unsigned major, unsigned minor,
                        struct fault *fault, struct store_dir **dir) MUST_CHECK;
void store_dir_close(struct store_dir **dir);
/* A new one, until it is finished: nothing in it need be durable before that. */
bool store_dir_is_unfinished(const struct store_dir *dir);
/* The engine is open, and its files are as it made them: syncs them and all folders on the way, and
 * then says in FORMAT that this is a data directory. Nothing to do for one that was.
 * ERR_NO_SPACE, ERR_IO. */
enum err store_dir_finish(struct store_dir *dir, struct fault *fault) MUST_CHECK;
/* Records are in it: from now on the directory stays. */
void store_dir_keep(struct store_dir *dir);

/* Path of the engine's folder. */
const char *store_dir_engine_path(const struct store_dir *dir);
/* Whether the engine ever had tables when the directory was opened: records were there. */
bool store_dir_had_tables(const struct store_dir *dir);

/* Bytes that can still be written, the reserve apart; none when no file can be made any more. */
uint64_t store_dir_room_bytes(const struct store_dir *dir);

/* Path of a new file in bulk/, which is made if need be; free() it. Any thread. ERR_NO_SPACE: there
 * is no room for so many bytes beside what must stay free. ERR_IO. */
enum err store_dir_scratch_file(struct store_dir *dir, uint64_t bytes, char **path) MUST_CHECK;

/* Gives the reserve back to the file system, or sets it aside again: ERR_NO_SPACE if there is not
 * room for it and as much again. */
bool store_dir_has_reserve(const struct store_dir *dir);
void store_dir_release_reserve(struct store_dir *dir);
enum err store_dir_keep_reserve(struct store_dir *dir) MUST_CHECK;
