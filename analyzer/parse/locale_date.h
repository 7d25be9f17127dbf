/* locale_date.h - dates as Windows writes them for people: in the order of its regional settings.
 *
 * "4/2/01", "02.04.2001", "2001-04-02"; "11:44:31 AM", "11:44". Dots mean that the day comes
 * first, a year of four digits that it comes first. With slashes the month comes first, as in
 * the United States, until a date of the same log has shown otherwise: what is above 12 is a day.
 */
#ifndef ANALYZER_PARSE_LOCALE_DATE_H
#define ANALYZER_PARSE_LOCALE_DATE_H

#include "stamp.h"

struct locale_date { /* of one log, zero at its start */
	bool day_first;
};

/* Of two digits: 70 to 99 are of the 20th century. */
int locale_date_full_year(int year);

/* Takes move *rest only when they succeed; what is set is local time. */
bool locale_date_take(struct text *rest, struct locale_date *locale, struct stamp *out);
bool locale_date_take_clock(struct text *rest, struct stamp *out);

#endif
