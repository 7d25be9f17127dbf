#include "audit_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/file.h>

enum { SEED = crypto_sign_SEEDBYTES, SEED_TEXT = 2 * SEED + 1, PATH_SIZE = 4096 };

static enum err
write_key(int fd, const char *path, const uint8_t seed[SEED], struct error *e)
{
	char text[SEED_TEXT];
	enum err err;

	audit_hex(seed, SEED, text);
	text[SEED_TEXT - 1] = '\n';
	err = file_write_all(fd, text, sizeof(text), e);
	sodium_memzero(text, sizeof(text));
	if (err == OK && fsync(fd) != 0)
		err = error_errno(e, "%s: cannot sync", path);
	return err;
}

/* Under another name first, and never over one that is there: a key that has signed is not to be
 * lost. What a dead analyzer left of the temporary file nobody has signed with. */
static enum err
make_key(const char *path, uint8_t seed[SEED], struct error *e)
{
	char temporary[PATH_SIZE + 8];
	enum err err;
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_errno(e, "%s: cannot create (audit.key)", temporary);
	randombytes_buf(seed, SEED);
	err = write_key(fd, temporary, seed, e);
	close(fd);
	if (err == OK && link(temporary, path) != 0)
		err = error_errno(e, "%s: cannot create (audit.key)", path);
	unlink(temporary);
	return err == OK ? file_sync_directory(path, e) : err;
}

static enum err
check_mode(int fd, const char *path, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_errno(e, "%s: cannot look at it", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERR_IO, "%s: is not a regular file (audit.key)", path);
	if ((st.st_mode & 077) != 0)
		return error_set(e, ERR_REFUSED,
			"%s: others may read or write the key that signs the audit log; "
			"chmod 600 it, or replace it when others have had access",
			path);
	return OK;
}

static enum err
read_key(int fd, const char *path, uint8_t seed[SEED], struct error *e)
{
	char text[SEED_TEXT + 2];
	ssize_t n = read(fd, text, sizeof(text));
	struct text line;
	enum err err;

	if (n < 0)
		return error_errno(e, "%s: cannot read", path);
	line = (struct text){text, (size_t)n};
	if (text_has_suffix(line, TEXT("\n")))
		line.len--;
	err = audit_from_hex(line, seed, SEED);
	sodium_memzero(text, sizeof(text));
	if (err != OK)
		return error_set(e, ERR_CORRUPT,
			"%s: is not a key as the analyzer makes it: one line of %d hexadecimal "
			"digits; restore it from a backup, or move it away: a new one is made",
			path, SEED_TEXT - 1);
	return OK;
}

static enum err
read_or_make(const char *path, uint8_t seed[SEED], bool *made, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	enum err err;

	*made = fd < 0 && errno == ENOENT;
	if (*made)
		return make_key(path, seed, e);
	if (fd < 0)
		return error_errno(e, "%s: cannot open (audit.key)", path);
	err = check_mode(fd, path, e);
	if (err == OK)
		err = read_key(fd, path, seed, e);
	close(fd);
	return err;
}

enum err
audit_key_load(const char *path, struct audit_key *out, struct error *e)
{
	uint8_t seed[SEED] = {0};
	enum err err;

	if (strlen(path) >= PATH_SIZE)
		return error_set(e, ERR_RANGE, "audit.key: the path is too long");
	err = read_or_make(path, seed, &out->made, e);
	if (err == OK)
		crypto_sign_seed_keypair(out->public, out->secret, seed);
	sodium_memzero(seed, sizeof(seed));
	return err;
}

void
audit_key_pem(const uint8_t key[AUDIT_PUBLIC], char out[AUDIT_KEY_PEM])
{
	/* SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING } */
	static const uint8_t head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03,
		0x21, 0x00};
	uint8_t der[sizeof(head) + AUDIT_PUBLIC];
	char text[AUDIT_KEY_PEM];

	memcpy(der, head, sizeof(head));
	memcpy(der + sizeof(head), key, AUDIT_PUBLIC);
	sodium_bin2base64(text, sizeof(text), der, sizeof(der), sodium_base64_VARIANT_ORIGINAL);
	snprintf(out, AUDIT_KEY_PEM,
		"-----BEGIN PUBLIC KEY-----\n%.64s\n-----END PUBLIC KEY-----\n", text);
}
