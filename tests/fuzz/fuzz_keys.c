/* fuzz_keys.c - any bytes as access.keys, and as the image of a table. What is taken can be looked
 * up; what a line says is the same when it is written again.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_line(struct text line)
{
	char text[QUERY_KEY_LINE_MAX], again[QUERY_KEY_LINE_MAX];
	struct query_key k;
	struct error e = {.text = ""};
	bool is_key = false;
	size_t len;

	if (query_key_parse(line, &k, &is_key, &e) != OK) {
		assert(e.text[0] != '\0');
		return;
	}
	if (!is_key)
		return;
	assert(query_key_is_owner(k.owner));
	len = query_key_format(&k, text);
	assert(len == strlen(text) && text[len - 1] == '\n');
	assert(query_key_parse((struct text){text, len - 1}, &k, &is_key, &e) == OK && is_key);
	assert(query_key_format(&k, again) == len && memcmp(text, again, len) == 0);
}

static void
check_table(int fd)
{
	static const uint8_t label[] = "\32abcdefghijklmnopqrstuvwxyz", origin[] = "\5dnsbl\4test";
	struct key_table *t;
	struct key_use use;
	uint32_t slot;

	if (key_table_open_fd(fd, 2, 5, &t, NULL) != OK)
		return;
	key_table_find(t, label, origin, sizeof(origin), &slot);
	for (size_t i = 0; i < key_table_count(t); i++) {
		key_table_use(t, i % 3, (uint32_t)i + 1);
		key_table_use_of(t, i, &use);
		assert(query_key_is_owner(use.owner));
	}
	key_table_sum(t, 1);
	key_table_release(t);
}

static void
check_image(const uint8_t *data, size_t size)
{
	int fd = memfd_create("keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || (size != 0 && write(fd, data, size) != (ssize_t)size) ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
			0)
		abort();
	check_table(fd);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text all = {(const char *)data, size}, rest = all, line;
	struct error e = {.text = ""};
	int fd;

	while (text_next_line(&rest, &line))
		check_line(line);
	if (key_table_compile(all, "keys", &fd, &e) == OK) {
		check_table(fd);
		close(fd);
	} else {
		assert(fd == -1 && strncmp(e.text, "keys:", 5) == 0);
	}
	check_image(data, size);
	return 0;
}
