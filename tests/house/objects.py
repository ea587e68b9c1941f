# SPDX-License-Identifier: MIT
"""What the library's objects hold: no mutable globals, and no I/O of libc's outside its home."""

import re

import house

IO = set('''socket socketpair bind listen accept accept4 connect send sendto sendmsg sendmmsg recv
    recvfrom recvmsg recvmmsg shutdown getsockopt setsockopt getsockname getpeername
    open openat creat close read write pread pwrite readv writev preadv pwritev preadv2 pwritev2
    lseek sendfile splice tee copy_file_range ftruncate truncate fsync fdatasync fallocate dup dup2
    dup3 pipe pipe2 fcntl ioctl stat lstat fstat fstatat statx access faccessat unlink unlinkat
    rename renameat renameat2 link linkat symlink symlinkat readlink readlinkat mkdir mkdirat rmdir
    opendir fdopendir readdir closedir getdents mmap munmap fopen fdopen fclose fread fwrite fgets
    fgetc getc fputs fputc puts printf fprintf vprintf vfprintf perror getline
    poll ppoll select pselect epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
    epoll_pwait2 eventfd eventfd_read eventfd_write timerfd_create timerfd_settime signalfd
    inotify_init inotify_init1 inotify_add_watch inotify_rm_watch
    time clock_gettime clock_getres gettimeofday clock nanosleep clock_nanosleep sleep usleep alarm
    setitimer timer_create getrandom getentropy arc4random rand random
    fork vfork execve posix_spawn posix_spawnp waitpid waitid kill
    raise sigaction sigprocmask pthread_sigmask
    pthread_create pthread_join pthread_mutex_lock pthread_cond_wait thrd_create
    getaddrinfo freeaddrinfo getnameinfo gethostbyname res_init res_query if_nametoindex
    if_indextoname getifaddrs getpwnam getpwuid getenv secure_getenv syscall abort exit'''.split())

# Folders that are the home of some of it. The runtime is the home of all; the command, a program,
# may print, read its environment and end.
EVERYTHING = ('runtime', 'cmd')
HOMES = {
    # Opening beneath one directory descriptor is what tree is for; openat2 has no libc function.
    'tree': '''syscall openat close fcntl fstat fstatat statx readlinkat fdopendir readdir closedir
        dup inotify_init1 inotify_add_watch inotify_rm_watch pread pwrite pwritev2 copy_file_range
        pipe2 splice read ftruncate fsync ioctl mkdirat unlinkat renameat renameat2
        linkat'''.split(),
    # Name services other than DNS; called on the pool, never on a shard's thread.
    'dns': ['getaddrinfo', 'freeaddrinfo'],
    # Which proxies lead out is asked of the environment, where the caller wants that.
    'dial': ['getenv'],
    # Text to address and back knows interfaces by name (fe80::1%eth0).
    'net': ['if_nametoindex', 'if_indextoname'],
}


def plain(symbol):
    """The function behind a symbol's version, fortified form, or 64-bit twin."""
    name = symbol.split('@')[0]
    match = re.fullmatch(r'__(?:isoc99_)?(\w+?)(?:_chk|_2|_alias)?', name)
    name = match.group(1) if match else name
    return name[:-2] if name.endswith('64') and name[:-2] in IO else name


def check_undefined(report, path, source):
    folder = source.split('/')[1] if '/' in source else ''
    if folder in EVERYTHING:
        return
    for line in house.output_of('nm', '-u', str(path)).splitlines():
        name = plain(line.split()[-1])
        if name in IO and name not in HOMES.get(folder, ()):
            report.problem(source, f'uses {name}: I/O is reached through runtime/backend.h',
                           'undefined', f'{source}:{name}')


def check_globals(report, path, source):
    for line in house.output_of('objdump', '-t', str(path)).splitlines():
        # value, seven flags, section, size, name
        match = re.match(r'[0-9a-f]+ .{5}.([FfO ]) (\S+)\t[0-9a-f]+ (?:\.hidden )?(\S+)$', line)
        if not match or match.group(1) != 'O':
            continue
        section, name = match.group(2), re.sub(r'\.\d+$', '', match.group(3))
        mutable = re.match(r'\.(data|bss)(?!\.rel\.ro)|\*COM\*', section)
        if mutable:
            report.problem(source, f'{name} is a mutable global ({section})',
                           'global', f'{source}:{name}')


def main():
    report = house.Report('global', 'undefined')
    found = list(house.objects(house.build_directory()))
    if not found:
        report.problem(house.build_directory(), 'no objects of the library; is it built?')
    for path, source in found:
        check_undefined(report, path, source)
        check_globals(report, path, source)
    report.finish()


if __name__ == '__main__':
    main()
