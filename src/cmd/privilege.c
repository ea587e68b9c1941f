/* SPDX-License-Identifier: MIT */
#include "cmd/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_MAX 16384 /* bytes of a password record with its strings */

int co_identity_find(const char *name, struct co_identity *ret)
{
    struct passwd record, *found = NULL;
    char *room = malloc(RECORD_MAX);
    if (!room)
        return -ENOMEM;
    int rc = getpwnam_r(name, &record, room, RECORD_MAX, &found);
    if (found) {
        *ret = (struct co_identity){.uid = record.pw_uid, .gid = record.pw_gid};
        snprintf(ret->name, sizeof ret->name, "%s", name);
    }
    free(room);
    return found ? 0 : rc ? -rc : -ENOENT;
}

/* By a descriptor: what the path names may be changed by others, and must not be given away. */
int co_privileges_give_socket(const struct co_identity *user, const char *path)
{
    struct stat st;
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &st) < 0 ? -errno : 0;
    if (rc == 0 && (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid()))
        rc = -EPERM;
    if (rc == 0 && fchownat(fd, "", user->uid, user->gid, AT_EMPTY_PATH) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

int co_privileges_forgo(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* Real, effective and saved ids are all the user's, and root is out of reach. */
static int prove(const struct co_identity *user)
{
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;
    if (getresuid(&real, &effective, &saved) < 0 ||
        getresgid(&real_group, &effective_group, &saved_group) < 0)
        return -errno;
    if (real != user->uid || effective != user->uid || saved != user->uid)
        return -EPERM;
    if (real_group != user->gid || effective_group != user->gid || saved_group != user->gid)
        return -EPERM;
    if (user->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0 || setgroups(0, NULL) == 0))
        return -EPERM;
    return 0;
}

int co_privileges_drop(const struct co_identity *user)
{
    if (setgroups(0, NULL) < 0)
        return -errno;
    if (setresgid(user->gid, user->gid, user->gid) < 0)
        return -errno;
    if (setresuid(user->uid, user->uid, user->uid) < 0)
        return -errno;
    return prove(user);
}
