/* name_list.c - sorting places instead of comparing each name with each. */
#include "api/name_list.h"

#include "api/input.h"
#include "base/buf.h"

#include <stdlib.h>
#include <yyjson.h>

static bool *mark_first(const struct name_list *list, struct arena *arena);

struct name_list name_list_read(yyjson_val *list, const char *member, struct arena *arena)
{
    struct name_list read = {.names = arena_new_array(arena, struct bytes, yyjson_arr_size(list))};

    name_list_append(&read, list, member);
    return read;
}

void name_list_append(struct name_list *names, yyjson_val *list, const char *member)
{
    yyjson_arr_iter at = yyjson_arr_iter_with(list);
    yyjson_val *element;

    for (; (element = yyjson_arr_iter_next(&at)) != NULL; names->count++) {
        if (member == NULL)
            names->names[names->count] = input_text(element);
        else
            input_string(element, member, &names->names[names->count]);
    }
}

struct bytes name_list_text(const struct name_list *list, struct arena *arena)
{
    struct buf text;

    buf_init_arena(&text, arena, SIZE_MAX);
    buf_append_byte(&text, '[');
    for (size_t i = 0; i < list->count && text.size < NAME_LIST_TEXT_BYTES_MAX; i++) {
        if (i > 0)
            buf_append_lit(&text, ", ");
        buf_append_bytes(&text, list->names[i]);
    }
    buf_append_byte(&text, ']');
    return buf_finish_arena(&text);
}

struct name_list name_list_distinct(const struct name_list *list, struct arena *arena)
{
    struct name_list distinct = {.names = arena_new_array(arena, struct bytes, list->count)};
    const bool *first = mark_first(list, arena);

    for (size_t i = 0; i < list->count; i++)
        if (first[i])
            distinct.names[distinct.count++] = list->names[i];
    return distinct;
}

bool name_list_repeats(const struct name_list *list, struct arena *arena, struct bytes *name)
{
    const bool *first = mark_first(list, arena);

    for (size_t i = 0; i < list->count; i++) {
        if (!first[i]) {
            *name = list->names[i];
            return true;
        }
    }
    return false;
}

static int compare_places(const void *a, const void *b, void *names)
{
    size_t place_a = *(const size_t *)a, place_b = *(const size_t *)b;
    int order = bytes_compare(((struct bytes *)names)[place_a], ((struct bytes *)names)[place_b]);

    return order != 0 ? order : (place_a > place_b) - (place_a < place_b);
}

/* For each name whether it was not there before. */
static bool *mark_first(const struct name_list *list, struct arena *arena)
{
    bool *first = arena_new_array(arena, bool, list->count);
    size_t *places = arena_new_array(arena, size_t, list->count);

    for (size_t i = 0; i < list->count; i++)
        places[i] = i;
    if (list->count != 0)
        qsort_r(places, list->count, sizeof(places[0]), compare_places, list->names);
    for (size_t i = 0; i < list->count; i++)
        first[places[i]] =
            i == 0 || !bytes_equal(list->names[places[i]], list->names[places[i - 1]]);
    return first;
}
