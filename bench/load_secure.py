# SPDX-License-Identifier: MIT
"""How the clients of the load come to TLS, and what they do to it that nobody should."""

import ftplib
import os
import random
import socket
import ssl
import subprocess

HELLO = bytes.fromhex('1603010200010001fc0303')  # a handshake's beginning


def make_certificate(folder):
    """For 127.0.0.1, by openssl; (certificate, key)."""
    pair = os.path.join(folder, 'cert.pem'), os.path.join(folder, 'key.pem')
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
         '-nodes', '-days', '2', '-subj', '/CN=load', '-addext', 'subjectAltName=IP:127.0.0.1',
         '-keyout', pair[1], '-out', pair[0]], check=True, stderr=subprocess.DEVNULL)
    return pair


def contexts(certificate):
    """A client's, for each version."""
    made = []
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=certificate)
        context.minimum_version = context.maximum_version = version
        made.append(context)
    return made


def shake(connection, context, **options):
    """TLS over a connection, which is closed when that fails."""
    try:
        return context.wrap_socket(connection, server_hostname='127.0.0.1', **options)
    except BaseException:
        connection.close()
        raise


class Ftps(ftplib.FTP_TLS):
    """Explicit or implicit; data connections resume the control connection's session, or not."""

    def __init__(self, context, implicit, resumes, **options):
        self.implicit, self.resumes = implicit, resumes
        super().__init__(context=context, **options)

    def connect(self, *where, **options):
        if not self.implicit:
            return super().connect(*where, **options)
        self.host, self.port = where
        self.sock = shake(socket.create_connection(
            where, self.timeout, source_address=self.source_address), self.context)
        self.af = self.sock.family
        self.file = self.sock.makefile('r', encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

    def begin(self, user, password):
        if not self.implicit:
            self.auth()
        self.login(user, password, secure=False)
        self.prot_p()

    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        session = self.sock.session if self.resumes else None
        return shake(connection, self.context, session=session), size


def spoil(connection, draw):
    """Bytes that are no record, where one is due."""
    kind = draw.choice((b'\x17\x03\x03', b'\x16\x03\x01', b'\x15\x03\x03', b'\x80\x00\x00'))
    bytes_ = kind + draw.choice((b'\x00\x20', b'\x40\x00', b'\xff\xff', b'')) + draw.randbytes(40)
    os.write(connection.fileno(), bytes_)


def part_of_a_hello(draw: random.Random):
    return (HELLO + draw.randbytes(506))[:draw.randrange(1, 517)]
