#include "keeper_keys.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/log.h>

#include "keys.h"

static void
note(struct keeper_keys *k, const struct error *e)
{
	bool is_new = strcmp(k->error.text, e->text) != 0;

	if (e->code == ERR_NOT_FOUND && is_new)
		log_notice("access.keys: %s; names with a key are answered with SERVFAIL until "
			   "then",
			e->text);
	else if (e->code != OK && is_new)
		log_error("access.keys: %s; %s", e->text,
			k->is_in_service ? "the keys that were read before stay in service" :
					   "names with a key are answered with SERVFAIL until it "
					   "can be read");
	else if (e->code == OK && k->error.code != OK)
		log_notice("access.keys: %s is read again", k->path);
	k->error = *e;
	k->is_in_service |= e->code == OK;
}

static enum err
load(const struct keeper_keys *k, const struct keeper_keys_publisher *publisher, struct error *e)
{
	int fd = -1;
	enum err err = key_table_load(k->path, &fd, e);

	if (err != OK)
		file_explain_denied(k->path, "it", "dnsd.user", e);
	if (err == OK)
		err = publisher->publish(publisher->context, fd, e);
	if (fd >= 0)
		close(fd);
	return err;
}

enum err
keeper_keys_load(struct keeper_keys *k, const struct keeper_keys_publisher *publisher, bool all,
	struct error *e)
{
	struct source_stamp stamp = source_stamp_read(k->path);
	struct error why = {.code = OK};

	if (k->path[0] == '\0' ||
		(!all && k->error.code == OK && source_stamp_equal(&stamp, &k->stamp)))
		return OK;
	k->stamp = stamp;
	if (!k->is_in_service && access(k->path, F_OK) != 0 && errno == ENOENT)
		error_set(&why, ERR_NOT_FOUND,
			"%s is not there: no key is known yet; make one with orbl dnsd key add",
			k->path);
	else
		why.code = load(k, publisher, &why);
	note(k, &why);
	return why.code == OK ? OK : error_set(e, why.code, "access.keys: %s", why.text);
}
