# SPDX-License-Identifier: MIT
"""`coronet put`: to `coronet serve`, to nginx with WebDAV, and to servers that do wrong."""

import http.server
import json
import os
import re
import socket
import subprocess
import threading

import pytest

from conftest import CORONET, PATIENCE, coronet, eventually, in_background, run
from places import place  # noqa: F401
from test_get import field, scripted  # noqa: F401

USER = ('--user', 'ann:good-secret')
LARGE = 8 << 20


def put(*words, code=0, **options):
    """Runs it; (stdout, stderr) as text."""
    options.setdefault('stdin', subprocess.DEVNULL)
    done = run(CORONET, 'put', '--retries', 0, *words, code=code, **options)
    return done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def writable(server, folder):
    """A server that takes files from everybody into `folder`."""
    folder.chmod(0o777)
    return lambda *words: server('-4', *(words or ('--anonymous-write',)))


def partials(folder):
    return [path for path in folder.iterdir() if path.name.endswith('.part')]


# ---- files and names ----------------------------------------------------------------------------

@pytest.mark.parametrize('size', [0, 1, 127 << 10, 128 << 10, 300_001])
def test_a_file_keeps_its_name_in_a_folder(writable, folder, here, size):
    one = writable()
    (here / 'a b%\u00e9').write_bytes(os.urandom(size))
    put(here / 'a b%\u00e9', one.url)
    assert (folder / 'a b%\u00e9').read_bytes() == (here / 'a b%\u00e9').read_bytes()


def test_one_file_gets_the_urls_name(writable, folder, here):
    one = writable()
    (here / 'a').write_text('x')
    put(here / 'a', f'{one.url}new%20name')
    assert (folder / 'new name').read_text() == 'x'
    put(here / 'a', here / 'a', f'{one.url}new', code=2)


def test_a_file_that_does_not_tell_its_size_is_sent_whole(writable, folder, here):
    one = writable()
    put('/proc/version', one.url)
    with open('/proc/version', 'rb') as file:
        assert (folder / 'version').read_bytes() == file.read() != b''


def test_standard_input_needs_a_name(writable, folder, here):
    one = writable()
    content = os.urandom(1 << 20)
    put('-', f'{one.url}piped', input=content, stdin=None)
    assert (folder / 'piped').read_bytes() == content
    (here / 'a').write_bytes(content)
    with open(here / 'a', 'rb') as file:
        put('-', f'{one.url}redirected', stdin=file)
    assert (folder / 'redirected').read_bytes() == content
    put('-', one.url, code=2)


@pytest.mark.parametrize('size', [0, 5, 3_000_000])
def test_json_says_how_many_bytes_went(writable, folder, here, size):
    one = writable()
    (here / 'a').write_bytes(bytes(size))
    with open(here / 'a', 'rb') as file:
        said = [put('--json', here / 'a', one.url)[0],
                put('--json', '-', f'{one.url}redirected', stdin=file)[0],
                put('--json', '-', f'{one.url}piped', stdin=None, input=bytes(size))[0]]
    assert [json.loads(line)['bytes'] for line in said] == [size] * 3


def test_many_files_use_few_connections(writable, folder, here):
    one = writable()
    names = [f'f{i}' for i in range(300)]
    for name in names:
        (here / name).write_text(name)
    out, _ = put('--jobs', 4, '--json', *(here / name for name in names), one.url)
    assert {json.loads(line)['event'] for line in out.splitlines()} == {'done'}
    assert all((folder / name).read_text() == name for name in names)


def test_what_is_no_file_is_refused(writable, folder, here):
    one = writable()
    os.mkfifo(here / 'fifo')
    (here / 'a').write_text('x')
    _, said = put(here / 'none', here / 'fifo', here, here / 'a', one.url, code=9)
    assert len(said.splitlines()) == 3 and (folder / 'a').exists()
    put(here / 'none', one.url, code=3)


