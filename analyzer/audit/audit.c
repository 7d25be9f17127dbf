#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/log.h>
#include <orbl/store_audit.h>

#include "audit_file.h"
#include "audit_key.h"
#include "audit_restore.h"
#include "config.h"

enum { BATCH = 512, BUFFER = 1 << 17, CHUNK = 1 << 16, DAY_S = 86400 };

struct audit {
	struct store *store;
	bool has_file;
	struct audit_file file;
	char key[AUDIT_KEY_TEXT];
	size_t used;  /* of buffer: lines that are not in the file yet, */
	uint64_t seq; /* the last of which is this record */
	uint8_t hash[AUDIT_HASH];
	char buffer[BUFFER];
};

/* --- the copy --------------------------------------------------------------- */

static enum err
write_out(struct audit *a, struct error *e)
{
	enum err err = OK;

	if (a->used != 0)
		err = audit_file_append(&a->file, (struct text){a->buffer, a->used}, a->seq,
			a->hash, e);
	a->used = 0;
	return err;
}

struct copying {
	struct audit *audit;
	size_t count;
	struct error *e;
};

static enum err
on_entry(const struct audit_entry *x, void *context)
{
	struct copying *c = context;
	struct audit *a = c->audit;
	enum err err = OK;

	if (sizeof(a->buffer) - a->used < AUDIT_LINE_MAX)
		err = write_out(a, c->e);
	if (err != OK)
		return err;
	a->used += audit_entry_line(x, a->buffer + a->used);
	a->buffer[a->used++] = '\n';
	a->seq = x->record.seq;
	memcpy(a->hash, x->hash, AUDIT_HASH);
	c->count++;
	return OK;
}

static enum err
copy_missing(struct audit *a, struct error *e)
{
	struct copying c = {.audit = a, .e = e};
	bool any = false;
	enum err err;

	a->used = 0;
	do {
		c.count = 0;
		err = store_audit_entries(a->store, a->file.seq + 1, BATCH, on_entry, &c, e);
		if (err == OK)
			err = write_out(a, e);
		any = any || c.count != 0;
	} while (err == OK && c.count == BATCH);
	return err == OK && any ? audit_file_sync(&a->file, e) : err;
}

/* Somebody has moved, cut or written the file. */
static enum err
find_again(struct audit *a, int64_t now_s, struct error *e)
{
	char path[sizeof(a->file.path)];
	bool knows = false;
	enum err err;

	snprintf(path, sizeof(path), "%s", a->file.path);
	audit_file_close(&a->file);
	err = audit_file_open(&a->file, path, e);
	if (err == OK)
		err = audit_restore_knows(a->store, &a->file, &knows, e);
	if (err != OK)
		return err;
	log_warning("%s: was changed by another program; it is %s", path,
		knows ? "filled again from the store" : "put aside, and made anew");
	return knows ? OK : audit_file_put_aside(&a->file, now_s, e);
}

enum err
audit_copy(struct audit *a, int64_t now_s, struct error *e)
{
	enum err err = OK;

	if (a == NULL || !a->has_file)
		return OK;
	if (!audit_file_is_ours(&a->file))
		err = find_again(a, now_s, e);
	/* A record that is in the file must not be lost in the store. */
	if (err == OK)
		err = store_audit_sync(a->store, e);
	return err == OK ? copy_missing(a, e) : err;
}

void
audit_keep(struct audit *a, int64_t now_s)
{
	struct error e = {.code = OK};

	if (a == NULL)
		return;
	if (store_audit_submissions(a->store, now_s, &e) != OK)
		log_error("submissions are not recorded: %s", e.text);
	if (audit_copy(a, now_s, &e) != OK)
		log_error("the copy of the audit log is not up to date: %s", e.text);
}

/* --- starting --------------------------------------------------------------- */

static enum err
open_file(struct audit *a, const struct conf *conf, struct error *e)
{
	enum err err;

	a->has_file = conf->audit.file[0] != '\0';
	if (!a->has_file)
		return OK;
	err = audit_file_open(&a->file, conf->audit.file, e);
	if (err == OK && a->file.cut != 0)
		log_notice("%s: %" PRIu64 " bytes of a record that was not finished are cut off",
			conf->audit.file, a->file.cut);
	return err;
}

/* What the analyzer goes by, without telling it. */
static bool
hash_conf(const struct conf *conf, char out[2 * AUDIT_HASH + 1])
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);
	uint8_t hash[AUDIT_HASH];

	if (memory == NULL)
		return false;
	conf_print(conf, memory);
	if (fclose(memory) != 0) {
		free(text);
		return false;
	}
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)text, len, NULL, 0);
	audit_hex(hash, sizeof(hash), out);
	free(text);
	return true;
}

static enum err
record_key(struct audit *a, const struct audit_key *key, int64_t now_s, struct error *e)
{
	bool is_new = false;
	enum err err = store_audit_key(a->store, key->public, &is_new, e);

	if (err != OK || !is_new)
		return err;
	log_notice("the audit log is signed with key %s", a->key);
	return store_audit_add(a->store,
		&(struct store_audit){.time_s = now_s,
			.action = STORE_AUDIT_KEY,
			.subject = a->key,
			.detail = "the public key of those that follow"},
		e);
}

