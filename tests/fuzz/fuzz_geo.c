/* fuzz_geo.c - MaxMind databases: whatever the file holds, what is said of an address is printable
 * and within its bounds, and said in little time.
 */
#undef NDEBUG /* the asserts are the test */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <orbl/addr.h>
#include <orbl/file.h>

#include "geo.h"

enum { INPUT_MAX = 1 << 16, SECONDS_MAX = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libmaxminddb 1.7 loses 4 KiB of some files that it refuses, once a file. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libmaxminddb";
}

static void
check(const struct geo *g, const struct addr *a)
{
	struct geo_info info;

	geo_look(g, a, &info);
	assert(memchr(info.org, '\0', sizeof(info.org)) != NULL);
	for (const char *p = info.org; *p != '\0'; p++)
		assert(*p >= ' ' && *p <= '~');
	assert(info.country[0] == '\0' ||
		(info.country[0] >= 'A' && info.country[0] <= 'Z' && info.country[1] >= 'A' &&
			info.country[1] <= 'Z' && info.country[2] == '\0'));
}

/* Addresses of both families, spread over their space. */
static void
check_all(const struct geo *g)
{
	for (uint32_t i = 0; i < 64; i++) {
		struct addr a = addr_from_ipv4(i * 0x04104109), six = {.family = 6};

		check(g, &a);
		for (size_t k = 0; k < 16; k++)
			six.b[k] = (uint8_t)(i * (k + 5));
		check(g, &six);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("geo", MFD_CLOEXEC);
	clock_t start = clock();
	char path[32];
	struct geo *g;

	assert(fd >= 0);
	if (size <= INPUT_MAX) {
		assert(file_write_all(fd, data, size, NULL) == OK);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		g = geo_new(path, path);
		assert(g != NULL);
		check_all(g);
		geo_refresh(g, 0);
		check_all(g);
		geo_free(g);
	}
	close(fd);
	assert(clock() - start < (clock_t)SECONDS_MAX * CLOCKS_PER_SEC);
	return 0;
}
