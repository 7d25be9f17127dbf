/* TXT records from a resolver that the test plays, over UDP and TCP. */
#include "txt_lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "abuse_contact.h"
#include "unit.h"

enum { TIMEOUT_MS = 150 };

#define NAME "15.2.0.192.contacts.example"

static struct event_base *base;
static struct event *udp_event, *tcp_event;
static struct txt_lookup *lookup;
static int udp, tcp;
static struct error error;

/* --- the resolver ------------------------------------------------------------- */

static enum manner {
	ANSWERS,
	SILENT,
	SILENT_ONCE,
	ANSWERS_OTHERS_FIRST, /* with another id, another name, as a question; then rightly */
	ONLY_NONSENSE,
	TRUNCATES, /* and answers over TCP, in small pieces */
	TRUNCATES_EVER,
	HANGS_UP, /* over TCP */
	TCP_SILENT,
	SAYS_NO,
	FAILS,
} manner;

static unsigned questions, connections;
static uint16_t ids[8];
static struct sockaddr_storage last_from;

static size_t
make_answer(const uint8_t *query, size_t len, unsigned flags, uint8_t out[512])
{
	static const uint8_t record[] = {0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 0, 0, 18, 17, 'a', 'b',
		'u', 's', 'e', '@', 'i', 's', 'p', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e'};
	bool has_record = flags == 0x8180;

	len -= 11; /* the OPT record */
	memcpy(out, query, len);
	out[2] = (uint8_t)(flags >> 8);
	out[3] = (uint8_t)flags;
	out[7] = has_record;
	out[11] = 0;
	if (!has_record)
		return len;
	memcpy(out + len, record, sizeof(record));
	return len + sizeof(record);
}

static unsigned
flags_now(void)
{
	switch (manner) {
	case TRUNCATES:
	case TRUNCATES_EVER:
	case HANGS_UP:
	case TCP_SILENT: return 0x8380;
	case SAYS_NO: return 0x8183;
	case FAILS: return 0x8182;
	default: return 0x8180;
	}
}

static void
reply(const uint8_t *bytes, size_t len)
{
	ck_assert_int_eq(sendto(udp, bytes, len, 0, (struct sockaddr *)&last_from,
				 sizeof(struct sockaddr_in)),
		(ssize_t)len);
}

static void
reply_wrongly(const uint8_t *answer, size_t len)
{
	uint8_t bytes[512];

	memcpy(bytes, answer, len);
	bytes[0] ^= 1;
	reply(bytes, len);
	bytes[0] ^= 1;
	bytes[14] ^= 1; /* a letter of the name */
	reply(bytes, len);
	bytes[14] ^= 1;
	bytes[2] = 1; /* a question */
	reply(bytes, len);
	reply(bytes, 5);
	reply(bytes, 0);
}

static void
on_udp(evutil_socket_t fd, short what, void *context)
{
	uint8_t query[512], answer[512];
	socklen_t from_len = sizeof(last_from);
	ssize_t n = recvfrom(fd, query, sizeof(query), 0, (struct sockaddr *)&last_from, &from_len);
	size_t len;

	(void)what;
	(void)context;
	ck_assert_int_gt(n, 12);
	if (questions < ORBL_COUNT(ids))
		ids[questions] = (uint16_t)(query[0] << 8 | query[1]);
	questions++;
	if (manner == SILENT || (manner == SILENT_ONCE && questions == 1))
		return;
	len = make_answer(query, (size_t)n, flags_now(), answer);
	for (int i = 0; manner == ONLY_NONSENSE && i < 20; i++)
		reply_wrongly(answer, len);
	if (manner == ANSWERS_OTHERS_FIRST)
		reply_wrongly(answer, len);
	if (manner != ONLY_NONSENSE)
		reply(answer, len);
}

static void
on_tcp_query(evutil_socket_t client, short what, void *context)
{
	uint8_t query[512], answer[514];
	size_t len;
	ssize_t n;

	(void)what;
	(void)context;
	n = recv(client, query, sizeof(query), 0);
	ck_assert_int_gt(n, 14);
	ck_assert_int_eq(n, 2 + (query[0] << 8 | query[1]));
	len = make_answer(query + 2, (size_t)n - 2, manner == TRUNCATES_EVER ? 0x8380 : 0x8180,
		answer + 2);
	answer[0] = (uint8_t)(len >> 8);
	answer[1] = (uint8_t)len;
	ck_assert_int_eq(send(client, answer, 1, 0), 1);
	ck_assert_int_eq(send(client, answer + 1, len + 1, 0), (ssize_t)len + 1);
	close(client);
}

static void
on_tcp(evutil_socket_t fd, short what, void *context)
{
	int client = accept(fd, NULL, NULL);

	(void)what;
	(void)context;
	connections++;
	ck_assert_int_ge(client, 0);
	if (manner == HANGS_UP)
		close(client);
	else if (manner != TCP_SILENT)
		event_base_once(base, client, EV_READ, on_tcp_query, NULL, NULL);
}

static struct endpoint
open_resolver(void)
{
	struct endpoint where = {.port = 0};
	struct sockaddr_storage ss;
	socklen_t len;

	ck_assert_int_eq(addr_parse(TEXT("127.0.6.53"), &where.addr), OK);
	len = endpoint_to_sockaddr(&where, &ss);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(udp, (struct sockaddr *)&ss, len), 0);
	ck_assert_int_eq(getsockname(udp, (struct sockaddr *)&ss, &len), 0);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(tcp, (struct sockaddr *)&ss, len), 0);
	ck_assert_int_eq(listen(tcp, 8), 0);
	udp_event = event_new(base, udp, EV_READ | EV_PERSIST, on_udp, NULL);
	tcp_event = event_new(base, tcp, EV_READ | EV_PERSIST, on_tcp, NULL);
	event_add(udp_event, NULL);
	event_add(tcp_event, NULL);
	return endpoint_from_sockaddr((struct sockaddr *)&ss);
}

