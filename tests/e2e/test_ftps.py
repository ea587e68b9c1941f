# SPDX-License-Identifier: MIT
"""FTPS with the clients that people use, explicit and implicit."""

import ftplib
import io
import json
import os
import random
import signal
import socket
import ssl
import subprocess

import pytest

from conftest import (CORONET, PATIENCE, crl_of, eventually, make_certificate, make_club, once, run,
                      shown_by)

pytestmark = once('TLS is what it tries')

CONTENT = random.Random(2).randbytes(3_000_000)
VERSIONS = {'1.2': ssl.TLSVersion.TLSv1_2, '1.3': ssl.TLSVersion.TLSv1_3}


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp('pair'), 'localhost')


@pytest.fixture
def ftps(server, folder, pair):
    """ftps(*options) starts a server with both kinds of FTPS, where everybody may write."""
    folder.chmod(0o777)
    (folder / 'large').write_bytes(CONTENT)
    (folder / 'sub').mkdir()
    (folder / 'sub' / 'inner').write_text('inner')

    def start(*options, **rest):
        one = server('-4', '--cert', pair[0], '--key', pair[1], '--anonymous-write', '--no-sync',
                     '--ftps', '127.0.0.1:0', *options, where=(), ftp=('127.0.0.1:0',), **rest)
        one.cert = pair[0]
        ports = {url.partition(':')[0]: int(url.rstrip('/').rpartition(':')[2])
                 for url in one.urls}
        one.explicit, one.implicit = ports['ftp'], ports['ftps']
        return one
    return start


def url(one, kind):
    return (f'ftp://localhost:{one.explicit}' if kind == 'explicit'
            else f'ftps://localhost:{one.implicit}')


def curl(one, kind, path, *options, **rest):
    return run('curl', '-sS', '--ssl-reqd', '--cacert', one.cert, *options,
               f'{url(one, kind)}/{path}', **rest).stdout


def context(one, version='1.3'):
    made = ssl.create_default_context(cafile=str(one.cert))
    made.minimum_version = made.maximum_version = VERSIONS[version]
    return made


def login(one, version='1.3', protect=True):
    ftp = ftplib.FTP_TLS(context=context(one, version), timeout=PATIENCE)
    ftp.connect('localhost', one.explicit)
    ftp.login()
    if protect:
        ftp.prot_p()
    return ftp


def fetched(ftp, path):
    out = io.BytesIO()
    ftp.retrbinary(f'RETR {path}', out.write)
    return out.getvalue()


# ---- curl, lftp, ftplib, s_client --------------------------------------------------------------


@pytest.mark.parametrize('reuse', ['require', 'prefer', 'off'])
@pytest.mark.parametrize('version', VERSIONS)
@pytest.mark.parametrize('kind', ['explicit', 'implicit'])
def test_curl_downloads_and_uploads_and_resumes(ftps, folder, tmp_path, kind, version, reuse):
    one = ftps('--tls-reuse', reuse)
    tls = ('--tls-max', version, f'--tlsv{version}')
    assert curl(one, kind, 'large', *tls) == CONTENT
    assert b'large' in curl(one, kind, '', *tls)
    source = tmp_path / 'source'
    source.write_bytes(CONTENT)
    curl(one, kind, 'new', '-T', source, *tls)
    assert (folder / 'new').read_bytes() == CONTENT
    (tmp_path / 'part').write_bytes(CONTENT[:1_000_000])
    curl(one, kind, 'large', '-C', '-', '-o', tmp_path / 'part', *tls)
    assert (tmp_path / 'part').read_bytes() == CONTENT


@pytest.mark.parametrize('reuse', ['require', 'prefer'])
@pytest.mark.parametrize('kind', ['explicit', 'implicit'])
def test_wget_mirrors(ftps, tmp_path, kind, reuse):
    one = ftps('--tls-reuse', reuse, '--require-tls')
    port, options = {'explicit': (one.explicit, []),
                     'implicit': (one.implicit, ['--ftps-implicit'])}[kind]
    tries = 20 if reuse == 'require' else 1  # GnuTLS waits but a moment for the control's ticket
    run('wget', '-nv', '-r', '-nH', '-t', tries, '--waitretry', 1, '-T', PATIENCE, '-P', tmp_path,
        '--ca-certificate', one.cert, *options, f'ftps://localhost:{port}/')
    assert (tmp_path / 'large').read_bytes() == CONTENT
    assert (tmp_path / 'sub' / 'inner').read_text() == 'inner'


