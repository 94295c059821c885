/* throughput.h - what a table or a global index may do a second: settings and their history. */
#pragma once

#include <stdint.h>

/* Provisioned throughput; all 0 on demand. Times in ms since 1970, 0: never. */
struct table_throughput {
    uint64_t read_units;
    uint64_t write_units;
    uint64_t increased_ms;
    uint64_t decreased_ms;
    uint32_t decreases_today; /* counted on the UTC day of decreased_ms */
};

struct table_capacity {
    struct table_throughput throughput;
    int64_t on_demand_read_max; /* request units, -1: none */
    int64_t on_demand_write_max;
    uint64_t warm_read_units;
    uint64_t warm_write_units;
};
