# SPDX-License-Identifier: MIT
"""`coronet get`: what is sent, under which name it is kept, what it must be, whether it is newer,
how often and when it is tried again, and what --json says of it."""

import email
import email.policy
import hashlib
import json
import os
import socketserver
import threading
import time

import pytest

from conftest import CORONET, PATIENCE, in_background, run
from test_get import CONTENT, field, get, partials, scripted, whole  # noqa: F401

OLD, NEW = 'Sat, 01 Jan 2022 00:00:00 GMT', 'Sun, 02 Jan 2022 00:00:00 GMT'
OLD_SECONDS = 1640995200


def status(number, *lines):
    return b'\r\n'.join([b'HTTP/1.1 %d x' % number, b'Content-Length: 0',
                         *(line.encode() for line in lines), b'', b''])


def tries(*words, code=0, cwd=None):
    """Runs it with retries; its standard error."""
    done = run(CORONET, 'get', *words, code=code, cwd=cwd)
    return done.stderr.decode()


# ---- what is sent -------------------------------------------------------------------------------

class Echo:
    """Answers with the method and the body that came."""

    def __init__(self):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                line, size, kind = self.rfile.readline().decode(), 0, ''
                while (header := self.rfile.readline().decode().strip()):
                    name, _, value = header.partition(': ')
                    size = int(value) if name == 'Content-Length' else size
                    kind = value if name == 'Content-Type' else kind
                body = self.rfile.read(size)
                self.wfile.write(whole(f'{line.split()[0]} {kind} '.encode() + body,
                                       'Connection: close'))

        self.server = socketserver.ThreadingTCPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.url = 'http://127.0.0.1:%d/' % self.server.server_address[1]
        in_background(self.server)


@pytest.fixture
def echo():
    one = Echo()
    yield one.url
    one.server.shutdown()
    one.server.server_close()


def test_data_is_posted(echo, here):  # noqa: F811
    form = b'application/x-www-form-urlencoded'
    (here / 'body').write_bytes(b'a\r\nb\0c\n')
    assert get('-o', '-', '--data', 'a=b', echo)[0] == b'POST %b a=b' % form
    assert get('-o', '-', '--data', '', echo)[0] == b'POST %b ' % form
    assert get('-o', '-', '--data', f'@{here}/body', echo)[0] == b'POST %b a\r\nb\0c\n' % form
    done = run(CORONET, 'get', '-o', '-', '--data', '@-', '--method', 'PUT', '--header',
               'Content-Type: text/plain', echo, input=b'from stdin')
    assert done.stdout == b'PUT text/plain from stdin'
    get('--data', '@/no/such/file', echo, code=3)


@pytest.mark.parametrize('header, why', [
    ('no colon', 'is not "Name: value"'), ('A B: secret', 'is not "Name: value"'),
    ('A: secret\r\nB: b', 'is not "Name: value"'),
    ('Host: a.example', 'Host is a header that the client itself sets'),
    ('content-length: 5', 'content-length is a header that the client itself sets')])
def test_headers_that_are_not_to_be_given_are_named(echo, header, why):
    _, said = get('-o', '-', '--header', header, echo, code=2)
    assert why in said and 'secret' not in said


def fields_of(body):
    """Of a form, which Echo says after its method and type."""
    method, _, rest = body.partition(b' ')
    kind, _, content = rest.partition(b' --')
    message = email.message_from_bytes(
        b'Content-Type: ' + kind + b'\r\n\r\n--' + content, policy=email.policy.HTTP)
    assert method == b'POST' and message.get_content_type() == 'multipart/form-data'
    return [(part.get_param('name', header='content-disposition'), part.get_filename(),
             part.get_content_type(), part.get_payload(decode=True))
            for part in message.iter_parts()]


