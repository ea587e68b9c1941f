# SPDX-License-Identifier: MIT
"""Clients that know what each file of theirs holds, whichever protocol wrote it, and look.

Each has an address, a folder and a stream of chance of its own, speaks HTTP, HTTP/2 and FTP in
turn, in clear and over TLS, and leaves now and then in the midst of something. What it was not
promised it expects not to have happened.
"""

import base64
import collections
import ftplib
import http.client
import io
import json
import os
import random
import socket
import ssl
import struct
import threading
import time

import load_h2
import load_secure

USER, PASSWORD = 'load', 'load-secret'
PATIENCE = 60  # seconds for any answer
SPOILT_SECONDS = 1  # what seems the beginning of a record may be waited for
KEPT_SECONDS = 20  # an idle connection is used again; the server waits 60
SIZES = (0, 1, 5_000, 70_000, 400_000)  # bytes, around what buffers hold
NAMES_MAX = 12  # files of a client
LARGE_BYTES = 8 << 20  # more than sockets hold: what is left in the midst of it is


class Unexpected(Exception):
    """Another answer than there should be."""


class Wrong(Unexpected):
    """What is said to be whole is not what it should be."""


def demand(condition, *what):
    if not condition:
        raise Unexpected(' '.join(map(str, what)))


def demand_right(condition, *what):
    if not condition:
        raise Wrong(' '.join(map(str, what)))


def body_of(response):
    """As much of it as there is, of one that went well."""
    demand(response.startswith(b'HTTP/1.1 20'[:len(response)]), 'GET', response[:20])
    return response.partition(b'\r\n\r\n')[2]


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


