# SPDX-License-Identifier: MIT
"""The command line: help, errors, exit codes, and that all that is written of it agrees."""

import re
import shutil
import socket
import subprocess

import pytest

from conftest import CORONET, ROOT, coronet, run

MAN = ROOT / 'docs' / 'man'
COMMANDS = ('serve', 'get', 'put', 'ls', 'mirror', 'passwd')


def options_of_help(command):
    help_text, _ = coronet(command, '--help')
    return set(re.findall(r'^ {2}(?:-\w, | {4})--([\w-]+)', help_text, re.MULTILINE))


def test_version():
    assert re.fullmatch(r'coronet \d+\.\d+\.\d+\n', coronet('--version')[0])


@pytest.mark.parametrize('words', [('--help',), ('-h',), ('help',)])
def test_help_of_the_program_goes_to_stdout(words):
    out, err = coronet(*words)
    assert 'Examples:' in out and 'serve' in out and not err


def test_help_begins_with_examples():
    out, _ = coronet('serve', '--help')
    assert out.index('Examples:') < out.index('Usage:') < out.index('Where:')
    assert out == coronet('help', 'serve')[0] == coronet('serve', '-h')[0]


def test_help_fits_a_terminal():
    for words in (('--help',), *((command, '--help') for command in COMMANDS)):
        assert max(map(len, coronet(*words)[0].splitlines())) <= 100


def test_no_command_is_a_usage_error():
    assert 'Usage:' in coronet(code=2)[0]


@pytest.mark.parametrize('words, said', [
    (['sevre'], 'did you mean serve?'),
    (['help', 'serv'], 'did you mean serve?'),
    (['--frobnicate'], 'unknown option --frobnicate'),
    (['serve', '--htpp', '1'], 'did you mean --http?'),
    (['serve', '--no-listings'], 'did you mean --no-listing?'),
    (['serve', '--frobnicate'], 'coronet serve --help'),
    (['serve', '--port', '8000'], 'coronet serve --help'),
    (['serve', '-x'], 'unknown option -x'),
    (['serve', '-qx'], 'unknown option -x'),
    (['serve', '--http'], '--http needs a value'),
    (['serve', '--cors=yes'], '--cors takes no value'),
    (['serve', 'a', 'b'], 'unexpected argument "b"'),
    (['serve', '--', '-a', 'b'], 'unexpected argument "b"'),
    (['serve', '--cache', 'soon'], 'is not a time'),
    (['serve', '--cache', '-1'], 'is not a time'),
    (['serve', '--limit-rate', '10X'], 'is not a number of bytes'),
    (['serve', '--limit-rate', '99999999999999999999'], 'out of range'),
    (['serve', '--limit-rate', '9999999999G'], 'out of range'),
    (['serve', '--max-connections', '0'], 'out of range: 1 to'),
    (['serve', '--workers', '2.5'], 'is not a whole number'),
    (['serve', '--log-format', 'com'], 'is not combined|json|xferlog'),
    (['serve', '--log-format', ''], 'is not combined|json|xferlog'),
    (['serve', '--backend', 'kqueue'], 'is not auto|io_uring|epoll'),
    (['serve', '--header', 'no colon'], 'is not "Name: value"'),
    (['serve', '--header', 'A: b\nC: d'], 'is not "Name: value"'),
    (['serve', '--header', 'Content-Length: 5'], 'that the server itself sets'),
    (['serve', '--header', 'etag: "a"'], 'that the server itself sets'),
    (['serve', '--header', 'A: ' + 'b' * 9000, '--http', '0'], 'cannot serve'),
    (['serve', '--allow', '10.0.0.0/33'], 'is no network'),
    (['serve', '--deny', 'example.org'], 'is no network'),
    (['serve', '-4', '-6'], 'exclude each other'),
    (['serve', '-4', '--http', '[::1]:0'], '--http [::1]:0 is an IPv6 address, which -4 rules out'),
    (['serve', '-6', '--http', '0', '--https', '127.0.0.1:0', '--cert', 'c', '--key', 'k'],
     '--https 127.0.0.1:0 is an IPv4 address, which -6 rules out'),
    (['serve', '-4', '--ftp', '[::]:0'], '--ftp [::]:0 is an IPv6 address, which -4 rules out'),
    (['serve', '-6', '--ftps', '0.0.0.0:0', '--cert', 'c', '--key', 'k'],
     '--ftps 0.0.0.0:0 is an IPv4 address, which -6 rules out'),
    (['serve', '--hsts', '5m', '--http', '0'], '--hsts is for responses over HTTPS: '),
    (['serve', '--write', '--no-anonymous', '--http', '0'], '--write is for users: '),
    (['serve', '--run-as', 'no-such-user-here'], 'no user "no-such-user-here"'),
    (['serve', '--http', 'localhost:http'], 'the port must be 0 to 65535'),
    (['serve', '--http', 'localhost'], 'the port is missing'),
    (['serve', '--http', '*:'], 'the port is missing'),
    (['serve', '--http', 'http://localhost:80'], 'an address, not a URL'),
    (['serve', '--http', ':80'], 'every interface'),
    (['serve', '--http', '::1:80'], 'needs brackets'),
    (['passwd'], 'usage: coronet passwd FILE NAME'),
    (['passwd', 'users'], 'usage: coronet passwd FILE NAME'),
    (['passwd', 'users', 'alice', 'bob'], 'unexpected argument "bob"'),
    (['passwd', 'users', 'a b'], "a user's name is letters"),
    (['passwd', 'users', '--', '-a'], "a user's name is letters"),
    (['passwd', 'users', 'alice', '--home', '../bob'], 'a home is a folder below'),
    (['passwd', 'users', 'alice', '--rights', 'read,write'], 'rights are some of'),
    (['passwd', 'users', 'alice', '--quota', '1.5G'], 'is not a number of bytes'),
    (['passwd', 'users', 'alice', '--delete', '--rate', '0'], '--delete goes with no other'),
    (['completion', 'tcsh'], 'usage: coronet completion'),
])
def test_wrong_usage_says_what_is_wrong_and_exits_with_2(words, said):
    out, err = coronet(*words, code=2)
    assert said in err and err.startswith('coronet: ') and err.count('\n') == 1 and not out


