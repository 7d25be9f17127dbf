#include "snapshot_file.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "snapshot_format.h"
#include "unit.h"

uint32_t
snapshot_file_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

struct snapshot_apex
snapshot_file_apex(void)
{
	return (struct snapshot_apex){.mname = TEXT("ns1.Example.org"),
		.rname = TEXT("root.example.org"),
		.soa_ttl_s = 1,
		.refresh_s = 2,
		.retry_s = 3,
		.expire_s = 4,
		.minimum_s = 5,
		.ns_ttl_s = 6,
		.ttl_s = 7,
		.ns_count = 2,
		.ns = {TEXT("ns1.example.org"), TEXT("ns2.example.org")}};
}

uint16_t
snapshot_file_class(struct snapshot_builder *b, uint32_t a, const char *txt, uint32_t ttl_s,
	int64_t expires_s)
{
	struct snapshot_class c = {.ttl_s = ttl_s, .expires_s = expires_s, .a_count = 1, .a = {a}};
	struct error e;
	uint16_t id;

	if (txt != NULL)
		c.txt[c.txt_count++] = text_of(txt);
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), OK);
	ck_assert_uint_ne(id, SNAPSHOT_NOT_LISTED);
	return id;
}

struct addr
snapshot_file_addr(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text_of(text), &a), OK);
	return a;
}

void
snapshot_file_range(struct snapshot_builder *b, size_t set, const char *low, const char *high,
	uint8_t rank, uint16_t id)
{
	struct addr first = snapshot_file_addr(low), last = snapshot_file_addr(high);
	struct error e;

	ck_assert_int_eq(snapshot_builder_add(b, set, &first, &last, rank, id, &e), OK);
}

/* Writes, and frees the builder. */
struct snapshot_file
snapshot_file_freeze(struct snapshot_builder *b)
{
	int fd = memfd_create("snapshot", MFD_CLOEXEC);
	struct error e = {.text = ""};
	struct snapshot_file f;
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_msg(snapshot_builder_write(b, fd, 42, 1000, &e) == OK, "%s", e.text);
	snapshot_builder_free(b);
	ck_assert_int_eq(fstat(fd, &st), 0);
	f.len = (size_t)st.st_size;
	f.bytes = malloc(f.len);
	ck_assert_ptr_nonnull(f.bytes);
	ck_assert_int_eq(pread(fd, f.bytes, f.len, 0), (ssize_t)f.len);
	close(fd);
	return f;
}

struct snapshot *
snapshot_file_open(const struct snapshot_file *f)
{
	struct snapshot *s;
	struct error e = {.text = ""};

	ck_assert_msg(snapshot_open_bytes(f->bytes, f->len, "test", &s, &e) == OK, "%s", e.text);
	return s;
}

const struct snapshot_set *
snapshot_file_set(const struct snapshot *s)
{
	struct snapshot_zone zone;

	ck_assert_uint_ge(snapshot_zone_count(s), 1);
	snapshot_zone(s, 0, &zone);
	return zone.set;
}

struct snapshot_builder *
snapshot_file_builder(size_t *set)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot_apex apex = snapshot_file_apex();
	struct error e;

	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(snapshot_builder_set(b, set, &e), OK);
	ck_assert_int_eq(snapshot_builder_zone(b, TEXT_NONE, *set, &apex, &e), OK);
	return b;
}

uint16_t
snapshot_file_find(const struct snapshot_set *set, const char *text)
{
	struct addr a = snapshot_file_addr(text);

	return snapshot_find(set, &a);
}

bool
snapshot_file_intersects(const struct snapshot_set *set, const char *text)
{
	struct prefix p;

	ck_assert_int_eq(prefix_parse(text_of(text), &p), OK);
	return snapshot_intersects(set, &p);
}

struct snapshot_file
snapshot_file_small(void)
{
	size_t set, other;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_apex apex = snapshot_file_apex();
	uint16_t one = snapshot_file_class(b, 0x7f000002, "open relay \001", 0, 0);
	uint16_t two = snapshot_file_class(b, 0x7f000003, NULL, 300, 5000);
	struct error e;

	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	snapshot_file_range(b, set, "192.0.2.16", "192.0.2.31", 28, two);
	snapshot_file_range(b, set, "2001:db8::", "2001:db8::ffff", 112, one);
	ck_assert_int_eq(snapshot_builder_set(b, &other, &e), OK);
	snapshot_file_range(b, other, "192.0.2.7", "192.0.2.7", 32, two);
	ck_assert_int_eq(snapshot_builder_zone(b, TEXT("Suspects"), other, &apex, &e), OK);
	ck_assert_int_eq(snapshot_builder_zone(b, TEXT("again"), set, &apex, &e), OK);
	return snapshot_file_freeze(b);
}

void
snapshot_file_assert_text(struct text got, const char *wanted)
{
	ck_assert_msg(text_equal(got, text_of(wanted)), "\"%.*s\" is not \"%s\"", TEXT_ARG(got),
		wanted);
}

void
snapshot_file_put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

void
snapshot_file_repair(const struct snapshot_file *f)
{
	uint64_t hash = XXH3_64bits(f->bytes, f->len - TRAILER_SIZE);

	snapshot_file_put32(f->bytes + f->len - TRAILER_SIZE, (uint32_t)hash);
	snapshot_file_put32(f->bytes + f->len - TRAILER_SIZE + 4, (uint32_t)(hash >> 32));
}
