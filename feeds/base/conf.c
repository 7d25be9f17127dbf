#include <orbl/conf.h>

#include <confuse.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/text.h>

#include "config.h"

enum { CONF_FILE_MAX = 1 << 20, ITEMS_MAX = 4096 };

enum type {
	TYPE_TEXT,
	TYPE_PATH,
	TYPE_NUMBER,
	TYPE_MODE,          /* octal permission bits */
	TYPE_DURATION,      /* seconds, or a number with s, m, h, d or w */
	TYPE_LIST,
	TYPE_ENDPOINT,      /* ADDR@PORT */
	TYPE_ENDPOINT_LIST,
	TYPE_ADDRESS,       /* or "" */
	TYPE_PREFIX_LIST,
	TYPE_LOG_LEVEL,
};

struct option {
	const char *name;
	enum type type;
	size_t offset;
	const char *value; /* default; of lists, the items with spaces between */
	int64_t min, max;  /* of numbers and durations */
	const char *unit;
	const char *help;
};

#define AT(field)  offsetof(struct conf, field)
#define SECONDS(n) (n)
#define DAYS(n)    ((n) * (int64_t)86400)

static const struct option options[] = {
	{"log.level", TYPE_LOG_LEVEL, AT(log_level), "notice", 0, 0, "",
		"most talkative level logged: error, warning, notice, info or debug"},

	{"control.socket", TYPE_PATH, AT(control_socket), ORBL_RUNSTATEDIR "/orbl/analyzer.sock",
		0, 0, "path", "Unix socket where orbl-analyzer takes commands"},
	{"control.mode", TYPE_MODE, AT(control_mode), "0660", 0, 0777, "octal",
		"permissions of the control sockets: who may open one may command"},
	{"store.path", TYPE_PATH, AT(store_path), ORBL_LOCALSTATEDIR "/lib/orbl/orbl.db", 0, 0,
		"path", "SQLite database with evidence, listings and probes"},

	{"zone.name", TYPE_TEXT, AT(zone.name), "dnsbl.test", 0, 0, "domain",
		"origin of the list; subzones such as relays.NAME are made below it"},
	{"zone.snapshot", TYPE_PATH, AT(zone.snapshot),
		ORBL_LOCALSTATEDIR "/lib/orbl/orbl.snapshot", 0, 0, "path",
		"file that orbl-analyzer publishes and orbl-dnsd serves"},
	{"zone.ns", TYPE_LIST, AT(zone.ns), "localhost", 0, 0, "domains",
		"name servers of the zone"},
	{"zone.contact", TYPE_TEXT, AT(zone.contact), "hostmaster.localhost", 0, 0, "domain",
		"mailbox of the operator in SOA form, a dot for the @"},
	{"zone.url", TYPE_TEXT, AT(zone.url), "https://dnsbl.test/lookup?ip=$", 0, 0, "URL",
		"page named in TXT records; $ stands for the queried address"},
	{"zone.ttl", TYPE_DURATION, AT(zone.ttl_s), "5m", 1, DAYS(7), "duration",
		"TTL of listings; never more than what is left of the listing"},
	{"zone.negative_ttl", TYPE_DURATION, AT(zone.negative_ttl_s), "150", 1, DAYS(1),
		"duration", "how long resolvers may remember that an address is not listed"},
	{"zone.refresh", TYPE_DURATION, AT(zone.refresh_s), "10m", 1, DAYS(7), "duration",
		"SOA refresh"},
	{"zone.retry", TYPE_DURATION, AT(zone.retry_s), "2m", 1, DAYS(7), "duration", "SOA retry"},
	{"zone.expire", TYPE_DURATION, AT(zone.expire_s), "2d", 1, DAYS(90), "duration",
		"SOA expire"},

	{"dnsd.listen", TYPE_ENDPOINT_LIST, AT(dnsd.listen), "127.0.0.1@53 ::1@53", 0, 0,
		"ADDR@PORT", "where orbl-dnsd answers, UDP and TCP"},
	{"dnsd.zones", TYPE_LIST, AT(dnsd.zones), "", 0, 0, "NAME=SOURCE",
		"zones served; SOURCE is snapshot:FILE or rbldnsd:ip4set:FILE; empty: zone.name"},
	{"dnsd.control_socket", TYPE_PATH, AT(dnsd.control_socket),
		ORBL_RUNSTATEDIR "/orbl/dnsd.sock", 0, 0, "path",
		"Unix socket where orbl-dnsd takes commands"},
	{"dnsd.workers", TYPE_NUMBER, AT(dnsd.workers), "0", 0, 64, "threads",
		"threads that answer; 0: one a processor"},
	{"dnsd.check_interval", TYPE_DURATION, AT(dnsd.check_interval_s), "60", 1, DAYS(1),
		"duration", "how often zone files are looked at for changes"},
	{"dnsd.udp_size", TYPE_NUMBER, AT(dnsd.udp_size), "1232", 512, 4096, "bytes",
		"largest UDP answer"},
	{"dnsd.tcp_connections", TYPE_NUMBER, AT(dnsd.tcp_connections), "256", 1, 65535,
		"connections", "TCP connections at once; the most idle one gives way"},
	{"dnsd.tcp_idle", TYPE_DURATION, AT(dnsd.tcp_idle_s), "10", 1, 300, "duration",
		"a TCP connection without a whole answer for so long is closed"},

	{"collector.listen", TYPE_ENDPOINT, AT(collector.listen), "127.0.0.1@2525", 0, 0,
		"ADDR@PORT", "where test messages come back; the MX of collector.domain, port 25"},
	{"collector.domain", TYPE_TEXT, AT(collector.domain), "probe.test", 0, 0, "domain",
		"domain of the test messages' sender and recipient; use it for nothing else"},

	{"probe.helo", TYPE_TEXT, AT(probe.helo), "relay-test.probe.test", 0, 0, "domain",
		"name given in EHLO and in the message; its address must be probe.source"},
	{"probe.source", TYPE_ADDRESS, AT(probe.source), "", 0, 0, "address",
		"address to probe from; empty: the system's choice"},
	{"probe.user", TYPE_TEXT, AT(probe.user), "nobody", 0, 0, "user",
		"user the prober becomes when it is started as root"},
	{"probe.url", TYPE_TEXT, AT(probe.url), "https://dnsbl.test/probe", 0, 0, "URL",
		"page that explains the test, named in each test message"},
	{"probe.port", TYPE_NUMBER, AT(probe.port), "25", 1, 65535, "port",
		"TCP port of hosts under test"},
	{"probe.allow", TYPE_PREFIX_LIST, AT(probe.allow), "", 0, 0, "prefixes",
		"private or reserved networks that may be probed and listed all the same"},
	{"probe.opt_out", TYPE_PREFIX_LIST, AT(probe.opt_out), "", 0, 0, "prefixes",
		"networks that are never probed"},
	{"probe.cases", TYPE_LIST, AT(probe.cases), "", 0, 0, "ids",
		"relay tests to make, such as P01-plain; empty: all"},
	{"probe.interval", TYPE_DURATION, AT(probe.interval_s), "24h", 0, DAYS(365), "duration",
		"no host is probed more often, except on a delisting request (RFC 6471, 3.6)"},
	{"probe.wait", TYPE_DURATION, AT(probe.wait_s), "10m", 1, DAYS(3), "duration",
		"how long to wait for an accepted message before a verdict"},
	{"probe.retry_after", TYPE_DURATION, AT(probe.retry_after_s), "15m", 1, DAYS(1),
		"duration", "pause after a temporary refusal (greylisting)"},
	{"probe.retries", TYPE_NUMBER, AT(probe.retries), "3", 0, 10, "times",
		"retries after temporary refusals"},
	{"probe.sessions", TYPE_NUMBER, AT(probe.sessions), "50", 1, 5000, "hosts",
		"hosts probed at once, one connection each"},
	{"probe.reply_timeout", TYPE_DURATION, AT(probe.reply_timeout_s), "60", 1, 600,
		"duration", "how long to wait for one SMTP reply"},
	{"probe.session_timeout", TYPE_DURATION, AT(probe.session_timeout_s), "5m", 1, 3600,
		"duration", "longest SMTP session"},

	{"score.half_life", TYPE_DURATION, AT(score.half_life_s), "7d", 60, DAYS(3650),
		"duration", "evidence loses half its weight in this time"},
	{"score.max_age", TYPE_DURATION, AT(score.max_age_s), "30d", 60, DAYS(3650), "duration",
		"older denials are no evidence"},
	{"score.denial_points", TYPE_NUMBER, AT(score.denial_points), "10", 1, 1000, "points",
		"weight of the first denial of an hour; each doubling adds as much again"},
	{"score.reporter_cap", TYPE_NUMBER, AT(score.reporter_cap), "40", 1, 1000, "points",
		"most that one reporter can contribute"},
	{"score.threshold", TYPE_NUMBER, AT(score.threshold), "15", 1, 1000, "points",
		"score at which a host is nominated for a probe"},
	{"score.min_reporters", TYPE_NUMBER, AT(score.min_reporters), "2", 1, 100, "reporters",
		"independent reporters needed before a host is nominated"},

	{"listing.lifetime", TYPE_DURATION, AT(listing_lifetime_s), "30d", 60, DAYS(365),
		"duration", "a listing ends after this time unless it is renewed"},
	{"delist.requests_per_day", TYPE_NUMBER, AT(delist_requests_per_day), "5", 1, 1000,
		"requests", "delisting requests taken for one host within 24 hours"},
};

