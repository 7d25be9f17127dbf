/* bench_data.c - what the benchmarks serve and ask, on standard output.
 *
 *	bench_data list COUNT ORIGIN             an ip4set of rbldnsd, as chance has it
 *	bench_data sorted COUNT ORIGIN           the same addresses, in order
 *	bench_data plain COUNT ORIGIN            the same, one code for all (for an ip4tset)
 *	bench_data zone COUNT ORIGIN             the same list as a zone file
 *	bench_data queries COUNT ORIGIN NUMBER   for dnsperf: different names, half of them listed,
 *	                                         one question in ten for TXT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/text.h>

#include "addresses.h"

enum { OUTPUT_BUFFER = 1 << 20 };

struct data {
	uint32_t count, number;
	const char *origin;
};

static const char url[] = "https://dnsbl.example/?ip=";

static void
print_list_apex(const struct data *d)
{
	printf("$SOA 3600 ns.%s hostmaster.%s 1 600 120 172800 150\n$NS 7200 ns.%s\n$TTL 2100\n",
		d->origin, d->origin, d->origin);
}

/* addresses: in the order they are printed; NULL: as they come. */
static int
print_list(const struct data *d, const uint32_t *addresses)
{
	const struct addresses_category *category = NULL;
	char quad[ADDRESSES_NAME];

	print_list_apex(d);
	for (uint32_t i = 0; i < d->count; i++) {
		if (category != addresses_category_of(i, d->count)) {
			category = addresses_category_of(i, d->count);
			printf(":%s:%s; %s$\n", addresses_quad(category->code, quad),
				category->text, url);
		}
		puts(addresses_quad(addresses != NULL ? addresses[i] : addresses_at(i), quad));
	}
	return EXIT_SUCCESS;
}

static int
print_random(const struct data *d)
{
	return print_list(d, NULL);
}

static int
compare_addresses(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static int
print_sorted(const struct data *d)
{
	uint32_t *addresses = malloc(d->count * sizeof(*addresses));

	if (addresses == NULL)
		return EXIT_FAILURE;
	for (uint32_t i = 0; i < d->count; i++)
		addresses[i] = addresses_at(i);
	qsort(addresses, d->count, sizeof(*addresses), compare_addresses);
	print_list(d, addresses);
	free(addresses);
	return EXIT_SUCCESS;
}

static int
print_plain(const struct data *d)
{
	char quad[ADDRESSES_NAME];

	print_list_apex(d);
	printf(":127.0.0.2:%s; %s$\n", addresses_category(0)->text, url);
	for (uint32_t i = 0; i < d->count; i++)
		puts(addresses_quad(addresses_at(i), quad));
	return EXIT_SUCCESS;
}

static int
print_zone(const struct data *d)
{
	const struct addresses_category *category;
	char name[ADDRESSES_NAME], code[ADDRESSES_NAME], quad[ADDRESSES_NAME];
	uint32_t a;

	printf("$ORIGIN %s.\n$TTL 2100\n", d->origin);
	printf("@ 3600 SOA ns.%s. hostmaster.%s. 1 600 120 172800 150\n@ 7200 NS ns.%s.\n"
	       "ns A 127.0.0.1\n",
		d->origin, d->origin, d->origin);
	for (uint32_t i = 0; i < d->count; i++) {
		a = addresses_at(i);
		category = addresses_category_of(i, d->count);
		addresses_name(a, d->origin, name);
		printf("%s. A %s\n%s. TXT \"%s; %s%s\"\n", name,
			addresses_quad(category->code, code), name, category->text, url,
			addresses_quad(a, quad));
	}
	return EXIT_SUCCESS;
}

static int
print_queries(const struct data *d)
{
	char name[ADDRESSES_NAME];
	uint32_t listed;

	for (uint32_t i = 0; i < d->number; i++) {
		listed = (uint32_t)((uint64_t)i * d->count / d->number);
		printf("%s %s\n",
			addresses_name(addresses_at(i % 2 == 0 ? listed : ADDRESSES_UNLISTED + i),
				d->origin, name),
			i % 20 == 0 || i % 20 == 11 ? "TXT" : "A");
	}
	return EXIT_SUCCESS;
}

static const struct mode {
	const char *name;
	int (*print)(const struct data *d);
} modes[] = {
	{"list", print_random},
	{"sorted", print_sorted},
	{"plain", print_plain},
	{"zone", print_zone},
	{"queries", print_queries},
};

static const struct mode *
find_mode(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	return NULL;
}

static uint32_t
read_number(const char *argument)
{
	uint64_t number;

	if (text_to_u64(text_of(argument), ADDRESSES_COUNT_MAX, &number) != OK)
		return 0;
	return (uint32_t)number;
}

int
main(int argc, char **argv)
{
	const struct mode *mode = argc >= 4 && argc <= 5 ? find_mode(argv[1]) : NULL;
	struct data d = {.number = 0};
	int status;

	if (mode != NULL) {
		d.count = read_number(argv[2]);
		d.origin = argv[3];
		d.number = argc == 5 ? read_number(argv[4]) : 0;
	}
	if (d.count == 0) {
		fprintf(stderr,
			"usage: bench_data list|sorted|plain|zone|queries COUNT ORIGIN "
			"[NUMBER]\n");
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
	status = mode->print(&d);
	return fflush(stdout) == 0 ? status : EXIT_FAILURE;
}
