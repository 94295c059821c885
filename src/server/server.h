/* server.h - the running server: parts built from options, connected, and ended in reverse.
 * Threads: the caller's thread waits for signals; loops, workers, the committer and the catalog's
 *          background thread are the server's.
 */
#pragma once

#include "base/err.h"

struct options;
struct server;

/* Opens the store, reads the catalog, listens. The fault says what failed and what to do. */
enum err server_start(const struct options *options, struct fault *fault,
                      struct server **server) MUST_CHECK;

/* Serves until SIGTERM or SIGINT, then finishes what is under way, SERVER_STOP_MS_MAX at most,
 * and returns. SIGTERM and SIGINT must have been blocked before server_start. */
void server_run(struct server *server);

/* Syncs, closes, frees. */
void server_stop(struct server **server);

#define SERVER_STOP_MS_MAX 10000
