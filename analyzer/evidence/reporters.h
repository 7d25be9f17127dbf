/* reporters.h - what the configuration says of those who submit logs.
 *
 * A reporter that has no section is taken as it comes: full trust, no relay policy.
 */
#ifndef ANALYZER_REPORTERS_H
#define ANALYZER_REPORTERS_H

#include <orbl/addr.h>
#include <orbl/conf.h>

#include "relay/relay_policy.h"

struct reporters;
struct event_map;

/* Read every reporter's relay policy; warnings about them go to standard error. Keeps conf. */
enum err
reporters_load(const struct conf *conf, struct reporters **out, struct error *e) ORBL_NODISCARD;
void reporters_free(struct reporters *r); /* NULL ok */
/* NULL when the reporter declared none. Lent. */
const struct relay_policy *reporters_relay_policy(const struct reporters *r, const char *name);
/* The name of its file; "" when there is none. Lent. */
const char *reporters_policy_file(const struct reporters *r, const char *name);
int64_t reporters_trust(const struct reporters *r, const char *name); /* percent, at most */
/* Denials that count of a day; 0: any number. */
int64_t reporters_quota(const struct reporters *r, const char *name);
/* May who has this key (NULL: none) submit for the reporter? ERR_REFUSED when not; nor, when
 * somebody has a key, under a name that has no section. */
enum err reporters_check_key(const struct reporters *r, const char *name, const char *key,
	struct error *e) ORBL_NODISCARD;
/* NULL: the built-in rows. Lent. */
const struct event_map *reporters_events(const struct reporters *r, const char *name);
/* Lent. */
const struct text *
reporters_local_domains(const struct reporters *r, const char *name, size_t *count);
/* Whose syslog_from has the address in its longest prefix; NULL: nobody's. Lent. */
const char *reporters_by_address(const struct reporters *r, const struct addr *a);
bool reporters_have_addresses(const struct reporters *r); /* has anybody a syslog_from? */

#endif
