# SPDX-License-Identifier: MIT
"""`coronet get` of small files, whose bytes come together with the response's head: whole or not
there at any moment, and otherwise as any other.

CORONET_KILLS says how often one is killed (8); `make soak` asks for 1,000.
"""

import contextlib
import os
import random
import socket
import subprocess
import threading
import time

import pytest

from conftest import CORONET, PATIENCE, eventually, once
from test_get import get, partials, scripted, whole  # noqa: F401

IN_ORDER = '--jobs', 1  # the first file of a run goes the usual way, since the folder is swept

FILES = 200
KILLS = int(os.environ.get('CORONET_KILLS', '8'))
DISK = 64 << 10


def content_of(i):
    return random.Random(i).randbytes(i * 37 % 9000)


@pytest.fixture
def many(server, folder, tmp_path):
    """Small files of all sizes, served; the list of their URLs."""
    for i in range(FILES):
        (folder / f'{i}').write_bytes(content_of(i))
    one = server('-4')
    (tmp_path / 'list').write_text(''.join(f'{one.url}{i}\n' for i in range(FILES)))
    return tmp_path / 'list'


def test_many_come_with_their_bytes_and_times(many, folder, here):
    os.utime(folder / '7', (1_600_000_000, 1_600_000_000))
    get('--no-sync', '--jobs', 16, '-i', many, cwd=here)
    for i in range(FILES):
        assert (here / f'{i}').read_bytes() == content_of(i)
    assert (here / '7').stat().st_mtime == 1_600_000_000
    assert len(os.listdir(here)) == FILES


