# SPDX-License-Identifier: MIT
"""tools/test and tools/check themselves: that they count what they say. tools/release: that it
makes what everybody can make again."""

import argparse
import copy
import gzip
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import tarfile

import pytest

from conftest import BUILD, PATIENCE, ROOT, run


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


# ---- releases -----------------------------------------------------------------------------------

class Repository:
    """One with the version 1.2.3, whose tags are signed by a key that is trusted, or is not."""

    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.git('init', '-q', '-b', 'main')
        for name in ('trusted', 'stranger'):
            run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path / name)
        (path / 'signers').write_text(f'a@example.org {(path / "trusted.pub").read_text()}')
        for key, value in (('user.name', 'A'), ('user.email', 'a@example.org'),
                           ('gpg.format', 'ssh'), ('gpg.ssh.allowedSignersFile', path / 'signers')):
            self.git('config', key, value)
        (path / 'meson.build').write_text("project('coronet', 'c',\n  version: '1.2.3')\n")
        (path / 'run').write_text('#!/bin/sh\n')
        (path / 'run').chmod(0o755)
        self.git('add', 'meson.build', 'run')
        self.git('commit', '-q', '-m', 'all')

    def git(self, *words):
        # Nothing of whoever runs the tests: neither their configuration nor their keys.
        return run('git', *words, cwd=self.path, env={
            'PATH': os.environ['PATH'], 'HOME': str(self.path), 'GIT_CONFIG_NOSYSTEM': '1'})

    def tag(self, name, key='trusted'):
        self.git('-c', f'user.signingKey={self.path / key}', 'tag', '-s', '-m', name, name)

    def release(self, *words, code=0, umask=0o022):
        done = subprocess.run(
            [ROOT / 'tools' / 'release', *words], cwd=self.path, umask=umask, text=True,
            capture_output=True, timeout=PATIENCE,
            env={'PATH': os.environ['PATH'], 'HOME': str(self.path), 'GIT_CONFIG_NOSYSTEM': '1'})
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def repository(tmp_path):
    if not shutil.which('git') or not shutil.which('ssh-keygen'):
        pytest.skip('git and ssh-keygen are not both installed')
    return Repository(tmp_path / 'one')


def test_a_release_is_the_tree_of_a_signed_tag_and_made_alike_by_anybody_m20(
        repository, tmp_path):
    repository.tag('v1.2.3')
    digest = repository.release('v1.2.3').split()[0]
    archive = repository.path / 'coronet-1.2.3.tar.gz'
    assert digest == hashlib.sha256(archive.read_bytes()).hexdigest()
    with tarfile.open(archive) as tree:
        assert {(entry.name, entry.mode) for entry in tree} == {
            ('coronet-1.2.3', 0o755), ('coronet-1.2.3/run', 0o755),
            ('coronet-1.2.3/meson.build', 0o644)}
    # Another builder: a clone, with habits of their own, and a commit hidden behind the tag's.
    repository.git('clone', '-q', '--bare', '.', tmp_path / 'two')
    other = copy.copy(repository)
    other.path = tmp_path / 'two'
    for key, value in (('tar.umask', '0077'), ('core.autocrlf', 'true'), ('gpg.format', 'ssh'),
                       ('gpg.ssh.allowedSignersFile', repository.path / 'signers')):
        other.git('config', key, value)
    (repository.path / 'run').write_text('evil')
    repository.git('-c', 'user.email=b@example.org', 'commit', '-q', '-a', '-m', 'evil')
    other.git('fetch', '-q', repository.path, 'main:evil')
    other.git('replace', 'v1.2.3^{commit}', 'evil')
    assert 'is what the tag holds' in other.release('v1.2.3', archive, umask=0o077)
    other.release('v1.2.3', umask=0o077)
    assert (other.path / archive.name).read_bytes() == archive.read_bytes()


def test_an_archive_of_anything_else_is_refused_m20(repository, tmp_path):
    repository.tag('v1.2.3')
    repository.release('v1.2.3')
    archive = repository.path / 'coronet-1.2.3.tar.gz'
    tree = bytearray(gzip.decompress(archive.read_bytes()))
    tree[-1] ^= 1
    archive.write_bytes(gzip.compress(tree))
    assert 'is not what the tag holds' in repository.release('v1.2.3', archive, code=1)
    archive.write_bytes(b'xz')
    assert 'cannot be read' in repository.release('v1.2.3', archive, code=1)


@pytest.mark.parametrize('how', ('unsigned', 'light', 'stranger', 'branch', 'name'))
def test_nothing_is_released_that_nobody_signed_m20(repository, how):
    name = 'v1.2.4' if how == 'name' else 'v1.2.3'
    if how == 'unsigned':
        repository.git('tag', '-a', '-m', name, name)
    elif how == 'light':
        repository.git('tag', name)
    elif how == 'branch':
        repository.git('branch', name)
    else:
        repository.tag(name, 'stranger' if how == 'stranger' else 'trusted')
    repository.release(name, code=1)
    assert not list(repository.path.glob('*.tar.gz'))
