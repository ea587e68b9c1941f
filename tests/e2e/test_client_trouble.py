# SPDX-License-Identifier: MIT
"""What comes between a client and its end: signals, full and read-only disks, servers that go, time
that is over, dead addresses. For get, put and mirror, over HTTP and FTP: the documented exit code,
a word on what is wrong, and what has come or gone so far is gone on with.

Elsewhere: kills (test_get.py, test_get_small.py, test_get_segments.py, test_put_ftp.py), targets in
the way (test_get.py, test_mirror.py), refusals (test_put.py, test_ftp_clients.py), what a server
does on a full disk of its own (test_trouble.py), proxies that are away (test_get_proxy.py).
"""

import contextlib
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from conftest import CORONET, PATIENCE, Process, Server, eventually, once, run

LARGE = 3 << 20
CONTENT = random.Random(11).randbytes(LARGE)
DISK = 1 << 20
SLOWLY = '--limit-rate', '1M', '--retries', 0
AT_ONCE = '--limit-rate', '8M', '--retries', 0  # with more bytes than sockets take
COMMANDS = 'get', 'put', 'mirror'
each = pytest.mark.parametrize('command', COMMANDS)
both = pytest.mark.parametrize('kind', ('http', 'ftp'))


class Transfer:
    """One file, by one command: where it comes from, where it goes."""

    def __init__(self, command, kind, one, folder, here, content=CONTENT):
        self.command, self.kind, self.here, self.content = command, kind, here, content
        self.target = {'get': here, 'put': folder, 'mirror': here / 'down'}[command]
        self.source = (here if command == 'put' else folder) / 'large'
        self.source.write_bytes(content)
        self.source.chmod(0o644)
        self.use(one)

    def use(self, server):
        self.server, self.url = server, server.url if self.kind == 'http' else server.ftp_url

    def words(self, *options):
        places = {'get': (f'{self.url}large',), 'put': (self.here / 'large', self.url),
                  'mirror': (self.url, self.here / 'down')}[self.command]
        return [CORONET, self.command, *options, *places]

    def tells_kept(self, process):
        """What lies here of a file, and how to go on."""
        way = {'get': '-c', 'mirror': 'the next run'}.get(self.command)
        return way is None or any(
            f'are kept, from which {way} goes on' in line for line in process.lines)

    def start(self, *options):
        """Runs it until some bytes are there."""
        process = Process(*self.words(*options), cwd=self.here, stdout=subprocess.DEVNULL)
        eventually(lambda: process.process.poll() is not None or self.partial() > 0)
        assert process.process.poll() is None, process.lines
        return process

    def partial(self):
        """Bytes of hidden files at the target."""
        return sum(path.stat().st_size for path in self.target.glob('.*') if path.is_file())

    def goes_on(self):
        """And ends as if nothing had been."""
        assert not (self.target / 'large').exists()
        before = self.partial()
        run(*self.words(*(() if self.command == 'mirror' else ('-c',))), cwd=self.here)
        assert before > 0 and (self.target / 'large').read_bytes() == self.content
        assert self.partial() == 0


@pytest.fixture
def transfer(server, folder, here):
    """transfer(command, kind): one, with a server."""
    def make(command, kind, **more):
        folder.chmod(0o777)
        one = server('-4', '--anonymous-write', ftp=['127.0.0.1:0'])
        return Transfer(command, kind, one, folder, here, **more)
    return make


# ---- signals ------------------------------------------------------------------------------------

