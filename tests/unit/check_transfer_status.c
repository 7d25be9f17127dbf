/* What the transfer process tells, and what it may write when it was taken over. */
#include "transfer_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { ROWS = 4 };

/* As in transfer_status.c: what is shared lies behind the pointer. */
struct layout {
	size_t room;
	unsigned char *shared;
};

static struct transfer_status *status;
static const struct endpoint peer = {.addr = {.family = 4, .b = {127, 0, 0, 1}}, .port = 53};

static void
set_up(void)
{
	status = transfer_status_new(ROWS);
	ck_assert_ptr_nonnull(status);
}

static void
tear_down(void)
{
	transfer_status_free(status);
}

START_TEST(rows_are_found_and_told)
{
	struct transfer_row r;
	char zone[] = "0.test";

	for (size_t i = 0; i < ROWS; i++, zone[0]++)
		ck_assert_uint_eq(transfer_status_row(status, zone, &peer, TRANSFER_NOTIFY), i);
	ck_assert_uint_eq(transfer_status_row(status, zone, &peer, TRANSFER_NOTIFY), SIZE_MAX);
	ck_assert_uint_eq(transfer_status_row(status, "2.test", &peer, TRANSFER_NOTIFY), 2);
	transfer_status_begin(status, 2, true, 100);
	transfer_status_end(status, 2, TRANSFER_DONE, 7, 101, "a\nb");
	ck_assert(transfer_status_get(status, 2, &r));
	ck_assert_str_eq(r.zone, "2.test");
	ck_assert_str_eq(r.error, "a?b");
	ck_assert_uint_eq(r.serial, 7);
	ck_assert_int_eq(r.last_try_s, 100);
	ck_assert_uint_ne(r.over_tls, 0);
	ck_assert_int_eq(r.last_success_s, 101);
	ck_assert(!transfer_status_get(status, ROWS, &r));
}
END_TEST

START_TEST(junk_in_the_shared_memory_harms_nobody)
{
	static const int junk[] = {0, 1, 2, 0x7f, 0xfe, 0xff};
	struct layout layout;
	struct transfer_row r;
	char text[ADDR_TEXT];

	memcpy(&layout, (const void *)status, sizeof(layout));
	ck_assert_uint_eq(layout.room, ROWS);
	memset(layout.shared, junk[_i], ROWS * sizeof(r));
	ck_assert_uint_le(transfer_status_count(status), ROWS);
	for (size_t i = 0; i < 2 * ROWS; i++) {
		if (!transfer_status_get(status, i, &r))
			continue;
		ck_assert_uint_lt(strlen(r.zone), sizeof(r.zone));
		ck_assert_uint_lt(strlen(r.error), sizeof(r.error));
		for (const char *c = r.zone; *c != '\0'; c++)
			ck_assert(*c >= ' ' && *c <= '~');
		ck_assert_uint_ne(strlen(addr_format(&r.peer.addr, text)), 0);
		ck_assert_ptr_nonnull(transfer_kind_name(r.kind));
		ck_assert_ptr_nonnull(transfer_state_name(r.state));
	}
	/* a process that is started anew writes there again */
	transfer_status_row(status, "a.test", &peer, TRANSFER_NOTIFY);
	for (size_t i = 0; i < 2 * ROWS; i++) {
		transfer_status_begin(status, i, false, 1);
		transfer_status_end(status, i, TRANSFER_FAILED, 0, 2, "why");
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("transfer_status");
	TCase *c = tcase_create("rows");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, rows_are_found_and_told);
	tcase_add_loop_test(c, junk_in_the_shared_memory_harms_nobody, 0, 6);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
