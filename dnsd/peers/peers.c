#include "peers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peers_keys.h"
#include "peers_name.h"
#include "tls_context.h"
#include "tls_files.h"

enum { WORDS_MAX = 4 };

struct row {
	bool is_all;
	char zone[PEERS_NAME_TEXT];
	const struct tsig_key *key; /* NULL: none named */
	struct prefix prefix;       /* of transfer.allow */
	struct endpoint endpoint;   /* of the others */
	bool over_tls;
	char tls_name[PEERS_NAME_TEXT]; /* of transfer.primaries, over_tls */
};

struct rows {
	size_t count;
	struct row *rows;
};

struct peers {
	struct tsig_keys keys;
	struct rows allow, notify, primaries;
};

/* Where a row is, for messages. */
struct place {
	const struct conf *conf;
	const char *option, *text;
	size_t number;
	bool is_allow, is_primary;
};

static enum err
row_error(const struct place *p, struct error *e, const char *reason)
{
	return error_set(e, ERR_SYNTAX, "%s, row %zu (\"%.120s\"): %s", p->option, p->number,
		p->text, reason);
}

/* --- rows ----------------------------------------------------------------------- */

static size_t
split(const char *row, struct text words[WORDS_MAX])
{
	const char *at = row;
	size_t count = 0;

	for (;;) {
		size_t len;

		at += strspn(at, " \t");
		len = strcspn(at, " \t");
		if (len == 0)
			return count;
		if (count == WORDS_MAX)
			return 0;
		words[count++] = (struct text){at, len};
		at += len;
	}
}

static bool
is_related(const char *a, const char *b, bool exactly)
{
	return exactly ? strcmp(a, b) == 0 : peers_name_is_in(a, b) || peers_name_is_in(b, a);
}

/* Is there such a zone, or one around or below it? Which zones a list has is known when it is
 * loaded. */
static bool
is_served(const struct conf *conf, const char *zone, bool exactly)
{
	const struct conf_list *zones = &conf->dnsd.zones;
	char name[PEERS_NAME_TEXT];

	if (zones->count == 0 && peers_name_read(text_of(conf->zone.name), name) &&
		is_related(zone, name, exactly))
		return true;
	for (size_t i = 0; i < zones->count; i++) {
		struct text rest = text_of(zones->items[i]);

		/* An access control list for all zones has no name. */
		if (peers_name_read(text_cut(&rest, '='), name) && name[0] != '\0' &&
			is_related(zone, name, exactly))
			return true;
	}
	return conf->transfer.catalog[0] != '\0' &&
		peers_name_read(text_of(conf->transfer.catalog), name) && strcmp(zone, name) == 0;
}

static enum err
read_zone(const struct place *p, struct text word, struct row *out, struct error *e)
{
	out->is_all = text_equal(word, TEXT("*"));
	if (out->is_all && p->is_primary)
		return row_error(p, e, "name the zone that comes from there; * is none");
	if (out->is_all)
		return OK;
	if (!peers_name_read(word, out->zone))
		return row_error(p, e,
			"its zone is not a domain name; write for example "
			"dnsbl.example, or * for all zones");
	if (!is_served(p->conf, out->zone, p->is_primary))
		return row_error(p, e,
			"no such zone is served; correct its name, or add it to "
			"dnsd.zones");
	return OK;
}

static enum err
read_address(const struct place *p, struct text word, struct row *out, struct error *e)
{
	if (p->is_allow) {
		if (prefix_parse(word, &out->prefix) == OK)
			return OK;
		return row_error(p, e,
			"its second word is no address or prefix; write for example "
			"192.0.2.53 or 2001:db8::/32");
	}
	if (endpoint_parse(word, &out->endpoint) != OK)
		return row_error(p, e,
			"its second word is not ADDR or ADDR@PORT; write for example "
			"192.0.2.53 or 2001:db8::53@5353");
	if (addr_is_link_local(&out->endpoint.addr))
		return row_error(p, e,
			"a link-local address is one on each link and needs a scope, which is not "
			"supported; name another address");
	if (out->endpoint.port == 0)
		out->endpoint.port = out->over_tls ? PEERS_TLS_PORT : PEERS_PORT;
	return OK;
}

static enum err
read_key(const struct place *p, const struct tsig_keys *keys, struct text word, struct row *out,
	struct error *e)
{
	char name[PEERS_NAME_TEXT];

	if (!peers_name_read(word, name))
		return row_error(p, e, "its third word is not the name of a key");
	out->key = peers_keys_find(keys, name);
	if (out->key != NULL)
		return OK;
	if (p->conf->transfer.keys[0] == '\0')
		return row_error(p, e,
			"it names a key, and there are none; set transfer.keys to "
			"the file that has it");
	return row_error(p, e,
		"the file of transfer.keys has no key of this name; add it there, or "
		"correct the row");
}

