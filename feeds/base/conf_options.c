#include "conf_options.h"

#include <string.h>

#include <orbl/conf.h>

enum { NAME_MAX_LEN = 64 };

#define AT(field) offsetof(struct conf, field)
#define DAYS(n)   ((n) * (int64_t)86400)

static const struct conf_option options[] = {
	{"log.level", TYPE_LOG_LEVEL, AT(log_level), "notice", 0, 0, "",
		"most talkative level logged: error, warning, notice, info or debug"},

	{"control.socket", TYPE_PATH, AT(control_socket), ORBL_RUNSTATEDIR "/orbl/analyzer.sock", 0,
		0, "path", "Unix socket where orbl-analyzer takes commands"},
	{"control.mode", TYPE_MODE, AT(control_mode), "0660", 0, 0777, "octal",
		"permissions of the control sockets: who may open one may command"},
	{"store.path", TYPE_PATH, AT(store_path), ORBL_LOCALSTATEDIR "/lib/orbl/orbl.db", 0, 0,
		"path", "SQLite database with evidence, listings and probes"},

	{"syslog.udp", TYPE_ENDPOINT_LIST, AT(syslog.udp), "{}", 0, 16, "ADDR@PORT",
		"where syslog messages are taken over UDP; empty: nowhere"},
	{"syslog.tcp", TYPE_ENDPOINT_LIST, AT(syslog.tcp), "{}", 0, 16, "ADDR@PORT",
		"where syslog messages are taken over TCP; empty: nowhere"},
	{"syslog.tls", TYPE_ENDPOINT_LIST, AT(syslog.tls), "{}", 0, 16, "ADDR@PORT",
		"where syslog messages are taken over TLS (RFC 5425); empty: nowhere"},
	{"syslog.certificate", TYPE_PATH_OR_NONE, AT(syslog.certificate), "", 0, 0, "path",
		"certificate of the TLS receiver, PEM, with the chain behind it"},
	{"syslog.key", TYPE_PATH_OR_NONE, AT(syslog.key), "", 0, 0, "path", "its private key, PEM"},
	{"syslog.ca", TYPE_PATH_OR_NONE, AT(syslog.ca), "", 0, 0, "path",
		"certificates that must have signed a TLS sender's own; empty: none is asked for"},
	{"syslog.connections", TYPE_NUMBER, AT(syslog.connections), "64", 1, 1024, "senders",
		"senders at once; the most idle one gives way"},

	{"zone.name", TYPE_DOMAIN, AT(zone.name), "dnsbl.test", 0, 0, "domain",
		"origin of the list; subzones such as relays.NAME are made below it"},
	{"zone.snapshot", TYPE_PATH, AT(zone.snapshot),
		ORBL_LOCALSTATEDIR "/lib/orbl/orbl.snapshot", 0, 0, "path",
		"file that orbl-analyzer publishes and orbl-dnsd serves"},
	{"zone.ns", TYPE_DOMAIN_LIST, AT(zone.ns), "{\"localhost\"}", 0, 32, "domains",
		"name servers of the zone"},
	{"zone.contact", TYPE_MAILBOX, AT(zone.contact), "hostmaster.localhost", 0, 0, "domain",
		"mailbox of the operator in SOA form, a dot for the @"},
	{"zone.url", TYPE_TEXT, AT(zone.url), "https://dnsbl.test/lookup?ip=$", 0, 0, "URL",
		"page named in TXT records; $ stands for the queried address"},
	{"zone.policy", TYPE_TEXT_OR_NONE, AT(zone.policy), "", 0, 200, "URL",
		"page with the listing policy, told at _status.NAME; empty: not told"},
	{"zone.ttl", TYPE_DURATION, AT(zone.ttl_s), "5m", 1, DAYS(7), "duration",
		"TTL of listings; never more than what is left of the listing"},
	{"zone.negative_ttl", TYPE_DURATION, AT(zone.negative_ttl_s), "150", 1, DAYS(1), "duration",
		"how long resolvers may remember that an address is not listed"},
	{"zone.refresh", TYPE_DURATION, AT(zone.refresh_s), "10m", 1, DAYS(7), "duration",
		"SOA refresh"},
	{"zone.retry", TYPE_DURATION, AT(zone.retry_s), "2m", 1, DAYS(7), "duration", "SOA retry"},
	{"zone.expire", TYPE_DURATION, AT(zone.expire_s), "2d", 1, DAYS(90), "duration",
		"SOA expire"},
	{"zone.heartbeat", TYPE_DURATION, AT(zone.heartbeat_s), "10m", 1, DAYS(1), "duration",
		"the list is published again after so long though nothing has changed"},

	{"dnsd.listen", TYPE_ENDPOINT_LIST, AT(dnsd.listen), "{\"127.0.0.1@53\", \"::1@53\"}", 0, 0,
		"ADDR@PORT", "where orbl-dnsd answers, UDP and TCP"},
	{"dnsd.zones", TYPE_ZONE_LIST, AT(dnsd.zones), "{}", 0, 0, "NAME=SOURCE",
		"zones served; SOURCE is snapshot:FILE, transfer:FILE or rbldnsd:TYPE:FILE,...; "
		"empty: zone.name"},
	{"dnsd.control_socket", TYPE_PATH_OR_NONE, AT(dnsd.control_socket),
		ORBL_RUNSTATEDIR "/orbl/dnsd.sock", 0, 0, "path",
		"Unix socket where orbl-dnsd takes commands; empty: none"},
	{"dnsd.workers", TYPE_NUMBER, AT(dnsd.workers), "0", 0, 64, "threads",
		"threads that answer; 0: one a processor"},
	{"dnsd.check_interval", TYPE_DURATION, AT(dnsd.check_interval_s), "60", 1, DAYS(1),
		"duration", "how often zone files are looked at for changes"},
	{"dnsd.udp_size", TYPE_NUMBER, AT(dnsd.udp_size), "1232", 512, 4096, "bytes",
		"largest UDP answer"},
	{"dnsd.amplification", TYPE_NUMBER, AT(dnsd.amplification), "3", 0, 100, "times",
		"a UDP answer is at most so many times its query, unless a cookie proves the "
		"client; "
		"0: no bound"},
	{"dnsd.tcp_connections", TYPE_NUMBER, AT(dnsd.tcp_connections), "256", 1, 65535,
		"connections", "TCP connections at once; the most idle one gives way"},
	{"dnsd.tcp_client_connections", TYPE_NUMBER, AT(dnsd.tcp_client_connections), "32", 1,
		65535, "connections", "TCP connections at once of one client address"},
	{"dnsd.tcp_idle", TYPE_DURATION, AT(dnsd.tcp_idle_s), "10", 1, 300, "duration",
		"a TCP connection without a whole answer for so long is closed"},
	{"dnsd.max_age", TYPE_DURATION, AT(dnsd.max_age_s), "0", 0, DAYS(3650), "duration",
		"older data are answered with SERVFAIL; 0: never"},
	{"dnsd.identity", TYPE_TEXT_OR_NONE, AT(dnsd.identity), "", 0, 255, "text",
		"name of this server, for NSID and id.server; empty: not told"},
	{"dnsd.version", TYPE_TEXT_OR_NONE, AT(dnsd.version), "orbl-dnsd", 0, 255, "text",
		"what version.bind is answered with; empty: refused"},
	{"dnsd.cookie_secret", TYPE_PATH_OR_NONE, AT(dnsd.cookie_secret), "", 0, 0, "path",
		"secrets of DNS cookies that servers of one address share; empty: one by chance"},

	{"dnsd.user", TYPE_TEXT, AT(dnsd.user), "nobody", 0, 0, "user",
		"user orbl-dnsd becomes when it is started as root"},
	{"dnsd.metrics", TYPE_ENDPOINT_LIST, AT(dnsd.metrics), "{}", 0, 16, "ADDR@PORT",
		"where Prometheus may fetch /metrics over HTTP; empty: nowhere"},
	{"dnsd.statistics_file", TYPE_PATH_OR_NONE, AT(dnsd.statistics_file), "", 0, 0, "path",
		"file with a line of counters each dnsd.statistics_interval (rbldnsd -s)"},
	{"dnsd.statistics_interval", TYPE_DURATION, AT(dnsd.statistics_interval_s), "60", 1,
		DAYS(1), "duration", "how often a line is added to dnsd.statistics_file"},
	{"dnsd.query_log", TYPE_PATH_OR_NONE, AT(dnsd.query_log), "", 0, 0, "path",
		"file with a line for some of the queries; empty: none"},
	{"dnsd.query_log_sample", TYPE_NUMBER, AT(dnsd.query_log_sample), "100", 1, 1000000,
		"queries", "one of so many queries is logged"},
	{"dnsd.query_log_clients", TYPE_YES_NO, AT(dnsd.query_log_clients), "no", 0, 1, "",
		"log clients' whole addresses? Else IPv4 without the last octet, IPv6 as /48"},
	{"dnsd.dnstap", TYPE_PATH_OR_NONE, AT(dnsd.dnstap), "", 0, 0, "path",
		"Unix socket of a dnstap receiver; empty: none (needs --enable-dnstap)"},
	{"dnsd.dnstap_sample", TYPE_NUMBER, AT(dnsd.dnstap_sample), "1", 1, 1000000, "queries",
		"one of so many queries goes to dnstap"},

	{"access.keys", TYPE_PATH_OR_NONE, AT(access.keys), "", 0, 0, "path",
		"file of query keys (orbl dnsd key); empty: a name has no key"},
	{"access.keys_only", TYPE_DOMAIN_LIST, AT(access.keys_only), "{}", 0, 0, "zones",
		"zones that answer only names with a key, and clients an access list lets pass"},
	{"access.quota", TYPE_NUMBER, AT(access.quota), "0", 0, 1000000000000, "queries",
		"queries a day of one client without a key; 0: no bound"},
	{"access.key_quota", TYPE_NUMBER, AT(access.key_quota), "0", 0, 1000000000000, "queries",
		"queries a day of a key that has no quota of its own; 0: no bound"},
	{"access.warn_at", TYPE_NUMBER, AT(access.warn_at), "80", 1, 100, "percent",
		"share of a quota at which a line is logged"},
	{"access.prefix_ipv4", TYPE_NUMBER, AT(access.prefix_ipv4), "32", 8, 32, "bits",
		"IPv4 addresses with these bits in common are one client of access.quota"},
	{"access.prefix_ipv6", TYPE_NUMBER, AT(access.prefix_ipv6), "64", 16, 64, "bits",
		"the same for IPv6"},
	{"access.exempt", TYPE_PREFIX_LIST, AT(access.exempt), "{}", 0, 64, "prefixes",
		"clients without quota and rate limit"},
	{"access.clients", TYPE_NUMBER, AT(access.clients), "65536", 1024, 16777216, "clients",
		"clients counted at once, for quota and rate limit"},
	{"access.url", TYPE_TEXT_OR_NONE, AT(access.url), "", 0, 150, "URL",
		"page named to who is over quota or has no key"},
	{"access.error_codes", TYPE_YES_NO, AT(access.error_codes), "no", 0, 1, "",
		"answer who is over quota or has no key with 127.255.255.255 or .254?"},

	{"rrl.rate", TYPE_NUMBER, AT(rrl.rate), "0", 0, 1000000000, "replies",
		"UDP replies a second to one network whose address is not proved; 0: no bound"},
	{"rrl.slip", TYPE_NUMBER, AT(rrl.slip), "2", 0, 10, "replies",
		"above rrl.rate one of so many is sent, truncated; 0: none, 1: all"},
	{"rrl.prefix_ipv4", TYPE_NUMBER, AT(rrl.prefix_ipv4), "24", 8, 32, "bits",
		"IPv4 addresses with these bits in common are one network of rrl.rate"},
	{"rrl.prefix_ipv6", TYPE_NUMBER, AT(rrl.prefix_ipv6), "56", 16, 64, "bits",
		"the same for IPv6"},

	{"transfer.keys", TYPE_PATH_OR_NONE, AT(transfer.keys), "", 0, 0, "path",
		"file of TSIG keys, a line each: ALGORITHM:NAME:SECRET, as dig -y takes them"},
	{"transfer.allow", TYPE_LIST, AT(transfer.allow), "{}", 0, 256, "ZONE PREFIX [KEY] [tls]",
		"who may have which zone, * for all, by address and, if named, TSIG key; tls: not "
		"in clear"},
	{"transfer.notify", TYPE_LIST, AT(transfer.notify), "{}", 0, 256, "ZONE ADDR[@PORT] [KEY]",
		"secondaries to notify of changes"},
	{"transfer.primaries", TYPE_LIST, AT(transfer.primaries), "{}", 0, 256,
		"ZONE ADDR[@PORT] [KEY] [tls=NAME]",
		"where zones with a source transfer:FILE come from; tls: over TLS, from a server "
		"with a certificate for NAME"},
	{"transfer.source", TYPE_ADDRESS, AT(transfer.source), "", 0, 0, "address",
		"address to notify and fetch from; empty: the system's choice"},
	{"transfer.catalog", TYPE_DOMAIN_OR_NONE, AT(transfer.catalog), "", 0, 0, "domain",
		"catalog zone (RFC 9432) of all zones served; empty: none"},
	{"transfer.expand", TYPE_NUMBER, AT(transfer.expand), "1048576", 0, 100000000, "names",
		"names that networks of one zone may become where no wildcard says the same"},
	{"transfer.history", TYPE_NUMBER, AT(transfer.history), "100", 0, 10000, "versions",
		"versions of each list kept for IXFR"},
	{"transfer.connections", TYPE_NUMBER, AT(transfer.connections), "64", 1, 4096,
		"connections",
		"connections of the transfer process at once, a quarter of them of "
		"one client"},
	{"transfer.tls_listen", TYPE_ENDPOINT_LIST, AT(transfer.tls_listen), "{}", 0, 16,
		"ADDR@PORT",
		"where zones are given over TLS (RFC 9103), the port is 853; empty: nowhere"},
	{"transfer.tls_certificate", TYPE_PATH_OR_NONE, AT(transfer.tls_certificate), "", 0, 0,
		"path", "its certificate, PEM, with the chain behind it"},
	{"transfer.tls_key", TYPE_PATH_OR_NONE, AT(transfer.tls_key), "", 0, 0, "path",
		"its private key, PEM; empty: in the file of the certificate"},
	{"transfer.tls_ca", TYPE_PATH_OR_NONE, AT(transfer.tls_ca), "", 0, 0, "path",
		"CAs of primaries with tls, PEM; empty: those of the system"},

	{"rbldnsd.ttl", TYPE_DURATION, AT(rbldnsd.ttl_s), "35m", 1, DAYS(3650), "duration",
		"TTL of a data set without $TTL (rbldnsd -t)"},
	{"rbldnsd.ttl_min", TYPE_DURATION, AT(rbldnsd.ttl_min_s), "0", 0, DAYS(3650), "duration",
		"a shorter TTL of a data set becomes this; 0: none does"},
	{"rbldnsd.ttl_max", TYPE_DURATION, AT(rbldnsd.ttl_max_s), "0", 0, DAYS(3650), "duration",
		"a longer TTL of a data set becomes this; 0: none does"},
	{"rbldnsd.host_bits", TYPE_YES_NO, AT(rbldnsd.host_bits), "no", 0, 1, "",
		"may prefixes have bits set behind their length? (rbldnsd -e)"},
	{"rbldnsd.acl_list_all", TYPE_YES_NO, AT(rbldnsd.acl_list_all), "no", 0, 1, "",
		"may A and TXT in an acl list everything to its clients? Else they are refused"},

	{"collector.listen", TYPE_ENDPOINT, AT(collector.listen), "127.0.0.1@2525", 0, 0,
		"ADDR@PORT", "where test messages come back; the MX of collector.domain, port 25"},
	{"collector.domain", TYPE_DOMAIN, AT(collector.domain), "probe.test", 0, 0, "domain",
		"domain of the test messages' sender and recipient; use it for nothing else"},
	{"collector.tls_certificate", TYPE_PATH_OR_NONE, AT(collector.tls_certificate), "", 0, 0,
		"file", "PEM certificate of the collector; empty: it does not offer STARTTLS"},
	{"collector.tls_key", TYPE_PATH_OR_NONE, AT(collector.tls_key), "", 0, 0, "file",
		"PEM private key of that certificate; empty: in the same file"},

	{"probe.helo", TYPE_DOMAIN, AT(probe.helo), "relay-test.probe.test", 0, 0, "domain",
		"name given in EHLO and in the message; its address must be probe.source"},
	{"probe.source", TYPE_ADDRESS, AT(probe.source), "", 0, 0, "address",
		"address to probe from; empty: the system's choice"},
	{"probe.second_source", TYPE_ADDRESS, AT(probe.second_source), "", 0, 0, "address",
		"another address, from which a host that is not proved open is probed once more"},
	{"probe.starttls", TYPE_YES_NO, AT(probe.starttls), "yes", 0, 1, "",
		"use STARTTLS with hosts that take no mail without it?"},
	{"probe.user", TYPE_TEXT, AT(probe.user), "nobody", 0, 0, "user",
		"user the prober becomes when it is started as root"},
	{"probe.url", TYPE_TEXT, AT(probe.url), "https://dnsbl.test/probe", 0, 0, "URL",
		"page that explains the test, named in each test message"},
	{"probe.port", TYPE_NUMBER, AT(probe.port), "25", 1, 65535, "port",
		"TCP port of hosts under test"},
	{"probe.allow", TYPE_PREFIX_LIST, AT(probe.allow), "{}", 0, 0, "prefixes",
		"private or reserved networks that may be probed and listed all the same"},
	{"probe.opt_out", TYPE_PREFIX_LIST, AT(probe.opt_out), "{}", 0, 0, "prefixes",
		"networks that are never probed"},
	{"probe.opt_out_file", TYPE_PATH_OR_NONE, AT(probe.opt_out_file), "", 0, 0, "file",
		"more of them, one a line; read again when it changes"},
	{"probe.cases", TYPE_LIST, AT(probe.cases), "{}", 0, 0, "ids",
		"relay tests to make, such as P01-plain; empty: all but P44-mixed"},
	{"probe.interval", TYPE_DURATION, AT(probe.interval_s), "24h", 0, DAYS(365), "duration",
		"no host is probed more often, except on a delisting request (RFC 6471, 3.6)"},
	{"probe.backoff", TYPE_DURATION, AT(probe.backoff_s), "1h", 1, DAYS(30), "duration",
		"after an undecided probe the next one waits so long, then twice as long"},
	{"probe.retest_before", TYPE_DURATION, AT(probe.retest_before_s), "1d", 0, DAYS(365),
		"duration", "a listed host is probed again so long before its listing ends"},
	{"probe.wait", TYPE_DURATION, AT(probe.wait_s), "10m", 1, DAYS(3), "duration",
		"how long to wait for an accepted message before a verdict"},
	{"probe.retry_after", TYPE_DURATION, AT(probe.retry_after_s), "15m", 1, DAYS(1), "duration",
		"pause after a temporary refusal (greylisting)"},
	{"probe.retries", TYPE_NUMBER, AT(probe.retries), "3", 0, 10, "times",
		"retries after temporary refusals"},
	{"probe.sessions", TYPE_NUMBER, AT(probe.sessions), "50", 1, 5000, "hosts",
		"hosts probed at once, one connection each"},
	{"probe.per_minute", TYPE_NUMBER, AT(probe.per_minute), "600", 1, 1000000, "probes",
		"probes begun in a minute, all hosts together"},
	{"probe.per_network", TYPE_NUMBER, AT(probe.per_network), "4", 1, 1000, "hosts",
		"hosts of one network (IPv4 /24, IPv6 /48) probed at once"},
	{"probe.reply_timeout", TYPE_DURATION, AT(probe.reply_timeout_s), "60", 1, 600, "duration",
		"how long to wait for one SMTP reply"},
	{"probe.session_timeout", TYPE_DURATION, AT(probe.session_timeout_s), "5m", 1, 3600,
		"duration", "longest SMTP session"},

	{"score.half_life", TYPE_DURATION, AT(score.half_life_s), "7d", 60, DAYS(3650), "duration",
		"evidence loses half its weight in this time"},
	{"score.max_age", TYPE_DURATION, AT(score.max_age_s), "30d", 60, DAYS(3650), "duration",
		"older denials are no evidence"},
	{"score.denial_points", TYPE_NUMBER, AT(score.denial_points), "10", 1, 1000, "points",
		"weight of the first denial of an hour; each doubling adds a quarter of it"},
	{"score.reporter_cap", TYPE_NUMBER, AT(score.reporter_cap), "40", 1, 1000, "points",
		"most that one reporter can contribute"},
	{"score.threshold", TYPE_NUMBER, AT(score.threshold), "15", 1, 1000, "points",
		"score at which a host is nominated for a probe"},
	{"score.min_reporters", TYPE_NUMBER, AT(score.min_reporters), "2", 1, 100, "reporters",
		"independent reporters needed before a host is nominated"},

	{"score.distinct", TYPE_DISTINCT, AT(score.distinct), "reporter", 0, 0, "",
		"what must differ for reporters to be independent: reporter, network or asn"},
	{"score.new_trust", TYPE_NUMBER, AT(score.new_trust), "25", 0, 100, "percent",
		"share of its trust that a reporter has before probes have confirmed it"},
	{"score.suspect_at", TYPE_NUMBER, AT(score.suspect_at), "60", 0, 100000, "points",
		"score at which a host is listed as suspect; 0: none is"},
	{"score.suspect_until", TYPE_NUMBER, AT(score.suspect_until), "30", 1, 100000, "points",
		"a suspect stays listed until its score is below this"},
	{"score.suspect_reporters", TYPE_NUMBER, AT(score.suspect_reporters), "3", 1, 100,
		"reporters", "independent reporters needed before a host is listed as suspect"},

	{"evidence.per_host", TYPE_NUMBER, AT(evidence.per_host), "10000", 10, 1000000, "rows",
		"hours of evidence kept of one host; the oldest give way"},
	{"evidence.total", TYPE_NUMBER, AT(evidence.total), "20000000", 1000, INT64_C(1) << 40,
		"rows", "hours of evidence kept of all hosts; the oldest give way"},
	{"evidence.probes", TYPE_NUMBER, AT(evidence.probes), "20", 1, 10000, "probes",
		"dialogues of finished probes kept of one host, besides those that listings rest "
		"on"},
	{"evidence.probe_bytes", TYPE_NUMBER, AT(evidence.probe_bytes), "10", 1, 100000, "GiB",
		"dialogues of finished probes kept of all hosts; the oldest give way"},

	{"listing.lifetime", TYPE_DURATION, AT(listing.lifetime_s), "30d", 60, DAYS(365),
		"duration", "a listing ends after this time unless it is renewed"},
	{"listing.max_lifetime", TYPE_DURATION, AT(listing.max_lifetime_s), "180d", 60, DAYS(3650),
		"duration", "each relapse doubles the time of a listing, up to this"},
	{"listing.relapse_window", TYPE_DURATION, AT(listing.relapse_window_s), "365d", 0,
		DAYS(3650), "duration",
		"a host that is listed again so soon after it was removed has relapsed"},
	{"listing.notice_output", TYPE_DURATION, AT(listing.notice_output_s), "7d", 0, DAYS(90),
		"duration", "an output is not published before it has been known so long"},
	{"listing.notice_bouncer", TYPE_DURATION, AT(listing.notice_bouncer_s), "7d", 0, DAYS(90),
		"duration", "a bouncer is not published before it has been known so long"},
	{"listing.ipv6_prefix", TYPE_NUMBER, AT(listing.ipv6_prefix), "64", 64, 128, "bits",
		"length of the prefix that is listed for an IPv6 host"},
	{"listing.exempt", TYPE_PREFIX_LIST, AT(listing.exempt), "{}", 0, 0, "prefixes",
		"networks, such as our own, of which nothing is ever listed"},
	{"listing.safe_lists", TYPE_LIST, AT(listing.safe_lists), "{}", 0, 64, "files",
		"safe lists of prefixes that are never listed, an alarm is raised instead"},

	{"publish.max_change", TYPE_NUMBER, AT(publish.max_change), "20", 1, 100, "percent",
		"a list that differs by more from the one in service is held until forced"},
	{"publish.max_change_floor", TYPE_NUMBER, AT(publish.max_change_floor), "500", 0,
		1000000000, "prefixes", "no fewer changes than these are held for their share"},
	{"publish.popular", TYPE_PATH_OR_NONE, AT(publish.popular), "", 0, 0, "file",
		"popular networks: a list that has anything of them is held until forced"},
	{"publish.text", TYPE_TXT_TEMPLATE, AT(publish.text), "[$codes] $meaning; see $url", 0, 400,
		"text",
		"text of TXT records; $codes $meaning $url $until $asn $asorg $cc stand for their "
		"values"},
	{"geo.asn", TYPE_PATH_OR_NONE, AT(geo.asn), "", 0, 0, "file",
		"MaxMind database of AS numbers; empty: none are known"},
	{"geo.country", TYPE_PATH_OR_NONE, AT(geo.country), "", 0, 0, "file",
		"MaxMind database of countries; empty: none are known"},

	{"delist.requests_per_day", TYPE_NUMBER, AT(delist.requests_per_day), "5", 1, 1000,
		"requests", "delisting requests taken for one host within 24 hours"},
	{"delist.confirm_after", TYPE_DURATION, AT(delist.confirm_after_s), "1h", 0, DAYS(7),
		"duration", "a delisted host is probed once more after this time; 0: it is not"},
	{"delist.lockout", TYPE_DURATION, AT(delist.lockout_s), "1d", 0, DAYS(30), "duration",
		"a host that relapsed must wait so long to be delisted, then twice as long"},
	{"delist.max_lockout", TYPE_DURATION, AT(delist.max_lockout_s), "30d", 0, DAYS(365),
		"duration", "longest such wait"},
	{"delist.resolver", TYPE_ENDPOINT_OR_NONE, AT(delist.resolver), "", 0, 0, "ADDR@PORT",
		"resolver for proofs of control and abuse contacts; empty: neither is looked up"},

	{"notify.spool", TYPE_PATH_OR_NONE, AT(notify.spool), "", 0, 0, "directory",
		"notices to abuse contacts are put there as messages; empty: none are made"},
	{"notify.contacts", TYPE_DOMAIN_OR_NONE, AT(notify.contacts), "", 0, 0, "domain",
		"zone that answers a reversed address with its abuse contact in a TXT record"},
	{"notify.from", TYPE_TEXT_OR_NONE, AT(notify.from), "", 0, 254, "mailbox",
		"sender of notices"},
	{"notify.per_day", TYPE_NUMBER, AT(notify.per_day), "20", 1, 100000, "messages",
		"notices to one contact within 24 hours; further hosts wait for the next day"},
	{"notify.keep", TYPE_DURATION, AT(notify.keep_s), "365d", DAYS(7), DAYS(36500), "duration",
		"how long a notice is remembered after its listing ended"},

	{"audit.file", TYPE_PATH_OR_NONE, AT(audit.file),
		ORBL_LOCALSTATEDIR "/lib/orbl/audit.jsonl", 0, 0, "file",
		"copy of the audit log that outlives a restored store; empty: none"},
	{"audit.key", TYPE_PATH, AT(audit.key), ORBL_LOCALSTATEDIR "/lib/orbl/audit.key", 0, 0,
		"file", "Ed25519 key that signs the audit log; made at the first start"},
};