static const struct option reporter_options[] = {
	{"relay_policy", TYPE_PATH, offsetof(struct conf_reporter, relay_policy), "", 0, 0,
		"path", "relay policy of the reporter's server: a client it allows is no evidence"},
	{"trust", TYPE_NUMBER, offsetof(struct conf_reporter, trust), "100", 0, 100, "percent",
		"weight of the reporter's denials"},
};

/* --- values ------------------------------------------------------------- */

static enum err
parse_duration(struct text t, int64_t *out)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	int64_t scale = 1;
	uint64_t n;
	enum err err;

	for (size_t i = 0; i < ORBL_COUNT(units) && t.len != 0; i++)
		if (t.p[t.len - 1] == units[i].letter) {
			scale = units[i].seconds;
			t.len--;
			break;
		}
	err = text_to_u64(t, INT64_MAX / 604800, &n);
	if (err == OK)
		*out = (int64_t)n * scale;
	return err;
}

static enum err
parse_octal(struct text t, int64_t *out)
{
	*out = 0;
	if (t.len == 0 || t.len > 4)
		return ERR_SYNTAX;
	for (size_t i = 0; i < t.len; i++) {
		if (t.p[i] < '0' || t.p[i] > '7')
			return ERR_SYNTAX;
		*out = *out * 8 + (t.p[i] - '0');
	}
	return OK;
}