/* The last word, if it is about TLS. */
static enum err
read_tls(const struct place *p, struct text word, struct row *out, struct error *e)
{
	struct addr address;

	if (p->is_allow && text_equal(word, TEXT("tls"))) {
		out->over_tls = true;
		if (p->conf->transfer.tls_listen.count == 0)
			return row_error(p, e,
				"it allows over TLS alone, which we do not speak; set "
				"transfer.tls_listen");
	}
	if (!p->is_primary || !text_has_prefix(word, TEXT("tls=")))
		return OK;
	out->over_tls = true;
	word = text_from(word, strlen("tls="));
	if (addr_parse(word, &address) != OK && peers_name_read(word, out->tls_name) &&
		out->tls_name[0] != '\0')
		return OK;
	return row_error(p, e,
		"tls= wants the domain name that the certificate of the primary is for; write for "
		"example tls=primary.example");
}

static const char *
form_of(const struct place *p)
{
	if (p->is_allow)
		return "not ZONE PREFIX [KEY] [tls]; write for example \"dnsbl.example "
		       "192.0.2.53 secondary.example\"";
	return p->is_primary ? "not ZONE ADDR[@PORT] [KEY] [tls=NAME]; write for example "
			       "\"dnsbl.example 192.0.2.53 secondary.example\"" :
			       "not ZONE ADDR[@PORT] [KEY]; write for example "
			       "\"dnsbl.example 192.0.2.53 secondary.example\"";
}

static enum err
read_row(const struct place *p, const struct tsig_keys *keys, struct row *out, struct error *e)
{
	struct text words[WORDS_MAX];
	size_t count = split(p->text, words);
	enum err err = count > 2 ? read_tls(p, words[count - 1], out, e) : OK;

	if (err != OK)
		return err;
	if (out->over_tls)
		count--;
	if (count < 2 || count > 3)
		return row_error(p, e, form_of(p));
	err = read_zone(p, words[0], out, e);
	if (err == OK)
		err = read_address(p, words[1], out, e);
	if (err == OK && count > 2)
		err = read_key(p, keys, words[2], out, e);
	return err;
}

static enum err
read_rows(struct place *p, const struct conf_list *list, const struct tsig_keys *keys,
	struct rows *out, struct error *e)
{
	enum err err = OK;

