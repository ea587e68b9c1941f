/* SPDX-License-Identifier: MIT */
/* Which commands there are, when they may come, and the handlers of those that only set or tell
 * something (RFC 959 4.1, 5.4; RFC 2389). */
#include "ftp/session.h"

#include <errno.h>
#include <stdlib.h>

#define STRANGE_MAX 3 /* before the login (attacks F09) */

#define BEFORE_LOGIN .before_login = true
#define AFTER_LOGIN  .before_login = false
#define NEEDS        .needs_argument = true
#define AT_ONCE      .at_once = true
#define OF_TLS       .before_login = true, .of_tls = true
#define NOT_TAKEN(c) .not_taken = (c)
#define DOWNLOADS    .told = CO_FTP_DOWNLOADED
#define UPLOADS      .told = CO_FTP_UPLOADED
#define LISTS        .told = CO_FTP_LISTED
#define CHANGES      .told = CO_FTP_CHANGED
#define TO_READ      .right = CO_MAY_READ
#define TO_LIST      .right = CO_MAY_LIST
#define TO_ADD       .right = CO_MAY_ADD
#define TO_CHANGE    .right = CO_MAY_CHANGE

#define HASH_RANGE "<sp> file [<sp> start [<sp> end]]"

static const struct co_ftp_rule rules[CO_FTP_VERB_COUNT] = {
    [CO_FTP_ABOR] = {co_ftp_on_abor, "", AT_ONCE},
    [CO_FTP_ACCT] = {co_ftp_on_acct, "<sp> account", BEFORE_LOGIN, NEEDS},
    [CO_FTP_ALLO] = {co_ftp_on_allo, "<sp> bytes", NEEDS},
    [CO_FTP_APPE] = {co_ftp_on_appe, "<sp> file", NEEDS, UPLOADS},
    [CO_FTP_AUTH] = {co_ftp_on_auth, "<sp> TLS", OF_TLS, NEEDS},
    [CO_FTP_AVBL] = {co_ftp_on_avbl, "[<sp> folder]", TO_LIST},
    [CO_FTP_CCC] = {co_ftp_on_ccc, "", OF_TLS},
    [CO_FTP_CDUP] = {co_ftp_on_cdup, "", AFTER_LOGIN},
    [CO_FTP_CLNT] = {co_ftp_on_clnt, "<sp> client", BEFORE_LOGIN, NEEDS},
    [CO_FTP_CWD] = {co_ftp_on_cwd, "[<sp> folder]", AFTER_LOGIN},
    [CO_FTP_DELE] = {co_ftp_on_dele, "<sp> file", NEEDS, CHANGES, TO_CHANGE},
    [CO_FTP_EPRT] = {co_ftp_on_eprt, "<sp> |proto|address|port|", NEEDS},
    [CO_FTP_EPSV] = {co_ftp_on_epsv, "[<sp> 1|2|ALL]", AFTER_LOGIN},
    [CO_FTP_FEAT] = {co_ftp_on_feat, "", BEFORE_LOGIN, AT_ONCE},
    [CO_FTP_HASH] = {co_ftp_on_hash, "<sp> file", NEEDS, TO_READ},
    [CO_FTP_HELP] = {co_ftp_on_help, "[<sp> command]", BEFORE_LOGIN, AT_ONCE},
    [CO_FTP_HOST] = {co_ftp_on_host, "<sp> host", BEFORE_LOGIN, NEEDS},
    [CO_FTP_LANG] = {co_ftp_on_lang, "[<sp> language]", BEFORE_LOGIN},
    [CO_FTP_LIST] = {co_ftp_on_list, "[<sp> path]", LISTS, NOT_TAKEN(450), TO_LIST},
    [CO_FTP_MDTM] = {co_ftp_on_mdtm, "<sp> file", NEEDS, TO_READ},
    [CO_FTP_MFF] = {co_ftp_on_mff, "<sp> fact=value;... <sp> file", NEEDS, TO_CHANGE},
    [CO_FTP_MFMT] = {co_ftp_on_mfmt, "<sp> YYYYMMDDHHMMSS <sp> file", NEEDS, TO_CHANGE},
    [CO_FTP_MKD] = {co_ftp_on_mkd, "<sp> folder", NEEDS, CHANGES, TO_ADD},
    [CO_FTP_MLSD] = {co_ftp_on_mlsd, "[<sp> folder]", LISTS, TO_LIST},
    [CO_FTP_MLST] = {co_ftp_on_mlst, "[<sp> path]", TO_LIST},
    [CO_FTP_MODE] = {co_ftp_on_mode, "<sp> S|Z", NEEDS},
    [CO_FTP_NLST] = {co_ftp_on_nlst, "[<sp> folder]", LISTS, NOT_TAKEN(450), TO_LIST},
    [CO_FTP_NOOP] = {co_ftp_on_noop, "", BEFORE_LOGIN, AT_ONCE},
    [CO_FTP_OPTS] = {co_ftp_on_opts, "<sp> command [<sp> options]", BEFORE_LOGIN, NEEDS},
    [CO_FTP_PASS] = {co_ftp_on_pass, "<sp> password", BEFORE_LOGIN},
    [CO_FTP_PASV] = {co_ftp_on_pasv, "", AFTER_LOGIN},
    [CO_FTP_PBSZ] = {co_ftp_on_pbsz, "<sp> 0", OF_TLS, NEEDS},
    [CO_FTP_PORT] = {co_ftp_on_port, "<sp> h1,h2,h3,h4,p1,p2", NEEDS},
    [CO_FTP_PROT] = {co_ftp_on_prot, "<sp> P|C", OF_TLS, NEEDS},
    [CO_FTP_PWD] = {co_ftp_on_pwd, "", AT_ONCE},
    [CO_FTP_QUIT] = {co_ftp_on_quit, "", BEFORE_LOGIN, AT_ONCE},
    [CO_FTP_RANG] = {co_ftp_on_rang, "<sp> first byte <sp> last byte", NEEDS},
    [CO_FTP_REIN] = {co_ftp_on_rein, "", BEFORE_LOGIN},
    [CO_FTP_REST] = {co_ftp_on_rest, "<sp> bytes", NEEDS},
    [CO_FTP_RETR] = {co_ftp_on_retr, "<sp> file", NEEDS, DOWNLOADS, TO_READ},
    [CO_FTP_RMD] = {co_ftp_on_rmd, "<sp> folder", NEEDS, CHANGES, TO_CHANGE},
    [CO_FTP_RNFR] = {co_ftp_on_rnfr, "<sp> path", NEEDS, TO_CHANGE},
    [CO_FTP_RNTO] = {co_ftp_on_rnto, "<sp> path", NEEDS, NOT_TAKEN(553), TO_CHANGE},
    [CO_FTP_SITE] = {co_ftp_on_site, "<sp> HELP|CHMOD|UTIME ...", NEEDS, TO_CHANGE},
    [CO_FTP_SIZE] = {co_ftp_on_size, "<sp> file", NEEDS, TO_READ},
    [CO_FTP_STAT] = {co_ftp_on_stat, "[<sp> path]", AT_ONCE, NOT_TAKEN(450), TO_LIST},
    [CO_FTP_STOR] = {co_ftp_on_stor, "<sp> file", NEEDS, UPLOADS, NOT_TAKEN(553)},
    [CO_FTP_STOU] = {co_ftp_on_stou, "", UPLOADS, NOT_TAKEN(553)},
    [CO_FTP_STRU] = {co_ftp_on_stru, "<sp> F", NEEDS},
    [CO_FTP_SYST] = {co_ftp_on_syst, "", BEFORE_LOGIN, AT_ONCE},
    [CO_FTP_TYPE] = {co_ftp_on_type, "<sp> A|I|L 8", NEEDS},
    [CO_FTP_USER] = {co_ftp_on_user, "<sp> name", BEFORE_LOGIN, NEEDS},
    [CO_FTP_XCRC] = {co_ftp_on_xcrc, HASH_RANGE, NEEDS, TO_READ},
    [CO_FTP_XMD5] = {co_ftp_on_xmd5, HASH_RANGE, NEEDS, TO_READ},
    [CO_FTP_XSHA1] = {co_ftp_on_xsha1, HASH_RANGE, NEEDS, TO_READ},
    [CO_FTP_XSHA256] = {co_ftp_on_xsha256, HASH_RANGE, NEEDS, TO_READ},
};

