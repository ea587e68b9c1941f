# SPDX-License-Identifier: MIT
"""docs/from-python.md: its C programs are those of examples/, its Python programs do the same.

Servers of either language are asked by clients of either; each program alone sees the same world as
its counterpart. They listen on ports of the system's choice.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys

import pytest

from conftest import BUILD, PATIENCE, ROOT, eventually, run

PAGE = (ROOT / 'docs' / 'from-python.md').read_text()
PAIR = re.compile(r'```python\n(.*?)```\n\n`examples/(\w+)\.c`:\n\n```c\n(.*?)```\n', re.DOTALL)
PAIRS = {name: (python, c) for python, name, c in PAIR.findall(PAGE)}
LANGUAGES = ['Python', 'C']
LISTENING = '0A'  # a TCP socket's state in /proc/net/tcp
BOTH_WAYS = [(server, client) for server in LANGUAGES for client in LANGUAGES]
both_ways = pytest.mark.parametrize('server_in, client_in', BOTH_WAYS)


def test_the_page_holds_nothing_but_pairs():
    assert PAGE.count('```python\n') == PAGE.count('```c\n') == len(PAIRS) == 13


@pytest.mark.parametrize('name', PAIRS)
def test_c_program_on_the_page_is_the_example(name):
    licence, text = (ROOT / 'examples' / f'{name}.c').read_text().split('\n', 1)
    assert 'SPDX' in licence and PAIRS[name][1] == text


@pytest.mark.parametrize('name', PAIRS)
def test_pair_is_run_by_a_test_here(name):
    assert re.search(rf"'{name}'", (ROOT / 'tests/e2e/test_from_python.py').read_text())


@pytest.fixture
def command(tmp_path):
    """command(language, name, *words): the pair's program in that language, ready to be run."""
    def ready(language, name, *words):
        if language == 'C':
            return [BUILD / 'examples' / f'example_{name}', *words]
        script = tmp_path / f'{name}.py'
        script.write_text(PAIRS[name][0])
        return [sys.executable, script, *words]
    return ready


def place(language, port):
    """How the program in that language is told a port of the loopback address."""
    return f'127.0.0.1:{port}' if language == 'C' else str(port)


def bound_port(pid, kind):
    """Where a process receives connections ('tcp') or datagrams ('udp'); 0: nowhere yet."""
    links = []
    for entry in os.scandir(f'/proc/{pid}/fd'):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.append(os.readlink(entry.path))
    for name in (kind, f'{kind}6'):
        with open(f'/proc/net/{name}') as table:
            for words in (line.split() for line in list(table)[1:]):
                if f'socket:[{words[9]}]' in links and (kind == 'udp' or words[3] == LISTENING):
                    return int(words[1].rpartition(':')[2], 16)
    return 0


