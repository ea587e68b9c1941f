# SPDX-License-Identifier: MIT
"""`coronet get`, `put`, `ls` and `mirror` over FTP and FTPS: with `coronet serve`, with pyftpdlib,
and with servers of the tests' own that do wrong."""

import contextlib
import json
import os
import socket
import socketserver
import subprocess

import pytest

from conftest import CORONET, in_background, make_certificate, once, run
from test_mirror import FILES, SIZES, TIME, bytes_of, contents, plant

CONTENT = bytes(range(256)) * 4096


def command(verb, *words, code=0, **options):
    """Runs it; (stdout as bytes, stderr as text)."""
    retries = () if verb == 'ls' or '--retries' in words else ('--retries', 0)
    done = run(CORONET, verb, *retries, *words, code=code, stdin=subprocess.DEVNULL, **options)
    return done.stdout, done.stderr.decode()


def partials(folder):
    return [path for path in folder.iterdir() if path.name.endswith('.part')]


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp('pair'), 'localhost')


@pytest.fixture
def ftp(server, folder):
    """The URL of a server where everybody may write."""
    folder.chmod(0o777)
    return lambda *words: server('-4', '--anonymous-write', '--no-sync', *words, where=(),
                                 ftp=('127.0.0.1:0',)).ftp_url


@pytest.fixture
def ftps(server, folder, pair):
    """The URLs of a server with TLS: {'ftps': ..., 'ftpes': ...}."""
    folder.chmod(0o777)

    def start(*words):
        one = server('-4', '--cert', pair[0], '--key', pair[1], '--anonymous-write', '--no-sync',
                     '--ftps', '127.0.0.1:0', *words, where=(), ftp=('127.0.0.1:0',))
        ports = {url.partition(':')[0]: url.rstrip('/').rpartition(':')[2] for url in one.urls}
        return {'ftps': f'ftps://localhost:{ports["ftps"]}/',
                'ftpes': f'ftpes://localhost:{ports["ftp"]}/'}
    return start


PYFTPDLIB = '''
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.add_anonymous(sys.argv[1], perm='elradfmwMT')
server = FTPServer(('127.0.0.1', 0), FTPHandler)
print(server.address[1], flush=True)
server.serve_forever()
'''


