/* geo.h - AS number, organisation and country of an address, from MaxMind databases.
 *
 * The databases are geo.asn and geo.country of orbl.conf(5). One that is missing or corrupt means
 * that this is not known; it is said once. A file that was replaced is opened again.
 */
#ifndef ANALYZER_GEO_H
#define ANALYZER_GEO_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/addr.h>

enum { GEO_ORG = 64, GEO_COUNTRY = 3 };

struct geo;

struct geo_info {
	uint32_t asn;              /* 0: not known */
	char org[GEO_ORG];         /* printable ASCII, cut; "": not known */
	char country[GEO_COUNTRY]; /* ISO 3166-1, such as "SE"; "": not known */
};

/* Paths may be "". Never fails but for memory (NULL): what cannot be opened is logged. */
struct geo *geo_new(const char *asn_path, const char *country_path);
void geo_free(struct geo *g); /* NULL ok */
/* Open again what has changed; looks at the files once in a minute. */
void geo_refresh(struct geo *g, int64_t now_s);
/* g may be NULL: nothing is known. */
void geo_look(const struct geo *g, const struct addr *a, struct geo_info *out);

#endif
