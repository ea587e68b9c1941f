# SPDX-License-Identifier: MIT
"""`-v`: what is said and heard, on standard error, without a secret in it."""

import base64
import re
import subprocess

import pytest

from conftest import CORONET, make_certificate, once, run
from test_get import scripted, whole  # noqa: F401

SECRET = 'good-secret'
BASIC = base64.b64encode(f'ann:{SECRET}'.encode()).decode()
COMMANDS = ('get', 'put', 'ls', 'mirror')


@pytest.fixture
def here(tmp_path):
    path = tmp_path / 'here'
    path.mkdir()
    (path / 'sent').write_text('x')
    return path


def said_by(command, url, here, *words):
    """What the command writes to standard error about a place where there is a file `a`."""
    what = {'get': ('-o', here / 'got', f'{url}a'), 'put': (here / 'sent', url), 'ls': (url,),
            'mirror': (url, here / 'tree')}[command]
    if command == 'mirror':
        (here / 'tree').mkdir(exist_ok=True)
    return run(CORONET, command, '-4', *words, *what,
               stdin=subprocess.DEVNULL).stderr.decode()


def place(server, folder, protocol):
    (folder / 'a').write_text('there')
    folder.chmod(0o777)
    one = server('-4', '--no-anonymous', '--write', '--user', f'ann:{SECRET}',
                 ftp=('localhost:0',))
    return one.url if protocol == 'http' else one.ftp_url


def with_user(url):
    return url.replace('://', f'://ann:{SECRET}@')


FIRST = {'get': 'GET /a HTTP/1.1', 'put': 'PUT /sent HTTP/1.1', 'ls': 'GET / HTTP/1.1',
         'mirror': 'GET / HTTP/1.1'}


@once('over TLS it is HTTP/2')
@pytest.mark.parametrize('command', COMMANDS)
@pytest.mark.parametrize('in_url', [False, True])
def test_http_is_shown_without_secrets_c11(server, folder, here, command, in_url):
    url = place(server, folder, 'http')
    user = () if in_url else ('--user', f'ann:{SECRET}')
    url = with_user(url) if in_url else url
    said = said_by(command, url, here, '-v', *user)
    lines = said.splitlines()
    start = lines.index(f'> {FIRST[command]}')
    head = lines[start:lines.index('> ', start)]
    assert '> Authorization: ****' in head
    assert any(line.startswith('> Host: 127.0.0.1:') for line in head)
    assert re.search(r'^< HTTP/1\.1 20[01] ', said, re.MULTILINE)
    assert '< Server: coronet' in lines and '< ' in lines
    assert SECRET not in said and BASIC not in said
    quiet = said_by(command, url, here, '--force' if command == 'get' else '-q', *user)
    assert not re.search('^[<>] ', quiet, re.MULTILINE)


@pytest.mark.parametrize('command', COMMANDS)
@pytest.mark.parametrize('in_url', [False, True])
def test_ftp_is_shown_without_secrets_c11(server, folder, here, command, in_url):
    url = place(server, folder, 'ftp')
    user = () if in_url else ('--user', f'ann:{SECRET}')
    url = with_user(url) if in_url else url
    said = said_by(command, url, here, '-v', *user)
    lines = said.splitlines()
    assert '> USER ann' in lines and '> PASS ****' in lines
    verb = {'get': 'RETR a', 'put': 'STOR sent', 'ls': 'MLSD', 'mirror': 'MLSD'}[command]
    assert any(line.startswith(f'> {verb}') for line in lines)
    assert any(line.startswith('< 220') for line in lines)
    assert any(line.startswith('< 226') for line in lines)
    assert SECRET not in said
    quiet = said_by(command, url, here, '--force' if command == 'get' else '-q', *user)
    assert not re.search('^[<>] ', quiet, re.MULTILINE)


def test_secrets_of_both_sides_are_stars_c11(scripted, here):
    """Whatever header of the caller's is not known to be harmless, and cookies."""
    one = scripted(lambda head, nth: whole(
        b'x', f'Set-Cookie: id={SECRET}; Path=/', 'X-Said: open'))
    said = said_by('get', f'{one.url}/', here, '-v', '--header', f'X-Api-Key: {SECRET}',
                   '--header', f'cookie: a={SECRET}', '--header', 'Accept: text/plain')
    assert '> X-Api-Key: ****' in said and '> cookie: ****' in said
    assert '> Accept: text/plain' in said
    assert '< Set-Cookie: ****' in said and '< X-Said: open' in said
    assert SECRET not in said
    assert f'a={SECRET}' in one.heads[0]  # but it was told


def test_what_a_proxy_is_told_is_shown_without_its_secret_c11(scripted, here):
    one = scripted(lambda head, nth: whole(b'x'))
    said = said_by('get', 'http://example.invalid/', here, '-v', '--proxy',
                   one.url.replace('://', f'://ann:{SECRET}@'))
    assert '> GET http://example.invalid/a HTTP/1.1' in said
    assert '> Proxy-Authorization: ****' in said
    assert SECRET not in said and BASIC not in said and BASIC in one.heads[0]


def test_what_a_server_says_does_not_move_the_cursor_c08(scripted, here):
    one = scripted(lambda head, nth: whole(b'x').replace(
        b'OK', b'\xc2\x9b2J').replace(b'Content', 'X: a\u202eb\r\nContent'.encode(), 1))
    said = said_by('get', f'{one.url}/', here, '-v')
    assert '< HTTP/1.1 200 \\xC2\\x9B2J' in said and '< X: a\\xE2\\x80\\xAEb' in said


def test_every_request_of_an_errand_is_shown(scripted, here):
    one = scripted(lambda head, nth: whole(b'x') if nth > 1 else (
        b'HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n'))
    said = said_by('get', f'{one.url}/', here, '-v')
    marks = [line for line in said.splitlines() if 'HTTP/1.1' in line and line[0] in '<>']
    assert marks == ['> GET /a HTTP/1.1', '< HTTP/1.1 302 Found', '> GET /other HTTP/1.1',
                     '< HTTP/1.1 200 OK']


@once('it has a server of its own')
def test_http2_is_shown(server, folder, here, tmp_path):
    (folder / 'a').write_text('there')
    pair = make_certificate(tmp_path, 'dialogue')
    one = server('-4', '--cert', pair[0], '--key', pair[1], where=(), https=('localhost:0',))
    said = said_by('get', one.url, here, '-v', '--cacert', pair[0])
    assert '> GET /a HTTP/2' in said and '\n< HTTP/2 200\n' in said
