# SPDX-License-Identifier: MIT
"""Every recipe of docs/sharing.md, as the page has it: its commands are read out of the page, run
in order by an ordinary user, and what they promise is asked of real clients.

Each test has a network of its own, so that the page's ports stay the page's; the folders that need
root are put below the test's own.
"""

import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from conftest import BUILD, CORONET, PATIENCE, ROOT, Process, eventually, run

PAGE = (ROOT / 'docs' / 'sharing.md').read_text()
NAT = pathlib.Path(__file__).with_name('nat.py')
SECTIONS = {
    'On the local network, in one line', 'A drop box: others upload, and see nothing',
    'Users with homes', 'Behind NAT, or in a container',
    'Under systemd, without root at any time', 'Behind a reverse proxy'}
USER = 1000  # not nobody, whom root's servers become


def needs(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    return pytest.mark.skipif(bool(missing), reason=f'{", ".join(missing)}: not installed')


class Recipe:
    """The lines of one section, each to be used once, in order; a place and a network for them."""

    def __init__(self, heading, place, network):
        section = PAGE.partition(f'\n## {heading}\n')[2].partition('\n## ')[0]
        self.lines = [line[4:] for line in section.splitlines() if line.startswith('    ')]
        self.place, self.network = place, network
        self.home = place / 'home'
        self.processes = []
        self.environment = {
            'HOME': str(self.home), 'PATH': f'{place}/bin:{os.environ["PATH"]}', 'LANG': 'C.UTF-8',
            **{name: value for name, value in os.environ.items()
               if name.startswith('CORONET_') or name.endswith('SAN_OPTIONS')}}

    # ---- the page

    def next(self, pattern):
        """The page's next line, which is what the test expects there; with folders replaced."""
        line = self.lines.pop(0)
        assert re.match(pattern, line), f'the page says {line!r}, this test {pattern!r}'
        return self.moved(line)

    def file(self, count):
        """So many of the page's lines, which are a file."""
        lines, self.lines = self.lines[:count], self.lines[count:]
        return self.moved('\n'.join(lines))

    def moved(self, text):
        for folder in ('/srv', '/run'):
            text = re.sub(rf'(?<![\w.]){folder}/', f'{self.place}{folder}/', text)
        return text

    # ---- the machine

    def sh(self, line, typed='', code=0, **options):
        """What a shell's line prints, run to its end by our user, on our network."""
        done = run(*self.network.user, 'sh', '-c', line, code=code, input=typed.encode(),
                   cwd=self.home, env=self.environment, start_new_session=True, **options)
        return done.stdout.decode(errors='replace')

    def root(self, *command, **options):
        return run(*self.network.root, *command, env=self.environment, **options).stdout.decode()

    def start(self, *command, until):
        process = Process(*command, stdout=subprocess.DEVNULL, cwd=self.home,
                          env=self.environment)
        self.processes.append(process)
        process.expect(until)
        return process

    def serve(self, *more, line=None, by=None):
        """The page's next line, a server; with more words."""
        words = ' '.join([line or self.next('coronet serve '), *more])
        return self.start(*(by or self.network.user), 'sh', '-c', f'exec {words}', until='^ready$')

    def folder(self, name, **files):
        path = self.home / name
        path.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (path / file).write_text(content)
        self.give(path)
        return path

    def give(self, path):
        """To our user, whom root is not."""
        if os.geteuid() == 0:
            run('chown', '-R', f'{USER}:{USER}', path)

    def end(self):
        for process in reversed(self.processes):
            process.signal(signal.SIGTERM)
            assert process.wait() == 0, process.lines


class Network:
    """A network namespace with the addresses of a LAN, a client far away, and the outside of a
    NAT, all on its loopback interface. `root` runs a command as its administrator, `user` as an
    ordinary user."""

    ADDRESSES = ('192.168.7.1/24', '192.168.7.2/24', '198.51.100.9/32', '203.0.113.7/32')

    def __init__(self):
        mine = [] if os.geteuid() == 0 else ['--user', '--map-root-user']
        addresses = '; '.join(f'ip address add {one} dev lo' for one in self.ADDRESSES)
        self.holder = subprocess.Popen(
            ['unshare', '--net', *mine, 'sh', '-ec',
             f'ip link set lo up; {addresses}; echo up; exec cat'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != 'up\n':
            _, said = self.holder.communicate()
            pytest.skip(f'no network of the test\'s own here: {said.strip()}')
        self.root = ['nsenter', '--target', str(self.holder.pid), '--net']
        if os.geteuid() == 0:
            self.become = ['setpriv', '--reuid', USER, '--regid', USER, '--clear-groups']
        else:
            self.root += ['--user', '--preserve-credentials']
            self.become = ['unshare', '--user', '--map-user', USER]
        self.user = self.root + self.become

    def end(self):
        self.holder.communicate()


@pytest.fixture
def recipe():
    """recipe(heading): the section, in a place that our user may reach; all of it must be used."""
    with contextlib.ExitStack() as stack:
        place = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        network = Network()
        stack.callback(network.end)
        place.chmod(0o755)
        (place / 'bin').mkdir()
        shutil.copy(CORONET, place / 'bin')

        def start(heading):
            one = Recipe(heading, place, network)
            one.folder('')
            stack.callback(lambda: [process.kill() for process in one.processes])
            started.append(one)
            return one

        started = []
        yield start
        for one in started:
            one.end()
            assert not one.lines, f'not tried: {one.lines}'


def test_every_section_has_a_test():
    assert set(re.findall(r'^## (.*)$', PAGE, re.MULTILINE)) == SECTIONS


pytestmark = needs('unshare', 'nsenter', 'setpriv', 'ip', 'curl')


# ---- on the local network ------------------------------------------------------------------------

def test_a_lan_in_one_line(recipe):
    one = recipe('On the local network, in one line')
    one.folder('Public', hello='hello\n', **{'.hidden': 'hidden'})
    one.folder('Public/photos', cat='meow\n')
    one.serve()
    for url in ('http://192.168.7.1:8000/hello', 'ftp://192.168.7.1:2121/hello'):
        assert one.sh(f'curl -sS --interface 192.168.7.2 {url}') == 'hello\n'
    assert 'hello' in one.sh('curl -sS http://192.168.7.1:8000/')
    one.sh('curl -sSf http://192.168.7.1:8000/.hidden', code=22)
    one.sh('curl -sS -T Public/hello ftp://192.168.7.1:2121/new', code=25)
    one.end()

    one.serve('--archive')
    assert one.sh('curl -sS --interface 192.168.7.2 http://192.168.7.1:8000/hello') == 'hello\n'
    one.sh('curl -sS --interface 198.51.100.9 http://192.168.7.1:8000/hello', code=56)
    one.sh(one.next('curl .*tar').replace('ADDRESS', '192.168.7.1'))
    assert (one.home / 'photos' / 'cat').read_text() == 'meow\n'


# ---- a drop box ----------------------------------------------------------------------------------

def test_a_drop_box(recipe):
    one = recipe('A drop box: others upload, and see nothing')
    one.sh(one.next('mkdir'))
    one.sh(one.next('coronet passwd users friend'), typed='secret\n')
    one.serve()
    box = 'ftp://friend:secret@192.168.7.1:2121'
    (one.home / 'letter').write_text('dear\n')
    one.sh(f'curl -sS -T letter {box}/')
    assert (one.home / 'inbox' / 'letter').read_text() == 'dear\n'
    assert one.sh(f'curl -sS {box}/') == ''
    one.sh(f'curl -sS {box}/letter', code=78)
    one.sh(f'curl -sS -Q "DELE letter" {box}/', code=21)
    one.sh('curl -sS ftp://192.168.7.1:2121/', code=67)
    one.end()

    line = one.next('chown')
    by = one.network.user
    if os.geteuid() == 0:
        one.root('sh', '-c', line, cwd=one.home)
        by = one.network.root
    server = one.serve(by=by)
    certificate = re.search(r'\S+/self-signed\.crt', '\n'.join(server.lines))[0]
    shutil.copyfile(certificate, one.home / 'self-signed.crt')
    (one.home / 'film.mkv').write_bytes(bytes(1_000_000))
    line = one.next('curl -u friend --cacert self-signed.crt -T film.mkv')
    # The certificate names the interfaces' addresses, but for the loopback interface's.
    one.sh(line.replace('ADDRESS', 'localhost'), typed='secret\n')
    assert (one.home / 'inbox' / 'film.mkv').read_bytes() == bytes(1_000_000)
    friend = 'curl -sSf -u friend:secret --cacert self-signed.crt https://localhost:8443/'
    assert 'film' not in one.sh(friend)
    one.sh(f'{friend}film.mkv', code=22)
    one.end()

    (one.home / 'inbox' / 'film.mkv').unlink()
    one.serve(by=by)
    line = one.next('curl --ssl-reqd -u friend --cacert self-signed.crt -T film.mkv')
    one.sh(line.replace('ADDRESS', 'localhost'), typed='secret\n')
    assert (one.home / 'inbox' / 'film.mkv').read_bytes() == bytes(1_000_000)
    one.sh('curl -sS -u friend:secret -T letter ftp://localhost:2121/', code=67)


# ---- users with homes ----------------------------------------------------------------------------

@needs('lftp')
def test_users_with_homes(recipe):
    one = recipe('Users with homes')
    one.sh(one.next('mkdir'))
    for name in ('ann', 'bob', 'boss'):
        one.sh(one.next(f'coronet passwd users {name}'), typed=f'{name}-secret\n')
    server = one.serve()

    def lftp(user, commands, code=0):
        return one.sh(f'lftp -u {user},{user}-secret -e "set net:max-retries 1; {commands}; bye" '
                      'ftp://localhost:2121', code=code)

    (one.home / 'large').write_bytes(random.Random(3).randbytes(3 << 20))  # no MODE Z helps
    lftp('ann', 'put large; mkdir sub')
    assert sorted(os.listdir(one.home / 'srv' / 'ann')) == ['large', 'sub']
    assert 'large' in lftp('ann', 'cls -1 /')
    room = int(re.search(r'213 (\d+)', lftp('ann', 'quote AVBL'))[1])
    assert 0 < room <= (10 << 30) - (3 << 20)
    assert (one.home / 'srv' / 'common').exists() and 'common' not in lftp('ann', 'cls -1 /')
    shutil.copy(one.home / 'large', one.home / 'srv' / 'bob' / 'large')
    one.give(one.home)
    before = time.monotonic()
    lftp('bob', 'get large -o copy')
    assert time.monotonic() - before > 1 and (one.home / 'copy').stat().st_size == 3 << 20
    lftp('bob', 'put copy -o new', code=1)
    assert lftp('boss', 'cls -1').split() == ['ann/', 'bob/', 'common/']
    one.sh('coronet passwd users carl', typed='carl-secret\n')
    server.signal(signal.SIGHUP)
    eventually(lambda: 'common' in one.sh(
        'curl -sS -u carl:carl-secret ftp://localhost:2121/ || true'))


# ---- behind NAT ----------------------------------------------------------------------------------

def test_behind_nat(recipe):
    """The gateway is a program that forwards the ports that the page names, and no others."""
    one = recipe('Behind NAT, or in a container')
    one.folder('srv', hello='hello\n')
    command = one.next('coronet serve')
    port, public = re.search(r"'\*:(\d+)'.*--public-address (\S+)", command).groups()
    low, high = map(int, re.search(r'--passive-ports (\d+)-(\d+)', command).groups())
    one.serve(line=command.replace(f'*:{port}', '*:2122'))
    gateway = [f'{port}:2122', *(f'{number}:{number}' for number in range(low, high + 1))]
    one.start(*one.network.root, sys.executable, NAT, public, '192.168.7.1', *gateway,
              until='^ready$')
    outside = 'curl -sS --interface 198.51.100.9 --no-ftp-skip-pasv-ip'
    for mode in ('--disable-epsv', '--ftp-pasv'):
        for _ in range(3):
            assert one.sh(f'{outside} {mode} ftp://{public}:{port}/hello') == 'hello\n'
    inside = one.sh('curl -sSv --interface 192.168.7.2 --no-ftp-skip-pasv-ip --disable-epsv '
                    'ftp://192.168.7.1:2122/hello 2>&1')
    assert '(192,168,7,1,' in inside and '\nhello\n' in inside
    told = re.search(r'227 .*\((\d+,\d+,\d+,\d+),(\d+),(\d+)\)', one.sh(
        f'{outside} -v --disable-epsv ftp://{public}:{port}/hello 2>&1')).groups()
    assert told[0].replace(',', '.') == public
    assert low <= int(told[1]) * 256 + int(told[2]) <= high


# ---- under systemd -------------------------------------------------------------------------------

@pytest.fixture(scope='module')
def units(tmp_path_factory):
    """The folder of the unit files that `make install` puts there, and its root."""
    destination = tmp_path_factory.mktemp('root')
    run('meson', 'install', '--no-rebuild', '--quiet', '-C', BUILD, '--destdir', destination)
    folder, = {path.parent for path in destination.rglob('coronet.socket')}
    return folder


def settings(system, unit, name):
    """A setting's values, as the unit's file and those beside it have them: nothing begins anew."""
    values = []
    for path in (system / unit, *sorted((system / f'{unit}.d').glob('*.conf'))):
        for value in re.findall(rf'^{name}=(.*)$', path.read_text(), re.MULTILINE):
            values = [*values, value] if value else []
    return values


def verify(system):
    """systemd finds nothing to say about the units."""
    said = subprocess.run(
        ['systemd-analyze', 'verify', '--man=no', *system.glob('coronet.*[et]')],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    assert 'coronet' not in said.stdout, said.stdout


@needs('meson', 'systemctl', 'systemd-analyze', 'systemd-socket-activate')
def test_under_systemd(recipe, units):
    """Not by systemd itself, which is no test's to run: what it would read is put where it would
    look, and its own tools read it."""
    one = recipe('Under systemd, without root at any time')
    root = one.place / 'root'
    system = root / 'etc' / 'systemd' / 'system'
    system.mkdir(parents=True)
    for name in ('coronet.socket', 'coronet.service'):
        text = re.sub(r'/\S+/bin/coronet', f'{one.place}/bin/coronet', (units / name).read_text())
        (system / name).write_text(one.moved(text))

    line = one.next('systemctl enable')
    one.root(*line.replace('--now', f'--root {root}').split())
    assert (system / 'sockets.target.wants' / 'coronet.socket').is_symlink()

    def listens_and_serves(*expected):
        ports = settings(system, 'coronet.socket', 'ListenStream')
        assert ports == list(expected)
        folder = pathlib.Path(
            settings(system, 'coronet.service', 'Environment')[-1].partition('=')[2])
        folder.mkdir(parents=True)
        (folder / 'hello').write_text(f'{folder}\n')
        command, = settings(system, 'coronet.service', 'ExecStart')
        one.start(*one.network.root, 'systemd-socket-activate',
                  *(word for port in ports for word in ('--listen', port)), *one.network.become,
                  *command.replace('${CORONET_FOLDER}', str(folder)).split(),
                  until='Listening on .* as 4')
        for address in ('localhost', '192.168.7.1'):
            for scheme, port in zip(('http', 'ftp'), ports):
                assert one.sh(f'curl -sS {scheme}://{address}:{port}/hello') == f'{folder}\n'
        one.end()

    verify(system)
    listens_and_serves('80', '21')
    for unit, count in (('coronet.service', 2), ('coronet.socket', 4)):
        (system / f'{unit}.d').mkdir()
        (system / f'{unit}.d' / 'override.conf').write_text(one.file(count))
    verify(system)
    listens_and_serves('8000', '2121')


# ---- behind a reverse proxy ----------------------------------------------------------------------

NGINX = '''
daemon off; worker_processes 1; error_log stderr; pid {place}/nginx.pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
    server {{
        listen 8080;
        {location}
    }}
}}
'''


@needs('nginx')
def test_behind_a_reverse_proxy(recipe):
    one = recipe('Behind a reverse proxy')
    www = one.place / 'srv' / 'www'
    www.mkdir(parents=True)
    (www / 'hello').write_text('hello\n')
    (one.place / 'run' / 'coronet').mkdir(parents=True)
    one.give(one.place)
    one.sh('coronet passwd users ann', typed='secret\n')
    one.serve('--users', 'users', '--write')
    location = one.file(len(one.lines))
    (one.home / 'nginx.conf').write_text(NGINX.format(place=one.home, location=location))
    one.processes.append(Process(
        *one.network.user, 'nginx', '-e', 'stderr', '-p', one.home, '-c', one.home / 'nginx.conf',
        stdout=subprocess.DEVNULL, env=one.environment))
    eventually(lambda: one.sh('curl -s http://localhost:8080/hello || true') == 'hello\n')

    def status(words, path):
        return one.sh(f'curl -sS -o /dev/null -w "%{{http_code}}" {words} '
                      f'http://localhost:8080/{path}')

    assert one.sh('curl -sS -r 1-3 http://localhost:8080/hello') == 'ell'
    (one.home / 'film').write_bytes(bytes(3 << 20))  # more than nginx takes unless told
    ann = '-u ann:secret'
    assert status(f'{ann} -T film', 'film') == '201'
    assert (www / 'film').stat().st_size == 3 << 20
    assert status(f'{ann} -X MOVE -H "Destination: http://localhost:8080/old"', 'film') == '201'
    assert status(f'{ann} -X DELETE -H "Origin: http://localhost:8080"', 'old') == '204'
    assert status(f'{ann} -X DELETE -H "Origin: http://elsewhere"', 'hello') == '403'
    assert os.listdir(www) == ['hello']
