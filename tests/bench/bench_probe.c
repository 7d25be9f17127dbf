/* bench_probe.c - one prober process and thousands of hosts: how long, and how much memory.
 *
 *	bench_probe COUNT PORT COLLECTOR DOMAIN
 *
 * Probes 127.30.0.1, 127.30.0.2 and so on, 250 of each last byte, all at once, and prints "SECONDS
 * KILOBYTES DEFINITE": the most that the process had which talks, and how many hosts gave a
 *definite answer to each case.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <orbl/text.h>

#include "prober.h"

enum { SETTINGS_S = 60, SESSION_S = 300 };

static double
clock_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Of the only child. */
static unsigned long
read_memory_kb(void)
{
	char path[64], line[256];
	unsigned long kb = 0;
	FILE *f = NULL;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%d", &pid) != 1)
		abort();
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmHWM: %lu", &kb) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kb;
}

static struct endpoint
target_of(uint64_t i, uint16_t port)
{
	struct endpoint e = {.addr = {.family = 4, .b = {127, 30}}, .port = port};

	e.addr.b[2] = (uint8_t)(i / 250);
	e.addr.b[3] = (uint8_t)(i % 250 + 1);
	return e;
}

static uint64_t
submit(struct prober *p, uint64_t next, uint64_t count, uint16_t port)
{
	struct error e;

	while (next < count) {
		struct prober_job job = {.id = next + 1,
			.target = target_of(next, port),
			.now_s = (int64_t)time(NULL)};

		if (prober_submit(p, &job, &e) != OK)
			break;
		next++;
	}
	return next;
}

static void
run(struct prober *p, uint64_t count, uint16_t port)
{
	uint64_t next = 0, done = 0, definite = 0;
	double begin = clock_s();
	struct prober_event ev;
	struct error e;

	while (done < count) {
		struct pollfd pfd = {.fd = prober_fd(p), .events = POLLIN};
		enum err err;

		next = submit(p, next, count, port);
		poll(&pfd, 1, -1);
		while ((err = prober_next(p, &ev, &e)) == OK) {
			prober_ack(p, ev.sequence, true);
			done += ev.kind == PROBER_DONE;
			definite += ev.kind == PROBER_DONE && ev.reach == REACH_DONE;
		}
		if (err != ERR_TIMEOUT) {
			fprintf(stderr, "bench_probe: %s\n", e.text);
			return;
		}
	}
	printf("%.2f %lu %llu\n", clock_s() - begin, read_memory_kb(),
		(unsigned long long)definite);
}

int
main(int argc, char **argv)
{
	struct prober_conf conf = {.helo = "relay-test.probe.test",
		.url = "https://probe.test/",
		.user = "nobody",
		.starttls = true,
		.allow_count = 1,
		.wait_s = 5,
		.reply_timeout_s = SETTINGS_S,
		.session_timeout_s = SESSION_S};
	uint64_t count, port;
	struct prober *p;
	struct error e;

	if (argc != 5 || text_to_u64(text_of(argv[1]), 5000, &count) != OK ||
		text_to_u64(text_of(argv[2]), 65535, &port) != OK ||
		endpoint_parse(text_of(argv[3]), &conf.collector) != OK ||
		prefix_parse(TEXT("127.0.0.0/8"), &conf.allow[0]) != OK) {
		fprintf(stderr, "usage: bench_probe COUNT PORT COLLECTOR DOMAIN\n");
		return 2;
	}
	snprintf(conf.collector_domain, sizeof(conf.collector_domain), "%s", argv[4]);
	conf.sessions = (uint32_t)count;
	if (prober_start(&conf, &p, &e) != OK) {
		fprintf(stderr, "bench_probe: %s\n", e.text);
		return 1;
	}
	run(p, count, (uint16_t)port);
	prober_stop(p);
	return 0;
}
