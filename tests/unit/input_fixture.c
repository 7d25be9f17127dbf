#include "input_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "input.h"
#include "scratch.h"

enum err
input_fixture_read_all(const char *name, struct input_result *r)
{
	struct input *in = NULL;
	struct text t = TEXT("x");
	enum err err;

	*r = (struct input_result){.e.code = OK};
	err = input_open(name, &in, &r->e);
	while (err == OK && t.len != 0) {
		err = input_read(in, &t, &r->e);
		r->bytes = realloc(r->bytes, r->len + t.len + 1);
		ck_assert_ptr_nonnull(r->bytes);
		if (t.len != 0)
			memcpy(r->bytes + r->len, t.p, t.len);
		r->len += t.len;
	}
	if (in != NULL && err != OK) { /* the same again */
		struct error again = {.code = OK};

		ck_assert_int_eq(input_read(in, &t, &again), err);
		ck_assert_str_eq(again.text, r->e.text);
		ck_assert_uint_eq(t.len, 0);
	}
	input_close(in);
	ck_assert_int_eq(err, r->e.code);
	return err;
}

void
input_fixture_reads(const char *name, const void *bytes, size_t len)
{
	struct input_result r;

	ck_assert_msg(input_fixture_read_all(name, &r) == OK, "%s", r.e.text);
	ck_assert_uint_eq(r.len, len);
	if (len != 0)
		ck_assert_mem_eq(r.bytes, bytes, len);
	free(r.bytes);
}

void
input_fixture_fails(const char *name, enum err wanted, size_t len, const char *says)
{
	struct input_result r;

	ck_assert_int_eq(input_fixture_read_all(name, &r), wanted);
	ck_assert_msg(strstr(r.e.text, says) != NULL, "%s", r.e.text);
	ck_assert_msg(strncmp(r.e.text, name, strlen(name)) == 0, "%s", r.e.text);
	ck_assert_uint_eq(r.len, len);
	free(r.bytes);
}

char *
input_fixture_bytes(size_t len, bool random)
{
	char *bytes = malloc(len + 1);
	uint64_t state = 88172645463325252u;
	size_t at = 0;

	ck_assert_ptr_nonnull(bytes);
	while (at < len) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		if (random) {
			bytes[at++] = (char)(state >> 24);
			continue;
		}
		at += (size_t)snprintf(bytes + at, len + 1 - at, "line %llu of a log\n",
			(unsigned long long)state % 100000);
	}
	return bytes;
}
