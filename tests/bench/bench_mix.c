/* bench_mix.c - shares and distributions. */
#include "bench/bench_mix.h"

#include <math.h>

#define THETA 0.99

static double chance(uint64_t *state);
static uint64_t choose(struct bench_mixer *mixer);

uint64_t bench_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void bench_zipf_init(struct bench_zipf *zipf, uint64_t count)
{
    const double zeta_2 = 1 + pow(0.5, THETA);

    zipf->count = count;
    zipf->alpha = 1 / (1 - THETA);
    zipf->zeta = 0;
    for (uint64_t i = 1; i <= count; i++)
        zipf->zeta += pow(1 / (double)i, THETA);
    zipf->eta = (1 - pow(2 / (double)count, 1 - THETA)) / (1 - zeta_2 / zipf->zeta);
}

uint64_t bench_zipf_next(const struct bench_zipf *zipf, uint64_t *state)
{
    double u = chance(state), uz = u * zipf->zeta;
    uint64_t number;

    if (uz < 1)
        return 0;
    if (uz < 1 + pow(0.5, THETA))
        return 1;
    number = (uint64_t)((double)zipf->count * pow(zipf->eta * u - zipf->eta + 1, zipf->alpha));
    return number < zipf->count ? number : zipf->count - 1;
}

void bench_mixer_init(struct bench_mixer *mixer, const struct bench_mix *mix, uint64_t item_count,
                      uint64_t seed)
{
    *mixer = (struct bench_mixer){.mix = mix, .state = seed, .item_count = item_count};
    bench_zipf_init(&mixer->zipf, item_count);
}

enum bench_part bench_mixer_next(struct bench_mixer *mixer, uint64_t *item)
{
    const struct bench_mix *mix = mixer->mix;
    unsigned dice;

    if (mixer->update_next != 0) {
        *item = mixer->update_next - 1;
        mixer->update_next = 0;
        return BENCH_UPDATE;
    }
    dice = (unsigned)(bench_random(&mixer->state) % 100);
    for (enum bench_part part = 0; part < BENCH_PART_COUNT; part++) {
        if (dice < mix->percent[part]) {
            *item = part == BENCH_INSERT ? mixer->item_count++ : choose(mixer);
            return part;
        }
        dice -= mix->percent[part];
    }
    *item = choose(mixer);
    if (dice < mix->read_update_percent)
        mixer->update_next = *item + 1;
    return BENCH_READ;
}

static uint64_t choose(struct bench_mixer *mixer)
{
    uint64_t rank = bench_zipf_next(&mixer->zipf, &mixer->state);

    if (mixer->mix->choice == BENCH_LATEST)
        return mixer->item_count - 1 - rank;
    /* Scattered, so that those in demand are not neighbours. */
    return bench_random(&rank) % mixer->item_count;
}

/* From 0 up to, not including, 1. */
static double chance(uint64_t *state)
{
    return (double)(bench_random(state) >> 11) / 9007199254740992.0;
}
