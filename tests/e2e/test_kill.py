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

import pytest

from conftest import PATIENCE

KILLS = int(os.environ.get('CORONET_KILLS', '20'))
USER, PASSWORD = 'ann', 'good-secret'
LOGIN = 'Basic ' + base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()
PART = 40_000  # bytes of an upload in parts


def content(name, version):
    """What this version of the file holds; its first line says which it is."""
    draw = random.Random(f'{name} {version}')
    return b'%d\n' % version + draw.randbytes(draw.choice((0, 1, 5000, 70_000, 400_000)))


def begins_anew(version):
    """Of a file that grows from version to version, for a while."""
    return version == 1 or version % 10 == 0


def grown(name, version):
    """What such a file holds."""
    first = version - version % 10 or 1
    return b''.join(content(name, one) for one in range(first, version + 1))


class Uploader(threading.Thread):
    """Uploads version after version of one name, in its own way, until the server is gone."""

    file = None  # its name
    body = staticmethod(content)  # what a version holds

    def __init__(self, server, version):
        super().__init__()
        self.server = server
        self.first = version + 1
        self.acknowledged = self.begun = version  # the last of each
        self.failure = None  # what should never have been answered

    def run(self):
        try:
            self.connect()
            while True:
                self.begun += 1
                self.upload(self.body(self.file, self.begun))
                self.acknowledged = self.begun
        except AssertionError as failure:
            self.failure = failure
        except (OSError, EOFError, ftplib.Error, http.client.HTTPException):
            pass

    def check(self, folder):
        """The file is one of the versions that may be there, whole. Returns which."""
        path = folder / self.file
        if self.failure:
            raise self.failure
        if not path.exists():
            return self.check_missing()
        there = path.read_bytes()
        possible = range(self.acknowledged, self.begun + 1)
        for version in possible:
            if version and there == self.body(self.file, version):
                return version
        raise AssertionError(f'{self.file}: {len(there)} bytes are none of versions {possible}')

    def check_missing(self):
        assert self.acknowledged == 0, f'{self.file}: version {self.acknowledged} is lost'
        return 0


class ByFtp(Uploader):
    file = 'by-ftp'

    def connect(self):
        self.ftp = ftp_of(self.server)

    def upload(self, body):
        self.ftp.storbinary(f'STOR {self.file}', io.BytesIO(body))


class ByAppe(ByFtp):
    file = 'by-appe'
    body = staticmethod(grown)

    def upload(self, body):
        if begins_anew(self.begun):
            super().upload(body)
        else:
            new = content(self.file, self.begun)
            self.ftp.storbinary(f'APPE {self.file}', io.BytesIO(new))


class ByRest(ByFtp):
    """Goes on from the whole file, or where that has been removed, from what came of the next."""
    file = 'by-rest'
    body = staticmethod(grown)

    def upload(self, body):
        if begins_anew(self.begun):
            self.remove()
        at = self.size()
        assert at <= len(body), (self.begun, at, len(body))
        self.ftp.storbinary(f'STOR {self.file}', io.BytesIO(body[at:]), rest=at)

    def remove(self):
        try:
            self.ftp.delete(self.file)
        except ftplib.error_perm:  # that was done before the kill
            pass

    def size(self):
        self.ftp.voidcmd('TYPE I')  # or line ends count twice
        try:
            return self.ftp.size(self.file)
        except ftplib.error_perm:
            return 0

    def check_missing(self):
        next_ = max(self.begun, self.first)  # not begun: the server before had removed it
        return self.acknowledged if begins_anew(next_) else super().check_missing()


class ByStou(ByFtp):
    """Each version gets a name of its own, which the server chooses."""
    file = 'upload-'  # how they begin

    def upload(self, body):
        self.ftp.storbinary('STOU', io.BytesIO(body))

    def check(self, folder):
        found = []
        for path in folder.glob(f'{self.file}*'):
            there = path.read_bytes()
            found.append(int(there.split(b'\n')[0]))
            assert there == content(self.file, found[-1]), f'{path.name} is torn'
            path.unlink()
        last = max(found, default=self.first - 1)
        assert sorted(found) == list(range(self.first, last + 1)), found
        assert self.acknowledged <= last <= self.begun, (self.acknowledged, last, self.begun)
        return last


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


WAYS = ((ByFtp, ByPut, ByParts, ByForm), (ByAppe, ByRest, ByStou))


def ftp_of(server):
    ftp = ftplib.FTP()
    ftp.connect(server.ftp_host, server.ftp_port, timeout=PATIENCE)
    ftp.login(USER, PASSWORD)
    return ftp


def http_of(server):
    return server.http()


def names_seen(server):
    """What any listing shows."""
    ftp, web = ftp_of(server), http_of(server)
    names = set(ftp.nlst('-a')) | {name for name, facts in ftp.mlsd() if facts['type'] == 'file'}
    ftp.quit()
    web.request('GET', '/', headers={'Authorization': LOGIN, 'Accept': 'application/json'})
    names |= {entry['name'] for entry in json.load(web.getresponse())['entries']}
    web.close()
    return names


@pytest.mark.parametrize('ways', WAYS, ids=('whole or in parts', 'continued or unnamed'))
def test_kill_9_loses_nothing_acknowledged(server, folder, ways):
    folder.chmod(0o777)
    ByParts.told = {}
    draw = random.Random(1)
    versions = {way.file: 0 for way in ways}
    ready = []
    for _ in range(KILLS):
        start = time.monotonic()
        one = server('--write', '--user', f'{USER}:{PASSWORD}', where=['127.0.0.1:0'],
                     ftp=['127.0.0.1:0'])
        ready.append(time.monotonic() - start)
        try:
            assert names_seen(one) <= set(versions)
            uploaders = [way(one, versions[way.file]) for way in ways]
            for uploader in uploaders:
                uploader.start()
            time.sleep(draw.uniform(0, 0.15))  # the point of the kill, not a wait for anything
        finally:
            one.kill()
        for uploader in uploaders:
            uploader.join()
            versions[uploader.file] = uploader.check(folder)
    assert statistics.median(ready) < 1  # the machine may be busy now and then
    assert KILLS < 20 or all(versions.values()), versions  # or it has proved nothing
