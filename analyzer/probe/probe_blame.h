/* probe_blame.h - whom a refusal is about: relaying, us, or a sender that we made up.
 *
 * Pure. Of the text of a reply (smtp_reply.h). What it repeats of our addresses is not read: they
 * have the target's own address in them, and any words.
 */
#ifndef ANALYZER_PROBE_BLAME_H
#define ANALYZER_PROBE_BLAME_H

#include <stdbool.h>

/* It refuses whoever connects from where we do: it would say so of mail to its own users. */
bool probe_blame_client(const char *text);
/* It could not find out, for now, whether the sender exists. */
bool probe_blame_sender(const char *text);

#endif
