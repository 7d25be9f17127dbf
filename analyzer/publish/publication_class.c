#include "publication_class.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/txt_template.h>

/* A listing's life has so many steps, 10 minutes of 30 days, and expiries are rounded down to
 * one, so that few classes serve many listings: a listing ends in DNS a little early, never
 * late. */
enum { EXPIRY_STEPS = 4320, REASON_MAX = 1500, URL_MAX = 1200 };

#define UNKNOWN "unknown"

struct words {
	char codes[64], meaning[REASON_MAX], url[URL_MAX], until[32], asn[16];
};

static void
describe(uint32_t served, struct words *w)
{
	size_t n = 0, m = 0;

	w->codes[0] = w->meaning[0] = '\0';
	for (enum category c = 0; c < CATEGORY_COUNT; c++) {
		if ((served & 1U << c) == 0)
			continue;
		n += (size_t)snprintf(w->codes + n, sizeof(w->codes) - n, "%s%u", n != 0 ? "," : "",
			category_row(c)->code & 0xff);
		m += (size_t)snprintf(w->meaning + m, sizeof(w->meaning) - m, "%s%s",
			m != 0 ? "; " : "", category_row(c)->meaning);
	}
}

/* The queried address is in the place of each "$". What else is not printable is no mark. */
static void
put_url(const char *url, struct words *w)
{
	text_printable(text_of(url), w->url, sizeof(w->url));
	for (char *mark = strchr(w->url, '$'); mark != NULL; mark = strchr(mark, '$'))
		*mark = SNAPSHOT_ADDRESS_MARK;
}

static void
put_until(int64_t expires_s, struct words *w)
{
	time_t t = (time_t)expires_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
		strftime(w->until, sizeof(w->until), "%Y-%m-%dT%H:%MZ", &tm) == 0)
		snprintf(w->until, sizeof(w->until), UNKNOWN);
}

/* One TXT record for all codes of a host (RFC 5782 section 2.3). */
static size_t
fill(const struct publication *p, uint32_t served, int64_t expires_s, char *out, size_t size)
{
	struct text values[TXT_VARIABLE_COUNT];
	struct words w;

	describe(served, &w);
	put_url(p->conf->zone.url, &w);
	put_until(expires_s, &w);
	if (p->asn != 0)
		snprintf(w.asn, sizeof(w.asn), "%" PRIu32, p->asn);
	else
		snprintf(w.asn, sizeof(w.asn), UNKNOWN);
	values[TXT_CODES] = text_of(w.codes);
	values[TXT_MEANING] = text_of(w.meaning);
	values[TXT_URL] = text_of(w.url);
	values[TXT_UNTIL] = text_of(w.until);
	values[TXT_ASN] = text_of(w.asn);
	values[TXT_ASORG] = text_of(p->org[0] != '\0' ? p->org : UNKNOWN);
	values[TXT_CC] = text_of(p->country[0] != '\0' ? p->country : UNKNOWN);
	return txt_template_fill(text_of(p->conf->publish.text), values, SNAPSHOT_ADDRESS_MARK, out,
		size);
}

enum err
publication_class(struct publication *p, uint32_t served, uint32_t *id)
{
	int64_t step_s = p->conf->listing.lifetime_s / EXPIRY_STEPS;
	char txt[SNAPSHOT_TXT_MAX];
	struct snapshot_class class = {.expires_s = INT64_MAX, .txt_count = 1};

	for (enum category c = 0; c < CATEGORY_COUNT; c++) {
		if ((served & 1U << c) == 0)
			continue;
		class.a[class.a_count++] = category_row(c)->code;
		if (p->expires_s[c] < class.expires_s)
			class.expires_s = p->expires_s[c];
	}
	if (step_s > 1)
		class.expires_s -= class.expires_s % step_s;
	class.txt[0] = (struct text){txt, fill(p, served, class.expires_s, txt, sizeof(txt))};
	return snapshot_builder_class(p->builder, &class, id, p->e);
}
