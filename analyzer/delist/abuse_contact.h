/* abuse_contact.h - the mailbox that a TXT record names, when it is one that mail can be sent to.
 *
 * The record is a stranger's. What comes out goes into the header of a message that sendmail -t
 * reads: letters, digits and a few signs, and nothing that could be read otherwise.
 */
#ifndef ANALYZER_ABUSE_CONTACT_H
#define ANALYZER_ABUSE_CONTACT_H

#include <stdbool.h>

#include <orbl/text.h>

#include "txt_answer.h"

enum { ABUSE_CONTACT = 255 };

bool abuse_contact_is_plain(struct text mailbox);
/* The first one, its domain in lower case; records may have several, with commas or blanks between
 * them, and "mailto:" before them. False: none. */
bool abuse_contact_find(const struct txt_answer *answer, char out[ABUSE_CONTACT]);

#endif