def test_a_form_is_sent_rfc7578(echo, here):  # noqa: F811
    (here / 'a "b".html').write_bytes(b'<p>\r\n\0\xff')
    done = run(CORONET, 'get', '-o', '-', '--form', 'one=a=b', '--form', f'two=@{here}/a "b".html',
               '--form', 'say "x"=', '--form', 'in=@-', echo, input=b'')
    assert fields_of(done.stdout) == [
        ('one', None, 'text/plain', b'a=b'),
        ('two', 'a %22b%22.html', 'text/html', b'<p>\r\n\0\xff'),
        ('say %22x%22', None, 'text/plain', b''), ('in', '-', 'application/octet-stream', b'')]
    for bad in ('', 'x', '=x'):
        get('--form', bad, echo, code=2)
    get('--form', 'a=b', '--data', 'x', echo, code=2)
    get('--form', 'a=b', '--head', echo, code=2)
    get('--form', 'a=@/no/such/file', echo, code=3)


def test_a_form_is_taken_by_our_own_server(server, folder, here):  # noqa: F811
    folder.chmod(0o777)
    (here / 'new.txt').write_text('of a form')
    get('-o', '-', '--form', f'file=@{here}/new.txt', server('-4', '--anonymous-write').url)
    assert (folder / 'new.txt').read_text() == 'of a form'


def test_methods_are_sent_as_they_are(echo, here):  # noqa: F811
    assert get('-o', '-', '--method', 'OPTIONS', echo)[0] == b'OPTIONS  '
    assert get('-o', '-', '--method', 'x-Own', echo)[0] == b'x-Own  '
    for bad in ('', 'a b', 'GET\r\nX: y', 'CONNECT'):
        get('-o', '-', '--method', bad, echo, code=2)


def test_redirections_keep_or_change_the_method_c12(scripted, here):  # noqa: F811
    def answer(head, nth):
        return whole(head.split()[0].encode()) if '/there' in head else \
            status(int(head.split()[1][1:]), 'Location: /there', 'Connection: close')
    one = scripted(answer)
    for number, method in ((301, b'GET'), (302, b'GET'), (303, b'GET')):
        assert get('-o', '-', '--data', '', f'{one.url}/{number}')[0] == method
    for number in (307, 308):
        assert get('-o', '-', '--data', '', f'{one.url}/{number}')[0] == b'POST'
    assert get('-o', '-', '--method', 'DELETE', f'{one.url}/301')[0] == b'DELETE'


def test_head_prints_heads(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: b'HTTP/1.1 404 Gone fishing\r\nContent-Length: 5\r\n\r\n'
                   if '/no' in head else b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n'
                   b'X: a\xc2\x9bb\r\n\r\n')
    out, _ = get('--head', f'{one.url}/a', f'{one.url}/b', cwd=here)
    assert out == b'HTTP/1.1 200 OK\nContent-Length: 5\nX: a\\xC2\\x9Bb\n\n' * 2
    assert one.heads[0].startswith('HEAD /a ') and not list(here.iterdir())
    out, _ = get('--head', f'{one.url}/no', cwd=here, code=8)
    assert out.startswith(b'HTTP/1.1 404 Gone fishing\n')
    assert get('--method', 'HEAD', f'{one.url}/a', cwd=here)[0].startswith(b'HTTP/1.1 200 OK')
    get('--head', '--data', 'x', f'{one.url}/a', cwd=here, code=2)


def part(head, nth):
    """Of ten bytes those that are asked for, or five that nobody has asked for."""
    first, last = map(int, (field(head, 'Range') or 'bytes=0-4')[len('bytes='):].split('-'))
    return whole(b'0123456789'[first:last + 1], f'Content-Range: bytes {first}-{last}/10',
                 'ETag: "one"').replace(b'200 OK', b'206 Partial Content')


@pytest.mark.parametrize('words', [('-o', '-'), ('-o', 'a'), ('--head',)])
def test_a_part_that_nobody_asked_for_is_no_file(scripted, here, words):  # noqa: F811
    out, said = get(*words, f'{scripted(part).url}/a', cwd=here, code=8)
    assert '206 Partial Content' in said and b'01234' not in out and not list(here.iterdir())


