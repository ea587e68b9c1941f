# SPDX-License-Identifier: MIT
"""Digests, ranges, room, compression: what other than RFC 959's is asked of an FTP server."""

import ftplib
import hashlib
import io
import json
import os
import socket
import zlib

import pytest

import over_tls
from conftest import PATIENCE, as_root, run
from test_ftp import CONTENT, PASSWORD, USER, fetched, login, reader, share, writer  # noqa: F401

NAMES = {'SHA-256': 'sha256', 'SHA-512': 'sha512', 'SHA-1': 'sha1', 'MD5': 'md5'}


def digest(name, content=CONTENT):
    if name == 'CRC32':
        return f'{zlib.crc32(content):08x}'
    return hashlib.new(NAMES[name], content).hexdigest()


# ---- HASH and RANG ------------------------------------------------------------------------------

def test_hash_is_sha256_and_others_by_opts(reader):  # noqa: F811
    ftp = login(reader)
    last = len(CONTENT) - 1
    all_of_it = f'213 SHA-256 0-{last} {digest("SHA-256")} large.bin'
    assert ftp.sendcmd('HASH large.bin') == all_of_it
    for name in ('SHA-512', 'SHA-1', 'MD5', 'CRC32', 'SHA-256'):
        assert ftp.sendcmd(f'OPTS HASH {name.lower()}') == f'200 {name}'
        assert f'{name}*' in ftp.sendcmd('FEAT')
        assert ftp.sendcmd('HASH /large.bin') == f'213 {name} 0-{last} {digest(name)} /large.bin'
    assert ftp.sendcmd('OPTS HASH') == '200 SHA-256'
    for command in ('OPTS HASH MD4', 'HASH', 'HASH sub', 'HASH out', 'HASH no', 'HASH .hidden'):
        with pytest.raises(ftplib.error_perm):
            ftp.sendcmd(command)


def test_a_range_is_for_the_next_hash_or_download_alone(reader):  # noqa: F811
    ftp = login(reader)
    ftp.voidcmd('TYPE I')
    assert ftp.sendcmd('RANG 10 19').startswith('350')
    assert ftp.sendcmd('HASH large.bin') == \
        f'213 SHA-256 10-19 {digest("SHA-256", CONTENT[10:20])} large.bin'
    assert digest('SHA-256') in ftp.sendcmd('HASH large.bin')
    where = ftp.makepasv()
    ftp.sendcmd('RANG 2 4')
    with socket.create_connection(where, PATIENCE) as data:
        assert ftp.sendcmd('RETR hello.txt').startswith('150')
        with over_tls.data(data) as data, data.makefile('rb') as file:
            assert file.read() == b'llo'
    ftp.voidresp()
    assert fetched(ftp, 'hello.txt') == b'hello\nworld\n'
    ftp.sendcmd('RANG 2 4')
    ftp.sendcmd('RANG 1 0')
    assert digest('SHA-256') in ftp.sendcmd('HASH large.bin')
    for wrong in ('5', '5 4', 'a b', '-1 4', '1 99999999999999999999', '1  2'):
        with pytest.raises(ftplib.error_perm):
            ftp.sendcmd(f'RANG {wrong}')


def test_a_range_is_no_way_to_upload(writer):  # noqa: F811
    ftp = login(writer, USER, PASSWORD)
    ftp.sendcmd('RANG 0 4')
    with pytest.raises(ftplib.error_perm) as failure:
        ftp.sendcmd('STOR x')
    assert str(failure.value).startswith('504')


def test_what_was_cut_off_is_digested_for_its_uploader_alone(server, share):  # noqa: F811
    """As SIZE tells of it: nobody sees it, but who sent it may compare it."""
    one = server('--write', '--user', f'{USER}:{PASSWORD}', '--user', 'bob:good-secret',
                 ftp=['127.0.0.1:0'])
    ftp = login(one, USER, PASSWORD)
    ftp.voidcmd('TYPE I')
    data, _ = ftp.ntransfercmd('STOR new')
    data.sendall(CONTENT[:200_000])
    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
    data.close()  # by a reset
    with pytest.raises(ftplib.error_temp):
        ftp.voidresp()
    size = ftp.size('new')
    assert ftp.sendcmd('HASH new') == (
        f'213 SHA-256 0-{size - 1} {digest("SHA-256", CONTENT[:size])} new')
    other = login(one, 'bob', 'good-secret')
    for session, command in ((other, 'HASH new'), (other, 'SIZE new'), (ftp, 'RETR new')):
        with pytest.raises(ftplib.error_perm, match='550'):
            session.sendcmd('TYPE I')
            session.makepasv()
            session.sendcmd(command)


