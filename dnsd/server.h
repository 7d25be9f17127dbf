/* server.h - the daemon: what it is told, and its beginning and end. Read process/keeper.h next. */
#ifndef DNSD_SERVER_H
#define DNSD_SERVER_H

#include <orbl/addr.h>
#include <orbl/conf.h>
#include <orbl/feed.h>

struct server_options {
	const struct conf *conf; /* of which below is what has been worked out */
	size_t endpoint_count, zone_count, workers;
	size_t tls_endpoint_count;
	const struct endpoint *endpoints; /* behind them those of transfer.tls_listen */
	const struct feed_zone *zones;
	struct feed_options feed;
	const char *control_path; /* "": none */
	unsigned control_mode;
	const char *identity, *version; /* "": hidden */
	const char *cookie_secret;      /* a file; "": one by chance */
	uint16_t udp_size, amplification;
	size_t tcp_connections, tcp_client_connections;
	int64_t tcp_idle_s, check_interval_s;
	int64_t max_age_s; /* 0: data of any age are served */
};

/* What server_run would refuse, of that which can be told without an address or a zone file. */
enum err server_check(const struct server_options *options, struct error *e) ORBL_NODISCARD;
/* Serve until SIGTERM or SIGINT. */
enum err server_run(const struct server_options *options, struct error *e) ORBL_NODISCARD;

#endif
