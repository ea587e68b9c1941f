# SPDX-License-Identifier: MIT
"""FTP with the clients that people use."""

import base64
import ftplib
import io
import os
import random
import socket
import subprocess
import threading

import pytest

import over_tls
from conftest import PATIENCE, once, run

CONTENT = random.Random(1).randbytes(3_000_000)
USER, PASSWORD = 'ann', 'good-secret'


@pytest.fixture
def share(folder):
    (folder / 'hello.txt').write_text('hello\nworld\n')
    (folder / 'large.bin').write_bytes(CONTENT)
    with open(folder / 'huge.bin', 'wb') as huge:
        huge.truncate(1 << 28)  # more than sockets hold
    (folder / 'sub' / 'deep').mkdir(parents=True)
    (folder / 'sub' / 'a file with spaces').write_text('spaces')
    (folder / 'sub' / 'deep' / 'é "quoted"').write_text('quoted')
    (folder / '.hidden').write_text('hidden')
    os.symlink('/etc/passwd', folder / 'out')
    for path in (folder, folder / 'sub', folder / 'sub' / 'deep'):
        path.chmod(0o777)
    return folder


@pytest.fixture
def reader(server, share):
    return server(ftp=['127.0.0.1:0'])


@pytest.fixture
def writer(server, share):
    return server('--write', '--user', f'{USER}:{PASSWORD}', ftp=['127.0.0.1:0'])


@pytest.fixture
def closed(server, share):
    return server('--no-anonymous', '--user', f'{USER}:{PASSWORD}', ftp=['127.0.0.1:0'])


@pytest.fixture
def six(server, share):
    return server('--write', '--user', f'{USER}:{PASSWORD}', ftp=['[::1]:0'])


def login(server, *account):
    ftp = ftplib.FTP()
    ftp.encoding = 'utf-8'
    ftp.connect(server.ftp_host, server.ftp_port, timeout=PATIENCE)
    ftp.login(*account)
    return ftp


def fetched(ftp, path, **rest):
    out = io.BytesIO()
    ftp.retrbinary(f'RETR {path}', out.write, **rest)
    return out.getvalue()


@once('what is sent is in clear')
@pytest.mark.parametrize('option, sent', [
    ('--idle-timeout', b'USER anonymous\r\nPASS x\r\n'),
    ('--header-timeout', b'USER anonymous\r\n'),
    ('--header-timeout', b'USER anonymous\r\nPASS x\r\nNO')])
def test_timeouts_end_silent_sessions(server, share, option, sent):
    one = server(option, '500ms', ftp=['127.0.0.1:0'])
    with socket.create_connection((one.ftp_host, one.ftp_port), timeout=PATIENCE) as control:
        control.sendall(sent)
        replies = control.makefile('rb').read().splitlines()
    assert replies[-1].startswith(b'421 ')


# ---- python's ftplib: the script that everybody has ---------------------------------------------

def test_the_script_of_ten_lines_works(writer):
    ftp = ftplib.FTP()
    ftp.connect(writer.ftp_host, writer.ftp_port)
    ftp.login(USER, PASSWORD)
    lines = []
    ftp.dir(lines.append)
    got = io.BytesIO()
    ftp.retrbinary('RETR hello.txt', got.write)
    ftp.storbinary('STOR copy.txt', io.BytesIO(got.getvalue()))
    assert ftp.quit().startswith('221')
    assert [line.split()[-1] for line in lines if line.endswith('hello.txt')] == ['hello.txt']
    assert got.getvalue() == b'hello\nworld\n'
    assert (writer.folder / 'copy.txt').read_bytes() == b'hello\nworld\n'


@pytest.mark.parametrize('passive', [True, False])
@pytest.mark.parametrize('family', ['writer', 'six'])
def test_every_kind_of_data_connection(request, family, passive):
    ftp = login(request.getfixturevalue(family), USER, PASSWORD)
    ftp.set_pasv(passive)
    assert fetched(ftp, 'large.bin') == CONTENT
    ftp.storbinary('STOR up.bin', io.BytesIO(CONTENT))
    assert 'up.bin' in ftp.nlst()
    assert fetched(ftp, 'up.bin') == CONTENT
    ftp.quit()


