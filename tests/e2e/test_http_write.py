# SPDX-License-Identifier: MIT
"""Accounts and writing over HTTP, with curl and Python's urllib; and beside FTP, in one tree."""

import base64
import ftplib
import io
import json
import os
import pwd
import random
import shutil
import signal
import socket
import urllib.error
import urllib.request

import pytest

from conftest import CORONET, PATIENCE, eventually, run

CONTENT = random.Random(2).randbytes(3_000_000)
USER, PASSWORD = 'ann', 'good-secret'
CURL = shutil.which('curl')

needs_curl = pytest.mark.skipif(not CURL, reason='curl is not installed')


@pytest.fixture
def share(folder):
    (folder / 'hello.txt').write_text('hello\n')
    (folder / 'sub').mkdir()
    for path in (folder, folder / 'sub'):
        path.chmod(0o777)
    return folder


@pytest.fixture
def writer(server, share):
    return server('--write', '--user', f'{USER}:{PASSWORD}', '--login-delay', '0',
                  ftp=['127.0.0.1:0'])


def ask(server, method, path, body=None, user=USER, password=PASSWORD, **fields):
    """The status, the header fields and the body of the answer."""
    request = urllib.request.Request(server.url.rstrip('/') + path, data=body, method=method)
    if user:
        token = base64.b64encode(f'{user}:{password}'.encode()).decode()
        request.add_header('Authorization', f'Basic {token}')
    for name, value in fields.items():
        request.add_header(name.replace('_', '-'), value)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.status, answer.headers, answer.read()


def curl(server, path, *words):
    """The status that curl saw."""
    done = run(CURL, '-sS', '-o', '/dev/null', '-w', '%{http_code}', '-u', f'{USER}:{PASSWORD}',
               *words, server.url.rstrip('/') + path)
    return int(done.stdout)


def ftp_of(server, *account, source=None):
    ftp = ftplib.FTP(source_address=(source, 0) if source else None)
    ftp.connect(server.ftp_host, server.ftp_port, timeout=PATIENCE)
    ftp.login(*account)
    return ftp


# ---- bulk ---------------------------------------------------------------------------------------

def test_bulk_ends_where_the_body_does(writer, share):
    """It goes through a pipe; the next request on the connection stays out of the file."""
    large = CONTENT * 4
    token = base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()
    put = (f'PUT /large HTTP/1.1\r\nHost: {writer.host}\r\nAuthorization: Basic {token}\r\n'
           f'Content-Length: {len(large)}\r\n\r\n')
    get = f'GET /hello.txt HTTP/1.1\r\nHost: {writer.host}\r\nConnection: close\r\n\r\n'
    with writer.connect() as one:
        one.sendall(put.encode() + large + get.encode())
        answers = b''
        while piece := one.recv(65536):
            answers += piece
    assert answers.count(b'HTTP/1.1 201 Created') == 1
    assert answers.endswith(b'\r\n\r\nhello\n')
    assert (share / 'large').read_bytes() == large


# ---- who may ------------------------------------------------------------------------------------

def test_no_anonymous_closes_http(server, share):
    closed = server('--no-anonymous', '--user', f'{USER}:{PASSWORD}', '--login-delay', '0')
    for path in ('/', '/hello.txt', '/none', '/sub/'):
        status, fields, body = ask(closed, 'GET', path, user=None)
        assert status == 401 and b'hello' not in body
        assert fields['WWW-Authenticate'] == 'Basic realm="Coronet", charset="UTF-8"'
    assert ask(closed, 'GET', '/hello.txt', password='wrong')[0] == 401
    assert ask(closed, 'GET', '/hello.txt', user='eve')[0] == 401
    assert ask(closed, 'GET', '/hello.txt')[2] == b'hello\n'
    assert ask(closed, 'PUT', '/new', b'x')[0] == 405


def test_no_anonymous_without_users_lets_nobody_in(server, share):
    assert ask(server('--no-anonymous'), 'GET', '/hello.txt')[0] == 403


