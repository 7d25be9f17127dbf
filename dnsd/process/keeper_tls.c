#include "keeper_tls.h"

#include <string.h>
#include <unistd.h>

#include <orbl/log.h>

#include "tls_files.h"

enum { DAY_S = 86400, WARN_DAYS = 14 };

static bool
have_changed(struct keeper_tls *t)
{
	const char *const paths[] = {t->certificate, t->key};
	bool changed = false;

	for (size_t i = 0; i < ORBL_COUNT(paths); i++) {
		struct source_stamp stamp = source_stamp_read(paths[i]);

		changed |= !source_stamp_equal(&stamp, &t->stamps[i]);
		t->stamps[i] = stamp;
	}
	return changed;
}

/* The first time the daemon does not start. */
static void
note(struct keeper_tls *t, const struct error *e, bool is_first)
{
	if (e->code != OK && !is_first && strcmp(t->error.text, e->text) != 0)
		log_error("%s; the certificate that was read before stays in service", e->text);
	else if (e->code == OK && !is_first)
		log_notice("transfer.tls_certificate: %s is read again", t->certificate);
	t->error = *e;
}

enum err
keeper_tls_load(struct keeper_tls *t, bool *is_new, struct error *e)
{
	struct error why = {.code = OK};
	bool is_first = t->fd < 0;
	int fd = -1;

	*is_new = false;
	if (t->certificate[0] == '\0' || (!have_changed(t) && t->error.code == OK && !is_first))
		return OK;
	why.code = tls_files_load(t->certificate, t->key, &fd, &why);
	note(t, &why, is_first);
	if (why.code != OK)
		return error_set(e, why.code, "%s", why.text);
	keeper_tls_close(t);
	t->fd = fd;
	t->warned_s = 0;
	*is_new = true;
	return OK;
}

void
keeper_tls_warn(struct keeper_tls *t, int64_t expires_s, int64_t now_s)
{
	int64_t left_s = expires_s - now_s;

	if (expires_s == 0 || left_s >= WARN_DAYS * DAY_S || now_s - t->warned_s < DAY_S)
		return;
	t->warned_s = now_s;
	if (left_s <= 0)
		log_error("transfer.tls_certificate: %s has expired, and secondaries refuse it; "
			  "put a new one there",
			t->certificate);
	else
		log_warning("transfer.tls_certificate: %s expires in %lld days; put a new one "
			    "there",
			t->certificate, (long long)(left_s / DAY_S));
}

void
keeper_tls_close(struct keeper_tls *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}