def test_anonymous_reads_and_no_more(reader):
    ftp = login(reader)
    assert fetched(ftp, '/sub/a file with spaces') == b'spaces'
    for command in ('STOR x', 'DELE hello.txt', 'MKD x', 'RMD sub', 'APPE hello.txt',
                    'SITE CHMOD 600 hello.txt'):
        with pytest.raises(ftplib.error_perm):
            if command.startswith(('STOR', 'APPE')):
                ftp.storbinary(command, io.BytesIO(b'x'))
            else:
                ftp.voidcmd(command)
    with pytest.raises(ftplib.error_perm):
        ftp.rename('hello.txt', 'y')
    for path in ('out', '.hidden', '../../etc/passwd', '/etc/passwd', 'sub/../../../etc/passwd'):
        with pytest.raises(ftplib.error_perm):
            fetched(ftp, path)
    names = [name for name, _ in ftp.mlsd()]
    assert 'out' not in names and '.hidden' not in names and 'hello.txt' in names


def test_a_link_that_leads_out_is_not_there_to_be_changed(writer):
    ftp = login(writer, USER, PASSWORD)
    for command in ('DELE out', 'RMD out', 'RNFR out', 'DELE none'):
        with pytest.raises(ftplib.error_perm, match='550 No such file or folder'):
            ftp.sendcmd(command)
    web = writer.http()
    user = base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()
    web.request('DELETE', '/out', headers={'Authorization': f'Basic {user}'})
    assert web.getresponse().status == 404
    assert (writer.folder / 'out').is_symlink()
    (writer.folder / 'in').symlink_to('hello.txt')
    ftp.delete('in')
    assert fetched(ftp, 'hello.txt') == b'hello\nworld\n'


def test_a_wrong_password_and_an_unknown_user_are_told_alike(writer):
    said = []
    for account in ((USER, 'wrong'), ('nobody-here', 'wrong')):
        with pytest.raises(ftplib.error_perm) as failure:
            login(writer, *account)
        said.append(str(failure.value))
    assert said[0] == said[1] and said[0].startswith('530')


def test_files_and_folders_are_made_renamed_dated_and_removed(writer):
    ftp = login(writer, USER, PASSWORD)
    assert ftp.mkd('new "folder"') == '/new "folder"'
    ftp.cwd('new "folder"')
    assert ftp.pwd() == '/new "folder"'
    ftp.storbinary('STOR a', io.BytesIO(b'abc'))
    ftp.rename('a', 'b')
    assert ftp.size('b') == 3
    assert ftp.sendcmd('MFMT 20200102030405 b').startswith('213 Modify=20200102030405; b')
    assert ftp.sendcmd('MDTM b') == '213 20200102030405'
    ftp.voidcmd('SITE CHMOD 600 b')
    assert (writer.folder / 'new "folder"' / 'b').stat().st_mode & 0o777 == 0o600
    facts = dict(ftp.mlsd())['b']
    assert facts['size'] == '3' and facts['modify'] == '20200102030405' and facts['type'] == 'file'
    with pytest.raises(ftplib.error_perm):
        ftp.rmd('/new "folder"')
    ftp.delete('b')
    ftp.cwd('..')
    ftp.rmd('new "folder"')
    assert not (writer.folder / 'new "folder"').exists()


def test_text_is_converted_both_ways_and_counted(writer):
    ftp = login(writer, USER, PASSWORD)
    lines = []
    ftp.retrlines('RETR hello.txt', lines.append)
    assert lines == ['hello', 'world']
    ftp.storlines('STOR text', io.BytesIO(b'one\ntwo\n'))
    assert (writer.folder / 'text').read_bytes() == b'one\ntwo\n'
    ftp.voidcmd('TYPE A')
    assert ftp.sendcmd('SIZE hello.txt') == '213 14'
    ftp.voidcmd('TYPE I')
    assert ftp.sendcmd('SIZE hello.txt') == '213 12'


def test_downloads_and_uploads_are_resumed(writer):
    ftp = login(writer, USER, PASSWORD)
    assert fetched(ftp, 'large.bin', rest=1_000_000) == CONTENT[1_000_000:]
    ftp.storbinary('STOR new.bin', io.BytesIO(CONTENT[:1_000_000]))
    ftp.storbinary('STOR new.bin', io.BytesIO(CONTENT[1_000_000:]), rest=1_000_000)
    assert (writer.folder / 'new.bin').read_bytes() == CONTENT
    ftp.storbinary('APPE new.bin', io.BytesIO(b'more'))
    assert (writer.folder / 'new.bin').read_bytes() == CONTENT + b'more'
    with pytest.raises(ftplib.error_perm):
        fetched(ftp, 'large.bin', rest=len(CONTENT) + 1)


