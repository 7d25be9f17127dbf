#include "transfer_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "big_endian.h"
#include "dns_packet.h"
#include "list_fixture.h"
#include "peers_keys.h"

/* Fuzz targets use this, too: no ck_assert. */
static void
require(bool is_so, const char *what)
{
	if (is_so)
		return;
	fprintf(stderr, "transfer_fixture: %s\n", what);
	abort();
}

static void
write_keys(struct transfer_fixture *f)
{
	static const char lines[] = "hmac-sha256:a.test:AAECAwQFBgcICQoLDA0ODw==\n"
				    "hmac-sha512:b.test:AAECAwQFBgcICQoLDA0OEA==\n";
	int fd;

	snprintf(f->keys, sizeof(f->keys), "/tmp/orbl-transfer.XXXXXX");
	fd = mkstemp(f->keys);
	require(fd >= 0, "keys");
	require(write(fd, lines, sizeof(lines) - 1) == sizeof(lines) - 1, "keys");
	close(fd);
}

static void
set_conf(struct transfer_fixture *f)
{
	static char none[] = "", zone[] = "dnsbl.test=snapshot:/x",
		    other[] = "other.test=transfer:/y";
	static char allow_one[] = "dnsbl.test 127.0.0.1",
		    allow_two[] = "dnsbl.test 127.0.0.2 a.test";
	static char allow_three[] = "dnsbl.test 0.0.0.0/0 b.test";
	static char primary[] = "other.test 127.0.0.9";
	static char *zones[] = {zone, other}, *primaries[] = {primary};
	static char *allow[] = {allow_one, allow_two, allow_three};

	f->conf.transfer.keys = f->keys;
	f->conf.transfer.catalog = f->conf.transfer.source = none;
	f->conf.dnsd.zones = (struct conf_list){2, zones};
	f->conf.transfer.allow = (struct conf_list){3, allow};
	f->conf.transfer.primaries = (struct conf_list){1, primaries};
}

void
transfer_fixture_set_up(struct transfer_fixture *f, size_t connections)
{
	struct error e = {.code = OK};

	memset(f, 0, sizeof(*f));
	write_keys(f);
	set_conf(f);
	require(feed_zone_parse("dnsbl.test=snapshot:/x", &f->zones[0], &e) == OK, e.text);
	require(zone_table_init(&f->table, f->zones, 1, 0, &e) == OK, e.text);
	require(peers_new(&f->conf, &f->peers, &e) == OK, e.text);
	f->requests.peers = f->peers;
	f->requests.keys = peers_keys(f->peers);
	f->requests.generations = generations_new(&f->table, 10);
	f->requests.status = transfer_status_new(8);
	f->requests.answer = (struct answer_config){.udp_size = 1232};
	f->requests.expand = 1000;
	f->requests.now = (struct incoming_times){TRANSFER_FIXTURE_MS, TRANSFER_FIXTURE_S};
	f->connections = connections_new(&f->requests, connections);
	require(f->connections != NULL, "memory");
}

void
transfer_fixture_tear_down(struct transfer_fixture *f)
{
	connections_free(f->connections);
	generations_free(f->requests.generations);
	transfer_status_free(f->requests.status);
	peers_free(f->peers);
	zone_table_free(&f->table);
	unlink(f->keys);
}

void
transfer_fixture_take(struct transfer_fixture *f, const char *lines, uint32_t serial)
{
	struct list_fixture list = {.origin = "dnsbl.test", .lines = lines, .serial = serial};
	struct snapshot *s = list_fixture_open(&list);
	struct error e = {.code = OK};

	require(generations_take(f->requests.generations, 0, s, NULL, &e) == OK, e.text);
}

const struct tsig_key *
transfer_fixture_key(struct transfer_fixture *f, const char *name)
{
	return name != NULL ? peers_keys_find(peers_keys(f->peers), name) : NULL;
}

size_t
transfer_fixture_query(uint8_t *out, const char *name, uint16_t type, uint32_t serial)
{
	struct dns_query q = {.name = name, .type = type, .id = 0x1234};
	size_t len = dns_query_write(&q, out);

	if (type != TYPE_IXFR)
		return len;
	/* names "." and numbers, of which the serial is the first */
	memset(out + len, 0, 36);
	big_endian_put16(out + len, 0xc00c);
	big_endian_put16(out + len + 2, TYPE_SOA);
	big_endian_put16(out + len + 4, CLASS_IN);
	big_endian_put16(out + len + 10, 22);
	big_endian_put32(out + len + 14, serial);
	out[9] = 1;
	return len + 34;
}
