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

import pytest

from conftest import (
    CORONET, PATIENCE, coronet, in_background, make_certificate, once, run)

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
    assert ': a is here already (--force ' in said and not one.heads
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


def test_https_where_there_is_none_is_told_as_that(server, here):
    one = server(ftp=['127.0.0.1:0'])  # which greets in clear
    _, said = get(f'https://{one.ftp_host}:{one.ftp_port}/a', cwd=here, code=5)
    assert 'no TLS connection: what came is no TLS (is it the right port?)' in said


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