class Counting:
    """Hands each connection on to a server, and counts them."""

    def __init__(self, port):
        self.port, self.count = port, 0
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.url = 'http://127.0.0.1:%d/' % self.socket.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                self.count += 1
                server = socket.create_connection(('127.0.0.1', self.port))
                for pair in (client, server), (server, client):
                    threading.Thread(target=self.pump, args=pair, daemon=True).start()

    @staticmethod
    def pump(source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


@once('what is encrypted has another server')
def test_a_great_many_use_few_connections(server, folder, here):
    names = [f'{i}' for i in range(10_000)]
    for name in names:
        (folder / name).write_text(name)
    one = Counting(server('-4').port)
    (here / 'list').write_text(''.join(f'{one.url}{name}\n' for name in names))
    get('--no-sync', '--jobs', 4, '-i', here / 'list', '-P', here, cwd=here)
    one.socket.close()
    assert all((here / name).read_text() == name for name in names)
    assert 1 <= one.count <= 4


def test_killed_at_any_moment_a_file_is_whole_or_not_there(many, here):
    seed = random.randrange(1 << 32)
    print('seed', seed)
    draw = random.Random(seed)
    for _ in range(KILLS):
        process = subprocess.Popen(
            [CORONET, 'get', '--retries', '0', '--jobs', '8', *draw.choice(([], ['--no-sync'])),
             '-i', many], cwd=here, stderr=subprocess.DEVNULL)
        if draw.random() < 0.7:
            before = len(os.listdir(here))
            eventually(lambda: process.poll() is not None or len(os.listdir(here)) > before)
        time.sleep(draw.random() * 0.05)  # the random point, no synchronisation
        process.kill()
        process.wait(timeout=PATIENCE)
        for path in here.iterdir():
            if not path.name.endswith('.part'):
                assert path.read_bytes() == content_of(int(path.name))
                if draw.random() < 0.2:
                    path.unlink()  # so that there is always more to be got
    get('-c', '--force', '--no-sync', '--jobs', 8, '-i', many, cwd=here)
    assert all((here / f'{i}').read_bytes() == content_of(i) for i in range(FILES))


def test_what_is_there_stays_and_is_said(scripted, here):
    one = scripted(lambda head, nth: whole(b'new'))
    (here / 'dangling').symlink_to('../outside')
    get(f'{one.url}/first', cwd=here)
    get(f'{one.url}/first', cwd=here, code=3)
    _, said = get(f'{one.url}/dangling', cwd=here, code=3)
    assert 'here already' in said
    assert sorted(os.listdir(here)) == ['dangling', 'first']
    assert not (here.parent / 'outside').exists()


def test_one_that_appears_meanwhile_stays(scripted, here):
    def answer(head, nth):
        if '/a' in head:
            (here / 'a').write_bytes(b'mine')
        return whole(b'new')
    one = scripted(answer)
    get(f'{one.url}/first', cwd=here)
    _, said = get(*IN_ORDER, f'{one.url}/b', f'{one.url}/a', cwd=here, code=9)
    assert 'here already' in said
    assert (here / 'a').read_bytes() == b'mine' and (here / 'b').read_bytes() == b'new'
    assert not partials(here)


def test_a_partial_of_an_earlier_run_gives_way(scripted, here):
    full = whole(b'x' * 1000, 'ETag: "one"', 'Connection: close')
    cut = [True]
    one = scripted(lambda head, nth: full[:-500] if cut[0] and '/a' in head else full)
    get(f'{one.url}/a', cwd=here, code=9)
    assert [path.stat().st_size for path in partials(here)] == [500]
    cut[0] = False
    get(*IN_ORDER, f'{one.url}/b', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == b'x' * 1000
    assert not partials(here)


def test_a_body_that_is_cut_is_no_file(scripted, here):
    full = whole(b'x' * 1000, 'ETag: "one"', 'Connection: close')
    one = scripted(lambda head, nth: full if '/first' in head else full[:-1])
    _, said = get(*IN_ORDER, f'{one.url}/first', f'{one.url}/a', cwd=here, code=9)
    assert said and not (here / 'a').exists()
    assert [path.stat().st_size for path in partials(here)] == [999]


def test_a_limit_holds_for_them(scripted, here):
    one = scripted(lambda head, nth: whole(b'x' if '/first' in head else b'new'))
    get(*IN_ORDER, '--max-size', 2, f'{one.url}/first', f'{one.url}/a', cwd=here, code=9)
    assert os.listdir(here) == ['first']


def test_a_full_disk_is_said_and_leaves_nothing_of_them_m04(scripted, here):
    one = scripted(lambda head, nth: whole(bytes(DISK - 8192 if '/large' in head else 20000)))
    mount = (f'mount -t tmpfs -o size={DISK} none {here} && cd {here} && {CORONET} get --retries 0 '
             f'--jobs 1 {one.url}/large {one.url}/more; echo code $?; ls -A')
    mine = [] if os.geteuid() == 0 else ['--user', '--map-root-user']
    done = subprocess.run(['unshare', *mine, '--mount', 'sh', '-c', mount], capture_output=True,
                          timeout=PATIENCE)
    if b'code' not in done.stdout or b'mount' in done.stderr:
        pytest.skip('no mount namespace here')
    assert b'no space left on device' in done.stderr
    assert done.stdout.split() == [b'code', b'9', b'large']


# ---- into an empty folder, where no name is looked for before -----------------------------------

@pytest.mark.parametrize('size', [100, 300_000])  # of a file: at once, or through a partial one
def test_a_name_that_is_taken_meanwhile_is_respected(scripted, here, size):  # noqa: F811
    def answer(head, nth):
        path = head.split()[1]
        if path == '/mine':
            (here / 'mine').write_text('not yours')
        return whole(path.encode().ljust(size, b'.'))
    one = scripted(answer)
    urls = [f'{one.url}/{path}' for path in ('a', 'b', 'c', 'mine', 'x/a')]
    _, said = get('--jobs', 1, '-P', here, *urls, code=9)
    assert said.count('is here already') == 2
    assert (here / 'mine').read_text() == 'not yours'
    assert (here / 'a').read_text().startswith('/a.') and not partials(here)
    for path in here.iterdir():
        path.unlink()
    get('--jobs', 1, '-P', here, '--force', *urls)
    assert (here / 'mine').read_text().startswith('/mine.')
    assert (here / 'a').read_text().startswith('/x/a.') and not partials(here)
