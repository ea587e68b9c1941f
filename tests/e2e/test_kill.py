# SPDX-License-Identifier: MIT
"""`kill -9` at random points during uploads: nothing acknowledged is lost, nothing that was not
whole is ever seen, and the next server is there within a second.

CORONET_KILLS says how often (20); `make soak` asks for 1,000.
"""

import ftplib
import io
import os
import random
import statistics
import threading
import time

from conftest import PATIENCE, Server

KILLS = int(os.environ.get('CORONET_KILLS', '20'))
UPLOADERS = 3  # each with a name of its own and one that all share
USER, PASSWORD = 'ann', 'good-secret'


def content(name, version):
    """What this version of the file holds; its first line says which it is."""
    draw = random.Random(f'{name} {version}')
    return b'%d\n' % version + draw.randbytes(draw.choice((0, 1, 5000, 70_000, 400_000)))


class Uploader(threading.Thread):
    """Uploads version after version of one name until the server is gone."""

    def __init__(self, server, name, version):
        super().__init__()
        self.server, self.name = server, name
        self.acknowledged = self.begun = version  # the last of each

    def run(self):
        try:
            ftp = ftplib.FTP()
            ftp.connect(self.server.ftp_host, self.server.ftp_port, timeout=PATIENCE)
            ftp.login(USER, PASSWORD)
            while True:
                self.begun += 1
                ftp.storbinary(f'STOR {self.name}', io.BytesIO(content(self.name, self.begun)))
                self.acknowledged = self.begun
        except (OSError, EOFError, ftplib.Error):
            pass


def check(folder, name, acknowledged, begun):
    """The file is one of the versions that may be there, whole. Returns which."""
    path = folder / name
    if not path.exists():
        assert acknowledged == 0, f'{name}: version {acknowledged} is lost'
        return 0
    bytes_there = path.read_bytes()
    version = int(bytes_there.split(b'\n')[0])
    assert acknowledged <= version <= begun, (name, acknowledged, version, begun)
    assert bytes_there == content(name, version), f'{name}: version {version} is torn'
    return version


def names_seen(server):
    ftp = ftplib.FTP()
    ftp.connect(server.ftp_host, server.ftp_port, timeout=PATIENCE)
    ftp.login(USER, PASSWORD)
    names = ftp.nlst()
    ftp.quit()
    return set(names)


def test_kill_9_loses_nothing_acknowledged(folder, tmp_path):
    folder.chmod(0o777)
    draw = random.Random(1)
    versions = {f'file-{number}': 0 for number in range(UPLOADERS)}
    ready = []
    for _ in range(KILLS):
        start = time.monotonic()
        server = Server(folder, tmp_path / 'stdout', '--write', '--user', f'{USER}:{PASSWORD}',
                        ftp=['127.0.0.1:0'])
        ready.append(time.monotonic() - start)
        try:
            assert names_seen(server) <= set(versions)
            uploaders = [Uploader(server, name, version) for name, version in versions.items()]
            for uploader in uploaders:
                uploader.start()
            time.sleep(draw.uniform(0, 0.15))  # the point of the kill, not a wait for anything
        finally:
            server.kill()
        for uploader in uploaders:
            uploader.join()
            versions[uploader.name] = check(
                folder, uploader.name, uploader.acknowledged, uploader.begun)
    assert statistics.median(ready) < 1  # the machine may be busy now and then