@both
@each
@pytest.mark.parametrize('number', (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
def test_a_signal_is_told_by_the_code_and_the_next_run_goes_on(transfer, command, kind, number):
    one = transfer(command, kind)
    process = one.start(*SLOWLY)
    process.signal(number)
    assert process.wait() == 128 + number
    assert one.tells_kept(process)
    one.goes_on()


# ---- disks --------------------------------------------------------------------------------------

def in_a_disk(here, *steps):
    """Runs the steps in a mount namespace whose `here` is a small disk; (stdout, stderr)."""
    mine = [] if os.geteuid() == 0 else ['--user', '--map-root-user']
    lines = [f'mount -t tmpfs -o size={DISK} none {here}', f'cd {here}', 'echo begun', *steps]
    done = subprocess.run(['unshare', *mine, '--mount', 'sh', '-c', ' && '.join(lines)],
                          capture_output=True, text=True, timeout=PATIENCE)
    if 'begun' not in done.stdout:
        pytest.skip('no mount namespace here')
    return done.stdout, done.stderr


def as_words(words):
    return ' '.join(str(word) for word in words)


@both
@pytest.mark.parametrize('command, code', (('get', 3), ('mirror', 9)))
def test_a_full_disk_is_named_and_gone_on_with_when_there_is_room(
        transfer, command, code, kind):
    one = transfer(command, kind)
    again = ('-c',) if command == 'get' else ()
    out, said = in_a_disk(
        one.here, f'{{ {as_words(one.words("--retries", 0))}; echo code $?; }}',
        f'mount -o remount,size={2 * LARGE} none {one.here}', as_words(one.words(*again)),
        f'cmp {one.target}/large {one.source} && echo same')
    assert f'code {code}' in out and 'no space left on device' in said
    assert 'same' in out, said


@both
@pytest.mark.parametrize('command, code', (('get', 3), ('mirror', 3)))
def test_a_disk_that_is_for_reading_alone_is_named(transfer, command, code, kind):
    one = transfer(command, kind)
    out, said = in_a_disk(one.here, f'mount -o remount,ro none {one.here}',
                          f'{{ {as_words(one.words())}; echo code $?; }}')
    assert f'code {code}' in out and 'read-only file system' in said.lower()


@both
def test_a_server_without_room_says_no(server, folder, here, kind):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (DISK, DISK))
    folder.chmod(0o777)
    one = Transfer('put', kind, server('-4', '--anonymous-write', ftp=['127.0.0.1:0'],
                                       preexec_fn=limit), folder, here)
    said = run(*one.words('--retries', 0), cwd=here, code=8).stderr.decode()
    assert 'large' in said and {'http': '413', 'ftp': '552'}[kind] in said
    assert not (folder / 'large').exists()


# ---- servers and networks -----------------------------------------------------------------------

@both
@each
def test_what_takes_too_long_is_ended_and_gone_on_with(transfer, command, kind):
    one = transfer(command, kind)
    process = one.start(*SLOWLY, '--max-time', 2)
    assert process.wait() == 10
    assert one.tells_kept(process)
    one.goes_on()


@both
@each
def test_a_server_that_goes_is_told_and_gone_on_with_when_it_is_back(
        folder, tmp_path, server, here, command, kind):
    folder.chmod(0o777)
    words = '-4', '--anonymous-write'
    first = Server(folder, tmp_path / 'first', *words, ftp=['127.0.0.1:0'])
    one = Transfer(command, kind, first, folder, here, content=8 * CONTENT)
    process = one.start(*AT_ONCE)
    for pid in (first.pid, first.worker_pid):
        os.kill(pid, signal.SIGKILL)
    assert process.wait() in (4, 9), process.lines
    assert any('large' in line for line in process.lines)
    first.kill()
    one.use(server(*words, where=[f'localhost:{first.port}'],
                   ftp=[f'127.0.0.1:{first.ftp_port}']))
    one.goes_on()


@both
@each
def test_a_server_that_stalls_is_told_and_gone_on_with(transfer, command, kind):
    one = transfer(command, kind, content=8 * CONTENT)
    process = one.start(*AT_ONCE, '--timeout', 1)
    os.kill(one.server.worker_pid, signal.SIGSTOP)
    try:
        code = process.wait()
    finally:
        os.kill(one.server.worker_pid, signal.SIGCONT)
    assert code == (9 if command == 'mirror' else 4), process.lines
    assert one.tells_kept(process), process.lines
    why = 'has stalled', 'sends too slowly', 'takes too long', 'does not answer in time'
    assert any('large' in line and any(word in line for word in why)
               for line in process.lines), process.lines
    one.goes_on()


@once('the addresses are those of clear text')
@both
def test_one_dead_address_does_not_matter_and_dead_ones_are_named(transfer, kind):
    one = transfer('get', kind)
    port = one.server.port if kind == 'http' else one.server.ftp_port
    one.url = f'{kind}://two.test:{port}/'
    run(*one.words('--resolve', f'two.test:{port}:127.0.0.2,127.0.0.1'), cwd=one.here)
    (one.target / 'large').unlink()
    done = run(*one.words('--retries', 0, '--resolve', f'two.test:{port}:127.0.0.2,127.0.0.3'),
               cwd=one.here, code=4)
    assert (f'cannot connect to two.test:{port}: connection refused (is the server running?); '
            f'tried 127.0.0.2:{port}, 127.0.0.3:{port}\n') in done.stderr.decode()


@contextlib.contextmanager
def silence(port):
    """At 127.0.0.2, whose backlog is full: SYNs are dropped, as by a router that drops packets."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(socket.create_server(('127.0.0.2', port), backlog=0))
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(('127.0.0.2', port))
        yield


@once('the addresses are those of clear text')
@both
def test_one_silent_address_does_not_matter(transfer, kind):
    """The next one is tried long before the kernel gives up, or --connect-timeout (30 s)."""
    one = transfer('get', kind)
    port = one.server.port if kind == 'http' else one.server.ftp_port
    one.url = f'{kind}://two.test:{port}/'
    with silence(port):
        start = time.monotonic()
        run(*one.words('--resolve', f'two.test:{port}:127.0.0.2,127.0.0.1'), cwd=one.here)
        assert time.monotonic() - start < 10
        (one.target / 'large').unlink()
        done = run(*one.words('--retries', 0, '--connect-timeout', 1, '--resolve',
                              f'two.test:{port}:127.0.0.2'), cwd=one.here, code=4)
    assert b'no answer in time' in done.stderr


class Scripted:
    """A server of HTTP that sends a third of what it promises, then does as `ending` says."""

    def __init__(self, ending):
        self.ending, self.kept = ending, []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.url = 'http://127.0.0.1:%d/large' % self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            head = b''
            while not head.endswith(b'\r\n\r\n'):
                head += peer.recv(65536)
            offset = int(head.partition(b'bytes=')[2].partition(b'-')[0] or 0)
            rest = CONTENT[offset:]
            line = b'HTTP/1.1 200 OK\r\n' if offset == 0 else (
                b'HTTP/1.1 206 Partial\r\nContent-Range: bytes %d-%d/%d\r\n'
                % (offset, LARGE - 1, LARGE))
            with contextlib.suppress(OSError):  # who asks for a rest does not read the whole
                peer.sendall(line + b'ETag: "a"\r\nContent-Length: %d\r\n\r\n' % len(rest)
                             + (rest if self.ending is None else rest[:LARGE // 3]))
            self.kept.append(peer)
            if self.ending == 'close':
                peer.shutdown(socket.SHUT_WR)

    def reset(self):
        for peer in self.kept:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            peer.close()


@pytest.fixture
def scripted():
    made = []

    def make(ending):
        made.append(Scripted(ending))
        return made[-1]
    yield make
    for one in made:
        one.socket.shutdown(socket.SHUT_RDWR)
        one.socket.close()


def parts(here):
    return [path.stat().st_size for path in here.glob('.coronet-*.part')]


@once('the servers speak clear text')
@pytest.mark.parametrize('ending, code, word', (
    ('stall', 4, 'has stalled'), ('reset', 4, 'connection reset by peer'),
    ('close', 9, 'closed the connection before all data had arrived')))
def test_a_body_that_breaks_off_is_told_and_gone_on_with(scripted, here, ending, code, word):
    one = scripted(ending)
    words = CORONET, 'get', '--retries', 0, '-o', 'large'
    timeout = '1' if ending == 'stall' else PATIENCE
    process = Process(*words, '--timeout', timeout, one.url, cwd=here,
                      stdout=subprocess.DEVNULL)
    if ending == 'reset':
        eventually(lambda: parts(here) == [LARGE // 3])
        one.reset()
    assert process.wait() == code, process.lines
    kept = '1.0 MiB are kept, from which -c goes on'
    assert any(one.url in line and word in line and kept in line for line in process.lines), (
        process.lines)
    assert parts(here) == [LARGE // 3] and not (here / 'large').exists()
    one.ending = None
    run(*words, '-c', one.url, cwd=here)
    assert (here / 'large').read_bytes() == CONTENT and not parts(here)


@both
def test_a_mirror_of_nothing_names_its_url(here, kind):
    with socket.socket() as one:  # bound, and nobody listens
        one.bind(('127.0.0.1', 0))
        url = f'{kind}://127.0.0.1:{one.getsockname()[1]}/'
        done = run(CORONET, 'mirror', '--retries', 0, url, here / 'down', code=4)
    assert f'coronet: {url}: cannot connect to' in done.stderr.decode()


# ---- what is written to -------------------------------------------------------------------------

@both
def test_a_reader_that_goes_is_no_failure_of_the_network(transfer, kind):
    one = transfer('get', kind)
    process = Process(*one.words('-o', '-'), cwd=one.here, stdout=subprocess.PIPE)
    process.process.stdout.close()
    assert process.wait() == 3
    assert process.lines[-1].lower().endswith('cannot write standard output: broken pipe')


@both
def test_a_target_that_is_a_folder_is_named(transfer, kind):
    one = transfer('get', kind)
    (one.here / 'place').mkdir()
    done = run(*one.words('-o', 'place'), cwd=one.here, code=3)
    assert 'cannot write place: is a directory' in done.stderr.decode().lower()
