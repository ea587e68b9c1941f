# SPDX-License-Identifier: MIT
"""The FTP servers under test, each configured for the same job: anonymous visitors read and write
one folder, no log, many connections. Debian lets only one of them be installed at a time, so their
packages are unpacked beside the build."""

import os
import pwd
import signal
import subprocess
import tempfile
import time

from peers import ROOT, Server, certificate, config

PASSIVE = (28000, 28999)  # outside the range that the system draws from

VSFTPD = '''
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root={root}
anon_upload_enable=YES
anon_other_write_enable=YES
anon_umask=022
write_enable=YES
allow_writeable_chroot=YES
ftp_username=daemon
nopriv_user=nobody
chown_uploads=NO
secure_chroot_dir={work}/empty
xferlog_enable=NO
connect_from_port_20=NO
max_clients=4000
max_per_ip=4000
idle_session_timeout=600
one_process_model=YES
{passive}
{tls}
'''

VSFTPD_TLS = '''
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
require_ssl_reuse=NO
ssl_tlsv1=YES
ssl_ciphers=HIGH
rsa_cert_file={chain}
rsa_private_key_file={key}
'''

PROFTPD = '''
ServerName bench
ServerType standalone
DefaultServer on
DefaultAddress 127.0.0.1
SocketBindTight on
Port {port}
User nobody
Group nogroup
UseReverseDNS off
UseIPv6 off
MaxInstances none
TimesGMT on
AuthOrder mod_auth_unix.c
RequireValidShell off
ScoreboardFile {work}/scoreboard
PidFile {work}/proftpd.pid
SystemLog none
TransferLog none
WtmpLog off
AllowOverwrite on
{passive}
<Anonymous {root}>
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
TLSProtocol TLSv1.3
TLSRequired on
TLSLog none
TLSRenegotiate none
TLSECCertificateFile {chain}
TLSECCertificateKeyFile {key}
'''

PYFTPDLIB = '''
import logging
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
logging.basicConfig(level=logging.CRITICAL)
authorizer = DummyAuthorizer()
authorizer.add_anonymous({root!r}, perm='elradfmwMT')
FTPHandler.authorizer = authorizer
FTPHandler.auth_failed_timeout = 0
FTPHandler.passive_ports = {passive}
server = FTPServer(('127.0.0.1', {port}), FTPHandler, backlog=512)
server.max_cons = server.max_cons_per_ip = 4000
server.serve_forever()
'''


def unpack(place):
    """The peers' programs, as {name: path}; those that cannot be had are left out."""
    root = os.path.join(place, 'root')
    subprocess.run([os.path.join(ROOT, 'tools', 'unpack-packages'), place], check=True)
    try:
        pwd.getpwnam('ftp')
    except KeyError:  # pure-ftpd knows anonymous visitors by no other name
        subprocess.run(['useradd', '--system', '--no-create-home', '--home-dir', '/srv/ftp',
                        'ftp'], check=True)
    found = {name: os.path.join(root, 'usr', 'sbin', name)
             for name in ('vsftpd', 'pure-ftpd', 'proftpd')}
    return {name: path for name, path in found.items() if os.path.exists(path)}


def control_group():
    """A group that counts the CPU time of processes which have ended too, or None."""
    for parent in ('/sys/fs/cgroup/unified', '/sys/fs/cgroup'):
        if os.path.exists(os.path.join(parent, 'cgroup.procs')):
            try:
                return tempfile.mkdtemp(prefix='coronet-bench-', dir=parent)
            except OSError:
                pass
    return None


class FtpServer(Server):
    """One of them on a free port, pinned to one processor, in a control group of its own: most
    begin a process for each session. It speaks `scheme`: ftp, or ftps, which begins by AUTH TLS.
    Passive transfers may have all ports that it likes, or PASSIVE alone."""

    def __init__(self, name, options, work, root, scheme='ftp', ranged=False):
        self.ranged = ranged
        self.programs = options.programs
        self.group = control_group()
        if not self.group:
            raise SystemExit('the FTP cases need a cgroup v2 that may be written to (root)')
        super().__init__(name, options.build, work, root, options.backend, scheme)

    def enter(self):
        with open(os.path.join(self.group, 'cgroup.procs'), 'w') as file:
            file.write('0')

    def cpu_seconds(self):
        with open(os.path.join(self.group, 'cpu.stat')) as file:
            return int(file.readline().split()[1]) / 1e6

    def processes(self):
        with open(os.path.join(self.group, 'cgroup.procs')) as file:
            return [int(pid) for pid in file.read().split()]

    def stop(self):
        super().stop()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        while self.processes():
            time.sleep(0.01)
        os.rmdir(self.group)

    def command(self, build, work, root):
        secure = self.scheme == 'ftps'
        chain, key = certificate(work) if secure else ('', '')

        def tls(text):
            modules = os.path.join(os.path.dirname(self.programs['proftpd']), '../lib/proftpd')
            return text.format(chain=chain, key=key, modules=modules) if secure else ''

        def passive(text):
            return text.format(low=PASSIVE[0], high=PASSIVE[1]) if self.ranged else ''
        if self.name.startswith('coronet'):
            return [os.path.join(build, 'coronet'), 'serve', root, '--http', 'unix:@bench-ftp',
                    '--ftp', f'127.0.0.1:{self.port}', '--workers', '1', '--log', 'none', '-q',
                    '--max-connections', '18000', '--anonymous-write', '--run-as', 'nobody',
                    *(['--cert', chain, '--key', key] if secure else []),
                    *passive('--passive-ports {low}-{high}').split(),
                    *(['--no-sync'] if 'unsynced' in self.name else [])]
        if self.name.startswith('floor'):
            opens = ['opens'] if self.name == 'floor-opens' else []
            return [os.path.join(build, 'bench', 'ftp_floor'), str(self.port),
                    os.path.join(root, '1k.bin'), *opens]
        if self.name == 'vsftpd':
            os.makedirs(os.path.join(work, 'empty'), exist_ok=True)
            path = config(work, 'vsftpd.conf', VSFTPD, root=root, port=self.port,
                          tls=tls(VSFTPD_TLS),
                          passive=passive('pasv_min_port={low}\npasv_max_port={high}'))
            return [self.programs['vsftpd'], path]
        if self.name == 'pure-ftpd':
            subprocess.run(['usermod', '--home', root, 'ftp'], check=True)  # what it serves
            return [self.programs['pure-ftpd'], '-e', '-H', '-c', '4000', '-C', '4000', '-I', '600',
                    '-S', f'127.0.0.1,{self.port}',
                    *(['-Y', '2', '-2', f'{chain},{key}'] if secure else []),
                    *passive('-p {low}:{high}').split()]
        if self.name == 'proftpd':
            path = config(work, 'proftpd.conf', PROFTPD, root=root, port=self.port,
                          tls=tls(PROFTPD_TLS), passive=passive('PassivePorts {low} {high}'))
            return [self.programs['proftpd'], '-n', '-q', '-c', path]
        return ['/usr/bin/python3', '-c', PYFTPDLIB.format(
            root=root, port=self.port, passive=passive('range({low}, {high} + 1)') or None)]
