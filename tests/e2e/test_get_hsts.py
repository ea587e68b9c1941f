# SPDX-License-Identifier: MIT
"""HSTS of `coronet get`: who said so is asked by https alone; the file is curl's, too."""

import re
import ssl

import pytest

from conftest import make_certificate, run
from test_get import Scripted, get, scripted, whole  # noqa: F401 (fixtures)


@pytest.fixture
def tls(here):
    """Starts a scripted server with TLS: (server, its certificate); its URL is of localhost."""
    servers = []

    def start(answer):
        certificate, key = make_certificate(here, 'tls')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        one = Scripted(answer)
        one.server.socket = context.wrap_socket(one.server.socket, server_side=True,
                                                do_handshake_on_connect=False)
        one.url = one.url.replace('http://127.0.0.1', 'https://localhost')
        servers.append(one)
        return one, certificate
    yield start
    for one in servers:
        one.server.shutdown()
        one.server.server_close()


def strict(head, nth):
    return whole(b'x', 'Strict-Transport-Security: max-age=1000; includeSubDomains',
                 'Strict-Transport-Security: max-age=0')


def plain(one):
    return one.url.replace('https://', 'http://')


def test_who_said_so_is_asked_by_tls_alone(tls, here):
    one, cert = tls(strict)
    words = ('--cacert', cert, '--hsts', here / 'hsts', '-o', '-')
    assert get(*words, f'{one.url}/')[0] == b'x'
    assert re.fullmatch(r'\.localhost "\d{8} \d\d:\d\d:\d\d"',
                        (here / 'hsts').read_text().splitlines()[-1])
    assert (here / 'hsts').stat().st_mode & 0o77 == 0
    for url in (f'{plain(one)}/a?b', f'{plain(one)}/a?b'.replace('localhost', 'LOCALHOST.')):
        assert get(*words, url)[0] == b'x'
    assert [head.split()[1] for head in one.heads] == ['/', '/a?b', '/a?b']


def test_redirections_are_hardened_too(tls, scripted, here):
    one, cert = tls(strict)
    there = scripted(lambda head, nth: f'HTTP/1.1 302 x\r\nLocation: {plain(one)}/a\r\n'
                     'Content-Length: 0\r\n\r\n'.encode())
    words = ('--cacert', cert, '--hsts', here / 'hsts', '-o', '-')
    get(*words, f'{one.url}/')
    assert get(*words, f'{there.url}/')[0] == b'x'
    get('--cacert', cert, '-o', '-', f'{there.url}/', code=9)  # in clear text, and answered so


def test_only_proven_servers_are_heard(tls, scripted, here):
    one, _ = tls(strict)
    _, said = get('--insecure', '--hsts', here / 'hsts', '-o', '-', f'{one.url}/')
    assert 'localhost' not in (here / 'hsts').read_text()
    clear = scripted(strict)
    get('--hsts', here / 'hsts', '-o', '-', clear.url.replace('127.0.0.1', 'localhost'))
    assert 'localhost' not in (here / 'hsts').read_text()


def test_a_proxys_proof_is_not_its_servers_c04(tls, here):
    one, cert = tls(strict)
    get('--proxy', one.url, '--proxy-cacert', cert, '--hsts', here / 'hsts', '-o', '-',
        'http://h.example/')
    assert 'h.example' not in (here / 'hsts').read_text()


def test_an_address_is_never_noted(tls, here):
    one, cert = tls(strict)
    get('--cacert', cert, '--hsts', here / 'hsts', '-o', '-',
        one.url.replace('localhost', '127.0.0.1'))
    assert '127' not in (here / 'hsts').read_text()


def test_the_file_is_curls(tls, here):
    one, cert = tls(lambda head, nth: whole(b'x', 'Strict-Transport-Security: max-age=1000'))
    run('curl', '-s', '--cacert', cert, '--hsts', here / 'theirs', f'{one.url}/')
    assert get('--cacert', cert, '--hsts', here / 'theirs', '-o', '-', plain(one))[0] == b'x'
    get('--cacert', cert, '--hsts', here / 'ours', '-o', '-', f'{one.url}/')
    done = run('curl', '-s', '--cacert', cert, '--hsts', here / 'ours', plain(one))
    assert done.stdout == b'x'


def test_what_others_note_meanwhile_stays_c04(tls, here):
    def answer(head, nth):
        with open(here / 'hsts', 'a') as file:
            file.write(f'other{nth}.example "20990101 00:00:00"\n')
        return strict(head, nth)
    one, cert = tls(answer)
    (here / 'hsts').write_text('first.example "20990101 00:00:00"\n')
    get('--cacert', cert, '--hsts', here / 'hsts', '-o', '-', f'{one.url}/')
    text = (here / 'hsts').read_text()
    assert all(host in text for host in ('first.example', 'other1.example', '.localhost'))


@pytest.mark.parametrize(
    'host', ['local\u3002host', 'local\uff0ehost', 'LOCAL.host', 'local.host.'])
def test_other_ways_to_write_a_host_are_no_way_around_it_c04(scripted, here, host):  # noqa: F811
    """CVE-2022-42916: a host is ASCII before anything is looked up in a list."""
    one = scripted(lambda head, nth: whole(b'x'))
    port = one.url.rpartition(':')[2]
    (here / 'hsts').write_text('local.host "20990101 00:00:00"\n')
    get('--hsts', here / 'hsts', '--resolve', f'*:{port}:127.0.0.1',
        '--connect-timeout', 1, '-o', '-', f'http://{host}:{port}/', code=4)
    assert not one.heads  # it was asked in TLS
