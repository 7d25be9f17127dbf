#include "cmd_dnsd.h"

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "text_table.h"

enum { SPAN = 48 };

/* The two largest units of a time that has passed. */
static const char *
format_span(json_int_t s, char out[SPAN])
{
	static const struct {
		json_int_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	if (s < 0)
		s = 0;
	while (i + 1 < ORBL_COUNT(units) && s < units[i].seconds)
		i++;
	if (i + 1 == ORBL_COUNT(units) || s % units[i].seconds < units[i + 1].seconds)
		snprintf(out, SPAN, "%lld %s", s / units[i].seconds, units[i].name);
	else
		snprintf(out, SPAN, "%lld %s %lld %s", s / units[i].seconds, units[i].name,
			s % units[i].seconds / units[i + 1].seconds, units[i + 1].name);
	return out;
}

static json_int_t
reply(const json_t *zone, const char *name)
{
	return client_number(json_object_get(zone, "replies"), name);
}

/* --- status ------------------------------------------------------------------ */

static void
print_listen(const json_t *listen)
{
	const json_t *one;
	size_t i;

	json_array_foreach (listen, i, one)
		printf("%s%s", i != 0 ? ", " : "", json_string_value(one));
	putchar('\n');
}

static size_t
count_in_state(const json_t *zones, const char *state, size_t *others)
{
	const json_t *zone;
	size_t i, count = 0;

	json_array_foreach (zones, i, zone) {
		const char *is = json_string_value(json_object_get(zone, "state"));

		count += is != NULL && strcmp(is, state) == 0;
	}
	*others = json_array_size(zones) - count;
	return count;
}

/* Those that have died. */
static void
print_processes(const json_t *processes)
{
	const json_t *p;
	size_t i;

	json_array_foreach (processes, i, p)
		if (client_number(p, "ends") != 0)
			printf("trouble    %s has died %lld time%s, and %s; its log says why\n",
				client_text(p, "name"), client_number(p, "ends"),
				client_number(p, "ends") == 1 ? "" : "s",
				json_is_true(json_object_get(p, "running")) ?
					"runs again" :
					"is about to be started again");
}

void
cmd_dnsd_print_status(const json_t *answer)
{
	const json_t *s = json_object_get(answer, "statistics");
	char span[SPAN];
	size_t others, serving;

	serving = count_in_state(json_object_get(answer, "zones"), "serving", &others);
	printf("server     pid %lld, up %s, %lld workers, on ", client_number(answer, "pid"),
		format_span(client_number(answer, "now") - client_number(answer, "started"), span),
		client_number(answer, "workers"));
	print_listen(json_object_get(answer, "listen"));
	print_processes(json_object_get(answer, "processes"));
	printf("zones      %zu serving", serving);
	if (others != 0)
		printf(", %zu not or with old data; see orbl dnsd zones", others);
	printf("\nqueries    %lld over UDP, %lld over TCP; %lld dropped, %lld unsent\n",
		client_number(s, "udp_queries"), client_number(s, "tcp_queries"),
		client_number(s, "dropped"), client_number(s, "unsent"));
	printf("replies    %lld answers, %lld without data, %lld NXDOMAIN, %lld REFUSED, "
	       "%lld SERVFAIL, %lld FORMERR\n",
		client_number(s, "answers"), client_number(s, "nodata"),
		client_number(s, "nxdomain"), client_number(s, "refused"),
		client_number(s, "servfail"), client_number(s, "formerr"));
	printf("TCP        %lld connections, %lld open now; %lld idle, %lld evicted, %lld "
	       "refused\n",
		client_number(s, "tcp_accepted"), client_number(s, "tcp_open"),
		client_number(s, "tcp_idle"), client_number(s, "tcp_evicted"),
		client_number(s, "tcp_refused"));
}

/* --- zones --------------------------------------------------------------------- */

static void
add_serial(struct text_table *t, const json_t *object, const char *key)
{
	if (json_is_integer(json_object_get(object, key)))
		text_table_add(t, "%lld", client_number(object, key));
	else
		text_table_add(t, "-");
}

static void
add_source(struct text_table *t, const json_t *zone, const json_t *source, bool is_first)
{
	const json_t *files = json_object_get(source, "files");
	const char *first = json_string_value(json_array_get(files, 0));
	char span[SPAN];

	text_table_add(t, "%s", is_first ? client_text(zone, "zone") : "");
	text_table_add(t, "%s", client_text(source, "state"));
	add_serial(t, source, "serial");
	if (json_is_integer(json_object_get(source, "age")))
		text_table_add(t, "%s", format_span(client_number(source, "age"), span));
	else
		text_table_add(t, "-");
	add_serial(t, source, "entries");
	text_table_add(t, "%s %s%s%s", client_text(source, "type"), first != NULL ? first : "-",
		json_array_size(files) > 1 ? ", ..." : "",
		json_is_true(json_object_get(source, "loading")) ? " (loading)" : "");
}

/* The log has the first ones. */
static void
print_skipped(const json_t *zones)
{
	const json_t *zone, *source;
	size_t i, k;

	json_array_foreach (zones, i, zone)
		json_array_foreach (json_object_get(zone, "sources"), k, source) {
			json_int_t n = client_number(source, "skipped");

			if (n > 0)
				printf("%s: %lld line%s of %s skipped, as the log tells\n",
					client_text(zone, "zone"), n, n == 1 ? "" : "s",
					json_array_size(json_object_get(source, "files")) > 1 ?
						"its files" :
						json_string_value(
							json_array_get(json_object_get(source,
									       "files"),
								0)));
		}
}

static void
print_messages(const json_t *zones)
{
	const json_t *zone, *source;
	size_t i, k;

	json_array_foreach (zones, i, zone)
		json_array_foreach (json_object_get(zone, "sources"), k, source)
			if (json_object_get(source, "message") != NULL)
				printf("%s: %s\n", client_text(zone, "zone"),
					client_text(source, "message"));
}

static void
add_transfer(struct text_table *t, const json_t *zone, const json_t *row, json_int_t now_s)
{
	const json_t *last = json_object_get(row, "last_success");
	char span[SPAN];

	text_table_add(t, "%s", client_text(zone, "zone"));
	text_table_add(t, "%s", client_text(row, "kind"));
	text_table_add(t, "%s", client_text(row, "peer"));
	text_table_add(t, "%s", json_is_true(json_object_get(row, "tls")) ? "yes" : "no");
	text_table_add(t, "%s", client_text(row, "state"));
	add_serial(t, row, "serial");
	if (json_is_integer(last))
		text_table_add(t, "%s", format_span(now_s - json_integer_value(last), span));
	else
		text_table_add(t, "never");
	text_table_add(t, "%s", client_text(row, "error"));
}

static void
print_transfers(const json_t *zones, json_int_t now_s)
{
	static const char *const titles[] = {"ZONE", "PEER IS", "ADDRESS", "TLS", "STATE", "SERIAL",
		"LAST SUCCESS", "ERROR"};
	struct text_table *t = text_table_new("lllllrrl");
	const json_t *zone, *row;
	size_t i, k, count = 0;

	for (i = 0; t != NULL && i < ORBL_COUNT(titles); i++)
		text_table_add(t, "%s", titles[i]);
	json_array_foreach (zones, i, zone)
		json_array_foreach (json_object_get(zone, "transfers"), k, row) {
			count++;
			if (t != NULL)
				add_transfer(t, zone, row, now_s);
		}
	if (count != 0 && t != NULL) {
		putchar('\n');
		text_table_print(t, stdout);
	}
	text_table_free(t);
}

void
cmd_dnsd_print_zones(const json_t *answer)
{
	static const char *const titles[] = {"ZONE", "STATE", "SERIAL", "AGE", "ENTRIES", "SOURCE"};
	struct text_table *t = text_table_new("llrrrl");
	const json_t *zones = json_object_get(answer, "zones"), *zone, *source;
	size_t i, k;

	if (t == NULL)
		return;
	for (i = 0; i < ORBL_COUNT(titles); i++)
		text_table_add(t, "%s", titles[i]);
	json_array_foreach (zones, i, zone)
		json_array_foreach (json_object_get(zone, "sources"), k, source)
			add_source(t, zone, source, k == 0);
	text_table_print(t, stdout);
	text_table_free(t);
	print_messages(zones);
	print_skipped(zones);
	print_transfers(zones, client_number(answer, "now"));
}

/* --- stats ------------------------------------------------------------------------ */

static void
add_counters(struct text_table *t, const json_t *zone)
{
	const char *name = json_string_value(json_object_get(zone, "zone"));

	text_table_add(t, "%s", name != NULL ? name : "(none)");
	text_table_add(t, "%lld",
		client_number(zone, "udp_queries") + client_number(zone, "tcp_queries"));
	text_table_add(t, "%lld", reply(zone, "answer"));
	text_table_add(t, "%lld", reply(zone, "nodata"));
	text_table_add(t, "%lld", reply(zone, "nxdomain"));
	text_table_add(t, "%lld", reply(zone, "refused"));
	text_table_add(t, "%lld", reply(zone, "servfail"));
	text_table_add(t, "%lld",
		reply(zone, "formerr") + reply(zone, "notimp") + reply(zone, "other"));
	text_table_add(t, "%lld", client_number(zone, "dropped"));
	text_table_add(t, "%lld", client_number(zone, "bytes_in"));
	text_table_add(t, "%lld", client_number(zone, "bytes_out"));
}

static void
print_counters(const json_t *zones)
{
	static const char *const titles[] = {"ZONE", "QUERIES", "ANSWER", "NODATA", "NXDOMAIN",
		"REFUSED", "SERVFAIL", "OTHER", "DROPPED", "BYTES IN", "BYTES OUT"};
	struct text_table *t = text_table_new("lrrrrrrrrrr");
	const json_t *zone;
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < ORBL_COUNT(titles); i++)
		text_table_add(t, "%s", titles[i]);
	json_array_foreach (zones, i, zone)
		add_counters(t, zone);
	text_table_print(t, stdout);
	text_table_free(t);
}

