#include "dsn.h"

#include <string.h>

#include "mail_header.h"

static const char *const action_names[DSN_ACTION_COUNT] = {
	[DSN_NONE] = "",
	[DSN_EXPANDED] = "expanded",
	[DSN_RELAYED] = "relayed",
	[DSN_DELIVERED] = "delivered",
	[DSN_DELAYED] = "delayed",
	[DSN_FAILED] = "failed",
};

const char *
dsn_action_name(enum dsn_action action)
{
	return action_names[action];
}

/* --- values ------------------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "rfc822; <user@host> (comment)" -> "user@host" (RFC 3464 section 2.1.2) */
static void
read_address(const char *value, char out[DSN_VALUE])
{
	struct text t = text_of(value);
	size_t semicolon = text_find_byte(t, ';'), end;

	if (semicolon != SIZE_MAX && text_find_byte(text_upto(t, semicolon), '@') == SIZE_MAX)
		t = text_from(t, semicolon + 1);
	t = text_trim(t);
	if (t.len != 0 && t.p[0] == '<') {
		end = text_rfind(t, TEXT(">"));
		t = text_from(text_upto(t, end), 1);
	} else if ((end = text_find(t, TEXT(" ("))) != SIZE_MAX) {
		t = text_upto(t, end);
	}
	text_printable(text_trim(t), out, DSN_VALUE);
}

/* "smtp; 550 5.7.1 no": what stands behind the type */
static void
read_typed(const char *value, char out[DSN_VALUE])
{
	struct text t = text_of(value);
	size_t semicolon = text_find_byte(t, ';'), blank = text_find_byte(t, ' ');

	if (semicolon != SIZE_MAX && semicolon < blank)
		t = text_from(t, semicolon + 1);
	text_printable(text_trim(t), out, DSN_VALUE);
}

/* "5.1.1 (bad address)" -> "5.1.1" (RFC 3463 section 2); nothing else is a status */
static void
read_status(const char *value, char out[16])
{
	size_t n = 0, dots = 0;

	while (n < 15 && (is_digit(value[n]) || (value[n] == '.' && n != 0)))
		dots += value[n++] == '.';
	if (n < 5 || dots != 2 || !is_digit(value[n - 1]) || value[1] != '.' || is_digit(value[n]))
		n = 0;
	memcpy(out, value, n);
	out[n] = '\0';
}

static enum dsn_action
read_action(const char *value)
{
	struct text t = text_of(value);

	for (unsigned i = DSN_NONE + 1; i < DSN_ACTION_COUNT; i++) {
		struct text name = text_of(action_names[i]), rest = text_from(t, name.len);

		if (text_equal_nocase(text_upto(t, name.len), name) &&
			(rest.len == 0 || strchr(" (;", rest.p[0]) != NULL))
			return i;
	}
	return DSN_NONE;
}

/* --- message/delivery-status -------------------------------------------- */

struct status_reader {
	struct dsn *dsn;
	struct dsn_recipient *current; /* NULL: the next field of a recipient begins one */
};

/* Some leave out the empty line between recipients: an address that is there already begins
 * the next one. */
static struct dsn_recipient *
recipient_for(struct status_reader *r, const char *address)
{
	struct dsn *d = r->dsn;

	if (r->current != NULL && (address == NULL || address[0] == '\0'))
		return r->current;
	r->current = d->count < DSN_RECIPIENTS_MAX ? &d->recipients[d->count++] : NULL;
	return r->current;
}

static void
take_original(struct status_reader *r, const char *value)
{
	struct dsn_recipient *to = recipient_for(r,
		r->current != NULL ? r->current->original : NULL);

	if (to != NULL)
		read_address(value, to->original);
}

static void
take_final(struct status_reader *r, const char *value)
{
	struct dsn_recipient *to = recipient_for(r, r->current != NULL ? r->current->final : NULL);

	if (to != NULL)
		read_address(value, to->final);
}

