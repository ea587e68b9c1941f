# SPDX-License-Identifier: MIT
"""Passive transfers through one range of ports that all clients share."""

import ftplib
import io
import os
import random
import re
import socket
import threading

import pytest

import over_tls
from conftest import PATIENCE, coronet, eventually, once
from test_ftp import CONTENT, PASSWORD, USER, fetched, share  # noqa: F401

PORTS = 10


def free_ports():
    """The first of ten ports that nobody has, outside the range that the system draws from."""
    while True:
        low = random.randrange(20000, 30000)
        held = []
        try:
            for port in range(low, low + PORTS):
                held.append(socket.socket())
                held[-1].bind(('0.0.0.0', port))
            return low
        except OSError:
            continue
        finally:
            for one in held:
                one.close()


@pytest.fixture
def low():
    return free_ports()


@pytest.fixture
def ranged(server, share, low):  # noqa: F811
    return server('--write', '--user', f'{USER}:{PASSWORD}', '--workers', '2', '--passive-ports',
                  f'{low}-{low + PORTS - 1}', ftp=['*:0'])


def visit(server, own, *account):
    """A session of a client at that address."""
    ftp = ftplib.FTP()
    ftp.encoding = 'utf-8'
    ftp.connect('127.0.0.1', server.ftp_port, timeout=PATIENCE, source_address=(own, 0))
    ftp.login(*account)
    ftp.voidcmd('TYPE I')
    return ftp


def knock_at(where, own):
    return socket.create_connection(where, PATIENCE, source_address=(own, 0))


def is_cut(connection):
    try:
        return connection.recv(1) == b''
    except ConnectionResetError:
        return True


def is_turned_away(where, own):
    try:
        with knock_at(where, own) as connection:
            return is_cut(connection)
    except ConnectionResetError:
        return True


def take(ftp, data, path='hello.txt'):
    ftp.sendcmd(f'RETR {path}')
    with over_tls.data(data) as data, data.makefile('rb') as file:
        body = file.read()
    ftp.voidresp()
    return body


def descriptors(server):
    return len(os.listdir(f'/proc/{server.worker_pid}/fd'))


def test_ten_ports_serve_a_hundred_clients_at_once(ranged, low):
    clients = [visit(ranged, f'127.0.0.{host}') for host in range(10, 20) for _ in range(PORTS)]
    places = [ftp.makepasv() for ftp in clients]  # all are pending now: each port has ten
    assert {port for _, port in places} == set(range(low, low + PORTS))
    wrong = []

    def work(ftp, place):
        try:
            if take(ftp, knock_at(place, ftp.sock.getsockname()[0]), 'large.bin') != CONTENT:
                wrong.append(place)
        except (OSError, ftplib.Error) as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(clients, places)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    for ftp in clients:
        ftp.quit()


def test_an_exhausted_range_is_said_at_once_and_concerns_one_address(ranged):
    clients = [visit(ranged, '127.0.0.30') for _ in range(PORTS + 1)]
    assert len({ftp.makepasv()[1] for ftp in clients[:-1]}) == PORTS
    for command in ('PASV', 'EPSV'):
        with pytest.raises(ftplib.error_temp) as failure:
            clients[-1].sendcmd(command)
        assert str(failure.value).startswith('425')
    assert fetched(visit(ranged, '127.0.0.31'), 'hello.txt') == b'hello\nworld\n'
    clients[0].quit()
    assert fetched(clients[-1], 'hello.txt') == b'hello\nworld\n'
    clients[1].makepasv()  # a new port instead of the old one
    clients[2].voidcmd('ABOR')
    clients[-1].makepasv()


def test_strangers_are_turned_away_and_the_port_goes_on_listening(ranged):
    ftp = visit(ranged, '127.0.0.40')
    where = ftp.makepasv()
    for host in range(77, 127):
        assert is_turned_away(where, f'127.0.0.{host}')  # before anything is asked for
    data = knock_at(where, '127.0.0.40')
    assert take(ftp, data) == b'hello\nworld\n'
    assert is_turned_away(where, '127.0.0.40')  # one connection for one PASV


