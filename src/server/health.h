/* health.h - `stele health`: asks a running server whether it is well. */
#pragma once

#include "base/err.h"

/* Sends GET / to http://HOST:PORT and prints what came back. OK: it said healthy. ERR_IO: nobody
 * answers; ERR_CONFIG: not an endpoint we can ask. Waits HEALTH_TIMEOUT_MS at most. */
enum err health_ask(const char *endpoint, struct fault *fault) MUST_CHECK;

#define HEALTH_TIMEOUT_MS 3000
