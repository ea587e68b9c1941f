# SPDX-License-Identifier: MIT
"""`get`, `put`, `ls` and `mirror` against what other servers can do: logins, codings, ranges,
limits, TLS of their own making, HTTP/2; and through proxies."""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import socket
import ssl
import subprocess

import pytest

import proxies
from conftest import CORONET, answers, eventually, make_certificate, once, quiet_port, run
from test_get_proxy import proxy  # noqa: F401 (fixture)

CONTENT = b''.join(b'%d lines of text\n' % i for i in range(30_000))
APACHE_MODULES = ('mpm_event', 'authn_core', 'authn_file', 'authz_core', 'authz_user', 'auth_basic',
                  'auth_digest', 'dav', 'dav_fs', 'deflate', 'filter', 'dir', 'mime', 'autoindex')

CADDY = '''{{
    admin off
    auto_https disable_redirects
    skip_install_trust
    local_certs
}}
https://localhost:{port} {{
    bind 127.0.0.1
    tls {tls}
    root * {folder}
    encode gzip
    file_server browse
}}
'''
NGINX = '''daemon off; master_process off; pid {work}/pid; error_log stderr warn;
events {{ worker_connections 256; }}
http {{ access_log {work}/access; client_body_temp_path {work}/body; proxy_temp_path {work}/proxy;
  fastcgi_temp_path {work}/f; uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
  limit_conn_zone $server_name zone=one:1m; limit_req_zone $server_name zone=two:1m rate=5r/s;
  limit_conn_status 429;
  server {{ listen 127.0.0.1:{port}; server_name its.key; root {folder}; gzip_static on;
    autoindex on; {more} }} }}
'''
LIGHTTPD = '''server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {port}
server.modules = ("mod_auth", "mod_authn_file", "mod_dirlisting")
dir-listing.activate = "enable"
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "{work}/users"
auth.require = ("/" => ("method" => "digest", "realm" => "a realm", "algorithm" => "{algorithm}",
                        "require" => "valid-user"))
'''
APACHE = '''ServerRoot "{work}"
Listen 127.0.0.1:{port}
ServerName localhost
PidFile {work}/pid
DefaultRuntimeDir {work}
ErrorLog {work}/error
{loads}
TypesConfig /etc/mime.types
DavLockDB {work}/lock
DocumentRoot "{folder}"
<Directory "{folder}">
  Options Indexes
  IndexOptions FancyIndexing
  SetOutputFilter DEFLATE
  Dav on
  AuthType {kind}
  AuthName "a realm"
  Auth{kind}Provider file
  AuthUserFile {work}/users
  Require valid-user
</Directory>
'''


@pytest.fixture
def here(tmp_path_factory):
    path = tmp_path_factory.mktemp('here')
    (path / 'sent').write_bytes(CONTENT)
    return path


@pytest.fixture
def tree(folder):
    """What is served; and taken by servers that have become somebody else."""
    (folder / 'sub').mkdir()
    for path in folder / 'a.txt', folder / 'sub' / 'b.txt':
        path.write_bytes(CONTENT)
    for path in folder, folder / 'sub':
        path.chmod(0o777)
    return folder


