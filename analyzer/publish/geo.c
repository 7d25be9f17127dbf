#include "geo.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/compiler.h>

#include "geo_file.h"

enum { REFRESH_EVERY_S = 60 };

struct geo {
	struct geo_file *asn, *country; /* NULL: not configured */
	int64_t looked_s;
};

struct geo *
geo_new(const char *asn_path, const char *country_path)
{
	struct geo *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	if (asn_path[0] != '\0')
		g->asn = geo_file_new(asn_path, "AS numbers");
	if (country_path[0] != '\0')
		g->country = geo_file_new(country_path, "countries");
	if ((asn_path[0] == '\0' || g->asn != NULL) &&
		(country_path[0] == '\0' || g->country != NULL))
		return g;
	geo_free(g);
	return NULL;
}

void
geo_free(struct geo *g)
{
	if (g == NULL)
		return;
	geo_file_free(g->asn);
	geo_file_free(g->country);
	free(g);
}

void
geo_refresh(struct geo *g, int64_t now_s)
{
	/* A clock that was set back must not keep us from looking. */
	if (now_s >= g->looked_s && now_s - g->looked_s < REFRESH_EVERY_S)
		return;
	g->looked_s = now_s;
	if (g->asn != NULL)
		geo_file_refresh(g->asn);
	if (g->country != NULL)
		geo_file_refresh(g->country);
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

void
geo_look(const struct geo *g, const struct addr *a, struct geo_info *out)
{
	char code[8] = "";
	const struct geo_field asn[] = {
		{.path = {"autonomous_system_number"}, .number = &out->asn},
		{.path = {"autonomous_system_organization"},
			.text = out->org,
			.size = sizeof(out->org)},
	};
	const struct geo_field country = {.path = {"country", "iso_code"},
		.text = code,
		.size = sizeof(code)};

	memset(out, 0, sizeof(*out));
	if (g != NULL && g->asn != NULL)
		geo_file_look(g->asn, a, asn, ORBL_COUNT(asn));
	if (g != NULL && g->country != NULL)
		geo_file_look(g->country, a, &country, 1);
	if (is_upper(code[0]) && is_upper(code[1]) && code[2] == '\0')
		memcpy(out->country, code, GEO_COUNTRY);
}
