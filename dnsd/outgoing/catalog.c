#include "catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/snapshot_builder.h>

#include "peers_name.h"

enum {
	TYPE_PTR = 12,
	HASH_SIZE = 16, /* bytes of a member's label, before hexadecimal makes it twice as long */
	TTL_S = 300,    /* without a meaning, RFC 9432 section 4.1 */
	REFRESH_S = 3600,
	RETRY_S = 600,
	EXPIRE_S = 2419200,
	NAME_ROOM = 2 * HASH_SIZE + 16,
};

/* --- members ------------------------------------------------------------------------- */

static bool
is_member(const struct zone *z, const uint8_t *origin, size_t len)
{
	return !z->is_within && (z->origin_len != len || memcmp(z->origin, origin, len) != 0);
}

/* Of one name; the order of zones in the set must not matter, so the sum is that of all. */
static uint64_t
hash_member(const struct zone *z)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	uint64_t n;

	crypto_generichash(hash, sizeof(hash), z->origin, z->origin_len, NULL, 0);
	memcpy(&n, hash, sizeof(n));
	return n;
}

/* 0: some zone is not ready. */
static uint64_t
hash_members(const struct zone_set *zones, const uint8_t *origin, size_t len,
	char missing[WIRE_NAME_TEXT])
{
	uint64_t sum = 1;

	for (size_t i = 0; i < zone_set_count(zones); i++) {
		const struct zone *z = zone_set_get(zones, i);

		if (!is_member(z, origin, len))
			continue;
		if (!z->is_ready) {
			wire_name_format(z->origin, missing);
			return 0;
		}
		sum += hash_member(z);
	}
	return sum != 0 ? sum : 1;
}

/* --- the snapshot ---------------------------------------------------------------------- */

static enum err
add_record(struct snapshot_builder *b, size_t set, const uint8_t *name, uint16_t type,
	struct text rdata, struct error *e)
{
	struct snapshot_class class = {.action = SNAPSHOT_LISTED,
		.record_count = 1,
		.records = {{.type = type, .rdata = rdata}}};
	uint32_t id;
	enum err err = snapshot_builder_class(b, &class, &id, e);

	return err == OK ? snapshot_builder_add_name(b, set, name, false, id, e) : err;
}

static enum err
add_member(struct snapshot_builder *b, size_t set, const struct zone *z, struct error *e)
{
	static const uint8_t zones[] = "\005zones";
	uint8_t hash[HASH_SIZE], name[NAME_ROOM] = {2 * HASH_SIZE};
	char label[2 * HASH_SIZE + 1];

	crypto_generichash(hash, sizeof(hash), z->origin, z->origin_len, NULL, 0);
	sodium_bin2hex(label, sizeof(label), hash, sizeof(hash));
	memcpy(name + 1, label, 2 * HASH_SIZE);
	memcpy(name + 1 + 2 * HASH_SIZE, zones, sizeof(zones)); /* with the root's 0 */
	return add_record(b, set, name, TYPE_PTR,
		(struct text){(const char *)z->origin, z->origin_len}, e);
}

static enum err
add_members(struct snapshot_builder *b, size_t set, const struct zone_set *zones,
	const uint8_t *origin, size_t len, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < zone_set_count(zones); i++)
		if (is_member(zone_set_get(zones, i), origin, len))
			err = add_member(b, set, zone_set_get(zones, i), e);
	return err;
}

/* RFC 9432 section 4.1: its NS is "invalid.". */
static enum err
add_zone(struct snapshot_builder *b, size_t set, struct error *e)
{
	struct snapshot_zone_draft zone = {
		.apex =
			{
				.has_soa = true,
				.mname = TEXT("invalid"),
				.rname = TEXT("invalid"),
				.soa_ttl_s = TTL_S,
				.refresh_s = REFRESH_S,
				.retry_s = RETRY_S,
				.expire_s = EXPIRE_S,
				.minimum_s = TTL_S,
				.ns_count = 1,
				.ns_ttl_s = TTL_S,
				.ttl_s = TTL_S,
				.ns = {TEXT("invalid")},
			},
		.set_count = 1,
		.sets = {set},
	};

	return snapshot_builder_zone(b, &zone, e);
}

static enum err
fill(struct snapshot_builder *b, const struct zone_set *zones, const uint8_t *origin, size_t len,
	struct error *e)
{
	static const uint8_t version[] = "\007version";
	size_t set;
	enum err err = snapshot_builder_set(b, &set, e);

	/* RFC 9432 section 4.2.1 */
	if (err == OK)
		err = add_record(b, set, version, TYPE_TXT, TEXT("\0012"), e);
	if (err == OK)
		err = add_members(b, set, zones, origin, len, e);
	return err == OK ? add_zone(b, set, e) : err;
}

static enum err
write_file(struct snapshot_builder *b, uint32_t serial, int64_t now_s, int *out, struct error *e)
{
	int fd = memfd_create("orbl-catalog", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	enum err err;

	if (fd < 0)
		return error_errno(e, "cannot make a memory file for the catalog zone");
	err = snapshot_builder_write(b, fd, serial, now_s, e);
	if (err == OK &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) !=
			0)
		err = error_errno(e, "cannot seal the catalog zone's memory file");
	if (err == OK)
		*out = fd;
	else
		close(fd);
	return err;
}

enum err
catalog_make(struct catalog *c, const struct zone_set *zones, const char *origin, int64_t now_s,
	int *fd, char missing[WIRE_NAME_TEXT], struct error *e)
{
	uint8_t wire[WIRE_NAME_MAX];
	uint32_t serial = (uint32_t)now_s;
	struct snapshot_builder *b;
	uint64_t members;
	size_t len;
	enum err err;

	*fd = -1;
	missing[0] = '\0';
	if (wire_name_parse(text_of(origin), wire, &len) != OK)
		return error_set(e, ERR_SYNTAX, "transfer.catalog is not a domain name");
	wire_name_lower(wire, len);
	members = hash_members(zones, wire, len, missing);
	if (members == 0 || members == c->members)
		return OK;
	b = snapshot_builder_new();
	if (b == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the catalog zone");
	if (c->members != 0 && (int32_t)(serial - c->serial) <= 0)
		serial = c->serial + 1;
	err = fill(b, zones, wire, len, e);
	if (err == OK)
		err = write_file(b, serial, now_s, fd, e);
	if (err == OK)
		*c = (struct catalog){members, serial};
	snapshot_builder_free(b);
	return err;
}