static enum err
record_start(struct audit *a, const struct conf *conf, const struct audit_key *key, int64_t now_s,
	struct error *e)
{
	char hash[2 * AUDIT_HASH + 1] = "not known", detail[256];
	enum err err = store_begin(a->store, e);

	if (err != OK)
		return err;
	(void)hash_conf(conf, hash);
	snprintf(detail, sizeof(detail), "orbl %s, configuration %s", PACKAGE_VERSION, hash);
	err = record_key(a, key, now_s, e);
	if (err == OK)
		err = store_audit_add(a->store,
			&(struct store_audit){.time_s = now_s,
				.action = "start",
				.subject = conf->zone.name,
				.detail = detail},
			e);
	if (err == OK)
		return store_commit(a->store, e);
	store_rollback(a->store);
	return err;
}

static enum err
start(struct audit *a, const struct conf *conf, const struct audit_key *key, int64_t now_s,
	struct error *e)
{
	enum err err = store_audit_open(a->store, key->secret, e);

	if (err == OK)
		err = open_file(a, conf, e);
	if (err == OK)
		err = audit_restore(conf, a->store, a->has_file ? &a->file : NULL, key->public,
			now_s, e);
	if (err == OK)
		err = record_start(a, conf, key, now_s, e);
	return err == OK ? audit_copy(a, now_s, e) : err;
}

enum err
audit_open(const struct conf *conf, struct store *store, int64_t now_s, struct audit **out,
	struct error *e)
{
	struct audit *a = calloc(1, sizeof(*a));
	struct audit_key key = {.made = false};
	enum err err;

	*out = NULL;
	if (a == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	a->store = store;
	a->file.fd = -1;
	err = audit_key_load(conf->audit.key, &key, e);
	audit_hex(key.public, sizeof(key.public), a->key);
	if (err == OK)
		err = start(a, conf, &key, now_s, e);
	sodium_memzero(&key, sizeof(key));
	if (err != OK) {
		audit_close(a);
		return err;
	}
	*out = a;
	return OK;
}

void
audit_close(struct audit *a)
{
	if (a == NULL)
		return;
	audit_file_close(&a->file);
	free(a);
}

const char *
audit_public_key(const struct audit *a)
{
	return a->key;
}

/* --- what is published ------------------------------------------------------ */

enum err
audit_daily_head(struct store *s, int64_t now_s, char out[AUDIT_HEAD_TEXT], struct error *e)
{
	struct store_audit_head head;
	char hash[2 * AUDIT_HASH + 1];
	time_t t;
	struct tm day;
	enum err err = store_audit_head_before(s, now_s - now_s % DAY_S, &head, e);

	out[0] = '\0';
	if (err != OK || head.seq == 0)
		return err;
	t = (time_t)head.time_s;
	gmtime_r(&t, &day);
	audit_hex(head.hash, sizeof(head.hash), hash);
	snprintf(out, AUDIT_HEAD_TEXT, "%04d-%02d-%02d:%" PRIu64 ":%s", day.tm_year + 1900,
		day.tm_mon + 1, day.tm_mday, head.seq, hash);
	return OK;
}

static enum err
hash_file(const char *path, char out[2 * AUDIT_HASH + 1], struct error *e)
{
	static const size_t size = CHUNK;
	crypto_generichash_state state;
	uint8_t hash[AUDIT_HASH], *chunk = malloc(size);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0 || chunk == NULL) {
		free(chunk);
		return fd < 0 ? error_errno(e, "%s: cannot open", path) :
				(close(fd), error_set(e, ERR_MEMORY, "out of memory"));
	}
	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	while ((n = read(fd, chunk, size)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			crypto_generichash_update(&state, chunk, (size_t)n);
	crypto_generichash_final(&state, hash, sizeof(hash));
	audit_hex(hash, sizeof(hash), out);
	free(chunk);
	close(fd);
	return n == 0 ? OK : error_errno(e, "%s: cannot read", path);
}

static enum err
record_publication(struct store *s, const char *path, uint32_t serial, const char *hash,
	int64_t now_s, struct error *e)
{
	struct store_audit_head head;
	char subject[32], detail[AUDIT_DETAIL], head_hash[2 * AUDIT_HASH + 1], copy[4096];
	enum err err = store_audit_head(s, &head, e);

	if (err != OK)
		return err;
	snprintf(copy, sizeof(copy), "%s", path);
	audit_hex(head.hash, sizeof(head.hash), head_hash);
	snprintf(subject, sizeof(subject), "serial %" PRIu32, serial);
	snprintf(detail, sizeof(detail), "%.255s %s, from record %" PRIu64 " %s", basename(copy),
		hash, head.seq, head_hash);
	return store_audit_add(s,
		&(struct store_audit){.time_s = now_s,
			.action = "publish",
			.subject = subject,
			.detail = detail},
		e);
}

enum err
audit_publication(struct store *s, const char *path, uint32_t serial, int64_t now_s,
	struct error *e)
{
	char hash[2 * AUDIT_HASH + 1];
	enum err err = hash_file(path, hash, e);

	if (err == OK)
		err = store_begin(s, e);
	if (err != OK)
		return err;
	err = record_publication(s, path, serial, hash, now_s, e);
	if (err == OK)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}
