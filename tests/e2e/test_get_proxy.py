# SPDX-License-Identifier: MIT
"""`coronet get` through proxies, and what it tells of passwords."""

import hashlib
import json
import os
import re
import socket

import pytest

import proxies
from conftest import CORONET, LOCALHOST, eventually, make_certificate, once, run
from test_get import CONTENT, field, get, scripted, whole  # noqa: F401

pytestmark = once('TLS is what it tries')


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
    one, squid = scripted(lambda head, nth: whole(b'x')), proxy(proxies.Squid, login='basic')
    way = f'http://ann:s%3Acret%40@127.0.0.1:{squid.port}'
    assert get('--proxy', way, '-o', '-', f'{one.url}/a', one.url + '/b')[0] == b'xx'
    assert not any('roxy-' in head for head in one.heads)
    for wrong in ('', 'ann:no@', 'ann@'):
        way = f'http://{wrong}127.0.0.1:{squid.port}'
        _, said = get('--proxy', way, f'{one.url}/a', cwd=here, code=6)
        assert '407' in said
        _, said = get('--proxy', way, 'https://localhost:1/a', cwd=here, code=6)
        assert f'proxy 127.0.0.1:{squid.port} refused CONNECT: 407' in said


def test_squid_is_shown_proofs_of_the_password(server, folder, here, proxy):  # noqa: F811
    (folder / 'a').write_bytes(CONTENT)
    folder.chmod(0o777)
    cert, key = make_certificate(here, 'one')
    one = server('-4', '--anonymous-write', '--cert', cert, '--key', key, https=['127.0.0.1:0'])
    squid = proxy(proxies.Squid, login='digest')
    for url in one.urls:
        words = ('--cacert', cert, '-o', '-', f'{url}a')
        got, _ = get('--proxy', f'http://ann:s%3Acret%40@127.0.0.1:{squid.port}', *words, words[-1])
        assert got == CONTENT + CONTENT
        _, said = get('--proxy', f'http://ann:no@127.0.0.1:{squid.port}', *words, code=6)
        assert '407' in said and 'ann' not in said
    (here / 'up').write_bytes(CONTENT)
    run(CORONET, 'put', '--proxy', f'http://ann:s%3Acret%40@127.0.0.1:{squid.port}', here / 'up',
        one.urls[0])
    assert (folder / 'up').read_bytes() == CONTENT


