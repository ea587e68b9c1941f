# SPDX-License-Identifier: MIT
"""`kill -9` at random points during uploads over FTP and HTTP: nothing acknowledged is lost,
nothing that was not whole is ever seen, and the next server is there within a second.

CORONET_KILLS says how often (20); `make soak` asks for 1,000.
"""

import base64
import ftplib
import http.client
import io
import json
import os
import random
import statistics
import threading
import time

from conftest import PATIENCE

KILLS = int(os.environ.get('CORONET_KILLS', '20'))
USER, PASSWORD = 'ann', 'good-secret'
LOGIN = 'Basic ' + base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()
PART = 40_000  # bytes of an upload in parts


def content(name, version):
    """What this version of the file holds; its first line says which it is."""
    draw = random.Random(f'{name} {version}')
    return b'%d\n' % version + draw.randbytes(draw.choice((0, 1, 5000, 70_000, 400_000)))


class Uploader(threading.Thread):
    """Uploads version after version of one name, in its own way, until the server is gone."""

    file = None  # its name

    def __init__(self, server, version):
        super().__init__()
        self.server = server
        self.acknowledged = self.begun = version  # the last of each
        self.failure = None  # what should never have been answered

    def run(self):
        try:
            self.connect()
            while True:
                self.begun += 1
                self.upload(content(self.file, self.begun))
                self.acknowledged = self.begun
        except AssertionError as failure:
            self.failure = failure
        except (OSError, EOFError, ftplib.Error, http.client.HTTPException):
            pass


class ByFtp(Uploader):
    file = 'by-ftp'

    def connect(self):
        self.ftp = ftp_of(self.server)

    def upload(self, body):
        self.ftp.storbinary(f'STOR {self.file}', io.BytesIO(body))


class ByPut(Uploader):
    file = 'by-put'

    def connect(self):
        self.http = http_of(self.server)

    def ask(self, method, path, body=None, **fields):
        """The status of the answer, and how much the server says it has."""
        fields = {name.replace('_', '-'): value for name, value in fields.items()}
        self.http.request(method, path, body, {'Authorization': LOGIN, **fields})
        answer = self.http.getresponse()
        answer.read()
        return answer.status, int(answer.getheader('Upload-Offset', '0'))

    def upload(self, body):
        status, _ = self.ask('PUT', '/' + self.file, body)
        assert status in (201, 204), status


class ByParts(ByPut):
    """What a server that was killed has told of, the next one goes on from."""
    file = 'by-parts'
    told = {}  # the version, and how much of it the server said it has

    def upload(self, body):
        _, at = self.ask('HEAD', '/' + self.file)
        assert at >= self.told.get(self.begun, 0), (self.begun, at, self.told)
        at = min(at, len(body) - 1)  # a part has a byte, also when all of them are there
        while at < len(body):
            part = body[at:at + PART]
            status, more = self.ask(
                'PUT', '/' + self.file, part,
                Content_Range=f'bytes {at}-{at + len(part) - 1}/{len(body)}')
            at += len(part)
            assert status in ((202,) if at < len(body) else (201, 204)), (status, at, len(body))
            if at < len(body):
                assert more == at
                ByParts.told = {self.begun: at}


class ByForm(ByPut):
    file = 'by-form'

    def upload(self, body):
        start = f'--x-x\r\nContent-Disposition: form-data; name=f; filename={self.file}\r\n\r\n'
        status, _ = self.ask('POST', '/', start.encode() + body + b'\r\n--x-x--\r\n',
                             Content_Type='multipart/form-data; boundary=x-x')
        assert status == 303, status


WAYS = (ByFtp, ByPut, ByParts, ByForm)


def ftp_of(server):
    ftp = ftplib.FTP()
    ftp.connect(server.ftp_host, server.ftp_port, timeout=PATIENCE)
    ftp.login(USER, PASSWORD)
    return ftp


def http_of(server):
    return server.http()


def check(folder, uploader):
    """The file is one of the versions that may be there, whole. Returns which."""
    path = folder / uploader.file
    acknowledged, begun = uploader.acknowledged, uploader.begun
    if uploader.failure:
        raise uploader.failure
    if not path.exists():
        assert acknowledged == 0, f'{path.name}: version {acknowledged} is lost'
        return 0
    bytes_there = path.read_bytes()
    version = int(bytes_there.split(b'\n')[0])
    assert acknowledged <= version <= begun, (path.name, acknowledged, version, begun)
    assert bytes_there == content(path.name, version), f'{path.name}: version {version} is torn'
    return version


def names_seen(server):
    """What any listing shows."""
    ftp, web = ftp_of(server), http_of(server)
    names = set(ftp.nlst('-a')) | {name for name, facts in ftp.mlsd() if facts['type'] == 'file'}
    ftp.quit()
    web.request('GET', '/', headers={'Authorization': LOGIN, 'Accept': 'application/json'})
    names |= {entry['name'] for entry in json.load(web.getresponse())['entries']}
    web.close()
    return names


def test_kill_9_loses_nothing_acknowledged(server, folder):
    folder.chmod(0o777)
    ByParts.told = {}
    draw = random.Random(1)
    versions = {way.file: 0 for way in WAYS}
    ready = []
    for _ in range(KILLS):
        start = time.monotonic()
        one = server('--write', '--user', f'{USER}:{PASSWORD}', where=['127.0.0.1:0'],
                     ftp=['127.0.0.1:0'])
        ready.append(time.monotonic() - start)
        try:
            assert names_seen(one) <= set(versions)
            uploaders = [way(one, versions[way.file]) for way in WAYS]
            for uploader in uploaders:
                uploader.start()
            time.sleep(draw.uniform(0, 0.15))  # the point of the kill, not a wait for anything
        finally:
            one.kill()
        for uploader in uploaders:
            uploader.join()
            versions[uploader.file] = check(folder, uploader)
    assert statistics.median(ready) < 1  # the machine may be busy now and then
    assert KILLS < 20 or all(versions.values()), versions  # or it has proved nothing
