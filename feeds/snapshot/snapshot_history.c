#include <orbl/snapshot_history.h>

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/snapshot.h>

void
snapshot_history_path(const char *file, size_t n, char out[SNAPSHOT_HISTORY_PATH])
{
	if (n == 0)
		snprintf(out, SNAPSHOT_HISTORY_PATH, "%s.delta", file);
	else
		snprintf(out, SNAPSHOT_HISTORY_PATH, "%s.delta.%zu", file, n);
}

static bool
look(const char *file, size_t n, struct stat *out)
{
	char path[SNAPSHOT_HISTORY_PATH];

	snapshot_history_path(file, n, path);
	return lstat(path, out) == 0;
}

static bool
drop(const char *file, size_t n)
{
	char path[SNAPSHOT_HISTORY_PATH];

	snapshot_history_path(file, n, path);
	return unlink(path) == 0;
}

/* Numbers from `end` on are given up, and the oldest beyond the bytes. The first one that is free
 * then; 0: none below `end` is. */
static size_t
prune(const char *file, size_t end, off_t bytes)
{
	size_t first_free = 0;
	struct stat st;

	for (size_t n = 1; n <= SNAPSHOT_HISTORY_MAX; n++) {
		bool is_there = look(file, n, &st);

		bytes += is_there ? st.st_size : 0;
		if (is_there && (n >= end || bytes > SNAPSHOT_HISTORY_BYTES))
			is_there = !drop(file, n);
		if (!is_there && n <= end && first_free == 0)
			first_free = n;
	}
	return first_free;
}

void
snapshot_history_keep(const char *file, size_t versions)
{
	size_t end = versions < SNAPSHOT_HISTORY_MAX ? versions : SNAPSHOT_HISTORY_MAX;
	char from[SNAPSHOT_HISTORY_PATH], to[SNAPSHOT_HISTORY_PATH];
	struct stat newest, kept;
	bool is_there = look(file, 0, &newest);
	size_t n = prune(file, end, is_there ? newest.st_size : 0);

	/* Who was killed before FILE.delta was replaced has kept it already. */
	if (n == 0 || !is_there ||
		(look(file, 1, &kept) && kept.st_ino == newest.st_ino &&
			kept.st_dev == newest.st_dev))
		return;
	/* From the oldest on: a kill leaves a gap, which the next one fills. */
	for (; n > 1; n--) {
		snapshot_history_path(file, n - 1, from);
		snapshot_history_path(file, n, to);
		if (rename(from, to) != 0)
			return;
	}
	snapshot_history_path(file, 0, from);
	snapshot_history_path(file, 1, to);
	(void)!link(from, to);
}

void
snapshot_history_turn(const char *file, uint64_t base)
{
	char path[SNAPSHOT_HISTORY_PATH];
	struct snapshot *s;
	struct stat st;

	for (size_t n = 1; n <= SNAPSHOT_HISTORY_MAX; n++) {
		bool stays = false;

		if (!look(file, n, &st))
			continue;
		snapshot_history_path(file, n, path);
		if (S_ISREG(st.st_mode) && snapshot_open(path, &s, NULL) == OK) {
			stays = base != 0 && snapshot_base_checksum(s) == base;
			snapshot_close(s);
		}
		if (!stays)
			drop(file, n);
	}
}
