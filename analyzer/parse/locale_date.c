#include "locale_date.h"

#include "scan.h"

int
locale_date_full_year(int year)
{
	if (year >= 100)
		return year;
	return year < 70 ? 2000 + year : 1900 + year;
}

/* Three numbers and the one separator between them. */
static bool
take_numbers(struct text *rest, int n[3], char *separator)
{
	for (size_t i = 0; i < 3; i++) {
		if (!scan_number(rest, 1, 4, &n[i]))
			return false;
		if (i == 0 && rest->len != 0)
			*separator = rest->p[0];
		if (i < 2 && !scan_byte(rest, *separator))
			return false;
		(void)(i < 2 && *separator == '.' && scan_byte(rest, ' ')); /* "2. 4. 2001" */
	}
	return *separator == '/' || *separator == '.' || *separator == '-';
}

bool
locale_date_take(struct text *rest, struct locale_date *locale, struct stamp *out)
{
	struct text t = *rest;
	char separator = '\0';
	int n[3];

	if (!take_numbers(&t, n, &separator))
		return false;
	if (n[0] >= 1000) {
		if (!stamp_set_date(out, n[0], n[1], n[2]))
			return false;
	} else {
		if (separator == '/' && n[0] > 12 && n[1] <= 12)
			locale->day_first = true;
		else if (separator == '/' && n[1] > 12)
			locale->day_first = false;
		if (separator != '/' || locale->day_first) {
			if (!stamp_set_date(out, locale_date_full_year(n[2]), n[1], n[0]))
				return false;
		} else if (!stamp_set_date(out, locale_date_full_year(n[2]), n[0], n[1])) {
			return false;
		}
	}
	*rest = t;
	return true;
}

/* " AM", "PM", " p.m."; newer Windows puts a narrow no-break space before it. */
static bool
take_half(struct text *rest, bool *after_noon)
{
	static const struct {
		struct text text;
		bool after_noon;
	} halves[] = {{{"AM", 2}, false}, {{"PM", 2}, true}, {{"a.m.", 4}, false},
		{{"p.m.", 4}, true}};
	struct text t = *rest;

	if (!scan_byte(&t, ' ') && !scan_literal(&t, TEXT("\xe2\x80\xaf")))
		(void)scan_literal(&t, TEXT("\xc2\xa0"));
	for (size_t i = 0; i < ORBL_COUNT(halves); i++) {
		if (!text_equal_nocase(text_upto(t, halves[i].text.len), halves[i].text))
			continue;
		*rest = text_from(t, halves[i].text.len);
		*after_noon = halves[i].after_noon;
		return true;
	}
	return false;
}

bool
locale_date_take_clock(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	int hour, minute, second = 0;
	bool after_noon = false;

	if (!scan_number(&t, 1, 2, &hour) || (!scan_byte(&t, ':') && !scan_byte(&t, '.')) ||
		!scan_number(&t, 2, 2, &minute))
		return false;
	if ((scan_byte(&t, ':') || scan_byte(&t, '.')) && !scan_number(&t, 2, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	if (take_half(&t, &after_noon)) {
		if (hour < 1 || hour > 12)
			return false;
		hour = hour % 12 + (after_noon ? 12 : 0);
	}
	out->hour = (int8_t)hour;
	out->minute = (int8_t)minute;
	out->second = (int8_t)second;
	*rest = t;
	return true;
}