const struct co_ftp_rule *co_ftp_rule_of(enum co_ftp_verb verb)
{
    return &rules[verb];
}

const char *co_ftp_rule_name(const struct co_ftp_rule *rule)
{
    return co_ftp_verb_name((enum co_ftp_verb)(rule - rules));
}

static bool is_served(const struct co_ftp_session *session, const struct co_ftp_rule *rule)
{
    return rule->handler && (!rule->of_tls || session->server->options.tls);
}

int co_ftp_strange(struct co_ftp_session *session, int error)
{
    if (error == -EILSEQ)
        co_ftp_reply(session, 501, "There is no NUL and no line end in an argument.");
    else
        co_ftp_reply(session, 500, "That is no command of this server; HELP lists them.");
    return !session->tree && ++session->strange >= STRANGE_MAX ? CO_FTP_BYE : 0;
}

/* What RNFR said counts for the very next command only (RFC 959 4.1.3). What REST and RANG did is
 * for the next transfer, whichever command stands between (RFC 3659 5.3 leaves that to us): clients
 * send PASV there, TYPE, NOOP; and where it was forgotten they would get the whole and take it for
 * the rest, or have the rest stored for the whole. RETR, STOR, APPE and HASH use it up
 * themselves, a login forgets it with all that was another's. */
