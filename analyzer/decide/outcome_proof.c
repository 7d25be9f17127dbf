#include "outcome_proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/store_listing.h>

#include "probe_case.h"

enum { PROOFS_MAX = CATEGORY_COUNT, PATH_MAX_TEXT = 512, TOKEN_LEN = TOKEN_TEXT - 1 };

/* --- a stored result -------------------------------------------------------- */

static const char *
text_in(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

static json_t *
find_case(const json_t *result, const char *id)
{
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(result, "cases"), i, c)
		if (strcmp(text_in(c, "case"), id) == 0)
			return c;
	return NULL;
}

static bool
is_answered(const json_t *c, const char *answer)
{
	return strcmp(text_in(c, "answer"), answer) == 0;
}

static json_t *
parse(const char *text)
{
	return text != NULL ? json_loads(text, 0, NULL) : NULL;
}

static enum err
on_result(const struct store_probe *p, void *context)
{
	*(json_t **)context = parse(p->result);
	return OK;
}

static enum err
on_parent(const struct store_probe *p, void *context)
{
	*(uint64_t *)context = p->second_source ? p->parent : 0;
	return OK;
}

/* --- the name ------------------------------------------------------------------- */

enum { NAME_MAX_TEXT = 256 };

static bool
ends_with_name(const char *pattern)
{
	static const char end[] = "@$H>";
	size_t len = strlen(pattern);

	return len > strlen(end) && strcmp(pattern + len - strlen(end), end) == 0;
}

/* What is said behind the last @ of a path whose pattern has the host name there. */
static bool
take_name(const char *pattern, const char *path, char out[NAME_MAX_TEXT])
{
	const char *at = strrchr(path, '@');
	size_t len = at != NULL ? strcspn(at + 1, ">") : 0;

	if (!ends_with_name(pattern) || len == 0 || len >= NAME_MAX_TEXT || at[1] == '[')
		return false;
	memcpy(out, at + 1, len);
	out[len] = '\0';
	return true;
}

static bool
find_name(const json_t *result, char out[NAME_MAX_TEXT])
{
	const struct probe_case *row;
	json_t *c;
	size_t i;

	out[0] = '\0';
	json_array_foreach (json_object_get(result, "cases"), i, c) {
		row = probe_case_by_name(text_of(text_in(c, "case")));
		if (row != NULL &&
			(take_name(row->mail_from, text_in(c, "mail_from"), out) ||
				take_name(row->rcpt_to, text_in(c, "rcpt_to"), out)))
			return true;
	}
	return false;
}

static bool
has_name(const struct probe_case *row)
{
	return row != NULL &&
		(strstr(row->mail_from, "$H") != NULL || strstr(row->mail_from, "$P") != NULL ||
			strstr(row->rcpt_to, "$H") != NULL || strstr(row->rcpt_to, "$P") != NULL);
}

/* --- the same form ------------------------------------------------------------ */

static bool
is_of_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
}

/* With "$" for each token. */
static void
copy_form(const char *path, char out[PATH_MAX_TEXT])
{
	size_t n = 0;

	while (*path != '\0' && n + TOKEN_LEN + 1 < PATH_MAX_TEXT) {
		size_t len = 0;

		while (len <= TOKEN_LEN && is_of_token(path[len]))
			len++;
		if (len == TOKEN_LEN) {
			out[n++] = '$';
		} else {
			len = len != 0 ? len : 1;
			memcpy(out + n, path, len);
			n += len;
		}
		path += len;
	}
	out[n] = '\0';
}

static bool
is_same_path(const json_t *a, const json_t *b, const char *name)
{
	char one[PATH_MAX_TEXT], other[PATH_MAX_TEXT];

	copy_form(text_in(a, name), one);
	copy_form(text_in(b, name), other);
	return strcmp(one, other) == 0;
}

static bool
has_another_recipient(const json_t *c)
{
	const struct probe_case *row = probe_case_by_name(text_of(text_in(c, "case")));

	return row != NULL && row->before_rcpt != NULL;
}

static size_t
count_literals(const json_t *c)
{
	size_t n = 0;

	for (const char *p = text_in(c, "mail_from"); *p != '\0'; p++)
		n += *p == '[';
	for (const char *p = text_in(c, "rcpt_to"); *p != '\0'; p++)
		n += *p == '[';
	return n;
}

/* The same words, or the same test with a name where it had a name. */
static bool
is_same_form(const json_t *a, const json_t *b)
{
	if (strcmp(text_in(a, "case"), text_in(b, "case")) == 0)
		return count_literals(a) == count_literals(b);
	return has_another_recipient(a) == has_another_recipient(b) &&
		is_same_path(a, b, "mail_from") && is_same_path(a, b, "rcpt_to");
}

