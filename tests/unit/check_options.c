#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

static struct options o;
static struct error e;

static enum err
parse(const char *first, const char *second, const char *third, const char *fourth,
	const char *fifth)
{
	const char *words[] = {"orbl-dnsd", first, second, third, fourth, fifth, NULL};
	char *argv[ORBL_COUNT(words)];
	int argc = 0;

	for (; words[argc] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc];
	argv[argc] = NULL;
	return options_read(argc, argv, &o, &e);
}

static void
tear_down(void)
{
	options_free(&o);
}

START_TEST(takes_zones_without_a_file)
{
	setenv("ORBL_CONF", "/nowhere/orbl.conf", 1);
	ck_assert_int_eq(parse("--zone", "A.Test=snapshot:/x", "--zone=b.test=rbldnsd:ip4set:/y",
				 "--listen", "::1@5353"),
		OK);
	ck_assert_int_eq(o.action, ARGUMENTS_RUN);
	ck_assert_uint_eq(o.server.zone_count, 2);
	ck_assert_str_eq(o.server.zones[0].origin, "a.test");
	ck_assert_int_eq(o.server.zones[0].source.kind, FEED_SNAPSHOT);
	ck_assert_int_eq(o.server.zones[1].source.kind, FEED_RBLDNSD);
	ck_assert_str_eq(o.server.zones[1].source.type, "ip4set");
	ck_assert_str_eq(o.server.zones[1].source.paths, "/y");
	ck_assert_uint_eq(o.server.endpoint_count, 1);
	ck_assert_uint_eq(o.server.endpoints[0].port, 5353);
	ck_assert_str_eq(o.server.control_path, "");
	ck_assert_uint_ge(o.server.workers, 1);
	ck_assert_uint_eq(o.server.udp_size, 1232);
}
END_TEST

/* What rbldnsd is told, among our own options, in the order given. */
START_TEST(takes_zones_of_rbldnsd)
{
	ck_assert_int_eq(parse("bl.test:ip4set:/a,/b", "--zone=bl.test=snapshot:/x",
				 "bl.test:dnset:/c:d", ":acl:/acl", "--listen=127.0.0.1"),
		OK);
	ck_assert_uint_eq(o.server.zone_count, 4);
	ck_assert_str_eq(o.server.zones[0].origin, "bl.test");
	ck_assert_int_eq(o.server.zones[0].source.kind, FEED_RBLDNSD);
	ck_assert_str_eq(o.server.zones[0].source.type, "ip4set");
	ck_assert_str_eq(o.server.zones[0].source.paths, "/a,/b");
	ck_assert_int_eq(o.server.zones[1].source.kind, FEED_SNAPSHOT);
	ck_assert_str_eq(o.server.zones[2].source.type, "dnset");
	ck_assert_str_eq(o.server.zones[2].source.paths, "/c:d");
	ck_assert_str_eq(o.server.zones[3].origin, "");
	ck_assert_str_eq(o.server.zones[3].source.type, "acl");
	ck_assert_str_eq(o.conf->dnsd.zones.items[0], "bl.test=rbldnsd:ip4set:/a,/b");
	ck_assert_str_eq(o.server.control_path, "");
	options_free(&o);
	ck_assert_int_eq(parse("--listen=127.0.0.1", "--", "bl.test:ip4trie:-a", NULL, NULL), OK);
	ck_assert_str_eq(o.server.zones[0].source.paths, "-a");
}
END_TEST

