#include <orbl/snapshot.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "snapshot_format.h"
#include "snapshot_set.h"

struct section_bytes {
	const uint8_t *p;
	size_t len;
};

struct snapshot {
	const uint8_t *bytes; /* borrowed, or our mapping */
	size_t len;
	bool mapped;
	struct section_bytes sections[SECTION_COUNT];
	size_t set_count;
	struct snapshot_set sets[SNAPSHOT_ZONES_MAX];
	struct snapshot_zone zones[SNAPSHOT_ZONES_MAX];
};

#define REMEDY "publish or compile it again, or put the previous file back"

static size_t
row_count(const struct snapshot *s, enum section section, size_t row_size)
{
	return s->sections[section].len / row_size;
}

/* The text that a row of SECTION_REFS names; false when either lies outside. */
static bool
read_text(const struct snapshot *s, size_t ref, size_t max, struct text *out)
{
	const struct section_bytes *texts = &s->sections[SECTION_TEXTS];
	const uint8_t *row;
	size_t offset, len;

	if (ref >= row_count(s, SECTION_REFS, 8))
		return false;
	row = s->sections[SECTION_REFS].p + 8 * ref;
	offset = format_get32(row);
	len = format_get32(row + 4);
	if (len > max || offset > texts->len || len > texts->len - offset)
		return false;
	*out = (struct text){(const char *)texts->p + offset, len};
	return true;
}

bool
snapshot_class(const struct snapshot *s, uint16_t id, struct snapshot_class *out)
{
	const struct section_bytes *codes = &s->sections[SECTION_CODES];
	size_t a_first, txt_first;
	const uint8_t *row;

	if (id == SNAPSHOT_NOT_LISTED || id > row_count(s, SECTION_CLASSES, CLASS_SIZE))
		return false;
	row = s->sections[SECTION_CLASSES].p + (size_t)(id - 1) * CLASS_SIZE;
	out->expires_s = (int64_t)format_get64(row + CLASS_EXPIRES);
	out->ttl_s = format_get32(row + CLASS_TTL);
	a_first = format_get32(row + CLASS_A_FIRST);
	txt_first = format_get32(row + CLASS_TXT_FIRST);
	out->a_count = format_get16(row + CLASS_A_COUNT);
	out->txt_count = format_get16(row + CLASS_TXT_COUNT);
	if (out->a_count > SNAPSHOT_RECORDS_MAX || out->txt_count > SNAPSHOT_RECORDS_MAX ||
		a_first > codes->len / 4 || out->a_count > codes->len / 4 - a_first)
		return false;
	for (size_t i = 0; i < out->a_count; i++)
		out->a[i] = format_get32(codes->p + 4 * (a_first + i));
	for (size_t i = 0; i < out->txt_count; i++)
		if (!read_text(s, txt_first + i, SNAPSHOT_TXT_MAX, &out->txt[i]))
			return false;
	return true;
}

static bool
read_apex(const struct snapshot *s, const uint8_t *row, struct snapshot_apex *out)
{
	size_t ns_first = format_get32(row + ZONE_NS_FIRST);

	*out = (struct snapshot_apex){
		.soa_ttl_s = format_get32(row + ZONE_SOA_TTL),
		.refresh_s = format_get32(row + ZONE_REFRESH),
		.retry_s = format_get32(row + ZONE_RETRY),
		.expire_s = format_get32(row + ZONE_EXPIRE),
		.minimum_s = format_get32(row + ZONE_MINIMUM),
		.ns_ttl_s = format_get32(row + ZONE_NS_TTL),
		.ttl_s = format_get32(row + ZONE_TTL),
		.ns_count = format_get32(row + ZONE_NS_COUNT),
	};
	if (out->ns_count > SNAPSHOT_NS_MAX)
		return false;
	for (size_t i = 0; i < out->ns_count; i++)
		if (!read_text(s, ns_first + i, NAME_MAX_BYTES, &out->ns[i]))
			return false;
	return read_text(s, format_get32(row + ZONE_MNAME), NAME_MAX_BYTES, &out->mname) &&
		read_text(s, format_get32(row + ZONE_RNAME), NAME_MAX_BYTES, &out->rname);
}

static bool
read_zone(const struct snapshot *s, size_t i, struct snapshot_zone *out)
{
	const uint8_t *row = s->sections[SECTION_ZONES].p + i * ZONE_SIZE;
	size_t set = format_get32(row + ZONE_SET);

	if (set >= s->set_count ||
		!read_text(s, format_get32(row + ZONE_NAME), NAME_MAX_BYTES, &out->name))
		return false;
	out->set = &s->sets[set];
	return read_apex(s, row, &out->apex);
}

size_t
snapshot_zone_count(const struct snapshot *s)
{
	return row_count(s, SECTION_ZONES, ZONE_SIZE);
}

void
snapshot_zone(const struct snapshot *s, size_t i, struct snapshot_zone *out)
{
	*out = s->zones[i];
}

