# SPDX-License-Identifier: MIT
"""The exported symbols of libcoronet.so equal tests/house/symbols.txt; --update rewrites that."""

import pathlib
import sys

import house

LIST = pathlib.Path(__file__).with_name('symbols.txt')


def exported(build):
    lines = house.output_of('nm', '-D', '--defined-only', str(build / 'libcoronet.so'))
    return {line.split()[-1].split('@')[0] for line in lines.splitlines()}


def main():
    report = house.Report()
    now = exported(house.build_directory())
    if '--update' in sys.argv:
        LIST.write_text(''.join(name + '\n' for name in sorted(now)))
    listed = set(LIST.read_text().split())
    for name in sorted(now - listed):
        report.problem('libcoronet.so', f'exports {name}, which symbols.txt does not list')
    for name in sorted(listed - now):
        report.problem('symbols.txt', f'lists {name}, which libcoronet.so does not export')
    for name in sorted(now):
        if not name.startswith('co_'):
            report.problem('libcoronet.so', f'exports {name}: not a name of ours')
    if report.problems:
        print('meant so? tests/house/symbols.py BUILD --update')
    report.finish()


if __name__ == '__main__':
    main()
