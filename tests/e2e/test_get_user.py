# SPDX-License-Identifier: MIT
"""`--user NAME`: the password is asked for at a terminal, and nowhere else; `-4 -6`."""

import base64
import subprocess

import pytest

from conftest import CORONET, coronet, run
from test_get import field, scripted, whole  # noqa: F401 (fixtures)
from test_passwd import Terminal

SECRET = 'good-secret'
COMMANDS = ('get', 'put', 'ls', 'mirror')


def words_of(command, url, here):
    (here / 'sent').write_text('x')
    return {'get': ('get', '-o', here / 'got', f'{url}a'), 'put': ('put', here / 'sent', url),
            'ls': ('ls', url), 'mirror': ('mirror', url, here / 'tree')}[command]


@pytest.mark.parametrize('protocol', ['http', 'ftp'])
@pytest.mark.parametrize('command', COMMANDS)
def test_a_terminal_is_asked_and_shows_nothing(server, folder, here, command, protocol):
    (folder / 'a').write_text('there')
    (here / 'tree').mkdir()
    folder.chmod(0o777)
    one = server('-4', '--no-anonymous', '--write', '--user', f'ann:{SECRET}',
                 ftp=('localhost:0',))
    url = one.url if protocol == 'http' else one.ftp_url
    terminal = Terminal(CORONET, *words_of(command, url, here), '--user', 'ann')
    terminal.expect(b'Password for ann: ')
    assert not terminal.echoes()
    terminal.type(f'{SECRET}\n'.encode())
    shown, code = terminal.end()
    assert code == 0 and SECRET.encode() not in shown, shown


def test_what_is_typed_is_the_password(scripted, here):
    one = scripted(lambda head, nth: whole(b'x'))
    terminal = Terminal(CORONET, 'get', '--user', 'ann', '-o', here / 'a', f'{one.url}/')
    terminal.expect(b': ')
    terminal.type('a:b \u00fc\n'.encode())
    assert terminal.end()[1] == 0
    assert base64.b64decode(field(one.heads[0], 'Authorization').split()[1]).decode() == (
        'ann:a:b \u00fc')


def test_nobody_types_one(here):
    terminal = Terminal(CORONET, 'get', '--user', 'ann', 'http://127.0.0.1:1/')
    terminal.expect(b': ')
    terminal.type(b'\x04')
    shown, code = terminal.end()
    assert code == 2 and b'no password was given' in shown


@pytest.mark.parametrize('command', COMMANDS)
def test_without_a_terminal_a_name_alone_is_refused(here, command):
    """Also where its input would have lines to read."""
    done = run(CORONET, *words_of(command, 'http://127.0.0.1:1/', here), '--user', 'ann', code=2,
               input=b'secret\n')
    said = done.stderr.decode()
    assert 'the password is missing: NAME:PASSWORD' in said and '--netrc-file' in said


def test_an_empty_password_is_one(scripted, here):
    one = scripted(lambda head, nth: whole(b'x'))
    run(CORONET, 'get', '--user', 'ann:', '-o', here / 'a', f'{one.url}/',
        stdin=subprocess.DEVNULL)
    assert base64.b64decode(field(one.heads[0], 'Authorization').split()[1]) == b'ann:'


@pytest.mark.parametrize('command', COMMANDS)
def test_only_one_family_can_be_the_only_one(here, command):
    for words in (('-4', '-6'), ('-64',), ('--ipv6', '--ipv4')):
        _, said = coronet(*words_of(command, 'http://127.0.0.1:1/', here), *words, code=2)
        assert '-4 and -6 exclude each other' in said
