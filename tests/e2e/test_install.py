# SPDX-License-Identifier: MIT
"""What `make install` installs is enough to build a program outside of this tree."""

import os
import re
import shutil
import socket
import subprocess

import pytest

from conftest import BUILD, PATIENCE, ROOT, eventually, run

pytestmark = pytest.mark.skipif(not shutil.which('meson'), reason='meson is not installed')

README_SERVER = (ROOT / 'README.md').read_text().partition('```c\n')[2].partition('```')[0]


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """The root of an installation, with the prefix below it."""
    destination = tmp_path_factory.mktemp('root')
    run('meson', 'install', '--no-rebuild', '--quiet', '-C', BUILD, '--destdir', destination)
    prefix, = {path.parents[1] for path in destination.rglob('bin/coronet')}
    return destination, prefix


def test_the_command_its_manual_and_completion(installed):
    _, prefix = installed
    assert run(prefix / 'bin' / 'coronet', '--version').stdout.startswith(b'coronet ')
    for path in ('man/man1/coronet.1', 'man/man1/coronet-serve.1', 'man/man1/coronet-passwd.1',
                 'zsh/site-functions/_coronet', 'bash-completion/completions/coronet',
                 'fish/vendor_completions.d/coronet.fish'):
        assert (prefix / 'share' / path).stat().st_size > 100


def test_units_for_systemd(installed):
    _, prefix = installed
    units = prefix / 'lib' / 'systemd' / 'system'
    assert 'ListenStream=80' in (units / 'coronet.socket').read_text()
    start, = re.findall(r'^ExecStart=(.*)$', (units / 'coronet.service').read_text(), re.MULTILINE)
    assert start.split()[0].endswith('/bin/coronet') and '--http fd:3 --ftp fd:4' in start


@pytest.mark.skipif(not shutil.which('pkg-config'), reason='pkg-config is not installed')
def test_an_outside_program_builds_with_pkg_config(installed, tmp_path):
    """The server that the README shows, with its address made one of the test's choice."""
    destination, prefix = installed
    packages, = destination.rglob('pkgconfig')
    environment = dict(os.environ, PKG_CONFIG_PATH=str(packages),
                       PKG_CONFIG_SYSROOT_DIR=str(destination))
    flags = run('pkg-config', '--cflags', '--libs', 'coronet', env=environment).stdout.decode()
    source, program = tmp_path / 'server.c', tmp_path / 'server'
    source.write_text(README_SERVER.replace('localhost:8888', f'unix:{tmp_path}/socket'))
    sanitizers = ['-fsanitize=address,undefined'] if b'__asan_init' in (
        packages.parent / 'libcoronet.so').read_bytes() else []
    run(os.environ.get('CC', 'cc'), source, '-o', program, *sanitizers, *flags.split())
    library = dict(os.environ, LD_LIBRARY_PATH=str(packages.parent))
    serving = subprocess.Popen([program], env=library, stdout=subprocess.PIPE)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        eventually(lambda: client.connect_ex(f'{tmp_path}/socket') == 0)
        client.sendall(b'Hello')
        assert client.recv(100) == b'Hello, World!'
    serving.terminate()
    assert serving.communicate(timeout=PATIENCE)[0] == b'Received: Hello\n'
    assert serving.returncode == 0
