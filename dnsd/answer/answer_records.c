#include "answer_data.h"

#include <string.h>

#include "octet_label.h"

/* --- what a template's mark stands for ---------------------------------- */

static struct text
format_ipv4(uint32_t address, char *out)
{
	char *at = octet_label_write(address >> 24, out);

	for (int shift = 16; shift >= 0; shift -= 8) {
		*at++ = '.';
		at = octet_label_write(address >> shift & 0xff, at);
	}
	return (struct text){out, (size_t)(at - out)};
}

/* As rbldnsd writes it: like a master file (RFC 1035 section 5.1). */
static char *
put_name_byte(char *at, uint8_t c)
{
	if (c <= ' ' || c > '~') {
		*at++ = '\\';
		*at++ = (char)('0' + c / 100);
		*at++ = (char)('0' + c / 10 % 10);
		*at++ = (char)('0' + c % 10);
		return at;
	}
	if (strchr(".\\\"@;$", c) != NULL)
		*at++ = '\\';
	*at++ = (char)c;
	return at;
}

/* The labels of the entry that matched, without the wildcard's. */
static struct text
format_name(const struct answer *a, size_t matched, char out[WIRE_NAME_TEXT])
{
	const struct query_name *n = &a->reply.query->name;
	size_t first = matched < a->below ? a->below - matched : 0;
	size_t from = first < n->labels ? n->label_at[first] : n->len - 1u;
	size_t to = a->below < n->labels ? n->label_at[a->below] : n->len - 1u;
	char *at = out;

	for (size_t i = from; i < to; i += a->lower[i] + 1u) {
		if (at != out)
			*at++ = '.';
		for (size_t k = 1; k <= a->lower[i]; k++)
			at = put_name_byte(at, a->lower[i + k]);
	}
	return (struct text){out, (size_t)(at - out)};
}

static struct text
format_subject(const struct answer *a, const struct answer_match *m, char out[WIRE_NAME_TEXT])
{
	switch (m->subject) {
	case SUBJECT_IPV4: return format_ipv4(m->ipv4, out);
	case SUBJECT_IPV6: return text_of(addr_format(&a->address.ipv6, out));
	case SUBJECT_NAME: return format_name(a, m->matched, out);
	case SUBJECT_CLIENT: break;
	}
	return text_of(addr_format(&a->context->client, out));
}

/* --- records of one match ----------------------------------------------- */

/* Another record: taken back if it is there already, when others were joined. False: enough. */
static bool
may_go_on(struct answer *a)
{
	if (a->match_count > 1)
		reply_drop_repeated(&a->reply);
	return !a->reply.overflow && a->reply.counts[REPLY_ANSWER] < ANSWER_RECORDS_MAX;
}

static bool
write_a(struct answer *a, const struct answer_match *m, uint32_t ttl_s)
{
	for (size_t i = 0; i < m->view.a_count; i++) {
		reply_a(&a->reply, ttl_s, snapshot_view_a(&m->view, i));
		if (!may_go_on(a))
			return false;
	}
	return true;
}

static bool
write_txt(struct answer *a, const struct answer_match *m, uint32_t ttl_s)
{
	char subject[WIRE_NAME_TEXT];
	struct text t;

	if (m->view.txt_count == 0)
		return true;
	t = format_subject(a, m, subject);
	for (size_t i = 0; i < m->view.txt_count; i++) {
		reply_txt(&a->reply, ttl_s, snapshot_view_txt(&m->view, i), t);
		if (!may_go_on(a))
			return false;
	}
	return true;
}

static bool
write_records(struct answer *a, const struct answer_match *m, uint16_t type, uint32_t ttl_s)
{
	for (size_t i = 0; i < m->view.record_count; i++) {
		struct snapshot_record record = snapshot_view_record(&m->view, i);

		if (record.type != type)
			continue;
		reply_record(&a->reply, CLASS_IN, type, ttl_s, record.rdata);
		if (!may_go_on(a))
			return false;
	}
	return true;
}

/* --- one type of all matches -------------------------------------------- */

static uint32_t
least_ttl(const struct answer_match *m, uint16_t type, uint32_t ttl_s)
{
	bool has = (type == TYPE_A && m->view.a_count != 0) ||
		(type == TYPE_TXT && m->view.txt_count != 0);

	if (has && m->ttl_s < ttl_s)
		ttl_s = m->ttl_s;
	for (size_t i = 0; i < m->view.record_count; i++) {
		struct snapshot_record record = snapshot_view_record(&m->view, i);
		uint32_t own = record.ttl_s != 0 ? record.ttl_s : m->ttl_s;

		if (record.type == type && own < ttl_s)
			ttl_s = own;
	}
	return ttl_s;
}

static void
write_type(struct answer *a, uint16_t type)
{
	uint32_t ttl_s = INT32_MAX;

	for (size_t i = 0; i < a->match_count; i++)
		ttl_s = least_ttl(&a->matches[i], type, ttl_s);
	for (size_t i = 0; i < a->match_count; i++) {
		const struct answer_match *m = &a->matches[i];

		if ((type == TYPE_A && !write_a(a, m, ttl_s)) ||
			(type == TYPE_TXT && !write_txt(a, m, ttl_s)) ||
			!write_records(a, m, type, ttl_s))
			return;
	}
}

static void
write_test(struct answer *a, uint16_t type)
{
	if (type == TYPE_A || type == TYPE_ANY)
		reply_a(&a->reply, a->zone->ttl_s, a->test->address);
	else if (type == TYPE_TXT)
		reply_piece(&a->reply, REPLY_ANSWER, &a->test->txt, 0);
}

/* RFC 8482 section 4.1: one RRset of those there are. */
static uint16_t
choose_type(const struct answer *a)
{
	bool has_txt = false;
	uint16_t other = TYPE_A;

	for (size_t i = 0; i < a->match_count; i++) {
		const struct snapshot_view *v = &a->matches[i].view;

		if (v->a_count != 0)
			return TYPE_A;
		has_txt |= v->txt_count != 0;
		if (v->record_count != 0 && other == TYPE_A)
			other = snapshot_view_record(v, 0).type;
	}
	return has_txt ? TYPE_TXT : other;
}

void
answer_data_write(struct answer *a, uint16_t type)
{
	if (a->test != NULL)
		write_test(a, type);
	else if (a->piece != NULL && (type == TYPE_TXT || type == TYPE_ANY))
		reply_piece(&a->reply, REPLY_ANSWER, a->piece, 0);
	else
		write_type(a, type == TYPE_ANY ? choose_type(a) : type);
}
