/* octet_label.h - an octet in decimal, read and written at once: each query has four of them.
 *
 *	\3 1 9 2 -> digits at the upper end of a word -> 192 -> is that its label?
 *
 * Says the same of a label as dnsbl_name_octet, which needs no bytes behind it.
 */
#ifndef DNSD_OCTET_LABEL_H
#define DNSD_OCTET_LABEL_H

#include <endian.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

/* The label of each octet, from the lowest byte on: its length, its digits' values up to the
 * highest byte. */
#define OCTET_LABEL(len, hundreds, tens, units)                                                    \
	((uint32_t)(units) << 24 | (tens) << 16 | (hundreds) << 8 | (len))
#define OCTET_LABELS_5(len, hundreds, tens, units)                                                 \
	OCTET_LABEL(len, hundreds, tens, units), OCTET_LABEL(len, hundreds, tens, units + 1),      \
		OCTET_LABEL(len, hundreds, tens, units + 2),                                       \
		OCTET_LABEL(len, hundreds, tens, units + 3),                                       \
		OCTET_LABEL(len, hundreds, tens, units + 4)
#define OCTET_LABELS_10(len, hundreds, tens)                                                       \
	OCTET_LABELS_5(len, hundreds, tens, 0), OCTET_LABELS_5(len, hundreds, tens, 5)
#define OCTET_LABELS_50(len, hundreds, tens)                                                       \
	OCTET_LABELS_10(len, hundreds, tens), OCTET_LABELS_10(len, hundreds, tens + 1),            \
		OCTET_LABELS_10(len, hundreds, tens + 2),                                          \
		OCTET_LABELS_10(len, hundreds, tens + 3), OCTET_LABELS_10(len, hundreds, tens + 4)

static const uint32_t octet_labels[256] = {
	OCTET_LABELS_10(1, 0, 0),
	OCTET_LABELS_10(2, 0, 1),
	OCTET_LABELS_10(2, 0, 2),
	OCTET_LABELS_10(2, 0, 3),
	OCTET_LABELS_10(2, 0, 4),
	OCTET_LABELS_50(2, 0, 5),
	OCTET_LABELS_50(3, 1, 0),
	OCTET_LABELS_50(3, 1, 5),
	OCTET_LABELS_50(3, 2, 0),
	OCTET_LABELS_5(3, 2, 5, 0),
	OCTET_LABEL(3, 2, 5, 5),
};

/* The octet, and goes behind its label; or more than 255: it is none. Reads four bytes, whatever
 * the label's length. Digits are ASCII; those of a shorter label lose what is behind them. */
static inline unsigned
octet_label_take(const uint8_t **label)
{
	uint32_t word, len, digits, octet;

	memcpy(&word, *label, sizeof(word));
	word = le32toh(word);
	len = word & 0xff;
	digits = (word ^ 0x30303000 ^ len) << (8 * (3 - len) & 31);
	octet = digits * (100 << 16 | 10 << 8 | 1) >> 24;
	if ((digits | len) != octet_labels[octet])
		return UINT_MAX;
	*label += len + 1;
	return octet;
}

/* The octet in decimal. Returns its end; writes three bytes. */
static inline char *
octet_label_write(unsigned octet, char *out)
{
	uint32_t label = octet_labels[octet], len = label & 0xff;
	uint32_t digits = (label >> 8 * (4 - len)) + 0x303030;

	out[0] = (char)(digits & 0xff);
	out[1] = (char)(digits >> 8 & 0xff);
	out[2] = (char)(digits >> 16 & 0xff);
	return out + len;
}

#endif
