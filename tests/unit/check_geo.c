#include "geo.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/log.h>

#include "config.h"
#include "scratch.h"
#include "unit.h"

enum { NOW = 1900000000, DATABASE_MAX = 1 << 20 };

static char samples[PATH_MAX];

static void
set_up(void)
{
	const char *top = getenv("top_srcdir");
	char path[PATH_MAX];

	ck_assert_ptr_nonnull(top);
	snprintf(path, sizeof(path), "%s/tests/samples/geo", top);
	ck_assert_ptr_nonnull(realpath(path, samples));
	scratch_enter();
	ck_assert_ptr_nonnull(freopen("log", "a", stderr));
	log_open("check_geo", LOG_LEVEL_INFO);
}

/* How often the log has said so. */
static size_t
said(const char *words)
{
	char *bytes;
	size_t len, n = 0;

	fflush(stderr);
	ck_assert_int_eq(file_read("log", DATABASE_MAX, &bytes, &len, NULL), OK);
	for (const char *p = bytes; (p = strstr(p, words)) != NULL; p++)
		n++;
	free(bytes);
	return n;
}

/* A copy of a sample, by rename as one should, or into the file that is there. */
static void
put(const char *sample, const char *as, bool in_place)
{
	char from[4200], *bytes;
	size_t len;

	snprintf(from, sizeof(from), "%s/%s", samples, sample);
	ck_assert_int_eq(file_read(from, DATABASE_MAX, &bytes, &len, NULL), OK);
	scratch_write(in_place ? as : "new", bytes, len);
	if (!in_place)
		ck_assert_int_eq(rename("new", as), 0);
	free(bytes);
}

static struct geo_info
look(const struct geo *g, const char *address)
{
	struct geo_info info;
	struct addr a;

	ck_assert_int_eq(addr_parse(text_of(address), &a), OK);
	memset(&info, 0xff, sizeof(info));
	geo_look(g, &a, &info);
	return info;
}

static void
ck_info(const struct geo *g, const char *address, uint32_t asn, const char *org,
	const char *country)
{
	struct geo_info info = look(g, address);

	ck_assert_uint_eq(info.asn, asn);
	ck_assert_str_eq(info.org, org);
	ck_assert_str_eq(info.country, country);
}

START_TEST(nothing_is_known_without_a_database)
{
	struct geo *g = geo_new("", "");

	ck_info(NULL, "89.160.20.112", 0, "", "");
	ck_info(g, "89.160.20.112", 0, "", "");
	geo_refresh(g, NOW);
	geo_free(g);
	geo_free(NULL);
	ck_assert_uint_eq(said("not known"), 0);
}
END_TEST

#ifdef ORBL_MAXMINDDB

START_TEST(knows_what_the_databases_know)
{
	struct geo *g;

	put("GeoLite2-ASN-Test.mmdb", "asn", false);
	put("GeoLite2-Country-Test.mmdb", "country", false);
	g = geo_new("asn", "country");
	ck_info(g, "89.160.20.112", 29518, "Bredband2 AB", "SE");
	ck_info(g, "1.128.0.1", 1221, "Telstra Pty Ltd", "");
	ck_info(g, "216.160.83.56", 209, "", "US"); /* an organisation is not there */
	ck_info(g, "2600:7000::1", 6939, "Hurricane Electric, Inc.", "");
	ck_info(g, "2001:218::1", 0, "", "JP");
	ck_info(g, "192.0.2.1", 0, "", "");
	ck_info(g, "::ffff:89.160.20.112", 29518, "Bredband2 AB", "SE");
	geo_free(g);
	g = geo_new("asn", "");
	ck_info(g, "89.160.20.112", 29518, "Bredband2 AB", "");
	geo_free(g);
	g = geo_new("", "country");
	ck_info(g, "89.160.20.112", 0, "", "SE");
	geo_free(g);
}
END_TEST

/* The wrong one of two databases knows nothing of what it is asked. */
START_TEST(another_database_is_no_trouble)
{
	struct geo *g;

	put("GeoLite2-ASN-Test.mmdb", "asn", false);
	put("GeoLite2-Country-Test.mmdb", "country", false);
	g = geo_new("country", "asn");
	ck_info(g, "89.160.20.112", 0, "", "");
	geo_free(g);
}
END_TEST