static const struct conf_option reporter_options[] = {
	{"relay_policy", TYPE_PATH_OR_NONE, offsetof(struct conf_reporter, relay_policy), "", 0, 0,
		"path", "relay policy of the reporter's server: a client it allows is no evidence"},
	{"trust", TYPE_NUMBER, offsetof(struct conf_reporter, trust), "100", 0, 100, "percent",
		"weight of the reporter's denials when probes have confirmed it"},
	{"key", TYPE_TEXT_OR_NONE, offsetof(struct conf_reporter, key), "", 0, 64, "hash",
		"hash of the key that its submissions must have, of `orbl reporter key`; empty: "
		"none"},
	{"quota", TYPE_NUMBER, offsetof(struct conf_reporter, quota), "1000000", 0, 1000000000,
		"denials", "denials counted of a day; 0: any number"},
	{"address", TYPE_ADDRESS, offsetof(struct conf_reporter, address), "", 0, 0, "address",
		"address of the reporter, whose network and AS tell it from others"},
	{"asn", TYPE_NUMBER, offsetof(struct conf_reporter, asn), "0", 0, 4294967295, "AS",
		"AS number of the reporter; 0: that of its address"},
	{"local_domains", TYPE_DOMAIN_LIST, offsetof(struct conf_reporter, local_domains), "{}", 0,
		0, "domains", "local to a server whose log says the same of unknown users"},
	{"events", TYPE_LIST, offsetof(struct conf_reporter, events), "{}", 0, 64, "rows",
		"further Windows events that are relay denials"},
	{"syslog_from", TYPE_PREFIX_LIST, offsetof(struct conf_reporter, syslog_from), "{}", 0, 0,
		"prefixes", "syslog messages from there are this reporter's"},
};

