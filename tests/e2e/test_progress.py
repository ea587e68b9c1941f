# SPDX-License-Identifier: MIT
"""What is shown on a terminal while files come and go."""

import contextlib
import fcntl
import os
import pty
import re
import select
import socketserver
import struct
import subprocess
import termios
import threading
import time
import unicodedata
import urllib.parse

import pytest

from conftest import CORONET, PATIENCE, in_background

SIZE = 400_000
SENT = 8 << 20  # more than the kernel takes of a file for a reader that does not read
NAMES = ['plain', '\u6f22\u5b57' * 20, 'a-long-name' * 10, '\U0001f600' * 30, 'unknown']


class Slow:
    """Sends the half of each file, and the rest when it is told to; takes none before that."""

    def __init__(self):
        self.go_on = threading.Event()
        self.taken = []  # the sizes of files
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    line, head = self.rfile.readline(), []
                    while (field := self.rfile.readline()) not in (b'\r\n', b''):
                        head.append(field.lower())
                    if line.startswith(b'PUT'):
                        self.take(head)
                    elif line.startswith((b'GET / ', b'GET /all/ ')):
                        self.list(NAMES if b'all' in line else [])
                    else:
                        self.send(b'unknown' not in line)

            def send(self, is_told):
                length = b'Content-Length: %d\r\n' % SIZE if is_told else b''
                self.wfile.write(b'HTTP/1.1 200 x\r\nConnection: close\r\n' + length + b'\r\n')
                self.wfile.write(bytes(SIZE // 2))
                outer.go_on.wait(PATIENCE)
                self.wfile.write(bytes(SIZE // 2))

            def list(self, names):
                page = ''.join(f'<a href="{urllib.parse.quote(name)}">x</a>' for name in names)
                self.wfile.write(b'HTTP/1.1 200 x\r\nConnection: close\r\n'
                                 b'Content-Type: text/html\r\n\r\n' + page.encode())

            def take(self, head):
                if b'expect: 100-continue\r\n' in head:
                    self.wfile.write(b'HTTP/1.1 100 x\r\n\r\n')
                outer.go_on.wait(PATIENCE)
                size = next(int(field[15:]) for field in head if field[:15] == b'content-length:')
                outer.taken.append(len(self.rfile.read(size)))
                self.wfile.write(b'HTTP/1.1 201 x\r\nConnection: close\r\n'
                                 b'Content-Length: 0\r\n\r\n')

        self.server = socketserver.ThreadingTCPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        in_background(self.server)

    def url(self, name):
        port = self.server.server_address[1]
        return f'http://127.0.0.1:{port}/{urllib.parse.quote(name)}'


@pytest.fixture
def slow():
    one = Slow()
    yield one
    one.go_on.set()
    one.server.shutdown()
    one.server.server_close()


class Terminal:
    """Runs a command on one of so many columns."""

    def __init__(self, columns, *command, **options):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=slave, **options)
        os.close(slave)
        self.said = b''

    def read(self):
        """Some more. False at the end."""
        ready, _, _ = select.select([self.master], [], [], PATIENCE)
        assert ready, self.said
        with contextlib.suppress(OSError):
            more = os.read(self.master, 65536)
            self.said += more
            return bool(more)
        return False

    def read_until(self, pattern):
        end = time.monotonic() + PATIENCE
        while not re.search(pattern, self.said):
            assert time.monotonic() < end and self.read(), self.said

    def end(self, code=0):
        while self.read():
            pass
        assert self.process.wait(timeout=PATIENCE) == code, self.said
        os.close(self.master)
        return self.said.decode()


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line)


@pytest.mark.parametrize('columns', [20, 40, 80])
def test_lines_fit_and_what_stalls_is_seen(slow, tmp_path, columns):
    """A line that is too long would be two, and not be erased as a whole."""
    one = Terminal(columns, CORONET, 'get', '--no-sync', '--jobs', '5', *map(slow.url, NAMES),
                   cwd=tmp_path, env=dict(os.environ, NO_COLOR='1'))
    one.read_until(rb'50%[^\n]* 0 B/s')
    slow.go_on.set()
    said = one.end()
    shown = re.split(r'\x1b\[\d+A\r\x1b\[J', said)
    assert '\x1b' not in ''.join(shown)
    assert len(shown) > 2 and all(frame.count('\n') <= len(NAMES) + 1 for frame in shown)
    assert all(width(line) < columns for frame in shown for line in frame.split('\r\n'))
    assert shown[-1].startswith('5 of 5 files'[:columns // 3])
    assert all((tmp_path / name).stat().st_size == SIZE for name in NAMES)


WAYS = {'put': lambda slow, tree: ['put', *tree.iterdir(), slow.url('')],
        'up': lambda slow, tree: ['mirror', tree, slow.url('')],
        'down': lambda slow, tree: ['mirror', '--no-sync', slow.url('all/'), tree.parent / 'down']}


@pytest.mark.parametrize('way, columns', [('put', 50), ('put', 80), ('up', 80), ('down', 50)])
def test_put_and_mirror_show_what_get_shows(slow, tmp_path, columns, way):
    """A mirror's files are counted as they are found, and summed up in words as well."""
    (tmp_path / 'tree').mkdir()
    for name in NAMES:
        (tmp_path / 'tree' / name).touch()
        os.truncate(tmp_path / 'tree' / name, SENT)
    words = WAYS[way](slow, tmp_path / 'tree')
    one = Terminal(columns, CORONET, *words, '--jobs', '5')
    one.read_until(rb'[1-9]\d?%[^\n]* 0 B/s' if way != 'down' else rb'50%[^\n]* 0 B/s')
    slow.go_on.set()
    shown = re.split(r'\x1b\[\d+A\r\x1b\[J', one.end())
    assert len(shown) > 2 and all(frame.count('\n') <= len(NAMES) + 1 for frame in shown)
    assert all(width(line) < columns for frame in shown for line in frame.split('\r\n'))
    *summed, last, _ = shown[-1].split('\r\n')
    assert last.startswith('5 of 5 files')
    assert summed == ([] if way == 'put' else ['5 transferred, 0 equal, 0 deleted, 0 failed'])
    assert slow.taken == [SENT] * len(NAMES) or way == 'down'


def test_one_file_is_one(slow, tmp_path):
    slow.go_on.set()
    one = Terminal(80, CORONET, 'get', '--no-sync', slow.url('plain'), cwd=tmp_path)
    assert re.search(r'1 of 1 file  .* KiB', one.end())


def test_of_what_never_began_nothing_is_counted(slow, tmp_path):
    (tmp_path / 'file').touch()
    one = Terminal(80, CORONET, 'get', '-P', tmp_path / 'file', slow.url('plain'))
    said = one.end(3)
    assert 'not a directory' in said and ' of ' not in said


def test_what_goes_to_standard_output_is_shown_as_well(slow):
    one = Terminal(80, CORONET, 'get', '-o', '-', slow.url('plain'))
    one.read_until(rb'50%')
    slow.go_on.set()
    assert re.search(r'1 of 1 file  .* KiB', one.end())


def test_a_screen_that_gets_the_file_itself_shows_nothing_else(slow):
    slow.go_on.set()
    one = Terminal(80, 'sh', '-c', 'exec "$@" >&2', 'sh', CORONET, 'get', '-o', '-',
                   slow.url('plain'))
    assert one.end() == '\0' * SIZE


def test_elsewhere_nothing_is_shown(slow, tmp_path):
    slow.go_on.set()
    done = subprocess.run([CORONET, 'get', '--no-sync', slow.url('plain')], cwd=tmp_path,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                          check=True)
    assert done.stderr == b'' and done.stdout == b''