static void
print_latency(const json_t *latency, const char *transport, const char *title)
{
	const json_t *l = json_object_get(latency, transport);

	if (client_number(l, "p50") != 0)
		printf("%s   50 %% within %lld us, 90 %% within %lld us, 99 %% within %lld us\n",
			title, client_number(l, "p50"), client_number(l, "p90"),
			client_number(l, "p99"));
}

static void
print_users(const json_t *users, const char *title)
{
	struct text_table *t = text_table_new("lrrl");
	const json_t *user;
	size_t i;

	if (t == NULL || json_array_size(users) == 0) {
		text_table_free(t);
		return;
	}
	text_table_add(t, "%s", title);
	text_table_add(t, "TODAY");
	text_table_add(t, "QUOTA");
	text_table_add(t, "%s", "");
	json_array_foreach (users, i, user) {
		text_table_add(t, "%s", client_text(user, "name"));
		text_table_add(t, "%lld", client_number(user, "today"));
		if (client_number(user, "quota") != 0)
			text_table_add(t, "%lld", client_number(user, "quota"));
		else
			text_table_add(t, "-");
		text_table_add(t, "%s", json_is_true(json_object_get(user, "over")) ? "over" : "");
	}
	putchar('\n');
	text_table_print(t, stdout);
	text_table_free(t);
}

