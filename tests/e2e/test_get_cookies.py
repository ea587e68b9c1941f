# SPDX-License-Identifier: MIT
"""The cookies of `coronet get`: taken and told, kept in a file that curl and Python read and write,
and never told to whom they are not for."""

import http.cookiejar
import os
import stat

import pytest

from conftest import run
from test_get import field, get, scripted, whole  # noqa: F401 (fixtures)


def cookies_of(head):
    return (field(head, 'Cookie') or '').split('; ')


def test_there_are_none_unless_asked_for(scripted):
    one = scripted(lambda head, nth: whole(b'x', 'Set-Cookie: a=1'))
    get('-o', '-', '--jobs', 1, f'{one.url}/', f'{one.url}/')
    assert all(field(head, 'Cookie') is None for head in one.heads)


def test_what_is_set_is_told_in_order_also_by_redirections(scripted):
    def answer(head, nth):
        if '/in' in head:
            return (b'HTTP/1.1 302 x\r\nLocation: /a/b/c\r\nContent-Length: 0\r\n'
                    b'Set-Cookie: one=1; Path=/\r\nSet-Cookie: two=2; Path=/a/b\r\n'
                    b'Set-Cookie: other=3; Path=/x\r\nSet-Cookie: safe=4; Secure\r\n\r\n')
        return whole(b'x')
    one = scripted(answer)
    get('--cookies', '-o', '-', f'{one.url}/in', f'{one.url}/a/bc')
    assert [cookies_of(head) for head in one.heads] == [[''], ['two=2', 'one=1'], ['one=1']]


def test_a_header_of_the_callers_stands_instead(scripted):
    there = scripted(lambda head, nth: whole(b'x'))
    one = scripted(lambda head, nth: f'HTTP/1.1 302 x\r\nLocation: {there.url}/\r\n'
                   'Set-Cookie: a=1\r\nContent-Length: 0\r\n\r\n'.encode())
    get('--cookies', '--header', 'Cookie: mine=2', '-o', '-', f'{one.url}/')
    assert field(one.heads[0], 'Cookie') == 'mine=2'
    assert field(there.heads[0], 'Cookie') == 'a=1'  # a host's cookies are for all its ports


def test_a_jar_is_kept_between_runs(scripted, here):
    one = scripted(lambda head, nth: whole(
        b'x', 'Set-Cookie: long=1; Max-Age=1000; HttpOnly', 'Set-Cookie: short=2',
        'Set-Cookie: gone=3; Max-Age=0') if nth == 1 else whole(b'x'))
    jar = here / 'jar'
    get('--cookie-jar', jar, '-o', '-', f'{one.url}/')
    assert stat.S_IMODE(jar.stat().st_mode) == 0o600
    lines = [line.split('\t') for line in jar.read_text().splitlines() if line.count('\t') == 6]
    assert [(line[0], line[1], line[2], line[3], line[5], line[6]) for line in lines] == [
        ('#HttpOnly_127.0.0.1', 'FALSE', '/', 'FALSE', 'long', '1'),
        ('127.0.0.1', 'FALSE', '/', 'FALSE', 'short', '2')]
    assert int(lines[0][4]) > 0 and lines[1][4] == '0'
    get('--cookie-jar', jar, '-o', '-', f'{one.url}/')
    assert cookies_of(one.heads[1]) == ['long=1', 'short=2']
    assert [path.name for path in here.iterdir()] == ['jar']


def test_jars_are_curls_jars(scripted, here):
    one = scripted(lambda head, nth: whole(
        b'x', f'Set-Cookie: c{nth}={nth}; Max-Age=1000; Path=/p',
        f'Set-Cookie: h{nth}=v; HttpOnly') if nth <= 2 else whole(b'x'))
    jar = here / 'jar'
    url = f'{one.url}/p/q'
    run('curl', '-s', '-b', jar, '-c', jar, url)
    get('--cookie-jar', jar, '-o', '-', url)
    run('curl', '-s', '-b', jar, '-c', jar, url)
    get('--cookie-jar', jar, '-o', '-', url)
    told = [sorted(cookies_of(head)) for head in one.heads]
    assert told == [[''], ['c1=1', 'h1=v'], ['c1=1', 'c2=2', 'h1=v', 'h2=v'],
                    ['c1=1', 'c2=2', 'h1=v', 'h2=v']]


def test_pythons_jar_reads_and_writes_them(scripted, here):
    one = scripted(lambda head, nth: whole(b'x', 'Set-Cookie: a="b c"; Max-Age=1000'))
    jar = here / 'jar'
    get('--cookie-jar', jar, '-o', '-', f'{one.url}/')
    theirs = http.cookiejar.MozillaCookieJar(jar)
    theirs.load()
    assert [(cookie.name, cookie.value, cookie.domain) for cookie in theirs] == [
        ('a', '"b c"', '127.0.0.1')]
    theirs.save()
    get('--cookie-jar', jar, '-o', '-', f'{one.url}/')
    assert field(one.heads[1], 'Cookie') == 'a="b c"'


def test_a_link_to_a_jar_stays_one(scripted, here):
    one = scripted(lambda head, nth: whole(b'x', 'Set-Cookie: a=1'))
    (here / 'real').write_text('')
    (here / 'jar').symlink_to('real')
    get('--cookie-jar', here / 'jar', '-o', '-', f'{one.url}/')
    assert (here / 'jar').is_symlink() and 'a\t1' in (here / 'real').read_text()


