/* answer_bench.c - answer_packet alone, many times over: for callgrind, perf and a stop watch.
 *
 *	answer_bench SNAPSHOT ORIGIN COUNT [plain|edns] [hit|miss] [a] [gate] [key]
 *
 * Asks for 200,000 names of the snapshot's base zone, half of them listed, one in ten for TXT, one
 * in two with EDNS; or of these only those named. With gate each passes a quota and a rate limit,
 * from 4,096 clients; with key each has a key in its name. Prints the time of COUNT answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <orbl/snapshot_layer.h>

#include "dns_packet.h"
#include "gate_worker.h"
#include "zone.h"

enum { NAMES = 200000, PACKET_MAX = 128, CLIENTS = 4096, BATCH = 32, NOW = 1700000000 };

#define KEY "abcdefghijklmnopqrstuvwxyz"

struct packet {
	size_t len;
	uint8_t bytes[PACKET_MAX];
};

struct mix {
	bool hits, misses, plain, edns, txt, gate, key;
};

static uint64_t
next_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void
fail(const char *what)
{
	fprintf(stderr, "answer_bench: %s\n", what);
	exit(EXIT_FAILURE);
}

/* IPv4 addresses that are listed, as evenly spread as the set has them. */
static size_t
collect(const struct snapshot_set *set, uint32_t *out, size_t max)
{
	size_t entries = snapshot_set_entries(set), step = entries / max + 1, seen = 0, count = 0;
	struct snapshot_walk walk = {.host = 0};
	struct snapshot_range range;

	while (count < max && snapshot_next_range(set, &walk, &range))
		if (range.low.family == 4 && seen++ % step == 0)
			out[count++] = addr_ipv4(&range.low);
	return count;
}

static void
make_packet(struct packet *p, uint32_t address, const char *origin, bool txt, bool edns)
{
	char name[320];
	struct dns_query q = {.name = name,
		.type = txt ? 16 : 1,
		.id = (uint16_t)next_random(),
		.edns = edns,
		.udp_size = 1232};
	uint8_t bytes[512];

	snprintf(name, sizeof(name), "%u.%u.%u.%u.%s", (unsigned)(address & 0xff),
		(unsigned)(address >> 8 & 0xff), (unsigned)(address >> 16 & 0xff),
		(unsigned)(address >> 24), origin);
	p->len = dns_query_write(&q, bytes);
	if (p->len > sizeof(p->bytes))
		fail("the origin is too long");
	memcpy(p->bytes, bytes, p->len);
}

static struct packet *
make_packets(const struct snapshot *s, const char *origin, const struct mix *mix)
{
	struct packet *packets = calloc(NAMES, sizeof(*packets));
	uint32_t *listed = calloc(NAMES, sizeof(*listed));
	struct snapshot_zone zone;
	size_t count = 0;

	if (packets == NULL || listed == NULL)
		fail("out of memory");
	snapshot_zone(s, 0, &zone);
	if (zone.set_count != 0)
		count = collect(zone.sets[0], listed, NAMES);
	if (count == 0)
		fail("the first zone has no IPv4 addresses");
	for (size_t i = 0; i < NAMES; i++) {
		bool hit = mix->hits && (!mix->misses || next_random() % 2 == 0);
		bool edns = mix->edns && (!mix->plain || next_random() % 2 == 0);
		uint32_t address = hit ? listed[next_random() % count] : (uint32_t)next_random();

		bool txt = mix->txt && next_random() % 10 == 0;

		make_packet(&packets[i], address, origin, txt, edns);
	}
	free(listed);
	return packets;
}

static struct key_table *
make_keys(void)
{
	char text[QUERY_KEY_LINE_MAX], hash[QUERY_KEY_HASH_TEXT];
	uint8_t bytes[QUERY_KEY_HASH];
	struct key_table *t = NULL;
	int fd;

	query_key_hash(KEY, bytes);
	query_key_hash_format(bytes, hash);
	snprintf(text, sizeof(text), "%s alice - ACTIVE 2026-01-01\n", hash);
	if (key_table_compile(text_of(text), "keys", &fd, NULL) != OK ||
		key_table_open_fd(fd, 1, 0, &t, NULL) != OK)
		fail("cannot make a key");
	close(fd);
	return t;
}

static struct gate *
make_gate(void)
{
	struct gate_options o = {.workers = 1,
		.quota = 4000000000,
		.warn_at = 80,
		.client_ipv4 = 32,
		.client_ipv6 = 64,
		.clients = 65536,
		.rate = 1000000000,
		.slip = 2,
		.network_ipv4 = 24,
		.network_ipv6 = 56};
	struct gates *gates;

	if (gates_new(&o, &gates, NULL) != OK)
		fail("out of memory");
	gate_turn(gates_of(gates, 0), NOW, 1);
	return gates_of(gates, 0);
}

