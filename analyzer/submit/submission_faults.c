#include "submission_faults.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>

#include "recipient.h"

enum {
	EXAMPLE = 240,
	LINE = 120,      /* of it */
	LINE_START = 40, /* with its time and program, when its end is shown */
	LINE_AFTER = 1,  /* characters behind the domain */
};

struct denied { /* a domain with what was denied to it */
	char domain[SUBMISSION_DOMAIN];
	uint64_t count;
	char example[EXAMPLE];
	size_t host_count; /* of a watched one; full: more would change nothing */
	struct addr hosts[STORE_GUESS_HOSTS];
	bool guessed; /* it was found just now that it seems to be its own */
};

struct submission_faults {
	size_t own_count, watched_count;
	struct denied own[SUBMISSION_FAULTS_MAX], watched[SUBMISSION_WATCHED_MAX];
};

struct submission_faults *
submission_faults_new(void)
{
	return calloc(1, sizeof(struct submission_faults));
}

void
submission_faults_free(struct submission_faults *f)
{
	free(f);
}

void
submission_faults_clear(struct submission_faults *f)
{
	f->own_count = f->watched_count = 0;
}

struct text
submission_faults_domain(struct text recipient)
{
	struct text local, domain;

	recipient_split(recipient, &local, &domain);
	for (size_t i = 0; i < local.len; i++)
		if (strchr("%!@:\"\\/=", local.p[i]) != NULL || local.p[i] <= ' ')
			return TEXT_NONE;
	if (local.len == 0 || domain.len >= SUBMISSION_DOMAIN)
		return TEXT_NONE;
	return text_upto(domain, domain.len - text_has_suffix(domain, TEXT(".")));
}

/* Where the domain ends in the line; the line's start when it is not there. */
static size_t
end_of_domain(struct text raw, struct text domain)
{
	for (size_t i = raw.len; i >= domain.len && i > 0 && domain.len != 0; i--)
		if (text_equal_nocase(text_upto(text_from(raw, i - domain.len), domain.len),
			    domain))
			return i;
	return 0;
}

/* The line, or its start and the part with the domain, by which somebody knows it again. */
static void
say_line(const struct submission_fault *fault, char out[LINE])
{
	size_t end = end_of_domain(fault->raw, fault->domain) + LINE_AFTER;
	size_t cut = end > fault->raw.len ? fault->raw.len : end;
	size_t n;

	if (cut < LINE) {
		text_printable(fault->raw, out, LINE);
		return;
	}
	n = text_printable(text_upto(fault->raw, LINE_START), out, LINE_START + 1);
	n += (size_t)snprintf(out + n, LINE - n, "...");
	text_printable(text_upto(text_from(fault->raw, cut - (LINE - 1 - n)), LINE - 1 - n),
		out + n, LINE - n);
}

static void
begin(struct denied *d, const struct submission_fault *fault)
{
	char line[LINE];

	*d = (struct denied){.count = 0};
	text_printable(fault->domain, d->domain, sizeof(d->domain));
	for (char *c = d->domain; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	say_line(fault, line);
	snprintf(d->example, sizeof(d->example), "%.80s:%" PRIu64 ": %s", fault->file, fault->line,
		line);
}

/* NULL: it is not there yet. */
static struct denied *
find(struct denied *items, size_t count, struct text domain)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal_nocase(text_of(items[i].domain), domain))
			return &items[i];
	return NULL;
}

void
submission_faults_add(struct submission_faults *f, const struct submission_fault *fault)
{
	struct denied *d = find(f->own, f->own_count, fault->domain);

	if (d == NULL && f->own_count < SUBMISSION_FAULTS_MAX) {
		d = &f->own[f->own_count++];
		begin(d, fault);
	}
	if (d != NULL)
		d->count += fault->count;
}

static struct denied *
least(struct denied *items, size_t count)
{
	struct denied *found = items;

	for (size_t i = 1; i < count; i++)
		if (items[i].count < found->count)
			found = &items[i];
	return found;
}

void
submission_faults_watch(struct submission_faults *f, const struct submission_fault *fault)
{
	struct denied *d = find(f->watched, f->watched_count, fault->domain);

	if (d == NULL) {
		d = f->watched_count < SUBMISSION_WATCHED_MAX ? &f->watched[f->watched_count++] :
								least(f->watched, f->watched_count);
		begin(d, fault);
	}
	d->count += fault->count;
	for (size_t i = 0; i < d->host_count; i++)
		if (addr_equal(&d->hosts[i], &fault->host))
			return;
	if (d->host_count < STORE_GUESS_HOSTS)
		d->hosts[d->host_count++] = fault->host;
}

enum err
submission_faults_store(struct submission_faults *f, struct store *s, const char *reporter,
	int64_t now_s, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < f->own_count; i++) {
		const struct denied *d = &f->own[i];

		err = store_fault_add(s, reporter,
			&(struct store_fault){STORE_FAULT_OWN, d->domain, now_s, now_s, d->count,
				d->example},
			e);
	}
	for (size_t i = 0; err == OK && i < f->watched_count; i++) {
		struct denied *d = &f->watched[i];

		err = store_domain_watch(s, reporter,
			&(struct store_denied_domain){d->domain, d->count, d->host_count, d->hosts,
				d->example},
			now_s, &d->guessed, e);
	}
	return err;
}

void
submission_faults_remedy(const char *kind, const char *domain, const char *reporter, char *out,
	size_t size)
{
	bool sure = strcmp(kind, STORE_FAULT_OWN) == 0;

	snprintf(out, size,
		"%s %s to its own %s: add it to the domains that its server takes mail for "
		"(mydestination, virtual_mailbox_domains or relay_domains of Postfix, the inbound "
		"routes of Exchange)%s",
		reporter, sure ? "denies relaying" : "seems to deny relaying", domain,
		sure ? ", or take it out of local_domains" : ", if it is its own");
}

static void
append(json_t **array, const struct denied *d, const char *kind, const char *reporter)
{
	char remedy[700];

	if (*array == NULL)
		*array = json_array();
	submission_faults_remedy(kind, d->domain, reporter, remedy, sizeof(remedy));
	json_array_append_new(*array,
		json_pack("{s:s, s:s, s:I, s:s, s:s}", "kind", kind, "domain", d->domain, "denials",
			(json_int_t)d->count, "example", d->example, "remedy", remedy));
}

json_t *
submission_faults_json(const struct submission_faults *f, const char *reporter)
{
	json_t *array = NULL;

	for (size_t i = 0; i < f->own_count; i++)
		append(&array, &f->own[i], STORE_FAULT_OWN, reporter);
	for (size_t i = 0; i < f->watched_count; i++)
		if (f->watched[i].guessed)
			append(&array, &f->watched[i], STORE_FAULT_GUESS, reporter);
	return array;
}

void
submission_faults_log(const struct submission_faults *f, const char *reporter)
{
	char remedy[700];

	for (size_t i = 0; i < f->watched_count; i++) {
		const struct denied *d = &f->watched[i];

		if (!d->guessed)
			continue;
		submission_faults_remedy(STORE_FAULT_GUESS, d->domain, reporter, remedy,
			sizeof(remedy));
		log_notice("reporter %s; %s", remedy, d->example);
	}
}
