#include "event_denial.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scan.h"
#include "smtp_trace.h"

/* What is longer is cut, so that all fields, the note and the identity fit in the scratch. */
enum { FIELD_MAX = 640, HOST_MAX = 255, NOTE_MAX = 1024, IDENTITY_MAX = 2048 };

_Static_assert((EVENT_FIELD_COUNT - 1) * FIELD_MAX + HOST_MAX + NOTE_MAX + IDENTITY_MAX <=
		PARSE_SCRATCH_SIZE,
	"the scratch is too small");

bool
event_address(struct text t, struct addr *out)
{
	struct endpoint e;

	t = text_trim(t);
	if (text_find_byte(t, '@') != SIZE_MAX || endpoint_parse(t, &e) != OK)
		return false;
	*out = e.addr;
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct text
event_trim(struct text t)
{
	while (t.len != 0 && is_blank(t.p[0]))
		scan_skip(&t, 1);
	while (t.len != 0 && is_blank(t.p[t.len - 1]))
		t.len--;
	return t;
}

struct text
event_path(struct text t)
{
	static const struct text heads[] = {{"RCPT TO:", 8}, {"MAIL FROM:", 10}};
	struct text path;

	t = event_trim(t);
	for (size_t i = 0; i < ORBL_COUNT(heads); i++)
		if (text_equal_nocase(text_upto(t, heads[i].len), heads[i]))
			return smtp_trace_path(text_from(t, heads[i].len), &path) ? path :
										    TEXT_NONE;
	if (t.len >= 2 && t.p[0] == '<' && t.p[t.len - 1] == '>')
		return (struct text){t.p + 1, t.len - 2};
	return t;
}

/* Empty and "-" are how exports say that there is none. */
static bool
is_nothing(struct text t)
{
	return t.len == 0 || text_equal(t, TEXT("-"));
}

static struct text
keep(struct parse_state *state, struct text t, size_t max)
{
	struct text out;

	if (t.p == NULL)
		return TEXT_NONE;
	out = (struct text){state->scratch + state->used, t.len < max ? t.len : max};
	if (out.len > sizeof(state->scratch) - state->used)
		out.len = sizeof(state->scratch) - state->used;
	if (out.len != 0)
		memcpy(state->scratch + state->used, t.p, out.len);
	state->used += out.len;
	return out;
}

static struct text
keep_field(struct parse_state *state, struct text t)
{
	t = event_trim(t);
	return is_nothing(t) ? TEXT_NONE : keep(state, t, FIELD_MAX);
}

static enum denial_kind
kind_said(const struct event_facts *facts, const struct denial *d)
{
	if (facts->has_kind)
		return facts->kind;
	if (d->account.p != NULL)
		return DENIAL_AUTHENTICATED;
	return d->reply.p != NULL && d->reply.p[0] == '4' ? DENIAL_RELAY_TEMPORARY : DENIAL_RELAY;
}

/* What a damaged log says is weaker evidence. */
static enum denial_kind
kind_of(const struct event_record *e, const struct event_facts *facts, const struct denial *d)
{
	enum denial_kind kind = kind_said(facts, d);

	if (e->doubtful && (kind == DENIAL_RELAY || kind == DENIAL_RELAY_TEMPORARY))
		return DENIAL_RELAY_PROBABLE;
	return kind;
}

struct note { /* a line being written */
	char *p;
	size_t used, size;
};

static void
note_text(struct note *n, struct text t)
{
	n->used += text_printable(t, n->p + n->used, n->size - n->used);
}

static void
note_number(struct note *n, const char *before, uint64_t value)
{
	char digits[48];
	int len = snprintf(digits, sizeof(digits), "%s%" PRIu64, before, value);

	note_text(n, (struct text){digits, (size_t)len});
}

/* "Event SOURCE ID record N: string; string" */
static struct text
write_note(const struct event_record *e, struct parse_state *state)
{
	struct note n = {state->scratch + state->used, 0, NOTE_MAX};
	struct text out;

	note_text(&n, TEXT("Event "));
	note_text(&n, e->source);
	note_number(&n, " ", e->id);
	if (!e->is_line)
		note_number(&n, " record ", e->number);
	note_text(&n, TEXT(":"));
	for (size_t i = 0; i < e->string_count; i++) {
		note_text(&n, i == 0 ? TEXT(" ") : TEXT("; "));
		note_text(&n, event_trim(e->strings[i].value));
	}
	if (e->string_count == 0) {
		note_text(&n, TEXT(" "));
		note_text(&n, event_trim(e->message));
	}
	out = (struct text){n.p, n.used};
	state->used += n.used;
	return out;
}

static void
fold_case(char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 'a' - 'A');
}

/* The same for the binary log and every export of it: those differ in the fraction of the time
 * and in the case of names. Without a number of the record the note has to do. */
static struct text
write_identity(const struct event_record *e, const struct denial *d, struct parse_state *state)
{
	struct note n = {state->scratch + state->used, 0, IDENTITY_MAX};
	struct stamp_clock clock;
	char address[ADDR_TEXT];
	int64_t at_s = 0;

	if (e->is_line)
		return TEXT_NONE;
	stamp_clock_init(&clock, 0);
	if (e->stamp.year == 0 || !stamp_to_epoch(&e->stamp, &clock, &at_s))
		at_s = 0;
	note_text(&n, text_upto(e->computer, HOST_MAX));
	note_text(&n, TEXT(" "));
	note_text(&n, text_upto(e->source, HOST_MAX));
	fold_case(n.p, n.used);
	note_number(&n, " ", e->id);
	note_number(&n, " record ", e->number);
	note_number(&n, " at ", at_s < 0 ? 0 : (uint64_t)at_s);
	note_text(&n, TEXT(" from "));
	note_text(&n, text_of(addr_format(&d->client, address)));
	note_text(&n, TEXT(" to "));
	note_text(&n, d->recipient);
	state->used += n.used;
	return (struct text){n.p, n.used};
}

enum parse_result
event_denial_fill(const struct event_record *e, const struct event_facts *facts,
	struct parse_state *state, struct denial *out)
{
	struct text sender = facts->of[EVENT_SENDER];

	*out = (struct denial){0};
	state->used = 0;
	state->stamp = e->stamp;
	if (!event_address(facts->of[EVENT_IP], &out->client)) {
		state->reason = "the event is a refused relay attempt, but where the client's "
				"address should be there is none";
		return PARSE_BAD;
	}
	out->client_name = keep_field(state, facts->of[EVENT_HOST]);
	out->account = keep_field(state, facts->of[EVENT_ACCOUNT]);
	out->helo = keep_field(state, facts->of[EVENT_HELO]);
	out->reply = keep_field(state, facts->of[EVENT_REPLY]);
	out->recipient = keep_field(state, event_path(facts->of[EVENT_RECIPIENT]));
	if (sender.p != NULL && !text_equal(sender, TEXT("-")))
		out->sender = keep(state, event_path(sender), FIELD_MAX); /* may be empty */
	out->server = e->computer.len != 0 ? keep(state, e->computer, HOST_MAX) : TEXT_NONE;
	out->kind = kind_of(e, facts, out);
	out->line = e->number;
	out->is_record = !e->is_line;
	out->raw = write_note(e, state);
	out->identity = write_identity(e, out, state);
	return PARSE_DENIAL;
}
