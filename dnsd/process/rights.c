#include "rights.h"

#include <stdlib.h>
#include <string.h>

#include "peers.h"

static struct sandbox
with_user(const struct conf *conf, struct sandbox s)
{
	s.user = conf->dnsd.user;
	s.option = "dnsd.user";
	s.ends_with_parent = true;
	return s;
}

struct sandbox
rights_of_query_process(const struct conf *conf)
{
	return with_user(conf,
		(struct sandbox){
			.accepts = true,
			.sends_batches = true,
			.maps_files = true,
			.writes_files = true,
			.has_threads = true,
		});
}

struct sandbox
rights_of_transfer_process(const struct conf *conf)
{
	return with_user(conf,
		(struct sandbox){
			.opens_tcp = true,
			.opens_udp = true,
			.accepts = conf->transfer.tls_listen.count != 0,
			.maps_files = true,
			.makes_memory_files = true,
			.writes_files = true,
		});
}

struct sandbox
rights_of_observer(const struct conf *conf)
{
	return with_user(conf, (struct sandbox){.accepts = true, .writes_files = true});
}

/* --- the keeper ------------------------------------------------------------------- */

/* The directory of a file that is written to; false: there is none. */
static bool
add_directory(char **directories, size_t *count, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (path[0] == '\0')
		return true;
	directories[*count] = slash == NULL ? strdup(".") :
		slash == path               ? strdup("/") :
					      strndup(path, (size_t)(slash - path));
	return directories[(*count)++] != NULL;
}

static bool
list_directories(const struct server_options *o, char **directories, size_t *count)
{
	const char *const paths[] = {o->control_path, o->conf->dnsd.statistics_file,
		o->conf->dnsd.query_log};
	bool ok = true;

	for (size_t i = 0; i < ORBL_COUNT(paths); i++)
		ok &= add_directory(directories, count, paths[i]);
	for (size_t i = 0; i < o->zone_count; i++)
		if (o->zones[i].source.kind == FEED_TRANSFER)
			ok &= add_directory(directories, count, o->zones[i].source.paths);
	return ok;
}

static enum err
forbid_writing(const struct server_options *o, struct error *e)
{
	char **directories = calloc(o->zone_count + 3, sizeof(*directories));
	size_t count = 0;
	enum err err = OK;

	if (directories == NULL || !list_directories(o, directories, &count))
		err = error_set(e, ERR_MEMORY, "out of memory for paths");
	if (err == OK)
		err = sandbox_forbid_writing((const char *const *)directories, count, e);
	for (size_t i = 0; directories != NULL && i < count; i++)
		free(directories[i]);
	free(directories);
	return err;
}

/* It connects to a dnstap reader alone; a transfer process that it starts again connects, too. */
enum err
rights_leave_keeper(const struct server_options *o, struct error *e)
{
	const struct conf *conf = o->conf;
	const struct sandbox sandbox = with_user(conf, (struct sandbox){.user = NULL});
	enum err err = sandbox_become_user(&sandbox, e);

	if (err == OK)
		err = forbid_writing(o, e);
	if (err != OK)
		return err;
	return sandbox_forbid_rare(peers_is_needed(conf) || conf->dnsd.dnstap[0] != '\0', e);
}
