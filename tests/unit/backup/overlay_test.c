/* overlay_test.c - entries come back in the order of keys, each once, from memory and from runs. */
#include "backup/overlay.h"
#include "base/mem.h"
#include "item/item_fixture.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS 500

struct model {
    bool known;
    struct journal_place first, last;
    bool existed, exists;
    unsigned old, new;
};

static struct bytes image(uint8_t *room, size_t size, unsigned number)
{
    memset(room, (int)(number % 251), size);
    bytes_put_u32(room, number);
    return bytes_make(room, size);
}

/* Changes in an order that has nothing to do with their places. */
static void fill(struct overlay *overlay, struct model model[KEYS], unsigned count,
                 size_t image_bytes, uint64_t *chance)
{
    uint8_t *old = mem_alloc(image_bytes), *new = mem_alloc(image_bytes);

    for (unsigned i = 0; i < count; i++) {
        unsigned k = chance_below(chance, KEYS);
        struct model *m = &model[k];
        struct journal_place place = {chance_below(chance, 1000000), (uint16_t)i};
        bool existed = chance_below(chance, 4) != 0, exists = chance_below(chance, 4) != 0;
        char key[16];
        struct overlay_entry entry = {
            .first = place, .last = place, .existed = existed, .exists = exists};

        snprintf(key, sizeof(key), "k%05u", k);
        entry.key = bytes_of_string(key);
        if (existed)
            entry.old = image(old, image_bytes, i);
        if (exists)
            entry.new = image(new, image_bytes, i + 1000000);
        CHECK_OK(overlay_add(overlay, &entry));
        if (!m->known || journal_place_is_before(place, m->first)) {
            m->first = place;
            m->existed = existed;
            m->old = i;
        }
        if (!m->known || journal_place_is_before(m->last, place)) {
            m->last = place;
            m->exists = exists;
            m->new = i + 1000000;
        }
        m->known = true;
    }
    free(old);
    free(new);
}

static void check_order(unsigned count, size_t image_bytes)
{
    struct overlay *overlay = overlay_create(unit_temp_dir(), 1);
    struct model *model = mem_zalloc(KEYS * sizeof(*model));
    uint64_t chance = 7 + count;
    struct overlay_entry entry;
    unsigned given = 0;
    enum err err;

    fill(overlay, model, count, image_bytes, &chance);
    CHECK_OK(overlay_finish(overlay));
    for (unsigned k = 0; k < KEYS; k++) {
        const struct model *m = &model[k];
        char key[16];

        if (!m->known)
            continue;
        snprintf(key, sizeof(key), "k%05u", k);
        err = overlay_next(overlay, &entry);
        CHECK_OK(err);
        if (err != OK)
            break;
        given++;
        CHECK_TEXT(entry.key, key);
        CHECK(entry.existed == m->existed && entry.exists == m->exists);
        CHECK_U64(entry.first.version, m->first.version);
        CHECK_U64(entry.last.version, m->last.version);
        CHECK_U64(entry.old.size, m->existed ? image_bytes : 0);
        CHECK_U64(entry.new.size, m->exists ? image_bytes : 0);
        if (m->existed)
            CHECK_U64(bytes_get_u32(entry.old.data), m->old);
        if (m->exists)
            CHECK_U64(bytes_get_u32(entry.new.data), m->new);
    }
    CHECK(count == 0 || given > 0);
    CHECK_ERR(overlay_next(overlay, &entry), ERR_ABSENT);
    overlay_destroy(&overlay);
    free(model);
}

TEST(overlay_without_entries)
{
    check_order(0, 16);
}

TEST(overlay_in_memory)
{
    check_order(2000, 32);
}

/* Some sixty megabytes through four: runs, and runs of runs. */
TEST(overlay_in_runs)
{
    check_order(1500, (size_t)20 << 10);
}

TEST(overlay_without_a_directory_to_spill_to)
{
    struct overlay *overlay = overlay_create("/nowhere/at/all", 1);
    size_t size = (size_t)3 << 20;
    uint8_t *image = mem_zalloc(size);
    struct overlay_entry entry = {.key = BYTES("a"), .old = bytes_make(image, size)};

    CHECK_OK(overlay_add(overlay, &entry));
    CHECK_ERR(overlay_add(overlay, &entry), ERR_IO);
    overlay_destroy(&overlay);
    free(image);
}

/* Of the files of this process in a folder, those that have no name any more. */
static unsigned truncate_unnamed(const char *folder, off_t by, off_t to)
{
    DIR *open_files = opendir("/proc/self/fd");
    const struct dirent *entry;
    unsigned count = 0;

    while (open_files != NULL && (entry = readdir(open_files)) != NULL) {
        char target[300];
        ssize_t size = readlinkat(dirfd(open_files), entry->d_name, target, sizeof(target));
        struct stat status;
        int fd = (int)strtol(entry->d_name, NULL, 10);

        if (size < (ssize_t)strlen(folder) || memcmp(target, folder, strlen(folder)) != 0 ||
            fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        CHECK(ftruncate(fd, by != 0 ? status.st_size - by : to) == 0);
        count++;
    }
    if (open_files != NULL)
        closedir(open_files);
    return count;
}

static void read_cut(off_t by, off_t to)
{
    struct overlay *overlay = overlay_create(unit_temp_dir(), 1);
    struct model *model = mem_zalloc(KEYS * sizeof(*model));
    struct overlay_entry entry;
    uint64_t chance = 9;
    enum err err;

    fill(overlay, model, 1500, (size_t)20 << 10, &chance);
    CHECK(truncate_unnamed(unit_temp_dir(), by, to) > 0);
    err = overlay_finish(overlay);
    while (err == OK)
        err = overlay_next(overlay, &entry);
    CHECK_ERR(err, ERR_IO);
    overlay_destroy(&overlay);
    free(model);
}

/* What is missing at the end of a run is no end, wherever it is cut. */
TEST(overlay_misses_what_is_cut_off)
{
    read_cut(1, 0);
    read_cut(0, 2); /* in the middle of a size */
    read_cut(0, 0); /* between two entries */
}
