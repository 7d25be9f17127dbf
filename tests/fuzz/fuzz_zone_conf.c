/* fuzz_zone_conf.c - any text as a zone, in both forms. What is taken is whole, and means the same
 * when it is written again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/feed.h>
#include <orbl/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_origin(const struct feed_zone *zone)
{
	struct text rest = text_of(zone->origin);

	assert(rest.len <= 253);
	assert(rest.len != 0 || strcmp(zone->source.type, "acl") == 0);
	while (rest.len != 0) {
		struct text label = text_cut(&rest, '.');

		assert(label.len >= 1 && label.len <= 63);
		for (size_t i = 0; i < label.len; i++)
			assert(strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", label.p[i]));
	}
}

/* The files are those between the commas, none of them empty. */
static void
check_files(const struct feed_source *source)
{
	static char path[FEED_PATHS_MAX], joined[2 * FEED_PATHS_MAX];
	size_t n = 0;

	for (joined[0] = '\0'; feed_source_file(source, n, path); n++) {
		assert(path[0] != '\0');
		snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s",
			n != 0 ? "," : "", path);
	}
	assert(n >= 1 && n <= FEED_FILES_MAX);
	assert(source->kind == FEED_RBLDNSD || n == 1);
	assert(strcmp(joined, source->paths) == 0);
	assert(!feed_source_file(source, n + 1, path));
}

static void
check_again(const struct feed_zone *zone)
{
	static char argument[2 * FEED_PATHS_MAX];
	static struct feed_zone again;
	const struct feed_source *source = &zone->source;
	struct error e;

	if (source->kind != FEED_RBLDNSD)
		snprintf(argument, sizeof(argument), "%s=%s:%s", zone->origin,
			source->kind == FEED_SNAPSHOT ? "snapshot" : "transfer", source->paths);
	else
		snprintf(argument, sizeof(argument), "%s=rbldnsd:%s:%s", zone->origin, source->type,
			source->paths);
	assert(feed_zone_parse(argument, &again, &e) == OK);
	assert(strcmp(again.origin, zone->origin) == 0);
	assert(feed_source_equal(&again.source, source));
	if (source->kind != FEED_RBLDNSD)
		return;
	snprintf(argument, sizeof(argument), "%s:%s:%s", zone->origin, source->type, source->paths);
	assert(feed_zone_parse_rbldnsd(argument, &again, &e) == OK);
	assert(strcmp(again.origin, zone->origin) == 0);
	assert(feed_source_equal(&again.source, source));
}

static void
check_argument(const char *argument, bool of_rbldnsd)
{
	static struct feed_zone zone;
	struct error e = {.text = ""};
	enum err err = of_rbldnsd ? feed_zone_parse_rbldnsd(argument, &zone, &e) :
				    feed_zone_parse(argument, &zone, &e);

	if (err != OK) {
		assert(err == ERR_SYNTAX && strncmp(e.text, "zone ", 5) == 0);
		return;
	}
	check_origin(&zone);
	check_files(&zone.source);
	check_again(&zone);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argument = malloc(size + 1);

	if (argument == NULL)
		abort();
	memcpy(argument, data, size);
	argument[size] = '\0';
	check_argument(argument, false);
	check_argument(argument, true);
	free(argument);
	return 0;
}
