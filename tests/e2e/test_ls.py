# SPDX-License-Identifier: MIT
"""`coronet ls`: folders of `coronet serve`, of other servers, and of some that do wrong."""

import itertools
import json
import os
import pty
import re
import socket
import subprocess
import tempfile

import pytest

from conftest import BUILD, CORONET, PATIENCE, Server, run
from places import place  # noqa: F401
from test_get import scripted, whole  # noqa: F401

SANITIZED = b'__asan_init' in (BUILD / 'coronet').read_bytes()  # which keeps what was freed

KINDS = ('python', 'nginx', 'nginx-json', 'lighttpd', 'apache', 'caddy', 'h2o')
TIME = 1_700_000_000  # of all files: 2023-11-14T22:13:20Z


def ls(*words, code=0, **options):
    """Runs it; (lines of standard output, stderr as text)."""
    done = run(CORONET, 'ls', *words, code=code, stdin=subprocess.DEVNULL, **options)
    return done.stdout.decode(errors='surrogateescape').splitlines(), done.stderr.decode()


def page(*links, title='Index of /'):
    rows = ''.join(f'<a href="{link}">{link}</a>\n' for link in links)
    return whole(f'<html><title>{title}</title>{rows}</html>'.encode(), 'Content-Type: text/html')


def listing(*entries, truncated=False):
    text = json.dumps({'path': '/', 'entries': entries, 'truncated': truncated})
    return whole(text.encode(), 'Content-Type: application/json')


@pytest.fixture
def tree(folder):
    """A folder with odd names."""
    (folder / 'sub' / 'deep').mkdir(parents=True)
    for name, size in (('a b&c.txt', 3), ('100%.bin', 5000), ('\u00e9', 0), ('sub/deep/q', 7),
                       ("it's #1?", 1)):
        (folder / name).write_bytes(b'x' * size)
        os.utime(folder / name, (TIME, TIME))
    return folder


PATHS = sorted(['a b&c.txt', '100%.bin', '\u00e9', "it's #1?", 'sub/', 'sub/deep/', 'sub/deep/q'])


# ---- whose listings are understood --------------------------------------------------------------

def test_a_tree_of_ours(server, tree):
    one = server('-4')
    assert sorted(ls(one.url)[0]) == [name for name in PATHS if not name.startswith('sub/d')]
    assert sorted(ls('-R', one.url)[0]) == PATHS
    assert ls(f'{one.url}sub')[0] == ls(f'{one.url}sub/')[0] == ['deep/']


@pytest.mark.parametrize('kind', KINDS)
def test_trees_of_other_servers(place, tree, kind):  # noqa: F811
    url = place(kind, tree)
    assert sorted(ls('-R', url)[0]) == PATHS
    entries = {one['path']: one for one in map(json.loads, ls('-R', '--json', url)[0])}
    assert entries['100%.bin'] == {'path': '100%.bin', 'type': 'file', 'size': 5000,
                                   'modified': '2023-11-14T22:13:20Z'}
    assert entries['sub/deep']['type'] == 'folder'


def test_long_lines_are_aligned(server, tree):
    one = server('-4')
    lines, _ = ls('-l', one.url)
    assert f'- {5000:15}  2023-11-14T22:13:20Z  100%.bin' in lines
    assert all(line[:2] in ('- ', 'd ') and line[17:19] == '  ' for line in lines)


def test_a_url_of_a_file_shows_that_one(server, tree):
    one = server('-4')
    lines, _ = ls('-l', f'{one.url}100%25.bin')
    assert lines == [f'- {5000:15}  2023-11-14T22:13:20Z  100%.bin']
    ls(f'{one.url}none', code=8)


def test_the_list_goes_to_a_file(server, tree, tmp_path):
    one = server('-4')
    assert ls('-o', tmp_path / 'list', one.url)[0] == []
    assert 'sub/' in (tmp_path / 'list').read_text().splitlines()
    ls('-o', tmp_path / 'none' / 'list', one.url, code=3)


