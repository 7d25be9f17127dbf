/* probe_case.h - the catalogue of relay tests: a table, one row a case.
 *
 * A row has what follows "MAIL FROM:" and "RCPT TO:". In it stand
 *
 *	$U  recipient token        $H  host name the target announced, else [$I]
 *	$F  sender token           $P  domain above $H, else $H
 *	$D  collector's domain     $I  target's address as a literal, without brackets
 *	$E  $D in Exchange's IMCEA encapsulation: "." is +2E
 *	$C  collector's address as a literal, without brackets
 *
 * The rows stand in the order in which they are sent: cheapest and most telling first. A
 * case's number, the one in its id, never changes: tokens and evidence keep it.
 *
 * A case with before_rcpt names another recipient first, in the same transaction. The message
 * goes to both: such a case is sent only when it, or everything, is asked for.
 */
#ifndef ANALYZER_PROBE_CASE_H
#define ANALYZER_PROBE_CASE_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum { PROBE_CASE_NUMBERS = 64 }; /* numbers are below: a set of cases is a 64-bit mask */

struct probe_case {
	unsigned number; /* 1 for "P01-plain" */
	const char *id;
	const char *mail_from;
	const char *rcpt_to;
	const char *finds;       /* one clause */
	const char *before_rcpt; /* NULL: none */
};

struct probe_names { /* what the letters stand for; "" is unknown: such cases are skipped */
	char u[32], f[32];
	char d[256], e[768];
	char h[260], p[260];
	char i[64], c[64];
};

size_t probe_case_count(void);
const struct probe_case *probe_case_row(size_t i);              /* i < count; in sending order */
const struct probe_case *probe_case_by_number(unsigned number); /* NULL: no such case */
/* "P01-plain", "P01" or "p01". NULL: no such case. */
const struct probe_case *probe_case_by_name(struct text name);
uint64_t probe_case_mask_all(void);
uint64_t probe_case_mask_default(void); /* those that are sent unless others are asked for */
/* Cases of a comma separated list, as a mask of 1 << number. The error names the first
 * unknown one. */
enum err probe_case_parse_list(struct text list, uint64_t *mask, struct error *e) ORBL_NODISCARD;
/* Number of the first row with the same MAIL FROM: rows that share it share a sender token, so
 * that they fit into one transaction and into one greylisting triplet. */
unsigned probe_case_sender(const struct probe_case *c);

/* ERR_FULL when out is too small, ERR_NOT_FOUND when a letter stands for nothing. */
enum err probe_case_expand(const char *pattern, const struct probe_names *names, char *out,
	size_t size) ORBL_NODISCARD;
/* Fill the names that do not change: D, E, and the literals. collector may be NULL. */
struct addr;
enum err probe_names_init(struct probe_names *n, const char *domain, const struct addr *target,
	const struct addr *collector, struct error *e) ORBL_NODISCARD;
/* Take H and P from what the server called itself (the word after 220 or 250). Anything that is
 * not a qualified host name gives the literal. */
void probe_names_host(struct probe_names *n, struct text announced);

#endif
