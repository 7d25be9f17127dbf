#include "conf_value.h"

#include <inttypes.h>
#include <stdio.h>

#include <orbl/addr.h>
#include <orbl/txt_template.h>

enum { LABEL_MAX = 63, DOMAIN_MAX = 253 };

struct unit {
	char letter;
	int64_t seconds;
};

static const struct unit units[] = {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

bool
conf_value_is_list(enum conf_type type)
{
	return type == TYPE_LIST || type == TYPE_DOMAIN_LIST || type == TYPE_ZONE_LIST ||
		type == TYPE_ENDPOINT_LIST || type == TYPE_PREFIX_LIST;
}

bool
conf_value_is_number(enum conf_type type)
{
	return type == TYPE_YES_NO || type == TYPE_NUMBER || type == TYPE_MODE ||
		type == TYPE_DURATION;
}

static bool
may_be_empty(enum conf_type type)
{
	return type == TYPE_TEXT_OR_NONE || type == TYPE_PATH_OR_NONE ||
		type == TYPE_DOMAIN_OR_NONE || type == TYPE_ENDPOINT_OR_NONE ||
		type == TYPE_ADDRESS;
}

/* As much of a wrong value as leaves room for the remedy. */
#define SHOWN(t) TEXT_ARG(text_upto(t, 80))

/* --- numbers ------------------------------------------------------------ */

static enum err
parse_duration(struct text t, int64_t *out)
{
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
	int64_t n = 0;

	if (t.len == 0 || t.len > 4)
		return ERR_SYNTAX;
	for (size_t i = 0; i < t.len; i++) {
		if (t.p[i] < '0' || t.p[i] > '7')
			return ERR_SYNTAX;
		n = n * 8 + (t.p[i] - '0');
	}
	*out = n;
	return OK;
}

static enum err
parse_yes_no(struct text t, int64_t *out)
{
	*out = text_equal(t, TEXT("yes"));
	return *out != 0 || text_equal(t, TEXT("no")) ? OK : ERR_SYNTAX;
}

static enum err
parse_number(enum conf_type type, struct text t, int64_t *out)
{
	uint64_t n;
	enum err err;

	if (type == TYPE_YES_NO)
		return parse_yes_no(t, out);
	if (type == TYPE_DURATION)
		return parse_duration(t, out);
	if (type == TYPE_MODE)
		return parse_octal(t, out);
	err = text_to_u64(t, INT64_MAX, &n);
	if (err == OK)
		*out = (int64_t)n;
	return err;
}

const char *
conf_value_format(const struct conf_option *o, int64_t n, char *out, size_t size)
{
	size_t i = 0;

	if (o->type == TYPE_YES_NO) {
		snprintf(out, size, "%s", n != 0 ? "yes" : "no");
	} else if (o->type == TYPE_MODE) {
		snprintf(out, size, "%04" PRIo64, (uint64_t)n);
	} else if (o->type == TYPE_DURATION && n != 0) {
		/* Weeks are read, not written: "7d" is what one compares with "30d". */
		for (i = 1; n % units[i].seconds != 0;)
			i++;
		snprintf(out, size, "%" PRId64 "%c", n / units[i].seconds, units[i].letter);
	} else {
		snprintf(out, size, "%" PRId64, n);
	}
	return out;
}

static enum err
check_number(const struct conf_option *o, struct text t, int64_t *n, struct error *e)
{
	static const char *const kinds[] = {
		[TYPE_NUMBER] = "number",
		[TYPE_MODE] = "permission in octal",
		[TYPE_DURATION] = "duration such as 90s, 15m, 24h or 7d",
	};
	char min[32], max[32];
	enum err err = parse_number(o->type, t, n);

	if (err != OK && o->type == TYPE_YES_NO)
		return error_set(e, ERR_SYNTAX, "\"%.*s\" is neither yes nor no", SHOWN(t));
	conf_value_format(o, o->min, min, sizeof(min));
	conf_value_format(o, o->max, max, sizeof(max));
	if (err == ERR_SYNTAX)
		return error_set(e, ERR_SYNTAX, "\"%.*s\" is not a %s; write a value from %s to %s",
			SHOWN(t), kinds[o->type], min, max);
	if (err != OK || *n < o->min || *n > o->max)
		return error_set(e, ERR_RANGE, "\"%.*s\" is out of bounds; use %s to %s (%s)",
			SHOWN(t), min, max, o->unit);
	return OK;
}

/* --- texts -------------------------------------------------------------- */

static bool
is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_';
}

/* Letters, digits, - and _ in labels of 1 to 63; a dot at the end is allowed. With escapes, a
 * backslash makes any character part of its label (RFC 1035 section 5.1). */
static bool
is_domain(struct text t, bool escapes)
{
	size_t label = 0;

	if (t.len != 0 && t.p[t.len - 1] == '.')
		t.len--;
	if (t.len == 0 || t.len > DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		if (t.p[i] == '.' && label != 0) {
			label = 0;
			continue;
		}
		if (escapes && t.p[i] == '\\' && i + 1 < t.len)
			i++;
		else if (!is_host_char(t.p[i]))
			return false;
		if (++label > LABEL_MAX)
			return false;
	}
	return label != 0;
}

