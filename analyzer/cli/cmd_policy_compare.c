#include "cmd_policy_compare.h"

#include <stdlib.h>
#include <string.h>

enum { PLAIN_CASE = 1, TOKEN_MIN = 12 };

#define STRANGER 0xc0000201 /* 192.0.2.1 */

const char *
policy_compare_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s != NULL ? s : "";
}

/* --- the result of a probe -------------------------------------------------- */

/* --target 192.0.2.1 means any of its ports. */
static bool
is_target(const json_t *result, const char *wanted)
{
	struct endpoint asked, is;

	if (wanted == NULL)
		return true;
	if (endpoint_parse(text_of(wanted), &asked) != OK ||
		endpoint_parse(text_of(policy_compare_text(result, "target")), &is) != OK)
		return false;
	return addr_equal(&asked.addr, &is.addr) && (asked.port == 0 || asked.port == is.port);
}

static enum err
take_result(struct policy_compare *c, json_t *result, struct error *e)
{
	const char *file = c->options->result;

	if (!json_is_array(json_object_get(result, "cases")) ||
		policy_compare_text(result, "target")[0] == '\0')
		return error_set(e, ERR_SYNTAX,
			"%s: this is no result of a probe; make one with 'orbl probe --all --json'",
			file);
	if (!is_target(result, c->options->target))
		return OK;
	if (c->result != NULL)
		return error_set(e, ERR_SYNTAX,
			"%s: there are results for %s and %s; choose with --target", file,
			policy_compare_text(c->result, "target"),
			policy_compare_text(result, "target"));
	c->result = json_incref(result);
	return OK;
}

static enum err
read_results(struct policy_compare *c, FILE *in, struct error *e)
{
	size_t flags = JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, count = 0;
	enum err err = OK;
	json_error_t why;
	json_t *result;
	int next;

	while (err == OK) {
		while ((next = getc(in)) == ' ' || next == '\t' || next == '\r' || next == '\n')
			continue;
		if (next == EOF)
			break;
		ungetc(next, in);
		result = json_loadf(in, flags, &why);
		if (result == NULL)
			return error_set(e, ERR_SYNTAX, "%s: result %zu: line %d: %s",
				c->options->result, count + 1, why.line, why.text);
		count++;
		err = take_result(c, result, e);
		json_decref(result);
	}
	if (err == OK && c->result == NULL)
		return error_set(e, ERR_NOT_FOUND, "%s: there is no result%s%s", c->options->result,
			c->options->target != NULL ? " for " : "",
			c->options->target != NULL ? c->options->target : "");
	return err;
}

static enum err
open_results(struct policy_compare *c, struct error *e)
{
	const char *path = c->options->result;
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	enum err err;

	if (in == NULL)
		return error_errno(e, "%s", path);
	err = read_results(c, in, e);
	if (in != stdin)
		fclose(in);
	return err;
}

/* The transcript of an older result names the first case of a return path that got a bounce:
 * "2030-01-02T03:04:05.678Z * P01-plain bounced: ...". */
static uint64_t
find_bounce_lines(const json_t *result)
{
	const json_t *line;
	uint64_t mask = 0;
	size_t i;

	json_array_foreach (json_object_get(result, "transcript"), i, line) {
		struct text rest = text_of(json_string_value(line)), name;
		const struct probe_case *row;

		text_cut(&rest, ' ');
		if (!text_equal(text_cut(&rest, ' '), TEXT("*")))
			continue;
		name = text_cut(&rest, ' ');
		row = probe_case_by_name(name);
		if (row != NULL && text_has_prefix(rest, TEXT("bounced")))
			mask |= UINT64_C(1) << row->number;
	}
	return mask;
}

/* A report of another action is no bounce: delayed, delivered. */
static bool
is_bounce(const json_t *bounce)
{
	const char *action = policy_compare_text(bounce, "action");

	return action[0] == '\0' || strcmp(action, "failed") == 0;
}

