#include "audit_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/file.h>

#include "audit_key.h"

static struct audit_here fixture;

struct audit_here *
here(void)
{
	return &fixture;
}

void
audit_start(int64_t now_s)
{
	ck_ok(store_open("orbl.db", &here()->store, trouble()));
	ck_ok(audit_open(here()->conf, here()->store, now_s, &here()->audit, trouble()));
}

void
audit_stop_at_once(void)
{
	audit_close(here()->audit);
	store_close(here()->store);
}

void
audit_stop(void)
{
	ck_ok(audit_copy(here()->audit, NOW, trouble()));
	audit_stop_at_once();
}

static void
enter(void)
{
	scratch_enter();
	here()->conf = fixture_conf("");
}

static void
leave(void)
{
	conf_free(here()->conf);
	scratch_leave();
}

void
audit_copy_file(const char *from, const char *to)
{
	char *bytes;
	size_t len;

	ck_ok(file_read(from, 1 << 26, &bytes, &len, trouble()));
	scratch_write(to, bytes, len);
	free(bytes);
}

void
audit_put(const char *action)
{
	ck_ok(store_begin(here()->store, trouble()));
	ck_ok(store_audit_add(here()->store,
		&(struct store_audit){.time_s = NOW, .action = action, .detail = "test"},
		trouble()));
	ck_ok(store_commit(here()->store, trouble()));
}

void
audit_list(const char *prefix, enum category category)
{
	const struct store_listing l = {.prefix = fixture_prefix(prefix),
		.category = category,
		.since_s = NOW,
		.expires_s = NOW + 10 * DAY,
		.reason = "test"};

	ck_ok(store_begin(here()->store, trouble()));
	ck_ok(store_listing_put(here()->store, &l, trouble()));
	ck_ok(store_commit(here()->store, trouble()));
}

void
audit_unlist(const char *prefix)
{
	const struct prefix p = fixture_prefix(prefix);

	ck_ok(store_begin(here()->store, trouble()));
	ck_ok(store_run(here()->store, trouble(), NULL, "DELETE FROM proof WHERE prefix = ?", "p",
		&p));
	ck_ok(store_run(here()->store, trouble(), NULL, "DELETE FROM listing WHERE prefix = ?", "p",
		&p));
	ck_ok(store_audit_add(here()->store,
		&(struct store_audit){.time_s = NOW + 60, .action = "delist", .detail = "test"},
		trouble()));
	ck_ok(store_commit(here()->store, trouble()));
}

int64_t
audit_listings(void)
{
	return store_count(here()->store, "SELECT count(*) FROM listing");
}

/* The copy of the log, with the key that made it. */
struct audit_verifier
audit_verify_file(const char *path)
{
	struct audit_verifier v = {.key_count = 1};
	struct audit_key key;
	char *bytes;
	size_t len;

	ck_ok(audit_key_load("audit.key", &key, trouble()));
	memcpy(v.keys[0], key.public, AUDIT_PUBLIC);
	ck_ok(file_read(path, 1 << 26, &bytes, &len, trouble()));
	(void)audit_verify_feed(&v, (struct text){bytes, len});
	(void)audit_verify_end(&v);
	free(bytes);
	return v;
}

/* All the store's records are in the file, and sound. */
void
audit_check_copy(void)
{
	struct audit_verifier v = audit_verify_file("audit.jsonl");
	struct store_audit_head head;

	ck_assert_msg(v.fault == AUDIT_SOUND, "%s", v.why);
	ck_ok(store_audit_head(here()->store, &head, trouble()));
	ck_assert_uint_eq(v.seq, head.seq);
	ck_assert_mem_eq(v.hash, head.hash, AUDIT_HASH);
}

void
audit_append(const char *path, const char *text)
{
	FILE *f = fopen(path, "a");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

TCase *
audit_tests(const char *name, const TTest *const *list_of, size_t count)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, enter, leave);
	tcase_set_timeout(t, 60);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(t, list_of[i]);
	return t;
}
