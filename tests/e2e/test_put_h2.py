# SPDX-License-Identifier: MIT
"""`coronet put` over HTTP/2: to `coronet serve`, nginx, Caddy, h2o and nghttpd. Caddy and h2o pass
what comes on to a `coronet serve` of ours."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from conftest import CORONET, PATIENCE, eventually, once, quiet_port, run
from test_get_h2 import Peer, pair  # noqa: F401
from test_put import LARGE, change_while_it_is_sent, partials  # noqa: F401

pytestmark = once('TLS is what it tries')


def put(*words, code=0, **options):
    """Runs it; what it said."""
    options.setdefault('stdin', subprocess.DEVNULL)
    done = run(CORONET, 'put', '--retries', 0, *words, code=code, **options)
    return done.stderr.decode()


# ---- servers ------------------------------------------------------------------------------------

def nginx(folder, pair, where, behind):  # noqa: F811
    port, log = quiet_port(), where / 'log'
    user = 'user root;' if os.geteuid() == 0 else ''
    (where / 'nginx.conf').write_text(f'''
{user} daemon off; master_process off; pid {where}/pid; error_log {where}/error;
events {{ }}
http {{
  log_format one '$server_protocol $status $connection';
  access_log {log} one; root {folder}; client_body_temp_path {where}/body;
  proxy_temp_path {where}; fastcgi_temp_path {where}; uwsgi_temp_path {where};
  scgi_temp_path {where}; client_max_body_size 0; dav_methods PUT;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};
    location /small/ {{ client_max_body_size 1m; }}
    location /moved/ {{ return 307 /a; }}
  }}
}}''')
    return Peer(('nginx', '-c', where / 'nginx.conf', '-p', where), port, log)


def h2o(folder, pair, where, behind):  # noqa: F811
    port, log = quiet_port(), where / 'log'
    user = 'user: root' if os.geteuid() == 0 else ''
    (where / 'h2o.conf').write_text(f'''
{user}
hosts:
  default:
    listen: {{host: 127.0.0.1, port: {port},
             ssl: {{certificate-file: {pair[0]}, key-file: {pair[1]}}}}}
    paths:
      /moved/: {{redirect: {{status: 307, url: /}}}}
      /: {{proxy.reverse.url: {behind()}}}
limit-request-body: 10000000
access-log: {{path: {log}, format: "%H %s %{{connection-id}}x"}}
error-log: {where}/error
''')
    return Peer(('h2o', '-c', where / 'h2o.conf'), port, log)


def caddy(folder, pair, where, behind):  # noqa: F811
    port = quiet_port()
    (where / 'Caddyfile').write_text(f'''
{{
  admin off
  auto_https off
  storage file_system {where}
}}
https://localhost:{port} {{
  bind 127.0.0.1
  tls {pair[0]} {pair[1]}
  redir /moved/* /a 307
  reverse_proxy {behind()}
}}''')
    return Peer(('caddy', 'run', '--adapter', 'caddyfile', '--config', where / 'Caddyfile'), port)


def nghttpd(folder, pair, where, behind):  # noqa: F811
    """Sends back what it gets, and stores nothing."""
    port = quiet_port()
    return Peer(('nghttpd', '-a', '127.0.0.1', '--echo-upload', '-d', folder, port, pair[1],
                 pair[0]), port)


@pytest.fixture
def peer(folder, server, pair, tmp_path_factory):  # noqa: F811
    """peer(make) starts a server that takes files into `folder`; returns its URL and itself."""
    folder.chmod(0o777)
    started = []

    def start(make):
        if not shutil.which(make.__name__):
            pytest.skip(f'{make.__name__} is not installed')
        where = tmp_path_factory.mktemp('peer')
        started.append(make(folder, pair, where,
                            lambda: server('-4', '--anonymous-write').url.rstrip('/')))
        return f'https://localhost:{started[-1].port}/', started[-1]
    yield start
    for one in started:
        one.stop()


@pytest.fixture
def ours(folder, server, pair):  # noqa: F811
    folder.chmod(0o777)
    return lambda *words: server('-4', '--cert', pair[0], '--key', pair[1],
                                 *(words or ('--anonymous-write',)), where=(),
                                 https=('localhost:0',))


def https(one):
    return f'https://localhost:{one.port}/'


# ---- other servers ------------------------------------------------------------------------------

@pytest.mark.parametrize('make', [nginx, caddy, h2o, nghttpd])
def test_files_and_standard_input(peer, pair, folder, here, make):  # noqa: F811
    url, one = peer(make)
    who = ('-4', '--cacert', pair[0])
    for size in (0, 1, 65535, 65536, LARGE):
        (here / f'f{size}').write_bytes(os.urandom(size))
    put(*who, *(here / f'f{size}' for size in (0, 1, 65535, 65536, LARGE)), url)
    piped = os.urandom(1 << 20)
    put(*who, '-', f'{url}piped', input=piped, stdin=None)
    if make is nghttpd:
        return
    for size in (0, 1, 65535, 65536, LARGE):
        assert (folder / f'f{size}').read_bytes() == (here / f'f{size}').read_bytes()
    assert (folder / 'piped').read_bytes() == piped
    if one.log:
        eventually(lambda: len(one.log.read_text().splitlines()) >= 6)
        lines = one.log.read_text().splitlines()
        assert all(line.startswith('HTTP/2') and ' 20' in line for line in lines), lines


@pytest.mark.parametrize('make', [nginx, caddy, h2o])
def test_redirections_take_the_body_along(peer, pair, folder, here, make):  # noqa: F811
    url, _ = peer(make)
    (here / 'a').write_bytes(os.urandom(300_000))
    put('-4', '--cacert', pair[0], here / 'a', f'{url}moved/')
    assert (folder / 'a').read_bytes() == (here / 'a').read_bytes()


def test_what_is_too_large_is_refused_at_once(peer, pair, here):  # noqa: F811
    with open(here / 'a', 'wb') as file:
        file.truncate(1 << 30)
    start = time.monotonic()
    url, _ = peer(nginx)
    assert '413' in put('-4', '--cacert', pair[0], here / 'a', f'{url}small/', code=8)
    url, _ = peer(h2o)
    assert 'REFUSED_STREAM' in put('-4', '--cacert', pair[0], here / 'a', url, code=4)
    assert time.monotonic() - start < PATIENCE


# ---- our own ------------------------------------------------------------------------------------

@pytest.mark.parametrize('backend', ['epoll', 'io_uring'])
def test_to_our_own(ours, pair, folder, here, backend):  # noqa: F811
    one = ours()
    names = [f'f{i}' for i in range(100)]
    for i, name in enumerate(names):
        (here / name).write_bytes(os.urandom(i * 1000))
    (here / 'large').write_bytes(os.urandom(LARGE))
    who = ('-4', '--cacert', pair[0], '--backend', backend)
    put(*who, '--jobs', 8, *(here / name for name in names), here / 'large', https(one))
    put(*who, '-', f'{https(one)}piped', input=b'piped', stdin=None)
    assert all((folder / name).read_bytes() == (here / name).read_bytes()
               for name in [*names, 'large'])
    assert (folder / 'piped').read_bytes() == b'piped'
    log = one.stop()
    assert log.count(' HTTP/2.0" 201 ') == 102 and ' HTTP/1' not in log


def test_what_was_cut_off_goes_on(ours, pair, folder, here):  # noqa: F811
    user = ('--user', 'ann:good-secret')
    one = ours('--write', *user)
    (here / 'large').write_bytes(os.urandom(LARGE))
    who = ('-4', '--cacert', pair[0], *user)
    for number in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen([CORONET, 'put', '-c', *who, '--limit-rate', '2M',
                                    here / 'large', https(one)], stderr=subprocess.DEVNULL)
        there = sum(path.stat().st_size for path in partials(folder))
        eventually(lambda: process.poll() is not None or sum(
            path.stat().st_size for path in partials(folder)) > there + 200_000)
        process.send_signal(number)
        process.wait(timeout=PATIENCE)
    eventually(lambda: partials(folder))
    put('-c', *who, here / 'large', https(one))
    assert (folder / 'large').read_bytes() == (here / 'large').read_bytes()
    assert not partials(folder)
    assert '"PUT /large HTTP/2.0" 201 ' in one.stop()


def test_a_file_that_changes_while_it_is_sent_never_arrives(ours, pair, folder, here):  # noqa: F811
    change_while_it_is_sent(folder, here, '-4', '--cacert', pair[0], https(ours()))



def test_who_may_not_is_told_so(ours, pair, here):  # noqa: F811
    one = ours('--write', '--user', 'ann:good-secret')
    (here / 'a').write_bytes(bytes(LARGE))
    for user in ((), ('--user', 'ann:wrong')):
        put('-4', '--cacert', pair[0], *user, here / 'a', https(one), code=6)
    put('-4', '--cacert', pair[0], '--user', 'ann:wrong', '-', f'{https(one)}b', input=bytes(LARGE),
        stdin=None, code=6)
