/* event_xml.h - events as XML: Event Viewer's export, `wevtutil qe`, as a container.
 *
 * UTF-8, whatever a declaration says: the reader has made it of UTF-16 already. An event that is
 * not UTF-8 is in a code page that is not known, and read as ISO 8859-1. Document types are
 * refused, so that there are no entities. One event is in memory at a time.
 */
#ifndef ANALYZER_EVENT_XML_H
#define ANALYZER_EVENT_XML_H

#include "container.h"

bool event_xml_knows(struct text head);
void *event_xml_open(const struct container_sink *sink);
enum err event_xml_feed(void *context, const void *bytes, size_t len);
enum err event_xml_finish(void *context);
void event_xml_close(void *context);

#endif
