/* replay.c - run a fuzz target over its corpus in `make check`, without a fuzzer.
 *
 * The target's name is the program's: fuzz_postfix reads tests/fuzz/corpus/postfix/. Each
 * input is also tried cut short and with single bytes changed, with a fixed seed, so that the
 * replay finds more than the corpus' own paths. A crash or a sanitizer report ends the
 * program, which the TAP driver counts as a failure (the plan is then not met).
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20, MUTATIONS = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* A fresh allocation of the exact size each time, so that the sanitizers see one byte too far. */
static void
run_copy(const uint8_t *data, size_t size, size_t flip_at, uint8_t flip)
{
	uint8_t *copy = malloc(size != 0 ? size : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	if (flip_at < size)
		copy[flip_at] ^= flip;
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
run_input(const uint8_t *data, size_t size)
{
	uint32_t random = 0x9e3779b9;

	run_copy(data, size, SIZE_MAX, 0);
	for (int i = 0; i < MUTATIONS && size != 0; i++) {
		uint8_t flip = (uint8_t)(next_random(&random) | 1);

		run_copy(data, size, next_random(&random) % size, flip);
		run_copy(data, next_random(&random) % size, SIZE_MAX, 0);
	}
}

static size_t
read_input(const char *directory, const char *name, uint8_t *out)
{
	char path[4096 + 256];
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "rb");
	if (f == NULL) {
		printf("Bail out! %s: %s\n", path, strerror(errno));
		exit(EXIT_FAILURE);
	}
	size = fread(out, 1, INPUT_MAX, f);
	fclose(f);
	return size;
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/'), *top = getenv("top_srcdir");
	static uint8_t input[INPUT_MAX];
	struct dirent **entries;
	char directory[4096];
	int count, run = 0;

	name = name != NULL ? name + 1 : argv[0];
	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	if (argc > 1)
		snprintf(directory, sizeof(directory), "%s", argv[1]);
	else
		snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s",
			top != NULL ? top : ".", name);
	count = scandir(directory, &entries, NULL, alphasort);
	printf("1..1\n");
	fflush(stdout);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			run_input(input, read_input(directory, entries[i]->d_name, input));
			run++;
		}
		free(entries[i]);
	}
	if (run == 0) {
		printf("not ok 1 - %s has no input\n", directory);
		return EXIT_FAILURE;
	}
	free(entries);
	printf("ok 1 - %s: %d inputs and %d mutations of each\n", name, run, 2 * MUTATIONS);
	return EXIT_SUCCESS;
}
