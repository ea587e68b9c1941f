# SPDX-License-Identifier: MIT
"""`coronet get -i`: URLs from a list."""

import json
import os

from conftest import CORONET, run
from test_get import get, scripted, whole  # noqa: F401


def test_a_list_of_urls_with_one_that_fails(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'
                   if '/no' in head else whole(head.split()[1].encode()))
    lines = ['# some', '', *(f'{one.url}/f{i}' for i in range(40)), f'{one.url}/no']
    (here / 'list').write_text('\n'.join(lines))
    _, said = get('-i', here / 'list', '-P', here, '--no-sync', code=9)
    assert '404' in said
    for i in range(40):
        assert (here / f'f{i}').read_text() == f'/f{i}'
    again = run(CORONET, 'get', '-i', '-', '--force', '-P', here, '--no-sync', f'{one.url}/more',
                input='\n'.join(lines[:-1]).encode())
    assert not again.stderr and (here / 'more').read_text() == '/more'
    assert len(one.heads) == 41 + 41
    out, _ = get('--json', '--force', '-P', here, f'{one.url}/f1')
    assert json.loads(out)['event'] == 'done' and json.loads(out)['url'] == f'{one.url}/f1'


def test_a_list_may_come_from_an_editor(scripted, here):  # noqa: F811
    """A byte order mark, carriage returns, lines of nothing but space, indented comments."""
    one = scripted(lambda head, nth: whole(head.split()[1].encode()))
    lines = ['\ufeff# some', f'{one.url}/a', ' \t', '  # more', f' {one.url}/b\t', '']
    (here / 'list').write_bytes('\r\n'.join(lines).encode())
    get('-i', here / 'list', '-P', here)
    (here / 'list').write_bytes(f'\ufeff{one.url}/c'.encode())
    get('-i', here / 'list', '-P', here)
    assert sorted(os.listdir(here)) == ['a', 'b', 'c', 'list']


def test_a_line_that_is_no_url_does_not_keep_the_others_back(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: whole(head.split()[1].encode()))
    lines = ['# some', f'{one.url}/a', 'mailto:ann@example.org', f'{one.url}/b', 'http://[::1/']
    (here / 'list').write_text('\n'.join(lines))
    _, said = get('-i', here / 'list', '-P', here, code=9)
    assert 'list: line 3 is passed over' in said and 'list: line 5 is passed over' in said
    assert 'that is no URL' in said
    assert sorted(os.listdir(here)) == ['a', 'b', 'list']


def test_a_list_of_nothing_but_such_lines_is_a_mistake(here):
    (here / 'list').write_text('ftp:/nowhere\n')
    assert 'line 1' in get('-i', here / 'list', '-P', here, code=2)[1]