static void
format_number(enum type type, int64_t n, char *out, size_t size)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}};

	if (type == TYPE_MODE) {
		snprintf(out, size, "%04" PRIo64, (uint64_t)n);
		return;
	}
	for (size_t i = 0; type == TYPE_DURATION && n != 0 && i < ORBL_COUNT(units); i++)
		if (n % units[i].seconds == 0) {
			snprintf(out, size, "%" PRId64 "%c", n / units[i].seconds,
				units[i].letter);
			return;
		}
	snprintf(out, size, "%" PRId64, n);
}

static bool
is_log_level(struct text t)
{
	static const char *const names[] = {"error", "warning", "notice", "info", "debug"};

	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		if (text_equal(t, text_of(names[i])))
			return true;
	return false;
}

/* Check one value of an option's type. On failure e has the reason and the remedy. */
static enum err
check_text(const struct option *o, struct text t, struct error *e)
{
	struct endpoint endpoint;
	struct prefix prefix;
	struct addr addr;

	switch (o->type) {
	case TYPE_ENDPOINT:
	case TYPE_ENDPOINT_LIST:
		if (endpoint_parse(t, &endpoint) != OK || endpoint.port == 0)
			return error_set(e, ERR_SYNTAX,
				"\"%.*s\" is not ADDR@PORT; write for example \"127.0.0.1@5300\"",
				TEXT_ARG(t));
		return OK;
	case TYPE_PREFIX_LIST:
		if (prefix_parse(t, &prefix) != OK)
			return error_set(e, ERR_SYNTAX, "\"%.*s\" is not a prefix without host "
				"bits; write for example \"192.0.2.0/24\"", TEXT_ARG(t));
		return OK;
	case TYPE_ADDRESS:
		if (t.len != 0 && addr_parse(t, &addr) != OK)
			return error_set(e, ERR_SYNTAX, "\"%.*s\" is not an IP address",
				TEXT_ARG(t));
		return OK;
	case TYPE_LOG_LEVEL:
		if (!is_log_level(t))
			return error_set(e, ERR_RANGE, "\"%.*s\" is not a level; use error, "
				"warning, notice, info or debug", TEXT_ARG(t));
		return OK;
	default:
		return OK;
	}
}

