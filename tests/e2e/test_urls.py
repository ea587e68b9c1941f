# SPDX-License-Identifier: MIT
"""URLs as the commands read them: typed ones, what a '?' means, where a query goes."""

import json

import pytest

from conftest import CORONET, once, run
from test_get import scripted, whole  # noqa: F401
from test_ls import page

PROTOCOLS = ('http', 'ftp')
HOST = 'b\u00fccher.example'
NAME = 'what? #1.txt'


@pytest.fixture
def url(server, folder):
    """url(protocol): of a server where everybody may write."""
    folder.chmod(0o777)
    one = server('-4', '--anonymous-write', '--no-sync', ftp=('localhost:0',))
    return lambda protocol: one.url if protocol == 'http' else one.ftp_url


def command(verb, *words, code=0, **options):
    """Runs it; (stdout, stderr) as text."""
    done = run(CORONET, verb, '-4', *words, code=code, **options)
    return done.stdout.decode(), done.stderr.decode()


def names(out):
    return [json.loads(line)['path'] for line in out.splitlines()]


# ---- as people type them ------------------------------------------------------------------------

@once('its certificate has another name')
@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_all_commands_read_urls_alike(url, folder, here, protocol):
    """Spaces, names beyond ASCII, spaces around it."""
    port = url(protocol).rstrip('/').rpartition(':')[2]
    way = '--resolve', f'xn--bcher-kva.example:{port}:127.0.0.1'
    base = f' {protocol}://{HOST}:{port}/a b/'
    (folder / 'a b').mkdir()
    (folder / 'a b').chmod(0o777)
    (folder / 'a b' / 'c d').write_text('there')
    command('get', *way, f'{base}c d ', cwd=here)
    assert (here / 'c d').read_text() == 'there'
    (here / 'e').write_text('sent')
    command('put', *way, here / 'e', f'{base}f \u00e9')
    assert (folder / 'a b' / 'f \u00e9').read_text() == 'sent'
    out, _ = command('ls', *way, '--json', base)
    assert sorted(names(out)) == ['c d', 'f \u00e9']
    command('mirror', *way, base, here / 'tree')
    assert sorted(path.name for path in (here / 'tree').iterdir()) == ['c d', 'f \u00e9']
    command('mirror', *way, here / 'tree', f'{base}copy')
    assert (folder / 'a b' / 'copy' / 'c d').read_text() == 'there'


@once('no scheme is http')
def test_ls_needs_no_scheme_but_who_sends_does(url, folder, here):
    """As get; but a file's name at the end of some shall not become a host's."""
    (folder / 'a').write_text('x')
    out, _ = command('ls', url('http').partition('//')[2])
    assert out == 'a\n'
    (here / 'a').write_text('x')
    _, said = command('put', 'a', url('http').partition('//')[2], cwd=here, code=2)
    assert 'is no URL' in said
    _, said = command('mirror', here, url('http').partition('//')[2], code=2)
    assert 'one is a URL' in said


@pytest.mark.parametrize('bad, why', [
    ('http://h\\a/', 'backslash'), ('http://a@b@c/', 'more than one @'), ('http://h/a\tb', 'tab'),
    ('ftp://[::1', 'malformed'), ('http://0x7f.1/', 'read differently'), ('ftp:///a', 'no host')])
def test_all_commands_say_what_is_wrong_with_a_url(here, bad, why):
    (here / 'a').write_text('x')
    for words in (('get', bad), ('ls', bad), ('put', here / 'a', bad), ('mirror', bad, here)):
        _, said = command(*words, code=2)
        assert 'no URL' in said and why in said, words


# ---- question marks -----------------------------------------------------------------------------

