/* iis_row.h - rows of the NCSA and IIS log file formats. */
#ifndef ANALYZER_PARSE_IIS_ROW_H
#define ANALYZER_PARSE_IIS_ROW_H

#include "iis_smtp.h"

/* "ADDR " or "ADDR," at the start of a line; *out is the address as text. */
bool iis_row_take_address(struct text *rest, char after, struct text *out);

bool iis_row_is_ncsa(struct text line);
bool iis_row_is_iis(struct text line);
/* PARSE_DENIAL: *out is filled; PARSE_REJECTION: the line can be read in several ways. */
enum parse_result iis_row_read_ncsa(struct text line, struct iis_row *out);
enum parse_result iis_row_read_iis(struct text line, struct iis_row *out);

#endif
