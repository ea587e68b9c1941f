# SPDX-License-Identifier: MIT
"""`coronet passwd`: the users file that it makes, changes and keeps whole."""

import concurrent.futures
import ctypes
import ctypes.util
import json
import os
import pty
import re
import select
import shutil
import signal
import stat
import termios

import pytest

from conftest import CORONET, PATIENCE, coronet, run

crypt = ctypes.CDLL(ctypes.util.find_library('crypt')).crypt
crypt.restype = ctypes.c_char_p


@pytest.fixture
def users(tmp_path):
    return tmp_path / 'users'


def passwd(file, *words, typed='', code=0):
    """Runs the command with a line or more on its standard input; returns standard error."""
    return run(CORONET, 'passwd', file, *words, code=code, input=typed.encode()).stderr.decode()


def user(file, name):
    """The hash and the settings of a user's line."""
    line, = (line for line in file.read_text().splitlines() if line.startswith(f'{name}:'))
    _, digest, settings = line.split(':', 2)
    return digest, settings


def is_password(file, name, password):
    digest = user(file, name)[0].encode()
    return crypt(password.encode(), digest) == digest


def test_help_tells_what_a_new_user_may():
    said = run(CORONET, 'passwd', '--help').stdout.decode()
    assert 'some of read,list,add,change (all of them)' in said


def test_a_new_user_in_a_new_file(users):
    assert passwd(users, 'alice', typed='correct horse\n') == 'added alice\n'
    digest, settings = user(users, 'alice')
    assert digest.startswith('$y$') and settings == 'rights=read,list,add,change'
    assert is_password(users, 'alice', 'correct horse')
    assert not is_password(users, 'alice', 'correct horse\n')
    assert stat.S_IMODE(users.stat().st_mode) == 0o600
    assert os.listdir(users.parent) == ['users']


def test_settings_are_kept_unless_named(users):
    passwd(users, 'alice', '--home', 'people/a b', '--rights', 'add,read', '--quota', '10G',
           '--rate=1M', typed='one\n')
    before, settings = user(users, 'alice')
    assert settings == 'rights=read,add home=people/a%20b quota=10G rate=1M'
    assert passwd(users, 'alice', typed='two\n') == 'changed alice\n'
    assert user(users, 'alice')[1] == settings and is_password(users, 'alice', 'two')
    passwd(users, 'alice', '--quota', '0', '--home', '', typed='three\n')
    assert user(users, 'alice')[1] == 'rights=read,add rate=1M'
    assert is_password(users, 'alice', 'three')


def test_without_input_the_password_of_a_changed_user_is_kept(users):
    passwd(users, 'alice', typed='one\n')
    before = user(users, 'alice')[0]
    passwd(users, 'alice', '--rights', 'add')
    assert user(users, 'alice') == (before, 'rights=add')


def test_other_lines_stay_as_they_are(users):
    users.write_bytes(b'# ours\r\n\nbob:*: rate=1K \ncarol:!x:')
    passwd(users, 'alice', typed='one\n')
    lines = users.read_bytes().split(b'\n')
    assert lines[:4] == [b'# ours\r', b'', b'bob:*: rate=1K ', b'carol:!x:']
    assert lines[4].startswith(b'alice:$y$') and lines[5:] == [b'']
    assert passwd(users, 'alice', '--delete') == 'removed alice\n'
    assert users.read_bytes() == b'# ours\r\n\nbob:*: rate=1K \ncarol:!x:\n'


def test_only_the_line_is_read(users):
    script = f'{CORONET} passwd -q {users} alice && {CORONET} passwd -q {users} bob && cat'
    done = run('sh', '-c', script, input=b'one\ntwo\nrest\n')
    assert done.stdout == b'rest\n' and not done.stderr
    assert is_password(users, 'alice', 'one') and is_password(users, 'bob', 'two')


def test_a_last_line_needs_no_newline(users):
    passwd(users, 'alice', typed='x' * 256)
    assert is_password(users, 'alice', 'x' * 256)


@pytest.mark.parametrize('typed, said', [
    ('', 'no password was given'), ('\n', 'must not be empty'), ('a\0b\n', 'no NUL byte'),
    ('x' * 257 + '\n', 'longer than 256 bytes'), ('x' * 100000, 'longer than 256 bytes')])
def test_a_password_that_cannot_be_one_changes_nothing(users, typed, said):
    assert said in passwd(users, 'alice', typed=typed, code=2)
    assert not users.exists()
    passwd(users, 'alice', typed='one\n')
    before = users.read_bytes()
    assert said in passwd(users, 'alice', typed=typed, code=2)
    assert users.read_bytes() == before


def test_a_user_who_is_not_there_cannot_be_removed(users):
    passwd(users, 'alice', typed='one\n')
    before = users.read_bytes()
    assert 'has no user bob' in passwd(users, 'bob', '--delete', code=3)
    assert users.read_bytes() == before


def test_a_malformed_file_is_left_alone_and_no_password_asked_for(users):
    users.write_text('# fine\nalice:secret:\n')
    assert f'{users}: line 2: the hash' in passwd(users, 'bob', typed='one\n', code=3)
    assert users.read_text() == '# fine\nalice:secret:\n'


def test_mode_and_owner_of_the_file_are_kept(users):
    users.write_text('')
    users.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(users, 65534, 65533)
    before = users.stat()
    passwd(users, 'alice', typed='one\n')
    after = users.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino  # replaced, not written over


def test_a_link_stays_one(users, tmp_path):
    (tmp_path / 'etc').mkdir()
    real = tmp_path / 'etc' / 'real'
    real.write_text('bob:*:\n')
    users.symlink_to('etc/real')
    passwd(users, 'alice', typed='one\n')
    assert users.is_symlink() and real.read_text().startswith('bob:*:\nalice:')
    assert os.listdir(tmp_path / 'etc') == ['real']


