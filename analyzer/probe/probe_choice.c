#include "probe_choice.h"

#include <stdio.h>
#include <string.h>

#define LONGEST_TOKEN "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static bool
has_bit(uint64_t mask, size_t row)
{
	return (mask >> probe_case_row(row)->number & 1) != 0;
}

void
probe_choice_begin(struct probe_run *run)
{
	const struct prober_conf *conf = run->host->conf;
	uint64_t all = conf->all ? probe_case_mask_all() : probe_case_mask_default();
	uint64_t mask = conf->cases != 0 ? conf->cases : all;

	for (size_t i = 0; i < probe_case_count(); i++) {
		struct probe_case_state *c = &run->cases[i];

		c->wanted = has_bit(run->job.cases != 0 ? run->job.cases : mask, i);
		c->elsewhere = has_bit(mask, i) && !c->wanted;
	}
}

/* --- cases that need not be asked --------------------------------------- */

static bool
is_same(const struct probe_names *names, const char *a, const char *b)
{
	char one[512], other[512];

	return probe_case_expand(a, names, one, sizeof(one)) == OK &&
		probe_case_expand(b, names, other, sizeof(other)) == OK && strcmp(one, other) == 0;
}

static bool
has_same_paths(const struct probe_run *run, const struct probe_case *a, const struct probe_case *b)
{
	struct probe_names names = run->names;

	if ((a->before_rcpt == NULL) != (b->before_rcpt == NULL))
		return false;
	snprintf(names.u, sizeof(names.u), "U");
	snprintf(names.f, sizeof(names.f), "F");
	return is_same(&names, a->mail_from, b->mail_from) &&
		is_same(&names, a->rcpt_to, b->rcpt_to);
}

static bool
has_letter(const struct probe_case *c, const char *letter)
{
	return strstr(c->mail_from, letter) != NULL || strstr(c->rcpt_to, letter) != NULL;
}

/* Of two cases that have become the same, the one stays that needs no name of the target. */
static bool
yields_to(const struct probe_case *a, size_t a_row, const struct probe_case *b, size_t b_row)
{
	bool a_needs = has_letter(a, "$H") || has_letter(a, "$P");
	bool b_needs = has_letter(b, "$H") || has_letter(b, "$P");

	return a_needs != b_needs ? a_needs : a_row > b_row;
}

/* Cases become the same only when two names are. */
static bool
has_equal_names(const struct probe_names *n)
{
	char literal[sizeof(n->i) + 2];
	const char *const names[] = {n->h, n->p, n->d, literal};

	snprintf(literal, sizeof(literal), "[%s]", n->i);
	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(names[i], names[k]) == 0)
				return true;
	return false;
}

static bool
can_be_said(const struct probe_run *run, const struct probe_case *c)
{
	struct probe_names names = run->names;
	char text[512];

	snprintf(names.u, sizeof(names.u), "%s", LONGEST_TOKEN);
	snprintf(names.f, sizeof(names.f), "%s", LONGEST_TOKEN);
	return probe_case_expand(c->mail_from, &names, text, sizeof(text)) == OK &&
		probe_case_expand(c->rcpt_to, &names, text, sizeof(text)) == OK;
}

static bool
is_said_by_another(const struct probe_run *run, size_t row)
{
	const struct probe_case *c = probe_case_row(row);

	for (size_t i = 0; i < probe_case_count(); i++) {
		bool asked = run->cases[i].wanted || run->cases[i].elsewhere;

		if (i != row && asked && yields_to(c, row, probe_case_row(i), i) &&
			has_same_paths(run, c, probe_case_row(i)))
			return true;
	}
	return false;
}

void
probe_choice_strike_out(struct probe_run *run)
{
	bool equal_names = has_equal_names(&run->names);

	for (size_t i = 0; i < probe_case_count(); i++)
		if (run->cases[i].wanted &&
			(!can_be_said(run, probe_case_row(i)) ||
				(equal_names && is_said_by_another(run, i))))
			run->cases[i].wanted = false;
}

/* --- what is next ------------------------------------------------------- */

static bool
is_left(const struct probe_run *run, size_t row)
{
	return run->cases[row].wanted && run->cases[row].answer == PROBER_ANSWER_NONE;
}

/* What was accepted among others comes before what nobody has asked yet, and of that what proved
 * the host open before: one message tells that it still is. */
size_t
probe_choice_next(const struct probe_run *run)
{
	size_t first = SIZE_MAX, proof = SIZE_MAX;

	for (size_t i = 0; i < probe_case_count(); i++) {
		if (!is_left(run, i))
			continue;
		if (run->cases[i].alone)
			return i;
		if (first == SIZE_MAX)
			first = i;
		if (proof == SIZE_MAX && has_bit(run->job.first, i))
			proof = i;
	}
	return proof != SIZE_MAX ? proof : first;
}

bool
probe_choice_fits(const struct probe_run *run, size_t row)
{
	const struct probe_case *c = probe_case_row(row);

	return run->sender != NULL && !run->spoiled && strcmp(run->sender, c->mail_from) == 0 &&
		(c->before_rcpt == NULL || run->recipients == 0);
}

/* Refusals that the connection still has room for, when each command of the group got one. */
static size_t
count_room(const struct probe_run *run, size_t row)
{
	uint64_t sender = UINT64_C(1) << probe_case_sender(probe_case_row(row));
	size_t room = PROBE_REFUSALS_MAX - run->refusals;

	return (run->senders & sender) != 0 ? room : room - 1;
}

/* The first group is a single recipient: the plain case, which open relays take, so that one
 * message tells all; and little is lost when the server only says that it can do this. Who has
 * accepted one thing will accept others, and each accepted one costs a RSET. */
static bool
is_asked_alone(const struct probe_run *run, size_t row)
{
	return run->cases[row].alone || !run->pipelines || run->accepted != 0;
}

size_t
probe_choice_group(const struct probe_run *run, size_t row, size_t rows[PROBE_GROUP_MAX])
{
	const struct probe_case *c = probe_case_row(row);
	size_t room = count_room(run, row), n = 0;

	if (!run->offers_pipelining || run->no_pipelining || c->before_rcpt != NULL || room == 0)
		return 0;
	rows[n++] = row;
	for (size_t i = row + 1; i < probe_case_count() && n < room; i++) {
		const struct probe_case *other = probe_case_row(i);

		if (!is_left(run, i))
			continue;
		if (is_asked_alone(run, row) || other->before_rcpt != NULL ||
			strcmp(other->mail_from, c->mail_from) != 0)
			break;
		rows[n++] = i;
	}
	return n;
}