def test_in_urls_of_ftp_a_question_mark_is_a_name(url, folder, here):
    """RFC 1738 3.2: no query, so it need not be encoded."""
    for name in ('what', 'what?.txt', 'd?'):
        (folder / name).mkdir() if name == 'd?' else (folder / name).write_text(name)
    (folder / 'd?').chmod(0o777)
    (folder / 'd?' / 'e?f').write_text('inside')
    base = url('ftp')
    command('get', f'{base}what?.txt', cwd=here)
    assert (here / 'what?.txt').read_text() == 'what?.txt'
    command('get', f'{base}d?/../what%3F.txt', '-o', 'b', cwd=here)
    assert (here / 'b').read_text() == 'what?.txt'
    out, _ = command('get', '-o', '-', f'{base}what?.txt')
    assert out == 'what?.txt'
    assert command('ls', f'{base}d?')[0] == command('ls', f'{base}d?/')[0] == 'e?f\n'
    assert command('ls', f'{base}what?.txt')[0] == 'what?.txt\n'
    (here / 'sent').write_text('sent')
    command('put', here / 'sent', f'{base}d?/to?x')
    command('put', here / 'sent', f'{base}d?/')
    assert (folder / 'd?' / 'to?x').read_text() == (folder / 'd?' / 'sent').read_text() == 'sent'
    command('mirror', f'{base}d?', here / 'tree')
    assert sorted(path.name for path in (here / 'tree').iterdir()) == ['e?f', 'sent', 'to?x']
    command('mirror', here / 'tree', f'{base}other?')
    assert (folder / 'other?' / 'e?f').read_text() == 'inside'


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_names_of_listings_may_have_what_urls_read_otherwise(url, folder, here, protocol):
    (folder / 'd').mkdir()
    (folder / 'd').chmod(0o777)
    for name in (NAME, '%41', 'a;type=a'):
        (folder / 'd' / name).write_text(name)
    base = url(protocol)
    assert sorted(names(command('ls', '--json', f'{base}d')[0])) == sorted(
        [NAME, '%41', 'a;type=a'])
    command('mirror', f'{base}d', here / 'tree')
    command('mirror', here / 'tree', f'{base}e')
    command('put', here / 'tree' / NAME, base)
    for path in (*(here / 'tree').iterdir(), *(folder / 'e').iterdir()):
        assert path.read_text() == path.name
    assert len(list((folder / 'e').iterdir())) == 3 and (folder / NAME).read_text() == NAME


# ---- queries ------------------------------------------------------------------------------------

def created(head, nth):
    """For files without bytes: bodies are not read."""
    return b'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'


def asked(one):
    return [head.split(' HTTP/')[0] for head in one.heads]


def test_put_keeps_the_urls_query(scripted, here):
    """Which may be what lets it in (presigned URLs)."""
    one = scripted(created)
    (here / 'a b').write_text('')
    query = 'X-Amz-Signature=ab%2Fc&x=?/y'
    command('put', here / 'a b', f'{one.url}/bucket/key?{query}')
    command('put', here / 'a b', f'{one.url}/bucket/?{query}#part')
    command('put', here / 'a b', f'{one.url}?{query}')
    command('put', here / 'a b', f'{one.url}/bucket/key?')
    assert asked(one) == [f'PUT /bucket/key?{query}', f'PUT /bucket/a%20b?{query}',
                          f'PUT /a%20b?{query}', 'PUT /bucket/key?']


def test_several_files_with_a_query_are_in_its_folder(scripted, here):
    one = scripted(created)
    for name in 'ab':
        (here / name).write_text('')
    command('put', '--jobs', 1, here / 'a', here / 'b', f'{one.url}/d/?q=1')
    assert asked(one) == ['PUT /d/a?q=1', 'PUT /d/b?q=1']
    command('put', here / 'a', here / 'b', f'{one.url}/d?q=1/', code=2)


def test_each_request_of_an_upload_has_the_query(scripted, here):
    one = scripted(created)
    (here / 'a').write_text('')
    command('put', '-c', here / 'a', f'{one.url}/a?q=1')
    assert asked(one) == ['HEAD /a?q=1', 'PUT /a?q=1']


def test_each_request_for_a_list_or_a_mirror_has_the_query(scripted, here):
    """It may be what lets one in there, too."""
    one = scripted(lambda head, nth: page('a', 'sub/') if head.startswith('GET /d/?') else
                   page('b') if head.startswith('GET /d/sub/?') else whole(b'x'))
    assert command('ls', '-R', f'{one.url}/d/?q=1#part')[0] == 'a\nsub/\nsub/b\n'
    assert asked(one) == ['GET /d/?q=1', 'GET /d/sub/?q=1']
    command('mirror', '--jobs', 1, f'{one.url}/d/?q=1', here / 'd')
    assert (here / 'd' / 'sub' / 'b').read_text() == 'x'
    assert {request.partition('?')[2] for request in asked(one)} == {'q=1'}