START_TEST(a_new_file_is_opened)
{
	struct geo *g = geo_new("asn", "");

	ck_assert_uint_eq(said("No such file"), 1);
	ck_info(g, "1.128.0.1", 0, "", "");
	geo_refresh(g, NOW);
	put("GeoLite2-ASN-Test.mmdb", "asn", false);
	geo_refresh(g, NOW + 59);
	ck_info(g, "1.128.0.1", 0, "", "");
	geo_refresh(g, NOW + 60);
	ck_info(g, "1.128.0.1", 1221, "Telstra Pty Ltd", "");
	put("GeoLite2-Country-Test.mmdb", "asn", _i != 0);
	ck_info(g, "1.128.0.1", 1221, "Telstra Pty Ltd", ""); /* though it was written into */
	geo_refresh(g, NOW + 120);
	ck_info(g, "1.128.0.1", 0, "", "");
	ck_assert_int_eq(unlink("asn"), 0);
	geo_refresh(g, NOW + 180);
	geo_refresh(g, NOW + 240);
	ck_assert_uint_eq(said("No such file"), 2); /* once for each time that it went */
	put("GeoLite2-ASN-Test.mmdb", "asn", false);
	geo_refresh(g, NOW + 1); /* the clock was set back */
	ck_info(g, "1.128.0.1", 1221, "Telstra Pty Ltd", "");
	geo_free(g);
}
END_TEST

START_TEST(a_file_that_is_cut_while_in_use_hurts_nobody)
{
	struct geo *g;

	put("GeoLite2-ASN-Test.mmdb", "asn", false);
	g = geo_new("asn", "");
	ck_assert_int_eq(truncate("asn", 0), 0);
	ck_info(g, "1.128.0.1", 1221, "Telstra Pty Ltd", "");
	geo_refresh(g, NOW);
	ck_info(g, "1.128.0.1", 0, "", "");
	ck_assert_uint_eq(said("asn: cannot be read"), 1);
	geo_refresh(g, NOW + 60);
	ck_assert_uint_eq(said("asn: cannot be read"), 1); /* it is the same file still */
	geo_free(g);
}
END_TEST

START_TEST(what_is_no_file_is_not_read)
{
	struct geo *g;

	ck_assert_int_eq(mkdir("directory", 0700), 0);
	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	g = geo_new("directory", "pipe");
	ck_info(g, "1.128.0.1", 0, "", "");
	ck_assert_uint_eq(said("not a regular file"), 2);
	geo_free(g);
}
END_TEST

/* Every field of every address: what is said is printable and within its bounds. */
static void
look_everywhere(const struct geo *g)
{
	static const char *const addresses[] = {"0.0.0.0", "1.128.0.1", "89.160.20.112",
		"255.255.255.255", "127.0.0.1", "::", "2001:218::1", "2600:7000::1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};

	for (size_t i = 0; i < ORBL_COUNT(addresses); i++) {
		struct geo_info info = look(g, addresses[i]);

		ck_assert_ptr_nonnull(memchr(info.org, '\0', sizeof(info.org)));
		for (const char *p = info.org; *p != '\0'; p++)
			ck_assert(*p >= ' ' && *p <= '~');
		ck_assert(strlen(info.country) == 0 || strlen(info.country) == 2);
	}
}

START_TEST(hostile_databases_say_nothing_and_break_nothing)
{
	char path[4600];
	struct dirent *entry;
	size_t count = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/hostile", samples);
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL) {
		struct geo *g;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/hostile/%s", samples, entry->d_name);
		g = geo_new(path, path);
		ck_assert_ptr_nonnull(g);
		look_everywhere(g);
		look_everywhere(g);
		geo_refresh(g, NOW);
		geo_free(g);
		count++;
	}
	closedir(d);
	ck_assert_uint_ge(count, 20);
}
END_TEST

START_TEST(corruption_is_said_once)
{
	char path[4200];
	struct geo *g;

	snprintf(path, sizeof(path), "%s/hostile/bad-unicode-in-map-key.mmdb", samples);
	g = geo_new(path, "");
	for (int i = 0; i < 100; i++)
		look_everywhere(g);
	ck_assert_uint_eq(said("put a sound one there"), 1);
	geo_free(g);
}
END_TEST

#endif

static Suite *
suite(void)
{
	Suite *s = suite_create("geo");
	TCase *all = tcase_create("geo");

	tcase_add_checked_fixture(all, set_up, scratch_leave);
	tcase_add_test(all, nothing_is_known_without_a_database);
#ifdef ORBL_MAXMINDDB
	tcase_add_test(all, knows_what_the_databases_know);
	tcase_add_test(all, another_database_is_no_trouble);
	tcase_add_loop_test(all, a_new_file_is_opened, 0, 2);
	tcase_add_test(all, a_file_that_is_cut_while_in_use_hurts_nobody);
	tcase_add_test(all, what_is_no_file_is_not_read);
	tcase_add_test(all, hostile_databases_say_nothing_and_break_nothing);
	tcase_add_test(all, corruption_is_said_once);
#endif
	suite_add_tcase(s, all);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
