/* SPDX-License-Identifier: MIT */
/* The codes of commands after what prepares them, or might seem to. */
#include "ftp_codes.h"

#define BEFORE_MAX 4 /* lines */

/* Lines before, the command, its reply, and the final one of a transfer (0: there is none). */
struct sequence {
    const char *before[BEFORE_MAX];
    const char *line;
    int code, then;
};

static const struct sequence sequences[] = {
    /* RNFR counts for the next command alone (RFC 959 4.1.3). */
    {{"RNFR file"}, "RNTO new", 250, 0},
    {{"RNFR file"}, "RNTO sub", 553, 0},
    {{"RNFR file"}, "RNTO none/x", 553, 0},
    {{"RNFR file"}, "RNTO .hidden2", 553, 0},
    {{"RNFR sub"}, "RNTO sub/below", 553, 0},
    {{"RNFR empty"}, "RNTO new", 250, 0},
    {{"RNFR file"}, "RNTO", 501, 0},
    {{"RNFR file", "NOOP"}, "RNTO new", 503, 0},
    {{"RNFR file", "RNTO new"}, "RNTO new2", 503, 0},
    {{"RNFR file", "RNFR none"}, "RNTO new", 503, 0},
    {{"RNFR file", "NONE"}, "RNTO new", 250, 0},
    {{"RNFR file"}, "RETR file", 425, 0},
    {{"rnfr file"}, "rnto new", 250, 0},
    {{"CWD sub", "RNFR inner"}, "RNTO ../new", 250, 0},
    {{"RNFR file", "REIN"}, "RNTO new", 530, 0},
    {{"RNFR file", "USER all", "PASS pw"}, "RNTO new", 503, 0},
    /* REST for the next transfer, whatever comes between: clients make the connection there, ask
     * for a size, keep the session alive. */
    {{"REST 13", "EPSV"}, "RETR file", 554, 0},
    {{"REST 13", "TYPE I", "EPSV"}, "RETR file", 554, 0},
    {{"EPSV", "REST 13", "ALLO 5"}, "STOR file", 554, 0},
    {{"REST 5", "ALLO 7", "EPSV"}, "STOR file", 150, 226},
    {{"EPSV", "REST 5"}, "RETR file", 150, 226},
    {{"EPSV", "REST 12"}, "RETR file", 150, 226},
    {{"EPSV", "REST 13"}, "RETR file", 554, 0},
    {{"EPSV", "REST 9223372036854775807"}, "RETR file", 554, 0},
    {{"EPSV", "REST 13", "NOOP"}, "RETR file", 554, 0},
    {{"REST 13", "FEAT", "STAT", "EPSV"}, "RETR file", 554, 0},
    {{"REST 13", "PASV", "TYPE I", "NOOP"}, "STOR file", 554, 0},
    {{"REST 13", "CWD sub", "MODE S", "EPSV"}, "RETR ../file", 554, 0},
    {{"REST 13", "SIZE file", "MDTM file", "EPSV"}, "RETR file", 554, 0},
    {{"REST 13", "STAT file", "OPTS UTF8 ON", "EPSV"}, "RETR file", 554, 0},
    {{"REST 5", "PORT", "NOOP", "SYST"}, "STOR file", 150, 226},
    {{"RANG 13 20", "NOOP", "EPSV"}, "RETR file", 554, 0},
    {{"RANG 1 2", "NOOP", "EPSV"}, "STOR file", 504, 0},
    {{"REST 13", "RETR none", "EPSV"}, "RETR file", 150, 226},
    {{"REST 13", "LIST", "EPSV"}, "RETR file", 150, 226},
    {{"REST 13", "NLST", "EPSV"}, "RETR file", 150, 226},
    {{"REST 13", "MLSD", "EPSV"}, "RETR file", 150, 226},
    {{"REST 13", "STOU", "EPSV"}, "RETR file", 150, 226},
    {{"RANG 1 2", "STOU", "EPSV"}, "STOR file", 150, 226},
    {{"REST 13", "HASH file", "EPSV"}, "RETR file", 150, 226},
    {{"REST 13", "ABOR", "EPSV"}, "RETR file", 150, 226},
    {{"REST 13", "USER all", "PASS pw", "EPSV"}, "RETR file", 150, 226},
    {{"EPSV", "REST 13", "REST x"}, "RETR file", 150, 226},
    {{"EPSV", "REST 13", "REST 0"}, "RETR file", 150, 226},
    {{"EPSV", "REST 13"}, "LIST", 150, 226},
    {{"EPSV", "REST 13"}, "APPE file", 150, 226},
    {{"EPSV", "REST 13"}, "STOU", 150, 226},
    {{"EPSV", "REST 5"}, "STOR file", 150, 226},
    {{"EPSV", "REST 13"}, "STOR file", 554, 0},
    {{"EPSV", "REST 5"}, "STOR new", 554, 0},
    {{"EPSV", "TYPE A", "REST 5"}, "RETR file", 554, 0},
    {{"EPSV", "TYPE A", "REST 5"}, "STOR file", 554, 0},
    {{"EPSV", "REST 5", "TYPE A"}, "RETR file", 554, 0},
    /* A data connection that has been prepared. */
    {{"EPSV"}, "RETR file", 150, 226},
    {{"EPSV"}, "RETR none", 550, 0},
    {{"EPSV"}, "RETR sub", 550, 0},
    {{"EPSV"}, "RETR .hidden", 550, 0},
    {{"EPSV"}, "RETR out", 550, 0},
    {{"EPSV"}, "RETR ../file", 150, 226},
    {{"EPSV"}, "RETR sub/inner", 150, 226},
    {{"EPSV"}, "RETR /sub/./../file", 150, 226},
    {{"EPSV"}, "retr file", 150, 226},
    {{"EPSV", "TYPE A"}, "RETR file", 150, 226},
    {{"EPSV", "RETR none"}, "RETR file", 150, 226},
    {{"EPSV"}, "STOR new", 150, 226},
    {{"EPSV"}, "STOR file", 150, 226},
    {{"EPSV"}, "STOR sub", 553, 0},
    {{"EPSV"}, "STOR none/new", 553, 0},
    {{"EPSV"}, "STOR .hidden2", 553, 0},
    {{"EPSV", "TYPE A"}, "STOR new", 150, 226},
    {{"EPSV"}, "STOU", 150, 226},
    {{"EPSV"}, "STOU name", 150, 226},
    {{"EPSV"}, "APPE file", 150, 226},
    {{"EPSV"}, "APPE new", 150, 226},
    {{"EPSV"}, "APPE sub", 550, 0},
    {{"EPSV"}, "LIST", 150, 226},
    {{"EPSV"}, "LIST file", 150, 226},
    {{"EPSV"}, "LIST -la", 150, 226},
    {{"EPSV"}, "LIST -la sub", 150, 226},
    {{"EPSV"}, "LIST *", 150, 226},
    {{"EPSV"}, "LIST none", 450, 0},
    {{"EPSV"}, "LIST none/*", 450, 0},
    {{"EPSV"}, "NLST", 150, 226},
    {{"EPSV"}, "NLST sub", 150, 226},
    {{"EPSV"}, "MLSD", 150, 226},
    {{"EPSV"}, "MLSD sub", 150, 226},
    {{"EPSV"}, "MLSD file", 501, 0},
    {{"EPSV"}, "MLSD *", 550, 0},
    {{"EPSV", "ABOR"}, "RETR file", 425, 0},
    {{"EPSV", "REIN", "USER all"}, "RETR file", 530, 0},
    {{"EPSV", "RETR file", "-"}, "RETR file", 425, 0},
    {{"PASV"}, "RETR file", 150, 226},
    {{"PASV"}, "STOR new", 150, 226},
    {{"PASV"}, "LIST", 150, 226},
    {{"PASV", "PASV"}, "RETR file", 150, 226},
    {{"PASV", "EPSV"}, "RETR file", 150, 226},
    {{"PORT"}, "RETR file", 150, 226},
    {{"PORT"}, "STOR new", 150, 226},
    {{"PORT"}, "NLST", 150, 226},
    {{"EPRT"}, "RETR file", 150, 226},
    {{"EPRT"}, "APPE file", 150, 226},
    {{"EPRT"}, "MLSD", 150, 226},
    {{"PORT", "EPSV"}, "RETR file", 150, 226},
    {{"EPSV", "PORT"}, "RETR file", 150, 226},
    {{"PORT", "PORT 127,0,0,2,200,1"}, "RETR file", 150, 226},
    /* EPSV ALL (RFC 2428 4). */
    {{"EPSV ALL"}, "PASV", 501, 0},
    {{"EPSV ALL"}, "PORT 127,0,0,1,200,1", 501, 0},
    {{"EPSV ALL"}, "EPRT |1|127.0.0.1|51201|", 501, 0},
    {{"EPSV ALL"}, "EPSV", 229, 0},
    {{"EPSV ALL"}, "EPSV ALL", 200, 0},
    {{"EPSV all"}, "PASV", 501, 0},
    {{"EPSV ALL", "EPSV"}, "RETR file", 150, 226},
    {{"EPSV ALL", "REIN", "USER all"}, "PASS pw", 230, 0},
    /* Who is there. */
    {{"REIN"}, "PASS pw", 503, 0},
    {{"REIN"}, "HOST a.example", 220, 0},
    {{"REIN"}, "HOST [::1]", 220, 0},
    {{"REIN"}, "HOST a b", 501, 0},
    {{"REIN"}, "HOST a/b", 501, 0},
    {{"REIN"}, "HOST a.example:21", 501, 0},
    {{"REIN"}, "HOST [a/b]", 501, 0},
    {{"USER nobody"}, "PASS pw", 530, 0},
    {{"USER all"}, "PASS no", 530, 0},
    {{"USER all", "PASS no"}, "PASS pw", 230, 0},
    {{"USER all"}, "RETR file", 530, 0},
    {{"USER banned"}, "PASS pw", 421, 0},
    {{"USER homeless"}, "PASS pw", 530, 0},
    {{"USER anonymous"}, "PASS ", 230, 0},
    {{"USER ftp"}, "PASS a@b", 230, 0},
    {{"USER FTP"}, "PASS", 230, 0},
    {{"CWD sub"}, "RETR inner", 425, 0},
    {{"CWD sub", "CDUP"}, "SIZE file", 213, 0},
    {{"CWD sub", "CWD .."}, "SIZE file", 213, 0},
    {{"CWD sub", "CWD"}, "SIZE file", 213, 0},
    {{"CWD sub", "CWD ~"}, "SIZE file", 213, 0},
    {{"CWD sub", "CWD ~/"}, "SIZE file", 213, 0},
    {{"CWD sub", "CWD ~/sub"}, "SIZE inner", 213, 0},
    {{"MKD ~", "CWD ~", "RMD ../~"}, "SIZE file", 550, 0},
    {{"CWD sub"}, "CWD ~/none", 550, 0},
    {{"CWD sub"}, "CWD ~root", 550, 0},
    {{"CWD sub", "RMD /sub"}, "PWD", 257, 0},
    {{"TYPE A"}, "SIZE file", 213, 0},
};