def test_to_nginx(place, folder, here):  # noqa: F811
    folder.chmod(0o777)
    url = place('nginx', folder)
    (here / 'a').write_bytes(os.urandom(LARGE))
    put(here / 'a', url)
    put('-c', here / 'a', url)
    assert (folder / 'a').read_bytes() == (here / 'a').read_bytes()
    put('-', f'{url}b', input=b'piped', stdin=None)
    assert (folder / 'b').read_bytes() == b'piped'


# ---- what goes on -------------------------------------------------------------------------------

def begin(one, here, folder, *words):
    """Sends a part of here/large and is killed."""
    process = subprocess.Popen([CORONET, 'put', '--limit-rate', '2M', *words, here / 'large',
                                one.url], stderr=subprocess.DEVNULL)
    eventually(lambda: process.poll() is not None or
               any(path.stat().st_size > 200_000 for path in partials(folder)))
    process.kill()
    process.wait(timeout=PATIENCE)


def test_what_was_cut_off_goes_on(writable, folder, here):
    one = writable('--write', *USER)
    (here / 'large').write_bytes(os.urandom(LARGE))
    begin(one, here, folder, *USER)
    eventually(lambda: partials(folder))
    put('-c', *USER, here / 'large', one.url)
    assert (folder / 'large').read_bytes() == (here / 'large').read_bytes()
    eventually(lambda: not partials(folder))  # the server may notice late who is gone


@pytest.mark.parametrize('with_old', [False, True])
def test_versions_are_never_spliced(writable, folder, here, with_old):
    """Neither with what was sent of another version, nor with the file that is there."""
    one = writable('--write', *USER)
    if with_old:
        (folder / 'large').write_bytes(bytes(LARGE))
        (folder / 'large').chmod(0o666)
    (here / 'large').write_bytes(os.urandom(LARGE))
    begin(one, here, folder, *USER)
    (here / 'large').write_bytes(os.urandom(LARGE))
    put('-c', *USER, here / 'large', one.url)
    assert (folder / 'large').read_bytes() == (here / 'large').read_bytes()


def change_while_it_is_sent(folder, here, *words):
    """Such a file is named and never arrives. words: where it goes, and how."""
    (here / 'large').write_bytes(bytes(LARGE))
    process = subprocess.Popen([CORONET, 'put', '--retries', '0', '--limit-rate', '8M',
                                here / 'large', *words], stderr=subprocess.PIPE, text=True)
    eventually(lambda: any(path.stat().st_size > 200_000 for path in partials(folder)))
    with open(here / 'large', 'r+b') as file:
        file.write(b'other')
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3 and 'changed while it was sent' in said
    assert not (folder / 'large').exists()


def test_a_file_that_changes_while_it_is_sent_never_arrives(writable, folder, here):
    change_while_it_is_sent(folder, here, writable().url)


