/* hex.h - one hexadecimal digit. */
#ifndef ANALYZER_HEX_H
#define ANALYZER_HEX_H

/* 0..15, or -1. */
static inline int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

#endif