@pytest.mark.parametrize('line', [
    '127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tb\x01c', '127.0.0.1\tFALSE\t/\tFALSE\tx\ta\tb',
    '.\tTRUE\t/\tFALSE\t0\ta\tb', '127.0.0.1 FALSE / FALSE 0 a b', '\t\t\t\t\t\t',
    '127.0.0.1\tFALSE\t/\tTRUE\t0\ta\tb', '127.0.0.1\tFALSE\t/\tFALSE\t1\ta\tb',
    '127.0.0.1\tFALSE\t/\tFALSE\t0\t__Host-a\tb', '.0.0.1\tTRUE\t/\tFALSE\t0\ta\tb',
    '127.0.0.1\tFALSE\t/x\tFALSE\t0\ta\tb', '127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t' + 'b' * 5000])
def test_lines_that_are_not_for_us_are_passed_over(scripted, here, line):
    one = scripted(lambda head, nth: whole(b'x'))
    (here / 'jar').write_text(f'{line}\n127.0.0.1\tFALSE\t/\tFALSE\t0\tgood\t1\n')
    get('--cookie-jar', here / 'jar', '-o', '-', f'{one.url}/')
    assert cookies_of(one.heads[0]) == ['good=1']


def test_jars_that_cannot_be_used(scripted, here):
    one = scripted(lambda head, nth: whole(b'x', 'Set-Cookie: a=1'))
    get('--cookie-jar', here, '-o', '-', f'{one.url}/', code=3)
    assert not one.heads
    _, said = get('--cookie-jar', here / 'none' / 'jar', '-o', '-', f'{one.url}/', code=3)
    assert 'jar' in said and len(one.heads) == 1
    os.mkfifo(here / 'pipe')
    get('--cookie-jar', here / 'pipe', '-o', '-', f'{one.url}/', code=3)


@pytest.mark.parametrize('option', ['--cookie-jar', '--hsts'])
@pytest.mark.parametrize('text', ['[{"name": "a", "value": "b"}]\n', 'a\nb\n',
                                  '\n\nSet-Cookie: a=b\n', '#!/bin/sh\nexit\n'])
def test_files_of_another_kind_stay_what_they_are(scripted, here, option, text):
    one = scripted(lambda head, nth: whole(b'x', 'Set-Cookie: a=1; Max-Age=9'))
    (here / 'file').write_text(text)
    _, said = get(option, here / 'file', '-o', '-', f'{one.url}/', code=2)
    assert 'file: it is no file of ' in said and not one.heads
    assert (here / 'file').read_text() == text


@pytest.mark.parametrize('option', ['--cookie-jar', '--hsts'])
@pytest.mark.parametrize('text', ['', '\n', '# nothing yet\n'])
def test_files_without_an_entry_are_a_beginning(scripted, here, option, text):
    one = scripted(lambda head, nth: whole(b'x', 'Set-Cookie: a=1; Max-Age=9'))
    (here / 'file').write_text(text)
    get(option, here / 'file', '-o', '-', f'{one.url}/')
    assert ('\ta\t1' in (here / 'file').read_text()) == (option == '--cookie-jar')


def test_a_huge_cookie_costs_its_response_alone_c03(scripted, here):
    def answer(head, nth):
        size = 1 << 20 if '/huge' in head else 5000
        return whole(b'x', 'Set-Cookie: a=' + 'b' * size, 'Set-Cookie: c=1')
    one = scripted(answer)
    _, said = get('--cookies', '--jobs', 1, '-P', here, f'{one.url}/huge', f'{one.url}/large',
                  f'{one.url}/end', code=9)
    assert 'larger than the limit' in said
    assert field(one.heads[-1], 'Cookie') == 'c=1'


def test_many_cookies_never_make_a_request_too_large_c03(scripted):
    one = scripted(lambda head, nth: whole(b'x', *(
        f'Set-Cookie: c{nth}x{i}=' + 'v' * 200 for i in range(200))))
    get('--cookies', '-o', '-', *(f'{one.url}/' for _ in range(5)))
    assert all(len(field(head, 'Cookie') or '') <= 8192 for head in one.heads)
    assert len(field(one.heads[-1], 'Cookie')) > 7000


def test_what_others_set_meanwhile_stays(scripted, here):
    """Two runs with one jar: while the first waits, the second sets, changes and removes."""
    (here / 'jar').write_text(''.join(
        f'127.0.0.1\tFALSE\t/\tFALSE\t2524608000\t{name}\t{value}\n'
        for name, value in (('a', 'old'), ('b', 'old'), ('c', 'old'), ('d', 'old'), ('e', 'old'))))

    def cookies(*lines):
        return [f'Set-Cookie: {line}' for line in lines]

    def answer(head, nth):
        if '/second' in head:
            return whole(b'x', *cookies('a=second; Max-Age=1000', 'b=; Max-Age=0',
                                        'new=second; Max-Age=1000', 'e=second; Max-Age=1000'))
        get('--cookie-jar', here / 'jar', '-o', '-', f'{one.url}/second')
        return whole(b'x', *cookies('c=first; Max-Age=1000', 'd=; Max-Age=0',
                                    'e=first; Max-Age=1000', 'more=first; Max-Age=1000'))
    one = scripted(answer)
    get('--cookie-jar', here / 'jar', '-o', '-', f'{one.url}/first')
    rows = [line.split('\t') for line in (here / 'jar').read_text().splitlines() if '\t' in line]
    assert {row[5]: row[6] for row in rows} == {
        'a': 'second', 'c': 'first', 'e': 'first', 'new': 'second', 'more': 'first'}
