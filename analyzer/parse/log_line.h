/* log_line.h - one entry of a log: what its frame says, and the message inside.
 *
 * A frame is what a syslog daemon, journald or a container runtime puts around what a program
 * said. Mail servers that write files of their own have none: then the message is the whole
 * line, and the dialect finds the time in it.
 */
#ifndef ANALYZER_PARSE_LOG_LINE_H
#define ANALYZER_PARSE_LOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/text.h>

#include "stamp.h"

enum frame {
	FRAME_NONE,    /* message is raw, all else is empty */
	FRAME_SYSLOG,  /* BSD or ISO time stamp, host, tag (syslog_line.h) */
	FRAME_5424,    /* RFC 5424 */
	FRAME_JOURNAL, /* journalctl -o json or -o export, or a live journal */
	FRAME_DOCKER,  /* a line without a frame of its own in Docker's json-file */
};

struct log_line { /* texts lend from the line, or from the memory of who took off the frame */
	enum frame frame;
	struct text raw;
	struct stamp stamp; /* of the frame; month 0: none */
	struct text host;
	struct text tag; /* "postfix/smtpd"; empty when the line has none */
	struct text pid; /* p NULL: none */
	struct text message;
	uint32_t count;    /* N of "message repeated N times", else 1 */
	bool has_lf_only;  /* without a frame: the file's first line did not end in CR LF */
	bool follows_lf;   /* it did, but the line before did not */
	bool repeats_last; /* "last message repeated": count more of the line before */
	bool tag_cut;      /* rsyslog's RFC 5424 template keeps of a tag what stands before "/" */
};

#endif