@pytest.mark.parametrize('range, length, code', [
    ('0-9/10', 10, 0), ('0-8/10', 9, 8), ('1-9/10', 9, 8), ('0-9/*', 10, 8), ('0-9/10', 9, 8)])
def test_a_part_that_is_all_of_it_is_the_file(
        scripted, here, range, length, code):  # noqa: F811
    """Of a server that answers everybody by 206."""
    one = scripted(lambda head, nth: b'HTTP/1.1 206 x\r\nContent-Range: bytes %s\r\n'
                   b'Content-Length: %d\r\n\r\n' % (range.encode(), length)
                   + b'0123456789'[:length])
    get(f'{one.url}/a', cwd=here, code=code)
    assert (here / 'a').exists() == (code == 0)
    assert (get('-o', '-', f'{one.url}/a', code=code)[0] == b'0123456789') == (code == 0)


def test_a_part_that_is_asked_for_is_got(scripted, here):  # noqa: F811
    one = scripted(part)
    for first, last in ((2, 5), (3, 6)):
        words = '-c', '-s', 2, '--header', f'range: bytes={first}-{last}', f'{one.url}/a'
        assert get(*words, '-o', '-')[0] == b'0123456789'[first:last + 1]
        get(*words, '-o', 'a', cwd=here)
        assert (here / 'a').read_bytes() == b'0123456789'[first:last + 1]


# ---- names --------------------------------------------------------------------------------------

def test_the_folder_is_made_where_it_is_missing(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: whole(b'x') if 'yes' in head else status(404))
    get('-P', here / 'new', f'{one.url}/yes')
    assert (here / 'new' / 'yes').read_bytes() == b'x'
    _, said = get('-P', here / 'none' / 'new', f'{one.url}/yes', code=3)
    assert 'none/new: no such file or directory' in said
    get('-P', here / 'empty', f'{one.url}/no', code=8)
    get('-o', here / 'other' / 'yes', f'{one.url}/yes', code=3)
    assert [path.name for path in here.iterdir()] == ['new']



def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('value, name', [
    ('attachment; filename="b c.txt"', 'b c.txt'),
    ("attachment; filename*=UTF-8''caf%C3%A9; filename=x", 'caf\u00e9'),
    ('attachment; filename="/tmp/../x"', 'x'),
    ('attachment', 'a')])
def test_the_server_may_name_the_file(scripted, here, value, name):  # noqa: F811
    one = scripted(lambda head, nth: whole(b'x', f'Content-Disposition: {value}'))
    get('--content-disposition', f'{one.url}/a', cwd=here)
    assert [path.name for path in here.iterdir()] == [name]
    get('--force', f'{one.url}/a', cwd=here)
    assert (here / 'a').exists()


@pytest.mark.parametrize('name', ['.bashrc', '..', '../.netrc', 'a/', '', 'x\\t.\\\\.hidden',
                                  'y' * 256])
def test_names_of_the_servers_that_are_unsafe_are_not_taken_c06(scripted, here, name):  # noqa: F811
    one = scripted(lambda head, nth: whole(b'x', f'Content-Disposition: a; filename="{name}"'))
    get('--content-disposition', f'{one.url}/a', cwd=here)
    assert [path.name for path in here.iterdir()] == ['a']


def test_a_name_of_the_servers_never_replaces_a_file_c06(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: whole(b'new', 'Content-Disposition: a; filename=Makefile'))
    (here / 'Makefile').write_text('old')
    get('--content-disposition', f'{one.url}/a', cwd=here, code=3)
    get('--content-disposition', '--force', f'{one.url}/a', cwd=here, code=3)
    assert (here / 'Makefile').read_text() == 'old' and len(list(here.iterdir())) == 1


