/* A zone that the transfer process hands over: what it lacks when it is refused. */
#include "received.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "import_fixture.h"
#include "scratch.h"
#include "unit.h"

enum { ALL = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static const int seals[] = {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE};
static const struct feed_source source = {.kind = FEED_TRANSFER, .paths = "list"};
static struct zone_import *zone;

static void
set_up(void)
{
	scratch_enter();
	zone = import_fixture_new();
	import_fixture_set_soa(zone, 7);
}

static void
tear_down(void)
{
	zone_import_free(zone);
	scratch_leave();
}

static int
make_list(int wanted)
{
	int fd = memfd_create("list", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(zone_import_write(zone, fd, IMPORT_FIXTURE_NOW, IMPORT_FIXTURE_NOW + 1000,
				 NULL),
		OK);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, wanted), 0);
	return fd;
}

START_TEST(a_sealed_list_is_stored)
{
	int fd = make_list(ALL);
	struct snapshot *stored;

	ck_assert_int_eq(received_store(&source, NULL, fd, NULL), OK);
	ck_assert_int_eq(snapshot_open("list", &stored, NULL), OK);
	ck_assert_uint_eq(snapshot_serial(stored), 7);
	snapshot_close(stored);
	close(fd);
}
END_TEST

/* One that the transfer process could change after it was checked. */
START_TEST(each_seal_is_wanted)
{
	struct error e = {.text = ""};
	int fd = make_list(ALL & ~seals[_i]);

	ck_assert_int_eq(received_store(&source, NULL, fd, &e), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(e.text, "not sealed"));
	ck_assert_int_ne(access("list", F_OK), 0);
	close(fd);
}
END_TEST

/* A file, one that was unlinked, and a pipe have no seals at all. */
START_TEST(what_cannot_be_sealed_is_refused)
{
	struct error e = {.text = ""};
	int fd = open("other", O_RDWR | O_CREAT | O_CLOEXEC, 0600), ends[2];

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(zone_import_write(zone, fd, IMPORT_FIXTURE_NOW, IMPORT_FIXTURE_NOW + 1000,
				 NULL),
		OK);
	ck_assert_int_eq(received_store(&source, NULL, fd, &e), ERR_REFUSED);
	ck_assert_int_eq(unlink("other"), 0);
	ck_assert_int_eq(received_store(&source, NULL, fd, &e), ERR_REFUSED);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(received_store(&source, NULL, ends[0], &e), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(e.text, "not sealed"));
	ck_assert_int_ne(access("list", F_OK), 0);
	close(ends[0]);
	close(ends[1]);
	close(fd);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("received");
	TCase *c = tcase_create("seals");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, a_sealed_list_is_stored);
	tcase_add_loop_test(c, each_seal_is_wanted, 0, (int)ORBL_COUNT(seals));
	tcase_add_test(c, what_cannot_be_sealed_is_refused);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
