# Coronet's front door; Meson and Ninja do the work. Each target first installs the Debian packages
# it needs (tools/packages), as root or with sudo. `make help` lists the targets.

BUILD = build
DIR = .
ARGS =
PREFIX = /usr/local
TIME = 300

needs_test = test
needs_check = test check
needs_soak = test check
needs_fuzz = test check
needs_bench = bench
needs_format = check

.PHONY: all help run test check soak fuzz bench install format clean packages

all: $(BUILD)/build.ninja
	@log=$$(ninja --quiet -C $(BUILD)) || { echo "$$log"; exit 1; }

help:
	@echo 'make                       build/coronet and build/libcoronet.*'
	@echo 'make run [DIR=. ARGS=...]  build, then serve the directory over HTTP and FTP'
	@echo 'make test                  build, then the tests a user runs'
	@echo 'make check                 both compilers, sanitizers, valgrind, fuzzing, faults, guards'
	@echo 'make soak [TIME=300]       kills, all faults and guards, TIME seconds of load and a fuzz target'
	@echo 'make fuzz [TIME=300]       only the fuzz targets'
	@echo 'make bench                 measure against servers and clients that people use'
	@echo 'make install [PREFIX=/usr/local DESTDIR=]'
	@echo 'make format, make clean'

run: all
	@exec $(BUILD)/coronet serve $(ARGS) "$(DIR)"

test: all
	@tools/unpack-packages $(BUILD)/ftp-peers
	@tools/test --build $(BUILD)

check: packages
	@tools/unpack-packages build/ftp-peers
	@tools/check

soak: packages
	@tools/unpack-packages build/ftp-peers
	@tools/soak $(TIME)

fuzz: packages
	@tools/soak --only fuzz $(TIME)

bench: all
	@bench/run
	@bench/ftp
	@bench/get

install: all
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@meson install -C $(BUILD)

format: packages
	@find src include tests bench -name '*.[ch]' -exec clang-format-14 -i {} +

clean:
	@rm -rf $(BUILD)

packages:
	@tools/install-packages build $(foreach goal,$(MAKECMDGOALS),$(needs_$(goal)))

$(BUILD)/build.ninja: | packages
	@echo 'setting up and building $(BUILD)/'
	@log=$$(meson setup $(BUILD) 2>&1) || { echo "$$log"; exit 1; }
