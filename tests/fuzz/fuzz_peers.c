/* fuzz_peers.c - the file of TSIG keys, and rows of transfer.allow, notify and primaries.
 *
 * The input is the file, a NUL, and lines: their first letter says whose row the rest is.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"
#include "peers_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MAX = 16, ROW_MAX = 300 };

static void
check_error(const struct error *e)
{
	assert(e->code != OK && e->text[0] != '\0' && strchr(e->text, '\n') == NULL);
}

static void
parse_keys(struct text text)
{
	struct tsig_keys keys = {.count = 0};
	struct error e = {.code = OK};

	if (peers_keys_parse(text, "keys", &keys, &e) != OK) {
		check_error(&e);
		assert(keys.count == 0 && keys.keys == NULL);
		return;
	}
	for (size_t i = 0; i < keys.count; i++) {
		const struct tsig_key *k = &keys.keys[i];

		assert(peers_keys_find(&keys, k->name) == k);
		assert(k->secret_len >= 16 && k->secret_len <= TSIG_SECRET_MAX);
		assert(tsig_algorithm(k->algorithm) != NULL);
	}
	peers_keys_free(&keys);
}

/* Whoever a row lets in is let in by peers_may_transfer, and nobody is by no row. */
static void
ask(const struct peers *p, const struct conf *conf)
{
	static const char *const zones[] = {"bl.test", "relays.bl.test", "other.test", ""};
	struct addr client = addr_from_ipv4(0xc0000201);
	struct peer peer;

	for (size_t i = 0; i < ORBL_COUNT(zones); i++) {
		size_t n = 0;

		assert(conf->transfer.allow.count != 0 ||
			peers_may_transfer(p, zones[i], &client, NULL, true) == PEERS_NO_ZONE);
		while (peers_notify_of(p, zones[i], n, &peer))
			n++;
		assert(n <= conf->transfer.notify.count);
		for (n = 0; peers_primary_of(p, zones[i], n, &peer); n++)
			assert(peer.endpoint.port != 0 &&
				peers_is_primary(p, zones[i], &peer.endpoint.addr, peer.key));
		assert(n <= conf->transfer.primaries.count);
	}
}

static void
parse_rows(struct text text)
{
	static char rows[ROWS_MAX][ROW_MAX], none[] = "", zone[] = "bl.test=snapshot:/x";
	static char *items[3][ROWS_MAX], *zones[] = {zone};
	struct conf conf;
	struct conf_list *lists[3] = {&conf.transfer.allow, &conf.transfer.notify,
		&conf.transfer.primaries};
	struct error e = {.code = OK};
	struct peers *p;
	struct text line;

	memset(&conf, 0, sizeof(conf));
	conf.transfer.keys = conf.transfer.catalog = none;
	conf.dnsd.zones = (struct conf_list){1, zones};
	for (size_t i = 0; i < ROWS_MAX && text_next_line(&text, &line); i++) {
		size_t which = line.len != 0 ? (unsigned char)line.p[0] % 3u : 0;

		text_printable(text_from(line, 1), rows[i], sizeof(rows[i]));
		lists[which]->items = items[which];
		items[which][lists[which]->count++] = rows[i];
	}
	if (peers_new(&conf, &p, &e) == OK)
		ask(p, &conf);
	else
		check_error(&e);
	peers_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest = {(const char *)data, size}, keys = text_cut(&rest, '\0');

	parse_keys(keys);
	parse_rows(rest);
	return 0;
}