def test_a_connection_goes_to_whom_it_belongs(ranged, low):
    """Two addresses at the same port, knocking in the other order."""
    first, second = visit(ranged, '127.0.0.50'), visit(ranged, '127.0.0.51')
    at_first = first.makepasv()
    for _ in range(1000):
        if second.makepasv() == at_first:
            break
    late, early = knock_at(at_first, '127.0.0.51'), knock_at(at_first, '127.0.0.50')
    second.sendcmd('RETR large.bin')
    first.sendcmd('RETR hello.txt')
    with over_tls.data(early).makefile('rb') as file:
        assert file.read() == b'hello\nworld\n'
    with over_tls.data(late).makefile('rb') as file:
        assert file.read() == CONTENT


def test_uploads_and_ports_drawn_at_random(ranged):
    ftp = visit(ranged, '127.0.0.60', USER, PASSWORD)
    ftp.storbinary('STOR up', io.BytesIO(CONTENT))
    assert (ranged.folder / 'up').read_bytes() == CONTENT
    drawn = [ftp.makepasv()[1] for _ in range(40)]
    assert len(set(drawn)) > 3 and drawn != sorted(drawn)


def test_nothing_is_left_open(ranged):
    before = descriptors(ranged)
    for turn in range(3):
        clients = [visit(ranged, f'127.0.0.{70 + turn}') for _ in range(PORTS)]
        held = [knock_at(ftp.makepasv(), f'127.0.0.{70 + turn}')
                for ftp in clients]  # connected, but nothing asked for
        for number, ftp in enumerate(clients):
            if number % 2:
                ftp.sock.close()
                ftp.file.close()
            else:
                ftp.quit()
        for connection in held:
            assert is_cut(connection)
            connection.close()
        # The ports stay open, and the second thread may have had to begin.
        eventually(lambda: descriptors(ranged) <= before + PORTS + 4)


def test_the_server_stops_with_pending_ports(ranged):
    clients = [visit(ranged, f'127.0.0.{80 + number}') for number in range(4)]
    for ftp in clients:
        ftp.makepasv()
    clients[0].sendcmd('NOOP')
    ranged.stop()


def test_extended_passive_over_ipv6(ranged):
    ftp = ftplib.FTP()
    ftp.connect('::1', ranged.ftp_port, timeout=PATIENCE)
    ftp.login()
    assert fetched(ftp, 'large.bin') == CONTENT
    with pytest.raises(ftplib.error_temp):
        ftp.sendcmd('PASV')
    assert re.match(r'229 .*\(\|\|\|\d+\|\)', ftp.sendcmd('EPSV'))


# ---- without a range ----------------------------------------------------------------------------

CHOICE = 32  # ports that lie idle before one comes again


def fetch_from(ftp, own):
    """The port that the transfer took."""
    where = ftp.makepasv()
    assert take(ftp, knock_at(where, own)) == b'hello\nworld\n'
    return where


def test_ports_come_again_by_chance_until_somebody_knocks(server, share):  # noqa: F811
    one = server('--workers', '1', ftp=['127.0.0.1:0'])
    own = '127.0.0.1'
    ftp = visit(one, own)
    before = descriptors(one)
    places = [fetch_from(ftp, own) for _ in range(4 * CHOICE)]
    assert len(set(places[:CHOICE])) == CHOICE
    assert len(set(places)) < len(places)
    with knock_at(places[-1], own) as early:  # it lies idle; the knock is the client's own
        assert is_cut(early)
    assert fetch_from(ftp, own) not in places
    eventually(lambda: descriptors(one) <= before)  # then all are closed


