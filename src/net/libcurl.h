/* libcurl.h - libcurl, loaded when it is first used: most servers never send a request, and would
 * load it and the 25 libraries that it uses at each start (3.4 ms and some megabytes). Its
 * functions are called as <curl/curl.h> has them.
 */
#pragma once

#include "base/err.h"

#include <curl/curl.h>

/* Before all other calls, from any thread. ERR_CONFIG: it is not installed. */
enum err libcurl_load(struct fault *fault) MUST_CHECK;
