/* command_part.h - what the files of command.c share: the commands, one function each, and how they
 * read a request.
 */
#ifndef ANALYZER_COMMAND_PART_H
#define ANALYZER_COMMAND_PART_H

#include <orbl/store_listing.h>

#include "command.h"

typedef struct command_answer
command_fn(const struct command_context *c, const struct command_request *r);
command_fn command_audit, command_page, command_replay;
command_fn command_submit, command_check, command_explain, command_list, command_status,
	command_delist, command_ticket, command_prove, command_operator, command_zone;
command_fn command_purge, command_reporter;
command_fn command_publish, command_report;

struct command_answer command_refuse(enum err code, const char *message);
struct command_answer command_failure(const struct error *e);
/* NULL: it is not there, or no string. Lent. */
const char *command_text(const struct command_request *r, const char *key);
/* Not OK: *answer says why. */
enum err command_address(const struct command_request *r, struct addr *out,
	struct command_answer *answer) ORBL_NODISCARD;
/* The last object of a purge that was waited for. */
json_t *command_purge_followed(const struct command_context *c);
enum { COMMAND_REASON = 300 };
/* Why it is asked for: printable, not empty. */
enum err command_reason(const struct command_request *r, char out[COMMAND_REASON],
	struct error *e) ORBL_NODISCARD;

/* --- listings --- */

/* An address, or a prefix. Not OK: *answer says why. */
enum err command_prefix(const struct command_request *r, struct prefix *out,
	struct command_answer *answer) ORBL_NODISCARD;
bool command_is_one_host(const struct prefix *p);
/* Those in force that the host lies in, the narrowest first. */
enum err command_covering(const struct command_context *c, const struct addr *host, int64_t now_s,
	store_listing_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* A new array of what the host is listed for, also by wider prefixes. */
enum err command_listings_of(const struct command_context *c, const struct addr *host,
	int64_t now_s, json_t **out, struct error *e) ORBL_NODISCARD;
/* Of those that hold the prefix or lie in it; NULL: of all. */
/* The same of all listings, a page of them: those behind after, "PREFIX CATEGORY", or NULL; *next
 * is where the next page begins, or null. Both new. */
enum err command_listings_page(const struct command_context *c, const char *after, int64_t now_s,
	json_t **out, json_t **next, struct error *e) ORBL_NODISCARD;
enum err command_listings_at(const struct command_context *c, const struct prefix *p, int64_t now_s,
	json_t **out, struct error *e) ORBL_NODISCARD;
/* Why DNS lists the host as more than these listings say, a clause; null: it does not. */
json_t *command_why_still(const struct command_context *c, const struct addr *host,
	const json_t *listings, int64_t now_s);

#endif
