# SPDX-License-Identifier: MIT
"""`coronet get -o FILE` where FILE is a link, a pipe or a device: the name is the user's own, so it
leads where it would lead for any other program."""

import json
import os
import pty
import stat
import subprocess
import threading

import pytest

from conftest import CORONET, PATIENCE, as_root
from test_get import CONTENT, get, partials, scripted, whole  # noqa: F401

PROTOCOLS = ('http', 'ftp')


@pytest.fixture
def here(tmp_path):
    path = tmp_path / 'here'
    path.mkdir()
    (path / 'other').mkdir()
    return path


@pytest.fixture
def url(server, folder):
    """url(protocol): of a file with CONTENT."""
    (folder / 'a').write_bytes(CONTENT)
    one = server('-4', ftp=('localhost:0',))
    return lambda protocol: f'{one.url if protocol == "http" else one.ftp_url}a'


def read_in_background(path):
    """A reader of a FIFO; call the result for what it has read."""
    read = []

    def work():
        with open(path, 'rb') as file:
            read.append(file.read())
    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def result():
        thread.join(PATIENCE)
        return read[0]
    return result


@pytest.mark.parametrize('words', [('--head',), ('--method', 'HEAD')])
def test_a_head_goes_where_it_is_wanted(url, here, words):
    (here / 'heads').write_text('what was there before, and is longer than any head will be ' * 99)
    printed, _ = get('-4', *words, '-o', here / 'heads', url('http'))
    heads = (here / 'heads').read_text().lower()  # as HTTP/2 has them
    assert f'content-length: {len(CONTENT)}' in heads and 'before' not in heads
    assert b'content-length' not in printed.lower()


@pytest.mark.parametrize('protocol', PROTOCOLS)
@pytest.mark.parametrize('linked', [False, True])
def test_a_pipe_is_written_to(url, here, protocol, linked):
    os.mkfifo(here / 'pipe')
    os.symlink('pipe', here / 'link')
    before = sorted(here.iterdir())
    read = read_in_background(here / 'pipe')
    get('-4', '-o', here / ('link' if linked else 'pipe'), url(protocol))
    assert read() == CONTENT
    assert stat.S_ISFIFO(os.stat(here / 'pipe').st_mode) and (here / 'link').is_symlink()
    assert sorted(here.iterdir()) == before


def test_a_pipe_whose_reader_goes_is_a_failure_of_a_file(scripted, here):
    os.mkfifo(here / 'pipe')
    one = scripted(lambda head, nth: whole(bytes(4 << 20)))
    reader = subprocess.Popen(['head', '-c', '1', here / 'pipe'], stdout=subprocess.DEVNULL)
    _, said = get('-o', here / 'pipe', f'{one.url}/', code=3)
    assert 'pipe' in said and 'broken pipe' in said
    reader.wait(PATIENCE)
    assert len(one.heads) == 1


@as_root
def test_a_device_is_written_to(url, here):
    os.mknod(here / 'null', stat.S_IFCHR | 0o666, os.makedev(1, 3))
    try:
        open(here / 'null', 'wb').close()
    except PermissionError:
        pytest.skip('no devices here')
    get('-o', here / 'null', url('http'))
    assert stat.S_ISCHR(os.stat(here / 'null').st_mode)
    assert sorted(path.name for path in here.iterdir()) == ['null', 'other']


def test_a_terminal_is_written_to(scripted, here):
    one = scripted(lambda head, nth: whole(b'for the screen'))
    ours, theirs = pty.openpty()
    os.symlink(os.ttyname(theirs), here / 'link')
    get('-o', here / 'link', f'{one.url}/')
    assert os.read(ours, 100) == b'for the screen' and (here / 'link').is_symlink()
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize('protocol', PROTOCOLS)
@pytest.mark.parametrize('there', [False, True])
def test_a_link_leads_to_its_file(url, here, protocol, there):
    """Which is made or replaced as a whole, where it lies; the links stay."""
    os.symlink('b', here / 'a')
    os.symlink(here / 'other' / 'c', here / 'b')
    if there:
        (here / 'other' / 'c').write_bytes(b'old')
    get('-4', '-o', 'a', url(protocol), cwd=here)
    assert (here / 'other' / 'c').read_bytes() == CONTENT
    assert (here / 'a').is_symlink() and (here / 'b').is_symlink()
    assert not partials(here) and not partials(here / 'other')


