/* smtp_host.h - a mail server to be probed, in the event loop of the test.
 *
 * It takes MAIL, RCPT and DATA in their order, and each recipient that accepts() likes. What it was
 * told is in its log, a line for each piece that came: commands of one write have "+" between
 * them, connections begin with "*":
 *
 *	*
 *	EHLO
 *	MAIL+RCPT
 *	QUIT
 */
#ifndef TESTS_SMTP_HOST_H
#define TESTS_SMTP_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/addr.h>

struct event_base;
struct smtp_host;

enum smtp_host_tls {
	HOST_TLS_NONE,
	HOST_TLS_OFFERED,
	HOST_TLS_REQUIRED, /* MAIL is 530 5.7.0 without */
	HOST_TLS_REFUSED,  /* required, and STARTTLS is 454 */
	HOST_TLS_GARBAGE,  /* required, and then it talks on in clear */
	HOST_TLS_INJECTED, /* required, with a line behind the 220 */
	HOST_TLS_SILENT,   /* required, and it never answers the handshake */
};

struct smtp_host_conf {
	const char *address;
	bool pipelining;
	enum smtp_host_tls tls;
	/* Both may be NULL: no recipient; what everybody answers. */
	bool (*accepts)(struct smtp_host *h, const char *mail_from, const char *rcpt);
	/* A reply instead of the usual one, NULL: the usual one, "": none. closes: and hang up. */
	const char *(*answer)(struct smtp_host *h, const char *line, bool *closes);
	void (*relayed)(struct smtp_host *h,
		const char *rcpt); /* a message was taken; may be NULL */
};

struct smtp_host { /* to be looked at */
	struct smtp_host_conf conf;
	struct endpoint where;
	unsigned connections, now, most;       /* at once: most */
	unsigned messages, message_recipients; /* of the last one */
	unsigned refused, most_refused, resets, most_resets,
		most_recipients; /* a connection; a piece */
	unsigned spoke_early;    /* pieces that came before all was answered */
	char log[8192];
	char paths[16384]; /* "MAIL ... RCPT ...": each that was said, a line each */
	struct host_parts *parts;
};

struct smtp_host *smtp_host_new(struct event_base *base, const struct smtp_host_conf *conf);
void smtp_host_free(struct smtp_host *h);
/* The token in a path, as number of its case; 0: none. */
unsigned smtp_host_case(const char *path, const unsigned char *key);

#endif
