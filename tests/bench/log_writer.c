#include "log_writer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE = 2048, SECOND_US = 1000000, IPV6_EVERY = 12, UNNAMED_OF_TEN = 6 };

static const uint64_t start_us = UINT64_C(1795219200) * SECOND_US; /* 2026-11-21 */

static const char *const words[] = {"mail", "info", "sales", "john", "anna", "office", "news",
	"promo", "billing", "support", "admin", "root", "kim", "chris", "service", "web"};
static const char *const domains[] = {"freemail.example", "bigmail.example", "sender.example",
	"shop.example", "university.example", "isp.example", "bank.example", "post.example"};

/* splitmix64 */
static uint64_t
next(struct log_writer *w)
{
	uint64_t z = w->seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint32_t
log_random(struct log_writer *w, uint32_t below)
{
	return (uint32_t)(((next(w) >> 32) * below) >> 32);
}

static const char *
pick_word(struct log_writer *w)
{
	return words[log_random(w, sizeof(words) / sizeof(words[0]))];
}

static const char *
pick_domain(struct log_writer *w)
{
	return domains[log_random(w, sizeof(domains) / sizeof(domains[0]))];
}

/* --- text --- */

static char *
put(char *at, const char *s)
{
	size_t len = strlen(s);

	memcpy(at, s, len);
	return at + len;
}

static char *
put_number(char *at, uint64_t n)
{
	char digits[20], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	memcpy(at, p, (size_t)(digits + sizeof(digits) - p));
	return at + (digits + sizeof(digits) - p);
}

static void
make_id(struct log_writer *w, char *at, size_t len, const char *alphabet)
{
	uint32_t n = (uint32_t)strlen(alphabet);

	for (size_t i = 0; i < len; i++)
		at[i] = alphabet[log_random(w, n)];
	at[len] = '\0';
}

static void
make_mailbox(struct log_writer *w, char *at, const char *domain)
{
	at = put(at, pick_word(w));
	at = put_number(at, log_random(w, 10000));
	*at++ = '@';
	*put(at, domain) = '\0';
}

/* --- clients --- */

static void
make_host(struct log_writer *w, struct log_host *h, uint32_t i)
{
	uint32_t bits = log_random(w, 1 << 16);

	h->is_ipv6 = i % IPV6_EVERY == IPV6_EVERY - 1;
	if (h->is_ipv6)
		snprintf(h->address, sizeof(h->address), "2001:db8:%x:%x::%x", bits | 0x8000,
			(i >> 16) | 0x1000, (i & 0xffff) | 0x1000);
	else /* 198.18.0.0/15 (RFC 2544) */
		snprintf(h->address, sizeof(h->address), "198.%u.%u.%u", 18 + i / 65536 % 2,
			i / 256 % 256, i % 256);
	if (log_random(w, 10) < UNNAMED_OF_TEN)
		snprintf(h->name, sizeof(h->name), "unknown");
	else
		snprintf(h->name, sizeof(h->name), "host-%u.%s", i, pick_domain(w));
}

/* Few clients are many of the sessions. */
static void
choose_host(struct log_writer *w)
{
	uint32_t low = log_random(w, LOG_HOSTS), other = log_random(w, LOG_HOSTS);

	low = low < other ? low : other;
	if (w->always_new) {
		make_host(w, &w->stranger, (uint32_t)(next(w) >> 40) | IPV6_EVERY);
		snprintf(w->stranger.address, sizeof(w->stranger.address), "2001:db8:%x:%x:%x::1",
			log_random(w, 1 << 16), log_random(w, 1 << 16), log_random(w, 1 << 16));
		w->stranger.is_ipv6 = true;
		w->host = &w->stranger;
		return;
	}
	w->host = &w->hosts[low];
}

bool
log_writer_start(struct log_writer *w, FILE *out, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->out = out;
	w->seed = seed;
	w->time_us = start_us;
	w->hosts = calloc(LOG_HOSTS, sizeof(*w->hosts));
	if (w->hosts == NULL)
		return false;
	for (uint32_t i = 0; i < LOG_HOSTS; i++)
		make_host(w, &w->hosts[i], i);
	return true;
}

void
log_writer_free(struct log_writer *w)
{
	free(w->hosts);
	w->hosts = NULL;
}

void
log_session(struct log_writer *w)
{
	choose_host(w);
	w->time_us += log_random(w, 40000);
	w->pid = 1000 + log_random(w, 60000);
	make_id(w, w->queue_id, 10, "0123456789ABCDEF");
	make_id(w, w->session_id, 16, "0123456789ABCDEF");
	make_mailbox(w, w->sender, pick_domain(w));
	make_mailbox(w, w->recipient, pick_domain(w));
	make_mailbox(w, w->local, "example.net");
	snprintf(w->helo, sizeof(w->helo), "%s.%s", pick_word(w), pick_domain(w));
}

/* --- lines --- */

static void
make_stamps(struct log_writer *w)
{
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)(w->time_us / SECOND_US);
	struct tm tm = {0};

	if ((uint64_t)t == w->stamp_s)
		return;
	w->stamp_s = (uint64_t)t;
	gmtime_r(&t, &tm);
	snprintf(w->stamp[0], sizeof(w->stamp[0]), "%s %2u %02u:%02u:%02u",
		months[(unsigned)tm.tm_mon % 12], (unsigned)tm.tm_mday % 100,
		(unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
	strftime(w->stamp[1], sizeof(w->stamp[1]), "%Y-%m-%d %H:%M:%S", &tm);
	strftime(w->stamp[2], sizeof(w->stamp[2]), "%Y-%m-%dT%H:%M:%S", &tm);
}

static char *
put_endpoint(char *at, const struct log_writer *w)
{
	if (w->host->is_ipv6)
		*at++ = '[';
	at = put(at, w->host->address);
	if (w->host->is_ipv6)
		*at++ = ']';
	*at++ = ':';
	return put_number(at, 1024 + w->pid % 60000);
}

static char *
put_milliseconds(char *at, const struct log_writer *w)
{
	char digits[4];

	snprintf(digits, sizeof(digits), "%03u", (unsigned)(w->time_us % SECOND_US / 1000) % 1000);
	at = put(at, w->stamp[2]);
	*at++ = '.';
	at = put(at, digits);
	*at++ = 'Z';
	return at;
}

static char *
put_field(char *at, struct log_writer *w, char letter)
{
	switch (letter) {
	case 'T': return put(at, w->stamp[0]);
	case 'I': return put(at, w->stamp[1]);
	case 'Z': return put_milliseconds(at, w);
	case 'a': return put(at, w->host->address);
	case 'n': return put(at, w->host->name);
	case 'e': return put_endpoint(at, w);
	case 's': return put(at, w->sender);
	case 'h': return put(at, w->helo);
	case 'q': return put(at, w->queue_id);
	case 'i': return put(at, w->queue_id + 4);
	case 'S': return put(at, w->session_id);
	case 'p': return put_number(at, w->pid);
	case 'd': return put_number(at, w->lines);
	case 'R': make_mailbox(w, w->recipient, pick_domain(w)); return put(at, w->recipient);
	case 'r': return put(at, w->recipient);
	case 'L': make_mailbox(w, w->local, "example.net"); return put(at, w->local);
	case 'l': return put(at, w->local);
	default: *at = letter; return at + 1;
	}
}

void
log_line(struct log_writer *w, const char *template)
{
	char line[LINE], *at = line;

	make_stamps(w);
	if (*template == '!') {
		template ++;
		w->host->denials++;
		w->denials++;
	}
	while (*template != '\0') {
		size_t len = strcspn(template, "%");

		memcpy(at, template, len);
		at += len;
		template += len;
		if (*template == '\0')
			break;
		at = put_field(at, w, template[1]);
		template += 2;
	}
	*at++ = '\n';
	w->lines++;
	w->bytes += (uint64_t)(at - line);
	fwrite_unlocked(line, 1, (size_t)(at - line), w->out);
}
