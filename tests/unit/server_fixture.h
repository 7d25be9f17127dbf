/* server_fixture.h - an analyzer with its control socket, and clients that talk to it. */
#ifndef TESTS_SERVER_FIXTURE_H
#define TESTS_SERVER_FIXTURE_H

#include <sys/types.h>

#include "analyzer_fixture.h"
#include "server.h"
#include "unit.h"

#define DENIAL                                                                                     \
	"2026-01-02T03:04:05+00:00 mx1 postfix/smtpd[804]: NOQUEUE: reject: RCPT from"             \
	" unknown[192.0.2.1]: 554 5.7.1 <x@freemail.example>: Relay access denied;"                \
	" from=<a@offers.example> to=<x@freemail.example> proto=ESMTP helo=<c.example>\n"

struct analyzer *server_analyzer(void);
void server_set_up(void);
void server_tear_down(void);
void server_end(void); /* of the server alone */

int connect_client(void);
/* Send all of it, the server working as we go. */
void put(int fd, const void *bytes, size_t len);
void put_text(int fd, const char *text);
void put_chunk(int fd, const char *text);
void put_denials(int fd, int count); /* of hosts of their own, a chunk each */
/* What has come by now, without waiting; -1: nothing, and the connection is open. */
ssize_t get(int fd, char *out, size_t size);
json_t *get_json(int fd);
void assert_answer(int fd, const char *error); /* "": it went well */
void assert_hung_up(int fd);
int64_t number(const char *sql);
size_t count_lines(const char *text);

#endif
