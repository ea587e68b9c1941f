# SPDX-License-Identifier: MIT
"""HTTPS with real clients: certificates and where they come from, handshakes good and bad."""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import stat
import subprocess

import pytest

from conftest import (CORONET, PATIENCE, crl_of, eventually, make_certificate as make, make_club,
                      once, openssl, run, serial_of, shown_by)

pytestmark = once('TLS is what it tries')

BIG = 40_000_000


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
    return make(tmp_path_factory.mktemp('pair'), 'localhost')


@pytest.fixture
def https(server, pair):
    """https(*options) starts a server with HTTPS alone and that certificate."""
    def start(*options, where=(), **rest):
        one = server('-4', '--cert', pair[0], '--key', pair[1], *options, where=where,
                     https=('localhost:0',), **rest)
        one.cert = pair[0]
        return one
    return start


def curl(one, target, *options, **rest):
    return run('curl', '-sS', '--cacert', one.cert, *options,
               f'https://localhost:{one.port}{target}', **rest).stdout


def context(one, version=None):
    made = ssl.create_default_context(cafile=str(one.cert))
    if version:
        made.minimum_version = made.maximum_version = version
    return made


def secure(one, made=None, **options):
    return (made or context(one)).wrap_socket(
        one.connect(), server_hostname=options.pop('name', 'localhost'), **options)


def ask(connection, target='/a', method='GET', *fields):
    """One request on a connection that stays; head and body of the response."""
    lines = [f'{method} {target} HTTP/1.1', 'Host: localhost', *fields, '', '']
    connection.sendall('\r\n'.join(lines).encode())
    file = connection.makefile('rb')
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        line = file.readline()
        assert line, head
        head += line
    length = re.search(rb'Content-Length: (\d+)', head)
    return head, file.read(int(length.group(1))) if length else b''


# ---- clients -----------------------------------------------------------------------------------


@pytest.mark.parametrize('options', [
    (), ('--http1.1',), ('--tls-max', '1.2'), ('--tlsv1.3',), ('--no-alpn',), ('--http1.0',)])
def test_curl(https, folder, options):
    (folder / 'a').write_text('hello')
    assert curl(https(), '/a', *options) == b'hello'


def test_wget(https, folder):
    (folder / 'a').write_text('hello')
    one = https()
    done = run('wget', '-q', '-O-', f'--ca-certificate={one.cert}',
               f'https://localhost:{one.port}/a')
    assert done.stdout == b'hello'


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_python_keeps_a_connection_and_resumes_its_session(https, folder, version):
    (folder / 'a').write_text('hello')
    one = https('--workers', '2')
    made = context(one, version)
    made.set_alpn_protocols(['http/1.1'])
    with secure(one, made) as first:
        for _ in range(3):
            assert ask(first)[1] == b'hello'
        assert first.selected_alpn_protocol() == 'http/1.1' and first.compression() is None
        session = first.session
    for _ in range(8):  # by either worker
        with secure(one, made, session=session) as again:
            assert ask(again)[1] == b'hello' and again.session_reused


def test_files_of_any_size_go_out_and_come_in(https, folder, tmp_path):
    (folder / 'up').mkdir()
    (folder / 'up').chmod(0o777)
    bytes_ = os.urandom(BIG)
    (folder / 'big').write_bytes(bytes_)
    (tmp_path / 'source').write_bytes(bytes_)
    one = https('--anonymous-write', '--no-sync')
    digest = hashlib.sha256(bytes_).digest()
    assert hashlib.sha256(curl(one, '/big')).digest() == digest
    assert curl(one, '/big', '-r', '1000000-1000009') == bytes_[1000000:1000010]
    curl(one, '/up/new', '-T', tmp_path / 'source')
    assert hashlib.sha256((folder / 'up' / 'new').read_bytes()).digest() == digest


def test_a_folder_redirects_within_https(https, folder):
    (folder / 'sub').mkdir()
    (folder / 'sub' / 'index.html').write_text('page')
    assert curl(https(), '/sub', '-L') == b'page'


def test_users_log_in_and_the_log_says_who_by_what(https, folder):
    (folder / 'a').write_text('hello')
    one = https('--user', 'ann:secret', '--no-anonymous', '--log-format', 'json')
    assert curl(one, '/a', '-u', 'ann:secret') == b'hello'
    line = json.loads(one.stop().splitlines()[-1])
    assert line['scheme'] == 'https' and line['user'] == 'ann' and line['status'] == 200


