/* block_file_test.c - what was written is read back; every damage is found and named. */
#include "backup/block_file.h"
#include "base/arena.h"
#include "base/buf.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KIND "TEST"

struct bed {
    struct arena arena;
    struct fault fault;
    char path[256];
};

static void bed_open(struct bed *bed)
{
    arena_init(&bed->arena);
    fault_init(&bed->fault, &bed->arena);
    snprintf(bed->path, sizeof(bed->path), "%s/file", unit_temp_dir());
}

static struct bytes key_of(struct arena *arena, unsigned i)
{
    return arena_format(arena, "key-%08u", i * 2);
}

/* Values that pack to about half. */
static struct bytes value_of(struct arena *arena, unsigned i, size_t size)
{
    uint8_t *data = arena_alloc(arena, size);
    uint32_t state = i * 2654435761u + 1;

    for (size_t at = 0; at < size; at++) {
        state = state * 1103515245 + 12345;
        data[at] = (uint8_t)('a' + (state >> 16) % 16);
    }
    return bytes_make(data, size);
}

static struct block_file_totals write_rows(struct bed *bed, unsigned count, size_t value_size)
{
    struct block_file_totals totals = {0};
    struct block_writer *writer;
    struct arena scratch;

    arena_init(&scratch);
    CHECK_OK(block_writer_open(bed->path, KIND, BYTES("{\"a\": 1}"), &bed->fault, &writer));
    for (unsigned i = 0; i < count; i++) {
        CHECK_OK(block_writer_add(writer, key_of(&scratch, i), value_of(&scratch, i, value_size),
                                  &bed->fault));
        arena_reset(&scratch);
    }
    CHECK_OK(block_writer_finish(&writer, &bed->fault, &totals));
    arena_fini(&scratch);
    return totals;
}

static struct block_reader *open_reader(struct bed *bed)
{
    struct block_reader *reader = NULL;

    CHECK_OK(block_reader_open(bed->path, KIND, &bed->fault, &reader));
    return reader;
}

/* Reads on from row `first`; how many rows came. */
static unsigned read_on(struct bed *bed, struct block_reader *reader, unsigned first, size_t size)
{
    struct bytes key, value;
    struct arena scratch;
    unsigned i = first;
    enum err err;

    arena_init(&scratch);
    while ((err = block_reader_next(reader, &key, &value, &bed->fault)) == OK) {
        CHECK(bytes_equal(key, key_of(&scratch, i)));
        CHECK(bytes_equal(value, value_of(&scratch, i, size)));
        arena_reset(&scratch);
        i++;
    }
    CHECK_ERR(err, ERR_ABSENT);
    arena_fini(&scratch);
    return i - first;
}

static struct bytes contents(struct bed *bed)
{
    struct buf buf;
    ssize_t got;
    int fd = open(bed->path, O_RDONLY);

    buf_init_arena(&buf, &bed->arena, SIZE_MAX);
    while ((got = read(fd, buf_reserve(&buf, 4096), 4096)) > 0)
        buf_commit(&buf, (size_t)got);
    close(fd);
    return buf_finish_arena(&buf);
}