static void
set_up(void)
{
	struct txt_lookup_conf conf = {.timeout_ms = TIMEOUT_MS};

	base = event_base_new();
	conf.resolver = open_resolver();
	ck_assert_int_eq(txt_lookup_new(base, &conf, &lookup, &error), OK);
	questions = connections = 0;
}

static void
tear_down(void)
{
	txt_lookup_free(lookup);
	event_free(udp_event);
	event_free(tcp_event);
	close(udp);
	close(tcp);
	event_base_free(base);
}

/* --- who asks ------------------------------------------------------------------- */

static struct txt_answer told;
static unsigned times_told;

static void
on_answer(const struct txt_answer *answer, void *context)
{
	ck_assert_ptr_eq(context, &told);
	told = *answer;
	times_told++;
}

static void
wait_for_all(void)
{
	for (int i = 0; i < 400 && txt_lookup_count(lookup) != 0; i++)
		ck_assert_int_ge(event_base_loop(base, EVLOOP_ONCE), 0);
	ck_assert_uint_eq(txt_lookup_count(lookup), 0);
}

static const struct txt_answer *
ask(enum manner m)
{
	manner = m;
	times_told = 0;
	ck_assert_int_eq(txt_lookup_ask(lookup, NAME, on_answer, &told, &error), OK);
	ck_assert_uint_eq(times_told, 0);
	wait_for_all();
	ck_assert_uint_eq(times_told, 1);
	return &told;
}

static void
assert_found(const struct txt_answer *a)
{
	ck_assert_int_eq(a->kind, TXT_FOUND);
	ck_assert_uint_eq(a->count, 1);
	ck_assert_str_eq(a->records[0], "abuse@isp.example");
}

START_TEST(an_answer_is_found)
{
	assert_found(ask(ANSWERS));
	ck_assert_uint_eq(questions, 1);
	ck_assert_uint_eq(connections, 0);
	ck_assert_int_eq(ask(SAYS_NO)->kind, TXT_NONE);
	ck_assert_int_eq(ask(FAILS)->kind, TXT_FAILED);
	ck_assert_str_eq(told.why, "SERVFAIL");
}
END_TEST

START_TEST(a_lost_question_is_asked_again_with_another_id)
{
	assert_found(ask(SILENT_ONCE));
	ck_assert_uint_eq(questions, 2);
	ck_assert_int_eq(ask(SILENT)->kind, TXT_FAILED);
	ck_assert_str_eq(told.why, "no answer");
	ck_assert_uint_eq(questions, 4);
	/* Four random ids: all the same once in 2^48 runs. */
	ck_assert(ids[0] != ids[1] || ids[1] != ids[2] || ids[2] != ids[3]);
}
END_TEST

START_TEST(what_is_no_answer_to_it_is_passed_over)
{
	assert_found(ask(ANSWERS_OTHERS_FIRST));
	ck_assert_uint_eq(questions, 1);
	ck_assert_int_eq(ask(ONLY_NONSENSE)->kind, TXT_FAILED);
	ck_assert_str_eq(told.why, "nonsense");
}
END_TEST

START_TEST(a_cut_answer_is_asked_for_over_tcp)
{
	assert_found(ask(TRUNCATES));
	ck_assert_uint_eq(connections, 1);
	ck_assert_int_eq(ask(TRUNCATES_EVER)->kind, TXT_FAILED);
	ck_assert_str_eq(told.why, "truncated");
	ck_assert_int_eq(ask(HANGS_UP)->kind, TXT_FAILED);
	ck_assert_int_eq(ask(TCP_SILENT)->kind, TXT_FAILED);
	ck_assert_str_eq(told.why, "no answer");
}
END_TEST