def test_a_unix_socket_and_several_addresses(server, folder, tmp_path, pair):
    (folder / 'a').write_text('hello')
    path = tmp_path / 'socket'
    one = server('-4', '--cert', pair[0], '--key', pair[1], where=('localhost:0',),
                 https=(f'unix:{path}', '127.0.0.1:0', '127.0.0.2:0'))
    assert [url.split(':')[0] for url in one.urls] == ['http', 'unix', 'https', 'https']
    words = 'curl', '-sS', '--cacert', pair[0]
    assert run(*words, '--unix-socket', path, 'https://localhost/a').stdout == b'hello'
    assert run(*words, one.urls[2] + 'a').stdout == b'hello'
    assert run('curl', '-sS', one.urls[0] + 'a').stdout == b'hello'


def test_http_is_sent_to_https_and_browsers_remember_it(https, folder):
    (folder / 'a b').write_text('hello')
    one = https('--redirect-https', '--hsts', '5m', where=('127.0.0.1:0',))
    plain, secured = one.urls
    port = int(secured.split(':')[2].rstrip('/'))
    words = 'curl', '-sS', '-i', '--cacert', one.cert
    reply = run(*words, plain + 'a%20b?x=%20y').stdout
    assert reply.startswith(b'HTTP/1.1 308 ') and b'Strict-Transport' not in reply
    assert f'Location: https://127.0.0.1:{port}/a%20b?x=%20y\r\n'.encode() in reply
    for version in '1.1', '2':
        reply = run(*words, '-L', f'--http{version}', plain + 'a%20b').stdout
        assert f'\r\n\r\nHTTP/{version} 200'.encode() in reply and reply.endswith(b'\r\n\r\nhello')
        assert reply.lower().count(b'strict-transport-security: max-age=300\r\n') == 1
    reply = run(*words, '-H', 'Host: [::1]:80', plain + '//evil.example/..//x').stdout
    assert f'Location: https://[::1]:{port}/'.encode() in reply
    reply = run(*words, '--http1.0', '-H', 'Host:', plain).stdout
    assert reply.startswith(b'HTTP/1.1 403 ')


# ---- openssl -----------------------------------------------------------------------------------


def s_client(one, *options, text=''):
    done = subprocess.run(
        ['openssl', 's_client', '-connect', f'127.0.0.1:{one.port}', '-servername', 'localhost',
         '-CAfile', str(one.cert), *map(str, options)],
        input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors='replace', timeout=PATIENCE)
    return done.stdout


def test_old_versions_and_weak_ciphers_are_refused(https):
    one = https()
    for options in (('-tls1',), ('-tls1_1',), ('-tls1_2', '-cipher', 'AES128-SHA'),
                    ('-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA'),
                    ('-tls1_2', '-cipher', 'NULL:eNULL:@SECLEVEL=0')):
        assert 'Cipher is (NONE)' in s_client(one, *options) or 'rror' in s_client(one, *options)


def test_nothing_is_compressed_and_the_chain_is_verified(https):
    text = s_client(https(), '-tls1_2')
    assert 'Compression: NONE' in text and 'Verify return code: 0 (ok)' in text
    assert 'Secure Renegotiation IS supported' in text


def test_renegotiation_is_refused_t01(https, folder):
    (folder / 'a').write_text('hello')
    text = s_client(https(), '-tls1_2', text='R\n')
    assert 'RENEGOTIATING' in text and 'no renegotiation' in text


def test_no_early_data_is_taken_t02(https, tmp_path):
    one = https()
    session = tmp_path / 'session'
    request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    s_client(one, '-tls1_3', '-sess_out', session, '-ign_eof', text=request)
    (tmp_path / 'early').write_text(request)
    text = s_client(one, '-tls1_3', '-sess_in', session, '-early_data', tmp_path / 'early')
    assert 'Early data was not sent' in text  # no ticket invites to it


# ---- what is no handshake ----------------------------------------------------------------------


def end_of(connection):
    """What comes until the peer ends it."""
    got = b''
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            got += piece
    return got


def test_clear_text_at_the_tls_port_is_told_so(https):
    one = https()
    with one.connect() as connection:
        connection.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        reply = end_of(connection)
        assert reply.startswith(b'HTTP/1.1 400 ') and b'https://' in reply


def test_tls_at_the_clear_text_port_ends_at_once(server):
    one = server('-4')
    with one.connect() as connection, pytest.raises((ssl.SSLError, ConnectionResetError)):
        ssl._create_unverified_context().wrap_socket(connection)


