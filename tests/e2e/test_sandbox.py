# SPDX-License-Identifier: MIT
"""`coronet serve` in its sandbox. What it keeps from whoever has taken the server over is shown by
tests/unit/test_sandbox_*.c; here, that all of the server is in it, and that it serves there."""

import ctypes
import os
import platform
import pwd
import re
import signal
import struct
import subprocess

import pytest

from conftest import CORONET, eventually, once, run

BACKENDS = ('epoll', 'io_uring')
LANDLOCK, SECCOMP = 'Landlock', 'seccomp'


def sandboxed():
    """Whether this build has one at all: with sanitizers it has not."""
    with open(CORONET, 'rb') as file:
        return b'only the system calls of a server' in file.read()


pytestmark = pytest.mark.skipif(not sandboxed(), reason='a build with sanitizers')


def threads(pid, name):
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/status') as file:
            found = re.search(rf'^{name}:(.*)$', file.read(), re.MULTILINE)
            yield int(found[1]) if found else None


def get(one, name):
    return run('curl', '-sS', one.url + name).stdout


@pytest.mark.parametrize('backend', BACKENDS)
def test_every_thread_is_in_the_sandbox(server, folder, tmp_path, backend):
    (folder / 'a').write_text('hello')
    if not os.path.exists('/proc/sys/kernel/seccomp'):
        pytest.skip('no seccomp here')
    one = server('--workers', '3', '--backend', backend, '--log', tmp_path / 'log')
    assert get(one, 'a') == b'hello'

    def sealed():
        return set(threads(one.worker_pid, 'Seccomp_filters')) == {2}
    eventually(sealed)
    assert set(threads(one.worker_pid, 'Seccomp')) == {2}
    assert set(threads(one.worker_pid, 'NoNewPrivs')) == {1}
    with open(f'/proc/{one.worker_pid}/limits') as file:
        assert re.search(r'^Max core file size +0 +0 ', file.read(), re.MULTILINE)


def test_no_thread_is_older_than_the_sandbox(server):
    """Landlock would not take it in: the one that hashed the password has ended."""
    one = server('--workers', '1', '--log', 'none', '--user', 'ann:secret')
    assert len(os.listdir(f'/proc/{one.worker_pid}/task')) == 1


def test_no_sandbox_does_without(server, folder):
    (folder / 'a').write_text('hello')
    one = server('--no-sandbox', '-v')
    assert get(one, 'a') == b'hello'
    assert 'sandbox: none' in one.lines
    assert set(threads(one.worker_pid, 'Seccomp')) == {0}


def test_what_the_kernel_granted_is_said_on_demand(server, folder):
    quiet, verbose = server(), server('-v')
    assert not any('sandbox' in line for line in quiet.lines)
    lines = [line for line in verbose.lines if line.startswith('sandbox: ')]
    assert any(LANDLOCK in line for line in lines) and any(SECCOMP in line for line in lines)


@pytest.mark.parametrize('mode', ['--ftp-pasv', pytest.param(
    '--ftp-port', marks=once('curl 7.88 forgets TLS where the server connects'))])
def test_data_connections_are_made_from_the_ports_left(server, folder, mode):
    """With a range for passive mode, active mode still has its own."""
    (folder / 'a').write_text('hello')
    one = server('-4', '--passive-ports', '50000-50999', ftp=('127.0.0.1:0',))
    words = [mode] if mode == '--ftp-pasv' else [mode, '127.0.0.1']
    assert run('curl', '-sS', *words, f'ftp://{one.ftp_host}:{one.ftp_port}/a').stdout == b'hello'


def test_uploads_to_a_folder_that_may_not_be_read(server, folder, tmp_path):
    """An incoming folder, as FTP servers always had them. It cannot be opened to be synced."""
    incoming = folder / 'incoming'
    incoming.mkdir()
    incoming.chmod(0o333)
    (tmp_path / 'file').write_text('hello')
    one = server('-4', '--anonymous-write', ftp=('127.0.0.1:0',))
    try:
        ftp = f'ftp://{one.ftp_host}:{one.ftp_port}/incoming/a'
        run('curl', '-sS', '-T', tmp_path / 'file', ftp)
        run('curl', '-sS', '-f', '-T', tmp_path / 'file', one.url + 'incoming/b')
        assert (incoming / 'a').read_text() == (incoming / 'b').read_text() == 'hello'
    finally:
        incoming.chmod(0o755)


