#include "keys_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "answer_long.h"
#include "list_fixture.h"
#include "unit.h"

enum { NOW = DATA_FIXTURE_NOW };

static const char lines[] = "192.0.2.99 relay\n"
			    "198.51.100.0/24 suspect\n"
			    "127.0.0.0/8 relay\n"
			    "2001:db8::1 relay\n";

static char *keys_only_items[] = {"ONLY.test."};
static struct conf_list keys_only = {1, keys_only_items};

static struct key_table *
make_keys(void)
{
	static const struct {
		const char *key, *rest;
	} rows[] = {
		{GOOD, "alice - ACTIVE 2026-01-01"},
		{ONE, "bob - ACTIVE 2026-01-01 dnsbl.test"},
		{REVOKED, "carol - REVOKED 2026-01-01"},
		{FEW, "dave 2 ACTIVE 2026-01-01"},
	};
	char text[2048], hash[QUERY_KEY_HASH_TEXT];
	uint8_t bytes[QUERY_KEY_HASH];
	struct key_table *t;
	size_t len = 0;
	int fd;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		query_key_hash(rows[i].key, bytes);
		query_key_hash_format(bytes, hash);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s\n", hash,
			rows[i].rest);
	}
	ck_assert_int_eq(key_table_compile((struct text){text, len}, "keys", &fd, NULL), OK);
	ck_assert_int_eq(key_table_open_fd(fd, 1, 0, &t, NULL), OK);
	close(fd);
	return t;
}

static void
add(struct keys_fixture *f, const char *origin, const struct snapshot *s)
{
	struct zone_source source = {.snapshot = s, .is_list = true};

	ck_assert_int_eq(zone_set_add(f->zones, text_of(origin), &source, NULL), OK);
}

void
keys_fixture_set_up(struct keys_fixture *f)
{
	struct list_fixture list = {.origin = "dnsbl.test", .lines = lines, .serial = 42};

	f->config = (struct answer_config){.udp_size = 1232, .url = TEXT("https://x.example/")};
	f->context = (struct answer_context){.config = &f->config,
		.now_s = NOW,
		.client = addr_from_ipv4(0xc0000201)};
	f->list = list_fixture_open(&list);
	f->zones = data_fixture_open();
	add(f, "dnsbl.test", f->list);
	add(f, "only.test", f->list);
	add(f, "a.deep.only.test", f->list);
	add(f, "later.test", NULL);
	f->keys = make_keys();
	ck_assert_int_eq(zone_set_use_keys(f->zones, f->keys, &keys_only, NULL), OK);
	ck_assert_int_eq(zone_set_finish(f->zones, NULL), OK);
}

void
keys_fixture_tear_down(struct keys_fixture *f)
{
	data_fixture_close(f->zones);
	key_table_release(f->keys);
	snapshot_close(f->list);
}

const struct dns_reply *
keys_fixture_ask_query(struct keys_fixture *f, const struct dns_query *q)
{
	uint8_t packet[512], again[1232];
	size_t len = dns_query_write(q, packet), size, same;
	struct answer_outcome other;
	struct answer_reading r = {.packet = packet, .len = len};

	answer_read(f->zones, f->context.now_s, &r, 1);
	size = answer_write(f->zones, &f->context, &r, f->out, sizeof(again), &f->outcome);
	same = answer_long(f->zones, &f->context, packet, len, again, sizeof(again), &other);
	ck_assert_uint_eq(same, size);
	ck_assert_mem_eq(again, f->out, size);
	if (size == 0)
		return NULL;
	ck_assert(dns_reply_read(f->out, size, &f->reply));
	return &f->reply;
}

const struct dns_reply *
keys_fixture_ask(struct keys_fixture *f, const char *name, uint16_t type)
{
	struct dns_query q = {.name = name, .type = type, .edns = true, .udp_size = 1232};

	return keys_fixture_ask_query(f, &q);
}

void
keys_fixture_is_refused(const struct keys_fixture *f, const char *why)
{
	char text[256];

	ck_assert_uint_eq(f->reply.rcode, RCODE_REFUSED);
	ck_assert(!f->reply.aa && !f->reply.tc);
	ck_assert_uint_eq(f->reply.answers + f->reply.authorities, 0);
	ck_assert_int_eq(f->reply.ede, 18);
	snprintf(text, sizeof(text), "%.*s", (int)f->reply.ede_text_len, f->reply.ede_text);
	ck_assert_str_eq(text, why);
}
