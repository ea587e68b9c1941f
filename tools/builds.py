#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The builds that the checks run on, below build/check, kept for the next run.

tools/builds.py NAME [TARGET...] makes one of them, all of it or these targets.
"""

import os
import shutil
import subprocess
import sys
import typing

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
THREAD_TESTS = (  # what crosses threads: shards, pools, the rooms that they share
    'broker', 'shard', 'login', 'quota', 'signal', 'fiber', 'sender', 'sync', 'stack', 'serve',
    'stream', 'dial', 'process', 'tree', 'tree_upload', 'http_files', 'http_write', 'ftp_listings',
    'ftp_session', 'tls_server', 'tls_client')
LINKER = 'lld'  # there are hundreds of programs to link


class Build(typing.NamedTuple):
    """A directory of its own, of all targets or of these."""
    name: str
    compiler: str
    options: tuple
    targets: tuple = ()

    @property
    def directory(self):
        return os.path.join(ROOT, 'build', 'check', self.name)


# Optimised harder than elsewhere; with what is installed and its unit tests.
RELEASE = Build('release', 'gcc', ('-Dwerror=true', '-Dbuildtype=release'),
                ('coronet', 'unit_tests'))
# What a report needs, and no more: they are built for each check anew.
REPORTS = ('-Doptimization=1', '-Dc_args=-gline-tables-only', '-Db_lundef=false')
# For the suites, the faults and bench/load; the fuzzers, too.
ADDRESS = Build('address', 'clang', ('-Dwerror=true', '-Dfuzz=true',
                                     '-Db_sanitize=address,undefined', *REPORTS))
THREADS = Build('threads', 'clang', ('-Db_sanitize=thread', *REPORTS),
                tuple('tests/unit/test_' + name for name in THREAD_TESTS))
# Reports end what they are found in. What was freed is kept out of use for a while, but not in 256
# MiB of memory that is always touched anew.
SANITIZERS = {
    'ASAN_OPTIONS': 'strict_string_checks=1:quarantine_size_mb=16',
    'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
    'TSAN_OPTIONS': 'halt_on_error=1:second_deadlock_stack=1',
}


class Failure(Exception):
    """What the compiler said."""


def run(*command, **environment):
    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ, **environment), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    if done.returncode:
        raise Failure(f'{done.stdout}\n{" ".join(command)}: exit code {done.returncode}')


def make(build, *targets):
    """Sets up and compiles; returns the directory."""
    if not os.path.exists(os.path.join(build.directory, 'build.ninja')):
        shutil.rmtree(build.directory, ignore_errors=True)
        run('meson', 'setup', build.directory, *build.options, CC=build.compiler, CC_LD=LINKER)
    run('nice', 'ninja', '--quiet', '-C', build.directory, *(targets or build.targets))
    return build.directory


def main():
    named = {build.name: build for build in (RELEASE, ADDRESS, THREADS)}
    if not sys.argv[1:] or sys.argv[1] not in named:
        sys.exit(f'usage: tools/builds.py {"|".join(named)} [TARGET...]')
    try:
        make(named[sys.argv[1]], *sys.argv[2:])
    except Failure as failure:
        sys.exit(str(failure))


if __name__ == '__main__':
    main()
