/* probe_say.h - what a probe says: commands, with the tokens of their case in them. */
#ifndef ANALYZER_PROBE_SAY_H
#define ANALYZER_PROBE_SAY_H

#include "probe_run.h"

enum { PROBE_COMMAND_MAX = 600 };

/* MAIL FROM and RCPT TO of a case, with its tokens, into the event. */
enum err probe_say_expand(struct probe_run *run, const struct probe_case *c,
	struct prober_event *ev) ORBL_NODISCARD;
/* False when the case cannot be said. */
bool probe_say_format_mail(struct probe_run *run, size_t row,
	char out[PROBE_COMMAND_MAX]) ORBL_NODISCARD;
bool probe_say_format_rcpt(struct probe_run *run, size_t row,
	char out[PROBE_COMMAND_MAX]) ORBL_NODISCARD;

void probe_say_step(struct probe_run *run, enum probe_step step, const char *command);
void probe_say_helo(struct probe_run *run, enum probe_step step); /* EHLO or HELO */
void probe_say_quit(struct probe_run *run);
/* Of the case run->row. */
void probe_say_mail(struct probe_run *run);
void probe_say_before(struct probe_run *run);
void probe_say_rcpt(struct probe_run *run);
void probe_say_message(struct probe_run *run);

#endif