static void forget_preludes(struct co_ftp_session *session, enum co_ftp_verb verb)
{
    bool transfers_anew =
        verb == CO_FTP_STOU || verb == CO_FTP_LIST || verb == CO_FTP_NLST || verb == CO_FTP_MLSD;
    if (transfers_anew || verb == CO_FTP_ABOR)
        session->restart = session->range_end = 0;
    if (verb == CO_FTP_RNTO)
        return;
    free(session->rename_from);
    session->rename_from = NULL;
}

/* State, argument, handler. */
static int obey(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    const struct co_ftp_rule *rule = session->rule;
    const char *name = co_ftp_verb_name(command->verb);
    if (!is_served(session, rule))
        return co_ftp_reply(session, 502, "%s is not to be had on this server.", name);
    if (!rule->before_login && !session->tree)
        return co_ftp_reply(session, 530, "Log in first, by USER and PASS.");
    if (rule->needs_argument && command->argument.size == 0)
        return co_ftp_reply(session, 501, "Its syntax is %s %s.", name, rule->syntax);
    return rule->handler(session, command);
}

/* Why the last reply was none of success. */
static int refusal(const struct co_ftp_session *session)
{
    if (session->last_error)
        return session->last_error;
    switch (session->last_reply) {
    case 425: return -ENOTCONN;
    case 521:
    case 530: return -EACCES;
    default: return CO_EINVALID;
    }
}

/* A transfer that did not come to its 150, or a change not to its handler, is told as one that has
 * failed is. */
static void tell_refused(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    enum co_ftp_event_kind kind = session->rule->told;
    if (!session->server->options.event)
        return;
    co_ftp_path(session,
        kind == CO_FTP_LISTED ? co_ftp_skip_flags(command->argument) : command->argument, &path);
    co_ftp_tell(session, &(struct co_ftp_event){
                             .kind = kind,
                             .command = co_text_of(co_ftp_verb_name(command->verb)),
                             .path = co_buf_text(&path),
                             .refused = true,
                             .ascii = session->ascii,
                             .start_seconds = co_wall_seconds(),
                             .error = refusal(session),
                         });
    co_buf_free(&path);
}

/* Obeys one that is told of. */
static int obey_told(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    session->begun = false;
    session->last_error = 0;
    int rc = obey(session, command);
    if (session->begun)
        return rc;
    tell_refused(session, command);
    if (session->rule->told != CO_FTP_CHANGED)
        co_ftp_data_spare(session);
    return rc;
}

int co_ftp_obey(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    const struct co_ftp_rule *outer = session->rule;
    session->rule = &rules[command->verb];
    forget_preludes(session, command->verb);
    int rc = session->rule->told ? obey_told(session, command) : obey(session, command);
    session->rule = outer; /* of the transfer that runs meanwhile, if one does */
    return rc;
}