START_TEST(nobody_there_is_a_failure)
{
	event_del(udp_event);
	close(udp);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(ask(SILENT)->kind, TXT_FAILED);
	ck_assert_str_eq(told.why, "no resolver there");
}
END_TEST

START_TEST(so_many_are_under_way_and_no_more)
{
	manner = ANSWERS;
	times_told = 0;
	for (int i = 0; i < TXT_LOOKUPS_MAX; i++)
		ck_assert_int_eq(txt_lookup_ask(lookup, NAME, on_answer, &told, &error), OK);
	ck_assert_int_eq(txt_lookup_ask(lookup, NAME, on_answer, &told, &error), ERR_FULL);
	wait_for_all();
	ck_assert_uint_eq(times_told, TXT_LOOKUPS_MAX);
	assert_found(ask(ANSWERS));
}
END_TEST

START_TEST(names_that_are_none_are_not_asked_for)
{
	char name[400];

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_ne(txt_lookup_ask(lookup, name, on_answer, &told, &error), OK);
	ck_assert_int_ne(txt_lookup_ask(lookup, "a..b", on_answer, &told, &error), OK);
	ck_assert_uint_eq(txt_lookup_count(lookup), 0);
}
END_TEST

START_TEST(an_end_in_the_middle_tells_nobody)
{
	manner = SILENT;
	times_told = 0;
	ck_assert_int_eq(txt_lookup_ask(lookup, NAME, on_answer, &told, &error), OK);
	ck_assert_int_eq(txt_lookup_ask(lookup, NAME, on_answer, &told, &error), OK);
	txt_lookup_free(lookup);
	lookup = NULL;
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(times_told, 0);
}
END_TEST

/* --- what the records say ------------------------------------------------------------ */

static const struct {
	const char *record, *contact; /* NULL: none */
} contacts[] = {
	{"abuse@isp.example", "abuse@isp.example"},
	{"Abuse.Desk@ISP.Example", "Abuse.Desk@isp.example"},
	{"mailto:a+b@c.de", "a+b@c.de"},
	{"<a@b.de>, c@d.de", "a@b.de"},
	{"see http://x.example/ or a_b@c-d.de", "a_b@c-d.de"},
	{"", NULL},
	{"abuse", NULL},
	{"abuse@localhost", NULL},
	{"@isp.example", NULL},
	{"-oQ/tmp@isp.example", NULL},
	{"|cat@isp.example", NULL},
	{"a@b@c.de", NULL},
	{"a..b@c.de", NULL},
	{".a@c.de", NULL},
	{"a@c..de", NULL},
	{"a@c.de.", NULL},
	{"a@-c.de", NULL},
	{"\"a b\"@c.de", NULL},
	{"a@[192.0.2.1]", NULL},
	{"a%b@c.de", NULL},
	{"a!b@c.de", NULL},
	{"a:b@c.de", NULL},
};

START_TEST(a_contact_is_a_plain_mailbox_or_none)
{
	struct txt_answer answer = {.kind = TXT_FOUND, .count = 2};
	char contact[ABUSE_CONTACT];

	snprintf(answer.records[0], TXT_RECORD_MAX, "nothing here");
	snprintf(answer.records[1], TXT_RECORD_MAX, "%s", contacts[_i].record);
	ck_assert_int_eq(abuse_contact_find(&answer, contact), contacts[_i].contact != NULL);
	ck_assert_str_eq(contact, contacts[_i].contact != NULL ? contacts[_i].contact : "");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("txt_lookup");
	TCase *asks = tcase_create("asks"), *reads = tcase_create("reads");

	tcase_add_checked_fixture(asks, set_up, tear_down);
	tcase_add_test(asks, an_answer_is_found);
	tcase_add_test(asks, a_lost_question_is_asked_again_with_another_id);
	tcase_add_test(asks, what_is_no_answer_to_it_is_passed_over);
	tcase_add_test(asks, a_cut_answer_is_asked_for_over_tcp);
	tcase_add_test(asks, nobody_there_is_a_failure);
	tcase_add_test(asks, so_many_are_under_way_and_no_more);
	tcase_add_test(asks, names_that_are_none_are_not_asked_for);
	tcase_add_test(asks, an_end_in_the_middle_tells_nobody);
	tcase_add_loop_test(reads, a_contact_is_a_plain_mailbox_or_none, 0,
		(int)ORBL_COUNT(contacts));
	suite_add_tcase(s, asks);
	suite_add_tcase(s, reads);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