static struct zone_set *
make_zones(const struct snapshot *s, const char *origin, struct key_table *keys)
{
	struct zone_source source = {.snapshot = s};
	struct zone_set *zones = zone_set_new();
	struct error e = {.code = OK};

	if (zones == NULL)
		fail("out of memory");
	if (zone_set_add(zones, text_of(origin), &source, &e) != OK ||
		zone_set_use_keys(zones, keys, NULL, &e) != OK || zone_set_finish(zones, &e) != OK)
		fail(e.text);
	return zones;
}

static struct mix
read_mix(int argc, char **argv)
{
	struct mix mix = {true, true, true, true, true, false, false};

	for (int i = 4; i < argc; i++) {
		mix.misses &= strcmp(argv[i], "hit") != 0;
		mix.hits &= strcmp(argv[i], "miss") != 0;
		mix.edns &= strcmp(argv[i], "plain") != 0;
		mix.plain &= strcmp(argv[i], "edns") != 0;
		mix.txt &= strcmp(argv[i], "a") != 0;
		mix.gate |= strcmp(argv[i], "gate") == 0;
		mix.key |= strcmp(argv[i], "key") == 0;
	}
	return mix;
}

/* What callgrind counts, by --toggle-collect=run. */
static __attribute__((noinline)) size_t
run(const struct zone_set *zones, const struct packet *packets, uint64_t count)
{
	struct answer_config config = {.udp_size = 1232, .amplification = 3};
	struct answer_context context = {.config = &config,
		.transport = ANSWER_UDP,
		.now_s = 1700000000,
		.client = addr_from_ipv4(0x7f000001)};
	uint8_t out[1232];
	size_t bytes = 0;

	for (uint64_t i = 0; i < count; i++) {
		const struct packet *p = &packets[i % NAMES];

		bytes += answer_packet(zones, &context, p->bytes, p->len, out, sizeof(out));
	}
	return bytes;
}

/* The same with a gate, as udp.c has it. */
static __attribute__((noinline)) size_t
run_gate(const struct zone_set *zones, struct gate *g, const struct packet *packets, uint64_t count)
{
	struct answer_config config = {.udp_size = 1232, .amplification = 3};
	struct answer_context context = {.config = &config, .transport = ANSWER_UDP, .now_s = NOW};
	static struct gate_ticket tickets[BATCH];
	static struct answer_reading readings[BATCH];
	struct answer_outcome outcome;
	uint8_t out[1232];
	size_t bytes = 0;

	for (uint64_t i = 0; i < count; i++) {
		const struct packet *p = &packets[i % NAMES];
		struct gate_ticket *t = &tickets[i % BATCH];
		struct answer_reading *r = &readings[i % BATCH];

		context.client = addr_from_ipv4(0x0a000000 + (uint32_t)(i % CLIENTS) * 97);
		r->packet = p->bytes;
		r->len = p->len;
		answer_read(zones, context.now_s, r, 1);
		if (g != NULL) {
			*t = gate_prepare(g, &context.client);
			gate_admit(g, t, &context);
		}
		bytes += answer_write(zones, &context, r, out, sizeof(out), &outcome);
		if (g != NULL)
			gate_settle(g, t, zone_set_keys(zones), &outcome);
	}
	return bytes;
}

int
main(int argc, char **argv)
{
	struct error e = {.code = OK};
	struct timespec begin, end;
	struct packet *packets;
	struct zone_set *zones;
	struct key_table *keys;
	struct gate *gate;
	struct snapshot *s;
	uint64_t count = 0;
	char origin[300];
	size_t bytes;
	struct mix mix;
	double ns;

	if (argc < 4 || text_to_u64(text_of(argv[3]), UINT32_MAX, &count) != OK || count == 0)
		fail("usage: answer_bench SNAPSHOT ORIGIN COUNT [plain|edns] [hit|miss] [a] "
		     "[gate] [key]");
	if (snapshot_open(argv[1], &s, &e) != OK)
		fail(e.text);
	mix = read_mix(argc, argv);
	keys = mix.key ? make_keys() : NULL;
	zones = make_zones(s, argv[2], keys);
	key_table_release(keys);
	snprintf(origin, sizeof(origin), "%s%s", mix.key ? KEY "." : "", argv[2]);
	packets = make_packets(s, origin, &mix);
	gate = mix.gate ? make_gate() : NULL;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	bytes = mix.gate ? run_gate(zones, gate, packets, count) : run(zones, packets, count);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
	printf("%llu answers, %.1f ns each, %.1f bytes each\n", (unsigned long long)count,
		ns / (double)count, (double)bytes / (double)count);
	free(packets);
	zone_set_free(zones);
	snapshot_close(s);
	return EXIT_SUCCESS;
}
