/* ask_all.c - many questions to one name server, some hundred at a time: reads "NAME TYPE" lines
 * from standard input, prints a line for each, in their order:
 *
 *	NAME TYPE RCODE [TTL DATA]...     records sorted, data in hexadecimal
 *	NAME TYPE timeout
 *
 *	ask_all ADDR@PORT <questions
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <orbl/addr.h>
#include <orbl/clock.h>

#include "dns_packet.h"

enum {
	WINDOW = 256,
	TRIES = 6,
	WAIT_MS = 500,
	LINE_MAX_LEN = 1200,
	RECORD_MAX = 1400,
	RECORDS_MAX = 64,
	TYPE_A = 1,
	TYPE_TXT = 16,
	TYPE_SOA = 6,
	TYPE_NS = 2,
	TYPE_PTR = 12,
};

struct question {
	char name[1024];
	uint16_t type;
	unsigned tries;
	int64_t sent_ms; /* 0: not under way */
	char *answer;    /* NULL: none yet */
};

static const struct {
	const char *name;
	uint16_t type;
} types[] = {
	{"A", TYPE_A},
	{"TXT", TYPE_TXT},
	{"SOA", TYPE_SOA},
	{"NS", TYPE_NS},
	{"PTR", TYPE_PTR},
};

static void
die(const char *what)
{
	fprintf(stderr, "ask_all: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static const char *
type_name(uint16_t type)
{
	for (size_t i = 0; i < ORBL_COUNT(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "?";
}

static struct question *
read_questions(size_t *count)
{
	struct question *questions = NULL;
	char line[LINE_MAX_LEN], name[1024], type[16];
	size_t room = 0;

	*count = 0;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "%1023s %15s", name, type) != 2)
			continue;
		if (*count == room) {
			room = room * 2 + 1024;
			questions = realloc(questions, room * sizeof(*questions));
			if (questions == NULL)
				die("memory");
		}
		questions[*count] = (struct question){.tries = 0};
		memcpy(questions[*count].name, name, sizeof(name));
		for (size_t i = 0; i < ORBL_COUNT(types); i++)
			if (strcmp(types[i].name, type) == 0)
				questions[*count].type = types[i].type;
		++*count;
	}
	return questions;
}

static int
open_server(const char *text)
{
	struct sockaddr_storage address;
	struct endpoint server;
	int size = 4 << 20, fd;
	socklen_t len;

	if (endpoint_parse(text_of(text), &server) != OK)
		die("ADDR@PORT");
	len = endpoint_to_sockaddr(&server, &address);
	fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, len) != 0)
		die(text);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

/* The id is the question's index, as far as it goes; the name in the reply tells the rest. */
static void
send_question(int fd, struct question *q, size_t index, int64_t now_ms)
{
	struct dns_query query = {.name = q->name,
		.type = q->type,
		.id = (uint16_t)index,
		.edns = true,
		.udp_size = 4096};
	uint8_t packet[1400];
	size_t len = dns_query_write(&query, packet);

	q->tries++;
	q->sent_ms = now_ms;
	if (send(fd, packet, len, 0) < 0 && errno != EAGAIN && errno != ECONNREFUSED)
		die("send");
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
format_record(const struct dns_record *r)
{
	char *text = malloc(2 * r->len + 16);
	size_t at;

	if (text == NULL)
		die("memory");
	at = (size_t)snprintf(text, 16, " %u ", (unsigned)r->ttl);
	for (size_t i = 0; i < r->len; i++, at += 2)
		snprintf(text + at, 3, "%02x", r->data[i]);
	return text;
}

static char *
format_answer(const struct dns_reply *r)
{
	char *records[DNS_RECORDS_MAX], *out;
	size_t len = 16, count = 0;

	for (size_t i = 0; i < r->answers; i++) {
		records[count] = format_record(&r->records[i]);
		len += strlen(records[count++]);
	}
	qsort(records, count, sizeof(*records), compare);
	out = calloc(1, len);
	if (out == NULL)
		die("memory");
	snprintf(out, len, "%u%s", r->rcode, r->tc ? " truncated" : "");
	for (size_t i = 0; i < count; i++) {
		size_t at = strlen(out);

		snprintf(out + at, len - at, "%s", records[i]);
		free(records[i]);
	}
	return out;
}

static size_t
receive(int fd, struct question *questions, size_t from, size_t to)
{
	static struct dns_reply reply;
	static uint8_t packet[65535];
	size_t done = 0;
	ssize_t n;

	while ((n = recv(fd, packet, sizeof(packet), 0)) >= 0 || errno == ECONNREFUSED) {
		if (n < 0 || !dns_reply_read(packet, (size_t)n, &reply))
			continue;
		for (size_t i = from; i < to; i++) {
			struct question *q = &questions[i];

			if ((uint16_t)i != reply.id || q->answer != NULL || q->sent_ms == 0 ||
				strcmp(q->name, reply.name) != 0 || q->type != reply.type)
				continue;
			q->answer = format_answer(&reply);
			done++;
			break;
		}
	}
	return done;
}

static void
ask(int fd, struct question *questions, size_t count)
{
	size_t first = 0, next = 0, open = 0;

	while (first < count) {
		int64_t now_ms = clock_monotonic_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};

		while (next < count && open < WINDOW && next - first < 4 * WINDOW) {
			send_question(fd, &questions[next], next, now_ms);
			next++;
			open++;
		}
		poll(&p, 1, 20);
		open -= receive(fd, questions, first, next);
		now_ms = clock_monotonic_ms();
		for (size_t i = first; i < next; i++) {
			struct question *q = &questions[i];

			if (q->answer != NULL || now_ms - q->sent_ms < WAIT_MS)
				continue;
			if (q->tries < TRIES) {
				send_question(fd, q, i, now_ms);
			} else {
				q->answer = strdup("timeout");
				open--;
			}
		}
		while (first < next && questions[first].answer != NULL)
			first++;
	}
}

int
main(int argc, char **argv)
{
	struct question *questions;
	size_t count;

	if (argc != 2) {
		fprintf(stderr, "usage: ask_all ADDR@PORT <questions\n");
		return EXIT_FAILURE;
	}
	questions = read_questions(&count);
	ask(open_server(argv[1]), questions, count);
	for (size_t i = 0; i < count; i++) {
		printf("%s %s %s\n", questions[i].name, type_name(questions[i].type),
			questions[i].answer);
		free(questions[i].answer);
	}
	free(questions);
	return EXIT_SUCCESS;
}