def test_the_older_digests_with_their_own_range(reader):  # noqa: F811
    ftp = login(reader)
    for verb, name in (('XCRC', 'CRC32'), ('XMD5', 'MD5'), ('XSHA1', 'SHA-1'),
                       ('XSHA256', 'SHA-256')):
        assert ftp.sendcmd(f'{verb} large.bin') == f'250 {digest(name)}'
        assert ftp.sendcmd(f'{verb} "large.bin"') == f'250 {digest(name)}'
        assert ftp.sendcmd(f'{verb} large.bin 100') == f'250 {digest(name, CONTENT[100:])}'
        assert ftp.sendcmd(f'{verb} "large.bin" 100 200') == f'250 {digest(name, CONTENT[100:200])}'
    assert ftp.sendcmd('XMD5 sub/a file with spaces') == f'250 {digest("MD5", b"spaces")}'
    assert ftp.sendcmd('XMD5 "/sub/a file with spaces" 1 3') == f'250 {digest("MD5", b"pa")}'
    (reader.folder / 'report 2020').write_text('x')
    assert ftp.sendcmd('XMD5 report 2020') == f'250 {digest("MD5", b"x")}'
    (reader.folder / 'empty').touch()
    assert ftp.sendcmd('XCRC empty') == '250 00000000'
    for wrong in ('XMD5 large.bin 5 4', 'XMD5 large.bin 99999999', 'XMD5 "large.bin" a', 'XMD5 sub',
                  'XMD5 "', 'XCRC "large.bin"5'):
        with pytest.raises(ftplib.error_perm):
            ftp.sendcmd(wrong)


def test_the_control_connection_lives_while_a_file_is_digested(reader):  # noqa: F811
    with open(reader.folder / 'endless.bin', 'wb') as file:
        file.truncate(1 << 40)
    ftp = login(reader)
    ftp.putcmd('HASH endless.bin')
    assert ftp.sendcmd('NOOP').startswith('200')
    assert 'HASH' in ftp.sendcmd('STAT')
    ftp.putcmd('ABOR')
    assert ftp.getmultiline().startswith('426')
    assert ftp.getmultiline().startswith('226')
    assert ftp.sendcmd('XMD5 hello.txt').startswith('250')
    ftp.putcmd('XSHA1 endless.bin')
    ftp.close()  # ends it, too: the server stops at once


# ---- room ---------------------------------------------------------------------------------------

def test_avbl_is_what_the_disk_has(reader):  # noqa: F811
    ftp = login(reader)
    disk = os.statvfs(reader.folder)
    for command in ('AVBL', 'AVBL /', 'AVBL sub'):
        there = int(ftp.sendcmd(command).split()[1])
        assert 0 < there <= disk.f_blocks * disk.f_frsize
    for wrong in ('AVBL hello.txt', 'AVBL out', 'AVBL nothing'):
        with pytest.raises(ftplib.error_perm):
            ftp.sendcmd(wrong)


def test_features_and_help_name_them(reader):  # noqa: F811
    ftp = login(reader)
    features, commands = ftp.sendcmd('FEAT'), ftp.sendcmd('HELP').split()
    for verb in ('HASH', 'RANG', 'AVBL', 'XCRC', 'XMD5', 'XSHA1', 'XSHA256'):
        assert f' {verb}' in features and verb in commands
        assert ftp.sendcmd(f'HELP {verb}').startswith(f'214 Syntax: {verb}')


# ---- the log ------------------------------------------------------------------------------------

def test_xferlog_has_a_line_for_each_file(server, share):  # noqa: F811
    one = server('--write', '--user', f'{USER}:{PASSWORD}', '--log-format', 'xferlog',
                 ftp=['127.0.0.1:0'])
    ftp = login(one, USER, PASSWORD)
    ftp.storbinary('STOR new file', io.BytesIO(b'12345'))
    ftp.nlst()
    login(one).retrlines('RETR hello.txt', lambda line: None)
    run('curl', '-s', '-o', os.devnull, one.url, one.url + 'hello.txt')
    upload = ('curl', '-s', '-u', f'{USER}:{PASSWORD}', '-T', share / 'hello.txt')
    run(*upload, one.url + 'by%20http')
    run(*upload, '-H', 'Content-Range: bytes 0-11/13', one.url + 'part')
    ftp.quit()
    lines = [line.split()[5:] for line in one.stop().splitlines()]
    assert lines == [
        ['1', '127.0.0.1', '5', '/new_file', 'b', '_', 'i', 'r', USER, 'ftp', '0', '*', 'c'],
        ['1', '127.0.0.1', '14', '/hello.txt', 'a', '_', 'o', 'a', 'anonymous', 'ftp', '0', '*',
         'c'],
        ['1', '127.0.0.1', '12', '/hello.txt', 'b', '_', 'o', 'a', 'anonymous', 'http', '0', '*',
         'c'],
        ['1', '127.0.0.1', '12', '/by_http', 'b', '_', 'i', 'r', USER, 'http', '0', '*', 'c'],
        ['1', '127.0.0.1', '12', '/part', 'b', '_', 'i', 'r', USER, 'http', '0', '*', 'i'],
    ]


