/* collector_data.h - what follows DATA: where it ends, how long it is, how it begins.
 *
 * The end is CRLF "." CRLF and nothing else: what follows a bare LF is never a command. The
 * beginning is kept, COLLECTOR_KEPT_MAX bytes of it, without the dots of SMTP (RFC 5321
 * section 4.5.2). Without memory a message still counts; only what it says is lost.
 */
#ifndef ANALYZER_COLLECTOR_DATA_H
#define ANALYZER_COLLECTOR_DATA_H

#include <stdbool.h>
#include <stddef.h>

enum collector_data_state {
	COLLECTOR_DATA_LINE_START,
	COLLECTOR_DATA_TEXT,
	COLLECTOR_DATA_CR,
	COLLECTOR_DATA_DOT,
	COLLECTOR_DATA_DOT_CR,
};

struct collector_data { /* zeroed: nothing */
	enum collector_data_state state;
	size_t bytes; /* so far, as they came, the final dot included */
	char *kept;   /* NULL: nothing */
	size_t len, size;
};

void collector_data_begin(struct collector_data *d);
/* True when c was the last byte; kept is then the message's. */
bool collector_data_byte(struct collector_data *d, char c);
void collector_data_drop(struct collector_data *d); /* frees what was kept */

#endif
