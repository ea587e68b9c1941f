# SPDX-License-Identifier: MIT
"""`coronet get -s`: parts of one version at once; and `kill -9` at random points, with -c, while
the server's file changes: what is there in the end is the right file.

CORONET_KILLS says how often (20); `make soak` asks for 1,000.
"""

import json
import os
import random
import socket
import struct
import subprocess
import threading
import time

import pytest

from conftest import CORONET, PATIENCE, eventually
from places import place  # noqa: F401
from test_get import CONTENT, field, get, partials, scripted, whole  # noqa: F401
from test_get_versions import dated, refusal_of

KILLS = int(os.environ.get('CORONET_KILLS', '20'))
LARGE = 6 << 20


def ranges_of(heads):
    return [field(head, 'Range') for head in heads if field(head, 'Range')]


def part_of(content, head, *lines):
    """A 206 whatever If-Range says."""
    first, _, last = field(head, 'Range')[6:].partition('-')
    first, last = int(first), int(last or len(content) - 1)
    return b'\r\n'.join([
        b'HTTP/1.1 206 x', b'Connection: close', *(line.encode() for line in lines),
        b'Content-Range: bytes %d-%d/%d' % (first, last, len(content)),
        b'Content-Length: %d' % (last - first + 1), b'', content[first:last + 1]])


class Ranged:
    """A file of one version after the other, in parts as they are asked for."""

    def __init__(self, content, etag='"one"'):
        self.content, self.etag = content, etag

    def answer(self, head, nth):
        asked, known = field(head, 'Range'), field(head, 'If-Range')
        etag = f'ETag: {self.etag}'
        if not asked or known != self.etag:
            return whole(self.content, 'Connection: close', etag)
        return part_of(self.content, head, etag)


@pytest.mark.parametrize('size, parts', [(0, 0), (1, 0), (500_000, 0), (524_288, 1), (900_000, 2),
                                         (LARGE, 3), (LARGE + 1, 3)])
