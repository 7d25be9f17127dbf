#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "key_mask.h"
#include "query_log.h"
#include "stats_fixture.h"

#define KEY "abcdefghijklmnopqrstuvwxyz"

static uint8_t query[512], reply[512];
static struct observation header;

/* A question, and a reply with so many A records, one a code. */
static void
make_packets(const char *name, uint16_t type, const char *codes, uint8_t rcode)
{
	size_t name_len, at = 12, count = strlen(codes);

	memset(query, 0, sizeof(query));
	query[1] = 7;
	query[5] = 1;
	ck_assert_int_eq(wire_name_parse(text_of(name), query + at, &name_len), OK);
	at += name_len;
	query[at + 1] = (uint8_t)type;
	query[at + 3] = 1;
	at += 4;
	header.query_len = (uint32_t)at;
	memcpy(reply, query, at);
	reply[2] = 0x84;
	reply[3] = rcode;
	reply[7] = (uint8_t)count;
	for (size_t i = 0; i < count; i++) {
		static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 8, 0, 0, 4, 127, 0, 0};

		memcpy(reply + at, record, sizeof(record));
		reply[at + sizeof(record)] = (uint8_t)(codes[i] - '0');
		at += sizeof(record) + 1;
	}
	header.reply_len = (uint32_t)at;
}

static void
set_up(void)
{
	header = (struct observation){.query_ns = 1769860800125000000, .transport = ANSWER_UDP};
	header.client = endpoint_from_sockaddr((struct sockaddr *)&(struct sockaddr_storage){0});
	ck_assert_int_eq(addr_parse(text_of("192.0.2.77"), &header.client.addr), OK);
	make_packets("2.0.0.127.bl.example", TYPE_A, "24", 0);
}

static void
check_line(const char *zone, bool whole, const char *wanted)
{
	char line[QUERY_LOG_LINE];
	size_t len = query_log_format(&header, zone, whole, query, reply, line);

	ck_assert_uint_lt(len, sizeof(line));
	line[len] = '\0';
	ck_assert_str_eq(line, wanted);
}

START_TEST(writes_a_line)
{
	check_line("bl.example", false,
		"2026-01-31T12:00:00.125Z 192.0.2.0/24 udp bl.example 2.0.0.127.bl.example A "
		"NOERROR 127.0.0.2,127.0.0.4\n");
	check_line("bl.example", true,
		"2026-01-31T12:00:00.125Z 192.0.2.77 udp bl.example 2.0.0.127.bl.example A "
		"NOERROR 127.0.0.2,127.0.0.4\n");
	header.transport = ANSWER_TCP;
	ck_assert_int_eq(addr_parse(text_of("2001:db8:1:2::3"), &header.client.addr), OK);
	make_packets("a.b", 99, "", 3);
	check_line(NULL, false,
		"2026-01-31T12:00:00.125Z 2001:db8:1::/48 tcp - a.b TYPE99 NXDOMAIN -\n");
	header.reply_len = 0;
	check_line(NULL, false,
		"2026-01-31T12:00:00.125Z 2001:db8:1::/48 tcp - a.b TYPE99 dropped -\n");
	header.query_len = 5;
	check_line(NULL, false, "2026-01-31T12:00:00.125Z 2001:db8:1::/48 tcp - - - dropped -\n");
}
END_TEST

START_TEST(hides_keys)
{
	make_packets("2.0.0.127." KEY ".bl.example", TYPE_A, "2", 0);
	check_line("bl.example", false,
		"2026-01-31T12:00:00.125Z 192.0.2.0/24 udp bl.example 2.0.0.127.*.bl.example A "
		"NOERROR 127.0.0.2\n");
	key_mask_message(query, header.query_len);
	ck_assert_ptr_null(memmem(query, header.query_len, "mnop", 4));
	ck_assert_ptr_nonnull(
		memmem(query, header.query_len, "**************************\2bl", 29));
}
END_TEST