	out->rows = calloc(list->count + 1, sizeof(*out->rows));
	if (out->rows == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for %s", p->option);
	for (size_t i = 0; err == OK && i < list->count; i++) {
		p->number = i + 1;
		p->text = list->items[i];
		err = read_row(p, keys, &out->rows[i], e);
	}
	out->count = list->count;
	return err;
}

static enum err
read_all(const struct conf *conf, struct peers *p, struct error *e)
{
	struct place allow = {.conf = conf, .option = "transfer.allow", .is_allow = true};
	struct place notify = {.conf = conf, .option = "transfer.notify"};
	struct place primaries = {.conf = conf, .option = "transfer.primaries", .is_primary = true};
	struct addr source;
	enum err err = OK;

	if (conf->transfer.source != NULL &&
		addr_parse(text_of(conf->transfer.source), &source) == OK &&
		addr_is_link_local(&source))
		return error_set(e, ERR_RANGE,
			"transfer.source: \"%.120s\": a link-local address is one on each link and "
			"needs a scope, which is not supported; name another address",
			conf->transfer.source);
	if (conf->transfer.keys[0] != '\0')
		err = peers_keys_read(conf->transfer.keys, &p->keys, e);
	if (err == OK)
		err = read_rows(&allow, &conf->transfer.allow, &p->keys, &p->allow, e);
	if (err == OK)
		err = read_rows(&notify, &conf->transfer.notify, &p->keys, &p->notify, e);
	if (err == OK)
		err = read_rows(&primaries, &conf->transfer.primaries, &p->keys, &p->primaries, e);
	return err;
}

enum err
peers_new(const struct conf *conf, struct peers **out, struct error *e)
{
	struct peers *p = calloc(1, sizeof(*p));
	enum err err;

	*out = NULL;
	if (p == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the rows of transfer");
	err = read_all(conf, p, e);
	if (err == OK)
		*out = p;
	else
		peers_free(p);
	return err;
}

void
peers_free(struct peers *p)
{
	if (p == NULL)
		return;
	peers_keys_free(&p->keys);
	free(p->allow.rows);
	free(p->notify.rows);
	free(p->primaries.rows);
	free(p);
}

static enum err
check_primaries(const struct peers *p, const struct feed_zone *zones, size_t count, struct error *e)
{
	struct peer peer;

	for (size_t i = 0; i < count; i++)
		if (zones[i].source.kind == FEED_TRANSFER &&
			!peers_primary_of(p, zones[i].origin, 0, &peer))
			return error_set(e, ERR_NOT_FOUND,
				"zone %.200s comes by transfer, but no primary is given for it; "
				"add a row \"%.200s ADDR[@PORT] [KEY]\" to transfer.primaries",
				zones[i].origin, zones[i].origin);
	return OK;
}

/* Files that the transfer process would have to have. */
static enum err
check_tls(const struct conf *conf, const struct peers *p, struct error *e)
{
	struct tls_context *client;
	enum err err = OK;
	int fd;

	if (peers_use_tls(p)) {
		err = tls_context_client(conf->transfer.tls_ca, &client, e);
		tls_context_free(client);
	}
	if (err != OK || conf->transfer.tls_listen.count == 0)
		return err;
	if (conf->transfer.tls_certificate[0] == '\0')
		return error_set(e, ERR_NOT_FOUND,
			"transfer.tls_listen needs a certificate; set transfer.tls_certificate");
	err = tls_files_load(conf->transfer.tls_certificate, conf->transfer.tls_key, &fd, e);
	if (fd >= 0)
		close(fd);
	return err;
}

enum err
peers_check(const struct conf *conf, const struct feed_zone *zones, size_t count, struct error *e)
{
	struct peers *p;
	enum err err = peers_new(conf, &p, e);

	if (err == OK)
		err = check_primaries(p, zones, count, e);
	if (err == OK)
		err = check_tls(conf, p, e);
	peers_free(p);
	return err;
}

bool
peers_is_needed(const struct conf *conf)
{
	return conf->transfer.allow.count != 0 || conf->transfer.notify.count != 0 ||
		conf->transfer.primaries.count != 0 || conf->transfer.catalog[0] != '\0' ||
		conf->transfer.tls_listen.count != 0;
}

struct tsig_keys *
peers_keys(struct peers *p)
{
	return &p->keys;
}

/* --- questions --------------------------------------------------------------------- */

static bool
has_zone(const struct row *r, const char *zone)
{
	return r->is_all || peers_name_is_in(zone, r->zone);
}

enum peers_verdict
peers_may_transfer(const struct peers *p, const char *zone, const struct addr *client,
	const struct tsig_key *key, bool over_tls)
{
	enum peers_verdict verdict = PEERS_NO_ZONE;

	for (size_t i = 0; i < p->allow.count; i++) {
		const struct row *r = &p->allow.rows[i];

		if (!has_zone(r, zone))
			continue;
		if (!prefix_has_addr(&r->prefix, client))
			verdict = verdict == PEERS_NO_ZONE ? PEERS_NO_ADDRESS : verdict;
		else if (r->key != NULL && r->key != key)
			verdict = PEERS_NO_KEY;
		else if (r->over_tls && !over_tls)
			verdict = PEERS_NO_TLS;
		else
			return PEERS_ALLOWED;
	}
	return verdict;
}

/* The i-th row of the zone. */
static bool
find_peer(const struct rows *rows, const char *zone, bool exactly, size_t i, struct peer *out)
{
	for (size_t k = 0; k < rows->count; k++) {
		const struct row *r = &rows->rows[k];

		if (exactly ? strcmp(r->zone, zone) != 0 : !has_zone(r, zone))
			continue;
		if (i-- == 0) {
			*out = (struct peer){r->endpoint, r->key,
				r->tls_name[0] != '\0' ? r->tls_name : NULL};
			return true;
		}
	}
	return false;
}

bool
peers_notify_of(const struct peers *p, const char *zone, size_t i, struct peer *out)
{
	return find_peer(&p->notify, zone, false, i, out);
}

bool
peers_primary_of(const struct peers *p, const char *zone, size_t i, struct peer *out)
{
	return find_peer(&p->primaries, zone, true, i, out);
}

bool
peers_is_primary(const struct peers *p, const char *zone, const struct addr *from,
	const struct tsig_key *key)
{
	struct peer peer;

	for (size_t i = 0; peers_primary_of(p, zone, i, &peer); i++)
		if (addr_equal(&peer.endpoint.addr, from) && (peer.key == NULL || peer.key == key))
			return true;
	return false;
}

bool
peers_has_address(const struct peers *p, const struct addr *address)
{
	const struct rows *const others[] = {&p->notify, &p->primaries};

	for (size_t i = 0; i < p->allow.count; i++)
		if (prefix_has_addr(&p->allow.rows[i].prefix, address))
			return true;
	for (size_t n = 0; n < ORBL_COUNT(others); n++)
		for (size_t i = 0; i < others[n]->count; i++)
			if (addr_equal(&others[n]->rows[i].endpoint.addr, address))
				return true;
	return false;
}

bool
peers_use_tls(const struct peers *p)
{
	for (size_t i = 0; i < p->primaries.count; i++)
		if (p->primaries.rows[i].over_tls)
			return true;
	return false;
}

size_t
peers_notify_count(const struct peers *p)
{
	return p->notify.count;
}