def test_rubbish_ends_at_once(https):
    one = https()
    for junk in (b'\x16\x03\x01\xff\xff' + b'\0' * 70000,  # a record beyond all bounds
                 b'\x80\x2e\x01\0\x02\0\x15\0\0\0\x10' + b'\1' * 40,  # a hello of SSL 2
                 b'\x16\x03\x01\0\x04\x01\xff\xff\xff',  # a hello of 16 MiB
                 b'\x17\x03\x03\0\x10' + b'\0' * 16,  # data
                 b'\x15\x03\x01\0\x02\x02\x28',  # an alert
                 b'\0' * 1000, b'SSH-2.0-x\r\n', b''):
        with one.connect() as connection:
            with contextlib.suppress(OSError):
                connection.sendall(junk)
                connection.shutdown(socket.SHUT_WR)
            assert b' 200 ' not in end_of(connection)


def test_a_slow_handshake_is_cut_t07(https):
    one = https('--header-timeout', '0.2')
    with one.connect() as connection:
        connection.sendall(b'\x16\x03\x01\x02\0\x01')
        assert end_of(connection) == b''


def test_a_connection_that_is_cut_is_no_whole_upload_t09(https, folder):
    (folder / 'up').mkdir()
    (folder / 'up').chmod(0o777)
    one = https('--anonymous-write')
    connection = secure(one)
    head = b'PUT /up/new HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n'
    connection.sendall(head + b'x' * 9)
    raw = socket.socket(fileno=connection.detach())
    raw.settimeout(PATIENCE)
    raw.shutdown(socket.SHUT_WR)  # without a farewell
    end_of(raw)
    raw.close()
    assert one.stop().count('"PUT /up/new') == 1 and not (folder / 'up' / 'new').exists()


def test_a_thousand_open_handshakes_leave_it_at_work_t07(https, folder):
    (folder / 'a').write_text('hello')
    one = https('--workers', '1')
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            connection = stack.enter_context(one.connect())
            connection.sendall(b'\x16\x03\x01')
        assert curl(one, '/a') == b'hello'
        status = pathlib.Path(f'/proc/{one.pid}/status').read_text()
        assert int(re.search(r'VmRSS:\s*(\d+)', status).group(1)) < 120_000  # KiB


