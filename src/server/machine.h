/* machine.h - what the machine lets us have: processors, memory, open files.
 * A container or a limit of the shell counts as much as the hardware.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>

/* Processors that this process may use. */
unsigned machine_processors(void);

/* Memory that it may use, in bytes. */
uint64_t machine_memory_bytes(void);

/* Raises the limit of open files as far as that is allowed, and returns it. */
uint64_t machine_allow_files(void);

/* How many open files each may have. Whoever has none left fails: the engine then ends the process,
 * so it gets its share before connections do. */
struct machine_files {
    uint32_t engine;
    uint32_t connections;
};
/* `loops` and the rest of the process have theirs too. ERR_CONFIG: too few to serve with. */
enum err machine_share_files(uint64_t allowed, unsigned loops, unsigned connections,
                             struct fault *fault, struct machine_files *files) MUST_CHECK;
