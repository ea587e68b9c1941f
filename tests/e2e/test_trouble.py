# SPDX-License-Identifier: MIT
"""No room on the disk, in a file or in the quota, folders that go while they are written to, files
that shrink while they are read, peers that go: over HTTP and FTP, a clear reply each time, the old
file as it was, and nothing left in the server: no descriptor, fiber, partial file or memory.

tests/unit/test_ftp_trouble.c has what takes time, with a clock of its own.
"""

import contextlib
import ftplib
import io
import os
import resource
import shutil
import socket
import struct
import subprocess

import pytest

import seen
from conftest import BUILD, PATIENCE, eventually
from test_http_write import PASSWORD, USER, ask

OLD = b'old\n' * 1000
TOO_LARGE = bytes(1 << 20)
ROOM = 300 << 10  # bytes
WORKERS = 2
PROCESSES = 2  # the monitor, and the one that serves
SANITIZED = b'__asan_init' in (BUILD / 'coronet').read_bytes()
AGAIN = 40  # times that each trouble is made when memory is watched
GROWTH = 1 << 20  # bytes that memory may have grown by then


class Troubled:
    """A server, and what it held before anything went wrong."""

    def __init__(self, server):
        self.server, self.folder = server, server.folder
        self.upload('warm', OLD)  # what is made once and stays: pools, tickets, the listing's cache
        self.ask('GET', '/')
        # The monitor's child that has checked the password may not have ended yet.
        eventually(lambda: len(seen.family(self.server.pid)) == PROCESSES)
        # Nor may the server have seen yet that we have gone.
        eventually(lambda: not seen.connections({server.port, server.ftp_port}))
        self.before = self.held()

    def held(self):
        pid = self.server.pid
        fibers = seen.fibers(pid, self.server.lines, WORKERS, PATIENCE)
        return seen.descriptors(pid, self.folder), fibers

    def nothing_is_left(self):
        eventually(lambda: self.held() == self.before)
        assert not [name for name in os.listdir(self.folder) if name.startswith('.')]

    def ask(self, method, path, body=None):
        status, _, text = ask(self.server, method, path, body)
        return status, text.decode(errors='replace')

    def login(self):
        ftp = ftplib.FTP()
        ftp.connect(self.server.ftp_host, self.server.ftp_port, timeout=PATIENCE)
        ftp.login(USER, PASSWORD)
        return ftp

    # ---- both protocols alike

    def upload(self, name, body):
        with contextlib.closing(self.login()) as ftp:
            return self.told(lambda: self.store(ftp, name, body))

    @staticmethod
    def store(ftp, name, body):
        ftp.voidcmd('TYPE I')
        with ftp.transfercmd(f'STOR {name}') as data, contextlib.suppress(ConnectionError):
            data.sendall(body)  # nobody waits for all of what is refused
        return ftp.getresp()

    @staticmethod
    def told(reply):
        try:
            return reply()
        except ftplib.Error as error:
            return str(error)

    def begin(self, name, size):
        """An upload that has begun and waits: the control connection, the data's, what waits for
        the reply."""
        ftp = self.login()
        ftp.voidcmd('TYPE I')
        data = ftp.transfercmd(f'STOR {name}')

        def reply():
            data.close()
            with contextlib.closing(ftp):
                return self.told(ftp.getresp)
        return ftp.sock, data, reply


class TroubledHttp(Troubled):
    def upload(self, name, body):
        status, text = self.ask('PUT', f'/{name}', body)
        return f'{status} {text}'

    def begin(self, name, size):
        connection = self.server.connect()
        connection.sendall(
            f'PUT /{name} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\nConnection: close\r\n'
            'Authorization: Basic YW5uOmdvb2Qtc2VjcmV0\r\n\r\n'.encode())

        def reply():
            text = b''
            with connection, contextlib.suppress(ConnectionResetError):
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    text += piece
            return text.decode(errors='replace').partition(' ')[2]
        return connection, connection, reply


KINDS = {'ftp': Troubled, 'http': TroubledHttp}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def trouble(server, folder, kind):
    """trouble(*options): a server, watched by one protocol."""
    folder.chmod(0o777)
    unseen = () if os.geteuid() == 0 else ('--no-sandbox',)  # which hides it from its own user

    def start(*options, **rest):
        words = options if '--users' in options else ('--user', f'{USER}:{PASSWORD}', *options)
        return kind(server('-4', '--write', '--workers', str(WORKERS), '--log', 'none', *words,
                           *unseen, ftp=['127.0.0.1:0'], **rest))
    return start


