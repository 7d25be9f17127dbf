#include "syslog_level.h"

#include "scan.h"

enum { FACILITY_MIN = 2, FACILITY_MAX = 12 };

/* As syslog.conf(5) and its older forms name them. */
static const struct text levels[] = {
	{"emerg", 5},
	{"panic", 5},
	{"alert", 5},
	{"crit", 4},
	{"critical", 8},
	{"err", 3},
	{"error", 5},
	{"warning", 7},
	{"warn", 4},
	{"notice", 6},
	{"info", 4},
	{"debug", 5},
};

static bool
is_level(struct text word)
{
	for (size_t i = 0; i < ORBL_COUNT(levels); i++)
		if (text_equal(word, levels[i]))
			return true;
	return false;
}

/* "mail.info", with that separator. */
static bool
is_facility_and_level(struct text word, char separator)
{
	size_t n = text_find_byte(word, separator);

	if (n == SIZE_MAX || n < FACILITY_MIN || n > FACILITY_MAX ||
		!is_level(text_from(word, n + 1)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!scan_is_digit(word.p[i]) && (unsigned)(word.p[i] - 'a') >= 26)
			return false;
	return true;
}

bool
syslog_level_take(struct text *rest)
{
	struct text word, t = *rest;
	bool framed = scan_byte(&t, '<');

	if (!scan_until(&t, ' ', &word))
		return false;
	if (framed && !text_has_suffix(word, TEXT(">")))
		return false;
	word.len -= framed ? 1 : 0;
	if (!is_facility_and_level(word, '.') && (framed || !is_facility_and_level(word, ':')))
		return false;
	*rest = t;
	return true;
}

bool
syslog_level_take_id(struct text *rest)
{
	struct text t = *rest, number, word;
	uint64_t id;

	if (!scan_literal(&t, TEXT("[ID ")) || !scan_until(&t, ' ', &number) ||
		text_to_u64(number, UINT32_MAX, &id) != OK || !scan_until(&t, ']', &word) ||
		!is_facility_and_level(word, '.') || !scan_byte(&t, ' '))
		return false;
	*rest = t;
	return true;
}

bool
syslog_level_is_name(struct text word)
{
	char lower[8];

	if (word.len < 3 || word.len > sizeof(lower))
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if ((unsigned)(word.p[i] - 'A') >= 26)
			return false;
		lower[i] = (char)(word.p[i] | 0x20);
	}
	return is_level((struct text){lower, word.len});
}

bool
syslog_level_is_mark(struct text word)
{
	if (word.len < 3 || word.p[0] != '[' || word.p[word.len - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < word.len; i++)
		if ((unsigned)(word.p[i] - 'A') >= 26)
			return false;
	return true;
}
