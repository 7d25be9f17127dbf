#include "postfix_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(plain)
{
	struct denial d = denial_of(HEAD "554 5.7.1 <a@nine.example>: Relay access denied; "
					 "from=<b@two.example> to=<a@nine.example>" TAIL);

	ck_assert_int_eq(d.kind, DENIAL_RELAY);
	ck_assert_ptr_null(d.client_name.p);
	assert_text(d.helo, "client.example");
	assert_text(d.sender, "b@two.example");
	assert_text(d.recipient, "a@nine.example");
	assert_text(d.reply, "554 5.7.1 <a@nine.example>: Relay access denied");
}
END_TEST

START_TEST(kinds)
{
	static const struct {
		const char *code;
		enum denial_kind kind;
	} rows[] = {{"554 5.7.1", DENIAL_RELAY}, {"454 4.7.1", DENIAL_RELAY_TEMPORARY},
		{"550 5.7.1", DENIAL_RELAY}, {"451 4.7.1", DENIAL_RELAY_TEMPORARY},
		{"554", DENIAL_RELAY}, {"450", DENIAL_RELAY_TEMPORARY}};
	char message[256];

	(void)snprintf(message, sizeof(message),
		HEAD "%s <a@nine.example>: Relay access denied; from=<> to=<a@nine.example>" TAIL,
		rows[_i].code);
	ck_assert_int_eq(denial_of(message).kind, rows[_i].kind);
}
END_TEST

START_TEST(missing_fields)
{
	struct denial d = denial_of(HEAD "554 5.7.1 <a@n.example>: Relay access denied; "
					 "from=<> to=<a@n.example> proto=SMTP");

	ck_assert_ptr_null(d.helo.p);
	ck_assert_ptr_nonnull(d.sender.p);
	ck_assert_uint_eq(d.sender.len, 0);
	d = denial_of(HEAD "554 5.7.1 <a@n.example>: Relay access denied; to=<a@n.example>");
	ck_assert_ptr_null(d.sender.p);
	d = denial_of(HEAD "554 5.7.1 <a@n.example>: Relay access denied; from=<b@t.example>" TAIL);
	assert_text(d.recipient, "a@n.example");
	assert_text(d.sender, "b@t.example");
	d = denial_of(HEAD "554 5.7.1 <a@n.example>: Relay access denied;");
	assert_text(d.recipient, "a@n.example");
	assert_rejection(
		HEAD "554 5.7.1 <a b@n.example>: Relay access denied; from=<b@t.example>" TAIL);
}
END_TEST

START_TEST(queue_ids)
{
	static const char tail[] =
		": reject: RCPT from unknown[198.51.100.7]: 554 5.7.1 <a@n.example>: "
		"Relay access denied; from=<> to=<a@n.example>" TAIL;
	static const char *const good[] = {"NOQUEUE", "4D5E6F", "00ADB3C0899", "4cJ8Xz1mYvzQk2h"};
	static const char *const bad[] = {"", "x", "warning", "NO QUEUE", "4D5E6F/", "-4D5E6F",
		"0123456789012345678901234567890123456789"};
	char message[512];

	for (size_t i = 0; i < ORBL_COUNT(good); i++) {
		(void)snprintf(message, sizeof(message), "%s%s", good[i], tail);
		(void)denial_of(message);
	}
	for (size_t i = 0; i < ORBL_COUNT(bad); i++) {
		if (i == 2) /* seven letters: not told from an id, and harmless */
			continue;
		(void)snprintf(message, sizeof(message), "%s%s", bad[i], tail);
		assert_skipped(message);
	}
}
END_TEST

