# SPDX-License-Identifier: MIT
"""Who asks, how and over which way: `put`, `ls` and `mirror` take what `get` takes."""

import contextlib
import os
import re
import socketserver
import subprocess

import pytest

from conftest import (CORONET, coronet, crl_of, in_background, make_certificate, make_club, once,
                      run)
from test_get import field, scripted, whole  # noqa: F401 (fixtures)
from test_get_login import BOTH, Digest, basic, refuse

COMMANDS = ('get', 'put', 'ls', 'mirror')
PAGE = b'<title>Index of /</title>'
LARGE = 3 << 20


@pytest.fixture
def here(tmp_path_factory):
    path = tmp_path_factory.mktemp('here')
    (path / 'a').write_bytes(b'content')
    return path


def ask(command, url, here, *words, code=0, **options):
    """Runs the command so that it asks the folder at `url` for something."""
    (here / 'into').mkdir(exist_ok=True)
    told = {'get': [url, '-o', '-'], 'put': [here / 'a', url], 'ls': [url],
            'mirror': [url, here / 'into']}[command]
    retries = [] if command == 'ls' else ['--retries', 0]
    done = run(CORONET, command, *told, *retries, *words, code=code, stdin=subprocess.DEVNULL,
               **options)
    return done.stderr.decode()


def listing(head, nth):
    return whole(PAGE, 'Content-Type: text/html', 'Connection: close')


def options_of(command):
    return set(re.findall(r'^ {2}(?:-\w, | {4})--([\w-]+)', coronet(command, '--help')[0], re.M))


def test_they_have_the_same_options():
    shared = set.intersection(*map(options_of, COMMANDS))
    assert shared >= {
        'header', 'user', 'digest', 'bearer', 'netrc', 'netrc-file', 'cookies', 'cookie-jar',
        'user-agent', 'max-redirects', 'http1', 'http2', 'cacert', 'crl', 'cert', 'key', 'pin',
        'tls-min', 'hsts', 'insecure', 'proxy', 'noproxy', 'proxy-cacert', 'resolve', 'active'}


@pytest.mark.parametrize('command', COMMANDS)
def test_tokens_and_netrc_say_who_asks_c13(scripted, here, command):  # noqa: F811
    one = scripted(listing)
    url = f'{one.url}/'
    ask(command, url, here, '--bearer', 'abc')
    assert field(one.heads[-1], 'Authorization') == 'Bearer abc'
    (here / 'netrc').write_text('machine 127.0.0.1 login ann password "a b"')
    ask(command, url, here, '--netrc-file', here / 'netrc')
    assert field(one.heads[-1], 'Authorization') == basic('ann:a b')
    (here / '.netrc').write_text('default login bob password c')
    ask(command, url, here, '--netrc', env=dict(os.environ, HOME=str(here)))
    assert field(one.heads[-1], 'Authorization') == basic('bob:c')
    count = len(one.heads)
    ask(command, url, here, '--bearer', 'a', '--user', 'b:c', code=2)
    ask(command, url, here, '--http1', '--http2', code=2)
    ask(command, url, here, '--netrc-file', here / 'none', code=3)
    assert len(one.heads) == count


@pytest.mark.parametrize('command', COMMANDS)
def test_servers_are_told_the_agent(scripted, here, command):  # noqa: F811
    one = scripted(listing)
    ask(command, f'{one.url}/', here)
    assert {field(head, 'User-Agent') for head in one.heads} == {'coronet'}
    del one.heads[:]
    ask(command, f'{one.url}/', here, '--user-agent', 'me/1 (mine)')
    assert {field(head, 'User-Agent') for head in one.heads} == {'me/1 (mine)'}


@pytest.mark.parametrize('command', COMMANDS)
def test_an_agent_that_breaks_its_line_is_not_told_h20(scripted, here, command):  # noqa: F811
    one = scripted(listing)
    ask(command, f'{one.url}/', here, '--user-agent', 'a\r\nX: y', code=2)
    assert not one.heads


@pytest.mark.parametrize('command', COMMANDS)
def test_cookies_are_kept_for_the_next_run(scripted, here, command):  # noqa: F811
    one = scripted(lambda head, nth: whole(PAGE, 'Content-Type: text/html', 'Connection: close',
                                           f'Set-Cookie: n={nth}; Max-Age=1000'))
    for told in None, 'n=1', 'n=2':
        ask(command, f'{one.url}/', here, '--cookie-jar', here / 'jar')
        assert field(one.heads[-1], 'Cookie') == told
    ask(command, f'{one.url}/', here, '--cookies')
    assert field(one.heads[-1], 'Cookie') is None
    ask(command, f'{one.url}/', here, '--cookie-jar', here, code=3)