/* ---- the representation (RFC 959 3.1, 5.3.2) ------------------------------------------------ */

bool co_ftp_is_choice(co_text given, const char *letters)
{
    return (given.size == 1 || (given.size > 1 && given.at[1] == ' ')) &&
           strchr(letters, given.at[0] & ~0x20);
}

int co_ftp_on_type(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    co_text type = command->argument;
    if (co_text_equal_nocase(type, CO_TEXT("A")) || co_text_equal_nocase(type, CO_TEXT("A N")) ||
        co_text_equal_nocase(type, CO_TEXT("AN")))
        session->ascii = true;
    else if (co_text_equal_nocase(type, CO_TEXT("I")) ||
             co_text_equal_nocase(type, CO_TEXT("L 8")) ||
             co_text_equal_nocase(type, CO_TEXT("L8")))
        session->ascii = false;
    else
        return co_ftp_reply(session, co_ftp_is_choice(type, "AEIL") ? 504 : 501,
            "Types are A, for text with converted line ends, and I, for all else.");
    return co_ftp_reply(
        session, 200, "Type is %s.", session->ascii ? "A: line ends are converted" : "I");
}

int co_ftp_on_stru(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    co_text given = command->argument;
    if (given.size == 1 && (given.at[0] & ~0x20) == 'F')
        return co_ftp_reply(session, 200, "The structure is F.");
    return co_ftp_reply(
        session, co_ftp_is_choice(given, "FRP") ? 504 : 501, "The only structure here is F.");
}

/* ---- features (RFC 2389, 2640) -------------------------------------------------------------- */

int co_ftp_on_feat(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    static const char *const features[] = {"AVBL", "CLNT", "EPRT", "EPSV", "HOST", "LANG EN*",
        "MDTM", "MFF Modify;UNIX.mode;", "MFMT", "MODE Z", "PASV", "RANG STREAM", "REST STREAM",
        "SIZE", "TVFS", "UTF8", "XCRC", "XMD5", "XSHA1", "XSHA256"};
    static const char *const of_tls[] = {"AUTH TLS", "PBSZ", "PROT"}; /* RFC 4217 6 */
    char room[128] = "";
    struct co_buf facts = {.at = room, .room = sizeof room, .size_max = sizeof room};
    (void)command;
    co_ftp_reply_begin(session, 211, "Features:");
    for (size_t i = 0; session->server->options.tls && i < CO_LENGTH(of_tls); i++)
        co_ftp_reply_line(session, co_text_of(of_tls[i]));
    for (size_t i = 0; i < CO_LENGTH(features); i++)
        co_ftp_reply_line(session, co_text_of(features[i]));
    co_buf_add_string(&facts, "MLST ");
    co_ftp_facts_names(&facts, session->facts);
    co_ftp_reply_line(session, co_buf_text(&facts));
    co_buf_clear(&facts);
    co_ftp_hash_feature(session, &facts);
    co_ftp_reply_line(session, co_buf_text(&facts));
    return co_ftp_reply(session, 211, "End.");
}

static int opts_mlst(struct co_ftp_session *session, co_text list)
{
    char room[128] = "";
    struct co_buf facts = {.at = room, .room = sizeof room, .size_max = sizeof room};
    session->facts = (uint8_t)co_ftp_facts_parse(list);
    co_ftp_facts_chosen(&facts, session->facts);
    return co_ftp_reply(
        session, 200, "MLST OPTS%s%.*s", facts.size ? " " : "", CO_TEXT_PRINT(co_buf_text(&facts)));
}

int co_ftp_on_opts(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    ssize_t space = co_text_find(command->argument, ' ');
    co_text name = {command->argument.at, space < 0 ? command->argument.size : (size_t)space};
    co_text rest = co_text_after(command->argument, name.size + 1);
    if (co_text_equal_nocase(name, CO_TEXT("UTF8")))
        return co_ftp_reply(session, 200, "Names are bytes, UTF-8 as a rule.");
    if (co_text_equal_nocase(name, CO_TEXT("MLST")))
        return opts_mlst(session, rest);
    if (co_text_equal_nocase(name, CO_TEXT("HASH")))
        return co_ftp_opts_hash(session, rest);
    if (co_text_equal_nocase(name, CO_TEXT("MODE")))
        return co_ftp_opts_mode(session, rest);
    return co_ftp_reply(session, 501, "Only HASH, MLST, MODE and UTF8 have options.");
}