START_TEST(clients)
{
	static const char tail[] =
		"554 5.7.1 <a@n.example>: Relay access denied; from=<> to=<a@n.example>" TAIL;
	static const struct {
		const char *client, *name, *address; /* address NULL: PARSE_BAD, "": rejection */
	} rows[] = {
		{"unknown[198.51.100.7]: ", NULL, "198.51.100.7"},
		{"h-7.three.example[198.51.100.7]: ", "h-7.three.example", "198.51.100.7"},
		{"unknown[198.51.100.7]:40112: ", NULL, "198.51.100.7"},
		{"unknown[2001:db8:0:0::7]: ", NULL, "2001:db8::7"},
		{"unknown[::ffff:198.51.100.7]: ", NULL, "198.51.100.7"},
		{"unknown[unknown]: ", NULL, NULL},
		{"unknown[999.51.100.7]: ", NULL, NULL},
		{"unknown[198.51.100.07]: ", NULL, NULL},
		{"unknown[]: ", NULL, NULL},
		{"[198.51.100.7]:40112: ", NULL, ""},
		{"unknown[198.51.100.7]", NULL, ""},
		{"unknown[198.51.100.7]:", NULL, ""},
		{"unknown[198.51.100.7]:x: ", NULL, ""},
		{"evil[203.0.113.9][198.51.100.7]: ", NULL, ""},
		{"evil host[198.51.100.7]: ", NULL, ""},
		{"evil>[198.51.100.7]: ", NULL, ""},
		{"evil][198.51.100.7]: ", NULL, ""},
		{"unknown[198.51.100.7 ]: ", NULL, ""},
	};
	char message[512], address[ADDR_TEXT];
	struct denial d;
	enum parse_result result;

	(void)snprintf(message, sizeof(message), "NOQUEUE: reject: RCPT from %s%s", rows[_i].client,
		tail);
	result = parse(message, &d);
	if (rows[_i].address == NULL) {
		ck_assert_int_eq(result, PARSE_BAD);
		ck_assert_ptr_nonnull(state.reason);
	} else if (*rows[_i].address == '\0') {
		ck_assert_int_eq(result, PARSE_REJECTION);
	} else {
		ck_assert_int_eq(result, PARSE_DENIAL);
		ck_assert_str_eq(addr_format(&d.client, address), rows[_i].address);
		assert_text(d.client_name, rows[_i].name);
	}
}
END_TEST

START_TEST(tags)
{
	static const char line[] = HEAD
		"554 5.7.1 <a@n.example>: Relay access denied; from=<> to=<a@n.example>" TAIL;
	static const struct {
		const char *tag;
		bool cut;
		enum parse_result result;
	} rows[] = {
		{"postfix/smtpd", false, PARSE_DENIAL},
		{"postfix/submission/smtpd", false, PARSE_DENIAL},
		{"mail/smtpd", false, PARSE_DENIAL},
		{"postfix", false, PARSE_DENIAL},
		{"postfix", true, PARSE_DENIAL},
		{"postfix-in", true, PARSE_DENIAL},
		{"postfix-in", false, PARSE_SKIP},
		{"mail", true, PARSE_DENIAL},
		{"mail", false, PARSE_SKIP},
		{"postfix/smtp", true, PARSE_SKIP},
		{"postfix/smtp", false, PARSE_SKIP},
		{"php", true, PARSE_SKIP},
		{"", false, PARSE_SKIP},
		{"postfix/postscreen", false, PARSE_REJECTION},
		{"postfix/cleanup", false, PARSE_REJECTION},
	};
	struct denial d;

	ck_assert_int_eq(parse_as(rows[_i].tag, rows[_i].cut, line, &d), rows[_i].result);
}
END_TEST

START_TEST(quoted)
{
	struct denial d = denial_of(
		HEAD "554 5.7.1 <a \"b\\@n.example>: Relay access denied; "
		     "from=<\"c; <d>\\\"\"@t.example> to=<\"a \\\"b\\\\\"@n.example>" TAIL);

	assert_text(d.recipient, "a \"b\\@n.example");
	assert_text(d.sender, "c; <d>\"@t.example");
	d = denial_of(HEAD "554 5.7.1 <x y>: Relay access denied; from=<\"\"> to=<\"x y\">" TAIL);
	assert_text(d.recipient, "x y");
	assert_text(d.sender, "");
}
END_TEST