static enum err
check_domain(struct text t, struct error *e)
{
	if (is_domain(t, false))
		return OK;
	return error_set(e, ERR_SYNTAX,
		"\"%.*s\" is not a domain name; write for example \"example.org\"", SHOWN(t));
}

static enum err
check_mailbox(struct text t, struct error *e)
{
	if (is_domain(t, true))
		return OK;
	return error_set(e, ERR_SYNTAX,
		"\"%.*s\" is not a mailbox in SOA form; write a dot for the @, for example "
		"\"hostmaster.example.org\"",
		SHOWN(t));
}

static enum err
check_zone(struct text t, struct error *e)
{
	struct text source = t, name = text_cut(&source, '=');

	if (is_domain(name, false) && source.len != 0)
		return OK;
	/* The access control list of all zones. */
	if (name.len == 0 && text_has_prefix(source, TEXT("rbldnsd:acl:")))
		return OK;
	return error_set(e, ERR_SYNTAX,
		"\"%.*s\" is not NAME=SOURCE; write for example "
		"\"dnsbl.example.org=snapshot:/var/lib/orbl/orbl.snapshot\"",
		SHOWN(t));
}

static enum err
check_endpoint(struct text t, struct error *e)
{
	struct endpoint endpoint;

	if (endpoint_parse(t, &endpoint) == OK && endpoint.port != 0)
		return OK;
	return error_set(e, ERR_SYNTAX,
		"\"%.*s\" is not ADDR@PORT; write for example \"127.0.0.1@5300\"", SHOWN(t));
}

static enum err
check_prefix(struct text t, struct error *e)
{
	struct prefix prefix;
	enum err err = prefix_parse(t, &prefix);

	if (err == ERR_RANGE)
		return error_set(e, ERR_RANGE,
			"\"%.*s\" has bits set behind its length; clear them or give a longer one",
			SHOWN(t));
	if (err != OK)
		return error_set(e, ERR_SYNTAX,
			"\"%.*s\" is not a prefix; write for example \"192.0.2.0/24\"", SHOWN(t));
	return OK;
}

static enum err
check_address(struct text t, struct error *e)
{
	struct addr addr;

	if (addr_parse(t, &addr) == OK)
		return OK;
	return error_set(e, ERR_SYNTAX,
		"\"%.*s\" is not an IP address; write for example \"192.0.2.1\"", SHOWN(t));
}

static enum err
check_log_level(struct text t, struct error *e)
{
	static const char *const names[] = {"error", "warning", "notice", "info", "debug"};

	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		if (text_equal(t, text_of(names[i])))
			return OK;
	return error_set(e, ERR_RANGE,
		"\"%.*s\" is not a level; use error, warning, notice, info or debug", SHOWN(t));
}

static enum err
check_distinct(struct text t, struct error *e)
{
	if (text_equal(t, TEXT("reporter")) || text_equal(t, TEXT("network")) ||
		text_equal(t, TEXT("asn")))
		return OK;
	return error_set(e, ERR_RANGE, "\"%.*s\" is none of reporter, network and asn", SHOWN(t));
}

static enum err
check_text(const struct conf_option *o, struct text t, struct error *e)
{
	if (t.len == 0 && may_be_empty(o->type))
		return OK;
	switch (o->type) {
	case TYPE_DOMAIN_OR_NONE:
	case TYPE_DOMAIN:
	case TYPE_DOMAIN_LIST: return check_domain(t, e);
	case TYPE_MAILBOX: return check_mailbox(t, e);
	case TYPE_ZONE_LIST: return check_zone(t, e);
	case TYPE_ENDPOINT_OR_NONE:
	case TYPE_ENDPOINT:
	case TYPE_ENDPOINT_LIST: return check_endpoint(t, e);
	case TYPE_PREFIX_LIST: return check_prefix(t, e);
	case TYPE_ADDRESS: return check_address(t, e);
	case TYPE_LOG_LEVEL: return check_log_level(t, e);
	case TYPE_DISTINCT: return check_distinct(t, e);
	default:
		if (t.len == 0)
			return error_set(e, ERR_RANGE,
				"is empty; write a value or remove the line for the default");
		return o->type == TYPE_TXT_TEMPLATE ? txt_template_check(t, e) : OK;
	}
}

enum err
conf_value_check(const struct conf_option *o, struct text value, int64_t *n, struct error *e)
{
	bool is_number = conf_value_is_number(o->type);
	size_t max = o->type == TYPE_ZONE_LIST ? CONF_ZONE_MAX : CONF_VALUE_MAX;

	if (!is_number && !conf_value_is_list(o->type) && o->max != 0)
		max = (size_t)o->max;
	if (value.len > max)
		return error_set(e, ERR_RANGE,
			"the value is longer than %zu bytes; use a shorter one", max);
	if (is_number)
		return check_number(o, value, n, e);
	return check_text(o, value, e);
}
