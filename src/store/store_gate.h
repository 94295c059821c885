/* store_gate.h - many pass, one closes: how the engine's database is replaced under its readers.
 * Passing costs an addition to a counter that few threads share.
 * Threads: enter and leave are anybody's, and may be on different threads; close and open belong
 *          to one thread. Whoever is inside and enters again, waiting, has the close time out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct store_gate;

struct store_gate *store_gate_create(void);
void store_gate_destroy(struct store_gate **gate);

#define STORE_GATE_CLOSED (-1)
/* A ticket to leave with. STORE_GATE_CLOSED: it is closed and the caller cannot wait. */
int store_gate_enter(struct store_gate *gate, bool may_wait);
void store_gate_leave(struct store_gate *gate, int ticket);

/* True: nobody is inside and nobody gets in. False: somebody stayed inside for the whole time, and
 * the gate is open. */
bool store_gate_close(struct store_gate *gate, uint64_t timeout_ms);
void store_gate_open(struct store_gate *gate);
