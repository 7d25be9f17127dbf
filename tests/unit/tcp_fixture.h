/* tcp_fixture.h - a zone with replies small and large, to be asked over TCP.
 *
 * 2.0.0.127.dnsbl.test A is a small one; TXT of 1.2.0.192.dnsbl.test is as large as
 * tcp_fixture_open is told: strings of 2 KiB.
 */
#ifndef TESTS_TCP_FIXTURE_H
#define TESTS_TCP_FIXTURE_H

#include "answer.h"

#define TCP_FIXTURE_SMALL "2.0.0.127.dnsbl.test"
#define TCP_FIXTURE_LARGE "1.2.0.192.dnsbl.test"

enum { TCP_FIXTURE_NOW = 1700000000, TCP_FIXTURE_STRINGS_MAX = 30 };

void tcp_fixture_open(size_t strings);
void tcp_fixture_close(void);
const struct zone_set *tcp_fixture_zones(void);
/* A zone set of its own, for who takes one; it lends from the fixture. */
struct zone_set *tcp_fixture_make_zones(void);
/* With a config, to be changed at will; open makes it anew. */
struct answer_context *tcp_fixture_context(void);

/* A query with its length before. Returns the length of both. out has room for 600 bytes. */
size_t tcp_fixture_frame(const char *name, uint16_t type, uint16_t id, uint8_t *out);

#endif