# ---- kernels that have less --------------------------------------------------------------------

RET_ALLOW, RET_ENOSYS = 0x7fff0000, 0x00050000 | 38
LANDLOCK_CREATE_RULESET = 444


def without(number):
    """For preexec_fn: a kernel that does not know this system call."""
    def install():
        code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, RET_ENOSYS),
                (0x06, 0, 0, RET_ALLOW)]
        text = b''.join(struct.pack('HBBI', *line) for line in code)
        buffer = ctypes.create_string_buffer(text)
        program = struct.pack('HxxxxxxP', len(code), ctypes.addressof(buffer))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(38, 1, 0, 0, 0) == 0  # no new privileges
        assert libc.prctl(22, 2, ctypes.c_char_p(program)) == 0
    return install


@pytest.mark.parametrize('backend', BACKENDS)
def test_it_serves_where_landlock_is_absent_and_says_so(server, folder, backend):
    (folder / 'a').write_text('hello')
    one = server('-v', '--backend', backend, preexec_fn=without(LANDLOCK_CREATE_RULESET))
    assert any('no Landlock' in line for line in one.lines)
    assert get(one, 'a') == b'hello'


@pytest.mark.skipif(platform.machine() not in ('x86_64', 'aarch64'), reason='another number')
def test_it_serves_where_seccomp_is_absent_and_says_so(server, folder):
    (folder / 'a').write_text('hello')
    number = {'x86_64': 317, 'aarch64': 277}[platform.machine()]
    one = server('-v', '--workers', '2', preexec_fn=without(number))
    assert any('no filter of system calls' in line for line in one.lines)
    assert get(one, 'a') == b'hello'


# ---- what is opened again ----------------------------------------------------------------------


def logs_in(one, name, password):
    words = ['curl', '-s', '--user', f'{name}:{password}', f'ftp://{one.ftp_host}:{one.ftp_port}/']
    return subprocess.run(words, stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_a_replaced_users_file_is_read_again(server, tmp_path):
    """The new file is another one, in a folder that the sandbox keeps closed, and as root one that
    the user who serves may not read."""
    users = tmp_path / 'users'

    def add(name):
        run(CORONET, 'passwd', users, name, input=b'secret\n')
    add('ann')
    one = server('-4', '--users', users, '--login-delay', '0', ftp=('127.0.0.1:0',))
    assert logs_in(one, 'ann', 'secret') and not logs_in(one, 'bob', 'secret')
    add('bob')
    one.signal(signal.SIGHUP)
    eventually(lambda: logs_in(one, 'bob', 'secret'))


def test_the_log_and_the_users_are_opened_again_each_by_its_number(server, folder, tmp_path):
    """As root: the one by the user who serves, in whose folder it is, the other by root."""
    logs, users = tmp_path / 'logs', tmp_path / 'users'
    log = logs / 'log'
    logs.mkdir()
    if os.geteuid() == 0:
        os.chown(logs, pwd.getpwnam('nobody').pw_uid, -1)
    (folder / 'a').write_text('hello')

    def add(name):
        run(CORONET, 'passwd', users, name, input=b'secret\n')
    add('ann')
    one = server('-4', '--log', log, '--users', users, '--login-delay', '0', ftp=('127.0.0.1:0',))
    for turn, name in enumerate(('bob', 'cid')):
        log.rename(logs / f'log.{turn}')
        add(name)
        one.signal(signal.SIGHUP)
        eventually(log.exists)
        eventually(lambda name=name: logs_in(one, name, 'secret'))
    assert log.stat().st_uid == logs.stat().st_uid
    get(one, 'a')
    one.stop()
    assert 'GET /a' in log.read_text()
