/* fuzz_conf.c - orbl.conf: whatever is accepted is printed by -T and read back the same. */
#undef NDEBUG /* the asserts are the test */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <orbl/conf.h>
#include <orbl/file.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err
load(const void *bytes, size_t len, struct conf **c, struct error *e)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	char path[64];
	enum err err;

	assert(fd >= 0);
	assert(file_write_all(fd, bytes, len, NULL) == OK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = conf_load(path, c, e);
	close(fd);
	return err;
}

static char *
print(const struct conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert(f != NULL);
	conf_print(c, f);
	assert(fclose(f) == 0);
	return text;
}

static void
check_error(const struct conf *c, const struct error *e)
{
	assert(c == NULL);
	assert(e->code == ERR_SYNTAX);
	assert(strncmp(e->text, "/proc/self/fd/", 14) == 0);
	for (const char *p = e->text; *p != '\0'; p++)
		assert(*p >= ' ' && *p <= '~');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char good[] = "zone.name = \"after.example\"\n";
	struct error e = {.text = ""};
	struct conf *c, *back;
	char *text, *again;

	if (load(data, size, &c, &e) != OK) {
		check_error(c, &e);
		/* No state of the lexer is left for the next file. */
		assert(load(good, sizeof(good) - 1, &c, &e) == OK);
		assert(strcmp(c->zone.name, "after.example") == 0);
		conf_free(c);
		return 0;
	}
	text = print(c);
	assert(load(text, strlen(text), &back, &e) == OK);
	again = print(back);
	assert(strcmp(text, again) == 0);
	assert(c->probe.interval_s >= 0 && c->zone.ttl_s >= 1);
	free(text);
	free(again);
	conf_free(c);
	conf_free(back);
	return 0;
}
