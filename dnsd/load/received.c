#include "received.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <orbl/file.h>

enum {
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
	FILE_MODE = 0644,
	COPY_SIZE = 1 << 16,
};

static enum err
check_zone(const struct snapshot *s, struct error *e)
{
	struct snapshot_zone zone;

	if (snapshot_zone_count(s) == 1) {
		snapshot_zone(s, 0, &zone);
		if (zone.name.len == 0 && zone.acl == NULL && zone.apex.has_soa)
			return OK;
	}
	return error_set(e, ERR_REFUSED, "the transfer process handed over another kind of list");
}

static enum err
check_snapshot(const struct snapshot *s, const struct snapshot *current, struct error *e)
{
	uint32_t ahead;

	if (snapshot_base_checksum(s) != 0) {
		if (current != NULL)
			return snapshot_check_delta(current, s, e);
		return error_set(e, ERR_REFUSED,
			"the transfer process handed over a delta, but there is no list");
	}
	ahead = current != NULL ? snapshot_serial(s) - snapshot_serial(current) : 1;
	if (ahead != 0 && ahead < UINT32_C(1) << 31)
		return OK;
	return error_set(e, ERR_REFUSED,
		"the transfer process handed over serial %u, which is not newer than %u",
		(unsigned)snapshot_serial(s), (unsigned)snapshot_serial(current));
}

static enum err
copy(int from, int to, struct error *e)
{
	char bytes[COPY_SIZE];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, bytes, sizeof(bytes), at)) != 0) {
		enum err err;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, "cannot read what came by transfer");
		err = file_write_all(to, bytes, (size_t)n, e);
		if (err != OK)
			return err;
		at += n;
	}
	return OK;
}

static enum err
store(const char *path, bool is_delta, int fd, struct error *e)
{
	struct file_replacement r;
	struct error why = {.code = OK};
	enum err err = file_replace_begin(&r, path, FILE_MODE, e);

	if (err != OK) {
		file_explain_directory(path, "dnsd.user", e);
		return err;
	}
	r.drops_previous = is_delta;
	err = copy(fd, r.fd, &why);
	if (err == OK)
		return file_replace_commit(&r, e);
	file_replace_abort(&r);
	return error_set(e, err, "%s: %s", path, why.text);
}

enum err
received_store(const struct feed_source *source, const struct snapshot *current, int fd,
	struct error *e)
{
	char path[FEED_PATHS_MAX + 8];
	struct snapshot *s;
	bool is_delta;
	enum err err;
	int seals;

	if (source->kind != FEED_TRANSFER)
		return error_set(e, ERR_REFUSED, "%.300s: does not come by transfer",
			source->paths);
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS)
		return error_set(e, ERR_REFUSED,
			"the transfer process handed over a list that is not sealed");
	err = snapshot_open_fd(fd, "list of a transfer", &s, e);
	if (err != OK)
		return err;
	is_delta = snapshot_base_checksum(s) != 0;
	err = check_zone(s, e);
	if (err == OK)
		err = check_snapshot(s, current, e);
	snapshot_close(s);
	if (err != OK)
		return err;
	snprintf(path, sizeof(path), "%s%s", source->paths, is_delta ? ".delta" : "");
	return store(path, is_delta, fd, e);
}