/* info_log_address_format=internal, or Postfix before 3.5: nothing is quoted. */
START_TEST(internal_form)
{
	struct denial d = denial_of(HEAD "554 5.7.1 <a> b@n.example>: Relay access denied; "
					 "from=<s@t.example> to=<a> b@n.example>" TAIL);

	assert_text(d.recipient, "a> b@n.example");
	d = denial_of(HEAD "554 5.7.1 <\"a@n.example>: Relay access denied; "
			   "from=<s@t.example> to=<\"a@n.example>" TAIL);
	assert_text(d.recipient, "\"a@n.example");
	/* The sender could end there, and be all that follows. */
	assert_rejection(HEAD "554 5.7.1 <a>: b; from=<c@n.example>: Relay access denied; "
			      "from=<s@t.example> to=<a>: b; from=<c@n.example>" TAIL);
}
END_TEST

/* Nothing is quoted, in senders neither. */
START_TEST(internal_sender)
{
	struct denial d = denial_of(HEAD "554 5.7.1 <a@n.example>: Relay access denied; "
					 "from=<s p@t.example> to=<a@n.example>" TAIL);

	assert_text(d.recipient, "a@n.example");
	assert_text(d.sender, "s p@t.example");
	d = denial_of(HEAD "454 4.7.1 <a b@n.example>: Relay access denied; "
			   "from=<s> to=<x y; z@t.example> to=<a b@n.example>" TAIL);
	assert_text(d.recipient, "a b@n.example");
	assert_text(d.sender, "s> to=<x y; z@t.example");
	/* A sender that was refused, and holds the words. */
	assert_rejection(HEAD "554 5.7.1 <r>: Relay access denied; from=<z z@d.example>: Sender "
			      "address rejected: Access denied; from=<r>: Relay access denied; "
			      "from=<z z@d.example> to=<r>" TAIL);
	assert_rejection(HEAD "554 5.7.1 <r>: Relay access denied; z z@d.example>: Sender address "
			      "rejected: Access denied; from=<r>: Relay access denied; "
			      "z z@d.example> to=<r>" TAIL);
	assert_rejection(HEAD "554 5.7.1 <a@n.example>: Relay access denied; "
			      "from=<s p@t.example> to=<b@n.example>" TAIL);
	assert_rejection(HEAD "554 5.7.1 <a@n.example>: Relay access denied; from=<s p>" TAIL);
}
END_TEST

START_TEST(before_queue_ids)
{
	struct denial d = denial_of("reject: RCPT from unknown[198.51.100.7]: 554 <a@n.example>: "
				    "Recipient address rejected: Relay access denied; "
				    "from=<s@t.example> to=<a@n.example>");

	assert_text(d.recipient, "a@n.example");
	assert_text(d.sender, "s@t.example");
}
END_TEST

/* smtputf8_enable = no: what cannot be printed is a blank in the reply, and "?" in the fields. */
START_TEST(unprintable)
{
	struct denial d = denial_of(HEAD "554 5.7.1 <jos  @n.example>: Relay access denied; "
					 "from=<s@t.example> to=<jos??@n.example>" TAIL);

	assert_text(d.recipient, "jos??@n.example");
	d = denial_of(HEAD "554 5.7.1 <a  >: b@n.example>: Relay access denied; "
			   "from=<s@t.example> to=<\"a ?>: b\"@n.example>" TAIL);
	assert_text(d.recipient, "a ?>: b@n.example");
	assert_rejection(HEAD "554 5.7.1 <jos??@n.example>: Relay access denied; "
			      "from=<s@t.example> to=<jos  @n.example>" TAIL);
	assert_rejection(HEAD "554 5.7.1 <jos @n.example>: Relay access denied; "
			      "from=<s@t.example> to=<jos??@n.example>" TAIL);
}
END_TEST

START_TEST(anonymised)
{
	struct denial d = denial_of(HEAD "554 5.7.1 <x@hidden.example>: Relay access denied; "
					 "from=<y@hidden.example> to=<z@other.example>" TAIL);

	assert_text(d.recipient, "z@other.example");
	assert_rejection(HEAD "554 5.7.1 <x@hidden.example>: Relay access denied; "
			      "from=<y@hidden.example> to=<z;@other.example>" TAIL);
	assert_rejection(HEAD "554 5.7.1 <x@hidden.example>: Relay access denied; "
			      "from=<y@hidden.example> to=<\"z z\"@other.example>" TAIL);
}
END_TEST