@pytest.mark.parametrize('command', COMMANDS)
def test_redirections_are_followed_so_far(scripted, here, command):  # noqa: F811
    one = scripted(lambda head, nth: b'HTTP/1.1 307 x\r\nLocation: /more\r\nContent-Length: 0\r\n'
                   b'Connection: close\r\n\r\n')
    ask(command, f'{one.url}/', here, '--max-redirects', 2, code=7)
    assert len(one.heads) == 3
    ask(command, f'{one.url}/', here, '--max-redirects', 0, code=8)
    assert len(one.heads) == 4


@once('it has certificates of its own')
@pytest.mark.parametrize('way', ['https', 'https --http1', 'ftpes', 'ftps'])
@pytest.mark.parametrize('command', COMMANDS)
def test_certificates_show_who_asks(server, folder, here, command, way):
    folder.chmod(0o777)
    (folder / 'page').touch()
    ours, theirs = make_certificate(here, 'ours'), make_certificate(here, 'theirs')
    one = server('--cert', theirs[0], '--key', theirs[1], '--client-ca', ours[0],
                 '--client-certificate', 'require', '--anonymous-write', '--ftps', 'localhost:0',
                 where=(), https=('localhost:0',), ftp=('localhost:0',))
    scheme, *options = way.split()
    listens = {url.partition(':')[0]: url.partition(':')[2] for url in one.urls}
    url = f'{scheme}:{listens[scheme.replace("es", "")]}{"page" if command == "get" else ""}'

    def attempt(*words, pair=None, code=0):
        shown = ('--cert', pair[0], '--key', pair[1]) if pair else ()
        return ask(command, url, here, '--cacert', theirs[0], *shown, *options, *words, code=code)

    attempt('--tls-min', '1.3', pair=ours)
    assert 'alert certificate required' in attempt(code=5)
    assert 'alert unknown ca' in attempt(pair=theirs, code=5)
    pin = 'sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
    assert 'cannot trust' in attempt('--pin', pin, pair=ours, code=5)


@pytest.fixture(scope='module')
def club(tmp_path_factory):
    return make_club(tmp_path_factory.mktemp('club'))


@once('it has certificates of its own')
@pytest.mark.parametrize('scheme', ['https', 'ftps'])
@pytest.mark.parametrize('command', COMMANDS)
def test_whom_an_authority_has_revoked_is_refused_t05(  # pylint: disable=too-many-arguments
        server, folder, here, club, command, scheme):
    folder.chmod(0o777)
    (folder / 'page').touch()
    one = server('--cert', club / 'own.crt', '--key', club / 'own.key', '--anonymous-write',
                 '--ftps', 'localhost:0', where=(), https=('localhost:0',))
    port = next(url for url in one.urls if url.startswith(scheme)).rstrip('/').rpartition(':')[2]
    url = f'{scheme}://localhost:{port}/{"page" if command == "get" else ""}'

    def attempt(crl=None, code=0):
        words = ('--crl', here / 'crl') if crl is not None else ()
        (here / 'crl').write_bytes(crl or b'')
        return ask(command, url, here, '--cacert', club / 'ca.crt', *words, code=code)

    attempt()
    attempt(crl_of(club, 'bob'))
    assert 'certificate revoked' in attempt(crl_of(club, 'own'), code=5)
    assert 'CRL has expired' in attempt(crl_of(club, 'bob', ends='20200201000000Z'), code=5)
    assert 'there is no CRL' in attempt((club / 'ca.crt').read_bytes(), code=5)
    assert 'there is no CRL' in attempt(b'', code=5)
    ask(command, url, here, '--cacert', club / 'ca.crt', '--crl', here / 'none', code=3)


@pytest.mark.parametrize('option', ['cacert', 'proxy-cacert'])
@pytest.mark.parametrize('command', COMMANDS)
def test_a_file_without_authorities_is_not_as_if_none_were_given_t01(here, command, option):
    """The system's would be trusted instead."""
    (here / 'ca').touch()
    said = ask(command, 'https://127.0.0.1:9/', here, f'--{option}', here / 'ca', code=5)
    assert 'ca is empty: there is no authority in it' in said


@once('it has a certificate of its own')
def test_all_who_share_a_connection_hear_the_alert(server, folder, here):
    pair = make_certificate(here, 'own')
    one = server('--cert', pair[0], '--key', pair[1], '--client-ca', pair[0],
                 where=(), https=('localhost:0',))
    done = run(CORONET, 'get', '--retries', 0, '--cacert', pair[0], '--folder', here,
               *(f'{one.url}{name}' for name in 'bcde'), code=5)
    said = done.stderr.decode().splitlines()
    assert sum('alert certificate required' in line for line in said) == 4, said