static void write_contents(struct bed *bed, struct bytes bytes)
{
    int fd = open(bed->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK(write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size);
    close(fd);
}

TEST(block_files_are_what_they_were)
{
    /* Nothing in it gets smaller by packing, so that no version of the library matters. */
    static const uint8_t golden[] =
        "STELEBLK\0\0\0\1TEST\0\0\0\2\x8f\xbe\x82\xb0{}"
        "D\0\0\0\0\0\0\x0a\0\0\0\x0a\0\0\0\2\x20\x71\xe4\x5b\1a\2xy\2ab\1z"
        "I\0\0\0\0\0\0\3\0\0\0\3\0\0\0\1\xc5\x78\x47\x2c\x1a\1a"
        "T\0\0\0\0\0\0\3\0\0\0\3\0\0\0\1\x54\x39\x54\x4a\x38\1a"
        "\0\0\0\0\0\0\0\x4f\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0\1\0\0\0\1\xcb\xa1\x47\xd2"
        "STELEEND";
    struct bytes whole = bytes_make(golden, sizeof(golden) - 1), key, value;
    struct block_file_totals totals;
    struct block_writer *writer;
    struct block_reader *reader;
    struct bed bed;

    bed_open(&bed);
    CHECK_OK(block_writer_open(bed.path, KIND, BYTES("{}"), &bed.fault, &writer));
    CHECK_OK(block_writer_add(writer, BYTES("a"), BYTES("xy"), &bed.fault));
    CHECK_OK(block_writer_add(writer, BYTES("ab"), BYTES("z"), &bed.fault));
    CHECK_OK(block_writer_finish(&writer, &bed.fault, &totals));
    CHECK(bytes_equal(contents(&bed), whole));

    write_contents(&bed, whole);
    reader = open_reader(&bed);
    CHECK_TEXT(block_reader_about(reader), "{}");
    CHECK_OK(block_reader_next(reader, &key, &value, &bed.fault));
    CHECK_TEXT(key, "a");
    CHECK_TEXT(value, "xy");
    CHECK_OK(block_reader_next(reader, &key, &value, &bed.fault));
    CHECK_TEXT(key, "ab");
    CHECK_TEXT(value, "z");
    CHECK_ERR(block_reader_next(reader, &key, &value, &bed.fault), ERR_ABSENT);
    block_reader_close(&reader);
    arena_fini(&bed.arena);
}

TEST(block_files_give_back_their_rows)
{
    static const struct {
        unsigned rows;
        size_t value_size;
    } cases[] = {{0, 0}, {1, 0}, {1, 3000000}, {5000, 100}, {3, 65536}, {40, 20000}};
    struct bed bed;

    bed_open(&bed);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct block_file_totals written = write_rows(&bed, cases[i].rows, cases[i].value_size);
        struct block_reader *reader = open_reader(&bed);
        struct block_file_totals read = block_reader_totals(reader);
        struct stat stat_of;

        CHECK(memcmp(&written, &read, sizeof(read)) == 0);
        CHECK_U64(read.rows, cases[i].rows);
        CHECK_U64(read.row_bytes, cases[i].rows * (12 + cases[i].value_size));
        CHECK(stat(bed.path, &stat_of) == 0);
        CHECK_U64(read.file_bytes, stat_of.st_size);
        CHECK_TEXT(block_reader_about(reader), "{\"a\": 1}");
        CHECK_U64(read_on(&bed, reader, 0, cases[i].value_size), cases[i].rows);
        block_reader_close(&reader);
    }
    arena_fini(&bed.arena);
}

TEST(block_files_are_read_from_a_key_on)
{
    static const unsigned rows = 5000;
    struct block_reader *reader;
    struct bed bed;

    bed_open(&bed);
    write_rows(&bed, rows, 100);
    reader = open_reader(&bed);
    for (unsigned i = 0; i < rows; i += 379) {
        CHECK_OK(block_reader_seek(reader, key_of(&bed.arena, i), &bed.fault));
        CHECK_U64(read_on(&bed, reader, i, 100), rows - i);
        /* between two keys: the second */
        CHECK_OK(
            block_reader_seek(reader, arena_format(&bed.arena, "key-%08u", i * 2 + 1), &bed.fault));
        CHECK_U64(read_on(&bed, reader, i + 1, 100), rows - i - 1);
    }
    CHECK_OK(block_reader_seek(reader, BYTES(""), &bed.fault));
    CHECK_U64(read_on(&bed, reader, 0, 100), rows);
    CHECK_OK(block_reader_seek(reader, BYTES("z"), &bed.fault));
    CHECK_U64(read_on(&bed, reader, rows, 100), 0);
    block_reader_close(&reader);
    write_rows(&bed, 0, 0);
    reader = open_reader(&bed);
    CHECK_OK(block_reader_seek(reader, BYTES("a"), &bed.fault));
    CHECK_U64(read_on(&bed, reader, 0, 0), 0);
    block_reader_close(&reader);
    arena_fini(&bed.arena);
}

