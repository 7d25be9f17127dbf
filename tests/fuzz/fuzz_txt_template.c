/* fuzz_txt_template.c - publish.text: a template that passes the check is filled with what is
 * printable, within its bounds, the same each time; one that does not names its fault.
 *
 * The first two bytes say how much room there is.
 */
#undef NDEBUG /* the asserts are the test */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/txt_template.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MARK = 1 };

static void
check_fill(struct text t, size_t room)
{
	struct text values[TXT_VARIABLE_COUNT];
	char *out = malloc(room), *again = malloc(room);
	size_t len;

	assert(out != NULL && again != NULL);
	for (size_t i = 0; i < TXT_VARIABLE_COUNT; i++)
		values[i] = i == TXT_URL ? TEXT("u\001") : t; /* a value is never a template */
	len = txt_template_fill(t, values, MARK, out, room);
	assert(len < room && out[len] == '\0' && memchr(out, '\0', len) == NULL);
	for (size_t i = 0; i < len; i++)
		assert(out[i] == MARK || (out[i] >= ' ' && out[i] <= '~'));
	assert(txt_template_fill(t, values, MARK, again, room) == len);
	assert(memcmp(out, again, len) == 0);
	free(out);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = {.text = ""};
	struct text t;

	if (size < 2)
		return 0;
	t = (struct text){(const char *)data + 2, size - 2};
	if (txt_template_check(t, &e) == OK) {
		check_fill(t, 1u + data[0] + data[1] * 16u);
		return 0;
	}
	assert(strstr(e.text, "there is no variable \"$") != NULL);
	for (const char *p = e.text; *p != '\0'; p++)
		assert(*p >= ' ' && *p <= '~');
	return 0;
}
