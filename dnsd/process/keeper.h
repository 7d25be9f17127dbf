/* keeper.h - the process that starts first: it opens files, and answers nothing.
 *
 *	keeper_open.c      sockets, the other processes, and then rights given up
 *	keeper.c           its loop: signals, files that change, loads, children that end
 *	keeper_commands.c  the control socket's commands
 *	keeper_transfer.c, keeper_observer.c, keeper_keys.c  what belongs to one process
 *
 *	query process      answers; when it dies everything ends (query_process.h)
 *	services           transfer process, observer; when one dies it is started again (service.h)
 *	loader             a process for each data set to compile (loader.h)
 */
#ifndef DNSD_KEEPER_H
#define DNSD_KEEPER_H

#include <jansson.h>

#include "answer.h"
#include "control_socket.h"
#include "keeper_keys.h"
#include "keeper_observer.h"
#include "keeper_transfer.h"
#include "listeners.h"
#include "query_process.h"
#include "reload.h"
#include "statistics_file.h"

enum {
	KEEPER_SIGNALS = CONTROL_POLLS, /* of what is polled, after the control socket's */
	KEEPER_LOADER,
	KEEPER_QUERY,
	KEEPER_TRANSFER,
	KEEPER_OBSERVER,
	KEEPER_POLLS,
};

struct keeper {
	const struct server_options *options;
	int signals; /* signalfd */
	int notify;  /* to the service manager (manager.h); -1: there is none */
	bool stop;
	bool reloading; /* as the service manager was told */
	bool is_broken; /* the query process has ended; why has the reason */
	struct error why;
	int64_t started_s, next_check_ms;
	struct answer_config answer;
	struct stats *stats;
	struct listeners *listeners;
	struct loader *loader;
	struct reload *reload;
	struct control_socket *control;
	struct child query;
	struct query_process query_process;
	struct keeper_transfer *transfer; /* NULL: nothing is transferred */
	struct keeper_observer *observer; /* NULL: nothing is observed */
	struct statistics_file *statistics;
	struct access_shared *access;
	struct keeper_keys keys;
};

enum err
keeper_open(struct keeper *k, const struct server_options *options, struct error *e) ORBL_NODISCARD;
/* Until a signal ends it, or the query process does. */
enum err keeper_run(struct keeper *k, struct error *e) ORBL_NODISCARD;
/* In any case, once. */
void keeper_close(struct keeper *k);

/* Of struct reload_publisher: to the query process, which has them in service when this returns. */
enum err keeper_publish(void *context, size_t source, const struct source_data *data,
	bool same_snapshot, struct error *e) ORBL_NODISCARD;
/* Of keeper_transfer_options: store a zone that came from a primary, and load it. */
enum err keeper_receive(void *context, size_t index, int fd, struct error *e) ORBL_NODISCARD;
/* Read access.keys when it has changed, or in any case. */
enum err keeper_load_keys(struct keeper *k, bool all, struct error *e);
/* Of struct control_handler. */
json_t *keeper_command(void *context, const json_t *request);

int64_t keeper_wall_clock_s(void);

#endif
