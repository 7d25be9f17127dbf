#include "journal.h"

#include "config.h"

#ifdef ORBL_SYSTEMD

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <systemd/sd-journal.h>

#include "utf8_length.h"

/* FIELD_MAX is more than a reader takes, so that it never takes a message that was cut here. */
enum { FIELD_MAX = 128 * 1024, ENTRY_MAX = 1024 * 1024, HEAD_MAX = 1024 };

struct journal {
	sd_journal *sd;
	char *name;
	char *cursor;   /* of the last entry given out */
	bool at_cursor; /* placed there by journal_open */
	size_t len;
	char entry[ENTRY_MAX + HEAD_MAX];
};

static enum err
fail(const struct journal *j, int negative, const char *what, struct error *e)
{
	return error_set(e, negative == -ENOMEM ? ERR_MEMORY : ERR_IO, "%s: %s: %s", j->name, what,
		strerror(-negative));
}

static int
open_path(struct journal *j, const char *path)
{
	const char *files[] = {path, NULL};
	struct stat st;

	if (path == NULL)
		return sd_journal_open(&j->sd, SD_JOURNAL_LOCAL_ONLY);
	if (stat(path, &st) != 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? sd_journal_open_directory(&j->sd, path, 0) :
				     sd_journal_open_files(&j->sd, files, 0);
}

static enum err
add_matches(struct journal *j, const struct journal_conf *conf, struct error *e)
{
	const char *match = "SYSLOG_FACILITY=2";
	int r = 0;

	if (conf->match_count == 0)
		r = sd_journal_add_match(j->sd, match, 0);
	for (size_t i = 0; r >= 0 && i < conf->match_count; i++) {
		match = conf->matches[i];
		r = strcmp(match, "+") == 0 ? sd_journal_add_disjunction(j->sd) :
					      sd_journal_add_match(j->sd, match, 0);
	}
	if (r == -EINVAL)
		return error_set(e, ERR_SYNTAX,
			"%s: not a match such as _SYSTEMD_UNIT=postfix@-.service", match);
	return r < 0 ? fail(j, r, "cannot match", e) : OK;
}

/* Behind the last entry that matches. When there is none, all that comes is found from the start;
 * from the end only the last of what has come meanwhile would be. */
static int
seek_end(sd_journal *sd)
{
	int r = sd_journal_seek_tail(sd);

	if (r >= 0)
		r = sd_journal_previous(sd);
	return r == 0 ? sd_journal_seek_head(sd) : r;
}

static enum err
seek(struct journal *j, const struct journal_conf *conf, struct error *e)
{
	int r;

	if (conf->cursor == NULL) {
		r = conf->from_end ? seek_end(j->sd) : sd_journal_seek_head(j->sd);
		return r < 0 ? fail(j, r, "cannot find its start", e) : OK;
	}
	j->at_cursor = true;
	j->cursor = strdup(conf->cursor);
	if (j->cursor == NULL)
		return fail(j, -ENOMEM, "cursor", e);
	r = sd_journal_seek_cursor(j->sd, conf->cursor);
	if (r == -EINVAL)
		return error_set(e, ERR_SYNTAX, "%s: not a journal's cursor: %s", j->name,
			conf->cursor);
	return r < 0 ? fail(j, r, "cannot find the cursor", e) : OK;
}

/* libsystemd passes over files that may not be read: the log would look empty. */
static enum err
check_files(struct journal *j, struct error *e)
{
	uint64_t bytes = 0;
	int r = sd_journal_get_usage(j->sd, &bytes);

	if (r < 0)
		return fail(j, r, "cannot read", e);
	if (bytes == 0)
		return error_set(e, ERR_NOT_FOUND,
			"%s: no journal files that you may read (members of the group "
			"systemd-journal may read all)",
			j->name);
	return OK;
}

enum err
journal_open(const struct journal_conf *conf, struct journal **out, struct error *e)
{
	struct journal *j = calloc(1, sizeof(*j));
	enum err err = OK;
	int r;

	*out = NULL;
	if (j == NULL || (j->name = strdup(conf->path != NULL ? conf->path : "journal")) == NULL) {
		free(j);
		return error_set(e, ERR_MEMORY, "journal: out of memory");
	}
	r = open_path(j, conf->path);
	if (r >= 0)
		r = sd_journal_set_data_threshold(j->sd, FIELD_MAX);
	if (r < 0)
		err = fail(j, r, "cannot open the journal", e);
	if (err == OK)
		err = check_files(j, e);
	if (err == OK)
		err = add_matches(j, conf, e);
	if (err == OK)
		err = seek(j, conf, e);
	if (err != OK) {
		journal_close(j);
		return err;
	}
	*out = j;
	return OK;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	sd_journal_close(j->sd);
	free(j->cursor);
	free(j->name);
	free(j);
}

static void
put(struct journal *j, const void *bytes, size_t len)
{
	if (len != 0)
		memcpy(j->entry + j->len, bytes, len);
	j->len += len;
}

/* As journalctl has it: UTF-8 without control characters but the tab. */
static bool
is_plain(struct text t)
{
	while (t.len != 0) {
		unsigned char first = (unsigned char)t.p[0];
		size_t n = utf8_length(t);

		if (n == 0 || (first < ' ' && first != '\t') || first == 0x7f ||
			(first == 0xc2 && (unsigned char)t.p[1] < 0xa0))
			return false;
		t = text_from(t, n);
	}
	return true;
}

/* NAME=VALUE, or for bytes that a line of UTF-8 may not hold: NAME, LF, the value's length as
 * 64 bits little endian, VALUE. */
static void
put_field(struct journal *j, const char *field, size_t len)
{
	const char *equals = memchr(field, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - field) : 0, left = len - name_len - 1;
	uint8_t size[8];

	if (equals == NULL || len + sizeof(size) + 2 > ENTRY_MAX - j->len)
		return;
	if (is_plain((struct text){equals + 1, left})) {
		put(j, field, len);
	} else {
		for (size_t i = 0; i < sizeof(size); i++)
			size[i] = (uint8_t)((uint64_t)left >> 8 * i);
		put(j, field, name_len);
		put(j, "\n", 1);
		put(j, size, sizeof(size));
		put(j, equals + 1, left);
	}
	put(j, "\n", 1);
}

/* What is no field of the entry, but its place. */
static int
put_head(struct journal *j)
{
	char boot[SD_ID128_STRING_MAX];
	uint64_t realtime, monotonic;
	sd_id128_t boot_id;
	char *cursor;
	int r, len;

	r = sd_journal_get_cursor(j->sd, &cursor);
	if (r < 0)
		return r;
	free(j->cursor);
	j->cursor = cursor;
	r = sd_journal_get_realtime_usec(j->sd, &realtime);
	if (r >= 0)
		r = sd_journal_get_monotonic_usec(j->sd, &monotonic, &boot_id);
	if (r < 0)
		return r;
	len = snprintf(j->entry, HEAD_MAX,
		"__CURSOR=%s\n__REALTIME_TIMESTAMP=%" PRIu64 "\n__MONOTONIC_TIMESTAMP=%" PRIu64
		"\n_BOOT_ID=%s\n",
		cursor, realtime, monotonic, sd_id128_to_string(boot_id, boot));
	j->len = len > 0 && len < HEAD_MAX ? (size_t)len : 0;
	return 0;
}

static int
put_entry(struct journal *j)
{
	static const char boot[] = "_BOOT_ID=";
	const void *field;
	size_t len;
	int r = put_head(j);

	if (r < 0)
		return r;
	sd_journal_restart_data(j->sd);
	while ((r = sd_journal_enumerate_available_data(j->sd, &field, &len)) > 0)
		if (len < sizeof(boot) - 1 || memcmp(field, boot, sizeof(boot) - 1) != 0)
			put_field(j, field, len);
	put(j, "\n", 1);
	return r;
}

/* Go to the next entry. 0: there is none. */
static int
advance(struct journal *j)
{
	int r = sd_journal_next(j->sd);

	if (r <= 0 || !j->at_cursor)
		return r;
	j->at_cursor = false;
	/* The cursor's own entry was given out before; another when it is gone. */
	return sd_journal_test_cursor(j->sd, j->cursor) > 0 ? sd_journal_next(j->sd) : r;
}

enum err
journal_next(struct journal *j, struct text *out, struct error *e)
{
	int r;

	*out = TEXT_NONE;
	do {
		r = advance(j);
		if (r < 0)
			return fail(j, r, "cannot read", e);
		if (r == 0)
			return OK;
		j->len = 0;
		r = put_entry(j);
	} while (r == -EBADMSG || r == -ENODATA || r == -EADDRNOTAVAIL); /* damaged: the next */
	if (r < 0)
		return fail(j, r, "cannot read an entry", e);
	*out = (struct text){j->entry, j->len};
	return OK;
}

const char *
journal_cursor(const struct journal *j)
{
	return j->cursor;
}

enum err
journal_wait(struct journal *j, int timeout_ms, bool *changed, struct error *e)
{
	int r = sd_journal_wait(j->sd, timeout_ms < 0 ? UINT64_MAX : (uint64_t)timeout_ms * 1000);

	*changed = r != SD_JOURNAL_NOP;
	return r < 0 && r != -EINTR ? fail(j, r, "cannot wait for it", e) : OK;
}

#endif
