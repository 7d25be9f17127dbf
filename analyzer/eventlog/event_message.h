/* event_message.h - the strings of an event out of a message that Windows could not make.
 *
 * Where the library with the texts of a source is missing, Windows writes "The description for
 * Event ID ( 7010 ) in Source ( MSExchangeTransport ) cannot be found ..." and the strings behind
 * it, with commas or line ends between them. A string may hold those, too: so only a message that
 * falls into exactly as many strings as the event has is taken apart.
 */
#ifndef ANALYZER_EVENT_MESSAGE_H
#define ANALYZER_EVENT_MESSAGE_H

#include <stdbool.h>

#include <orbl/text.h>

/* Is it such a message? */
bool event_message_is_unmade(struct text message);
/* False when it does not fall into count strings, and out is not to be used. */
bool event_message_split(struct text message, size_t count, struct text *out);

#endif
