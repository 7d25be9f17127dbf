#include "denial.h"

static const char *const kind_names[DENIAL_KIND_COUNT] = {
	[DENIAL_RELAY] = "relay-denied",
	[DENIAL_RELAY_TEMPORARY] = "relay-denied-temporary",
	[DENIAL_RELAY_PROBABLE] = "relay-denied-probable",
	[DENIAL_AUTHENTICATED] = "relay-denied-authenticated",
	[DENIAL_NDR] = "ndr-emitted",
};

const char *
denial_kind_name(enum denial_kind k)
{
	return (unsigned)k < DENIAL_KIND_COUNT ? kind_names[k] : "unknown";
}
