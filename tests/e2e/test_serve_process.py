# SPDX-License-Identifier: MIT
"""`coronet serve` as a process: where it listens, signals, the log, privileges."""

import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

import pytest

import over_tls
from conftest import (CORONET, PATIENCE, as_root, coronet, eventually, make_certificate, once,
                      run)
from over_tls import HTTP

DATE = r'\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]'


def get(one, target='/', *fields):
    """One request on a connection of its own; the whole reply."""
    with one.connect() as connection:
        lines = [f'GET {target} HTTP/1.1', 'Host: x', 'Connection: close', *fields, '', '']
        connection.sendall('\r\n'.join(lines).encode('latin-1'))
        reply = b''
        while piece := connection.recv(65536):
            reply += piece
        return reply


def has_ipv6():
    try:
        with socket.create_server(('::1', 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


# ---- where -------------------------------------------------------------------------------------


def test_localhost_is_both_loopbacks_on_one_port(server):
    urls = server().urls
    assert re.fullmatch(HTTP + r'://127\.0\.0\.1:\d+/', urls[0])
    if has_ipv6():
        assert urls[1:] == [urls[0].replace('127.0.0.1', '[::1]')]


@pytest.mark.parametrize('family, pattern', [('-4', r'127\.0\.0\.1'), ('-6', r'\[::1\]')])
def test_one_family_only(server, family, pattern):
    if family == '-6' and not has_ipv6():
        pytest.skip('no IPv6 here')
    urls = server(family).urls
    assert len(urls) == 1 and re.fullmatch(rf'{HTTP}://{pattern}:\d+/', urls[0])


def test_several_addresses_are_all_served(server, folder):
    (folder / 'a').write_text('hello')
    one = server('-4', where=('localhost:0', '127.0.0.1:0', '127.0.0.2:0'))
    assert len(one.urls) == 3
    for url in one.urls:
        assert run('curl', '-sS', url + 'a').stdout == b'hello'


def test_every_worker_serves(server, folder):
    (folder / 'a').write_text('hello')
    one = server('-4', '--workers', '4')
    for _ in range(64):  # the kernel spreads them over the four sockets
        assert get(one, '/a').endswith(b'hello')
    assert one.stop().count('"GET /a HTTP/1.1" 200 5') == 64


def test_a_unix_socket(server, folder, tmp_path):
    (folder / 'a').write_text('hello')
    path = tmp_path / 'socket'
    one = server('--workers', '2', where=(f'unix:{path}',))
    assert one.urls == [f'unix:{path}'] and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run('curl', '-sS', '--unix-socket', path, 'http://x/a').stdout == b'hello'
    assert one.stop().startswith('- - - [')


def test_an_inherited_socket(server, folder):
    (folder / 'a').write_text('hello')
    with socket.create_server(('127.0.0.1', 0)) as listening:
        where = f'fd:{listening.fileno()}'
        one = server('--workers', '2', where=(where,), pass_fds=[listening.fileno()])
        assert one.port == listening.getsockname()[1]
        assert get(one, '/a').endswith(b'hello')


def test_the_service_manager_is_told(server, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE)
        manager.bind(str(tmp_path / 'notify'))
        one = server(env=dict(os.environ, NOTIFY_SOCKET=str(tmp_path / 'notify')))
        assert manager.recv(100) == b'READY=1'
        one.stop()
        assert manager.recv(100) == b'STOPPING=1'


def test_a_missing_service_manager_is_no_reason_not_to_serve(server, tmp_path):
    server(env=dict(os.environ, NOTIFY_SOCKET=str(tmp_path / 'nobody')))


def test_quiet_says_nothing(folder, tmp_path):
    """Events still tell a program when it listens."""
    process = subprocess.Popen([CORONET, 'serve', '-q', '--json', '--http', 'localhost:0', folder],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    events = [json.loads(line)['event'] for line in iter(process.stdout.readline, '')
              if '"ready"' not in line or process.terminate() is None]
    assert process.wait(timeout=PATIENCE) == 0 and process.stderr.read() == ''
    assert set(events[:-3]) == {'listening'} and events[-3:] == ['ready', 'stopping', 'stopped']
    process.stdout.close()
    process.stderr.close()


def seen_on_a_terminal(folder, *options):
    ours, theirs = os.openpty()
    process = subprocess.Popen([CORONET, 'serve', *options, '--log', 'none', folder],
                               stdout=theirs, stderr=theirs)
    os.close(theirs)
    with open(ours, 'rb', buffering=0) as terminal:
        text = b''
        while b'Ctrl-C stops' not in text:
            text += terminal.read(1000)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0
    return text


def test_people_at_a_terminal_are_told_more(folder):
    text = seen_on_a_terminal(folder, '-4', '--http', '*:0')
    assert re.search(rb'listening http://0\.0\.0\.0:\d+/\r\n', text)
    assert b'serving ' + os.fsencode(folder) in text


def test_people_at_a_terminal_are_told_which_addresses_others_see(folder):
    """Those of the interfaces, for which nobody may ask in the sandbox; here there may be none."""
    def others(*options):
        text = seen_on_a_terminal(folder, '--http', '*:0', *options)
        port = re.search(rb'listening http://\S+:(\d+)/\r\n', text)[1]
        return re.findall(rb'  others see http://(\S+):' + port + rb'/\r\n', text)

    assert others() == others('--no-sandbox')


def test_secrets_in_the_served_folder_are_pointed_out(server, folder, tmp_path):
    (folder / '.hidden').mkdir()
    for place, is_seen in ((folder, True), (folder / '.hidden', False), (tmp_path, False)):
        (place / 'users').write_text('')
        _, key = pair = make_certificate(place, 'one')
        one = server('--users', place / 'users', '--cert', pair[0], '--key', key,
                     where=(), https=['localhost:0'])
        said = [line for line in one.lines if 'lies in the folder that is served' in line]
        assert [line.split()[0] for line in said] == ([str(place / 'users'), str(key)] if is_seen
                                                      else [])


@pytest.mark.parametrize('backend', ['epoll', 'io_uring'])
def test_the_backend_can_be_chosen(server, folder, backend):
    probe = subprocess.run([CORONET, 'serve', '--backend', backend, '--http', 'unix:/', folder],
                           stderr=subprocess.PIPE, timeout=PATIENCE, text=True)
    if 'not to be had' in probe.stderr:
        assert backend == 'io_uring' and probe.returncode == 1
        pytest.skip(probe.stderr)
    (folder / 'a').write_text('hello')
    one = server('--backend', backend)
    assert get(one, '/a').endswith(b'hello')
    one.signal(signal.SIGUSR1)
    one.expect(f'on {backend}')


def test_without_io_uring_epoll_serves_and_that_is_said(server, folder):
    (folder / 'a').write_text('hello')
    one = server(env=dict(os.environ, CORONET_MASK='io_uring', CORONET_BACKEND=''))
    assert ('coronet: io_uring is not available (function not implemented), using epoll'
            in one.lines)
    assert get(one, '/a').endswith(b'hello')
    one.signal(signal.SIGUSR1)
    one.expect('on epoll')


@pytest.mark.parametrize('command', [
    ['serve', '--http', 'localhost:0'], ['get', 'http://localhost:1/']])
def test_a_backend_that_is_asked_for_is_replaced_by_no_other(command, folder):
    done = subprocess.run(
        [CORONET, *command, *([folder] if command[0] == 'serve' else [])], capture_output=True,
        text=True, env=dict(os.environ, CORONET_MASK='io_uring', CORONET_BACKEND='io_uring'),
        timeout=20)
    assert done.returncode == 1
    assert done.stderr == (
        'coronet: the backend asked for by CORONET_BACKEND is not to be had here\n')


# ---- stopping ----------------------------------------------------------------------------------


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(server, number):
    server().stop(number)


def slow_download(one):
    """A download that has begun and does not go on."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection.settimeout(PATIENCE)
    connection.connect((one.host, one.port))
    connection = over_tls.secured(connection, one.host)
    connection.sendall(b'GET /big HTTP/1.1\r\nHost: x\r\n\r\n')
    assert connection.recv(1000).startswith(b'HTTP/1.1 200')
    return connection


def idle_connection(one):
    """A connection that the server knows, between two requests."""
    connection = one.connect()
    connection.sendall(b'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n')
    assert connection.recv(4096).endswith(b'\r\n\r\n')
    return connection


def refuses(one):
    try:
        one.connect().close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False
    return False


@pytest.fixture
def big(folder):
    size = 32 << 20
    with open(folder / 'big', 'wb') as file:
        file.truncate(size)
    return size


def test_a_drain_lets_downloads_finish(server, big):
    one = server('-4', '--workers', '2')
    with slow_download(one) as connection, idle_connection(one) as idle:
        one.signal(signal.SIGTERM)
        assert idle.recv(1) == b''  # idle connections end at once
        count = 0
        while piece := connection.recv(1 << 20):
            count += len(piece)
        assert count >= big - 1000
    assert ' 200 %d ' % big in one.ended()
    assert refuses(one)


def test_while_it_drains_new_clients_are_refused_and_a_successor_may_listen(server, big, tmp_path):
    path = f'unix:{tmp_path}/socket'
    one = server('-4', '--workers', '2', where=('localhost:0', path))
    with slow_download(one), idle_connection(one) as idle:
        one.signal(signal.SIGTERM)
        assert idle.recv(1) == b''
        eventually(lambda: refuses(one))
        assert not (tmp_path / 'socket').exists()
        successor = server('-4', where=(f'localhost:{one.port}', path))
        idle_connection(successor).close()
    one.ended()
    assert (tmp_path / 'socket').exists()


def test_a_second_signal_ends_it_at_once(server, big):
    one = server('-4', '--workers', '2')
    with slow_download(one), idle_connection(one) as idle:
        one.signal(signal.SIGTERM)
        assert idle.recv(1) == b''
        one.stop(signal.SIGINT, code=130)


def test_the_fiber_tree_is_printed_on_request(server):
    one = server('--workers', '3')

    def all_are_told():  # the other threads may still be about to start
        one.signal(signal.SIGUSR1)
        one.expect('#1 main: waits for children')
        return all(any(f'; shard {i}, ' in line for line in one.lines) for i in range(3))
    eventually(all_are_told)


def processor_seconds(pid):
    with open(f'/proc/{pid}/stat') as file:
        ticks = file.read().rpartition(')')[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf('SC_CLK_TCK')


@once('the handshakes wait already')
def test_it_waits_for_descriptors_without_spinning(server, folder):
    """Attack M13."""
    (folder / 'a').write_text('hello')
    one = server('-4', '--workers', '1', preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (40, 40)))
    crowd = [one.connect() for _ in range(60)]
    for connection in crowd:
        connection.sendall(b'G')
    before = processor_seconds(one.worker_pid)
    late = one.connect()
    late.sendall(b'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    late.settimeout(0.5)
    with pytest.raises(TimeoutError):
        late.recv(1000)
    assert processor_seconds(one.worker_pid) - before < 0.25
    for connection in crowd:
        connection.close()
    late.settimeout(PATIENCE)
    assert late.recv(1000).startswith(b'HTTP/1.1 200')
    late.close()


GRACE = 15  # seconds of waiting for a peer before its rate counts


def is_cut_off(connection, seconds):
    """Whether the server ends the connection within that time, read or unread."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(1000 * seconds))


def test_who_sends_or_reads_too_slowly_is_cut_off(server, big):
    """Attacks H17 and H18: with half a head, with a part of a body, with a body unread."""
    one = server('-4', '--min-rate', '1M', '--header-timeout', '1')
    with slow_download(one) as reader, one.connect() as poster, one.connect() as hesitant:
        hesitant.sendall(b'GET / HTTP/1.1\r\n')
        poster.sendall(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\nx')
        assert is_cut_off(hesitant, GRACE - 5)
        assert hesitant.recv(100).startswith(b'HTTP/1.1 408')
        assert is_cut_off(poster, GRACE + 5)
        assert is_cut_off(reader, GRACE + 5)
    sent = int(re.search(r'"GET /big HTTP/1.1" 200 (\d+)', one.stop())[1])
    assert sent < big


def open_descriptors(pid):
    """The flags of each, standard input, output and error left out."""
    for name in os.listdir(f'/proc/{pid}/fdinfo'):
        with open(f'/proc/{pid}/fdinfo/{name}') as file:
            if int(name) > 2:
                yield int(re.search(r'^flags:\s*(\d+)', file.read(), re.MULTILINE)[1], 8)


def test_all_descriptors_are_closed_on_exec(server, big, tmp_path):
    """Attack M16: also those that were inherited, and those of connections and files at work."""
    seen = () if os.geteuid() == 0 else ('--no-sandbox',)  # which hides them from their own user
    with socket.create_server(('127.0.0.1', 0)) as listening:
        number = listening.fileno()
        one = server(*seen, '-4', '--workers', '2', '--log', tmp_path / 'log', pass_fds=[number],
                     where=('localhost:0', f'unix:{tmp_path}/socket', f'fd:{number}'))
        with slow_download(one), idle_connection(one):
            flags = list(open_descriptors(one.worker_pid))
    assert len(flags) >= 10 and all(flag & os.O_CLOEXEC for flag in flags)


def signals(mask):
    return {number for number in range(1, 32) if int(mask, 16) >> (number - 1) & 1}


def test_no_handler_runs_at_any_odd_moment(server):
    """Attack M17: what can come at any time is blocked in all threads and read from a descriptor;
    only faults have handlers."""
    one = server('--workers', '2')
    get(one)
    faults = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT}
    for caught in status_fields(one.worker_pid, 'SigCgt'):
        assert signals(caught) <= faults
    heard = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1}
    for blocked in status_fields(one.worker_pid, 'SigBlk'):
        assert signals(blocked) >= heard


# ---- the log -----------------------------------------------------------------------------------


def test_combined_lines(server, folder):
    (folder / 'a b').write_text('hello')
    one = server('-4')
    get(one, '/a%20b?q', 'User-Agent: me "1\\2" \xff', 'Referer: http://r/',
        'Authorization: Basic c2VjcmV0', 'Cookie: c2VjcmV0')
    get(one, '/missing')
    with one.connect() as connection:
        connection.sendall(b'\x16\x03\x01 no request\r\n\r\n')
        while connection.recv(1000):
            pass
    lines = one.stop().splitlines()
    assert re.fullmatch(rf'127\.0\.0\.1 - - {DATE} "GET /a%20b\?q HTTP/1\.1" 200 5 "http://r/" '
                        r'"me \\x221\\x5C2\\x22 \\xFF"', lines[0])
    assert re.fullmatch(rf'127\.0\.0\.1 - - {DATE} "GET /missing HTTP/1\.1" 404 \d+ "-" "-"',
                        lines[1])
    assert re.fullmatch(rf'127\.0\.0\.1 - - {DATE} ".*" 400 \d+ "-" "-"', lines[2])
    assert len(lines) == 3 and all(line.isprintable() for line in lines)
    assert 'c2VjcmV0' not in ''.join(lines)


def test_json_lines(server, folder, tmp_path):
    (folder / 'a').write_text('hello')
    log = tmp_path / 'log'
    one = server('-4', '--log', log, '--log-format', 'json')
    get(one, '/a?"x', 'User-Agent: "\\ \xc3\xa9')
    assert one.stop() == ''
    line, = log.read_text().splitlines()
    event = json.loads(line)
    assert event.pop('duration_us') >= 0
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', event.pop('time'))
    assert re.fullmatch(r'127\.0\.0\.1:\d+', event.pop('peer'))
    assert event == {
        'event': 'request', 'method': 'GET', 'target': '/a?"x', 'scheme': HTTP, 'host': 'x',
        'version': 'HTTP/1.1', 'status': 200, 'body_bytes': 5, 'referer': '', 'user_agent': '"\\ é'}


def test_events_and_requests_share_stdout_under_json(server):
    one = server('--json')
    get(one)
    events = [json.loads(line)['event'] for line in one.stop().splitlines()]
    assert events[-4:] == ['ready', 'request', 'stopping', 'stopped']


def test_no_log(server):
    one = server('--log', 'none')
    get(one)
    assert one.stop() == ''


def test_sighup_reopens_the_log(server, tmp_path):
    logs = tmp_path / 'logs'
    logs.mkdir()
    logs.chmod(0o777)  # whoever the server has become must be able to make a new file
    tmp_path.chmod(0o755)
    log = logs / 'access.log'
    one = server('--log', log)
    get(one, '/before')
    log.rename(logs / 'old')
    one.signal(signal.SIGHUP)
    eventually(log.exists)
    get(one, '/after')
    one.stop()
    assert [re.search('GET /(\\w+)', path.read_text())[1] for path in (logs / 'old', log)] == [
        'before', 'after']


@as_root
def test_a_log_that_cannot_be_reopened_stays_in_use(server, tmp_path):
    logs = tmp_path / 'logs'
    logs.mkdir(0o755)
    log = logs / 'access.log'
    one = server('--log', log)
    log.rename(logs / 'old')
    one.signal(signal.SIGHUP)
    one.expect('cannot reopen the log')
    get(one, '/after')
    one.stop()
    assert 'GET /after' in (logs / 'old').read_text() and not log.exists()


def test_a_log_is_appended_to(server, tmp_path):
    log = tmp_path / 'log'
    log.write_text('first\n')
    one = server('--log', log)
    get(one)
    one.stop()
    assert log.read_text().startswith('first\n') and log.read_text().count('\n') == 2


@pytest.mark.parametrize('kind', ['symbolic link', 'another name'])
def test_a_log_that_is_a_link_is_refused(folder, tmp_path, kind):
    """Attack M12: whoever may write to the log's folder would have us write anywhere."""
    target, log = tmp_path / 'target', tmp_path / 'log'
    target.write_text('precious\n')
    (log.symlink_to if kind == 'symbolic link' else log.hardlink_to)(target)
    assert kind in coronet('serve', '--http', 'localhost:0', '--log', log, folder, code=3)[1]
    assert target.read_text() == 'precious\n'


def many_requests(one, count=80):
    """Each makes a long line of log."""
    for _ in range(count):
        assert get(one, '/', 'User-Agent: ' + '\xff' * 7000).startswith(b'HTTP/1.1 200')


def test_a_stuck_log_reader_holds_nobody_up(server, tmp_path):
    """Attack M11."""
    log = tmp_path / 'fifo'
    os.mkfifo(log)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    one = server('--log', log)
    many_requests(one)
    one.expect('its reader is stuck')
    one.stop()
    assert any(re.search(r'log .*fifo: \d+ lines were dropped', line) for line in one.lines)
    os.close(reader)


def test_a_full_disk_holds_nobody_up(server):
    """Attack M11."""
    one = server('--log', '/dev/full')
    many_requests(one)
    one.expect('No space left|no space left')
    one.stop()
    assert any(re.search(r'log /dev/full: \d+ lines were dropped', line) for line in one.lines)


def test_stdout_that_nobody_reads_holds_nobody_up(folder, tmp_path):
    """Attack M11, where the log's descriptor cannot be made non-blocking: it is others' too."""
    read, write = os.pipe()
    process = subprocess.Popen([CORONET, 'serve', '--http', f'unix:{tmp_path}/s', folder],
                               stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    while process.stderr.readline() != 'ready\n':
        pass
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(f'{tmp_path}/s')
            connection.sendall(b'GET / HTTP/1.0\r\nUser-Agent: ' + b'\xff' * 7000 + b'\r\n\r\n')
            assert connection.recv(100).startswith(b'HTTP/1.1 200')
    process.terminate()
    assert process.wait(timeout=PATIENCE) == 0
    assert 'its reader is stuck' in process.stderr.read()
    process.stderr.close()
    os.close(read)


# ---- privileges --------------------------------------------------------------------------------


def status_fields(pid, name):
    """One line of /proc/PID/status for each thread."""
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/status') as file:
            yield re.search(rf'^{name}:(.*)$', file.read(), re.MULTILINE)[1].strip()


@as_root
@pytest.mark.parametrize('options, ids', [((), 65534), (('--run-as', 'daemon'), 1)])
def test_root_becomes_somebody_else_for_good(server, options, ids):
    """Attack M06: every id, every group, every thread."""
    one = server(*options, '--workers', '2', extra_groups=[0, 4])
    get(one)
    assert set(status_fields(one.worker_pid, 'Uid')) == {'\t'.join([str(ids)] * 4)}
    assert set(status_fields(one.worker_pid, 'Gid')) == {'\t'.join([str(ids)] * 4)}
    assert set(status_fields(one.worker_pid, 'Groups')) == {''}
    for kind in ('CapEff', 'CapPrm', 'CapInh'):
        assert {int(value, 16) for value in status_fields(one.worker_pid, kind)} == {0}
    assert set(status_fields(one.worker_pid, 'NoNewPrivs')) == {'1'}


@as_root
def test_a_folder_closed_to_that_user_is_said_at_the_start(folder):
    folder.chmod(0o700)
    _, err = coronet('serve', '--http', 'localhost:0', folder, code=3)
    assert 'the user nobody may not read' in err and '--run-as' in err and 'ready' not in err


@as_root
def test_a_folder_below_closed_ones_is_served(server, folder, tmp_path):
    """The directory is opened before the privileges go; its path need not be open to nobody."""
    (folder / 'a').write_text('hello')
    tmp_path.chmod(0o700)
    assert get(server(), '/a').endswith(b'hello')


@as_root
def test_the_log_is_given_to_that_user(server, tmp_path):
    log = tmp_path / 'log'
    server('--log', log)
    assert log.stat().st_uid == 65534 and stat.S_IMODE(log.stat().st_mode) == 0o640


@as_root
def test_a_unix_socket_is_given_to_that_user(server, folder, tmp_path):
    """It stands for others only by that user's name: a proxy in front that runs as the same."""
    (folder / 'a').write_text('hello')
    path = tmp_path / 'socket'
    server('--run-as', 'daemon', where=(f'unix:{path}',))
    assert path.stat().st_uid == 1 and stat.S_IMODE(path.stat().st_mode) == 0o600


@as_root
def test_only_root_can_become_somebody_else():
    with tempfile.TemporaryDirectory() as place:  # the checkout may be closed to others: /root
        os.chmod(place, 0o755)
        command = shutil.copy(CORONET, place)
        done = subprocess.run([command, 'serve', '--run-as', 'root', '/'], user=65534, group=65534,
                              stderr=subprocess.PIPE, timeout=PATIENCE, text=True)
    assert done.returncode == 2 and 'only root' in done.stderr
