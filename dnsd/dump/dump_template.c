#include "dump_template.h"

#include <orbl/snapshot.h>

enum { SHORT_CODES = 0x7f000000, CODE_MASK = 0xff };

bool
dump_template_can_say(struct text t)
{
	for (size_t i = 0; i + 1 < t.len; i++) {
		char next = t.p[i + 1];

		if (t.p[i] == SNAPSHOT_ADDRESS_MARK &&
			((next >= '0' && next <= '9') || next == '=' || next == '$' ||
				next == SNAPSHOT_ADDRESS_MARK))
			return false;
	}
	return true;
}

void
dump_template_put(struct dump_out *out, struct text t)
{
	char *p = dump_out_room(out);

	if (t.len != 0 && t.p[0] == '=') /* one at the front is taken off */
		*p++ = '=';
	for (size_t i = 0; i < t.len; i++) {
		uint8_t c = (uint8_t)t.p[i];

		if (c == SNAPSHOT_ADDRESS_MARK || c == '$')
			*p++ = '$';
		if (c != SNAPSHOT_ADDRESS_MARK)
			*p++ = c < ' ' || c == 0x7f ? ' ' : (char)c;
		if (i % 4096 == 4095) {
			dump_out_took(out, p);
			p = dump_out_room(out);
		}
	}
	dump_out_took(out, p);
}

void
dump_template_put_value(struct dump_out *out, uint32_t a, struct text txt)
{
	char *p = dump_out_room(out);

	*p++ = ':';
	if ((a & ~(uint32_t)CODE_MASK) == SHORT_CODES && (a & CODE_MASK) != 0)
		p = dump_put_octet(p, a & CODE_MASK);
	else
		p = dump_put_ipv4(p, a);
	*p++ = ':';
	dump_out_took(out, p);
	dump_template_put(out, txt);
}
