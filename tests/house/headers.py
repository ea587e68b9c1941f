# SPDX-License-Identifier: MIT
"""Each public header compiles alone, in C99 and in C++11 to C++20, and has at most 300 lines."""

import concurrent.futures
import os
import shutil
import subprocess

import house

LINES_MAX = 300
STRICT = ['-Wall', '-Wextra', '-pedantic', '-Werror', '-fsyntax-only', '-Iinclude']


def compilers():
    """Each compiler at hand, with language and standard."""
    for compiler in ('gcc', 'clang'):
        if shutil.which(compiler):
            yield compiler, 'c', 'c99'
    for compiler in ('g++', 'clang++'):
        if shutil.which(compiler):
            for standard in ('c++11', 'c++14', 'c++17', 'c++20'):
                yield compiler, 'c++', standard


def compile_alone(header, compiler, language, standard):
    """The compiler's first error, or nothing."""
    include = header.relative_to('include')
    done = subprocess.run(
        [compiler, '-x', language, f'-std={standard}', *STRICT, '-'], cwd=house.ROOT,
        input=f'#include <{include}>\n', capture_output=True, text=True)
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if 'error' in line), done.stderr)
        return f'{compiler} -std={standard}: {first}'
    return None


def main():
    report = house.Report()
    headers = house.files('include/**/*.h')
    ways = list(compilers())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [(header, [pool.submit(compile_alone, header, *way) for way in ways])
                for header in headers]
    for header, results in jobs:
        errors = [error for error in (job.result() for job in results) if error]
        if errors:
            report.problem(header, f'{errors[0]} (fails in {len(errors)} of {len(ways)} ways)')
        count = house.read(header).count('\n')
        if count > LINES_MAX:
            report.problem(header, f'{count} lines, more than {LINES_MAX}')
    report.finish()


if __name__ == '__main__':
    main()