def test_why_there_is_no_data_connection_is_said_in_words(server, share):  # noqa: F811
    ftp = login(server(ftp=['127.0.0.1:0']))
    with socket.create_server(('127.0.0.1', 0)) as closed:
        ftp.sendport(*closed.getsockname())
    ftp.sendcmd('RETR hello.txt')
    with pytest.raises(ftplib.Error, match='^425 .*connection refused'):
        ftp.getresp()


@pytest.mark.parametrize('form', ['combined', 'json'])
def test_refused_transfers_have_their_lines(server, share, form):  # noqa: F811
    one = server('--log-format', form, ftp=['127.0.0.1:0'])
    ftp = login(one)
    for command, code in [('RETR none', '550'), ('STOR new', '553'), ('NLST none', '450')]:
        with pytest.raises(ftplib.Error, match=code):
            ftp.ntransfercmd(command)
    ftp.sendcmd('ABOR')  # or the port would still be there for it
    with pytest.raises(ftplib.Error, match='425'):
        ftp.sendcmd('LIST')
    ftp.quit()
    lines = one.stop().splitlines()
    if form == 'json':
        asked = [json.loads(line) for line in lines]
        assert [(line['event'], line['command'], line['path'], line['status'], line['error'])
                for line in asked if line['event'] != 'login'] == [
            ('download', 'RETR', '/none', 550, 'ENOENT'),
            ('upload', 'STOR', '/new', 553, 'EPERM'),
            ('listing', 'NLST', '/none', 450, 'ENOENT'),
            ('listing', 'LIST', '', 425, 'ENOTCONN')]
    else:
        assert [line.partition('"')[2] for line in lines][1:] == [
            'RETR /none FTP" 550 0 "-" "-"', 'STOR /new FTP" 553 0 "-" "-"',
            'NLST /none FTP" 450 0 "-" "-"', 'LIST - FTP" 425 0 "-" "-"']


# ---- MODE Z -------------------------------------------------------------------------------------

def received(ftp, command):
    """What came over the data connection, as it was."""
    with ftp.transfercmd(command) as data, data.makefile('rb') as file:
        body = file.read()
    ftp.voidresp()
    return body


def sent(ftp, command, body):
    with ftp.transfercmd(command) as data:
        data.sendall(body)
    return ftp.voidresp()


def test_downloads_and_listings_are_packed(reader):  # noqa: F811
    ftp = login(reader)
    text = b'a line of text\n' * 100_000
    (reader.folder / 'text').write_bytes(text)
    ftp.voidcmd('TYPE I')
    plain = received(ftp, 'MLSD')
    assert 'MODE Z' in ftp.sendcmd('FEAT') and ftp.sendcmd('MODE z').startswith('200')
    for path, content in (('large.bin', CONTENT), ('text', text)):
        assert zlib.decompress(received(ftp, f'RETR {path}')) == content
    assert len(received(ftp, 'RETR text')) < len(text) / 50
    assert zlib.decompress(received(ftp, 'MLSD')) == plain
    ftp.sendcmd('REST 1000000')
    assert zlib.decompress(received(ftp, 'RETR large.bin')) == CONTENT[1_000_000:]
    ftp.voidcmd('TYPE A')
    assert zlib.decompress(received(ftp, 'RETR hello.txt')) == b'hello\r\nworld\r\n'
    (reader.folder / 'nothing').touch()
    assert zlib.decompress(received(ftp, 'RETR nothing')) == b''
    ftp.voidcmd('MODE S')
    assert received(ftp, 'RETR hello.txt') == b'hello\r\nworld\r\n'


def test_the_level_can_be_chosen(reader):  # noqa: F811
    ftp = login(reader)
    ftp.voidcmd('TYPE I')
    ftp.voidcmd('MODE Z')
    sizes = []
    for level in (0, 1, 9):
        ftp.voidcmd(f'OPTS MODE Z LEVEL {level}')
        packed = received(ftp, 'RETR large.bin')
        assert zlib.decompress(packed) == CONTENT
        sizes.append(len(packed))
    assert sizes[0] > len(CONTENT)
    for wrong in ('OPTS MODE Z LEVEL 10', 'OPTS MODE Z LEVEL', 'OPTS MODE', 'OPTS MODE Z ENGINE X',
                  'MODE B', 'MODE C', 'MODE X'):
        with pytest.raises(ftplib.error_perm):
            ftp.sendcmd(wrong)