@pytest.mark.parametrize('kind', ['I', 'A'])
def test_a_large_upload_is_as_it_was_sent(writer, share, kind):  # bulk goes through a pipe
    large = CONTENT * 5
    ftp = login(writer, USER, PASSWORD)
    ftp.voidcmd(f'TYPE {kind}')
    with ftp.transfercmd('STOR new.bin') as data:
        data.sendall(large if kind == 'I' else large.replace(b'\r', b'').replace(b'\n', b'\r\n'))
    ftp.voidresp()
    expected = large if kind == 'I' else large.replace(b'\r', b'')
    assert (share / 'new.bin').read_bytes() == expected


def test_an_interrupted_upload_can_be_resumed_and_is_never_seen(writer):
    ftp = login(writer, USER, PASSWORD)
    ftp.voidcmd('TYPE I')
    data = ftp.transfercmd('STOR cut.bin')
    data.sendall(CONTENT[:500_000])
    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
    data.close()
    with pytest.raises(ftplib.Error):
        ftp.voidresp()
    names = ftp.nlst()
    assert 'cut.bin' not in names and not [name for name in names if 'part' in name]
    ftp.voidcmd('TYPE I')
    there = ftp.size('cut.bin')
    assert 0 < there <= 500_000
    ftp.storbinary('STOR cut.bin', io.BytesIO(CONTENT[there:]), rest=there)
    assert (writer.folder / 'cut.bin').read_bytes() == CONTENT


def test_the_control_connection_lives_during_a_transfer(reader):
    ftp = login(reader)
    ftp.voidcmd('TYPE I')
    data = ftp.transfercmd('RETR huge.bin')
    data.recv(1)
    assert ftp.sendcmd('NOOP').startswith('200')
    assert 'RETR' in ftp.sendcmd('STAT')
    ftp.putcmd('ABOR')
    assert ftp.getmultiline().startswith('426')
    assert ftp.getmultiline().startswith('226')
    data.close()
    assert fetched(ftp, 'hello.txt') == b'hello\nworld\n'


@once('over TLS the end is awaited anyway')
def test_a_small_file_is_done_when_it_has_arrived(reader):
    (reader.folder / 'small.bin').write_bytes(CONTENT[:20000])
    ftp = login(reader)
    ftp.voidcmd('TYPE I')
    for _ in range(3):  # from the second one on it lies in memory
        data = socket.socket()
        data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the least that there is
        data.settimeout(PATIENCE)
        data.connect(ftp.makepasv())
        assert ftp.sendcmd('RETR small.bin').startswith('150')
        assert ftp.sendcmd('NOOP').startswith('200')  # not the 226
        with data:
            assert data.makefile('rb').read() == CONTENT[:20000]
        assert ftp.voidresp().startswith('226')


@once('urgent data would be in the midst of a record')
def test_abor_by_telnet_synch(reader):
    ftp = login(reader)
    ftp.voidcmd('TYPE I')
    data = ftp.transfercmd('RETR huge.bin')
    data.recv(1)
    ftp.sock.sendall(b'\xff\xf4')
    ftp.sock.sendall(b'\xff', socket.MSG_OOB)
    ftp.sock.sendall(b'\xf2ABOR\r\n')
    assert ftp.getmultiline().startswith('426')
    assert ftp.getmultiline().startswith('226')
    data.close()
    assert ftp.sendcmd('NOOP').startswith('200')


def test_a_stranger_at_the_passive_port_is_turned_away(reader):
    ftp = login(reader)
    ftp.voidcmd('TYPE I')
    host, port = ftp.makepasv()
    stranger = socket.create_connection((host, port), PATIENCE, source_address=('127.0.0.77', 0))
    data = socket.create_connection((host, port), PATIENCE)
    assert ftp.sendcmd('RETR hello.txt').startswith('150')
    data = over_tls.data(data)
    assert data.makefile('rb').read() == b'hello\nworld\n'
    assert ftp.voidresp().startswith('226')
    try:
        assert stranger.recv(1) == b''
    except ConnectionResetError:
        pass


def test_data_goes_to_nobody_else(reader):
    ftp = login(reader)
    for command in ('PORT 127,0,0,2,200,10', 'PORT 127,0,0,1,0,80', 'EPRT |1|127.0.0.2|50000|'):
        with pytest.raises(ftplib.error_perm) as failure:
            ftp.sendcmd(command)
        assert str(failure.value).startswith('501')