static uint64_t
find_bounces(const json_t *result)
{
	const json_t *bounces = json_object_get(result, "bounces"), *bounce;
	uint64_t mask = 0;
	size_t i;

	if (!json_is_array(bounces))
		return find_bounce_lines(result);
	json_array_foreach (bounces, i, bounce) {
		const struct probe_case *row = probe_case_by_name(
			text_of(policy_compare_text(bounce, "case")));

		if (row != NULL && is_bounce(bounce))
			mask |= UINT64_C(1) << row->number;
	}
	return mask;
}

/* Test messages come from the tester's own domain, unless the case plays with the sender. */
static const char *
find_foreign(json_t *result)
{
	const char *plain = probe_case_by_number(PLAIN_CASE)->mail_from;
	json_t *found;
	size_t i;

	json_array_foreach (json_object_get(result, "cases"), i, found) {
		const struct probe_case *row = probe_case_by_name(
			text_of(policy_compare_text(found, "case")));
		struct text path = text_of(policy_compare_text(found, "mail_from")), local_part,
			    domain;

		if (row == NULL || strcmp(row->mail_from, plain) != 0)
			continue;
		recipient_split(path, &local_part, &domain);
		if (domain.len > 1 && domain.p[domain.len - 1] == '>') {
			json_t *kept = json_stringn(domain.p, domain.len - 1);

			json_object_set_new(result, "foreign", kept);
			return policy_compare_text(result, "foreign");
		}
	}
	return "";
}

static const json_t *
find_case(const json_t *result, const struct probe_case *row)
{
	const json_t *found;
	size_t i;

	json_array_foreach (json_object_get(result, "cases"), i, found)
		if (strcmp(policy_compare_text(found, "case"), row->id) == 0)
			return found;
	return NULL;
}

/* --- one case ----------------------------------------------------------------- */

static struct relay_seen
see(const json_t *found)
{
	return (struct relay_seen){
		.answer = policy_compare_text(found, "answer"),
		.rcpt_reply = policy_compare_text(found, "rcpt_reply"),
		.data_reply = policy_compare_text(found, "data_reply"),
		.arrived = json_is_true(json_object_get(found, "arrived")),
	};
}

/* Cases with one MAIL FROM share a return path: with several of them accepted a bounce does not
 * say of which it is. */
static size_t
count_accepted(const struct policy_compare *c, unsigned sender)
{
	const json_t *found;
	size_t i, count = 0;

	json_array_foreach (json_object_get(c->result, "cases"), i, found) {
		const struct probe_case *row = probe_case_by_name(
			text_of(policy_compare_text(found, "case")));

		const struct relay_seen seen = see(found);

		count += row != NULL && probe_case_sender(row) == sender &&
			relay_compare_find(&seen) == RELAY_FOUND_ACCEPTED;
	}
	return count;
}

/* What a report says of its recipient, whose local part has the token of one case. */
static bool
is_reported(const struct policy_compare *c, const char *rcpt_to)
{
	const json_t *bounce;
	size_t i;

	json_array_foreach (json_object_get(c->result, "bounces"), i, bounce) {
		struct text local_part, domain,
			path = text_of(policy_compare_text(bounce, "recipient"));

		recipient_split(path, &local_part, &domain);
		if (is_bounce(bounce) && local_part.len >= TOKEN_MIN &&
			text_find(text_of(rcpt_to), local_part) != SIZE_MAX)
			return true;
	}
	return false;
}

static bool
has_bounced(const struct policy_compare *c, const struct policy_compared *one)
{
	unsigned sender = probe_case_sender(one->row);

	if ((c->bounced & UINT64_C(1) << sender) == 0)
		return false;
	return one->predicted == RELAY_OUTLOOK_BOUNCED || count_accepted(c, sender) == 1 ||
		is_reported(c, one->rcpt_to);
}

static void
predict(struct policy_compare *c, struct policy_compared *one)
{
	struct relay_decision decision;
	struct relay_sent sent = {
		.row = one->row,
		.mail_from = one->mail_from,
		.rcpt_to = one->rcpt_to,
		.foreign = c->foreign,
		.client = c->client,
		.local = c->local,
	};

	one->predicted = relay_audit_predict(c->policy.policy, &sent, &one->decision);
	sent.client = addr_from_ipv4(STRANGER);
	if (one->predicted == RELAY_OUTLOOK_RELAYED &&
		relay_audit_predict(c->policy.policy, &sent, &decision) != RELAY_OUTLOOK_RELAYED)
		c->trusted = true;
}

