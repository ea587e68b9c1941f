# SPDX-License-Identifier: MIT
"""The include graph obeys the floors of CONTRIBUTING.md's table; headers include no circle."""

import collections
import re

import house

# The runtime's backends stand side by side: they share backend.h and helpers, never each other.
BACKENDS = ('uring', 'epoll', 'virtual')
# Libraries have one home each, so that they can be exchanged there.
HOMES = {'nghttp2/': ['src/http/h2'], 'ares.h': ['src/dns/'], 'zlib.h': ['src/coding/'],
         'idn2.h': ['src/codec/idna'], 'libpsl.h': ['src/http/cookies'],
         'brotli/': ['src/coding/decode'], 'zstd': ['src/coding/decode'],
         'crypt.h': ['src/auth/password'],
         'openssl/': ['src/tls/', 'src/coding/digest', 'src/cmd/self_signed']}
FOREIGN = re.compile(r'^[ \t]*#[ \t]*include[ \t]+<([^>]+)>', re.MULTILINE)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)


def read_table(report):
    """Floor and permitted folders of each folder, from the one table that also people read."""
    floors, may = {}, {}
    rows = re.findall(r'^\| *(\d+) *\| *([^|]+?) *\| *([^|]+?) *\|$',
                      house.read('CONTRIBUTING.md'), re.MULTILINE)
    for floor, folders, uses in rows:
        for folder in re.findall(r'src/(\w+)', folders):
            floors[folder] = int(floor)
            may[folder] = uses
    if not rows:
        report.problem('CONTRIBUTING.md', 'the table of floors was not found')
    return floors, {folder: permitted(folder, floors, may) for folder in floors}


def permitted(folder, floors, may):
    uses = may[folder]
    if 'everything below' in uses:
        return {other for other in floors if floors[other] < floors[folder]}
    named = {word for word in re.findall(r'\w+', uses) if word in floors}
    if 'and below' in uses:
        for other in list(named):
            named |= permitted(other, floors, may)
    return named


def public_headers():
    """The folders that define functions of each public header; it belongs to the lowest."""
    declared = collections.defaultdict(set)
    for path in house.files('include/coronet/*.h'):
        for name in re.findall(r'\b(co_\w+)\(', house.blank(house.read(path))):
            declared[name].add(path.name)
    homes = collections.defaultdict(set)
    for path in house.files('src/*/*.c'):
        for function in house.functions(path):
            for header in declared[function.name]:
                homes[header].add(path.parts[1])
    return homes


def family(name):
    return next((backend for backend in BACKENDS if name.startswith(backend)), None)


def check_internal(report, floors, may, path, where, target):
    folder, other = path.parts[1], target.split('/')[0]
    name = target.split('/')[-1]
    if not (house.ROOT / 'src' / target).is_file():
        report.problem(where, f'"{target}" is not folder/file.h below src or include')
    elif other == folder:
        mine, its = family(path.name), family(name)
        if folder == 'runtime' and mine and its and mine != its:
            report.problem(where, f'backend {mine} includes {target} of backend {its}')
        stem = re.split(r'[_.]', name)[0]
        if folder == 'app' and stem != re.split(r'[_.]', path.name)[0]:
            report.problem(where, f'the rooms of app do not include each other: "{target}"')
    elif other not in may[folder]:
        report.problem(where, f'src/{folder} (floor {floors[folder]}) may not include "{target}"')


def check_public(report, floors, homes, path, where, target):
    folder, name = path.parts[1], target.split('/')[-1]
    lowest = min((floors[home] for home in homes[name] if home in floors), default=0)
    if floors[folder] < lowest:
        report.problem(where, f'"{target}" is defined on floor {lowest}, above src/{folder}')


def check_foreign(report, path, where, target):
    for library, homes in HOMES.items():
        if target.startswith(library) and not any(str(path).startswith(home) for home in homes):
            report.problem(where, f'<{target}> is at home in {" and ".join(homes)}')


def check_file(report, floors, may, homes, path, graph):
    text = house.blank(house.read(path), strings=False)
    lines = house.Lines(text)
    public = path.parts[0] == 'include'
    if not public and path.parts[1] not in floors:
        report.problem(path, f'src/{path.parts[1]} is not in the table of CONTRIBUTING.md')
        return
    for match in FOREIGN.finditer(text):
        check_foreign(report, path, f'{path}:{lines[match.start()]}', match.group(1))
    for match in INCLUDE.finditer(text):
        target, where = match.group(1), f'{path}:{lines[match.start()]}'
        if target.startswith('coronet/') and (house.ROOT / 'include' / target).is_file():
            if not public:
                check_public(report, floors, homes, path, where, target)
        elif public:
            report.problem(where, f'a public header includes "{target}", which is not installed')
        else:
            check_internal(report, floors, may, path, where, target)
        if path.suffix == '.h':
            graph['/'.join(path.parts[-2:])].add(target)


def check_cycles(report, graph):
    state = {}  # header: 1 while it is on the way, 2 when it is known to be free of cycles

    def visit(header, way):
        if state.get(header) == 1:
            report.problem('cycle', ' -> '.join(way[way.index(header):] + [header]))
        elif header not in state:
            state[header] = 1
            for other in sorted(graph.get(header, ())):
                visit(other, way + [header])
            state[header] = 2

    for header in sorted(graph):
        visit(header, [])


def main():
    report = house.Report()
    floors, may = read_table(report)
    homes = public_headers()
    graph = collections.defaultdict(set)
    for path in house.files('src/*/*.c', 'src/*/*.h', 'include/coronet/*.h'):
        check_file(report, floors, may, homes, path, graph)
    check_cycles(report, graph)
    report.finish()


if __name__ == '__main__':
    main()
