# SPDX-License-Identifier: MIT
"""Who asks: Basic, Digest, tokens and netrc of `coronet get`; against scripted servers, nginx and
Apache."""

import base64
import contextlib
import hashlib
import os
import re
import shutil
import socket
import subprocess

import pytest

from conftest import eventually, quiet_port, run
from test_get import field, get, scripted, whole  # noqa: F401 (fixtures)

USER, PASSWORD = 'ann', 'se"cr\\et: x'
BOTH = f'{USER}:{PASSWORD}'
HASHES = {'MD5': 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512_256'}


def refuse(*challenges):
    return b'\r\n'.join([b'HTTP/1.1 401 Unauthorized', b'Content-Length: 4', *(
        f'WWW-Authenticate: {one}'.encode() for one in challenges), b'', b'who?'])


def redirect(where):
    return f'HTTP/1.1 302 x\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n'.encode()


def basic(text=BOTH):
    return 'Basic ' + base64.b64encode(text.encode()).decode()


class Digest:
    """A server's side of RFC 7616, as strict as can be; one nonce for each challenge."""

    def __init__(self, algorithm='SHA-256', extra='', life=1 << 30):
        self.algorithm, self.extra, self.life = algorithm, extra, life
        self.nonces = {}  # by nonce: the last count
        self.lines = []

    def challenge(self, stale=False):
        nonce = f'n"{len(self.nonces)}'
        self.nonces[nonce] = 0
        quoted = nonce.replace('"', '\\"')
        return (f'Digest realm="a \\"realm\\"", nonce="{quoted}", qop="auth-int, auth", '
                f'algorithm={self.algorithm}, opaque="o\\\\p"{self.extra}' +
                (', stale=true' if stale else ''))

    def hash(self, *parts):
        name = HASHES[self.algorithm.replace('-sess', '')]
        return hashlib.new(name, ':'.join(parts).encode()).hexdigest()

    def check(self, head):
        """What is answered: None when it is right."""
        value = field(head, 'Authorization') or ''
        if not value.startswith('Digest '):
            return refuse(self.challenge())
        given = {name: re.sub(r'\\(.)', r'\1', quoted) if quoted else plain for name, quoted, plain
                 in re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^ ,]*))', value)}
        method, target, _ = head.split('\r\n')[0].split(' ')
        nonce, count = given['nonce'], given['nc']
        secret = self.hash(USER, 'a "realm"', PASSWORD)
        if self.algorithm.endswith('-sess'):
            secret = self.hash(secret, nonce, given['cnonce'])
        right = self.hash(secret, nonce, count, given['cnonce'], 'auth', self.hash(method, target))
        name = self.hash(USER, 'a "realm"') if 'userhash' in self.extra else USER
        if (given['response'] != right or given['uri'] != target or given['username'] != name or
                given['opaque'] != 'o\\p' or given['algorithm'] != self.algorithm):
            return refuse(self.challenge())
        if self.nonces.get(nonce) is None or int(count, 16) > self.life:
            return refuse(self.challenge(stale=True))
        if int(count, 16) != self.nonces[nonce] + 1:
            return refuse(self.challenge())
        self.nonces[nonce] += 1
        return None

    def answer(self, head, nth):
        return self.check(head) or whole(b'x', *self.lines)


def shown(one):
    return [(field(head, 'Authorization') or '-').split(' ')[0] for head in one.heads]


# ---- Basic --------------------------------------------------------------------------------------

def test_basic_is_told_at_once_within_this_machine(scripted):
    one = scripted(lambda head, nth: whole(b'x') if field(head, 'Authorization') == basic()
                   else refuse('Basic realm="r"'))
    assert get('--user', BOTH, '-o', '-', f'{one.url}/')[0] == b'x'
    get('--user', 'ann:wrong', '-o', '-', f'{one.url}/', code=6)
    get('-o', '-', f'{one.url}/', code=6)
    assert shown(one) == ['Basic', 'Basic', '-']


def test_a_wrong_password_is_told_once(scripted):
    one = scripted(lambda head, nth: refuse('Basic realm="r"', 'Nonsense', 'Digest broken="'))
    get('--user', BOTH, '--retries', 5, '-o', '-', f'{one.url}/', code=6)
    assert len(one.heads) == 1


@pytest.mark.parametrize('user', ['a\tb:c', 'a\nb:c', 'a\x7f:c'])
def test_no_control_byte_is_told(scripted, user):
    one = scripted(lambda head, nth: whole(b'x'))
    if '\t' not in user:
        get('--user', user, '-o', '-', f'{one.url}/', code=2)
        assert not one.heads
    get('-o', '-', one.url.replace('://', '://a%0Ab:c@'), code=2)
    assert not one.heads


