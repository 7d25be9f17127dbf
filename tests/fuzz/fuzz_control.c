/* What a client may send to the analyzer's control socket: requests, bodies, anything.
 *
 * One connection has the input whole, another one in pieces. Both must get the same answers,
 * every one a JSON object; only what is acknowledged is stored, parts of logs that go on with
 * their positions, and nothing is left of the rest when the client has hung up.
 */
#include <assert.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <orbl/control.h>
#include <orbl/log.h>

#include "fake_prober.h"
#include "server.h"
#include "store_sql.h"

enum { ANSWERS_MAX = 1 << 20, PIECE = 61 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct answers {
	size_t count, acknowledged; /* submissions; several parts may be of one */
	json_int_t last;
	uint64_t kinds; /* hash of what they were, in order */
};

static char directory[64];
static struct command_context context;
static struct pipeline_parts parts;
static struct pipeline *pipeline;
static struct reporters *reporters;
static struct conf *conf;
static struct server *server;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
leave(void)
{
	server_free(server);
	pipeline_free(pipeline);
	prober_stop(parts.prober);
	store_close(parts.store);
	reporters_free(reporters);
	event_base_free(parts.base);
	conf_free(conf);
	nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void
read_conf(struct error *e)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/orbl.conf", directory);
	f = fopen(path, "w");
	assert(f != NULL);
	fprintf(f,
		"store.path = \"%s/db\"\naudit.file = \"\"\naudit.key = \"%s/key\"\nzone.snapshot "
		"= \"%s/snapshot\"\n"
		"dnsd.control_socket = \"%s/dnsd\"\nprobe.allow = {192.0.2.0/24}\n"
		"delist.requests_per_day = 1000\n",
		directory, directory, directory, directory);
	fclose(f);
	if (conf_load(path, &conf, e) != OK)
		abort();
}

static void
start(void)
{
	struct error e;
	int fd;

	/* In memory, where there is one to write to: thousands of commits wait for nothing. */
	snprintf(directory, sizeof(directory), "%s/orbl-fuzz-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(directory) == NULL)
		abort();
	log_open("fuzz", LOG_LEVEL_ERROR);
	read_conf(&e);
	parts = (struct pipeline_parts){.conf = conf,
		.prober = fake_prober_new(),
		.base = event_base_new()};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", directory);
	if (store_open(conf->store_path, &parts.store, &e) != OK ||
		reporters_load(conf, &reporters, &e) != OK)
		abort();
	parts.reporters = reporters;
	if (pipeline_new(&parts, &pipeline, &e) != OK ||
		control_listen(address.sun_path, 0600, &fd, &e) != OK)
		abort();
	context = (struct command_context){conf, parts.store, reporters, pipeline, 0, NULL};
	if (server_new(parts.base, fd, &context, &server, &e) != OK)
		abort();
	atexit(leave);
}

static void
execute(const char *sql)
{
	int code = sqlite3_exec(parts.store->db, sql, NULL, NULL, NULL);

	assert(code == SQLITE_OK);
	(void)code;
}

static int64_t
number(const char *sql)
{
	struct error e;
	int64_t n;

	if (store_number(parts.store, &e, &n, sql, "") != OK)
		abort();
	return n;
}

static void
take_line(struct answers *out, const char *line, size_t len)
{
	json_t *json = json_loadb(line, len, 0, NULL), *ok = json_object_get(json, "ok");
	json_int_t id = json_integer_value(json_object_get(json, "submission"));
	const char *error = json_string_value(json_object_get(json, "error"));

	assert(json_is_object(json));
	assert(ok == NULL || json_is_boolean(ok));
	assert(!json_is_false(ok) ||
		(error != NULL && json_is_string(json_object_get(json, "message"))));
	out->count++;
	out->acknowledged += json_is_true(ok) && id > out->last;
	out->last = id > out->last ? id : out->last;
	out->kinds = out->kinds * 31 + json_object_size(json) +
		(error != NULL ? (uint64_t)error[0] * 7 : 0);
	json_decref(json);
}

/* Whole lines are taken; what is left of the last one is moved to the front. */
static size_t
take_lines(struct answers *out, char *buffer, size_t used)
{
	char *at = buffer, *end;

	while ((end = memchr(at, '\n', used - (size_t)(at - buffer))) != NULL) {
		take_line(out, at, (size_t)(end - at));
		at = end + 1;
	}
	used -= (size_t)(at - buffer);
	memmove(buffer, at, used);
	return used;
}

static struct answers
converse(const uint8_t *data, size_t size, size_t piece)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char *buffer = malloc(ANSWERS_MAX);
	struct answers out = {.count = 0};
	size_t used = 0;
	bool open = true, closed = false;
	ssize_t n;

	assert(fd >= 0 && buffer != NULL);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		abort();
	while (!closed) {
		n = size != 0 ? send(fd, data, size < piece ? size : piece, MSG_NOSIGNAL) : 0;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		} else if (open && (size == 0 || errno != EAGAIN)) { /* all said, or hung up on */
			shutdown(fd, SHUT_WR);
			open = false;
			size = 0;
		}
		event_base_loop(parts.base, EVLOOP_NONBLOCK);
		n = recv(fd, buffer + used, ANSWERS_MAX - used, 0);
		closed = n == 0 || (n < 0 && errno != EAGAIN);
		used = take_lines(&out, buffer, used + (n > 0 ? (size_t)n : 0));
		assert(used < ANSWERS_MAX);
	}
	assert(used == 0); /* no answer is cut */
	close(fd);
	free(buffer);
	return out;
}

/* One listing, so that there is something to ask about. */
static void
reset(void)
{
	execute("DELETE FROM seen; DELETE FROM evidence; DELETE FROM submission;"
		"DELETE FROM reporter; DELETE FROM pending; DELETE FROM delisting;"
		"DELETE FROM probe; DELETE FROM listing; DELETE FROM proof; DELETE FROM position;"
		"INSERT INTO probe (id, host, cause, queued_s, finished_s, verdict, reason, result)"
		" VALUES (1, '192.0.2.7', 0, 1, 2, 'open', 'it came back', '{}');"
		"INSERT INTO listing (prefix, category, since_s, expires_s, probe, reason)"
		" VALUES ('192.0.2.7', 0, 1, 9999999999, 1, 'it came back')");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answers answers[2];

	if (server == NULL)
		start();
	for (size_t i = 0; i < ORBL_COUNT(answers); i++) {
		reset();
		answers[i] = converse(data, size, i == 0 ? SIZE_MAX : PIECE);
		assert(number("SELECT count(*) FROM submission WHERE committed = 0") == 0);
		assert(number("SELECT count(*) FROM submission") ==
			(int64_t)answers[i].acknowledged);
		assert(number("SELECT count(*) FROM evidence WHERE submission NOT IN"
			      " (SELECT id FROM submission)") == 0);
		assert(number("PRAGMA synchronous") == 2);
	}
	assert(answers[0].count == answers[1].count);
	assert(answers[0].kinds == answers[1].kinds);
	return 0;
}
