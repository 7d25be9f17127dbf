/* delist_part.h - what the commands about delisting share: the rules as they are for a host, and
 * the ticket of a request.
 */
#ifndef ANALYZER_DELIST_PART_H
#define ANALYZER_DELIST_PART_H

#include "command.h"
#include "delist.h"

struct delist_rules delist_part_rules(const struct conf *c);
/* All but listed, which takes more than a look. */
enum err delist_part_host(const struct command_context *c, const struct addr *host,
	struct delist_host *out, struct error *e) ORBL_NODISCARD;

/* The token of the request, if it has one: ERR_REFUSED when it is a wrong one. */
enum err delist_part_take_token(const struct command_context *c, const struct command_request *r,
	const struct addr *host, struct error *e) ORBL_NODISCARD;
/* The last object for a proof of control (desk.h); a new reference. */
json_t *delist_part_proved(const struct command_context *c, uint64_t id);

/* The ticket of a request, without "ok"; a new reference. ERR_NOT_FOUND. */
enum err delist_part_ticket(const struct command_context *c, int64_t request, int64_t now_s,
	json_t **out, struct error *e) ORBL_NODISCARD;

#endif