/* RFC 2640 4.1: we speak English, of any country. */
int co_ftp_on_lang(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    ssize_t dash = co_text_find(command->argument, '-');
    co_text language = {command->argument.at, dash < 0 ? command->argument.size : (size_t)dash};
    if (command->argument.size && !co_text_equal_nocase(language, CO_TEXT("EN")))
        return co_ftp_reply(session, 504, "Only English (EN) is spoken here.");
    return co_ftp_reply(session, 200, "English it is.");
}

int co_ftp_on_clnt(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    (void)command;
    return co_ftp_reply(session, 200, "Noted.");
}

/* ---- what there is to know ------------------------------------------------------------------ */

static int help_all(struct co_ftp_session *session)
{
    char room[80];
    struct co_buf line = {.at = room, .room = sizeof room, .size_max = sizeof room};
    co_ftp_reply_begin(session, 214, "Commands; HELP <sp> command gives its syntax:");
    for (enum co_ftp_verb verb = CO_FTP_UNKNOWN + 1; verb < CO_FTP_VERB_COUNT; verb++) {
        if (!is_served(session, &rules[verb]))
            continue;
        co_buf_addf(&line, "%s%s", line.size ? " " : "", co_ftp_verb_name(verb));
        if (line.size < 64)
            continue;
        co_ftp_reply_line(session, co_buf_text(&line));
        co_buf_clear(&line);
    }
    co_ftp_reply_line(session, co_buf_text(&line));
    return co_ftp_reply(session, 214, "Also XCUP, XCWD, XMKD, XPWD, XRMD.");
}

int co_ftp_on_help(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    struct co_ftp_command asked;
    if (command->argument.size == 0)
        return help_all(session);
    if (co_ftp_command_parse(command->argument, &asked) < 0 ||
        !is_served(session, &rules[asked.verb]))
        return co_ftp_reply(session, 502, "There is no such command here; HELP lists all.");
    return co_ftp_reply(
        session, 214, "Syntax: %s %s", co_ftp_verb_name(asked.verb), rules[asked.verb].syntax);
}

int co_ftp_on_syst(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    (void)command;
    return co_ftp_reply(session, 215, "UNIX Type: L8");
}

/* "10" or "10 R 5": a page size of before files were streams (RFC 959 4.1.3). */
static int allo_parse(co_text argument, uint64_t *ret)
{
    uint64_t page;
    ssize_t space = co_text_find(argument, ' ');
    co_text count = {argument.at, space < 0 ? argument.size : (size_t)space};
    co_text rest = co_text_after(argument, count.size);
    if (rest.size &&
        (rest.size < 3 || !co_text_equal_nocase((co_text){rest.at, 3}, CO_TEXT(" R ")) ||
            co_text_number(co_text_after(rest, 3), INT64_MAX, &page) < 0))
        return CO_EINVALID;
    return co_text_number(count, INT64_MAX, ret);
}

/* Who asks hears before the upload that it would be too large. */
int co_ftp_on_allo(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    uint64_t bytes;
    if (allo_parse(command->argument, &bytes) < 0)
        return co_ftp_reply(session, 501, "Expected a count of bytes.");
    uint64_t max = session->server->options.upload_bytes_max;
    if (max && bytes > max)
        return co_ftp_reply_error(session, -EFBIG);
    return co_ftp_reply(session, 202, "Room need not be asked for.");
}

int co_ftp_on_noop(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    (void)command;
    return co_ftp_reply(session, 200, "Done.");
}

/* RFC 959 4.1.1: with a transfer under way, the connection stays for its result. Whoever hears the
 * farewell may count on the port being free. */
int co_ftp_on_quit(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    (void)command;
    if (!session->transfer)
        co_ftp_data_forget(session);
    co_ftp_reply(session, 221, "Goodbye.");
    return CO_FTP_BYE;
}
