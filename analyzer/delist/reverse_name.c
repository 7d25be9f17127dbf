#include "reverse_name.h"

#include <stdio.h>

enum { REVERSED = 72 };

static void
reverse(const struct addr *a, char out[REVERSED])
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	if (a->family == 4) {
		snprintf(out, REVERSED, "%u.%u.%u.%u", a->b[3], a->b[2], a->b[1], a->b[0]);
		return;
	}
	for (size_t i = 16; i-- != 0;) {
		out[n++] = digits[a->b[i] & 15];
		out[n++] = '.';
		out[n++] = digits[a->b[i] >> 4];
		out[n++] = '.';
	}
	out[n - 1] = '\0';
}

static enum err
join(const char *label, const char *reversed, const char *domain, char out[REVERSE_NAME],
	struct error *e)
{
	int n = snprintf(out, REVERSE_NAME, "%s%s%s.%s", label, label[0] != '\0' ? "." : "",
		reversed, domain);

	if (n < 0 || n >= REVERSE_NAME - 2)
		return error_set(e, ERR_RANGE, "%.64s: too long for a name below it", domain);
	return OK;
}

enum err
reverse_name_below(const struct addr *a, const char *domain, char out[REVERSE_NAME],
	struct error *e)
{
	char reversed[REVERSED];

	reverse(a, reversed);
	return join("", reversed, domain, out, e);
}

enum err
reverse_name_arpa(const struct addr *a, const char *label, char out[REVERSE_NAME], struct error *e)
{
	char reversed[REVERSED];

	reverse(a, reversed);
	return join(label, reversed, a->family == 4 ? "in-addr.arpa" : "ip6.arpa", out, e);
}
