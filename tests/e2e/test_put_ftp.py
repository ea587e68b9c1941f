# SPDX-License-Identifier: MIT
"""`coronet put -c` over FTP: it goes on behind what the server has only when that is the beginning
of the very file; and `kill -9` at random points, over FTP and HTTP, after which -c ends with the
right file.

CORONET_KILLS says how often (8); `make soak` asks for 1,000.
"""

import json
import os
import random
import subprocess
import time

import pytest

from conftest import CORONET, PATIENCE, eventually, run
from ftp_places import KINDS, folder, ftp_place  # noqa: F401

KILLS = int(os.environ.get('CORONET_KILLS', '8'))
LARGE = 4 << 20
CONTENT = random.Random(7).randbytes(LARGE)


def put(*words, code=0):
    """Runs it; (the last line of JSON, what was said)."""
    done = run(CORONET, 'put', '--json', '--retries', 0, *words, code=code,
               stdin=subprocess.DEVNULL)
    return json.loads(done.stdout.splitlines()[-1]), done.stderr.decode()


def lying(folder):
    """What the server has of it, visible or not."""
    return [path for path in folder.iterdir() if path.is_file()]


def plant(folder, content, name='large'):
    """A file that is there, and newer than any that is sent afterwards."""
    (folder / name).write_bytes(content)
    (folder / name).chmod(0o666)
    later = time.time() + 100
    os.utime(folder / name, (later, later))


def cut_off(one, folder, file):
    """Sends a part of the file, for so long that its time tells that it is of this version."""
    process = subprocess.Popen([CORONET, 'put', '--limit-rate', '1M', *map(str, one.words), file,
                                one.url], stderr=subprocess.PIPE, text=True)
    changed = int(file.stat().st_ctime)
    eventually(lambda: process.poll() is not None or any(
        path.stat().st_mtime >= changed + 1 and path.stat().st_size >= 300_000
        for path in lying(folder)))
    assert process.poll() is None, process.stderr.read()
    process.kill()
    process.communicate(timeout=PATIENCE)


# ---- what goes on -------------------------------------------------------------------------------

@pytest.mark.parametrize('kind', KINDS)
def test_what_was_cut_off_goes_on(ftp_place, folder, here, kind):  # noqa: F811
    one = ftp_place(kind, folder)
    (here / 'large').write_bytes(CONTENT)
    cut_off(one, folder, here / 'large')
    told, said = put('-c', *one.words, here / 'large', one.url)
    assert told['resumed'] >= 300_000 and 'from its beginning' not in said
    assert (folder / 'large').read_bytes() == CONTENT
    assert [path.name for path in lying(folder)] == ['large']


@pytest.mark.parametrize('kind', KINDS)
def test_nothing_is_sent_of_what_is_there(ftp_place, folder, here, kind):  # noqa: F811
    one = ftp_place(kind, folder)
    (here / 'large').write_bytes(CONTENT)
    plant(folder, CONTENT)
    before = (folder / 'large').stat().st_mtime_ns
    assert put('-c', *one.words, here / 'large', one.url)[0]['resumed'] == LARGE
    assert (folder / 'large').stat().st_mtime_ns == before


OTHERS = {'short': CONTENT[:999_999] + b'x', 'zeros': bytes(300_000), 'long': CONTENT + b'x',
          'as long': CONTENT[:-1] + b'x'}


@pytest.mark.parametrize('other', OTHERS)
@pytest.mark.parametrize('kind', KINDS)
def test_another_file_is_never_extended(ftp_place, folder, here, kind, other):  # noqa: F811
    one = ftp_place(kind, folder)
    word = 'longer' if other == 'long' else 'not its beginning'
    (here / 'large').write_bytes(CONTENT)
    plant(folder, OTHERS[other])
    told, said = put('-c', *one.words, here / 'large', one.url)
    assert told['resumed'] == 0 and word in said and 'from its beginning' in said
    assert (folder / 'large').read_bytes() == CONTENT


@pytest.mark.parametrize('kind', KINDS)
def test_what_is_older_than_the_file_is_another_one(ftp_place, folder, here, kind):  # noqa: F811
    """Its last bytes may be the same all the same."""
    one = ftp_place(kind, folder)
    (here / 'large').write_bytes(b'x' + CONTENT[1:])
    plant(folder, CONTENT)
    os.utime(folder / 'large', (1_700_000_000, 1_700_000_000))
    told, said = put('-c', *one.words, here / 'large', one.url)
    assert told['resumed'] == 0 and 'older' in said
    assert (folder / 'large').read_bytes() == (here / 'large').read_bytes()


def test_a_server_without_rest_gets_the_whole_file(ftp_place, folder, here):  # noqa: F811
    one = ftp_place('proftpd', folder, rest='off')
    (here / 'large').write_bytes(CONTENT)
    plant(folder, CONTENT[:1_000_000])
    told, said = put('-c', *one.words, here / 'large', one.url)
    assert told['resumed'] == 0 and 'no rest' in said
    assert (folder / 'large').read_bytes() == CONTENT


# ---- kills --------------------------------------------------------------------------------------

def kill_at_random(words, file, draw):
    """Sends a file again and again, each time with -c, until one run comes to its end; now and then
    it becomes another one in between. How many runs were killed."""
    for count in range(1000):
        process = subprocess.Popen([CORONET, 'put', '-c', '--limit-rate', '8M', *words],
                                   stderr=subprocess.DEVNULL)
        try:
            code = process.wait(timeout=draw.uniform(0, 0.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=PATIENCE)
            code = None
        if code == 0:
            return count
        assert code is None, code
        if draw.random() < 0.2:
            file.write_bytes(draw.randbytes(draw.choice((LARGE, LARGE - 1, LARGE // 2))))
    raise AssertionError('it never ends')


@pytest.mark.parametrize('kind', ['vsftpd', 'pyftpdlib', 'coronet', 'http'])
def test_kill_9_at_random_points_ends_with_the_right_file(
        ftp_place, server, folder, here, kind):  # noqa: F811
    draw = random.Random(kind)
    if kind == 'http':
        folder.chmod(0o777)
        words, url = ['--user', 'ann:x'], server('-4', '--write', '--user', 'ann:x').url
    else:
        one = ftp_place(kind, folder)
        words, url = list(map(str, one.words)), one.url
    file, kills = here / 'large', 0
    while kills < KILLS:
        file.write_bytes(draw.randbytes(LARGE))
        kills += kill_at_random([*words, str(file), url], file, draw)
        assert (folder / 'large').read_bytes() == file.read_bytes()
        if draw.random() < 0.5:
            (folder / 'large').unlink()
