# SPDX-License-Identifier: MIT
"""The tutorial programs, with python3's socket module on the other side."""

import contextlib
import ftplib
import io
import os
import signal
import socket
import ssl
import subprocess
import threading
import urllib.request

import pytest

from conftest import BUILD, PATIENCE, ROOT, eventually, make_certificate, run

NAMES = sorted(path.stem for path in (ROOT / 'examples').glob('*.c'))


def program(name):
    return BUILD / 'examples' / f'example_{name}'


@contextlib.contextmanager
def running(name, *words, **options):
    """An example that serves until it is told to stop, and then ends with 0."""
    process = subprocess.Popen(
        [program(name), *words], stdout=subprocess.PIPE, text=True, **options)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def serving(name, *words):
    """The same on a listening socket that it inherits; yields the socket's address too."""
    with socket.create_server(('127.0.0.1', 0)) as listening:
        descriptor = listening.fileno()
        with running(name, f'fd:{descriptor}', *words, pass_fds=[descriptor]) as process:
            yield process, listening.getsockname()


def connect(address):
    return socket.create_connection(address, timeout=PATIENCE)


@pytest.mark.parametrize('name', NAMES)
def test_every_example_is_built(name):
    assert program(name).exists()


def test_tcp_server_greets_python():
    with serving('tcp_server') as (process, address):
        for text in ('Hello from Python', 'again'):
            with connect(address) as client:
                client.sendall(text.encode())
                assert client.recv(1024) == b'Hello, World!' and client.recv(1) == b''
            assert process.stdout.readline() == f'Received: {text}\n'


def test_tcp_client_is_greeted_by_python():
    heard = []

    def greet():
        peer, _ = listening.accept()
        with peer:
            heard.append(peer.recv(1024))
            peer.sendall(b'Hello, World!')
    with socket.create_server(('127.0.0.1', 0)) as listening:
        listening.settimeout(PATIENCE)
        server = threading.Thread(target=greet)
        server.start()
        done = run(program('tcp_client'), f'localhost:{listening.getsockname()[1]}')
        server.join()
    assert heard == [b'Hello from Coronet'] and done.stdout == b'Received: Hello, World!\n'


def test_tcp_client_says_why_it_cannot_connect():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))  # bound, but nobody listens
        port = free.getsockname()[1]
        error = run(program('tcp_client'), f'127.0.0.1:{port}', code=1).stderr.decode()
    assert f':{port}: connection refused (is the server running?)' in error


def free_udp_port():
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def test_udp_server_answers_python_in_capitals():
    port = free_udp_port()
    with running('udp_server', f'127.0.0.1:{port}'), socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.settimeout(0.1)
        udp.connect(('127.0.0.1', port))

        def answered():
            try:
                udp.send(b'hello')
                return udp.recv(100) == b'HELLO'
            except OSError:  # not bound yet
                return False
        eventually(answered)


def test_udp_client_prints_what_python_answers():
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.settimeout(PATIENCE)
        udp.bind(('127.0.0.1', 0))
        client = subprocess.Popen(
            [program('udp_client'), f'127.0.0.1:{udp.getsockname()[1]}', 'how are you'],
            stdout=subprocess.PIPE)
        text, peer = udp.recvfrom(100)
        udp.sendto(text[::-1], peer)
        assert client.communicate(timeout=PATIENCE)[0] == b'uoy era woh\n'
        assert client.returncode == 0


def test_udp_client_gives_up_after_its_second():
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(('127.0.0.1', 0))
        error = run(program('udp_client'), f'127.0.0.1:{udp.getsockname()[1]}', code=1).stderr
    assert b'deadline' in error


def test_deadline_ends_the_slow_task():
    lines = run(program('deadline')).stdout.decode().splitlines()
    assert lines == ['fast: 1', 'fast: 2', 'fast: 3', 'slow: 1', 'slow: CO_EDEADLINE',
                     'both: CO_EDEADLINE'] or lines == [
                         'fast: 1', 'fast: 2', 'slow: 1', 'fast: 3', 'slow: CO_EDEADLINE',
                         'both: CO_EDEADLINE']


def test_ftp_server_takes_files_from_pythons_ftplib(tmp_path):
    tmp_path.chmod(0o777)
    with serving('ftp_server', tmp_path) as (_, address):
        with ftplib.FTP(timeout=PATIENCE) as ftp:
            ftp.connect(*address)
            ftp.login('ann', 'secret')
            ftp.storbinary('STOR note', io.BytesIO(b'from Python'))
            assert ftp.nlst() == ['note']
        assert (tmp_path / 'note').read_bytes() == b'from Python'
        with ftplib.FTP(timeout=PATIENCE) as ftp, pytest.raises(ftplib.error_perm):
            ftp.connect(*address)
            ftp.login('ann', 'guess')


