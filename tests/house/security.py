# SPDX-License-Identifier: MIT
"""Each test that docs/security.md names is there."""

import re

import house

PAGE = 'docs/security.md'


def main():
    report = house.Report()
    rows = re.findall(r'`(tests/[^`]+)`: `(\w+)`', house.read(PAGE))
    if not rows:
        report.problem(PAGE, 'names no tests')
    for path, name in rows:
        file = house.ROOT / path
        if not file.is_file() or not re.search(rf'\b{name}\b', house.read(path)):
            report.problem(PAGE, f'{path} has no test {name}')
    report.finish()


if __name__ == '__main__':
    main()