static void
take_action(struct status_reader *r, const char *value)
{
	struct dsn_recipient *to = recipient_for(r, NULL);

	if (to != NULL)
		to->action = read_action(value);
}

static void
take_status(struct status_reader *r, const char *value)
{
	struct dsn_recipient *to = recipient_for(r, NULL);

	if (to != NULL)
		read_status(value, to->status);
}

static void
take_diagnostic(struct status_reader *r, const char *value)
{
	struct dsn_recipient *to = recipient_for(r, NULL);

	if (to != NULL)
		read_typed(value, to->diagnostic);
}

static void
take_remote(struct status_reader *r, const char *value)
{
	struct dsn_recipient *to = recipient_for(r, NULL);

	if (to != NULL)
		read_typed(value, to->remote_mta);
}

static void
take_reporting(struct status_reader *r, const char *value)
{
	if (r->dsn->reporting_mta[0] == '\0')
		read_typed(value, r->dsn->reporting_mta);
}

static const struct {
	const char *name;
	void (*take)(struct status_reader *, const char *value);
} status_fields[] = {
	{"Reporting-MTA", take_reporting},
	{"Original-Recipient", take_original},
	{"Final-Recipient", take_final},
	{"Action", take_action},
	{"Status", take_status},
	{"Diagnostic-Code", take_diagnostic},
	{"Remote-MTA", take_remote},
};

static void
read_delivery_status(struct text body, struct dsn *out)
{
	struct status_reader r = {.dsn = out};
	struct mail_field f;

	while (body.len != 0) {
		if (!mail_header_next(&body, &f)) {
			r.current = NULL;
			continue;
		}
		for (size_t i = 0; i < ORBL_COUNT(status_fields); i++)
			if (mail_field_is(&f, status_fields[i].name))
				status_fields[i].take(&r, f.value);
	}
}

/* --- parts -------------------------------------------------------------- */

enum part { PART_OTHER, PART_MULTIPART, PART_REPORT, PART_STATUS, PART_RETURNED };

static const struct {
	const char *type;
	enum part part;
} part_types[] = {
	{"multipart/report", PART_REPORT},
	{"multipart/", PART_MULTIPART},
	{"message/delivery-status", PART_STATUS},
	{"message/global-delivery-status", PART_STATUS}, /* RFC 6533 */
	{"message/rfc822", PART_RETURNED},
	{"text/rfc822-headers", PART_RETURNED}, /* RFC 6522 section 4 */
	{"message/global", PART_RETURNED},
};

struct part_stack {
	size_t depth;
	char boundaries[DSN_DEPTH_MAX][DSN_BOUNDARY_MAX + 1];
};

/* boundary="a \"b\"" or boundary=ab (RFC 2045 section 5.1) */
static bool
read_boundary(const char *content_type, char out[DSN_BOUNDARY_MAX + 1])
{
	struct text t = text_of(content_type), name = TEXT("boundary");
	size_t n = 0;
	bool quoted;

	do {
		text_cut(&t, ';');
		t = text_trim(t);
		if (t.len == 0)
			return false;
	} while (!text_equal_nocase(text_upto(t, name.len), name));
	t = text_trim(text_from(t, name.len));
	if (t.len == 0 || t.p[0] != '=')
		return false;
	t = text_trim(text_from(t, 1));
	quoted = t.len != 0 && t.p[0] == '"';
	for (size_t i = quoted ? 1 : 0; i < t.len && n < DSN_BOUNDARY_MAX; i++) {
		if (quoted ? t.p[i] == '"' : strchr("; \t", t.p[i]) != NULL)
			break;
		if (quoted && t.p[i] == '\\' && i + 1 < t.len)
			i++;
		out[n++] = t.p[i];
	}
	out[n] = '\0';
	return n != 0;
}

static enum part
find_part(const char *content_type)
{
	for (size_t i = 0; i < ORBL_COUNT(part_types); i++) {
		struct text type = text_of(part_types[i].type);

		if (text_equal_nocase(text_upto(text_of(content_type), type.len), type))
			return part_types[i].part;
	}
	return PART_OTHER;
}