@pytest.mark.parametrize('version', VERSIONS)
@pytest.mark.parametrize('passive', ['on', 'off'])
def test_lftp_mirrors_both_ways(ftps, folder, tmp_path, passive, version):
    one = ftps('--tls-reuse', 'require')
    priority = 'NORMAL:-VERS-TLS1.3' if version == '1.2' else 'NORMAL'
    copy = tmp_path / 'copy'
    settings = (f'set ssl:priority {priority}; set ssl:ca-file {one.cert}; set ftp:ssl-force on; '
                f'set ftp:ssl-protect-data on; set ftp:passive-mode {passive}; '
                'set net:max-retries 1; ')
    run('lftp', '-c', f'{settings} open {url(one, "explicit")}; mirror . {copy}; '
        f'mirror -R {copy} back')
    for top in (copy, folder / 'back'):
        assert (top / 'large').read_bytes() == CONTENT
        assert (top / 'sub' / 'inner').read_text() == 'inner'


@pytest.mark.parametrize('version', VERSIONS)
@pytest.mark.parametrize('passive', [True, False])
def test_ftplib_which_cannot_resume_is_let_in_by_default(ftps, folder, passive, version):
    ftp = login(ftps(), version)
    ftp.set_pasv(passive)
    assert fetched(ftp, 'large') == CONTENT
    ftp.storbinary('STOR new', io.BytesIO(CONTENT))
    assert (folder / 'new').read_bytes() == CONTENT
    assert 'new' in ftp.nlst()
    ftp.prot_c()
    assert fetched(ftp, 'sub/inner') == b'inner'
    ftp.quit()


def test_ftplib_is_refused_where_it_must_resume(ftps):
    ftp = login(ftps('--tls-reuse', 'require'))
    with pytest.raises((ftplib.error_perm, OSError)) as failure:
        fetched(ftp, 'large')
    if failure.type is ftplib.error_perm:
        assert str(failure.value).startswith('522')


def test_s_client_begins_tls_by_starttls(ftps):
    one = ftps()
    text = run('openssl', 's_client', '-starttls', 'ftp', '-connect', f'127.0.0.1:{one.explicit}',
               '-CAfile', one.cert, '-quiet', '-verify_return_error', '-ign_eof',
               input=b'NOOP\r\nQUIT\r\n').stdout
    assert b'200 ' in text and b'221 ' in text


# ---- what must not go in clear -----------------------------------------------------------------


def test_tls_can_be_required(ftps):
    one = ftps('--require-tls')
    ftp = ftplib.FTP(timeout=PATIENCE)
    ftp.connect('localhost', one.explicit)
    with pytest.raises(ftplib.error_perm, match='530 .*AUTH TLS'):
        ftp.login()
    ftp = login(one, protect=False)
    with pytest.raises(ftplib.error_perm, match='521'):
        fetched(ftp, 'large')
    ftp.voidcmd('PBSZ 0')
    with pytest.raises(ftplib.error_perm, match='534'):
        ftp.voidcmd('PROT C')
    ftp.prot_p()
    assert fetched(ftp, 'large') == CONTENT


@pytest.mark.parametrize('version', VERSIONS)
@pytest.mark.parametrize('kind', ['explicit', 'implicit'])
def test_clients_must_show_certificates(ftps, pair, tmp_path, kind, version):
    ann = make_certificate(tmp_path, 'ann')
    one = ftps('--client-ca', ann[0], '--tls-reuse', 'require')
    tls = ('--tls-max', version, f'--tlsv{version}')
    assert curl(one, kind, 'large', *tls, '--cert', ann[0], '--key', ann[1]) == CONTENT
    words = ['curl', '-sS', '--ssl-reqd', '--cacert', one.cert, *tls, f'{url(one, kind)}/large']
    for shown in ((), ('--cert', pair[0], '--key', pair[1])):
        done = subprocess.run([*words, *shown], capture_output=True, check=False, timeout=PATIENCE)
        assert done.returncode != 0 and not done.stdout and b'alert' in done.stderr


