/* peers.h - who may have our zones, who is told of changes, and where zones come from.
 *
 *	transfer.keys       FILE: lines of ALGORITHM:NAME:SECRET, as dig -y takes them; # comments
 *	transfer.allow      ZONE PREFIX [KEY] [tls]               ZONE * is all of them
 *	transfer.notify     ZONE ADDR[@PORT] [KEY]
 *	transfer.primaries  ZONE ADDR[@PORT] [KEY] [tls=NAME]
 *
 * "tls" allows over TLS alone; a key of this name is written "tls.".
 * A row's zone is the zone of that name and those below it; of transfer.primaries it is that zone
 * alone. Zones are named in presentation form, lower case, without the last dot.
 */
#ifndef DNSD_PEERS_H
#define DNSD_PEERS_H

#include <orbl/addr.h>
#include <orbl/conf.h>
#include <orbl/feed.h>

#include "tsig.h"

struct peers;

enum { PEERS_PORT = 53, PEERS_TLS_PORT = 853, PEERS_KEYS_MAX = 1000 };

struct peer {
	struct endpoint endpoint;
	const struct tsig_key *key; /* NULL: not signed */
	const char *tls_name;       /* in its certificate; NULL: in clear */
};

/* Read the rows and the file of keys. The error names the row or FILE:LINE, and the remedy. */
enum err peers_new(const struct conf *conf, struct peers **out, struct error *e) ORBL_NODISCARD;
void peers_free(struct peers *p); /* NULL ok */
/* Would peers_new succeed, and does each zone that comes by transfer have a primary? */
enum err peers_check(const struct conf *conf, const struct feed_zone *zones, size_t count,
	struct error *e) ORBL_NODISCARD;
/* Is there anything that needs the transfer process? */
bool peers_is_needed(const struct conf *conf);

struct tsig_keys *peers_keys(struct peers *p); /* lent */

enum peers_verdict {
	PEERS_ALLOWED,
	PEERS_NO_ZONE,    /* no row of transfer.allow has the zone */
	PEERS_NO_ADDRESS, /* ... with the client's address */
	PEERS_NO_KEY,     /* ... and with the key that the request was signed with, or not */
	PEERS_NO_TLS,     /* ... and without TLS */
};
/* A row without a key allows with any (good) one. */
enum peers_verdict peers_may_transfer(const struct peers *p, const char *zone,
	const struct addr *client, const struct tsig_key *key, bool over_tls);
/* The i-th secondary of a zone, to notify; false: there are no more. */
bool peers_notify_of(const struct peers *p, const char *zone, size_t i, struct peer *out);
/* The i-th primary of a zone, in the order given; false: there are no more. */
bool peers_primary_of(const struct peers *p, const char *zone, size_t i, struct peer *out);
/* Is the sender of a NOTIFY a primary of the zone, by address and key? */
bool peers_is_primary(const struct peers *p, const char *zone, const struct addr *from,
	const struct tsig_key *key);
/* Is the address in any row? */
bool peers_has_address(const struct peers *p, const struct addr *address);
bool peers_use_tls(const struct peers *p);        /* with any primary */
size_t peers_notify_count(const struct peers *p); /* rows */

#endif
