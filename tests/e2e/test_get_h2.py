# SPDX-License-Identifier: MIT
"""`coronet get` over HTTP/2: against `coronet serve`, nginx, h2o and nghttpd, by ALPN and in clear;
many files over one connection."""

import hashlib
import os
import re
import shutil
import socket
import subprocess

import pytest

from conftest import (CORONET, Process, answers, eventually, make_certificate, once, quiet_port,
                      run)

pytestmark = once('TLS is what it tries')

COUNT = 40
CONTENT = os.urandom(300_000)


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp('pair'), 'localhost')


@pytest.fixture
def files(folder):
    for i in range(COUNT):
        (folder / f'f{i}').write_bytes(CONTENT[i:])
        (folder / f'f{i}').chmod(0o644)
    return folder


class Peer:
    """Another server, with the port that it listens on and a log of a line for each request, which
    ends with the number of its connection."""

    def __init__(self, command, port, log=None):
        self.port, self.log = port, log
        self.process = subprocess.Popen([str(word) for word in command],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: answers(port))

    def connections(self):
        """How many connections requests by HTTP/2 came over."""
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return len({line[-1] for line in lines if line[0].startswith('HTTP/2')})

    def stop(self):
        self.process.terminate()
        self.process.wait()


def nginx(folder, pair, where):
    port, log = quiet_port(), where / 'log'
    (where / 'nginx.conf').write_text(f'''
daemon off; master_process off; pid {where}/pid; error_log {where}/error;
events {{ }}
http {{
  log_format one '$server_protocol $status $connection';
  access_log {log} one; root {folder}; client_body_temp_path {where};
  proxy_temp_path {where}; fastcgi_temp_path {where}; uwsgi_temp_path {where};
  scgi_temp_path {where};
  server {{
    listen 127.0.0.1:{port} ssl http2; http2_max_concurrent_streams 3; keepalive_requests 30;
    ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};
    location /moved {{ return 302 /f1; }}
  }}
}}''')
    return Peer(('nginx', '-c', where / 'nginx.conf', '-p', where), port, log)


def h2o(folder, pair, where):
    port, log = quiet_port(), where / 'log'
    user = 'user: root' if os.geteuid() == 0 else ''
    (where / 'h2o.conf').write_text(f'''
{user}
hosts:
  default:
    listen: {{host: 127.0.0.1, port: {port},
             ssl: {{certificate-file: {pair[0]}, key-file: {pair[1]}}}}}
    paths:
      /moved: {{redirect: {{status: 302, url: /f1}}}}
      /: {{file.dir: {folder}}}
access-log: {{path: {log}, format: "%H %s %{{connection-id}}x"}}
error-log: {where}/error
''')
    return Peer(('h2o', '-c', where / 'h2o.conf'), port, log)


def nghttpd(folder, pair, where):
    port = quiet_port()
    return Peer(('nghttpd', '-a', '127.0.0.1', '-d', folder, port, pair[1], pair[0]), port)


@pytest.fixture
def peer(files, pair, tmp_path_factory):
    started = []

    def start(make):
        if not shutil.which(make.__name__):
            pytest.skip(f'{make.__name__} is not installed')
        started.append(make(files, pair, tmp_path_factory.mktemp('peer')))
        return started[-1]
    yield start
    for one in started:
        one.stop()


def get(*words, code=0, **options):
    done = run(CORONET, 'get', '--retries', 0, *words, code=code, stdin=subprocess.DEVNULL,
               **options)
    return done.stdout, done.stderr.decode()


def check_files(here, count=COUNT):
    for i in range(count):
        assert (here / f'f{i}').read_bytes() == CONTENT[i:]


# ---- other servers ------------------------------------------------------------------------------

@pytest.mark.parametrize('make', [nginx, h2o, nghttpd])
def test_many_files_at_once_come_over_few_connections(peer, pair, here, make):
    one = peer(make)
    base = f'https://localhost:{one.port}'
    _, said = get('-4', '-v', '--cacert', pair[0], '--jobs', 8,
                  *(f'{base}/f{i}' for i in range(COUNT)), cwd=here)
    check_files(here)
    assert said.count(': HTTP/2, status 200') == COUNT
    if one.log:
        eventually(lambda: len(one.log.read_text().splitlines()) >= COUNT)
        # nginx ends one after 30 requests
        assert one.connections() <= (2 if make is nginx else 1)


