#include "tcp_clients.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define END TCP_CLIENTS_END

struct connection {
	uint32_t next; /* with the same hash */
	struct addr address;
};

struct tcp_clients {
	unsigned shift;
	uint64_t secret;
	uint32_t *heads;
	struct connection connections[];
};

struct tcp_clients *
tcp_clients_new(size_t connections)
{
	struct tcp_clients *c = calloc(1, sizeof(*c) + connections * sizeof(c->connections[0]));
	size_t heads = 2;

	if (c == NULL)
		return NULL;
	for (c->shift = 63; heads < connections; c->shift--)
		heads *= 2;
	c->heads = malloc(heads * sizeof(*c->heads));
	if (c->heads == NULL) {
		free(c);
		return NULL;
	}
	memset(c->heads, 0xff, heads * sizeof(*c->heads)); /* END */
	if (getrandom(&c->secret, sizeof(c->secret), GRND_NONBLOCK) < 0)
		c->secret = (uintptr_t)c;
	c->secret |= 1;
	return c;
}

void
tcp_clients_free(struct tcp_clients *c)
{
	if (c == NULL)
		return;
	free(c->heads);
	free(c);
}

static size_t
client_bytes(const struct addr *a)
{
	return a->family == 4 ? 4 : 8;
}

static bool
is_same_client(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, client_bytes(a)) == 0;
}

static size_t
hash_client(const struct tcp_clients *c, const struct addr *a)
{
	uint64_t key = 0;

	memcpy(&key, a->b, client_bytes(a));
	return (size_t)(key * c->secret >> c->shift);
}

void
tcp_clients_add(struct tcp_clients *c, uint32_t i, const struct addr *address)
{
	uint32_t *head = &c->heads[hash_client(c, address)];

	c->connections[i] = (struct connection){.next = *head, .address = *address};
	*head = i;
}

void
tcp_clients_remove(struct tcp_clients *c, uint32_t i)
{
	uint32_t *link = &c->heads[hash_client(c, &c->connections[i].address)];

	while (*link != i)
		link = &c->connections[*link].next;
	*link = c->connections[i].next;
}

static uint32_t
skip_others(const struct tcp_clients *c, uint32_t i, const struct addr *address)
{
	while (i != END && !is_same_client(&c->connections[i].address, address))
		i = c->connections[i].next;
	return i;
}

uint32_t
tcp_clients_first(const struct tcp_clients *c, const struct addr *address)
{
	return skip_others(c, c->heads[hash_client(c, address)], address);
}

uint32_t
tcp_clients_next(const struct tcp_clients *c, uint32_t i)
{
	return skip_others(c, c->connections[i].next, &c->connections[i].address);
}