# ---- Digest and bodies --------------------------------------------------------------------------

class Taker:
    """A server that wants Digest, and says so before or after it has read a body."""

    def __init__(self, manners, methods=('HEAD', 'PUT')):
        self.digest, self.bodies, self.methods = Digest(), [], []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    while self.one():
                        pass

            def one(self):
                head = b''
                while not head.endswith(b'\r\n\r\n'):
                    line = self.rfile.readline()
                    if not line:
                        return False
                    head += line
                head = head.decode()
                method = head.split()[0]
                refusal = outer.digest.check(head) if method in methods else None
                outer.methods.append(method)
                if method == 'PUT' and not (refusal and manners == 'early'):
                    if manners != 'silent':
                        self.wfile.write(b'HTTP/1.1 100 Continue\r\n\r\n')
                    outer.bodies.append(self.body(head))
                if refusal and method == 'HEAD':
                    refusal = refusal.partition(b'\r\n\r\n')[0] + b'\r\n\r\n'
                answer = b'HTTP/1.1 201 x\r\nContent-Length: 0\r\n\r\n'
                self.wfile.write(refusal or answer)
                return not (refusal and manners == 'early' and method == 'PUT')

            def body(self, head):
                length = field(head, 'Content-Length')
                if length is not None:
                    return self.rfile.read(int(length))
                whole = b''
                while size := int(self.rfile.readline(), 16):
                    whole += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return whole

        self.server = socketserver.ThreadingTCPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.url = 'http://127.0.0.1:%d/' % self.server.server_address[1]
        in_background(self.server)


@pytest.fixture
def taker():
    started = []

    def start(*words):
        started.append(Taker(*words))
        return started[-1]
    yield start
    for one in started:
        one.server.shutdown()
        one.server.server_close()


@pytest.mark.parametrize('manners', ['early', 'eager', 'silent'])
def test_a_large_body_goes_out_once(taker, here, manners):
    one = taker(manners)
    (here / 'a').write_bytes(os.urandom(LARGE))
    ask('put', one.url, here, '--digest', '--user', BOTH)
    assert one.bodies == [(here / 'a').read_bytes()]
    coronet('put', '--digest', '--user', BOTH, '--jobs', '1', *map(str, [here / 'a'] * 3), one.url)
    assert len(one.bodies) == 4 and one.methods[-5:] == ['HEAD', 'HEAD', *['PUT'] * 3]


def test_so_does_standard_input(taker):
    one = taker('eager')
    run(CORONET, 'put', '--digest', '--user', BOTH, '-', f'{one.url}a', input=b'x' * LARGE)
    assert one.bodies == [b'x' * LARGE]


def test_in_clear_text_to_others_it_is_asked_first(taker, here):
    one = taker('eager')
    port = one.server.server_address[1]
    ask('put', f'http://elsewhere.invalid:{port}/', here, '--user', BOTH, '--resolve',
        f'elsewhere.invalid:{port}:127.0.0.1')
    assert one.bodies == [b'content'] and one.methods == ['HEAD', 'HEAD', 'PUT']


@pytest.mark.parametrize('manners', ['early', 'eager', 'silent'])
def test_where_only_put_wants_it_the_body_goes_again(taker, here, manners):
    """From its beginning, which a pipe does not have any more."""
    one = taker(manners, ('PUT',))
    (here / 'a').write_bytes(os.urandom(LARGE))
    ask('put', one.url, here, '--digest', '--user', BOTH)
    assert one.bodies[-1] == (here / 'a').read_bytes()
    assert len(one.bodies) == (1 if manners == 'early' else 2)
    done = run(CORONET, 'put', '--retries', 0, '--digest', '--user', BOTH, '-', f'{one.url}b',
               input=b'x' * 10, code=0 if manners == 'early' else 3)
    assert manners == 'early' or b'second time' in done.stderr


def test_a_wrong_password_costs_no_body(taker, here):
    one = taker('eager')
    said = ask('put', one.url, here, '--digest', '--user', 'ann:wrong', code=6)
    assert '--user' in said and not one.bodies


@pytest.mark.parametrize('command', ['ls', 'mirror'])
def test_listings_are_had_by_digest(scripted, here, command):  # noqa: F811
    digest = Digest()
    one = scripted(lambda head, nth: digest.check(head) or listing(head, nth))
    ask(command, f'{one.url}/', here, '--digest', '--user', BOTH)
    assert not any('Basic' in head for head in one.heads)
    other = scripted(lambda head, nth: refuse('Basic realm="r"'))
    ask(command, f'{other.url}/', here, '--digest', '--user', BOTH,
        code=6)