/* Servers wrote lines like these when clients chose such senders and recipients. */
START_TEST(forged_sender)
{
	assert_rejection(
		HEAD "554 5.7.1 <a>: Relay access denied; from=<b@badhost.example>: Sender "
		     "address rejected: Access denied; from=<\"a>: Relay access denied; "
		     "from=<b\"@badhost.example>"
		     " to=<alice@example.net>" TAIL);
	assert_rejection(
		HEAD "554 5.7.1 <v@n.example>: Relay access denied; from=<b@bad.example>: Sender "
		     "address rejected: Access denied; from=<\"v@n.example>: Relay access denied; "
		     "from=<b\""
		     "@bad.example> to=<v@n.example>" TAIL);
	/* The quote that the sender opens is closed by the one Postfix puts. */
	assert_rejection(
		HEAD "554 5.7.1 <@l@n.example>: Relay access denied; from=<\"b@bad.example>: "
		     "Sender address rejected: Access denied; from=<\"@l@n.example>: Relay access "
		     "denied; "
		     "from=<\\\"b\"@bad.example> to=<\"@l\"@n.example>" TAIL);
	/* A domain that Postfix does not quote. */
	assert_rejection(
		HEAD "554 5.7.1 <v@n.example>: Relay access denied; from=<b@c> to=<v@n.example>: "
		     "Sender address rejected: Access denied; from=<v@n.example>: Relay access "
		     "denied; from=<b@c> "
		     "to=<v@n.example> to=<v@n.example>" TAIL);
}
END_TEST

/* Postfix 3.7 does not quote between "@" and ":". */
START_TEST(unquoted_route)
{
	struct denial d = denial_of(
		HEAD "554 5.7.1 <a@c.example>: Relay access denied; from=<@x> RCPT from "
		     "u[192.0.2.1]:\" y>\"@t.example> to=<a@c.example>" TAIL);

	assert_text(d.sender, "@x> RCPT from u[192.0.2.1]: y>@t.example");
	d = denial_of(
		HEAD "554 5.7.1 <@x> y: z@c.example>: Relay access denied; from=<s@t.example> "
		     "to=<@x> y:\" z\"@c.example>" TAIL);
	assert_text(d.recipient, "@x> y: z@c.example");
	assert_rejection(HEAD
		"554 5.7.1 <v@n.example>: Relay access denied; from=<@b:c@bad.example>: Sender "
		"address rejected: Access denied; from=<\"v@n.example>: Relay access denied; "
		"from=<@b:c\"@bad.example> to=<v@n.example>" TAIL);
}
END_TEST

START_TEST(forged_recipient)
{
	struct denial d = denial_of(HEAD
		"554 5.7.1 <a>: Recipient address rejected: User unknown; "
		"from=<b@c.example> to=<d@nine.example>: Relay access denied; from=<s@t.example> "
		"to=<\"a>: Recipient address rejected: User unknown; from=<b@c.example> "
		"to=<d\"@nine.example>" TAIL);

	assert_text(d.recipient,
		"a>: Recipient address rejected: User unknown; from=<b@c.example> "
		"to=<d@nine.example");
	assert_text(d.sender, "s@t.example");
	assert_rejection(
		HEAD "554 5.7.1 <a>: Relay access denied; from=<b@n.example>: Recipient address "
		     "rejected: Access denied; from=<s@t.example> to=<\"a>: Relay access denied; "
		     "from=<b\""
		     "@n.example>" TAIL);
	d = denial_of(
		HEAD "554 5.7.1 <a>: Relay access denied; from=<b@n.example>: Relay access denied; "
		     "from=<s@t.example> to=<\"a>: Relay access denied; from=<b\"@n.example>" TAIL);
	assert_text(d.recipient, "a>: Relay access denied; from=<b@n.example");
}
END_TEST