START_TEST(takes_a_dump)
{
	ck_assert_int_eq(parse("--dump=rbldnsd", "--output=/out", "A.test", "a.test:ip4set:/x",
				 "b."),
		OK);
	ck_assert_int_eq(o.action, ARGUMENTS_DUMP);
	ck_assert_str_eq(o.dump.form, "rbldnsd");
	ck_assert_str_eq(o.dump.directory, "/out");
	ck_assert_uint_eq(o.dump.zone_count, 2);
	ck_assert_str_eq(o.dump.zones[0], "A.test");
	ck_assert_str_eq(o.dump.zones[1], "b.");
	ck_assert_uint_eq(o.server.zone_count, 1);
	options_free(&o);
	ck_assert_int_eq(parse("-d", "a.test:ip4set:/x", NULL, NULL, NULL), OK);
	ck_assert_str_eq(o.dump.form, "bind");
	ck_assert_ptr_null(o.dump.directory);
	ck_assert_uint_eq(o.dump.zone_count, 0);
	options_free(&o);
	ck_assert_int_eq(parse("--dump", "djb", NULL, NULL, NULL), ERR_UNSUPPORTED);
	ck_assert_str_eq(e.text, "--dump \"djb\" is neither bind nor rbldnsd");
	options_free(&o);
	ck_assert_int_eq(parse("--output", "/out", "a.test:ip4set:/x", NULL, NULL),
		ERR_UNSUPPORTED);
	options_free(&o);
	ck_assert_int_eq(parse("a.test:ip4set:/x", "a.test", NULL, NULL, NULL), ERR_UNSUPPORTED);
}
END_TEST

START_TEST(has_the_port_of_dns)
{
	ck_assert_int_eq(parse("--zone=a.test=snapshot:/x", "--listen=127.0.0.1", NULL, NULL, NULL),
		OK);
	ck_assert_uint_eq(o.server.endpoints[0].port, 53);
}
END_TEST

START_TEST(takes_workers_and_control)
{
	ck_assert_int_eq(parse("--zone=a.test=snapshot:/x", "--workers", "3", "--control", "/c"),
		OK);
	ck_assert_uint_eq(o.server.workers, 3);
	ck_assert_str_eq(o.server.control_path, "/c");
}
END_TEST

START_TEST(reads_the_file)
{
	char path[] = "/tmp/check_options.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd,
				 "zone.name = \"own.test\"\nzone.snapshot = \"/s\"\n"
				 "dnsd.control_socket = \"/c\"\ndnsd.tcp_idle = \"7\"\n"
				 "dnsd.max_age = 3h\ndnsd.amplification = 0\n"
				 "dnsd.tcp_client_connections = 5\ndnsd.identity = ns1\n"
				 "dnsd.version = ''\ndnsd.cookie_secret = /k\n"
				 "rbldnsd.ttl = 1h\nrbldnsd.ttl_min = 1m\nrbldnsd.ttl_max = 1d\n"
				 "rbldnsd.host_bits = yes\nrbldnsd.acl_list_all = yes\n"),
		0);
	close(fd);
	ck_assert_int_eq(parse("-c", path, "-T", NULL, NULL), OK);
	ck_assert_int_eq(o.action, ARGUMENTS_CHECK);
	ck_assert_uint_eq(o.server.zone_count, 1);
	ck_assert_str_eq(o.server.zones[0].origin, "own.test");
	ck_assert_str_eq(o.server.zones[0].source.paths, "/s");
	ck_assert_str_eq(o.server.control_path, "/c");
	ck_assert_int_eq(o.server.tcp_idle_s, 7);
	ck_assert_int_eq(o.server.max_age_s, 10800);
	ck_assert_uint_eq(o.server.amplification, 0);
	ck_assert_uint_eq(o.server.tcp_client_connections, 5);
	ck_assert_str_eq(o.server.identity, "ns1");
	ck_assert_str_eq(o.server.version, "");
	ck_assert_str_eq(o.server.cookie_secret, "/k");
	ck_assert_uint_eq(o.server.feed.ttl_s, 3600);
	ck_assert_uint_eq(o.server.feed.ttl_min_s, 60);
	ck_assert_uint_eq(o.server.feed.ttl_max_s, 86400);
	ck_assert(o.server.feed.host_bits);
	ck_assert(o.server.feed.list_all);
	options_free(&o);
	/* Both: the zone of the command line, the rest of the file. */
	ck_assert_int_eq(parse("-c", path, "--zone", "a.test=snapshot:/x", NULL), OK);
	ck_assert_str_eq(o.server.zones[0].origin, "a.test");
	ck_assert_str_eq(o.server.control_path, "/c");
	unlink(path);
}
END_TEST

