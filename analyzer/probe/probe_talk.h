/* probe_talk.h - what a reply means, for a command by itself and for one in a group alike. */
#ifndef ANALYZER_PROBE_TALK_H
#define ANALYZER_PROBE_TALK_H

#include "probe_run.h"

/* word in text, without regard to case */
bool probe_talk_contains(const char *text, const char *word);
/* What a refusal, 400 and up, is worth. One of our tester says nothing of relaying: BROKEN. */
enum prober_answer probe_talk_judge(struct probe_run *run, const struct smtp_reply *r);
/* Does it refuse only because the connection is not encrypted, and can we do that? */
bool probe_talk_wants_tls(const struct probe_run *run, const struct smtp_reply *r);
/* The answer of a case, told. */
void probe_talk_answer(struct probe_run *run, size_t row, enum prober_answer answer,
	const char *rcpt_reply, const char *data_reply);
/* MAIL of run->row was taken: a transaction is open. */
void probe_talk_took_sender(struct probe_run *run);
/* A refusal of the sender is one of all cases that have it. */
void
probe_talk_refused_sender(struct probe_run *run, const char *sender, const struct smtp_reply *r);

#endif