static enum err
check_number(const struct option *o, struct text t, int64_t *out, struct error *e)
{
	char min[32], max[32];
	uint64_t n = 0;
	enum err err;

	if (o->type == TYPE_DURATION) {
		err = parse_duration(t, out);
	} else if (o->type == TYPE_MODE) {
		err = parse_octal(t, out);
	} else {
		err = text_to_u64(t, INT64_MAX, &n);
		*out = (int64_t)n;
	}
	format_number(o->type, o->min, min, sizeof(min));
	format_number(o->type, o->max, max, sizeof(max));
	if (err != OK)
		return error_set(e, ERR_SYNTAX, "\"%.*s\" is not a %s; write a value from %s to %s%s",
			TEXT_ARG(t),
			o->type == TYPE_DURATION ? "duration" :
			o->type == TYPE_MODE     ? "permission in octal" :
						   "number",
			min, max, o->type == TYPE_DURATION ? ", such as 90s, 15m, 24h or 7d" : "");
	if (*out < o->min || *out > o->max)
		return error_set(e, ERR_RANGE, "\"%.*s\" is out of bounds; use %s to %s (%s)",
			TEXT_ARG(t), min, max, o->unit);
	return OK;
}

static bool
is_list(enum type type)
{
	return type == TYPE_LIST || type == TYPE_ENDPOINT_LIST || type == TYPE_PREFIX_LIST;
}

static bool
is_number(enum type type)
{
	return type == TYPE_NUMBER || type == TYPE_MODE || type == TYPE_DURATION;
}

/* --- reading with libconfuse -------------------------------------------- */

/* libconfuse gives a callback only the cfg_t it works on, so the place where errors are
 * kept is found through this; reading happens once, in one thread. */
struct reading {
	const char *path;
	struct error *error; /* the first error is kept */
	bool failed;
};

static _Thread_local struct reading *reading;

static void
keep_error(unsigned line, const char *reason)
{
	if (!reading->failed)
		error_set(reading->error, ERR_SYNTAX, "%s:%u: %s", reading->path, line, reason);
	reading->failed = true;
}

static size_t
common_prefix(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] != '\0' && a[n] == b[n])
		n++;
	return n;
}

static const char *
nearest_option(const char *name)
{
	const char *best = NULL, *dot, *tail = strrchr(name, '.');
	size_t best_score = 3, score;

	for (size_t i = 0; i < ORBL_COUNT(options); i++) {
		dot = strrchr(options[i].name, '.');
		score = common_prefix(name, options[i].name);
		if (strcmp(tail != NULL ? tail + 1 : name, dot + 1) == 0)
			score += 4;
		if (score > best_score) {
			best_score = score;
			best = options[i].name;
		}
	}
	return best;
}

static void
on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	char message[256], reason[384], name[128];
	const char *near;

	vsnprintf(message, sizeof(message), fmt, args);
	if (sscanf(message, "no such option '%127[^']'", name) == 1) {
		near = nearest_option(name);
		if (near != NULL)
			snprintf(reason, sizeof(reason),
				"there is no option \"%s\"; did you mean \"%s\"?", name, near);
		else
			snprintf(reason, sizeof(reason),
				"there is no option \"%s\"; orbl.conf(5) and -T name them all", name);
	} else {
		snprintf(reason, sizeof(reason),
			"%s; write NAME = \"VALUE\" or NAME = {\"A\", \"B\"}, see orbl.conf(5)", message);
	}
	keep_error(cfg != NULL ? (unsigned)cfg->line : 0, reason);
}

