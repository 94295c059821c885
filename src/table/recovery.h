/* recovery.h - restoring a table to a point in time: which points there are.
 * A table that can be restored has change records with both images from the moment at which that
 * was turned on. What it was at a time follows from what it is and from the changes since
 * (backup/history.h), so the earliest time is the one from which all changes are kept.
 */
#pragma once

#include "base/err.h"
#include "store/store.h"
#include "table/table.h"

#define RECOVERY_DAYS_MAX 35
#define RECOVERY_DAY_MS   86400000u

static inline bool recovery_is_on(const struct table_definition *definition)
{
    return definition->status != TABLE_DELETING && definition->recovery.period_days != 0;
}

struct catalog;
/* Whether the changes of a table, as it was at some time, have recovery as a reader now: it lets go
 * of them itself (backup/archiver.h). One that is being deleted has as long as it is found, and
 * until the last restore from it ends. For who removes them: under the change lock. */
bool recovery_keeps_changes_of(struct catalog *catalog, const struct table_definition *definition);

/* The changes that a state at a time has: all up to this version. */
static inline uint64_t recovery_version(uint64_t time_ms)
{
    return time_ms << 16 | 0xffff;
}

/* What can be restored, of a table whose recovery is on. `lag_ms`: how far behind now the latest
 * state is. */
uint64_t recovery_earliest_ms(const struct table_definition *definition, uint64_t now_ms);
uint64_t recovery_latest_ms(const struct table_definition *definition, uint64_t now_ms,
                            uint64_t lag_ms);

/* Puts *time_ms, which a client gave, within what can be restored. Times have a granularity of a
 * second there: one in the same second as a bound is that bound. False: it is outside. */
bool recovery_clamp(const struct table_definition *definition, uint64_t now_ms, uint64_t lag_ms,
                    uint64_t *time_ms) MUST_CHECK;

/* Sets what a client asks for; a state that could not be restored before cannot be after. */
void recovery_set(struct table_definition *definition, unsigned period_days, uint64_t now_ms);

/* The earliest time for a table whose changes all have records from now on. */
uint64_t recovery_begin_ms(struct store *store);
