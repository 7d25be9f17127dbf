#include "rbldnsd_special.h"

#include <string.h>
#include <time.h>

enum { SECONDS_MAX = INT32_MAX }; /* RFC 2181 section 8 */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

struct text
rbldnsd_next_word(struct text *rest)
{
	struct text word;
	size_t n = 0;

	*rest = text_trim(*rest);
	while (n < rest->len && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	word = text_upto(*rest, n);
	*rest = text_trim(text_from(*rest, n));
	return word;
}

bool
rbldnsd_parse_seconds(struct text t, uint32_t *out)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	uint32_t factor = 1;
	uint64_t n;

	for (size_t i = 0; i < ORBL_COUNT(units) && t.len != 0; i++)
		if ((t.p[t.len - 1] | 0x20) == units[i].unit) {
			factor = units[i].seconds;
			t.len--;
			break;
		}
	if (text_to_u64(t, SECONDS_MAX, &n) != OK || n * factor > SECONDS_MAX)
		return false;
	*out = (uint32_t)(n * factor);
	return true;
}

/* A byte of a name at t.p[*i], which may be written \X or \DDD. */
static bool
skip_byte(struct text t, size_t *i)
{
	size_t n = 1;

	if (t.p[*i] <= ' ' || t.p[*i] > '~')
		return false;
	if (t.p[*i] == '\\') {
		n = *i + 1 < t.len && is_digit(t.p[*i + 1]) ? 4 : 2;
		for (size_t k = 1; k < n; k++)
			if (*i + k >= t.len || (n == 4 && !is_digit(t.p[*i + k])))
				return false;
	}
	*i += n;
	return true;
}

bool
rbldnsd_parse_name(struct text t, struct rbldnsd_name *out)
{
	size_t label = 0, wire = 1;

	if (t.len == 0 || t.len > 253)
		return false;
	memcpy(out->text, t.p, t.len);
	out->text[t.len] = '\0';
	if (text_equal(t, TEXT(".")))
		return true;
	for (size_t i = 0; i < t.len; wire++) {
		if (t.p[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
			i++;
		} else if (!skip_byte(t, &i) || ++label > 63) {
			return false;
		}
	}
	return wire + (label != 0) <= 255;
}

/* --- one function a word; false: it is not written as it should be --- */

static enum err
read_soa(struct rbldnsd_specials *s, struct text rest, struct error *e)
{
	struct rbldnsd_soa got;
	struct text words[8];
	uint64_t serial;

	for (size_t i = 0; i < ORBL_COUNT(words); i++)
		words[i] = rbldnsd_next_word(&rest);
	if (rest.len != 0 || !rbldnsd_parse_seconds(words[0], &got.ttl_s) ||
		!rbldnsd_parse_name(words[1], &got.mname) ||
		!rbldnsd_parse_name(words[2], &got.rname) ||
		text_to_u64(words[3], UINT32_MAX, &serial) != OK ||
		!rbldnsd_parse_seconds(words[4], &got.refresh_s) ||
		!rbldnsd_parse_seconds(words[5], &got.retry_s) ||
		!rbldnsd_parse_seconds(words[6], &got.expire_s) ||
		!rbldnsd_parse_seconds(words[7], &got.minimum_s))
		return error_set(e, ERR_SYNTAX,
			"$SOA is not: TTL ORIGIN PERSON SERIAL REFRESH "
			"RETRY EXPIRE MINTTL");
	got.serial = (uint32_t)serial;
	if (got.ttl_s == 0)
		got.ttl_s = s->ttl_s;
	if (!s->has_soa) /* the first one counts */
		s->soa = got;
	s->has_soa = true;
	return OK;
}

static bool
has_server(const struct rbldnsd_name *names, size_t count, const struct rbldnsd_name *name)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal_nocase(text_of(names[i].text), text_of(name->text)))
			return true;
	return false;
}

