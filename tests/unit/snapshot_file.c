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

struct snapshot_zone_draft
snapshot_file_zone(size_t set)
{
	return (struct snapshot_zone_draft){
		.policy = TEXT("https://dnsbl.test/Policy"),
		.apex = {.has_soa = true,
			.mname = TEXT("ns1.Example.org"),
			.rname = TEXT("root.example.org"),
			.soa_ttl_s = 1,
			.serial = 9,
			.refresh_s = 2,
			.retry_s = 3,
			.expire_s = 4,
			.minimum_s = 5,
			.ns_ttl_s = 6,
			.ttl_s = 7,
			.ns_count = 2,
			.ns = {TEXT("ns1.example.org"), TEXT("ns2.example.org")}},
		.set_count = 1,
		.sets = {set},
	};
}

uint32_t
snapshot_file_class(struct snapshot_builder *b, uint32_t a, const char *txt, uint32_t ttl_s,
	int64_t expires_s)
{
	struct snapshot_class c = {.ttl_s = ttl_s, .expires_s = expires_s, .a_count = 1, .a = {a}};
	struct error e;
	uint32_t id;

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
	uint8_t rank, uint32_t id)
{
	struct addr first = snapshot_file_addr(low), last = snapshot_file_addr(high);
	struct error e;

	ck_assert_int_eq(snapshot_builder_add(b, set, &first, &last, rank, id, &e), OK);
}

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

struct snapshot_layer
snapshot_file_layer(const struct snapshot *s)
{
	ck_assert_uint_ge(snapshot_set_count(s), 1);
	return (struct snapshot_layer){.set = snapshot_set_at(s, 0)};
}

struct snapshot_builder *
snapshot_file_builder(size_t *set)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot_zone_draft zone;
	struct error e;

	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(snapshot_builder_set(b, set, &e), OK);
	zone = snapshot_file_zone(*set);
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), OK);
	return b;
}

uint32_t
snapshot_file_find_addr(struct snapshot_layer l, const struct addr *a)
{
	struct snapshot_view view;

	if (!snapshot_layer_find(&l, a, &view))
		return 0;
	return view.a_count != 0 ? snapshot_view_a(&view, 0) : UINT32_MAX;
}

uint32_t
snapshot_file_find(struct snapshot_layer l, const char *text)
{
	struct addr a = snapshot_file_addr(text);

	return snapshot_file_find_addr(l, &a);
}

bool
snapshot_file_intersects(struct snapshot_layer l, const char *text)
{
	struct prefix p;

	ck_assert_int_eq(prefix_parse(text_of(text), &p), OK);
	return snapshot_layer_intersects(&l, &p);
}

struct snapshot_file
snapshot_file_small(void)
{
	size_t set, other, names;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_zone_draft zone;
	uint32_t one = snapshot_file_class(b, 0x7f000002, "open relay \001", 0, 0);
	uint32_t two = snapshot_file_class(b, 0x7f000003, NULL, 300, 5000);
	struct error e;

	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	snapshot_file_range(b, set, "192.0.2.16", "192.0.2.31", 28, two);
	snapshot_file_range(b, set, "2001:db8::", "2001:db8::ffff", 112, one);
	ck_assert_int_eq(snapshot_builder_set(b, &other, &e), OK);
	snapshot_file_range(b, other, "192.0.2.7", "192.0.2.7", 32, two);
	ck_assert_int_eq(snapshot_builder_set(b, &names, &e), OK);
	ck_assert_int_eq(snapshot_builder_add_name(b, names, (const uint8_t *)"\3foo\3bar", false,
				 one, &e),
		OK);
	zone = snapshot_file_zone(other);
	zone.name = TEXT("Suspects");
	zone.expires_s = 7777;
	zone.has_acl = true;
	zone.acl = set;
	zone.sets[zone.set_count++] = names;
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), OK);
	zone = (struct snapshot_zone_draft){.name = TEXT("again"), .set_count = 1, .sets = {set}};
	zone.is_within = true;
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), OK);
	return snapshot_file_freeze(b);
}

void
snapshot_file_assert_text(struct text got, const char *wanted)
{
	ck_assert_msg(text_equal(got, text_of(wanted)), "\"%.*s\" is not \"%s\"", TEXT_ARG(got),
		wanted);
}

void
snapshot_file_repair(const struct snapshot_file *f)
{
	format_put64(f->bytes + f->len - TRAILER_SIZE,
		XXH3_64bits(f->bytes, f->len - TRAILER_SIZE));
}

uint8_t *
snapshot_file_section(const struct snapshot_file *f, unsigned section)
{
	return f->bytes + format_get64(f->bytes + HEADER_SECTIONS + section * SECTION_ROW_SIZE);
}
