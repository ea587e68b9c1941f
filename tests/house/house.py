# SPDX-License-Identifier: MIT
"""What the house tests share: finding files, reading C, reporting.

The C reader relies on clang-format's layout: an opening brace in column 0 is a function's.
"""

import bisect
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXCEPTIONS = pathlib.Path(__file__).with_name('exceptions')

Function = collections.namedtuple('Function', 'path name line length parameters nesting')


def build_directory():
    """The build directory: the first argument that is no option, else build."""
    given = [argument for argument in sys.argv[1:] if not argument.startswith('-')]
    return pathlib.Path(given[0] if given else ROOT / 'build').resolve()


def files(*patterns):
    """The files under the root that match, sorted, as paths relative to it."""
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(path.relative_to(ROOT) for path in found if '__pycache__' not in path.parts)


def c_files(*folders):
    return files(*(f'{folder}/**/*.{kind}' for folder in folders for kind in 'ch'))


def read(path):
    return (ROOT / path).read_text(encoding='utf-8')


class Report:
    """Collects what is wrong, less the exceptions that tests/house/exceptions grants this rule."""

    def __init__(self, *rules):
        self.problems = []
        self.granted = {}
        for line in EXCEPTIONS.read_text(encoding='utf-8').splitlines():
            words = line.split(None, 2)
            if words and not line.startswith('#') and words[0] in rules:
                if len(words) < 3:
                    self.problems.append(f'{EXCEPTIONS.name}: "{line}" gives no reason')
                self.granted[tuple(words[:2])] = False

    def problem(self, where, text, rule=None, subject=None):
        if (rule, subject) in self.granted:
            self.granted[rule, subject] = True
        else:
            self.problems.append(f'{where}: {text}')

    def finish(self):
        for rule, subject in sorted(key for key, used in self.granted.items() if not used):
            self.problems.append(f'{EXCEPTIONS.name}: "{rule} {subject}" is no longer needed')
        for line in self.problems:
            print(line)
        sys.exit(1 if self.problems else 0)


TOKENS = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(text, strings=True):
    """The C text with comments (and the insides of strings) made spaces; lines keep their place."""
    def spaces(match):
        token = match.group()
        if token[0] in '"\'':
            return token[0] + ' ' * (len(token) - 2) + token[0] if strings else token
        return re.sub(r'[^\n]', ' ', token)
    return TOKENS.sub(spaces, text)


def without_directives(text):
    """The same without preprocessor directives, continuation lines included."""
    return re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*',
                  lambda match: re.sub(r'[^\n]', ' ', match.group()), text, flags=re.MULTILINE)


def parameter_list(declaration):
    """The name and the parameters of a function declarator; attributes behind it do not count."""
    match = re.search(r'\b(?!(?:__attribute__|CO_FORMAT)\b)(\w+)\s*\(', declaration)
    if not match:
        return None, []
    depth, parts = 1, ['']
    for char in declaration[match.end():]:
        depth += (char == '(') - (char == ')')
        if depth == 0:
            break
        if char == ',' and depth == 1:
            parts.append('')
        else:
            parts[-1] += char
    return match.group(1), [part for part in parts if part.strip() not in ('', 'void')]


CONTROL = re.compile(r'(?:\) |\belse |\bdo |: |^\s*)$')


def nesting_of(body):
    """How deep blocks stand in each other; initialisers and compound literals do not count."""
    deepest, stack = 0, []
    for line in body:
        for at, char in enumerate(line):
            if char == '{':
                stack.append(bool(CONTROL.search(line[:at])))
                deepest = max(deepest, sum(stack))
            elif char == '}' and stack:
                stack.pop()
    return deepest


def functions(path):
    """The functions that a C file defines."""
    lines = without_directives(blank(read(path))).split('\n')
    result, end = [], -1
    for at, line in enumerate(lines):
        if line.rstrip() != '{':
            continue
        first = at
        while first - 1 > end and lines[first - 1].strip()[-1:] not in ('', ';', '}'):
            first -= 1
        end = next(i for i in range(at, len(lines)) if lines[i].startswith('}'))
        name, parameters = parameter_list(' '.join(lines[first:at]))
        result.append(Function(path, name, first + 1, end - first + 1, len(parameters),
                               nesting_of(lines[at + 1:end])))
    return result


class Lines:
    """Line numbers of offsets in a text."""

    def __init__(self, text):
        self.starts = [0] + [match.end() for match in re.finditer('\n', text)]

    def __getitem__(self, offset):
        return bisect.bisect_right(self.starts, offset)


def objects(build):
    """The library's objects with the source that each comes from."""
    for path in sorted((build / 'libcoronet.a.p').glob('*.o')):
        match = re.match(r'src_([a-z]+)_(.+)\.o$', path.name)
        yield path, f'src/{match.group(1)}/{match.group(2)}' if match else path.name


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