/* Bounced, it was not relayed; a bounce may name another test with the same sender. */
static bool
is_bounced(const json_t *result, const json_t *c)
{
	const struct probe_case *row = probe_case_by_name(text_of(text_in(c, "case"))), *other;
	json_t *bounce;
	size_t i;

	json_array_foreach (json_object_get(result, "bounces"), i, bounce) {
		other = probe_case_by_name(text_of(text_in(bounce, "case")));
		if (row != NULL && other != NULL &&
			probe_case_sender(row) == probe_case_sender(other))
			return true;
	}
	return false;
}

/* The names are the same, where both are known. */
static bool
has_same_name(const json_t *a, const json_t *b)
{
	char one[NAME_MAX_TEXT], other[NAME_MAX_TEXT];

	return !find_name(a, one) || !find_name(b, other) || strcmp(one, other) == 0;
}

static bool
came_to_nothing(const json_t *result, const json_t *proofs, const json_t *proof)
{
	bool named = has_name(probe_case_by_name(text_of(text_in(proof, "case"))));
	bool other_name = named && !has_same_name(proofs, result);
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(result, "cases"), i, c)
		if (is_same_form(proof, c) && !other_name &&
			(is_answered(c, "refused") || is_bounced(result, c)))
			return true;
	return false;
}

/* --- proofs ---------------------------------------------------------------------- */

static bool
is_proof(const json_t *result, const json_t *c, bool bouncer)
{
	json_t *bounces = json_object_get(result, "bounces");

	if (!bouncer)
		return json_is_true(json_object_get(c, "arrived"));
	return strcmp(text_in(json_array_get(bounces, 0), "case"), text_in(c, "case")) == 0;
}

static bool
has_proof(const json_t *result, bool bouncer)
{
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(result, "cases"), i, c)
		if (is_proof(result, c, bouncer))
			return true;
	return false;
}

/* Of two probes of a pair the listing rests on the last, and the proof may be of the other. */
static enum err
load_proof(struct store *store, uint64_t id, bool bouncer, json_t **out, struct error *e)
{
	uint64_t parent = 0;
	enum err err = store_probe_get(store, id, on_result, out, e);

	if (err == ERR_NOT_FOUND)
		return OK;
	if (err == OK && !has_proof(*out, bouncer))
		err = store_probe_get(store, id, on_parent, &parent, e);
	if (err != OK || parent == 0)
		return err;
	json_decref(*out);
	*out = NULL;
	err = store_probe_get(store, parent, on_result, out, e);
	return err == ERR_NOT_FOUND ? OK : err;
}

static void
keep(struct outcome_proof *out, enum category category, const json_t *proof, bool asked)
{
	const struct probe_case *row = probe_case_by_name(text_of(text_in(proof, "case")));
	bool named = has_name(row);

	out->keeps |= UINT32_C(1) << category;
	snprintf(out->why, sizeof(out->why), "the test that proved it, %.40s, %s",
		text_in(proof, "case"),
		asked         ? "was not refused" :
			named ? "could not be made: the server does not say its name any more" :
				"was not made");
}

static void
compare(const json_t *proofs, enum category category, const json_t *result,
	struct outcome_proof *out)
{
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(proofs, "cases"), i, c)
		if (is_proof(proofs, c, category == CATEGORY_BOUNCER) &&
			!came_to_nothing(result, proofs, c))
			keep(out, category, c,
				find_case(result, text_in(c, "case")) != NULL &&
					is_same_form(c, find_case(result, text_in(c, "case"))) &&
					is_answered(find_case(result, text_in(c, "case")),
						"accepted"));
}

struct proofs {
	size_t count;
	struct {
		enum category category;
		uint64_t probe;
	} list[PROOFS_MAX];
};

static enum err
on_proof(const struct store_listing *l, void *context)
{
	struct proofs *p = context;
	bool relayed = l->category == CATEGORY_RELAY || l->category == CATEGORY_RELAY_INPUT;

	if (p->count == PROOFS_MAX || (!relayed && l->category != CATEGORY_BOUNCER))
		return OK;
	p->list[p->count].category = l->category;
	p->list[p->count++].probe = l->probe;
	return OK;
}

static enum err
compare_all(struct outcome *o, const struct proofs *proofs, const json_t *result,
	struct outcome_proof *out, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < proofs->count; i++) {
		enum category category = proofs->list[i].category;
		json_t *proof = NULL;

		err = load_proof(o->store, proofs->list[i].probe, category == CATEGORY_BOUNCER,
			&proof, e);
		if (err == OK)
			compare(proof, category, result, out);
		json_decref(proof);
	}
	return err;
}

