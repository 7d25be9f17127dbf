#include "audit_restore.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/snapshot.h>
#include <orbl/store_audit.h>
#include <orbl/store_publish.h>

#include "audit.h"
#include "audit_replay.h"

enum { DETAIL = 512 };

/* --- what only the file has ------------------------------------------------- */

enum { KEYS_MAX = 16 };

struct restore {
	struct store *store;
	size_t key_count; /* ours: the one we sign with, and those before that the store knows of */
	uint8_t keys[KEYS_MAX][AUDIT_PUBLIC];
	struct store_audit_head head; /* of the store, as it goes on */
	uint64_t shared;              /* up to this record both are the same */
	uint64_t last;                /* of the file */
	bool forked;                  /* the file goes a way that the store has not gone */
	uint64_t imported, not_ours;
	bool has_gap; /* the file lacks records between those that it has */
	uint64_t lines, seq;
	uint8_t hash[AUDIT_HASH]; /* of the last line that is one of ours */
	bool has_serial;
	uint32_t serial; /* the last that was published, as the file has it */
	struct audit_replayed replayed;
	struct error *e;
};

static enum err
on_own(const struct audit_entry *x, void *context)
{
	memcpy(context, x->hash, AUDIT_HASH);
	return OK;
}

/* Has the store the same record? */
static enum err
compare(struct restore *r, const struct audit_entry *x, bool *same)
{
	uint8_t own[AUDIT_HASH] = {0};
	enum err err = store_audit_entries(r->store, x->record.seq, 1, on_own, own, r->e);

	*same = err == OK && memcmp(own, x->hash, AUDIT_HASH) == 0;
	return err;
}

static bool
follows(const struct restore *r, const struct audit_entry *x)
{
	return !r->forked && x->record.seq == r->head.seq + 1 &&
		memcmp(x->previous, r->head.hash, AUDIT_HASH) == 0;
}

static enum err
import(struct restore *r, const struct audit_entry *x)
{
	enum err err = store_audit_import(r->store, x, r->e);

	if (err != OK)
		return err;
	r->head.seq = x->record.seq;
	memcpy(r->head.hash, x->hash, AUDIT_HASH);
	r->imported++;
	return OK;
}

static bool
is_ours(const struct restore *r, const struct audit_entry *x)
{
	for (size_t i = 0; i < r->key_count; i++)
		if (audit_entry_is_signed_by(x, r->keys[i]))
			return audit_entry_is_whole(x);
	return false;
}

/* A record that the store does not have: only one that we have signed ends a listing. */
static enum err
take_unknown(struct restore *r, const struct audit_entry *x)
{
	enum err err = OK;

	if (!is_ours(r, x)) {
		r->not_ours++;
		r->forked = true;
		return OK;
	}
	if (follows(r, x))
		err = import(r, x);
	else
		r->forked = true;
	return err == OK ? audit_replay(r->store, &x->record, &r->replayed, r->e) : err;
}

/* How far does the file tell what was done, without a hole? */
static void
follow(struct restore *r, const struct audit_entry *x, bool same)
{
	struct text subject = text_of(x->record.subject);
	uint64_t serial;

	if (r->lines++ != 0)
		r->has_gap = r->has_gap || x->record.seq != r->seq + 1 ||
			memcmp(x->previous, r->hash, AUDIT_HASH) != 0;
	else
		r->has_gap = x->record.seq != 1 && !same && !follows(r, x);
	r->seq = x->record.seq;
	memcpy(r->hash, x->hash, AUDIT_HASH);
	if (strcmp(x->record.action, "publish") != 0 || !text_has_prefix(subject, TEXT("serial ")))
		return;
	if (text_to_u64(text_from(subject, strlen("serial ")), UINT32_MAX, &serial) != OK)
		return;
	r->has_serial = true;
	r->serial = (uint32_t)serial;
}

static enum err
on_line(struct text line, void *context)
{
	struct restore *r = context;
	struct audit_entry x;
	bool same = false;
	size_t offset;
	enum err err = OK;

	if (audit_entry_read(line, &x, &offset) != OK) {
		r->not_ours++;
		r->forked = true;
		return OK;
	}
	r->last = x.record.seq;
	if (x.record.seq <= r->head.seq)
		err = compare(r, &x, &same);
	if (err == OK)
		follow(r, &x, same);
	if (err != OK || !same)
		return err == OK ? take_unknown(r, &x) : err;
	r->shared = x.record.seq;
	return OK;
}

/* --- telling ---------------------------------------------------------------- */

static enum err
record(struct store *s, const char *detail, int64_t now_s, struct error *e)
{
	log_warning("%s", detail);
	return store_audit_add(s,
		&(struct store_audit){.time_s = now_s, .action = "restored", .detail = detail}, e);
}

static enum err
record_restore(const struct restore *r, const struct audit_file *file, uint64_t had, int64_t now_s)
{
	char detail[DETAIL], others[80] = "";

	if (r->not_ours != 0)
		snprintf(others, sizeof(others), "; %" PRIu64 " lines are not ours", r->not_ours);
	if (r->forked)
		snprintf(detail, sizeof(detail),
			"the store and %.200s are the same up to record %" PRIu64
			" and differ from there on%s: the file is put aside; %zu listings that "
			"were removed by it end, %zu orders of it hold",
			file->path, r->shared, others, r->replayed.listings, r->replayed.orders);
	else
		snprintf(detail, sizeof(detail),
			"the store ended with record %" PRIu64 ", %.200s with %" PRIu64
			": it comes from a backup; %" PRIu64 " records are taken over, %zu "
			"listings that were removed since end, %zu orders hold",
			had, file->path, r->last, r->imported, r->replayed.listings,
			r->replayed.orders);
	return record(r->store, detail, now_s, r->e);
}

