# SPDX-License-Identifier: MIT
"""FTP servers of others, and ours: vsftpd, pure-ftpd, proftpd, pyftpdlib, each with one user and
one folder. Debian lets only one of the first three be installed at a time, so
tools/unpack-packages leaves them beside the build; where they are not, their tests are skipped."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from conftest import BUILD, CORONET, PATIENCE, ROOT, eventually, quiet_port, run

NAME, PASSWORD = 'ann', 'good-secret'
KINDS = ('vsftpd', 'pure-ftpd', 'proftpd', 'pyftpdlib', 'coronet')
SECURE = ('vsftpd', 'pure-ftpd', 'proftpd', 'coronet')
IMPLICIT = ('vsftpd', 'proftpd', 'coronet')

# Its users are the machine's. A password it asks of the anonymous one, too, if there is a list.
VSFTPD = '''
listen={ipv4}
listen_ipv6={ipv6}
listen_address{six}={address}
listen_port={port}
background=NO
seccomp_sandbox=NO
anonymous_enable=YES
secure_email_list_enable={login}
email_password_file={work}/passwords
anon_root={folder.parent}
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_umask=022
write_enable=YES
mdtm_write=YES
ftp_username=daemon
nopriv_user=nobody
secure_chroot_dir={work}/empty
xferlog_enable=NO
connect_from_port_20=NO
{tls}
'''
VSFTPD_TLS = '''
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
require_ssl_reuse=YES
ssl_tlsv1=YES
ssl_ciphers=HIGH
implicit_ssl={implicit}
rsa_cert_file={pair[0]}
rsa_private_key_file={pair[1]}
'''
PROFTPD = '''
ServerName test
ServerType standalone
DefaultServer on
DefaultAddress {address}
SocketBindTight on
UseIPv6 {ipv6}
Port {port}
User nobody
Group nogroup
UseReverseDNS off
TimesGMT on
AuthOrder mod_auth_file.c mod_auth_unix.c
AuthUserFile {work}/users
RequireValidShell off
DefaultRoot ~
ScoreboardFile {work}/scoreboard
PidFile {work}/pid
SystemLog {work}/log
TransferLog none
WtmpLog off
AllowOverwrite on
AllowStoreRestart {rest}
AllowRetrieveRestart on
<Anonymous {folder}>
  User nobody
  Group nogroup
  UserAlias anonymous nobody
  RequireValidShell off
  MaxClients none
</Anonymous>
{tls}
'''
PROFTPD_TLS = '''
ModulePath {modules}
LoadModule mod_tls.c
TLSEngine on
TLSProtocol TLSv1.2 TLSv1.3
TLSRequired on
TLSLog {work}/tls
TLSRSACertificateFile {pair[0]}
TLSRSACertificateKeyFile {pair[1]}
TLSOptions {options}
'''
PYFTPDLIB = '''
import logging
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
logging.basicConfig(level=logging.CRITICAL)
authorizer = DummyAuthorizer()
authorizer.add_anonymous({folder!r}, perm='elradfmwMT')
authorizer.add_user({name!r}, {password!r}, {folder!r}, perm='elradfmwMT')
FTPHandler.authorizer = authorizer
FTPHandler.auth_failed_timeout = 0
FTPServer(({address!r}, {port}), FTPHandler).serve_forever()
'''


def program(name):
    """Its path, or the test is skipped."""
    folders = [folder / 'ftp-peers/root/usr' / part
               for folder in (BUILD, ROOT / 'build') for part in ('sbin', 'bin')]
    path = shutil.which(name) or shutil.which(name, path=':'.join(map(str, folders)))
    if not path:
        pytest.skip(f'{name} is not there (tools/unpack-packages)')
    if os.geteuid() != 0:
        pytest.skip(f'only root can start {name}')
    return pathlib.Path(path)


def hashed():
    """The password, by a hash that costs little: their own tools' is slow on purpose."""
    return run('openssl', 'passwd', '-6', PASSWORD).stdout.decode().strip()


