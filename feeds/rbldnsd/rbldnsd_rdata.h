/* rbldnsd_rdata.h - data of records as generic has them, to wire form.
 */
#ifndef FEEDS_RBLDNSD_RDATA_H
#define FEEDS_RBLDNSD_RDATA_H

#include "rbldnsd.h"

struct rbldnsd_rdata {
	struct rbldnsd_set *set; /* whose line it is: for warnings */
	uint16_t type;
	size_t len;
	uint8_t bytes[SNAPSHOT_RDATA_MAX];
};

enum rbldnsd_rdata_outcome {
	RBLDNSD_RDATA_TAKEN,
	RBLDNSD_RDATA_NO_TYPE,  /* it is none of ours */
	RBLDNSD_RDATA_REJECTED, /* the line is */
	RBLDNSD_RDATA_REFUSED,  /* the file is, as rbldnsd(8) does */
};

/* Read the data behind a type's name. */
enum rbldnsd_rdata_outcome
rbldnsd_rdata_read(struct rbldnsd_rdata *d, struct text type, struct text t);
const char *rbldnsd_rdata_types(void); /* for messages */

#endif
