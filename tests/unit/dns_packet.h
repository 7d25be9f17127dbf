/* dns_packet.h - queries made and replies read by the tests, without the code under test. */
#ifndef TESTS_DNS_PACKET_H
#define TESTS_DNS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DNS_PACKET_MAX = 65535, DNS_RECORDS_MAX = 256, DNS_NAME_TEXT = 1024 };

struct dns_query {
	const char *name; /* plain labels with dots, spelling kept; "" or "." is the root */
	uint16_t type;
	uint16_t class; /* 0: IN */
	uint16_t id;
	uint16_t flags;
	bool edns, dnssec_ok;
	uint8_t edns_version;
	uint16_t udp_size;
	const uint8_t *options; /* of EDNS, in wire form */
	uint16_t options_len;
};

/* Returns the length. out has room for 512 bytes. */
size_t dns_query_write(const struct dns_query *q, uint8_t *out);

struct dns_record {
	char owner[DNS_NAME_TEXT]; /* as spelt, without the last dot */
	uint16_t type, class;
	uint32_t ttl;
	const uint8_t *data; /* lent from the packet */
	size_t len;
};

struct dns_reply {
	uint16_t id, flags;
	unsigned rcode; /* with the bits of OPT */
	bool aa, tc;
	bool has_question;
	char name[DNS_NAME_TEXT];
	uint16_t type, class;
	size_t answers, authorities, additionals; /* without OPT */
	struct dns_record
		records[DNS_RECORDS_MAX]; /* answers, then authorities, then additionals */
	bool edns, dnssec_ok;
	uint16_t udp_size;
	int ede;              /* -1: none */
	const char *ede_text; /* lent, not terminated */
	size_t ede_text_len;
	const uint8_t *cookie, *nsid; /* lent; NULL: none */
	size_t cookie_len, nsid_len;
	const uint8_t *bytes; /* lent */
	size_t len;
};

/* False: not a well formed packet, to the last byte. */
bool dns_reply_read(const uint8_t *packet, size_t len, struct dns_reply *out);
/* Name at offset of a packet, pointers followed (backwards only). Returns the offset behind it, or
 * 0 when it is malformed. */
size_t dns_name_read(const uint8_t *packet, size_t len, size_t offset, char *out);
/* The strings of TXT data joined. Returns the length, or SIZE_MAX when malformed. */
size_t dns_txt_join(const struct dns_record *r, char *out, size_t size);

#endif