static const struct option *
option_by_name(const struct option *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

/* Called by libconfuse when a value is read, so that cfg->line is its line. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	bool in_reporter = strcmp(cfg_name(cfg), "reporter") == 0;
	const struct option *o = in_reporter ?
		option_by_name(reporter_options, ORBL_COUNT(reporter_options), opt->name) :
		option_by_name(options, ORBL_COUNT(options), opt->name);
	unsigned last = cfg_opt_size(opt);
	struct error e = {.code = OK};
	char reason[640];
	struct text t;
	int64_t n;
	enum err err;

	if (o == NULL || last == 0)
		return 0;
	t = text_of(cfg_opt_getnstr(opt, last - 1));
	err = is_number(o->type) ? check_number(o, t, &n, &e) : check_text(o, t, &e);
	if (err == OK)
		return 0;
	snprintf(reason, sizeof(reason), "%s: %s", o->name, e.text);
	keep_error((unsigned)cfg->line, reason);
	return -1;
}

/* libconfuse counts the lines of comments wrongly, so that its errors would name other
 * lines: comments are blanked before it sees them. */
static void
blank_comments(char *s)
{
	char quote = '\0';

	for (; *s != '\0'; s++) {
		if (quote != '\0') {
			if (*s == '\\' && s[1] != '\0')
				s++;
			else if (*s == quote)
				quote = '\0';
		} else if (*s == '"' || *s == '\'') {
			quote = *s;
		} else if (*s == '#' || (*s == '/' && s[1] == '/')) {
			while (*s != '\0' && *s != '\n')
				*s++ = ' ';
			if (*s == '\0')
				return;
		} else if (*s == '/' && s[1] == '*') {
			for (; *s != '\0' && !(*s == '*' && s[1] == '/'); s++)
				if (*s != '\n')
					*s = ' ';
			if (*s == '\0')
				return;
			s[0] = s[1] = ' ';
		}
	}
}

static cfg_opt_t
confuse_option(const struct option *o)
{
	cfg_opt_t scalar = CFG_STR((char *)(uintptr_t)o->name, o->value, CFGF_NONE);
	cfg_opt_t list = CFG_STR_LIST((char *)(uintptr_t)o->name, NULL, CFGF_NONE);

	return is_list(o->type) ? list : scalar;
}

/* --- from cfg_t to struct conf ------------------------------------------ */

static bool
add_item(struct conf_list *list, const char *item, size_t len)
{
	char **bigger = realloc(list->items, (list->count + 1) * sizeof(*bigger));

	if (bigger == NULL)
		return false;
	list->items = bigger;
	list->items[list->count] = strndup(item, len);
	return list->items[list->count++] != NULL;
}

static bool
set_default_list(struct conf_list *list, const char *value)
{
	struct text rest = text_of(value), item;

	while (rest.len != 0) {
		item = text_cut(&rest, ' ');
		if (!add_item(list, item.p, item.len))
			return false;
	}
	return true;
}

static bool
set_list(struct conf_list *list, const struct option *o, cfg_opt_t *opt)
{
	unsigned count = opt != NULL ? cfg_opt_size(opt) : 0;

	if (opt == NULL || (opt->flags & CFGF_MODIFIED) == 0)
		return set_default_list(list, o->value);
	for (unsigned i = 0; i < count && i < ITEMS_MAX; i++) {
		const char *item = cfg_opt_getnstr(opt, i);

		if (!add_item(list, item, strlen(item)))
			return false;
	}
	return true;
}

static bool
set_field(void *base, const struct option *o, cfg_opt_t *opt)
{
	const char *value = opt != NULL && cfg_opt_size(opt) != 0 ? cfg_opt_getstr(opt) : o->value;
	char *field = (char *)base + o->offset;
	int64_t n;
	char *copy;

	if (is_list(o->type))
		return set_list((struct conf_list *)(void *)field, o, opt);
	if (is_number(o->type)) {
		if (check_number(o, text_of(value), &n, NULL) != OK)
			return false;
		memcpy(field, &n, sizeof(n));
		return true;
	}
	copy = strdup(value);
	memcpy(field, &copy, sizeof(copy));
	return copy != NULL;
}

static enum err
fill_reporters(struct conf *c, cfg_t *cfg)
{
	unsigned count = cfg != NULL ? cfg_size(cfg, "reporter") : 0;

	if (count == 0)
		return OK;
	c->reporters = calloc(count, sizeof(*c->reporters));
	if (c->reporters == NULL)
		return ERR_MEMORY;
	for (unsigned i = 0; i < count; i++) {
		cfg_t *section = cfg_getnsec(cfg, "reporter", i);
		struct conf_reporter *r = &c->reporters[c->reporter_count++];

		r->name = strdup(cfg_title(section));
		if (r->name == NULL)
			return ERR_MEMORY;
		for (size_t k = 0; k < ORBL_COUNT(reporter_options); k++)
			if (!set_field(r, &reporter_options[k],
				    cfg_getopt(section, reporter_options[k].name)))
				return ERR_MEMORY;
	}
	return OK;
}

static enum err
fill(struct conf *c, cfg_t *cfg)
{
	for (size_t i = 0; i < ORBL_COUNT(options); i++)
		if (!set_field(c, &options[i],
			    cfg != NULL ? cfg_getopt(cfg, options[i].name) : NULL))
			return ERR_MEMORY;
	return fill_reporters(c, cfg);
}

/* libconfuse keeps pointers into these until cfg_free. */
struct schema {
	cfg_opt_t reporter[ORBL_COUNT(reporter_options) + 1];
	cfg_opt_t top[ORBL_COUNT(options) + 2];
};

static cfg_t *
new_parser(struct schema *schema)
{
	const cfg_opt_t end = CFG_END();
	size_t n = 0, r = 0;
	cfg_t *cfg;

	for (; r < ORBL_COUNT(reporter_options); r++)
		schema->reporter[r] = confuse_option(&reporter_options[r]);
	schema->reporter[r] = end;
	for (; n < ORBL_COUNT(options); n++)
		schema->top[n] = confuse_option(&options[n]);
	schema->top[n++] = (cfg_opt_t)CFG_SEC("reporter", schema->reporter,
		CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	schema->top[n] = end;
	cfg = cfg_init(schema->top, CFGF_NONE);
	if (cfg == NULL)
		return NULL;
	cfg_set_error_function(cfg, on_error);
	for (size_t i = 0; i < ORBL_COUNT(options); i++)
		cfg_set_validate_func(cfg, options[i].name, on_value);
	for (size_t i = 0; i < ORBL_COUNT(reporter_options); i++) {
		char name[64];

		snprintf(name, sizeof(name), "reporter|%s", reporter_options[i].name);
		cfg_set_validate_func(cfg, name, on_value);
	}
	return cfg;
}

static enum err
read_file(const char *path, struct conf *c, struct error *e)
{
	struct reading state = {.path = path, .error = e};
	struct schema schema;
	char *bytes;
	size_t len;
	cfg_t *cfg;
	enum err err = file_read(path, CONF_FILE_MAX, &bytes, &len, e);

	if (err != OK)
		return err;
	if (strlen(bytes) != len) {
		free(bytes);
		return error_set(e, ERR_SYNTAX, "%s: has a NUL byte; it must be text", path);
	}
	blank_comments(bytes);
	reading = &state;
	cfg = new_parser(&schema);
	if (cfg == NULL)
		err = error_set(e, ERR_MEMORY, "%s: out of memory", path);
	else if (cfg_parse_buf(cfg, bytes) != CFG_SUCCESS || state.failed)
		err = state.failed ? ERR_SYNTAX :
				     error_set(e, ERR_SYNTAX, "%s: cannot be parsed", path);
	else
		err = fill(c, cfg);
	cfg_free(cfg);
	reading = NULL;
	free(bytes);
	return err;
}

enum err
conf_load(const char *path, struct conf **out, struct error *e)
{
	struct conf *c = calloc(1, sizeof(*c));
	enum err err = c == NULL ? ERR_MEMORY : path != NULL ? read_file(path, c, e) : fill(c, NULL);

	if (err == ERR_MEMORY)
		error_set(e, ERR_MEMORY, "configuration: out of memory");
	if (err != OK) {
		conf_free(c);
		c = NULL;
	}
	*out = c;
	return err;
}

static void
free_fields(void *base, const struct option *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *field = (char *)base + table[i].offset;

		if (is_list(table[i].type)) {
			struct conf_list *list = (struct conf_list *)(void *)field;

			while (list->count != 0)
				free(list->items[--list->count]);
			free(list->items);
		} else if (!is_number(table[i].type)) {
			char *text;

			memcpy(&text, field, sizeof(text));
			free(text);
		}
	}
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	free_fields(c, options, ORBL_COUNT(options));
	for (size_t i = 0; i < c->reporter_count; i++) {
		free(c->reporters[i].name);
		free_fields(&c->reporters[i], reporter_options, ORBL_COUNT(reporter_options));
	}
	free(c->reporters);
	free(c);
}

/* --- the rest ----------------------------------------------------------- */

const char *
conf_path(const char *argument)
{
	static const char installed[] = ORBL_SYSCONFDIR "/orbl.conf";
	const char *environment = getenv("ORBL_CONF");

	if (argument != NULL)
		return argument;
	if (environment != NULL && environment[0] != '\0')
		return environment;
	return access(installed, F_OK) == 0 ? installed : NULL;
}

static void
print_quoted(const char *s, FILE *out)
{
	putc('"', out);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putc('\\', out);
		putc(*s, out);
	}
	putc('"', out);
}

