/* list_expire.h - listings that time changes: they end by themselves, or their notice is over. */
#ifndef ANALYZER_LIST_EXPIRE_H
#define ANALYZER_LIST_EXPIRE_H

#include "list.h"

struct list_expired {
	size_t ended; /* listings */
	bool more;    /* there are more, for the next call */
};

/* End what has expired at l->now_s, about max in one go; a host whose listing as a relay ends so is
 * seen, not cleared. COMMITs. */
enum err
list_expire(struct lister *l, size_t max, struct list_expired *out, struct error *e) ORBL_NODISCARD;
/* *count: so many have become effective since the last call. COMMITs. */
enum err list_take_effect(struct lister *l, size_t *count, struct error *e) ORBL_NODISCARD;

#endif
