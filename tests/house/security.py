# SPDX-License-Identifier: MIT
"""Each test that docs/security.md names is there, and for each of its attacks tests/guards has a
guard to take away."""

import re

import house

PAGE = 'docs/security.md'


def main():
    report = house.Report()
    rows = re.findall(r'^\| (\w+) \|.*\| `(tests/[^`]+)`: `(\w+)` \|$', house.read(PAGE),
                      re.MULTILINE)
    tables = ''.join(house.read(path) for path in house.files('tests/guards/*.txt'))
    guarded = set(re.findall(r'^([A-Z]\d\d) ', tables, re.MULTILINE))
    if len(rows) != len(re.findall(r'^\| [A-Z]\d\d', house.read(PAGE), re.MULTILINE)):
        report.problem(PAGE, 'has rows of another form')
    for row, path, name in rows:
        if row not in guarded:
            report.problem(PAGE, f'tests/guards has nothing for {row}')
        file = house.ROOT / path
        if not file.is_file() or not re.search(rf'\b{name}\b', house.read(path)):
            report.problem(PAGE, f'{path} has no test {name}')
    report.finish()


if __name__ == '__main__':
    main()
