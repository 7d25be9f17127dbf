#include "peers_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include <orbl/file.h>

#include "peers.h"
#include "peers_name.h"

enum {
	FILE_MAX = 1 << 20,
	SECRET_MIN = 16, /* 128 bits, RFC 8945 section 8 */
	SECRET_TEXT_MAX = 4 * ((TSIG_SECRET_MAX + 2) / 3),
};

struct place {
	const char *file;
	unsigned line;
};

static enum err
read_secret(struct text t, const struct place *p, struct tsig_key *out, struct error *e)
{
	if (t.len > SECRET_TEXT_MAX ||
		sodium_base642bin(out->secret, sizeof(out->secret), t.p, t.len, NULL,
			&out->secret_len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return error_set(e, ERR_SYNTAX,
			"%s:%u: the secret of key \"%s\" is not base64 of at most %d bytes; make a "
			"new one with \"openssl rand -base64 32\"",
			p->file, p->line, out->name, TSIG_SECRET_MAX);
	if (out->secret_len < SECRET_MIN)
		return error_set(e, ERR_RANGE,
			"%s:%u: the secret of key \"%s\" has %zu bytes, and less than %d can be "
			"guessed; make a new one with \"openssl rand -base64 32\"",
			p->file, p->line, out->name, out->secret_len, SECRET_MIN);
	return OK;
}

/* "hmac-sha256:name:c2VjcmV0", RFC 8945 section 6 without what is weak. */
static enum err
read_key(struct text line, const struct place *p, struct tsig_key *out, struct error *e)
{
	struct text rest = line, algorithm = text_cut(&rest, ':'), name = text_cut(&rest, ':');
	char word[sizeof(out->algorithm)];
	const char *known = NULL;

	*out = (struct tsig_key){.secret_len = 0};
	if (name.len == 0 || rest.len == 0)
		return error_set(e, ERR_SYNTAX,
			"%s:%u: not ALGORITHM:NAME:SECRET; write for example "
			"hmac-sha256:secondary.example:SECRET, as dig -y takes it (orbl-dnsd(8) "
			"has a line that makes it of what tsig-keygen prints)",
			p->file, p->line);
	if (algorithm.len < sizeof(word)) {
		text_printable(algorithm, word, sizeof(word));
		known = tsig_algorithm(word);
	}
	if (known == NULL)
		return error_set(e, ERR_UNSUPPORTED,
			"%s:%u: there are the algorithms hmac-sha256, hmac-sha384 and hmac-sha512, "
			"no others; make the key anew with one of them",
			p->file, p->line);
	memcpy(out->algorithm, known, strlen(known));
	if (!peers_name_read(name, out->name))
		return error_set(e, ERR_SYNTAX, "%s:%u: the key's name is not a domain name",
			p->file, p->line);
	return read_secret(rest, p, out, e);
}

static enum err
add_key(struct tsig_keys *keys, const struct tsig_key *key, const struct place *p, struct error *e)
{
	struct tsig_key *grown;

	if (peers_keys_find(keys, key->name) != NULL)
		return error_set(e, ERR_REFUSED, "%s:%u: key \"%s\" is there twice; remove one",
			p->file, p->line, key->name);
	if (keys->count == PEERS_KEYS_MAX)
		return error_set(e, ERR_FULL, "%s:%u: more than %d keys", p->file, p->line,
			PEERS_KEYS_MAX);
	/* No realloc: it leaves secrets behind. */
	grown = calloc(keys->count + 1, sizeof(*grown));
	if (grown == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for TSIG keys");
	if (keys->count != 0) {
		memcpy(grown, keys->keys, keys->count * sizeof(*grown));
		sodium_memzero(keys->keys, keys->count * sizeof(*grown));
	}
	free(keys->keys);
	keys->keys = grown;
	keys->keys[keys->count++] = *key;
	return OK;
}

enum err
peers_keys_parse(struct text text, const char *name, struct tsig_keys *keys, struct error *e)
{
	struct place p = {.file = name};
	struct tsig_key key;
	struct text line;
	enum err err = OK;

	while (err == OK && text_next_line(&text, &line)) {
		p.line++;
		line = text_trim(line);
		if (line.len == 0 || line.p[0] == '#')
			continue;
		err = read_key(line, &p, &key, e);
		if (err == OK)
			err = add_key(keys, &key, &p, e);
	}
	sodium_memzero(&key, sizeof(key));
	if (err == OK) {
		keys->newest_s = calloc(keys->count + 1, sizeof(*keys->newest_s));
		if (keys->newest_s == NULL)
			err = error_set(e, ERR_MEMORY, "out of memory for TSIG keys");
	}
	if (err != OK)
		peers_keys_free(keys);
	return err;
}

static enum err
cannot_read(const char *path, const struct error *why, struct error *e)
{
	error_set(e, why->code, "transfer.keys: %.300s", why->text);
	file_explain_denied(path, "it", "dnsd.user", e);
	return e->code;
}

enum err
peers_keys_read(const char *path, struct tsig_keys *keys, struct error *e)
{
	struct error why = {.code = OK};
	struct stat st;
	char *bytes;
	size_t len;
	enum err err;

	if (stat(path, &st) != 0) {
		error_errno(&why, "%s: cannot read the TSIG keys", path);
		return cannot_read(path, &why, e);
	}
	if ((st.st_mode & S_IRWXO) != 0)
		return error_set(e, ERR_REFUSED,
			"others may read or change the TSIG keys in %s (mode %04o); chmod o-rwx "
			"%s, "
			"and make new keys if strangers had access",
			path, (unsigned)st.st_mode & 07777, path);
	if (file_read(path, FILE_MAX, &bytes, &len, &why) != OK)
		return cannot_read(path, &why, e);
	err = peers_keys_parse((struct text){bytes, len}, path, keys, e);
	sodium_memzero(bytes, len);
	free(bytes);
	return err;
}

void
peers_keys_free(struct tsig_keys *keys)
{
	if (keys->keys != NULL)
		sodium_memzero(keys->keys, keys->count * sizeof(*keys->keys));
	free(keys->keys);
	free(keys->newest_s);
	*keys = (struct tsig_keys){.count = 0};
}

const struct tsig_key *
peers_keys_find(const struct tsig_keys *keys, const char *name)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->keys[i].name, name) == 0)
			return &keys->keys[i];
	return NULL;
}
