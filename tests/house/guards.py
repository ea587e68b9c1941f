# SPDX-License-Identifier: MIT
"""Every guard of tests/guards can still be removed: its lines are there, once."""

import importlib.machinery
import importlib.util

import house


def load():
    path = house.ROOT / 'tests' / 'guards' / 'run'
    loader = importlib.machinery.SourceFileLoader('guards_run', str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('guards_run', loader))
    loader.exec_module(module)
    return module


def main():
    report = house.Report()
    for guard in load().tables():
        texts = {}
        for file, out, into in guard.cuts:
            lines = '\n'.join(out)
            text = texts.get(file) or house.read(file)
            if text.count(lines) != 1:
                report.problem(f'tests/guards/{guard.where}',
                               f'{file} has these lines {text.count(lines)} times:\n{lines}')
            texts[file] = text.replace(lines, '\n'.join(into))
    report.finish()


if __name__ == '__main__':
    main()
