# SPDX-License-Identifier: MIT
"""`coronet get`, `put`, `ls` and `mirror` over FTP and FTPS, with the servers that people run."""

import json
import os
import random
import subprocess

import pytest

from conftest import CORONET, PATIENCE, eventually, make_certificate, run
from ftp_places import IMPLICIT, KINDS, NAME, PASSWORD, SECURE, folder, ftp_place  # noqa: F401

CONTENT = random.Random(5).randbytes(3_000_000)
NAMES = ('plain', 'two words', '-leading dash', 'h\u00e9 \u65e5\u672c', '100%', 'a#b?c', "it's",
         ' space before', 'semi;colon', '[x]*')
# vsftpd has but LIST, from which a first space cannot be told.
PATIENT = ('pure-ftpd', 'coronet')  # who take their time to refuse a password
SHOWN = {'vsftpd': tuple(name for name in NAMES if not name.startswith(' '))}


def coronet(*words, code=0, **options):
    """Runs it; (stdout, stderr), the first as bytes."""
    options.setdefault('stdin', subprocess.DEVNULL)
    done = run(CORONET, *words, code=code, **options)
    return done.stdout, done.stderr.decode()


def quoted(name):
    return ''.join(f'%{byte:02X}' for byte in name.encode())


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp('pair')
    return make_certificate(folder, 'localhost', 'rsa')


def is_equal(left, right, names):
    assert sorted(path.name for path in left.iterdir()) == sorted(names)
    for name in names:
        assert (left / name).read_bytes() == (right / name).read_bytes()


# ---- in clear -----------------------------------------------------------------------------------

@pytest.mark.parametrize('words', [(), ('--active',)])
@pytest.mark.parametrize('kind', KINDS)
def test_files_go_and_come(ftp_place, folder, here, kind, words):  # noqa: F811
    one = ftp_place(kind, folder)
    (here / 'a').write_bytes(CONTENT)
    (here / 'empty').touch()
    coronet('put', *one.words, *words, here / 'a', here / 'empty', one.url)
    assert (folder / 'a').read_bytes() == CONTENT and (folder / 'empty').read_bytes() == b''
    assert coronet('get', *one.words, *words, '-o', '-', f'{one.url}a')[0] == CONTENT
    (here / 'new').mkdir()
    coronet('get', *one.words, *words, '-P', here / 'new', f'{one.url}a', f'{one.url}empty')
    is_equal(here / 'new', folder, ['a', 'empty'])


@pytest.mark.parametrize('kind', KINDS)
def test_names_of_all_kinds_go_down_and_up(ftp_place, folder, here, kind):  # noqa: F811
    one = ftp_place(kind, folder)
    (here / 'tree' / 'sub two' / '-deep').mkdir(parents=True)
    for name in NAMES:
        (here / 'tree' / name).write_text(name)
        (here / 'tree' / 'sub two' / '-deep' / name).write_text(name + name)
    coronet('mirror', *one.words, here / 'tree', f'{one.url}up')
    is_equal(folder / 'up' / 'sub two' / '-deep', here / 'tree' / 'sub two' / '-deep', NAMES)
    shown = SHOWN.get(kind, NAMES)
    lines = coronet('ls', '--json', '-R', *one.words, f'{one.url}up/')[0].splitlines()
    found = {entry['path']: entry for entry in map(json.loads, lines)}
    assert set(shown) <= set(found)
    for name in shown:
        assert found[name]['size'] == len(name.encode())
        assert coronet('get', *one.words, '-o', '-', f'{one.url}up/{quoted(name)}')[0] == (
            name.encode())
    if shown == NAMES:
        coronet('mirror', *one.words, f'{one.url}up', here / 'down')
        is_equal(here / 'down' / 'sub two' / '-deep', here / 'tree' / 'sub two' / '-deep', NAMES)


@pytest.mark.parametrize('kind', KINDS)
def test_a_mirror_is_equal_the_second_time_and_deletes(ftp_place, folder, here, kind):  # noqa: F811
    one = ftp_place(kind, folder)
    (here / 'tree' / 'sub').mkdir(parents=True)
    for name in ('a', 'b', 'sub/c'):
        (here / 'tree' / name).write_bytes(CONTENT[:5000])
        os.utime(here / 'tree' / name, (1_700_000_000, 1_700_000_000))
    up = ('mirror', '--delete', *one.words, here / 'tree', f'{one.url}up')
    down = ('mirror', '--delete', *one.words, f'{one.url}up', here / 'down')
    assert '3 transferred, 0 equal' in coronet(*up)[1]
    said = coronet(*down)[1]
    assert '3 transferred, 0 equal' in said
    assert '0 transferred, 3 equal' in coronet(*up)[1]
    assert '0 transferred, 3 equal' in coronet(*down)[1]
    (here / 'tree' / 'sub' / 'c').unlink()
    (here / 'tree' / 'sub').rmdir()
    assert '0 transferred, 2 equal, 1 deleted' in coronet(*up)[1]
    assert '0 transferred, 2 equal, 1 deleted' in coronet(*down)[1]
    assert sorted(path.name for path in (here / 'down').iterdir()) == ['a', 'b'], said


@pytest.mark.parametrize('kind', KINDS)
def test_what_was_cut_off_goes_on(ftp_place, folder, here, kind):  # noqa: F811
    one = ftp_place(kind, folder)
    (folder / 'large').write_bytes(CONTENT)
    os.utime(folder / 'large', (1_700_000_000, 1_700_000_000))
    words = (CORONET, 'get', *one.words, '-c', f'{one.url}large')
    process = subprocess.Popen([*words, '--limit-rate', '1M'], cwd=here, stderr=subprocess.DEVNULL)
    eventually(lambda: process.poll() is not None or any(
        path.stat().st_size > 100_000 for path in here.iterdir()))
    process.kill()
    process.wait(timeout=PATIENCE)
    done = run(*words, '--json', cwd=here)
    assert (here / 'large').read_bytes() == CONTENT
    assert json.loads(done.stdout.splitlines()[-1])['resumed'] > 0


