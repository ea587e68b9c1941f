# SPDX-License-Identifier: MIT
"""Files over HTTP to the clients people use: curl, wget, aria2, urllib, raw sockets."""

import filecmp
import ftplib
import hashlib
import json
import os
import re
import shutil
import socket
import urllib.error
import urllib.request

import pytest

from conftest import PATIENCE, once, run

BIG = 8 << 20


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f'{program} is not installed')


@pytest.fixture
def big(folder):
    content = os.urandom(BIG)
    (folder / 'big.bin').write_bytes(content)
    return content


def curl(*words):
    return run('curl', '-sS', '--max-time', PATIENCE, *words).stdout


def head_of(reply):
    """Status and fields of a reply with its head (curl -i)."""
    lines = reply.partition(b'\r\n\r\n')[0].decode().split('\r\n')
    fields = dict(line.split(': ', 1) for line in lines[1:])
    return int(lines[0].split()[1]), {name.lower(): value for name, value in fields.items()}


def status(*words):
    return int(curl('-o', os.devnull, '-w', '%{http_code}', *words))


# ---- curl ------------------------------------------------------------------------------------


def test_curl_gets_what_is_on_disk(server, big):
    assert curl(server().url + 'big.bin') == big


def test_curl_head_has_the_length_and_no_body(server, big):
    code, fields = head_of(curl('-I', server().url + 'big.bin'))
    assert code == 200 and fields['content-length'] == str(len(big))
    assert fields['accept-ranges'] == 'bytes' and fields['x-content-type-options'] == 'nosniff'


@pytest.mark.parametrize('wanted, piece', [
    ('0-0', slice(0, 1)), ('100-199', slice(100, 200)), ('-10', slice(-10, None)),
    (f'{BIG - 5}-', slice(-5, None)), (f'10-{BIG * 2}', slice(10, None))])
def test_curl_ranges(server, big, wanted, piece):
    reply = curl('-i', '-r', wanted, server().url + 'big.bin')
    code, fields = head_of(reply)
    assert code == 206 and fields['content-range'].endswith(f'/{len(big)}')
    assert reply.partition(b'\r\n\r\n')[2] == big[piece]


def test_a_range_beyond_the_end_is_416(server, big):
    code, fields = head_of(curl('-i', '-r', f'{len(big)}-', server().url + 'big.bin'))
    assert code == 416 and fields['content-range'] == f'bytes */{len(big)}'


def test_curl_conditional_requests(server, folder):
    (folder / 'page.txt').write_text('one')
    url = server().url + 'page.txt'
    _, fields = head_of(curl('-i', url))
    assert status('-H', f'If-None-Match: {fields["etag"]}', url) == 304
    assert status('-H', f'If-Modified-Since: {fields["last-modified"]}', url) == 304
    assert status('-H', 'If-Match: "other"', url) == 412
    (folder / 'page.txt').write_text('other')
    assert status('-H', f'If-None-Match: {fields["etag"]}', url) == 200


def test_curl_resumes_a_download(server, big, tmp_path):
    part = tmp_path / 'part'
    part.write_bytes(big[:1000])
    curl('-C', '-', '-o', part, server().url + 'big.bin')
    assert part.read_bytes() == big


def test_curl_decodes_what_is_compressed_on_the_way(server, folder):
    text = 'all work and no play\n' * 5000
    (folder / 'text.txt').write_text(text)
    url = server().url + 'text.txt'
    assert curl('--compressed', url).decode() == text
    _, fields = head_of(curl('-I', '--compressed', url))
    assert fields['content-encoding'] == 'gzip' and 'Accept-Encoding' in fields['vary']


def test_names_of_every_kind(server, folder):
    names = ['with space', 'a"b\'c', '<script>alert(1)</script>'.replace('/', '_'), 'grüße-日本',
             '100%25', 'line\nbreak', 'back\\slash', '#hash?query', 'plus+and&']
    for name in names:
        (folder / name).write_text(name)
    url = server().url
    for name in names:
        assert curl(url + urllib.request.quote(name)).decode() == name
    listed = json.loads(curl('-H', 'Accept: application/json', url))
    entries = listed['entries'] if isinstance(listed, dict) else listed
    assert {entry['name'].rstrip('/') for entry in entries} == set(names)


@pytest.mark.parametrize('target', [
    '/../outside', '/%2e%2e/outside', '/..%2foutside', '/folder/../../outside', '/link',
    '/absolute', '//outside', '/.hidden', '/missing', '/%00', '/fifo'])
def test_nothing_outside_or_hidden_is_served(server, folder, tmp_path, target):
    (tmp_path / 'outside').write_text('secret')
    (folder / '.hidden').write_text('secret')
    (folder / 'folder').mkdir()
    (folder / 'link').symlink_to('../outside')
    (folder / 'absolute').symlink_to(folder / '.hidden')
    os.mkfifo(folder / 'fifo')
    one = server()
    reply = curl('-i', '--path-as-is', one.url.rstrip('/') + target)
    assert head_of(reply)[0] in (400, 404) and b'secret' not in reply


# ---- other clients ---------------------------------------------------------------------------


