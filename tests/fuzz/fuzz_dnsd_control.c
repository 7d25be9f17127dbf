/* Bytes to the control socket of orbl-dnsd, whole and in pieces: both connections get the same
 * answers, one JSON object with "ok" for each line that could be one, and nobody waits for ever. */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <orbl/log.h>

#include "control_socket.h"

enum { PIECE = 13, ANSWERS_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[64];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static struct control_socket *control;
static bool is_waiting; /* somebody, for an answer */

/* "later" is answered when all came. */
static json_t *
handle(void *context, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));

	(void)context;
	assert(json_is_object(request));
	if (name != NULL && strcmp(name, "later") == 0) {
		is_waiting = true;
		return json_null();
	}
	return json_pack("{s:b, s:i}", "ok", 1, "members", (int)json_object_size(request));
}

static void
leave(void)
{
	control_socket_close(control);
	rmdir(directory);
}

static void
start(void)
{
	struct control_handler handler = {handle, NULL};

	if (control != NULL)
		return;
	log_open("fuzz", LOG_LEVEL_ERROR);
	snprintf(directory, sizeof(directory), "%s/orbl-fuzz-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(directory) != NULL);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", directory);
	assert(control_socket_open(address.sun_path, 0600, &handler, &control, NULL) == OK);
	atexit(leave);
}

static void
serve(void)
{
	struct pollfd polls[CONTROL_POLLS];
	json_t *answer = json_pack("{s:b}", "ok", 1);

	for (int i = 0; i < 10000; i++) {
		control_socket_prepare(control, polls);
		if (poll(polls, CONTROL_POLLS, 0) > 0)
			control_socket_serve(control, polls);
		else if (!is_waiting)
			break;
		is_waiting = false;
		control_socket_finish(control, answer);
	}
	json_decref(answer);
}

/* Until no more answers come: what the kernel did not take at once waits for us to read. */
static size_t
hear(int fd, char *out, size_t size)
{
	size_t len = 0, before;
	ssize_t n;

	do {
		before = len;
		serve();
		while ((n = recv(fd, out + len, size - len, 0)) > 0)
			len += (size_t)n;
	} while (len != before);
	return len;
}

/* Returns how many answers came. */
static size_t
talk(const uint8_t *data, size_t size, size_t piece)
{
	static char answers[ANSWERS_MAX];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	size_t count = 0, len = 0;

	assert(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	serve();
	for (size_t at = 0; at < size; at += piece) {
		if (send(fd, data + at, size - at < piece ? size - at : piece, MSG_NOSIGNAL) < 0)
			break; /* it was hung up on: a line too long */
		len += hear(fd, answers + len, sizeof(answers) - len);
	}
	close(fd);
	serve();
	for (char *at = answers, *end; at < answers + len; at = end + 1, count++) {
		json_t *object;

		end = memchr(at, '\n', (size_t)(answers + len - at));
		assert(end != NULL);
		object = json_loadb(at, (size_t)(end - at), 0, NULL);
		assert(json_is_boolean(json_object_get(object, "ok")));
		json_decref(object);
	}
	return count;
}

static size_t
count_lines(const uint8_t *data, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += data[i] == '\n';
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole, lines;

	start();
	if (size > 4000)
		size = 4000;
	lines = count_lines(data, size);
	whole = talk(data, size, size != 0 ? size : 1);
	assert(whole == lines);
	assert(talk(data, size, PIECE) == lines);
	return 0;
}