@pytest.mark.parametrize('kind', KINDS)
def test_what_is_whole_already_is_not_got_again(ftp_place, folder, here, kind):  # noqa: F811
    one = ftp_place(kind, folder)
    (folder / 'a').write_bytes(CONTENT)
    (folder / 'a').chmod(0o644)
    os.utime(folder / 'a', (1_700_000_000, 1_700_000_000))
    words = ('get', *one.words, '-c', '--json', f'{one.url}a')
    coronet(*words, cwd=here)
    assert b'"unchanged"' in coronet(*words, cwd=here)[0]
    assert b'"unchanged"' in coronet(*words, '-o', 'a', cwd=here)[0]
    assert b'"done"' in coronet(*words, '--force', cwd=here)[0]
    os.utime(folder / 'a', (1_700_000_001, 1_700_000_001))
    assert '--force' in coronet(*words, cwd=here, code=3)[1]


@pytest.mark.parametrize('kind', ['vsftpd', 'proftpd', 'pyftpdlib', 'coronet'])
def test_anybody_may_be_anonymous(ftp_place, folder, kind):  # noqa: F811
    one = ftp_place(kind, folder)
    (folder / 'a').write_bytes(CONTENT)
    assert coronet('get', '-o', '-', f'{one.url}a')[0] == CONTENT
    assert coronet('ls', one.url)[0] == b'a\n'


@pytest.mark.parametrize('kind', KINDS)
def test_refusals_have_their_exit_codes(ftp_place, folder, here, kind):  # noqa: F811
    one = ftp_place(kind, folder, login=True)
    (here / 'a').write_text('x')
    wrong = one.user.replace(PASSWORD, 'wrong')
    ways = (('get', '-o', '-', f'{one.url}a'), ('ls', one.url), ('put', here / 'a', one.url),
            ('mirror', one.url, here / 'down'))
    for words in ways[:1] if kind in PATIENT else ways:
        _, said = coronet(words[0], '--user', wrong, *words[1:], code=6)
        assert '530' in said or '430' in said
    _, said = coronet('get', *one.words, f'{one.url}none', cwd=here, code=8)
    assert '550' in said and not (here / 'none').exists()
    coronet('ls', *one.words, f'{one.url}none/', code=8)
    coronet('put', *one.words, here / 'a', f'{one.url}none/', code=8)


@pytest.mark.parametrize('words', [(), ('--active',)])
@pytest.mark.parametrize('kind', KINDS)
def test_over_ipv6(ftp_place, folder, here, kind, words):  # noqa: F811
    one = ftp_place(kind, folder, address='::1')
    (here / 'a').write_bytes(CONTENT)
    coronet('put', *one.words, *words, here / 'a', one.url)
    assert coronet('get', *one.words, *words, '-o', '-', f'{one.url}a')[0] == CONTENT
    assert coronet('ls', *one.words, *words, one.url)[0] == b'a\n'


# ---- over TLS -----------------------------------------------------------------------------------

def do_everything(one, folder, here, *words):
    (here / 'a').write_bytes(CONTENT)
    (here / 'b').write_bytes(CONTENT[:70_000])
    coronet('put', *one.words, *words, here / 'a', here / 'b', one.url)
    is_equal(folder, here, ['a', 'b'])
    assert coronet('get', *one.words, *words, '-o', '-', f'{one.url}a')[0] == CONTENT
    assert sorted(coronet('ls', *one.words, *words, one.url)[0].split()) == [b'a', b'b']
    coronet('mirror', *one.words, *words, one.url, here / 'down')
    is_equal(here / 'down', folder, ['a', 'b'])


@pytest.mark.parametrize('words', [(), ('--active',)])
@pytest.mark.parametrize('version', ['1.2', '1.3'])
@pytest.mark.parametrize('kind', SECURE)
def test_f07_each_data_connection_resumes_the_session(
        ftp_place, folder, here, pair, kind, version, words):  # noqa: F811
    """vsftpd and proftpd demand it, and ours here."""
    one = ftp_place(kind, folder, secure='explicit', version=version, pair=pair)
    do_everything(one, folder, here, *words)


@pytest.mark.parametrize('version', ['1.2', '1.3'])
@pytest.mark.parametrize('kind', IMPLICIT)
def test_tls_from_the_first_byte_on(
        ftp_place, folder, here, pair, kind, version):  # noqa: F811
    one = ftp_place(kind, folder, secure='implicit', version=version, pair=pair)
    do_everything(one, folder, here)


@pytest.mark.parametrize('kind', SECURE)
def test_who_is_not_trusted_hears_nothing(ftp_place, folder, pair, kind):  # noqa: F811
    one = ftp_place(kind, folder, secure='explicit', pair=pair)
    _, said = coronet('ls', '-4', '--user', one.user, one.url, code=5)
    assert 'self-signed' in said


@pytest.mark.parametrize('kind', KINDS)
def test_f06_no_clear_text_where_tls_is_wanted(ftp_place, folder, kind):  # noqa: F811
    one = ftp_place(kind, folder)
    url = one.url.replace('ftp://', f'ftpes://{NAME}:{PASSWORD}@')
    _, said = coronet('ls', url, code=5)
    assert 'TLS' in said