def test_a_name_without_folder_is_in_the_current_one(users, tmp_path):
    run(CORONET, 'passwd', 'users', 'alice', cwd=tmp_path, input=b'one\n')
    assert is_password(users, 'alice', 'one')


def test_a_full_disk_changes_nothing(users):
    """As far as a limit on a file's size goes for one."""
    users.write_text('# ' + 'x' * 4000 + '\n')
    before = users.read_bytes()
    limited = f'trap "" XFSZ; ulimit -f 1; exec {CORONET} passwd {users} alice'
    done = run('sh', '-c', limited, input=b'one\n', code=3)
    assert b'cannot change' in done.stderr
    assert users.read_bytes() == before and os.listdir(users.parent) == ['users']


def test_several_at_once_lose_nothing(users):
    names = [f'user{number}' for number in range(12)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: passwd(users, name, typed=name + '\n'), names))
    assert sorted(re.findall('^user[0-9]+', users.read_text(), re.MULTILINE)) == sorted(names)
    assert os.listdir(users.parent) == ['users']


def test_json_and_quiet(users):
    done = run(CORONET, 'passwd', users, 'alice', '--json', input=b'one\n')
    assert json.loads(done.stdout) == {'event': 'added', 'user': 'alice'} and not done.stderr
    done = run(CORONET, 'passwd', users, 'alice', '-q', input=b'one\n')
    assert not done.stdout and not done.stderr


def test_the_secret_is_not_on_the_command_line(users):
    assert 'unexpected argument' in coronet('passwd', users, 'alice', 'secret', code=2)[1]


# ---- on a terminal ---------------------------------------------------------------------------


class Terminal:
    """A program with a terminal of its own."""

    def __init__(self, *command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background job ignores it
            os.execvp(command[0], [str(word) for word in command])
        self.seen = b''

    def read(self):
        """Adds to what has been seen; False at the end."""
        assert select.select([self.fd], [], [], PATIENCE)[0], self.seen
        try:
            more = os.read(self.fd, 4096)
        except OSError:  # the other side is closed
            more = b''
        self.seen += more
        return bool(more)

    def expect(self, text):
        while text not in self.seen:
            assert self.read(), self.seen
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        os.write(self.fd, text)

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        """The rest of what is shown, and how the command ended."""
        while self.read():
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return self.seen, os.waitstatus_to_exitcode(status)


def ask(*words):
    return Terminal(CORONET, 'passwd', *words)


def test_a_terminal_is_asked_twice_and_shows_nothing(users):
    terminal = ask(users, 'alice')
    terminal.expect(b'Password for alice: ')
    assert not terminal.echoes()
    terminal.type(b'sesame\n')
    assert terminal.expect(b'Once more: ') == b'\r\n'
    assert not terminal.echoes()
    terminal.type(b'sesame\n')
    shown, code = terminal.end()
    assert shown == b'\r\nadded alice\r\n' and code == 0
    assert is_password(users, 'alice', 'sesame')


def test_what_is_typed_ahead_is_not_lost(users):
    terminal = ask(users, 'alice')
    terminal.expect(b'Password for alice: ')
    terminal.type(b'sesame\nsesame\n')
    shown, code = terminal.end()
    assert code == 0 and b'sesame' not in shown and is_password(users, 'alice', 'sesame')


def test_two_that_differ_change_nothing(users):
    terminal = ask(users, 'alice')
    terminal.expect(b'alice: ')
    terminal.type(b'sesame\n')
    terminal.expect(b'Once more: ')
    terminal.type(b'sesamf\n')
    shown, code = terminal.end()
    assert b'the two differ; nothing was changed' in shown and code == 2
    assert not users.exists()


def test_enter_keeps_the_password_of_a_changed_user(users):
    passwd(users, 'alice', typed='one\n')
    terminal = ask(users, 'alice', '--quota', '1G')
    terminal.expect(b'(empty: the same as before): ')
    terminal.type(b'\n')
    assert terminal.end()[1] == 0
    assert user(users, 'alice')[1] == 'rights=read,list,add,change quota=1G'
    assert is_password(users, 'alice', 'one')


def test_enter_is_no_password_otherwise(users):
    terminal = ask(users, 'alice')
    terminal.expect(b'alice: ')
    terminal.type(b'\n')
    shown, code = terminal.end()
    assert b'must not be empty' in shown and code == 2 and not users.exists()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_and_gives_the_terminal_back(users, number):
    terminal = ask(users, 'alice')
    other = os.dup(terminal.fd)  # the terminal outlives the command
    terminal.expect(b'alice: ')
    terminal.type(b'ses')
    if number == signal.SIGINT:
        terminal.type(b'\x03')
    else:
        os.kill(terminal.pid, number)
    _, code = terminal.end()
    assert code == -number and not users.exists()
    assert termios.tcgetattr(other)[3] & termios.ECHO
    os.close(other)


@pytest.mark.skipif(not shutil.which('bash'), reason='bash is not installed')
def test_stopped_and_continued_it_asks_again(users):
    script = f'set -m; {CORONET} passwd {users} alice; stty -a; echo "now what"; fg'
    terminal = Terminal('bash', '-c', script)
    terminal.expect(b'alice: ')
    terminal.type(b'ses\x1a')
    assert b' echo ' in terminal.expect(b'now what')
    terminal.expect(b'alice: ')
    assert not terminal.echoes()
    terminal.type(b'sesame\n')
    terminal.expect(b'Once more: ')
    terminal.type(b'sesame\n')
    assert terminal.end()[1] == 0 and is_password(users, 'alice', 'sesame')
