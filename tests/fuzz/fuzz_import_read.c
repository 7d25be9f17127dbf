/* fuzz_import_read.c - any snapshot, its frame made right, as the version that a transfer made:
 * what is read of it can be written, and is read again as it was. */
#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "snapshot_repair.h"
#include "zone_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS_MAX = 2000, NOW = 1800000000 };

static const uint8_t origin[] = "\002bl\004test";

static struct zone_import *
new_import(void)
{
	static const struct zone_import_limits limits = {RECORDS_MAX, 1 << 18};
	struct zone_import *z = zone_import_new(origin, &limits);

	assert(z != NULL);
	return z;
}

/* Returns false when it cannot be written, with a reason. */
static bool
write_import(struct zone_import *z, struct snapshot **out)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct error e = {.text = ""};
	bool ok = zone_import_write(z, fd, NOW, NOW + 100, &e) == OK;

	if (ok)
		assert(snapshot_open_fd(fd, "fuzz", out, &e) == OK);
	else
		assert(e.text[0] != '\0');
	close(fd);
	return ok;
}

/* A second time nothing changes: what was left out or joined was so the first time. */
static void
check_again(struct zone_import *z)
{
	struct zone_import *again = new_import(), *last = new_import();
	struct snapshot *s = NULL, *t = NULL;
	struct error e = {.text = ""};

	if (write_import(z, &s)) {
		assert(snapshot_serial(s) == zone_import_soa(z)->serial);
		if (zone_import_read(again, s, &e) == OK && write_import(again, &t)) {
			assert(zone_import_read(last, t, &e) == OK);
			assert(zone_import_count(last) == zone_import_count(again));
			assert(zone_import_soa(last)->serial == zone_import_soa(z)->serial);
		}
	}
	snapshot_close(s);
	snapshot_close(t);
	zone_import_free(again);
	zone_import_free(last);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone_import *z = new_import();
	struct snapshot *s = NULL;
	uint8_t *bytes = malloc(size + 1);
	struct error e = {.text = ""};

	assert(bytes != NULL);
	memcpy(bytes, data, size);
	if (snapshot_open_bytes(bytes, snapshot_repair(bytes, size), "fuzz", &s, &e) == OK) {
		if (zone_import_read(z, s, &e) == OK) {
			assert(zone_import_soa(z) != NULL);
			assert(zone_import_count(z) <= RECORDS_MAX);
			check_again(z);
		} else {
			assert(e.text[0] != '\0');
		}
	}
	snapshot_close(s);
	zone_import_free(z);
	free(bytes);
	return 0;
}
