#include "quick.h"

#include "scan.h"
#include "syslog_line.h"

enum { GLANCE_TAG = 64 }; /* bytes in which a tag and its process must have ended */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The first "hh:mm:ss" gives the place. */
static size_t
find_second(struct text head)
{
	for (size_t i = 0; i + 6 <= head.len; i++)
		if (head.p[i] == ':' && head.p[i + 3] == ':')
			return i + 4;
	return 0;
}

static size_t
find_tail(struct text head, size_t second)
{
	size_t at = second + 2;

	if (head.p[at] == '.')
		for (at++; at < head.len && scan_is_digit(head.p[at]); at++)
			continue;
	return at;
}

static void
make_masks(struct quick *q, struct text head)
{
	uint8_t same[QUICK_HEAD] = {0}, digits[QUICK_HEAD] = {0};

	memset(same, 0xff, head.len);
	for (size_t i = q->second; i < q->tail; i++) {
		if (head.p[i] == '.')
			continue;
		same[i] = 0;
		digits[i] = 0xff;
	}
	memset(q->head, 0, sizeof(q->head));
	memcpy(q->head, head.p, head.len);
	memcpy(q->same, same, sizeof(same));
	memcpy(q->digits, digits, sizeof(digits));
}

void
quick_note(struct quick *q, const struct log_line *s)
{
	struct text head = {s->raw.p, 0};

	q->len = 0;
	if (s->frame != FRAME_SYSLOG || s->tag.len == 0 || s->host.len == 0 || s->stamp.second > 59)
		return;
	/* A level between them is to be found anew, and "Message forwarded from". */
	if (s->tag.p != s->host.p + s->host.len + 1 || text_equal(s->host, TEXT("Message")))
		return;
	head.len = (size_t)(s->tag.p - s->raw.p);
	q->second = find_second(head);
	if (head.len > QUICK_HEAD || q->second == 0)
		return;
	q->tail = find_tail(head, q->second);
	make_masks(q, head);
	q->words = (head.len + 7) / 8;
	q->stamp = s->stamp;
	q->host_at = (size_t)(s->host.p - s->raw.p);
	q->host_len = s->host.len;
	q->len = head.len;
}

/* Is a byte under the mask no digit? A digit's difference to '0' is at most 9, so that 0x76
 * more leaves the upper bit clear. */
static uint64_t
find_no_digit(uint64_t word, uint64_t mask)
{
	uint64_t value = (word ^ EACH('0')) & mask;

	return (value | (value + EACH(0x76))) & EACH(0x80);
}

static bool
is_alike(const struct quick *q, struct text line)
{
	uint64_t wrong = 0;

	if (q->len == 0 || line.len < 8 * q->words || line.len == q->len || line.p[q->second] > '5')
		return false;
	for (size_t i = 0; i < q->words; i++)
		wrong |= (scan_load64(line.p + 8 * i) ^ q->head[i]) & q->same[i];
	for (size_t i = q->second / 8; i < q->words && q->digits[i] != 0; i++)
		wrong |= find_no_digit(scan_load64(line.p + 8 * i), q->digits[i]);
	return wrong == 0;
}

static int32_t
read_fraction(const struct quick *q, const char *line)
{
	int32_t us = 0, unit = 100000;

	for (size_t i = q->second + 3; i < q->tail && unit != 0; i++, unit /= 10)
		us += unit * (line[i] - '0');
	return us;
}

/* All that stands in front of the tag. */
static void
fill_head(const struct quick *q, struct text line, struct log_line *out)
{
	const char *second = line.p + q->second;

	*out = (struct log_line){.frame = FRAME_SYSLOG,
		.raw = line,
		.stamp = q->stamp,
		.host = {line.p + q->host_at, q->host_len},
		.count = 1};
	out->stamp.second = (int8_t)((second[0] - '0') * 10 + (second[1] - '0'));
	out->stamp.us = read_fraction(q, line.p);
}

bool
quick_take(const struct quick *q, struct text line, struct log_line *out)
{
	if (!is_alike(q, line))
		return false;
	fill_head(q, line, out);
	syslog_line_message((struct text){line.p + q->len, line.len - q->len}, out);
	return true;
}

void
quick_fill(const struct quick *q, const struct glance *g, struct log_line *out)
{
	fill_head(q, g->line, out);
	out->tag = g->tag;
	out->pid = g->pid;
	out->message = g->message;
}

static const bool starts_repeat[256] = {['l'] = true, ['m'] = true, ['['] = true};

/* "last message repeated", "message repeated", or an id in front of the message. */
static bool
may_repeat(struct text message)
{
	return message.len >= 4 && starts_repeat[(unsigned char)message.p[0]] &&
		(message.p[0] == '[' || memcmp(message.p, "last", 4) == 0 ||
			memcmp(message.p, "mess", 4) == 0);
}

/* Are there digits alone between start and end, at most eight? Eight bytes may be read. */
static bool
has_digits(const char *start, const char *end)
{
	static const char ones[16] = "\xff\xff\xff\xff\xff\xff\xff\xff";
	size_t n = (size_t)(end - start);

	return n <= 8 && find_no_digit(scan_load64(start), scan_load64(ones + 8 - n)) == 0;
}

/* Part what stands in front of the colon into TAG "[" PID "]", of digits, or TAG. */
static bool
part_tag(const char *start, const char *colon, struct glance *out)
{
	const char *open;

	out->pid = TEXT_NONE;
	out->tag = (struct text){start, (size_t)(colon - start)};
	if (colon == start || colon[-1] != ']')
		return colon != start;
	open = memchr(start, '[', (size_t)(colon - start));
	if (open == NULL || open == start)
		return false;
	out->tag.len = (size_t)(open - start);
	out->pid = (struct text){open + 1, (size_t)(colon - open) - 2};
	return has_digits(out->pid.p, colon - 1);
}

bool
quick_glance(const struct quick *q, struct text line, struct glance *out)
{
	const char *p = line.p + q->len, *colon;
	size_t n;

	if (!is_alike(q, line))
		return false;
	n = line.len - q->len;
	colon = memchr(p, ':', n < GLANCE_TAG ? n : GLANCE_TAG);
	/* 8: so that a process's digits can be read as a word */
	if (colon == NULL || line.p + line.len - colon < 8 || colon[1] != ' ' ||
		!part_tag(p, colon, out))
		return false;
	out->line = line;
	out->message = (struct text){colon + 2, n - (size_t)(colon - p) - 2};
	return !may_repeat(out->message);
}