@once('its data connections are in clear')
def test_each_address_of_the_server_has_its_own_ports(server, share):  # noqa: F811
    one = server('--workers', '1', ftp=['*:0'])
    sessions = []
    for host in ('127.0.0.1', '127.0.0.2', '::1'):
        ftp = ftplib.FTP()
        ftp.trust_server_pasv_ipv4_address = True
        ftp.connect(host, one.ftp_port, timeout=PATIENCE)
        ftp.login()
        ftp.voidcmd('TYPE I')
        sessions.append((ftp, host))
    for ftp, host in sessions * (CHOICE + 4):
        where = ftp.makepasv()
        assert where[0] == host
        with socket.create_connection(where, PATIENCE) as data:
            ftp.sendcmd('RETR hello.txt')
            assert data.makefile('rb').read() == b'hello\nworld\n'
        ftp.voidresp()
    one.stop()


# ---- the address that is told -------------------------------------------------------------------

def told(ftp):
    numbers = re.search(r'\((\d+,\d+,\d+,\d+),\d+,\d+\)', ftp.sendcmd('PASV')).group(1)
    return numbers.replace(',', '.')


def test_the_public_address_is_not_for_near_peers(server, share):  # noqa: F811
    one = server('--public-address', '203.0.113.7', ftp=['127.0.0.1:0'])
    assert told(visit(one, '127.0.0.1')) == '127.0.0.1'
    assert told(visit(one, '127.0.0.2')) == '127.0.0.1'


def test_the_public_address_depends_on_the_network_of_the_peer(server, share):  # noqa: F811
    one = server('--public-address', '203.0.113.7', '--public-address', '127.0.1.0/24=198.51.100.1',
                 '--public-address', '127.0.1.5=198.51.100.2', ftp=['127.0.0.1:0'])
    assert told(visit(one, '127.0.0.2')) == '127.0.0.1'
    assert told(visit(one, '127.0.1.2')) == '198.51.100.1'
    assert told(visit(one, '127.0.1.5')) == '198.51.100.2'
    ftp = visit(one, '127.0.1.5')
    assert fetched(ftp, 'hello.txt') == b'hello\nworld\n'  # clients know better than to believe it


@pytest.mark.parametrize(
    'rule', ['::1', 'host', '10.0.0.0/33=1.2.3.4', '10.0.0.0/8=', '1.2.3.4=::1'])
def test_a_public_address_that_is_none_is_refused(folder, rule):
    _, said = coronet('serve', '--public-address', rule, folder, code=2)
    assert '--public-address' in said


# ---- who a visitor is to the others -------------------------------------------------------------

def test_active_transfers_come_from_where_the_client_came_to(server, share):  # noqa: F811
    one = server(ftp=['*:0'])
    ftp = ftplib.FTP()
    ftp.connect('127.0.0.5', one.ftp_port, timeout=PATIENCE, source_address=('127.0.0.6', 0))
    ftp.login()
    ftp.voidcmd('TYPE I')
    with socket.create_server(('127.0.0.6', 0)) as listener:
        listener.settimeout(PATIENCE)
        ftp.sendport('127.0.0.6', listener.getsockname()[1])
        ftp.sendcmd('RETR hello.txt')
        data, peer = listener.accept()
        assert peer[0] == '127.0.0.5'
        with over_tls.data(data) as data, data.makefile('rb') as file:
            assert file.read() == b'hello\nworld\n'


def test_anonymous_visitors_do_not_share_partial_uploads(server, share):  # noqa: F811
    one = server('--anonymous-write', ftp=['127.0.0.1:0'])
    ftp = visit(one, '127.0.0.90')
    data = ftp.transfercmd('STOR cut.bin')
    data.sendall(CONTENT[:500_000])
    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
    data.close()
    with pytest.raises(ftplib.Error):
        ftp.voidresp()
    assert 0 < visit(one, '127.0.0.90').size('cut.bin') <= 500_000
    with pytest.raises(ftplib.error_perm):
        visit(one, '127.0.0.91').size('cut.bin')
