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

#include "snapshot_image.h"

static size_t
row_count(const struct snapshot *s, enum section section, size_t row_size)
{
	return s->sections[section].len / row_size;
}

/* Are there so many rows from first on? */
static bool
has_run(const struct snapshot *s, enum section section, size_t row_size, size_t first, size_t count)
{
	size_t rows = row_count(s, section, row_size);

	return first <= rows && count <= rows - first;
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

uint64_t
snapshot_checksum(const struct snapshot *s)
{
	return format_get64(s->bytes + s->len - TRAILER_SIZE);
}

uint64_t
snapshot_base_checksum(const struct snapshot *delta)
{
	return format_get64(delta->bytes + HEADER_BASE_CHECKSUM);
}

size_t
snapshot_entries(const struct snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->set_count; i++)
		n += snapshot_set_entries(&s->sets[i]);
	return n;
}

static struct text
ref_text(const struct snapshot *s, size_t ref)
{
	return snapshot_image_text(s, snapshot_image_row(s, SECTION_REFS, ref, REF_SIZE));
}

struct text
snapshot_notice(const struct snapshot *s)
{
	uint32_t ref = format_get32(s->bytes + HEADER_NOTICE);

	return ref != 0 ? ref_text(s, ref - 1) : TEXT_NONE;
}

/* --- zones --- */

static void
read_apex(const struct snapshot *s, const uint8_t *row, struct snapshot_apex *out)
{
	size_t ns_first = format_get32(row + ZONE_NS_FIRST);

	out->has_soa = (format_get32(row + ZONE_FLAGS) & ZONE_FLAG_SOA) != 0;
	out->mname = ref_text(s, format_get32(row + ZONE_MNAME));
	out->rname = ref_text(s, format_get32(row + ZONE_RNAME));
	out->soa_ttl_s = format_get32(row + ZONE_SOA_TTL);
	out->serial = format_get32(row + ZONE_SERIAL);
	out->refresh_s = format_get32(row + ZONE_REFRESH);
	out->retry_s = format_get32(row + ZONE_RETRY);
	out->expire_s = format_get32(row + ZONE_EXPIRE);
	out->minimum_s = format_get32(row + ZONE_MINIMUM);
	out->ns_ttl_s = format_get32(row + ZONE_NS_TTL);
	out->ttl_s = format_get32(row + ZONE_TTL);
	out->ns_count = format_get32(row + ZONE_NS_COUNT);
	for (size_t i = 0; i < out->ns_count; i++)
		out->ns[i] = ref_text(s, ns_first + i);
}

size_t
snapshot_zone_count(const struct snapshot *s)
{
	return row_count(s, SECTION_ZONES, ZONE_SIZE);
}

void
snapshot_zone(const struct snapshot *s, size_t i, struct snapshot_zone *out)
{
	const uint8_t *row = snapshot_image_row(s, SECTION_ZONES, i, ZONE_SIZE);
	const uint8_t *layers = snapshot_image_row(s, SECTION_LAYERS,
		format_get32(row + ZONE_SET_FIRST), 4);
	uint32_t acl = format_get32(row + ZONE_ACL);

	out->name = ref_text(s, format_get32(row + ZONE_NAME));
	out->is_within = (format_get32(row + ZONE_FLAGS) & ZONE_FLAG_WITHIN) != 0;
	out->expires_s = (int64_t)format_get64(row + ZONE_EXPIRES);
	out->policy = ref_text(s, format_get32(row + ZONE_POLICY));
	read_apex(s, row, &out->apex);
	out->acl = acl != 0 ? &s->sets[acl - 1] : NULL;
	out->set_count = format_get32(row + ZONE_SET_COUNT);
	for (size_t k = 0; k < out->set_count; k++)
		out->sets[k] = &s->sets[format_get32(layers + 4 * k)];
}

/* --- verification, in the order that gives the most telling message --- */