/* What is a key but for a slip, too long or too short; and what is none. */
START_TEST(hides_what_is_nearly_a_key)
{
	static const struct {
		const char *label, *shown;
	} labels[] = {
		{"abcdefghijklmnopqrstuvwxy", "*"},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZ7", "*"},
		{"abcdefghijklm1nopqrstuvwxyz", "*"},
		{"abcdefghijklm-nopqrstuvwxyz", "*"},
		{"abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"},
		{"01891-01891-01891-01891-01891", "01891-01891-01891-01891-01891"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaa", "*"},
		{"zzzzzzzzzzzzzzzzzzzzzzzzzz", "*"},
		{"AAAAAAAAAAAAAAAAAAAAAAAAAA", "*"},
		{"ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "*"},
		{"22222222222222222222222222", "*"},
		{"77777777777777777777777777", "*"},
		{"11111111111111111111111111", "11111111111111111111111111"},
		{"88888888888888888888888888", "88888888888888888888888888"},
	};
	const char *label = labels[_i].label;
	char name[128], text[256];

	snprintf(name, sizeof(name), "2.%s.bl.example", labels[_i].label);
	make_packets(name, TYPE_A, "", 0);
	snprintf(text, sizeof(text),
		"2026-01-31T12:00:00.125Z 192.0.2.0/24 udp bl.example 2.%s.bl.example A "
		"NOERROR -\n",
		labels[_i].shown);
	check_line("bl.example", false, text);
	key_mask_text(name);
	snprintf(text, sizeof(text), "2.%s.bl.example", labels[_i].shown);
	ck_assert_str_eq(name, text);
	/* And in the message, of which nothing else changes. */
	key_mask_message(query, header.query_len);
	ck_assert_int_eq(memmem(query, header.query_len, label, strlen(label)) == NULL,
		labels[_i].shown[0] == '*');
	ck_assert_mem_eq(query + 12,
		"\1"
		"2",
		2);
	ck_assert_uint_eq(query[14], strlen(label));
	ck_assert_mem_eq(query + 15 + strlen(label), "\2bl\7example\0\0\1\0\1", 16);
}
END_TEST

/* Wherever a key is, and however the message is cut or lies of itself. */
START_TEST(hides_keys_of_malformed_messages)
{
	static const struct {
		size_t at;
		uint8_t value;
	} broken[] = {{0, 0}, {2, 0x80}, {2, 0x10}, {4, 1}, {5, 0}, {5, 2}, {12, 64}, {12, 0}};
	uint8_t copy[sizeof(query)];

	make_packets("2.0.0.127." KEY ".bl.example", TYPE_A, "2", 0);
	for (size_t len = 0; len <= header.query_len; len++) {
		memcpy(copy, query, len);
		if (broken[_i].at < len)
			copy[broken[_i].at] = broken[_i].value;
		key_mask_message(copy, len);
		ck_assert_ptr_null(memmem(copy, len, "abcdefgh", 8));
		ck_assert_ptr_null(memmem(copy, len, "stuvwxyz", 8));
		ck_assert(len < 40 || copy[23] != 'a');
	}
}
END_TEST

/* Without a root: it is cut, and has room. */
START_TEST(masks_names_that_do_not_end)
{
	uint8_t *wire = malloc(WIRE_NAME_MAX), *out = malloc(WIRE_NAME_MAX);

	ck_assert(wire != NULL && out != NULL);
	for (size_t at = 0; at < WIRE_NAME_MAX; at += 5)
		memcpy(wire + at, "\4abcd", 5);
	for (size_t len = 0; len <= WIRE_NAME_MAX; len++) {
		size_t to = key_mask_name(wire, len, out);

		ck_assert_uint_le(to, len + 1);
		ck_assert_uint_le(to, WIRE_NAME_MAX);
		ck_assert_uint_eq(out[to - 1], 0);
		ck_assert_uint_eq(to % 5, 1);
	}
	free(wire);
	free(out);
}
END_TEST

START_TEST(names_are_one_field)
{
	make_packets("a\\032b\\010c.bl.example", TYPE_A, "", 0);
	check_line("bl.example", false,
		"2026-01-31T12:00:00.125Z 192.0.2.0/24 udp bl.example a\\032b\\010c.bl.example A "
		"NOERROR -\n");
}
END_TEST

START_TEST(shows_what_is_odd)
{
	static const char many[] = "2222222222222222"
				   "3";
	char line[QUERY_LOG_LINE];
	size_t len;

	make_packets(".", TYPE_A, "", 0);
	check_line("bl.example", false,
		"2026-01-31T12:00:00.125Z 192.0.2.0/24 udp bl.example . A NOERROR -\n");
	make_packets("a.b", 99, many, 0);
	len = query_log_format(&header, "z", false, query, reply, line);
	ck_assert_ptr_null(memmem(line, len, "127.0.0.3", 9)); /* the 17th */
	reply[5] = 2; /* questions: which of them is answered? */
	len = query_log_format(&header, "z", false, query, reply, line);
	ck_assert_mem_eq(line + len - 3, " -\n", 3);
	header.query_ns = -1;
	header.client.addr.family = 9;
	check_line("z", true, "- - udp z a.b TYPE99 NOERROR -\n");
}
END_TEST

/* A reply whose counts lie must not be read beyond its end. */
START_TEST(believes_no_count)
{
	for (size_t len = 0; len <= header.reply_len; len++) {
		uint8_t *copy = malloc(len != 0 ? len : 1);
		struct observation cut = header;
		char line[QUERY_LOG_LINE];

		memcpy(copy, reply, len);
		if (len > 7)
			copy[6] = copy[7] = 0xff;
		cut.reply_len = (uint32_t)len;
		ck_assert_uint_gt(query_log_format(&cut, "z", false, query, copy, line), 40);
		key_mask_message(copy, len);
		free(copy);
	}
}
END_TEST

START_TEST(writes_to_the_file)
{
	struct query_log *l;
	char bytes[8192];
	int pipes[2][2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pipe2(pipes[i], O_NONBLOCK), 0);
	l = query_log_new(pipes[0][1], false);
	query_log_add(l, &header, "a", query, reply);
	ck_assert_int_lt(read(pipes[0][0], bytes, sizeof(bytes)), 0);
	query_log_add(l, &header, "a", query, reply);
	query_log_change(l, pipes[1][1]);
	ck_assert_int_gt(read(pipes[0][0], bytes, sizeof(bytes)), 150);
	query_log_add(l, &header, "a", query, reply);
	query_log_flush(l);
	ck_assert_int_gt(read(pipes[1][0], bytes, sizeof(bytes)), 75);
	query_log_free(l);
	l = query_log_new(open("/dev/full", O_WRONLY), false);
	for (int i = 0; i < 2000; i++)
		query_log_add(l, &header, "a", query, reply);
	query_log_free(l);
	for (int i = 0; i < 2; i++)
		close(pipes[i][0]);
}
END_TEST

START_TEST(observations_cross_a_channel)
{
	struct stats *stats = stats_new(1, 1);
	uint8_t message[sizeof(struct observation) + 2 * OBSERVATION_BYTES_MAX];
	const uint8_t *q, *r;
	struct observing o;
	struct observation got;
	unsigned due = 0, both = 0;
	int workers, observer;
	ssize_t n;

	ck_assert_int_eq(observation_channel(&workers, &observer, NULL), OK);
	observing_init(&o, workers, 3, 5, stats_worker(stats, 0));
	for (int i = 0; i < 30; i++) {
		unsigned what = observing_next(&o);

		due += what != 0;
		both += what == (OBSERVATION_LOG | OBSERVATION_TAP);
	}
	ck_assert_uint_eq(due, 14);
	ck_assert_uint_eq(both, 2);
	observing_send(&o, &header, query, header.query_len, reply, header.reply_len);
	n = recv(observer, message, sizeof(message), 0);
	ck_assert_int_gt(n, 0);
	ck_assert(observation_read(message, (size_t)n, &got, &q, &r));
	ck_assert_mem_eq(q, query, got.query_len);
	ck_assert_mem_eq(r, reply, got.reply_len);
	for (size_t len = 0; len < (size_t)n; len++)
		ck_assert(!observation_read(message, len, &got, &q, &r));
	for (int i = 0; i < 20000; i++)
		observing_send(&o, &header, query, header.query_len, reply, header.reply_len);
	ck_assert_uint_gt(stats_fixture_common(stats).observations_lost, 0);
	ck_assert_uint_eq(stats_fixture_common(stats).observations_lost +
			stats_fixture_common(stats).observed,
		20001);
	observing_init(&o, workers, 0, 0, stats_worker(stats, 0));
	ck_assert_uint_eq(observing_next(&o), 0);
	close(workers);
	close(observer);
	stats_free(stats);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("query_log");
	TCase *t = tcase_create("lines");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, writes_a_line);
	tcase_add_test(t, hides_keys);
	tcase_add_loop_test(t, hides_what_is_nearly_a_key, 0, 14);
	tcase_add_loop_test(t, hides_keys_of_malformed_messages, 0, 8);
	tcase_add_test(t, masks_names_that_do_not_end);
	tcase_add_test(t, names_are_one_field);
	tcase_add_test(t, shows_what_is_odd);
	tcase_add_test(t, believes_no_count);
	tcase_add_test(t, writes_to_the_file);
	tcase_add_test(t, observations_cross_a_channel);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
