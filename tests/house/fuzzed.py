# SPDX-License-Identifier: MIT
"""Each room of codec is fuzzed, and each fuzz target is built and has seeds."""

import re

import house

LIST = 'tests/fuzz/meson.build'
NO_PARSERS = {'codec/charset.h'}  # tables, which the parsers use


def main():
    report = house.Report()
    listed = set(re.findall(r"^  '(\w+)',$", house.read(LIST), re.MULTILINE))
    included = set()
    for path in house.files('tests/fuzz/fuzz_*.c'):
        name = path.stem[len('fuzz_'):]
        included.update(re.findall(r'#include "(codec/\w+\.h)"', house.read(path)))
        if name not in listed:
            report.problem(path, f'is not in {LIST}')
        if not any((house.ROOT / 'tests/fuzz/corpus' / name).glob('*')):
            report.problem(path, f'has no seeds in tests/fuzz/corpus/{name}')
    for path in house.files('src/codec/*.h'):
        header = f'codec/{path.name}'
        if header not in included | NO_PARSERS:
            report.problem(path, 'no fuzz target includes it')
    report.finish()


if __name__ == '__main__':
    main()