START_TEST(check_relay_domains)
{
	struct denial d = denial_of(HEAD "554 5.7.1 <a@n.example>: Recipient address rejected: "
					 "Relay access denied;" FROM_TO);

	assert_text(d.recipient, "a@n.example");
	assert_text(d.reply,
		"554 5.7.1 <a@n.example>: Recipient address rejected: Relay access denied");
	assert_rejection(HEAD "554 5.7.1 <a@n.example>: Sender address rejected: Relay access "
			      "denied;" FROM_TO);
	assert_rejection(HEAD
		"554 5.7.1 <a>: Recipient address rejected: Relay access denied; "
		"from=<b@badhost.example>: Sender address rejected: Access denied; from=<\"a>: "
		"Recipient address rejected: Relay access denied; from=<b\"@badhost.example> "
		"to=<v@n.example>" TAIL);
}
END_TEST

/* A message whose reply is cut at 510 bytes; local is how long the recipient's local part is. */
static enum parse_result
parse_cut(const char *code, size_t local, const char *text, struct denial *d)
{
	static char message[4096];
	char recipient[1024], reply[2048];

	memset(recipient, 'x', local);
	(void)snprintf(recipient + local, sizeof(recipient) - local, "@n.example");
	(void)snprintf(reply, sizeof(reply), "%s <%s>: %s", code, recipient, text);
	(void)snprintf(message, sizeof(message), HEAD "%.510s; from=<s@t.example> to=<%s>" TAIL,
		reply, recipient);
	return parse(message, d);
}

START_TEST(cut_reply)
{
	static const char words[] = "Relay access denied";
	struct denial d;

	for (size_t local = 460; local < 900; local++) {
		ck_assert_int_eq(parse_cut("554 5.7.1", local, words, &d), PARSE_DENIAL);
		ck_assert_int_eq(d.kind, local > 467 ? DENIAL_RELAY_PROBABLE : DENIAL_RELAY);
		ck_assert_uint_eq(d.recipient.len, local + 10);
		ck_assert_uint_le(d.reply.len, 510);
	}
	ck_assert_int_eq(parse_cut("454 4.7.1", 600, words, &d), PARSE_DENIAL);
	ck_assert_int_eq(d.kind, DENIAL_RELAY_PROBABLE);
	ck_assert_int_eq(parse_cut("550 5.7.1", 600, words, &d), PARSE_REJECTION);
	ck_assert_int_eq(parse_cut("550 5.1.1", 600, words, &d), PARSE_REJECTION);
	ck_assert_int_eq(parse_cut("554 5.7.1", 470, "Sender address rejected", &d),
		PARSE_REJECTION);
	ck_assert_int_eq(parse_cut("554 5.7.1", 100, "Relay", &d), PARSE_REJECTION);
}
END_TEST

START_TEST(long_reply)
{
	static char message[4096];
	char recipient[1024];
	struct denial d;

	for (size_t local = 460; local < 900; local += 10) {
		memset(recipient, 'x', local);
		(void)snprintf(recipient + local, sizeof(recipient) - local, " y@n.example");
		(void)snprintf(message, sizeof(message),
			HEAD "554 5.7.1 <%s>: Relay access denied; from=<s@t.example> "
			     "to=<\"%.*s\"@n.example>" TAIL,
			recipient, (int)local + 2, recipient);
		d = denial_of(message);
		ck_assert_int_eq(d.kind, DENIAL_RELAY);
		assert_text(d.recipient, recipient);
	}
}
END_TEST

/* The whole message is cut at 2000 bytes: in to=<>, proto= or helo=<>. */
START_TEST(cut_message)
{
	static const struct {
		const char *before, *after, *logged_before, *logged_after;
	} rows[] = {{"", "", "", ""}, {"a ", "\"", "\"a ", "\\\"\""}};
	static char message[8192];
	char filler[1024], logged[1100], recipient[1100];
	struct denial d;

	for (int n = 900; n < 1000; n++) {
		(void)snprintf(filler, sizeof(filler), "%0*d", n, 0);
		(void)snprintf(recipient, sizeof(recipient), "%s%s%s@n.example", rows[_i].before,
			filler, rows[_i].after);
		(void)snprintf(logged, sizeof(logged), "%s%s%s@n.example", rows[_i].logged_before,
			filler, rows[_i].logged_after);
		(void)snprintf(message, sizeof(message),
			HEAD "554 5.7.1 <%s>: Relay access denied; from=<s@t.example> to=<%s> "
			     "proto=ESMTP helo=<%0200d>",
			recipient, logged, 0);
		message[2000] = '\0';
		d = denial_of(message);
		assert_text(d.recipient, recipient);
		assert_text(d.sender, "s@t.example");
	}
	message[200] = 'x'; /* the two recipients differ */
	assert_rejection(message);
	message[200] = '0';
	message[1999] = '\0'; /* no cut */
	assert_rejection(message);
}
END_TEST