/* *left_out: there are more than fit. False: one is no domain name. */
static bool
read_servers(struct text rest, struct rbldnsd_name *names, size_t *count, bool *left_out)
{
	struct rbldnsd_name name;

	*left_out = false;
	for (*count = 0; rest.len != 0;) {
		struct text word = rbldnsd_next_word(&rest);

		if (word.p[0] == '-') /* switched off by the administrator */
			continue;
		if (!rbldnsd_parse_name(word, &name))
			return false;
		if (has_server(names, *count, &name))
			continue;
		if (*count == SNAPSHOT_NS_MAX)
			*left_out = true;
		else
			names[(*count)++] = name;
	}
	return true;
}

static enum err
read_ns(struct rbldnsd_specials *s, struct text rest, struct error *e)
{
	struct rbldnsd_name names[SNAPSHOT_NS_MAX];
	size_t count;
	uint32_t ttl_s;
	bool left_out;

	if (!rbldnsd_parse_seconds(rbldnsd_next_word(&rest), &ttl_s) || rest.len == 0)
		return error_set(e, ERR_SYNTAX, "$NS is not: TTL NAME...");
	if (!read_servers(rest, names, &count, &left_out))
		return error_set(e, ERR_SYNTAX, "$NS has a bad domain name");
	if (s->ns_count != 0) /* the first one counts */
		return OK;
	s->ns_ttl_s = ttl_s != 0 ? ttl_s : s->ttl_s;
	s->ns_count = count;
	memcpy(s->ns, names, count * sizeof(names[0]));
	if (left_out)
		return error_set(e, ERR_RANGE, "$NS has more than %d names; the first ones count",
			SNAPSHOT_NS_MAX);
	return OK;
}

static enum err
read_ttl(struct rbldnsd_specials *s, struct text rest, struct error *e)
{
	if (!rbldnsd_parse_seconds(rest, &s->ttl_s))
		return error_set(e, ERR_SYNTAX, "$TTL is not a time");
	s->has_ttl = true;
	return OK;
}

static enum err
read_max_range(struct rbldnsd_specials *s, struct text rest, struct error *e)
{
	bool is_length = rest.len != 0 && rest.p[0] == '/';
	uint64_t n;

	if (text_to_u64(text_from(rest, is_length), is_length ? 32 : UINT32_MAX, &n) != OK ||
		n == 0)
		return error_set(e, ERR_SYNTAX, "$MAXRANGE4 is neither a number nor /LENGTH");
	if (is_length)
		n = UINT64_C(1) << (32 - n);
	if (s->max_range != 0 && n > s->max_range)
		return error_set(e, ERR_SYNTAX, "$MAXRANGE4 can only be made smaller");
	s->max_range = n;
	return OK;
}

/* The next number of a time stamp, of exactly or at most the digits given, and the separator
 * behind it, if any. */
static bool
stamp_field(struct text *t, size_t digits_min, size_t digits_max, int *out)
{
	size_t n = 0;

	*out = 0;
	for (; n < digits_max && n < t->len && is_digit(t->p[n]); n++)
		*out = 10 * *out + (t->p[n] - '0');
	if (n < digits_min)
		return false;
	*t = text_from(*t, n);
	if (t->len != 0 && (t->p[0] == ':' || t->p[0] == '-'))
		*t = text_from(*t, 1);
	return true;
}

/* yyyy:mm:dd[:hh[:mi[:ss]]] in UTC; the separators may be dashes or missing. */
static bool
parse_stamp(struct text t, int64_t *out)
{
	int fields[6] = {0};
	struct tm tm, back;
	time_t when;

	for (size_t i = 0; i < ORBL_COUNT(fields) && (i < 3 || t.len != 0); i++)
		if (!stamp_field(&t, i == 0 ? 4 : 1, i == 0 ? 4 : 2, &fields[i]))
			return false;
	tm = (struct tm){.tm_year = fields[0] - 1900,
		.tm_mon = fields[1] - 1,
		.tm_mday = fields[2],
		.tm_hour = fields[3],
		.tm_min = fields[4],
		.tm_sec = fields[5]};
	back = tm;
	when = timegm(&back);
	*out = when;
	/* timegm makes 1 March of 30 February; there is no such stamp. */
	return t.len == 0 && when >= 0 && back.tm_mon == tm.tm_mon && back.tm_mday == tm.tm_mday &&
		back.tm_hour == tm.tm_hour && back.tm_min == tm.tm_min && back.tm_sec == tm.tm_sec;
}

