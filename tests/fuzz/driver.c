/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without libFuzzer: fuzz_NAME CORPUS SECONDS [FIRST_ROUND]
 *
 * Every seed is tried as it is, then for SECONDS mutations of the seeds. The input of a round
 * depends on the seeds and the round's number only. The rounds run in a child; when it dies, the
 * parent makes the input once more and leaves it in ./fuzz_NAME-crash-ROUND.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEEDS_MAX 1024
#define INPUT_MAX 4096
#define BATCH     256 /* rounds between looks at the clock */

struct input {
    size_t size;
    uint8_t bytes[INPUT_MAX];
};

static struct input *seeds[SEEDS_MAX];
static size_t seed_count;

static uint64_t random_state;

/* SplitMix64 (Steele, Lea and Flood 2014): good enough and seeded by any number. */
static uint64_t random_next(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static size_t random_below(size_t bound)
{
    return bound ? (size_t)(random_next() % bound) : 0;
}

/* Puts `size` bytes in the place of `gone` bytes at `at`, as far as there is room. */
static void replace(struct input *input, size_t at, size_t gone, const uint8_t *bytes, size_t size)
{
    size_t rest = input->size - at - gone;
    if (at + size + rest > INPUT_MAX)
        return;
    memmove(input->bytes + at + size, input->bytes + at + gone, rest);
    memmove(input->bytes + at, bytes, size);
    input->size = at + size + rest;
}

/* Puts a piece of some seed in the place of a piece. */
static void splice(struct input *input, size_t at, size_t gone)
{
    const struct input *other = seeds[random_below(seed_count)];
    size_t from = random_below(other->size);
    replace(input, at, gone, other->bytes + from, random_below(other->size - from + 1));
}

/* Repeats a piece, often many times: counts and limits are reached so. */
static void repeat(struct input *input, size_t at, size_t piece)
{
    uint8_t copy[64];
    piece = piece < sizeof copy ? piece : sizeof copy;
    memcpy(copy, input->bytes + at, piece);
    for (size_t times = 1 + random_below(random_below(128) + 1); times > 0; times--)
        replace(input, at, 0, copy, piece);
}

static void mutate(struct input *input)
{
    static const uint8_t interesting[] = "\0\t\n\r \"#%&*+,-./0189:;=?@AFWaf\\_\x7f\x80\xff";
    size_t at = random_below(input->size + 1), left = input->size - at;
    size_t piece = random_below((left < 32 ? left : 32) + 1);
    uint8_t byte = interesting[random_below(sizeof interesting - 1)];
    switch (random_below(8)) {
    case 0: replace(input, at, left > 0, &byte, 1); break;
    case 1: replace(input, at, 0, &byte, 1); break;
    case 2: replace(input, at, piece, &byte, 0); break;
    case 3: splice(input, at, piece); break;
    case 4: splice(input, at, left); break;
    case 5: repeat(input, at, piece); break;
    case 6:
        if (left)
            input->bytes[at] ^= (uint8_t)(1U << random_below(8));
        break;
    default: input->size = random_below(4) ? input->size : at;
    }
}

/* The input of a round: the first rounds are the seeds themselves. */
static void make_input(uint64_t round, struct input *ret)
{
    random_state = round;
    *ret = *seeds[round < seed_count ? round : random_below(seed_count)];
    if (round < seed_count)
        return;
    for (size_t times = 1 + random_below(5); times > 0; times--)
        mutate(ret);
}

/* A copy of exact size, so that sanitizers see any look beyond its end. */
static void try_round(uint64_t round)
{
    static struct input input;
    make_input(round, &input);
    uint8_t *copy = malloc(input.size ? input.size : 1);
    if (!copy)
        return;
    memcpy(copy, input.bytes, input.size);
    LLVMFuzzerTestOneInput(copy, input.size);
    free(copy);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* *round is shared with the parent: the one that is being tried. */
static void run(volatile uint64_t *round, double seconds)
{
    double end = seconds_now() + seconds;
    do {
        for (unsigned i = 0; i < BATCH; i++, *round += 1)
            try_round(*round);
    } while (*round < seed_count || seconds_now() < end);
}

static void read_seed(const char *directory, const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = name[0] == '.' || seed_count == SEEDS_MAX ? NULL : fopen(path, "rb");
    struct input *seed = file ? malloc(sizeof *seed) : NULL;
    if (seed) {
        seed->size = fread(seed->bytes, 1, sizeof seed->bytes, file);
        seeds[seed_count++] = seed;
    }
    if (file)
        fclose(file);
}

/* In the order of their names, for the rounds to be the same everywhere. */
static void read_seeds(const char *directory)
{
    struct dirent **names;
    int count = scandir(directory, &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        read_seed(directory, names[i]->d_name);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
}

static void keep_crash(uint64_t round)
{
    static struct input input;
    char path[128];
    make_input(round, &input);
    snprintf(path, sizeof path, "%s-crash-%llu", program_invocation_short_name,
        (unsigned long long)round);
    FILE *file = fopen(path, "wb");
    if (file) {
        fwrite(input.bytes, 1, input.size, file);
        fclose(file);
    }
    fprintf(stderr, "died in round %llu, input kept in %s\n", (unsigned long long)round, path);
}

int main(int argc, char **argv)
{
    uint64_t *round =
        mmap(NULL, sizeof *round, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (argc > 2)
        read_seeds(argv[1]);
    if (seed_count == 0 || round == MAP_FAILED) {
        fprintf(stderr, "usage: %s CORPUS SECONDS [FIRST_ROUND]\n", argv[0]);
        return 2;
    }
    uint64_t first = *round = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    pid_t child = fork();
    if (child == 0) {
        run(round, strtod(argv[2], NULL));
        exit(0);
    }
    int status = 1;
    if (child > 0)
        waitpid(child, &status, 0);
    if (status != 0)
        keep_crash(*round);
    printf("%llu executions\n", (unsigned long long)(*round - first));
    while (seed_count > 0)
        free(seeds[--seed_count]);
    return status != 0;
}