# ---- Digest -------------------------------------------------------------------------------------

@pytest.mark.parametrize('algorithm', [*HASHES, *(f'{name}-sess' for name in HASHES)])
@pytest.mark.parametrize('extra', ['', ', userhash=true'])
def test_digest_is_answered_rightly(scripted, algorithm, extra):
    digest = Digest(algorithm, extra)
    one = scripted(digest.answer)
    urls = [f'{one.url}/a?b=c%20d', f'{one.url}/', f'{one.url}/e']
    assert get('--digest', '--user', BOTH, '--jobs', 1, '-o', '-', *urls)[0] == b'xxx'
    assert shown(one) == ['-', 'Digest', 'Digest', 'Digest']  # once asked, always at once
    assert list(digest.nonces.values()) == [3]
    assert not any('Basic' in head for head in one.heads)


def test_a_wrong_password_is_tried_once(scripted):
    one = scripted(Digest().answer)
    get('--digest', '--user', 'ann:wrong', '-o', '-', f'{one.url}/', code=6)
    assert shown(one) == ['-', 'Digest']


def test_the_strongest_is_taken(scripted):
    weak, middle, strong = Digest('MD5'), Digest('SHA-256'), Digest('SHA-512-256')

    def answer(head, nth):
        if not field(head, 'Authorization'):
            return refuse('Basic realm="b"', weak.challenge() + ', ' + strong.challenge(),
                          middle.challenge(), 'Digest realm=x, nonce=y, algorithm=SHA-1, qop=auth')
        return strong.answer(head, nth)
    one = scripted(answer)
    assert get('--digest', '--user', BOTH, '-o', '-', f'{one.url}/')[0] == b'x'


def test_stale_nonces_are_replaced_but_not_without_end(scripted):
    digest = Digest(life=1)
    one = scripted(digest.answer)
    urls = [f'{one.url}/{i}' for i in range(3)]
    assert get('--digest', '--user', BOTH, '--jobs', 1, '-o', '-', *urls)[0] == b'xxx'
    endless = scripted(Digest(life=0).answer)
    get('--digest', '--user', BOTH, '-o', '-', f'{endless.url}/', code=6)
    assert len(endless.heads) <= 5


def test_the_next_nonce_is_taken(scripted):
    digest = Digest(life=1)

    def answer(head, nth):
        refused = digest.check(head)
        digest.nonces[f'next{nth}'] = 0
        return refused or whole(b'x', f'Authentication-Info: qop=auth, nextnonce="next{nth}"')
    one = scripted(answer)
    urls = [f'{one.url}/{i}' for i in range(3)]
    assert get('--digest', '--user', BOTH, '--jobs', 1, '-o', '-', *urls)[0] == b'xxx'
    assert shown(one) == ['-', 'Digest', 'Digest', 'Digest']


def test_digest_is_never_given_up_for_basic(scripted):
    digest = Digest()
    one = scripted(lambda head, nth: digest.answer(head, nth) if nth < 4 else
                   refuse('Basic realm="r"'))
    urls = [f'{one.url}/{i}' for i in range(4)]
    get('--user', BOTH, '--jobs', 1, '-o', '-', *urls, code=9)
    assert shown(one)[1:] == ['Digest'] * (len(one.heads) - 1)
    only = scripted(lambda head, nth: refuse('Basic realm="r"'))
    get('--digest', '--user', BOTH, '-o', '-', f'{only.url}/', code=6)
    assert shown(only) == ['-']


def test_a_repeated_request_is_the_same_c12(scripted):
    digest = Digest()
    one = scripted(digest.answer)
    get('--digest', '--user', BOTH, '--header', 'X-Key: k', '-o', '-', f'{one.url}/a?b')
    first, second = one.heads
    assert second.replace(f'Authorization: {field(second, "Authorization")}\r\n', '') == first


@pytest.mark.parametrize('host', ['h.invalid', 'localhost'])
def test_in_clear_text_to_others_it_is_asked_for_first(scripted, host):
    """A proxy stands for the network: what goes through it in clear text it hears."""
    one = scripted(lambda head, nth: whole(b'x') if field(head, 'Authorization') else
                   refuse('Basic realm="r"'))
    assert get('--proxy', one.url, '--user', BOTH, '-o', '-', f'http://{host}/')[0] == b'x'
    assert shown(one) == ['-', 'Basic']