/* More blocks than one part of the index has. */
TEST(block_files_are_read_backwards_by_block)
{
    static const unsigned rows = 2100;
    struct block_file_totals totals;
    struct block_reader *reader;
    struct bytes key, value;
    struct bed bed;
    unsigned left = rows;

    bed_open(&bed);
    totals = write_rows(&bed, rows, 33000);
    CHECK_U64(totals.blocks, rows / 2);
    reader = open_reader(&bed);
    for (uint64_t block = totals.blocks; block-- > 0;) {
        left -= 2;
        CHECK_OK(block_reader_go_to(reader, block, &bed.fault));
        for (unsigned i = 0; i < 2; i++) {
            CHECK_OK(block_reader_next_in_block(reader, &key, &value, &bed.fault));
            CHECK(bytes_equal(key, key_of(&bed.arena, left + i)));
        }
        CHECK_ERR(block_reader_next_in_block(reader, &key, &value, &bed.fault), ERR_ABSENT);
    }
    CHECK_U64(left, 0);
    CHECK_OK(block_reader_seek(reader, key_of(&bed.arena, 2099), &bed.fault));
    CHECK_U64(read_on(&bed, reader, 2099, 33000), 1);
    block_reader_close(&reader);
    arena_fini(&bed.arena);
}

/* Reads all there is, from the front and by the index. */
static enum err read_all(struct bed *bed)
{
    struct block_reader *reader;
    struct bytes key, value;
    enum err err = block_reader_open(bed->path, KIND, &bed->fault, &reader);

    if (err != OK)
        return err;
    while ((err = block_reader_next(reader, &key, &value, &bed->fault)) == OK)
        continue;
    block_reader_close(&reader);
    return err == ERR_ABSENT ? OK : err;
}

static void check_damage_is_named(struct bed *bed, enum err err)
{
    char file[300];
    struct bytes said = bed->fault.message;

    snprintf(file, sizeof(file), "%s ", bed->path);
    CHECK(err == ERR_CORRUPT || err == ERR_NEWER_FORMAT);
    CHECK(bytes_start_with(said, bytes_of_string(file)));
    CHECK(err == ERR_NEWER_FORMAT ||
          memmem(said.data, said.size, "is damaged at byte ", 19) != NULL);
}

TEST(no_changed_byte_of_a_block_file_goes_unnoticed)
{
    struct bytes whole;
    struct bed bed;

    bed_open(&bed);
    write_rows(&bed, 1200, 100); /* two blocks */
    whole = contents(&bed);
    CHECK_OK(read_all(&bed));
    for (size_t i = 0; i < whole.size; i += i < 500 || i + 500 > whole.size ? 1 : 61) {
        struct arena_mark mark = arena_mark(&bed.arena);
        uint8_t *copy = (uint8_t *)arena_copy(&bed.arena, whole).data;

        copy[i] ^= (uint8_t)(1u << i % 8);
        write_contents(&bed, bytes_make(copy, whole.size));
        check_damage_is_named(&bed, read_all(&bed));
        arena_release(&bed.arena, mark);
    }
    arena_fini(&bed.arena);
}

TEST(no_missing_end_of_a_block_file_goes_unnoticed)
{
    struct bytes whole;
    struct bed bed;

    bed_open(&bed);
    write_rows(&bed, 1200, 100);
    whole = contents(&bed);
    for (size_t size = 0; size < whole.size;
         size += size < 200 || size + 500 > whole.size ? 1 : 97) {
        struct arena_mark mark = arena_mark(&bed.arena);

        write_contents(&bed, bytes_make(whole.data, size));
        check_damage_is_named(&bed, read_all(&bed));
        arena_release(&bed.arena, mark);
    }
    write_contents(&bed, arena_concat(&bed.arena, (struct bytes[]){whole, BYTES("\0")}, 2));
    check_damage_is_named(&bed, read_all(&bed));
    arena_fini(&bed.arena);
}

TEST(a_damaged_block_is_named_by_its_place)
{
    struct block_reader *reader;
    struct bytes whole, key, value;
    uint8_t *second;
    struct bed bed;
    char wanted[300];
    enum err err;

    bed_open(&bed);
    write_rows(&bed, 3, 65536); /* a block each */
    whole = contents(&bed);
    second = memmem(whole.data + 40, whole.size - 40, "D\1\0\0", 4);
    snprintf(wanted, sizeof(wanted), "%s is damaged at byte %zu: a checksum is wrong", bed.path,
             (size_t)(second - whole.data));
    second[200] ^= 4;
    write_contents(&bed, whole);
    reader = open_reader(&bed);
    CHECK_OK(block_reader_next(reader, &key, &value, &bed.fault));
    err = block_reader_next(reader, &key, &value, &bed.fault);
    CHECK_ERR(err, ERR_CORRUPT);
    CHECK_TEXT(bed.fault.message, wanted);
    block_reader_close(&reader);
    arena_fini(&bed.arena);
}

