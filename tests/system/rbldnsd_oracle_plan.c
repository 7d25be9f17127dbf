/* rbldnsd_oracle_plan.c - reads the plan that rbldnsd_zones.py left.
 *
 *	zone ORIGIN TYPE,TYPE... FLAGS SERIAL RULE     FLAGS: s, has $SOA; n, has $NS; i, m, see
 *there 4 LOW HIGH                                     RULE: - none 6 LOW HIGH 32 hexadecimal digits
 *each n NAME                                         may be empty in SUBZONE 4|6|n ... names
 *SUBZONE                                  has a dnset; @ is the origin
 */
#include "rbldnsd_oracle.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_LEN = 1024 };

static char *
copy(const char *s)
{
	char *out = strdup(s);

	if (out == NULL)
		abort();
	return out;
}

static bool
read_zone(struct plan *p, const char *line)
{
	char origin[256], types[256], flags[8], rule[64];
	unsigned serial;
	struct zone *z;

	if (sscanf(line, "%255s %255s %7s %u %63s", origin, types, flags, &serial, rule) != 5)
		return false;
	p->zones = realloc(p->zones, (p->zone_count + 1) * sizeof(p->zones[0]));
	if (p->zones == NULL)
		abort();
	z = &p->zones[p->zone_count++];
	*z = (struct zone){
		.origin = copy(origin),
		.types = copy(types),
		.rule = copy(rule[0] == '-' ? "" : rule),
		.has_soa = strchr(flags, 's') != NULL,
		.has_ns = strchr(flags, 'n') != NULL,
		.has_twin = strchr(flags, 'i') != NULL,
		.has_meta = strchr(flags, 'm') != NULL,
		.serial = serial,
	};
	z->len = wire_name(origin, z->wire);
	return z->len != 0;
}

static bool
read_ip6(const char *text, uint8_t out[16])
{
	for (size_t i = 0; i < 16; i++) {
		unsigned byte;

		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		out[i] = (uint8_t)byte;
	}
	return true;
}

static bool
read_ip4(const char *text, uint32_t *out)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) != 1)
		return false;
	*out = ntohl(address.s_addr);
	return true;
}

static bool
read_values(struct point *t, char kind, const char *line)
{
	char low[64], high[64];

	if (kind == 'n') {
		t->kind = POINT_NAME;
		t->name = copy(line + strspn(line, " "));
		return true;
	}
	if (sscanf(line, "%63s %63s", low, high) != 2)
		return false;
	t->kind = kind == '4' ? POINT_IP4 : POINT_IP6;
	if (kind == '4')
		return read_ip4(low, &t->low) && read_ip4(high, &t->high);
	return kind == '6' && strlen(low) == 32 && strlen(high) == 32 && read_ip6(low, t->low6) &&
		read_ip6(high, t->high6);
}

static void
note(char ***list, size_t *count, const char *below)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp((*list)[i], below) == 0)
			return;
	*list = realloc(*list, (*count + 1) * sizeof(**list));
	if (*list == NULL)
		abort();
	(*list)[(*count)++] = copy(below);
}

static void
forget(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static bool
read_point(struct plan *p, const char *line)
{
	struct zone *z = p->zone_count > 0 ? &p->zones[p->zone_count - 1] : NULL;
	char below[256] = "";
	int at = 0;

	if (z != NULL && sscanf(line, "names %255s", below) == 1) {
		note(&z->lists, &z->list_count, strcmp(below, "@") == 0 ? "" : below);
		return true;
	}

	if (sscanf(line, "in %255s %n", below, &at) == 1)
		line += at;
	if (z == NULL)
		return false;
	if ((z->point_count & (z->point_count - 1)) == 0) {
		size_t room = z->point_count == 0 ? 1 : 2 * z->point_count;

		z->points = realloc(z->points, room * sizeof(z->points[0]));
		if (z->points == NULL)
			abort();
	}
	if (below[0] != '\0')
		note(&z->subs, &z->sub_count, below);
	z->points[z->point_count] = (struct point){.below = copy(below)};
	return read_values(&z->points[z->point_count++], line[0], line + 1);
}

bool
plan_read(const char *path, struct plan *out)
{
	FILE *f = fopen(path, "r");
	char line[LINE_LEN];
	bool ok = true;

	*out = (struct plan){0};
	if (f == NULL)
		return false;
	while (ok && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		ok = strncmp(line, "zone ", 5) == 0 ? read_zone(out, line + 5) :
						      read_point(out, line);
		if (!ok)
			fprintf(stderr, "%s: %s\n", path, line);
	}
	fclose(f);
	return ok && out->zone_count > 0;
}

void
plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->zone_count; i++) {
		struct zone *z = &p->zones[i];

		for (size_t k = 0; k < z->point_count; k++) {
			free(z->points[k].below);
			free(z->points[k].name);
		}
		forget(z->subs, z->sub_count);
		forget(z->lists, z->list_count);
		free(z->points);
		free(z->origin);
		free(z->types);
		free(z->rule);
	}
	free(p->zones);
}

static bool
ends_with(const uint8_t *lower, size_t len, const uint8_t *wire, size_t n)
{
	size_t at = 0;

	if (n > len || memcmp(wire, lower + len - n, n) != 0)
		return false;
	while (len - at > n)
		at += lower[at] + 1u;
	return len - at == n;
}

static void
lower_name(const uint8_t *wire, size_t len, uint8_t out[NAME_MAX_WIRE])
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)tolower(wire[i]);
}

struct zone *
plan_zone(const struct plan *p, const uint8_t *wire, size_t len)
{
	uint8_t lower[NAME_MAX_WIRE];
	struct zone *best = NULL;

	lower_name(wire, len, lower);
	for (size_t i = 0; i < p->zone_count; i++)
		if (ends_with(lower, len, p->zones[i].wire, p->zones[i].len) &&
			(best == NULL || p->zones[i].len > best->len))
			best = &p->zones[i];
	return best;
}

const char *
plan_sub(const struct zone *z, const uint8_t *wire, size_t len)
{
	uint8_t lower[NAME_MAX_WIRE];
	const char *best = "";
	uint8_t sub[NAME_MAX_WIRE];
	char name[512];

	lower_name(wire, len, lower);
	for (size_t i = 0; i < z->sub_count; i++) {
		snprintf(name, sizeof(name), "%s.%s", z->subs[i], z->origin);
		if (ends_with(lower, len, sub, wire_name(name, sub)) &&
			strlen(z->subs[i]) > strlen(best))
			best = z->subs[i];
	}
	return best;
}

bool
plan_lists_names(const struct zone *z, const char *sub)
{
	for (size_t i = 0; i < z->list_count; i++)
		if (strcmp(z->lists[i], sub) == 0)
			return true;
	return strstr(z->types, "dnset") != NULL;
}
