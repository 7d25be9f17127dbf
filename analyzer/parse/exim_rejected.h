/* exim_rejected.h - Exim's line about a command it refused, taken apart.
 *
 *	H=[NAME ][(HELO) ][ADDR][:PORT][ I=[ADDR]:PORT][ U=IDENT][ Ci=N][ X=CIPHER][ CV=yes]
 *	[ DN="NAME"][ SNI=NAME][ F=<SENDER>[ A=AUTHENTICATOR[:USER]]] [temporarily ]rejected
 *	RCPT ARGUMENT[: REASON]
 *
 * Nothing in it is quoted by Exim. HELO (where the configuration takes any), IDENT, DN, SENDER
 * and ARGUMENT are the client's; ARGUMENT is what stood behind "RCPT TO:", cut at 100 bytes.
 * SENDER and ARGUMENT are addresses that Exim's parser took, so what separates them is found
 * by reading them as that parser does: quoted strings, quoted pairs, comments, brackets. If
 * the whole can be read in two ways all the same, it is ambiguous.
 */
#ifndef ANALYZER_PARSE_EXIM_REJECTED_H
#define ANALYZER_PARSE_EXIM_REJECTED_H

#include <stdbool.h>

#include <orbl/addr.h>
#include <orbl/text.h>

struct exim_host { /* what stands behind "H=" */
	struct addr client;
	struct text name, helo; /* p NULL: not logged */
	struct text full;       /* all of it, with the port, as $sender_fullhost has it */
	struct text rest;       /* what follows */
};

struct exim_rejected {
	struct exim_host host;
	bool temporary, authenticated;
	struct text sender;    /* p NULL: not logged */
	struct text account;   /* p NULL: not known */
	struct text what;      /* "RCPT" and all behind it, "EHLO or HELO ...", "after DATA: ..." */
	struct text recipient; /* of RCPT: without brackets */
	struct text reason;    /* of RCPT; p NULL: none */
};

/* t starts behind "H=". The leftmost client that it may name; false when there is none. */
bool exim_take_host(struct text t, struct exim_host *out);

enum exim_reading { EXIM_NOT_SUCH, EXIM_READ, EXIM_AMBIGUOUS };

/* t starts behind "H=". Ambiguous, too, when another client may be meant. */
enum exim_reading exim_read_rejected(struct text t, struct exim_rejected *out);

/* An address as Exim has it after parsing (no comments, no blanks but in quotes) and the ">"
 * behind it. */
bool exim_take_address(struct text *rest, struct text *out);

#endif