static enum err
check_frame(const struct snapshot *s, const char *name, struct error *e)
{
	const uint8_t *trailer;
	uint64_t length;

	if (s->len < SNAPSHOT_MAGIC_SIZE ||
		memcmp(s->bytes, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE) != 0)
		return error_set(e, ERR_CORRUPT, "%s: is not a snapshot; " SNAPSHOT_REMEDY, name);
	if (s->len < HEADER_SIZE + TRAILER_SIZE)
		return error_set(e, ERR_CORRUPT, "%s: is cut short at %zu bytes; " SNAPSHOT_REMEDY,
			name, s->len);
	if (format_get32(s->bytes + HEADER_VERSION) != SNAPSHOT_VERSION)
		return error_set(e, ERR_UNSUPPORTED,
			"%s: has format version %" PRIu32
			", this program reads %d; compile it again with the same release",
			name, format_get32(s->bytes + HEADER_VERSION), SNAPSHOT_VERSION);
	length = format_get64(s->bytes + HEADER_LENGTH);
	trailer = s->bytes + s->len - TRAILER_SIZE;
	if (length != s->len || s->len % 8 != 0)
		return error_set(e, ERR_CORRUPT,
			"%s: has %zu bytes and should have %" PRIu64 "; " SNAPSHOT_REMEDY, name,
			s->len, length);
	if (memcmp(trailer + 8, SNAPSHOT_END_MAGIC, SNAPSHOT_MAGIC_SIZE) != 0)
		return error_set(e, ERR_CORRUPT, "%s: its end is missing; " SNAPSHOT_REMEDY, name);
	if (XXH3_64bits(s->bytes, s->len - TRAILER_SIZE) != format_get64(trailer))
		return error_set(e, ERR_CORRUPT, "%s: checksum is wrong; " SNAPSHOT_REMEDY, name);
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
		[SECTION_REFS] = {"refs", REF_SIZE},
		[SECTION_CODES] = {"codes", 4},
		[SECTION_RECORDS] = {"records", RECORD_SIZE},
		[SECTION_CLASSES] = {"classes", CLASS_SIZE},
		[SECTION_ZONES] = {"zones", ZONE_SIZE},
		[SECTION_LAYERS] = {"layers", 4},
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
				"%s: bounds of section %s are wrong; " SNAPSHOT_REMEDY, name,
				kinds[i].name);
		s->sections[i] = (struct section_bytes){s->bytes + at, (size_t)len};
		at = (size_t)format_pad(at + len);
	}
	if (at != end)
		return error_set(e, ERR_CORRUPT,
			"%s: bytes that belong to no section; " SNAPSHOT_REMEDY, name);
	return OK;
}

static bool
text_is_sound(const struct snapshot *s, const uint8_t *ref, size_t max)
{
	size_t offset = format_get32(ref + REF_OFFSET), len = format_get32(ref + REF_LEN);

	return len <= max && offset <= s->sections[SECTION_TEXTS].len &&
		len <= s->sections[SECTION_TEXTS].len - offset;
}

static bool
name_is_sound(const struct snapshot *s, size_t ref)
{
	return has_run(s, SECTION_REFS, REF_SIZE, ref, 1) &&
		format_get32(snapshot_image_row(s, SECTION_REFS, ref, REF_SIZE) + REF_LEN) <=
		NAME_MAX_BYTES;
}