class Doorkeeper:
    """A proxy that wants to be shown proofs (RFC 7616), and then says `opens`."""

    def __init__(self, algorithm, opens):
        self.algorithm, self.opens = algorithm, opens
        self.hash = {'MD5': hashlib.md5, 'SHA-256': hashlib.sha256}[algorithm]

    def proof(self, method, said):
        def digest(*parts):
            return self.hash(':'.join(parts).encode()).hexdigest()
        return digest(digest('ann', 'a realm', 's:cret@'), 'a nonce', said['nc'], said['cnonce'],
                      'auth', digest(method, said['uri']))

    def answer(self, head, _nth):
        method, target, _ = head.split(' ', 2)
        scheme, _, rest = (field(head, 'Proxy-Authorization') or '').partition(' ')
        said = {name: quoted or plain
                for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^," ]+))', rest)}
        if scheme == 'Digest' and said['uri'] == target and \
                said['response'] == self.proof(method, said):
            return self.opens
        return ('HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm="a realm", Digest qop="auth", '
                f'realm="a realm", nonce="a nonce", algorithm={self.algorithm}\r\n'
                'Content-Length: 3\r\n\r\nwho').encode()


@pytest.mark.parametrize('algorithm', ['MD5', 'SHA-256'])
def test_a_proxy_that_wants_proofs_gets_them_alone(scripted, here, algorithm):  # noqa: F811
    """The password is told with the first request, as long as nothing is known; then no more."""
    keeper = scripted(Doorkeeper(algorithm, whole(b'x')).answer)
    way = keeper.url.replace('://', '://ann:s%3Acret%40@')
    assert get('--proxy', way, '-o', '-', 'http://h.invalid/a?b', 'http://i.invalid/')[0] == b'xx'
    shown = [(field(head, 'Proxy-Authorization') or '').split(' ')[0] for head in keeper.heads]
    assert shown == ['Basic', 'Digest', 'Digest']
    assert 'nc=00000002' in keeper.heads[2]
    (here / 'up').write_bytes(CONTENT)
    run(CORONET, 'put', '--retries', 0, '--proxy', way.replace('cret', 'no'), here / 'up',
        'http://h.invalid/', code=6)
    refuses = b'HTTP/1.1 502 x\r\nContent-Length: 0\r\n\r\n'
    tunnels = scripted(Doorkeeper(algorithm, refuses).answer)
    way = tunnels.url.replace('://', '://ann:s%3Acret%40@')
    _, said = get('--proxy', way, 'https://h.invalid/a', cwd=here, code=4)
    assert 'refused CONNECT: 502' in said
    assert [head.split('\r\n')[0] for head in tunnels.heads] == \
        ['CONNECT h.invalid:443 HTTP/1.1'] * 2


def test_proofs_for_a_proxy_are_not_shown_to_servers_c11(scripted, here, proxy):  # noqa: F811
    """Though the server asks for them: past the proxy, and in clear through SOCKS."""
    asks = scripted(lambda head, nth: b'HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm="a", '
                    b'nonce="b", qop="auth"\r\nContent-Length: 0\r\n\r\n')
    keeper = scripted(Doorkeeper('MD5', f'HTTP/1.1 302 x\r\nLocation: {asks.url}/b\r\n'
                                 'Content-Length: 0\r\n\r\n'.encode()).answer)
    get('--proxy', keeper.url.replace('://', '://ann:s%3Acret%40@'), '--noproxy',
        asks.url.removeprefix('http://'), 'http://h.invalid/', cwd=here, code=6)
    socks = proxy(proxies.Microsocks, '-u', 'ann', '-P', 'secret')
    get('--proxy', f'socks5h://ann:secret@127.0.0.1:{socks.port}', f'{asks.url}/', cwd=here, code=6)
    assert len(keeper.heads) == 2 and len(asks.heads) == 2
    assert not any('roxy-' in head for head in asks.heads)


def test_requests_have_the_form_that_their_reader_knows(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: whole(b'x'))
    get('--proxy', one.url, '--user', 'ann:x', '-o', '-', 'http://h.invalid',
        'http://h.invalid/a?b', 'http://[::1]:81/c')
    assert [head.split('\r\n')[0] for head in one.heads] == [
        'GET http://h.invalid/ HTTP/1.1', 'GET http://h.invalid/a?b HTTP/1.1',
        'GET http://[::1]:81/c HTTP/1.1']
    assert field(one.heads[0], 'Host') == 'h.invalid' and field(one.heads[2], 'Host') == '[::1]:81'
    assert not any('uthorization' in head for head in one.heads)  # in clear text once asked


def test_a_proxys_user_is_not_told_to_servers_c11(server, scripted, here, proxy):  # noqa: F811
    """In clear through SOCKS, by redirection past the proxy, and as a header."""
    one = scripted(lambda head, nth: whole(b'x'))
    socks = proxy(proxies.Microsocks, '-u', 'ann', '-P', 'secret')
    way = f'socks5h://ann:secret@127.0.0.1:{socks.port}'
    assert get('--proxy', way, '-o', '-', f'{one.url}/a')[0] == b'x'
    assert not any('roxy-' in head for head in one.heads)
    away = scripted(lambda head, nth: f'HTTP/1.1 302 x\r\nLocation: {one.url}/b\r\n'
                    'Content-Length: 0\r\n\r\n'.encode())
    get('--proxy', away.url.replace('://', '://ann:secret@'), '--noproxy',
        one.url.removeprefix('http://'), '-o', '-', 'http://h.invalid/')
    assert field(away.heads[0], 'Proxy-Authorization') == 'Basic YW5uOnNlY3JldA=='
    assert not any('roxy-' in head for head in one.heads)
    get('--header', 'Proxy-Authorization: Basic x', f'{one.url}/a', cwd=here, code=2)


# ---- SOCKS --------------------------------------------------------------------------------------

@pytest.mark.parametrize('scheme', ['socks5', 'socks5h'])
def test_everything_goes_through_microsocks(server, folder, here, proxy, scheme):  # noqa: F811
    (folder / 'a').write_bytes(CONTENT)
    cert, key = make_certificate(here, 'one')
    where = [f'[{LOCALHOST}]:0' if ':' in LOCALHOST else f'{LOCALHOST}:0']
    one = server('--cert', cert, '--key', key, where=where, https=where)
    socks = proxy(proxies.Microsocks, '-u', 'ann', '-P', 's:cret@')
    way = f'{scheme}://ann:s%3Acret%40@127.0.0.1:{socks.port}'
    for url in one.urls:
        named = url.replace(where[0].removesuffix(':0'), 'localhost')
        get('--force', '--proxy', way, '--cacert', cert, f'{named}a', cwd=here)
        assert (here / 'a').read_bytes() == CONTENT
    for wrong in ('', 'ann:no@'):
        _, said = get('--proxy', f'{scheme}://{wrong}127.0.0.1:{socks.port}', one.url, cwd=here,
                      code=6)
        assert f'proxy 127.0.0.1:{socks.port} ' in said
    with socket.create_server(('127.0.0.1', 0)) as closed:
        port = closed.getsockname()[1]
    _, said = get('--proxy', way, f'http://127.0.0.1:{port}/', cwd=here, code=4)
    assert 'connection refused' in said and 'cret' not in said


@pytest.mark.parametrize('scheme', ['socks4', 'socks4a'])
def test_everything_goes_through_socks4(server, folder, here, proxy, scheme):  # noqa: F811
    (folder / 'a').write_bytes(CONTENT)
    cert, key = make_certificate(here, 'one')
    one, socks = server('-4', '--cert', cert, '--key', key, https=['127.0.0.1:0']), \
        proxy(proxies.Socks4)
    way = f'{scheme}://ann@127.0.0.1:{socks.port}'
    for url in one.urls:
        port = int(url.rstrip('/').rpartition(':')[2])
        for host in ('127.0.0.1', 'localhost'):
            named = url.replace('127.0.0.1', host)
            assert get('--proxy', way, '--cacert', cert, '-o', '-', f'{named}a')[0] == CONTENT
            known = host if scheme == 'socks4a' else '127.0.0.1'
            assert socks.asked.pop() == (known, port) and not socks.asked
    _, said = get('--proxy', way.replace('ann', 'eve'), one.url, cwd=here, code=6)
    assert f'proxy 127.0.0.1:{socks.port} ' in said and 'identd here names another user' in said
    with socket.create_server(('127.0.0.1', 0)) as closed:
        port = closed.getsockname()[1]
    _, said = get('--proxy', way, f'http://127.0.0.1:{port}/', cwd=here, code=4)
    assert f'does not lead to 127.0.0.1:{port}: it was refused or failed' in said
    _, said = get('--proxy', way, 'http://[::1]:1/', cwd=here, code=4)
    assert 'SOCKS 4 knows IPv4 alone' in said


# ---- which way ----------------------------------------------------------------------------------

@pytest.mark.parametrize('variables, way', [
    ({}, 'straight'),
    ({'http_proxy': 'PROXY'}, 'proxy'),
    ({'HTTP_PROXY': 'PROXY'}, 'straight'),
    ({'https_proxy': 'PROXY'}, 'straight'),
    ({'ALL_PROXY': 'PROXY'}, 'proxy'),
    ({'http_proxy': 'PROXY', 'no_proxy': '127.0.0.0/8'}, 'straight'),
    ({'http_proxy': 'PROXY', 'NO_PROXY': 'example.org, 127.0.0.1'}, 'straight'),
    ({'http_proxy': 'PROXY', 'no_proxy': 'localhost'}, 'proxy')])
def test_the_environment_chooses_as_it_does_for_curl(scripted, variables, way):  # noqa: F811
    one, other = (scripted(lambda head, nth: whole(b'x')) for _ in range(2))
    names = ('http_proxy', 'https_proxy', 'all_proxy', 'no_proxy')
    env = {name: value for name, value in os.environ.items() if name.lower() not in names}
    env |= {name: value.replace('PROXY', other.url) for name, value in variables.items()}
    url = f'{one.url}/a'
    get('-o', '-', url, env=env)
    run('curl', '-sSf', '-o', '/dev/null', url, env=env)
    assert (len(one.heads), len(other.heads)) == ((2, 0) if way == 'straight' else (0, 2))
    get('--proxy', '', '-o', '-', url, env=env)
    get('--noproxy', '*', '-o', '-', url, env=env)
    assert len(other.heads) == (0 if way == 'straight' else 2)
    get('--proxy', other.url, '--noproxy', '', '-o', '-', url, env=env)
    assert len(other.heads) == (1 if way == 'straight' else 3)


def test_a_proxy_that_is_none_or_is_not_there(scripted, here):  # noqa: F811
    with socket.create_server(('127.0.0.1', 0)) as closed:
        port = closed.getsockname()[1]
    for scheme in ('http', 'socks4', 'socks4a', 'socks5', 'socks5h', 'https'):
        _, said = get('--proxy', f'{scheme}://ann:secret@127.0.0.1:{port}', 'http://localhost:1/a',
                      cwd=here, code=4)
        assert 'the proxy: cannot connect' in said and 'secret' not in said
    _, said = get('--proxy', 'gopher://ann:secret@h', 'http://localhost:1/a', cwd=here, code=2)
    assert 'is no proxy' in said and 'secret' not in said


def test_a_proxy_that_says_nothing_is_left_in_time(here):  # noqa: F811
    with socket.create_server(('127.0.0.1', 0)) as silent:
        for scheme in ('https', 'socks5h', 'http'):
            _, said = get('--connect-timeout', '0.2', '--proxy',
                          f'{scheme}://127.0.0.1:{silent.getsockname()[1]}', 'https://h.invalid/a',
                          cwd=here, code=4)
            assert 'no answer in time' in said


def test_a_server_that_does_not_shake_hands_is_left_in_time(here):  # noqa: F811
    with socket.create_server(('127.0.0.1', 0)) as silent:
        _, said = get('--connect-timeout', '0.2', f'https://127.0.0.1:{silent.getsockname()[1]}/a',
                      cwd=here, code=4)
        assert 'no answer in time' in said


def test_hosts_have_the_addresses_that_are_given(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: whole(b'x'))
    port = one.url.rpartition(':')[2]
    get('--resolve', f'h.invalid:{port}:[::1],127.0.0.1', '-o', '-', f'http://h.invalid:{port}/')
    assert field(one.heads[0], 'Host') == f'h.invalid:{port}'
    get('--resolve', f'h.invalid:1:127.0.0.1', f'http://h.invalid:{port}/', cwd=here, code=4)
    _, said = get('--resolve', 'h.invalid:80', f'{one.url}/', cwd=here, code=2)
    assert 'HOST:PORT:ADDRESS' in said


# ---- TLS ----------------------------------------------------------------------------------------

def test_tls_goes_through_tls_to_squid(server, folder, here, proxy):  # noqa: F811
    (folder / 'a').write_bytes(CONTENT)
    cert, key = make_certificate(here, 'one')
    way_cert, way_key = make_certificate(here, 'way')
    one = server('-4', '--cert', cert, '--key', key, https=['127.0.0.1:0'])
    squid = proxy(proxies.Squid, login='basic', pair=(way_cert, way_key))
    words = ('--proxy', f'https://ann:s%3Acret%40@127.0.0.1:{squid.tls_port}', '--cacert', cert)
    for url in one.urls:
        get('--force', *words, '--proxy-cacert', way_cert, f'{url}a', cwd=here)
        assert (here / 'a').read_bytes() == CONTENT
        _, said = get(*words, '-o', '-', f'{url}a', code=5)
        assert 'the proxy: cannot trust' in said
        get(*words, '--insecure', '-o', '-', f'{url}a', code=5)  # that is said of servers


def test_certificates_show_who_asks(server, folder, here):  # noqa: F811
    (folder / 'a').write_bytes(CONTENT)
    cert, key = make_certificate(here, 'one')
    own, own_key = make_certificate(here, 'own')
    both = here / 'both'
    both.write_text(own.read_text() + own_key.read_text())
    one = server('-4', '--cert', cert, '--key', key, '--client-ca', own, '--client-certificate',
                 'require', https=['127.0.0.1:0'])
    words = ('--cacert', cert, '-o', '-', f'{one.urls[-1]}a')
    assert get('--cert', own, '--key', own_key, *words)[0] == CONTENT
    assert get('--cert', both, *words)[0] == CONTENT
    get(*words, code=5)
    _, said = get('--cert', cert, '--key', own_key, *words, code=5)
    assert 'does not belong to the certificate' in said
    get('--key', own_key, *words, code=2)
    get('--cert', here / 'none', *words, code=3)


def test_versions_and_keys_can_be_demanded(server, folder, here):  # noqa: F811
    (folder / 'a').write_bytes(CONTENT)
    cert, key = make_certificate(here, 'one')
    one = server('-4', '--cert', cert, '--key', key, https=['127.0.0.1:0'])
    words = ('--cacert', cert, '-o', '-', f'{one.urls[-1]}a')
    for version in ('1.2', '1.3'):
        assert get('--tls-min', version, *words)[0] == CONTENT
    get('--tls-min', '1.1', *words, code=2)
    _, said = get('--pin', 'sha256//' + 'A' * 43 + '=', *words, code=5)
    pin = next(word for word in said.split() if word.startswith('sha256//')).rstrip('),.')
    assert get('--pin', pin, '--pin', 'sha256//' + 'A' * 43 + '=', *words)[0] == CONTENT
    assert '"x" is no pin: sha256//' in get('--pin', 'x', *words, code=5)[1]


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
        line = json.loads(out)
        assert (line['event'], line['code']) == ('failed', code)
        assert line['url'] == f'{one.url}/{path}'.replace('://', '://***@')
    for word in ('ftpx://ann:secret@h/', 'ann:secret@h', 'htp:/ann:sec/ret@h'):
        _, said = get(word, cwd=here, code=2)
        assert 'secret' not in said and 'sec/ret' not in said
    _, said = get('http://ann:sec@ret@h/', cwd=here, code=2)
    assert 'sec@ret' not in said
    out, _ = get('--json', f'{url}/a', cwd=here)
    assert b'secret' not in out
