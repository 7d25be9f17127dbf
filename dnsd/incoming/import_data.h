/* import_data.h - the data of a record as zone_import keeps them: each once, whatever its name.
 *
 *	type (2 bytes), form, bytes
 *
 * The form of a TXT whose strings are filled as we would fill them is its text, where the address
 * of the record's name has become a mark (snapshot.h); all others are kept as they came.
 */
#ifndef DNSD_IMPORT_DATA_H
#define DNSD_IMPORT_DATA_H

#include "zone_import_parts.h"

enum { IMPORT_DATA_HEAD = 3, IMPORT_DATA_MAX = IMPORT_DATA_HEAD + SNAPSHOT_RDATA_MAX };

enum import_form { IMPORT_RAW, IMPORT_TEXT };

struct import_data {
	uint16_t type;
	enum import_form form;
	struct text bytes; /* lent by the pool */
};

/* Keep the data of a record; subject is the address of its name, "": none. */
enum err import_data_keep(struct zone_import *z, const struct zone_import_record *r,
	struct text subject, uint32_t *data, struct error *e) ORBL_NODISCARD;
struct import_data import_data_get(const struct zone_import *z, uint32_t data);
/* The data in wire form, marks replaced. Returns the length, 0 when it is more than
 * SNAPSHOT_RDATA_MAX. */
size_t
import_data_wire(const struct import_data *d, struct text subject, uint8_t out[SNAPSHOT_RDATA_MAX]);
/* Text with its marks replaced, in strings of 255 bytes. */
size_t
import_data_strings(struct text template, struct text subject, uint8_t out[SNAPSHOT_RDATA_MAX]);

/* What the class of a name is to be. */
enum import_way {
	IMPORT_AS_LISTING,
	IMPORT_AS_RECORDS, /* A and TXT as other records, too */
	IMPORT_AS_ORIGIN,  /* likewise, without the zone's NS */
};

/* A class of the data of one name. The texts in it are lent by the pool and by room. */
struct import_class {
	struct snapshot_class class;
	size_t used;
	uint8_t room[SNAPSHOT_RECORDS_MAX * SNAPSHOT_RDATA_MAX];
};
enum err import_data_class(const struct zone_import *z, const struct import_item *items,
	size_t count, struct text subject, enum import_way way, struct import_class *out,
	struct error *e) ORBL_NODISCARD;
/* Is one of them an A record in 127/8? */
bool
import_data_is_listed(const struct zone_import *z, const struct import_item *items, size_t count);

#endif
