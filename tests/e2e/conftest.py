# SPDX-License-Identifier: MIT
"""A `coronet serve` for each test that asks for one, and ways to talk to it.

CORONET_BUILD names the build directory. The backend is whichever CORONET_BACKEND says, or the
command's own choice.
"""

import contextlib
import http.client
import os
import pathlib
import queue
import random
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import zlib

import pytest

import over_tls
from seen import children  # noqa: F401

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('CORONET_BUILD', ROOT / 'build')).resolve()
CORONET = str(BUILD / 'coronet')
# Seconds for whatever a healthy server does at once; sanitizers are slow.
PATIENCE = float(os.environ.get('CORONET_PATIENCE', 20))
# Which address others take it for, where they try only one.
LOCALHOST = socket.getaddrinfo('localhost', None, type=socket.SOCK_STREAM)[0][4][0]
ONE_IN = int(os.environ.get('CORONET_ONE_IN', 1))  # a sample of the tests, always the same

once = pytest.mark.once  # (reason): not again over TLS
as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root has privileges to drop')

# A proxy of the machine's is not for loopback.
for name in ('http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'):
    os.environ.pop(name, None)


def run(*command, code=0, **options):
    """Runs a command to its end and checks how it ended."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=2 * PATIENCE, **options)
    assert done.returncode == code, (command, done.returncode, done.stdout, done.stderr)
    return done


def coronet(*words, code=0):
    """Runs the command; returns (stdout, stderr) as text."""
    done = run(CORONET, *words, code=code, stdin=subprocess.DEVNULL)
    return done.stdout.decode(), done.stderr.decode()


def quiet_port(address='127.0.0.1'):
    """A free port of those that the kernel gives to nobody who asks for any."""
    with open('/proc/sys/net/ipv4/ip_local_port_range') as file:
        end = int(file.read().split()[0])
    while True:
        port = random.randrange(2048, end)
        with contextlib.suppress(OSError), socket.create_server(
                (address, port), family=socket.AF_INET6 if ':' in address else socket.AF_INET):
            return port


def answers(port):
    """Does somebody take connections there?"""
    with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), timeout=1):
        return True
    return False


def in_background(server):
    """A socketserver's, which looks often whether it is to end: its own half a second adds up."""
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()


def eventually(condition):
    """Waits for what another process is about to do."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, 'it did not happen'
        time.sleep(0.01)


def is_alive(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] not in 'ZX'
    except FileNotFoundError:
        return False


def openssl(*words, **rest):
    return run('openssl', *words, **rest)


def make_club(where):
    """An authority, a server's certificate for localhost, and those of the clients ann and bob."""
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
            '-days', '2', '-subj', '/CN=club', '-keyout', where / 'ca.key',
            '-out', where / 'ca.crt')
    for name, more in (('own', 'subjectAltName=DNS:localhost,IP:127.0.0.1'),
                       ('ann', 'extendedKeyUsage=clientAuth'),
                       ('bob', 'extendedKeyUsage=clientAuth')):
        (where / 'more').write_text(more + '\n')
        openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj',
                f'/CN={name}', '-keyout', where / f'{name}.key', '-out', where / 'request')
        openssl('x509', '-req', '-in', where / 'request', '-days', '2', '-CA', where / 'ca.crt',
                '-CAkey', where / 'ca.key', '-CAcreateserial', '-extfile', where / 'more',
                '-out', where / f'{name}.crt')
    return where


def serial_of(certificate):
    told = openssl('x509', '-in', certificate, '-noout', '-serial').stdout.decode()
    return told.strip().partition('=')[2]


def crl_of(club, revoked=None, ends='20491231235959Z'):
    """The authority's CRL, with that member's certificate in it."""
    (club / 'index').write_text(
        f"R\t491231235959Z\t200101000000Z\t{serial_of(club / f'{revoked}.crt')}\tunknown\t/CN=x\n"
        if revoked else '')
    (club / 'settings').write_text(f"[ca]\ndefault_ca = club\n[club]\ndatabase = {club / 'index'}\n"
                                   'default_md = sha256\n')
    return openssl('ca', '-config', club / 'settings', '-gencrl', '-cert', club / 'ca.crt',
                   '-keyfile', club / 'ca.key', '-crl_lastupdate', '20200101000000Z',
                   '-crl_nextupdate', ends).stdout


def shown_by(club, name):
    """What has curl show a member's certificate."""
    return '--cert', club / f'{name}.crt', '--key', club / f'{name}.key'


def make_certificate(folder, name, kind='ec', days=30,
                     alt='DNS:localhost,IP:127.0.0.1,IP:::1'):
    """A certificate signed by itself and its key, as (certificate, key)."""
    pair = folder / f'{name}.crt', folder / f'{name}.key'
    keys = ('rsa:2048',) if kind == 'rsa' else ('ec', '-pkeyopt', 'ec_paramgen_curve:P-256')
    run('openssl', 'req', '-x509', '-newkey', *keys, '-nodes', '-subj', f'/CN={name}', '-addext',
        f'subjectAltName={alt}', '-days', max(days, 1), '-keyout', pair[1], '-out', pair[0])
    if days <= 0:
        expire(pair)
    return pair


