/* SPDX-License-Identifier: MIT */
/* What the monitor does for its worker, asked by whoever has taken the worker over, too. */
#include "fibers.h"

#include "cmd/keeper.h"
#include "net/doors.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char first[] = "first", second[] = "second";

/* A file that holds the word. */
static int open_word(void *arg)
{
    const char *word = arg;
    int fd = memfd_create("word", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    return write(fd, word, strlen(word)) == (ssize_t)strlen(word) ? fd : -EIO;
}

static int open_nothing(void *arg)
{
    (void)arg;
    return -ENOENT;
}

static int die(void *arg)
{
    (void)arg;
    _exit(3);
}

/* The monitor is another process here, so that the worker's side can be looked at. */
struct rig {
    struct co_keeper *keeper;
    pid_t monitor;
};

static struct rig rig_open_with(const struct co_keeper_options *options)
{
    struct rig rig;
    assert_int_equal(co_keeper_new(&rig.keeper, options), 0);
    assert_int_equal(co_keeper_begin(rig.keeper), 0);
    rig.monitor = fork();
    assert_true(rig.monitor >= 0);
    if (rig.monitor == 0) {
        co_keeper_is_monitor(rig.keeper);
        while (co_keeper_socket(rig.keeper) >= 0) {
            co_keeper_answer(rig.keeper);
            while (waitpid(-1, NULL, 0) > 0)
                co_keeper_child_ended(rig.keeper);
        }
        _exit(co_keeper_heard_ready(rig.keeper));
    }
    co_keeper_is_worker(rig.keeper);
    return rig;
}

static struct rig rig_open(struct co_kept_file *files, size_t count)
{
    return rig_open_with(&(struct co_keeper_options){.files = files, .count = count});
}

/* The monitor's exit code: whether it heard that we serve. */
static int rig_close(struct rig *rig)
{
    int status;
    co_keeper_free(rig->keeper);
    assert_int_equal(waitpid(rig->monitor, &status, 0), rig->monitor);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_opens(struct co_kept_file *file, const char *word)
{
    char text[16] = "";
    int fd = co_keeper_open(file);
    assert_true(fd >= 0);
    assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
    assert_string_equal(text, word);
    close(fd);
}

static void each_file_is_opened_by_its_number(void **state)
{
    struct co_kept_file files[] = {{.open = open_word, .arg = (void *)(uintptr_t)first},
        {.open = open_word, .arg = (void *)(uintptr_t)second}};
    (void)state;
    struct rig rig = rig_open(files, 2);
    assert_opens(&files[1], second);
    assert_opens(&files[0], first);
    assert_opens(&files[1], second);
    assert_int_equal(rig_close(&rig), 0);
}

static void number_that_is_not_in_the_list_is_refused(void **state)
{
    struct co_kept_file files[2] = {{.open = open_word, .arg = (void *)(uintptr_t)first}};
    (void)state;
    struct rig rig = rig_open(files, 1);
    files[1].keeper = rig.keeper;
    assert_int_equal(co_keeper_open(&files[1]), -EINVAL);
    assert_opens(&files[0], first);
    assert_int_equal(rig_close(&rig), 0);
}

static void file_that_cannot_be_opened_is_an_error_and_no_end(void **state)
{
    struct co_kept_file files[] = {
        {.open = open_nothing}, {.open = open_word, .arg = (void *)(uintptr_t)second}};
    (void)state;
    struct rig rig = rig_open(files, 2);
    assert_int_equal(co_keeper_open(&files[0]), -ENOENT);
    assert_opens(&files[1], second);
    assert_int_equal(rig_close(&rig), 0);
}

/* Whoever is not root cannot become anybody: that is an answer, too. */
static void opener_that_dies_as_another_user_is_an_error_and_no_end(void **state)
{
    const struct co_identity nobody = {.uid = 65534, .gid = 65534};
    struct co_kept_file files[] = {
        {.open = die, .user = &nobody}, {.open = open_word, .arg = (void *)(uintptr_t)second}};
    (void)state;
    struct rig rig = rig_open(files, 2);
    assert_int_equal(co_keeper_open(&files[0]), geteuid() == 0 ? -EPIPE : -EPERM);
    assert_opens(&files[1], second);
    assert_int_equal(rig_close(&rig), 0);
}

static void monitor_that_is_gone_is_an_error(void **state)
{
    struct co_kept_file file = {.open = die};
    int status;
    (void)state;
    struct rig rig = rig_open(&file, 1);
    assert_int_equal(co_keeper_open(&file), -EPIPE);
    assert_int_equal(co_keeper_open(&file), -EPIPE);
    assert_int_equal(waitpid(rig.monitor, &status, 0), rig.monitor);
    co_keeper_free(rig.keeper);
}

static void worker_that_serves_is_heard(void **state)
{
    (void)state;
    struct rig rig = rig_open(NULL, 0);
    assert_int_equal(co_keeper_ready(rig.keeper), 0);
    assert_int_equal(rig_close(&rig), 1);
}

/* ---- users -------------------------------------------------------------------------------- */

static const char *const given[] = {"ann:secret", "bob:", NULL};

static void passwords_are_checked_where_they_are(void **state)
{
    const struct co_vault vault = {.given = given};
    struct rig rig = rig_open_with(&(struct co_keeper_options){.vault = &vault});
    (void)state;
    assert_int_equal(co_keeper_check(rig.keeper, CO_TEXT("ann"), CO_TEXT("secret")), 1);
    assert_int_equal(co_keeper_check(rig.keeper, CO_TEXT("ann"), CO_TEXT("secreT")), 0);
    assert_int_equal(co_keeper_check(rig.keeper, CO_TEXT("ann"), CO_TEXT("")), 0);
    assert_int_equal(co_keeper_check(rig.keeper, CO_TEXT("bob"), CO_TEXT("")), 1);
    assert_int_equal(co_keeper_check(rig.keeper, CO_TEXT("cid"), CO_TEXT("secret")), 0);
    assert_int_equal(co_keeper_check(rig.keeper, CO_TEXT(""), CO_TEXT("")), 0);
    assert_int_equal(rig_close(&rig), 0);
}

static void the_list_of_users_has_no_secrets(void **state)
{
    const struct co_vault vault = {.given = given};
    struct rig rig = rig_open_with(&(struct co_keeper_options){.vault = &vault});
    char text[256] = "";
    (void)state;
    int fd = co_keeper_list(rig.keeper);
    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    assert_string_equal(text, "ann:!ann:rights=read,list,add,change\n"
                              "bob:!bob:rights=read,list,add,change\n");
    close(fd);
    assert_int_equal(rig_close(&rig), 0);
}

/* From now on this process can start no other. Is there a seccomp to tell it so? */
static bool lose_fork(void)
{
    struct sock_filter filter[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 2, 0, SYS_clone},
        {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SYS_clone3},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EAGAIN},
    };
    const struct sock_fprog program = {CO_LENGTH(filter), filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static void a_check_that_cannot_be_made_is_no_wrong_password(void **state)
{
    const struct co_vault vault = {.given = given};
    const struct co_keeper_options options = {.vault = &vault};
    struct co_keeper *keeper;
    (void)state;
    assert_int_equal(co_keeper_new(&keeper, &options), 0);
    assert_int_equal(co_keeper_begin(keeper), 0);
    pid_t monitor = fork();
    assert_true(monitor >= 0);
    if (monitor == 0) {
        co_keeper_is_monitor(keeper);
        bool lost = lose_fork();
        while (lost && co_keeper_socket(keeper) >= 0)
            co_keeper_answer(keeper);
        _exit(!lost);
    }
    co_keeper_is_worker(keeper);
    struct rig rig = {keeper, monitor};
    int result = co_keeper_check(keeper, CO_TEXT("ann"), CO_TEXT("secret"));
    if (rig_close(&rig) != 0)
        skip();
    assert_int_equal(result, -EAGAIN);
}

static void users_that_cannot_be_read_have_no_wrong_password(void **state)
{
    const struct co_vault vault = {.file = "/nowhere/users"};
    struct rig rig = rig_open_with(&(struct co_keeper_options){.vault = &vault});
    (void)state;
    assert_int_equal(co_keeper_check(rig.keeper, CO_TEXT("ann"), CO_TEXT("secret")), -ENOENT);
    assert_int_equal(rig_close(&rig), 0);
}

/* ---- active mode -------------------------------------------------------------------------- */

/* A server's socket at a loopback port of the system's choice. */
static int listen_somewhere(co_address *ret)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(co_address_parse("127.0.0.1", 0, ret), 0);
    assert_int_equal(bind(fd, &ret->as.any, ret->size), 0);
    assert_int_equal(getsockname(fd, &ret->as.any, &ret->size), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

/* The client has a control connection to a server at `door`, and listens for data. */
struct visit {
    struct co_doors *doors;
    struct rig rig;
    co_address door, data;
    int control, data_listener;
    int other_end, listener;
};

static struct visit visit_open(const struct co_service *service)
{
    struct visit visit = {.doors = calloc(1, sizeof *visit.doors)};
    assert_non_null(visit.doors);
    visit.listener = listen_somewhere(&visit.door);
    visit.data_listener = listen_somewhere(&visit.data);
    visit.other_end = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(visit.other_end, &visit.door.as.any, visit.door.size), 0);
    visit.control = accept4(visit.listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(visit.control >= 0);
    visit.doors->count = 1;
    visit.doors->at[0] = (struct co_door){.service = service, .address = visit.door};
    visit.rig = rig_open_with(&(struct co_keeper_options){.doors = visit.doors});
    return visit;
}

static void visit_close(struct visit *visit)
{
    assert_int_equal(rig_close(&visit->rig), 0);
    close(visit->control);
    close(visit->other_end);
    close(visit->data_listener);
    close(visit->listener);
    free(visit->doors);
}

static const struct co_service ftp = {.scheme = "ftp"}, http = {.scheme = "http"};

static void data_goes_to_who_is_at_the_other_end(void **state)
{
    struct visit visit = visit_open(&ftp);
    (void)state;
    int fd = co_keeper_connect(visit.rig.keeper, visit.control, co_address_port(&visit.data));
    assert_true(fd >= 0);
    int accepted = accept4(visit.data_listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(accepted >= 0);
    close(accepted);
    close(fd);
    visit_close(&visit);
}

static void f01_nothing_connects_to_the_ports_of_services(void **state)
{
    struct visit visit = visit_open(&ftp);
    (void)state;
    assert_int_equal(co_keeper_connect(visit.rig.keeper, visit.control, 80), -EACCES);
    assert_int_equal(co_keeper_connect(visit.rig.keeper, visit.control, 1023), -EACCES);
    assert_int_equal(co_keeper_connect(visit.rig.keeper, visit.control, 65536), -EACCES);
    visit_close(&visit);
}

static void f01_nothing_connects_to_whom_ftp_has_not_seen(void **state)
{
    struct visit visit = visit_open(&http);
    unsigned port = co_address_port(&visit.data);
    (void)state;
    assert_int_equal(co_keeper_connect(visit.rig.keeper, visit.control, port), -EACCES);
    assert_int_equal(co_keeper_connect(visit.rig.keeper, visit.listener, port), -ENOTCONN);
    assert_int_equal(co_keeper_connect(visit.rig.keeper, -1, port), -EBADF);
    int file = memfd_create("file", MFD_CLOEXEC);
    assert_int_equal(co_keeper_connect(visit.rig.keeper, file, port), -ENOTSOCK);
    close(file);
    visit_close(&visit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_is_opened_by_its_number),
        cmocka_unit_test(number_that_is_not_in_the_list_is_refused),
        cmocka_unit_test(file_that_cannot_be_opened_is_an_error_and_no_end),
        cmocka_unit_test(opener_that_dies_as_another_user_is_an_error_and_no_end),
        cmocka_unit_test(monitor_that_is_gone_is_an_error),
        cmocka_unit_test(worker_that_serves_is_heard),
        cmocka_unit_test(passwords_are_checked_where_they_are),
        cmocka_unit_test(a_check_that_cannot_be_made_is_no_wrong_password),
        cmocka_unit_test(users_that_cannot_be_read_have_no_wrong_password),
        cmocka_unit_test(the_list_of_users_has_no_secrets),
        cmocka_unit_test(data_goes_to_who_is_at_the_other_end),
        cmocka_unit_test(f01_nothing_connects_to_the_ports_of_services),
        cmocka_unit_test(f01_nothing_connects_to_whom_ftp_has_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
