#include "relay_host.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <orbl/file.h>

enum { LISTEN_BACKLOG = 128, HOSTS_FILE_MAX = 16 << 20 };

struct program {
	struct network network;
	struct event *signals[3];
	size_t host_count;
	struct host *hosts;
	char *list; /* the hosts file, its lines terminated */
	size_t list_len;
	uint16_t port; /* 0: any */
	bool help;
};

static const char usage[] =
	"usage: relay_host --smarthost ADDR:PORT [--port PORT] [--hosts FILE] [-v] [HOST]...\n"
	"\n"
	"An SMTP server for tests that plays one host for each HOST, which is\n"
	"ADDR=POLICYFILE[,option...]. Each answers as its relay policy decides and\n"
	"relays, from its own address, to the smart host and nowhere else.\n"
	"--hosts: a file of further HOSTs, one a line.\n"
	"SIGHUP: read the policies again. SIGTERM: end. -v: one line for each RCPT.\n"
	"A client may authenticate itself with AUTH PLAIN as user test, password test.\n"
	"\n"
	"options of a host:\n";

static void
on_accept(ORBL_UNUSED struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer,
	ORBL_UNUSED int len, void *arg)
{
	session_open(arg, fd, peer);
}

static void
on_end(ORBL_UNUSED evutil_socket_t number, ORBL_UNUSED short what, void *arg)
{
	struct program *p = arg;

	event_base_loopbreak(p->network.base);
}

static void
on_reload(ORBL_UNUSED evutil_socket_t number, ORBL_UNUSED short what, void *arg)
{
	struct program *p = arg;
	struct error e;

	for (size_t i = 0; i < p->host_count; i++)
		if (host_read_policy(&p->hosts[i], &e) != OK)
			fprintf(stderr, "relay_host: %s; the old policy stays\n", e.text);
	printf("reloaded\n");
	fflush(stdout);
}

static enum err
take_smart_host(struct program *p, const char *argument, struct error *e)
{
	struct endpoint *smart = &p->network.smart_host;

	if (endpoint_parse(text_of(argument), smart) != OK || smart->port == 0)
		return error_set(e, ERR_SYNTAX, "--smarthost: '%s' is not ADDR:PORT", argument);
	if (!addr_is_reserved(&smart->addr))
		return error_set(e, ERR_REFUSED,
			"--smarthost: '%s' is in the Internet; tests may "
			"send to reserved addresses only",
			argument);
	return OK;
}

static enum err
take_port(struct program *p, const char *argument, struct error *e)
{
	uint64_t port;

	if (text_to_u64(text_of(argument), UINT16_MAX, &port) != OK)
		return error_set(e, ERR_SYNTAX, "--port: '%s' is no port number", argument);
	p->port = (uint16_t)port;
	return OK;
}

static enum err
take_list(struct program *p, const char *path, struct error *e)
{
	if (p->list != NULL)
		return error_set(e, ERR_SYNTAX, "--hosts: one file only");
	return file_read(path, HOSTS_FILE_MAX, &p->list, &p->list_len, e);
}