uint32_t
snapshot_serial(const struct snapshot *s)
{
	return format_get32(s->bytes + HEADER_SERIAL);
}

int64_t
snapshot_created_s(const struct snapshot *s)
{
	return (int64_t)format_get64(s->bytes + HEADER_CREATED);
}

size_t
snapshot_entries(const struct snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->set_count; i++)
		n += s->sets[i].hosts + s->sets[i].ranges4 + s->sets[i].ranges6;
	return n;
}

/* --- verification, in the order that gives the most telling message --- */

static enum err
check_frame(const struct snapshot *s, const char *name, struct error *e)
{
	const uint8_t *trailer;
	uint64_t length;

	if (s->len < SNAPSHOT_MAGIC_SIZE ||
		memcmp(s->bytes, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE) != 0)
		return error_set(e, ERR_CORRUPT, "%s: is not a snapshot; " REMEDY, name);
	if (s->len < HEADER_SIZE + TRAILER_SIZE)
		return error_set(e, ERR_CORRUPT, "%s: is cut short at %zu bytes; " REMEDY, name,
			s->len);
	if (format_get32(s->bytes + HEADER_VERSION) != SNAPSHOT_VERSION)
		return error_set(e, ERR_UNSUPPORTED,
			"%s: has format version %" PRIu32
			", this program reads %d; compile it again with the same release",
			name, format_get32(s->bytes + HEADER_VERSION), SNAPSHOT_VERSION);
	length = format_get64(s->bytes + HEADER_LENGTH);
	trailer = s->bytes + s->len - TRAILER_SIZE;
	if (length != s->len || s->len % 8 != 0)
		return error_set(e, ERR_CORRUPT,
			"%s: has %zu bytes and should have %" PRIu64 "; " REMEDY, name, s->len,
			length);
	if (memcmp(trailer + 8, SNAPSHOT_END_MAGIC, SNAPSHOT_MAGIC_SIZE) != 0)
		return error_set(e, ERR_CORRUPT, "%s: its end is missing; " REMEDY, name);
	if (XXH3_64bits(s->bytes, s->len - TRAILER_SIZE) != format_get64(trailer))
		return error_set(e, ERR_CORRUPT, "%s: checksum is wrong; " REMEDY, name);
	return OK;
}

static enum err
check_sections(struct snapshot *s, const char *name, struct error *e)
{
	static const struct {
		const char *name;
		size_t row_size;
	} kinds[SECTION_COUNT] = {
		[SECTION_TEXTS] = {"texts", 1},
		[SECTION_REFS] = {"refs", 8},
		[SECTION_CODES] = {"codes", 4},
		[SECTION_CLASSES] = {"classes", CLASS_SIZE},
		[SECTION_ZONES] = {"zones", ZONE_SIZE},
		[SECTION_SETS] = {"sets", SET_SIZE},
		[SECTION_DATA] = {"data", 8},
	};
	const uint8_t *row = s->bytes + HEADER_SECTIONS;
	size_t at = HEADER_SIZE, end = s->len - TRAILER_SIZE;

	if (format_get32(s->bytes + HEADER_FLAGS) != 0 ||
		format_get32(s->bytes + HEADER_SECTION_COUNT) != SECTION_COUNT)
		return error_set(e, ERR_UNSUPPORTED,
			"%s: has flags or sections of a later "
			"release; compile it again with the same release",
			name);
	for (size_t i = 0; i < SECTION_COUNT; i++, row += SECTION_ROW_SIZE) {
		uint64_t offset = format_get64(row), len = format_get64(row + 8);

		if (offset != at || len > end - at || len % kinds[i].row_size != 0)
			return error_set(e, ERR_CORRUPT,
				"%s: bounds of section %s are wrong; " REMEDY, name, kinds[i].name);
		s->sections[i] = (struct section_bytes){s->bytes + at, (size_t)len};
		at = (size_t)format_pad(at + len);
	}
	if (at != end)
		return error_set(e, ERR_CORRUPT, "%s: bytes that belong to no section; " REMEDY,
			name);
	return OK;
}

/* Cut the next array out of *rest. On failure *rest becomes too short for all that follow. */
static const uint8_t *
take_array(struct section_bytes *rest, bool *ok, uint64_t count, size_t element)
{
	const uint8_t *p = rest->p;
	uint64_t size = format_pad(count * element);

	if (size > rest->len) {
		*ok = false;
		return p;
	}
	rest->p += size;
	rest->len -= (size_t)size;
	return p;
}

