/* conf.h - orbl.conf: one file, read by every program.
 *
 * The options are a table in conf_options.c: name, type, place in struct conf, default, bounds,
 * unit and help. From it come parsing, the checks, `-T` and the lint that orbl.conf(5)
 * names each. An option has one row, one field here and one paragraph there.
 */
#ifndef ORBL_CONF_H
#define ORBL_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <orbl/addr.h>
#include <orbl/err.h>

enum { CONF_REPORTER_NAME_MAX = 64 };

struct conf_list {
	size_t count;
	char **items; /* owned */
};

struct conf_reporter {
	char *name;
	char *relay_policy; /* path of its relay policy, "" none */
	int64_t trust;      /* percent, 0..100: the most that it can have */
	char *key;          /* hash, "" none */
	char *address;      /* "" not known */
	int64_t quota, asn; /* 0: none */
	struct conf_list local_domains;
	struct conf_list events;      /* rows of event_map.h */
	struct conf_list syslog_from; /* prefixes */
};

/* Durations are in seconds (_s). Strings are never NULL. */
struct conf {
	char *log_level;

	char *control_socket; /* of the analyzer */
	int64_t control_mode; /* permission bits of both control sockets */
	char *store_path;

	struct {                                /* the syslog receiver */
		struct conf_list udp, tcp, tls; /* ADDR@PORT */
		char *certificate, *key, *ca;
		int64_t connections;
	} syslog;

	struct { /* the zone we publish */
		char *name, *snapshot, *contact, *url, *policy;
		struct conf_list ns;
		int64_t ttl_s, negative_ttl_s, refresh_s, retry_s, expire_s, heartbeat_s;
	} zone;

	struct {
		struct conf_list listen; /* ADDR@PORT */
		struct conf_list zones;  /* NAME=SOURCE; empty: zone.name from zone.snapshot */
		char *control_socket;
		int64_t workers; /* 0: one a processor */
		int64_t check_interval_s, udp_size, tcp_connections, tcp_idle_s;
		int64_t tcp_client_connections, amplification, max_age_s;
		char *identity, *version, *cookie_secret;
		char *user;
		struct conf_list metrics;                   /* ADDR@PORT */
		char *statistics_file, *query_log, *dnstap; /* "": none */
		int64_t statistics_interval_s, query_log_sample, dnstap_sample;
		int64_t query_log_clients; /* 0 or 1 */
	} dnsd;

	struct {                  /* who may ask, and how often */
		char *keys, *url; /* "": none */
		struct conf_list keys_only, exempt;
		int64_t quota, key_quota; /* queries a day; 0: no bound */
		int64_t warn_at;          /* percent */
		int64_t prefix_ipv4, prefix_ipv6, clients;
		int64_t error_codes; /* 0 or 1 */
	} access;

	struct {
		int64_t rate, slip; /* replies a second; one of so many */
		int64_t prefix_ipv4, prefix_ipv6;
	} rrl;

	struct {
		char *keys, *source, *catalog;             /* "": none */
		struct conf_list allow, notify, primaries; /* peers/peers.h has their forms */
		int64_t expand, history, connections;
		struct conf_list tls_listen;     /* ADDR@PORT */
		char *tls_certificate, *tls_key; /* "" of the key: in the certificate's file */
		char *tls_ca;                    /* "": the system's */
	} transfer;

	struct { /* for what files of rbldnsd do not say */
		int64_t ttl_s, ttl_min_s, ttl_max_s;
		int64_t host_bits, acl_list_all; /* 0 or 1 */
	} rbldnsd;

	struct {
		char *listen; /* ADDR@PORT */
		char *domain;
		char *tls_certificate, *tls_key; /* "": no STARTTLS */
	} collector;

	struct {
		char *helo, *source, *second_source, *user, *url;
		char *opt_out_file; /* "": none */
		struct conf_list allow, opt_out, cases;
		int64_t port, interval_s, wait_s, retry_after_s, retries;
		int64_t sessions, reply_timeout_s, session_timeout_s;
		int64_t starttls; /* 0 or 1 */
		int64_t per_minute, per_network, backoff_s, retest_before_s;
	} probe;

	struct {
		int64_t half_life_s, max_age_s;
		int64_t denial_points, reporter_cap, threshold, min_reporters;
		int64_t new_trust; /* percent */
		int64_t suspect_at, suspect_until, suspect_reporters;
		char *distinct; /* "reporter", "network" or "asn" */
	} score;

	struct {
		int64_t per_host, total; /* hours of evidence */
		int64_t probes, probe_bytes;
	} evidence;

	struct {
		int64_t lifetime_s, max_lifetime_s, relapse_window_s;
		int64_t notice_output_s, notice_bouncer_s;
		int64_t ipv6_prefix;         /* 64 to 128 */
		struct conf_list exempt;     /* prefixes */
		struct conf_list safe_lists; /* files */
	} listing;

	struct {
		int64_t max_change; /* percent */
		int64_t max_change_floor;
		char *popular, *text;
	} publish;

	struct {
		char *asn, *country; /* "": none */
	} geo;

	struct {
		int64_t requests_per_day, confirm_after_s, lockout_s, max_lockout_s;
		char *resolver; /* ADDR@PORT; "": none */
	} delist;

	struct {
		char *spool, *contacts, *from; /* "": none */
		int64_t per_day, keep_s;
	} notify;

	struct {
		char *file, *key;
	} audit;

	size_t reporter_count;
	struct conf_reporter *reporters;
};

/* Read a file over the defaults; path NULL: the defaults alone. The error names file, line
 * and remedy. On OK the caller frees with conf_free. */
enum err conf_load(const char *path, struct conf **out, struct error *e) ORBL_NODISCARD;
void conf_free(struct conf *c); /* NULL ok */
/* Which file to read: the argument of -c, else $ORBL_CONF, else the installed path when it
 * exists, else NULL. */
const char *conf_path(const char *argument);
/* The effective values in the file's own syntax, each with its help. For -T. */
void conf_print(const struct conf *c, FILE *out);
/* NULL when there is no such reporter section. Names are the same without regard to case and blanks
 * at their ends. */
const struct conf_reporter *conf_reporter(const struct conf *c, const char *name);
/* The next option's name, for the lint; NULL at the end. */
const char *conf_option_name(size_t i);
/* Version and the configure summary. For -V. */
void conf_print_version(const char *program, FILE *out);

#endif
