#include "journal.h"

#include "config.h"

#ifndef ORBL_SYSTEMD

enum err
journal_open(const struct journal_conf *conf, struct journal **out, struct error *e)
{
	*out = NULL;
	return error_set(e, ERR_UNSUPPORTED,
		"%s: built without libsystemd, journals cannot be read; give the output of "
		"journalctl -o export",
		conf->path != NULL ? conf->path : "journal");
}

void
journal_close(struct journal *j)
{
	(void)j;
}

enum err
journal_next(struct journal *j, struct text *out, struct error *e)
{
	(void)j;
	*out = TEXT_NONE;
	return error_set(e, ERR_UNSUPPORTED, "built without libsystemd");
}

const char *
journal_cursor(const struct journal *j)
{
	(void)j;
	return NULL;
}

enum err
journal_wait(struct journal *j, int timeout_ms, bool *changed, struct error *e)
{
	(void)j;
	(void)timeout_ms;
	*changed = false;
	return error_set(e, ERR_UNSUPPORTED, "built without libsystemd");
}

#endif