static bool
place_set(struct snapshot *s, const uint8_t *row, struct section_bytes *rest)
{
	struct snapshot_set *set = &s->sets[s->set_count];
	uint32_t flags = format_get32(row + SET_FLAGS);
	bool ok = (flags & ~(uint32_t)SET_FLAG_BUCKETS) == 0 &&
		format_get64(row + SET_OFFSET) == (uint64_t)(rest->p - s->sections[SECTION_DATA].p);

	set->buckets = (flags & SET_FLAG_BUCKETS) != 0;
	set->class_count = (uint32_t)row_count(s, SECTION_CLASSES, CLASS_SIZE);
	set->hosts = format_get32(row + SET_HOSTS);
	set->ranges4 = format_get32(row + SET_RANGES4);
	set->ranges6 = format_get32(row + SET_RANGES6);
	set->bucket = take_array(rest, &ok, set->buckets ? BUCKETS + 1 : 0, 4);
	set->host = take_array(rest, &ok, set->hosts, set->buckets ? 2 : 4);
	set->host_class = take_array(rest, &ok, set->hosts, 2);
	set->low4 = take_array(rest, &ok, set->ranges4, 4);
	set->high4 = take_array(rest, &ok, set->ranges4, 4);
	set->class4 = take_array(rest, &ok, set->ranges4, 2);
	set->low6 = take_array(rest, &ok, set->ranges6, 16);
	set->high6 = take_array(rest, &ok, set->ranges6, 16);
	set->class6 = take_array(rest, &ok, set->ranges6, 2);
	return ok;
}

static enum err
check_sets(struct snapshot *s, const char *name, struct error *e)
{
	size_t count = row_count(s, SECTION_SETS, SET_SIZE);
	struct section_bytes rest = s->sections[SECTION_DATA];

	if (count > SNAPSHOT_ZONES_MAX)
		return error_set(e, ERR_CORRUPT, "%s: too many sets; " REMEDY, name);
	for (; s->set_count < count; s->set_count++)
		if (!place_set(s, s->sections[SECTION_SETS].p + s->set_count * SET_SIZE, &rest))
			return error_set(e, ERR_CORRUPT, "%s: bounds of set %zu are wrong; " REMEDY,
				name, s->set_count);
	if (rest.len != 0)
		return error_set(e, ERR_CORRUPT, "%s: data that belong to no set; " REMEDY, name);
	return OK;
}

static enum err
check_rows(struct snapshot *s, const char *name, struct error *e)
{
	size_t classes = row_count(s, SECTION_CLASSES, CLASS_SIZE);
	struct snapshot_class class;

	if (classes > SNAPSHOT_CLASSES_MAX || snapshot_zone_count(s) > SNAPSHOT_ZONES_MAX)
		return error_set(e, ERR_CORRUPT, "%s: too many classes or zones; " REMEDY, name);
	for (size_t id = 1; id <= classes; id++)
		if (!snapshot_class(s, (uint16_t)id, &class))
			return error_set(e, ERR_CORRUPT, "%s: class %zu is wrong; " REMEDY, name,
				id);
	for (size_t i = 0; i < snapshot_zone_count(s); i++)
		if (!read_zone(s, i, &s->zones[i]))
			return error_set(e, ERR_CORRUPT, "%s: zone %zu is wrong; " REMEDY, name, i);
	return OK;
}

/* --- opening --- */

enum err
snapshot_open_bytes(const void *bytes, size_t len, const char *name, struct snapshot **out,
	struct error *e)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	enum err err;

	*out = NULL;
	if (s == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", name);
	s->bytes = bytes;
	s->len = len;
	err = check_frame(s, name, e);
	if (err == OK)
		err = check_sections(s, name, e);
	if (err == OK)
		err = check_sets(s, name, e);
	if (err == OK)
		err = check_rows(s, name, e);
	if (err != OK) {
		free(s);
		return err;
	}
	*out = s;
	return OK;
}

enum err
snapshot_open_fd(int fd, const char *name, struct snapshot **out, struct error *e)
{
	struct stat st;
	enum err err;
	void *map;

	*out = NULL;
	if (fstat(fd, &st) != 0)
		return error_errno(e, "%s: cannot stat", name);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERR_CORRUPT, "%s: is not a regular file", name);
	if (st.st_size < HEADER_SIZE + TRAILER_SIZE || (uintmax_t)st.st_size > SIZE_MAX / 2)
		return error_set(e, ERR_CORRUPT,
			"%s: cannot be a snapshot, it has %jd bytes; " REMEDY, name,
			(intmax_t)st.st_size);
	/* The checksum reads all of it at once: one call for all pages is cheaper than faults. */
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (map == MAP_FAILED)
		return error_errno(e, "%s: cannot map", name);
	err = snapshot_open_bytes(map, (size_t)st.st_size, name, out, e);
	if (err != OK) {
		munmap(map, (size_t)st.st_size);
		return err;
	}
	(*out)->mapped = true;
	return OK;
}

enum err
snapshot_open(const char *path, struct snapshot **out, struct error *e)
{
	/* Not to wait for a writer when somebody puts a FIFO there. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum err err;

	*out = NULL;
	if (fd < 0)
		return error_errno(e, "%s: cannot open", path);
	err = snapshot_open_fd(fd, path, out, e);
	close(fd);
	return err;
}

void
snapshot_close(struct snapshot *s)
{
	if (s == NULL)
		return;
	if (s->mapped)
		munmap((void *)(uintptr_t)s->bytes, s->len);
	free(s);
}
