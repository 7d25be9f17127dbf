#include "dnstap.h"

#include "config.h"

/* The second is how tests build what --disable-dnstap does. */
#if !defined(ORBL_DNSTAP) || defined(ORBL_WITHOUT_DNSTAP)

/* observer_check refuses dnsd.dnstap before anything here is called. */

bool
dnstap_is_built(void)
{
	return false;
}

struct dnstap *
dnstap_new(const char *identity, const char *version)
{
	(void)identity;
	(void)version;
	return NULL;
}

void
dnstap_free(struct dnstap *t)
{
	(void)t;
}

void
dnstap_connect(struct dnstap *t, int fd)
{
	(void)t;
	(void)fd;
}

bool
dnstap_is_connected(const struct dnstap *t)
{
	(void)t;
	return false;
}

bool
dnstap_is_open(const struct dnstap *t)
{
	(void)t;
	return false;
}

void
dnstap_prepare(const struct dnstap *t, struct pollfd *poll)
{
	(void)t;
	*poll = (struct pollfd){.fd = -1};
}

void
dnstap_serve(struct dnstap *t, const struct pollfd *poll)
{
	(void)t;
	(void)poll;
}

void
dnstap_add(struct dnstap *t, const struct observation *o, const uint8_t *zone, size_t zone_len,
	const uint8_t *query, const uint8_t *reply)
{
	(void)t;
	(void)o;
	(void)zone;
	(void)zone_len;
	(void)query;
	(void)reply;
}

uint64_t
dnstap_lost(const struct dnstap *t)
{
	(void)t;
	return 0;
}

#endif
