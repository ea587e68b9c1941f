# SPDX-License-Identifier: MIT
"""`coronet get`: names, resumption by version, redirections, retries, exit codes; against
`coronet serve`, nginx, Python's server and servers of the tests' own that do wrong."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import socketserver
import subprocess
import threading

import pytest

from conftest import (
    CORONET, PATIENCE, Process, coronet, eventually, in_background, make_certificate, once, run)

CONTENT = bytes(range(256)) * 4096


class Scripted:
    """A server whose responses come from a function: (head, nth) -> bytes, then the end."""

    def __init__(self, answer):
        self.heads = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while True:
                    head = b''
                    while line := self.rfile.readline():
                        head += line
                        if line == b'\r\n':
                            break
                    if not head.endswith(b'\r\n\r\n'):
                        return
                    outer.heads.append(head.decode())
                    reply = answer(outer.heads[-1], len(outer.heads))
                    with contextlib.suppress(OSError):
                        self.wfile.write(reply)
                    if b'Connection: close' in reply or b'Content-Length' not in reply:
                        return

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d' % self.server.server_address[1]
        in_background(self.server)


@pytest.fixture
def scripted():
    servers = []

    def start(answer):
        servers.append(Scripted(answer))
        return servers[-1]
    yield start
    for one in servers:
        one.server.shutdown()
        one.server.server_close()


def get(*words, code=0, **options):
    """Runs it; (stdout as bytes, stderr as text)."""
    done = run(CORONET, 'get', '--retries', 0, *words, code=code, stdin=subprocess.DEVNULL,
               **options)
    return done.stdout, done.stderr.decode()


def field(head, name):
    for line in head.split('\r\n'):
        key, _, value = line.partition(': ')
        if key.lower() == name.lower():
            return value
    return None


def whole(content, *lines):
    return b'\r\n'.join([b'HTTP/1.1 200 OK', b'Content-Length: %d' % len(content),
                         *(line.encode() for line in lines), b'', content])


def partials(folder):
    return [path for path in folder.iterdir() if path.name.endswith('.part')]


# ---- names --------------------------------------------------------------------------------------

def test_a_file_gets_the_urls_last_name(server, folder, here):
    (folder / 'a b\u00e9.txt').write_bytes(CONTENT)
    one = server('-4')
    get(f'{one.url}a%20b%C3%A9.txt', cwd=here)
    assert (here / 'a b\u00e9.txt').read_bytes() == CONTENT
    assert not partials(here)


def test_a_folder_is_an_index_page(server, folder, here):
    get(server('-4').url, cwd=here)
    assert b'<html' in (here / 'index.html').read_bytes()


@pytest.mark.parametrize('path', ['.bashrc', 'x%2F..', 'a%00b', 'a%0Ab', 'a%1B%5B2J',
                                  'n' * 256])
def test_unsafe_names_are_refused_c06(scripted, here, path):
    one = scripted(lambda head, nth: whole(b'x'))
    _, said = get(f'{one.url}/{path}', cwd=here, code=11)
    assert '-o' in said and '\x1b' not in said
    assert not list(here.iterdir()) and not one.heads


def test_a_redirection_does_not_choose_the_name_c06(scripted, here):
    one = scripted(lambda head, nth: whole(b'x') if '/evil' in head else
                   b'HTTP/1.1 302 Found\r\nLocation: /evil.sh\r\nContent-Length: 0\r\n\r\n')
    get(f'{one.url}/wanted', cwd=here)
    assert [path.name for path in here.iterdir()] == ['wanted']


@pytest.mark.parametrize('body', [b'2     \r\nhi\r\n0 \r\n\r\n', b'2\nhi\n0\nA: b\n\n'])
def test_chunks_may_be_as_old_servers_write_them(scripted, here, body):
    one = scripted(lambda head, nth:
                   b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' + body)
    get(f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == b'hi'


def test_files_that_are_there_stay_unless_forced(scripted, here):
    one = scripted(lambda head, nth: whole(b'new'))
    (here / 'a').write_text('old')
    _, said = get(f'{one.url}/a', cwd=here, code=3)
    assert '--force' in said and not one.heads
    assert (here / 'a').read_text() == 'old'
    get('--force', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_text() == 'new'


def test_output_and_folder_choose_the_place(scripted, here):
    one = scripted(lambda head, nth: whole(b'x'))
    (here / 'sub').mkdir()
    get('-o', here / 'sub' / 'name', f'{one.url}/a')
    get('-P', here / 'sub', f'{one.url}/b', f'{one.url}/c')
    assert sorted(os.listdir(here / 'sub')) == ['b', 'c', 'name']
    assert get('-o', '-', f'{one.url}/d', f'{one.url}/e')[0] == b'xx'
    get('-o', 'x', f'{one.url}/a', f'{one.url}/b', code=2)
    get('-P', here / 'none', f'{one.url}/a', code=3)


# ---- versions -----------------------------------------------------------------------------------

class Versions:
    """A file of several versions; each response may be cut off."""

    def __init__(self, *lines):
        self.content, self.lines, self.cut = CONTENT, lines, None

    def answer(self, head, nth):
        start = int((field(head, 'Range') or 'bytes=0-')[6:-1])
        known = field(head, 'If-Range')
        if start and (not known or any(known in line for line in self.lines)):
            size = len(self.content)
            reply = b'\r\n'.join([
                b'HTTP/1.1 206 Partial Content',
                b'Content-Range: bytes %d-%d/%d' % (start, size - 1, size),
                b'Content-Length: %d' % (size - start), b'Connection: close',
                *(line.encode() for line in self.lines), b'', self.content[start:]])
        else:
            reply = whole(self.content, 'Connection: close', *self.lines)
        return reply[:self.cut]


def dated(time):
    return (f'Last-Modified: Sat, 01 Jan 2022 {time} GMT\r\n'
            'Date: Sat, 01 Jan 2022 01:00:00 GMT')


@pytest.mark.parametrize('lines', [
    (), ('Content-Encoding: identity',), ('Content-Encoding: None', 'Content-Encoding:')])
def test_what_was_cut_off_goes_on(scripted, here, lines):
    file = Versions('ETag: "one"', *lines)
    one = scripted(file.answer)
    file.cut = 400000
    _, said = get(f'{one.url}/a', cwd=here, code=9)
    assert 'before all data' in said
    assert not (here / 'a').exists() and len(partials(here)) == 1
    file.cut = None
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT and not partials(here)
    assert int(field(one.heads[-1], 'Range')[6:-1]) > 300000
    assert field(one.heads[-1], 'If-Range') == '"one"'


@pytest.mark.parametrize('old, new', [
    ('ETag: "one"', 'ETag: "two"'),
    ('ETag: W/"one"', 'ETag: W/"one"'),
    ('X: y', 'X: y'),
    ('Last-Modified: Sat, 01 Jan 2022 00:00:00 GMT\r\nDate: Sat, 01 Jan 2022 00:00:09 GMT',
     'Last-Modified: Sat, 01 Jan 2022 00:00:00 GMT\r\nDate: Sat, 01 Jan 2022 00:00:09 GMT'),
    (dated('00:00:00'), dated('00:00:01'))])
def test_versions_are_never_spliced(scripted, here, old, new):
    file = Versions(old)
    one = scripted(file.answer)
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut, file.content, file.lines = None, CONTENT[::-1], (new,)
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT[::-1]
    assert not any(field(head, 'Range') for head in one.heads)


@pytest.mark.parametrize('lie', [
    b'HTTP/1.1 206 x\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nxxxxx',
    b'HTTP/1.1 206 x\r\nContent-Length: 5\r\n\r\nxxxxx',
    b'HTTP/1.1 416 x\r\nContent-Length: 0\r\n\r\n'])
def test_a_rest_that_does_not_fit_is_not_taken(scripted, here, lie):
    file = Versions('ETag: "one"')
    one = scripted(lambda head, nth: lie if field(head, 'Range') else file.answer(head, nth))
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut = None
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT


def cut_and_gone_on(file, one, here):
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut = None
    get('-c', f'{one.url}/a', cwd=here)


@pytest.mark.parametrize('old, new', [
    (dated('00:00:00'), dated('00:00:01')), ('ETag: "one"', 'X: y'),
    ('ETag: "one"', 'ETag: "two"'), ('ETag: "one"', 'ETag: W/"one"')])
def test_a_rest_that_does_not_show_its_version_is_not_taken(scripted, here, old, new):
    """Of a server that does not know If-Range, or of another mirror."""
    file = Versions(old)

    def answer(head, nth):
        if field(head, 'Range'):
            file.content, file.lines = CONTENT[::-1], (new,)
        return file.answer(head.replace('If-Range', 'X'), nth)
    one = scripted(answer)
    cut_and_gone_on(file, one, here)
    assert (here / 'a').read_bytes() == CONTENT[::-1]
    assert any(field(head, 'Range') for head in one.heads)


def test_a_rest_need_not_repeat_the_date(scripted, here):
    file = Versions(dated('00:00:00'))

    def answer(head, nth):
        if field(head, 'Range'):
            file.lines = ()
        return file.answer(head.replace('If-Range', 'X'), nth)
    one = scripted(answer)
    cut_and_gone_on(file, one, here)
    assert (here / 'a').read_bytes() == CONTENT
    assert field(one.heads[-1], 'Range')


def rest_of(content, head, lines, body):
    first = int(field(head, 'Range')[6:-1])
    return b'\r\n'.join([
        b'HTTP/1.1 206 x', b'Connection: close', b'ETag: "one"',
        b'Content-Range: bytes %d-%d/%d' % (first, len(content) - 1, len(content)),
        *lines, b'', body(content[first:])])


@pytest.mark.parametrize('framed', [True, False])
def test_a_rest_that_is_shorter_than_it_says_is_gone_on_from(scripted, here, framed):
    """Its Content-Length, or the connection's end, agrees with what came; its Content-Range does
    not (RFC 9110 14.4)."""
    file = Versions('ETag: "one"')
    length = [b'Content-Length: 1000'] if framed else []
    one = scripted(lambda head, nth: rest_of(CONTENT, head, length, lambda rest: rest[:1000])
                   if nth == 3 else file.answer(head, nth))
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut = None
    begun = partials(here)[0].stat().st_size
    _, said = get('-c', f'{one.url}/a', cwd=here, code=9)
    assert 'before all data' in said and not (here / 'a').exists()
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT
    assert field(one.heads[-1], 'Range') == f'bytes={begun + 1000}-'


def test_a_rest_that_is_longer_than_it_says_is_no_file(scripted, here):
    file = Versions('ETag: "one"')
    one = scripted(lambda head, nth: rest_of(CONTENT, head, [], lambda rest: rest + b'more')
                   if nth == 3 else file.answer(head, nth))
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut = None
    _, said = get('-c', f'{one.url}/a', cwd=here, code=7)
    assert 'kept' not in said and not list(here.iterdir())
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT


class Refusing(Versions):
    """Requests for a rest have this answer, if any."""

    refusal = None

    def answer(self, head, nth):
        return self.refusal if self.refusal and field(head, 'Range') else super().answer(head, nth)


def refusal_of(status, *lines):
    return '\r\n'.join([f'HTTP/1.1 {status} x', *lines, 'Content-Length: 0', '', '']).encode()


@pytest.mark.parametrize('status', [429, 500, 503])
def test_a_failure_of_the_moment_keeps_what_there_is(scripted, here, status):
    file = Refusing('ETag: "one"')
    one = scripted(file.answer)
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    before = [path.stat().st_size for path in partials(here)]
    file.cut, file.refusal = None, refusal_of(status)
    _, said = get('-c', f'{one.url}/a', cwd=here, code=8)
    assert str(status) in said and 'are kept' in said
    assert [path.stat().st_size for path in partials(here)] == before
    file.refusal = None
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT
    assert field(one.heads[-1], 'Range') == f'bytes={before[0]}-'


def test_the_rest_is_asked_for_again_when_the_server_says(scripted, here):
    """500 is tried again only if the server says when."""
    file = Refusing('ETag: "one"')
    one = scripted(lambda head, nth: refusal_of(500, 'Retry-After: 0')
                   if field(head, 'Range') and nth < 4 else file.answer(head, nth))
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut = None
    get('--retries', 1, '-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT
    assert len(one.heads) == 5 and field(one.heads[-1], 'Range')


@pytest.mark.parametrize('status', [400, 403, 416])
def test_who_gives_no_rest_is_asked_for_the_whole(scripted, here, status):
    file = Refusing('ETag: "one"')
    one = scripted(file.answer)
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut, file.refusal = None, refusal_of(status)
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT


def test_the_rest_is_asked_for_when_no_other_response_is_open(scripted, here):
    """There are servers that let each client have one connection."""
    file, ended, alone = Versions('ETag: "one"'), threading.Event(), []
    file.content = CONTENT * 16  # more than sockets hold

    def answer(head, nth):
        if field(head, 'Range'):
            alone.append(ended.wait(PATIENCE))
        return file.answer(head, nth)
    one = scripted(answer)
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut, end = None, one.server.shutdown_request
    one.server.shutdown_request = lambda request: (ended.set(), end(request))
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content and alone == [True]


def test_a_change_between_the_two_requests_is_seen(scripted, here):
    file = Versions('ETag: "one"')

    def answer(head, nth):
        if field(head, 'Range'):
            file.content, file.lines = CONTENT[::-1], ('ETag: "two"',)
        return file.answer(head, nth)
    one = scripted(answer)
    cut_and_gone_on(file, one, here)
    content = (here / 'a').read_bytes()
    assert content in (CONTENT, CONTENT[::-1])


def test_killed_at_any_point_it_goes_on_rightly(server, folder, here):
    content = os.urandom(8 << 20)
    (folder / 'large').write_bytes(content)
    one = server('-4')
    for i in range(5):
        process = subprocess.Popen([CORONET, 'get', '-c', '--limit-rate', '4M',
                                    *(['--no-sync'] if i % 2 else []), f'{one.url}large'],
                                   cwd=here, stderr=subprocess.PIPE)
        before = sum(path.stat().st_size for path in partials(here))
        eventually(lambda: process.poll() is not None or
                   sum(path.stat().st_size for path in partials(here)) > before + 100000)
        process.kill()
        process.wait(timeout=PATIENCE)
    get('-c', f'{one.url}large', cwd=here)
    assert (here / 'large').read_bytes() == content


def test_an_interrupt_leaves_a_partial_and_says_so_by_its_code(server, folder, here):
    (folder / 'large').write_bytes(bytes(8 << 20))
    one = server('-4')
    process = Process(CORONET, 'get', '--limit-rate', '1M', f'{one.url}large', cwd=here,
                      stdout=subprocess.DEVNULL)
    eventually(lambda: partials(here) and partials(here)[0].stat().st_size > 0)
    process.signal(signal.SIGINT)
    assert process.wait() == 130
    assert partials(here) and not (here / 'large').exists()


# ---- redirections -------------------------------------------------------------------------------

def test_redirections_are_followed_and_end(scripted, here):
    def answer(head, nth):
        hop = int(head.split()[1].strip('/'))
        if hop == 0:
            return whole(b'there')
        return (f'HTTP/1.1 301 x\r\nLocation: {hop - 1}\r\nContent-Length: 3\r\n\r\nabc').encode()
    one = scripted(answer)
    assert get('-o', '-', f'{one.url}/20')[0] == b'there'
    _, said = get('-o', '-', f'{one.url}/21', code=7)
    assert 'redirected' in said
    get('-o', '-', '--max-redirects', 0, f'{one.url}/1', code=8)


@pytest.mark.parametrize('where', ['file:///etc/passwd', 'ftp://127.0.0.1/', 'gopher://x/',
                                   'http://h\\@g/', 'http://', 'data:,x'])
def test_redirections_elsewhere_are_refused_c16(scripted, here, where):
    one = scripted(lambda head, nth:
                   f'HTTP/1.1 302 x\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n'.encode())
    get('-o', '-', f'{one.url}/', code=7)


def test_secrets_stay_with_the_place_that_they_were_given_for_c01(scripted, here):
    there = scripted(lambda head, nth: whole(b'x'))
    one = scripted(lambda head, nth: whole(b'y') if '/same' in head else
                   f'HTTP/1.1 302 x\r\nLocation: {"/same" if "/here" in head else there.url}\r\n'
                   'Content-Length: 0\r\n\r\n'.encode())
    words = ('--user', 'ann:secret', '--header', 'X-Key: k', '-o', '-')
    get(*words, f'{one.url}/here')
    assert [bool(field(head, 'Authorization') and field(head, 'X-Key'))
            for head in one.heads] == [True, True]
    get('-o', '-', f'{one.url}/here'.replace('://', '://ann:se%40cret@'))
    assert [field(head, 'Authorization') for head in one.heads[2:]] == [
        'Basic YW5uOnNlQGNyZXQ='] * 2
    get(*words, f'{one.url}/away')
    assert field(there.heads[0], 'Authorization') is None
    assert field(there.heads[0], 'X-Key') is None


# ---- what goes wrong ----------------------------------------------------------------------------

def test_exit_codes(scripted, here):
    def answer(head, nth):
        status = head.split()[1].strip('/')
        return f'HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n'.encode()
    one = scripted(answer)
    for status, code in (('404', 8), ('500', 8), ('403', 8), ('401', 6)):
        get(f'{one.url}/{status}', cwd=here, code=code)
    with socket.create_server(('127.0.0.1', 0)) as closed:
        port = closed.getsockname()[1]
    get(f'http://127.0.0.1:{port}/', cwd=here, code=4)
    get('http://no-such-name.invalid/', cwd=here, code=4)
    get('http:nonsense', cwd=here, code=2)
    get(cwd=here, code=2)
    assert not list(here.iterdir())


@pytest.mark.parametrize('reply, code', [
    (b'', 9), (b'HTTP/1.1 200', 9), (b'220 ftp ready\r\n', 7),
    (b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!', 7),
    (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel', 9),
    (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 7),
    (b'HTTP/1.1 101 x\r\n\r\n', 7), (b'HTTP/1.1 100 x\r\n\r\n' * 100, 7)])
def test_responses_that_are_none(scripted, here, reply, code):
    one = scripted(lambda head, nth: reply)
    get(f'{one.url}/a', cwd=here, code=code)
    assert not (here / 'a').exists()


def test_bodies_of_every_framing(scripted, here):
    replies = {
        '/length': whole(b'hello'),
        '/chunks': b'HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n'
                   b'3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: u\r\n\r\n',
        '/both': b'HTTP/1.1 200 x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'
                 b'5\r\nhello\r\n0\r\n\r\n',
        '/end': b'HTTP/1.0 200 x\r\n\r\nhello',
        '/early': b'HTTP/1.1 103 x\r\nLink: y\r\n\r\n' + whole(b'hello'),
        '/empty': whole(b''),
    }
    one = scripted(lambda head, nth: replies[head.split()[1]])
    for name in replies:
        expected = b'' if name == '/empty' else b'hello'
        assert get('-o', '-', one.url + name)[0] == expected


def test_it_tries_again_where_that_may_help(scripted, here):
    file = Versions('ETag: "one"')

    def answer(head, nth):
        file.cut = 400000 if nth == 2 else None
        return b'HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n' if nth == 1 else \
            file.answer(head, nth)
    one = scripted(answer)
    _, said = get('--retries', 3, f'{one.url}/a', cwd=here)
    assert said.count('trying again') == 2
    assert (here / 'a').read_bytes() == CONTENT


def test_a_kept_connection_that_was_closed_is_replaced(scripted, here):
    """The server closes after each response without having said so."""
    one = scripted(lambda head, nth: whole(b'x', 'Connection: keep-alive'))
    get('--jobs', 1, '-P', here, *(f'{one.url}/{i}' for i in range(5)))
    assert len(list(here.iterdir())) == 5


def test_connections_are_kept(server, folder, here):
    for i in range(50):
        (folder / f'f{i}').write_text(str(i))
    one = server('-4', '--max-per-address', '4')
    get('--jobs', 4, '--no-sync', '-P', here, *(f'{one.url}f{i}' for i in range(50)))
    assert len(list(here.iterdir())) == 50


@pytest.mark.parametrize('limit', ['1K', '1k'])
def test_units_of_bytes_have_no_case(scripted, here, limit):
    one = scripted(lambda head, nth: whole(CONTENT[:1024 if '/a' in head else 1025]))
    get('--max-size', limit, f'{one.url}/a', cwd=here)
    get('--max-size', limit, f'{one.url}/b', cwd=here, code=11)


def test_limits(scripted, here):
    one = scripted(lambda head, nth: whole(bytes(1000)) if '/sized' in head else
                   b'HTTP/1.0 200 x\r\n\r\n' + bytes(1000))
    for path in ('sized', 'endless'):
        get('--max-size', 999, f'{one.url}/{path}', cwd=here, code=11)
        get('--max-size', 1000, f'{one.url}/{path}', cwd=here)
    silent = socket.create_server(('127.0.0.1', 0))
    url = 'http://127.0.0.1:%d/' % silent.getsockname()[1]
    get('--max-time', '0.2', url, cwd=here, code=10)
    get('--timeout', '0.2', url, cwd=here, code=4)
    silent.close()


def test_json_has_the_code_that_the_command_ends_with():
    with socket.create_server(('127.0.0.1', 0)) as silent:
        url = 'http://127.0.0.1:%d/' % silent.getsockname()[1]
        told = json.loads(get('--json', '--max-time', '0.2', '-o', '-', url, code=10)[0])
        assert (told['code'], told['error']) == (10, '--max-time is over')
        silent.accept()[0].close()
        with subprocess.Popen([CORONET, 'get', '--json', '-o', '-', url],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            peer = silent.accept()[0]
            process.send_signal(signal.SIGINT)
            assert json.loads(process.stdout.read())['code'] == process.wait() == 130
            peer.close()


def test_targets_that_cannot_be_written(scripted, here):
    one = scripted(lambda head, nth: whole(b'x'))
    (here / 'a').mkdir()
    get('--force', f'{one.url}/a', cwd=here, code=3)
    get('-o', here / 'none' / 'b', f'{one.url}/b', code=3)
    with open('/dev/full', 'w') as full:
        done = subprocess.run([CORONET, 'get', '-o', '-', f'{one.url}/a'], stdout=full,
                              stderr=subprocess.PIPE, timeout=PATIENCE)
    assert done.returncode == 3


# ---- TLS ----------------------------------------------------------------------------------------

@once('it says itself whom to trust')
def test_https_trusts_whom_it_is_told_to(server, folder, here):
    (folder / 'a').write_bytes(CONTENT)
    cert, key = make_certificate(here, 'one')
    one = server('-4', '--cert', cert, '--key', key, https=['127.0.0.1:0'])
    url = f'{one.urls[-1]}a'
    _, said = get(url, cwd=here, code=5)
    assert 'self-signed' in said and not (here / 'a').exists()
    get('--cacert', cert, url, cwd=here)
    digest = hashlib.sha256((here / 'a').read_bytes()).digest()
    assert digest == hashlib.sha256(CONTENT).digest()
    _, said = get('--insecure', '--force', url, cwd=here)
    assert '--insecure' in said


@once('it says itself whom to trust')
def test_checks_are_switched_off_aloud_each_time_and_never_for_good_t06(server, folder, here):
    (folder / 'a').write_bytes(CONTENT)
    cert, key = make_certificate(here, 'one')
    one = server('-4', '--cert', cert, '--key', key, https=['127.0.0.1:0'])
    url = f'{one.urls[-1]}a'
    for _ in range(2):
        _, said = get('-q', '--insecure', '-o', '-', url, cwd=here)
        assert said.count('--insecure: any server is believed') == 1
        _, said = get('-q', '-o', '-', url, cwd=here, code=5)
        assert '--insecure' not in said


@once('it says itself whom to trust')
def test_keys_are_logged_where_that_is_asked_for(server, folder, here):
    cert, key = make_certificate(here, 'one')
    one = server('-4', '--cert', cert, '--key', key, https=['127.0.0.1:0'])
    log = here / 'keys'
    _, said = get('--cacert', cert, '-o', '-', one.urls[-1],
                  env=dict(os.environ, SSLKEYLOGFILE=str(log)))
    assert 'SSLKEYLOGFILE' in said
    assert log.read_text().startswith(('CLIENT_', 'SERVER_')) and log.stat().st_mode & 0o77 == 0


@once('it says itself whom to trust')
def test_a_name_that_is_not_the_servers_is_refused(server, folder, here):
    cert, key = make_certificate(here, 'one', alt='DNS:elsewhere.example')
    one = server('-4', '--cert', cert, '--key', key, https=['127.0.0.1:0'])
    get('--cacert', cert, one.urls[-1], cwd=here, code=5)


def test_help_teaches(here):
    text = coronet('get', '--help')[0]
    assert 'coronet get -c' in text and '--cacert' in text