def test_it_tries_again_where_that_may_help(scripted, here):  # noqa: F811
    def answer(head, nth):
        return (b'HTTP/1.1 503 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' if nth == 1 else
                b'HTTP/1.1 201 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    one = scripted(answer)
    (here / 'a').write_text('')
    _, said = coronet('put', '--retries', '2', str(here / 'a'), f'{one.url}/')
    assert 'trying again' in said
    assert [head.split()[0] for head in one.heads] == ['PUT', 'HEAD', 'PUT']


# ---- what servers say ---------------------------------------------------------------------------

def test_refusals_have_codes_and_words(scripted, here):  # noqa: F811
    def answer(head, nth):
        status = head.split()[1].split('/')[1]
        return f'HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'.encode()
    one = scripted(answer)
    (here / 'a').write_bytes(bytes(LARGE))
    for status, code, word in (('401', 6, '--user'), ('403', 8, 'Forbidden'), ('405', 8, 'changes'),
                               ('507', 8, 'no room'), ('409', 8, 'folder'), ('413', 8, '413')):
        _, said = put(here / 'a', f'{one.url}/{status}/', code=code)
        assert status in said and word in said
    assert {field(head, 'Expect') for head in one.heads} == {'100-continue'}


def test_a_refusal_is_told_in_the_servers_words(writable, folder, here):
    one = writable('--anonymous-write', '--max-upload', '5')
    (folder / 'a').mkdir()
    (here / 'a').write_text('x')
    (here / 'b').write_text('too long')
    _, said = put(here / 'a', f'{one.url}none/b', code=8)
    assert '409 Conflict: The folder that it belongs to does not exist\n' in said
    _, said = put(here / 'b', one.url, code=8)
    assert '413 Content Too Large: A file may have at most 5 bytes here\n' in said


def test_a_refused_login_says_what_can_be_done_too(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: b'HTTP/1.1 401 x\r\nContent-Type: text/plain\r\n'
                   b'Content-Length: 10\r\nConnection: close\r\n\r\nAnn alone\n')
    (here / 'a').write_text('')
    _, said = put(here / 'a', f'{one.url}/', code=6)
    assert 'Ann alone (it wants a user' in said and '--user' in said


class ExpectsNothing(http.server.BaseHTTPRequestHandler):
    """Answers Expect by 417, and takes what comes without it."""
    protocol_version = 'HTTP/1.1'

    def handle_expect_100(self):
        self.send_error(417)
        return False

    def body(self):
        if self.headers['Content-Length']:
            return self.rfile.read(int(self.headers['Content-Length']))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b''.join(chunks)

    def do_PUT(self):
        self.server.got.append(self.body())
        self.send_response(201)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


def test_where_expect_is_not_known_it_goes_without(here):
    """RFC 9110 10.1.1. A pipe cannot be read a second time, and need not be."""
    (here / 'a').write_bytes(os.urandom(LARGE))
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), ExpectsNothing) as one:
        one.got = []
        in_background(one)
        url = 'http://127.0.0.1:%d/a' % one.server_address[1]
        put(here / 'a', url)
        put('-', url, input=b'piped', stdin=None)
        one.shutdown()
    assert one.got == [(here / 'a').read_bytes(), b'piped']


def test_who_may_not_is_told_so(writable, here):
    one = writable('--write', *USER)
    (here / 'a').write_bytes(bytes(LARGE))
    put(here / 'a', one.url, code=6)
    put('--user', 'ann:wrong', here / 'a', one.url, code=6)


class Early:
    """Says 100, takes some of the body, answers in the middle of it, and closes."""

    def __init__(self, status):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.url = 'http://127.0.0.1:%d/' % self.socket.getsockname()[1]
        self.status = status
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        peer, _ = self.socket.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b'HTTP/1.1 100 Continue\r\n\r\n')
            peer.recv(1 << 20)
            peer.sendall(b'HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n' % self.status)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(1 << 20):
                pass


@pytest.mark.parametrize('status, code', [(507, 8), (401, 6)])
def test_an_answer_in_the_middle_of_the_body_ends_it(here, status, code):
    one = Early(status)
    (here / 'a').write_bytes(bytes(64 << 20))
    _, said = put(here / 'a', one.url, code=code)
    assert str(status) in said
    one.thread.join(timeout=PATIENCE)
    assert not one.thread.is_alive()


def test_the_user_stays_with_the_place_c01(scripted, here):  # noqa: F811
    there = scripted(lambda head, nth: b'HTTP/1.1 201 x\r\nContent-Length: 0\r\n\r\n')
    one = scripted(lambda head, nth: f'HTTP/1.1 307 x\r\nLocation: {there.url}/a\r\n'
                   'Content-Length: 0\r\n\r\n'.encode())
    (here / 'a').write_text('')
    put('--user', 'ann:secret', here / 'a', f'{one.url}/')
    assert field(one.heads[0], 'Authorization') and not field(there.heads[0], 'Authorization')
    assert there.heads[0].startswith('PUT ')


def test_exit_codes(here):
    (here / 'a').write_text('x')
    put(here / 'a', 'http://127.0.0.1:1/', code=4)
    put(here / 'a', code=2)
    put(here / 'a', 'nonsense', code=2)
    assert re.search(r'coronet put', coronet('put', '--help')[0])