static enum part
read_part_header(struct text *rest, struct part_stack *stack)
{
	enum part part = PART_OTHER;
	struct mail_field f;

	while (mail_header_next(rest, &f)) {
		if (!mail_field_is(&f, "Content-Type"))
			continue;
		part = find_part(f.value);
		if ((part == PART_MULTIPART || part == PART_REPORT) &&
			stack->depth < DSN_DEPTH_MAX &&
			read_boundary(f.value, stack->boundaries[stack->depth]))
			stack->depth++;
	}
	return part;
}

/* Is it a boundary of a part that is open? The parts inside of it are then over. */
static bool
take_boundary(struct part_stack *stack, struct text line, bool *closing)
{
	if (!text_has_prefix(line, TEXT("--")))
		return false;
	line = text_from(line, 2);
	while (line.len != 0 && strchr(" \t\r", line.p[line.len - 1]) != NULL)
		line.len--;
	for (size_t i = stack->depth; i-- != 0;) {
		struct text boundary = text_of(stack->boundaries[i]);

		if (!text_has_prefix(line, boundary))
			continue;
		*closing = text_equal(text_from(line, boundary.len), TEXT("--"));
		if (!*closing && line.len != boundary.len)
			continue;
		stack->depth = *closing ? i : i + 1;
		return true;
	}
	return false;
}

/* All up to the next boundary, which stays in *rest. */
static struct text
take_body(struct text *rest, const struct part_stack *stack)
{
	struct text body = *rest, line;
	struct part_stack copy = *stack;
	bool closing;

	for (;;) {
		struct text before = *rest;

		if (!text_next_line(rest, &line))
			return body;
		if (!take_boundary(&copy, line, &closing))
			continue;
		*rest = before;
		return text_upto(body, body.len - before.len);
	}
}

static void
take_part(enum part part, struct text *rest, const struct part_stack *stack, struct dsn *out)
{
	if (part == PART_STATUS)
		read_delivery_status(take_body(rest, stack), out);
	else if (part == PART_RETURNED)
		out->returned = take_body(rest, stack);
}

/* Without parts that can be found: from the first line that looks like a status on. */
static void
read_broken(struct text rest, struct dsn *out)
{
	static const char *const first[] = {"Reporting-MTA:", "Final-Recipient:",
		"Original-Recipient:"};
	struct text line;

	for (;;) {
		struct text before = rest;

		if (!text_next_line(&rest, &line))
			return;
		for (size_t i = 0; i < ORBL_COUNT(first); i++) {
			struct text name = text_of(first[i]);

			if (!text_equal_nocase(text_upto(line, name.len), name))
				continue;
			read_delivery_status(before, out);
			return;
		}
	}
}

bool
dsn_parse(struct text message, struct dsn *out)
{
	struct part_stack stack = {.depth = 0};
	struct text rest = message, line;
	const struct dsn_recipient *worst;
	bool closing;
	enum part part;

	*out = (struct dsn){.count = 0};
	part = read_part_header(&rest, &stack);
	out->is_report = part == PART_REPORT || part == PART_STATUS;
	take_part(part, &rest, &stack, out);
	while (text_next_line(&rest, &line))
		if (take_boundary(&stack, line, &closing) && !closing)
			take_part(read_part_header(&rest, &stack), &rest, &stack, out);
	if (out->count == 0 && out->is_report)
		read_broken(message, out);
	worst = dsn_worst(out);
	return worst != NULL && worst->action != DSN_NONE;
}

const struct dsn_recipient *
dsn_worst(const struct dsn *d)
{
	const struct dsn_recipient *worst = NULL;

	for (size_t i = 0; i < d->count; i++)
		if (worst == NULL || d->recipients[i].action > worst->action)
			worst = &d->recipients[i];
	return worst;
}
