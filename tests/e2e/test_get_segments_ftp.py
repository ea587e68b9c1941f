# SPDX-License-Identifier: MIT
"""`coronet get -s` over FTP: a connection for each part, as far as the server lets them in; and
kills, as test_get_segments.py has them. FTP tells no version but size and time, so the ends of all
parts are compared with the file there before it is taken for one."""

import json
import os
import signal
import socket
import subprocess
import threading

import pytest

from conftest import CORONET, PATIENCE, eventually, once
from ftp_places import KINDS, folder as open_folder, ftp_place  # noqa: F401
from test_get import get, partials
from test_get_segments import LARGE, killed_at_any_point  # noqa: F401

OLD = 1_700_000_000

looked_at = once('what is encrypted cannot be looked at')


def put_there(folder, content, seconds=OLD):
    (folder / 'new').write_bytes(content)
    (folder / 'new').chmod(0o644)
    os.utime(folder / 'new', (seconds, seconds))
    os.rename(folder / 'new', folder / 'a')


class Between:
    """A server that hands each session on to another, and looks at its
    commands. hear(verb, argument, nth of that verb) may answer one itself."""

    def __init__(self, port, hear):
        self.port, self.hear, self.heard, self.lock = port, hear, [], threading.Lock()
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.url = f'ftp://127.0.0.1:{self.socket.getsockname()[1]}/'
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.attend, args=(client,), daemon=True).start()

    def answers(self, line):
        verb, _, argument = line.decode().strip().partition(' ')
        with self.lock:
            self.heard.append(verb)
            return self.hear(verb, argument, self.heard.count(verb))

    def attend(self, client):
        there = socket.create_connection(('127.0.0.1', self.port), timeout=PATIENCE)
        threading.Thread(target=self.replies, args=(there, client), daemon=True).start()
        try:
            for line in client.makefile('rb'):
                reply = self.answers(line)
                if reply:
                    client.sendall(reply)
                else:
                    there.sendall(line)
        except OSError:
            pass
        there.close()

    @staticmethod
    def replies(there, client):
        try:
            while data := there.recv(65536):
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def count(self, verb):
        return self.heard.count(verb)


@pytest.fixture
def between(server):
    """between(hear): our own server, behind one that looks at what is said."""
    started = []

    def start(hear=lambda verb, argument, nth: None, *words):
        one = server('-4', *words, ftp=['127.0.0.1:0'])
        started.append(Between(int(one.ftp_url.rstrip('/').rpartition(':')[2]), hear))
        return started[-1]
    yield start
    for one in started:
        one.socket.close()


@pytest.mark.parametrize('kind', KINDS)
def test_of_any_server(ftp_place, open_folder, here, kind):  # noqa: F811
    content = os.urandom(LARGE)
    put_there(open_folder, content)
    one = ftp_place(kind, open_folder)
    get('-s', 4, *one.words, f'{one.url}a', cwd=here)
    assert (here / 'a').read_bytes() == content and not partials(here)


@looked_at
@pytest.mark.parametrize('size, sessions', [
    (1, 1), (524_287, 1), (524_288, 2), (900_000, 3), (LARGE, 4), (LARGE + 1, 4)])
def test_parts_have_a_session_each(between, folder, here, size, sessions):  # noqa: F811
    content = os.urandom(size)
    put_there(folder, content)
    one = between()
    get('-s', 4, f'{one.url}a', cwd=here)
    assert (here / 'a').read_bytes() == content and not partials(here)
    assert one.count('USER') == sessions


@looked_at
def test_fewer_sessions_than_parts_do(between, folder, here):  # noqa: F811
    """421 and the like: the parts take turns."""
    content = os.urandom(LARGE)
    put_there(folder, content)
    one = between(lambda verb, argument, nth: b'421 Too many\r\n'
                  if verb == 'USER' and nth > 2 else None)
    get('-s', 4, f'{one.url}a', cwd=here)
    assert (here / 'a').read_bytes() == content and not partials(here)


@looked_at
@pytest.mark.parametrize('reply', [b'502 What?\r\n', b'350 Well\r\n'])
def test_a_server_without_rest_is_asked_for_the_whole(between, folder, here, reply):  # noqa: F811
    """Also one that takes it and begins at 0 all the same."""
    content = os.urandom(LARGE)
    put_there(folder, content)
    one = between(lambda verb, argument, nth: reply if verb == 'REST' else None)
    get('-s', 4, f'{one.url}a', cwd=here)
    assert (here / 'a').read_bytes() == content and not partials(here)