@needs('wget')
def test_wget_mirrors_a_tree_byte_for_byte(server, folder, tmp_path):
    for name in ('a.txt', 'sub/b.bin', 'sub/deep er/grüße.txt', 'sub/deep er/empty'):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(len(name) * 999) if 'empty' not in name else b'')
    copy = tmp_path / 'copy'
    run('wget', '-q', '-r', '-np', '-nH', '--reject-regex', r'[?]', '-R', 'index.html*',
        '--restrict-file-names=nocontrol', '-P', copy, server().url)

    def compare(here, there):
        compared = filecmp.dircmp(here, there, ignore=[])
        assert not compared.left_only and not compared.right_only, compared.report()
        _, different, strange = filecmp.cmpfiles(here, there, compared.common_files, False)
        assert not different and not strange
        for name in compared.common_dirs:
            compare(here / name, there / name)
    compare(folder, copy)


@needs('aria2c')
@once('it reads what to trust from no environment')
def test_aria2_downloads_in_four_segments(server, big, tmp_path):
    one = server()
    run('aria2c', '-q', '-x4', '-s4', '-k1M', '--no-conf', '-d', tmp_path, '-o', 'got',
        one.url + 'big.bin')
    assert hashlib.sha256((tmp_path / 'got').read_bytes()).digest() == hashlib.sha256(big).digest()
    assert one.stop().count(' 206 ') >= 3


def test_urllib(server, folder):
    (folder / 'a.html').write_text('<p>hello')
    url = server().url
    with urllib.request.urlopen(url + 'a.html', timeout=PATIENCE) as reply:
        assert reply.read() == b'<p>hello'
        assert reply.headers.get_content_type() == 'text/html'
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url + 'missing', timeout=PATIENCE)
    assert caught.value.code == 404
    caught.value.close()


def test_a_connection_serves_many_requests(server, folder):
    (folder / 'a').write_text('hello')
    one = server()
    connection = one.http()
    connection.connect()
    local = connection.sock.getsockname()
    for _ in range(50):
        connection.request('GET', '/a')
        assert connection.getresponse().read() == b'hello'
    assert connection.sock.getsockname() == local
    connection.close()


def read_all(connection):
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b''.join(pieces)


