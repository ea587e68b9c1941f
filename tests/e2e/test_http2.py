# SPDX-License-Identifier: MIT
"""HTTP/2 with real clients, over TLS and in clear: what holds over HTTP/1 holds here, too."""

import hashlib
import io
import itertools
import json
import os
import signal
import struct
import subprocess
import tarfile

import pytest

from conftest import make_certificate as make, once, run

pytestmark = once('TLS is what it tries')

BIG = 30_000_000


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
    return make(tmp_path_factory.mktemp('pair'), 'localhost')


@pytest.fixture(params=['https', 'http'])
def site(request, server, pair):
    """site(*options) starts a server; its `curl` speaks HTTP/2 with it, by ALPN or in clear."""
    def start(*options, **rest):
        if request.param == 'http':
            one = server('-4', *options, **rest)
            speak = ('--http2-prior-knowledge',)
        else:
            one = server('-4', '--cert', pair[0], '--key', pair[1], *options, where=(),
                         https=('localhost:0',), **rest)
            speak = ('--http2', '--cacert', pair[0])
        one.base = f'{request.param}://localhost:{one.port}'
        one.curl = lambda target, *more, **how: run(
            'curl', '-sS', *speak, *more, one.base + target, **how).stdout
        return one
    return start


def open_folder(folder):
    folder.chmod(0o777)
    return folder


def test_files_heads_ranges_and_what_is_not_there(site, folder):
    (folder / 'a').write_text('hello')
    (folder / 'empty').write_text('')
    one = site()
    assert one.curl('/a') == b'hello'
    assert one.curl('/empty') == b''
    assert one.curl('/a', '-r', '1-2') == b'el'
    head = one.curl('/a', '-I')
    assert head.startswith(b'HTTP/2 200') and b'content-length: 5' in head
    assert b'connection' not in head and b'transfer-encoding' not in head
    assert one.curl('/none', '-o', '/dev/null', '-w', '%{http_code} %{http_version}') == b'404 2'
    assert one.curl('/a', '-H', 'If-None-Match: *', '-w', '%{http_code}') == b'304'
    log = one.stop()
    assert '"GET /a HTTP/2.0" 200 5 ' in log and log.count('\n') >= 6


def test_large_files_go_out_and_come_in(site, folder, tmp_path):
    open_folder(folder)
    bytes_ = os.urandom(BIG)
    digest = hashlib.sha256(bytes_).digest()
    (folder / 'big').write_bytes(bytes_)
    (tmp_path / 'source').write_bytes(bytes_)
    one = site('--anonymous-write', '--no-sync')
    assert hashlib.sha256(one.curl('/big')).digest() == digest
    one.curl('/new', '-T', tmp_path / 'source')
    assert hashlib.sha256((folder / 'new').read_bytes()).digest() == digest
    one.curl('/?upload', '-F', f'file=@{tmp_path / "source"};filename=form')
    assert hashlib.sha256((folder / 'form').read_bytes()).digest() == digest


def test_a_file_that_is_not_in_the_page_cache(site, folder):
    bytes_ = os.urandom(BIG)
    with open(folder / 'cold', 'wb') as file:
        file.write(bytes_)
        os.fsync(file)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    assert hashlib.sha256(site().curl('/cold')).digest() == hashlib.sha256(bytes_).digest()


def test_a_body_of_unknown_size(site, folder):
    open_folder(folder)
    one = site('--anonymous-write')
    one.curl('/new', '-T', '-', input=b'x' * 100_000)
    assert (folder / 'new').read_bytes() == b'x' * 100_000


def test_a_refused_upload_is_told_why(site, folder, tmp_path):
    (tmp_path / 'source').write_bytes(b'x' * 5_000_000)
    one = site()
    told = one.curl('/new', '-T', tmp_path / 'source', '-o', '/dev/null', '-w', '%{http_code}')
    assert told == b'413'


def test_listings_and_archives(site, folder):
    (folder / 'sub').mkdir()
    for i in range(500):
        (folder / 'sub' / f'file-{i}').write_text(str(i))
    one = site('--archive')
    assert one.curl('/sub/').count(b'file-') >= 500
    assert len(json.loads(one.curl('/sub/', '-H', 'Accept: application/json'))) > 0
    with tarfile.open(fileobj=io.BytesIO(one.curl('/sub/?archive=tar'))) as tar:
        assert sum(member.isfile() for member in tar) == 500


def test_accounts(site, folder):
    (folder / 'a').write_text('hello')
    one = site('--no-anonymous', '--user', 'ann:secret', '--login-delay', '0')
    code = ('-o', '/dev/null', '-w', '%{http_code}')
    assert one.curl('/a', *code) == b'401'
    assert one.curl('/a', '-u', 'ann:secret') == b'hello'
    assert one.curl('/a', '-u', 'ann:wrong', *code) == b'401'


def test_many_requests_by_h2load(site, folder):
    (folder / 'a').write_text('x' * 1000)
    one = site('--log', 'none')
    told = run('h2load', '-n', '2000', '-c', '4', '-m', '32', one.base + '/a').stdout
    assert b'2000 succeeded, 0 failed' in told


