/* A build without libfstrm, whatever this one has: it links, and says that it has no dnstap. */
#include <stdlib.h>
#include <string.h>

#include "dnstap.h"
#include "observer.h"
#include "unit.h"

START_TEST(it_is_said_to_be_missing)
{
	static char none[] = "", path[] = "/run/tap";
	struct conf conf = {.dnsd = {.query_log = none, .dnstap = path}};
	struct error e = {.text = ""};

	ck_assert(!dnstap_is_built());
	ck_assert_int_eq(observer_check(&conf, &e), ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(e.text, "dnsd.dnstap is set, but this orbl-dnsd was built"));
	ck_assert_ptr_nonnull(strstr(e.text, "--enable-dnstap"));
	conf.dnsd.dnstap = none;
	ck_assert_int_eq(observer_check(&conf, &e), OK);
}
END_TEST

START_TEST(nothing_is_ever_connected)
{
	struct pollfd p = {.fd = 0};

	ck_assert_ptr_null(dnstap_new("id", "version"));
	dnstap_prepare(NULL, &p);
	ck_assert_int_eq(p.fd, -1);
	dnstap_serve(NULL, &p);
	ck_assert(!dnstap_is_open(NULL));
	ck_assert(!dnstap_is_connected(NULL));
	ck_assert_uint_eq(dnstap_lost(NULL), 0);
	dnstap_free(NULL);
}
END_TEST

/* All of the observer is linked here. */
START_TEST(the_observer_needs_no_more)
{
	int (*volatile run)(const struct observer_options *) = observer_run;

	ck_assert(run != NULL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dnstap_none");
	TCase *c = tcase_create("build");

	tcase_add_test(c, it_is_said_to_be_missing);
	tcase_add_test(c, nothing_is_ever_connected);
	tcase_add_test(c, the_observer_needs_no_more);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
