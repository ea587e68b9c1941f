/* SPDX-License-Identifier: MIT */
#include "cmd/sandbox.h"

#include "cmd/syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Later than the headers of Linux 6.1. */
#define FS_TRUNCATE   (1ULL << 14) /* version 3, Linux 6.2 */
#define FS_IOCTL_DEV  (1ULL << 15) /* 5, 6.10 */
#define NET_BIND      (1ULL << 0)  /* 4, 6.7 */
#define NET_CONNECT   (1ULL << 1)
#define SCOPE_ALL     (1ULL << 0 | 1ULL << 1) /* 6, 6.12: abstract Unix sockets, signals */
#define RULE_NET_PORT 2

#define FS_FIRST (LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1) /* all of version 1 */

/* MAKE_SYM is for links that are renamed: the filter lets none be made. */
#define FS_READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITES                                                                                  \
 (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM |     \
     LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE)

/* A rule for each port: for more of them than this, and so without a range, binding stays free. */
#define PORT_RULES_MAX 1024

struct ruleset {
    uint64_t files, ports, scopes;
};

struct port_rule {
    uint64_t access, port;
};

/* ---- Landlock -------------------------------------------------------------------------------
 */

/* The version; 0 when the kernel has none, or none that lets files be moved between folders. */
static int version(const struct co_sandbox_options *options)
{
    long rc = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return rc < (options->writes ? 2 : 1) ? 0 : (int)rc;
}

static bool limits_ports(const struct co_sandbox_options *options)
{
    bool anywhere = options->listens && options->passive_low == 0;
    return !anywhere && options->passive_high - options->passive_low < PORT_RULES_MAX;
}

static struct ruleset ruleset_of(const struct co_sandbox_options *options, int version)
{
    struct ruleset set = {.files = FS_FIRST};
    if (version >= 2)
        set.files |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        set.files |= FS_TRUNCATE;
    if (version >= 5)
        set.files |= FS_IOCTL_DEV;
    if (version >= 4)
        set.ports = (limits_ports(options) ? NET_BIND : 0) | NET_CONNECT;
    if (version >= 6)
        set.scopes = SCOPE_ALL;
    return set;
}

static int allow_below(int ruleset, int fd, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    long rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    return rc < 0 ? -errno : 0;
}

/* Those from low to high. */
static int allow_ports(int ruleset, unsigned low, unsigned high)
{
    for (unsigned port = low; port <= high; port++) {
        struct port_rule rule = {NET_BIND, port};
        if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) < 0)
            return -errno;
    }
    return 0;
}

/* The runtime of each thread asks how many mappings it may have; without an answer it guesses. */
static void allow_map_count(int ruleset)
{
    int fd = open("/proc/sys/vm/max_map_count", O_PATH | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)allow_below(ruleset, fd, LANDLOCK_ACCESS_FS_READ_FILE);
    close(fd);
}

static int fill(int ruleset, const struct ruleset *set, const struct co_sandbox_options *options)
{
    uint64_t access = options->writes ? FS_READS | FS_WRITES : FS_READS;
    allow_map_count(ruleset);
    int rc = allow_below(ruleset, options->directory_fd, access & set->files);
    if (rc == 0 && (set->ports & NET_BIND) && options->listens)
        rc = allow_ports(ruleset, options->passive_low, options->passive_high);
    return rc;
}

static int confine_files(const struct co_sandbox_options *options, struct co_sandbox *ret)
{
    int number = version(options);
    if (number == 0)
        return 0;
    const struct ruleset set = ruleset_of(options, number);
    size_t size = number >= 6 ? sizeof set : number >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
    if (ruleset < 0)
        return -errno;
    int rc = fill(ruleset, &set, options);
    if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        rc = -errno;
    close(ruleset);
    if (rc < 0)
        return rc;
    ret->files = number;
    ret->ports = set.ports != 0;
    ret->signals = set.scopes != 0;
    return 0;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

/* No core file holds passwords, and no other process of this user may look in or trace us. */
static int hide_memory(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -errno;
    return 0;
}

int co_sandbox_enter(const struct co_sandbox_options *options, struct co_sandbox *ret)
{
    const struct co_filter_options filter = {
        .writes = options->writes, .listens = options->listens};
    *ret = (struct co_sandbox){0};
    int rc = hide_memory();
    if (rc == 0)
        rc = confine_files(options, ret);
    if (rc == 0)
        rc = co_filter_apply(&filter);
    ret->calls = rc == 0;
    return rc == -ENOSYS ? 0 : rc;
}

int co_sandbox_seal(const struct co_sandbox *sandbox)
{
    return sandbox->calls ? co_filter_seal() : 0;
}
