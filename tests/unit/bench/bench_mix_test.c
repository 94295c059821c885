/* bench_mix_test.c - that the workloads have the shares and the skew they are known for. */
#include "bench/bench_mix.h"
#include "unit.h"

#define DRAWS 100000
#define ITEMS 10000

TEST(bench_zipf_prefers_the_first)
{
    static uint64_t counts[ITEMS];
    struct bench_zipf zipf;
    uint64_t state = 7, top = 0;

    bench_zipf_init(&zipf, ITEMS);
    for (unsigned i = 0; i < DRAWS; i++) {
        uint64_t number = bench_zipf_next(&zipf, &state);

        CHECK(number < ITEMS);
        counts[number]++;
    }
    for (unsigned i = 0; i < ITEMS / 100; i++)
        top += counts[i];
    /* Of 10,000 items the first has 1 / zeta = 10 % of the draws, the first hundred a half. */
    CHECK(counts[0] > DRAWS * 9 / 100 && counts[0] < DRAWS * 11 / 100);
    CHECK(counts[0] > counts[1] && counts[1] > counts[9]);
    CHECK(top > DRAWS * 45 / 100 && top < DRAWS * 60 / 100);
}

TEST(bench_mixer_keeps_the_shares)
{
    const struct bench_mix mix = {{[BENCH_READ] = 50, [BENCH_UPDATE] = 50}, 0, BENCH_ZIPFIAN};
    unsigned counts[BENCH_PART_COUNT] = {0};
    struct bench_mixer mixer;
    uint64_t item;

    bench_mixer_init(&mixer, &mix, ITEMS, 1);
    for (unsigned i = 0; i < DRAWS; i++) {
        counts[bench_mixer_next(&mixer, &item)]++;
        CHECK(item < ITEMS);
    }
    CHECK(counts[BENCH_READ] > DRAWS * 49 / 100 && counts[BENCH_READ] < DRAWS * 51 / 100);
    CHECK_U64(counts[BENCH_READ] + counts[BENCH_UPDATE], DRAWS);
}

TEST(bench_mixer_updates_what_it_read)
{
    const struct bench_mix mix = {{[BENCH_READ] = 50}, 50, BENCH_ZIPFIAN};
    uint64_t item = 0, before = 0;
    struct bench_mixer mixer;
    unsigned updates = 0;

    bench_mixer_init(&mixer, &mix, ITEMS, 1);
    for (unsigned i = 0; i < DRAWS; i++, before = item)
        if (bench_mixer_next(&mixer, &item) == BENCH_UPDATE) {
            CHECK_U64(item, before);
            updates++;
        }
    /* One of two reads is followed by one. */
    CHECK(updates > DRAWS * 32 / 100 && updates < DRAWS * 35 / 100);
}

TEST(bench_mixer_reads_what_came_last)
{
    const struct bench_mix mix = {{[BENCH_READ] = 95, [BENCH_INSERT] = 5}, 0, BENCH_LATEST};
    uint64_t item, newest = ITEMS - 1, near = 0, reads = 0;
    struct bench_mixer mixer;

    bench_mixer_init(&mixer, &mix, ITEMS, 1);
    for (unsigned i = 0; i < DRAWS; i++) {
        if (bench_mixer_next(&mixer, &item) == BENCH_INSERT) {
            CHECK_U64(item, newest + 1);
            newest = item;
        } else {
            CHECK(item <= newest);
            reads++;
            near += newest - item < ITEMS / 100;
        }
    }
    CHECK(near > reads * 45 / 100);
}