/* Where a reply is cut, it is at 510 bytes. */
START_TEST(cut_elsewhere)
{
	static const struct {
		int length;
		enum parse_result result;
	} rows[] = {{509, PARSE_REJECTION}, {510, PARSE_DENIAL}, {511, PARSE_REJECTION}};
	char recipient[1024], reply[2048], message[4096];
	struct denial d;

	memset(recipient, 'x', 600);
	(void)snprintf(recipient + 600, sizeof(recipient) - 600, "@n.example");
	(void)snprintf(reply, sizeof(reply), "554 5.7.1 <%s", recipient);
	(void)snprintf(message, sizeof(message), HEAD "%.*s; from=<s@t.example> to=<%s>" TAIL,
		rows[_i].length, reply, recipient);
	ck_assert_int_eq(parse(message, &d), rows[_i].result);
	/* Another byte in the place of ";". */
	(void)snprintf(message, sizeof(message), HEAD "%.510s, from=<s@t.example> to=<%s>" TAIL,
		reply, recipient);
	ck_assert_int_eq(parse(message, &d), PARSE_REJECTION);
}
END_TEST

START_TEST(address_too_long)
{
	size_t size = 3 * PARSE_SCRATCH_SIZE;
	char *message = malloc(size), *sender = malloc(size);
	struct denial d;

	ck_assert_ptr_nonnull(message);
	ck_assert_ptr_nonnull(sender);
	memset(sender, 'y', PARSE_SCRATCH_SIZE);
	sender[PARSE_SCRATCH_SIZE] = '\0';
	(void)snprintf(message, size,
		HEAD "554 5.7.1 <a@n.example>: Relay access denied; "
		     "from=<\"%s\"@t.example> to=<a@n.example>" TAIL,
		sender);
	ck_assert_int_eq(parse(message, &d), PARSE_BAD);
	ck_assert_ptr_nonnull(state.reason);
	free(sender);
	free(message);
}
END_TEST

START_TEST(kind_names)
{
	ck_assert_str_eq(denial_kind_name(DENIAL_RELAY), "relay-denied");
	ck_assert_str_eq(denial_kind_name(DENIAL_RELAY_TEMPORARY), "relay-denied-temporary");
	ck_assert_str_eq(denial_kind_name(DENIAL_RELAY_PROBABLE), "relay-denied-probable");
	ck_assert_str_eq(denial_kind_name(DENIAL_KIND_COUNT), "unknown");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("postfix");
	TCase *lines = tcase_create("lines"), *forged = tcase_create("forged");

	tcase_add_test(lines, plain);
	tcase_add_loop_test(lines, kinds, 0, 6);
	tcase_add_test(lines, missing_fields);
	tcase_add_test(lines, queue_ids);
	tcase_add_loop_test(lines, clients, 0, 18);
	tcase_add_loop_test(lines, tags, 0, 15);
	tcase_add_test(lines, quoted);
	tcase_add_test(lines, internal_form);
	tcase_add_test(lines, internal_sender);
	tcase_add_test(lines, before_queue_ids);
	tcase_add_test(lines, unprintable);
	tcase_add_test(lines, anonymised);
	tcase_add_test(lines, cut_reply);
	tcase_add_test(lines, long_reply);
	tcase_add_loop_test(lines, cut_message, 0, 2);
	tcase_add_loop_test(lines, cut_elsewhere, 0, 3);
	tcase_add_test(lines, address_too_long);
	tcase_add_test(lines, kind_names);
	suite_add_tcase(s, lines);
	tcase_add_test(forged, forged_sender);
	tcase_add_test(forged, unquoted_route);
	tcase_add_test(forged, forged_recipient);
	tcase_add_test(forged, check_relay_domains);
	suite_add_tcase(s, forged);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
