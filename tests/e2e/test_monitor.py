# SPDX-License-Identifier: MIT
"""`coronet serve` is a monitor and a worker: what becomes of the one when the other ends."""

import os
import signal
import socket
import time

import pytest

from conftest import CORONET, PATIENCE, as_root, children, coronet, eventually, is_alive, run


def get(one, name='a'):
    return run('curl', '-sS', one.url + name).stdout


@pytest.fixture
def one(server, folder):
    (folder / 'a').write_text('hello')
    return server('-4')


def kill_worker(one):
    worker = one.worker_pid
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: worker not in children(one.pid))


def test_another_worker_takes_over_at_the_same_address(one):
    assert get(one) == b'hello'
    kill_worker(one)
    start = time.monotonic()
    assert get(one) == b'hello'  # the address was open all the time
    assert time.monotonic() - start < 1 or PATIENCE > 20
    one.stop()
    assert one.lines.count('ready') == 1
    assert 'coronet: the worker was killed by signal 9 (Killed)' in one.lines
    assert any('coronet: another worker takes over' in line for line in one.lines)


def test_workers_that_keep_dying_are_started_again(one):
    for _ in range(4):
        kill_worker(one)
        assert get(one) == b'hello'
    one.stop()
    pauses = [line.rpartition('within ')[2] for line in one.lines if 'takes over within' in line]
    assert pauses == ['100 ms', '200 ms', '400 ms', '800 ms']


def test_it_can_be_stopped_while_no_worker_is_there(one):
    for _ in range(4):  # the pauses have grown to more than half a second
        eventually(lambda: children(one.pid))
        kill_worker(one)
    one.stop()


def test_the_worker_goes_with_the_monitor(one):
    worker = one.worker_pid
    one.kill()
    eventually(lambda: not is_alive(worker))


def test_the_first_worker_is_not_started_again_before_it_serves(folder):
    """What is wrong at the start is wrong for good."""
    _, errors = coronet('serve', '--http', '0', '--users', folder / 'none', folder, code=3)
    assert 'users' in errors and 'another' not in errors


def test_a_signal_to_both_counts_once(server, folder):
    """As Ctrl-C does, and a service manager: the download at work is done first."""
    with open(folder / 'big', 'wb') as file:
        file.truncate(50_000_000)
    one = server('-4', start_new_session=True)
    with one.connect() as connection:
        connection.sendall(b'GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        received = len(connection.recv(1000))
        os.killpg(one.pid, signal.SIGTERM)
        while part := connection.recv(1 << 20):
            received += len(part)
    assert received > 50_000_000
    one.ended()


def test_a_stuck_worker_is_killed_at_the_third_signal(one):
    os.kill(one.worker_pid, signal.SIGSTOP)
    eventually(lambda: one.process.poll() is not None or one.signal(signal.SIGTERM))
    assert one.wait() == 128 + signal.SIGTERM


def test_signals_that_come_while_it_ends_leave_the_code_as_it_is(server):
    for _ in range(5):
        one = server('-4')
        os.kill(one.worker_pid, signal.SIGSTOP)
        while one.process.poll() is None:
            one.signal(signal.SIGTERM)
        assert one.wait() == 128 + signal.SIGTERM


def test_the_service_manager_hears_of_one_start_from_the_monitor(server, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        manager.settimeout(PATIENCE)
        manager.bind(str(tmp_path / 'notify'))
        one = server(env=dict(os.environ, NOTIFY_SOCKET=str(tmp_path / 'notify')))
        message, credentials, _, _ = manager.recvmsg(100, 1000)
        assert message == b'READY=1'
        assert int.from_bytes(credentials[0][2][:4], 'little') == one.pid
        kill_worker(one)
        get(one, '')
        one.stop()
        assert manager.recv(100) == b'STOPPING=1'


def test_a_unix_socket_outlives_the_worker_and_goes_with_the_monitor(server, folder, tmp_path):
    (folder / 'a').write_text('hello')
    path = tmp_path / 'socket'
    tmp_path.chmod(0o755)
    one = server(where=('localhost:0', f'unix:{path}'))
    kill_worker(one)
    assert run('curl', '-sS', '--unix-socket', path, 'http://x/a').stdout == b'hello'
    one.stop()
    assert not path.exists()


@as_root
def test_each_worker_drops_its_privileges_and_goes_with_the_monitor(one):
    """Whoever becomes another user is no longer told of its parent's end, unless it asks again."""
    kill_worker(one)
    assert get(one) == b'hello'
    worker = one.worker_pid
    with open(f'/proc/{worker}/status') as file:
        assert '\nUid:\t65534\t65534\t65534\t65534\n' in file.read()
    one.kill()
    eventually(lambda: not is_alive(worker))


def memory_holds(pid, *words):
    """Which of the words are somewhere in the process's memory that it may write to."""
    found = set()
    with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for line in maps:
            place, rights = line.split()[:2]
            if 'rw' not in rights:
                continue
            start, end = (int(number, 16) for number in place.split('-'))
            if end - start > 1 << 30:  # a sanitizer's own
                continue
            memory.seek(start)
            try:
                piece = memory.read(end - start)
            except OSError:
                continue
            found |= {word for word in words if word in piece}
    return found


@as_root
def test_the_worker_has_no_secrets_in_its_memory(server, tmp_path):
    users = tmp_path / 'users'
    run(CORONET, 'passwd', users, 'ann-is-here', input=b'secret\n')
    secret = users.read_bytes().split(b':')[1].rpartition(b'$')[2]
    password = b'not-to-be-found'
    one = server('-4', '--users', users, '--user', 'bob:' + password.decode())
    assert memory_holds(one.pid, password, secret) == {password}
    assert memory_holds(one.worker_pid, b'ann-is-here', password, secret) == {b'ann-is-here'}