def test_control_bytes_of_arguments_do_not_reach_the_terminal():
    _, err = coronet('serve', '--\x1b[31m', code=2)
    assert '\x1b' not in err and r'\x1B[31m' in err


@pytest.mark.parametrize('words, said', [
    (['serve', '/nonexistent/folder'], 'cannot serve /nonexistent/folder'),
    (['serve', '/etc/passwd'], 'cannot serve /etc/passwd'),
    (['serve', '64321'], 'to serve at that port: --http'),
    (['serve', '--log', '/nonexistent/log', '/tmp'], 'cannot open the log /nonexistent/log'),
    (['passwd', '/nonexistent/users', 'alice'], 'cannot read /nonexistent/users'),
    (['passwd', '/dev/null', 'alice'], 'it is no regular file'),
])
def test_local_files_that_cannot_be_used_exit_with_3(words, said):
    assert said in coronet(*words, code=3)[1]


def test_an_address_in_use_is_named_and_exits_with_4(folder):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        where = f'127.0.0.1:{taken.getsockname()[1]}'
        _, err = coronet('serve', '--http', where, folder, code=4)
    assert f'cannot listen on {where}' in err and 'another server' in err


def test_a_second_server_on_the_same_port_is_refused(server, folder):
    first = server('--workers', '2')
    assert 'another server' in coronet('serve', '--http', str(first.port), folder, code=4)[1]


@pytest.mark.parametrize('command', COMMANDS)
def test_the_manual_explains_the_options_that_there_are(command):
    page = (MAN / f'coronet-{command}.1').read_text()
    explained = re.findall(r'^\.It (?:Fl \w , )?Fl Fl ([\w-]+)', page, re.MULTILINE)
    assert len(explained) == len(set(explained))
    assert set(explained) == options_of_help(command)


@pytest.mark.skipif(not shutil.which('mandoc'), reason='mandoc is not installed')
def test_the_manual_is_well_formed():
    run('mandoc', '-Tlint', '-Wwarning', *sorted(MAN.glob('*.1')))


@pytest.mark.parametrize('shell, pattern', [
    ('bash', r'--([\w-]+)'), ('zsh', r"'\*?--([\w-]+)"), ('fish', r'-l ([\w-]+)')])
def test_completion_offers_the_options_that_there_are(shell, pattern):
    script, _ = coronet('completion', shell)
    offered = set(re.findall(pattern, script)) - {'version'}
    assert offered == set.union(*map(options_of_help, COMMANDS))


def complete(*words):
    script = f'''
        source <({CORONET} completion bash)
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _coronet
        printf '%s\\n' "${{COMPREPLY[@]}}"'''
    return run('bash', '-c', script, 'bash', *words).stdout.decode().split()


@pytest.mark.skipif(not shutil.which('bash'), reason='bash is not installed')
def test_bash_completes():
    assert complete('coronet', 'se') == ['serve']
    assert complete('coronet', 'serve', '--no-l') == ['--no-listing']
    assert complete('coronet', 'serve', '--log-format', 'j') == ['json']
    assert complete('coronet', 'serve', '/etc/pass') != []
    assert complete('coronet', 'serve', '--workers', '') == []
    assert complete('coronet', 'passwd', 'users', 'alice', '--del') == ['--delete']
    assert complete('coronet', 'help', 'mir') == ['mirror']
    assert complete('coronet', 'completion', '') == ['bash', 'zsh', 'fish']


@pytest.mark.parametrize('shell, check', [('zsh', ['-n']), ('fish', ['--no-execute'])])
def test_completion_is_well_formed(shell, check, tmp_path):
    if not shutil.which(shell):
        pytest.skip(f'{shell} is not installed')
    script = tmp_path / 'script'
    script.write_text(coronet('completion', shell)[0])
    run(shell, *check, script)


def test_output_to_a_closed_pipe_is_no_crash():
    process = subprocess.Popen(f'{CORONET} serve --help | true', shell=True,
                               stderr=subprocess.PIPE)
    assert not process.communicate(timeout=20)[1]