static bool
is_no_stamp(struct text t)
{
	return text_equal(t, TEXT("0")) || text_equal(t, TEXT("-"));
}

static bool
parse_expiry(struct text t, int64_t stamp_s, int64_t *out)
{
	uint32_t offset;

	*out = 0;
	if (t.len == 0 || is_no_stamp(t))
		return true;
	if (t.p[0] != '+')
		return parse_stamp(t, out);
	if (stamp_s == 0 || !rbldnsd_parse_seconds(text_from(t, 1), &offset))
		return false;
	*out = stamp_s + offset;
	return true;
}

static enum err
read_timestamp(struct rbldnsd_specials *s, struct text rest, int64_t now_s, struct error *e)
{
	struct text stamp = rbldnsd_next_word(&rest), expiry = rbldnsd_next_word(&rest);
	int64_t stamp_s = 0, expires_s;

	if (rest.len != 0 || stamp.len == 0 ||
		(!is_no_stamp(stamp) && !parse_stamp(stamp, &stamp_s)) ||
		!parse_expiry(expiry, stamp_s, &expires_s))
		return error_set(e, ERR_SYNTAX,
			"$TIMESTAMP is not: YYYY:MM:DD[:HH[:MI[:SS]]] "
			"[EXPIRY]");
	if (stamp_s > now_s)
		return error_set(e, ERR_REFUSED,
			"$TIMESTAMP lies in the future; check the clock "
			"here and where the file was made");
	if (expires_s != 0 && (s->expires_s == 0 || expires_s < s->expires_s))
		s->expires_s = expires_s;
	return OK;
}

static enum err
read_variable(struct rbldnsd_specials *s, struct text word, struct text rest, struct error *e)
{
	struct rbldnsd_variable
		*v = &s->variables[word.p[0] == '=' ? RBLDNSD_BASE : word.p[0] - '0'];

	if (rest.len == 0)
		return error_set(e, ERR_SYNTAX, "$%c has no text", word.p[0]);
	if (rest.len > sizeof(v->text))
		return error_set(e, ERR_SYNTAX, "$%c is longer than %zu bytes", word.p[0],
			sizeof(v->text));
	if (v->set) /* the first one counts */
		return OK;
	v->set = true;
	v->len = rest.len;
	memcpy(v->text, rest.p, rest.len);
	return OK;
}

/* --- interface --- */

bool
rbldnsd_special_cut(struct text *line)
{
	bool marked = line->len > 1 && line->p[1] == '$' && strchr("#;:", line->p[0]) != NULL &&
		line->p[0] != '\0';

	if (!marked && (line->len == 0 || line->p[0] != '$'))
		return false;
	*line = text_from(*line, marked ? 2 : 1);
	return true;
}

enum err
rbldnsd_special_read(struct rbldnsd_specials *s, struct text line, int64_t now_s, struct error *e)
{
	static const struct {
		const char *word;
		enum err (*read)(struct rbldnsd_specials *s, struct text rest, struct error *e);
	} words[] = {
		{"SOA", read_soa},
		{"NS", read_ns},
		{"TTL", read_ttl},
		{"MAXRANGE4", read_max_range},
	};
	struct text rest = line, word = rbldnsd_next_word(&rest);

	if (line.len == 0 || line.p[0] == ' ' || line.p[0] == '\t')
		return error_set(e, ERR_SYNTAX, "special entry without a word");
	for (size_t i = 0; i < ORBL_COUNT(words); i++)
		if (text_equal_nocase(word, text_of(words[i].word)))
			return words[i].read(s, rest, e);
	if (text_equal_nocase(word, TEXT("ENT"))) /* always on here */
		return OK;
	if (text_equal_nocase(word, TEXT("TIMESTAMP")))
		return read_timestamp(s, rest, now_s, e);
	if (word.len == 1 && (is_digit(word.p[0]) || word.p[0] == '='))
		return read_variable(s, word, rest, e);
	return error_set(e, ERR_SYNTAX, "special entry that is not known");
}