@pytest.fixture
def pyftpdlib(folder):
    """The URL of another FTP server for the same folder."""
    with subprocess.Popen(['/usr/bin/python3', '-W', 'ignore', '-c', PYFTPDLIB, folder],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield f'ftp://127.0.0.1:{int(process.stdout.readline())}/'
        finally:
            process.kill()


class Scripted:
    """An FTP server that has one file and can be told to do wrong. `cuts`: how many downloads are
    cut off after half of what is left."""

    def __init__(self, content, cuts=0):
        self.content, self.cuts, self.listing = content, cuts, ''
        self.facts = None  # a list as MLSD tells it; None: there is no such command
        self.heard, self.sessions, self.modified = [], 0, '20231114221320'
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                outer.sessions += 1
                outer.serve(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(('127.0.0.1', 0), Handler)
        self.url = 'ftp://127.0.0.1:%d/' % self.server.server_address[1]
        in_background(self.server)

    def serve(self, handler):
        def say(line):
            handler.wfile.write(line.encode() + b'\r\n')

        say('220 ready')
        offset, listener = 0, None
        with contextlib.suppress(OSError):
            while line := handler.rfile.readline():
                verb, _, argument = line.decode('latin-1').strip().partition(' ')
                self.heard.append(line.decode('latin-1').strip())
                if verb == 'EPSV':
                    listener = socket.create_server(('127.0.0.1', 0))
                    say('229 here (|||%d|)' % listener.getsockname()[1])
                elif verb == 'REST':
                    offset = int(argument)
                    say('350 go on')
                elif verb == 'FEAT' and self.facts is not None:
                    say('211-These\r\n MLST type*;size*;modify*;\r\n211 End')
                elif verb in ('RETR', 'LIST') or (verb == 'MLSD' and self.facts is not None):
                    say('150 it comes')
                    data, _ = listener.accept()
                    listener.close()
                    if verb != 'RETR':
                        with data:
                            told = self.listing if verb == 'LIST' else self.facts
                            data.sendall(told.encode())
                        say('226 done')
                    elif self.send(data, offset):
                        say('226 done')
                    else:
                        say('426 cut off')
                    offset = 0
                else:
                    say({'USER': '331 password', 'PASS': '230 in', 'FEAT': '500 no',
                         'TYPE': '200 type', 'SIZE': '213 %d' % len(self.content),
                         'MDTM': '213 ' + self.modified, 'NOOP': '200 here',
                         'QUIT': '221 bye'}.get(verb, '502 no'))

    def send(self, data, offset):
        left = self.content[offset:]
        cut = self.cuts > 0
        self.cuts -= cut
        try:
            data.sendall(left[:len(left) // 2] if cut else left)
        except OSError:  # the client has seen enough
            cut = True
        data.close()
        return not cut


@pytest.fixture
def scripted():
    servers = []

    def start(*words, **named):
        servers.append(Scripted(*words, **named))
        return servers[-1]
    yield start
    for one in servers:
        one.server.shutdown()
        one.server.server_close()


# ---- get ----------------------------------------------------------------------------------------

@pytest.mark.parametrize('way', [(), ('--active',)])
def test_files_come_over_ftp(ftp, folder, here, way):
    for name in ('a', 'b', 'c d%'):
        (folder / name).write_bytes(name.encode() + CONTENT)
    url = ftp()
    command('get', '--no-sync', *way, '-P', here, f'{url}a', f'{url}b', f'{url}c%20d%25')
    for name in ('a', 'b', 'c d%'):
        assert (here / name).read_bytes() == name.encode() + CONTENT
    assert partials(here) == []
    command('get', '-P', here, f'{url}a', code=3)


@once('TLS is what it tries')
@pytest.mark.parametrize('scheme', ['ftps', 'ftpes'])
def test_files_come_over_ftps(ftps, folder, here, pair, scheme):
    (folder / 'a').write_bytes(CONTENT)
    (folder / 'b').write_bytes(b'')
    url = ftps()[scheme]
    command('get', '--cacert', pair[0], '-P', here, f'{url}a', f'{url}b')
    assert (here / 'a').read_bytes() == CONTENT
    assert (here / 'b').read_bytes() == b''
    _, said = command('get', '-P', here, '--force', f'{url}a', code=5)
    assert 'certificate' in said


@once('TLS is what it tries')
def test_ftpes_is_tls_or_nothing(ftp, here):
    url = ftp().replace('ftp:', 'ftpes:', 1)
    command('get', '-P', here, f'{url}a', code=5)


def test_files_of_one_place_share_connections(scripted, here):
    one = scripted(CONTENT)
    command('get', '--jobs', 1, '-P', here, *(f'{one.url}{i}' for i in range(5)))
    assert one.sessions == 1
    assert sum(line.startswith('RETR') for line in one.heard) == 5


def test_a_login_is_nobody_elses_c02(scripted, here):
    one = scripted(CONTENT)
    urls = [one.url.replace('//', f'//{user}@') for user in ('a', 'a:1', 'a:2', 'b:1', 'a')]
    command('get', '--jobs', 1, '-P', here, *(f'{url}{i}' for i, url in enumerate(urls)))
    assert one.sessions == 4
    said = [line for line in one.heard if line.startswith(('USER', 'PASS'))]
    assert said == ['USER a', 'PASS', 'USER a', 'PASS 1', 'USER a', 'PASS 2', 'USER b', 'PASS 1']


def test_passwords_are_told_to_nobody_c11(scripted, here):
    one = scripted(CONTENT, cuts=1)
    url = one.url.replace('//', '//ann:sesame@')
    out, said = command('get', '-v', '--json', '-P', here, f'{url}a', code=8)
    assert 'sesame' not in out.decode() + said


def test_standard_output(ftp, folder):
    (folder / 'a').write_bytes(CONTENT)
    (folder / 'b').write_bytes(b'more')
    url = ftp()
    out, _ = command('get', '-o', '-', f'{url}a', f'{url}b')
    assert out == CONTENT + b'more'
    command('get', '-o', '-', f'{url}missing', code=8)


def test_text_is_asked_for_by_the_url_or_an_option(ftp, folder, here):
    (folder / 'a').write_bytes(b'one\ntwo\n')
    url = ftp()
    command('get', '-P', here, f'{url}a;type=a')
    assert (here / 'a').read_bytes() == b'one\ntwo\n'
    out, _ = command('get', '--ascii', '-o', '-', f'{url}a')
    assert out == b'one\ntwo\n'


@pytest.mark.parametrize('end', [';type=a', ';TYPE=I', ''])
def test_what_is_put_is_text_or_not_by_the_url_rfc1738_3_2_2(ftp, folder, here, end):
    (here / 'a').write_bytes(b'one\ntwo\n')
    (here / 'b').write_bytes(b'one\n')
    url = ftp()
    _, said = command('put', '-v', here / 'a', f'{url}c{end}')
    assert ('> TYPE A' in said) == (end == ';type=a')
    command('put', here / 'a', here / 'b', f'{url}{end}')
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        'a': b'one\ntwo\n', 'b': b'one\n', 'c': b'one\ntwo\n'}


def test_who_asks(server, folder, here):
    (folder / 'a').write_text('x')
    (here / 'b').write_text('x')
    one = server('-4', '--user', 'ann:good secret', '--login-delay', '0', where=(),
                 ftp=('127.0.0.1:0',))
    url = one.ftp_url
    command('get', '-P', here, '--user', 'ann:wrong', f'{url}a', code=6)
    command('get', '-o', '-', '--user', 'ann:wrong', f'{url}a', code=6)
    command('put', '--user', 'ann:wrong', here / 'b', url, code=6)
    command('ls', '--user', 'ann:wrong', url, code=6)
    command('get', '-P', here, '--user', 'ann:good secret', f'{url}a')
    with_user = url.replace('//', '//ann:good%20secret@')
    command('get', '-P', here, '--force', f'{with_user}a')


def test_a_netrc_file_says_who_asks(scripted, here):
    one = scripted(CONTENT)
    (here / 'netrc').write_text('machine 127.0.0.1 login ann password sesame\n')
    for user in ('', 'ann@', 'bob@'):
        url = one.url.replace('//', f'//{user}') + (user[:-1] or 'a')
        command('get', '--force', '--netrc-file', here / 'netrc', '-P', here, url)
    said = [line for line in one.heard if line.startswith(('USER', 'PASS'))]
    assert said == 2 * ['USER ann', 'PASS sesame'] + ['USER bob', 'PASS']


def test_what_goes_wrong_has_its_code(ftp, here):
    url = ftp()
    command('get', '-P', here, f'{url}missing', code=8)
    command('get', '-P', here, url, code=2)
    with socket.create_server(('127.0.0.1', 0)) as closed:
        port = closed.getsockname()[1]
    command('get', '-P', here, f'ftp://127.0.0.1:{port}/a', code=4)
    command('get', '-P', here, '--head', f'{url}a', code=2)
    assert list(here.iterdir()) == []


def test_a_proxy_is_not_passed_by(scripted, here):
    one = scripted(CONTENT)
    _, said = command('get', '-P', here, '--proxy', 'http://127.0.0.1:1', f'{one.url}a', code=4)
    assert 'proxy' in said
    assert one.heard == []


@pytest.mark.parametrize('bytes_', ['%0d%0aDELE%20a', '%0a', '%00', '%ff'])
def test_a_line_in_a_path_is_never_said_f15(scripted, here, bytes_):
    one = scripted(CONTENT)
    command('get', '-o', here / 'x', f'{one.url}a{bytes_}', code=2)
    command('get', '-o', here / 'x', one.url.replace('//', f'//u{bytes_}@') + 'a', code=2)
    command('ls', f'{one.url}a{bytes_}/', code=2)
    (here / 'file').write_text('x')
    for path in (f'{bytes_}x', f'x{bytes_}', f'x{bytes_}/', f'x{bytes_}/y'):
        command('put', here / 'file', one.url + path, code=2)
    assert one.sessions == 0


@pytest.mark.parametrize('name', [b'a\nb', b'a\rb', b'a\xffb'])
def test_a_line_in_a_files_name_is_never_said_f15(scripted, here, name):
    one = scripted(CONTENT)
    path = os.fsencode(here) + b'/' + name
    with open(path, 'wb') as file:
        file.write(b'x')
    _, said = command('put', os.fsdecode(path), one.url, code=2)
    assert 'no FTP command' in said
    assert one.sessions == 0


def test_only_files_with_a_line_in_their_names_stay_here(ftp, folder, here):
    plant(here, {'a': 1, 'b\nc': 1, 'd\ne/f': 1, 'g/h': 1})
    _, said = command('mirror', here, f'{ftp()}new', code=9)
    assert '2 transferred, 0 equal, 0 deleted, 2 failed' in said
    assert said.count('no FTP command') == 2
    assert sorted(contents(folder / 'new')) == ['a', 'g/h']


def test_a_cut_download_is_resumed_in_the_same_run(scripted, here):
    one = scripted(CONTENT, cuts=1)
    command('get', '--retries', 1, '-P', here, f'{one.url}a')
    assert (here / 'a').read_bytes() == CONTENT
    rests = [line for line in one.heard if line.startswith('REST')]
    assert rests == ['REST %d' % (len(CONTENT) // 2 - 4096)]


def test_a_later_run_goes_on_where_the_file_is_the_same(scripted, here):
    one = scripted(CONTENT, cuts=1)
    command('get', '-P', here, f'{one.url}a', code=8)
    assert len(partials(here)) == 1
    command('get', '-c', '-P', here, f'{one.url}a')
    assert (here / 'a').read_bytes() == CONTENT
    assert any(line.startswith('REST') for line in one.heard)


def test_another_file_is_never_spliced(scripted, here):
    one = scripted(CONTENT, cuts=1)
    command('get', '-P', here, f'{one.url}a', code=8)
    one.content = CONTENT[::-1]  # of the same size and time
    command('get', '-c', '-P', here, f'{one.url}a')
    assert (here / 'a').read_bytes() == CONTENT[::-1]


def test_a_file_of_another_time_begins_anew(scripted, here):
    one = scripted(CONTENT, cuts=1)
    command('get', '-P', here, f'{one.url}a', code=8)
    one.content, one.modified = CONTENT[::-1], '20231114221321'
    command('get', '-c', '-P', here, f'{one.url}a')
    assert (here / 'a').read_bytes() == CONTENT[::-1]
    assert not any(line.startswith('REST') for line in one.heard)


# ---- put and ls ---------------------------------------------------------------------------------

def test_files_go_up(ftp, folder, here):
    (here / 'a').write_bytes(CONTENT)
    (here / 'b').write_bytes(b'')
    url = ftp()
    (folder / 'in').mkdir()
    (folder / 'in').chmod(0o777)
    command('put', here / 'a', here / 'b', f'{url}in/')
    command('put', here / 'a', f'{url}in/new%20name')
    assert contents(folder / 'in') == {'a': CONTENT, 'b': b'', 'new name': CONTENT}
    command('put', here / 'a', f'{url}nowhere/', code=8)


@once('TLS is what it tries')
def test_files_go_up_over_ftps(ftps, folder, here, pair):
    (here / 'a').write_bytes(CONTENT)
    for scheme, url in ftps().items():
        command('put', '--cacert', pair[0], here / 'a', f'{url}{scheme}')
        assert (folder / scheme).read_bytes() == CONTENT


def test_a_refused_upload(server, folder, here):
    (here / 'a').write_bytes(CONTENT)
    url = server('-4', where=(), ftp=('127.0.0.1:0',)).ftp_url
    command('put', here / 'a', url, code=8)


@pytest.mark.parametrize('kind', ['ours', 'pyftpdlib'])
def test_a_folder_is_listed(ftp, folder, kind, request):
    plant(folder, FILES)
    url = ftp() if kind == 'ours' else request.getfixturevalue('pyftpdlib')
    out, _ = command('ls', '-R', url)
    assert sorted(out.decode().split('\n')[:-1]) == sorted([*FILES, 'sub/', 'sub/deep/', 'other/'])
    out, _ = command('ls', '--json', f'{url}a.txt')
    found = json.loads(out)
    assert found['size'] == 3
    command('ls', f'{url}missing/', code=8)


# ---- mirror -------------------------------------------------------------------------------------

@pytest.mark.parametrize('kind', ['ours', 'pyftpdlib'])
def test_a_tree_comes_down_and_then_nothing_does(ftp, folder, here, kind, request):
    plant(folder, FILES)
    url = ftp() if kind == 'ours' else request.getfixturevalue('pyftpdlib')
    _, said = command('mirror', '--no-sync', url, here / 'new')
    assert '6 transferred, 0 equal' in said
    assert contents(here / 'new') == contents(folder)
    assert (here / 'new' / 'a.txt').stat().st_mtime == TIME
    _, said = command('mirror', '--no-sync', url, here / 'new')
    assert '0 transferred, 6 equal' in said
    (folder / 'sub' / 'x.txt').unlink()
    command('mirror', '--delete', '--no-sync', url, here / 'new')
    assert contents(here / 'new') == contents(folder)


@pytest.mark.parametrize('kind', ['ours', 'pyftpdlib'])
def test_a_tree_goes_up_and_then_nothing_does(ftp, folder, here, kind, request):
    plant(here, FILES)
    url = ftp() if kind == 'ours' else request.getfixturevalue('pyftpdlib')
    _, said = command('mirror', here, f'{url}new')
    assert '6 transferred, 0 equal' in said
    assert contents(folder / 'new') == contents(here)
    _, said = command('mirror', here, f'{url}new')
    assert '0 transferred, 6 equal' in said
    (here / 'sub' / 'x.txt').unlink()
    command('mirror', '--delete', here, f'{url}new')
    assert contents(folder / 'new') == contents(here)


@pytest.mark.parametrize('kind', ['ours', 'pyftpdlib'])
def test_json_says_how_many_bytes_went(ftp, folder, here, kind, request):
    plant(folder, SIZES)
    url = ftp() if kind == 'ours' else request.getfixturevalue('pyftpdlib')
    out, _ = command('mirror', '--json', '--no-sync', url, here)
    assert bytes_of(out.splitlines()) == SIZES
    out, _ = command('mirror', '--json', here, f'{url}new')
    assert bytes_of(out.splitlines()) == SIZES
    out, _ = command('put', '--json', *(here / name for name in SIZES), url)
    assert bytes_of(out.splitlines()) == {str(here / name): size for name, size in SIZES.items()}


def test_by_a_list_that_is_not_understood_nothing_is_deleted_c07(scripted, here):
    one = scripted(b'abc')
    plant(here, {'kept': 3})
    good = '-rw-r--r--   1 0        0               3 Nov 14  2023 a\r\n'
    one.listing = 'total 1\r\n' + good + 'who knows what\r\n'
    _, said = command('mirror', '--delete', '--no-sync', one.url, here, code=9)
    assert 'nothing is deleted' in said
    assert contents(here) == {'a': b'abc', 'kept': b'kep'}
    one.listing = 'total 1\r\n' + good
    command('mirror', '--delete', '--no-sync', one.url, here)
    assert contents(here) == {'a': b'abc'}


LINE = '-rw-r--r--   1 0        0               3 Nov 14  2023 %s\r\n'
FACTS = 'type=file;size=3;modify=20231114221320; %s\r\n'
AROUND = {'listing': 'drwxr-xr-x   2 0        0            4096 Nov 14  2023 .\r\n'
                     'drwxr-xr-x   2 0        0            4096 Nov 14  2023 ..\r\n',
          'facts': 'type=cdir; /pub\r\ntype=pdir; /\r\ntype=dir; .\r\ntype=dir; ..\r\n'}


@pytest.mark.parametrize('form', ['listing', 'facts'])
@pytest.mark.parametrize('name', ['../evil', '/evil', 'sub/evil', 'ev\ril'])
def test_by_a_list_with_names_that_are_none_nothing_is_deleted_c07(scripted, here, form, name):
    one = scripted(b'abc')
    line = LINE if form == 'listing' else FACTS
    plant(here, {'kept': 3})
    setattr(one, form, AROUND[form] + line % 'a' + line % name)
    _, said = command('mirror', '--delete', '--no-sync', one.url, here, code=9)
    assert '1 of its entries have no names' in said and 'nothing is deleted' in said
    assert contents(here) == {'a': b'abc', 'kept': b'kep'}
    out, said = command('ls', one.url, code=9)
    assert out == b'a\n' and '1 of its entries have no names' in said
    setattr(one, form, AROUND[form] + line % 'a')
    command('mirror', '--delete', '--no-sync', one.url, here)
    assert contents(here) == {'a': b'abc'}
    out, said = command('ls', one.url)
    assert (out, said) == (b'a\n', '')
