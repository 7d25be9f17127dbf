/* answer_chaos.h - what a server says of itself: TXT records of class CH (RFC 4892). */
#ifndef DNSD_ANSWER_CHAOS_H
#define DNSD_ANSWER_CHAOS_H

#include "answer.h"
#include "reply.h"

/* False: nothing is known under this name and type, or it is hidden. */
bool answer_chaos_write(struct reply *r, const struct answer_config *config);

#endif