/* Texts, A and other records. */
static enum err
check_records(const struct snapshot *s, const char *name, struct error *e)
{
	for (size_t i = 0; i < row_count(s, SECTION_REFS, REF_SIZE); i++)
		if (!text_is_sound(s, snapshot_image_row(s, SECTION_REFS, i, REF_SIZE),
			    SNAPSHOT_TXT_MAX))
			return error_set(e, ERR_CORRUPT, "%s: text %zu is wrong; " SNAPSHOT_REMEDY,
				name, i);
	for (size_t i = 0; i < row_count(s, SECTION_CODES, 4); i++)
		if (format_get32(snapshot_image_row(s, SECTION_CODES, i, 4)) >> 24 != 127)
			return error_set(e, ERR_CORRUPT, "%s: code %zu is wrong; " SNAPSHOT_REMEDY,
				name, i);
	for (size_t i = 0; i < row_count(s, SECTION_RECORDS, RECORD_SIZE); i++) {
		const uint8_t *row = snapshot_image_row(s, SECTION_RECORDS, i, RECORD_SIZE);

		if (format_get32(row + RECORD_TYPE) > UINT16_MAX ||
			!text_is_sound(s, row + RECORD_RDATA, SNAPSHOT_RDATA_MAX))
			return error_set(e, ERR_CORRUPT,
				"%s: record %zu is wrong; " SNAPSHOT_REMEDY, name, i);
	}
	return OK;
}

static bool
class_is_sound(const struct snapshot *s, const uint8_t *row)
{
	uint8_t a_count = row[CLASS_A_COUNT], txt_count = row[CLASS_TXT_COUNT];
	uint8_t record_count = row[CLASS_RECORD_COUNT], action = row[CLASS_ACTION];

	return a_count <= SNAPSHOT_RECORDS_MAX && txt_count <= SNAPSHOT_RECORDS_MAX &&
		record_count <= SNAPSHOT_RECORDS_MAX && action <= SNAPSHOT_PASS &&
		(action != SNAPSHOT_REMOVED || snapshot_base_checksum(s) != 0) &&
		has_run(s, SECTION_CODES, 4, format_get32(row + CLASS_A_FIRST), a_count) &&
		has_run(s, SECTION_REFS, REF_SIZE, format_get32(row + CLASS_TXT_FIRST),
			txt_count) &&
		has_run(s, SECTION_RECORDS, RECORD_SIZE, format_get32(row + CLASS_RECORD_FIRST),
			record_count);
}

static enum err
check_classes(const struct snapshot *s, const char *name, struct error *e)
{
	size_t count = snapshot_image_classes(s);

	if (count > SNAPSHOT_CLASSES_MAX)
		return error_set(e, ERR_CORRUPT, "%s: too many classes; " SNAPSHOT_REMEDY, name);
	for (size_t i = 0; i < count; i++)
		if (!class_is_sound(s, snapshot_image_row(s, SECTION_CLASSES, i, CLASS_SIZE)))
			return error_set(e, ERR_CORRUPT, "%s: class %zu is wrong; " SNAPSHOT_REMEDY,
				name, i + 1);
	return OK;
}

static bool
zone_is_sound(const struct snapshot *s, const uint8_t *row)
{
	size_t set_first = format_get32(row + ZONE_SET_FIRST);
	size_t set_count = format_get32(row + ZONE_SET_COUNT);
	size_t ns_first = format_get32(row + ZONE_NS_FIRST);
	size_t ns_count = format_get32(row + ZONE_NS_COUNT);

	if (set_count > SNAPSHOT_ZONE_SETS_MAX || ns_count > SNAPSHOT_NS_MAX ||
		!has_run(s, SECTION_LAYERS, 4, set_first, set_count) ||
		format_get32(row + ZONE_ACL) > s->set_count ||
		(format_get32(row + ZONE_FLAGS) & ~(uint32_t)(ZONE_FLAG_WITHIN | ZONE_FLAG_SOA)) !=
			0)
		return false;
	for (size_t i = 0; i < set_count; i++)
		if (format_get32(snapshot_image_row(s, SECTION_LAYERS, set_first + i, 4)) >=
			s->set_count)
			return false;
	for (size_t i = 0; i < ns_count; i++)
		if (!name_is_sound(s, ns_first + i))
			return false;
	return name_is_sound(s, format_get32(row + ZONE_NAME)) &&
		has_run(s, SECTION_REFS, REF_SIZE, format_get32(row + ZONE_POLICY), 1) &&
		name_is_sound(s, format_get32(row + ZONE_MNAME)) &&
		name_is_sound(s, format_get32(row + ZONE_RNAME));
}