def test_many_at_once(writer):
    wrong = []

    def work(number):
        ftp = login(writer, USER, PASSWORD)
        body = CONTENT[:100_000 + number]
        ftp.storbinary(f'STOR many-{number}', io.BytesIO(body))
        if fetched(ftp, f'many-{number}') != body:
            wrong.append(number)
        ftp.quit()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    sizes = [(writer.folder / f'many-{number}').stat().st_size for number in range(16)]
    assert sizes == [100_000 + number for number in range(16)]


def test_sockets_of_a_service_manager(server, share):
    listening = [socket.create_server(('127.0.0.1', 0)) for _ in range(2)]
    http, ftp = (one.fileno() for one in listening)
    one = server(where=[f'fd:{http}'], ftp=[f'fd:{ftp}'], pass_fds=(http, ftp))
    assert one.ftp_port == listening[1].getsockname()[1]
    assert fetched(login(one), 'hello.txt') == b'hello\nworld\n'
    assert run('curl', '-s', f'{one.url}hello.txt').stdout == b'hello\nworld\n'


def test_what_is_uploaded_by_ftp_is_seen_by_http_at_once(writer):
    ftp = login(writer, USER, PASSWORD)
    for body in (b'first', b'second one', b'3'):
        ftp.storbinary('STOR seen', io.BytesIO(body))
        assert run('curl', '-s', f'{writer.url}seen').stdout == body


# ---- the other clients ---------------------------------------------------------------------------

def test_curl(writer, tmp_path):
    base = f'ftp://{writer.ftp_host}:{writer.ftp_port}'
    account = ['-u', f'{USER}:{PASSWORD}']
    assert run('curl', '-s', f'{base}/sub/a%20file%20with%20spaces').stdout == b'spaces'
    assert b'large.bin' in run('curl', '-s', f'{base}/').stdout
    assert run('curl', '-s', '-l', f'{base}/sub/').stdout.split(b'\r\n')[0] != b''
    (tmp_path / 'up').write_bytes(CONTENT)
    run('curl', '-s', *account, '-T', tmp_path / 'up', '--ftp-create-dirs', f'{base}/made/up')
    assert (writer.folder / 'made' / 'up').read_bytes() == CONTENT
    (tmp_path / 'half').write_bytes(CONTENT[:1_000_000])
    run('curl', '-s', '-C', '-', '-o', tmp_path / 'half', f'{base}/large.bin')
    assert (tmp_path / 'half').read_bytes() == CONTENT
    head = run('curl', '-s', '-I', f'{base}/large.bin').stdout
    assert f'Content-Length: {len(CONTENT)}'.encode() in head and b'Last-Modified' in head
    run('curl', '-s', *account, '-Q', 'DELE made/up', f'{base}/')
    assert not (writer.folder / 'made' / 'up').exists()


@once('curl 7.88 forgets TLS where the server connects')
def test_curl_in_active_mode(reader, tmp_path):
    run('curl', '-s', '-P', '-', '-o', tmp_path / 'active',
        f'ftp://{reader.ftp_host}:{reader.ftp_port}/large.bin')
    assert (tmp_path / 'active').read_bytes() == CONTENT


@once('curl 7.88 forgets TLS where the server connects')
def test_curl_in_active_mode_over_ipv6(six, tmp_path):
    base = f'ftp://[::1]:{six.ftp_port}'
    words = ('curl', '-sv', '-P', '-', '-u', f'{USER}:{PASSWORD}')
    done = [run(*words, '-o', tmp_path / 'active', f'{base}/large.bin'),
            run(*words, '-T', six.folder / 'large.bin', f'{base}/sent')]
    assert all(b'> EPRT |2|::1|' in one.stderr for one in done)
    assert (six.folder / 'sent').read_bytes() == CONTENT
    assert (tmp_path / 'active').read_bytes() == CONTENT


def test_wget_mirrors(reader, tmp_path):
    scheme = 'ftps' if over_tls.WANTED else 'ftp'  # AUTH TLS, unless it is told --ftps-implicit
    run('wget', '-q', '-r', '-nH', '-R', 'huge.bin', '-P', tmp_path,
        f'{scheme}://{reader.ftp_host}:{reader.ftp_port}/')
    assert (tmp_path / 'large.bin').read_bytes() == CONTENT
    assert (tmp_path / 'sub' / 'a file with spaces').read_text() == 'spaces'