@pytest.mark.parametrize('text', ['', '# nobody yet\n\n'])
def test_a_users_file_without_users_is_said_and_may_get_some(server, share, tmp_path, text):
    users = tmp_path / 'users'
    users.write_text(text)
    one = server('--users', users, '--login-delay', '0', '--no-anonymous',
                 '--run-as', pwd.getpwuid(os.geteuid()).pw_name)
    assert any(f'the users file {users} has no users' in line for line in one.lines)
    run(CORONET, 'passwd', users, USER, input=PASSWORD.encode() + b'\n')
    one.signal(signal.SIGHUP)
    eventually(lambda: ask(one, 'GET', '/hello.txt')[0] == 200)


def test_a_device_is_no_users_file(share):
    done = run(CORONET, 'serve', '--http', '0', '--users', '/dev/null', share, code=3)
    assert b'cannot read the users file /dev/null: it is no regular file' in done.stderr


def test_anonymous_write_is_for_everybody(server, share):
    opened = server('--anonymous-write')
    assert ask(opened, 'PUT', '/new', b'x', user=None)[0] == 201
    assert ask(opened, 'DELETE', '/new', user=None)[0] == 204


def test_users_of_a_file_have_homes_and_rights_and_are_read_again(server, share, tmp_path):
    users = tmp_path / 'users'

    def passwd(name, *words):
        run(CORONET, 'passwd', users, name, *words, input=b'secret\n')

    passwd('bob', '--home', 'sub', '--rights', 'read,list,add,change')
    passwd('drop', '--rights', 'add')
    (share / 'sub' / 'mine').write_text('mine')
    myself = pwd.getpwuid(os.geteuid()).pw_name  # who may read the file again
    one = server('--write', '--users', users, '--no-anonymous', '--login-delay', '0',
                 '--run-as', myself)
    assert ask(one, 'GET', '/mine', user='bob', password='secret')[2] == b'mine'
    assert ask(one, 'GET', '/hello.txt', user='bob', password='secret')[0] == 404
    assert ask(one, 'PUT', '/up', b'x', user='bob', password='secret')[0] == 201
    assert (share / 'sub' / 'up').read_bytes() == b'x'
    assert ask(one, 'PUT', '/dropped', b'x', user='drop', password='secret')[0] == 201
    assert ask(one, 'GET', '/dropped', user='drop', password='secret')[0] == 403
    passwd('drop', '--delete')
    passwd('eve')
    passwd('bob', '--rights', 'read')
    one.signal(signal.SIGHUP)
    eventually(lambda: ask(one, 'PUT', '/up', b'x', user='bob', password='secret')[0] == 403)
    assert ask(one, 'GET', '/', user='eve', password='secret')[0] == 200
    assert ask(one, 'PUT', '/dropped', b'x', user='drop', password='secret')[0] == 401


def test_a_quota_counts_what_lies_there_and_what_both_protocols_write(server, share, tmp_path):
    users = tmp_path / 'users'
    run(CORONET, 'passwd', users, 'bob', '--home', 'sub', '--rights', 'read,list,add,change',
        '--quota', '10000', input=b'secret\n')
    (share / 'sub' / 'before').write_bytes(bytes(4000))
    one = server('--write', '--users', users, ftp=['127.0.0.1:0'])
    bob = {'user': 'bob', 'password': 'secret'}
    assert ask(one, 'PUT', '/first', bytes(4000), **bob)[0] == 201
    assert ask(one, 'PUT', '/second', bytes(4000), **bob)[0] == 507
    with ftp_of(one, 'bob', 'secret') as ftp:
        with pytest.raises(ftplib.error_perm, match='552'):
            ftp.storbinary('STOR second', io.BytesIO(bytes(4000)))
        ftp.delete('before')
    assert ask(one, 'PUT', '/second', bytes(4000), **bob)[0] == 201
    assert ask(one, 'PUT', '/third', bytes(4000), **bob)[0] == 507


