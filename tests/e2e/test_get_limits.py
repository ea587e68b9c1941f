# SPDX-License-Identifier: MIT
"""What `coronet get` takes of a response's head, how much is too much, and how many a server."""

import contextlib
import socket
import subprocess
import threading

import pytest

from conftest import CORONET, PATIENCE, eventually, run
from seen import resident_bytes
from test_get import get, scripted  # noqa: F401 (fixtures)

HEAD_MAX = 300 << 10
FIELDS_MAX = 5000


def head(size, *lines, line=1000):
    """A whole response of a head of that size, in lines of about `line` bytes."""
    text = '\r\n'.join(['HTTP/1.1 200 OK', 'Content-Length: 2', *lines, '']).encode()
    left = size - len(text) - 2
    while left:
        n = left if left < 2 * line else line
        text += b'X: ' + b'y' * (n - 5) + b'\r\n'
        left -= n
    assert len(text) == size - 2
    return text + b'\r\nok'


@pytest.mark.parametrize('line', [100, 1000, 60_000, 1_000_000])
@pytest.mark.parametrize('size', [60_000, 65_535, 65_536, 65_537, 131_072, HEAD_MAX])
def test_a_large_head_is_taken(scripted, size, line):  # noqa: F811
    one = scripted(lambda _, nth: head(size, line=line))
    out, _ = get('--jobs', 1, '-o', '-', f'{one.url}/', f'{one.url}/')
    assert out == b'okok'


def test_more_is_refused(scripted):  # noqa: F811
    one = scripted(lambda _, nth: head(HEAD_MAX + 1))
    get('-o', '-', f'{one.url}/', code=11)


def test_fields_are_counted(scripted):  # noqa: F811
    def answer(asked, nth):
        count = int(asked.split()[1][1:])
        return b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n' + b'X: y\r\n' * (count - 1) + b'\r\nok'
    one = scripted(answer)
    assert get('-o', '-', f'{one.url}/{FIELDS_MAX}')[0] == b'ok'
    get('-o', '-', f'{one.url}/{FIELDS_MAX + 1}', code=11)


def test_a_large_head_is_printed(scripted):  # noqa: F811
    one = scripted(lambda asked, nth: head(HEAD_MAX)[:-2])
    out, _ = get('--head', f'{one.url}/')
    assert len(out.splitlines()) > 200 and out.count(b'y') > 290_000


INTERIM_MAX = 32


def test_interim_responses_do_not_go_on_and_on_h16(scripted):  # noqa: F811
    def answer(asked, nth):
        return b'HTTP/1.1 102 x\r\n\r\n' * int(asked.split()[1][1:]) + head(100)
    one = scripted(answer)
    assert get('-o', '-', f'{one.url}/{INTERIM_MAX}')[0] == b'ok'
    get('-o', '-', f'{one.url}/{INTERIM_MAX + 1}', code=7)


def test_the_word_for_a_body_is_not_waited_for_on_and_on_h16(here):
    """Each of them is on time, so that it would be waited for the next one."""
    (here / 'a').write_text('content')
    for count, code in (INTERIM_MAX, 0), (INTERIM_MAX + 1, 7):
        server = socket.create_server(('127.0.0.1', 0))

        def serve():
            peer, _ = server.accept()
            with peer, peer.makefile('rb') as asked, contextlib.suppress(ConnectionError):
                while asked.readline() not in (b'\r\n', b''):
                    pass
                peer.sendall(b'HTTP/1.1 102 x\r\n\r\n' * count + b'HTTP/1.1 100 x\r\n\r\n')
                asked.read(7)
                peer.sendall(b'HTTP/1.1 201 x\r\nContent-Length: 0\r\n\r\n')
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        run(CORONET, 'put', '--retries', 0, here / 'a',
            'http://127.0.0.1:%d/' % server.getsockname()[1], code=code)
        thread.join(timeout=PATIENCE)
        server.close()


def claiming(size):
    return lambda asked, nth: (b'HTTP/1.1 200 OK\r\nETag: "one"\r\nContent-Length: %d\r\n\r\nhello'
                               % size)


@pytest.mark.parametrize('size', [1 << 63, (1 << 64) + 1])
def test_lengths_beyond_63_bits_are_none_h10(scripted, here, size):  # noqa: F811
    get(f'{scripted(claiming(size)).url}/a', cwd=here, code=7)
    assert not list(here.iterdir())


@pytest.mark.parametrize('size', [1 << 30, 1 << 40, (1 << 63) - 1])
def test_no_memory_and_no_disk_is_taken_for_what_is_only_claimed_h10(
        scripted, here, size):  # noqa: F811
    one = subprocess.Popen([CORONET, 'get', f'{scripted(claiming(size)).url}/a'], cwd=here)
    try:
        eventually(lambda: [path.stat().st_size for path in here.iterdir()] == [5])
        assert resident_bytes(one.pid) < 200 << 20
    finally:
        one.terminate()
    assert one.wait(timeout=PATIENCE) == 143


@pytest.mark.parametrize('cut', [70_000, 200_000])
def test_a_large_interim_head_that_stalls_is_gone_on_with(here, cut):  # noqa: F811
    """The body goes out after a second without a word, while the head is still coming."""
    interim = b'HTTP/1.1 100 x\r\n' + b'X: ' + b'y' * 250_000 + b'\r\n\r\n'
    taken = []
    server = socket.create_server(('127.0.0.1', 0))

    def serve():
        peer, _ = server.accept()
        with peer, peer.makefile('rb') as asked:
            while asked.readline() != b'\r\n':
                pass
            peer.sendall(interim[:cut])
            taken.append(asked.read(7))
            peer.sendall(interim[cut:] + b'HTTP/1.1 201 x\r\nContent-Length: 0\r\n\r\n')

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    (here / 'a').write_text('content')
    url = 'http://127.0.0.1:%d/' % server.getsockname()[1]
    run(CORONET, 'put', '--retries', 0, here / 'a', url)
    thread.join(timeout=PATIENCE)
    server.close()
    assert taken == [b'content']


# ---- limits of the server -----------------------------------------------------------------------

def one_at_a_time():
    """Answers a request as soon as another one has been refused, and one later at once."""
    inside, refused = threading.Lock(), threading.Event()

    def answer(_, nth):
        if not inside.acquire(blocking=False):
            refused.set()
            return b'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'
        try:
            assert refused.wait(PATIENCE)
            return b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
        finally:
            inside.release()
    return answer


def test_one_request_too_many_waits_for_another(scripted, here):  # noqa: F811
    one = scripted(one_at_a_time())
    urls = [f'{one.url}/{name}' for name in 'abcd']
    get(*urls, cwd=here)
    assert sorted(path.name for path in here.iterdir()) == list('abcd')


def test_what_is_sent_is_not_sent_more_often(scripted, here):  # noqa: F811
    one = scripted(one_at_a_time())
    get('--data', 'x', *(f'{one.url}/{name}' for name in 'ab'), cwd=here, code=9)