def test_ftp_client_sees_what_pythons_ftplib_sees(tmp_path):
    tmp_path.chmod(0o777)
    with serving('ftp_server', tmp_path) as (_, address):
        host, port = address
        with ftplib.FTP(timeout=PATIENCE) as ftp:
            ftp.connect(host, port)
            ftp.login('ann', 'secret')
            ftp.storbinary('STOR note', io.BytesIO(b'from Python\n'))
            ftp.mkd('folder')
            names = [name for name, facts in ftp.mlsd() if facts['type'] in ('file', 'dir')]
            got = []
            ftp.retrbinary('RETR note', got.append)
        done = run(program('ftp_client'), host, port, 'ann', 'secret', 'note')
        assert done.stdout.decode() == ''.join(f'{name}\n' for name in names) + 'from Python\n'
        assert b''.join(got) == b'from Python\n'
        error = run(program('ftp_client'), host, port, 'ann', 'guess', code=1).stderr.decode()
        assert f'cannot log in at {host}:{port}: 530 ' in error
        done = run(program('ftp_client'), host, port, 'ann', 'secret', 'no', code=1)
        error = done.stderr.decode()
        assert f'cannot download no at {host}:{port}: 550 ' in error


def test_ftps_server_lets_nobody_in_without_tls(tmp_path):
    cert, key = make_certificate(tmp_path, 'localhost')
    (tmp_path / 'note').write_text('from the folder')
    with serving('ftps_server', cert, key, tmp_path) as (_, address):
        url = 'ftp://%s:%d/note' % address
        done = run('curl', '-sS', '--ssl-reqd', '--cacert', cert, url)
        assert done.stdout == b'from the folder'
        run('curl', '-sS', url, code=67)


def test_chat_passes_lines_on():
    with serving('chat') as (_, address), connect(address) as ann, connect(address) as bob:
        bob.sendall(b'I am bob\n')
        # Ann may not have been seated when Bob first spoke.
        ann.settimeout(0.2)

        def heard():
            try:
                return b'bob' in ann.recv(100)
            except TimeoutError:
                bob.sendall(b'I am bob\n')
                return False
        eventually(heard)
        ann.settimeout(PATIENCE)
        ann.sendall(b'hello bob\n')
        bob.settimeout(PATIENCE)
        assert bob.recv(100) == b'hello bob\n'
        ann.shutdown(socket.SHUT_RDWR)
        bob.shutdown(socket.SHUT_RDWR)


def test_http_server_has_a_route_and_a_folder(tmp_path):
    (tmp_path / 'a.txt').write_text('from the folder')
    with serving('http_server', tmp_path) as (_, address):
        url = 'http://%s:%d' % address
        assert run('curl', '-sS', f'{url}/hello').stdout == b'Hello, World!\n'
        assert run('curl', '-sS', f'{url}/hello?name=you%20all').stdout == b'Hello, you all!\n'
        assert run('curl', '-sS', f'{url}/a.txt').stdout == b'from the folder'


def test_http_client_sees_what_urllib_sees(server, folder):
    (folder / 'a.txt').write_text('from Python\n')
    one = server('-4')
    with urllib.request.urlopen(f'{one.url}a.txt', timeout=PATIENCE) as reply:
        expected = f'{reply.status}\n{reply.headers["Content-Type"]}\n\n{reply.read().decode()}'
    assert run(program('http_client'), f'{one.url}a.txt').stdout.decode() == expected


def test_https_server_says_hello_to_who_trusts_it(tmp_path):
    cert, key = make_certificate(tmp_path, 'localhost')
    with serving('https_server', cert, key) as (_, address):
        url = 'https://%s:%d/hello' % address
        with urllib.request.urlopen(
                url, context=ssl.create_default_context(cafile=cert), timeout=PATIENCE) as reply:
            assert reply.read() == b'Hello, secret World!\n'
        other, _ = make_certificate(tmp_path, 'other.test')
        run('curl', '-sS', '--cacert', other, url, code=60)


def test_commands_are_printed_as_each_ends(tmp_path):
    os.mkfifo(tmp_path / 'fifo')
    commands = ['read line <fifo; echo $line', 'echo out; echo err >&2; exit 3']
    process = subprocess.Popen(
        [program('run_commands'), *commands], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    with process:
        lines = [process.stdout.readline() for _ in range(3)]
        assert lines == [f'{commands[1]}: 3\n', 'out\n', 'err\n']
        (tmp_path / 'fifo').write_text('go\n')
        assert process.stdout.read() == f'{commands[0]}: 0\ngo\n'
        assert process.wait(timeout=PATIENCE) == 0


def test_port_scan_finds_what_is_open():
    with socket.create_server(('127.0.0.1', 0)) as listening:
        port = listening.getsockname()[1]
        found = run(program('port_scan'), max(port - 20, 1), min(port + 20, 65535)).stdout.decode()
    assert f'{port} is open' in found.splitlines()
