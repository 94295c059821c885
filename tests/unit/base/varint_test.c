/* varint_test.c - varints, and buffers in an arena. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/varint.h"
#include "unit.h"

TEST(varint_takes_what_it_put)
{
    for (unsigned bit = 0; bit <= 64; bit++) {
        for (int less = 0; less < 2; less++) {
            uint64_t value = (bit == 64 ? 0 : (uint64_t)1 << bit) - (uint64_t)less, read = 1;
            uint8_t data[VARINT_BYTES_MAX + 1] = {0};
            size_t size = varint_put(data, value);
            struct bytes at = bytes_make(data, size + 1);

            CHECK_U64(size, varint_size(value));
            CHECK(varint_take(&at, &read));
            CHECK_U64(read, value);
            CHECK_U64(at.size, 1);
            for (size_t cut = 0; cut < size; cut++) {
                at = bytes_make(data, cut);
                CHECK(!varint_take(&at, &read));
                CHECK_U64(at.size, cut);
            }
        }
    }
}

TEST(varint_refuses_longer_forms)
{
    static const struct bytes rows[] = {
        BYTES("\x80\x00"),
        BYTES("\xff\x00"),
        BYTES("\x80\x80\x00"),
        BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00"),
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes at = rows[i];
        uint64_t value;

        CHECK(!varint_take(&at, &value));
    }
}

TEST(varint_takes_sized_bytes)
{
    struct bytes at = BYTES("\x02"
                            "abc"),
                 taken;

    CHECK(varint_take_bytes(&at, &taken));
    CHECK_TEXT(taken, "ab");
    CHECK_TEXT(at, "c");
    CHECK(!varint_take_bytes(&at, &taken)); /* 'c' is a size of 99 */
    CHECK_TEXT(at, "c");
    CHECK_TEXT(taken, "ab");
}

TEST(buf_in_an_arena_grows_in_place_and_gives_back)
{
    struct arena arena;
    struct buf buf;
    struct bytes written;
    void *next;

    arena_init(&arena);
    buf_init_arena(&buf, &arena, 1 << 20);
    buf_append_lit(&buf, "first");
    written = buf_bytes(&buf);
    for (int i = 0; i < 500; i++)
        buf_append_byte(&buf, 'x');
    CHECK(buf_bytes(&buf).data == written.data); /* nothing else was allocated */
    written = buf_finish_arena(&buf);
    CHECK_U64(written.size, 505);
    next = arena_alloc(&arena, 1);
    CHECK((uint8_t *)next - written.data == 512); /* what was not used is free again */

    buf_append_lit(&buf, "second");
    CHECK(arena_alloc(&arena, 16) != NULL);
    for (int i = 0; i < 100000; i++)
        buf_append_byte(&buf, 'y');
    CHECK(bytes_start_with(buf_bytes(&buf), BYTES("secondy")));
    CHECK_U64(buf.size, 100006);
    CHECK(bytes_start_with(written, BYTES("firstx")));
    CHECK(!buf_reserve(&buf, 1 << 20));
    CHECK(buf.overflowed);
    buf_reset(&buf, SIZE_MAX);
    CHECK(!buf.overflowed);
    CHECK_U64(buf_finish_arena(&buf).size, 0);
    arena_fini(&arena);
}
