/* server.h - the daemon: workers that answer, and the main thread that keeps them fed.
 *
 *	main thread: signals, control socket, looks at files, loads, publishes (live.h)
 *	workers:     UDP and TCP (worker.h)
 *	loader:      a process, compiles rbldnsd files (loader.h)
 */
#ifndef DNSD_SERVER_H
#define DNSD_SERVER_H

#include <orbl/addr.h>
#include <orbl/feed.h>

struct server_options {
	size_t endpoint_count, zone_count, workers;
	const struct endpoint *endpoints;
	const struct feed_zone *zones;
	const char *control_path; /* "": none */
	unsigned control_mode;
	uint16_t udp_size;
	size_t tcp_connections;
	int64_t tcp_idle_s, check_interval_s;
};

/* Serve until SIGTERM or SIGINT. Call before any thread is made. */
enum err server_run(const struct server_options *options, struct error *e) ORBL_NODISCARD;

#endif
