/* dsn_summary.h - what a notification says, in one line: "failed 5.7.1 <recipient>, by host".
 *
 * What is not known is left out. It crosses the prober's pipe as text and is taken apart on
 * the other side.
 */
#ifndef ANALYZER_DSN_SUMMARY_H
#define ANALYZER_DSN_SUMMARY_H

enum { DSN_SUMMARY_TEXT = 256 };

struct dsn_summary { /* printable; "" is not known */
	char action[16], status[16], recipient[128], by[64];
};

void dsn_summary_format(const struct dsn_summary *s, char out[DSN_SUMMARY_TEXT]);
void dsn_summary_parse(const char *line, struct dsn_summary *out);

#endif
