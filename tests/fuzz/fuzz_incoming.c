/* fuzz_incoming.c - whatever a primary may send: the reply to SOA, and the messages of AXFR and
 * IXFR.
 *
 * The first byte of the input says what was asked, and whether we have a version; the rest are
 * messages, each with two bytes of length in front. The id of each is made right, unless its length
 * is odd.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "big_endian.h"
#include "incoming_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ID = 0x1234, SERIAL = 5, NOW = 1800000000 };

static const uint8_t origin[] = "\002bl\004test";
static const uint8_t soa[] = "\001a\000\001b\000\000\000\000\005\000\000\000\144\000\000\000\012"
			     "\000\001\000\000\000\000\000\074";

static struct zone_import *
new_import(void)
{
	static const struct zone_import_limits limits = {10000, 1 << 20};
	struct zone_import *z = zone_import_new(origin, &limits);

	if (z == NULL)
		abort();
	return z;
}

/* What we have: two records. */
static struct zone_import *
make_base(void)
{
	static const uint8_t host[] = "\0011\0012\0010\003192\002bl\004test",
			     address[] = {127, 0, 0, 2};
	static const uint8_t name[] = "\001x\002bl\004test";
	struct zone_import_record r = {host, TYPE_A, 60, address, 4};
	struct zone_import *z = new_import();

	if (zone_import_add(z, &r, NULL) != OK)
		abort();
	r.owner = name;
	if (zone_import_add(z, &r, NULL) != OK ||
		zone_import_set_soa(z, soa, sizeof(soa) - 1, 60, NULL) != OK)
		abort();
	return z;
}

/* What was taken makes a snapshot that can be opened, and without wildcards read again; or there is
 * a reason why not. */
static void
check_import(struct zone_import *z)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct error e = {.text = ""};
	struct zone_import *again;
	struct snapshot *s;

	assert(zone_import_soa(z) != NULL);
	if (zone_import_write(z, fd, NOW, NOW + 100, &e) != OK) {
		assert(e.text[0] != '\0');
		close(fd);
		return;
	}
	assert(snapshot_open_fd(fd, "fuzz", &s, &e) == OK);
	close(fd);
	assert(snapshot_zone_count(s) == 1);
	assert(snapshot_serial(s) == zone_import_soa(z)->serial);
	again = new_import();
	if (zone_import_read(again, s, &e) == OK)
		assert(zone_import_count(again) == zone_import_count(z));
	else
		assert(strstr(e.text, "wildcards of addresses") != NULL);
	zone_import_free(again);
	snapshot_close(s);
}

static void
check_end(struct incoming_stream *s, enum incoming_stream_result result)
{
	struct error e = {.text = ""};

	switch (result) {
	case STREAM_WHOLE:
		assert(!s->has_serial || incoming_is_newer(s->new_serial, s->serial));
		assert(zone_import_soa(s->whole)->serial == s->new_serial);
		check_import(s->whole);
		break;
	case STREAM_CHANGES:
		assert(s->type == TYPE_IXFR && incoming_is_newer(s->new_serial, s->serial));
		if (zone_import_apply(s->base, &e) == OK)
			check_import(s->base);
		else
			assert(zone_import_count(s->base) == 2);
		break;
	case STREAM_CURRENT: assert(s->has_serial && s->new_serial == s->serial); break;
	case STREAM_FAILED:
	case STREAM_MORE:
		assert(result == STREAM_FAILED || s->state != STREAM_END);
		if (s->base != NULL) {
			zone_import_forget(s->base);
			assert(zone_import_count(s->base) == 2);
			assert(zone_import_soa(s->base)->serial == SERIAL);
		}
		break;
	}
}

static void
read_stream(struct incoming_stream *s, uint8_t *bytes, size_t size)
{
	enum incoming_stream_result result = STREAM_MORE;
	struct error e = {.text = ""};
	size_t at = 0;

	while (result == STREAM_MORE && size - at >= 2) {
		size_t len = big_endian_u16(bytes + at);

		at += 2;
		if (len > size - at)
			len = size - at;
		if (len >= 2 && len % 2 == 0)
			big_endian_put16(bytes + at, ID);
		result = incoming_stream_message(s, bytes + at, len, &e);
		assert(result != STREAM_FAILED || e.text[0] != '\0');
		at += len;
	}
	check_end(s, result);
}

static void
read_soa(const uint8_t *bytes, size_t size)
{
	struct error e = {.text = ""};
	uint32_t serial;

	if (incoming_soa_reply(origin, sizeof(origin), ID, bytes, size, &serial, &e) ==
		INCOMING_SOA_FAILED)
		assert(e.text[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct incoming_stream s;
	uint8_t *bytes;

	if (size < 3)
		return 0;
	bytes = malloc(size - 1);
	if (bytes == NULL)
		abort();
	memcpy(bytes, data + 1, size - 1);
	memset(&s, 0, sizeof(s));
	s.origin = origin;
	s.origin_len = sizeof(origin);
	s.id = ID;
	s.serial = SERIAL;
	s.has_serial = (data[0] & 1) != 0;
	s.type = (data[0] & 3) == 3 ? TYPE_IXFR : TYPE_AXFR;
	s.whole = new_import();
	s.base = s.type == TYPE_IXFR ? make_base() : NULL;
	if ((data[0] & 4) != 0)
		read_soa(bytes, size - 1);
	else
		read_stream(&s, bytes, size - 1);
	zone_import_free(s.whole);
	zone_import_free(s.base);
	free(bytes);
	return 0;
}