def test_a_quota_that_has_refused_something_hears_of_what_others_removed(server, share, tmp_path):
    users = tmp_path / 'users'
    run(CORONET, 'passwd', users, 'bob', '--home', 'sub', '--quota', '10000', input=b'secret\n')
    one = server('--write', '--users', users, ftp=['127.0.0.1:0'])
    bob = {'user': 'bob', 'password': 'secret'}

    def upload_by_ftp():
        with ftp_of(one, 'bob', 'secret') as ftp:
            try:
                return ftp.storbinary('STOR third', io.BytesIO(bytes(8000)))[:3]
            except ftplib.error_perm as refusal:
                return str(refusal)[:3]

    assert ask(one, 'PUT', '/first', bytes(8000), **bob)[0] == 201
    assert ask(one, 'PUT', '/second', bytes(8000), **bob)[0] == 507
    (share / 'sub' / 'first').unlink()
    eventually(lambda: ask(one, 'PUT', '/second', bytes(8000), **bob)[0] == 201)
    assert upload_by_ftp() == '552'
    (share / 'sub' / 'second').unlink()
    eventually(lambda: upload_by_ftp() == '226')
    assert ask(one, 'PUT', '/fourth', bytes(8000), **bob)[0] == 507


def test_an_index_hides_the_list_from_those_who_may_only_read(writer, share):
    """And from browsers: a program that asks for JSON keeps the site up to date."""
    (share / 'index.html').write_text('welcome')
    (share / 'hidden-by-it').write_text('x')
    for user, accept, shown in ((None, 'application/json', b'welcome'),
                                (USER, 'text/html', b'welcome'), (USER, '*/*', b'welcome'),
                                (USER, 'application/json', b'hidden-by-it')):
        reply = ask(writer, 'GET', '/', user=user, Accept=accept)
        assert reply[0] == 200 and shown in reply[2], (user, accept)


def test_guesses_over_http_ban_ftp_too(writer):
    for _ in range(10):
        assert ask(writer, 'GET', '/hello.txt', password='wrong')[0] == 401
    status, fields, _ = ask(writer, 'GET', '/hello.txt')
    assert status == 429 and int(fields['Retry-After']) > 0
    with pytest.raises(ftplib.error_temp, match='421'):
        ftp_of(writer, USER, PASSWORD)
    assert ask(writer, 'GET', '/hello.txt', user=None)[0] == 200


def test_users_that_cannot_be_read_are_no_wrong_passwords_and_no_ban(server, share, tmp_path):
    users = tmp_path / 'users'
    run(CORONET, 'passwd', users, USER, input=PASSWORD.encode() + b'\n')
    one = server('--users', users, '--login-delay', '0', '--no-anonymous', ftp=['127.0.0.1:0'])
    users.rename(tmp_path / 'away')
    for _ in range(11):  # ten wrong ones are a ban
        status, fields, _ = ask(one, 'GET', '/hello.txt')
        assert status == 503 and int(fields['Retry-After']) > 0
        with pytest.raises(ftplib.error_temp, match='421'):
            ftp_of(one, USER, PASSWORD)
    (tmp_path / 'away').rename(users)
    assert ask(one, 'GET', '/hello.txt')[0] == 200
    ftp_of(one, USER, PASSWORD).close()


def test_a_home_behind_a_closed_folder_is_told_as_that(server, share, tmp_path):
    users = tmp_path / 'users'
    home = share / 'closed' / 'bob'
    home.mkdir(parents=True)
    run(CORONET, 'passwd', users, 'bob', '--home', 'closed/bob', input=b'secret\n')
    one = server('--users', users, '--login-delay', '0', ftp=['127.0.0.1:0'])
    home.parent.chmod(0)  # the server's user is not its owner, or has no rights of root's
    for _ in range(11):  # ten wrong passwords are a ban
        status, _, text = ask(one, 'GET', '/', user='bob', password='secret')
        assert (status, text) == (403, b'Your folder cannot be opened on this server.\n')
        with pytest.raises(ftplib.error_perm, match='530 Your folder .*permission denied'):
            ftp_of(one, 'bob', 'secret')
    home.parent.chmod(0o755)
    assert ask(one, 'GET', '/', user='bob', password='secret')[0] == 200
    ftp_of(one, 'bob', 'secret').close()
    one.expect('the folder /closed/bob of user bob cannot be opened: permission denied$')


