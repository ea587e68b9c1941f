# SPDX-License-Identifier: MIT
"""`coronet mirror`: down and up, against `coronet serve`, other servers, and some that do wrong."""

import json
import os
import re
import subprocess

import pytest

from conftest import CORONET, quiet_port, run
from places import place  # noqa: F401
from test_get import scripted, whole  # noqa: F401
from test_get_versions import refusal_of
from test_ls import listing, page

TIME = 1_700_000_000  # of the files: 2023-11-14T22:13:20Z
FILES = {'a.txt': 3, 'b c&d%.bin': 5000, 'empty': 0, 'sub/x.txt': 10, 'sub/deep/\u00e9': 7,
         'other/y.iso': 100}
SIZES = {'a': 300_001, 'empty': 0, 'd/b': 3}


def mirror(*words, code=0):
    """Runs it; (lines of standard output, stderr as text)."""
    done = run(CORONET, 'mirror', '--retries', 0, '--no-sync', *words, code=code,
               stdin=subprocess.DEVNULL)
    return done.stdout.decode().splitlines(), done.stderr.decode()


def plant(folder, files):
    for name, size in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((name.encode() * (size // len(name) + 1))[:size])
        os.utime(path, (TIME, TIME))


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob('*')) if path.is_file()}


def bytes_of(lines):
    """{path: bytes} of the files that --json tells of as done."""
    events = map(json.loads, lines)
    return {event['path']: event['bytes'] for event in events if event['event'] == 'done'}


@pytest.fixture
def writable(server, folder):
    folder.chmod(0o777)
    return lambda: server('-4', '--anonymous-write', '--hidden')


# ---- down ---------------------------------------------------------------------------------------

@pytest.mark.parametrize('kind', ['ours', 'python', 'nginx', 'nginx-json', 'lighttpd', 'apache',
                                  'caddy', 'h2o'])
def test_a_tree_comes_down_and_then_nothing_does(server, place, folder, here, kind):  # noqa: F811
    plant(folder, FILES)
    url = server('-4').url if kind == 'ours' else place(kind, folder)
    _, said = mirror(url, here / 'new')
    assert '6 transferred, 0 equal' in said
    assert contents(here / 'new') == contents(folder)
    assert (here / 'new' / 'sub' / 'x.txt').stat().st_mtime == TIME
    _, said = mirror('--delete', url, here / 'new')
    assert '0 transferred, 6 equal, 0 deleted' in said


def test_what_differs_is_transferred(server, folder, here):
    plant(folder, FILES)
    one = server('-4')
    mirror(one.url, here)
    (folder / 'a.txt').write_text('new')
    (here / 'sub' / 'x.txt').write_text('changed here')
    (here / 'empty').unlink()
    assert '3 transferred, 3 equal' in mirror(one.url, here)[1]
    assert contents(here) == contents(folder)


def test_files_of_the_future_come_once_rfc9110_8_8_2_1(server, folder, here):
    plant(folder, FILES)
    os.utime(folder / 'a.txt', (2 * TIME, 2 * TIME))
    one = server('-4')
    mirror(one.url, here)
    assert '0 transferred, 6 equal' in mirror(one.url, here)[1]
    assert (here / 'a.txt').stat().st_mtime == 2 * TIME


def test_newer_files_here_stay(server, folder, here):
    plant(folder, FILES)
    one = server('-4')
    (here / 'a.txt').write_text('newer, and of another size')
    mirror('--newer', one.url, here)
    assert (here / 'a.txt').read_text() == 'newer, and of another size'
    os.utime(here / 'a.txt', (TIME - 1, TIME - 1))
    mirror('--newer', one.url, here)
    assert contents(here) == contents(folder)


def test_rules_choose(server, folder, here):
    plant(folder, FILES)
    one = server('-4')
    mirror('--include', '*.txt', one.url, here / '1')
    assert sorted(contents(here / '1')) == ['a.txt', 'sub/x.txt']
    mirror('--exclude', '*.iso', '--exclude', 'sub/deep', one.url, here / '2')
    assert sorted(contents(here / '2')) == ['a.txt', 'b c&d%.bin', 'empty', 'sub/x.txt']
    mirror('--exclude', '*', '--include', 'sub', '--include', 'sub/x.*', one.url, here / '3')
    assert sorted(contents(here / '3')) == ['sub/x.txt']


def test_many_small_files_need_few_connections(server, folder, here):
    plant(folder, {f'd{i % 10}/f{i}': 5 for i in range(2000)})
    one = server('-4', '--max-connections', '6', '--workers', '1')
    assert '2000 transferred' in mirror('--jobs', 4, one.url, here)[1]
    assert len(contents(here)) == 2000


# ---- deleting -----------------------------------------------------------------------------------

def test_delete_removes_what_the_rules_let_through(server, folder, here):
    plant(folder, FILES)
    one = server('-4')
    plant(here, {'extra': 1, 'gone/deep/z': 1, 'gone/y': 1, 'kept/a.log': 1, 'kept/b': 1,
                 'c.log': 1})
    out, said = mirror('--delete', '--dry-run', '--exclude', '*.log', one.url, here)
    assert 'delete gone/deep/z' in said and '4 deleted' in said
    assert len(contents(here)) == 6
    assert '4 deleted' in mirror('--delete', '--exclude', '*.log', one.url, here)[1]
    assert set(contents(here)) - set(FILES) == {'c.log', 'kept/a.log'}
    assert not (here / 'gone').exists()


@pytest.mark.parametrize('answer, code', [
    (b'HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n', 8),
    (b'HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n', 8),
    (b'HTTP/1.1 200 x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n'
     b'Connection: close\r\n\r\n{"entries":[', 9),
    (listing({'name': 'a', 'type': 'file', 'size': 1, 'modified': '2023-11-14T22:13:20Z'},
             truncated=True), 9),
    (listing({'name': 'a', 'type': 'file', 'size': 1, 'modified': '2023-11-14T22:13:20Z'},
             {'name': '../x', 'type': 'file'}), 9),
    (page('a', title='Welcome'), 9),
    (whole(b'<title>Welcome</title>', 'Content-Type: text/html'), 7),
    (b'HTTP/1.1 200 x\r\nContent-Type: text/html\r\n\r\n<title>Index of /</title>', 7)])
def test_nothing_is_deleted_by_a_list_that_may_not_be_whole_c07(
        scripted, here, answer, code):  # noqa: F811
    plant(here, {'a': 1, 'b': 1, 'sub/c': 1})
    one = scripted(lambda head, nth: answer if head.startswith('GET / ') else
                   b'HTTP/1.1 200 x\r\nContent-Length: 1\r\n'
                   b'Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n')
    mirror('--delete', f'{one.url}/', here, code=code)
    assert sorted(contents(here)) == ['a', 'b', 'sub/c']


def test_an_empty_list_deletes_nothing_c07(server, folder, here, tmp_path):
    one = server('-4', '--anonymous-write')
    plant(here, {'a': 1})
    assert 'nothing is deleted' in mirror('--delete', one.url, here, code=11)[1]
    assert (here / 'a').exists()
    (tmp_path / 'empty').mkdir()
    plant(folder, {'a': 1})
    mirror('--delete', tmp_path / 'empty', one.url, code=11)
    assert (folder / 'a').exists()


class Site:
    """Pages whose links have no slashes; a folder is redirected to where it has one."""

    def __init__(self, status=301):
        self.pages = {'/': ('a', 'sub', 'c'), '/sub/': ('b', 'deep'), '/sub/deep/': ('d',)}
        self.status, self.heads = status, []

    def __call__(self, head, nth):
        path = head.split()[1]
        self.heads.append(head.split()[:2])
        if path in self.pages:
            links = ''.join(f'<a href="{name}">{name}</a>' for name in self.pages[path])
            body, kind = f'<title>Index of {path}</title>{links}'.encode(), 'text/html'
        elif path + '/' in self.pages:
            return (f'HTTP/1.1 {self.status} x\r\nLocation: {path}/\r\n'
                    'Content-Length: 0\r\n\r\n').encode()
        else:
            body, kind = path.encode(), 'text/plain'
        shown = b'' if head.startswith('HEAD ') else body
        return (f'HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n'
                'Last-Modified: Sat, 28 Nov 2026 00:00:00 GMT\r\n\r\n').encode() + shown


SITE = {'a': b'/a', 'c': b'/c', 'sub/b': b'/sub/b', 'sub/deep/d': b'/sub/deep/d'}


@pytest.mark.parametrize('status', [301, 302, 307, 308])
def test_a_folder_whose_link_has_no_slash_is_a_folder(scripted, here, status):  # noqa: F811
    site = Site(status)
    url = scripted(site).url + '/'
    _, said = mirror('--dry-run', url, here)
    assert not contents(here) and re.search('dry run: 4 transferred', said), said
    _, said = mirror(url, here)
    assert contents(here) == SITE and re.search('4 transferred, 0 equal', said)
    _, said = mirror('--delete', url, here)
    assert contents(here) == SITE and re.search('0 transferred, 4 equal, 0 deleted, 0 fail', said)


def test_each_file_of_such_a_page_is_asked_for_once(scripted, here):  # noqa: F811
    site = Site()
    mirror(scripted(site).url + '/', here)
    assert ['HEAD' for method, _ in site.heads if method == 'HEAD'] == []


def test_such_a_folder_obeys_the_rules_and_what_is_in_its_way(scripted, here):  # noqa: F811
    site = Site()
    url = scripted(site).url + '/'
    mirror('--exclude', 'sub', url, here)
    assert contents(here) == {'a': b'/a', 'c': b'/c'}
    (here / 'sub').write_text('in the way')
    _, said = mirror(url, here, code=9)
    assert 'no folder has its name' in said and (here / 'sub').read_text() == 'in the way'
    (here / 'sub').unlink()
    (here / 'c').unlink()
    (here / 'c').mkdir()
    _, said = mirror(url, here, code=9)
    assert 'c: a folder has its name' in said and (here / 'sub/deep/d').exists()


# ---- what lists may say -------------------------------------------------------------------------

def test_nothing_outside_is_touched_c07(scripted, here, tmp_path):  # noqa: F811
    """Names that lead out, and links that were planted for them to follow."""
    outside = tmp_path / 'outside'
    outside.mkdir()
    to = here / 'to'
    to.mkdir()
    (to / 'absolute').symlink_to(outside)
    (to / 'relative').symlink_to('../../outside')
    (to / 'file').symlink_to(outside / 'new')
    names = ['../up', '/abs', '..', 'a/../../b', 'x\0y', '']
    entries = [*({'name': name, 'type': 'file', 'size': 1} for name in names),
               {'name': 'absolute', 'type': 'folder'}, {'name': 'relative', 'type': 'folder'},
               {'name': '..', 'type': 'folder'}, {'name': 'file', 'type': 'file', 'size': 1},
               {'name': 'good', 'type': 'file', 'size': 1}]

    def answer(head, nth):
        if head.startswith('GET / '):
            return listing(*entries)
        if head.split()[1].endswith('/'):
            return listing({'name': 'evil', 'type': 'file', 'size': 1})
        return whole(b'x')
    one = scripted(answer)
    mirror('--delete', f'{one.url}/', to, code=9)
    assert not any(outside.iterdir())
    assert sorted(os.listdir(here)) == ['to']
    assert (to / 'good').read_text() == 'x'
    assert not (to / 'file').is_symlink() and (to / 'file').read_text() == 'x'


def test_links_within_are_not_followed_c07(scripted, here):  # noqa: F811
    (here / 'target').mkdir()
    (here / 'link').symlink_to('target')
    one = scripted(lambda head, nth: listing({'name': 'link', 'type': 'folder'},
                                             {'name': 'target', 'type': 'folder'})
                   if head.startswith('GET / ') else listing({'name': 'f', 'type': 'file'})
                   if '/link/' in head and head.split()[1].endswith('/') else listing()
                   if head.split()[1].endswith('/') else whole(b'x'))
    _, said = mirror(f'{one.url}/', here, code=9)
    assert not (here / 'target' / 'f').exists() and 'no folder' in said


def test_two_names_of_one_file_do_not_replace_each_other_c07(scripted, here):  # noqa: F811
    """As "c" and "C" are where case does not count: what was in no list is there all the same."""
    def answer(head, nth):
        if head.startswith('GET / '):
            return listing(*({'name': name, 'type': 'file', 'size': 1} for name in 'abc'))
        if head.split()[1] == '/a':
            (here / 'c').write_text('of another entry')
        return whole(b'x')
    one = scripted(answer)
    _, said = mirror('--jobs', '1', f'{one.url}/', here, code=9)
    assert 'another entry differs from it by case alone' in said
    assert (here / 'c').read_text() == 'of another entry'
    assert (here / 'a').read_text() == (here / 'b').read_text() == 'x'


def test_what_is_in_the_way_fails_alone(server, folder, here):
    plant(folder, {'a': 1, 'b/c': 1, 'd': 1})
    (here / 'a').mkdir()
    (here / 'b').write_text('a file')
    os.mkfifo(here / 'd')
    one = server('-4')
    _, said = mirror(one.url, here, code=9)
    assert (here / 'b').read_text() == 'a file' and (here / 'a').is_dir()
    assert 'a: ' in said and 'b: ' in said


def test_one_failure_does_not_end_the_rest(scripted, here):  # noqa: F811
    files = [{'name': f'f{i}', 'type': 'file', 'size': 1} for i in range(9)]
    one = scripted(lambda head, nth: listing(*files) if head.startswith('GET / ') else
                   b'HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n' if 'f4' in head else whole(b'x'))
    _, said = mirror(f'{one.url}/', here, code=9)
    assert len(contents(here)) == 8 and 'f4: the server answered 403' in said


def test_a_folder_that_was_made_for_nothing_goes_again(server, folder, here):
    one = server('-4', ftp=['localhost:0'])
    quiet = f'http://127.0.0.1:{quiet_port()}/'
    for url, code in ((f'{one.url}none/', 8), (f'{one.ftp_url}none/', 8), (quiet, 4)):
        for name in ('new', 'new/'):
            mirror(url, here / name, code=code)
            assert not os.listdir(here)
    (here / 'old').mkdir()
    mirror(f'{one.url}none/', here / 'old', code=8)
    assert (here / 'old').is_dir()
    (folder / 'empty').mkdir()
    mirror(f'{one.url}empty/', here / 'new')
    assert (here / 'new').is_dir()


def test_a_tree_without_end_ends(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: listing({'name': 'd', 'type': 'folder'}))
    _, said = mirror('--dry-run', f'{one.url}/', here, code=9)
    assert 'too deep' in said


def test_names_are_escaped_in_messages_c08(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: listing({'name': '\x1b[2J\n\u202e', 'type': 'file', 'size': 1})
                   if head.startswith('GET / ') else b'HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n')
    _, said = mirror('-v', f'{one.url}/', here, code=9)
    assert '\x1b' not in said and '\u202e' not in said and '\\x1B[2J\\x0A' in said


@pytest.mark.parametrize('scheme', ['http', 'ftp'])
def test_links_to_folders_above_come_once(server, folder, here, scheme):
    plant(folder, {'a': 1, 'sub/b': 1})
    (folder / 'self').symlink_to('.')
    (folder / 'sub' / 'up').symlink_to('..')
    one = server('-4', ftp=('localhost:0',))
    url = one.url if scheme == 'http' else one.ftp_url
    _, said = mirror(url, here, code=9)
    assert 'self/self: it is a link to a folder that it lies in' in said
    assert sorted(contents(here)) == ['a', 'self/a', 'self/sub/b', 'sub/b', 'sub/up/a']
    listed = run(CORONET, 'ls', '-R', url, code=9, stdin=subprocess.DEVNULL)
    assert len(listed.stdout.splitlines()) == 13 and b'lies in' in listed.stderr


# ---- up -----------------------------------------------------------------------------------------

def test_lists_and_questions_are_tried_again(scripted, here):  # noqa: F811
    """A failure of the moment shall not cost a whole folder."""
    pages = {'/': page('a', 'sub/'), '/sub/': page('b')}
    seen = []

    def answer(head, nth):
        word = tuple(head.split()[:2])
        seen.append(word)
        if word in (('GET', '/sub/'), ('HEAD', '/a')) and seen.count(word) == 1:
            return b'HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n'
        return pages.get(word[1]) or whole(b'x', 'Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT')
    one = scripted(answer)
    (here / 'a').write_text('other')
    _, said = mirror('--retries', 1, f'{one.url}/', here)
    assert '2 transferred' in said
    assert seen.count(('GET', '/sub/')) == 2 and seen.count(('HEAD', '/a')) == 2


@pytest.mark.parametrize('status', [405, 501])
def test_who_does_not_know_head_is_asked_for_the_file(scripted, here, status):  # noqa: F811
    one = scripted(lambda head, nth: page('a') if head.startswith('GET / ') else whole(b'x')
                   if head.startswith('GET') else refusal_of(status))
    for _ in range(2):
        assert '1 transferred, 0 equal' in mirror(f'{one.url}/', here)[1]


def test_a_page_that_lists_nothing_is_told(scripted, here):  # noqa: F811
    """Such as the index page of a site; an index of an empty folder is fine."""
    title = ['Welcome']
    one = scripted(lambda head, nth: whole(f'<title>{title[0]}</title>Hello'.encode(),
                                           'Content-Type: text/html'))
    _, said = mirror(f'{one.url}/', here, code=7)
    assert 'no list' in said
    title[0] = 'Index of /'
    mirror(f'{one.url}/', here)


def test_a_tree_goes_up_and_then_nothing_does(writable, folder, here):
    plant(here, FILES)
    one = writable()
    assert '6 transferred' in mirror(here, f'{one.url}made/')[1]
    assert contents(folder / 'made') == contents(here)
    assert '0 transferred, 6 equal' in mirror(here, f'{one.url}made/')[1]
    (here / 'a.txt').write_text('abc')
    (here / 'empty').unlink()
    _, said = mirror('--delete', here, f'{one.url}made/')
    assert '1 transferred, 4 equal, 1 deleted' in said
    assert contents(folder / 'made') == contents(here)


@pytest.mark.parametrize('kind', ['ours', 'nginx'])
def test_a_site_goes_up_and_then_nothing_does(writable, place, folder, here, kind):  # noqa: F811
    """Where its index pages stand in the place of lists, each file is asked for. Ours shows its
    lists to whoever may change what is there."""
    pages = {'index.html': 20, 'style.css': 5, 'sub/index.html': 20, 'sub/deep/a': 1}
    plant(here, {**FILES, **pages})
    folder.chmod(0o777)
    url = writable().url if kind == 'ours' else place(kind, folder)
    assert '10 transferred' in mirror(here, url)[1]
    assert '0 transferred, 10 equal' in mirror(here, url)[1]
    (here / 'style.css').write_text('longer')
    assert '1 transferred, 9 equal' in mirror(here, url)[1]
    assert contents(folder) == contents(here)
    (here / 'style.css').unlink()
    if kind == 'ours':
        assert '1 deleted' in mirror('--delete', here, url)[1]
    else:
        assert 'nothing is deleted' in mirror('--delete', here, url, code=9)[1]
    assert (folder / 'style.css').exists() == (kind != 'ours')


@pytest.mark.parametrize('kind', ['ours', 'nginx-hidden'])
def test_up_to_where_nothing_is_listed(server, place, folder, here, kind):  # noqa: F811
    """404 and 403 to who asks for a list, while there are folders that take files."""
    plant(here, FILES)
    folder.chmod(0o777)
    url = server('-4', '--anonymous-write', '--no-listing').url if kind == 'ours' else \
        place(kind, folder)
    assert '6 transferred' in mirror(here, url)[1]
    assert contents(folder) == contents(here)
    assert '0 transferred, 6 equal' in mirror(here, url)[1]
    (here / 'a.txt').unlink()
    assert 'nothing is deleted' in mirror('--delete', here, url, code=9)[1]


def test_up_to_nginx(place, folder, here):  # noqa: F811
    folder.chmod(0o777)
    url = place('nginx', folder)
    plant(here, FILES)
    mirror(here, url)
    assert contents(folder) == contents(here)
    plant(folder, {'extra/deep/z': 1})
    _, said = mirror('--delete', here, url)
    assert '0 transferred, 6 equal, 1 deleted' in said
    assert contents(folder) == contents(here)


def test_what_is_no_file_stays_here(writable, folder, here, tmp_path):
    plant(here, {'a': 1, 'real/b': 1})
    os.mkfifo(here / 'fifo')
    (here / 'link-to-a').symlink_to('a')
    (here / 'link-to-real').symlink_to('real')
    (here / 'link-out').symlink_to(tmp_path)
    one = writable()
    mirror(here, one.url)
    assert sorted(contents(folder)) == ['a', 'link-to-a', 'real/b']


@pytest.mark.parametrize('scheme', ['http', 'ftp'])
def test_a_link_that_is_too_much_goes_and_not_what_it_leads_to(server, folder, here, scheme):
    plant(here, {'real/x': 3})
    plant(folder, {'real/x': 3})
    (folder / 'link').symlink_to('real')
    folder.chmod(0o777)
    (folder / 'real').chmod(0o777)
    one = server('-4', '--anonymous-write', ftp=('localhost:0',))
    mirror('--delete', here, one.url if scheme == 'http' else one.ftp_url)
    assert sorted(contents(folder)) == ['real/x'] and not (folder / 'link').is_symlink()


def test_delete_replaces_what_is_of_another_kind(writable, folder, here, tmp_path):
    other, down = {'a': 2, 'b/x/y': 5, 'b/z': 6, 'c': 7}, tmp_path / 'down'
    plant(folder, {'a/x/y': 3, 'b': 4, 'c/keep.log': 1})
    plant(here, other)
    plant(down, other)
    for name in ('a', 'a/x', 'c'):
        (folder / name).chmod(0o777)
    one = writable()
    for way in ((one.url, here), (here, one.url)):
        _, said = mirror(*way, code=9)
        assert 'something that is no folder' in said and 'a folder has its name' in said
    _, said = mirror('--delete', '--dry-run', one.url, down)
    assert {'delete a', 'make a/x', 'delete b/z', 'delete b', 'transfer b'} < set(said.splitlines())
    assert ' 0 failed' in said and contents(down) == contents(here)
    mirror('--delete', one.url, down)
    assert contents(down) == contents(folder)
    mirror('--delete', '--exclude', '*.log', here, one.url, code=9)
    assert list(contents(folder)) == ['a', 'b/x/y', 'b/z', 'c/keep.log']
    mirror('--delete', here, one.url)
    assert contents(folder) == contents(here)


# ---- how it is called ---------------------------------------------------------------------------

def test_json_tells_of_everything(server, folder, here):
    plant(folder, {'a': 1, 'd/b': 1})
    plant(here, {'old': 1})
    one = server('-4')
    events = {(event['event'], event['path'])
              for event in map(json.loads, mirror('--json', '--delete', one.url, here)[0])}
    assert events == {('done', 'a'), ('done', 'd/b'), ('make', 'd'), ('delete', 'old')}


def test_json_says_how_many_bytes_went(writable, folder, here):
    plant(folder, SIZES)
    one = writable()
    assert bytes_of(mirror('--json', one.url, here)[0]) == SIZES
    assert bytes_of(mirror('--json', here, f'{one.url}new/')[0]) == SIZES


def test_exit_codes(here):
    mirror(here, code=2)
    mirror(here, here, code=2)
    mirror('http://127.0.0.1:1/', 'http://127.0.0.1:1/', code=2)
    mirror('http://127.0.0.1:1/', here, code=4)
    mirror(here / 'none', 'http://127.0.0.1:1/', code=3)