static void
print_value(const void *base, const struct option *o, FILE *out)
{
	const char *field = (const char *)base + o->offset;
	char number[32];
	char *text;
	int64_t n;

	if (is_list(o->type)) {
		const struct conf_list *list = (const struct conf_list *)(const void *)field;

		putc('{', out);
		for (size_t i = 0; i < list->count; i++) {
			fputs(i != 0 ? ", " : "", out);
			print_quoted(list->items[i], out);
		}
		putc('}', out);
	} else if (is_number(o->type)) {
		memcpy(&n, field, sizeof(n));
		format_number(o->type, n, number, sizeof(number));
		fputs(number, out);
	} else {
		memcpy(&text, field, sizeof(text));
		print_quoted(text, out);
	}
}

void
conf_print(const struct conf *c, FILE *out)
{
	for (size_t i = 0; i < ORBL_COUNT(options); i++) {
		fprintf(out, "# %s%s%s%s\n%s = ", options[i].help, options[i].unit[0] ? " (" : "",
			options[i].unit, options[i].unit[0] ? ")" : "", options[i].name);
		print_value(c, &options[i], out);
		fputs("\n", out);
	}
	for (size_t r = 0; r < c->reporter_count; r++) {
		fputs("reporter ", out);
		print_quoted(c->reporters[r].name, out);
		fputs(" {\n", out);
		for (size_t i = 0; i < ORBL_COUNT(reporter_options); i++) {
			fprintf(out, "\t# %s\n\t%s = ", reporter_options[i].help,
				reporter_options[i].name);
			print_value(&c->reporters[r], &reporter_options[i], out);
			fputs("\n", out);
		}
		fputs("}\n", out);
	}
}

const struct conf_reporter *
conf_reporter(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->reporter_count; i++)
		if (strcmp(c->reporters[i].name, name) == 0)
			return &c->reporters[i];
	return NULL;
}

const char *
conf_option_name(size_t i)
{
	if (i < ORBL_COUNT(options))
		return options[i].name;
	i -= ORBL_COUNT(options);
	return i < ORBL_COUNT(reporter_options) ? reporter_options[i].name : NULL;
}

void
conf_print_version(const char *program, FILE *out)
{
	fprintf(out, "%s %s\n%s", program, PACKAGE_VERSION, ORBL_SUMMARY);
}