# ---- places -------------------------------------------------------------------------------------

@pytest.mark.parametrize('words', [('--user', BOTH), ('--bearer', 'token'),
                                   ('--header', 'Authorization: x'), ('--header', 'Cookie: a=b'),
                                   ('--netrc-file', 'NETRC'), ('--digest', '--user', BOTH)])
@pytest.mark.parametrize('back', [False, True])
def test_no_secret_strays_c01(scripted, here, words, back):
    """Another port is another place; and who sends back is not believed either."""
    (here / 'netrc').write_text('default login ann password secret')
    words = [here / 'netrc' if word == 'NETRC' else word for word in words]
    urls = []

    def there_answers(head, nth):
        if back:
            return redirect(f'{urls[0]}/back')
        return refuse('Basic realm="r"', Digest().challenge())

    def answer(head, nth):
        if '/back' in head:
            return refuse('Basic realm="r"', Digest().challenge())
        return redirect(f'{there.url}/')
    there, one = scripted(there_answers), scripted(answer)
    urls.append(one.url)
    get(*words, '-o', '-', f'{one.url}/', code=6)
    strangers = there.heads + one.heads[1:]
    assert len(strangers) == (2 if back else 1)
    for head in strangers:
        assert field(head, 'Authorization') is None and field(head, 'Cookie') is None


def test_tokens(scripted):
    one = scripted(lambda head, nth: whole(b'x'))
    get('--bearer', 'abc.DEF-_~+/=', '-o', '-', f'{one.url}/')
    assert field(one.heads[0], 'Authorization') == 'Bearer abc.DEF-_~+/='
    for bad in ('', 'a b', 'a\r\nX: y', 'a"', 'a,b'):
        get('--bearer', bad, '-o', '-', f'{one.url}/', code=2)
    get('--bearer', 'x', '--user', 'a:b', '-o', '-', f'{one.url}/', code=2)
    _, said = get('--bearer', 'x', '-o', '-', 'http://elsewhere.invalid/', code=2)
    assert 'clear text' in said and len(one.heads) == 1


# ---- netrc --------------------------------------------------------------------------------------

def test_netrc_says_who_asks_c13(scripted, here):
    one = scripted(lambda head, nth: whole(b'x'))
    (here / 'netrc').write_text('machine 127.0.0.1 login ann password "a b"\n'
                                'machine 127.0.0.1 login bob password c\n'
                                'default login x password y')
    words = ('--netrc-file', here / 'netrc', '-o', '-')
    url = f'{one.url}/'
    for given, told in ((url, 'ann:a b'), (url.replace('127.0.0.1', 'localhost'), 'x:y'),
                        (url.replace('://', '://bob@'), 'bob:c'),
                        (url.replace('://', '://eve@'), 'eve:'),
                        (url.replace('://', '://eve:z@'), 'eve:z'),
                        (url.replace('://', '://eve:@'), 'eve:')):
        get(*words, given)
        assert field(one.heads[-1], 'Authorization') == basic(told)
    get(*words, '--user', 'given:g', url)
    assert field(one.heads[-1], 'Authorization') == basic('given:g')


def test_the_home_folders_netrc_is_asked_where_that_is_wanted(scripted, here):
    one = scripted(lambda head, nth: whole(b'x'))
    environment = dict(os.environ, HOME=str(here))
    get('--netrc', '-o', '-', f'{one.url}/', env=environment)
    (here / '.netrc').write_text('default login ann password b')
    get('-o', '-', f'{one.url}/', env=environment)
    get('--netrc', '-o', '-', f'{one.url}/', env=environment)
    assert shown(one) == ['-', '-', 'Basic']


def test_netrc_files_that_cannot_be_used(scripted, here):
    one = scripted(lambda head, nth: whole(b'x'))
    get('--netrc-file', here / 'none', '-o', '-', f'{one.url}/', code=3)
    for bad in ('machine', 'default login a password "b', 'default login a password ' + 'b' * 5000):
        (here / 'netrc').write_text(bad)
        _, said = get('--netrc-file', here / 'netrc', '-o', '-', f'{one.url}/', code=2 if len(bad)
                      < 5000 else 11)
        assert 'netrc' in said and 'bbb' not in said
    assert not one.heads


def agree_with_curl(one, here, text, url):
    (here / 'netrc').write_text(text)
    get('--netrc-file', here / 'netrc', '-o', '-', f'{url}/')
    run('curl', '-s', '--netrc-file', here / 'netrc', f'{url}/')
    ours, theirs = one.heads[-2:]
    assert field(ours, 'Authorization') == field(theirs, 'Authorization'), text


