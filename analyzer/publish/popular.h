/* popular.h - networks that so many depend on that listing one is rather a mistake
 * (publish.popular): a file as a safe list (prefix_file.h), followed.
 */
#ifndef ANALYZER_POPULAR_H
#define ANALYZER_POPULAR_H

#include "prefix_file.h"
#include "prefix_set.h"

struct popular {
	struct prefix_file file;
	struct prefix_set set;
	uint64_t generation; /* of file, when set was made */
};

/* path is kept; "": nothing is popular. The file must be good now; later a bad one is told of, and
 * the one before stays in force. */
enum err popular_open(struct popular *p, const char *path, struct error *e) ORBL_NODISCARD;
void popular_close(struct popular *p);
void popular_refresh(struct popular *p, int64_t now_s);
const struct prefix_set *popular_set(const struct popular *p); /* lent until the next refresh */

#endif