def expire(pair):
    """Signs the certificate anew, for a time that is over."""
    config = pair[0].with_suffix('.conf')
    database = pair[0].with_suffix('.db')
    config.write_text(f'[ca]\ndefault_ca=d\n[d]\ndatabase={database}\nserial={database}.serial\n'
                      f'new_certs_dir={pair[0].parent}\ndefault_md=sha256\npolicy=p\n'
                      '[p]\ncommonName=supplied\n')
    database.write_text('')
    pathlib.Path(f'{database}.serial').write_text('01\n')
    request = pair[0].with_suffix('.csr')
    run('openssl', 'req', '-new', '-key', pair[1], '-subj', '/CN=old', '-out', request)
    run('openssl', 'ca', '-batch', '-config', config, '-selfsign', '-keyfile', pair[1], '-in',
        request, '-startdate', '20200101000000Z', '-enddate', '20200201000000Z', '-notext',
        '-out', pair[0])


def pytest_configure(config):
    config.addinivalue_line('markers', 'once(reason): not again over TLS')
    if over_tls.WANTED:
        over_tls.PAIR = over_tls.prepare(make_certificate)


def leave_out(config, items, is_left_out):
    left = [item for item in items if is_left_out(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def pytest_collection_modifyitems(config, items):
    if ONE_IN > 1:
        leave_out(config, items, lambda item: zlib.crc32(item.nodeid.encode()) % ONE_IN)
    if not over_tls.WANTED:
        return
    leave_out(config, items, lambda item: 'server' not in item.fixturenames)
    for item in items:
        for mark in item.iter_markers('once'):
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))


class Process:
    """A child whose standard error is read line by line while it runs."""

    def __init__(self, *command, stdout, **options):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=stdout,
            stderr=subprocess.PIPE, text=True, errors='replace', **options)
        self.lines = []
        self.arrived = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip('\n'))
            self.arrived.put(self.lines[-1])
        self.arrived.put(None)

    @property
    def pid(self):
        return self.process.pid

    @property
    def worker_pid(self):
        """The monitor's child that serves: the others, for a password or a connection, soon go."""
        eventually(lambda: len(children(self.pid)) == 1)
        return children(self.pid)[0]

    def expect(self, pattern):
        """The next line on standard error that matches."""
        while True:
            line = self.arrived.get(timeout=PATIENCE)
            assert line is not None, f'ended without {pattern!r}: {self.lines}'
            if re.search(pattern, line):
                return line

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        code = self.process.wait(timeout=PATIENCE)
        self.reader.join(timeout=PATIENCE)
        report = '\n'.join(self.lines)
        assert 'Sanitizer' not in report and 'runtime error' not in report, report
        assert 'deadlock' not in report, report
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Server(Process):
    """`coronet serve` on ports of the system's choice."""

    def __init__(self, folder, out, *options, where=('localhost:0',), https=(), ftp=(), **rest):
        where, https = over_tls.schemes(where, https)
        words = [word for place in where for word in ('--http', place)]
        words += [word for place in https for word in ('--https', place)]
        words += [word for place in ftp for word in ('--ftp', place)]
        self.folder, self.out = folder, out
        with open(out, 'wb') as file:
            super().__init__(CORONET, 'serve', *words, *over_tls.options(), *options, folder,
                             stdout=file, **rest)
        self.expect('^ready$')
        self.urls = [line.split()[1] for line in self.lines if line.startswith('listening ')]
        self.url = next((url for url in self.urls if '://' in url), self.urls[0])
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port
        if ftp:
            parts = urllib.parse.urlsplit(self.urls[-len(ftp)])
            self.ftp_host, self.ftp_port = parts.hostname, parts.port

    @property
    def ftp_url(self):
        """For our own client, which is told by the URL to ask for TLS."""
        scheme = 'ftpes' if over_tls.WANTED else 'ftp'
        return f'{scheme}://{self.ftp_host}:{self.ftp_port}/'

    def connect(self):
        connection = socket.create_connection((self.host, self.port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return over_tls.secured(connection, self.host)

    def http(self):
        """A connection of http.client's to the first address."""
        if over_tls.WANTED:
            return http.client.HTTPSConnection(
                self.host, self.port, timeout=PATIENCE, context=over_tls.client_context())
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def stop(self, number=signal.SIGTERM, code=0):
        """Ends the server; returns what it wrote to standard output."""
        self.signal(number)
        return self.ended(code)

    def ended(self, code=0):
        """Waits for the end of a server that was told before."""
        assert self.wait() == code, self.lines
        return pathlib.Path(self.out).read_text(errors='replace')


@pytest.fixture
def folder(tmp_path):
    """A folder to serve, which everybody may read: a server started by root becomes nobody."""
    path = tmp_path / 'www'
    path.mkdir()
    path.chmod(0o755)
    return path


@pytest.fixture
def here(tmp_path_factory):
    """A folder for what is got, and of what is sent."""
    return tmp_path_factory.mktemp('here')


@pytest.fixture
def server(folder, tmp_path):
    """server(*options, where=[...]) starts one; each is stopped at the end and must end well."""
    started = []

    def start(*options, **rest):
        out = tmp_path / f'stdout-{len(started)}'
        started.append(Server(folder, out, *options, **rest))
        return started[-1]

    yield start
    try:
        for one in started:
            if one.process.poll() is None:
                one.stop()
    finally:
        for one in started:
            one.kill()