struct conf_table
conf_options(void)
{
	return (struct conf_table){options, ORBL_COUNT(options)};
}

struct conf_table
conf_reporter_options(void)
{
	return (struct conf_table){reporter_options, ORBL_COUNT(reporter_options)};
}

const char *
conf_option_name(size_t i)
{
	if (i < ORBL_COUNT(options))
		return options[i].name;
	i -= ORBL_COUNT(options);
	return i < ORBL_COUNT(reporter_options) ? reporter_options[i].name : NULL;
}

const struct conf_option *
conf_option_find(struct conf_table table, const char *name)
{
	for (size_t i = 0; i < table.count; i++)
		if (strcmp(table.rows[i].name, name) == 0)
			return &table.rows[i];
	return NULL;
}

/* Letters to insert, delete or change to make one name of the other. */
static size_t
edit_distance(const char *a, const char *b)
{
	uint8_t row[NAME_MAX_LEN + 1], left_above, above, cost;
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > NAME_MAX_LEN || b_len > NAME_MAX_LEN)
		return SIZE_MAX;
	for (size_t k = 0; k <= b_len; k++)
		row[k] = (uint8_t)k;
	for (size_t i = 1; i <= a_len; i++) {
		left_above = row[0];
		row[0] = (uint8_t)i;
		for (size_t k = 1; k <= b_len; k++) {
			above = row[k];
			cost = (uint8_t)(left_above + (a[i - 1] != b[k - 1]));
			if (above + 1 < cost)
				cost = (uint8_t)(above + 1);
			if (row[k - 1] + 1 < cost)
				cost = (uint8_t)(row[k - 1] + 1);
			row[k] = cost;
			left_above = above;
		}
	}
	return row[b_len];
}

static const char *
last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL ? dot + 1 : name;
}

const char *
conf_option_nearest(struct conf_table table, const char *name)
{
	const char *best = NULL;
	size_t best_distance = strlen(name) / 3 + 1, distance;

	for (size_t i = 0; i < table.count; i++) {
		distance = edit_distance(name, table.rows[i].name);
		if (distance < best_distance) {
			best_distance = distance;
			best = table.rows[i].name;
		}
	}
	/* The right word under the wrong prefix. */
	for (size_t i = 0; i < table.count && best == NULL; i++)
		if (strcmp(last_part(name), last_part(table.rows[i].name)) == 0)
			best = table.rows[i].name;
	return best;
}