static void
print_access(const json_t *a)
{
	if (!json_is_object(a))
		return;
	printf("access     at least %lld clients today, %lld over quota; %lld keys, %lld over; "
	       "refused: %lld over quota, %lld for their key\n"
	       "rate       %lld replies truncated, %lld left out\n",
		client_number(a, "clients"), client_number(a, "clients_over"),
		client_number(a, "keys"), client_number(a, "keys_over"),
		client_number(a, "refused_over_quota"), client_number(a, "refused_key"),
		client_number(a, "rate_truncated"), client_number(a, "rate_dropped"));
	print_users(json_object_get(a, "top_clients"), "CLIENT");
	print_users(json_object_get(a, "top_keys"), "KEY OF");
}

void
cmd_dnsd_print_stats(const json_t *answer)
{
	const json_t *s = json_object_get(answer, "statistics");
	const json_t *latency = json_object_get(answer, "latency_us");
	char span[SPAN];

	print_counters(json_object_get(answer, "zones"));
	printf("\nsince      %s; %lld queries over UDP, %lld over TCP; %lld replies truncated\n",
		format_span(client_number(answer, "now") - client_number(answer, "started"), span),
		client_number(s, "udp_queries"), client_number(s, "tcp_queries"),
		client_number(s, "truncated"));
	print_latency(latency, "udp", "UDP     ");
	print_latency(latency, "tcp", "TCP     ");
	if (client_number(s, "observations_lost") != 0)
		printf("observer   too busy for %lld of %lld sampled queries\n",
			client_number(s, "observations_lost"),
			client_number(s, "observed") + client_number(s, "observations_lost"));
	print_access(json_object_get(answer, "access"));
}
