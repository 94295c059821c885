/* base_test.c - bytes, arena, buf, base64, siphash. */
#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/siphash.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(bytes_compare_orders_prefix_first)
{
    CHECK(bytes_compare(BYTES("a"), BYTES("ab")) < 0);
    CHECK(bytes_compare(BYTES("b"), BYTES("ab")) > 0);
    CHECK(bytes_compare(BYTES("\xff"), BYTES("a")) > 0);
    CHECK(bytes_compare(BYTES(""), BYTES("")) == 0);
}

TEST(bytes_equal_no_case_folds_ascii_letters_only)
{
    CHECK(bytes_equal_no_case(BYTES("X-Amz-Date"), BYTES("x-aMZ-dATE")));
    CHECK(bytes_equal_no_case(BYTES(""), BYTES("")));
    CHECK(!bytes_equal_no_case(BYTES("a"), BYTES("ab")));
    CHECK(!bytes_equal_no_case(BYTES("^"), BYTES("~"))); /* differ in the same bit as letters do */
    CHECK(!bytes_equal_no_case(BYTES("@"), BYTES("`")));
    CHECK(!bytes_equal_no_case(BYTES("["), BYTES("{")));
    CHECK(!bytes_equal_no_case(BYTES("\xc9"), BYTES("\xe9")));
    CHECK(bytes_equal_no_case(BYTES("Zz"), BYTES("zZ")));
}

TEST(arena_release_gives_back_what_came_after_the_mark)
{
    struct arena arena;
    struct arena_mark mark;
    struct bytes kept;

    arena_init(&arena);
    kept = arena_copy(&arena, BYTES("kept"));
    mark = arena_mark(&arena);
    for (int i = 0; i < 1000; i++)
        CHECK(arena_alloc(&arena, 1000) != NULL);
    CHECK(arena_alloc(&arena, 10u << 20) != NULL);
    arena_release(&arena, mark);
    CHECK_TEXT(kept, "kept");
    CHECK((uint8_t *)arena_alloc(&arena, 1) == mark.next);
    CHECK_TEXT(arena_format(&arena, "%d-%s", 7, "x"), "7-x");
    arena_fini(&arena);
}

TEST(arena_allocates_nothing_at_some_address)
{
    struct arena arena;

    arena_init(&arena);
    CHECK(arena_alloc(&arena, 0) != NULL);
    CHECK_TEXT(bytes_make(arena_alloc(&arena, 0), 0), "");
    arena_fini(&arena);
}

TEST(arena_concat_joins_any_bytes_and_ends_them_with_a_nul)
{
    const struct bytes parts[] = {BYTES("a\0b"), {NULL, 0}, BYTES("c")};
    struct arena arena;
    struct bytes whole;

    arena_init(&arena);
    whole = arena_concat(&arena, parts, 3);
    CHECK(bytes_equal(whole, BYTES("a\0bc")));
    CHECK_U64(whole.data[whole.size], 0);
    CHECK_TEXT(arena_concat(&arena, parts, 0), "");
    arena_fini(&arena);
}

TEST(buf_refuses_what_exceeds_its_maximum)
{
    struct buf buf;

    buf_init(&buf, 10);
    buf_append_lit(&buf, "12345678");
    buf_append_lit(&buf, "abc");
    CHECK(buf.overflowed);
    CHECK_U64(buf.size, 8);
    buf_append_lit(&buf, "a");
    CHECK_U64(buf.size, 8); /* once over, nothing is appended any more */
    buf_reset(&buf, 0);
    buf_append_i64(&buf, INT64_MIN / 1000000000000);
    CHECK_TEXT(buf_bytes(&buf), "-9223372");
    buf_fini(&buf);
}

/* In a process of its own: what is cut off must not be taken for the whole. */
TEST(buf_in_an_arena_is_whole_or_ends_the_process)
{
    struct arena arena;
    struct buf out;
    int status = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        CHECK(freopen("/dev/null", "w", stderr) != NULL);
        arena_init(&arena);
        buf_init_arena(&out, &arena, 3);
        buf_append_lit(&out, "four");
        (void)buf_finish_arena(&out);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(base64_decodes_what_it_encoded_and_refuses_the_rest)
{
    static const char *const bad[] = {
        "YQ=", "Y===", "YR==", "YWJ=", "Y Q=", "YQ==YQ==", "====", "YQ=a"};
    struct buf buf;
    uint8_t data[64], out[64];
    size_t size;

    buf_init(&buf, 1024);
    for (size_t n = 0; n < sizeof(data); n++) {
        for (size_t i = 0; i < n; i++)
            data[i] = (uint8_t)(i * 37 + n);
        buf_reset(&buf, 1024);
        base64_append(&buf, bytes_make(data, n));
        CHECK(base64_decode(buf_bytes(&buf), out, &size));
        CHECK(bytes_equal(bytes_make(out, size), bytes_make(data, n)));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!base64_decode(bytes_of_string(bad[i]), out, &size));
    buf_fini(&buf);
}

TEST(siphash_matches_the_paper)
{
    uint8_t key[16], data[15];

    for (int i = 0; i < 16; i++)
        key[i] = (uint8_t)i;
    for (int i = 0; i < 15; i++)
        data[i] = (uint8_t)i;
    CHECK_U64(siphash(key, bytes_make(data, 15)), 0xa129ca6149be45e5ULL); /* appendix A */
    CHECK_U64(siphash(key, bytes_make(data, 0)), 0x726fdb47dd0e0e31ULL);
}

TEST(arena_knows_how_much_it_has)
{
    struct arena arena;
    struct arena_mark mark;
    size_t before;

    arena_init(&arena);
    CHECK_U64(arena.bytes, 0);
    arena_alloc(&arena, 100);
    before = arena.bytes;
    CHECK(before >= 100 && before <= ARENA_KEEP_BYTES);
    mark = arena_mark(&arena);
    arena_alloc(&arena, 3000000);
    CHECK(arena.bytes >= before + 3000000);
    arena_release(&arena, mark);
    CHECK_U64(arena.bytes, before);
    for (unsigned i = 0; i < 100; i++)
        arena_alloc(&arena, 20000);
    CHECK(arena.bytes >= 2000000);
    arena_reset(&arena);
    CHECK(arena.bytes <= ARENA_KEEP_BYTES);
    arena_alloc(&arena, 3000000);
    arena_reset(&arena);
    CHECK(arena.bytes <= ARENA_KEEP_BYTES);
    arena_fini(&arena);
    CHECK_U64(arena.bytes, 0);
}
