# SPDX-License-Identifier: MIT
"""Functions, files and lines keep the numbers of CONTRIBUTING.md; sources name their licence."""

import re
import statistics

import house

LENGTH_MAX, LENGTH_P90, LENGTH_MEDIAN = 70, 45, 15  # lines, from signature to closing brace
PARAMETERS_MAX, NESTING_MAX = 5, 4
FILE_MAX, FILE_SOFT, COLUMNS_MAX, EXAMPLE_MAX = 1000, 600, 100, 30
LICENCE = 'SPDX-License-Identifier: MIT'


def check_functions(report, paths):
    ours = []
    for path in paths:
        for function in house.functions(path):
            subject = f'{path}:{function.name}'
            where = f'{path}:{function.line}'
            for rule, value, limit in (
                    ('length', function.length, LENGTH_MAX),
                    ('parameters', function.parameters, PARAMETERS_MAX),
                    ('nesting', function.nesting, NESTING_MAX)):
                if value > limit:
                    report.problem(where, f'{function.name}: {rule} {value}, limit {limit}',
                                   rule, subject)
            if path.parts[0] == 'src':
                ours.append(function.length)
    if len(ours) < 10:
        return
    median, p90 = statistics.median(ours), statistics.quantiles(ours, n=10)[-1]
    print(f'{len(ours)} functions: median {median:.0f}, p90 {p90:.0f}, longest {max(ours)} lines')
    if median > LENGTH_MEDIAN:
        report.problem('src', f'median length of functions {median}, limit {LENGTH_MEDIAN}')
    if p90 > LENGTH_P90:
        report.problem('src', f'p90 of functions\' length {p90}, limit {LENGTH_P90}')


def check_text(report, path):
    text = house.read(path)
    lines = text.split('\n')
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > COLUMNS_MAX:
            report.problem(f'{path}:{number}', f'{len(line)} columns, limit {COLUMNS_MAX}')
    if not any(LICENCE in line for line in lines[:3]):
        report.problem(path, f'no "{LICENCE}" in the first lines')
    count = len(lines) - 1
    if count > FILE_MAX:
        report.problem(path, f'{count} lines, limit {FILE_MAX}')
    elif count > FILE_SOFT:
        print(f'note: {path} has {count} lines; {FILE_SOFT} are enough for most')
    if not text.endswith('\n') or re.search(r'[ \t]$', text, re.MULTILINE):
        report.problem(path, 'white space at a line\'s end, or no newline at the file\'s')


def check_example(report, path):
    count = len(house.read(path).splitlines())
    if count > EXAMPLE_MAX:
        report.problem(path, f'{count} lines, limit {EXAMPLE_MAX}')


def scripts():
    """The executable scripts of tools and the like, which have no suffix."""
    return [path for path in house.files('tools/*', 'bench/*', '.ci/*')
            if not path.suffix and house.read(path).startswith('#!')]


def main():
    report = house.Report('length', 'parameters', 'nesting')
    folders = ('src', 'include', 'tests', 'bench')
    check_functions(report, house.c_files(*folders))
    others = house.files('examples/*.c', 'src/**/*.S', 'tests/**/*.py', 'bench/**/*.py')
    for path in house.c_files(*folders) + others + scripts():
        check_text(report, path)
    for path in house.files('examples/*.c'):
        check_example(report, path)
    report.finish()


if __name__ == '__main__':
    main()
