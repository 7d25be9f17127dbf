#include "resolver_fixture.h"

#include <string.h>
#include <unistd.h>

#include <check.h>
#include <event2/event.h>

enum { OPT_RECORD = 11, QUERY_MIN = 23 };

static void
on_query(evutil_socket_t fd, short what, void *context)
{
	struct resolver_fixture *r = context;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	uint8_t b[1024];
	ssize_t n = recvfrom(fd, b, 512, 0, (struct sockaddr *)&from, &from_len);
	size_t len = (size_t)n - OPT_RECORD, text = r->record != NULL ? strlen(r->record) : 0;
	const uint8_t fixed[] = {0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 0, 0, (uint8_t)(text + 1),
		(uint8_t)text};

	(void)what;
	ck_assert_int_gt(n, QUERY_MIN);
	r->questions++;
	b[2] = 0x81;
	b[3] = (uint8_t)(0x80 | r->rcode);
	b[7] = r->record != NULL;
	b[11] = 0;
	if (r->record != NULL) {
		memcpy(b + len, fixed, sizeof(fixed));
		memcpy(b + len + sizeof(fixed), r->record, text);
		len += sizeof(fixed) + text;
	}
	ck_assert_int_eq(sendto(fd, b, len, 0, (struct sockaddr *)&from, from_len), (ssize_t)len);
}

void
resolver_fixture_open(struct resolver_fixture *r, const char *address)
{
	struct sockaddr_storage ss;
	socklen_t len;

	*r = (struct resolver_fixture){.fd = socket(AF_INET, SOCK_DGRAM, 0)};
	ck_assert_int_eq(addr_parse(text_of(address), &r->where.addr), OK);
	len = endpoint_to_sockaddr(&r->where, &ss);
	ck_assert_int_eq(bind(r->fd, (struct sockaddr *)&ss, len), 0);
	ck_assert_int_eq(getsockname(r->fd, (struct sockaddr *)&ss, &len), 0);
	r->where = endpoint_from_sockaddr((struct sockaddr *)&ss);
}

void
resolver_fixture_serve(struct resolver_fixture *r, struct event_base *base)
{
	r->event = event_new(base, r->fd, EV_READ | EV_PERSIST, on_query, r);
	ck_assert_int_eq(event_add(r->event, NULL), 0);
}

void
resolver_fixture_close(struct resolver_fixture *r)
{
	event_free(r->event);
	close(r->fd);
}
