#include <orbl/store_reporter.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "store_intake.h"
#include "store_sql.h"

/* A set of up to so many, by hash: as soon as it is full nobody asks for more. */
struct set {
	size_t count;
	uint32_t items[STORE_GUESS_HOSTS];
};

/* Of one domain. As text "HOSTS NETWORKS EXAMPLE", eight digits an item. */
struct watched {
	int64_t first_s;
	struct set hosts, networks;
	char example[256];
};

static void
set_add(struct set *set, size_t max, uint32_t item)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i] == item)
			return;
	if (set->count < max)
		set->items[set->count++] = item;
}

static void
set_read(struct set *set, struct text t)
{
	char digits[9] = "";

	*set = (struct set){0};
	for (size_t at = 0; at + 8 <= t.len && set->count < STORE_GUESS_HOSTS; at += 8) {
		memcpy(digits, t.p + at, 8);
		set->items[set->count++] = (uint32_t)strtoul(digits, NULL, 16);
	}
}

static void
set_write(const struct set *set, char out[8 * STORE_GUESS_HOSTS + 1])
{
	out[0] = '\0';
	for (size_t i = 0; i < set->count; i++)
		snprintf(out + 8 * i, 9, "%08" PRIx32, set->items[i]);
}

static uint32_t
hash_of(const struct addr *a, size_t bytes)
{
	uint8_t key[17] = {a->family};

	memcpy(key + 1, a->b, bytes);
	return (uint32_t)XXH3_64bits(key, 1 + bytes);
}

static void
watched_add(struct watched *w, const struct store_denied_domain *d)
{
	for (size_t i = 0; i < d->host_count; i++) {
		const struct addr *a = &d->hosts[i];

		set_add(&w->hosts, STORE_GUESS_HOSTS, hash_of(a, 16));
		set_add(&w->networks, STORE_GUESS_NETWORKS, hash_of(a, a->family == 4 ? 3 : 6));
	}
	if (w->example[0] == '\0')
		snprintf(w->example, sizeof(w->example), "%s", d->example);
}

static enum err
watched_get(struct store *s, int64_t reporter, const char *domain, struct watched *out,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT first_s, example FROM reporter_fault WHERE reporter = ?"
		" AND kind = '" STORE_FAULT_WATCHED "' AND subject = ?",
		"it", reporter, domain);
	struct text rest;
	enum err err = OK;

	*out = (struct watched){.first_s = 0};
	while (store_each(s, st, &err, e)) {
		out->first_s = sqlite3_column_int64(st, 0);
		rest = text_of(store_text(st, 1));
		set_read(&out->hosts, text_cut(&rest, ' '));
		set_read(&out->networks, text_cut(&rest, ' '));
		text_printable(rest, out->example, sizeof(out->example));
	}
	return err;
}

static enum err
watched_put(struct store *s, int64_t reporter, const struct store_denied_domain *d,
	const struct watched *w, int64_t now_s, struct error *e)
{
	char hosts[8 * STORE_GUESS_HOSTS + 1], networks[8 * STORE_GUESS_HOSTS + 1], text[640];
	const struct store_fault f = {STORE_FAULT_WATCHED, d->domain, w->first_s, now_s, d->count,
		text};
	enum err err;

	set_write(&w->hosts, hosts);
	set_write(&w->networks, networks);
	snprintf(text, sizeof(text), "%s %s %s", hosts, networks, w->example);
	err = store_fault_put(s, reporter, &f, STORE_GUESS_CANDIDATES, e);
	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"UPDATE reporter_fault SET first_s = ?, example = ? WHERE reporter = ?"
		" AND kind = '" STORE_FAULT_WATCHED "' AND subject = ?",
		"itit", w->first_s, text, reporter, d->domain);
}

/* A domain that others deny, too, is everybody's; and where there are no others all are denied by
 * one alone. */
static enum err
is_alone(struct store *s, int64_t reporter, const char *domain, int64_t since_s, bool *alone,
	struct error *e)
{
	int64_t others = 0, same = 0;
	enum err err = store_number(s, e, &others,
		"SELECT EXISTS (SELECT 1 FROM reporter r JOIN reporter_fault f"
		" ON f.reporter = r.id AND f.kind = '" STORE_FAULT_WATCHED
		"' WHERE r.id <> ? AND f.last_s > ?)",
		"ii", reporter, since_s);

	if (err == OK)
		err = store_number(s, e, &same,
			"SELECT EXISTS (SELECT 1 FROM reporter r JOIN reporter_fault f"
			" ON f.reporter = r.id AND f.kind = '" STORE_FAULT_WATCHED
			"' AND f.subject = ? WHERE r.id <> ? AND f.last_s > ?)",
			"tii", domain, reporter, since_s);
	*alone = others != 0 && same == 0;
	return err;
}

static enum err
guess(struct store *s, int64_t reporter, const struct store_denied_domain *d,
	const struct watched *w, int64_t now_s, bool *guessed, struct error *e)
{
	const struct store_fault f = {STORE_FAULT_GUESS, d->domain, w->first_s, now_s, d->count,
		w->example};
	int64_t known = 0;
	bool alone = false;
	enum err err = is_alone(s, reporter, d->domain, now_s - STORE_GUESS_S, &alone, e);

	if (err != OK || !alone)
		return err;
	err = store_number(s, e, &known,
		"SELECT EXISTS (SELECT 1 FROM reporter_fault WHERE reporter = ? AND kind = ?"
		" AND subject = ?)",
		"itt", reporter, f.kind, f.subject);
	*guessed = known == 0;
	return err == OK ? store_fault_put(s, reporter, &f, STORE_FAULTS_MAX, e) : err;
}

enum err
store_domain_watch(struct store *s, const char *reporter, const struct store_denied_domain *d,
	int64_t now_s, bool *guessed, struct error *e)
{
	struct watched w;
	int64_t id;
	enum err err = store_reporter_id(s, reporter, now_s, &id, e);

	*guessed = false;
	if (err == OK)
		err = watched_get(s, id, d->domain, &w, e);
	if (err != OK)
		return err;
	if (now_s - w.first_s > STORE_GUESS_S || w.first_s > now_s)
		w = (struct watched){.first_s = now_s};
	watched_add(&w, d);
	err = watched_put(s, id, d, &w, now_s, e);
	if (err == OK && w.hosts.count == STORE_GUESS_HOSTS &&
		w.networks.count == STORE_GUESS_NETWORKS)
		err = guess(s, id, d, &w, now_s, guessed, e);
	return err;
}