static void
compare_case(struct policy_compare *c, const struct probe_case *row)
{
	struct policy_compared *one = &c->cases[c->count++];
	const json_t *found = find_case(c->result, row);
	struct relay_seen seen;

	*one = (struct policy_compared){.row = row, .found = RELAY_FOUND_NOTHING};
	if (found != NULL) {
		seen = see(found);
		one->mail_from = policy_compare_text(found, "mail_from");
		one->rcpt_to = policy_compare_text(found, "rcpt_to");
		one->reply = seen.data_reply[0] != '\0' ? seen.data_reply : seen.rcpt_reply;
		predict(c, one);
		seen.bounced = has_bounced(c, one);
		one->found = relay_compare_find(&seen);
	}
	one->comparison = relay_compare(one->predicted, one->found);
	c->agreements[one->comparison.agreement]++;
}

/* Where the probe came from. A private address in front of a public server is not what the server
 * saw. */
static void
find_client(struct policy_compare *c, const struct addr *target)
{
	struct addr source;

	c->client = addr_from_ipv4(STRANGER);
	c->whose = POLICY_CLIENT_UNKNOWN;
	if (addr_parse(text_of(policy_compare_text(c->result, "source_address")), &source) == OK) {
		c->source = source;
		c->whose = addr_is_reserved(&source) && !addr_is_reserved(target) ?
			POLICY_CLIENT_HIDDEN :
			POLICY_CLIENT_PROBE;
	}
	if (c->options->client.family != 0)
		c->whose = POLICY_CLIENT_GIVEN;
	if (c->whose == POLICY_CLIENT_GIVEN)
		c->client = c->options->client;
	else if (c->whose == POLICY_CLIENT_PROBE)
		c->client = source;
}

static enum err
compare_all(struct policy_compare *c, struct error *e)
{
	const char *target = policy_compare_text(c->result, "target");
	struct endpoint endpoint;

	if (endpoint_parse(text_of(target), &endpoint) != OK)
		return error_set(e, ERR_SYNTAX, "%s: the target \"%.60s\" is not ADDRESS:PORT",
			c->options->result, target);
	find_client(c, &endpoint.addr);
	c->local = c->options->local.family != 0 ? c->options->local : endpoint.addr;
	c->bounced = find_bounces(c->result);
	c->foreign = find_foreign(c->result);
	for (size_t i = 0; i < probe_case_count(); i++)
		compare_case(c, probe_case_row(i));
	return OK;
}

/* --- all of it ------------------------------------------------------------------------- */

static int
report(const struct policy_compare *c, struct error *e)
{
	const size_t *n = c->agreements;

	if (c->options->json)
		policy_compare_print_json(c);
	else
		policy_compare_print_text(c);
	fflush(stdout);
	if (n[RELAY_AGREEMENT_DIFFERENT] != 0)
		return POLICY_NO;
	if (n[RELAY_AGREEMENT_EQUAL] != 0)
		return POLICY_YES;
	error_set(e, ERR_NOT_FOUND, "%s: nothing could be compared: %s", c->options->result,
		policy_compare_text(c->result, "verdict"));
	return POLICY_TROUBLE;
}

int
policy_compare(const struct policy_options *o, struct error *e)
{
	struct policy_compare *c = calloc(1, sizeof(*c));
	int status = POLICY_TROUBLE;
	enum err err;

	if (c == NULL) {
		error_set(e, ERR_MEMORY, "out of memory");
		return POLICY_TROUBLE;
	}
	c->options = o;
	err = policy_file_read(o->file, &c->policy, e);
	if (err == OK)
		err = open_results(c, e);
	if (err == OK)
		err = compare_all(c, e);
	if (err == OK)
		status = report(c, e);
	json_decref(c->result);
	policy_file_free(&c->policy);
	free(c);
	return status;
}
