/* SPDX-License-Identifier: MIT */
/*
 * Switching alone: what each context holds in registers survives, in whatever order they run. Uses
 * nothing but switch.c, so that tools/check can run it for other processors too; the build runs it
 * a second time on ucontext.
 */
#include "runtime/sanitize.h"
#include "runtime/switch.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CONTEXTS    5
#define ROUNDS      1000
#define STACK_BYTES (64 << 10)

static void *saved[CONTEXTS + 1];                /* the last is main's */
static volatile int current, finished, failures; /* an asm, to gcc, changes no static variable */

static void check(int good, const char *what)
{
    if (!good) {
        printf("not so in context %d: %s\n", current, what);
        failures++;
    }
}

/* Goes on with the next context; noinline, so that the caller's values must survive a call. */
static __attribute__((noinline)) void next(int to)
{
    int from = current;
    current = to;
    co_switch(&saved[from], saved[to]);
}

/* More live values than there are callee-saved registers of either kind. */
static __attribute__((noinline)) void turn(int self)
{
    long a = self + 1, b = a * 3, c = a * 5, d = a * 7, e = a * 11, f = a * 13, g = a * 17;
    double p = (double)a / 3, q = p * 2, r = p * 4, s = p * 8, t = p * 16, u = p * 32, v = p * 64;
    for (int round = 0; round < ROUNDS; round++) {
        int step = 1 + round % 2; /* sometimes over the next one's head */
        next(self + step < CONTEXTS ? self + step : CONTEXTS);
        a += 1, b += 3, c += 5, d += 7, e += 11, f += 13, g += 17;
        p += 1, q += 2, r += 4, s += 8, t += 16, u += 32, v += 64;
    }
    check(a == self + 1 + ROUNDS, "the first integer");
    check(b == 3 * a && c == 5 * a && d == 7 * a && e == 11 * a && f == 13 * a && g == 17 * a,
        "the integers");
    check(p > (self + 1) / 3.0 + ROUNDS - 1e-6 && p < (self + 1) / 3.0 + ROUNDS + 1e-6,
        "the first double");
    check(q == 2 * p && r == 4 * p && s == 8 * p && t == 16 * p && u == 32 * p && v == 64 * p,
        "the doubles");
}

static void entry(void)
{
    _Alignas(16) volatile char aligned[16];
    int self = current;
    check((uintptr_t)aligned % 16 == 0, "the stack's alignment");
    turn(self);
    finished++;
    for (;;)
        next(CONTEXTS);
}

int main(void)
{
    char *stacks[CONTEXTS];
    for (int i = 0; i < CONTEXTS; i++) {
        char *stack = stacks[i] = aligned_alloc(64, STACK_BYTES);
        if (!stack)
            return 1;
        co_valgrind_register(stack, stack + STACK_BYTES);
        saved[i] = co_switch_prepare(stack + STACK_BYTES, STACK_BYTES, entry);
    }
    current = CONTEXTS;
    int switches = 0;
    for (int round = 0; round < 3 * ROUNDS; round++)
        for (int i = 0; i < CONTEXTS; i++, switches++)
            next(i);
    for (int i = 0; i < CONTEXTS; i++)
        free(stacks[i]);
    check(finished == CONTEXTS, "each has come to its end");
    printf("%d switches, %d failures\n", switches, failures);
    return failures > 0;
}