TEST(a_block_file_of_another_kind_or_none_is_refused)
{
    struct block_reader *reader;
    struct bed bed;

    bed_open(&bed);
    CHECK_ERR(block_reader_open(bed.path, KIND, &bed.fault, &reader), ERR_ABSENT);
    write_rows(&bed, 3, 10);
    CHECK_ERR(block_reader_open(bed.path, "ELSE", &bed.fault, &reader), ERR_CORRUPT);
    CHECK(memmem(bed.fault.message.data, bed.fault.message.size, "holds TEST, not ELSE", 20) !=
          NULL);
    arena_fini(&bed.arena);
}

TEST(a_block_file_appears_whole_or_not_at_all)
{
    struct block_writer *writer;
    struct bed bed;
    char beside[300];

    bed_open(&bed);
    snprintf(beside, sizeof(beside), "%s.tmp", bed.path);
    CHECK_OK(block_writer_open(bed.path, KIND, BYTES(""), &bed.fault, &writer));
    CHECK_OK(block_writer_add(writer, BYTES("a"), BYTES("b"), &bed.fault));
    CHECK(access(bed.path, F_OK) != 0);
    CHECK(access(beside, F_OK) == 0);
    block_writer_abandon(&writer);
    CHECK(writer == NULL);
    CHECK(access(beside, F_OK) != 0);
    write_rows(&bed, 10, 10);
    CHECK(access(bed.path, F_OK) == 0);
    CHECK(access(beside, F_OK) != 0);
    CHECK_OK(block_writer_open(bed.path, KIND, BYTES(""), &bed.fault, &writer));
    block_writer_abandon(&writer); /* the older one stays */
    CHECK_OK(read_all(&bed));
    snprintf(bed.path, sizeof(bed.path), "%s/absent/file", unit_temp_dir());
    CHECK_ERR(block_writer_open(bed.path, KIND, BYTES(""), &bed.fault, &writer), ERR_IO);
    arena_fini(&bed.arena);
}

/* In the place of the system's: of which call an error is to come, 0: of none. */
static unsigned failing_call, failing_with;

int sync_file_range(int fd, off_t offset, off_t size, unsigned flags)
{
    if (failing_call != 0 && --failing_call == 0) {
        errno = (int)failing_with;
        return -1;
    }
    return (int)syscall(SYS_sync_file_range, fd, offset, size, flags);
}

/* Enough rows that pieces are written back on the way. */
static enum err write_much(struct bed *bed)
{
    struct block_file_totals totals;
    struct block_writer *writer;
    enum err err;

    CHECK_OK(block_writer_open(bed->path, KIND, BYTES("{}"), &bed->fault, &writer));
    err = OK;
    for (unsigned i = 0; err == OK && i < 4000; i++)
        err = block_writer_add(writer, key_of(&bed->arena, i), value_of(&bed->arena, i, 1000),
                               &bed->fault);
    if (err == OK)
        err = block_writer_finish(&writer, &bed->fault, &totals);
    block_writer_abandon(&writer);
    return err;
}

/* The system tells of it once: a sync at the end would say that all is well. */
TEST(what_the_disk_refuses_on_the_way_ends_a_block_file)
{
    struct {
        unsigned call;
        int with;
        enum err err;
    } rows[] = {
        {1, EIO, ERR_IO},          {2, EIO, ERR_IO}, {4, ENOSPC, ERR_NO_SPACE},
        {2, EDQUOT, ERR_NO_SPACE}, {1, EINVAL, OK},  {2, ENOSYS, OK},
    };
    struct bed bed;

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bed_open(&bed);
        failing_call = rows[i].call;
        failing_with = (unsigned)rows[i].with;
        CHECK_ERR(write_much(&bed), rows[i].err);
        CHECK_U64(failing_call, 0);
        CHECK((access(bed.path, F_OK) == 0) == (rows[i].err == OK));
        unlink(bed.path);
        arena_fini(&bed.arena);
    }
}