/* Sends a line of what comes before; "EPSV" and the like make the connection as well, "-" finishes
 * the transfer that runs. */
static void prepare(const char *line, const char *previous)
{
    if (strcmp(line, "EPSV") == 0) {
        ftp_epsv();
    } else if (strcmp(line, "PASV") == 0) {
        ftp_pasv();
    } else if (strcmp(line, "PORT") == 0 || strcmp(line, "EPRT") == 0) {
        ftp_data_end();
        assert_int_equal(ftp_port(line), 200);
    } else if (strcmp(line, "-") == 0) {
        finish_transfer(previous);
        assert_int_equal(ftp_reply(), 226);
    } else {
        assert_true(ftp_do(line) > 0);
    }
}

static void prepare_all(const char *const lines[BEFORE_MAX])
{
    for (size_t i = 0; i < BEFORE_MAX && lines[i]; i++)
        prepare(lines[i], i ? lines[i - 1] : NULL);
}

static void try_sequence(const struct sequence *sequence)
{
    ftp_login("all");
    prepare_all(sequence->before);
    int then = 0, code = ftp_do(sequence->line);
    if (code == 150) {
        ftp_data_come();
        finish_transfer(sequence->line);
        then = ftp_reply();
    }
    if (code != sequence->code || then != sequence->then)
        fail_msg("%s, %s: %d and %d, not %d and %d", sequence->before[0], sequence->line, code,
            then, sequence->code, sequence->then);
    if (code >= 400)
        check_text(sequence->line);
    ftp_hang_up();
}