static enum err
take_options(struct program *p, int argc, char **argv, struct error *e)
{
	static const struct option options[] = {
		{"hosts", required_argument, NULL, 'l'},
		{"smarthost", required_argument, NULL, 's'},
		{"port", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	enum err err = OK;
	int option;

	while (err == OK && (option = getopt_long(argc, argv, "v", options, NULL)) != -1) {
		if (option == 's')
			err = take_smart_host(p, optarg, e);
		else if (option == 'l')
			err = take_list(p, optarg, e);
		else if (option == 'p')
			err = take_port(p, optarg, e);
		else if (option == 'v')
			p->network.verbose = true;
		else if (option == 'h')
			p->help = true;
		else
			err = error_set(e, ERR_SYNTAX, "see --help");
	}
	if (err == OK && !p->help &&
		(p->network.smart_host.port == 0 || (optind == argc && p->list == NULL)))
		return error_set(e, ERR_SYNTAX, "--smarthost and a HOST are needed; see --help");
	return err;
}

static enum err
add_host(struct program *p, const char *spec, struct error *e)
{
	struct host *h = &p->hosts[p->host_count++];
	enum err err = host_parse(spec, h, e);

	h->network = &p->network;
	h->listen.port = p->port;
	return err;
}

static size_t
count_lines(struct text list)
{
	struct text line;
	size_t n = 0;

	while (text_next_line(&list, &line))
		n++;
	return n;
}

static enum err
take_listed_hosts(struct program *p, struct error *e)
{
	struct text rest = {p->list, p->list_len}, line;
	enum err err = OK;

	while (err == OK && text_next_line(&rest, &line)) {
		p->list[(size_t)(line.p - p->list) + line.len] = '\0';
		err = add_host(p, line.p, e);
	}
	return err;
}

static enum err
take_hosts(struct program *p, int argc, char **argv, struct error *e)
{
	size_t room = (size_t)argc + count_lines((struct text){p->list, p->list_len});
	enum err err = OK;

	p->hosts = calloc(room + 1, sizeof(*p->hosts));
	if (p->hosts == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	for (int i = 0; err == OK && i < argc; i++)
		err = add_host(p, argv[i], e);
	return err == OK ? take_listed_hosts(p, e) : err;
}

/* Each host takes a socket to listen on. */
static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static enum err
listen_on(struct host *h, struct error *e)
{
	struct sockaddr_storage where;
	socklen_t len = endpoint_to_sockaddr(&h->listen, &where);
	char text[ENDPOINT_TEXT];

	h->listener = evconnlistener_new_bind(h->network->base, on_accept, h,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, LISTEN_BACKLOG,
		(struct sockaddr *)&where, (int)len);
	if (h->listener == NULL)
		return error_errno(e, "cannot listen on %s", endpoint_format(&h->listen, text));
	len = sizeof(where);
	if (getsockname(evconnlistener_get_fd(h->listener), (struct sockaddr *)&where, &len) != 0)
		return error_errno(e, "getsockname");
	h->listen = endpoint_from_sockaddr((struct sockaddr *)&where);
	printf("listening on %s\n", endpoint_format(&h->listen, text));
	return OK;
}

static enum err
start(struct program *p, struct error *e)
{
	enum err err = OK;

	p->network.base = event_base_new();
	if (p->network.base == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	p->signals[0] = evsignal_new(p->network.base, SIGTERM, on_end, p);
	p->signals[1] = evsignal_new(p->network.base, SIGINT, on_end, p);
	p->signals[2] = evsignal_new(p->network.base, SIGHUP, on_reload, p);
	for (size_t i = 0; i < ORBL_COUNT(p->signals); i++)
		if (p->signals[i] == NULL || event_add(p->signals[i], NULL) != 0)
			return error_set(e, ERR_MEMORY, "out of memory");
	for (size_t i = 0; err == OK && i < p->host_count; i++)
		err = listen_on(&p->hosts[i], e);
	return err;
}

static void
stop(struct program *p)
{
	while (!LIST_EMPTY(&p->network.sessions))
		session_close(LIST_FIRST(&p->network.sessions));
	while (!LIST_EMPTY(&p->network.deliveries))
		delivery_free(LIST_FIRST(&p->network.deliveries));
	for (size_t i = 0; i < p->host_count; i++) {
		if (p->hosts[i].listener != NULL)
			evconnlistener_free(p->hosts[i].listener);
		relay_policy_free(p->hosts[i].policy);
		judge_forget(&p->hosts[i]);
	}
	for (size_t i = 0; i < ORBL_COUNT(p->signals); i++)
		if (p->signals[i] != NULL)
			event_free(p->signals[i]);
	if (p->network.base != NULL)
		event_base_free(p->network.base);
	free(p->hosts);
	free(p->list);
}

static int
run(struct program *p, int argc, char **argv, struct error *e)
{
	if (take_options(p, argc, argv, e) != OK)
		return EXIT_FAILURE;
	if (p->help) {
		fputs(usage, stdout);
		host_print_options(stdout);
		return EXIT_SUCCESS;
	}
	raise_limit();
	if (take_hosts(p, argc - optind, argv + optind, e) != OK || start(p, e) != OK)
		return EXIT_FAILURE;
	printf("ready\n");
	fflush(stdout);
	event_base_dispatch(p->network.base);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct program p = {.port = 0};
	struct error e = {.code = OK};
	int status;

	LIST_INIT(&p.network.sessions);
	LIST_INIT(&p.network.deliveries);
	signal(SIGPIPE, SIG_IGN);
	status = run(&p, argc, argv, &e);
	if (status != EXIT_SUCCESS)
		fprintf(stderr, "relay_host: %s\n", e.text);
	stop(&p);
	return status;
}
