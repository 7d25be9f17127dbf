#include "replay_evidence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include <orbl/store_evidence.h>

#include "denial.h"

enum {
	TEXT_MAX = 400,
	RAW_WHOLE = 1990, /* a longer one may have been cut when it was stored */
};

struct known {
	const struct score_fact *fact;
	bool found;
};

struct search {
	struct replay_evidence *x;
	size_t count;
	struct known *known; /* by time, reporter, kind */
};

static int
compare(int64_t time_a, const char *name_a, unsigned kind_a, const struct score_fact *b)
{
	int names;

	if (time_a != b->time_s)
		return time_a < b->time_s ? -1 : 1;
	names = strcmp(name_a, b->reporter);
	return names != 0 ? names : (kind_a > b->kind) - (kind_a < b->kind);
}

static int
by_place(const void *a, const void *b)
{
	const struct score_fact *x = ((const struct known *)a)->fact;

	return compare(x->time_s, x->reporter, x->kind, ((const struct known *)b)->fact);
}

static int
is_of_row(const void *row, const void *known)
{
	const struct store_fact *f = row;

	return compare(f->hour_s, f->reporter, f->kind, ((const struct known *)known)->fact);
}

static void
tell(const struct search *s, const struct store_fact *f, const char *what)
{
	time_t hour = (time_t)f->hour_s;
	char text[TEXT_MAX], stamp[32];
	struct tm tm = {0};

	gmtime_r(&hour, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, sizeof(text), "%.64s, %s, %s: %.250s", f->reporter, stamp,
		denial_kind_name((enum denial_kind)f->kind), what);
	s->x->fn(text, s->x->context);
}

static void
compare_counts(const struct search *s, const struct store_fact *f, const struct score_fact *was)
{
	char what[128];

	if (f->count < was->count) {
		snprintf(what, sizeof(what), "there were %" PRIu32 " denials, there are %" PRIu32,
			was->count, f->count);
		tell(s, f, what);
	}
	if ((was->domains & ~f->domains) != 0)
		tell(s, f, "recipient domains are missing");
}

static void
compare_rule(const struct search *s, const struct store_fact *f, const struct score_fact *was)
{
	const char *old = was->rule != NULL ? was->rule : "none";
	const char *new = f->rule != NULL ? f->rule : "none";
	char what[200];

	if (strcmp(old, new) == 0)
		return;
	snprintf(what, sizeof(what), "the relay policy's rule was %.64s, is %.64s", old, new);
	tell(s, f, what);
}

/* Whatever was not printable became "?" when the line was stored. */
static bool
is_as_hashed(const struct store_fact *f)
{
	size_t len = strlen(f->raw);
	uint8_t hash[STORE_LINE_HASH];

	if (len > RAW_WHOLE || strchr(f->raw, '?') != NULL)
		return true;
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)f->raw, len, NULL, 0);
	return memcmp(hash, f->hash, sizeof(hash)) == 0;
}

static void
compare_line(const struct search *s, const struct store_fact *f, const struct score_fact *was)
{
	static const uint8_t none[SCORE_HASH];

	if (memcmp(was->hash, none, sizeof(none)) == 0 || f->submission != was->submission)
		return;
	if (f->hash == NULL || memcmp(f->hash, was->hash, sizeof(was->hash)) != 0)
		tell(s, f, "the hash of the sample line is another one");
	else if (f->raw == NULL || !is_as_hashed(f))
		tell(s, f, "the sample line is not the one that was submitted");
}

static enum err
on_row(const struct store_fact *f, void *context)
{
	struct search *s = context;
	struct known *known = bsearch(f, s->known, s->count, sizeof(s->known[0]), is_of_row);

	if (known == NULL)
		return OK;
	known->found = true;
	/* Of a submission that was purged only the others' lines are left. */
	if (f->submission > known->fact->submission) {
		known->found = false;
		return OK;
	}
	compare_counts(s, f, known->fact);
	compare_rule(s, f, known->fact);
	compare_line(s, f, known->fact);
	return OK;
}

static enum err
search(struct search *s, struct store *store, const struct addr *host, const struct facts *facts,
	struct error *e)
{
	enum err err;

	for (size_t i = 0; i < facts->count; i++)
		s->known[i] = (struct known){.fact = &facts->items[i]};
	qsort(s->known, s->count, sizeof(s->known[0]), by_place);
	err = store_facts(store, host, s->known[0].fact->time_s, INT32_MAX, on_row, s, e);
	for (size_t i = 0; err == OK && i < s->count; i++)
		s->x->gone += !s->known[i].found;
	return err;
}

enum err
replay_evidence(struct store *store, const struct addr *host, const struct facts *facts,
	struct replay_evidence *x, struct error *e)
{
	struct search s = {.x = x, .count = facts->count};
	enum err err;

	x->facts = facts->count;
	x->gone = 0;
	if (facts->count == 0)
		return OK;
	s.known = calloc(facts->count, sizeof(s.known[0]));
	if (s.known == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	err = search(&s, store, host, facts, e);
	free(s.known);
	return err;
}
