# SPDX-License-Identifier: MIT
"""`coronet get` through proxies, and what it tells of passwords."""

import json
import os
import socket

import pytest

import proxies
from conftest import eventually, make_certificate
from test_get import CONTENT, field, get, here, scripted, whole  # noqa: F401


@pytest.fixture
def proxy():
    """proxy(kind, ...) starts one; each is stopped at the end."""
    started = []

    def start(kind, *arguments, **options):
        started.append(kind(*arguments, **options))
        return started[-1]
    yield start
    for one in started:
        one.stop()


# ---- HTTP ---------------------------------------------------------------------------------------

def test_http_goes_through_squid_told_as_a_whole_url(server, folder, here, proxy):  # noqa: F811
    (folder / 'a').write_bytes(CONTENT)
    one, squid = server('-4'), proxy(proxies.Squid)
    get('--proxy', f'http://127.0.0.1:{squid.port}', f'{one.url}a?b=c', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT
    eventually(lambda: squid.requests() == [('GET', f'{one.url}a?b=c')])


def test_https_goes_through_squids_tunnel(server, folder, here, proxy):  # noqa: F811
    (folder / 'a').write_bytes(CONTENT)
    cert, key = make_certificate(here, 'one')
    one = server('-4', '--cert', cert, '--key', key, https=['127.0.0.1:0'])
    squid = proxy(proxies.Squid)
    url = f'{one.urls[-1]}a'
    get('--proxy', f'127.0.0.1:{squid.port}', '--cacert', cert, url, cwd=here)
    assert (here / 'a').read_bytes() == CONTENT
    get('--proxy', f'127.0.0.1:{squid.port}', url, cwd=here, code=3)
    _, said = get('--proxy', f'127.0.0.1:{squid.port}', '-o', '-', url, code=5)
    assert 'self-signed' in said


def test_squid_is_told_who_asks_and_the_server_is_not(scripted, here, proxy):  # noqa: F811
    one, squid = scripted(lambda head, nth: whole(b'x')), proxy(proxies.Squid, login=True)
    way = f'http://ann:s%3Acret%40@127.0.0.1:{squid.port}'
    assert get('--proxy', way, '-o', '-', f'{one.url}/a', one.url + '/b')[0] == b'xx'
    assert not any('roxy-' in head for head in one.heads)
    for wrong in ('', 'ann:no@', 'ann@'):
        way = f'http://{wrong}127.0.0.1:{squid.port}'
        _, said = get('--proxy', way, f'{one.url}/a', cwd=here, code=6)
        assert '407' in said
        _, said = get('--proxy', way, 'https://localhost:1/a', cwd=here, code=6)
        assert f'proxy 127.0.0.1:{squid.port} refused CONNECT: 407' in said


# ---- passwords ----------------------------------------------------------------------------------

def test_no_password_of_a_url_is_printed_c11(scripted, here):  # noqa: F811
    def answer(head, nth):
        if '/loop' in head:
            return b'HTTP/1.1 302 x\r\nLocation: loop\r\nContent-Length: 0\r\n\r\n'
        return b'HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n' if '/no' in head else whole(b'x')
    one = scripted(answer)
    url = one.url.replace('://', '://ann:secret@')
    (here / 'there').write_text('x')
    for path, code in (('no', 8), ('loop', 7), ('.hidden', 11), ('there', 3)):
        out, said = get('--json', f'{url}/{path}', cwd=here, code=code)
        assert 'secret' not in said and '***@127.0.0.1' in said
        assert json.loads(out) == {
            'event': 'failed', 'url': f'{one.url}/{path}'.replace('://', '://***@')}
    for word in ('ftpx://ann:secret@h/', 'ann:secret@h', 'htp:/ann:sec/ret@h'):
        _, said = get(word, cwd=here, code=2)
        assert 'secret' not in said and 'sec/ret' not in said
    _, said = get('http://ann:sec@ret@h/', cwd=here, code=11)
    assert 'sec@ret' not in said
    out, _ = get('--json', f'{url}/a', cwd=here)
    assert b'secret' not in out
