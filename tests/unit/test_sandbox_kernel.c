/* SPDX-License-Identifier: MIT */
/* What the kernel has beside files and processes: sockets, its own doors, and its ring, into which
 * no filter looks. */
#include "sandbox_rig.h"

#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* ---- the network -------------------------------------------------------------------------- */

static long open_socket(int family, int type, int protocol)
{
    return result(socket(family, type | SOCK_CLOEXEC, protocol));
}

ESCAPE(connect_out, CALLS, true)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return result(connect(fd, (struct sockaddr *)&listening, sizeof listening));
}

ESCAPE(connect_out_by_sending, PORTS, false)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return result(
        sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&listening, sizeof listening));
}

ESCAPE(bind_a_port_of_services, PORTS, false)
{
    return bind_to(80);
}

ESCAPE(bind_another_port_than_it_may, PORTS, true)
{
    return bind_to(other_port);
}

ESCAPE(send_datagrams, CALLS, true)
{
    return open_socket(AF_INET, SOCK_DGRAM, 0);
}

ESCAPE(speak_multipath_tcp, CALLS, false)
{
    return open_socket(AF_INET, SOCK_STREAM, 262); /* IPPROTO_MPTCP */
}

ESCAPE(open_a_raw_socket, CALLS, false)
{
    return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

ESCAPE(open_a_packet_socket, CALLS, false)
{
    return open_socket(AF_PACKET, SOCK_RAW, 0);
}

ESCAPE(talk_to_the_kernel_by_netlink, CALLS, true)
{
    return open_socket(AF_NETLINK, SOCK_RAW, 0);
}

ESCAPE(open_a_unix_socket, CALLS, true)
{
    return open_socket(AF_UNIX, SOCK_STREAM, 0);
}

ESCAPE(make_a_socket_without_ftp, CALLS_READ, true)
{
    return result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/* ---- the kernel --------------------------------------------------------------------------- */

ESCAPE(load_a_bpf_program, CALLS, false)
{
    char attributes[128] = {0};
    return result(syscall(SYS_bpf, 0, attributes, sizeof attributes));
}

ESCAPE(watch_events, CALLS, false)
{
    char attributes[128] = {0};
    return result(syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));
}

ESCAPE(handle_page_faults, CALLS, false)
{
    return result(syscall(SYS_userfaultfd, 0));
}

ESCAPE(use_keys, CALLS, false)
{
    return result(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
}

ESCAPE(load_a_module, CALLS, false)
{
    return result(syscall(SYS_finit_module, cell->fd, "", 0));
}

ESCAPE(read_the_kernels_log, CALLS, false)
{
    return result(syscall(SYS_syslog, 10, NULL, 0));
}

ESCAPE(type_into_the_terminal, CALLS, false)
{
    return result(ioctl(0, TIOCSTI, "x"));
}

ESCAPE(make_a_file_in_memory, CALLS, true)
{
    return result(memfd_create("x", 0));
}

ESCAPE(set_up_another_ring, CALLS, false)
{
    struct io_uring_params params = {0};
    return result(syscall(SYS_io_uring_setup, 4, &params));
}

ESCAPE(add_a_filter, CALLS, false)
{
    struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    const struct sock_fprog program = {1, &allow};
    return result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

/* ---- through the ring, which no filter looks into ----------------------------------------- */

/* Not even inside: the ring itself refuses. */
ESCAPE(open_through_the_ring, RING, false)
{
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
                         .fd = cell->www,
                         .addr = ADDRESS("inside"),
                         .open_flags = O_RDONLY});
}

ESCAPE(open_by_openat2_through_the_ring, RING, false)
{
    const struct open_how how = {.flags = O_RDONLY};
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_OPENAT2,
                         .fd = cell->www,
                         .addr = ADDRESS("inside"),
                         .len = sizeof how,
                         .off = ADDRESS(&how)});
}

ESCAPE(remove_through_the_ring, RING, false)
{
    return ask(cell, &(struct io_uring_sqe){
                         .opcode = IORING_OP_UNLINKAT, .fd = cell->www, .addr = ADDRESS("inside")});
}