def test_netrc_agrees_with_curl(scripted, here):
    one = scripted(lambda head, nth: whole(b'x'))
    texts = ('machine 127.0.0.1 login a password b', 'default\nlogin a\npassword b\n',
             '#x\nmachine 127.0.0.1\n login a password "b\\"c d"\n', 'machine x login a password b',
             'machine 127.0.0.1 login a password b\\c macdef init\nx\n\n'
             'default login c password d')
    for text in texts:
        agree_with_curl(one, here, text, one.url)
    for text in ('machine 127.0.0.1 password b', 'default password b',
                 'machine 127.0.0.1 password b machine 127.0.0.1 login a password c',
                 'machine 127.0.0.1 login a password c machine 127.0.0.1 password b'):
        agree_with_curl(one, here, text, one.url.replace('://', '://a@'))


# ---- other servers ------------------------------------------------------------------------------

@contextlib.contextmanager
def running(*command):
    """A server in the foreground, on the port that stands first."""
    port, *words = command
    process = subprocess.Popen([str(word) for word in words], stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: socket.socket().connect_ex(('127.0.0.1', port)) == 0)
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.mark.skipif(not shutil.which('apache2'), reason='apache2 is not installed')
@pytest.mark.parametrize('kind', ['Digest', 'Basic'])
def test_apache_lets_in(folder, here, kind):
    os.chmod(folder, 0o755)
    (folder / 'a').write_text('let in')
    port = quiet_port()
    digest = hashlib.md5(b'ann:a realm:secret').hexdigest()
    (here / 'Digest').write_text(f'ann:a realm:{digest}\n')
    (here / 'Basic').write_text('ann:{SHA}' + base64.b64encode(
        hashlib.sha1(b'secret').digest()).decode() + '\n')
    for path in here, *here.parents[:2]:
        os.chmod(path, 0o755)
    modules = '/usr/lib/apache2/modules'
    loads = '\n'.join(f'LoadModule {name}_module {modules}/mod_{name}.so' for name in (
        'mpm_event', 'authn_core', 'authn_file', 'authz_core', 'authz_user', 'auth_basic',
        'auth_digest'))
    (here / 'apache.conf').write_text(f"""{loads}
ServerRoot {here}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {here}/pid
ErrorLog {here}/errors
DocumentRoot {folder}
DefaultRuntimeDir {here}
<Directory {folder}>
  AuthType {kind}
  AuthName "a realm"
  {'AuthDigestProvider' if kind == 'Digest' else 'AuthBasicProvider'} file
  AuthUserFile {here}/{kind}
  Require valid-user
</Directory>
""")
    with running(port, 'apache2', '-X', '-f', here / 'apache.conf'):
        url = f'http://127.0.0.1:{port}/a'
        words = ('--digest',) if kind == 'Digest' else ()
        assert get(*words, '--user', 'ann:secret', '--jobs', 1, '-o', '-', url, url)[
            0] == b'let in' * 2
        assert get('--user', 'ann:secret', '-o', '-', url)[0] == b'let in'
        get(*words, '--user', 'ann:wrong', '-o', '-', url, code=6)
        get('-o', '-', url, code=6)


def test_nginx_lets_in(folder, here):
    (folder / 'a').write_text('let in')
    port = quiet_port()
    (here / 'users').write_text('ann:{PLAIN}secret\n')
    (here / 'nginx.conf').write_text(f"""daemon off; master_process off; pid {here}/pid;
        error_log stderr; events {{ }}
        http {{ access_log off; server {{ listen 127.0.0.1:{port}; root {folder};
            auth_basic "a realm"; auth_basic_user_file {here}/users; }} }}""")
    with running(port, 'nginx', '-c', here / 'nginx.conf'):
        url = f'http://127.0.0.1:{port}/a'
        assert get('--user', 'ann:secret', '-o', '-', url)[0] == b'let in'
        assert get('-o', '-', url.replace('://', '://ann:secret@'))[0] == b'let in'
        get('--user', 'ann:wrong', '-o', '-', url, code=6)
        get('--digest', '--user', 'ann:secret', '-o', '-', url, code=6)


def test_our_own_server_lets_in(server, folder):
    (folder / 'a').write_text('let in')
    one = server('-4', '--no-anonymous', '--user', 'ann:secret')
    assert get('--user', 'ann:secret', '-o', '-', f'{one.url}a')[0] == b'let in'
    get('--user', 'ann:wrong', '-o', '-', f'{one.url}a', code=6)
