/* in_service.h - the list that dnsd serves: zone.snapshot, and zone.snapshot.delta over it.
 *
 * What is to be published is compared with it. Codes are masks of 1 << category.
 */
#ifndef ANALYZER_IN_SERVICE_H
#define ANALYZER_IN_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/snapshot_layer.h>

struct in_service {
	struct snapshot *base, *delta;  /* NULL: there is none */
	const struct snapshot_set *all; /* of base: the set with every category */
};

/* Opens the files that are there; a base that cannot be read, or has other zones, is as none, and
 * *e says why (code OK: nothing was wrong). */
void
in_service_open(struct in_service *s, const char *path, const char *delta_path, struct error *e);
/* A new delta over the same base, or a new base; on error nothing is changed. */
enum err
in_service_take_delta(struct in_service *s, const char *delta_path, struct error *e) ORBL_NODISCARD;
enum err
in_service_take_base(struct in_service *s, const char *path, struct error *e) ORBL_NODISCARD;
void in_service_close(struct in_service *s);

struct in_service_entry {
	bool is_there;       /* though it may have expired */
	uint32_t categories; /* 0: not listed, or expired */
};
struct in_service_entry
in_service_find(const struct in_service *s, const struct addr *a, int64_t now_s);
/* How much it lists, as blast_radius.h counts. O(entries). */
uint64_t in_service_size(const struct in_service *s, int64_t now_s);

#endif
