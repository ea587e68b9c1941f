# SPDX-License-Identifier: MIT
"""`coronet get -c`: what was cut off goes on, and bytes of two versions are never spliced."""

import os
import signal
import subprocess
import threading

import pytest

from conftest import CORONET, PATIENCE, Process, eventually
from test_get import CONTENT, Versions, field, get, partials, scripted, whole  # noqa: F401


def dated(time):
    return (f'Last-Modified: Sat, 01 Jan 2022 {time} GMT\r\n'
            'Date: Sat, 01 Jan 2022 01:00:00 GMT')


@pytest.mark.parametrize('lines', [
    (), ('Content-Encoding: identity',), ('Content-Encoding: None', 'Content-Encoding:')])
def test_what_was_cut_off_goes_on(scripted, here, lines):  # noqa: F811
    file = Versions('ETag: "one"', *lines)
    one = scripted(file.answer)
    file.cut = 400000
    _, said = get(f'{one.url}/a', cwd=here, code=9)
    assert 'before all data' in said
    assert not (here / 'a').exists() and len(partials(here)) == 1
    file.cut = None
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT and not partials(here)
    assert int(field(one.heads[-1], 'Range')[6:-1]) > 300000
    assert field(one.heads[-1], 'If-Range') == '"one"'


@pytest.mark.parametrize('old, new', [
    ('ETag: "one"', 'ETag: "two"'),
    ('ETag: W/"one"', 'ETag: W/"one"'),
    ('X: y', 'X: y'),
    ('Last-Modified: Sat, 01 Jan 2022 00:00:00 GMT\r\nDate: Sat, 01 Jan 2022 00:00:09 GMT',
     'Last-Modified: Sat, 01 Jan 2022 00:00:00 GMT\r\nDate: Sat, 01 Jan 2022 00:00:09 GMT'),
    (dated('00:00:00'), dated('00:00:01'))])
def test_versions_are_never_spliced(scripted, here, old, new):  # noqa: F811
    file = Versions(old)
    one = scripted(file.answer)
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut, file.content, file.lines = None, CONTENT[::-1], (new,)
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT[::-1]
    assert not any(field(head, 'Range') for head in one.heads)


@pytest.mark.parametrize('lie', [
    b'HTTP/1.1 206 x\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nxxxxx',
    b'HTTP/1.1 206 x\r\nContent-Length: 5\r\n\r\nxxxxx',
    b'HTTP/1.1 416 x\r\nContent-Length: 0\r\n\r\n'])
def test_a_rest_that_does_not_fit_is_not_taken(scripted, here, lie):  # noqa: F811
    file = Versions('ETag: "one"')
    one = scripted(lambda head, nth: lie if field(head, 'Range') else file.answer(head, nth))
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut = None
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT


def cut_and_gone_on(file, one, here):
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut = None
    get('-c', f'{one.url}/a', cwd=here)


@pytest.mark.parametrize('old, new', [
    (dated('00:00:00'), dated('00:00:01')), ('ETag: "one"', 'X: y'),
    ('ETag: "one"', 'ETag: "two"'), ('ETag: "one"', 'ETag: W/"one"')])
def test_a_rest_that_does_not_show_its_version_is_not_taken(scripted, here, old, new):  # noqa: F811
    """Of a server that does not know If-Range, or of another mirror."""
    file = Versions(old)

    def answer(head, nth):
        if field(head, 'Range'):
            file.content, file.lines = CONTENT[::-1], (new,)
        return file.answer(head.replace('If-Range', 'X'), nth)
    one = scripted(answer)
    cut_and_gone_on(file, one, here)
    assert (here / 'a').read_bytes() == CONTENT[::-1]
    assert any(field(head, 'Range') for head in one.heads)


def test_a_rest_need_not_repeat_the_date(scripted, here):  # noqa: F811
    file = Versions(dated('00:00:00'))

    def answer(head, nth):
        if field(head, 'Range'):
            file.lines = ()
        return file.answer(head.replace('If-Range', 'X'), nth)
    one = scripted(answer)
    cut_and_gone_on(file, one, here)
    assert (here / 'a').read_bytes() == CONTENT
    assert field(one.heads[-1], 'Range')


def rest_of(content, head, lines, body):
    first = int(field(head, 'Range')[6:-1])
    return b'\r\n'.join([
        b'HTTP/1.1 206 x', b'Connection: close', b'ETag: "one"',
        b'Content-Range: bytes %d-%d/%d' % (first, len(content) - 1, len(content)),
        *lines, b'', body(content[first:])])


@pytest.mark.parametrize('framed', [True, False])
def test_a_rest_that_is_shorter_than_it_says_is_gone_on_from(scripted, here, framed):  # noqa: F811
    """Its Content-Length, or the connection's end, agrees with what came; its Content-Range does
    not (RFC 9110 14.4)."""
    file = Versions('ETag: "one"')
    length = [b'Content-Length: 1000'] if framed else []
    one = scripted(lambda head, nth: rest_of(CONTENT, head, length, lambda rest: rest[:1000])
                   if nth == 3 else file.answer(head, nth))
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut = None
    begun = partials(here)[0].stat().st_size
    _, said = get('-c', f'{one.url}/a', cwd=here, code=9)
    assert 'before all data' in said and not (here / 'a').exists()
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT
    assert field(one.heads[-1], 'Range') == f'bytes={begun + 1000}-'


