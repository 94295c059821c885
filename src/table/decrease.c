/* decrease.c - the budget of decreases. */
#include "table/decrease.h"

#include "table/table.h"

#define DAY_MS 86400000u

uint32_t decrease_count_today(const struct table_throughput *throughput, uint64_t now_ms)
{
    return throughput->decreased_ms / DAY_MS == now_ms / DAY_MS ? throughput->decreases_today : 0;
}

uint64_t decrease_next_ms(const struct table_throughput *throughput, uint64_t now_ms)
{
    uint64_t tomorrow_ms = (now_ms / DAY_MS + 1) * DAY_MS;
    uint64_t next_ms = throughput->decreased_ms + DECREASE_PAUSE_MS;

    if (decrease_count_today(throughput, now_ms) < DECREASE_COUNT_PER_DAY || next_ms <= now_ms)
        return now_ms;
    return next_ms < tomorrow_ms ? next_ms : tomorrow_ms;
}

void decrease_happens(struct table_throughput *throughput, uint64_t now_ms)
{
    throughput->decreases_today = decrease_count_today(throughput, now_ms) + 1;
    throughput->decreased_ms = now_ms;
}
