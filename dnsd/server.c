#include "server.h"

#include <orbl/sandbox.h>

#include "gate.h"
#include "keeper.h"
#include "peers.h"
#include "zone_table.h"

enum err
server_check(const struct server_options *o, struct error *e)
{
	const struct sandbox sandbox = {.user = o->conf->dnsd.user, .option = "dnsd.user"};
	struct cookie_secrets secrets;
	enum err err = cookie_secrets_load(o->cookie_secret, &secrets, e);

	if (err == OK)
		err = sandbox_check_user(&sandbox, e);
	if (err == OK)
		err = peers_check(o->conf, o->zones, o->zone_count, e);
	if (err == OK)
		err = access_check(o->conf, o->zones, o->zone_count, e);
	if (err == OK)
		err = observer_check(o->conf, e);
	return err == OK ? zone_table_check(o->zones, o->zone_count, e) : err;
}

enum err
server_run(const struct server_options *options, struct error *e)
{
	struct keeper k;
	enum err err = server_check(options, e);

	if (err != OK)
		return err;
	err = keeper_open(&k, options, e);
	if (err == OK)
		err = keeper_run(&k, e);
	keeper_close(&k);
	return err;
}
