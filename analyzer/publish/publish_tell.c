#include "publish.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include <orbl/control.h>
#include <orbl/log.h>

enum { TELL_TIMEOUT_S = 10 };

static void
on_answer(struct bufferevent *be, void *context)
{
	char *line = evbuffer_readln(bufferevent_get_input(be), NULL, EVBUFFER_EOL_LF);
	struct error e = {.code = OK};
	json_t *answer;

	(void)context;
	if (line == NULL)
		return;
	answer = json_loads(line, 0, NULL);
	free(line);
	if (control_check_answer(answer, &e) != OK)
		log_warning("orbl-dnsd did not take the new snapshot: %s", e.text);
	else
		log_info("orbl-dnsd serves the new snapshot");
	json_decref(answer);
	bufferevent_free(be);
}

static void
give_up(struct bufferevent *be, const char *path, const char *why)
{
	log_info("%s: orbl-dnsd cannot be told of the new snapshot (%s); when it runs it finds "
		 "the file by itself",
		path, why);
	bufferevent_free(be);
}

static void
on_event(struct bufferevent *be, short what, void *context)
{
	if ((what & BEV_EVENT_CONNECTED) == 0)
		give_up(be, context,
			(what & BEV_EVENT_TIMEOUT) != 0 ?
				"no answer" :
				evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

void
publish_tell(struct event_base *base, const char *dnsd_socket, uint32_t serial)
{
	const struct timeval timeout = {.tv_sec = TELL_TIMEOUT_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct bufferevent *be;

	if (dnsd_socket[0] == '\0' || strlen(dnsd_socket) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, dnsd_socket, strlen(dnsd_socket));
	be = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (be == NULL)
		return;
	bufferevent_setcb(be, on_answer, NULL, on_event, (void *)(uintptr_t)dnsd_socket);
	bufferevent_set_timeouts(be, &timeout, &timeout);
	bufferevent_enable(be, EV_READ | EV_WRITE);
	evbuffer_add_printf(bufferevent_get_output(be), "{\"cmd\":\"reload\",\"serial\":%u}\n",
		serial);
	if (bufferevent_socket_connect(be, (struct sockaddr *)&address, sizeof(address)) != 0)
		give_up(be, dnsd_socket, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}
