#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "prometheus.h"
#include "stats_fixture.h"

enum { NOW_S = 1700000000 };

static struct stats *stats;
static struct zone_set *zones;
static char *text;
static bool has_dnstap, is_dnstap_connected;

static void
set_up(void)
{
	const struct zone_source nothing = {.snapshot = NULL};

	has_dnstap = is_dnstap_connected = false;
	stats = stats_new(1, 4);
	zones = zone_set_new();
	ck_assert_int_eq(zone_set_add(zones, text_of("a\"b\\\\c.example"), &nothing, NULL), OK);
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
	stats_register(stats, zones);
	stats_describe(stats, zones);
}

static void
tear_down(void)
{
	free(text);
	text = NULL;
	zone_set_free(zones);
	stats_free(stats);
}

static void
render(void)
{
	struct prometheus_sources sources = {
		.stats = stats,
		.started_s = NOW_S - 100,
		.has_dnstap = has_dnstap,
		.is_dnstap_connected = is_dnstap_connected,
	};
	size_t len;

	free(text);
	text = prometheus_text(&sources, NOW_S, &len);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(strlen(text), len);
}

static void
check_line(const char *line)
{
	char with_ends[512];

	snprintf(with_ends, sizeof(with_ends), "\n%s\n", line);
	ck_assert_msg(strstr(text, with_ends) != NULL, "there is no line %s", line);
}

#define ZONE "zone=\"a\\\\034b\\\\092c.example\""

START_TEST(tells_all)
{
	static const uint8_t nxdomain[12] = {0, 0, 0x84, 3};
	struct stats_worker *w = stats_worker(stats, 0);

	stats_count(w, zone_set_get(zones, 0), ANSWER_UDP, nxdomain, 40, 90);
	stats_count(w, NULL, ANSWER_TCP, NULL, 40, 0);
	stats_count_latency(w, ANSWER_UDP, 2, 0, 3000);
	stats_count_latency(w, ANSWER_UDP, 1, 0, 9000000000);
	stats_set(&w->common.tcp_open, 3);
	stats_add(&w->common.tcp_evicted, 4);
	render();
	check_line("process_start_time_seconds 1699999900");
	check_line("orbl_dnsd_queries_total{" ZONE ",transport=\"udp\"} 1");
	check_line("orbl_dnsd_queries_total{zone=\"(none)\",transport=\"tcp\"} 1");
	check_line("orbl_dnsd_replies_total{" ZONE ",transport=\"udp\",rcode=\"NXDOMAIN\","
		   "reply=\"nxdomain\"} 1");
	check_line("orbl_dnsd_replies_total{" ZONE ",transport=\"tcp\",rcode=\"NOERROR\","
		   "reply=\"answer\"} 0");
	check_line("orbl_dnsd_dropped_total{zone=\"(none)\",transport=\"tcp\"} 1");
	check_line("orbl_dnsd_received_bytes_total{" ZONE ",transport=\"udp\"} 40");
	check_line("orbl_dnsd_sent_bytes_total{" ZONE ",transport=\"udp\"} 90");
	check_line("orbl_dnsd_latency_seconds_bucket{transport=\"udp\",le=\"0.000002\"} 0");
	check_line("orbl_dnsd_latency_seconds_bucket{transport=\"udp\",le=\"0.000004\"} 2");
	check_line("orbl_dnsd_latency_seconds_bucket{transport=\"udp\",le=\"1.048576\"} 2");
	check_line("orbl_dnsd_latency_seconds_bucket{transport=\"udp\",le=\"+Inf\"} 3");
	check_line("orbl_dnsd_latency_seconds_sum{transport=\"udp\"} 9.000006000");
	check_line("orbl_dnsd_latency_seconds_count{transport=\"udp\"} 3");
	check_line("orbl_dnsd_zone_up{" ZONE "} 0");
	check_line("orbl_dnsd_zone_state{" ZONE "} 3");
	check_line("orbl_dnsd_tcp_connections 3");
	check_line("orbl_dnsd_tcp_closed_total{cause=\"evicted\"} 4");
	ck_assert_ptr_null(strstr(text, "zone_serial{"));
}
END_TEST

START_TEST(tells_of_dnstap)
{
	render();
	ck_assert_ptr_null(strstr(text, "dnstap_connected"));
	has_dnstap = true;
	render();
	check_line("orbl_dnsd_dnstap_connected 0");
	is_dnstap_connected = true;
	render();
	check_line("orbl_dnsd_dnstap_connected 1");
}
END_TEST

/* Every family has its HELP and TYPE once, before its samples, which stand together. */
START_TEST(is_well_formed)
{
	char *line, *rest, family[128] = "";
	size_t families = 0;

	render();
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		size_t len = strcspn(line, "{ ");

		if (strncmp(line, "# HELP ", 7) == 0) {
			len = strcspn(line + 7, " ");
			snprintf(family, sizeof(family), "%.*s", (int)len, line + 7);
			families++;
			ck_assert_ptr_nonnull(rest);
			ck_assert_int_eq(strncmp(rest, "# TYPE ", 7), 0);
			ck_assert_int_eq(strncmp(rest + 7, family, len), 0);
		} else if (strncmp(line, "# TYPE ", 7) != 0) {
			ck_assert_msg(strncmp(line, family, strlen(family)) == 0, "%s", line);
			ck_assert_uint_ge(len, strlen(family));
			ck_assert_ptr_nonnull(strrchr(line, ' '));
		}
	}
	ck_assert_uint_gt(families, 15);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prometheus");
	TCase *t = tcase_create("text");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, tells_all);
	tcase_add_test(t, tells_of_dnstap);
	tcase_add_test(t, is_well_formed);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
