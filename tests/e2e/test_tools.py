# SPDX-License-Identifier: MIT
"""tools/test and tools/check themselves: that they count what they say."""

import argparse
import importlib.machinery
import importlib.util
import json

import pytest

from conftest import BUILD, ROOT


def load(name):
    path = ROOT / 'tools' / name
    loader = importlib.machinery.SourceFileLoader(f'tools_{name}', str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def runner():
    return load('test')


def test_the_last_line_counts_what_passed_and_failed(runner, capsys):
    tally = runner.Tally()
    tally.add('unit', passed=2, failed=1, skipped=3)
    runner.close(tally)
    assert capsys.readouterr().out.splitlines() == ['3 skipped', '2 passed, 1 failed']


def test_a_test_that_is_named_and_not_run_has_failed(runner, tmp_path, monkeypatch, capsys):
    for folder in ('meson-logs', 'meson-info'):
        (tmp_path / folder).mkdir()
    (tmp_path / 'meson-info' / 'intro-tests.json').write_text('[]')
    done = {'name': 'coronet:unit / base', 'result': 'OK', 'returncode': 0}

    def run(*_, **__):
        (tmp_path / 'meson-logs' / 'testlog.json').write_text(json.dumps(done) + '\n')
        return 0, ''
    monkeypatch.setattr(runner, 'run', run)
    tally = runner.Tally()
    runner.meson_tests(tally, str(tmp_path), argparse.Namespace(
        patience=1, suite=['unit'], wrap=None, name=['base', 'shard']))
    assert (tally.total('passed'), tally.total('failed')) == (1, 1)
    assert 'FAIL meson/shard' in capsys.readouterr().out


def test_what_the_checks_name_is_in_their_suite(monkeypatch):
    """meson takes those alone that are in the suite, too."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    check = load('check')
    tests = json.loads((BUILD / 'meson-info' / 'intro-tests.json').read_text())
    unit = {test['name'] for test in tests if any(name.endswith('unit') for name in test['suite'])}
    assert set(check.builds.THREAD_TESTS) | set(check.VALGRIND_TESTS) <= unit