ESCAPE(move_through_the_ring, RING, false)
{
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_RENAMEAT,
                         .fd = cell->www,
                         .addr = ADDRESS("inside"),
                         .len = (uint32_t)cell->www,
                         .addr2 = ADDRESS("moved")});
}

ESCAPE(make_a_socket_through_the_ring, RING, false)
{
    return ask(
        cell, &(struct io_uring_sqe){
                  .opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = SOCK_DGRAM | SOCK_CLOEXEC});
}

ESCAPE(connect_through_the_ring, RING, false)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_CONNECT,
                         .fd = fd,
                         .addr = ADDRESS(&listening),
                         .off = sizeof listening});
}

ESCAPE(write_through_the_ring, RING, false)
{
    return ask(
        cell, &(struct io_uring_sqe){
                  .opcode = IORING_OP_WRITE, .fd = cell->fd, .addr = ADDRESS("x"), .len = 1});
}

ESCAPE(send_commands_through_the_ring, RING, false)
{
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_URING_CMD, .fd = cell->fd});
}

ESCAPE(link_requests_of_the_ring, RING, false)
{
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_POLL_ADD,
                         .fd = cell->fd,
                         .poll_events = POLLIN,
                         .flags = IOSQE_IO_LINK});
}

ESCAPE(register_files_with_the_ring, RING, false)
{
    return co_ring_register(&cell->ring, IORING_REGISTER_FILES, &cell->fd, 1);
}

ESCAPE(register_an_identity_with_the_ring, RING, false)
{
    return co_ring_register(&cell->ring, IORING_REGISTER_PERSONALITY, NULL, 0);
}

ESCAPE(lift_the_restrictions_of_the_ring, RING, false)
{
    struct io_uring_restriction rule = {
        .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_OPENAT};
    return co_ring_register(&cell->ring, IORING_REGISTER_RESTRICTIONS, &rule, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(cannot_make_a_socket_without_ftp),
    cmocka_unit_test(cannot_connect_out),
    cmocka_unit_test(cannot_connect_out_by_sending),
    cmocka_unit_test(cannot_bind_a_port_of_services),
    cmocka_unit_test(cannot_bind_another_port_than_it_may),
    cmocka_unit_test(cannot_send_datagrams),
    cmocka_unit_test(cannot_speak_multipath_tcp),
    cmocka_unit_test(cannot_open_a_raw_socket),
    cmocka_unit_test(cannot_open_a_packet_socket),
    cmocka_unit_test(cannot_talk_to_the_kernel_by_netlink),
    cmocka_unit_test(cannot_open_a_unix_socket),
    cmocka_unit_test(cannot_load_a_bpf_program),
    cmocka_unit_test(cannot_watch_events),
    cmocka_unit_test(cannot_handle_page_faults),
    cmocka_unit_test(cannot_use_keys),
    cmocka_unit_test(cannot_load_a_module),
    cmocka_unit_test(cannot_read_the_kernels_log),
    cmocka_unit_test(cannot_type_into_the_terminal),
    cmocka_unit_test(cannot_make_a_file_in_memory),
    cmocka_unit_test(cannot_set_up_another_ring),
    cmocka_unit_test(cannot_add_a_filter),
    cmocka_unit_test(cannot_open_through_the_ring),
    cmocka_unit_test(cannot_open_by_openat2_through_the_ring),
    cmocka_unit_test(cannot_remove_through_the_ring),
    cmocka_unit_test(cannot_move_through_the_ring),
    cmocka_unit_test(cannot_make_a_socket_through_the_ring),
    cmocka_unit_test(cannot_connect_through_the_ring),
    cmocka_unit_test(cannot_write_through_the_ring),
    cmocka_unit_test(cannot_send_commands_through_the_ring),
    cmocka_unit_test(cannot_link_requests_of_the_ring),
    cmocka_unit_test(cannot_register_files_with_the_ring),
    cmocka_unit_test(cannot_register_an_identity_with_the_ring),
    cmocka_unit_test(cannot_lift_the_restrictions_of_the_ring),
};

int main(void)
{
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