@looked_at
@pytest.mark.parametrize('nth', range(1, 9))
def test_another_file_in_the_middle_is_never_mixed_in(between, folder, here, nth):  # noqa: F811
    """Of the same size and time, at any of the transfers' beginnings: the newest comes whole."""
    old, new = os.urandom(LARGE), os.urandom(LARGE)
    put_there(folder, old)

    def hear(verb, argument, count):
        if verb == 'RETR' and count == nth:
            put_there(folder, new)
    one = between(hear)
    get('-s', 4, f'{one.url}a', cwd=here)
    assert (here / 'a').read_bytes() == new and not partials(here)
    assert one.count('RETR') > nth


@looked_at
@pytest.mark.parametrize('words', [('-c',), ('-c', '-s', '2'), ('-c', '-s', '8')])
def test_what_was_cut_off_goes_on_in_all_parts(between, folder, here, words):  # noqa: F811
    content = os.urandom(LARGE)
    put_there(folder, content)
    full = [True]
    one = between(lambda verb, argument, nth: b'421 I go\r\n'
                  if full[0] and verb == 'RETR' and nth == 4 else None)
    _, said = get('-s', 4, '--no-sync', '--limit-rate', '2M', f'{one.url}a', cwd=here, code=8)
    assert '421 I go' in said and len(partials(here)) == 1
    full[0] = False
    get(*words, f'{one.url}a', cwd=here)
    assert (here / 'a').read_bytes() == content and not partials(here)
    assert one.count('RETR') >= 4 + 3 + 4  # what was missing, and the ends


def interrupted(url, here, *words):
    """Once the first 100,000 bytes are here."""
    process = subprocess.Popen(
        [CORONET, 'get', '--no-sync', '--limit-rate', '1M', *words, url], cwd=here,
        stderr=subprocess.DEVNULL)
    eventually(lambda: partials(here) and partials(here)[0].read_bytes()[99_999:100_000] == b'x')
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE) == 130


@looked_at
@pytest.mark.parametrize('words', [(), ('-s', '4')])
def test_all_that_is_here_is_compared(between, folder, here, words):  # noqa: F811
    """By HASH: a file of the same size, time and ends is told by it."""
    content = bytearray(b'x' * LARGE)
    put_there(folder, content)
    one = between()
    interrupted(f'{one.url}a', here, *words)
    content[1] = 0
    put_there(folder, content)
    get('-c', *words, f'{one.url}a', cwd=here)
    assert (here / 'a').read_bytes() == content and not partials(here)


@looked_at
@pytest.mark.parametrize('refused', ['OPTS', 'RANG', 'HASH'])
@pytest.mark.parametrize('words', [(), ('-s', '4')])
def test_without_hash_it_goes_on_all_the_same(between, folder, here, words, refused):  # noqa: F811
    put_there(folder, b'x' * LARGE)
    one = between(lambda verb, argument, nth: b'502 No\r\n'
                  if verb == refused and 'UTF8' not in argument else None)
    interrupted(f'{one.url}a', here, *words)
    told, _ = get('-c', '--json', *words, f'{one.url}a', cwd=here)
    assert json.loads(told)['resumed'] > 0 and (here / 'a').read_bytes() == b'x' * LARGE
    assert refused in one.heard


@looked_at
def test_much_is_compared_piece_by_piece(between, folder, here):  # noqa: F811
    (folder / 'a').write_bytes(b'x' * 100_000)
    os.truncate(folder / 'a', (64 << 20) + 1_000_000)
    one = between()
    interrupted(f'{one.url}a', here)
    os.truncate(partials(here)[0], (64 << 20) + 1000)  # it holds zeros there
    told, _ = get('-c', '--json', f'{one.url}a', cwd=here)
    assert json.loads(told)['resumed'] == (64 << 20) + 1000 and one.count('HASH') == 2


def test_killed_at_any_point_it_ends_with_the_right_file(server, folder, here):  # noqa: F811
    killed_at_any_point(folder, here, server('-4', ftp=['127.0.0.1:0']).ftp_url)