# ---- no room ------------------------------------------------------------------------------------

@pytest.fixture
def small_disk(folder):
    if os.geteuid() != 0:
        pytest.skip('only root mounts disks')
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={ROOM},mode=777', 'none', folder],
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        pytest.skip(f'no disk of its own: {done.stderr}')
    yield
    subprocess.run(['umount', '--lazy', folder], check=True)


def refused(one, codes):
    """Uploads for which there is no room, over an old file and beside it."""
    one.upload('old', OLD)
    for name in ('old', 'new'):
        said = one.upload(name, TOO_LARGE)
        assert said[:3] in codes and len(said) > 20, said
        assert (one.folder / 'old').read_bytes() == OLD
        assert not (one.folder / 'new').exists()
    assert one.upload('small', OLD)[0] == '2'  # the room is there again
    assert (one.folder / 'small').read_bytes() == OLD
    one.nothing_is_left()


def test_a_full_disk(small_disk, trouble):
    refused(trouble(), ('452', '507'))


def test_a_file_that_may_not_grow(trouble):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
    refused(trouble(preexec_fn=limit), ('552', '413'))


def test_a_quota_that_is_used_up(trouble, tmp_path):
    users = tmp_path / 'users'
    subprocess.run([BUILD / 'coronet', 'passwd', '-q', users, USER, '--quota', str(ROOM)],
                   input=PASSWORD + '\n', text=True, check=True)
    refused(trouble('--users', users), ('552', '507'))


@pytest.mark.skipif(SANITIZED, reason='a sanitizer keeps what is freed')
def test_memory_does_not_grow_with_refusals(trouble):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
    one = trouble(preexec_fn=limit)
    for _ in range(AGAIN):
        one.upload('new', TOO_LARGE)
    before = seen.resident_bytes(one.server.pid)
    for _ in range(AGAIN):
        one.upload('new', TOO_LARGE)
    assert seen.resident_bytes(one.server.pid) - before < GROWTH
    one.nothing_is_left()


# ---- what goes beneath --------------------------------------------------------------------------

def test_a_folder_removed_during_an_upload(trouble):
    one = trouble()
    (one.folder / 'sub').mkdir(mode=0o777)
    (one.folder / 'sub').chmod(0o777)
    _, data, reply = one.begin('sub/new', 2 * len(OLD))
    data.sendall(OLD)
    eventually(lambda: os.listdir(one.folder / 'sub'))
    shutil.rmtree(one.folder / 'sub')
    data.sendall(OLD)
    assert reply()[:3] in ('553', '404', '409')
    assert one.upload('sub/new', OLD)[:3] in ('553', '404', '409')
    assert one.upload('new', OLD)[0] == '2'
    one.nothing_is_left()


def test_a_file_cut_short_during_a_download(trouble):
    one = trouble()
    large = one.folder / 'large'
    with open(large, 'wb') as file:
        file.truncate(1 << 28)
    ftp = one.login()
    ftp.voidcmd('TYPE I')
    data = ftp.transfercmd('RETR large')
    http = one.server.connect()
    http.sendall(b'GET /large HTTP/1.1\r\nHost: x\r\n\r\n')
    assert data.recv(100) and http.recv(100)
    os.truncate(large, 1000)
    for connection in (data, http):
        count = 0
        with connection, contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(1 << 20):
                count += len(piece)
        assert count < 1 << 28
    with pytest.raises(ftplib.error_temp, match='^451 '):
        ftp.getresp()
    assert ftp.voidcmd('NOOP').startswith('200')
    ftp.close()
    one.nothing_is_left()


# ---- peers --------------------------------------------------------------------------------------

def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


@pytest.mark.parametrize('channel, ending', [
    ('control', reset), ('control', socket.socket.close), ('data', reset)])
def test_peers_that_go_leave_a_partial_file_and_nothing_else(trouble, channel, ending):
    one = trouble()
    control, data, _ = one.begin('new', 2 * len(OLD))
    data.sendall(OLD)
    if control is not data:  # ftplib's file would hold it open
        control = socket.socket(fileno=control.detach())

    def partials():
        return [path.stat().st_size for path in one.folder.glob('.coronet-*')]
    eventually(lambda: partials() == [len(OLD)])
    ending(control if channel == 'control' else data)
    for connection in (control, data):
        connection.close()
    eventually(lambda: one.held() == one.before)  # it has noticed, and the next is not beside it
    assert not (one.folder / 'new').exists() and partials() == [len(OLD)]
    assert one.upload('new', OLD)[0] == '2'
    one.nothing_is_left()