def test_what_the_disk_forbids_is_not_laid_to_the_account(writer, share):
    """As over FTP; root's servers are another user, to whom the folder must belong."""
    (share / 'closed').mkdir()
    (share / 'closed').chmod(0o555)
    for method, path in (('PUT', 'new'), ('MKCOL', 'new/')):
        status, _, text = ask(writer, method, f'/closed/{path}')
        assert status == 403 and b'its user lacks the permission on the disk' in text


def test_the_log_names_the_user(server, share):
    for how, expected in (('combined', f'127.0.0.1 - {USER} ['), ('json', f'"user":"{USER}"')):
        one = server('--user', f'{USER}:{PASSWORD}', '--log-format', how, where=['127.0.0.1:0'])
        assert ask(one, 'GET', '/hello.txt')[0] == 200
        assert ask(one, 'GET', '/', user=None)[0] == 200
        named, unnamed = one.stop().splitlines()
        assert expected in named and USER not in unnamed


# ---- curl and urllib -----------------------------------------------------------------------------

@needs_curl
def test_curl_uploads_moves_and_removes(writer, tmp_path):
    source = tmp_path / 'source.bin'
    source.write_bytes(CONTENT)
    assert curl(writer, '/up.bin', '-T', source) == 201
    assert (writer.folder / 'up.bin').read_bytes() == CONTENT
    assert curl(writer, '/up.bin', '-T', source) == 204
    assert curl(writer, '/up.bin', '-T', source, '-H', 'If-None-Match: *') == 412
    assert curl(writer, '/none/up.bin', '-T', source) == 409
    assert curl(writer, '/folder/', '-X', 'MKCOL') == 201
    assert curl(writer, '/up.bin', '-X', 'MOVE', '-H', 'Destination: /folder/moved.bin') == 201
    assert curl(writer, '/folder/', '-X', 'DELETE') == 409
    assert curl(writer, '/folder/moved.bin', '-X', 'DELETE') == 204
    assert curl(writer, '/folder/', '-X', 'DELETE') == 204
    assert not (writer.folder / 'folder').exists()


@needs_curl
def test_curl_uploads_from_a_pipe(writer, tmp_path):
    source = tmp_path / 'source.bin'
    source.write_bytes(CONTENT)
    with open(source, 'rb') as pipe:
        run(CURL, '-sSf', '-u', f'{USER}:{PASSWORD}', '-T', '-', f'{writer.url}piped', stdin=pipe)
    assert (writer.folder / 'piped').read_bytes() == CONTENT


@needs_curl
def test_curl_continues_an_upload_that_was_cut_off(writer, tmp_path):
    source = tmp_path / 'source.bin'
    source.write_bytes(CONTENT)
    token = base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()
    with writer.connect() as connection:
        connection.sendall(f'PUT /up.bin HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {token}\r\n'
                           f'Content-Length: {len(CONTENT)}\r\n\r\n'.encode() + CONTENT[:1_000_000])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100).startswith(b'HTTP/1.1 400')
    status, fields, _ = ask(writer, 'HEAD', '/up.bin')
    assert status == 404 and fields['Upload-Offset'] == '1000000'
    assert curl(writer, '/up.bin', '-T', source, '-C', fields['Upload-Offset']) == 201
    assert (writer.folder / 'up.bin').read_bytes() == CONTENT


@needs_curl
def test_curl_sends_a_form(writer, tmp_path):
    source = tmp_path / 'source.bin'
    source.write_bytes(CONTENT)
    assert curl(writer, '/sub/', '-F', f'a=@{source}', '-F', f'b=@{source};filename=x/y/z.bin',
                '-F', 'note=ignored') == 303
    assert (writer.folder / 'sub' / 'source.bin').read_bytes() == CONTENT
    assert (writer.folder / 'sub' / 'x' / 'y' / 'z.bin').read_bytes() == CONTENT
    done = run(CURL, '-sSf', '-u', f'{USER}:{PASSWORD}', '-H', 'Accept: application/json', '-F',
               f'a=@{source};filename=é"q', f'{writer.url}sub/')
    assert json.loads(done.stdout) == {'files': [{'name': 'é"q', 'bytes': len(CONTENT)}]}