enum err
outcome_proof_ask(struct outcome *o, const struct addr *host, const uint64_t *probes, size_t count,
	struct outcome_proof *out, struct error *e)
{
	struct proofs proofs = {.count = 0};
	enum err err = store_proofs_of(o->store, host, on_proof, &proofs, e);

	*out = (struct outcome_proof){.keeps = 0};
	for (size_t i = 0; err == OK && i < count; i++) {
		json_t *result = NULL;

		err = store_probe_get(o->store, probes[i], on_result, &result, e);
		if (err == OK && result != NULL)
			err = compare_all(o, &proofs, result, out, e);
		json_decref(result);
	}
	return err;
}

enum err
outcome_proof_host_name(struct store *store, const struct addr *host, char out[NAME_MAX_TEXT],
	struct error *e)
{
	struct proofs proofs = {.count = 0};
	enum err err = store_proofs_of(store, host, on_proof, &proofs, e);

	out[0] = '\0';
	for (size_t i = 0; err == OK && i < proofs.count && out[0] == '\0'; i++) {
		json_t *proof = NULL;

		err = load_proof(store, proofs.list[i].probe,
			proofs.list[i].category == CATEGORY_BOUNCER, &proof, e);
		if (err == OK)
			(void)find_name(proof, out);
		json_decref(proof);
	}
	return err;
}

static uint64_t
cases_of(const json_t *proof, bool bouncer)
{
	uint64_t mask = 0;
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(proof, "cases"), i, c) {
		const struct probe_case *row = probe_case_by_name(text_of(text_in(c, "case")));

		if (row != NULL && is_proof(proof, c, bouncer))
			mask |= UINT64_C(1) << row->number;
	}
	return mask;
}

enum err
outcome_proof_cases(struct store *store, const struct addr *host, uint64_t *cases, struct error *e)
{
	struct proofs proofs = {.count = 0};
	enum err err = store_proofs_of(store, host, on_proof, &proofs, e);

	*cases = 0;
	for (size_t i = 0; err == OK && i < proofs.count; i++) {
		bool bouncer = proofs.list[i].category == CATEGORY_BOUNCER;
		json_t *proof = NULL;

		err = load_proof(store, proofs.list[i].probe, bouncer, &proof, e);
		if (err == OK)
			*cases |= cases_of(proof, bouncer);
		json_decref(proof);
	}
	return err;
}

/* --- late arrivals ----------------------------------------------------------------- */

/* The message was said: accepted, or refused or broken off behind it. */
static bool
was_said(const json_t *c)
{
	return is_answered(c, "accepted") || text_in(c, "data_reply")[0] != '\0';
}

/* The test that a notification is of: its own, or another one with that sender, which was accepted.
 * NULL: there is none. */
static json_t *
find_accepted(const json_t *result, const struct probe_case *row)
{
	const struct probe_case *other;
	json_t *c = find_case(result, row->id);
	size_t i;

	if (is_answered(c, "accepted"))
		return c;
	json_array_foreach (json_object_get(result, "cases"), i, c) {
		other = probe_case_by_name(text_of(text_in(c, "case")));
		if (other != NULL && is_answered(c, "accepted") &&
			probe_case_sender(other) == probe_case_sender(row))
			return c;
	}
	return NULL;
}

bool
outcome_proof_was_sent(const char *result, const struct prober_event *arrival)
{
	const struct probe_case *row = probe_case_by_number(arrival->case_index);
	json_t *json = parse(result);
	bool sent = row != NULL && json != NULL;

	if (sent)
		sent = arrival->to_sender ? find_accepted(json, row) != NULL :
					    was_said(find_case(json, row->id));
	json_decref(json);
	return sent;
}

char *
outcome_proof_add(const char *result, const struct prober_event *arrival)
{
	const struct probe_case *row = probe_case_by_number(arrival->case_index);
	json_t *json = parse(result), *c = NULL;
	char peer[ADDR_TEXT], *text = NULL;

	addr_format(&arrival->peer.addr, peer);
	if (row != NULL)
		c = arrival->to_sender ? find_accepted(json, row) : find_case(json, row->id);
	if (c != NULL && arrival->to_sender) {
		json_array_append_new(json_object_get(json, "bounces"),
			json_pack("{s:s, s:s}", "case", text_in(c, "case"), "from", peer));
	} else if (c != NULL) {
		json_object_set_new(c, "arrived", json_true());
		json_object_set_new(c, "output", json_string(peer));
		json_array_append_new(json_object_get(json, "outputs"), json_string(peer));
	}
	if (json != NULL)
		text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}
