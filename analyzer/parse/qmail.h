/* qmail.h - the qmail family. qmail-smtpd itself logs nothing; what there is comes from others:
 *
 *	tcpserver: pid PID from ADDR
 *	tcpserver: ok PID LOCAL:ADDR:25 NAME:ADDR:IDENT:PORT
 *	PID < RCPT TO:<R>                                                  recordio
 *	PID > 553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)
 *	rblsmtpd: ADDR pid PID: 451 TEXT
 *	qmail-smtpd: pid PID Reject::SNDR::Invalid_Relay P:ESMTP S:ADDR:NAME H:HELO F:S T:R
 *	                                                                   s/qmail, SPAMCONTROL
 *	qmail-smtpd: pid PID from ADDR Invalid RELAY client: MAIL from <S> RCPT <R>      IndiMail
 *	CHKUSER rejected relaying: from <...> remote <...> rcpt <R> : ...               chkuser.h
 *
 * with multilog's time in front (tai_line.h), or as syslog messages of splogger or logger.
 * recordio's lines say of each piece who sent it, and are joined by PID with tcpserver's.
 */
#ifndef ANALYZER_PARSE_QMAIL_H
#define ANALYZER_PARSE_QMAIL_H

#include "dialect.h"

enum { QMAIL_PIECES = 32, QMAIL_PIECE_KEY = 88, QMAIL_PIECE_TEXT = 1024 };

/* recordio writes what one read() gave: a line may come in several pieces. */
struct qmail_piece {
	uint64_t used; /* when, of all; 0 free */
	uint16_t key_len, len;
	char key[QMAIL_PIECE_KEY], text[QMAIL_PIECE_TEXT];
};

struct qmail_memory {
	uint64_t now;
	struct qmail_piece pieces[QMAIL_PIECES];
};

bool qmail_knows(const struct log_line *s);
bool qmail_continues(const struct log_line *s);
enum parse_result
qmail_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
