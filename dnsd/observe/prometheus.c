#include "prometheus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "access_report.h"
#include "answer.h"
#include "transfer_status.h"

#include "config.h"

enum { LABEL_MAX = 2 * WIRE_NAME_TEXT };

#define PREFIX "orbl_dnsd_"

static const char *const transports[] = {[ANSWER_UDP] = "udp", [ANSWER_TCP] = "tcp"};

static void
begin(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Names have \DDD for odd bytes, but a text of a peer or an operator may have anything. */
static const char *
escape(const char *text, char out[LABEL_MAX])
{
	size_t len = 0;

	for (; *text != '\0' && len + 3 < LABEL_MAX; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			out[len++] = '\\';
		out[len++] = *text == '\n' ? 'n' : *text;
	}
	out[len] = '\0';
	return out;
}

static const char *
zone_label(const struct stats *s, size_t row, char out[LABEL_MAX])
{
	struct stats_zone zone;

	return stats_zone(s, row, &zone) ? escape(zone.name, out) : "(none)";
}

/* --- counters of zones ------------------------------------------------------ */

#define AT(field) offsetof(struct stats_row, field)

/* Of each zone and transport. */
static const struct row_metric {
	const char *name, *help;
	size_t offset; /* of an array by transport */
} row_metrics[] = {
	{PREFIX "truncated_total", "Replies with TC, which tells the client to ask over TCP.",
		AT(truncated)},
	{PREFIX "dropped_total", "Queries that got no reply.", AT(dropped)},
	{PREFIX "handed_over_total", "Queries given to the transfer process.", AT(handed_over)},
	{PREFIX "received_bytes_total", "Bytes of queries.", AT(bytes_in)},
	{PREFIX "sent_bytes_total", "Bytes of replies.", AT(bytes_out)},
};

static void
write_queries(FILE *out, const struct stats *s)
{
	char label[LABEL_MAX];

	begin(out, PREFIX "queries_total", "counter", "Queries received.");
	for (size_t row = 0; row < stats_rows(s); row++) {
		struct stats_row sum;

		stats_sum_row(s, row, &sum);
		for (unsigned i = 0; i < STATS_TRANSPORTS; i++)
			fprintf(out,
				PREFIX "queries_total{zone=\"%s\",transport=\"%s\"} %" PRIu64 "\n",
				zone_label(s, row, label), transports[i],
				stats_row_queries(&sum, i));
	}
}

static void
write_replies(FILE *out, const struct stats *s)
{
	char label[LABEL_MAX];

	begin(out, PREFIX "replies_total", "counter",
		"Replies sent, by RCODE and by what they say.");
	for (size_t row = 0; row < stats_rows(s); row++) {
		struct stats_row sum;

		stats_sum_row(s, row, &sum);
		for (unsigned i = 0; i < STATS_TRANSPORTS * STATS_REPLIES; i++) {
			enum stats_reply reply = (enum stats_reply)(i % STATS_REPLIES);

			fprintf(out,
				PREFIX "replies_total{zone=\"%s\",transport=\"%s\",rcode=\"%s\","
				       "reply=\"%s\"} %" PRIu64 "\n",
				zone_label(s, row, label), transports[i / STATS_REPLIES],
				stats_reply_rcode(reply), stats_reply_name(reply),
				sum.replies[i / STATS_REPLIES][reply]);
		}
	}
}

static void
write_row_metric(FILE *out, const struct stats *s, const struct row_metric *m)
{
	char label[LABEL_MAX];

	begin(out, m->name, "counter", m->help);
	for (size_t row = 0; row < stats_rows(s); row++) {
		struct stats_row sum;
		const uint64_t *value = (const void *)((const char *)&sum + m->offset);

		stats_sum_row(s, row, &sum);
		for (unsigned i = 0; i < STATS_TRANSPORTS; i++)
			fprintf(out, "%s{zone=\"%s\",transport=\"%s\"} %" PRIu64 "\n", m->name,
				zone_label(s, row, label), transports[i], value[i]);
	}
}

/* --- what zones are ------------------------------------------------------------ */

static int64_t
serial_of(const struct stats_zone *z, int64_t now_s)
{
	(void)now_s;
	return z->serial;
}

static int64_t
age_of(const struct stats_zone *z, int64_t now_s)
{
	return now_s - z->created_s;
}

static int64_t
entries_of(const struct stats_zone *z, int64_t now_s)
{
	(void)now_s;
	return (int64_t)z->entries;
}

static int64_t
up_of(const struct stats_zone *z, int64_t now_s)
{
	enum stats_state state = stats_zone_state(z, now_s);

	return state == STATS_SERVING || state == STATS_OLD_DATA;
}

static int64_t
skipped_of(const struct stats_zone *z, int64_t now_s)
{
	(void)now_s;
	return (int64_t)z->skipped;
}

static int64_t
state_of(const struct stats_zone *z, int64_t now_s)
{
	return stats_zone_state(z, now_s);
}

static const struct zone_metric {
	const char *name, *help;
	int64_t (*value)(const struct stats_zone *, int64_t now_s);
	bool needs_data;
} zone_metrics[] = {
	{PREFIX "zone_up", "Is the zone answered? 1 also with data that could not be renewed.",
		up_of, false},
	{PREFIX "zone_state",
		"0 serving, 1 old data (the last load failed), 2 too old, 3 not ready.", state_of,
		false},
	{PREFIX "zone_serial", "Serial of the data in service.", serial_of, true},
	{PREFIX "zone_age_seconds", "Time since the data in service were made.", age_of, true},
	{PREFIX "zone_entries",
		"Hosts, or names, that are listed; a zone below the list's is a category.",
		entries_of, true},
	{PREFIX "zone_lines_skipped",
		"Lines of the zone's data sets that could not be used, at the last load.",
		skipped_of, false},
};

static void
write_zone_metric(FILE *out, const struct stats *s, const struct zone_metric *m, int64_t now_s)
{
	char label[LABEL_MAX];
	struct stats_zone zone;

	begin(out, m->name, "gauge", m->help);
	for (size_t row = 1; row < stats_rows(s); row++)
		if (stats_zone(s, row, &zone) && zone.is_served &&
			(!m->needs_data || zone.created_s != 0))
			fprintf(out, "%s{zone=\"%s\"} %" PRId64 "\n", m->name,
				escape(zone.name, label), m->value(&zone, now_s));
}

/* --- latency ------------------------------------------------------------------- */

static void
write_latency(FILE *out, const struct stats *s)
{
	begin(out, PREFIX "latency_seconds", "histogram",
		"From receiving a batch of queries to having sent its replies.");
	for (unsigned i = 0; i < STATS_TRANSPORTS; i++) {
		struct stats_latency l;
		uint64_t below = 0;

		stats_sum_latency(s, i, &l);
		for (size_t k = 0; k + 1 < STATS_LATENCY_BUCKETS; k++) {
			below += l.buckets[k];
			fprintf(out,
				PREFIX "latency_seconds_bucket{transport=\"%s\",le=\"%.6f\"} "
				       "%" PRIu64 "\n",
				transports[i], (double)stats_latency_bound_us(k) / 1e6, below);
		}
		below += l.buckets[STATS_LATENCY_BUCKETS - 1];
		fprintf(out,
			PREFIX "latency_seconds_bucket{transport=\"%s\",le=\"+Inf\"} %" PRIu64
			       "\n" PREFIX "latency_seconds_sum{transport=\"%s\"} %.9f\n" PREFIX
			       "latency_seconds_count{transport=\"%s\"} %" PRIu64 "\n",
			transports[i], below, transports[i], (double)l.sum_ns / 1e9, transports[i],
			below);
	}
}

/* --- counters without a zone ------------------------------------------------------ */

#define COMMON(field) offsetof(struct stats_common, field)

static const struct plain_metric {
	const char *name, *type, *help;
	const char *labels; /* "": none */
	size_t offset;
} common_metrics[] = {
	{PREFIX "unsent_total", "counter", "Replies that the system did not take.", "",
		COMMON(unsent)},
	{PREFIX "handover_lost_total", "counter", "Queries that the transfer process did not take.",
		"", COMMON(handover_lost)},
	{PREFIX "observations_total", "counter",
		"Queries given to the observer for query log and dnstap.", "", COMMON(observed)},
	{PREFIX "observations_lost_total", "counter",
		"Queries that the observer was too busy to take.", "", COMMON(observations_lost)},
	{PREFIX "tcp_accepted_total", "counter", "TCP connections taken.", "",
		COMMON(tcp_accepted)},
	{PREFIX "tcp_closed_total", "counter", "TCP connections that we closed.",
		"{cause=\"idle\"}", COMMON(tcp_idle)},
	{PREFIX "tcp_closed_total", NULL, NULL, "{cause=\"evicted\"}", COMMON(tcp_evicted)},
	{PREFIX "tcp_closed_total", NULL, NULL, "{cause=\"refused\"}", COMMON(tcp_refused)},
	{PREFIX "tcp_connections", "gauge", "TCP connections that are open.", "", COMMON(tcp_open)},
};

#define ACCESS(field) offsetof(struct access_report, field)

static const struct plain_metric access_metrics[] = {
	{PREFIX "access_clients", "gauge", "Clients counted today.", "", ACCESS(clients)},
	{PREFIX "access_clients_over", "gauge", "Clients over their quota today.", "",
		ACCESS(clients_over)},
	{PREFIX "access_keys", "gauge", "Query keys used today.", "", ACCESS(keys)},
	{PREFIX "access_keys_over", "gauge", "Query keys over their quota today.", "",
		ACCESS(keys_over)},
	{PREFIX "access_uncounted_total", "counter",
		"Queries of clients for which access.clients left no room.", "", ACCESS(uncounted)},
	{PREFIX "access_refused_total", "counter", "Queries refused.", "{cause=\"quota\"}",
		ACCESS(refused_over)},
	{PREFIX "access_refused_total", NULL, NULL, "{cause=\"key\"}", ACCESS(refused_key)},
	{PREFIX "rate_limited_total", "counter", "Queries above rrl.rate.",
		"{action=\"truncated\"}", ACCESS(limited)},
	{PREFIX "rate_limited_total", NULL, NULL, "{action=\"dropped\"}", ACCESS(dropped)},
};

static void
write_plain(FILE *out, const struct plain_metric *metrics, size_t count, const void *from)
{
	for (size_t i = 0; i < count; i++) {
		const struct plain_metric *m = &metrics[i];
		const uint64_t *value = (const void *)((const char *)from + m->offset);

		if (m->type != NULL)
			begin(out, m->name, m->type, m->help);
		fprintf(out, "%s%s %" PRIu64 "\n", m->name, m->labels, *value);
	}
}

static void
write_common(FILE *out, const struct stats *s)
{
	struct stats_common common;

	stats_sum_common(s, &common);
	write_plain(out, common_metrics, ORBL_COUNT(common_metrics), &common);
}

static void
write_access(FILE *out, const struct access_shared *shared)
{
	struct access_report *report = malloc(sizeof(*report));

	if (report != NULL && access_shared_read(shared, report))
		write_plain(out, access_metrics, ORBL_COUNT(access_metrics), report);
	free(report);
}

/* --- transfers ---------------------------------------------------------------------- */

static uint64_t
row_serial(const struct transfer_row *r)
{
	return r->serial;
}

static uint64_t
row_last(const struct transfer_row *r)
{
	return r->last_success_s > 0 ? (uint64_t)r->last_success_s : 0;
}

static uint64_t
row_tries(const struct transfer_row *r)
{
	return r->tries;
}

/* One under way has not failed yet. */
static uint64_t
row_failures(const struct transfer_row *r)
{
	uint64_t ended = r->successes + (r->state == TRANSFER_UNDER_WAY);

	return r->tries > ended ? r->tries - ended : 0;
}

static const struct transfer_metric {
	const char *name, *type, *help;
	uint64_t (*value)(const struct transfer_row *);
} transfer_metrics[] = {
	{PREFIX "transfers_total", "counter", "Transfers and notifications tried, by peer.",
		row_tries},
	{PREFIX "transfer_failures_total", "counter", "Of them, those that failed or were refused.",
		row_failures},
	{PREFIX "transfer_serial", "gauge", "Serial that the peer has or gave; 0: not known.",
		row_serial},
	{PREFIX "transfer_last_success_timestamp_seconds", "gauge",
		"When the last one succeeded; 0: none has.", row_last},
};

static void
write_transfers(FILE *out, const struct transfer_status *t, const struct transfer_metric *m)
{
	char zone[LABEL_MAX], peer[ENDPOINT_TEXT];
	struct transfer_row row;

	begin(out, m->name, m->type, m->help);
	for (size_t i = 0; i < transfer_status_count(t); i++)
		if (transfer_status_get(t, i, &row))
			fprintf(out, "%s{zone=\"%s\",peer=\"%s\",kind=\"%s\"} %" PRIu64 "\n",
				m->name, escape(row.zone, zone), endpoint_format(&row.peer, peer),
				transfer_kind_name(row.kind), m->value(&row));
}

/* --- all -------------------------------------------------------------------------------- */

static void
write_all(FILE *out, const struct prometheus_sources *s, int64_t now_s)
{
	begin(out, PREFIX "build_info", "gauge", "Version of orbl-dnsd; always 1.");
	fprintf(out, PREFIX "build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
	begin(out, "process_start_time_seconds", "gauge", "When orbl-dnsd was started.");
	fprintf(out, "process_start_time_seconds %" PRId64 "\n", s->started_s);
	write_queries(out, s->stats);
	write_replies(out, s->stats);
	for (size_t i = 0; i < ORBL_COUNT(row_metrics); i++)
		write_row_metric(out, s->stats, &row_metrics[i]);
	write_latency(out, s->stats);
	for (size_t i = 0; i < ORBL_COUNT(zone_metrics); i++)
		write_zone_metric(out, s->stats, &zone_metrics[i], now_s);
	write_common(out, s->stats);
	if (s->has_dnstap) {
		begin(out, PREFIX "dnstap_connected", "gauge",
			"Does the collector of dnsd.dnstap take messages?");
		fprintf(out, PREFIX "dnstap_connected %d\n", s->is_dnstap_connected);
	}
	if (s->access != NULL)
		write_access(out, s->access);
	for (size_t i = 0; s->transfers != NULL && i < ORBL_COUNT(transfer_metrics); i++)
		write_transfers(out, s->transfers, &transfer_metrics[i]);
	if (s->transfers != NULL && transfer_status_expires_s(s->transfers) != 0) {
		begin(out, PREFIX "transfer_certificate_expires_timestamp_seconds", "gauge",
			"When the certificate of transfer.tls_certificate ends.");
		fprintf(out, PREFIX "transfer_certificate_expires_timestamp_seconds %" PRId64 "\n",
			transfer_status_expires_s(s->transfers));
	}
}

char *
prometheus_text(const struct prometheus_sources *sources, int64_t now_s, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	bool failed;

	if (out == NULL)
		return NULL;
	write_all(out, sources, now_s);
	failed = ferror(out) != 0;
	if (fclose(out) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}
