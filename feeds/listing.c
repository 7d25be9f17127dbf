#include <orbl/listing.h>

static const struct category_row categories[CATEGORY_COUNT] = {
	[CATEGORY_RELAY] = {"relay", 0x7f000002, "relays", "open relay, proved by a test message"},
	[CATEGORY_RELAY_INPUT] = {"relay-input", 0x7f000003, "relays",
		"open relay through another host, proved"},
	[CATEGORY_SUSPECT] = {"suspect", 0x7f000004, "suspects",
		"relay abuse by log evidence, not proved"},
	[CATEGORY_RELAY_OUTPUT] = {"relay-output", 0x7f000005, "outputs",
		"delivers mail for an open relay"},
	[CATEGORY_UNTESTABLE] = {"untestable", 0x7f000006, "untestable", "refuses our tester"},
	[CATEGORY_BOUNCER] = {"bouncer", 0x7f000007, "bouncers",
		"bounces the mail of strangers to forged senders"},
};

#define BIT(category) (1U << (category))

static const struct subzone_row subzones[SUBZONE_COUNT] = {
	{"", BIT(CATEGORY_RELAY) | BIT(CATEGORY_RELAY_INPUT)},
	{"relays", BIT(CATEGORY_RELAY) | BIT(CATEGORY_RELAY_INPUT)},
	{"suspects", BIT(CATEGORY_SUSPECT)},
	{"outputs", BIT(CATEGORY_RELAY_OUTPUT)},
	{"untestable", BIT(CATEGORY_UNTESTABLE)},
	{"bouncers", BIT(CATEGORY_BOUNCER)},
	{"all", CATEGORY_ALL_MASK},
};

const struct category_row *
category_row(enum category c)
{
	return &categories[c];
}

enum err
category_by_name(struct text name, enum category *out)
{
	for (size_t i = 0; i < CATEGORY_COUNT; i++)
		if (text_equal(name, text_of(categories[i].name))) {
			*out = (enum category)i;
			return OK;
		}
	return ERR_NOT_FOUND;
}

const struct subzone_row *
subzone_row(size_t i)
{
	return &subzones[i];
}