@contextlib.contextmanager
def serving(command, kind='tcp'):
    """Runs a server; yields it and its port."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        eventually(lambda: process.poll() is not None or bound_port(process.pid, kind))
        yield process, bound_port(process.pid, kind)
    finally:
        process.kill()
        process.wait(timeout=PATIENCE)
        process.stdout.close()


def output(command, code=0, **options):
    return run(*command, code=code, **options).stdout.decode()


def same(command, name, *words, code=0, **options):
    """What both programs print, as sorted lines: what runs in parallel ends in any order."""
    python, c = (sorted(output(command(language, name, *words), code, **options).splitlines())
                 for language in LANGUAGES)
    assert python == c
    return c


@both_ways
def test_greeting(command, server_in, client_in):
    with serving(command(server_in, 'tcp_server', place(server_in, 0))) as (server, port):
        for _ in range(2):
            client = command(client_in, 'tcp_client', place(client_in, port))
            assert output(client) == 'Received: Hello, World!\n'
            name = 'Coronet' if client_in == 'C' else 'Python'
            assert server.stdout.readline() == f'Received: Hello from {name}\n'


@both_ways
def test_capitals(command, server_in, client_in):
    server = command(server_in, 'udp_server', place(server_in, 0))
    with serving(server, 'udp') as (_, port):
        client = command(client_in, 'udp_client', place(client_in, port), 'how are you')
        assert output(client) == 'HOW ARE YOU\n'


@pytest.mark.parametrize('language', LANGUAGES)
def test_udp_client_gives_up_after_its_second(command, language):
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(('127.0.0.1', 0))
        run(*command(language, 'udp_client', place(language, silent.getsockname()[1])), code=1)


@both_ways
def test_site(command, folder, server_in, client_in):
    (folder / 'a.html').write_text('from the folder\n')
    with serving(command(server_in, 'http_server', place(server_in, 0), folder)) as (_, port):
        def get(path):
            url = f'http://127.0.0.1:{port}/{path}'
            status, type_, _, body = output(command(client_in, 'http_client', url)).split('\n', 3)
            return status, type_.partition(';')[0], body
        assert get('hello') == ('200', 'text/plain', 'Hello, World!\n')
        assert get('hello?name=you%20all') == ('200', 'text/plain', 'Hello, you all!\n')
        assert get('a.html') == ('200', 'text/html', 'from the folder\n')


@both_ways
def test_folder_over_ftp(command, folder, server_in, client_in):
    (folder / 'note').write_text('from the folder\n')
    with serving(command(server_in, 'ftp_server', place(server_in, 0), folder)) as (_, port):
        who = ['localhost', str(port), 'ann']
        client = command(client_in, 'ftp_client', *who, 'secret', 'note')
        assert output(client) == 'note\nfrom the folder\n'
        run(*command(client_in, 'ftp_client', *who, 'guess'), code=1)


def test_deadline_ends_the_slow_task(command):
    def is_told(language):
        *reached, slow, both = output(command(language, 'deadline')).splitlines()
        ends = slow.startswith('slow: C') and both.startswith('both: ')  # names of errors
        return ends and sorted(reached) == ['fast: 1', 'fast: 2', 'fast: 3', 'slow: 1']
    for language in LANGUAGES:
        eventually(lambda: is_told(language))  # on a busy machine the fast task, too, may be late


@pytest.mark.parametrize('count', [0, 1, 1000])  # more than the channel holds
def test_lines_of_a_thread_are_numbered(command, count):
    text = ''.join(f'line {number}\n' for number in range(count)).encode()
    for language in LANGUAGES:
        lines = output(command(language, 'from_thread'), input=text).splitlines()
        assert lines == [f'{number + 1}: line {number}' for number in range(count)]


def test_commands_at_once(command):
    lines = same(command, 'run_commands', 'echo out', 'echo err >&2; exit 3', 'exit 7', 'cat')
    assert lines == ['cat: 0', 'echo err >&2; exit 3: 3', 'echo out: 0', 'err', 'exit 7: 7', 'out']


def closed_url(held):
    """A URL whose port is taken as long as the socket lives, but where nobody listens."""
    held.bind(('127.0.0.1', 0))
    return f'http://127.0.0.1:{held.getsockname()[1]}/nobody'


def test_downloads_all_that_is_there(command, server, folder, tmp_path):
    one = server('-4')
    for number in range(30):  # more than run at a time
        (folder / f'{number}.bin').write_bytes(os.urandom(1000 * number))
    urls = [f'{one.url}{number}.bin' for number in range(30)]
    expected = sorted(f'{url}: {1000 * number} bytes' for number, url in enumerate(urls))
    for language in LANGUAGES:
        into = tmp_path / language
        into.mkdir()
        lines = output(command(language, 'download_all', *urls), cwd=into).splitlines()
        assert sorted(lines) == expected
        for path in folder.iterdir():
            assert (into / path.name).read_bytes() == path.read_bytes()
        assert len(list(into.iterdir())) == 30


def test_downloads_say_what_is_not_there(command, server, folder, tmp_path):
    one = server('-4')
    (folder / 'a').write_text('here')
    lines = same(command, 'download_all', f'{one.url}a', f'{one.url}b', code=1, cwd=tmp_path)
    assert lines == [f'{one.url}a: 4 bytes', f'{one.url}b: the server answered 404 Not Found']
    assert (tmp_path / 'a').exists() and not (tmp_path / 'b').exists()
    with socket.socket() as held:
        closed = closed_url(held)
        for language in LANGUAGES:
            line = output(command(language, 'download_all', closed), code=1)
            assert line.startswith(f'{closed}: ') and 'refused' in line.lower()


def test_links_that_lead_nowhere(command, server, folder):
    (folder / 'sub').mkdir(mode=0o755)
    (folder / 'a.html').write_text('here')
    (folder / 'sub' / 'b.html').write_text('here')
    one = server('-4')
    with socket.socket() as held:
        closed = closed_url(held)
        links = ['b.html', 'b.html#part', '../a.html', '/a.html', '/sub/', '#part', '', 'c:',
                 'mailto:ann@example.org', f'{one.url}a.html?query', closed,
                 'no.html', 'no/such.html#part', 'httpd.html', '/none.html',
                 f'{one.url}nothing', '?any=query']
        page = ''.join(f'<p><a href="{link}">{link}</a></p>\n' for link in links)
        (folder / 'sub' / 'page.html').write_text(page)
        lines = same(command, 'link_checker', f'{one.url}sub/page.html')
        dead = [f'{one.url}{path}' for path in (
            'none.html', 'nothing', 'sub/httpd.html', 'sub/no.html', 'sub/no/such.html')]
        assert lines == sorted([closed, *dead])


def test_links_of_a_page_without_a_path_and_of_one_that_has_moved(command, server, folder):
    one = server('-4')
    (folder / 'sub').mkdir(mode=0o755)
    for name in ('index.html', 'sub/index.html'):
        (folder / name).write_text('<a href="no">1</a> <a href="/none">2</a>')
    lines = same(command, 'link_checker', one.url.rstrip('/'))
    assert lines == [f'{one.url}no', f'{one.url}none']
    lines = same(command, 'link_checker', f'{one.url}sub')  # redirects to sub/
    assert lines == [f'{one.url}none', f'{one.url}sub/no']
