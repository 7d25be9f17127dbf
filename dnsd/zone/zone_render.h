/* zone_render.h - the records a zone answers with whatever its data are: SOA and NS, test
 * points, `_status` and `_codes`.
 */
#ifndef DNSD_ZONE_RENDER_H
#define DNSD_ZONE_RENDER_H

#include "zone.h"

/* RFC 2181 section 8: a TTL with the highest bit set counts as 0, which no one means. */
static inline uint32_t
zone_render_ttl(uint32_t ttl_s)
{
	return ttl_s > INT32_MAX ? INT32_MAX : ttl_s;
}

/* SOA and NS of the zone's data. */
enum err
zone_render_soa(struct zone *z, const struct snapshot_apex *apex, struct error *e) ORBL_NODISCARD;
enum err
zone_render_ns(struct zone *z, const struct snapshot_apex *apex, struct error *e) ORBL_NODISCARD;
/* Those that the data do not give. Without a SOA no resolver may keep a negative answer (RFC
 * 2308), and those are nearly all there are. */
enum err zone_render_missing(struct zone *z, struct error *e) ORBL_NODISCARD;
void zone_render_serial(struct zone *z); /* into the SOA */

/* Test points and `_codes` of our own list's zone of this relative name (listing.h). */
enum err zone_render_list(struct zone *z, struct text relative, struct error *e) ORBL_NODISCARD;
/* 127.0.0.2, if it is not there yet: last. */
enum err zone_render_test(struct zone *z, struct error *e) ORBL_NODISCARD;
enum err zone_render_status(struct zone *z, struct error *e) ORBL_NODISCARD;

#endif