def test_more_handshakes_than_connections_wait_their_turn_t07(https, folder):
    (folder / 'a').write_text('hello')
    one = https('--workers', '1', '--max-connections', '10', '--header-timeout', '0.5')
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            connection = stack.enter_context(one.connect())
            with contextlib.suppress(ConnectionError):
                connection.sendall(b'\x16\x03\x01')
        eventually(lambda: subprocess.run(
            ['curl', '-sS', '--cacert', one.cert, f'https://localhost:{one.port}/a'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PATIENCE).stdout == b'hello')


# ---- certificates ------------------------------------------------------------------------------


def served(one, name='localhost', **options):
    """The certificate that is shown, by its SHA-256."""
    made = ssl._create_unverified_context()
    for key, value in options.items():
        setattr(made, key, value)
    with made.wrap_socket(one.connect(), server_hostname=name) as connection:
        return hashlib.sha256(connection.getpeercert(True)).hexdigest()


def digest_of(cert):
    der = ssl.PEM_cert_to_DER_cert(pathlib.Path(cert).read_text())
    return hashlib.sha256(der).hexdigest()


def test_the_certificate_is_chosen_by_name(server, tmp_path):
    one = make(tmp_path, 'one', alt='DNS:one.example')
    two = make(tmp_path, 'two', alt='DNS:two.example,DNS:*.two.example')
    it = server('-4', '--cert', one[0], '--key', one[1], '--cert', two[0], '--key', two[1],
                where=(), https=('localhost:0',))
    for name, pair in (('one.example', one), ('two.example', two), ('A.TWO.example', two),
                       ('three.example', one), ('a.b.two.example', one)):
        assert served(it, name) == digest_of(pair[0])


def test_rsa_stands_beside_ecdsa(server, tmp_path):
    ec, rsa = make(tmp_path, 'ec'), make(tmp_path, 'rsa', kind='rsa')
    one = server('-4', '--cert', ec[0], '--key', ec[1], '--cert', rsa[0], '--key', rsa[1],
                 where=(), https=('localhost:0',))
    assert served(one) == digest_of(ec[0])
    made = ssl._create_unverified_context()
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers('ECDHE-RSA-AES128-GCM-SHA256')
    with made.wrap_socket(one.connect(), server_hostname='localhost') as connection:
        assert hashlib.sha256(connection.getpeercert(True)).hexdigest() == digest_of(rsa[0])


@pytest.mark.parametrize('wrong, code, words', [
    (lambda p, q: [], 2, 'needs a certificate'),
    (lambda p, q: ['--cert', p[0], '--key', p[1], '--cert', q[0]], 2,
     'other.crt goes without its private key: --key keyfile names the file that has it'),
    (lambda p, q: ['--key', p[1]], 2, 'come in pairs'),
    (lambda p, q: ['--cert', p[0], '--key', p[1], '--self-signed'], 2, 'exclude each other'),
    (lambda p, q: ['--cert', p[0], '--key', p[1], '--client-certificate', 'optional'], 2,
     'needs the authorities'),
    (lambda p, q: ['--cert', p[0], '--key', p[1], '--client-ca', '/nonexistent'], 3,
     '/nonexistent: no such file'),
    (lambda p, q: ['--cert', p[0], '--key', p[1], '--client-ca', p[1]], 5,
     "cannot read the authorities' certificates"),
    (lambda p, q: ['--cert', p[0], '--key', p[1], '--client-crl', p[0]], 2,
     '--client-crl is of the authorities of clients: --client-ca file'),
    (lambda p, q: ['--cert', p[0], '--key', p[1], '--client-ca', p[0], '--client-crl', p[0]], 5,
     '.crt: there is no crl in pem'),
    (lambda p, q: ['--cert', p[0], '--key', p[1], '--client-ca', p[0], '--client-crl', '/no/crl'],
     3, '/no/crl: no such file'),
    (lambda p, q: ['--cert', p[0], '--key', q[1]], 5, 'does not belong to the certificate'),
    (lambda p, q: ['--cert', p[1], '--key', p[1]], 5, 'cannot read the certificate'),
    (lambda p, q: ['--cert', p[0], '--key', p[0]], 5,
     '.crt holds no private key; --key keyfile names the file that does'),
    (lambda p, q: ['--cert', '/nonexistent', '--key', p[1]], 3, '/nonexistent: no such file'),
    (lambda p, q: ['--cert', p[0], '--key', '/nonexistent'], 3, '/nonexistent: no such file'),
])
def test_what_cannot_be_served_is_said(folder, tmp_path, pair, wrong, code, words):
    other = make(tmp_path, 'other')
    done = run(CORONET, 'serve', '--https', 'localhost:0', *wrong(pair, other), folder, code=code)
    assert words in done.stderr.decode().lower()


def test_an_expired_certificate_is_served_with_a_warning(server, tmp_path):
    old = make(tmp_path, 'old', days=0)
    one = server('-4', '--cert', old[0], '--key', old[1], where=(), https=('localhost:0',))
    assert any('expired on 2020-02-01' in line for line in one.lines)
    assert served(one) == digest_of(old[0])


@pytest.mark.parametrize('options', [(), ('--no-sandbox',)])
def test_certificates_are_read_again_and_never_half(server, folder, tmp_path, options):
    (folder / 'a').write_text('hello')
    cert, key = make(tmp_path, 'old')
    os.chmod(key, 0o600)  # of whoever starts the server
    before = cert.read_bytes(), key.read_bytes()
    new = make(tmp_path, 'new')
    one = server('-4', '--cert', cert, '--key', key, *options, where=(), https=('localhost:0',))
    one.cert = cert
    with secure(one) as connection:
        old = digest_of(cert)
        cert.write_bytes(new[0].read_bytes())
        one.signal(signal.SIGHUP)
        assert 'stay as they were' in one.expect('certificate')
        assert served(one) == old
        key.write_bytes(new[1].read_bytes())
        one.signal(signal.SIGHUP)
        eventually(lambda: served(one) == digest_of(new[0]))
        assert ask(connection)[1] == b'hello'  # begun with the old one
    cert.write_bytes(before[0][:200])
    one.signal(signal.SIGHUP)
    one.expect('stay as they were')
    assert served(one) == digest_of(new[0])


def test_certificates_are_read_again_when_their_files_change_t10(server, tmp_path):
    cert, key = make(tmp_path, 'old')
    os.chmod(key, 0o600)
    new = make(tmp_path, 'new')
    one = server('-4', '--cert', cert, '--key', key, where=(), https=('localhost:0',))
    old = digest_of(cert)
    cert.write_bytes(new[0].read_bytes())
    assert 'stay as they were' in one.expect('does not belong')
    assert served(one) == old
    key.write_bytes(new[1].read_bytes())
    one.expect('read again')
    assert served(one) == digest_of(new[0])


# ---- clients' certificates, OCSP, names, keys ---------------------------------------------------


@pytest.fixture(scope='module')
def club(tmp_path_factory):
    return make_club(tmp_path_factory.mktemp('club'))


def is_refused(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, check=False,
                          timeout=PATIENCE).returncode != 0


def response_of(club, certificate, out):
    """What the authority says of the certificate, by OCSP."""
    (club / 'index').write_text(
        f'V\t491231235959Z\t\t{serial_of(certificate)}\tunknown\t/CN=x\n')
    openssl('ocsp', '-issuer', club / 'ca.crt', '-cert', certificate, '-reqout', club / 'asked')
    openssl('ocsp', '-index', club / 'index', '-CA', club / 'ca.crt', '-rsigner', club / 'ca.crt',
            '-rkey', club / 'ca.key', '-ndays', '1', '-reqin', club / 'asked', '-respout', out)


def test_clients_must_show_certificates(https, folder, club, pair):
    (folder / 'a').write_text('hello')
    one = https('--client-ca', club / 'ca.crt', '--log-format', 'json')
    words = 'curl', '-sS', '--cacert', one.cert, f'https://localhost:{one.port}/a'
    ann = shown_by(club, 'ann')
    assert run(*words, *ann).stdout == b'hello'
    assert run(*words, *ann, '--tls-max', '1.2').stdout == b'hello'
    assert is_refused(*words)
    assert is_refused(*words, '--tls-max', '1.2')
    assert is_refused(*words, '--cert', pair[0], '--key', pair[1])
    lines = [json.loads(line) for line in one.stop().splitlines() if line.startswith('{')]
    assert [line['user'] for line in lines] == ['ann', 'ann']


def test_clients_may_show_certificates_and_authorities_are_read_again(
        https, folder, club, pair, tmp_path):
    (folder / 'a').write_text('hello')
    authorities = tmp_path / 'authorities'
    authorities.write_bytes((club / 'ca.crt').read_bytes())
    one = https('--client-ca', authorities, '--client-certificate', 'optional')
    words = 'curl', '-sS', '--cacert', one.cert, f'https://localhost:{one.port}/a'
    ann = shown_by(club, 'ann')
    assert run(*words).stdout == b'hello'
    assert run(*words, *ann).stdout == b'hello'
    authorities.write_text('nothing')
    one.signal(signal.SIGHUP)
    one.expect('stay as they were')
    assert run(*words, *ann).stdout == b'hello'
    authorities.write_bytes(pair[0].read_bytes())
    one.signal(signal.SIGHUP)
    eventually(lambda: is_refused(*words, *ann))
    assert run(*words).stdout == b'hello'


def test_revoked_certificates_of_clients_are_refused_t05(https, folder, club, tmp_path):
    (folder / 'a').write_text('hello')
    crls = tmp_path / 'crls'
    crls.write_bytes(crl_of(club, 'bob'))
    one = https('--client-ca', club / 'ca.crt', '--client-crl', crls)
    words = 'curl', '-sS', '--cacert', one.cert, f'https://localhost:{one.port}/a'
    ann, bob = shown_by(club, 'ann'), shown_by(club, 'bob')
    for version in ('1.2', '1.3'):
        assert run(*words, '--tls-max', version, *ann).stdout == b'hello'
        assert is_refused(*words, '--tls-max', version, *bob)
    for nothing in ('nothing', ''):
        crls.write_text(nothing)
        one.signal(signal.SIGHUP)
        one.expect(f'{crls}: there is no CRL in PEM; the certificates stay as they were')
        assert is_refused(*words, *bob)
    crls.write_bytes(crl_of(club, 'ann'))
    one.signal(signal.SIGHUP)
    eventually(lambda: is_refused(*words, *ann))
    assert run(*words, *bob).stdout == b'hello'
    crls.write_bytes(crl_of(club, ends='20200201000000Z'))
    one.signal(signal.SIGHUP)
    one.expect(f'a CRL of {crls} expired on 2020-02-01: clients of its authority are refused')
    eventually(lambda: is_refused(*words, *bob))


def test_ocsp_responses_are_shown_when_they_are_there(server, club, tmp_path):
    chain = tmp_path / 'own.crt'
    chain.write_bytes((club / 'own.crt').read_bytes() + (club / 'ca.crt').read_bytes())
    one = server('-4', '--cert', chain, '--key', club / 'own.key', where=(),
                 https=('localhost:0',))
    one.cert = club / 'ca.crt'
    assert 'OCSP response: no response sent' in s_client(one, '-status')
    response = tmp_path / 'own.crt.ocsp'
    response_of(club, club / 'ann.crt', response)
    one.signal(signal.SIGHUP)
    assert 'is for another certificate' in one.expect('is not shown')
    assert 'OCSP response: no response sent' in s_client(one, '-status')
    response_of(club, club / 'own.crt', response)
    one.signal(signal.SIGHUP)
    eventually(lambda: 'Cert Status: good' in s_client(one, '-status'))
    assert 'Cert Status: good' in s_client(one, '-status', '-tls1_2')


def test_unknown_names_are_refused_when_asked_to(https, folder):
    (folder / 'a').write_text('hello')
    assert 'BEGIN CERTIFICATE' in s_client(https(), '-servername', 'other')
    one = https('--strict-sni')
    assert curl(one, '/a') == b'hello'
    text = s_client(one, '-servername', 'other')
    assert 'BEGIN CERTIFICATE' not in text and 'unrecognized name' in text
    assert 'BEGIN CERTIFICATE' not in s_client(one, '-noservername')


def test_keys_are_logged_where_the_environment_says_so(https, folder, tmp_path):
    (folder / 'a').write_text('hello')
    log = tmp_path / 'keys'
    for count in (1, 2):
        one = https(env=dict(os.environ, SSLKEYLOGFILE=str(log)))
        assert any('SSLKEYLOGFILE' in line for line in one.lines)
        assert curl(one, '/a') == b'hello'
        one.stop()
        assert log.read_text().count('SERVER_TRAFFIC_SECRET_0 ') == count
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


# ---- self-signed -------------------------------------------------------------------------------


def self_signed(server, state, *options, https=('localhost:0',)):
    family = '-6' if https[0].startswith('[') else '-4'
    one = server(family, '--self-signed', *options, where=(), https=https,
                 env=dict(os.environ, XDG_STATE_HOME=str(state)))
    line = next(line for line in one.lines if line.startswith('certificate '))
    one.cert = pathlib.Path(line.split()[1].rstrip(','))
    one.fingerprint = line.split()[-1]
    return one


def test_self_signed_works_at_once_and_is_kept(server, folder, tmp_path):
    (folder / 'a').write_text('hello')
    one = self_signed(server, tmp_path / 'state')
    assert one.cert == tmp_path / 'state' / 'coronet' / 'self-signed.crt'
    assert stat.S_IMODE(one.cert.with_suffix('.key').stat().st_mode) == 0o600
    assert one.fingerprint.replace(':', '').lower() == digest_of(one.cert)
    for host in ('localhost', '127.0.0.1'):
        done = run('curl', '-sS', '--cacert', one.cert, f'https://{host}:{one.port}/a')
        assert done.stdout == b'hello'
    one.stop()
    assert self_signed(server, tmp_path / 'state').fingerprint == one.fingerprint


def test_self_signed_is_made_anew_for_another_host_or_when_it_is_broken(server, tmp_path):
    state = tmp_path / 'state'
    one = self_signed(server, state)
    two = self_signed(server, state, https=('127.0.0.2:0',))
    assert two.fingerprint != one.fingerprint
    run('openssl', 'x509', '-in', two.cert, '-noout', '-checkip', '127.0.0.2')
    assert self_signed(server, state).fingerprint == two.fingerprint  # it is for both
    two.cert.with_suffix('.key').write_text('torn')
    three = self_signed(server, state)
    assert three.fingerprint != two.fingerprint
    assert stat.S_IMODE(three.cert.with_suffix('.key').stat().st_mode) == 0o600


@pytest.mark.parametrize('everywhere', ['0.0.0.0', '[::]', '[::0]'])
def test_self_signed_is_for_all_addresses_however_they_are_written(server, tmp_path, everywhere):
    one = self_signed(server, tmp_path, https=('*:0',))
    assert self_signed(server, tmp_path, https=(f'{everywhere}:0',)).fingerprint == one.fingerprint


def test_self_signed_without_a_place_says_so(folder):
    env = {key: value for key, value in os.environ.items()
           if key not in ('HOME', 'XDG_STATE_HOME', 'STATE_DIRECTORY')}
    done = run(CORONET, 'serve', '--https', 'localhost:0', '--self-signed', folder, code=3, env=env)
    assert b'XDG_STATE_HOME' in done.stderr
