# SPDX-License-Identifier: MIT
"""What goes along where a redirection leads to another place: the question, and not who asks."""

import os

import pytest

from conftest import CORONET, run
from test_get import field, get, partials, scripted, whole  # noqa: F401 (fixtures)

CONTENT = os.urandom(300_000)


def away(there):
    return lambda head, nth: (f'HTTP/1.1 307 x\r\nLocation: {there.url}{head.split()[1]}\r\n'
                              'Content-Length: 0\r\n\r\n').encode()


def test_the_question_goes_along(scripted):  # noqa: F811
    there = scripted(lambda head, nth: whole(b'x'))
    one = scripted(away(there))
    asked = {'Accept': 'text/x', 'Accept-Language': 'de', 'Range': 'bytes=0-', 'If-Range': '"a"',
             'If-None-Match': '"b"', 'If-Modified-Since': 'Sat, 28 Nov 2026 00:00:00 GMT'}
    secret = {'Cookie': 'a=b', 'X-Key': 'c', 'Authorization': 'Basic x'}
    words = [word for name, value in (asked | secret).items()
             for word in ('--header', f'{name}: {value}')]
    get(*words, '-o', '-', f'{one.url}/')
    assert {name: field(there.heads[0], name) for name in asked} == asked
    assert all(field(there.heads[0], name) is None for name in secret)


def ranged(head, nth):
    lines = ('ETag: "one"', 'Accept-Ranges: bytes')
    value = field(head, 'Range')
    if not value or field(head, 'If-Range') != '"one"':
        all_of_it = whole(CONTENT, *lines, 'Connection: close')
        return all_of_it if nth > 1 else all_of_it[:-150_000]
    first = int(value[len('bytes='):].split('-')[0])
    last = int(value.split('-')[1] or len(CONTENT) - 1)
    part = whole(CONTENT[first:last + 1], *lines,
                 f'Content-Range: bytes {first}-{last}/{len(CONTENT)}')
    return part.replace(b'200 OK', b'206 Partial Content')


def test_what_was_cut_off_goes_on_behind_a_redirection(scripted, here):  # noqa: F811
    there = scripted(ranged)
    one = scripted(away(there))
    get(f'{one.url}/a', cwd=here, code=9)
    assert partials(here)
    get('-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT
    assert field(there.heads[-1], 'Range') and field(there.heads[-1], 'If-Range') == '"one"'


def test_segments_come_from_behind_a_redirection(scripted, here):  # noqa: F811
    there = scripted(lambda head, nth: ranged(head, 2))
    one = scripted(away(there))
    get('--segments', 2, f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT


def test_newer_is_asked_behind_a_redirection(scripted, here):  # noqa: F811
    there = scripted(lambda head, nth: b'HTTP/1.1 304 x\r\n\r\n' if field(
        head, 'If-Modified-Since') else whole(b'x'))
    one = scripted(away(there))
    (here / 'a').write_text('old')
    get('--newer', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_text() == 'old'


@pytest.mark.parametrize('more', ['', 'Connection: x, close\r\n'])
def test_a_body_that_only_the_connection_ends_is_not_waited_for(scripted, more):  # noqa: F811
    there = scripted(lambda head, nth: whole(b'x'))
    one = scripted(lambda head, nth: (f'HTTP/1.1 302 x\r\nLocation: {there.url}/\r\n{more}'
                                      'X: no Content-Length, it stays open\r\n\r\nmoved'
                                      ).encode())
    assert get('--timeout', 600, '--max-time', 20, '-o', '-', f'{one.url}/')[0] == b'x'


def test_an_empty_location_leads_nowhere(scripted):  # noqa: F811
    one = scripted(lambda head, nth: b'HTTP/1.1 302 x\r\nLocation:\r\nContent-Length: 0\r\n\r\n')
    get('-o', '-', f'{one.url}/', code=8)
    assert len(one.heads) == 1


@pytest.mark.parametrize('status, told', [(307, 'text/x'), (303, None)])
def test_what_is_said_of_a_body_goes_with_it(scripted, status, told):  # noqa: F811
    there = scripted(lambda head, nth: whole(b'x', 'Connection: close'))
    one = scripted(lambda head, nth: (f'HTTP/1.1 {status} x\r\nLocation: {there.url}\r\n'
                                      'Content-Length: 0\r\nConnection: close\r\n\r\n').encode())
    get('--data', 'x', '--header', 'Content-Type: text/x', '-o', '-', f'{one.url}/')
    assert field(there.heads[0], 'Content-Type') == told


def test_a_part_that_is_sent_stays_a_part(scripted, here):  # noqa: F811
    """Without its Content-Range the rest of a file would become the file."""
    there = scripted(lambda head, nth: b'HTTP/1.1 201 x\r\nContent-Length: 0\r\n'
                     b'Connection: close\r\n\r\n')

    def answer(head, nth):
        if head.startswith('HEAD '):
            version = field(head, 'Upload-Version')
            return (f'HTTP/1.1 404 x\r\nUpload-Version: {version}\r\nUpload-Offset: 4\r\n'
                    'Content-Length: 0\r\n\r\n').encode()
        return away(there)(head, nth)
    one = scripted(answer)
    (here / 'a').write_text('content')
    run(CORONET, 'put', '--retries', 0, '-c', here / 'a', f'{one.url}/')
    assert field(there.heads[0], 'Content-Range') == 'bytes 4-6/7'
    assert field(there.heads[0], 'Content-Length') == '3'
