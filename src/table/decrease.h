/* decrease.h - how often the units of a provisioned table or index may be lowered: four times a UTC
 * day, and once more whenever an hour has passed since the last time.
 * Pure. Source: contract core-api-tables.md 5, "Decrease budget".
 */
#pragma once

#include <stdint.h>

#define DECREASE_COUNT_PER_DAY 4
#define DECREASE_PAUSE_MS      3600000

struct table_throughput;

/* How often they were lowered on the UTC day of now. */
uint32_t decrease_count_today(const struct table_throughput *throughput, uint64_t now_ms);

/* The earliest moment at which they may be lowered: now, an hour after the last time, midnight. */
uint64_t decrease_next_ms(const struct table_throughput *throughput, uint64_t now_ms);

/* They are lowered now. */
void decrease_happens(struct table_throughput *throughput, uint64_t now_ms);
