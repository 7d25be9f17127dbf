#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "prober.h"

static enum err
cannot_use(const char *option, const struct addr *a, struct error *e)
{
	char text[ADDR_TEXT];

	addr_format(a, text);
	if (errno == EADDRNOTAVAIL)
		return error_set(e, ERR_REFUSED, "%s: %s is not an address of this machine", option,
			text);
	return error_errno(e, "%s: %s cannot be probed from", option, text);
}

static enum err
check_source(const char *option, const struct addr *a, struct error *e)
{
	const struct endpoint source = {.addr = *a};
	struct sockaddr_storage ss;
	enum err err = OK;
	socklen_t len;
	int fd;

	if (a->family == 0)
		return OK;
	len = endpoint_to_sockaddr(&source, &ss);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cannot_use(option, a, e);
	if (bind(fd, (const struct sockaddr *)&ss, len) != 0)
		err = cannot_use(option, a, e);
	close(fd);
	return err;
}

enum err
prober_check_sources(const struct prober_conf *conf, struct error *e)
{
	char text[ADDR_TEXT];
	enum err err = check_source("probe.source", &conf->source, e);

	if (err == OK)
		err = check_source("probe.second_source", &conf->second_source, e);
	if (err != OK || conf->second_source.family == 0)
		return err;
	if (addr_equal(&conf->source, &conf->second_source))
		return error_set(e, ERR_REFUSED,
			"probe.second_source: %s is probe.source, too; a second opinion needs "
			"another address",
			addr_format(&conf->source, text));
	return OK;
}
