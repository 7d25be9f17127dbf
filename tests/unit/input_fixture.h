/* input_fixture.h - files to read through input.h. */
#ifndef TESTS_INPUT_FIXTURE_H
#define TESTS_INPUT_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/err.h>

struct input_result {
	char *bytes; /* to be freed */
	size_t len;
	struct error e;
};

/* All of a file. */
enum err input_fixture_read_all(const char *name, struct input_result *r);
/* It is these bytes. */
void input_fixture_reads(const char *name, const void *bytes, size_t len);
/* After so many bytes, with an error that starts with the name and has this in it. */
void input_fixture_fails(const char *name, enum err wanted, size_t len, const char *says);
/* Lines that compress; at random: bytes that do not. To be freed. */
char *input_fixture_bytes(size_t len, bool random);

#endif