def test_a_failure_leaves_the_file_behind_a_link_alone(scripted, here):
    os.symlink('other/c', here / 'a')
    (here / 'other' / 'c').write_bytes(b'old')
    one = scripted(lambda head, nth: whole(
        CONTENT, 'ETag: "1"', 'Connection: close')[:-1000])
    get('-o', here / 'a', f'{one.url}/', code=9)
    assert (here / 'other' / 'c').read_bytes() == b'old' and (here / 'a').is_symlink()
    assert len(partials(here / 'other')) == 1


def test_links_that_lead_nowhere_are_refused(here, scripted):
    one = scripted(lambda head, nth: whole(b'x'))
    os.symlink('b', here / 'a')
    os.symlink('a', here / 'b')
    _, said = get('-o', here / 'a', f'{one.url}/', code=3)
    assert 'cannot write' in said and not one.heads
    os.symlink('no-folder/c', here / 'c')
    get('-o', here / 'c', f'{one.url}/', code=3)
    assert (here / 'c').is_symlink()


@pytest.mark.parametrize('words, name, code', [
    (('-P', 'tree'), 'a', 0), ((), 'a', 0), (('--content-disposition',), 'b', 3)])
def test_names_of_the_network_follow_no_link_c06(scripted, here, words, name, code):
    """Not even those that --force lets replace something."""
    one = scripted(lambda head, nth: whole(b'new', 'Content-Disposition: attachment; filename=a'))
    (here / 'tree').mkdir()
    for folder in (here, here / 'tree'):
        os.symlink(here / 'other' / 'c', folder / 'a')
    (here / 'other' / 'c').write_bytes(b'old')
    get('--force', *words, f'{one.url}/{name}', cwd=here, code=code)
    assert (here / 'other' / 'c').read_bytes() == b'old'


def stdout_link(here):
    os.symlink('/proc/self/fd/1', here / 'out')
    return here / 'out'


def test_a_link_to_standard_output(url, here):
    """As /dev/stdout is one."""
    link = stdout_link(here)
    out, _ = get('-o', link, url('http'))
    assert out == CONTENT and link.is_symlink()
    with open(here / 'file', 'wb') as file:
        file.write(b'before ')
        file.flush()
        subprocess.run([CORONET, 'get', '-o', link, url('http')], stdout=file, check=True,
                       stderr=subprocess.DEVNULL, timeout=PATIENCE)
    assert (here / 'file').read_bytes() == b'before ' + CONTENT and link.is_symlink()


def test_a_link_to_a_file_without_a_name(url, here):
    """That of a descriptor whose file has been removed: only its link leads there."""
    with open(here / 'file', 'w+b') as file:
        os.unlink(here / 'file')
        os.symlink(f'/proc/self/fd/{file.fileno()}', here / 'link')
        get('-o', here / 'link', url('http'), pass_fds=[file.fileno()])
        file.seek(0)
        assert file.read() == CONTENT
    assert sorted(path.name for path in here.iterdir()) == ['link', 'other']


@pytest.mark.parametrize('words', [('--checksum', 'md5=' + '0' * 32), ('--newer',)])
def test_what_needs_a_file_has_no_use_for_a_pipe(here, words):
    os.mkfifo(here / 'pipe')
    get(*words, '-o', here / 'pipe', 'http://localhost/', code=2)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_what_a_full_disk_does_not_take_is_not_done(server, folder, protocol):
    (folder / 'short').write_bytes(b'x')
    one = server('-4', ftp=('localhost:0',))
    url = f'{one.url if protocol == "http" else one.ftp_url}short'
    out, said = get('-4', '--json', '-o', '/dev/full', url, code=3)
    told = json.loads(out)
    assert (told['event'], told['code']) == ('failed', 3)
    assert said.count('cannot write /dev/full: no space left on device') == 1
