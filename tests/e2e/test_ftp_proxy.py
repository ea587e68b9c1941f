# SPDX-License-Identifier: MIT
"""`coronet get`, `put`, `ls` and `mirror` over FTP through proxies: microsocks, squid, and ones of
the tests' own."""

import os
import random
import subprocess

import pytest

import proxies
from conftest import CORONET, LOCALHOST, make_certificate, run
from ftp_places import folder, ftp_place  # noqa: F401
from test_get_proxy import proxy  # noqa: F401

CONTENT = random.Random(9).randbytes(1_000_000)


def coronet(*words, code=0, **options):
    done = run(CORONET, *words, code=code, stdin=subprocess.DEVNULL, **options)
    return done.stdout, done.stderr.decode()


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp('pair'), 'localhost', 'rsa')


@pytest.fixture
def way(proxy, pair):  # noqa: F811
    """way(scheme) starts a proxy; the options that lead through it."""
    def start(scheme):
        if scheme.startswith('socks'):
            one = proxy(proxies.Microsocks, '-u', 'ann', '-P', 'secret')
            return ('--proxy', f'{scheme}://ann:secret@localhost:{one.port}')
        one = proxy(proxies.Squid, pair=pair)
        if scheme == 'http':
            return ('--proxy', f'http://127.0.0.1:{one.port}')
        return ('--proxy', f'https://localhost:{one.tls_port}', '--proxy-cacert', pair[0])
    return start


WAYS = ('socks5', 'socks5h', 'http', 'https')


def do_everything(one, folder, here, words):
    (here / 'a').write_bytes(CONTENT)
    coronet('put', *words, here / 'a', one.url)
    assert (folder / 'a').read_bytes() == CONTENT
    assert coronet('get', *words, '-o', '-', f'{one.url}a')[0] == CONTENT
    assert coronet('ls', *words, one.url)[0] == b'a\n'
    coronet('mirror', *words, one.url, here / 'down')
    assert (here / 'down' / 'a').read_bytes() == CONTENT


@pytest.mark.parametrize('scheme', WAYS)
@pytest.mark.parametrize('kind', ['vsftpd', 'coronet'])
def test_all_goes_through_the_proxy(ftp_place, folder, here, way, kind, scheme):  # noqa: F811
    one = ftp_place(kind, folder)
    do_everything(one, folder, here, (*one.words, *way(scheme)))


@pytest.mark.parametrize('secure', ['explicit', 'implicit'])
@pytest.mark.parametrize('scheme', WAYS)
def test_tls_goes_through_the_proxy_and_resumes(
        ftp_place, folder, here, pair, way, scheme, secure):  # noqa: F811
    """Within the TLS to an https:// proxy, too."""
    one = ftp_place('vsftpd', folder, secure=secure, pair=pair, address=LOCALHOST)
    do_everything(one, folder, here, (*one.words, *way(scheme)))


@pytest.mark.parametrize('scheme', ['socks5h', 'http'])
def test_over_ipv6(ftp_place, folder, here, way, scheme):  # noqa: F811
    one = ftp_place('proftpd', folder, address='::1')
    do_everything(one, folder, here, (*one.words, *way(scheme)))


def test_squid_sees_tunnels_alone(ftp_place, folder, here, proxy):  # noqa: F811
    """One for the control connection, and one for each file's data, to the name of the server."""
    one = ftp_place('pyftpdlib', folder, address=LOCALHOST)
    squid = proxy(proxies.Squid)
    (folder / 'a').write_bytes(CONTENT)
    coronet('get', '--proxy', f'127.0.0.1:{squid.port}', '-4', *one.words,
            f'ftp://localhost:{one.port}/a', cwd=here)
    squid.process.terminate()
    squid.process.wait(timeout=30)
    asked = squid.requests()
    assert {method for method, _ in asked} == {'CONNECT'} and len(asked) == 2
    assert all(target.startswith('localhost:') for _, target in asked)


@pytest.mark.parametrize('name', ['ftp_proxy', 'FTP_PROXY', 'all_proxy', 'ALL_PROXY'])
def test_the_environment_says_which(ftp_place, folder, here, name):  # noqa: F811
    one = ftp_place('coronet', folder)
    (folder / 'a').write_bytes(CONTENT)
    env = dict(os.environ, **{name: 'socks5://127.0.0.1:1'})
    for words in (('get', '-o', '-', f'{one.url}a'), ('ls', one.url), ('mirror', one.url, here),
                  ('put', folder / 'a', f'{one.url}b')):
        _, said = coronet(words[0], *one.words, *(
            () if words[0] == 'ls' else ('--retries', 0)), *words[1:], code=4, env=env)
        assert 'the proxy' in said
        coronet(words[0], *one.words, '--noproxy', '127.0.0.0/8', *words[1:], env=env)
    coronet('ls', one.url, env=dict(env, no_proxy='127.0.0.1'))
    coronet('ls', '--proxy', '', one.url, env=env)
    coronet('ls', one.url, env=dict(os.environ, http_proxy='socks5://127.0.0.1:1'))


def test_active_and_a_proxy_do_not_go_together(ftp_place, folder):  # noqa: F811
    one = ftp_place('coronet', folder)
    _, said = coronet('ls', '--active', '--proxy', 'socks5://127.0.0.1:1', one.url, code=2)
    assert 'do not come through a proxy' in said


def test_what_a_proxy_refuses_has_its_exit_code(ftp_place, folder, proxy):  # noqa: F811
    one = ftp_place('coronet', folder)
    socks = proxy(proxies.Microsocks, '-u', 'ann', '-P', 'secret')
    squid = proxy(proxies.Squid, login='basic')
    for url, code in ((f'socks5://127.0.0.1:{socks.port}', 6),
                      (f'socks5://ann:wrong@127.0.0.1:{socks.port}', 6),
                      (f'http://127.0.0.1:{squid.port}', 6)):
        _, said = coronet('ls', '--proxy', url, one.url, code=code)
        assert 'proxy 127.0.0.1' in said and 'wrong' not in said
    words = ('--proxy', f'socks5://ann:secret@127.0.0.1:{socks.port}')
    coronet('ls', *words, 'ftp://127.0.0.1:1/', code=4)
