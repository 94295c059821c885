/* libcurl.c - the functions of libcurl that we use, each of which asks the library that was loaded.
 * Of the two with a variable argument, an option or an answer is one word, an integer or a pointer,
 * wherever both are as wide.
 */
#include "net/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#undef curl_easy_setopt /* checks of types, for those who call it */
#undef curl_easy_getinfo

#define LIBRARY "libcurl.so.4"

_Static_assert(sizeof(void *) == sizeof(curl_off_t) && sizeof(void *) == sizeof(long),
               "one word each");

static struct {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_reset) *easy_reset;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_perform) *easy_perform;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
} libcurl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char why_not[256]; /* empty: it is loaded */

static void *find(void *library, const char *name)
{
    void *found = library == NULL ? NULL : dlsym(library, name);
    const char *why = found == NULL ? dlerror() : NULL;

    if (found == NULL && why_not[0] == 0)
        snprintf(why_not, sizeof(why_not), "%s", why == NULL ? name : why);
    return found;
}

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL); /* until the process ends */

    libcurl.global_init = find(library, "curl_global_init");
    libcurl.easy_init = find(library, "curl_easy_init");
    libcurl.easy_cleanup = find(library, "curl_easy_cleanup");
    libcurl.easy_reset = find(library, "curl_easy_reset");
    libcurl.easy_setopt = find(library, "curl_easy_setopt");
    libcurl.easy_getinfo = find(library, "curl_easy_getinfo");
    libcurl.easy_perform = find(library, "curl_easy_perform");
    libcurl.easy_strerror = find(library, "curl_easy_strerror");
    libcurl.slist_append = find(library, "curl_slist_append");
    libcurl.slist_free_all = find(library, "curl_slist_free_all");
    if (why_not[0] == 0 && libcurl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        snprintf(why_not, sizeof(why_not), "curl_global_init failed");
}

enum err libcurl_load(struct fault *fault)
{
    pthread_once(&once, load);
    return why_not[0] == 0
               ? OK
               : fault_set(fault, ERR_CONFIG,
                           "requests to other servers need libcurl, which cannot be loaded: %s",
                           why_not);
}

CURL *curl_easy_init(void)
{
    return libcurl.easy_init();
}

void curl_easy_cleanup(CURL *handle)
{
    libcurl.easy_cleanup(handle);
}

void curl_easy_reset(CURL *handle)
{
    libcurl.easy_reset(handle);
}

CURLcode curl_easy_setopt(CURL *handle, CURLoption option, ...)
{
    va_list arguments;
    void *value;

    va_start(arguments, option);
    value = va_arg(arguments, void *);
    va_end(arguments);
    return libcurl.easy_setopt(handle, option, value);
}

CURLcode curl_easy_getinfo(CURL *handle, CURLINFO info, ...)
{
    va_list arguments;
    void *to;

    va_start(arguments, info);
    to = va_arg(arguments, void *);
    va_end(arguments);
    return libcurl.easy_getinfo(handle, info, to);
}

CURLcode curl_easy_perform(CURL *handle)
{
    return libcurl.easy_perform(handle);
}

const char *curl_easy_strerror(CURLcode code)
{
    return libcurl.easy_strerror(code);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *line)
{
    return libcurl.slist_append(list, line);
}

void curl_slist_free_all(struct curl_slist *list)
{
    libcurl.slist_free_all(list);
}
