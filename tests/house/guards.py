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
    report, run = house.Report(), load()
    for guard in run.tables():
        texts = {}
        for file, out, into in guard.cuts:
            try:
                texts[file] = run.cut(texts.get(file) or house.read(file), file, out, into)
            except run.Bad as bad:
                report.problem(f'tests/guards/{guard.where}', str(bad))
    report.finish()


if __name__ == '__main__':
    main()