def test_pipelined_requests_are_answered_in_order(server, folder):
    for i in range(20):
        (folder / f'f{i}').write_text(f'<{i}>')
    with server().connect() as connection:
        requests = [f'GET /f{i} HTTP/1.1\r\nHost: x\r\n\r\n' for i in range(20)]
        requests.append('GET /f0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        connection.sendall(''.join(requests).encode())
        reply = read_all(connection)
    assert reply.count(b'HTTP/1.1 200 OK\r\n') == 21
    assert re.findall(rb'<(\d+)>', reply) == [b'%d' % i for i in range(20)] + [b'0']


def test_a_request_byte_by_byte(server, folder):
    (folder / 'a').write_text('hello')
    with server().connect() as connection:
        for byte in b'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n':
            connection.sendall(bytes([byte]))
        assert read_all(connection).endswith(b'\r\n\r\nhello')


@pytest.mark.parametrize('request_bytes, code', [
    (b'GET / HTTP/1.1\r\n\r\n', 400),
    (b'GET / HTTP/1.1\nHost: x\n\n', 400),
    (b'GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n', 400),
    (b'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400),
    (b'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505),
    (b'BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', (405, 501)),
    (b'DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405),
    (b'GET /' + b'a' * 20000 + b' HTTP/1.1\r\nHost: x\r\n\r\n', 414),
    (b'GET / HTTP/1.1\r\nHost: x\r\nA: ' + b'a' * 70000 + b'\r\n\r\n', 431)])
def test_what_is_no_good_request(server, request_bytes, code):
    with server().connect() as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        reply = read_all(connection)
    codes = code if isinstance(code, tuple) else (code,)
    assert int(reply.split()[1]) in codes


# ---- what the options of pages do --------------------------------------------------------------


def test_index_and_listing(server, folder):
    (folder / 'home.htm').write_text('home')
    (folder / 'sub').mkdir()
    one = server('--index', 'home.htm', '--no-listing')
    assert curl(one.url) == b'home' and status(one.url + 'sub/') == 404
    assert status(one.url + 'sub') in (301, 308, 404)
    assert b'home.htm' in curl(server('--index', '').url)


def test_header_cors_cache(server, folder):
    (folder / 'a').write_text('hello')
    one = server('--header', 'X-One: 1', '--header=X-Two: 2', '--cors', '--cache', '1h')
    code, fields = head_of(curl('-i', one.url + 'a'))
    assert code == 200 and (fields['x-one'], fields['x-two']) == ('1', '2')
    assert fields['access-control-allow-origin'] == '*'
    assert 'max-age=3600' in fields['cache-control']
    code, fields = head_of(curl('-i', '-X', 'OPTIONS', '-H', 'Access-Control-Request-Method: GET',
                                '-H', 'Access-Control-Request-Headers: range', one.url + 'a'))
    assert code == 204 and fields['access-control-allow-headers'] == 'range'
    assert 'no-cache' in head_of(curl('-i', server().url + 'a'))[1]['cache-control']
    url = server('--header', 'Cache-Control: no-store').url
    for target in ('', 'a', 'none'):
        assert curl('-i', url + target).lower().count(b'cache-control: ') == 1


def test_spa_answers_for_what_does_not_exist(server, folder):
    (folder / 'app.html').write_text('app')
    (folder / 'real').write_text('real')
    url = server('--spa', 'app.html').url
    assert curl(url + 'some/page') == b'app' and curl(url + 'real') == b'real'


def test_hidden_names_are_shown_when_asked_for(server, folder):
    (folder / '.dot').write_text('dot')
    assert curl(server('--hidden').url + '.dot') == b'dot'


# ---- limits ------------------------------------------------------------------------------------


def is_refused(one):
    try:
        with one.connect() as connection:
            connection.sendall(b'GET / HTTP/1.0\r\n\r\n')
            return connection.recv(1) == b''
    except ConnectionError:
        return True


def test_access_rules(server):
    assert is_refused(server('--deny', '127.0.0.0/8'))
    assert is_refused(server('--allow', '10.0.0.0/8'))
    assert not is_refused(server('--deny', '0.0.0.0/0', '--allow', '127.0.0.1'))


def test_connections_of_one_address_are_limited(server, folder):
    (folder / 'a').write_text('hello')
    one = server('--max-per-address', '2')
    with one.connect() as first, one.connect() as second:
        for connection in (first, second):
            connection.sendall(b'GET /a HTTP/1.1\r\nHost: x\r\n\r\n')
            assert connection.recv(1000).startswith(b'HTTP/1.1 200')
        assert is_refused(one)


def is_refused_by_ftp(one):
    try:
        with socket.create_connection((one.ftp_host, one.ftp_port), PATIENCE) as connection:
            return not connection.recv(100).startswith(b'220')
    except ConnectionResetError:  # maybe while it is being made
        return True


def test_access_rules_are_ftps_too(server):
    assert is_refused_by_ftp(server('--deny', '127.0.0.0/8', ftp=['127.0.0.1:0']))
    assert is_refused_by_ftp(server('--allow', '10.0.0.0/8', ftp=['127.0.0.1:0']))
    assert not is_refused_by_ftp(
        server('--deny', '0.0.0.0/0', '--allow', '127.0.0.1', ftp=['127.0.0.1:0']))


def test_connections_of_one_address_are_counted_over_all_protocols(server, folder):
    (folder / 'a').write_text('hello')
    one = server('-4', '--max-per-address', '2', ftp=['127.0.0.1:0'])
    with one.connect() as first, ftplib.FTP() as second:
        first.sendall(b'GET /a HTTP/1.1\r\nHost: x\r\n\r\n')
        assert first.recv(1000).startswith(b'HTTP/1.1 200')
        second.connect(one.ftp_host, one.ftp_port, PATIENCE)
        assert is_refused_by_ftp(one) and is_refused(one)


def test_ftp_says_that_there_are_too_many_connections(server):
    """RFC 959 5.4 has a reply for it; who may not come at all hears nothing."""
    one = server('-4', '--max-per-address', '1', '--deny', '127.0.0.2', ftp=['127.0.0.1:0'])
    with ftplib.FTP() as first, ftplib.FTP() as second:
        first.connect(one.ftp_host, one.ftp_port, PATIENCE)
        with pytest.raises(ftplib.error_temp, match='^421 ') as said:
            second.connect(one.ftp_host, one.ftp_port, PATIENCE)
        assert 'too many connections' in str(said.value).lower()
        assert second.sock.recv(1) == b''
        with pytest.raises((ConnectionResetError, EOFError)):
            ftplib.FTP(source_address=('127.0.0.2', 0)).connect(
                one.ftp_host, one.ftp_port, PATIENCE)


@once('the handshake waits already')
def test_connections_beyond_the_limit_wait(server, folder):
    (folder / 'a').write_text('hello')
    one = server('-4', '--workers', '1', '--max-connections', '1')
    request = b'GET /a HTTP/1.1\r\nHost: x\r\n\r\n'
    with one.connect() as first, one.connect() as second:
        for connection in (first, second):
            connection.sendall(request)
        assert first.recv(1000).endswith(b'hello')
        second.settimeout(0.1)
        with pytest.raises(TimeoutError):
            second.recv(1000)
        first.close()
        second.settimeout(PATIENCE)
        assert second.recv(1000).endswith(b'hello')


@pytest.mark.parametrize('option, sent', [
    ('--idle-timeout', b''), ('--header-timeout', b'GET / HTTP/1.1\r\nHo')])
def test_deadlines_end_silent_connections(server, option, sent):
    with server(option, '200ms').connect() as connection:
        connection.sendall(sent)
        reply = read_all(connection)
    assert reply == b'' or reply.startswith(b'HTTP/1.1 408')


def test_limit_rate_slows_a_download_down(server, folder):
    (folder / 'a').write_bytes(os.urandom(300 << 10))
    url = server('--limit-rate', '200K').url + 'a'
    assert float(curl('-o', os.devnull, '-w', '%{time_total}', url)) > 0.4