def test_a_rest_that_is_longer_than_it_says_is_no_file(scripted, here):  # noqa: F811
    file = Versions('ETag: "one"')
    one = scripted(lambda head, nth: rest_of(CONTENT, head, [], lambda rest: rest + b'more')
                   if nth == 3 else file.answer(head, nth))
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut = None
    _, said = get('-c', f'{one.url}/a', cwd=here, code=7)
    assert 'kept' not in said and not list(here.iterdir())
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT


class Refusing(Versions):
    """Requests for a rest have this answer, if any."""

    refusal = None

    def answer(self, head, nth):
        return self.refusal if self.refusal and field(head, 'Range') else super().answer(head, nth)


def refusal_of(status, *lines):
    return '\r\n'.join([f'HTTP/1.1 {status} x', *lines, 'Content-Length: 0', '', '']).encode()


@pytest.mark.parametrize('status', [429, 500, 503])
def test_a_failure_of_the_moment_keeps_what_there_is(scripted, here, status):  # noqa: F811
    file = Refusing('ETag: "one"')
    one = scripted(file.answer)
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    before = [path.stat().st_size for path in partials(here)]
    file.cut, file.refusal = None, refusal_of(status)
    _, said = get('-c', f'{one.url}/a', cwd=here, code=8)
    assert str(status) in said and 'are kept' in said
    assert [path.stat().st_size for path in partials(here)] == before
    file.refusal = None
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT
    assert field(one.heads[-1], 'Range') == f'bytes={before[0]}-'


def test_the_rest_is_asked_for_again_when_the_server_says(scripted, here):  # noqa: F811
    """500 is tried again only if the server says when."""
    file = Refusing('ETag: "one"')
    one = scripted(lambda head, nth: refusal_of(500, 'Retry-After: 0')
                   if field(head, 'Range') and nth < 4 else file.answer(head, nth))
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut = None
    get('--retries', 1, '-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT
    assert len(one.heads) == 5 and field(one.heads[-1], 'Range')


@pytest.mark.parametrize('status', [400, 403, 416])
def test_who_gives_no_rest_is_asked_for_the_whole(scripted, here, status):  # noqa: F811
    file = Refusing('ETag: "one"')
    one = scripted(file.answer)
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut, file.refusal = None, refusal_of(status)
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT


def test_the_rest_is_asked_for_when_no_other_response_is_open(scripted, here):  # noqa: F811
    """There are servers that let each client have one connection."""
    file, ended, alone = Versions('ETag: "one"'), threading.Event(), []
    file.content = CONTENT * 16  # more than sockets hold

    def answer(head, nth):
        if field(head, 'Range'):
            alone.append(ended.wait(PATIENCE))
        return file.answer(head, nth)
    one = scripted(answer)
    file.cut = 400000
    get(f'{one.url}/a', cwd=here, code=9)
    file.cut, end = None, one.server.shutdown_request
    one.server.shutdown_request = lambda request: (ended.set(), end(request))
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == file.content and alone == [True]


def test_a_change_between_the_two_requests_is_seen(scripted, here):  # noqa: F811
    file = Versions('ETag: "one"')

    def answer(head, nth):
        if field(head, 'Range'):
            file.content, file.lines = CONTENT[::-1], ('ETag: "two"',)
        return file.answer(head, nth)
    one = scripted(answer)
    cut_and_gone_on(file, one, here)
    content = (here / 'a').read_bytes()
    assert content in (CONTENT, CONTENT[::-1])


def test_killed_at_any_point_it_goes_on_rightly(server, folder, here):
    content = os.urandom(8 << 20)
    (folder / 'large').write_bytes(content)
    one = server('-4')
    for i in range(5):
        process = subprocess.Popen([CORONET, 'get', '-c', '--limit-rate', '4M',
                                    *(['--no-sync'] if i % 2 else []), f'{one.url}large'],
                                   cwd=here, stderr=subprocess.PIPE)
        before = sum(path.stat().st_size for path in partials(here))
        eventually(lambda: process.poll() is not None or
                   sum(path.stat().st_size for path in partials(here)) > before + 100000)
        process.kill()
        process.wait(timeout=PATIENCE)
    get('-c', f'{one.url}large', cwd=here)
    assert (here / 'large').read_bytes() == content


def test_an_interrupt_leaves_a_partial_and_says_so_by_its_code(server, folder, here):
    (folder / 'large').write_bytes(bytes(8 << 20))
    one = server('-4')
    process = Process(CORONET, 'get', '--limit-rate', '1M', f'{one.url}large', cwd=here,
                      stdout=subprocess.DEVNULL)
    eventually(lambda: partials(here) and partials(here)[0].stat().st_size > 0)
    process.signal(signal.SIGINT)
    assert process.wait() == 130
    assert partials(here) and not (here / 'large').exists()
