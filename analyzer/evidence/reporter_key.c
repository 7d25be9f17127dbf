#include "reporter_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/text.h>

enum { KEY_BYTES = 20, HASH_BYTES = 32, LETTERS = REPORTER_KEY - 1, FILE_MAX = 256 };

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

void
reporter_key_make(char out[REPORTER_KEY])
{
	uint8_t bytes[KEY_BYTES];
	unsigned bits = 0, held = 0;
	size_t n = 0;

	randombytes_buf(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bits = (bits << 8 | bytes[i]) & 0xfff;
		for (held += 8; held >= 5; held -= 5)
			out[n++] = letters[bits >> (held - 5) & 31];
	}
	out[n] = '\0';
	sodium_memzero(bytes, sizeof(bytes));
}

void
reporter_key_hash(const char *key, char out[REPORTER_KEY_HASH])
{
	uint8_t hash[HASH_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)key, strlen(key), NULL, 0);
	sodium_bin2hex(out, REPORTER_KEY_HASH, hash, sizeof(hash));
}

bool
reporter_key_is_hash(const char *hash)
{
	return strlen(hash) == REPORTER_KEY_HASH - 1 &&
		strspn(hash, "0123456789abcdefABCDEF") == REPORTER_KEY_HASH - 1;
}

bool
reporter_key_fits(const char *key, const char *hash)
{
	uint8_t wanted[HASH_BYTES], got[HASH_BYTES];
	char text[REPORTER_KEY_HASH];
	size_t len;

	if (key == NULL || *key == '\0' ||
		sodium_hex2bin(wanted, sizeof(wanted), hash, strlen(hash), NULL, &len, NULL) != 0 ||
		len != sizeof(wanted))
		return false;
	reporter_key_hash(key, text);
	return sodium_hex2bin(got, sizeof(got), text, sizeof(text) - 1, NULL, &len, NULL) == 0 &&
		sodium_memcmp(wanted, got, sizeof(wanted)) == 0;
}

/* Upper case is as good. */
static enum err
key_of_line(const char *path, struct text line, char out[REPORTER_KEY], struct error *e)
{
	line = text_trim(line);
	for (size_t i = 0; i < line.len && i < LETTERS; i++) {
		out[i] = (char)(line.p[i] >= 'A' && line.p[i] <= 'Z' ? line.p[i] - 'A' + 'a' :
								       line.p[i]);
		if (out[i] == '\0' || strchr(letters, out[i]) == NULL)
			line.len = 0;
	}
	if (line.len != LETTERS)
		return error_set(e, ERR_SYNTAX,
			"%s: a key is one line of %d letters and digits, as orbl reporter key "
			"prints it",
			path, LETTERS);
	out[LETTERS] = '\0';
	return OK;
}

static enum err
check_mode(int fd, const char *path, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_errno(e, "%s: cannot look at it", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERR_REFUSED, "%s: is no file", path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(e, ERR_REFUSED,
			"%s: others may read or write it; use chmod 600, and a new key if they may "
			"have read it",
			path);
	return OK;
}

enum err
reporter_key_read(const char *path, char out[REPORTER_KEY], struct error *e)
{
	char bytes[FILE_MAX];
	struct text rest, line = TEXT_NONE;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum err err;

	if (fd < 0)
		return error_errno(e, "%s: cannot open", path);
	err = check_mode(fd, path, e);
	if (err == OK) {
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0)
			err = error_errno(e, "%s: cannot read", path);
	}
	close(fd);
	if (err != OK)
		return err;
	rest = (struct text){bytes, (size_t)n};
	if (!text_next_line(&rest, &line) || text_trim(rest).len != 0)
		line = TEXT_NONE;
	err = key_of_line(path, line, out, e);
	sodium_memzero(bytes, sizeof(bytes));
	return err;
}