def test_a_list_replaces_a_file_as_a_whole(server, tree, tmp_path):
    one = server('-4')
    there, link = tmp_path / 'list', tmp_path / 'link'
    there.write_text('old')
    there.chmod(0o640)
    link.symlink_to('list')
    inode = there.stat().st_ino
    ls('-o', link, f'{one.url}none/', code=8)
    assert there.read_text() == 'old'
    ls('-o', link, one.url)
    assert 'sub/' in there.read_text().splitlines() and link.is_symlink()
    assert there.stat().st_ino != inode and there.stat().st_mode & 0o777 == 0o640
    assert ls('-o', '/dev/stdout', one.url)[0] == there.read_text().splitlines()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith('.')]


def test_a_list_that_is_interrupted_leaves_the_file(tmp_path):
    with socket.create_server(('127.0.0.1', 0)) as silent:
        (tmp_path / 'list').write_text('old')
        url = 'http://127.0.0.1:%d/' % silent.getsockname()[1]
        with subprocess.Popen([CORONET, 'ls', '-o', tmp_path / 'list', url],
                              stderr=subprocess.DEVNULL) as process:
            peer, _ = silent.accept()
            process.terminate()
            assert process.wait(timeout=PATIENCE) == 143
            peer.close()
    assert [path.read_text() for path in tmp_path.iterdir() if path.is_file()] == ['old']


# ---- what servers may do ------------------------------------------------------------------------

HOSTILE = ['../up', '/etc/passwd', '//evil.example/x', 'a/b', '%2e%2e', '..', '.', '', '/', 'x%2fy',
           'x%00y', 'http://evil.example/x', 'javascript:x', '?C=N', '#top', 'mailto:a@b', '\\x',
           'sub/../../z', 'y%2f..%2f..']


def test_links_to_anywhere_else_are_no_entries_c07(scripted):  # noqa: F811
    one = scripted(lambda head, nth: page(*HOSTILE, 'good', './fine', '/dir/too', 'sub/'))
    assert ls(f'{one.url}/dir/')[0] == ['good', 'fine', 'too', 'sub/']


@pytest.mark.parametrize('base, names', [('/', ['good']), ('http://evil.example/', []),
                                         ('http://[', ['bad'])])  # which is none
def test_links_start_from_the_base_that_a_page_names(scripted, base, names):  # noqa: F811
    body = f'<title>Index of /dir</title><base href="{base}"><a href="dir/good"><a href="bad">'
    one = scripted(lambda head, nth: whole(body.encode(), 'Content-Type: text/html'))
    assert ls(f'{one.url}/dir/')[0] == names


def test_names_that_are_none_are_refused_c07(scripted):  # noqa: F811
    names = ['..', '.', '', '/', 'a/b', '../x', '/etc/passwd', 'nul\0', 'x' * 256]
    one = scripted(lambda head, nth: listing(*({'name': name, 'type': 'file'} for name in names),
                                             {'name': 'good', 'type': 'file'}))
    lines, said = ls(f'{one.url}/', code=9)
    assert lines == ['good'] and '9 of its entries' in said


