/* publication_class.h - what a prefix is answered with: codes, the text, until when. */
#ifndef ANALYZER_PUBLICATION_CLASS_H
#define ANALYZER_PUBLICATION_CLASS_H

#include "publication.h"

/* The class of the prefix gathered so far, for a zone that serves these of its categories. */
enum err publication_class(struct publication *p, uint32_t served, uint32_t *id) ORBL_NODISCARD;

#endif