@pytest.mark.parametrize('version', VERSIONS)
@pytest.mark.parametrize('kind', ['explicit', 'implicit'])
def test_revoked_certificates_of_clients_are_refused_t05(ftps, tmp_path, kind, version):
    club, crls = make_club(tmp_path), tmp_path / 'crls'
    crls.write_bytes(crl_of(club, 'bob'))
    one = ftps('--client-ca', club / 'ca.crt', '--client-crl', crls, '--tls-reuse', 'require')
    tls = ('--tls-max', version, f'--tlsv{version}')
    assert curl(one, kind, 'large', *tls, *shown_by(club, 'ann')) == CONTENT
    done = subprocess.run(['curl', '-sS', '--ssl-reqd', '--cacert', one.cert, *tls,
                           *shown_by(club, 'bob'), f'{url(one, kind)}/large'],
                          capture_output=True, check=False, timeout=PATIENCE)
    assert done.returncode != 0 and not done.stdout and b'alert' in done.stderr


def test_http_takes_no_passwords_in_clear_then_not_even_from_here(server, folder, pair):
    (folder / 'a').write_text('hello')
    one = server('--require-tls', '--cert', pair[0], '--key', pair[1], '--user', 'ann:secret')
    assert run('curl', '-sS', f'{one.url}a').stdout == b'hello'
    said = run('curl', '-sS', '-w', '%{http_code}', '-u', 'ann:secret', f'{one.url}a').stdout
    assert b'over TLS alone' in said and said.endswith(b'403')


@pytest.mark.parametrize('option', [('--ftps', '127.0.0.1:0'), ('--require-tls',)])
def test_a_certificate_is_needed(folder, option):
    done = run(CORONET, 'serve', *option, folder, code=2)
    assert b'needs a certificate' in done.stderr


def test_commands_behind_auth_in_one_segment_run_nothing_f04(ftps, folder):
    one = ftps()
    with socket.create_connection(('localhost', one.explicit), timeout=PATIENCE) as connection:
        file = connection.makefile('rb')
        assert file.readline().startswith(b'220')
        connection.sendall(b'AUTH TLS\r\nUSER ftp\r\nPASS x\r\nDELE large\r\n')
        said = file.read()
    assert not said and (folder / 'large').exists()


# ---- the server around it ----------------------------------------------------------------------


def test_the_certificate_is_read_again(server, folder, tmp_path):
    (folder / 'a').write_text('hello')
    new = make_certificate(tmp_path, 'new')
    cert, key = make_certificate(tmp_path, 'old')
    one = server('-4', '--cert', cert, '--key', key, where=(), ftp=('127.0.0.1:0',))
    one.cert, one.explicit = cert, one.ftp_port
    held = login(one)
    cert.write_bytes(new[0].read_bytes())
    key.write_bytes(new[1].read_bytes())
    one.signal(signal.SIGHUP)

    def is_new():
        try:
            return fetched(login(one), 'a') == b'hello'
        except ssl.SSLCertVerificationError:
            return False
    eventually(is_new)
    held.voidcmd('NOOP')  # begun with the old one


def test_self_signed_is_enough(server, folder, tmp_path):
    (folder / 'a').write_text('hello')
    one = server('-4', '--self-signed', where=(), ftp=('localhost:0',),
                 env=dict(os.environ, XDG_STATE_HOME=str(tmp_path / 'state')))
    done = run('curl', '-sS', '--ssl-reqd', '--cacert', tmp_path / 'state/coronet/self-signed.crt',
               f'ftp://localhost:{one.ftp_port}/a')
    assert done.stdout == b'hello'


def test_the_log_tells_ftps_from_ftp(ftps):
    one = ftps('--log-format', 'json')
    curl(one, 'explicit', 'sub/inner')
    subprocess.run(['curl', '-sS', f'ftp://localhost:{one.explicit}/sub/inner'], check=True,
                   stdout=subprocess.DEVNULL, timeout=PATIENCE)
    lines = [json.loads(line) for line in one.stop().splitlines()]
    assert [line['scheme'] for line in lines if line['event'] == 'download'] == ['ftps', 'ftp']


def test_idle_sessions_are_drained_at_once(ftps):
    one = ftps()
    held = [login(one) for _ in range(20)]
    one.stop()
    for ftp in held:
        ftp.close()