static enum err
check_notice(const struct snapshot *s, const char *name, struct error *e)
{
	uint32_t ref = format_get32(s->bytes + HEADER_NOTICE);

	if (ref == 0 ||
		(has_run(s, SECTION_REFS, REF_SIZE, ref - 1, 1) &&
			snapshot_notice(s).len <= SNAPSHOT_NOTICE_MAX))
		return OK;
	return error_set(e, ERR_CORRUPT, "%s: notice is wrong; " SNAPSHOT_REMEDY, name);
}

static enum err
check_zones(const struct snapshot *s, const char *name, struct error *e)
{
	if (snapshot_zone_count(s) > SNAPSHOT_ZONES_MAX)
		return error_set(e, ERR_CORRUPT, "%s: too many zones; " SNAPSHOT_REMEDY, name);
	for (size_t i = 0; i < snapshot_zone_count(s); i++)
		if (!zone_is_sound(s, snapshot_image_row(s, SECTION_ZONES, i, ZONE_SIZE)))
			return error_set(e, ERR_CORRUPT, "%s: zone %zu is wrong; " SNAPSHOT_REMEDY,
				name, i);
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
		err = check_records(s, name, e);
	if (err == OK)
		err = check_notice(s, name, e);
	if (err == OK)
		err = check_classes(s, name, e);
	if (err == OK)
		err = snapshot_image_place_sets(s, name, e);
	if (err == OK)
		err = check_zones(s, name, e);
	if (err != OK) {
		snapshot_close(s);
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
			"%s: cannot be a snapshot, it has %jd bytes; " SNAPSHOT_REMEDY, name,
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
	(*out)->is_mapped = true;
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
	if (s->is_mapped)
		munmap((void *)(uintptr_t)s->bytes, s->len);
	free(s->sets);
	free(s);
}

/* --- delta --- */

static bool
zones_match(const struct snapshot *base, const struct snapshot *delta, size_t i)
{
	struct snapshot_zone a, b;

	snapshot_zone(base, i, &a);
	snapshot_zone(delta, i, &b);
	if (!text_equal(a.name, b.name) || a.is_within != b.is_within ||
		a.set_count != b.set_count || (a.acl == NULL) != (b.acl == NULL) ||
		(a.acl != NULL && snapshot_set_index(a.acl) != snapshot_set_index(b.acl)))
		return false;
	for (size_t k = 0; k < a.set_count; k++)
		if (snapshot_set_index(a.sets[k]) != snapshot_set_index(b.sets[k]))
			return false;
	return true;
}

enum err
snapshot_check_delta(const struct snapshot *base, const struct snapshot *delta, struct error *e)
{
	size_t zones = snapshot_zone_count(base);

	if (snapshot_base_checksum(delta) == 0 || snapshot_base_checksum(base) != 0)
		return error_set(e, ERR_REFUSED, "a delta stands over a whole snapshot only");
	if (snapshot_base_checksum(delta) != snapshot_checksum(base))
		return error_set(e, ERR_REFUSED,
			"the delta is one of another snapshot: of serial %" PRIu32
			", this one has serial %" PRIu32,
			format_get32(delta->bytes + HEADER_BASE_SERIAL), snapshot_serial(base));
	if (snapshot_zone_count(delta) != zones || delta->set_count != base->set_count)
		return error_set(e, ERR_REFUSED, "the delta has other zones or sets");
	for (size_t i = 0; i < zones; i++)
		if (!zones_match(base, delta, i))
			return error_set(e, ERR_REFUSED, "zone %zu of the delta is another one", i);
	for (size_t i = 0; i < base->set_count; i++)
		if (delta->sets[i].has_names ||
			(base->sets[i].has_names && snapshot_set_entries(&delta->sets[i]) != 0))
			return error_set(e, ERR_REFUSED, "set %zu of the delta changes names", i);
	return OK;
}
