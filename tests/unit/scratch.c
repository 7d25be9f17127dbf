#include "scratch.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[4096];

void
scratch_enter(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(directory, sizeof(directory), "%s/orbl-check-XXXXXX",
		parent != NULL && parent[0] != '\0' ? parent : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
scratch_leave(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void
scratch_write(const char *name, const void *bytes, size_t len)
{
	FILE *f = fopen(name, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

int
scratch_holds(const char *name, const char *text)
{
	char bytes[4096];
	FILE *f = fopen(name, "rb");
	size_t n;

	if (f == NULL)
		return 0;
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return n == strlen(text) && memcmp(bytes, text, n) == 0;
}