class Client(threading.Thread):
    def __init__(self, site, number):
        super().__init__(name=f'client {number}', daemon=True)
        self.site, self.folder = site, f'client-{number}'
        self.address = f'127.1.0.{number + 1}'
        self.draw = random.Random(f'{site.seed} {number}')
        self.files = {}  # name: what it holds
        self.interrupted = set()  # names of which there may be a part
        self.done = collections.Counter()
        self.bytes = 0  # compared
        self.failure = self.doing = None
        self.http, self.ftp, self.h2, self.used = None, None, None, {}

    def run(self):
        self.attempt(self.work)

    def attempt(self, what):
        try:
            what()
        except Exception as error:  # whatever it is, it is no good
            self.failure = f'{self.name}, {self.doing}: {type(error).__name__}: {error}'
        self.drop()

    def work(self):
        while time.monotonic() < self.site.end:
            action = self.draw.choice(ACTIONS)
            self.doing = action.__name__
            action(self)
            self.done[self.doing] += 1
        self.leave()

    def tidy(self):
        """Ends what was interrupted, and checks all that there is once more."""
        self.doing = 'tidy'
        for name in self.interrupted:
            self.put(name)
        for name in self.files:
            self.check(name, self.retrieve(name))
        self.leave()

    def leave(self):
        if self.ftp:
            self.ftp.quit()

    def drop(self):
        """All connections."""
        for connection in filter(None, (self.http, self.ftp, self.h2 and self.h2.sock)):
            connection.close()
        self.http = self.ftp = self.h2 = None

    # ---- what there is

    def content(self, size=None):
        return self.draw.randbytes(self.draw.choice(SIZES) if size is None else size)

    def new_name(self):
        return f'{self.draw.randrange(NAMES_MAX)}.bin'

    def some_name(self):
        """A name that has a file."""
        if not self.files:
            self.put(self.new_name())
        return self.draw.choice(list(self.files))

    def check(self, name, got, start=0, end=None):
        expected = (self.site.large if name is None else self.files[name])[start:end]
        self.bytes += len(got)
        if got != expected:
            pairs = enumerate(zip(got, expected))
            raise Wrong(f'{name or "the large file"} from {start} is {len(got)} bytes, not the '
                        f'expected {len(expected)}, and differs at '
                        f'{next((at for at, (is_, should) in pairs if is_ != should), "no byte")}')

    def check_names(self, names):
        listed, expected = sorted(names), sorted(self.files)
        demand_right(listed == expected, 'listed', listed, 'not', expected)

    # ---- HTTP

    def is_kept(self, kind):
        age = time.monotonic() - self.used.get(kind, 0)
        self.used[kind] = time.monotonic()
        return age < KEPT_SECONDS and self.draw.random() < 0.8

    def dial(self, port):
        return socket.create_connection(
            ('127.0.0.1', port), PATIENCE, source_address=(self.address, 0))

    def context(self):
        """Of TLS, or None: in clear."""
        return self.draw.choice((None, *self.site.contexts))

    def new_http(self):
        context, where = self.context(), (PATIENCE, (self.address, 0))
        if context:
            return http.client.HTTPSConnection(
                '127.0.0.1', self.site.https_port, timeout=where[0], source_address=where[1],
                context=context)
        return http.client.HTTPConnection('127.0.0.1', self.site.http_port, *where)

    def dial_http(self):
        """A connection for requests, over TLS or not."""
        context = self.context()
        if context:
            return load_secure.shake(self.dial(self.site.https_port), context)
        return self.dial(self.site.http_port)

    def ask(self, method, path, body=None, **fields):
        if self.http and not self.is_kept('http'):
            self.http.close()
            self.http = None
        if not self.http:
            self.http = self.new_http()
        fields = {name.replace('_', '-'): value for name, value in fields.items()}
        self.http.request(method, path, body, {'Authorization': AUTHORIZATION, **fields})
        answer = self.http.getresponse()
        return answer.status, answer.headers, answer.read()

    def path(self, name):
        return f'/{self.folder}/{name}'

    def get(self):
        name = self.some_name()
        status, _, got = self.ask('GET', self.path(name))
        demand(status == 200, 'GET', status)
        self.check(name, got)

    def get_range(self):
        first = self.draw.randrange(LARGE_BYTES)
        last = min(first + self.draw.choice(SIZES), LARGE_BYTES - 1)
        status, _, got = self.ask('GET', '/large', Range=f'bytes={first}-{last}')
        demand(status == 206, 'GET of a range', status)
        self.check(None, got, first, last + 1)

    def get_large(self):
        status, _, got = self.ask('GET', '/large')
        demand(status == 200, 'GET', status)
        self.check(None, got)

    def list_by_http(self):
        status, _, got = self.ask('GET', self.path(''), Accept='application/json')
        demand(status == 200, 'GET of the folder', status)
        self.check_names(entry['name'] for entry in json.loads(got)['entries'])

    def put(self, name=None):
        name, body = name or self.new_name(), self.content()
        status, _, _ = self.ask('PUT', self.path(name), body)
        demand(status == (204 if name in self.files else 201), 'PUT', status)
        self.files[name] = body

    def put_in_parts(self):
        name, body = self.new_name(), self.content() + b'end'
        middle = self.draw.randrange(1, len(body))
        for first, last in ((0, middle), (middle, len(body))):
            status, _, _ = self.ask('PUT', self.path(name), body[first:last],
                                    Content_Range=f'bytes {first}-{last - 1}/{len(body)}')
            if status == 409 and first == 0 and name in self.interrupted:
                return  # nobody has noticed yet that the other upload was broken off
            demand(status == 202 if last < len(body) else status in (201, 204), 'PUT', status)
        self.files[name] = body

    def delete(self):
        name = self.some_name()
        status, _, _ = self.ask('DELETE', self.path(name))
        demand(status == 204, 'DELETE', status)
        del self.files[name]

    def move(self):
        name, to = self.some_name(), self.new_name()
        if name != to:
            status, _, _ = self.ask('MOVE', self.path(name), Destination=self.path(to))
            demand(status in (201, 204), 'MOVE', status)
            self.files[to] = self.files.pop(name)

    def send(self, text, body=b''):
        """A request on a connection of its own."""
        connection = self.dial_http()
        connection.sendall(text.encode() + body)
        return connection

    def head(self, method, path, *fields):
        return '\r\n'.join((f'{method} {path} HTTP/1.1', 'Host: load',
                            f'Authorization: {AUTHORIZATION}', *fields, '', ''))

    def half_closed_get(self):
        with self.dial(self.site.http_port) as connection:
            connection.sendall(self.head('GET', '/large', 'Range: bytes=0-999999').encode())
            connection.shutdown(socket.SHUT_WR)
            got = b''.join(iter(lambda: connection.recv(1 << 16), b''))
        body = body_of(got)
        demand(len(body) == 1_000_000, 'the response is cut')
        self.check(None, body, 0, 1_000_000)

    def pipelined_gets(self):
        name, count = self.some_name(), self.draw.randrange(1, 20)
        heads = self.head('GET', self.path(name)) * count
        last = self.head('GET', self.path(name), 'Connection: close')
        with self.send(heads + last) as connection, connection.makefile('rb') as file:
            for _ in range(count + 1):
                demand(file.readline().startswith(b'HTTP/1.1 200'), 'a pipelined GET')
                fields = http.client.parse_headers(file)
                body = file.read(int(fields['Content-Length']))
                demand(len(body) == int(fields['Content-Length']), 'a response is cut')
                self.check(name, body)
            demand(file.read() == b'', 'more behind the last response')

    def broken_get(self):
        connection = self.send(self.head('GET', '/large'))
        body_of(connection.recv(self.draw.randrange(1, 1 << 18)))
        self.draw.choice((reset, socket.socket.close))(connection)

    def broken_put(self):
        name, body = self.new_name(), self.content() + b'end'
        connection = self.send(self.head('PUT', self.path(name), f'Content-Length: {len(body)}'),
                               body[:self.draw.randrange(len(body))])
        self.interrupted.add(name)
        self.draw.choice((reset, socket.socket.close))(connection)

    def broken_off_at_once(self):
        connection = self.dial(self.draw.choice(self.site.ports))
        if self.draw.random() < 0.5:
            connection.sendall(load_secure.part_of_a_hello(self.draw))
        self.draw.choice((reset, socket.socket.close))(connection)

    def half_closed_handshake(self):
        with self.dial(self.draw.choice((self.site.https_port, self.site.ftps_port))) as connection:
            connection.sendall(load_secure.part_of_a_hello(self.draw))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 10):
                pass

    def spoilt_get(self):
        """Garbage behind a request over TLS: what came before it is answered, or cut."""
        connection = load_secure.shake(
            self.dial(self.site.https_port), self.draw.choice(self.site.contexts))
        connection.sendall(self.head('GET', '/large', 'Range: bytes=0-99999').encode())
        load_secure.spoil(connection, self.draw)
        connection.settimeout(SPOILT_SECONDS)
        got = bytearray()
        try:
            while piece := connection.recv(1 << 16):
                got += piece
        except (ssl.SSLError, ConnectionError, TimeoutError):
            pass
        connection.close()
        body = body_of(bytes(got))
        self.check(None, body, 0, len(body))

    def slow_get(self):
        """A reader who takes his time, and at last no more."""
        connection, got = self.send(self.head('GET', '/large')), bytearray()
        for _ in range(20):
            piece = connection.recv(self.draw.randrange(1, 1 << 14))
            demand(piece, 'cut while it was read slowly')
            got += piece
            time.sleep(0.02)
        body = body_of(bytes(got))
        self.check(None, body, 0, len(body))
        self.draw.choice((reset, socket.socket.close))(connection)

    def slow_put(self):
        name, body = self.new_name(), self.content(2000)
        head = self.head('PUT', self.path(name), f'Content-Length: {len(body)}',
                         'Connection: close')
        with self.send(head) as connection:
            for at in range(0, len(body), 100):
                connection.sendall(body[at:at + 100])
                time.sleep(0.01)
            got = b''.join(iter(lambda: connection.recv(1 << 16), b''))
        demand(got.startswith(b'HTTP/1.1 204' if name in self.files else b'HTTP/1.1 201'),
               'a slow PUT:', got[:200])
        self.files[name] = body

    # ---- HTTP/2

    def h2_connection(self):
        if self.h2 and not self.is_kept('h2'):
            self.h2.sock.close()
            self.h2 = None
        if not self.h2:
            context = self.draw.choice((None, self.site.h2_context))
            if context:
                sock = load_secure.shake(self.dial(self.site.https_port), context)
            else:
                sock = self.dial(self.site.http_port)
            self.h2 = load_h2.Connection(sock, 'https' if context else 'http', AUTHORIZATION)
        return self.h2

    def h2_mixed(self):
        """Gets, puts, a range of the large file and one that is given up, all at once."""
        names = self.draw.sample([f'{n}.bin' for n in range(NAMES_MAX)], 4)
        new = {name: self.content() for name in names[:2]}
        puts = {name: load_h2.Exchange('PUT', self.path(name), body) for name, body in new.items()}
        gets = {name: load_h2.Exchange('GET', self.path(name)) for name in names[2:]}
        given_up = load_h2.Exchange('GET', '/large', give_up_after=self.draw.randrange(1 << 17))
        self.h2_connection().exchange([*puts.values(), given_up, *gets.values()])
        for name, put in puts.items():
            demand(put.status == (204 if name in self.files else 201), 'PUT', put.status)
            self.files[name] = new[name]
        for name, get in gets.items():
            demand(get.status == (200 if name in self.files else 404), 'GET', get.status)
            if name in self.files:
                self.check(name, bytes(get.got))
        demand(given_up.status in (None, 200), 'GET', given_up.status)
        self.check(None, bytes(given_up.got), 0, len(given_up.got))

    def h2_large(self):
        get = load_h2.Exchange('GET', '/large')
        self.h2_connection().exchange([get])
        demand(get.status == 200, 'GET', get.status)
        self.check(None, bytes(get.got))

    def h2_broken(self):
        """Gone in the midst of several."""
        connection = self.h2_connection()
        for _ in range(self.draw.randrange(1, 8)):
            connection.begin(load_h2.Exchange('GET', '/large'))
        name = self.new_name()
        self.interrupted.add(name)
        upload = load_h2.Exchange('PUT', self.path(name), self.content() + b'end')
        connection.begin(upload)
        connection.flush()
        connection.sock.recv(self.draw.randrange(1, 1 << 16))
        if connection.scheme == 'https' and self.draw.random() < 0.3:
            load_secure.spoil(connection.sock, self.draw)
        self.draw.choice((reset, socket.socket.close))(connection.sock)
        self.h2 = None

    # ---- FTP

    def new_session(self):
        context, where = self.context(), {'timeout': PATIENCE, 'source_address': (self.address, 0)}
        if not context:
            ftp = ftplib.FTP(**where)
            ftp.connect('127.0.0.1', self.site.ftp_port)
            ftp.login(USER, PASSWORD)
            return ftp
        implicit, resumes = self.draw.random() < 0.5, self.draw.random() < 0.5
        ftp = load_secure.Ftps(context, implicit, resumes, **where)
        ftp.connect('127.0.0.1', self.site.ftps_port if implicit else self.site.ftp_port)
        ftp.begin(USER, PASSWORD)
        return ftp

    def session(self):
        if self.ftp and not self.is_kept('ftp'):
            self.ftp.quit()
            self.ftp = None
        if not self.ftp:
            self.ftp = self.new_session()
            self.ftp.cwd(self.folder)
        way = self.draw.choice(('PASV', 'EPSV', 'PORT', 'EPRT'))
        self.ftp.set_pasv(way in ('PASV', 'EPSV'))
        if way == 'EPSV':
            self.ftp.makepasv = lambda: (
                '127.0.0.1', ftplib.parse229(self.ftp.sendcmd('EPSV'), ('127.0.0.1', 0))[1])
        else:
            self.ftp.__dict__.pop('makepasv', None)
        if way == 'EPRT':
            self.ftp.sendport = self.ftp.sendeprt
        else:
            self.ftp.__dict__.pop('sendport', None)
        return self.ftp

    def retrieve(self, name, start=0):
        out = io.BytesIO()
        self.session().retrbinary(f'RETR {name}', out.write, rest=start or None)
        return out.getvalue()

    def retr(self):
        name = self.some_name()
        start = self.draw.randrange(len(self.files[name]) + 1)
        self.check(name, self.retrieve(name, start), start)

    def retr_large(self):
        self.check(None, self.retrieve('/large'))

    def list_by_ftp(self):
        ftp, names = self.session(), []
        form = self.draw.choice(('NLST', 'MLSD', 'LIST'))
        ftp.retrlines(form, names.append)
        self.check_names(line.split()[-1] for line in names
                         if form != 'MLSD' or 'type=file' in line)

    def stor(self):
        name, body = self.new_name(), self.content()
        self.session().storbinary(f'STOR {name}', io.BytesIO(body))
        self.files[name] = body

    def appe(self):
        name, more = self.some_name(), self.content(1000)
        if len(self.files[name]) < max(SIZES):
            self.session().storbinary(f'APPE {name}', io.BytesIO(more))
            self.files[name] += more

    def dele(self):
        name = self.some_name()
        self.session().delete(name)
        del self.files[name]

    def rename(self):
        name, to = self.some_name(), self.new_name()
        if name != to:
            self.session().rename(name, to)
            self.files[to] = self.files.pop(name)

    def make_and_remove_a_folder(self):
        ftp = self.session()
        ftp.mkd('sub')
        ftp.storbinary('STOR sub/file', io.BytesIO(b'inside'))
        ftp.delete('sub/file')
        ftp.rmd('sub')

    def begin(self):
        """A transfer in the midst: the session, its data connection."""
        ftp = self.session()
        ftp.voidcmd('TYPE I')
        if self.draw.random() < 0.5:
            data = ftp.transfercmd('RETR /large')
            data.settimeout(PATIENCE)
            got = data.recv(1 << 16)
            self.check(None, got, 0, len(got))
        else:
            name = self.new_name()
            self.interrupted.add(name)
            data = ftp.transfercmd(f'STOR {name}')
            data.sendall(self.content())
        return ftp, data

    def abor(self):
        ftp, data = self.begin()
        if self.draw.random() < 0.5 and not isinstance(ftp.sock, ssl.SSLSocket):
            ftp.sock.sendall(b'\xff\xf4')
            ftp.sock.sendall(b'\xff\xf2', socket.MSG_OOB)
        ftp.putcmd('ABOR')
        first, second = ftp.getmultiline(), ftp.getmultiline()
        reset(data)
        demand(first[:3] == '426' and second[:3] == '226', 'ABOR', first, second)

    def data_reset(self):
        ftp, data = self.begin()
        self.reset_data(ftp, data)

    @staticmethod
    def reset_data(ftp, data):
        reset(data)
        reply = ftp.getmultiline()
        demand(reply[:3] in ('425', '426'), 'a transfer whose data was reset:', reply)

    def data_cut(self):
        """An upload over TLS whose end nobody says: its TCP ends, without a farewell."""
        ftp = self.session()
        ftp.voidcmd('TYPE I')
        name = self.new_name()
        if not isinstance(ftp.sock, ssl.SSLSocket):
            return
        self.interrupted.add(name)
        data = ftp.transfercmd(f'STOR {name}')
        data.sendall(self.content())
        if self.draw.random() < 0.3:
            load_secure.spoil(data, self.draw)
        data.close()
        reply = ftp.getmultiline()
        demand(reply[:3] in ('425', '426'), 'an upload without farewell:', reply)

    def data_not_shaken(self):
        """A data connection that speaks no TLS, or not to the end."""
        ftp = self.session()
        if not isinstance(ftp.sock, ssl.SSLSocket):
            return
        ftp.voidcmd('TYPE I')
        data, _ = ftplib.FTP.ntransfercmd(ftp, 'RETR /large')
        data.sendall(self.draw.choice((b'in clear', load_secure.part_of_a_hello(self.draw))))
        self.reset_data(ftp, data)

    def abor_in_the_handshake(self):
        ftp = self.session()
        if not isinstance(ftp.sock, ssl.SSLSocket):
            return
        ftp.voidcmd('TYPE I')
        data, _ = ftplib.FTP.ntransfercmd(ftp, 'RETR /large')
        data.sendall(load_secure.part_of_a_hello(self.draw))
        ftp.putcmd('ABOR')
        first, second = ftp.getmultiline(), ftp.getmultiline()
        reset(data)
        demand(first[:3] in ('425', '426') and second[:3] == '226', 'ABOR', first, second)

    def stat_meanwhile(self):
        ftp, data = self.begin()
        ftp.putcmd('STAT')
        reply = ftp.getmultiline()
        demand(reply[:3] == '211', 'STAT', reply)
        self.reset_data(ftp, data)

    def control_broken(self):
        ftp, data = self.begin()
        ftp.file.close()  # which would hold the socket
        self.draw.choice((reset, socket.socket.close))(ftp.sock)
        reset(data)
        self.ftp = None

    def half_closed_session(self):
        with self.dial(self.site.ftp_port) as control:
            control.sendall(f'USER {USER}\r\nPASS {PASSWORD}\r\nSIZE /large\r\n'.encode())
            control.shutdown(socket.SHUT_WR)
            got = b''.join(iter(lambda: control.recv(4096), b''))
        codes = [line[:3] for line in got.splitlines()]
        demand(codes[:2] == [b'220', b'331'], 'a half-closed session:', got)