START_TEST(knows_version_and_help)
{
	ck_assert_int_eq(parse("-V", NULL, NULL, NULL, NULL), OK);
	ck_assert_int_eq(o.action, ARGUMENTS_VERSION);
	options_free(&o);
	ck_assert_int_eq(parse("--help", NULL, NULL, NULL, NULL), OK);
	ck_assert_int_eq(o.action, ARGUMENTS_HELP);
}
END_TEST

static const struct {
	const char *word, *value;
	enum err err;
	const char *mentions;
} wrong[] = {
	{"--dance", NULL, ERR_UNSUPPORTED, "--dance"},
	{"-x", NULL, ERR_UNSUPPORTED, "-x"},
	{"--listen", NULL, ERR_UNSUPPORTED, "--listen"},
	{"word", NULL, ERR_UNSUPPORTED, "word"},
	{"--listen", "nowhere@53", ERR_SYNTAX, "nowhere@53"},
	{"--listen", "127.0.0.1@99999", ERR_SYNTAX, "127.0.0.1@99999"},
	{"--listen", "fe80::1@53", ERR_RANGE, "scope"},
	{"--listen", "febf::1", ERR_RANGE, "::@53"},
	{"--listen", "fe80::1%eth0@53", ERR_RANGE, "another address"},
	{"bl.test:ip4set", NULL, ERR_SYNTAX, "bl.test:ip4set"},
	{"bl.test:tarot:/x", NULL, ERR_SYNTAX, "tarot"},
	{"--workers", "65", ERR_RANGE, "65"},
	{"--workers", "x", ERR_RANGE, "x"},
	{"-c", "/nowhere/orbl.conf", ERR_IO, "/nowhere/orbl.conf"},
};

START_TEST(refuses_what_is_wrong)
{
	ck_assert_int_eq(parse("--zone=a.test=snapshot:/x", wrong[_i].word, wrong[_i].value, NULL,
				 NULL),
		wrong[_i].err);
	ck_assert_msg(strstr(e.text, wrong[_i].mentions) != NULL, "%s", e.text);
}
END_TEST

START_TEST(refuses_bounds_that_cross)
{
	char path[] = "/tmp/check_options.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "rbldnsd.ttl_min = 2h\nrbldnsd.ttl_max = 1h\n"), 0);
	close(fd);
	ck_assert_int_eq(parse("-c", path, "-T", NULL, NULL), ERR_RANGE);
	ck_assert_ptr_nonnull(strstr(e.text, "rbldnsd.ttl_min"));
	unlink(path);
}
END_TEST

START_TEST(refuses_a_bad_zone)
{
	ck_assert_int_ne(parse("--zone=a.test", NULL, NULL, NULL, NULL), OK);
	options_free(&o);
	ck_assert_int_ne(parse("--zone=a.test=tarot:/x", NULL, NULL, NULL, NULL), OK);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("options");
	TCase *good = tcase_create("good"), *bad = tcase_create("wrong");

	tcase_add_checked_fixture(good, NULL, tear_down);
	tcase_add_test(good, takes_zones_without_a_file);
	tcase_add_test(good, takes_zones_of_rbldnsd);
	tcase_add_test(good, takes_a_dump);
	tcase_add_test(good, has_the_port_of_dns);
	tcase_add_test(good, takes_workers_and_control);
	tcase_add_test(good, reads_the_file);
	tcase_add_test(good, knows_version_and_help);
	tcase_add_checked_fixture(bad, NULL, tear_down);
	tcase_add_loop_test(bad, refuses_what_is_wrong, 0, (int)ORBL_COUNT(wrong));
	tcase_add_test(bad, refuses_a_bad_zone);
	tcase_add_test(bad, refuses_bounds_that_cross);
	suite_add_tcase(s, good);
	suite_add_tcase(s, bad);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