def test_wget_as_a_user(closed, tmp_path):
    scheme = 'ftps' if over_tls.WANTED else 'ftp'
    words = ('wget', '-q', '-O', tmp_path / 'got', '--user', USER,
             f'{scheme}://{closed.ftp_host}:{closed.ftp_port}/large.bin', '--password')
    run(*words, 'wrong', code=6)
    run(*words, PASSWORD)
    assert (tmp_path / 'got').read_bytes() == CONTENT


def lftp(server, script, *account):
    host = f'[{server.ftp_host}]' if ':' in server.ftp_host else server.ftp_host
    user = f'-u {",".join(account)} ' if account else ''
    opened = f'open {user}ftp://{host}:{server.ftp_port}'
    return run('lftp', '-c',
               f'set net:max-retries 1; set net:timeout {PATIENCE}; {opened}; {script}')


def test_lftp_mirrors_both_ways(writer, tmp_path):
    down, up = tmp_path / 'down', tmp_path / 'up'
    lftp(writer, f'mirror -X huge.bin / {down}')
    assert (down / 'large.bin').read_bytes() == CONTENT
    assert (down / 'sub' / 'deep' / 'é "quoted"').read_text() == 'quoted'
    up.mkdir()
    (up / 'one').write_bytes(CONTENT)
    (up / 'more').mkdir()
    (up / 'more' / 'two').write_text('two')
    lftp(writer, f'mirror -R {up} /uploaded', USER, PASSWORD)
    assert (writer.folder / 'uploaded' / 'one').read_bytes() == CONTENT
    assert (writer.folder / 'uploaded' / 'more' / 'two').read_text() == 'two'


def test_lftp_in_active_mode_over_ipv6(six, tmp_path):
    (tmp_path / 'up').write_bytes(CONTENT)
    done = lftp(six, 'set ftp:passive-mode no; debug 5; ls; '
                f'get large.bin -o {tmp_path}/got; put {tmp_path}/up -o up', USER, PASSWORD)
    assert done.stderr.count(b'EPRT') >= 3
    assert (tmp_path / 'got').read_bytes() == CONTENT
    assert (six.folder / 'up').read_bytes() == CONTENT


def test_lftp_pget(reader, tmp_path):
    lftp(reader, f'pget -n 4 /large.bin -o {tmp_path}/got')
    assert (tmp_path / 'got').read_bytes() == CONTENT


@once('it knows no TLS')
def test_ncftp(writer, tmp_path):
    base = ['-u', USER, '-p', PASSWORD, '-P', writer.ftp_port]
    run('ncftpget', *base, writer.ftp_host, tmp_path, '/large.bin')
    assert (tmp_path / 'large.bin').read_bytes() == CONTENT
    (tmp_path / 'sent').write_bytes(CONTENT)
    run('ncftpput', *base, writer.ftp_host, '/sub', tmp_path / 'sent')
    assert (writer.folder / 'sub' / 'sent').read_bytes() == CONTENT
    assert b'large.bin' in run('ncftpls', *base, f'ftp://{writer.ftp_host}/').stdout


@once('it knows no TLS')
def test_tnftp(writer, tmp_path):
    script = (f'user {USER} "{PASSWORD}"\nbinary\nget large.bin {tmp_path}/got\n'
              f'put {tmp_path}/got sub/put\nls\nbye\n')
    done = subprocess.run(
        ['tnftp', '-n', '-v', writer.ftp_host, str(writer.ftp_port)], input=script.encode(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=2 * PATIENCE, check=True)
    assert (tmp_path / 'got').read_bytes() == CONTENT, done.stdout
    assert (writer.folder / 'sub' / 'put').read_bytes() == CONTENT, done.stdout


@once('it knows no TLS over FTP')
def test_aria2(reader, tmp_path):
    run('aria2c', '-q', '-x', '4', '-s', '4', '-k', '1M', '-d', tmp_path, '-o', 'got',
        f'ftp://{reader.ftp_host}:{reader.ftp_port}/large.bin')
    assert (tmp_path / 'got').read_bytes() == CONTENT


@once('it knows no TLS over FTP')
def test_aria2_as_a_user(closed, tmp_path):
    words = ('aria2c', '-q', '-x', '4', '-s', '4', '-k', '1M', '-d', tmp_path, '-o', 'got',
             '--ftp-user', USER, f'ftp://{closed.ftp_host}:{closed.ftp_port}/large.bin')
    run(*words, '--ftp-passwd', 'wrong', code=21)
    run(*words, '--ftp-passwd', PASSWORD)
    assert (tmp_path / 'got').read_bytes() == CONTENT