@pytest.mark.parametrize('path', ['', '/', '/top/', '/top/?archive=zip', '/?a=/b'])
def test_where_the_url_has_no_name_the_servers_is_taken(scripted, here, path):  # noqa: F811
    said = ['Content-Disposition: attachment; filename="../top.zip"']
    one = scripted(lambda head, nth: whole(b'x', *said))
    get(f'{one.url}{path}', cwd=here)
    get('-c', f'{one.url}{path}', cwd=here, code=3)
    get('--force', f'{one.url}{path}', cwd=here, code=3)
    get('-o', 'mine', f'{one.url}{path}', cwd=here)
    assert names_in(here) == ['mine', 'top.zip']
    said[0] = 'Content-Disposition: attachment; filename=.hidden'
    get(f'{one.url}{path}', cwd=here)
    get('--force', f'{one.url}{path}', cwd=here)
    assert names_in(here) == ['index.html', 'mine', 'top.zip']


def test_where_neither_has_one_the_file_that_is_here_counts(scripted, here):  # noqa: F811
    said = ['Last-Modified: Wed, 14 Nov 2023 22:13:20 GMT']
    one = scripted(lambda head, nth: whole(b'' if head.startswith('HEAD') else b'x', *said)
                   .replace(b'Length: 0', b'Length: 1'))
    url = f'{one.url}/?a'
    get(url, cwd=here)
    _, told = get(url, cwd=here, code=3)
    assert 'index.html is here already' in told
    get('-c', url, cwd=here)
    get('--newer', url, cwd=here)
    said.append('Content-Disposition: attachment; filename=named')
    get('--newer', url, cwd=here)
    assert names_in(here) == ['index.html']
    get('-c', url, cwd=here)
    assert names_in(here) == ['index.html', 'named']


def test_a_named_file_goes_on_where_it_was_cut_off(scripted, here):  # noqa: F811
    lines = ('ETag: "one"', 'Content-Disposition: a; filename=named', 'Connection: close')

    def answer(head, nth):
        start = int((field(head, 'Range') or 'bytes=0-')[6:-1])
        if not start:
            return whole(CONTENT, *lines)[:400000 if nth == 1 else None]
        return b'\r\n'.join([
            b'HTTP/1.1 206 x', b'Content-Length: %d' % (len(CONTENT) - start),
            b'Content-Range: bytes %d-%d/%d' % (start, len(CONTENT) - 1, len(CONTENT)),
            *(line.encode() for line in lines), b'', CONTENT[start:]])
    one = scripted(answer)
    get('--content-disposition', f'{one.url}/a', cwd=here, code=9)
    get('--content-disposition', '-c', f'{one.url}/a', cwd=here)
    assert (here / 'named').read_bytes() == CONTENT and len(list(here.iterdir())) == 1
    assert any(field(head, 'Range') for head in one.heads)


# ---- what it must be ----------------------------------------------------------------------------

