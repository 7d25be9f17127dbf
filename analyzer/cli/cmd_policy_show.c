#include <string.h>

#include "cmd_policy.h"
#include "relay_describe.h"

enum { PLACE_MAX = 300 };

struct show {
	const char *file;
	enum relay_item_kind kind; /* of the last item, COUNT none */
	json_t *arrays[RELAY_ITEM_COUNT];
};

static const char *const titles[RELAY_ITEM_COUNT] = {
	[RELAY_ITEM_SETTING] = "Settings",
	[RELAY_ITEM_ENTRY] = "Lists",
	[RELAY_ITEM_RULE] = "Rules in effect; the first that applies decides",
	[RELAY_ITEM_WARNING] = "Warnings",
};
static const char *const keys[RELAY_ITEM_COUNT] = {
	[RELAY_ITEM_SETTING] = "settings",
	[RELAY_ITEM_ENTRY] = "lists",
	[RELAY_ITEM_RULE] = "rules",
	[RELAY_ITEM_WARNING] = "warnings",
};

/* --- text ------------------------------------------------------------------- */

static void
print_title(struct show *s, enum relay_item_kind kind)
{
	if (s->kind == kind)
		return;
	printf("\n%s\n", titles[kind]);
	s->kind = kind;
}

/* Where it stands: a line of the policy's own file, or of another. */
static const char *
format_place(const struct relay_item *item, char out[PLACE_MAX])
{
	if (item->line == 0)
		snprintf(out, PLACE_MAX, "%s", item->kind == RELAY_ITEM_SETTING ? "default" : "");
	else if (item->file != NULL)
		snprintf(out, PLACE_MAX, "%s:%u", item->file, item->line);
	else
		snprintf(out, PLACE_MAX, "line %u", item->line);
	return out;
}

static void
print_setting(const char *place, const struct relay_item *item)
{
	printf("  %-9s  %s =%s%s", place, item->name, item->value[0] != '\0' ? " " : "",
		item->value);
}

static void
print_entry(const char *place, const struct relay_item *item)
{
	printf("  %-9s  %s: %s", place, item->name, item->value);
}

static void
print_rule(const char *place, const struct relay_item *item)
{
	printf("  %-11s  %-9s  %s", item->value, place, item->name);
}

static void
print_warning(const char *place, const struct relay_item *item)
{
	printf("  %-9s  %s", place, item->value);
}

static void
print_item(const struct relay_item *item, void *context)
{
	static void (*const print[RELAY_ITEM_COUNT])(const char *, const struct relay_item *) = {
		[RELAY_ITEM_SETTING] = print_setting,
		[RELAY_ITEM_ENTRY] = print_entry,
		[RELAY_ITEM_RULE] = print_rule,
		[RELAY_ITEM_WARNING] = print_warning,
	};
	struct show *s = context;
	char place[PLACE_MAX];

	print_title(s, item->kind);
	print[item->kind](format_place(item, place), item);
	if (item->note != NULL)
		printf(item->kind == RELAY_ITEM_RULE ? ": %s" : " (%s)", item->note);
	putchar('\n');
}

static void
print_text(const struct policy_file *f, const char *file)
{
	struct show s = {.file = file, .kind = RELAY_ITEM_COUNT};
	struct text rest = text_of(f->warnings), line;

	printf("%s: relay policy of %s\n", file, relay_describe_dialect(f->policy));
	relay_describe(f->policy, print_item, &s);
	while (text_next_line(&rest, &line)) {
		print_title(&s, RELAY_ITEM_WARNING);
		printf("  %.*s\n", TEXT_ARG(line));
	}
}

/* --- JSON --------------------------------------------------------------------- */

static json_t *
item_json(const struct show *s, const struct relay_item *item)
{
	static const char *const value_keys[RELAY_ITEM_COUNT] = {
		[RELAY_ITEM_SETTING] = "value",
		[RELAY_ITEM_ENTRY] = "entry",
		[RELAY_ITEM_RULE] = "answer",
		[RELAY_ITEM_WARNING] = "text",
	};
	static const char *const name_keys[RELAY_ITEM_COUNT] = {
		[RELAY_ITEM_SETTING] = "name",
		[RELAY_ITEM_ENTRY] = "list",
		[RELAY_ITEM_RULE] = "rule",
	};
	json_t *object = json_object();

	if (name_keys[item->kind] != NULL)
		json_object_set_new(object, name_keys[item->kind], policy_text_json(item->name));
	json_object_set_new(object, value_keys[item->kind], json_string(item->value));
	if (item->kind == RELAY_ITEM_RULE) {
		json_object_set_new(object, "when", policy_text_json(item->note));
	} else if (item->kind != RELAY_ITEM_WARNING) {
		json_object_set_new(object, "note", policy_text_json(item->note));
	}
	json_object_set_new(object, "file",
		policy_text_json(item->line == 0   ? NULL :
				item->file != NULL ? item->file :
						     s->file));
	json_object_set_new(object, "line", policy_line_json(item->line));
	return object;
}

static void
add_item(const struct relay_item *item, void *context)
{
	struct show *s = context;

	json_array_append_new(s->arrays[item->kind], item_json(s, item));
}

static void
print_json(const struct policy_file *f, const char *file)
{
	struct show s = {.file = file};
	json_t *warnings = policy_warnings_json(f->warnings, file);
	json_t *object = json_pack("{s:s, s:s}", "file", file, "dialect",
		relay_dialect_name(relay_policy_dialect(f->policy)));

	for (size_t i = 0; i < RELAY_ITEM_COUNT; i++)
		s.arrays[i] = json_array();
	relay_describe(f->policy, add_item, &s);
	json_array_extend(s.arrays[RELAY_ITEM_WARNING], warnings);
	json_decref(warnings);
	for (size_t i = 0; i < RELAY_ITEM_COUNT; i++)
		json_object_set_new(object, keys[i], s.arrays[i]);
	policy_print_json(object);
}

int
policy_show(const struct policy_options *o, struct error *e)
{
	struct policy_file f;

	if (policy_file_read(o->file, &f, e) != OK)
		return POLICY_TROUBLE;
	if (o->json)
		print_json(&f, o->file);
	else
		print_text(&f, o->file);
	policy_file_free(&f);
	return POLICY_YES;
}