def test_parts_are_got_at_once_and_make_the_file(scripted, here, size, parts):  # noqa: F811
    file = Ranged(os.urandom(size))
    one = scripted(file.answer)
    get('-s', 4, f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content and not partials(here)
    assert len(ranges_of(one.heads)) == parts
    assert {field(head, 'If-Range') for head in one.heads[1:]} <= {'"one"'}


def test_of_our_own_server(server, folder, here):
    content = os.urandom(LARGE)
    (folder / 'a').write_bytes(content)
    one = server('-4')
    get('-s', 16, f'{one.url}a', cwd=here)
    assert (here / 'a').read_bytes() == content


def test_a_server_without_parts_is_asked_for_the_whole(place, folder, here):  # noqa: F811
    """Python's ignores Range; its Last-Modified is a version when it is old."""
    content = os.urandom(LARGE)
    (folder / 'a').write_bytes(content)
    os.utime(folder / 'a', (1_700_000_000, 1_700_000_000))
    get('-s', 4, f'{place("python", folder)}a', cwd=here)
    assert (here / 'a').read_bytes() == content


@pytest.mark.parametrize('etag', ['W/"one"', ''])
def test_without_a_version_there_are_no_parts(scripted, here, etag):  # noqa: F811
    file = Ranged(os.urandom(LARGE), etag)
    one = scripted(file.answer)
    get('-s', 4, f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content and not ranges_of(one.heads)


def test_another_version_in_the_middle_is_never_mixed_in(scripted, here):  # noqa: F811
    old, new = Ranged(os.urandom(LARGE)), Ranged(os.urandom(LARGE), '"two"')
    one = scripted(lambda head, nth: (old if nth < 3 else new).answer(head, nth))
    _, said = get('-s', 4, f'{one.url}/a', cwd=here, code=9)
    assert 'another version' in said and not (here / 'a').exists()
    get('-s', 4, '-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == new.content


def test_parts_that_tell_another_date_are_never_mixed_in(scripted, here):  # noqa: F811
    old, new = os.urandom(LARGE), os.urandom(LARGE)
    one = scripted(lambda head, nth: part_of(new, head, dated('00:00:01'))
                   if field(head, 'Range') else
                   whole(old, 'Connection: close', dated('00:00:00')))
    _, said = get('-s', 4, f'{one.url}/a', cwd=here, code=9)
    assert 'another version' in said and not (here / 'a').exists()


def test_parts_that_do_not_show_their_version_are_not_taken(scripted, here):  # noqa: F811
    """RFC 9110 15.3.7: a 206 has the ETag that the 200 had."""
    old, new = Ranged(os.urandom(LARGE)), Ranged(os.urandom(LARGE), '"two"')
    one = scripted(lambda head, nth: part_of(new.content, head) if field(head, 'Range') else
                   (old if nth == 1 else new).answer(head, nth))
    get('-s', 4, f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == new.content


@pytest.mark.parametrize('status, code', [
    (401, 6), (403, 8), (404, 8), (429, 8), (500, 8), (503, 8)])
def test_a_part_that_is_refused_is_told_as_that(scripted, here, status, code):  # noqa: F811
    file = Ranged(os.urandom(LARGE))
    one = scripted(lambda head, nth: refusal_of(status) if field(head, 'Range') else
                   file.answer(head, nth))
    _, said = get('-s', 4, f'{one.url}/a', cwd=here, code=code)
    assert f'the server answered {status}' in said and not (here / 'a').exists()


def test_a_part_that_is_refused_is_asked_for_when_the_server_says(scripted, here):  # noqa: F811
    """500 is tried again only if the server says when; what is too far off is not waited for."""
    file = Ranged(os.urandom(LARGE))
    after = [0]
    one = scripted(lambda head, nth: refusal_of(500, f'Retry-After: {after[0]}')
                   if field(head, 'Range') and (after[0] or len(ranges_of(one.heads)) == 1) else
                   file.answer(head, nth))
    _, said = get('-s', 2, '--retries', 1, f'{one.url}/a', cwd=here)
    assert 'trying again' in said and (here / 'a').read_bytes() == file.content
    after[0] = 999
    _, said = get('-s', 2, '--retries', 1, f'{one.url}/b', cwd=here, code=8)
    assert 'trying again' not in said


def answer_with(status):
    def refuse(request):
        request.recv(65536)
        request.sendall(refusal_of(status, 'Connection: close'))
    return refuse


def reset(request):
    request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def limit(one, most, refuse):
    """No more connections at once: `refuse` is called with those. Returns whether there was one."""
    inside, lock, refused = [0], threading.Lock(), threading.Event()
    begin, end = one.server.process_request, one.server.shutdown_request

    def process_request(request, address):
        with lock:
            is_full = inside[0] == most
            inside[0] += not is_full
        if not is_full:
            begin(request, address)
            return
        refuse(request)
        request.close()
        refused.set()

    def shutdown_request(request):
        with lock:
            inside[0] -= 1
        end(request)
    one.server.process_request, one.server.shutdown_request = process_request, shutdown_request
    return refused


@pytest.mark.parametrize('refuse', [answer_with(503), answer_with(429), reset, lambda _: None])
@pytest.mark.parametrize('most', [1, 2])
def test_fewer_connections_than_parts_do(scripted, here, most, refuse):  # noqa: F811
    """Each part is under way until one of them has been refused."""
    file = Ranged(os.urandom(LARGE))
    one = scripted(lambda head, nth: (not field(head, 'Range') or refused.wait(PATIENCE)) and
                   file.answer(head, nth))
    refused = limit(one, most, refuse)
    told, _ = get('-s', 4, '--json', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content and not partials(here)
    assert json.loads(told)['status'] == 200 and refused.is_set()


def test_parts_that_are_missing_are_got_by_one_connection(scripted, here):  # noqa: F811
    """Of a file whose beginning is here; what told its version is given back, which a server may
    notice later than it is waited for."""
    file = Ranged(os.urandom(LARGE))
    cut = [1_000_000]
    one = scripted(lambda head, nth: file.answer(head, nth)[:None if nth == 1 else cut[0]])
    get('-s', 4, '--no-sync', f'{one.url}/a', cwd=here, code=9)
    cut[0] = None
    limit(one, 1, answer_with(503))
    get('-c', '-s', 4, '--retries', 2, f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content


@pytest.mark.parametrize('lie', [
    b'Content-Range: bytes 0-1/%d' % LARGE, b'X: y', b'Content-Range: bytes 1-2/*'])
def test_parts_that_are_none_are_not_taken(scripted, here, lie):  # noqa: F811
    """They are of the version, but not what was asked for: the server is asked for the whole."""
    file = Ranged(os.urandom(LARGE))
    two = b'HTTP/1.1 206 x\r\nETag: "one"\r\nContent-Length: 2\r\n' + lie + b'\r\n\r\nxx'
    one = scripted(lambda head, nth: two if field(head, 'Range') else file.answer(head, nth))
    get('-s', 4, f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content and not partials(here)
    assert len(one.heads) - len(ranges_of(one.heads)) == 2


@pytest.mark.parametrize('size', [b'%d' % LARGE, b'*'])
def test_parts_may_be_longer_than_asked_for(scripted, here, size):  # noqa: F811
    """RFC 9110 14.4: the size need not be known."""
    file = Ranged(os.urandom(LARGE))

    def answer(head, nth):
        if not field(head, 'Range'):
            return file.answer(head, nth)
        first = int(field(head, 'Range')[6:].partition('-')[0])
        return (b'HTTP/1.1 206 x\r\nConnection: close\r\nETag: "one"\r\n'
                b'Content-Range: bytes %d-%d/%s\r\nContent-Length: %d\r\n\r\n'
                % (first, LARGE - 1, size, LARGE - first)) + file.content[first:]
    one = scripted(answer)
    get('-s', 4, f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content
    assert len(one.heads) == 4


@pytest.mark.parametrize('words', [('-c',), ('-c', '-s', '2'), ('-c', '-s', '8')])
def test_what_was_cut_off_goes_on_in_all_parts(scripted, here, words):  # noqa: F811
    file = Ranged(os.urandom(LARGE))
    cut = [True]
    one = scripted(lambda head, nth: file.answer(head, nth)[:1_000_000 if cut[0] else None])
    get('-s', 4, f'{one.url}/a', cwd=here, code=9)
    assert len(partials(here)) == 1
    cut[0], before = False, len(one.heads)
    get(*words, f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content and not partials(here)
    assert len(ranges_of(one.heads[before:])) >= 3


def test_what_was_begun_without_parts_goes_on_in_parts(scripted, here):  # noqa: F811
    file = Ranged(os.urandom(LARGE))
    cut = [2_000_000]
    one = scripted(lambda head, nth: file.answer(head, nth)[:cut[0]])
    get('--no-sync', f'{one.url}/a', cwd=here, code=9)
    cut[0] = 700_000
    get('-c', '-s', 4, '--no-sync', f'{one.url}/a', cwd=here, code=9)
    assert len(partials(here)) == 1
    cut[0], before = None, len(one.heads)
    out, _ = get('-c', '--json', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content and not partials(here)
    assert json.loads(out)['resumed'] > 2_000_000
    assert len(ranges_of(one.heads[before:])) == 3


def test_a_torn_map_is_not_believed(scripted, here):  # noqa: F811
    file = Ranged(os.urandom(LARGE))
    cut = [True]
    one = scripted(lambda head, nth: file.answer(head, nth)[:1_000_000 if cut[0] else None])
    get('-s', 4, f'{one.url}/a', cwd=here, code=9)
    with open(partials(here)[0], 'r+b') as partial:
        partial.seek(LARGE + 24)
        partial.write(b'\xff')
    cut[0] = False
    get('-s', 4, '-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content


# ---- kills --------------------------------------------------------------------------------------

def change(folder, draw):
    """Another file in its place: other bytes, and another size, time or neither, to the second."""
    size = draw.choice((LARGE, LARGE, LARGE // 2, LARGE + 1))
    seconds = draw.choice((1_700_000_000, 1_700_000_001))
    (folder / 'new').write_bytes(draw.randbytes(size))
    os.utime(folder / 'new', ns=(0, seconds * 10**9 + draw.randrange(10**9)))
    os.rename(folder / 'new', folder / 'a')


def killed_at_any_point(folder, here, url):
    seed = random.randrange(1 << 32)
    print('seed', seed)
    draw = random.Random(seed)
    change(folder, draw)
    kinds = (), ('-s', '4'), ('-s', '3')
    syncs = (), ('--no-sync',)
    for _ in range(KILLS):
        if draw.random() < 0.25:
            change(folder, draw)
        process = subprocess.Popen(
            [CORONET, 'get', '-c', '--force', '--retries', '0', '--limit-rate', '20M',
             *draw.choice(kinds), *draw.choice(syncs), f'{url}a'], cwd=here, stderr=subprocess.PIPE)
        time.sleep(draw.random() * 0.4)  # the random point, no synchronisation
        if draw.random() < 0.2:
            change(folder, draw)
        process.kill()
        said = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode in (-9, 0) or said, process.returncode
    get('-c', '--force', *draw.choice(kinds), f'{url}a', cwd=here)
    assert (here / 'a').read_bytes() == (folder / 'a').read_bytes()
    eventually(lambda: not [name for name in os.listdir(here) if name.startswith('a.')])


def test_killed_at_any_point_it_ends_with_the_right_file(server, folder, here):
    killed_at_any_point(folder, here, server('-4').url)
