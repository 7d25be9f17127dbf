#include "input.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"
#include "source.h"
#include "unpack.h"

enum { CHUNK = 256 * 1024 };

/* Plain bytes are read into chunk by the caller's thread. Of a compressed file, chunk is what
 * the thread reads into, and ring what it unpacks to. */
struct input {
	struct source source;
	const struct unpack_format *format; /* NULL: plain */
	void *unpacker;
	uint8_t *chunk;
	size_t head_len; /* of chunk: read before the format was known */
	pthread_t thread;
	bool has_thread;
	struct ring ring;
	struct error failed; /* the thread's, to be read when the ring is at its end */
};

/* Enough of the head to tell the format. */
static enum err
read_head(struct input *in, struct error *e)
{
	size_t got = 1;
	enum err err = OK;

	while (err == OK && got != 0) {
		struct text head = {(const char *)in->chunk, in->head_len};
		enum unpack_answer answer = unpack_recognise(head, &in->format);

		if (answer == UNPACK_KNOWN)
			return OK;
		in->format = NULL;
		if (answer == UNPACK_PLAIN)
			return OK;
		err = source_read(&in->source, in->chunk + in->head_len, CHUNK - in->head_len, &got,
			e);
		in->head_len += got;
	}
	return err; /* nothing, or what could have become a format: a text, too */
}

static enum err
tell_failure(const struct input *in, const struct unpack_io *io, enum err err, const char *reason,
	struct error *e)
{
	unsigned long long at = atomic_load(&in->source.done) - io->in_len;
	const char *name = in->source.name, *format = in->format->name;

	if (err == ERR_MEMORY)
		return error_set(e, err, "%s: %s", name, reason);
	if (err == ERR_REFUSED || err == ERR_UNSUPPORTED)
		return error_set(e, err,
			"%s: %s: %s; unpack it with %s, if you trust it, and give that", name,
			format, reason, in->format->tool);
	return error_set(e, err,
		"%s: the %s data is damaged near byte %llu (%s), nothing behind that can be read; "
		"get a good copy of the file",
		name, format, at, reason);
}

static enum err
tell_cut(const struct input *in, struct error *e)
{
	return error_set(e, ERR_CORRUPT,
		"%s: the %s data is cut off at byte %llu; get the whole file", in->source.name,
		in->format->name, (unsigned long long)atomic_load(&in->source.done));
}

/* One ring slot of output. *ended: there is no more. A slow pipe's bytes are passed on as soon
 * as they are unpacked. */
static enum err
fill_slot(struct input *in, struct unpack_io *io, bool *is_last, bool *ended, struct error *e)
{
	struct error reason = {.code = OK};
	enum err err = OK;

	while (err == OK && !*ended && io->out_room != 0) {
		size_t room = io->out_room, left = io->in_len, got;

		if (io->in_len == 0 && !*is_last) {
			if (room != RING_SLOT_BYTES && !in->source.is_regular)
				return OK;
			err = source_read(&in->source, in->chunk, CHUNK, &got, e);
			io->in = in->chunk;
			io->in_len = got;
			*is_last = got == 0;
			continue;
		}
		err = in->format->step(in->unpacker, io, *is_last, &reason);
		if (err == OK && left != 0 && io->in_len == left && io->out_room == room)
			err = error_set(&reason, ERR_CORRUPT, "it leads nowhere");
		if (err != OK)
			return tell_failure(in, io, err, reason.text, e);
		*ended = *is_last && left == 0 && io->out_room == room;
	}
	if (err == OK && *ended && !in->format->is_complete(in->unpacker))
		return tell_cut(in, e);
	return err;
}

static void *
unpack_thread(void *argument)
{
	struct input *in = argument;
	struct unpack_io io = {.in = in->chunk, .in_len = in->head_len};
	bool is_last = false, ended = false;
	enum err err = OK;

	while (err == OK && !ended && (io.out = ring_space(&in->ring)) != NULL) {
		io.out_room = RING_SLOT_BYTES;
		err = fill_slot(in, &io, &is_last, &ended, &in->failed);
		if (io.out_room != RING_SLOT_BYTES)
			ring_put(&in->ring, RING_SLOT_BYTES - io.out_room);
	}
	ring_end(&in->ring);
	return NULL;
}

/* Signals are for the threads of the caller. */
static enum err
start_thread(struct input *in, struct error *e)
{
	sigset_t all, before;
	int failed;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&in->thread, NULL, unpack_thread, in);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	in->has_thread = failed == 0;
	return failed == 0 ? OK :
			     error_set(e, ERR_MEMORY, "%s: no thread to unpack it: %s",
				     in->source.name, strerror(failed));
}

static enum err
open_unpacker(struct input *in, struct error *e)
{
	if (in->format->open == NULL)
		return error_set(e, ERR_UNSUPPORTED,
			"%s: compressed in a way that is not read (%s); give the output of %s",
			in->source.name, in->format->name, in->format->tool);
	in->unpacker = in->format->open();
	if (in->unpacker == NULL || ring_init(&in->ring) != OK)
		return error_set(e, ERR_MEMORY, "%s: out of memory", in->source.name);
	return start_thread(in, e);
}

enum err
input_open(const char *name, struct input **out, struct error *e)
{
	struct input *in = calloc(1, sizeof(*in));
	enum err err;

	*out = NULL;
	if (in == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", name);
	err = source_open(&in->source, name, e);
	if (err == OK && (in->chunk = malloc(CHUNK)) == NULL)
		err = error_set(e, ERR_MEMORY, "%s: out of memory", name);
	if (err == OK)
		err = read_head(in, e);
	if (err == OK && in->format != NULL)
		err = open_unpacker(in, e);
	if (err != OK) {
		input_close(in);
		return err;
	}
	*out = in;
	return OK;
}

void
input_close(struct input *in)
{
	if (in == NULL)
		return;
	if (in->has_thread) {
		ring_stop(&in->ring);
		source_wake(&in->source);
		(void)pthread_join(in->thread, NULL);
	}
	ring_destroy(&in->ring);
	if (in->unpacker != NULL)
		in->format->close(in->unpacker);
	free(in->chunk);
	if (in->source.name != NULL)
		source_close(&in->source);
	free(in);
}

static enum err
read_unpacked(struct input *in, struct text *out, struct error *e)
{
	*out = ring_take(&in->ring);
	if (out->len == 0 && in->failed.code != OK) {
		if (e != NULL)
			*e = in->failed;
		return in->failed.code;
	}
	return OK;
}

enum err
input_read(struct input *in, struct text *out, struct error *e)
{
	size_t got = in->head_len;
	enum err err = OK;

	*out = TEXT_NONE;
	if (in->has_thread)
		return read_unpacked(in, out, e);
	if (got == 0)
		err = source_read(&in->source, in->chunk, CHUNK, &got, e);
	in->head_len = 0;
	if (err == OK)
		*out = (struct text){(const char *)in->chunk, got};
	return err;
}

void
input_progress(const struct input *in, uint64_t *done, uint64_t *total)
{
	*done = atomic_load_explicit(&in->source.done, memory_order_relaxed);
	*total = in->source.total;
}
