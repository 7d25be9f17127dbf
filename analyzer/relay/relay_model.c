#include "relay_model.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "relay_postfix.h"

enum { KNOWN_FLAGS = RELAY_FLAG_DENY | RELAY_FLAG_ALLOW | RELAY_FLAG_LOCAL_IP | RELAY_FLAG_AUTH };
enum { DOMAIN_MAX = 255, SHOWN = 80 };

static const char *const list_names[RELAY_LIST_COUNT] = {
	[RELAY_LIST_DENY] = "RelayDenyList",
	[RELAY_LIST_ALLOW] = "RelayAllowList",
	[RELAY_LIST_LOCAL_IP] = "RelayLocalIPList",
};

const char *
relay_model_list_name(enum relay_list_kind kind)
{
	return list_names[kind];
}

struct relay_policy *
relay_model_new(void)
{
	struct relay_policy *p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->version = RELAY_VERSION_5_5;
	return p;
}

void
relay_model_forget_registry(struct relay_policy *p)
{
	p->flags_set = false;
	p->flags = 0;
	p->setting_lines[RELAY_SETTING_FLAGS] = 0;
	for (size_t i = 0; i < RELAY_LIST_COUNT; i++) {
		free(p->lists[i].lines);
		p->lists[i] = (struct relay_list){0};
	}
}

void
relay_model_free(struct relay_policy *p)
{
	if (p == NULL)
		return;
	relay_model_forget_registry(p);
	for (size_t i = 0; i < p->domain_count; i++)
		free(p->domains[i].name);
	free(p->domains);
	relay_postfix_free(p->postfix);
	free(p);
}

enum err
relay_model_refuse(const struct relay_source *source, enum err code, unsigned line, const char *fmt,
	...)
{
	char reason[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return error_set(source->error, code, "%s:%u: %s", source->name, line != 0 ? line : 1,
		reason);
}

void
relay_model_warn(const struct relay_source *source, unsigned line, const char *fmt, ...)
{
	va_list ap;

	if (source->warnings == NULL)
		return;
	fprintf(source->warnings, "%s:%u: ", source->name, line != 0 ? line : 1);
	va_start(ap, fmt);
	vfprintf(source->warnings, fmt, ap);
	va_end(ap);
	fputc('\n', source->warnings);
}

/* Room for one more item: the array, perhaps moved, or NULL. */
static void *
grow(void *items, size_t count, size_t *room, size_t item_size)
{
	size_t wanted = *room == 0 ? 8 : *room * 2;

	if (count < *room)
		return items;
	items = reallocarray(items, wanted, item_size);
	if (items != NULL)
		*room = wanted;
	return items;
}

/* addr_parse alone would take ::ffff:192.0.2.1 for IPv4; the lists know dotted quads only. */
static bool
parse_quad(struct text t, uint32_t *out)
{
	struct addr a;

	if (text_find_byte(t, ':') != SIZE_MAX || addr_parse(t, &a) != OK)
		return false;
	*out = addr_ipv4(&a);
	return true;
}

static void
format_line(struct relay_line *l, bool has_mask)
{
	struct addr net = addr_from_ipv4(l->net), mask = addr_from_ipv4(l->mask);
	char net_text[ADDR_TEXT], mask_text[ADDR_TEXT];

	addr_format(&net, net_text);
	addr_format(&mask, mask_text);
	snprintf(l->text, sizeof(l->text), "%.15s%s%.15s", net_text, has_mask ? ";" : "",
		has_mask ? mask_text : "");
}

static enum err
parse_line(struct text entry, unsigned line, const struct relay_source *source,
	struct relay_line *out)
{
	struct text rest = text_trim(entry), net;
	bool has_mask = text_find_byte(rest, ';') != SIZE_MAX;
	char shown[SHOWN];

	text_printable(rest, shown, sizeof(shown));
	*out = (struct relay_line){.mask = UINT32_MAX, .line = line};
	net = text_trim(text_cut(&rest, ';'));
	if (!parse_quad(net, &out->net))
		return relay_model_refuse(source, ERR_SYNTAX, line,
			"'%s' is no IPv4 address with "
			"an optional mask; write Net;mask, such as 192.0.2.0;255.255.255.0",
			shown);
	if (has_mask && !parse_quad(text_trim(rest), &out->mask))
		return relay_model_refuse(source, ERR_SYNTAX, line,
			"'%s' has a mask that is no "
			"dotted quad; write Net;mask, such as 192.0.2.0;255.255.255.0",
			shown);
	format_line(out, has_mask);
	return OK;
}

enum err
relay_model_add_line(struct relay_policy *p, enum relay_list_kind kind, struct text entry,
	unsigned line, const struct relay_source *source)
{
	struct relay_list *list = &p->lists[kind];
	struct relay_line new;
	struct relay_line *lines;
	enum err err = parse_line(entry, line, source, &new);

	if (err != OK)
		return err;
	lines = grow(list->lines, list->count, &list->room, sizeof(*lines));
	if (lines == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	list->lines = lines;
	list->lines[list->count++] = new;
	if (list->line == 0)
		list->line = line;
	if ((new.net & ~new.mask) != 0)
		relay_model_warn(source, line,
			"'%s' in %s never matches: the net has bits outside "
			"its mask",
			new.text, list_names[kind]);
	return OK;
}

static bool
is_domain(struct text name)
{
	if (name.len == 0 || name.len > DOMAIN_MAX || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
			continue;
		if (memchr("-._[]:", c, 6) == NULL)
			return false;
	}
	return true;
}

static char *
copy_lower(struct text t)
{
	char *copy = malloc(t.len + 1);

	if (copy == NULL)
		return NULL;
	for (size_t i = 0; i < t.len; i++)
		copy[i] = t.p[i] >= 'A' && t.p[i] <= 'Z' ? (char)(t.p[i] + ('a' - 'A')) : t.p[i];
	copy[t.len] = '\0';
	return copy;
}

enum err
relay_model_add_domain(struct relay_policy *p, struct text name, unsigned line,
	const struct relay_source *source)
{
	struct relay_domain *domains;
	char shown[SHOWN], *copy;

	text_printable(name, shown, sizeof(shown));
	if (!is_domain(name))
		return relay_model_refuse(source, ERR_SYNTAX, line,
			"'%s' is no domain name; write it as in user@NAME", shown);
	domains = grow(p->domains, p->domain_count, &p->domain_room, sizeof(*domains));
	if (domains != NULL)
		p->domains = domains;
	copy = domains != NULL ? copy_lower(name) : NULL;
	if (copy == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	p->domains[p->domain_count++] = (struct relay_domain){.name = copy, .line = line};
	return OK;
}

void
relay_model_set_flags(struct relay_policy *p, uint32_t flags, unsigned line,
	const struct relay_source *source)
{
	p->flags_set = true;
	p->flags = flags;
	p->setting_lines[RELAY_SETTING_FLAGS] = line;
	if ((flags & ~(uint32_t)KNOWN_FLAGS) != 0)
		relay_model_warn(source, line,
			"RelayFlags %u has bits that name no rule (1 deny "
			"list, 2 allow list, 4 local-IP list, 8 authenticated clients)",
			flags);
}

void
relay_model_check(const struct relay_policy *p, const struct relay_source *source)
{
	for (size_t i = 0; i < RELAY_LIST_COUNT && !p->flags_set; i++)
		if (p->lists[i].count != 0)
			relay_model_warn(source, p->lists[i].line,
				"%s has no effect without "
				"RelayFlags: every client may relay",
				list_names[i]);
}
