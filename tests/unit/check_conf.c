#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/conf.h>

#include "scratch.h"
#include "unit.h"

static const char file[] = "c";

static enum err
load(const char *text, struct conf **c, struct error *e)
{
	*e = (struct error){.code = OK};
	scratch_write(file, text, strlen(text));
	return conf_load(file, c, e);
}

static struct conf *
load_good(const char *text)
{
	struct conf *c;
	struct error e;
	enum err err = load(text, &c, &e);

	ck_assert_msg(err == OK, "%s gives: %s", text, e.text);
	return c;
}

static void
print_to(const struct conf *c, const char *name)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	conf_print(c, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void
assert_list(const struct conf_list *list, size_t count, const char *const *wanted)
{
	ck_assert_uint_eq(list->count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(list->items[i], wanted[i]);
}

/* --- values ------------------------------------------------------------- */

START_TEST(defaults)
{
	static const char *const listen[] = {"127.0.0.1@53", "::1@53"};
	struct conf *c;

	ck_assert_int_eq(conf_load(NULL, &c, NULL), OK);
	ck_assert_str_eq(c->log_level, "notice");
	ck_assert_int_eq(c->control_mode, 0660);
	ck_assert_int_eq(c->zone.ttl_s, 300);
	ck_assert_int_eq(c->zone.expire_s, 172800);
	ck_assert_int_eq(c->probe.interval_s, 86400); /* RFC 6471 section 3.6 */
	ck_assert_int_eq(c->score.min_reporters, 2);
	ck_assert_str_eq(c->probe.source, "");
	ck_assert_str_eq(c->dnsd.version, "orbl-dnsd");
	ck_assert_int_eq(c->rbldnsd.ttl_s, 2100);
	assert_list(&c->dnsd.listen, 2, listen);
	assert_list(&c->dnsd.zones, 0, NULL);
	ck_assert_uint_eq(c->reporter_count, 0);
	ck_assert_ptr_null(conf_reporter(c, "anyone"));
	conf_free(c);
	conf_free(NULL);
}
END_TEST

START_TEST(empty_file_is_the_defaults)
{
	struct conf *c;

	ck_assert_int_eq(conf_load(NULL, &c, NULL), OK);
	print_to(c, "defaults");
	conf_free(c);
	c = load_good("");
	print_to(c, "empty");
	conf_free(c);
	c = load_good("# nothing\n\n/* at\nall */ // here");
	print_to(c, "comments");
	conf_free(c);
	ck_assert_int_eq(system("cmp -s defaults empty && cmp -s defaults comments"), 0);
}
END_TEST

START_TEST(each_kind_of_value)
{
	static const char *const ns[] = {"a.example", "b.example."},
				 *const zones[] = {"dnsbl.example=rbldnsd:ip4set:/x y",
					 "=rbldnsd:acl:/a,/b"},
				 *const allow[] = {"10.0.0.0/8", "::1"};
	struct conf *c = load_good(
		"zone.name = 'Dnsbl.example'\r\n"
		"zone.ns = {\"a.example\",\n\t b.example.}\n"
		"zone.contact = \"john\\\\.doe.example.org.\"\n"
		"zone.url = https://dnsbl.example/#$\n/**/\n"
		"zone.ttl = 1h\nzone.retry = 90s zone.refresh = 1w\nzone.negative_ttl=45\n"
		"dnsd.zones = {\"dnsbl.example=rbldnsd:ip4set:/x y\", "
		"\"=rbldnsd:acl:/a,/b\"}\n"
		"dnsd.version = \"\"\ndnsd.identity = 'ns 1'\nrbldnsd.host_bits = yes\n"
		"dnsd.workers = 64\ncontrol.mode = \"600\"\n"
		"probe.source = \"2001:db8::1\"\nprobe.allow = {10.0.0.0/8, \"::1\"}\n"
		"collector.listen = [::1]:25\n"
		"log.level = debug\nlog.level = error\n");

	ck_assert_str_eq(c->zone.name, "Dnsbl.example");
	assert_list(&c->zone.ns, 2, ns);
	ck_assert_str_eq(c->zone.contact, "john\\.doe.example.org.");
	ck_assert_str_eq(c->zone.url, "https://dnsbl.example/");
	ck_assert_int_eq(c->zone.ttl_s, 3600);
	ck_assert_int_eq(c->zone.retry_s, 90);
	ck_assert_int_eq(c->zone.refresh_s, 604800);
	ck_assert_int_eq(c->zone.negative_ttl_s, 45);
	assert_list(&c->dnsd.zones, 2, zones);
	ck_assert_str_eq(c->dnsd.version, "");
	ck_assert_str_eq(c->dnsd.identity, "ns 1");
	ck_assert_int_eq(c->rbldnsd.host_bits, 1);
	ck_assert_int_eq(c->dnsd.workers, 64);
	ck_assert_int_eq(c->control_mode, 0600);
	ck_assert_str_eq(c->probe.source, "2001:db8::1");
	assert_list(&c->probe.allow, 2, allow);
	ck_assert_str_eq(c->collector.listen, "[::1]:25");
	ck_assert_str_eq(c->log_level, "error"); /* the last one counts */
	conf_free(c);
}
END_TEST

START_TEST(lists)
{
	static const char *const added[] = {"127.0.0.1@53", "::1@53", "127.0.0.2@53"},
				 *const second[] = {"b.example"};
	struct conf *c = load_good("dnsd.listen += {127.0.0.2@53}\nzone.ns = {}\n");

	assert_list(&c->dnsd.listen, 3, added); /* += adds to the default */
	assert_list(&c->zone.ns, 0, NULL);
	conf_free(c);
	c = load_good("zone.ns = {a.example}\nzone.ns = {b.example}\n");
	assert_list(&c->zone.ns, 1, second);
	conf_free(c);
	c = load_good("zone.ns = b.example");
	assert_list(&c->zone.ns, 1, second);
	conf_free(c);
}
END_TEST

START_TEST(quoting)
{
	struct conf *c = load_good("zone.url = \"a # b // c /* d \\\" \\\\ \\${HOME} $\" # e\n"
				   "probe.url = 'x \\' ${HOME} \\n'\n"
				   "store.path = \"/tmp/\xc3\xa4 {}=,\"\n");

	ck_assert_str_eq(c->zone.url, "a # b // c /* d \" \\ ${HOME} $");
	ck_assert_str_eq(c->probe.url, "x ' ${HOME} \\n");
	ck_assert_str_eq(c->store_path, "/tmp/\xc3\xa4 {}=,");
	conf_free(c);
}
END_TEST

START_TEST(slashes_in_words)
{
	struct conf *c = load_good("zone.url = https://a/b//c // comment\n"
				   "probe.url =//comment\n http://d/\n"
				   "store.path=/e/ /*f\n*/ //g/\n");

	ck_assert_str_eq(c->zone.url, "https://a/b//c");
	ck_assert_str_eq(c->probe.url, "http://d/");
	ck_assert_str_eq(c->store_path, "/e/");
	conf_free(c);
}
END_TEST

/* --- errors: FILE:LINE, reason, remedy ---------------------------------- */

static const struct {
	const char *text;
	const char *wanted; /* start of the message */
} bad[] = {
	{"zone.ttl = 0\n", "c:1: zone.ttl: \"0\" is out of bounds; use 1s to 7d (duration)"},
	{"\n\nzone.ttl = 8d\n", "c:3: zone.ttl: \"8d\" is out of bounds; use 1s to 7d"},
	{"zone.ttl = -5\n",
		"c:1: zone.ttl: \"-5\" is not a duration such as 90s, 15m, 24h or 7d; "
		"write a value from 1s to 7d"},
	{"zone.ttl = 5y\n", "c:1: zone.ttl: \"5y\" is not a duration"},
	{"zone.ttl = s\n", "c:1: zone.ttl: \"s\" is not a duration"},
	{"zone.ttl = \"\"\n", "c:1: zone.ttl: \"\" is not a duration"},
	{"zone.ttl = 5mm\n", "c:1: zone.ttl: \"5mm\" is not a duration"},
	{"zone.ttl = 99999999999999999999w\n", "c:1: zone.ttl: \"99999999999999999999w\" is out"},
	{"zone.ttl = 9223372036854775807w\n", "c:1: zone.ttl: \"9223372036854775807w\" is out"},
	{"dnsd.workers = 65\n",
		"c:1: dnsd.workers: \"65\" is out of bounds; use 0 to 64 "
		"(threads)"},
	{"dnsd.workers = 1h\n", "c:1: dnsd.workers: \"1h\" is not a number; write a value from 0"},
	{"dnsd.workers = 1.5\n", "c:1: dnsd.workers: \"1.5\" is not a number"},
	{"control.mode = 0888\n",
		"c:1: control.mode: \"0888\" is not a permission in octal; "
		"write a value from 0000 to 0777"},
	{"control.mode = 4755\n", "c:1: control.mode: \"4755\" is out of bounds; use 0000 to 0777"},
	{"control.mode = rw\n", "c:1: control.mode: \"rw\" is not a permission in octal"},
	{"log.level = loud\n", "c:1: log.level: \"loud\" is not a level; use error, warning"},
	{"log.level = Error\n", "c:1: log.level: \"Error\" is not a level"},
	{"dnsd.listen = {\"127.0.0.1@53\",\n\"127.0.0.1\"}\n",
		"c:2: dnsd.listen: \"127.0.0.1\" is "
		"not ADDR@PORT; write for example \"127.0.0.1@5300\""},
	{"dnsd.listen = {localhost@53}\n", "c:1: dnsd.listen: \"localhost@53\" is not ADDR@PORT"},
	{"dnsd.listen += {x}\n", "c:1: dnsd.listen: \"x\" is not ADDR@PORT"},
	{"collector.listen = \"\"\n", "c:1: collector.listen: \"\" is not ADDR@PORT"},
	{"probe.source = 1.2.3\n", "c:1: probe.source: \"1.2.3\" is not an IP address"},
	{"probe.allow = {10.0.0.0/8, 10.1.0.0/8}\n",
		"c:1: probe.allow: \"10.1.0.0/8\" has bits "
		"set behind its length; clear them or give a longer one"},
	{"probe.opt_out = {10}\n", "c:1: probe.opt_out: \"10\" is not a prefix; write for example"},
	{"zone.name = \"\"\n", "c:1: zone.name: \"\" is not a domain name; write for example"},
	{"zone.name = a..b\n", "c:1: zone.name: \"a..b\" is not a domain name"},
	{"zone.name = .\n", "c:1: zone.name: \".\" is not a domain name"},
	{"zone.name = .a\n", "c:1: zone.name: \".a\" is not a domain name"},
	{"zone.name = \"a b\"\n", "c:1: zone.name: \"a b\" is not a domain name"},
	{"zone.name = \"a\\\\.b\"\n", "c:1: zone.name: \"a\\.b\" is not a domain name"},
	{"zone.ns = {a.example, -/-}\n", "c:1: zone.ns: \"-/-\" is not a domain name"},
	{"zone.contact = me@example.org\n",
		"c:1: zone.contact: \"me@example.org\" is not a "
		"mailbox in SOA form; write a dot for the @, for example "
		"\"hostmaster.example.org\""},
	{"dnsd.zones = {a.example}\n", "c:1: dnsd.zones: \"a.example\" is not NAME=SOURCE; write"},
	{"dnsd.zones = {\"=snapshot:x\"}\n", "c:1: dnsd.zones: \"=snapshot:x\" is not NAME=SOURCE"},
	{"dnsd.zones = {\"a=\"}\n", "c:1: dnsd.zones: \"a=\" is not NAME=SOURCE"},
	{"dnsd.zones = {\"=rbldnsd:ip4set:x\"}\n", "c:1: dnsd.zones: \"=rbldnsd:ip4set:x\" is"},
	{"rbldnsd.host_bits = 1\n", "c:1: rbldnsd.host_bits: \"1\" is neither yes nor no"},
	{"rbldnsd.acl_list_all = \"\"\n", "c:1: rbldnsd.acl_list_all: \"\" is neither yes nor no"},
	{"store.path = \"\"\n", "c:1: store.path: is empty; write a value or remove the line"},
	{"probe.user = ''\n", "c:1: probe.user: is empty"},
	{"probe.cases = {\"\"}\n", "c:1: probe.cases: is empty"},
	/* Names. */
	{"zone.tll = 5\n", "c:1: there is no option \"zone.tll\" here; did you mean \"zone.ttl\"?"},
	{"\nprobe.half_life=7d",
		"c:2: there is no option \"probe.half_life\" here; "
		"did you mean \"score.half_life\"?"},
	{"min_reporters = 3\n",
		"c:1: there is no option \"min_reporters\" here; "
		"did you mean \"score.min_reporters\"?"},
	{"qwertyuiop = 5\n",
		"c:1: there is no option \"qwertyuiop\" here; "
		"orbl.conf(5) and -T name them all"},
	{"Zone.TTL = 5\n", "c:1: there is no option \"Zone.TTL\" here"},
	{"trust = 5\n", "c:1: there is no option \"trust\" here"},
	{"include(\"/etc/passwd\")\n", "c:1: a value with ( must be in quotes"},
	/* Syntax. */
	{"zone.ttl 5\n", "c:1: "},
	{"zone.ttl\n", "c:"},
	{"zone.ttl =", "c:1: "},
	{"zone.name = {\"a\"}\n", "c:1: unexpected token '{'; write NAME = \"VALUE\""},
	{"= 5\n", "c:1: "},
	{"zone.ttl = 5 6\n", "c:"},
	{"zone.name = \"a\nzone.ttl = 5\n",
		"c:1: a string is not closed on its line; add the "
		"missing \""},
	{"\nzone.name = 'a", "c:2: a string is not closed on its line; add the missing '"},
	{"zone.name = \"a\\", "c:1: only \\\", \\\\ and \\$ may follow a backslash"},
	{"zone.name = \"a\\n\"",
		"c:1: only \\\", \\\\ and \\$ may follow a backslash; "
		"write \\\\ for a backslash itself"},
	{"zone.url = \"\x1b[2J\"\n", "c:1: a string has a control character; remove it"},
	{"\x01zone.ttl = 5\n", "c:1: there is a control character (byte 1); the file must be text"},
	{"zone.ttl = 5\rlog.level = debug\n", "c:1: there is a control character (byte 13)"},
	{"zone.url = \"${HOME}\"\n", "c:1: variables are not replaced; write \\${"},
	{"zone.url = ${HOME}\n", "c:1: a value with $ must be in quotes"},
	{"store.path = /e/*f*/\n", "c:1: a value with * must be in quotes"},
	{"zone.ttl = 5*\n", "c:1: a value with * must be in quotes"},
	{"dnsd.workers = +5\n", "c:1: a value with + must be in quotes"},
	{"\n/* one\ntwo\n", "c:2: a comment is not closed; add the missing */"},
	{"/*/\n", "c:1: a comment is not closed"},
	{"zone.ns = {a.example\n\n", "c:1: a { is not closed; add the missing }"},
	{"\n}\n", "c:2: a } closes nothing; remove it"},
	/* Reporters. */
	{"reporter {\n}\n", "c:1: missing title for section 'reporter'"},
	{"\nreporter \"\" {\n}\n", "c:3: the name of the reporter section that ends here must be"},
	{"reporter \"a\xff\" {}\n", "c:1: the name of the reporter section that ends here must be"},
	{"reporter a {\n\ntrust = 101\n}\n",
		"c:3: trust: \"101\" is out of bounds; use 0 to 100 "
		"(percent)"},
	{"reporter a {\ntrst = 10\n}\n",
		"c:2: there is no option \"trst\" here; "
		"did you mean \"trust\"?"},
	{"reporter a {\nzone.ttl = 10\n}\n", "c:2: there is no option \"zone.ttl\" here"},
	{"reporter a {\n}\n\nreporter 'a' {\n}\n", "c:4: found duplicate title 'a'"},
	{"reporter a {\ntrust = 5\n", "c:1: a { is not closed; add the missing }"},
	{"reporter a b {\n}\n", "c:1: "},
};

START_TEST(bad_values)
{
	struct conf *c = (struct conf *)(void *)file;
	struct error e;

	ck_assert_int_eq(load(bad[_i].text, &c, &e), ERR_SYNTAX);
	ck_assert_ptr_null(c);
	ck_assert_msg(strncmp(e.text, bad[_i].wanted, strlen(bad[_i].wanted)) == 0,
		"\n%s\ngave   %s\nwanted %s", bad[_i].text, e.text, bad[_i].wanted);
	/* Nothing of it stays behind: libconfuse's lexer is one for the whole process. */
	conf_free(load_good("zone.name = after.example\n"));
}
END_TEST

START_TEST(comments_keep_lines)
{
	static const char *const comments[] = {"# one\n# two\n", "/* one\ntwo */\n",
		"// \"one\n// 'two\n", "#\n\n", "/**/\n/***/\n", "\n/*\n*/",
		"zone.ttl = 5 # \"\n\n", "\r\n# two\r\n"};
	struct conf *c;
	struct error e;
	char text[256];

	for (size_t i = 0; i < ORBL_COUNT(comments); i++) {
		snprintf(text, sizeof(text), "%sdnsd.workers = 99\n", comments[i]);
		ck_assert_int_eq(load(text, &c, &e), ERR_SYNTAX);
		ck_assert_msg(strncmp(e.text, "c:3: dnsd.workers: ", 19) == 0, "%s: %s", text,
			e.text);
	}
}
END_TEST

START_TEST(first_error_is_told)
{
	struct conf *c;
	struct error e;

	ck_assert_int_eq(load("zone.ttl = 0\ndnsd.workers = 99\n", &c, &e), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(e.text, "c:1: zone.ttl"));
	ck_assert_int_eq(conf_load(file, &c, NULL), ERR_SYNTAX); /* nobody wants to know */
}
END_TEST

START_TEST(limits)
{
	static char text[8000];
	struct conf *c;
	struct error e;
	size_t at = 0;

	snprintf(text, sizeof(text), "zone.url = \"%01024d\"\n", 7);
	conf_free(load_good(text));
	snprintf(text, sizeof(text), "zone.url = \"%01025d\"\n", 7);
	ck_assert_int_eq(load(text, &c, &e), ERR_SYNTAX);
	ck_assert_str_eq(e.text,
		"c:1: zone.url: the value is longer than 1024 bytes; "
		"use a shorter one");
	snprintf(text, sizeof(text), "dnsd.identity = \"%0255d\"\n", 7);
	conf_free(load_good(text));
	snprintf(text, sizeof(text), "dnsd.identity = \"%0256d\"\n", 7);
	ck_assert_int_eq(load(text, &c, &e), ERR_SYNTAX);
	snprintf(text, sizeof(text), "dnsd.zones = {\"a.test=rbldnsd:ip4set:%04329d\"}\n", 7);
	conf_free(load_good(text));
	snprintf(text, sizeof(text), "dnsd.zones = {\"a.test=rbldnsd:ip4set:%04333d\"}\n", 7);
	ck_assert_int_eq(load(text, &c, &e), ERR_SYNTAX);
	/* The remedy is told although the wrong value is long. */
	snprintf(text, sizeof(text), "probe.source = \"%01000d\"\n", 7);
	ck_assert_int_eq(load(text, &c, &e), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(e.text, "write for example \"192.0.2.1\""));
	snprintf(text, sizeof(text), "reporter \"%065d\" {}\n", 7);
	ck_assert_int_eq(load(text, &c, &e), ERR_SYNTAX);
	snprintf(text, sizeof(text), "reporter \"%064d\" {}\n", 7);
	conf_free(load_good(text));
	for (int label = 0; label < 4; label++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%0*d",
			label == 0 ? "zone.name = " : ".", label < 3 ? 63 : 61, 7);
	conf_free(load_good(text)); /* 253 */
	text[at] = '7';
	text[at + 1] = '\0';
	ck_assert_int_eq(load(text, &c, &e), ERR_SYNTAX);
	snprintf(text, sizeof(text), "zone.name = %064d", 7);
	ck_assert_int_eq(load(text, &c, &e), ERR_SYNTAX);
}
END_TEST

static char *
long_list(size_t count)
{
	static const char item[] = "10.0.0.0/8,";
	char *text = malloc(32 + count * sizeof(item)), *at = text;

	ck_assert_ptr_nonnull(text);
	memcpy(at, "probe.opt_out = {", 17);
	at += 17;
	for (size_t i = 0; i < count; i++, at += sizeof(item) - 1)
		memcpy(at, item, sizeof(item) - 1);
	memcpy(at - 1, "}", 2);
	return text;
}

START_TEST(list_limit)
{
	char *text = long_list(4096);
	struct conf *c = load_good(text);
	struct error e;

	ck_assert_uint_eq(c->probe.opt_out.count, 4096);
	conf_free(c);
	free(text);
	text = long_list(4097);
	ck_assert_int_eq(load(text, &c, &e), ERR_SYNTAX);
	ck_assert_str_eq(e.text, "c:1: probe.opt_out: has more than 4096 items; remove some");
	free(text);
}
END_TEST

START_TEST(no_file)
{
	static char big[(1 << 20) + 1];
	struct conf *c = (struct conf *)(void *)file;
	struct error e;

	ck_assert_int_eq(conf_load("missing", &c, &e), ERR_IO);
	ck_assert_str_eq(e.text, "missing: cannot open: No such file or directory");
	ck_assert_ptr_null(c);
	ck_assert_int_eq(conf_load(".", &c, &e), ERR_IO);
	ck_assert_str_eq(e.text, ".: is a directory, not a regular file");
	scratch_write(file, "zone.ttl = 5\n\0zone.ttl = 6\n", 27);
	ck_assert_int_eq(conf_load(file, &c, &e), ERR_SYNTAX);
	ck_assert_str_eq(e.text, "c: has a NUL byte; it must be text");
	memset(big, '\n', sizeof(big));
	scratch_write(file, big, sizeof(big));
	ck_assert_int_eq(conf_load(file, &c, &e), ERR_FULL);
	scratch_write(file, big, sizeof(big) - 1);
	ck_assert_int_eq(conf_load(file, &c, &e), OK);
	conf_free(c);
}
END_TEST

START_TEST(own_list_limit)
{
	char text[1024] = "zone.ns = {n.test";
	struct conf *c;
	struct error e;
	size_t at = strlen(text);

	for (int i = 1; i < 32; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, ", n%d.test", i);
	text[at] = '}';
	c = load_good(text);
	ck_assert_uint_eq(c->zone.ns.count, 32);
	conf_free(c);
	snprintf(text + at, sizeof(text) - at, ", x}");
	ck_assert_int_eq(load(text, &c, &e), ERR_SYNTAX);
	ck_assert_str_eq(e.text, "c:1: zone.ns: has more than 32 items; remove some");
}
END_TEST

/* --- reporters, printing, paths ----------------------------------------- */

static const char full[] =
	"reporter \"mail one\" {\n\trelay_policy = \"/etc/orbl/one \\\"x\\\".conf\"\n"
	"\ttrust = 50\n}\n"
	"reporter two {}\n"
	"zone.url = \"a \\\\ \\\" \\${X} # $\"\nzone.ttl = 90\nzone.refresh = 36h\n"
	"dnsd.control_socket = \"\"\ncontrol.mode = 7\nprobe.interval = 0\nzone.contact = "
	"'a\\.b.example'\n"
	"dnsd.zones = {\"a.example=snapshot:/x y\", \"b.example=rbldnsd:ip4set:z\"}\nzone.ns = {}\n"
	"probe.allow = {10.0.0.0/8, 2001:db8::/32}\nprobe.cases = {P01-plain}\n"
	"dnsd.version = ''\nrbldnsd.acl_list_all = yes\nrbldnsd.ttl_max = 1h\n";

START_TEST(reporters)
{
	struct conf *c = load_good(full);
	const struct conf_reporter *r = conf_reporter(c, "mail one");

	ck_assert_uint_eq(c->reporter_count, 2);
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(r->relay_policy, "/etc/orbl/one \"x\".conf");
	ck_assert_int_eq(r->trust, 50);
	r = conf_reporter(c, "two");
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(r->relay_policy, "");
	ck_assert_int_eq(r->trust, 100);
	ck_assert_ptr_eq(conf_reporter(c, "TWO"), r);
	ck_assert_ptr_eq(conf_reporter(c, " Two "), r);
	ck_assert_ptr_null(conf_reporter(c, "two."));
	ck_assert_ptr_null(conf_reporter(c, ""));
	conf_free(c);
}
END_TEST

START_TEST(print_parses_back)
{
	struct conf *c = load_good(full), *back;
	struct error e = {.text = ""};

	print_to(c, "first");
	ck_assert_msg(conf_load("first", &back, &e) == OK, "%s", e.text);
	print_to(back, "second");
	ck_assert_int_eq(system("cmp first second"), 0);
	ck_assert_str_eq(back->zone.url, "a \\ \" ${X} # $");
	ck_assert_int_eq(back->zone.ttl_s, 90);
	ck_assert_int_eq(back->zone.refresh_s, 129600);
	ck_assert_int_eq(back->control_mode, 7);
	ck_assert_str_eq(back->dnsd.control_socket, "");
	ck_assert_int_eq(back->probe.interval_s, 0);
	ck_assert_str_eq(back->dnsd.version, "");
	ck_assert_int_eq(back->rbldnsd.acl_list_all, 1);
	ck_assert_str_eq(back->zone.contact, "a\\.b.example");
	ck_assert_uint_eq(back->zone.ns.count, 0);
	ck_assert_uint_eq(back->dnsd.zones.count, 2);
	ck_assert_str_eq(back->reporters[0].relay_policy, "/etc/orbl/one \"x\".conf");
	conf_free(c);
	conf_free(back);
}
END_TEST

START_TEST(print_names_every_option)
{
	struct conf *c = load_good("reporter r {}\n");
	char *text = NULL, wanted[80];
	size_t size = 0, i;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	conf_print(c, f);
	ck_assert_int_eq(fclose(f), 0);
	for (i = 0; conf_option_name(i) != NULL; i++) {
		snprintf(wanted, sizeof(wanted), "%s = ", conf_option_name(i));
		ck_assert_msg(strstr(text, wanted) != NULL, "%s", wanted);
	}
	ck_assert_uint_gt(i, 40);
	ck_assert_ptr_null(conf_option_name(i));
	ck_assert_ptr_null(conf_option_name(SIZE_MAX));
	free(text);
	conf_free(c);
}
END_TEST

START_TEST(version)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	conf_print_version("orbl", f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(strncmp(text, "orbl ", 5), 0);
	ck_assert_ptr_nonnull(strstr(text, "libconfuse"));
	free(text);
}
END_TEST

START_TEST(paths)
{
	const char *path;

	ck_assert_int_eq(setenv("ORBL_CONF", "/from/environment", 1), 0);
	ck_assert_str_eq(conf_path("/argument"), "/argument");
	ck_assert_str_eq(conf_path(NULL), "/from/environment");
	ck_assert_int_eq(setenv("ORBL_CONF", "", 1), 0);
	path = conf_path(NULL);
	ck_assert(path == NULL || access(path, F_OK) == 0);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const printing[] = {print_parses_back, print_names_every_option, version,
		paths};
	const TTest *const writing[] = {defaults, empty_file_is_the_defaults, lists, quoting,
		slashes_in_words};
	const TTest *const others[] = {limits, list_limit, own_list_limit, no_file};
	Suite *s = suite_create("conf");
	TCase *values = tcase_create("values"), *errors = tcase_create("errors"),
	      *rest = tcase_create("reporters and printing");

	tcase_add_checked_fixture(values, scratch_enter, scratch_leave);
	tcase_add_test(values, each_kind_of_value);
	for (size_t i = 0; i < ORBL_COUNT(writing); i++)
		tcase_add_test(values, writing[i]);
	suite_add_tcase(s, values);
	tcase_add_checked_fixture(errors, scratch_enter, scratch_leave);
	tcase_add_loop_test(errors, bad_values, 0, ORBL_COUNT(bad));
	tcase_add_test(errors, comments_keep_lines);
	tcase_add_test(errors, first_error_is_told);
	for (size_t i = 0; i < ORBL_COUNT(others); i++)
		tcase_add_test(errors, others[i]);
	suite_add_tcase(s, errors);
	tcase_add_checked_fixture(rest, scratch_enter, scratch_leave);
	tcase_add_test(rest, reporters);
	for (size_t i = 0; i < ORBL_COUNT(printing); i++)
		tcase_add_test(rest, printing[i]);
	suite_add_tcase(s, rest);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