static void codes_after_what_prepares(void **unused)
{
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(sequences); i++) {
        try_sequence(&sequences[i]);
        mend_folder();
    }
}

/* ---- every command after each of these ------------------------------------------------------- */

/* What was said, and the column whose codes hold nevertheless, but for the exceptions below. */
static const struct prepared {
    const char *before[BEFORE_MAX];
    enum state column;
    bool has_data; /* what lacks a data connection elsewhere gets 150 here, and then 226 */
} prepared[] = {
    {{"USER all", "PASS no"}, NAMED, false},
    {{"USER nobody", "PASS pw", "USER all"}, NAMED, false},
    {{"TYPE A"}, ALL, false},
    {{"MODE Z"}, ALL, false},
    {{"OPTS MLST"}, ALL, false},
    {{"PASV"}, ALL, true},
    {{"EPSV"}, ALL, true},
    {{"PORT"}, ALL, true},
    {{"EPRT"}, ALL, true},
    {{"EPSV ALL"}, ALL, false},
    {{"RNFR file"}, ALL, false},
    {{"REST 5"}, ALL, false},
    {{"RANG 1 2"}, ALL, false},
    {{"EPSV", "RETR file", "-"}, ALL, false},
    {{"EPSV", "STOR up", "-"}, ALL, false},
    {{"EPSV", "ABOR"}, ALL, false},
};

