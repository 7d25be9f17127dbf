#include "tcp_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "dns_packet.h"
#include "list_fixture.h"

static struct snapshot *list;
static struct zone_set *zones;
static struct answer_config config;
static struct answer_context context;

static void
must(enum err err)
{
	if (err != OK)
		abort();
}

static struct snapshot *
make_list(size_t strings)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot_zone_draft zone = {.set_count = 1,
		.apex = {.has_soa = true,
			.mname = TEXT("a.test"),
			.rname = TEXT("b.test"),
			.ttl_s = 60}};
	struct snapshot_class class = {.a_count = 1, .a = {0x7f000002}, .txt_count = strings};
	struct addr large = addr_from_ipv4(0xc0000201);
	static char txt[TCP_FIXTURE_STRINGS_MAX][SNAPSHOT_TXT_MAX];
	uint32_t id;

	for (size_t i = 0; i < strings; i++) {
		memset(txt[i], 'a' + (int)i % 26, sizeof(txt[i]));
		txt[i][0] = (char)('0' + i / 26);
		class.txt[i] = (struct text){txt[i], sizeof(txt[i])};
	}
	must(snapshot_builder_set(b, &zone.sets[0], NULL));
	must(snapshot_builder_zone(b, &zone, NULL));
	must(snapshot_builder_class(b, &class, &id, NULL));
	must(snapshot_builder_add(b, zone.sets[0], &large, &large, 32, id, NULL));
	return list_fixture_freeze(b, 1);
}

struct zone_set *
tcp_fixture_make_zones(void)
{
	struct zone_source source = {.snapshot = list};
	struct zone_set *made = zone_set_new();

	must(zone_set_add(made, TEXT("dnsbl.test"), &source, NULL));
	must(zone_set_finish(made, NULL));
	return made;
}

void
tcp_fixture_open(size_t strings)
{
	list = make_list(strings);
	zones = tcp_fixture_make_zones();
	config = (struct answer_config){.udp_size = 1232};
	context = (struct answer_context){.config = &config,
		.transport = ANSWER_TCP,
		.now_s = TCP_FIXTURE_NOW,
		.client = addr_from_ipv4(0x7f000001)};
}

void
tcp_fixture_close(void)
{
	zone_set_free(zones);
	snapshot_close(list);
}

const struct zone_set *
tcp_fixture_zones(void)
{
	return zones;
}

struct answer_context *
tcp_fixture_context(void)
{
	return &context;
}

size_t
tcp_fixture_frame(const char *name, uint16_t type, uint16_t id, uint8_t *out)
{
	struct dns_query q = {.name = name, .type = type, .id = id};
	size_t len = dns_query_write(&q, out + 2);

	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
	return len + 2;
}