ACTIONS = (
    Client.get, Client.get, Client.get_range, Client.get_large, Client.list_by_http, Client.put,
    Client.put, Client.put_in_parts, Client.delete, Client.move, Client.half_closed_get,
    Client.pipelined_gets, Client.broken_get, Client.broken_put, Client.broken_off_at_once,
    Client.retr, Client.retr, Client.retr_large, Client.list_by_ftp, Client.stor, Client.stor,
    Client.appe, Client.dele, Client.rename, Client.make_and_remove_a_folder, Client.abor,
    Client.data_reset, Client.stat_meanwhile, Client.control_broken, Client.half_closed_session,
    Client.half_closed_handshake, Client.spoilt_get, Client.slow_get, Client.slow_put,
    Client.h2_mixed, Client.h2_mixed, Client.h2_large, Client.h2_broken, Client.data_cut,
    Client.data_not_shaken, Client.abor_in_the_handshake)

AUTHORIZATION = 'Basic ' + base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()


def on_disk(root, client):
    """What is wrong with the client's folder, seen past the server; None when nothing is."""
    folder = os.path.join(root, client.folder)
    names = sorted(os.listdir(folder))
    if names != sorted(client.files):
        return f'{client.folder}: {names}, not {sorted(client.files)}'
    for name, expected in client.files.items():
        with open(os.path.join(folder, name), 'rb') as file:
            if file.read() != expected:
                return f'{client.folder}/{name} does not hold what was acknowledged'
    return None