def test_uploads_are_unpacked(writer):  # noqa: F811
    ftp = login(writer, USER, PASSWORD)
    ftp.voidcmd('TYPE I')
    ftp.voidcmd('MODE Z')
    for content in (CONTENT, b'', b'x', bytes(10_000_000)):
        assert sent(ftp, 'STOR up', zlib.compress(content)).startswith('226')
        assert (writer.folder / 'up').read_bytes() == content
    sent(ftp, 'APPE up', zlib.compress(b'more'))
    assert (writer.folder / 'up').read_bytes() == bytes(10_000_000) + b'more'
    ftp.voidcmd('TYPE A')
    sent(ftp, 'STOR up', zlib.compress(b'a\r\nb\r\n'))
    assert (writer.folder / 'up').read_bytes() == b'a\nb\n'


def test_an_upload_that_is_no_whole_stream_does_not_appear(writer):  # noqa: F811
    ftp = login(writer, USER, PASSWORD)
    ftp.voidcmd('TYPE I')
    ftp.voidcmd('MODE Z')
    packed = zlib.compress(CONTENT)
    for wrong in (b'', b'plain', packed[:-1], packed[:5000], packed + b'x',
                  packed[:-4] + b'\0\0\0\0'):
        with pytest.raises(ftplib.Error) as failure:
            sent(ftp, 'STOR up', wrong)
        assert str(failure.value).startswith('451')
        assert not (writer.folder / 'up').exists()
    assert sent(ftp, 'STOR up', packed).startswith('226')


def test_a_bomb_is_stopped_c05(writer):  # noqa: F811
    ftp = login(writer, USER, PASSWORD)
    ftp.voidcmd('TYPE I')
    ftp.voidcmd('MODE Z')
    bomb = zlib.compress(bytes(200_000_000))
    with pytest.raises(ftplib.error_perm) as failure:
        try:
            sent(ftp, 'STOR bomb', bomb)
        except OSError:  # it was cut off while we sent
            ftp.voidresp()
    assert str(failure.value).startswith('552')
    assert not (writer.folder / 'bomb').exists()
    kept = sum(path.stat().st_size for path in writer.folder.glob('.coronet-*'))
    assert kept < 100_000_000


def test_lftp_speaks_mode_z(writer, tmp_path):  # noqa: F811
    (tmp_path / 'up').write_bytes(CONTENT)
    run('lftp', '-c', 'set net:max-retries 1; set ftp:use-mode-z yes; '
        f'open -u {USER},{PASSWORD} {writer.ftp_host}:{writer.ftp_port}; '
        f'get large.bin -o {tmp_path}/got; put {tmp_path}/up -o up')
    assert (tmp_path / 'got').read_bytes() == CONTENT
    assert (writer.folder / 'up').read_bytes() == CONTENT


# ---- refusals -----------------------------------------------------------------------------------

@as_root
@pytest.mark.parametrize('command', [
    'MFMT 20200101000000 hello.txt', 'MFF Modify=20200101000000; hello.txt',
    'SITE CHMOD 600 hello.txt'])
def test_what_the_disk_forbids_is_not_laid_to_the_account(writer, command):  # noqa: F811
    ftp = login(writer, USER, PASSWORD)
    with pytest.raises(ftplib.error_perm, match='its user lacks the permission on the disk'):
        ftp.voidcmd(command)


def test_a_closed_folder_is_not_entered(writer):  # noqa: F811
    """wget asks twenty times for the listing of a folder that it has entered."""
    ftp = login(writer, USER, PASSWORD)
    (writer.folder / 'closed').mkdir()
    (writer.folder / 'closed').chmod(0)
    with pytest.raises(ftplib.error_perm, match='550 .*lacks the permission on the disk'):
        ftp.cwd('closed')
    assert ftp.pwd() == '/'


def test_the_unspecified_address_is_the_clients_own(reader):  # noqa: F811
    """lftp's EPRT over ::1."""
    ftp = login(reader)
    ftp.voidcmd('TYPE I')
    with socket.create_server(('127.0.0.1', 0)) as door:
        port = door.getsockname()[1]
        assert ftp.sendcmd(f'EPRT |1|0.0.0.0|{port}|').startswith('200')
        assert ftp.sendcmd('RETR hello.txt').startswith('150')
        door.settimeout(PATIENCE)
        with over_tls.data(door.accept()[0]) as data, data.makefile('rb') as file:
            assert file.read() == b'hello\nworld\n'
    ftp.voidresp()