@pytest.mark.parametrize('kind', ['sha256', 'sha512', 'sha1', 'md5', 'SHA-256'])
def test_a_file_with_the_right_checksum_appears(scripted, here, kind):  # noqa: F811
    one = scripted(lambda head, nth: whole(CONTENT))
    digest = hashlib.new(kind.lower().replace('-', ''), CONTENT).hexdigest()
    get('--checksum', f'{kind}={digest}', f'{one.url}/a', cwd=here)
    get('--force', '--checksum', f'{kind}={digest.upper()}', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT


def test_a_file_with_a_wrong_one_does_not(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: whole(CONTENT, 'ETag: "one"'))
    digest = hashlib.sha256(CONTENT[1:]).hexdigest()
    (here / 'a').write_text('old')
    _, said = get('--force', '--checksum', f'sha256={digest}', f'{one.url}/a', cwd=here, code=11)
    assert hashlib.sha256(CONTENT).hexdigest() in said
    assert (here / 'a').read_text() == 'old' and not partials(here)


def test_a_checksum_is_of_the_whole_file_also_when_resumed(server, folder, here):  # noqa: F811
    (folder / 'a').write_bytes(CONTENT)
    os.utime(folder / 'a', (OLD_SECONDS, OLD_SECONDS))
    one = server('-4')
    get('--limit-rate', '200K', '--max-time', '1.5', f'{one.url}a', cwd=here, code=10)
    assert partials(here)
    digest = hashlib.sha256(CONTENT).hexdigest()
    get('-c', '--checksum', f'sha256={digest}', f'{one.url}a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT


def test_checksums_that_are_none_are_usage(here):  # noqa: F811
    right = 'md5=' + '0' * 32
    for words in (['sha256=' + '0' * 63], ['sha256=' + 'g' * 64], ['crc32=00000000'], ['md5'],
                  [right, 'http://127.0.0.1:1/b'], [right, '-o', '-'], [right, '--head']):
        get('--checksum', *words, 'http://127.0.0.1:1/a', cwd=here, code=2)


# ---- times --------------------------------------------------------------------------------------

@pytest.mark.parametrize('zone', ['GMT', 'UTC', '-0000'])
def test_a_file_has_the_time_that_the_server_says(scripted, here, zone):  # noqa: F811
    """Also one whose library writes dates for mail, or UTC in clear (RFC 9110 5.6.7)."""
    date = OLD.replace('GMT', zone)
    one = scripted(lambda head, nth: whole(b'x', f'Last-Modified: {date}') if '/a' in head else
                   whole(b'x', 'Last-Modified: yesterday'))
    get(f'{one.url}/a', f'{one.url}/b', cwd=here)
    assert (here / 'a').stat().st_mtime == OLD_SECONDS
    assert abs((here / 'b').stat().st_mtime - time.time()) < PATIENCE


@pytest.mark.parametrize('knows', [True, False])
def test_newer_gets_what_is_newer_alone(scripted, here, knows):  # noqa: F811
    state = {'content': b'old', 'date': OLD}

    def answer(head, nth):
        if knows and field(head, 'If-Modified-Since') == state['date']:
            return b'HTTP/1.1 304 x\r\n\r\n'
        return whole(state['content'], f'Last-Modified: {state["date"]}')
    one = scripted(answer)
    words = ('--json', '--newer', f'{one.url}/a')
    assert json.loads(get(*words, cwd=here)[0])['event'] == 'done'
    assert field(one.heads[0], 'If-Modified-Since') is None
    assert json.loads(get(*words, cwd=here)[0])['event'] == 'unchanged'
    assert field(one.heads[1], 'If-Modified-Since') == OLD
    state.update(content=b'new', date=NEW)
    assert json.loads(get(*words, cwd=here)[0])['event'] == 'done'
    assert (here / 'a').read_bytes() == b'new'
    get('--newer', '-o', '-', f'{one.url}/a', cwd=here, code=2)


def test_a_304_that_nobody_asked_for_is_no_file(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: b'HTTP/1.1 304 x\r\n\r\n')
    get(f'{one.url}/a', cwd=here, code=8)
    get('--newer', f'{one.url}/a', cwd=here, code=8)
    assert not list(here.iterdir())


# ---- what is whole already ----------------------------------------------------------------------

class Dated:
    """A file and its time; HEAD may be refused."""

    content, lines, head = b'here', (f'Last-Modified: {OLD}',), None

    def answer(self, head, nth):
        reply = whole(self.content, *self.lines)
        if head.startswith('HEAD'):
            return self.head or reply[:len(reply) - len(self.content)]
        return reply


def verbs(one):
    return [head.split()[0] for head in one.heads]


@pytest.mark.parametrize('words', [(), ('-o', 'a'), ('-s', '4')])
def test_what_is_whole_already_is_not_got_again(scripted, here, words):  # noqa: F811
    one = scripted(Dated().answer)
    get('-c', f'{one.url}/a', *words, cwd=here)
    assert verbs(one) == ['GET']
    told, _ = get('-c', '--json', f'{one.url}/a', *words, cwd=here)
    assert json.loads(told)['event'] == 'unchanged' and verbs(one) == ['GET', 'HEAD']
    get(f'{one.url}/a', cwd=here, code=3)


@pytest.mark.parametrize('other', [
    {'content': b'else!'}, {'lines': (f'Last-Modified: {NEW}',)}, {'lines': ('ETag: "one"',)},
    {'lines': (f'Last-Modified: {OLD}', 'Content-Encoding: gzip')},
    {'head': b'HTTP/1.1 405 x\r\nContent-Length: 0\r\n\r\n'}])
def test_what_may_be_another_file_is_in_the_way(scripted, here, other):  # noqa: F811
    """Of the other size or time, or without any: nothing shows that it is the same."""
    file = Dated()
    one = scripted(file.answer)
    get(f'{one.url}/a', cwd=here)
    for name, value in other.items():
        setattr(file, name, value)
    _, said = get('-c', f'{one.url}/a', cwd=here, code=3)
    assert '--force' in said and (here / 'a').read_bytes() == b'here'
    assert verbs(one) == ['GET', 'HEAD']
    get('-c', '--force', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content


def test_whether_it_is_whole_is_asked_again(scripted, here):  # noqa: F811
    file = Dated()
    one = scripted(file.answer)
    get(f'{one.url}/a', cwd=here)
    file.head = b'HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n'
    get('-c', f'{one.url}/a', cwd=here, code=8)
    assert verbs(one) == ['GET', 'HEAD']


@pytest.mark.parametrize('words', [
    ('-o', 'a', '--checksum', 'md5=' + hashlib.md5(Dated.content).hexdigest()), ('--force',)])
def test_a_whole_file_is_got_where_more_is_wanted(scripted, here, words):  # noqa: F811
    """Its time and size prove less than its checksum, and may be wrong."""
    one = scripted(Dated().answer)
    get(f'{one.url}/a', cwd=here)
    (here / 'a').write_bytes(Dated.content[::-1])
    os.utime(here / 'a', (OLD_SECONDS, OLD_SECONDS))
    get('-c', *words, f'{one.url}/a', cwd=here)
    assert verbs(one) == ['GET', 'GET'] and (here / 'a').read_bytes() == Dated.content


# ---- how many at once ---------------------------------------------------------------------------

def test_per_host_limits_each_host(scripted, here):  # noqa: F811
    lock, at_work, most = threading.Lock(), [0], [0]
    both = threading.Barrier(2)

    def answer(head, nth):
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        if '/pair' in head:
            both.wait(timeout=PATIENCE)  # two of them are always at work
        with lock:
            at_work[0] -= 1
        return whole(b'x')
    one, two = scripted(answer), scripted(lambda head, nth: whole(b'y'))
    urls = [f'{one.url}/pair{i}' for i in range(8)] + [f'{two.url}/other{i}' for i in range(8)]
    get('--jobs', 8, '--per-host', 2, '--no-sync', *urls, cwd=here)
    assert most[0] == 2 and len(list(here.iterdir())) == 16


# ---- again and again ----------------------------------------------------------------------------

@pytest.mark.parametrize('number', [408, 429, 500, 502, 503, 504])
def test_it_comes_back_when_the_server_says(scripted, here, number):  # noqa: F811
    one = scripted(lambda head, nth: status(number, 'Retry-After: 0') if nth == 1 else whole(b'x'))
    said = tries(f'{one.url}/a', cwd=here)
    assert said.count('trying again in 0.0 s') == 1 and (here / 'a').exists()


def test_a_date_counts_from_the_servers_clock(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: status(
        503, f'Date: {NEW}', f'Retry-After: {NEW}') if nth == 1 else whole(b'x'))
    assert 'trying again in 0.0 s' in tries(f'{one.url}/a', cwd=here)


@pytest.mark.parametrize('lines', [('Retry-After: 301',), ('Retry-After: 9999999999999',)])
def test_a_pause_that_is_too_long_is_not_waited_for(scripted, here, lines):  # noqa: F811
    one = scripted(lambda head, nth: status(503, *lines))
    assert 'again' not in tries(f'{one.url}/a', cwd=here, code=8)
    assert len(one.heads) == 1


def test_nor_one_beyond_all_the_time_there_is(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: status(503, 'Retry-After: 60'))
    assert 'again' not in tries('--max-time', 30, f'{one.url}/a', cwd=here, code=8)


@pytest.mark.parametrize('number', [400, 403, 404, 410, 500, 501])
def test_what_is_for_good_is_not_tried_again(scripted, here, number):  # noqa: F811
    one = scripted(lambda head, nth: status(number))
    tries(f'{one.url}/a', cwd=here, code=8)
    assert len(one.heads) == 1


def test_what_is_sent_is_sent_once_c12(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: b'' if '/cut' in head else status(503, 'Retry-After: 0'))
    for path, code in (('/cut', 9), ('/busy', 8)):
        tries('--data', 'x', one.url + path, cwd=here, code=code)
    assert len(one.heads) == 2
    tries('--data', 'x', '--method', 'PUT', '--retries', 2, f'{one.url}/busy', cwd=here, code=8)
    assert len(one.heads) == 5


def test_to_standard_output_only_what_has_not_begun_is_tried_again(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: status(503, 'Retry-After: 0') if nth == 1 else
                   whole(b'hello', 'Connection: close')[:-2])
    tries('-o', '-', f'{one.url}/a', cwd=here, code=9)
    assert len(one.heads) == 2


# ---- what is said -------------------------------------------------------------------------------

def test_json_says_how_each_file_ended(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: status(404) if '/no' in head else
                   status(503, 'Retry-After: 0') if nth == 1 else whole(b'hello'))
    out = run(CORONET, 'get', '--json', f'{one.url}/a', cwd=here).stdout
    line = json.loads(out)
    assert line.pop('seconds') >= 0
    assert line == {'event': 'done', 'url': f'{one.url}/a', 'file': 'a', 'status': 200, 'bytes': 5,
                    'resumed': 0, 'tries': 2}
    line = json.loads(get('--json', f'{one.url}/no', cwd=here, code=8)[0])
    assert (line['event'], line['status'], line['code']) == ('failed', 404, 8)
    assert '404' in line['error']


# ---- URLs ---------------------------------------------------------------------------------------

def test_what_is_typed_is_understood(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: whole(b'x'))
    place = one.url[len('http://'):]
    get(f'{place}/caf\u00e9 au lait?q=a b#part', f'  {one.url}/a/../b  ', cwd=here)
    assert sorted(head.split()[1] for head in one.heads) == [
        '/b', '/caf%C3%A9%20au%20lait?q=a%20b']
    assert sorted(path.name for path in here.iterdir()) == ['b', 'caf\u00e9 au lait']


@pytest.mark.parametrize('url, why', [
    ('http://h\\@g/', 'backslash'), ('http://a@b@h/', 'more than one @'),
    ('http://h\tg/', 'control'), ('http://0x7f.1/', 'number'), ('http://2130706433/', 'number'),
    ('http://[fe80::1%25eth0]/', 'IPv6'), ('http://h%2Fg/', 'no name'), ('http://h:99999/', 'port'),
    ('http://h\uff0fg/', 'no name'), ('mailto:a@h', '//'), ('gopher://h/', 'http://')])
def test_urls_that_are_read_differently_are_refused_c09(here, url, why):  # noqa: F811
    _, said = get(url, cwd=here, code=2)
    assert why in said


def test_names_beyond_ascii_are_looked_up_in_their_ascii_form_c10(scripted, here):  # noqa: F811
    """Everything below localhost is this machine (RFC 6761 6.3)."""
    one = scripted(lambda head, nth: whole(b'x') if nth > 1 else status(
        302, 'Location: http://stra\u00dfe.localhost:' + one.url.rpartition(':')[2] + '/there'))
    get('-o', '-', one.url.replace('127.0.0.1', 'b\u00fccher.localhost'))
    assert [field(head, 'Host').partition(':')[0] for head in one.heads] == [
        'xn--bcher-kva.localhost', 'xn--strae-oqa.localhost']
