/* record_book.h - records gathered in tests, and what a server that has them answers (RFC 4592). */
#ifndef TESTS_RECORD_BOOK_H
#define TESTS_RECORD_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone_records.h"

struct book_record {
	uint8_t *owner, *rdata;
	size_t owner_len, len;
	uint16_t type;
	uint32_t ttl;
};

struct record_book {
	size_t count, room;
	struct book_record *records;
	size_t name_count, name_room; /* that exist: owners and what is above them */
	struct book_record *names;
};

void record_book_add(struct record_book *b, const struct zone_record *r);
/* All of an iteration, which is freed. */
void record_book_gather(struct record_book *b, struct zone_records *records);
void record_book_sort(struct record_book *b); /* before anything is asked */
void record_book_reset(struct record_book *b);

int book_record_compare(const struct book_record *a, const struct book_record *b);
bool record_book_has(const struct record_book *b, const struct book_record *r);
/* Without what is in the other: each must be there, once. */
void record_book_remove(struct record_book *b, const struct record_book *what);
void record_book_insert(struct record_book *b, const struct record_book *what); /* none is there */
bool record_book_is_same(const struct record_book *a, const struct record_book *b);
void record_book_print(const struct record_book *b); /* the first ones */

struct book_answer {
	bool exists;         /* else NXDOMAIN */
	bool is_synthesized; /* from a wildcard */
	size_t first, count; /* records of the type */
};
/* name: wire form, lower case, in a zone of the origin of so many bytes. */
struct book_answer record_book_ask(const struct record_book *b, const uint8_t *name, size_t len,
	uint16_t type, size_t origin_len);

#endif
