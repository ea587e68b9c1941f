# SPDX-License-Identifier: MIT
"""No source below src calls what is unsafe, keeps hidden state, prints or ends the program."""

import re

import house

UNSAFE = '''strcpy strcat sprintf vsprintf gets strncpy strncat strtok alloca atoi atol atoll atof
    strtol strtoul sscanf scanf rand srand random system popen signal setjmp longjmp sigsetjmp
    siglongjmp tmpnam tempnam mktemp gmtime localtime ctime asctime strerror inet_ntoa inet_addr
    gethostbyname readdir_r vfork usleep sleep setenv putenv'''.split()
# The library is silent and never ends the program; the command may do both.
LOUD = '''printf vprintf fprintf vfprintf puts putchar fputs fputc perror psignal exit _exit
    quick_exit abort atexit stdout stderr stdin'''.split()
# Names for the C++20 keywords, and C that our public headers' users cannot parse.
WORDS = 'co_yield co_await co_return'.split()


def main():
    report = house.Report('banned')
    for path in house.files('src/**/*.[ch]', 'include/**/*.h'):
        banned = set(UNSAFE + WORDS + ([] if path.parts[1] == 'cmd' else LOUD))
        text = house.without_directives(house.blank(house.read(path)))
        lines = house.Lines(text)
        for match in re.finditer(r'(?<![\w.>])([A-Za-z_]\w*)\b(?!\s*:)', text):
            name = match.group(1)
            called = name in LOUD[-3:] + WORDS or text[match.end():].lstrip(' ').startswith('(')
            if name in banned and called:
                report.problem(f'{path}:{lines[match.start()]}', f'{name} is banned here',
                               'banned', f'{path}:{name}')
    report.finish()


if __name__ == '__main__':
    main()