@pytest.fixture
def peer(tree, tmp_path_factory):
    """peer(template, program, options, values) starts it; returns its port and its own folder."""
    started = []

    def start(template, program, *options, users='', **values):
        path = shutil.which(program) or shutil.which(program, path='/usr/sbin')
        if not path:
            pytest.skip(f'{program} is not installed')
        work, port = tmp_path_factory.mktemp(program), quiet_port()
        for one in (work, *work.parents[:2]):
            with contextlib.suppress(OSError):
                os.chmod(one, 0o777 if one is work else 0o755)
        (work / 'users').write_text(users)
        (work / 'config').write_text(template.format(folder=tree, work=work, port=port, **values))
        with open(work / 'said', 'wb') as said:
            process = subprocess.Popen([path, *options, work / 'config'], stdin=subprocess.DEVNULL,
                                       stdout=said, stderr=said,
                                       env=dict(os.environ, HOME=str(work)))
        started.append(process)
        eventually(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None, (work / 'said').read_text()
        return port, work
    yield start
    for one in started:
        one.terminate()
        one.wait()


def command(name, *words, code=0, **options):
    done = run(CORONET, name, *words, code=code, stdin=subprocess.DEVNULL, **options)
    return done.stdout, done.stderr.decode()


def all_of_it(url, here, *words):
    """A file, also in segments and what was begun; a list; a tree."""
    command('get', *words, '-o', here / 'a', f'{url}a.txt')
    assert (here / 'a').read_bytes() == CONTENT
    assert b'a.txt' in command('ls', *words, url)[0]
    command('mirror', *words, '--no-sync', url, here / 'tree')
    assert (here / 'tree' / 'sub' / 'b.txt').read_bytes() == CONTENT


# ---- Caddy --------------------------------------------------------------------------------------

def shakes_hands(port):
    """Caddy makes its own certificate after it has begun to listen."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port)) as one, \
            context.wrap_socket(one, server_hostname='localhost'):
        return True
    return False


@pytest.mark.parametrize('own', [True, False])
@pytest.mark.parametrize('words, version', [([], 'HTTP/2'), (['--http1'], 'HTTP/1.1')])
def test_caddy_over_tls(peer, here, own, words, version):
    """By its own authority's certificate, or by ours."""
    pair = make_certificate(here, 'ours')
    port, work = peer(CADDY, 'caddy', 'run', '--adapter', 'caddyfile', '--config',
                      tls=f'{pair[0]} {pair[1]}' if own else 'internal')
    eventually(lambda: shakes_hands(port))
    root = work / '.local/share/caddy/pki/authorities/local/root.crt'
    words = ['--cacert', pair[0] if own else root, *words]
    url = f'https://localhost:{port}/'
    all_of_it(url, here, *words)
    _, said = command('get', '-v', *words, '--compressed', '-o', here / 'b', f'{url}a.txt')
    assert version in said and (here / 'b').read_bytes() == CONTENT
    command('get', *words, '--segments', 2, '-o', here / 'c', f'{url}a.txt')
    assert (here / 'c').read_bytes() == CONTENT
    command('get', '-o', here / 'd', f'{url}a.txt', code=5)


# ---- nginx --------------------------------------------------------------------------------------

def test_nginx_sends_what_was_compressed_before(peer, tree, here):
    (tree / 'a.txt.gz').write_bytes(gzip.compress(CONTENT))
    port, _ = peer(NGINX, 'nginx', '-c', more='')
    url = f'http://127.0.0.1:{port}/'
    out, _ = command('get', '--json', '--compressed', '-o', here / 'a', f'{url}a.txt')
    assert (here / 'a').read_bytes() == CONTENT and json.loads(out)['event'] == 'done'
    all_of_it(url, here)


def test_nginx_gives_ranges(peer, here):
    port, _ = peer(NGINX, 'nginx', '-c', more='limit_rate 400k;')
    url = f'http://127.0.0.1:{port}/a.txt'
    with subprocess.Popen([CORONET, 'get', '--no-sync', url], cwd=here, stderr=subprocess.DEVNULL) \
            as process:
        eventually(lambda: process.poll() is not None or any(
            path.stat().st_size > 100_000 for path in here.glob('.coronet-*.part')))
        process.kill()
    out, _ = command('get', '-c', '--json', url, cwd=here)
    assert (here / 'a.txt').read_bytes() == CONTENT
    assert json.loads(out)['resumed'] > 0
    command('get', '--segments', 2, '-o', here / 'parts', url)
    assert (here / 'parts').read_bytes() == CONTENT


@pytest.mark.parametrize('more', ['limit_conn one 1; limit_rate 2m;',
                                  'limit_req zone=two burst=2;'])
def test_nginx_is_asked_again_when_it_was_too_much(peer, tree, here, more):
    """429 and 503 may pass."""
    for i in range(4):
        (tree / f'f{i}').write_bytes(CONTENT)
    port, _ = peer(NGINX, 'nginx', '-c', more=more)
    urls = [f'http://127.0.0.1:{port}/f{i}' for i in range(4)]
    command('get', '--jobs', 4, '--retries', 20, '--no-sync', *urls, cwd=here)
    assert all((here / f'f{i}').read_bytes() == CONTENT for i in range(4))


@pytest.mark.parametrize('most', [1, 2])
def test_segments_make_do_with_the_connections_that_nginx_lets_in(peer, tree, here, most):
    content = os.urandom(4 << 20)
    (tree / 'large').write_bytes(content)
    port, _ = peer(NGINX, 'nginx', '-c', more=f'limit_conn one {most}; limit_rate 4m;')
    command('get', '--segments', 4, '--retries', 0, f'http://127.0.0.1:{port}/large', cwd=here)
    assert (here / 'large').read_bytes() == content


# ---- logins -------------------------------------------------------------------------------------

def digest_of(password, name='md5'):
    return hashlib.new(name, f'ann:a realm:{password}'.encode()).hexdigest()


@pytest.mark.parametrize('algorithm, name', [('MD5', 'md5'), ('SHA-256', 'sha256')])
def test_lighttpd_lets_in_by_digest(peer, here, algorithm, name):
    port, _ = peer(LIGHTTPD, 'lighttpd', '-D', '-f', algorithm=algorithm,
                   users=f'ann:a realm:{digest_of("secret", name)}\n')
    url = f'http://127.0.0.1:{port}/'
    all_of_it(url, here, '--digest', '--user', 'ann:secret')
    command('ls', '--digest', '--user', 'ann:wrong', url, code=6)
    command('ls', url, code=6)


@pytest.mark.parametrize('kind', ['Digest', 'Basic'])
def test_apache_lets_in_takes_and_gives(peer, tree, here, kind):
    """mod_dav takes, mod_autoindex lists, mod_deflate codes."""
    hashed = run('openssl', 'passwd', '-apr1', 'secret').stdout.decode().strip()
    users = f'ann:a realm:{digest_of("secret")}\n' if kind == 'Digest' else f'ann:{hashed}\n'
    loads = '\n'.join(f'LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so'
                      for name in APACHE_MODULES)
    port, _ = peer(APACHE, 'apache2', '-X', '-f', kind=kind, loads=loads, users=users)
    url = f'http://127.0.0.1:{port}/'
    who = (*(['--digest'] if kind == 'Digest' else []), '--user', 'ann:secret')
    command('get', *who, '--compressed', '-o', here / 'coded', f'{url}a.txt')
    assert (here / 'coded').read_bytes() == CONTENT
    command('put', *who, here / 'sent', url)
    command('put', *who, here / 'sent', f'{url}sub/again')
    assert (tree / 'sent').read_bytes() == (tree / 'sub' / 'again').read_bytes() == CONTENT
    assert b'sent' in command('ls', *who, url)[0]
    command('put', *who[:-1], 'ann:wrong', here / 'sent', url, code=6)
    command('mirror', *who, '--no-sync', url, here / 'tree')
    assert (here / 'tree' / 'sub' / 'again').read_bytes() == CONTENT


# ---- ways ---------------------------------------------------------------------------------------

@once('it has a certificate of its own')
@pytest.mark.parametrize('kind', ['squid', 'socks5', 'socks5h'])
def test_all_commands_go_by_proxies(server, tree, here, proxy, kind):  # noqa: F811
    program = 'squid' if kind == 'squid' else 'microsocks'
    if not shutil.which(program) and not shutil.which(program, path='/usr/sbin'):
        pytest.skip(f'{program} is not installed')
    cert, key = make_certificate(here, 'one')
    one = server('-4', '--cert', cert, '--key', key, '--anonymous-write', https=['127.0.0.1:0'])
    way = proxy(proxies.Squid if kind == 'squid' else proxies.Microsocks)
    words = ('--proxy', f'{"http" if kind == "squid" else kind}://127.0.0.1:{way.port}',
             '--cacert', cert)
    for i, url in enumerate(one.urls):
        (here / str(i)).mkdir()
        all_of_it(url, here / str(i), *words)
        command('put', *words, here / 'sent', f'{url}sent-{i}')
        assert (tree / f'sent-{i}').read_bytes() == CONTENT