def test_nghttp_asks_for_several_at_once(site, folder):
    (folder / 'a').write_text('hello')
    (folder / 'b').write_bytes(b'b' * 300_000)
    one = site()
    told = run('nghttp', '-ns', one.base + '/a', one.base + '/b').stdout
    assert told.count(b' 200 ') == 2


def test_a_rate_holds_for_the_connection(site, folder):
    (folder / 'a').write_bytes(b'x' * 600_000)
    one = site('--limit-rate', '400000')
    took = float(one.curl('/a', '-o', '/dev/null', '-w', '%{time_total}'))
    assert took > 0.9


def test_a_drain_finishes_what_is_at_work(site, folder):
    (folder / 'a').write_bytes(b'x' * 600_000)
    one = site('--limit-rate', '300000')
    with subprocess.Popen(['curl', '-sSk', '--http2-prior-knowledge' if one.base[4] == ':'
                           else '--http2', one.base + '/a'], stdout=subprocess.PIPE) as client:
        assert client.stdout.read(1000) == b'x' * 1000
        one.signal(signal.SIGTERM)
        assert len(client.stdout.read()) == 599_000
        assert client.wait() == 0
    one.ended()


# ---- priorities, by frames of our own ----------------------------------------------------------


DATA, HEADERS, SETTINGS, WINDOW_UPDATE, PRIORITY_UPDATE = 0, 1, 4, 8, 16
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + struct.pack('>BBI', kind, flags, stream) + payload


def request(stream, path, priority):
    fields = {':method': 'GET', ':scheme': 'http', ':authority': 'a', ':path': path}
    if priority:
        fields['priority'] = priority
    block = b''.join(b'\0' + b''.join(bytes([len(text)]) + text.encode() for text in field)
                     for field in fields.items())
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, block)


def updates(priorities):
    """RFC 9218 7.1, for each stream in the dictionary."""
    return b''.join(frame(PRIORITY_UPDATE, 0, 0, struct.pack('>I', stream) + priority.encode())
                    for stream, priority in priorities.items())


def frames(connection):
    """The kind, flags and stream of each frame, and the size of its payload."""
    with connection.makefile('rb') as file:
        while head := file.read(9):
            size = int.from_bytes(head[:3], 'big')
            file.read(size)
            yield head[3], head[4], int.from_bytes(head[5:], 'big'), size


def arrivals(one, priorities, before={}, later={}):
    """The streams that data came on, once the window has opened for the files of all of them: with
    priorities that are updated before the requests, or while they wait for it."""
    streams = range(1, 2 * len(priorities), 2)
    with one.connect() as connection:
        connection.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' +
                           frame(SETTINGS, 0, 0, struct.pack('>HI', 4, 1 << 24)) +
                           updates(before) +
                           b''.join(map(request, streams, ['/big'] * 9, priorities)))
        window, left, came = 65535, len(streams), []
        for kind, flags, stream, size in frames(connection):
            if kind != DATA:
                continue
            if window == 0:
                came.append(stream)
                left -= flags & END_STREAM
                if left == 0:
                    return came
                continue
            window -= size
            if window == 0:
                connection.sendall(updates(later) +
                                   frame(WINDOW_UPDATE, 0, 0, struct.pack('>I', 1 << 24)))


def test_files_come_in_the_order_of_their_urgency_rfc9218(server, folder):
    (folder / 'big').write_bytes(os.urandom(500_000))
    came = arrivals(server('-4'), ['u=3', 'u=7', 'u=0'])
    assert [stream for stream, _ in itertools.groupby(came)] == [5, 1, 3]
    came = arrivals(server('-4'), ['u=3, i', 'u=3, i'])
    assert len(list(itertools.groupby(came))) > 10  # in turns


@pytest.mark.parametrize('when', ['before', 'later'])
def test_an_update_changes_the_order_rfc9218_7(server, folder, when):
    (folder / 'big').write_bytes(os.urandom(500_000))
    came = arrivals(server('-4'), [None, None, None], **{when: {5: 'u=0', 1: 'u=7'}})
    assert [stream for stream, _ in itertools.groupby(came)] == [5, 3, 1]


def test_without_http2(server, pair, folder):
    (folder / 'a').write_text('hello')
    one = server('-4', '--no-http2', '--cert', pair[0], '--key', pair[1], https=('localhost:0',))
    secure = one.urls[1].rstrip('/')
    told = run('curl', '-sS', '--http2', '-k', '-w', ' %{http_version}', secure + '/a').stdout
    assert told == b'hello 1.1'


def test_a_redirect_to_https(server, pair, folder):
    one = server('-4', '--redirect-https', '--cert', pair[0], '--key', pair[1],
                 https=('localhost:0',))
    told = run('curl', '-sS', '--http2-prior-knowledge', '-o', '/dev/null', '-w',
               '%{http_code} %{redirect_url}', one.url + 'a').stdout.decode()
    assert told.startswith('308 https://') and told.endswith('/a')
