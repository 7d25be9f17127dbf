#include "tai_line.h"

#include "scan.h"

enum { LABEL_DIGITS = 24, SECOND_DIGITS = 16 };

/* A label counts from 2^62 at 1970, 10 seconds ahead of UTC, as multilog does it. */
static const uint64_t label_1970 = ((uint64_t)1 << 62) + 10;

static bool
take_hex(struct text *rest, size_t digits, uint64_t *out)
{
	uint64_t value = 0;

	if (rest->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		char c = rest->p[i];

		if (scan_is_digit(c))
			value = value << 4 | (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (unsigned)(c - 'a' + 10);
		else
			return false;
	}
	*out = value;
	scan_skip(rest, digits);
	return true;
}

static bool
take_label(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	uint64_t s, ns;

	if (!scan_byte(&t, '@') || !take_hex(&t, SECOND_DIGITS, &s) ||
		!take_hex(&t, LABEL_DIGITS - SECOND_DIGITS, &ns) || !scan_byte(&t, ' ') ||
		s < label_1970 || s - label_1970 > INT64_MAX || ns >= 1000000000 ||
		!stamp_from_epoch((int64_t)(s - label_1970), (int32_t)(ns / 1000), out))
		return false;
	*rest = t;
	return true;
}

/* "1157520813.485077 ", which says nothing that the frame does not. */
static void
skip_splogger(struct text *rest)
{
	struct text t = *rest;
	int high, low;

	if (scan_number(&t, 9, 9, &high) && scan_number(&t, 1, 2, &low) && scan_byte(&t, '.') &&
		scan_number(&t, 6, 6, &low) && scan_byte(&t, ' '))
		*rest = t;
}

bool
tai_line_parse(const struct log_line *s, struct tai_line *out)
{
	struct text t = s->message;

	*out = (struct tai_line){.message = t};
	if (t.len == 0)
		return false;
	if (t.p[0] == '@') {
		if (!take_label(&t, &out->stamp))
			return false;
		out->message = t;
		return true;
	}
	if (s->frame != FRAME_NONE && s->frame != FRAME_DOCKER) {
		skip_splogger(&out->message);
		return false;
	}
	if (!scan_is_digit(t.p[0]) || !stamp_take_date_time(&t, &out->stamp) || !scan_byte(&t, ' '))
		return false;
	out->message = t;
	return true;
}
