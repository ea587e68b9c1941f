# SPDX-License-Identifier: MIT
"""Every public function is marked CO_API and has a comment directly above it that documents it.

The comment begins with `name - `, says whether the call suspends (or blocks the thread), and names
what it returns unless that is void.
"""

import re

import house


def statements(text):
    """Declarations and inline functions at file scope: (start, text up to `;` or the body)."""
    clean = house.without_directives(house.blank(text))
    clean = re.sub(r'extern\s+" "\s*\{', lambda match: ' ' * len(match.group()), clean)
    depth, start, has_body = 0, 0, False
    for at, char in enumerate(clean):
        if char == '{':
            if depth == 0 and clean[start:at].rstrip().endswith(')'):
                yield from statement(clean, start, at)
                has_body = True
            depth += 1
        elif char == '}':
            depth = max(depth - 1, 0)
            if depth == 0 and has_body:
                start, has_body = at + 1, False
        elif char == ';' and depth == 0:
            yield from statement(clean, start, at)
            start = at + 1


def statement(clean, start, end):
    text = clean[start:end]
    if '(' in text and not text.lstrip().startswith('typedef') and '{' not in text:
        yield start + len(text) - len(text.lstrip(' \n}')), text.strip(' \n}')


def check(report, path):
    text = house.read(path)
    lines = house.Lines(text)
    for start, declaration in statements(text):
        where = f'{path}:{lines[start]}'
        name, _ = house.parameter_list(declaration)
        inline = declaration.startswith('static inline')
        if not inline and 'CO_API' not in declaration:
            report.problem(where, f'{name} is not marked CO_API')
        if name.endswith('_'):
            continue  # behind a macro that is documented in its place
        match = re.search(r'/\*((?:(?!\*/).)*)\*/\s*$', text[:start], re.DOTALL)
        comment = re.sub(r'\n \*', '\n', match.group(1)) if match else ''
        if '\n\n' in text[start - 2:start] or not re.match(rf'\s*{name} - \S', comment):
            report.problem(where, f'{name} has no comment "{name} - ..." directly above it')
            continue
        if not inline and not re.search(r'suspend|blocks', comment, re.IGNORECASE):
            report.problem(where, f'{name}: the comment does not say whether it suspends')
        void = re.search(rf'\bvoid {name}\b', declaration)
        if not void and not re.search(r'returns', comment, re.IGNORECASE):
            report.problem(where, f'{name}: the comment does not say what it returns')


def main():
    report = house.Report()
    for path in house.files('include/**/*.h'):
        check(report, path)
    report.finish()


if __name__ == '__main__':
    main()