@pytest.mark.parametrize('make', [nginx, h2o])
def test_redirections_and_errors(peer, pair, here, make):
    one = peer(make)
    base = f'https://localhost:{one.port}'
    get('-4', '--cacert', pair[0], f'{base}/moved', cwd=here)
    assert (here / 'moved').read_bytes() == CONTENT[1:]
    _, said = get('-4', '--cacert', pair[0], f'{base}/none', cwd=here, code=8)
    assert '404' in said


def test_nghttpd_in_clear(files, here):
    port = quiet_port()
    one = Peer(('nghttpd', '-a', '127.0.0.1', '--no-tls', '-d', files, port), port)
    try:
        base = f'http://127.0.0.1:{port}'
        _, said = get('--http2', '-v', *(f'{base}/f{i}' for i in range(8)), cwd=here)
        check_files(here, 8)
        assert said.count(': HTTP/2, status 200') == 8
    finally:
        one.stop()


# ---- our own ------------------------------------------------------------------------------------

def test_a_large_file_is_whole(server, pair, folder, here):
    content = os.urandom(1 << 20) * 48
    (folder / 'large').write_bytes(content)
    one = server('-4', '--cert', pair[0], '--key', pair[1], where=(), https=('localhost:0',))
    for backend in ('epoll', 'io_uring'):
        get('-4', '--force', '--backend', backend, '--cacert', pair[0],
            f'https://localhost:{one.port}/large', cwd=here)
        assert hashlib.sha256((here / 'large').read_bytes()).digest() == \
            hashlib.sha256(content).digest()
    assert one.stop().count('"GET /large HTTP/2.0" 200') == 2


def test_versions_are_chosen(server, pair, files, here):
    one = server('-4')
    two = server('-4', '--cert', pair[0], '--key', pair[1], where=(), https=('localhost:0',))
    clear, secure = f'http://localhost:{one.port}/f1', f'https://localhost:{two.port}/f1'
    for url, option, version in ((clear, (), '1.1'), (clear, ('--http2',), '2'),
                                 (clear, ('--http1',), '1.1'), (secure, (), '2'),
                                 (secure, ('--http2',), '2'), (secure, ('--http1',), '1.1')):
        _, said = get('-4', '-v', '--force', '--cacert', pair[0], *option, url, cwd=here)
        assert re.search(rf': HTTP/{re.escape(version)}, status 200$', said, re.M), (url, option)
    _, said = get('--http1', '--http2', clear, cwd=here, code=2)
    assert 'exclude each other' in said


def test_what_was_cut_off_goes_on(server, pair, folder, here):
    content = os.urandom(1 << 20) * 8
    (folder / 'large').write_bytes(content)
    os.utime(folder / 'large', (10**9, 10**9))
    one = server('-4', '--cert', pair[0], '--key', pair[1], where=(), https=('localhost:0',))
    url = f'https://localhost:{one.port}/large'
    getting = Process(CORONET, 'get', '-4', '--cacert', pair[0], '--limit-rate', '1M', url,
                      cwd=here, stdout=subprocess.DEVNULL)
    eventually(lambda: any(path.stat().st_size > 1 << 18 for path in here.iterdir()))
    getting.kill()
    get('-4', '-c', '--cacert', pair[0], url, cwd=here)
    assert (here / 'large').read_bytes() == content
    assert '" 206 ' in one.stop()


def test_a_server_that_does_not_know_it(here):
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen([CORONET, 'get', '--retries', '0', '--http2',
                                    f'http://127.0.0.1:{port}/a'], cwd=here,
                                   stderr=subprocess.PIPE)
        one, _ = listener.accept()
        with one:
            assert one.recv(24).startswith(b'PRI * HTTP/2.0')
            one.sendall(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
        assert b'HTTP' in process.communicate(timeout=20)[1]
        assert process.returncode != 0
