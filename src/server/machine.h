/* machine.h - what the machine lets us have: processors, memory, open files.
 * A container or a limit of the shell counts as much as the hardware.
 */
#pragma once

#include <stdint.h>

/* Processors that this process may use. */
unsigned machine_processors(void);

/* Memory that it may use, in bytes. */
uint64_t machine_memory_bytes(void);

/* Raises the limit of open files as far as that is allowed; warns if `count` is not reached. */
void machine_allow_files(uint64_t count);