def on_a_terminal(*words):
    """What it writes to a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen([str(word) for word in (CORONET, 'ls', *words)], stdout=slave,
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        os.close(slave)
        said = b''
        try:
            while piece := os.read(master, 65536):
                said += piece
        except OSError:
            pass
        assert process.wait(timeout=PATIENCE) == 0
    os.close(master)
    return said


def test_names_are_escaped_on_a_terminal_c08(scripted):  # noqa: F811
    name = 'a\x1b]0;x\x07\n\u202eb'
    one = scripted(lambda head, nth: listing({'name': name, 'type': 'file'}))
    said = on_a_terminal(f'{one.url}/')
    assert said == b'a\\x1B]0;x\\x07\\x0A\\xE2\\x80\\xAEb\r\n'
    assert run(CORONET, 'ls', f'{one.url}/').stdout.decode() == name + '\n'
    line, = ls('--json', f'{one.url}/')[0]
    assert '\x1b' not in line and json.loads(line)['path'] == name


def test_a_listing_that_is_cut_short_is_partial(scripted):  # noqa: F811
    one = scripted(lambda head, nth: listing({'name': 'a', 'type': 'file'}, truncated=True))
    lines, said = ls(f'{one.url}/', code=9)
    assert lines == ['a'] and 'some of the entries' in said


@pytest.mark.parametrize('body, kind', [
    (b'{"entries":[', 'application/json'), (b'{"entries":1}', 'application/json'),
    (b'{}', 'application/json'), (b'[1]x', 'application/json'), (b'text', 'text/plain')])
def test_what_is_no_listing_is_said_to_be_none(scripted, body, kind):  # noqa: F811
    one = scripted(lambda head, nth: whole(body, f'Content-Type: {kind}'))
    _, said = ls(f'{one.url}/', code=7)
    assert 'listing' in said or 'list of' in said


def test_a_folder_that_holds_itself_ends(scripted):  # noqa: F811
    one = scripted(lambda head, nth: page('again/'))
    lines, said = ls('-R', f'{one.url}/', code=9)
    assert len(lines) < 100 and 'too deep' in said


def test_a_page_of_nothing_but_openings_takes_linear_time_c17(scripted):  # noqa: F811
    body = b'<title>Index of</title>' + b'<a href="x<!--' * 700_000 + b'"><a href="good">'
    one = scripted(lambda head, nth: whole(body, 'Content-Type: text/html'))
    ls(f'{one.url}/')


def memory_peak(pid):
    """KiB that were resident at most."""
    with open(f'/proc/{pid}/status') as file:
        return int(re.search(r'VmHWM:\s+(\d+)', file.read())[1])


def test_a_long_listing_streams_in_bounded_memory(scripted):  # noqa: F811
    """200,000 entries, 14 MB; whoever reads half of them holds it up."""
    rows = [b'{"name":"file number %07d with a long name","type":"file","size":%d},' % (i, i)
            for i in range(200_000)]
    body = b'{"entries":[' + b''.join(rows)[:-1] + b'],"truncated":false}'
    one = scripted(lambda head, nth: whole(body, 'Content-Type: application/json'))
    with subprocess.Popen([CORONET, 'ls', f'{one.url}/'], stdout=subprocess.PIPE) as process:
        count = sum(1 for line in itertools.islice(process.stdout, 190_000))
        peak = memory_peak(process.pid)
        count += sum(1 for line in process.stdout)
        assert process.wait(timeout=PATIENCE) == 0
    assert count == 200_000 and (SANITIZED or peak < 16 << 10)


@pytest.fixture
def in_memory():
    """A folder that is quickly filled and removed."""
    where = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where) as path:
        os.chmod(path, 0o755)
        yield path


def test_a_very_large_folder_of_ours_is_listed_whole(tmp_path, in_memory):
    """A page shows the first 100,000 entries; a program gets all."""
    count = 100_300
    for i in range(count):
        os.mknod(f'{in_memory}/f{i}')
    server = Server(in_memory, tmp_path / 'stdout', '-4')
    try:
        out, _ = ls(server.url)
        server.stop()
    finally:
        server.kill()
    assert sorted(out) == sorted(f'f{i}' for i in range(count))


# ---- how it ends --------------------------------------------------------------------------------

def test_exit_codes(scripted):  # noqa: F811
    def answer(head, nth):
        status = head.split()[1].strip('/')
        return f'HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n'.encode()
    one = scripted(answer)
    for status, code in (('404', 8), ('403', 8), ('401', 6), ('500', 8)):
        _, said = ls(f'{one.url}/{status}/', code=code)
        assert status in said
    ls('http://127.0.0.1:1/', code=4)
    ls('gopher://h/', code=2)
    ls(code=2)
    ls('http://h\\/', code=2)


def test_one_folder_of_many_that_fails(scripted):  # noqa: F811
    one = scripted(lambda head, nth: page('a/', 'b/') if head.startswith('GET / ') else
                   page('x') if '/a/' in head else
                   b'HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n')
    lines, said = ls('-R', f'{one.url}/', code=9)
    assert sorted(lines) == ['a/', 'a/x', 'b/'] and 'b: the server answered 403' in said
