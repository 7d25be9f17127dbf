#include "iis_row.h"

#include <string.h>

#include "locale_date.h"
#include "scan.h"

enum { IIS_FIELDS = 15, IIS_PARTS_MAX = 64 };

bool
iis_row_take_address(struct text *rest, char after, struct text *out)
{
	size_t n = 0;

	while (n < rest->len && n < ADDR_TEXT &&
		(scan_is_digit(rest->p[n]) || rest->p[n] == '.' || rest->p[n] == ':' ||
			(rest->p[n] >= 'a' && rest->p[n] <= 'f') ||
			(rest->p[n] >= 'A' && rest->p[n] <= 'F')))
		n++;
	if (n < 2 || n == rest->len || rest->p[n] != after)
		return false;
	*out = text_upto(*rest, n);
	scan_skip(rest, n + 1);
	return text_find_byte(*out, '.') != SIZE_MAX || text_find_byte(*out, ':') != SIZE_MAX;
}

static bool
is_verb(struct text t)
{
	static const char verbs[] = "HELOEHLOMAILRCPTDATABDATRSETQUITNOOPVRFYAUTHHELPEXPNTURNETRN";

	for (size_t i = 0; t.len >= 4 && i + 4 < sizeof(verbs); i += 4)
		if (memcmp(t.p, verbs + i, 4) == 0)
			return true;
	return false;
}

/* "[18/Aug/2006:13:17:37 -0800] " */
static bool
take_ncsa_time(struct text *rest, struct stamp *out)
{
	int day, year;

	*out = (struct stamp){0};
	if (!scan_byte(rest, '[') || !scan_number(rest, 2, 2, &day) || !scan_byte(rest, '/') ||
		!stamp_take_month(rest, out) || !scan_byte(rest, '/') ||
		!scan_number(rest, 4, 4, &year) || !scan_byte(rest, ':') ||
		!stamp_set_date(out, year, out->month, day) || !stamp_take_clock(rest, out) ||
		!scan_byte(rest, ' '))
		return false;
	out->is_local = false;
	return stamp_take_offset(rest, out) && scan_literal(rest, TEXT("] "));
}

/* All up to the request; *rest is behind its first quote. */
static bool
take_ncsa_head(struct text *rest, struct iis_row *out)
{
	return iis_row_take_address(rest, ' ', &out->client) && scan_literal(rest, TEXT("- ")) &&
		scan_until(rest, ' ', &out->user) && take_ncsa_time(rest, &out->stamp) &&
		scan_byte(rest, '"');
}

bool
iis_row_is_ncsa(struct text line)
{
	struct iis_row row;

	return line.len != 0 && take_ncsa_head(&line, &row) && is_verb(line);
}

enum parse_result
iis_row_read_ncsa(struct text line, struct iis_row *out)
{
	size_t end;

	*out = (struct iis_row){.stamp = {0}};
	if (!take_ncsa_head(&line, out))
		return PARSE_SKIP;
	if (text_find(line, TEXT("] \"")) != SIZE_MAX)
		return PARSE_REJECTION;
	end = text_rfind(line, TEXT("\" "));
	if (end == SIZE_MAX)
		return PARSE_SKIP;
	out->bytes = text_from(line, end + 2);
	out->status = text_cut(&out->bytes, ' ');
	line = text_upto(line, end);
	if (text_has_suffix(line, TEXT(" SMTP")))
		line.len -= 5;
	out->method = text_cut(&line, ' ');
	/* "-?" is the target that there is not */
	end = text_find_byte(line, '?');
	out->query = end != SIZE_MAX ? text_from(line, end + 1) : line;
	return PARSE_DENIAL;
}

/* "8/18/06" */
static bool
take_iis_date(struct text t, struct stamp *out)
{
	int month, day, year;

	return scan_number(&t, 1, 2, &month) && scan_byte(&t, '/') && scan_number(&t, 1, 2, &day) &&
		scan_byte(&t, '/') && scan_number(&t, 2, 4, &year) && t.len == 0 &&
		stamp_set_date(out, locale_date_full_year(year), month, day);
}

/* Are the fields from the date on what the server writes there? */
static bool
is_iis_middle(const struct text *f, struct stamp *out)
{
	struct text time = f[1];
	struct addr server;
	uint64_t number;

	*out = (struct stamp){0};
	if (!text_has_prefix(f[2], TEXT("SMTPSVC")) || !take_iis_date(f[0], out) ||
		!stamp_take_clock(&time, out) || time.len != 0 || addr_parse(f[4], &server) != OK)
		return false;
	for (size_t i = 5; i < 10; i++)
		if (text_to_u64(f[i], UINT32_MAX, &number) != OK)
			return false;
	return true;
}

bool
iis_row_is_iis(struct text line)
{
	struct text client;

	return line.len != 0 && iis_row_take_address(&line, ',', &client) &&
		text_find(line, TEXT("SMTPSVC")) != SIZE_MAX;
}

static void
fill_iis(const struct text *middle, struct text line, struct iis_row *out)
{
	out->site = middle[2];
	out->computer = middle[3];
	out->server = middle[4];
	out->bytes = middle[7];
	out->status = middle[8];
	out->method = middle[10];
	/* all that is left, without the comma that ends the row: a path may hold commas */
	out->query = text_from(line, (size_t)(middle[12].p - line.p));
	if (out->query.len != 0 && out->query.p[out->query.len - 1] == ',')
		out->query.len--;
}

/* Nothing is quoted, and the second field and the last are the client's: so the place is looked
 * for where the fields between are what only the server writes. */
enum parse_result
iis_row_read_iis(struct text line, struct iis_row *out)
{
	struct text parts[IIS_PARTS_MAX], rest = line;
	size_t count = 0, found = 0;
	struct stamp stamp;

	*out = (struct iis_row){.stamp = {0}};
	while (rest.len != 0 && count < IIS_PARTS_MAX)
		parts[count++] = text_trim(text_cut(&rest, ','));
	if (rest.len != 0)
		return PARSE_REJECTION;
	for (size_t i = 2; i + IIS_FIELDS - 2 <= count; i++) {
		if (!is_iis_middle(parts + i, &stamp))
			continue;
		if (found != 0)
			return PARSE_REJECTION;
		found = i;
		out->stamp = stamp;
	}
	if (found == 0)
		return PARSE_SKIP;
	out->client = parts[0];
	out->user = (struct text){parts[1].p,
		(size_t)(parts[found - 1].p - parts[1].p) + parts[found - 1].len};
	fill_iis(parts + found, line, out);
	return PARSE_DENIAL;
}
