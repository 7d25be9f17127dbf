#include "failing_case.h"

#include <string.h>

#include "redact.h"

static struct text
text_in(const json_t *object, const char *name)
{
	const json_t *s = json_object_get(object, name);

	return (struct text){json_string_value(s), json_string_length(s)};
}

static bool
is_answered(const json_t *c, const char *answer)
{
	return text_equal(text_in(c, "answer"), text_of(answer));
}

/* The first case with this answer; "arrived": that came back. */
static const json_t *
find(const json_t *cases, const char *answer)
{
	bool arrived = strcmp(answer, "arrived") == 0;
	const json_t *c;
	size_t i;

	json_array_foreach (cases, i, c)
		if (arrived ? json_is_true(json_object_get(c, "arrived")) : is_answered(c, answer))
			return c;
	return NULL;
}

static const json_t *
find_bounced(const json_t *result, const json_t *cases)
{
	const json_t *bounce = json_array_get(json_object_get(result, "bounces"), 0), *c;
	size_t i;

	json_array_foreach (cases, i, c)
		if (text_equal(text_in(c, "case"), text_in(bounce, "case")))
			return c;
	return NULL;
}

static const json_t *
find_undecided(const json_t *cases)
{
	static const char *const answers[] = {"temporary", "broken", "none"};
	const json_t *c = NULL;

	for (size_t i = 0; c == NULL && i < ORBL_COUNT(answers); i++)
		c = find(cases, answers[i]);
	return c;
}

static const json_t *
find_case(const json_t *result, enum verdict verdict)
{
	const json_t *cases = json_object_get(result, "cases");

	switch (verdict) {
	case VERDICT_OPEN:
	case VERDICT_OPEN_MULTIHOP: return find(cases, "arrived");
	case VERDICT_BOUNCES: return find_bounced(result, cases);
	case VERDICT_ACCEPTS: return find(cases, "accepted");
	case VERDICT_UNDECIDED:
	case VERDICT_DISCRIMINATES: return find_undecided(cases);
	case VERDICT_CLOSED:
	case VERDICT_UNTESTABLE:
	case VERDICT_UNREACHABLE:
	case VERDICT_COUNT: break;
	}
	return NULL;
}

bool
failing_case_find(const json_t *result, enum verdict verdict, struct failing_case *out)
{
	const json_t *c = find_case(result, verdict);
	struct text reply;

	*out = (struct failing_case){.id = ""};
	if (c == NULL)
		return false;
	reply = text_in(c, "data_reply");
	if (reply.len == 0)
		reply = text_in(c, "rcpt_reply");
	text_printable(text_in(c, "case"), out->id, sizeof(out->id));
	redact_tokens(text_in(c, "mail_from"), out->mail_from, sizeof(out->mail_from));
	redact_tokens(text_in(c, "rcpt_to"), out->rcpt_to, sizeof(out->rcpt_to));
	redact_tokens(reply, out->reply, sizeof(out->reply));
	return true;
}