static const struct exception {
    const char *before; /* NULL: wherever there is data */
    const char *line;   /* how it begins */
    int code;
} exceptions[] = {
    {"EPSV ALL", "PASV", 501},
    {"EPSV ALL", "PORT 127,0,0,1,200,1", 501},
    {"EPSV ALL", "EPRT |1|127.0.0.1|", 501},
    {"RNFR file", "RNTO x", 250},
    {"RANG 1 2", "STOR ", 504}, /* a range is for what is read */
    {NULL, "STOR sub", 553},    /* the path is looked at once there is a connection */
    {NULL, "STOR none/new", 553},
};

static bool applies(
    const struct exception *exception, const struct prepared *state, const struct row *row)
{
    bool before =
        exception->before ? strcmp(exception->before, state->before[0]) == 0 : state->has_data;
    return before && strncasecmp(row->line, exception->line, strlen(exception->line)) == 0;
}

static int code_of(const struct prepared *state, const struct row *row)
{
    for (size_t i = 0; i < CO_LENGTH(exceptions); i++)
        if (applies(&exceptions[i], state, row))
            return exceptions[i].code;
    int code = row->codes[state->column];
    return code == 425 && state->has_data ? 150 : code;
}

static void try_prepared(const struct prepared *state, const struct row *row)
{
    if (state->column == NAMED)
        ftp_open();
    else
        ftp_login("all");
    prepare_all(state->before);
    int code = ftp_do(row->line);
    if (code != code_of(state, row))
        fail_msg("%s, %s: %d, not %d", state->before[0], row->line, code, code_of(state, row));
    if (code == 150) {
        ftp_data_come();
        finish_transfer(row->line);
        assert_int_equal(ftp_reply(), 226);
    }
    ftp_hang_up();
    mend_folder();
}

static void codes_of_all_commands_after_what_prepares_few(void **unused)
{
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(prepared); i++)
        for (size_t j = 0; j < CO_LENGTH(rows); j++)
            if (!is_skipped(&rows[j]))
                try_prepared(&prepared[i], &rows[j]);
}

/* A command that is added gets its rows, or this fails. */
static void every_command_has_its_codes(void **unused)
{
    (void)unused;
    for (enum co_ftp_verb verb = CO_FTP_UNKNOWN + 1; verb < CO_FTP_VERB_COUNT; verb++) {
        struct co_ftp_command command;
        bool found = false;
        for (size_t i = 0; i < CO_LENGTH(rows) && !found; i++)
            found = co_ftp_command_parse(co_text_of(rows[i].line), &command) == 0 &&
                    command.verb == verb;
        if (!found)
            fail_msg("no row for %s", co_ftp_verb_name(verb));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_has_its_codes),
        FTP_TEST(codes_after_what_prepares),
        FTP_TEST(codes_of_all_commands_after_what_prepares_few),
    };
    return run_within("virtual", tests);
}
