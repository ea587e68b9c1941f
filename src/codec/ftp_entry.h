/* SPDX-License-Identifier: MIT */
/*
 * What FTP servers say of files, as a client reads it: facts (RFC 3659 7), and lines of LIST, which
 * no RFC defines: those of Unix, of DOS, OS/2, EPLF, VMS, MVS, IBM i and NetWare. Each line tells
 * by itself what it is, but for VMS, which wraps long names, and MVS, which has a heading.
 *
 * A name is one component of a path, whatever the server says: what is none is no entry, and is
 * counted (attacks C07).
 */
#ifndef CO_CODEC_FTP_ENTRY_H
#define CO_CODEC_FTP_ENTRY_H

#include "base/base.h"
#include "coronet/ftp_entry.h"

#define CO_FTP_NAME_MAX 4096 /* bytes of a name that a listing wraps */

enum co_ftp_listing { CO_FTP_LISTING_ANY, CO_FTP_LISTING_DATASETS, CO_FTP_LISTING_MEMBERS };

/* What the lines before have said. All zeros, and `now`, at the beginning. */
struct co_ftp_listing_reader {
    int64_t now;     /* calendar seconds: lines for people leave the year out */
    bool facts;      /* the lines are MLSD's */
    bool some;       /* one of them was understood, also as no entry */
    bool some_not;   /* and one was not */
    size_t refused;  /* entries whose names are none */
    uint8_t listing; /* enum co_ftp_listing: MVS's heading */
    size_t held;     /* bytes of a name of VMS's that the next line goes on with; or */
    size_t last;     /* of the one before, whose older versions follow */
    char name[CO_FTP_NAME_MAX];
};

/* Reads a line, without its end. True: an entry, whose texts point into the line or the reader. */
bool co_ftp_listing_read(
    struct co_ftp_listing_reader *reader, co_text line, struct co_ftp_entry *ret);

/* Reads "type=file;size=12;... name", MLST's and MLSD's. Its name is as it is, a whole path with
 * MLST. 0 or CO_EFTP. */
int co_ftp_facts_read(co_text line, struct co_ftp_entry *ret);

/* Could it be the name of something in a folder? */
bool co_ftp_name_is_safe(co_text name);

#endif
