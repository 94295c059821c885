/* name_list.h - names that a request lists: of attributes, of indexes, of tags.
 * A body has room for hundreds of thousands of them before any rule limits their number, so that
 * nothing here costs the square of it.
 * Ownership: names point into the request, lists are the arena's.
 */
#pragma once

#include "base/arena.h"

struct yyjson_val;

struct name_list {
    struct bytes *names;
    size_t count;
};

/* The elements of a JSON list of strings, or one member of each if they are objects: without bytes
 * where that is absent. A NULL list has no names. */
struct name_list name_list_read(struct yyjson_val *list, const char *member, struct arena *arena);

/* The same behind what is there already: `names` has room for them, zeroed. */
void name_list_append(struct name_list *names, struct yyjson_val *list, const char *member);

/* "[a, b]", as messages show lists; names past NAME_LIST_TEXT_BYTES_MAX are left out. */
#define NAME_LIST_TEXT_BYTES_MAX (64 << 10)
struct bytes name_list_text(const struct name_list *list, struct arena *arena);

/* Each name once, where it comes first. */
struct name_list name_list_distinct(const struct name_list *list, struct arena *arena);

/* The first name that was there before. False: none was. */
bool name_list_repeats(const struct name_list *list, struct arena *arena, struct bytes *name);
