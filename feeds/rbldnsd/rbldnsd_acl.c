/* Access control lists: the entries are prefixes of clients. */
#include <string.h>

#include "rbldnsd_trie.h"

static const struct {
	const char *word;
	size_t least; /* how much of it must be there, as rbldnsd has it */
	enum snapshot_action action;
} actions[] = {
	{"ignore", 1, SNAPSHOT_IGNORE}, {"blackhole", 1, SNAPSHOT_IGNORE},
	{"refuse", 1, SNAPSHOT_REFUSE}, {"empty", 1, SNAPSHOT_EMPTY}, {"pass", 1, SNAPSHOT_PASS},
	{"allow", 5, SNAPSHOT_PASS}, /* which rbldnsd does not know */
};

/* Of ":WORD" or "=WORD", whatever follows it. */
static struct text
action_word(struct text t)
{
	struct text word = text_from(t, 1);
	size_t n = 0;

	while (n < word.len && word.p[n] != ':' && !rbldnsd_is_blank(word.p[n]) &&
		!rbldnsd_is_comment(word.p[n]))
		n++;
	return text_upto(word, n);
}

static bool
read_action(struct text word, enum snapshot_action *out)
{
	for (size_t i = 0; i < ORBL_COUNT(actions); i++)
		if (word.len >= actions[i].least &&
			text_equal_nocase(word, text_upto(text_of(actions[i].word), word.len))) {
			*out = actions[i].action;
			return true;
		}
	return false;
}

/* 127.255.255.0/24 is no listing but an error, as block lists have it. */
static bool
is_error_code(uint32_t a)
{
	return a >> 8 == 0x7fffff;
}

/* What lists all addresses to a client may be harmless to nobody: it is asked for. */
static void
check_listed(struct rbldnsd_set *s, struct rbldnsd_value *value)
{
	if (s->source->options->list_all || is_error_code(value->a))
		return;
	rbldnsd_warn(s,
		"lists everything to these clients, which is not allowed; they are "
		"refused instead");
	value->action = SNAPSHOT_REFUSE;
}

/* A value begins with a number, if not with another colon. */
static bool
is_action(struct text t, struct text word)
{
	return t.len != 0 &&
		(t.p[0] == '=' ||
			(t.p[0] == ':' && word.len != 0 && (word.p[0] < '0' || word.p[0] > '9')));
}

/* An action, or a value as other types have it. */
static bool
read_value(struct rbldnsd_set *s, struct text t, struct rbldnsd_value *value)
{
	struct text word = t.len != 0 ? action_word(t) : TEXT_NONE;

	if (is_action(t, word)) {
		char shown[24];

		value->text = TEXT_NONE;
		if (read_action(word, &value->action))
			return true;
		text_printable(word, shown, sizeof(shown));
		rbldnsd_reject(s,
			"unknown action \"%s\"; there are allow, pass, refuse, ignore, empty",
			shown);
		return false;
	}
	value->action = SNAPSHOT_LISTED;
	if (!rbldnsd_value_read(s, t, value))
		return false;
	check_listed(s, value);
	return true;
}

static void
read_default(struct rbldnsd_set *s, struct text line)
{
	struct rbldnsd_value value = {SNAPSHOT_LISTED, RBLDNSD_A, TEXT_NONE};

	if (read_value(s, line, &value))
		rbldnsd_default_set(s, &value);
}

/* What has no colon is IPv4: 11/7 is a slip, not 11::/7. */
static const char *
take_prefix(struct text *t, bool host_bits, struct rbldnsd_prefix *out)
{
	struct text rest = *t;
	const char *why = rbldnsd_trie_take4(&rest, host_bits, out);
	uint8_t words[16];
	unsigned len;

	if (why == NULL) {
		*t = rest;
		return NULL;
	}
	if (!rbldnsd_take_words(&rest, words, &len) || len == 16)
		return why;
	return rbldnsd_trie_take6(t, host_bits, out);
}

enum err
rbldnsd_acl_line(struct rbldnsd_set *s, struct text line, struct error *e)
{
	struct rbldnsd_value value = {SNAPSHOT_LISTED, s->default_a,
		{s->default_text, s->default_len}};
	struct rbldnsd_prefix p;
	const char *why;
	uint32_t id;
	enum err err = OK;

	if (line.p[0] == '=' || (line.p[0] == ':' && (line.len == 1 || line.p[1] != ':'))) {
		read_default(s, line);
		return OK;
	}
	why = take_prefix(&line, s->source->options->host_bits, &p);
	if (why != NULL) {
		rbldnsd_reject(s, "%s", why);
		return OK;
	}
	line = text_trim(line);
	if (line.len == 0 || rbldnsd_is_comment(line.p[0]))
		err = rbldnsd_default_class(s, &id, e);
	else if (read_value(s, line, &value))
		err = rbldnsd_value_intern(s, &value, &id, e);
	else
		return OK;
	return err == OK ? rbldnsd_trie_add(s, &p, id, e) : err;
}

/* A list of clients is no zone. */
enum err
rbldnsd_acl_special(struct rbldnsd_set *s, struct text line, bool *taken, struct error *e)
{
	struct text rest = line, word = rbldnsd_next_word(&rest);

	(void)e;
	*taken = text_equal_nocase(word, TEXT("SOA")) || text_equal_nocase(word, TEXT("NS"));
	if (*taken)
		rbldnsd_reject(s, "$%.*s has no place in an access control list", TEXT_ARG(word));
	return OK;
}

enum err
rbldnsd_acl_zones(struct rbldnsd_source *source, struct error *e)
{
	const struct rbldnsd_set *s = source->sets[0];
	struct snapshot_zone_draft zone = {.expires_s = s->specials.expires_s,
		.has_acl = true,
		.acl = s->index};

	rbldnsd_set_apex(s, &zone.apex);
	return snapshot_builder_zone(source->builder, &zone, e);
}