class FtpPlace:
    """One of them. secure: None, 'explicit' or 'implicit'; version: of TLS, where it can be told;
    login: anonymous visitors need the password, too, where they are all that there is."""

    def __init__(self, kind, folder, work, **options):
        self.kind, self.folder, self.work = kind, folder, work
        self.secure, self.pair = options.get('secure'), options.get('pair')
        self.version, self.login = options.get('version', '1.3'), options.get('login', False)
        self.rest = options.get('rest', 'on')  # what proftpd takes of uploads
        self.address = options.get('address', '127.0.0.1')
        self.port = quiet_port(self.address)
        host = 'localhost' if self.secure else f'[{self.address}]' if ':' in self.address else (
            self.address)
        scheme = {None: 'ftp', 'explicit': 'ftpes', 'implicit': 'ftps'}[self.secure]
        # vsftpd shows nobody a root that may be written to.
        path = f'{folder.name}/' if kind == 'vsftpd' else ''
        self.url = f'{scheme}://{host}:{self.port}/{path}'
        self.user = f'{"anonymous" if kind == "vsftpd" else NAME}:{PASSWORD}'
        trust = ('--cacert', self.pair[0]) if self.secure else ()
        self.words = ('--user', self.user, *trust, *(
            ('-4',) if self.secure and ':' not in self.address else ()))
        with open(work / 'said', 'wb') as said:
            self.process = subprocess.Popen(
                [str(word) for word in self.command()], stdin=subprocess.DEVNULL, stdout=said,
                stderr=said, env=self.environment())
        eventually(lambda: self.process.poll() is not None or self.greets())
        assert self.process.poll() is None, (work / 'said').read_text()

    def greets(self):
        """Does it take connections?"""
        with contextlib.suppress(OSError), socket.create_connection(
                (self.address, self.port), timeout=PATIENCE):
            return True
        return False

    def environment(self):
        """The version of TLS is OpenSSL's to limit: not all of them have an option for it."""
        config = self.work / 'openssl.cnf'
        config.write_text('openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n'
                          f'[c]\nMaxProtocol = TLSv{self.version}\n')
        return dict(os.environ, OPENSSL_CONF=str(config))

    def config(self, text, **values):
        path = self.work / 'config'
        ipv6 = ':' in self.address
        path.write_text(text.format(
            folder=self.folder, work=self.work, address=self.address, port=self.port,
            name=NAME, password=PASSWORD, pair=self.pair,
            ipv4='NO' if ipv6 else 'YES', ipv6='YES' if ipv6 else 'NO', six='6' if ipv6 else '',
            **values))
        return path

    def command(self):
        return getattr(self, self.kind.replace('-', '_'))()

    def vsftpd(self):
        (self.work / 'empty').mkdir()
        (self.work / 'passwords').write_text(PASSWORD + '\n')
        implicit = 'YES' if self.secure == 'implicit' else 'NO'
        tls = VSFTPD_TLS.format(implicit=implicit, pair=self.pair) if self.secure else ''
        return [program('vsftpd'),
                self.config(VSFTPD, tls=tls, login='YES' if self.login else 'NO')]

    def pure_ftpd(self):
        """Without anonymous visitors, who need a user `ftp` of the machine's."""
        users, database = self.work / 'users', self.work / 'users.pdb'
        users.write_text(f'{NAME}:{hashed()}:65534:65534::{self.folder}/./:{":" * 11}\n')
        run(program('pure-pw'), 'mkdb', database, '-f', users)
        return [program('pure-ftpd'), '-E', '-H', '-l', f'puredb:{database}', '-u', '1', '-g',
                self.work / 'pid', '-S', f'{self.address},{self.port}',
                *(['-Y', '2', '-2', f'{self.pair[0]},{self.pair[1]}'] if self.secure else [])]

    def proftpd(self):
        path = program('proftpd')
        users = self.work / 'users'
        users.write_text(f'{NAME}:{hashed()}:65534:65534::{self.folder}:/bin/sh\n')
        users.chmod(0o600)
        options = 'UseImplicitSSL' if self.secure == 'implicit' else 'EnableDiags'
        tls = PROFTPD_TLS.format(modules=path.parent / '../lib/proftpd', work=self.work,
                                 pair=self.pair, options=options) if self.secure else ''
        return [path, '-n', '-q', '-c', self.config(PROFTPD, tls=tls, rest=self.rest)]

    def pyftpdlib(self):
        if subprocess.run(['/usr/bin/python3', '-c', 'import pyftpdlib'], check=False,
                          stderr=subprocess.DEVNULL).returncode:
            pytest.skip('pyftpdlib is not installed')
        return ['/usr/bin/python3', self.config(PYFTPDLIB.replace(
            '{folder!r}', repr(str(self.folder))))]

    def coronet(self):
        where = f'[{self.address}]:{self.port}' if ':' in self.address else (
            f'{self.address}:{self.port}')
        tls = ['--cert', self.pair[0], '--key', self.pair[1], '--require-tls', '--tls-reuse',
               'require'] if self.secure else []
        kind = '--ftps' if self.secure == 'implicit' else '--ftp'
        return [CORONET, 'serve', kind, where, '--anonymous-write', '--user',
                f'{NAME}:{PASSWORD}', '--write', '--log', 'none', '--no-sync', *tls, self.folder]

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def folder():
    """In no folder of pytest's: each of its runs closes those to all others again, and servers that
    are somebody else by then find no way in."""
    with tempfile.TemporaryDirectory(prefix='coronet-') as name:
        path = pathlib.Path(name) / 'www'
        path.mkdir()
        for one in (path.parent, path):
            one.chmod(0o755)
        yield path


@pytest.fixture
def ftp_place(tmp_path_factory):
    """ftp_place(kind, folder, ...) starts one that shows the folder."""
    started = []

    def start(kind, folder, **options):
        work = tmp_path_factory.mktemp(kind)
        folder.chmod(0o777)
        started.append(FtpPlace(kind, folder, work, **options))
        return started[-1]
    yield start
    for one in started:
        one.stop()
