/* thread.h - what a thread keeps for itself ends with it; one that nobody waits for gives way.
 * Source: sched(7), sched_setattr(2); slices: Linux 6.12 and later.
 */
#pragma once

/* Calls end on the thread that calls this, when that thread ends; the last one first. For what a
 * _Thread_local points to: end frees it and clears the pointer, so that whoever asks for it later
 * makes a new one, which is ended too. At most THREAD_ENDS_MAX at a time for one thread. Nothing is
 * called when the process ends. */
#define THREAD_ENDS_MAX 8
void thread_at_end(void (*end)(void));

/* Of the thread that calls. Whoever wakes on its core has the core at once, instead of when a slice
 * of this one's is over, which is milliseconds; what its share is, its nice value says. Where the
 * kernel is older or forbids it, it stays as it is: this is a matter of latency only. */
void thread_give_way(void);
/* A smaller share, too: for work that goes on for minutes. */
void thread_in_background(void);
