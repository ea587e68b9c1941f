# SPDX-License-Identifier: MIT
"""Folders as archives, to the programs that unpack them."""

import io
import os
import pathlib
import shutil
import subprocess
import tarfile
import zipfile

import pytest

from conftest import CORONET, PATIENCE, run

NAMES = ('a.txt', 'empty', 'Gr\u00fc\u00dfe.txt', 'two\nlines', 'n' * 120, 'sub/deep/er/b.jpg')


def curl(*words):
    return run('curl', '-sS', '--fail', '--max-time', PATIENCE, *words).stdout


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f'{program} is not installed')


@pytest.fixture
def files(folder):
    """A folder to pack: its path, with contents by name."""
    contents = {}
    for number, name in enumerate(NAMES):
        path = folder / 'top' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        contents[f'top/{name}'] = b'' if name == 'empty' else os.urandom(100) * (3000 * number + 1)
        path.write_bytes(contents[f'top/{name}'])
        os.utime(path, (1_000_000_000, 1_000_000_000))
    (folder / 'top' / '.hidden').write_text('hidden')
    (folder / 'top' / 'out').symlink_to('/etc/passwd')
    return contents


def unpacked(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in pathlib.Path(folder).rglob('*') if path.is_file()}


@pytest.mark.parametrize('kind', ('tar', 'tar.gz'))
def test_python_reads_a_tar(server, files, kind):
    packed = curl(server('--archive').url + 'top/?archive=' + kind)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = [member for member in archive if member.isfile()]
        assert {member.name: archive.extractfile(member).read() for member in members} == files
        assert {member.mtime for member in members} == {1_000_000_000}


def test_python_reads_a_zip(server, files):
    packed = curl(server('--archive').url + 'top/?archive=zip')
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()
                if not name.endswith('/')} == files


def test_our_client_calls_it_as_the_server_does(server, files, tmp_path):
    here = tmp_path / 'here'
    here.mkdir()
    run(CORONET, 'get', server('--archive').url + 'top/?archive=zip', cwd=here,
        stdin=subprocess.DEVNULL)
    assert [path.name for path in here.iterdir()] == ['top.zip']
    assert zipfile.ZipFile(here / 'top.zip').testzip() is None


@needs('tar')
def test_tar_unpacks_what_is_still_coming(server, files, tmp_path):
    target = tmp_path / 'unpacked'
    target.mkdir()
    url = server('--archive').url + 'top/?archive=tar.gz'
    with subprocess.Popen(['curl', '-sS', '--fail', url], stdout=subprocess.PIPE) as client:
        subprocess.run(['tar', '-xz', '-C', target], stdin=client.stdout, check=True)
    assert unpacked(target) == files


@needs('bsdtar')
@pytest.mark.parametrize('kind', ('tar', 'zip'))
def test_bsdtar_unpacks_what_is_still_coming(server, files, tmp_path, kind):
    target = tmp_path / 'unpacked'
    target.mkdir()
    url = server('--archive').url + 'top/?archive=' + kind
    with subprocess.Popen(['curl', '-sS', '--fail', url], stdout=subprocess.PIPE) as client:
        environment = dict(os.environ, LC_ALL='C.UTF-8')
        subprocess.run(['bsdtar', '-x', '-C', target], stdin=client.stdout, check=True,
                       env=environment)
    assert unpacked(target) == files


@needs('unzip')
def test_unzip_finds_nothing_wrong(server, files, tmp_path):
    path = tmp_path / 'top.zip'
    path.write_bytes(curl(server('--archive').url + 'top/?archive=zip'))
    assert b'No errors detected' in subprocess.run(['unzip', '-t', path], check=True,
                                                   stdout=subprocess.PIPE).stdout


def test_thousands_of_files_are_all_there(server, folder):
    for number in range(5000):
        (folder / f'{number}').write_text(str(number))
    url = server('--archive').url
    with zipfile.ZipFile(io.BytesIO(curl(url + '?archive=zip'))) as archive:
        assert len(archive.namelist()) == 5000 and archive.read('files/4999') == b'4999'
    with tarfile.open(fileobj=io.BytesIO(curl(url + '?archive=tar'))) as archive:
        assert len(archive.getnames()) == 5000