def test_urllib_writes_with_conditions(writer):
    status, fields, _ = ask(writer, 'PUT', '/note', b'one', If_None_Match='*')
    assert status == 201 and fields['Location'] == '/note'
    tag = fields['ETag']
    assert ask(writer, 'GET', '/note', user=None)[1]['ETag'] == tag
    assert ask(writer, 'PUT', '/note', b'two', If_Match=tag)[0] == 204
    assert ask(writer, 'PUT', '/note', b'three', If_Match=tag)[0] == 412
    assert ask(writer, 'DELETE', '/note', If_Match=tag)[0] == 412
    assert ask(writer, 'GET', '/note', user=None)[2] == b'two'


def test_what_was_put_there_during_an_upload_is_not_lost_to_it(writer):
    """RFC 9110 13.1.1: that is what If-Match is for."""
    tag = ask(writer, 'PUT', '/note', b'one')[1]['ETag']
    login = base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()
    slow = writer.http()
    slow.putrequest('PUT', '/note')
    for field in (('Authorization', f'Basic {login}'), ('If-Match', tag),
                  ('Content-Length', '4'), ('Expect', '100-continue')):
        slow.putheader(*field)
    slow.endheaders()
    assert slow.sock.recv(100).startswith(b'HTTP/1.1 100')  # so the condition held
    assert ask(writer, 'PUT', '/note', b'two')[0] == 204
    slow.send(b'lost')
    assert slow.getresponse().status == 412
    slow.close()
    assert ask(writer, 'GET', '/note', user=None)[2] == b'two'


def test_pages_of_other_sites_change_nothing(writer):
    for fields in ({'Origin': 'http://evil.example'}, {'Sec_Fetch_Site': 'cross-site'}):
        assert ask(writer, 'DELETE', '/hello.txt', **fields)[0] == 403
        assert ask(writer, 'PUT', '/hello.txt', b'x', **fields)[0] == 403
    assert (writer.folder / 'hello.txt').read_text() == 'hello\n'
    assert ask(writer, 'PUT', '/hello.txt', b'x', Origin=writer.url.rstrip('/'))[0] == 204


# ---- one tree -----------------------------------------------------------------------------------

def test_what_one_protocol_writes_the_other_shows_at_once(writer):
    with ftp_of(writer, USER, PASSWORD) as ftp:
        for turn in range(20):
            text = f'turn {turn}'.encode()
            ftp.storbinary('STOR shared', io.BytesIO(text))
            assert ask(writer, 'GET', '/shared')[2] == text
            assert ask(writer, 'PUT', '/shared', text[::-1])[0] == 204
            got = io.BytesIO()
            ftp.retrbinary('RETR shared', got.write)
            assert got.getvalue() == text[::-1]
        ftp.mkd('made')
        assert ask(writer, 'GET', '/made/')[0] == 200
        assert ask(writer, 'DELETE', '/shared')[0] == 204
        assert 'shared' not in ftp.nlst() and 'made' in ftp.nlst()
        assert ask(writer, 'MOVE', '/made', Destination='/moved')[0] == 201
        assert 'moved' in ftp.nlst()


def test_what_one_protocol_began_the_other_ends(writer):
    assert ask(writer, 'PUT', '/up', CONTENT[:1000],
               Content_Range=f'bytes 0-999/{len(CONTENT)}')[0] == 202
    with ftp_of(writer, USER, PASSWORD) as ftp:
        assert 'up' not in ftp.nlst()
        ftp.storbinary('STOR up', io.BytesIO(CONTENT[1000:]), rest=1000)
    assert ask(writer, 'GET', '/up')[2] == CONTENT
