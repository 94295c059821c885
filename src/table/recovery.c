/* recovery.c - the bounds of what can be restored. */
#include "table/recovery.h"

#include "base/clock.h"
#include "table/catalog.h"

uint64_t recovery_earliest_ms(const struct table_definition *d, uint64_t now_ms)
{
    uint64_t period_ms = d->recovery.period_days * (uint64_t)RECOVERY_DAY_MS;
    uint64_t begin_ms = now_ms > period_ms ? now_ms - period_ms : 0;

    return begin_ms > d->recovery.from_ms ? begin_ms : d->recovery.from_ms;
}

uint64_t recovery_latest_ms(const struct table_definition *d, uint64_t now_ms, uint64_t lag_ms)
{
    uint64_t latest_ms = now_ms > lag_ms ? now_ms - lag_ms : 0;

    return latest_ms > d->recovery.from_ms ? latest_ms : d->recovery.from_ms;
}

bool recovery_clamp(const struct table_definition *d, uint64_t now_ms, uint64_t lag_ms,
                    uint64_t *time_ms)
{
    uint64_t earliest_ms = recovery_earliest_ms(d, now_ms);
    uint64_t latest_ms = recovery_latest_ms(d, now_ms, lag_ms);

    if (*time_ms / 1000 < earliest_ms / 1000 || *time_ms / 1000 > latest_ms / 1000)
        return false;
    if (*time_ms < earliest_ms)
        *time_ms = earliest_ms;
    if (*time_ms > latest_ms)
        *time_ms = latest_ms;
    return true;
}

void recovery_set(struct table_definition *d, unsigned period_days, uint64_t now_ms)
{
    struct table_definition before = *d;

    d->recovery.period_days = period_days;
    if (period_days == 0)
        d->recovery.from_ms = 0; /* turned on again, it begins again */
    else if (before.recovery.period_days != 0 && before.recovery.period_days != period_days) {
        d->recovery.from_ms = recovery_earliest_ms(&before, now_ms);
        d->recovery.from_ms = recovery_earliest_ms(d, now_ms);
    }
}

/* The first millisecond in which no change has a version that was made without its record. A
 * version may be ahead of the clock, where that was set back. */
uint64_t recovery_begin_ms(struct store *store)
{
    uint64_t now_ms = clock_wall_ms();
    uint64_t newest_ms = store_newest_version(store) >> 16;

    return now_ms > newest_ms ? now_ms : newest_ms + 1;
}

bool recovery_keeps_changes_of(struct catalog *catalog, const struct table_definition *definition)
{
    const struct table_definition *d = definition;
    struct table *table = catalog_acquire(catalog, d->account, d->region, d->name);
    bool keeps = table != NULL && table->definition.id == d->id &&
                 table->definition.recovery.period_days != 0;

    table_release(&table);
    return keeps || catalog_is_restoring_table(catalog, d->id);
}
