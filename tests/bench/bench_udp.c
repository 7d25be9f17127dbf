/* bench_udp.c - what a worker of orbl-dnsd does with datagrams (udp_serve), in a process of its
 * own: the one that answers cannot be looked into, as it is sealed.
 *
 *	bench_udp SNAPSHOT ORIGIN QUERIES COUNT [ACL]
 *
 * Asks COUNT questions of QUERIES, lines "NAME TYPE", of 127.0.0.1, in batches as a busy worker
 * gets them. Counted for statistics; with ACL, a snapshot of an access list for all zones, there
 * are a quota and a rate limit too, both far away. callgrind takes --toggle-collect=udp_serve.
 * Prints "ANSWERS NANOSECONDS" of udp_serve, an answer.
 */
#include "udp.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "gate_worker.h"
#include "stats.h"

enum {
	BATCH = 32,
	LINE = 512,
	QUESTIONS_MAX = 1 << 20,
	QUESTION_MAX = 96,
	NOW_S = 1800000000,
	FAR = 1000000000, /* queries, and replies a second */
	TYPE_LOW = 3,     /* of a question, from its end */
};

struct question {
	uint8_t len, bytes[QUESTION_MAX];
};

struct bench {
	struct question *questions;
	size_t count;
	struct listener listener;
	int client;
	struct snapshot *list, *acl; /* acl NULL: none */
	struct zone_set *zones;
	struct stats *stats;
	struct gates *gates;
	struct udp *udp;
	struct observing observing;
};

static void
fail(const char *what)
{
	fprintf(stderr, "bench_udp: %s\n", what);
	exit(EXIT_FAILURE);
}

static void
read_question(struct question *q, char *line)
{
	struct text rest = text_of(line), name = text_cut(&rest, ' ');
	uint8_t bytes[ASK_MESSAGE];
	size_t len;

	line[name.len] = '\0';
	len = ask_write(bytes, 0, line);
	if (len == 0 || len > QUESTION_MAX)
		fail("a question is too long, or none");
	bytes[len - TYPE_LOW] = text_has_prefix(rest, TEXT("TXT")) ? TYPE_TXT : TYPE_A;
	memcpy(q->bytes, bytes, len);
	q->len = (uint8_t)len;
}

static void
read_questions(struct bench *b, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[LINE];

	b->questions = calloc(QUESTIONS_MAX, sizeof(*b->questions));
	if (f == NULL || b->questions == NULL)
		fail("cannot read the questions");
	while (b->count < QUESTIONS_MAX && fgets(line, sizeof(line), f) != NULL)
		read_question(&b->questions[b->count++], line);
	fclose(f);
	if (b->count == 0)
		fail("there is no question");
}

static void
open_sockets(struct bench *b)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, len) != 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		fail("cannot open a socket");
	b->listener = (struct listener){
		.endpoint = {.addr = addr_from_ipv4(INADDR_LOOPBACK),
			.port = ntohs(address.sin_port)},
		.udp = fd,
		.tcp = -1,
	};
	b->client = ask_open(b->listener.endpoint.port);
	if (b->client < 0)
		fail("cannot open a socket");
}

static void
open_zones(struct bench *b, char **argv)
{
	struct error e = {.code = OK};
	struct zone_source source = {.max_age_s = 0};

	b->zones = zone_set_new();
	if (b->zones == NULL || snapshot_open(argv[1], &b->list, &e) != OK ||
		(argv[5] != NULL && snapshot_open(argv[5], &b->acl, &e) != OK))
		fail(e.text);
	source.snapshot = b->list;
	if (zone_set_add(b->zones, text_of(argv[2]), &source, &e) != OK)
		fail(e.text);
	source.snapshot = b->acl;
	if (b->acl != NULL && zone_set_add(b->zones, TEXT(""), &source, &e) != OK)
		fail(e.text);
	if (zone_set_finish(b->zones, &e) != OK)
		fail(e.text);
	b->stats = stats_new(1, STATS_ZONES);
	if (b->stats == NULL)
		fail("out of memory");
	stats_register(b->stats, b->zones);
}

static void
open_gate(struct bench *b)
{
	struct gate_options o = {.workers = 1,
		.quota = FAR,
		.warn_at = 80,
		.client_ipv4 = 32,
		.client_ipv6 = 64,
		.clients = 65536,
		.rate = FAR,
		.slip = 2,
		.network_ipv4 = 24,
		.network_ipv6 = 56};

	if (b->acl != NULL && gates_new(&o, &b->gates, NULL) != OK)
		fail("out of memory");
}

static void
open_udp(struct bench *b, const struct answer_config *config)
{
	struct udp_options o = {
		.udp_size = config->udp_size,
		.stats = stats_worker(b->stats, 0),
		.observing = &b->observing,
		.transfer = -1,
		.gate = gates_of(b->gates, 0),
	};

	observing_init(&b->observing, -1, 0, 0, o.stats);
	b->udp = udp_new(&o);
	if (b->udp == NULL)
		fail("out of memory");
}

/* Returns how many were answered. */
static uint64_t
serve_batch(struct bench *b, uint64_t from, struct answer_context *context, int64_t *took_ns)
{
	uint8_t bytes[ASK_MESSAGE];
	struct timespec begin, end;
	uint64_t answers = 0;

	for (size_t i = 0; i < BATCH; i++) {
		const struct question *q = &b->questions[(from + i) % b->count];

		send(b->client, q->bytes, q->len, 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (gates_of(b->gates, 0) != NULL)
		gate_turn(gates_of(b->gates, 0), NOW_S, begin.tv_sec * 1000);
	udp_serve(b->udp, &b->listener, b->zones, context);
	clock_gettime(CLOCK_MONOTONIC, &end);
	*took_ns += (end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec;
	while (recv(b->client, bytes, sizeof(bytes), 0) > 0)
		answers++;
	return answers;
}

int
main(int argc, char **argv)
{
	struct answer_config config = {.udp_size = 1232, .amplification = 3};
	struct answer_context context = {.config = &config, .now_s = NOW_S};
	struct bench b = {.count = 0};
	uint64_t count = 0, answers = 0;
	int64_t took_ns = 0;

	if (argc < 5 || argc > 6 || text_to_u64(text_of(argv[4]), UINT32_MAX, &count) != OK)
		fail("usage: bench_udp SNAPSHOT ORIGIN QUERIES COUNT [ACL]");
	read_questions(&b, argv[3]);
	open_sockets(&b);
	open_zones(&b, argv);
	open_gate(&b);
	open_udp(&b, &config);
	for (uint64_t i = 0; i < count; i += BATCH)
		answers += serve_batch(&b, i, &context, &took_ns);
	printf("%llu %.1f\n", (unsigned long long)answers,
		(double)took_ns / (double)(answers > 0 ? answers : 1));
	udp_free(b.udp);
	gates_free(b.gates);
	zone_set_free(b.zones);
	snapshot_close(b.acl);
	snapshot_close(b.list);
	stats_free(b.stats);
	free(b.questions);
	return EXIT_SUCCESS;
}
