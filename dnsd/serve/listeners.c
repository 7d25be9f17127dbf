#include "listeners.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct listeners {
	size_t endpoints, count, tls_count;
	int *tls;
	struct listener each[]; /* worker after worker */
};

/* Of the sockets that were passed for this address, the one of this worker; -1: none was. */
static int
find_passed(struct activation *passed, const struct endpoint *endpoint, int type, size_t worker)
{
	size_t count = activation_count(passed, endpoint, type);

	return count != 0 ? activation_get(passed, endpoint, type, worker % count) : -1;
}

static bool
is_passed(struct activation *passed, const struct endpoint *endpoint)
{
	return activation_count(passed, endpoint, SOCK_DGRAM) != 0 ||
		activation_count(passed, endpoint, SOCK_STREAM) != 0;
}

static enum err
open_one(struct listeners *l, const struct server_options *o, struct activation *passed,
	struct error *e)
{
	size_t worker = l->count / l->endpoints, i = l->count % l->endpoints;
	const struct endpoint *endpoint = &o->endpoints[i];
	struct listener *out = &l->each[l->count];
	enum err err = listener_take(endpoint, o->udp_size,
		find_passed(passed, endpoint, SOCK_DGRAM, worker),
		find_passed(passed, endpoint, SOCK_STREAM, worker), out, e);

	if (err != OK)
		return err;
	out->index = (uint32_t)i;
	l->count++;
	return OK;
}

/* They are behind the others. */
static enum err
open_tls(struct listeners *l, const struct server_options *o, struct activation *passed,
	struct error *e)
{
	enum err err = OK;

	l->tls = calloc(o->tls_endpoint_count + 1, sizeof(*l->tls));
	if (l->tls == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for sockets");
	while (err == OK && l->tls_count < o->tls_endpoint_count) {
		const struct endpoint *endpoint = &o->endpoints[o->endpoint_count + l->tls_count];

		err = listener_take_tcp(endpoint, find_passed(passed, endpoint, SOCK_STREAM, 0),
			&l->tls[l->tls_count], e);
		l->tls_count += err == OK;
	}
	return err;
}

enum err
listeners_open(const struct server_options *o, struct activation *passed, struct listeners **out,
	struct error *e)
{
	size_t count = o->workers * o->endpoint_count;
	struct listeners *l = calloc(1, sizeof(*l) + count * sizeof(l->each[0]));
	enum err err = OK;

	*out = NULL;
	if (l == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for sockets");
	l->endpoints = o->endpoint_count;
	for (size_t i = 0; err == OK && i < o->endpoint_count; i++)
		if (!is_passed(passed, &o->endpoints[i]))
			err = listener_check(&o->endpoints[i], e);
	while (err == OK && l->count < count)
		err = open_one(l, o, passed, e);
	if (err == OK)
		err = open_tls(l, o, passed, e);
	if (err == OK)
		*out = l;
	else
		listeners_close(l);
	return err;
}

void
listeners_close(struct listeners *l)
{
	for (size_t i = 0; l != NULL && i < l->count; i++)
		listener_close(&l->each[i]);
	for (size_t i = 0; l != NULL && i < l->tls_count; i++)
		close(l->tls[i]);
	if (l != NULL)
		free(l->tls);
	free(l);
}

const struct listener *
listeners_of(const struct listeners *l, size_t worker)
{
	return &l->each[worker * l->endpoints];
}

const int *
listeners_tls(const struct listeners *l, size_t *count)
{
	*count = l->tls_count;
	return l->tls;
}

size_t
listeners_list(const struct listeners *l, int *out)
{
	for (size_t i = 0; i < l->count; i++) {
		out[2 * i] = l->each[i].udp;
		out[2 * i + 1] = l->each[i].tcp;
	}
	return 2 * l->count;
}
