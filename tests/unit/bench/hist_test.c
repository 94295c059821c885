/* hist_test.c - buckets, quantiles, and that a value is known to a thousandth. */
#include "base/mem.h"
#include "bench/hist.h"
#include "unit.h"

#include <stdlib.h>

static struct hist *hist_new(void)
{
    struct hist *hist = mem_alloc(sizeof(*hist));

    hist_reset(hist);
    return hist;
}

TEST(hist_without_samples_is_zero)
{
    struct hist *hist = hist_new();

    CHECK_U64(hist_quantile(hist, 0.5), 0);
    CHECK_U64(hist_mean(hist), 0);
    CHECK_U64(hist->max, 0);
    free(hist);
}

TEST(hist_quantiles_are_ranks)
{
    struct hist *hist = hist_new();

    for (uint64_t value = 1; value <= 1000; value++)
        hist_record(hist, value);
    CHECK_U64(hist_quantile(hist, 0), 1);
    CHECK_U64(hist_quantile(hist, 0.5), 500);
    CHECK_U64(hist_quantile(hist, 0.99), 990);
    CHECK_U64(hist_quantile(hist, 0.999), 999);
    CHECK_U64(hist_quantile(hist, 1), 1000);
    CHECK_U64(hist_mean(hist), 500);
    free(hist);
}

/* Around every power of two, where a slip of one in the bucket arithmetic would show. */
TEST(hist_knows_values_to_a_thousandth)
{
    struct hist *hist = hist_new();

    for (unsigned bit = 1; bit < HIST_VALUE_BITS; bit++) {
        for (int64_t offset = -3; offset <= 3; offset++) {
            uint64_t value = (uint64_t)((INT64_C(1) << bit) + offset), got;

            if (value > HIST_VALUE_MAX)
                continue;
            hist_reset(hist);
            hist_record(hist, value);
            hist_record(hist, HIST_VALUE_MAX); /* so that max does not stand in for the bucket */
            got = hist_quantile(hist, 0.5);
            CHECK(got >= value);
            CHECK(got - value <= value / 1000);
        }
    }
    free(hist);
}

TEST(hist_orders_what_it_separates)
{
    struct hist *hist = hist_new();
    uint64_t before = 0;

    for (uint64_t value = 1; value < HIST_VALUE_MAX / 2; value += 1 + value / 7)
        hist_record(hist, value);
    for (unsigned percent = 1; percent <= 100; percent++) {
        uint64_t value = hist_quantile(hist, percent / 100.0);

        CHECK(value > before);
        before = value;
    }
    CHECK_U64(before, hist->max);
    free(hist);
}

TEST(hist_keeps_what_is_too_large)
{
    struct hist *hist = hist_new();

    hist_record(hist, 5);
    hist_record(hist, UINT64_MAX / 2);
    CHECK_U64(hist->count, 2);
    CHECK_U64(hist_quantile(hist, 0.5), 5);
    CHECK_U64(hist_quantile(hist, 0.99), UINT64_MAX / 2);
    free(hist);
}
