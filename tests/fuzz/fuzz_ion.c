/* fuzz_ion.c - Ion text. Reading stays inside the text and ends; a part of it never tells what the
 * whole does not; structs accepted as items are canonical, and their Ion gives the same bytes
 * again. The input lies in memory of exactly its size, so that a sanitizer sees one byte more.
 */
#include "base/arena.h"
#include "base/assert.h"
#include "base/buf.h"
#include "fuzz.h"
#include "ion/ion_read.h"
#include "item/value.h"

#include <stdlib.h>

/* The events of a text as far as it goes, in a form that can be compared. */
struct told {
    uint64_t events;
    uint64_t bytes;
    enum err end;
};

static struct told read_events(struct bytes text, bool final, uint64_t events_max,
                               struct arena *arena);
static void read_items(struct bytes text, struct arena *arena);
static void check_again(struct value map, struct arena *arena);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct told whole, part, again;
    struct arena arena;
    uint8_t *copy;
    size_t cut;

    if (size == 0)
        return 0;
    copy = malloc(size == 1 ? 1 : size - 1);
    memcpy(copy, data + 1, size - 1);
    arena_init(&arena);
    whole = read_events(bytes_make(copy, size - 1), true, UINT64_MAX, &arena);
    ASSERT(whole.end == OK || whole.end == ERR_CORRUPT);
    cut = (size - 1) * data[0] / 255;
    part = read_events(bytes_make(copy, cut), false, UINT64_MAX, &arena);
    ASSERT(part.end == ERR_PENDING || part.end == ERR_CORRUPT);
    ASSERT(part.events <= whole.events);
    ASSERT(part.end == ERR_PENDING || (whole.end == part.end && whole.events == part.events));
    again = read_events(bytes_make(copy, size - 1), true, part.events, &arena);
    ASSERT(again.bytes == part.bytes);
    read_items(bytes_make(copy, size - 1), &arena);
    arena_fini(&arena);
    free(copy);
    return 0;
}

static struct told read_events(struct bytes text, bool final, uint64_t events_max,
                               struct arena *arena)
{
    struct told told = {0};
    struct ion_reader reader;
    struct ion_event event;
    struct fault fault;

    fault_init(&fault, arena);
    ion_reader_init(&reader, text, final, arena, &fault);
    while (told.events < events_max) {
        told.end = ion_next(&reader, &event);
        if (told.end != OK || event.type == ION_END)
            break;
        told.events++;
        for (size_t i = 0; i < event.text.size; i++)
            told.bytes = told.bytes * 31 + event.text.data[i];
        for (size_t i = 0; i < event.name.size; i++)
            told.bytes = told.bytes * 31 + event.name.data[i];
        told.bytes = told.bytes * 31 + event.type * 16 + event.annotation_count;
        ASSERT(reader.depth <= ION_DEPTH_MAX && reader.at <= text.size);
    }
    return told;
}

static void read_items(struct bytes text, struct arena *arena)
{
    struct ion_reader reader;
    struct ion_event event;
    struct fault fault;
    struct value map;

    fault_init(&fault, arena);
    ion_reader_init(&reader, text, true, arena, &fault);
    while (ion_next(&reader, &event) == OK && event.type != ION_END) {
        enum err err;

        if (event.type != ION_STRUCT)
            continue;
        err = value_map_from_ion(&reader, arena, &fault, &map);
        ASSERT(err == OK || fault.message.size != 0);
        if (err == OK) {
            ASSERT(value_check(map));
            check_again(map, arena);
        } else if (err != ERR_VALIDATION || ion_leave(&reader, 0) != OK) {
            break;
        }
    }
}

static void check_again(struct value map, struct arena *arena)
{
    struct ion_reader reader;
    struct ion_event event;
    struct fault fault;
    struct value again;
    struct buf ion;
    enum err err;

    buf_init_arena(&ion, arena, SIZE_MAX);
    value_map_append_ion(&ion, map);
    fault_init(&fault, arena);
    ion_reader_init(&reader, buf_finish_arena(&ion), true, arena, &fault);
    err = ion_next(&reader, &event);
    ASSERT(err == OK && event.type == ION_STRUCT);
    err = value_map_from_ion(&reader, arena, &fault, &again);
    ASSERT(err == OK);
    ASSERT(value_equal(again, map));
    ASSERT(ion_next(&reader, &event) == OK && event.type == ION_END);
}
