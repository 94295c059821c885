/* thread.h - threads that nobody waits for give way to those that answer clients.
 * Source: sched(7), sched_setattr(2); slices: Linux 6.12 and later.
 */
#pragma once

/* Of the thread that calls. Whoever wakes on its core has the core at once, instead of when a slice
 * of this one's is over, which is milliseconds; what its share is, its nice value says. Where the
 * kernel is older or forbids it, it stays as it is: this is a matter of latency only. */
void thread_give_way(void);
/* A smaller share, too: for work that goes on for minutes. */
void thread_in_background(void);
