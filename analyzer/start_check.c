#include "start_check.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/control.h>
#include <orbl/sandbox.h>
#include <orbl/store.h>

#include "audit_key.h"
#include "collector_server.h"
#include "collector_tls.h"
#include "notify.h"
#include "opt_out.h"
#include "popular.h"
#include "probe_rules.h"
#include "prober_setup.h"
#include "reporters.h"
#include "safe_list.h"
#include "syslog_receiver.h"

static enum err
blame(const char *option, const struct error *why, struct error *e)
{
	return error_set(e, why->code, "%s: %s", option, why->text);
}

static enum err
check_certificate(const struct prober_conf *conf, struct error *e)
{
	struct error why = {.code = OK};
	struct collector_tls *tls;

	if (conf->tls_certificate[0] == '\0' && conf->tls_key[0] == '\0')
		return OK;
	if (collector_tls_new(conf->tls_certificate, conf->tls_key, &tls, &why) != OK)
		return blame("collector.tls_certificate or collector.tls_key", &why, e);
	collector_tls_free(tls);
	return OK;
}

static enum err
check_prober(const struct conf *conf, struct error *e)
{
	struct prober_conf prober;
	enum err err = prober_setup(conf, &prober, e);

	if (err == OK)
		err = prober_check(&prober, e);
	if (err == OK)
		err = prober_check_sources(&prober, e);
	if (err == OK)
		err = sandbox_check_user(&(struct sandbox){.user = prober.user,
						 .option = "probe.user"},
			e);
	return err == OK ? check_certificate(&prober, e) : err;
}

static enum err
check_rules(const struct conf *conf, struct error *e)
{
	struct probe_rules rules;
	enum err err = probe_rules_open(&rules, conf, NULL, e);

	if (err == OK)
		probe_rules_close(&rules);
	return err;
}

/* With a bad one the analyzer starts, and probes by the last good one or not at all. */
static enum err
check_opt_out(const struct conf *conf, struct error *e)
{
	struct error why = {.code = OK};
	struct prefix *list = NULL;
	size_t count = 0;

	if (opt_out_read(conf->probe.opt_out_file, &list, &count, &why) != OK)
		return blame("probe.opt_out_file", &why, e);
	free(list);
	return OK;
}

static enum err
check_safe_lists(const struct conf *conf, struct error *e)
{
	struct safe_lists *lists;
	enum err err = safe_lists_open(&conf->listing.safe_lists, NULL, 0, &lists, e);

	if (err == OK)
		safe_lists_close(lists);
	return err;
}

static enum err
check_reporters(const struct conf *conf, struct error *e)
{
	struct reporters *reporters;
	enum err err = reporters_load(conf, &reporters, e);

	if (err != OK)
		return err;
	err = syslog_receiver_check(conf, reporters, e);
	reporters_free(reporters);
	return err;
}

static enum err
check_popular(const struct conf *conf, struct error *e)
{
	struct popular popular;
	enum err err = popular_open(&popular, conf->publish.popular, e);

	if (err == OK)
		popular_close(&popular);
	return err;
}

static enum err
make_audit_key(const struct conf *conf, struct error *e)
{
	struct error why = {.code = OK};
	struct audit_key key = {.made = false};
	enum err err = audit_key_load(conf->audit.key, &key, &why);

	sodium_memzero(&key, sizeof(key));
	return err == OK ? OK : blame("audit.key", &why, e);
}

/* One that is not there yet is made at the start. */
static enum err
check_audit_key(const struct conf *conf, struct error *e)
{
	char copy[4096], *directory;

	if (access(conf->audit.key, F_OK) == 0 || errno != ENOENT)
		return make_audit_key(conf, e);
	snprintf(copy, sizeof(copy), "%s", conf->audit.key);
	directory = dirname(copy);
	if (access(directory, W_OK | X_OK) == 0)
		return OK;
	return error_errno(e, "audit.key: %s: cannot be made, its directory is not to be written",
		conf->audit.key);
}

/* What both -T and a start ask for. */
static enum err
check_files(const struct conf *conf, struct error *e)
{
	enum err err = check_prober(conf, e);

	if (err == OK)
		err = check_rules(conf, e);
	if (err == OK)
		err = check_popular(conf, e);
	if (err == OK)
		err = notify_check(conf, e);
	return err == OK ? check_reporters(conf, e) : err;
}

enum err
start_check(const struct conf *conf, struct error *e)
{
	enum err err = check_files(conf, e);

	if (err == OK)
		err = check_opt_out(conf, e);
	if (err == OK)
		err = check_safe_lists(conf, e);
	return err == OK ? check_audit_key(conf, e) : err;
}

/* --- a start ---------------------------------------------------------------- */

/* Each for a moment: the prober, which is forked later, must not hold the one, and binds the other
 * itself. */
static enum err
try_sockets(const struct conf *conf, struct error *e)
{
	struct prober_conf prober;
	int fd = -1;
	enum err err = control_listen(conf->control_socket, (unsigned)conf->control_mode, &fd, e);

	if (err != OK)
		return err;
	close(fd);
	unlink(conf->control_socket);
	err = prober_setup(conf, &prober, e);
	if (err == OK)
		err = collector_server_bind(&prober.collector, &fd, e);
	if (err == OK)
		close(fd);
	return err;
}

enum err
start_prepare(const struct conf *conf, struct error *e)
{
	enum err err = check_files(conf, e);

	/* Else the store has the last good list, and its lock tells best who else is running. */
	bool is_older = store_is_older(conf->store_path);

	if (err == OK && is_older)
		err = check_safe_lists(conf, e);
	if (err == OK && is_older)
		err = try_sockets(conf, e);
	return err == OK ? make_audit_key(conf, e) : err;
}
