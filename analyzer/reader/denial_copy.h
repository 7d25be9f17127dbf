/* denial_copy.h - a denial that outlives its line. */
#ifndef ANALYZER_DENIAL_COPY_H
#define ANALYZER_DENIAL_COPY_H

#include <stddef.h>

#include <orbl/err.h>

#include "denial.h"

struct denial_copy {          /* all zero: empty */
	struct denial denial; /* its texts lend from bytes */
	char *bytes;
	size_t room;
};

/* Copies d with all its texts; what lies in d->raw is copied once. On ERR_MEMORY nothing has
 * changed. d may not lend from the copy itself. */
enum err denial_copy_set(struct denial_copy *c, const struct denial *d) ORBL_NODISCARD;
void denial_copy_free(struct denial_copy *c);

/* Fill the texts that d lacks from those of more. */
void denial_copy_complete(struct denial *d, const struct denial *more);

#endif
