#include "prober_event.h"

#include <string.h>

#include "probe_case.h"

#define TEXT_FIELD(name)                                                                           \
	{                                                                                          \
		offsetof(struct prober_event, name), sizeof(((struct prober_event *)NULL)->name)   \
	}

static const struct {
	size_t offset, size;
} text_fields[] = {
	TEXT_FIELD(text),
	TEXT_FIELD(dsn),
	TEXT_FIELD(mail_from),
	TEXT_FIELD(rcpt_to),
	TEXT_FIELD(rcpt_reply),
	TEXT_FIELD(data_reply),
};

static bool
is_printable_text(const unsigned char *p, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (p[i] == '\0')
			return true;
		if (p[i] < ' ' || p[i] >= 0x7f)
			return false;
	}
	return false;
}

/* Enums and bools are looked at as the bytes that they are, before anyone takes their word. */
static bool
is_below(const unsigned char *event, size_t offset, size_t size, unsigned bound)
{
	unsigned value = 0;

	memcpy(&value, event + offset, size);
	return value < bound;
}

#define FIELD_BELOW(p, name, bound)                                                                \
	is_below((p), offsetof(struct prober_event, name),                                         \
		sizeof(((struct prober_event *)NULL)->name), (bound))

static bool
is_well_formed(const unsigned char *p)
{
	uint8_t family = p[offsetof(struct prober_event, peer.addr.family)];

	for (size_t i = 0; i < ORBL_COUNT(text_fields); i++)
		if (!is_printable_text(p + text_fields[i].offset, text_fields[i].size))
			return false;
	return FIELD_BELOW(p, kind, PROBER_DONE + 1) &&
		FIELD_BELOW(p, case_index, PROBE_CASE_NUMBERS) &&
		FIELD_BELOW(p, answer, PROBER_ANSWER_BROKEN + 1) &&
		FIELD_BELOW(p, reach, REACH_OURS + 1) && FIELD_BELOW(p, to_sender, 2) &&
		(family == 0 || family == 4 || family == 6);
}

static bool
is_sensible(const struct prober_event *ev)
{
	bool needs_case = ev->kind == PROBER_CASE || ev->kind == PROBER_ARRIVAL ||
		ev->kind == PROBER_HEADER || ev->kind == PROBER_AGAIN;
	bool needs_peer = ev->kind == PROBER_READY || ev->kind == PROBER_ARRIVAL ||
		ev->kind == PROBER_AGAIN;

	if (ev->id >> 40 != 0 || (ev->direction != '\0' && strchr("<>*", ev->direction) == NULL))
		return false;
	if (needs_case && probe_case_by_number(ev->case_index) == NULL)
		return false;
	if (ev->sequence != 0 && ev->kind != PROBER_ARRIVAL)
		return false;
	if (ev->dsn[0] != '\0' && (ev->kind != PROBER_ARRIVAL || !ev->to_sender))
		return false;
	return !needs_peer || ev->peer.addr.family != 0;
}

bool
prober_event_read(const void *bytes, size_t len, struct prober_event *out)
{
	if (len != sizeof(*out) || !is_well_formed(bytes))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return is_sensible(out);
}
