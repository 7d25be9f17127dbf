#include "certificate_fixture.h"

#include <stdio.h>

#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { DAY = 86400 };

static FILE *
open_file(const char *name, const char *suffix, const char *mode)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", name, suffix);
	f = fopen(path, mode);
	ck_assert_ptr_nonnull(f);
	return f;
}

static EVP_PKEY *
read_key(const char *name)
{
	FILE *f = open_file(name, ".key", "r");
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);

	fclose(f);
	ck_assert_ptr_nonnull(key);
	return key;
}

static X509_NAME *
name_of(const char *text)
{
	X509_NAME *name = X509_NAME_new();

	ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				 (const unsigned char *)text, -1, -1, 0),
		1);
	return name;
}

static void
add_basic(X509 *x, int is_ca)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
		is_ca ? "critical,CA:TRUE" : "CA:FALSE");

	ck_assert_ptr_nonnull(ext);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
}

static void
write_both(const char *name, X509 *x, EVP_PKEY *key)
{
	FILE *f = open_file(name, ".crt", "w");

	PEM_write_X509(f, x);
	fclose(f);
	f = open_file(name, ".key", "w");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
}

void
certificate_make(const char *name, const char *issuer)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *signer = issuer != NULL ? read_key(issuer) : key;
	X509_NAME *own = name_of(name), *other = name_of(issuer != NULL ? issuer : name);
	X509 *x = X509_new();

	ck_assert(key != NULL && x != NULL);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), issuer != NULL ? 2 : 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -DAY);
	X509_gmtime_adj(X509_getm_notAfter(x), DAY);
	X509_set_pubkey(x, key);
	X509_set_subject_name(x, own);
	X509_set_issuer_name(x, other);
	add_basic(x, issuer == NULL);
	ck_assert_int_gt(X509_sign(x, signer, EVP_sha256()), 0);
	write_both(name, x, key);
	X509_free(x);
	X509_NAME_free(own);
	X509_NAME_free(other);
	if (signer != key)
		EVP_PKEY_free(signer);
	EVP_PKEY_free(key);
}