static enum err
take_file(struct restore *r, struct audit_file *file, int64_t now_s)
{
	uint64_t had = r->head.seq;
	enum err err = audit_file_walk(file, on_line, r, r->e);

	return err == OK ? record_restore(r, file, had, now_s) : err;
}

/* --- the file --------------------------------------------------------------- */

enum err
audit_restore_knows(struct store *store, const struct audit_file *file, bool *knows,
	struct error *e)
{
	uint8_t own[AUDIT_HASH] = {0};
	enum err err = OK;

	*knows = file->size == 0;
	if (file->strange || *knows)
		return OK;
	err = store_audit_entries(store, file->seq, 1, on_own, own, e);
	*knows = err == OK && memcmp(own, file->hash, AUDIT_HASH) == 0;
	return err;
}

/* --- the published list ----------------------------------------------------- */

/* 0: there is none that can be read. */
static uint32_t
serial_of(const char *path)
{
	struct error e = {.code = OK};
	struct snapshot *s = NULL;
	uint32_t serial = 0;

	if (snapshot_open(path, &s, &e) == OK)
		serial = snapshot_serial(s);
	snapshot_close(s);
	return serial;
}

static enum err
raise_serial(struct store *s, const char *path, uint32_t *to, struct error *e)
{
	uint32_t serial = serial_of(path);
	bool raised = false;
	enum err err = serial != 0 ? store_restore_serial(s, serial, &raised, e) : OK;

	if (raised)
		*to = serial;
	return err;
}

static enum err
distrust(struct store *s, const char *why, int64_t now_s, struct error *e)
{
	struct store_distrusted d = {0};
	char detail[DETAIL];
	enum err err = store_restore_distrust(s, now_s, &d, e);

	snprintf(detail, sizeof(detail),
		"%.200s: %zu listings end until they are found true again, %zu hosts are tested "
		"for it; orders of the operator and revocations made after the backup are lost: "
		"give them again; no suspect is listed until `orbl publish --force --reason ...`",
		why, d.listings, d.hosts);
	/* An empty list would be held as a mistake (blast_radius.h); and is one when it is the
	 * store that was lost. */
	if (err == OK && d.listings != 0)
		err = store_publish_permit(s, STORE_PERMIT_ALL, e);
	if (err == OK)
		err = store_suspects_hold(s, true, e);
	return err == OK ? record(s, detail, now_s, e) : err;
}

/* Does the file tell all that was done until this serial was published? */
static bool
tells_all(const struct restore *r, uint32_t serial)
{
	return r->not_ours == 0 && !r->has_gap && r->has_serial &&
		(int32_t)(r->serial - serial) >= 0;
}

static enum err
compare_serials(const struct restore *r, const struct conf *conf, int64_t now_s)
{
	struct store *s = r->store;
	struct error *e = r->e;
	char delta[4096 + 8], why[DETAIL];
	uint32_t to = 0;
	bool is_partial;
	enum err err = raise_serial(s, conf->zone.snapshot, &to, e);

	snprintf(delta, sizeof(delta), "%s.delta", conf->zone.snapshot);
	if (err == OK)
		err = raise_serial(s, delta, &to, e);
	if (err != OK || to == 0)
		return err;
	is_partial = !tells_all(r, to) && r->lines + r->not_ours != 0;
	snprintf(why, sizeof(why),
		"%.100s has serial %" PRIu32 ", which the store has not given: it comes from a "
		"backup%s",
		conf->zone.snapshot, to,
		is_partial ? ", and audit.file does not tell all since" : "");
	if (!tells_all(r, to))
		return distrust(s, why, now_s, e);
	log_notice("%s; the next serial is %" PRIu32, why, to + 1);
	return OK;
}

static enum err
end_transaction(struct store *s, enum err err, struct error *e)
{
	if (err == OK)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}

static enum err
restore(struct restore *r, const struct conf *conf, struct audit_file *file, int64_t now_s)
{
	bool knows = true;
	size_t known = 0;
	enum err err = store_audit_head(r->store, &r->head, r->e);

	if (err == OK)
		err = store_audit_keys(r->store, r->keys + 1, KEYS_MAX - 1, &known, r->e);
	r->key_count = 1 + known;

	if (err == OK && file != NULL)
		err = audit_restore_knows(r->store, file, &knows, r->e);
	if (err == OK && !knows)
		err = take_file(r, file, now_s);
	return err == OK ? compare_serials(r, conf, now_s) : err;
}

/* One transaction: a death in between must not leave a store that looks like a whole one. */
enum err
audit_restore(const struct conf *conf, struct store *store, struct audit_file *file,
	const uint8_t key[AUDIT_PUBLIC], int64_t now_s, struct error *e)
{
	struct restore r = {.store = store,
		.replayed.confirm_after_s = conf->delist.confirm_after_s,
		.e = e};
	enum err err = store_begin(store, e);

	if (err != OK)
		return err;
	memcpy(r.keys[0], key, AUDIT_PUBLIC);
	err = end_transaction(store, restore(&r, conf, file, now_s), e);
	return err == OK && r.forked ? audit_file_put_aside(file, now_s, e) : err;
}

enum err
audit_distrust(struct store *s, int64_t now_s, struct error *e)
{
	enum err err = store_begin(s, e);

	if (err != OK)
		return err;
	return end_transaction(s, distrust(s, "the store is restored", now_s, e), e);
}
